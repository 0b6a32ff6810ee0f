/* cmd_demo.c — records from files: `import` for an operator's own, `demo load` for the scenes. What was loaded stands in
 * demo.json of the data directory, with the tokens (they work from this machine only), so it happens once. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "prog/session.h"
#include "sys/files.h"

#define SCENE_MAX (64u << 20)

/* ---- import */

struct refusals { int64_t count; bool quiet; };

/* Progress and refused rows: only the latter are shown, without values. */
static void show_row(const char *line, size_t len, void *arg) {
    struct refusals *r = arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    const char *path = json_string_value(json_object_get(o, "path")), *text = json_string_value(json_object_get(o, "text"));
    if (json_is_integer(json_object_get(o, "line"))) {
        r->count++;
        fprintf(stderr, "line %lld: %s%s%s\n", (long long)json_integer_value(json_object_get(o, "line")), path == NULL ? "" : path,
                path == NULL || path[0] == 0 ? "" : ": ", text == NULL ? "refused" : text);
    } else if (json_is_integer(json_object_get(o, "made")) && !r->quiet) {
        printf("%lld made, %lld refused\n", (long long)json_integer_value(json_object_get(o, "made")), (long long)json_integer_value(json_object_get(o, "refused")));
    }
    json_decref(o);
}

static ssize_t read_fd(void *arg, void *ret, size_t room) {
    ssize_t n;
    do {
        n = read(*(const int *)arg, ret, room);
    } while (n < 0 && errno == EINTR);
    return n;
}

struct import_args { const char *data, *config, *mapping, *format; int64_t tenant; struct plain_words words; };

static enum code read_mapping(const char *path, json_t *in, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(1u << 20);
    if (path == NULL)
        return OK;
    enum code code = file_read(path, &text, reterr);
    if (code != OK)
        return code;
    json_error_t why;
    json_t *mapping = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(mapping)) {
        json_decref(mapping);
        return err_set(reterr, E_INVALID, "%s is not a JSON object of headers to fields (line %d)", path, why.line);
    }
    json_object_set_new(in, "mapping", mapping);
    return OK;
}

enum code cmd_import(int argc, char *const *argv, struct err *reterr) {
    struct import_args a = { .tenant = -1 };
    const struct option options[] = { { "data", OPTION_TEXT, &a.data }, { "config", OPTION_TEXT, &a.config }, { "tenant", OPTION_NUMBER, &a.tenant },
                                      { "mapping", OPTION_TEXT, &a.mapping }, { "format", OPTION_TEXT, &a.format } };
    AUTO(place_close) struct place *p = NULL;
    AUTO(session_close) struct session *s = NULL;
    struct refusals refused = { 0, false };
    json_t *r = NULL;
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 3, 3, &a.words, reterr);
    if (code == OK && a.tenant <= 0)
        return err_set(reterr, E_USAGE, "--tenant says whose records they are; `sejf tenant list` shows their numbers");
    if (code != OK)
        return code;
    const char *file = a.words.at[2], *dot = strrchr(file, '.');
    AUTO(fd_close) int fd = strcmp(file, "-") == 0 ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", file);
    const char *format = a.format != NULL ? a.format : dot != NULL && strcmp(dot, ".csv") == 0 ? "csv" : "ndjson";
    json_t *in = json_pack("{s:s,s:s,s:I,s:s,s:s}", "do", "import", "service", a.words.at[0], "tenant", (json_int_t)a.tenant, "kind", a.words.at[1], "format", format);
    if ((code = read_mapping(a.mapping, in, reterr)) == OK && (code = place_open(a.data, a.config, &p, reterr)) == OK)
        code = session_open(p, &s, reterr);
    if (code != OK) {
        json_decref(in);
        return code;
    }
    const struct source source = { .read = read_fd, .arg = &fd };
    code = session_call(s, in, &source, show_row, &refused, &r, reterr);
    if (code == OK && json_is_integer(json_object_get(r, "made")))
        printf("%lld made, %lld refused\n", (long long)json_integer_value(json_object_get(r, "made")), (long long)json_integer_value(json_object_get(r, "refused")));
    json_decref(r);
    return code;
}

/* ---- demo load */

struct demo { struct place *place; struct session *session; const char *from; json_t *services; };

static enum code read_json(const char *path, json_t **ret, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(SCENE_MAX);
    json_error_t why;
    enum code code = file_read(path, &text, reterr);
    if (code != OK)
        return code;
    *ret = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &why);
    return *ret != NULL ? OK : err_set(reterr, E_INVALID, "%s:%d:%d: %s", path, why.line, why.column, why.text);
}

/* Lines of a scene that belong to one tenant, without their "tenant" member. */
static enum code rows_of(const char *path, const char *text, size_t len, const char *key, struct buf *ret, struct err *reterr) {
    int line = 0;
    for (const char *p = text, *end = text + len; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = stop == NULL ? (size_t)(end - p) : (size_t)(stop - p);
        json_t *o = n == 0 ? NULL : json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
        line++;
        if (n > 0 && !json_is_object(o)) {
            json_decref(o);
            return err_set(reterr, E_INVALID, "%s:%d: not a JSON object; each line of a scene holds one", path, line);
        }
        const char *tenant = json_string_value(json_object_get(o, "tenant"));
        if (tenant != NULL && strcmp(tenant, key) == 0) {
            json_object_del(o, "tenant");
            json_text_add(ret, o);
            buf_char(ret, '\n');
        }
        json_decref(o);
        p += n + 1;
    }
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for %s", path) : OK;
}

struct bytes { const char *at; size_t left; };
static ssize_t read_bytes(void *arg, void *ret, size_t room) {
    struct bytes *b = arg;
    size_t n = b->left < room ? b->left : room;
    if (n > 0)
        memcpy(ret, b->at, n);
    b->at += n;
    b->left -= n;
    return (ssize_t)n;
}

static enum code import_rows(struct demo *d, const char *service, const char *kind, int64_t tenant, const struct buf *rows, const char *path, struct err *reterr) {
    struct bytes bytes = { buf_str(rows), rows->len };
    const struct source source = { .read = read_bytes, .arg = &bytes };
    struct refusals refused = { 0, true };
    json_t *r = NULL;
    json_t *in = json_pack("{s:s,s:s,s:I,s:s,s:s}", "do", "import", "service", service, "tenant", (json_int_t)tenant, "kind", kind, "format", "ndjson");
    enum code code = session_call(d->session, in, &source, show_row, &refused, &r, reterr);
    json_decref(r);
    if (code == OK && refused.count > 0)
        return err_set(reterr, E_FIELDS, "%s: %lld rows were refused (see above)", path, (long long)refused.count);
    return code;
}

/* One scene: "020-registration.ndjson" holds records of the kind "registration". */
static enum code load_scene(struct demo *d, const char *service, const char *name, json_t *tenants, struct err *reterr) {
    AUTO(buf_done) struct buf path = BUF(8192);
    AUTO(buf_done) struct buf text = BUF(SCENE_MAX);
    char kind[128];
    const char *dash = strchr(name, '-'), *dot = strrchr(name, '.');
    buf_printf(&path, "%s/%s/%s", d->from, service, name);
    if (dash == NULL || dot == NULL || dot <= dash)
        return err_set(reterr, E_INVALID, "%s: a scene is named NUMBER-KIND.ndjson", buf_str(&path));
    snprintf(kind, sizeof kind, "%.*s", (int)(dot - dash - 1), dash + 1);
    enum code code = file_read(buf_str(&path), &text, reterr);
    size_t i;
    json_t *t;
    json_array_foreach(tenants, i, t) {
        AUTO(buf_done) struct buf rows = BUF(SCENE_MAX);
        if (code == OK)
            code = rows_of(buf_str(&path), buf_str(&text), text.len, json_string_value(json_object_get(t, "key")) ?: "", &rows, reterr);
        if (code == OK && rows.len > 0)
            code = import_rows(d, service, kind, (int64_t)json_integer_value(json_object_get(t, "tenant")), &rows, buf_str(&path), reterr);
    }
    return code;
}

static enum code make_tenant(struct demo *d, const char *service, json_t *t, struct err *reterr) {
    json_t *r = NULL;
    enum code code = session_call(d->session, json_pack("{s:s,s:s,s:s,s:s,s:s?}", "do", "tenant_new", "service", service, "agreement", "2026-01-01", "kind", "demo", "name",
                                                        json_string_value(json_object_get(t, "name"))), NULL, NULL, NULL, &r, reterr);
    if (code == OK)
        json_object_set(t, "tenant", json_object_get(r, "tenant"));
    json_decref(r);
    return code;
}

static enum code make_tokens(struct demo *d, const char *service, json_t *t, struct err *reterr) {
    enum code code = OK;
    size_t i;
    json_t *token;
    json_array_foreach(json_object_get(t, "tokens"), i, token) {
        json_t *r = NULL;
        if (code != OK)
            break;
        json_t *in = json_copy(token);
        json_object_set_new(in, "do", json_string("token_new"));
        json_object_set_new(in, "service", json_string(service));
        json_object_set(in, "tenant", json_object_get(t, "tenant"));
        json_object_set_new(in, "loopback", json_true());
        code = session_call(d->session, in, NULL, NULL, NULL, &r, reterr);
        if (code == OK)
            json_object_set(token, "token", json_object_get(r, "token"));
        json_decref(r);
    }
    return code;
}

/* The purposes that the charter declares, each once, in the person's language. New reference. */
static json_t *purposes_of(const struct charter *c, enum lang lang) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    json_t *seen = json_object(), *list = json_array(), *value;
    const char *text;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < kinds[i].used_for_count; k++)
            json_object_set_new(seen, kinds[i].used_for[k].in[lang] ?: kinds[i].used_for[k].in[LANG_EN], json_true());
    json_object_foreach(seen, text, value)
        json_array_append_new(list, json_string(text));
    json_decref(seen);
    return list;
}

/* Where nobody signs in without an authorisation, each invented person gets one for a year. */
static enum code authorise_person(struct demo *d, const struct charter *c, json_t *t, json_t *person, json_t *account, struct err *reterr) {
    static const struct words everything = WORDS("all records of the tenant", "wszystkie rekordy klienta", "az ügyfél minden rekordja");
    enum lang lang = LANG_EN;
    char until[40];
    json_t *r = NULL;
    const char *code_of = json_string_value(json_object_get(person, "lang"));
    if (!charter_authorised_only(c))
        return OK;
    if (code_of != NULL)
        (void)!lang_parse(code_of, strlen(code_of), &lang);
    time_format(clock_now() + 364 * USEC_PER_DAY, until, sizeof until);
    until[10] = 0;
    json_t *in = json_pack("{s:s,s:O,s:O,s:O,s:s,s:s,s:o}", "do", "authorise_new", "tenant", json_object_get(t, "tenant"), "who", account, "post", json_object_get(person, "role"),
                           "scope", everything.in[lang], "until", until, "purposes", purposes_of(c, lang));
    enum code code = session_call(d->session, in, NULL, NULL, NULL, &r, reterr);
    json_decref(r);
    return code;
}

/* Each person comes in by a link that works once. */
static enum code invite_people(struct demo *d, const struct charter *charter, json_t *t, struct err *reterr) {
    const char *service = charter_name(charter);
    enum code code = OK;
    size_t i;
    json_t *person;
    json_array_foreach(json_object_get(t, "people"), i, person) {
        json_t *r = NULL, *self = json_object_get(person, "self");
        if (code != OK)
            break;
        json_t *in = json_copy(person);
        json_object_set_new(in, "do", json_string("user_invite"));
        json_object_set_new(in, "service", json_string(service));
        json_object_set(in, "tenant", json_object_get(t, "tenant"));
        if (self != NULL)
            json_object_set_new(in, "own", json_pack("[O]", self));
        code = session_call(d->session, in, NULL, NULL, NULL, &r, reterr);
        if (code == OK)
            json_object_set(person, "link", json_object_get(r, "link"));
        if (code == OK)
            code = authorise_person(d, charter, t, person, json_object_get(r, "account"), reterr);
        json_decref(r);
    }
    return code;
}

static int is_scene(const struct dirent *e) {
    size_t n = strlen(e->d_name);
    return n > 7 && strcmp(e->d_name + n - 7, ".ndjson") == 0 && e->d_name[0] >= '0' && e->d_name[0] <= '9';
}

static enum code load_scenes(struct demo *d, const char *service, json_t *tenants, struct err *reterr) {
    AUTO(buf_done) struct buf dir = BUF(8192);
    struct dirent **list = NULL;
    buf_printf(&dir, "%s/%s", d->from, service);
    int n = scandir(buf_str(&dir), &list, is_scene, alphasort);
    if (n < 0)
        return err_errno(reterr, errno, "cannot list %s", buf_str(&dir));
    enum code code = OK;
    for (int i = 0; i < n; i++) {
        if (code == OK)
            code = load_scene(d, service, list[i]->d_name, tenants, reterr);
        free(list[i]);
    }
    free(list);
    return code;
}

static enum code load_service(struct demo *d, const struct charter *charter, struct err *reterr) {
    const char *service = charter_name(charter);
    AUTO(buf_done) struct buf path = BUF(8192);
    json_t *top = NULL, *t;
    size_t i;
    buf_printf(&path, "%s/%s/tenants.json", d->from, service);
    if (!file_exists(buf_str(&path)))
        return OK;                           /* a service without scenes */
    enum code code = read_json(buf_str(&path), &top, reterr);
    json_t *tenants = json_object_get(top, "tenants");
    json_array_foreach(tenants, i, t)
        if (code == OK)
            code = make_tenant(d, service, t, reterr);
    if (code == OK)
        code = load_scenes(d, service, tenants, reterr);
    json_array_foreach(tenants, i, t)
        if (code == OK)
            code = make_tokens(d, service, t, reterr);
    json_array_foreach(tenants, i, t)
        if (code == OK)
            code = invite_people(d, charter, t, reterr);
    if (code == OK)
        json_array_append_new(d->services, json_pack("{s:s,s:O}", "service", service, "tenants", tenants));
    json_decref(top);
    return code == OK ? OK : err_prefix(reterr, "the scenes of %s", service);
}

/* Columns are counted in characters, not bytes: the names are Polish and Hungarian. */
static void print_way_in(const char *service, const char *tenant, const json_t *one, const char *secret) {
    size_t wide = text_points(tenant);
    printf("  %-9s %s%*s %-12s %s\n", service, tenant, wide < 26 ? (int)(26 - wide) : 0, "", json_string_value(json_object_get(one, "role")),
           json_string_value(json_object_get(one, secret)) ?: "");
}

/* Tokens, or the links of people. */
static void print_demo(json_t *demo, const char *list, const char *secret) {
    size_t i, k, m;
    json_t *service, *tenant, *one;
    json_array_foreach(json_object_get(demo, "services"), i, service)
        json_array_foreach(json_object_get(service, "tenants"), k, tenant)
            json_array_foreach(json_object_get(tenant, list), m, one)
                print_way_in(json_string_value(json_object_get(service, "service")), json_string_value(json_object_get(tenant, "name")), one, secret);
}

struct demo_args { const char *data, *config, *from; bool json, links; struct option_list services; };

static bool chosen(const struct demo_args *a, const char *service) {
    for (size_t i = 0; i < a->services.count; i++)
        if (strcmp(a->services.items[i], service) == 0)
            return true;
    return a->services.count == 0;
}

/* Opening the session may turn us into the server's user: the file is made before, and filled after. */
static enum code load_all(struct place *p, const struct demo_args *a, const char *state, json_t **ret, struct err *reterr) {
    struct charter *const *charters;
    size_t n;
    AUTO(session_close) struct session *s = NULL;
    AUTO(fd_close) int fd = open(state, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot make %s", state);
    enum code code = place_charters(p, &charters, &n, reterr);
    if (code == OK)
        code = session_open(p, &s, reterr);
    struct demo d = { p, s, a->from, json_array() };
    for (size_t i = 0; code == OK && i < n; i++)
        if (chosen(a, charter_name(charters[i])))
            code = load_service(&d, charters[i], reterr);
    json_t *demo = json_pack("{s:o}", "services", d.services);
    AUTO(buf_done) struct buf text = BUF(64u << 20);
    json_text_add(&text, demo);
    if (code == OK)
        code = text.failed ? err_set(reterr, E_MEMORY, "no memory for the demo") : fd_put(fd, buf_str(&text), text.len, reterr);
    if (code == OK && fsync(fd) != 0)
        code = err_errno(reterr, errno, "cannot make %s durable", state);
    if (code != OK) {
        (void)unlink(state);
        json_decref(demo);
        return code;
    }
    *ret = demo;
    return OK;
}

enum code cmd_demo_load(int argc, char *const *argv, struct err *reterr) {
    struct demo_args a = { .from = "demo" };
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &a.data }, { "config", OPTION_TEXT, &a.config }, { "from", OPTION_TEXT, &a.from },
                                      { "json", OPTION_FLAG, &a.json }, { "links", OPTION_FLAG, &a.links }, { "service", OPTION_LIST, &a.services } };
    AUTO(place_close) struct place *p = NULL;
    json_t *demo = NULL;
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK)
        code = place_open(a.data, a.config, &p, reterr);
    if (code != OK)
        return code;
    const char *state = place_path(p, "demo.json");
    struct stat st;
    bool loaded = stat(state, &st) == 0 && st.st_size > 0;
    if (!loaded)
        (void)unlink(state);                 /* of a run that was cut */
    code = loaded ? read_json(state, &demo, reterr) : load_all(p, &a, state, &demo, reterr);
    if (code == OK && a.json)
        ask_print(demo);
    else if (code == OK)
        print_demo(demo, a.links ? "people" : "tokens", a.links ? "link" : "token");
    json_decref(demo);
    return code;
}
