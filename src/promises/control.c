/* control.c — a table of verbs; each works under the two tenants that probe_begin made, and on nothing else.
 * Invariant: a probe tenant holds probe records only and is closed by probe_end, or at the next start. */
#include "promises/control.h"

#include <stdio.h>
#include <string.h>

#include "access/agreement.h"
#include "access/window.h"
#include "base/arena.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "promises/control_int.h"
#include "records/copies.h"
#include "store/rows.h"
#include "store/tables.h"

static enum code tenant_is_probe(struct service *s, int64_t tenant, struct err *reterr) {
    struct tenant_row row;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to look up a tenant");
    enum code code = tenant_get(service_store(s), tenant, &row, arena, reterr);
    if (code == OK && (!row.probe || strcmp(row.service, charter_name(service_charter(s))) != 0))
        return err_set(reterr, E_FORBIDDEN, "tenant %lld is not one of the probes'", (long long)tenant);
    return code;
}

enum code probe_tenant(struct service *s, json_t *in, int64_t *ret, struct err *reterr) {
    json_t *v = json_object_get(in, "tenant");
    if (!json_is_integer(v))
        return err_set(reterr, E_INVALID, "tenant is missing");
    *ret = json_integer_value(v);
    return tenant_is_probe(s, *ret, reterr);
}

static enum code probe_token_make(struct service *s, int64_t tenant, const char *role, usec_t expires, int kind, const struct uuid *self,
                            json_t *object, const char *name, struct err *reterr) {
    char token[TOKEN_TEXT];
    int64_t number;
    struct token_wish w = { .tenant = tenant, .role = role, .label = "probe", .expires = expires, .loopback_only = true, .subject_kind = kind };
    if (self != NULL)
        w.subject = *self;
    enum code code = access_token_make(s, &w, token, &number, reterr);
    if (code == OK)
        json_object_set_new(object, name, json_string(token));
    explicit_bzero(token, sizeof token);
    return code;
}

static enum code probe_agree(struct service *s, int64_t tenant, struct err *reterr) {
    const struct agreement_wish w = { .signed_on = "2000-01-01", .kind = AGREEMENT_PROBE };
    int64_t number;
    return agreement_record(s, tenant, &w, "sejf", &number, reterr);
}

static enum code side_make(struct service *s, const char *name, json_t *tenants, json_t *tokens, struct err *reterr) {
    const struct person *people;
    size_t n = charter_people(service_charter(s), &people);
    int64_t tenant;
    json_t *roles = json_object();
    enum code code = tenant_make(service_store(s), charter_name(service_charter(s)), name, true, &tenant, reterr);
    if (code == OK)
        code = probe_agree(s, tenant, reterr);
    for (size_t i = 0; i < n && code == OK; i++)
        code = probe_token_make(s, tenant, people[i].name, clock_now() + USEC_PER_HOUR, -1, NULL, roles, people[i].name, reterr);
    if (code == OK) {
        json_array_append_new(tenants, json_integer(tenant));
        json_array_append(tokens, roles);
    }
    json_decref(roles);
    return code;
}

static enum code do_begin(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    char name[64], id[UUID_TEXT];
    struct uuid run = uuid_new();
    (void)in;
    json_t *tenants = json_array(), *tokens = json_array();
    enum code code = OK;
    for (int side = 0; side < 2 && code == OK; side++) {
        snprintf(name, sizeof name, "probe %c %s", 'a' + side, uuid_format(&run, id));
        code = side_make(s, name, tenants, tokens, reterr);
    }
    if (code == OK)
        *ret = json_pack("{s:O,s:O}", "tenants", tenants, "tokens", tokens);
    json_decref(tenants);
    json_decref(tokens);
    return code;
}

/* {kind, id} -> indexes; id may stand under another name. */
static enum code record_arg(struct service *s, json_t *in, const char *id_name, int *ret_kind, struct uuid *ret_id, struct err *reterr) {
    const char *kind = json_string_value(json_object_get(in, "kind")), *id = json_string_value(json_object_get(in, id_name));
    int k = kind == NULL ? -1 : charter_kind(service_charter(s), kind);
    if (k < 0 || id == NULL || !uuid_parse(id, ret_id))
        return err_set(reterr, E_INVALID, "kind and %s must name a record", id_name);
    *ret_kind = k;
    return OK;
}

static enum code do_token(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    int kind = -1;
    struct uuid self;
    usec_t expires = clock_now() + USEC_PER_HOUR;
    const char *role = json_string_value(json_object_get(in, "role")), *until = json_string_value(json_object_get(in, "expires"));
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK && json_object_get(in, "self") != NULL)
        code = record_arg(s, in, "self", &kind, &self, reterr);
    if (code != OK)
        return code;
    if (role == NULL || (until != NULL && !time_parse(until, &expires)))
        return err_set(reterr, E_INVALID, "role is missing, or expires is not a time");
    json_t *out = json_object();
    code = probe_token_make(s, tenant, role, expires, kind, kind < 0 ? NULL : &self, out, "token", reterr);
    if (code == OK)
        *ret = json_incref(out);
    json_decref(out);
    return code;
}

/* A record as a public form makes it. */
static enum code do_form(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    const char *name = json_string_value(json_object_get(in, "kind"));
    int kind = name == NULL ? -1 : charter_kind(service_charter(s), name);
    json_t *made = NULL, *mistakes = NULL, *input = json_deep_copy(json_object_get(in, "input")), *fields;
    enum code code = kind < 0 ? err_set(reterr, E_INVALID, "kind: one of the charter") : probe_tenant(s, in, &tenant, reterr);
    if (code != OK) {
        json_decref(input);
        return code;
    }
    const struct kind *k = charter_kind_at(service_charter(s), kind);
    struct caller who = { .tenant = tenant, .person = k->about, .by_form = true, .subject_kind = -1 };
    fields = json_object_get(input, "fields");
    for (size_t i = 0; i < k->field_count; i++)
        if ((kind_asks(k) >> i & 1) == 0)
            json_object_del(fields, k->fields[i].name);
    code = record_create(s, &(struct record_request){ .who = &who, .kind = kind, .input = fields, .consents = json_object_get(input, "consents"), .if_match = -1 }, &made, &mistakes, reterr);
    if (code == OK)
        *ret = json_pack("{s:O}", "id", json_object_get(made, "id"));
    json_decref(made);
    json_decref(mistakes);
    json_decref(input);
    return code;
}

/* Its address confirms it. */
static enum code do_confirm(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    int kind;
    struct uuid id;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = record_arg(s, in, "id", &kind, &id, reterr);
    if (code != OK)
        return code;
    const struct caller who = { .tenant = tenant, .person = charter_kind_at(service_charter(s), kind)->about, .by_link = true, .subject_kind = kind, .subject = id };
    code = record_confirm(s, &who, kind, &id, reterr);
    if (code == OK)
        *ret = json_object();
    return code;
}

static enum code do_link(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    int kind;
    struct uuid id;
    char token[TOKEN_TEXT];
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = record_arg(s, in, "id", &kind, &id, reterr);
    if (code == OK)
        code = access_link_make(s, tenant, kind, &id, token, reterr);
    if (code == OK)
        *ret = json_pack("{s:s}", "token", token);
    explicit_bzero(token, sizeof token);
    return code;
}

/* Opens a window of the probe tenant for anybody of the support staff, or closes the one of that number. */
static enum code do_window(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant, number = json_integer_value(json_object_get(in, "close"));
    const struct actor by = { .name = "sejf" };
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code != OK)
        return code;
    struct registrar r = { service_store(s), service_keeper(s), service_charter(s), tenant };
    code = number > 0 ? window_close(&r, number, &by, reterr)
                      : window_open(&r, &(struct window_wish){ .kinds = json_object_get(in, "kinds"), .why = "probe" }, &by, &number, reterr);
    if (code == OK)
        *ret = json_pack("{s:I}", "number", (json_int_t)number);
    return code;
}

static enum code do_due(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    struct due_check check = { 0 };
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = service_check_due(s, tenant, &check, reterr);
    if (code == OK)
        *ret = json_pack("{s:I,s:I,s:I}", "parts", (json_int_t)check.parts, "undated", (json_int_t)check.undated, "wrong", (json_int_t)check.wrong);
    return code;
}

struct dates { struct { int32_t part; usec_t due; } list[64]; size_t n; };
static bool date_add(const struct part_row *p, void *arg) {
    struct dates *d = arg;
    d->list[d->n].part = p->part;
    d->list[d->n].due = p->due;
    return ++d->n < ARRAY_LEN(d->list);
}

static enum code part_date(struct service *s, const struct kind *k, const struct part *p, const struct dates *d, json_t *ret, struct err *reterr) {
    char name[512];
    int32_t number;
    int len = snprintf(name, sizeof name, "%s.%s", k->name, p->name);
    if (len < 0 || (size_t)len >= sizeof name)
        return err_set(reterr, E_CHARTER, "the name of a part of %s is too long", k->name);
    enum code code = name_number(service_store(s), charter_name(service_charter(s)), 'p', name, &number, reterr);
    for (size_t i = 0; i < d->n && code == OK; i++)
        if (d->list[i].part == number)
            json_object_set_new(ret, p->name, d->list[i].due == USEC_NEVER ? json_null() : json_integer(d->list[i].due));
    return code;
}

static enum code do_dates(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    int kind;
    int32_t number;
    struct uuid id;
    struct dates dates = { .n = 0 };
    AUTO(view_end) struct view *view = NULL;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = record_arg(s, in, "id", &kind, &id, reterr);
    if (code != OK)
        return code;
    const struct kind *k = charter_kind_at(service_charter(s), kind);
    code = name_number(service_store(s), charter_name(service_charter(s)), 'k', k->name, &number, reterr);
    if (code == OK)
        code = store_view(service_store(s), tenant, &view, reterr);
    if (code == OK)
        code = parts_get(view_sql(view), number, &id, date_add, &dates, reterr);
    json_t *due = json_object();
    for (size_t i = 0; i < k->part_count && code == OK; i++)
        code = part_date(s, k, &k->parts[i], &dates, due, reterr);
    if (code == OK)
        *ret = json_pack("{s:O}", "due", due);
    json_decref(due);
    return code;
}

static bool key_add(const struct part_row *p, void *arg) {
    if (p->key != 0)
        json_array_append_new(arg, json_integer((json_int_t)p->key));
    return true;
}

static enum code do_copy(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    int kind;
    int32_t number;
    struct uuid id;
    AUTO(view_end) struct view *view = NULL;
    const struct charter *c = service_charter(s);
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = record_arg(s, in, "id", &kind, &id, reterr);
    if (code == OK)
        code = name_number(service_store(s), charter_name(c), 'k', charter_kind_at(c, kind)->name, &number, reterr);
    if (code == OK)
        code = store_view(service_store(s), tenant, &view, reterr);
    json_t *keys = json_array();
    if (code == OK)
        code = parts_get(view_sql(view), number, &id, key_add, keys, reterr);
    if (code == OK)
        code = keeper_rehearse_copy(service_keeper(s), reterr);
    if (code == OK)
        *ret = json_pack("{s:O}", "keys", keys);
    json_decref(keys);
    return code;
}

#define KEYS_MAX 64u
static enum code do_open(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    key_id ids[KEYS_MAX];
    json_t *keys = json_object_get(in, "keys");
    size_t n = json_array_size(keys), opened = 0;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code != OK)
        return code;
    if (n == 0 || n > KEYS_MAX)
        return err_set(reterr, E_INVALID, "keys must list 1 to %u keys", KEYS_MAX);
    for (size_t i = 0; i < n; i++)
        ids[i] = (key_id)json_integer_value(json_array_get(keys, i));
    code = keeper_rehearse_open(service_keeper(s), tenant, ids, n, &opened, reterr);
    if (code == OK)
        *ret = json_pack("{s:I}", "opened", (json_int_t)opened);
    return code;
}

#define CAP 8u
/* Makes keys under the tenant, lowers its cap of a minute, and opens fewer and then more than that. */
static enum code do_caps(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t asks, tenant = 0;                  /* a tenant of its own, for the cap stays as tight as it was made */
    key_id ids[2 * CAP];
    struct key keys[2 * CAP];
    bool ok[2 * CAP];
    struct keeper_client *k = service_keeper(s);
    struct err refused;
    enum code code = probe_tenant(s, in, &asks, reterr);
    if (code == OK)
        code = tenant_make(service_store(s), charter_name(service_charter(s)), "caps", true, &tenant, reterr);
    if (code == OK)
        code = keeper_make(k, tenant, USEC_NEVER, 2 * CAP, ids, keys, reterr);
    if (code == OK)
        code = keeper_tighten(k, tenant, CAP, reterr);
    if (code != OK)
        return code;
    bool below = keeper_open(k, tenant, ids, CAP / 2, keys, ok, &refused) == OK;
    bool above = keeper_open(k, tenant, ids + CAP / 2, 2 * CAP - CAP / 2, keys, ok, &refused) != E_TOO_MANY;
    crypto_wipe(keys, sizeof keys);
    code = keeper_destroy(k, tenant, ids, 2 * CAP, reterr);
    if (code == OK)
        code = tenant_close(service_store(s), tenant, reterr);
    if (code == OK)
        *ret = json_pack("{s:b,s:b}", "below", below, "above", above);
    return code;
}

struct count { const char *verb; int64_t n; };
static bool entry_count(const struct ledger_row *r, void *arg) {
    struct count *c = arg;
    json_t *entry = json_loads(r->entry, 0, NULL);
    const char *verb = json_string_value(json_object_get(entry, "do"));
    c->n += verb != NULL && strcmp(verb, c->verb) == 0;
    json_decref(entry);
    return true;
}

static enum code do_entries(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    struct count c = { .verb = json_string_value(json_object_get(in, "verb")) };
    AUTO(view_end) struct view *view = NULL;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK && c.verb == NULL)
        return err_set(reterr, E_INVALID, "verb is missing");
    if (code == OK)
        code = store_view(service_store(s), tenant, &view, reterr);
    if (code == OK)
        code = ledger_list(view_sql(view), 0, entry_count, &c, reterr);
    if (code == OK)
        *ret = json_pack("{s:I}", "count", (json_int_t)c.n);
    return code;
}

struct ids { struct uuid list[256]; size_t n; };
static bool id_add(const struct row *r, void *arg) {
    struct ids *ids = arg;
    ids->list[ids->n++] = r->id;
    return ids->n < ARRAY_LEN(ids->list);
}

/* Erases every record of one kind of a probe tenant; whatever a parent's erasure took along is gone already. */
static enum code kind_erase(struct service *s, int64_t tenant, int kind, struct err *reterr) {
    int32_t number;
    const struct charter *c = service_charter(s);
    struct caller who = { .tenant = tenant, .person = charter_tenant(c), .subject_kind = -1, .by_sejf = true };
    struct uuid first = { 0 };
    enum code code = name_number(service_store(s), charter_name(c), 'k', charter_kind_at(c, kind)->name, &number, reterr);
    for (;;) {
        struct ids ids = { 0 };
        struct view *view = NULL;
        if (code == OK)
            code = store_view(service_store(s), tenant, &view, reterr);
        if (code == OK)
            code = rows_list(view_sql(view), &(struct row_range){ .kind = number }, id_add, &ids, reterr);
        view_end(view);
        if (code == OK && ids.n > 0 && memcmp(&ids.list[0], &first, sizeof first) == 0)
            return err_set(reterr, E_INTERNAL, "a record of the probes stays although it was erased");
        first = ids.list[0];
        for (size_t i = 0; i < ids.n && code == OK; i++) {
            json_t *erased = NULL;
            struct record_request r = { .who = &who, .kind = kind, .if_match = -1, .id = ids.list[i] };
            code = record_erase(s, &r, &erased, reterr);
            json_decref(erased);
            if (code == E_GONE || code == E_NOT_FOUND)
                code = OK;
        }
        if (code != OK || ids.n == 0)
            return code;
    }
}

static enum code agreement_forget(struct txn *t, void *arg UNUSED, struct err *reterr) { return agreement_drop(t, reterr); }

static enum code side_close(struct service *s, int64_t tenant, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(service_charter(s), &kinds);
    enum code code = tenant_is_probe(s, tenant, reterr);
    for (size_t i = n; i > 0 && code == OK; i--)
        code = kind_erase(s, tenant, (int)i - 1, reterr);
    if (code == OK)
        code = probe_registers_end(service_store(s), tenant, reterr);
    if (code == OK)
        code = store_write(service_store(s), tenant, agreement_forget, NULL, reterr);
    return code == OK ? tenant_close(service_store(s), tenant, reterr) : code;
}

/* Takes the agreement of a probe tenant away, or gives it one; and says how many of the real ones take data without. */
static enum code do_agreement(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant, lacking = 0;
    json_t *list = NULL, *one;
    size_t i;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK)
        code = json_is_true(json_object_get(in, "open")) ? probe_agree(s, tenant, reterr) : agreement_stop(s, tenant, "sejf", reterr);
    if (code == OK)
        code = agreements_lacking(s, &list, reterr);
    json_array_foreach(list, i, one)
        lacking += strcmp(json_string_value(json_object_get(one, "state")), AGREEMENT_UNRECORDED) == 0;
    json_decref(list);
    if (code == OK)
        *ret = json_pack("{s:I}", "lacking", (json_int_t)lacking);
    return code;
}

static enum code result_put(struct service *s, json_t *result, usec_t now, struct err *reterr) {
    const char *rule = json_string_value(json_object_get(result, "rule")), *detail = json_string_value(json_object_get(result, "detail"));
    enum rule known;
    if (rule == NULL || detail == NULL || !rule_find(rule, &known))
        return err_set(reterr, E_INVALID, "a result names no known rule");
    bool kept = json_is_true(json_object_get(result, "kept"));
    json_t *what = json_pack("{s:s,s:s,s:b}", "service", charter_name(service_charter(s)), "rule", rule, "kept", kept);
    enum code code = ledger_note(service_store(s), 0, kept ? "promise_proved" : "promise_broken", "sejf", what, true, reterr);
    json_decref(what);
    struct proof_row row = { .service = charter_name(service_charter(s)), .rule = rule, .state = kept, .detail = detail, .at = now };
    return code == OK ? proof_put(service_store(s), &row, reterr) : code;
}

static enum code do_end(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    size_t i;
    json_t *v;
    uint64_t seq = 0;
    uint8_t head[HASH_SIZE];
    usec_t now = clock_now();
    AUTO(view_end) struct view *view = NULL;
    enum code code = OK;
    json_array_foreach(json_object_get(in, "tenants"), i, v)
        if (code == OK)
            code = side_close(s, json_integer_value(v), reterr);
    json_array_foreach(json_object_get(in, "results"), i, v)
        if (code == OK)
            code = result_put(s, v, now, reterr);
    if (code == OK)
        code = store_view(service_store(s), 0, &view, reterr);
    if (code == OK)
        code = ledger_last(view_sql(view), &seq, head, reterr);
    if (code == OK)
        *ret = json_pack("{s:I}", "seq", (json_int_t)seq);
    return code;
}

/* By a person that the probe made up: {number, account}. */
static enum code do_approve(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    int64_t tenant;
    const char *account = json_string_value(json_object_get(in, "account"));
    struct caller who = { .person = charter_tenant(service_charter(s)), .by_session = true, .subject_kind = -1 };
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK && (account == NULL || !uuid_parse(account, &who.account)))
        return err_set(reterr, E_INVALID, "account is missing");
    who.tenant = tenant;
    return code == OK ? copy_approve(s, &who, json_integer_value(json_object_get(in, "number")), ret, reterr) : code;
}

static const struct { const char *verb; enum code (*run)(struct service *, json_t *, json_t **, struct err *); } verbs[] = {
    { "probe_delivered", probe_delivered },
    { "probe_told", probe_told }, { "probe_asks", probe_asks },
    { "probe_sweep", probe_sweep }, { "probe_overdue", probe_overdue },
    { "probe_form", do_form }, { "probe_confirm", do_confirm },
    { "probe_begin", do_begin }, { "probe_token", do_token }, { "probe_link", do_link }, { "probe_window", do_window }, { "probe_due", do_due }, { "probe_dates", do_dates }, { "probe_copy", do_copy },
    { "probe_open", do_open }, { "probe_entries", do_entries }, { "probe_caps", do_caps }, { "probe_agreement", do_agreement }, { "probe_end", do_end },
    { "probe_requests", probe_requests_count },
    { "probe_approve", do_approve },
    { "probe_warned", probe_warned },
    { "probe_sms", probe_sms },
    { "probe_shares", probe_shares },
};

static const struct { const char *verb; enum code (*run)(struct service *, struct people *, json_t *, json_t **, struct err *); } people_verbs[] = {
    { "probe_account", probe_account }, { "probe_member", probe_member }, { "probe_password_age", probe_password_age }, { "probe_session_age", probe_session_age },
    { "probe_session", probe_session }, { "probe_authorise", probe_authorise }, { "probe_withdraw", probe_withdraw },
    { "probe_lock", probe_lock },
};

/* The people of the tenants that a run is done with. */
static enum code people_leave(struct service *s, struct people *p, json_t *tenants, struct err *reterr) {
    size_t i;
    json_t *v;
    enum code code = OK;
    json_array_foreach(tenants, i, v)
        if (code == OK && (code = tenant_is_probe(s, json_integer_value(v), reterr)) == OK)
            code = probe_people_end(p, service_store(s), json_integer_value(v), reterr);
    return code;
}

enum code promises_control(struct service *s, struct people *p, const char *verb, json_t *in, json_t **ret, struct err *reterr) {
    enum code code = strcmp(verb, "probe_end") == 0 ? people_leave(s, p, json_object_get(in, "tenants"), reterr) : OK;
    for (size_t i = 0; i < ARRAY_LEN(verbs) && code == OK; i++)
        if (strcmp(verbs[i].verb, verb) == 0)
            return verbs[i].run(s, in, ret, reterr);
    for (size_t i = 0; i < ARRAY_LEN(people_verbs) && code == OK; i++)
        if (strcmp(people_verbs[i].verb, verb) == 0)
            return people_verbs[i].run(s, p, in, ret, reterr);
    return code != OK ? code : err_set(reterr, E_INVALID, "\"%.40s\" is not a question of the probes", verb);
}

/* Probe tenants that a cut run left behind. */
struct left { int64_t ids[256]; size_t n; };
static bool left_add(const struct tenant_row *r, void *arg) {
    struct left *l = arg;
    if (r->probe && r->closed == 0)
        l->ids[l->n++] = r->id;
    return l->n < ARRAY_LEN(l->ids);
}

enum code promises_tidy(struct service *s, struct people *p, struct err *reterr) {
    struct left left = { .n = 0 };
    enum code code = tenants_list(service_store(s), charter_name(service_charter(s)), left_add, &left, reterr);
    for (size_t i = 0; i < left.n && code == OK; i++) {
        code = probe_people_end(p, service_store(s), left.ids[i], reterr);
        if (code == OK)
            code = side_close(s, left.ids[i], reterr);
    }
    return code;
}
