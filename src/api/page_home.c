/* page_home.c — whose a form is: by the door of the record that it stands under, or by the tenant's name. */
#include "api/page_home.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "charter/labels.h"
#include "store/tables.h"

#define CHOICES_MAX 200

/* ---- which tenant */
static struct caller sejf_itself(int64_t tenant) {
    return (struct caller){ .tenant = tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
}

static enum code parent_tenant(struct service *s, int kind, const struct uuid *id, int64_t *ret, struct err *reterr) {
    const struct charter *c = service_charter(s);
    int32_t number, found;
    int64_t tenant;
    enum code code = name_number(service_store(s), charter_name(c), 'k', charter_kind_at(c, kind)->name, &number, reterr);
    if (code == OK)
        code = door_find(service_store(s), id, &found, &tenant, reterr);
    if (code == OK && found != number)
        code = err_set(reterr, E_NOT_FOUND, "no record with this id takes forms");
    if (code == OK)
        *ret = tenant;
    return code;
}

static enum code named_tenant(struct slugs *slugs, struct service *s, const char *scope, struct arena *arena, int64_t *ret, struct err *reterr) {
    const char *service = charter_name(service_charter(s));
    struct tenant_row row;
    struct err e;
    int64_t id = 0;
    if (text_int(scope, 1, INT64_MAX, &id) && tenant_get(service_store(s), id, &row, arena, &e) == OK && row.closed == 0 && strcmp(row.service, service) == 0) {
        *ret = id;
        return OK;
    }
    return slugs_find(slugs, service_store(s), service, scope, ret, reterr);
}

void home_done(struct home *h) {
    json_decref(h->parent_record);
    h->parent_record = NULL;
}

static enum code parent_load(struct service *s, struct home *h, const char *scope, struct err *reterr) {
    const struct kind *k = charter_kind_at(service_charter(s), h->kind);
    if (!uuid_parse(scope, &h->parent))
        return err_set(reterr, E_NOT_FOUND, "a form stands under the id of the record that it belongs to");
    enum code code = parent_tenant(s, k->parent, &h->parent, &h->tenant, reterr);
    if (code != OK)
        return code;
    struct caller who = sejf_itself(h->tenant);
    return record_read(s, &(struct record_request){ .who = &who, .kind = k->parent, .id = h->parent, .if_match = -1 }, &h->parent_record, reterr);
}

enum code home_find(struct slugs *slugs, struct service *s, const char *form, const char *scope, struct arena *arena, struct home *ret, struct err *reterr) {
    const struct charter *c = service_charter(s);
    AUTO(home_done) struct home h = { .kind = charter_form(c, form) };
    struct tenant_row row;
    if (h.kind < 0)
        return err_set(reterr, E_NOT_FOUND, "the service has no form of that name");
    enum code code = charter_kind_at(c, h.kind)->parent >= 0 ? parent_load(s, &h, scope, reterr) : named_tenant(slugs, s, scope, arena, &h.tenant, reterr);
    if (code == OK)
        code = tenant_get(service_store(s), h.tenant, &row, arena, reterr);
    if (code != OK)
        return code;
    if (row.closed != 0)
        return err_set(reterr, E_NOT_FOUND, "the tenant of this form is closed");
    h.tenant_name = row.name;
    *ret = h;
    h.parent_record = NULL;
    return OK;
}

/* ---- choices */
/* The field that names a record. A form is open to everybody, so a personal one names nothing, whoever may see it of their own. */
static int title_field(const struct charter *c, int kind) {
    static const char *const names[] = { "title", "name" };
    const struct kind *k = charter_kind_at(c, kind);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int at = kind_field(k, names[i]);
        if (at >= 0 && k->fields[at].level == L_PLAIN)
            return at;
    }
    return -1;
}

static json_t *choice_title(const struct charter *c, int kind, int title, const json_t *record, size_t at, enum lang lang) {
    const struct kind *k = charter_kind_at(c, kind);
    const char *text = title < 0 ? NULL : json_string_value(json_object_get(json_object_get(record, "fields"), k->fields[title].name));
    if (text != NULL)
        return json_string(text);
    AUTO(buf_done) struct buf b = BUF(512);
    label_title(&b, k->label.in[lang]);
    buf_printf(&b, " %zu", at + 1);
    return json_string(buf_str(&b));
}

static enum code kind_choices(struct service *s, const struct home *h, int kind, enum lang lang, json_t **ret, struct err *reterr) {
    const struct charter *c = service_charter(s);
    struct caller who = sejf_itself(h->tenant);
    int title = title_field(c, kind);
    json_t *query = json_pack("{s:s}", "limit", "200"), *page = NULL, *list = json_array();
    enum code code = query == NULL ? err_set(reterr, E_MEMORY, "no memory for a query") : record_list(s, &who, kind, query, &page, reterr);
    const json_t *items = json_object_get(page, "items");
    for (size_t i = 0; code == OK && i < json_array_size(items) && i < CHOICES_MAX; i++) {
        const json_t *one = json_array_get(items, i);
        json_array_append_new(list, json_pack("{s:s?, s:o}", "id", json_string_value(json_object_get(one, "id")), "title", choice_title(c, kind, title, one, i, lang)));
    }
    json_decref(query);
    json_decref(page);
    if (code != OK) {
        json_decref(list);
        return code;
    }
    *ret = list;
    return OK;
}

enum code home_choices(struct service *s, const struct home *h, enum lang lang, json_t **ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(service_charter(s), h->kind);
    fieldset asks = kind_asks(k);
    json_t *all = json_object();
    for (size_t i = 0; i < k->field_count; i++) {
        json_t *list = NULL;
        if ((asks >> i & 1) == 0 || k->fields[i].type != T_REFERENCE)
            continue;
        enum code code = kind_choices(s, h, k->fields[i].refers, lang, &list, reterr);
        if (code != OK) {
            json_decref(all);
            return code;
        }
        json_object_set_new(all, k->fields[i].name, list);
    }
    *ret = all;
    return OK;
}
