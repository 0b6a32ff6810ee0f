/* control.c — one table of verbs (control.tbl); each fills `reply`, the members of the last line. */
#include "api/control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <pthread.h>
#include <unistd.h>

#include "access/tenants.h"
#include "api/adopt.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "api/http.h"
#include "api/jobs.h"
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "charter/instance.h"
#include "ledger/ledger.h"
#include "promises/control.h"
#include "store/rows.h"
#include "store/tables.h"
#include "sys/mail.h"

#define LINE_MOST (1u << 20)                  /* of what comes in one line */

enum need { NEED_SERVICE = 1, NEED_TENANT = 2 };

/* ---- what verbs share */

bool control_say(struct control_req *c, const json_t *line) {
    AUTO(buf_wipe) struct buf b = BUF(8u << 20);
    json_text_add(&b, line);
    buf_char(&b, '\n');
    if (b.failed)
        return false;
    c->reader_gone = c->reader_gone || !c->out->write(c->out->arg, buf_str(&b), b.len);
    return !c->reader_gone;
}

bool control_say_new(struct control_req *c, json_t *line) {
    bool fine = line != NULL && control_say(c, line);
    json_decref(line);
    return fine;
}

const char *control_text(const struct control_req *c, const char *name) { return json_string_value(json_object_get(c->in, name)); }

int64_t control_number(const struct control_req *c, const char *name, int64_t otherwise) {
    const json_t *v = json_object_get(c->in, name);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

void control_set(struct control_req *c, const char *name, json_t *value) { json_object_set_new(c->reply, name, value); }
static void set_int(struct control_req *c, const char *name, int64_t value) { control_set(c, name, json_integer(value)); }

json_t *control_time(usec_t t) {
    char text[40];
    return t <= 0 || t == USEC_NEVER ? json_null() : json_string(time_format(t, text, sizeof text));
}

/* ---- tenants and tokens */

static enum code do_tenant_new(struct control_req *c, struct err *reterr) {
    int64_t tenant;
    const char *name = control_text(c, "name");
    struct agreement_wish agreement;
    bool given = false;
    enum code code = control_agreement_read(c, &agreement, &given, reterr);
    if (code == OK)
        code = tenant_found(c->store, charter_name(service_charter(c->service)), name == NULL ? "" : name, "operator", &tenant, reterr);
    if (code != OK)
        return code;
    set_int(c, "tenant", tenant);
    if (given && (code = control_agreement_record(c, tenant, &agreement, reterr)) != OK)
        return code;
    return control_invite_owner(c, tenant, reterr);
}

static bool tenant_line(const struct tenant_row *r, void *arg) {
    return r->probe || json_array_append_new(arg, json_pack("{s:I, s:s, s:s, s:o, s:o}", "tenant", (json_int_t)r->id, "service", r->service, "name", r->name,
                                                            "made", control_time(r->made), "closed", control_time(r->closed))) == 0;
}

/* The agreement of each is looked up when the list is closed: no view within a view. */
static enum code do_tenant_list(struct control_req *c, struct err *reterr) {
    json_t *list = json_array(), *line;
    size_t i;
    enum code code = list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of tenants") : tenants_list(c->store, control_text(c, "service"), tenant_line, list, reterr);
    json_array_foreach(list, i, line) {
        if (code == OK)
            code = control_agreement_add(c, line, reterr);
        if (code == OK && !control_say(c, line))
            break;
    }
    set_int(c, "count", (int64_t)json_array_size(list));
    json_decref(list);
    return code;
}

struct listing { struct control_req *c; int64_t count; };

/* "parcel/01a1…": the record that is the person's own. */
static enum code self_read(struct control_req *c, struct token_wish *w, struct err *reterr) {
    const char *self = control_text(c, "self"), *slash = self == NULL ? NULL : strchr(self, '/');
    AUTO(buf_done) struct buf kind = BUF(256);
    if (self == NULL)
        return OK;
    if (slash != NULL)
        buf_add(&kind, self, (size_t)(slash - self));
    w->subject_kind = slash == NULL ? -1 : charter_kind(service_charter(c->service), buf_str(&kind));
    if (w->subject_kind < 0 || !uuid_parse(slash + 1, &w->subject))
        return err_set(reterr, E_INVALID, "self must be a kind and a record's id: \"courier/0192f0c4-…\"");
    return OK;
}

static enum code do_token_new(struct control_req *c, struct err *reterr) {
    char token[TOKEN_TEXT];
    int64_t number;
    const char *role = control_text(c, "role"), *expires = control_text(c, "expires"), *label = control_text(c, "label");
    json_t *scope = json_object_get(c->in, "scope");
    AUTO(buf_done) struct buf limits = BUF(LINE_MOST);
    if (scope != NULL && !json_is_null(scope))      /* what is no scope is refused, not left out */
        json_text_add(&limits, scope);
    if (limits.failed)                        /* without it the token would open everything */
        return err_set(reterr, E_MEMORY, "no memory for the scope of a token");
    struct token_wish w = { .tenant = c->tenant, .role = role, .label = label == NULL ? "" : label, .scope = limits.len > 0 ? buf_str(&limits) : NULL, .expires = 0 /* after a year */,
                            .loopback_only = json_is_true(json_object_get(c->in, "loopback")), .subject_kind = -1 };
    enum code code = OK;
    if (role == NULL || charter_person(service_charter(c->service), role) < 0)
        code = err_set(reterr, E_INVALID, "a token needs a role of the charter of %s", charter_name(service_charter(c->service)));
    else if (expires != NULL && strcmp(expires, "never") == 0)
        w.expires = USEC_NEVER;
    else if (expires != NULL && !time_parse(expires, &w.expires))
        code = err_set(reterr, E_INVALID, "expires must be a time such as 2027-01-31T12:00:00Z, or never");
    else if (expires != NULL && w.expires <= clock_now())
        code = err_set(reterr, E_INVALID, "expires lies in the past: such a token would never work");
    if (code == OK)
        code = self_read(c, &w, reterr);
    if (code == OK)
        code = access_token_make(c->service, &w, token, &number, reterr);
    if (code == OK) {
        control_set(c, "token", json_string(token));
        set_int(c, "number", number);
        explicit_bzero(token, sizeof token);
    }
    return code;
}

static bool token_line(const struct token_row *r, void *arg) {
    struct listing *l = arg;
    l->count++;
    return control_say_new(l->c, json_pack("{s:I, s:s, s:s?, s:o, s:o, s:o, s:b}", "number", (json_int_t)r->number, "role", r->role, "label", r->label,
                                   "made", control_time(r->made), "expires", control_time(r->expires), "revoked", control_time(r->revoked), "loopback", r->loopback_only));
}

static enum code do_token_list(struct control_req *c, struct err *reterr) {
    struct listing l = { c, 0 };
    enum code code = tokens_list(c->store, c->tenant, token_line, &l, reterr);
    set_int(c, "count", l.count);
    return code;
}

static enum code do_token_revoke(struct control_req *c, struct err *reterr) {
    int64_t number = control_number(c, "number", 0);
    json_t *what = json_pack("{s:I}", "token", (json_int_t)number);
    enum code code = what == NULL ? err_set(reterr, E_MEMORY, "no memory for the ledger") : token_revoke(c->store, c->tenant, number, reterr);
    if (code == OK)
        code = ledger_note(c->store, c->tenant, "token_revoked", "operator", what, true, reterr);
    json_decref(what);
    return code;
}

/* ---- records */

static ssize_t no_body(void *arg UNUSED, void *ret UNUSED, size_t room UNUSED) { return 0; }

static enum code do_import(struct control_req *c, struct err *reterr) {
    const char *kind = control_text(c, "kind"), *format = control_text(c, "format");
    const struct charter *charter = service_charter(c->service);
    json_t *mapping = json_object_get(c->in, "mapping");
    int k = kind == NULL ? -1 : charter_kind(charter, kind);
    bool csv = format != NULL && strcmp(format, "csv") == 0;
    if (k < 0)
        return err_set(reterr, E_INVALID, "an import needs a kind of the charter of %s", charter_name(charter));
    if (!csv && (format == NULL || strcmp(format, "ndjson") != 0))
        return err_set(reterr, E_INVALID, "format must be csv or ndjson");
    struct caller who = { .tenant = c->tenant, .person = charter_tenant(charter), .subject_kind = -1, .by_sejf = true, .loopback = true };
    const struct source none = { no_body, NULL };
    return records_import(c->service, &who, k, csv ? FORMAT_CSV : FORMAT_NDJSON, mapping, c->body == NULL ? &none : c->body, c->out, reterr);
}

/* All of it: in a new file, for the old one may be damaged. */
static enum code do_rebuild_index(struct control_req *c, struct err *reterr) {
    enum code code = c->service == NULL || store_index_damaged(c->store) ? store_index_remake(c->store, reterr) : OK;
    for (size_t i = 0; i < c->api->service_count && code == OK; i++)
        if (c->service == NULL || c->service == c->api->services[i])
            code = service_reindex(c->api->services[i], reterr);
    return code;
}

/* ---- is all of it whole? */

struct look { struct control_req *c; struct service *s; struct sound sum; enum code code; struct err err; };

static void say_bad(void *arg, const char *what, const char *id, const char *why) {
    (void)!control_say_new(((struct look *)arg)->c, json_pack("{s:s, s:s, s:s}", "what", what, "id", id, "text", why));
}

static bool look_tenant(const struct tenant_row *t, void *arg) {
    struct look *l = arg;
    l->code = service_sound(l->s, t->id, say_bad, l, &l->sum, &l->err);
    return l->code == OK && !l->c->reader_gone;
}

static enum code do_data_check(struct control_req *c, struct err *reterr) {
    struct look l = { .c = c };
    enum code code = store_check(c->store, &l.err);
    if (code != OK && code != E_DAMAGED) {
        *reterr = l.err;
        return code;
    }
    control_set(c, "pages", code == OK ? json_null() : json_string(l.err.text));
    code = OK;
    for (size_t i = 0; code == OK && json_is_true(json_object_get(c->in, "thorough")) && i < c->api->service_count; i++) {
        l.s = c->api->services[i];
        code = tenants_list(c->store, charter_name(service_charter(l.s)), look_tenant, &l, reterr);
        if (code == OK && l.code != OK) {
            *reterr = l.err;
            code = l.code;
        }
    }
    set_int(c, "records", l.sum.records);
    set_int(c, "files", l.sum.files);
    set_int(c, "bad", l.sum.bad);
    return code;
}

/* ---- charters */

static enum code do_charter_against(struct control_req *c, struct err *reterr) {
    const char *text = control_text(c, "text"), *file = control_text(c, "file");
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *newer = NULL;
    AUTO(adopt_free) struct adoption *a = NULL;
    AUTO(buf_done) struct buf said = BUF(1u << 20);
    if (text == NULL || f == NULL)
        return err_set(reterr, text == NULL ? E_INVALID : E_MEMORY, text == NULL ? "the text of a charter is missing" : "no memory for a charter");
    enum code code = charter_load_text(file == NULL ? "charter" : file, text, strlen(text), f, &newer, reterr);
    if (code == OK)
        code = adopt_compare(c->store, newer, &a, reterr);
    if (code != OK)
        return code;
    adopt_print(a, &said);
    control_set(c, "said", json_string(buf_str(&said)));
    control_set(c, "allowed", json_boolean(adopt_allowed(a, reterr) == OK));
    return OK;
}

/* ---- keys */

static enum code do_renew(struct control_req *c, struct err *reterr) {
    struct renewal r = { 0 };
    uint64_t unused = 0;
    enum code code = job_renew(c->api, &r, &unused, reterr);
    set_int(c, "epoch", (int64_t)r.epoch);
    set_int(c, "buckets", (int64_t)r.buckets);
    set_int(c, "keys", (int64_t)r.keys);
    set_int(c, "took", r.took);
    set_int(c, "unused", (int64_t)unused);
    size_t made = 0;
    if (code == OK)
        code = job_certify(c->api, &made, reterr);
    set_int(c, "certificates", (int64_t)made);
    return code;
}

static json_t *keeper_json(const struct keeper_status *s) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:b, s:s}", "epoch", (json_int_t)s->epoch, "buckets", (json_int_t)s->buckets,
                     "keys", (json_int_t)s->keys, "pending", (json_int_t)s->pending, "destroyed_today", (json_int_t)s->destroyed_today,
                     "opened_minute", (json_int_t)s->opened_minute, "opened_most", (json_int_t)s->opened_most, "destroyed_most", (json_int_t)s->destroyed_most,
                     "allowed_today", (json_int_t)s->allowed_today, "renewed", control_time(s->renewed), "root", s->root, "in_place", s->in_place, "filesystem", s->filesystem);
}

static enum code do_key_status(struct control_req *c, struct err *reterr) {
    struct keeper_status s;
    enum code code = keeper_status(c->api->config.keeper, &s, reterr);
    json_t *out = code == OK ? keeper_json(&s) : NULL;
    json_object_update(c->reply, out);
    json_decref(out);
    return code;
}

static enum code do_key_allow(struct control_req *c, struct err *reterr) {
    int64_t n = control_number(c, "destructions", 0);
    if (n < 1)
        return err_set(reterr, E_INVALID, "destructions must be a number of at least 1");
    json_t *what = json_pack("{s:I}", "destructions", (json_int_t)n);
    enum code code = what == NULL ? err_set(reterr, E_MEMORY, "no memory for the ledger") : keeper_allow(c->api->config.keeper, (uint64_t)n, reterr);
    if (code == OK)
        code = ledger_note(c->store, 0, "destructions_allowed", "operator", what, true, reterr);
    json_decref(what);
    return code;
}

static enum code do_index_renew(struct control_req *c, struct err *reterr) {
    uint32_t generation = 0;
    enum code code = job_index_renew(c->api, &generation, reterr);
    set_int(c, "generation", generation);
    return code;
}

/* ---- the ledger */

static enum code do_ledger_verify(struct control_req *c, struct err *reterr) {
    struct ledger_check check = { 0 };
    uint8_t public[PUBLIC_SIZE];
    enum code code = job_sign(c->api, reterr);
    if (code == OK)
        code = keeper_public(c->api->config.keeper, public, reterr);
    if (code == OK)
        code = ledger_verify(c->store, public, &check, reterr);
    if (code == OK)
        code = job_ledger_compare(c->api, &check, reterr);
    set_int(c, "entries", (int64_t)check.entries);
    set_int(c, "chains", (int64_t)check.chains);
    set_int(c, "signed_heads", (int64_t)check.signed_heads);
    if (code == E_DAMAGED) {
        set_int(c, "bad_chain", check.bad_chain);
        set_int(c, "bad_seq", (int64_t)check.bad_seq);
    }
    return code;
}

struct show { struct control_req *c; int64_t count, limit; };

static bool ledger_line(const struct ledger_row *r, void *arg) {
    struct show *s = arg;
    AUTO(buf_done) struct buf hex = BUF(2 * HASH_SIZE + 1);
    hex_encode(r->head, HASH_SIZE, &hex);
    s->count++;
    return control_say_new(s->c, json_pack("{s:I, s:I, s:o, s:s, s:o}", "chain", (json_int_t)r->chain, "seq", (json_int_t)r->seq, "at", control_time(r->at), "head", buf_str(&hex),
                                   "entry", json_loads(r->entry, 0, NULL) ?: json_string(r->entry))) && s->count < s->limit;
}

static enum code do_ledger_show(struct control_req *c, struct err *reterr) {
    AUTO(view_end) struct view *view = NULL;
    int64_t chain = control_number(c, "chain", 0), after = control_number(c, "after", 0);
    struct show s = { c, 0, control_number(c, "limit", 1000) };
    if (chain < 0 || after < 0 || s.limit < 1)
        return err_set(reterr, E_INVALID, "chain and after must not be below 0, limit not below 1");
    enum code code = store_view(c->store, chain, &view, reterr);
    if (code == OK)
        code = ledger_list(view_sql(view), (uint64_t)after, ledger_line, &s, reterr);
    set_int(c, "count", s.count);
    return code;
}

struct exporting { struct store *store; int64_t chain; uint8_t public[PUBLIC_SIZE]; int fd; enum code code; struct err e; };

static void *export_thread(void *arg) {
    struct exporting *x = arg;
    x->code = ledger_export(x->store, x->chain, x->public, x->fd, &x->e);
    close(x->fd);
    return NULL;
}

/* ledger_export writes to a descriptor, the caller wants a sink: a pipe lies between. */
static enum code do_ledger_export(struct control_req *c, struct err *reterr) {
    int fds[2];
    char piece[16384];
    ssize_t n;
    pthread_t thread;
    struct exporting x = { .store = c->store, .chain = control_number(c, "chain", -1) };
    struct ledger_check check = { 0 };
    enum code code = job_sign(c->api, reterr);
    if (code == OK)
        code = job_ledger_compare(c->api, &check, reterr);      /* a file of a history that was cut off would look whole */
    if (code == OK)
        code = keeper_public(c->api->config.keeper, x.public, reterr);
    if (code != OK)
        return code;
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_errno(reterr, errno, "no pipe for the export");
    x.fd = fds[1];
    int num = pthread_create(&thread, NULL, export_thread, &x);
    if (num != 0) {
        close(fds[0]);
        close(fds[1]);
        return err_errno(reterr, num, "no thread for the export");
    }
    while ((n = read(fds[0], piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0 && !c->reader_gone)
            c->reader_gone = !c->out->write(c->out->arg, piece, (size_t)n);
    pthread_join(thread, NULL);
    close(fds[0]);
    if (x.code != OK)
        *reterr = x.e;
    return x.code;
}

/* ---- the instance */

static json_t *http_json(const struct http_status *s) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "requests", (json_int_t)s->requests, "refused", (json_int_t)s->refused, "waiting", (json_int_t)s->waiting,
                     "running", (json_int_t)s->running, "streams", (json_int_t)s->streams, "events", (json_int_t)s->events, "connections", (json_int_t)s->connections);
}

enum code do_host_try(struct control_req *c, struct err *reterr) {
    const struct api_config *f = &c->api->config;
    const char *machine = control_text(c, "machine");
    struct err why = { 0 };
    if (machine == NULL || f->host_check == NULL)
        return err_set(reterr, E_INVALID, machine == NULL ? "machine: an id as `sejf host` prints it" : "this server does not know its machines");
    bool may = f->host_check(f->host_arg, machine, &why) == OK;
    control_set(c, "may", json_boolean(may));
    control_set(c, "why", json_string(may ? "" : why.text));
    return OK;
}

enum code do_egress_try(struct control_req *c, struct err *reterr) {
    const struct api_config *f = &c->api->config;
    const char *host = control_text(c, "host");
    int64_t port = control_number(c, "port", 443), use = control_number(c, "use", 0);
    struct err why = { 0 };
    if (host == NULL || port < 1 || port > 65535 || use < 0 || use > FOR_ASKERS || f->egress_try == NULL)
        return err_set(reterr, E_INVALID, "host, port and use: of a request that would be made");
    bool may = f->egress_try(f->host_arg, (unsigned)use, host, (int)port, &why) != E_FORBIDDEN;
    control_set(c, "may", json_boolean(may));
    control_set(c, "why", json_string(may ? "" : why.text));
    return OK;
}

enum code do_mail_reach(struct control_req *c, struct err *reterr) {
    const struct api_config *f = &c->api->config;
    struct mail_reply r = { .outcome = MAIL_NEVER };
    enum code code = f->mail_reach == NULL ? OK : f->mail_reach(f->mail_arg, &r, reterr);
    if (code != OK)
        return code;
    control_set(c, "mailer", json_boolean(f->mail_reach != NULL));
    control_set(c, "tried", json_boolean(r.outcome == MAIL_SENT));
    control_set(c, "reaches", json_string(r.said));
    return OK;
}

static enum code do_status(struct control_req *c, struct err *reterr) {
    struct store_status store;
    struct keeper_status keeper;
    struct http_status http;
    struct http *h = c->api->http;
    json_t *services = json_array();
    store_status(c->store, &store);
    set_int(c, "records", store.records);
    set_int(c, "writes", store.writes);
    set_int(c, "waiting", (int64_t)store.waiting);
    set_int(c, "index_gaps", store.index_gaps);
    control_set(c, "version", json_string(SEJF_VERSION));
    set_int(c, "up_seconds", (clock_steady() - c->api->began) / USEC_PER_SEC);
    for (size_t i = 0; i < c->api->service_count; i++)
        json_array_append_new(services, json_string(charter_name(service_charter(c->api->services[i]))));
    control_set(c, "services", services);
    control_set(c, "mail", json_boolean(c->api->config.mail != NULL));
    if (h != NULL) {
        http_status(h, &http);
        control_set(c, "http", http_json(&http));
    }
    enum code code = keeper_status(c->api->config.keeper, &keeper, reterr);
    if (code == OK)
        control_set(c, "keeper", keeper_json(&keeper));
    return code;
}

static enum code do_stop(struct control_req *c, struct err *reterr) {
    uint64_t one = 1;
    return write(c->api->wake_fd, &one, sizeof one) == sizeof one ? OK : err_errno(reterr, errno, "the server cannot be told to stop");
}

/* ---- the table */

static const struct verb_row { const char *name; unsigned needs; enum code (*run)(struct control_req *c, struct err *reterr); } verbs[] = {
#define VERB(name, needs, fn, says) { #name, needs, fn },
#include "api/control.tbl"
#undef VERB
};

static enum code tenant_needed(struct control_req *c, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct tenant_row row;
    c->tenant = control_number(c, "tenant", 0);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to look up a tenant");
    enum code code = c->tenant < 1 ? E_NOT_FOUND : tenant_get(c->store, c->tenant, &row, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && strcmp(row.service, charter_name(service_charter(c->service))) != 0))
        return err_set(reterr, E_NOT_FOUND, "%s has no tenant of that number; sejf tenant list shows them", charter_name(service_charter(c->service)));
    return code;
}

static enum code dispatch(struct control_req *c, const char *verb, struct err *reterr) {
    const char *service = control_text(c, "service");
    c->service = service == NULL ? NULL : api_service(c->api, service);
    if (service != NULL && c->service == NULL)
        return err_set(reterr, E_NOT_FOUND, "no service of that name runs here");
    if (strncmp(verb, "probe_", 6) == 0) {
        json_t *got = NULL;
        if (c->service == NULL)
            return err_set(reterr, E_INVALID, "%s needs the name of a service", verb);
        enum code code = promises_control(c->service, api_people(c->api), verb, c->in, &got, reterr);
        if (code == OK)
            json_object_update(c->reply, got);
        json_decref(got);
        return code;
    }
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, verb) != 0)
            continue;
        if ((verbs[i].needs & NEED_SERVICE) != 0 && c->service == NULL)
            return err_set(reterr, E_INVALID, "%s needs the name of a service", verb);
        enum code code = (verbs[i].needs & NEED_TENANT) != 0 ? tenant_needed(c, reterr) : OK;
        return code != OK ? code : verbs[i].run(c, reterr);
    }
    return err_set(reterr, E_INVALID, "the server does not know that verb; is it of another version?");
}

/* The last line where there is no memory for another. */
static void say_no_memory(struct control_req *c) {
    char line[128];
    int n = snprintf(line, sizeof line, "{\"ok\":false,\"code\":%d,\"name\":\"%s\",\"text\":\"the server has no memory for the answer\"}\n", E_MEMORY, code_name(E_MEMORY));
    c->reader_gone = !c->out->write(c->out->arg, line, (size_t)n);
}

void control_call(struct api *a, const json_t *in, const struct source *body, const struct sink *out) {
    struct err e;
    size_t lost = mem_lost();
    struct control_req c = { .api = a, .store = a->config.store, .body = body, .out = out, .reply = json_object() };
    c.in = (json_t *)(uintptr_t)in;           /* read only; jansson's getters take no const */
    const char *verb = json_string_value(json_object_get(in, "do"));
    enum code code = c.reply == NULL || in == NULL ? err_set(&e, E_MEMORY, "no memory for the answer") : verb == NULL
                   ? err_set(&e, E_INVALID, "the request has no verb: {\"do\": \"status\"}") : dispatch(&c, verb, &e);
    if (code == OK)
        json_object_set_new(c.reply, "ok", json_true());
    if (mem_lost() != lost && code_status(code) < 500) {       /* a line is not there, or a member of one, or the refusal is for want of one */
        code = err_set(&e, E_MEMORY, "no memory for the whole answer; what was asked may have been done");
        json_object_del(c.reply, "ok");
    }
    bool said = code == OK ? control_say(&c, c.reply)
                           : control_say_new(&c, json_pack("{s:b, s:i, s:s, s:s, s:s, s:O}", "ok", 0, "code", (int)code, "name", code_name(code), "text", e.text,
                                                   "cause", e.hidden, "detail", c.reply == NULL ? json_null() : c.reply));
    if (!said && !c.reader_gone)
        say_no_memory(&c);
    json_decref(c.reply);
}
