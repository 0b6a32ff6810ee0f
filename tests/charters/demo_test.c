/* demo_test.c — the scenes fit their charters: kinds, fields, options, consents, what records refer to, and nobody real. */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/test.h"
#include "charter/load.h"
#include "crypto/crypto.h"

static const char *const services[] = { "courier", "mail", "events", "machines", "bookings" };

struct scene { const struct charter *charter; const char *service, *file; int line; json_t *known; /* id → [kind, tenant] */ };

#define MUST(s, cond, ...) do { \
        if (!(cond)) { \
            fprintf(stderr, "demo/%s/%s:%d: ", (s)->service, (s)->file, (s)->line); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
        } \
        CHECK(cond); \
    } while (0)

static const char *kind_name(const struct scene *s, int kind) { return charter_kind_at(s->charter, kind)->name; }

/* The id was made before, as that kind, for the same tenant. */
static void refers(const struct scene *s, json_t *id, int kind, const char *tenant, const char *field) {
    json_t *made = json_is_string(id) ? json_object_get(s->known, json_string_value(id)) : NULL;
    MUST(s, made != NULL, "%s names no record that was made before", field);
    MUST(s, strcmp(json_string_value(json_array_get(made, 0)), kind_name(s, kind)) == 0, "%s names a record of another kind", field);
    MUST(s, strcmp(json_string_value(json_array_get(made, 1)), tenant) == 0, "%s names a record of another tenant", field);
}

static bool ends_with(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

/* Ranges that are reserved for fiction: Great Britain, France, Sweden. */
static bool fictional(const char *phone) {
    static const char *const from[] = { "+447700900", "+3319900", "+3363998", "+4670174060" };
    for (size_t i = 0; i < ARRAY_LEN(from); i++)
        if (strncmp(phone, from[i], strlen(from[i])) == 0)
            return true;
    return false;
}

static void value_fits(const struct scene *s, const struct field *f, json_t *v, const char *tenant) {
    const char *text = json_string_value(v);
    struct civil date;
    usec_t at;
    switch (f->type) {
    case T_EMAIL: MUST(s, text != NULL && ends_with(text, ".example"), "%s is no address of an example domain", f->name); break;
    case T_PHONE: MUST(s, text != NULL && fictional(text), "%s could ring somewhere", f->name); break;
    case T_ONE_OF: MUST(s, text != NULL && field_option(f, text) >= 0, "%s has no such option", f->name); break;
    case T_REFERENCE: refers(s, v, f->refers, tenant, f->name); break;
    case T_TIME: MUST(s, text != NULL && time_parse(text, &at), "%s is no time", f->name); break;
    case T_DATE: MUST(s, text != NULL && date_parse(text, &date), "%s is no date", f->name); break;
    case T_NUMBER: case T_COUNTER: MUST(s, json_is_number(v), "%s is no number", f->name); break;
    case T_YESNO: MUST(s, json_is_boolean(v), "%s is neither yes nor no", f->name); break;
    case T_MONEY: case T_PLACE: MUST(s, json_is_object(v) && json_object_size(v) == 2, "%s is no pair", f->name); break;
    case T_JSON: MUST(s, json_is_object(v), "%s is no object", f->name); break;
    case T_TEXT: case T_NAME: case T_ADDRESS: MUST(s, text != NULL && *text != '\0', "%s is no text", f->name); break;
    case T_FILE: case FIELD_TYPES: MUST(s, false, "%s cannot stand in a scene", f->name); break;
    }
}

static void record_fits(struct scene *s, int kind, json_t *row) {
    const struct kind *k = charter_kind_at(s->charter, kind);
    const char *tenant = json_string_value(json_object_get(row, "tenant")), *id = json_string_value(json_object_get(row, "id")), *name;
    json_t *fields = json_object_get(row, "fields"), *v;
    MUST(s, tenant != NULL && id != NULL && json_is_object(fields), "a line has tenant, id and fields");
    MUST(s, strlen(id) == 36 && id[14] == '7' && json_object_get(s->known, id) == NULL, "the id is no new UUIDv7");
    json_object_foreach(fields, name, v) {
        int f = kind_field(k, name);
        bool parent = k->parent >= 0 && strcmp(name, kind_name(s, k->parent)) == 0;
        MUST(s, f >= 0 || parent, "%s has no field %s", k->name, name);
        if (parent)
            refers(s, v, k->parent, tenant, name);
        else
            value_fits(s, &k->fields[f], v, tenant);
        if (f >= 0 && k->fields[f].consent != NULL)
            MUST(s, json_is_true(json_object_get(json_object_get(row, "consents"), k->fields[f].consent)), "%s stands without its consent", name);
    }
    for (size_t f = 0; f < k->field_count; f++)
        MUST(s, k->fields[f].optional || json_object_get(fields, k->fields[f].name) != NULL, "%s is missing", k->fields[f].name);
    MUST(s, k->parent < 0 || json_object_get(fields, kind_name(s, k->parent)) != NULL, "what it belongs to is missing");
    json_object_set_new(s->known, id, json_pack("[s,s]", k->name, tenant));
}

static void file_fits(struct scene *s, json_t *tenants) {
    char path[1024], kind_text[128], *line = NULL;
    size_t room = 0;
    const char *dash = strchr(s->file, '-');
    CHECK(dash != NULL && snprintf(kind_text, sizeof kind_text, "%.*s", (int)(strlen(dash + 1) - strlen(".ndjson")), dash + 1) < (int)sizeof kind_text);
    int kind = charter_kind(s->charter, kind_text);
    MUST(s, kind >= 0, "the charter has no kind %s", kind_text);
    CHECK(snprintf(path, sizeof path, "%s/demo/%s/%s", SOURCE, s->service, s->file) < (int)sizeof path);
    FILE *f = fopen(path, "re");
    CHECK(f != NULL);
    for (s->line = 1; getline(&line, &room, f) > 0; s->line++) {
        json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL), *t;
        bool known = false;
        size_t i;
        MUST(s, row != NULL, "the line is no JSON object");
        json_array_foreach(tenants, i, t)
            known = known || json_equal(json_object_get(t, "key"), json_object_get(row, "tenant"));
        MUST(s, known, "tenants.json has no such tenant");
        record_fits(s, kind, row);
        json_decref(row);
    }
    free(line);
    CHECK(fclose(f) == 0);
}

static void tokens_fit(const struct scene *s, json_t *tenants) {
    json_t *t, *token;
    size_t i, k;
    json_array_foreach(tenants, i, t)
        json_array_foreach(json_object_get(t, "tokens"), k, token) {
            const char *role = json_string_value(json_object_get(token, "role"));
            json_t *record = json_object_get(token, "record");
            MUST(s, role != NULL && charter_person(s->charter, role) >= 0, "a token has a role that the charter does not know");
            MUST(s, record == NULL || json_object_get(s->known, json_string_value(record)) != NULL, "the record of the token of %s is not in the scenes", role);
        }
}

static int is_scene(const struct dirent *e) { return ends_with(e->d_name, ".ndjson"); }

static void service_fits(const char *service) {
    char path[1024];
    struct err e;
    AUTO(findings_free) struct findings *found = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    struct dirent **list = NULL;
    CHECK(snprintf(path, sizeof path, "%s/charters/%s.yaml", SOURCE, service) < (int)sizeof path);
    CHECK_OK(charter_load(path, found, &c, &e), &e);
    CHECK(snprintf(path, sizeof path, "%s/demo/%s/tenants.json", SOURCE, service) < (int)sizeof path);
    json_t *top = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    json_t *tenants = json_object_get(top, "tenants");
    CHECK(json_array_size(tenants) == 2);
    struct scene s = { c, service, "tenants.json", 1, json_object() };
    CHECK(snprintf(path, sizeof path, "%s/demo/%s", SOURCE, service) < (int)sizeof path);
    int n = scandir(path, &list, is_scene, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        s.file = list[i]->d_name;
        file_fits(&s, tenants);
        free(list[i]);
    }
    free(list);
    s.file = "tenants.json";
    tokens_fit(&s, tenants);
    CHECK(json_object_size(s.known) >= 20 && json_object_size(s.known) <= 200);
    json_decref(s.known);
    json_decref(top);
}

TEST(scenes_fit_their_charters) {
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        service_fits(services[i]);
}
