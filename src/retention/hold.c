/* hold.c — the row says what is held and until when; why, in words, stands in the sealed entry, and only there. The number is known inside
 * the write alone, so the entry is sealed there. Invariant: a row whose bytes are not empty has a key that is not doomed. */
#include "retention/hold.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/doom.h"
#include "records/entry.h"
#include "records/held.h"
#include "records/use.h"
#include "retention/clock.h"
#include "retention/sweep.h"
#include "store/closing.h"
#include "store/consent.h"
#include "store/hold.h"

#define REGISTER "hold"
#define LISTED 50u
#define CLOSED_AT_ONCE 200u
#define FIELDS_TEXT_MAX ((size_t)16 << 10)

struct step {
    struct service *s; const struct caller *who; char text[CALLER_TEXT]; const char *by;
    struct hold_row row; struct key key; json_t *entry;
    struct arena *arena;
};

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a hold"); }

static enum code owner_check(const struct service *s, const struct caller *who, struct err *reterr) {
    return use_owner(s, who) ? OK : err_set(reterr, E_FORBIDDEN, "holds are set and lifted by the tenant's own role");
}

/* ---- what is asked */

/* A text of the entry, from "/member". */
static enum code text_take(const char *text, const char *path, size_t most, json_t *entry, struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF(8 * HOLD_WHY);
    size_t len = text == NULL ? 0 : strnlen(text, most + 1);
    if (len == 0 || len > most)
        return err_field(reterr, E_FIELDS, path, "the %s of a hold has 1 to %zu bytes", strcmp(path, "/why") == 0 ? "ground" : "name", most);
    if (!text_clean(text, len, &b) || b.len == 0)
        return b.failed ? no_memory(reterr) : err_field(reterr, E_FIELDS, path, "this is no text");
    return json_object_set_new(entry, path + 1, json_string(buf_str(&b))) == 0 ? OK : no_memory(reterr);
}

static bool day_end(const struct zone *zone, const char *text, usec_t *ret) {
    struct civil c = { 0 };
    struct span day = { .days = 1 };
    if (!date_parse(text, &c))
        return false;
    c.hour = c.minute = c.second = c.usec = 0;
    *ret = zone_add(zone, zone_instant(zone, &c), &day, 1);
    return true;
}

static enum code until_take(const struct service *s, const char *text, usec_t now, usec_t *ret, struct err *reterr) {
    usec_t until = USEC_NEVER;
    if (text != NULL && !day_end(charter_zone(s->charter), text, &until) && !time_parse(text, &until))
        return err_field(reterr, E_FIELDS, "/until", "this is no day such as 2027-05-31, and no time");
    if (until <= now)
        return err_field(reterr, E_FIELDS, "/until", "that has passed: a hold ends later, or is lifted by hand");
    *ret = until;
    return OK;
}

/* These fields, and those that share a part with one of them. */
static enum code fields_take(const struct kind *k, const json_t *fields, struct arena *arena, const char **ret, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(FIELDS_TEXT_MAX);
    uint64_t parts = 0;
    size_t i;
    json_t *name;
    if (fields != NULL && json_array_size(fields) == 0)
        return err_field(reterr, E_FIELDS, "/fields", "fields are names of %s; without any the whole record is held", k->name);
    json_array_foreach(fields, i, name) {
        int field = json_is_string(name) ? kind_field(k, json_string_value(name)) : -1;
        if (field < 0)
            return err_field(reterr, E_FIELDS, "/fields", "%s has no field of one of these names", k->name);
        parts |= UINT64_C(1) << k->fields[field].part;
    }
    for (size_t f = 0; f < k->field_count; f++)
        if ((parts >> k->fields[f].part & 1) != 0)
            buf_printf(&b, "%s%s", b.len > 0 ? " " : "", k->fields[f].name);
    *ret = b.failed ? NULL : arena_text(arena, buf_str(&b));
    return *ret == NULL ? no_memory(reterr) : OK;
}

/* ---- as it is told */

static struct entry_place place_of(int64_t tenant, const struct hold_row *r) {
    return (struct entry_place){ .name = REGISTER, .tenant = tenant, .number = r->number, .id = r->id, .key = r->key };
}

static json_t *fields_json(const struct kind *k, const char *fields) {
    if (k == NULL || fields[0] == 0)
        return json_null();
    json_t *list = json_array();
    for (size_t f = 0; f < k->field_count; f++)
        if ((held_named(k, fields) >> k->fields[f].part & 1) != 0)
            json_array_append_new(list, json_string(k->fields[f].name));
    return list;
}

static json_t *time_json(usec_t t) {
    char text[32];
    return t == USEC_NEVER || t == 0 ? json_null() : json_string(time_format(t, text, sizeof text));
}

static json_t *row_json(const struct service *s, const struct hold_row *r, const json_t *entry, usec_t now) {
    char id[UUID_TEXT];
    const struct kind_info *k = service_kind_by_number(s, r->kind);
    return json_pack("{s:I, s:s?, s:s, s:o, s:O?, s:O?, s:o, s:s, s:o, s:o, s:s}", "number", (json_int_t)r->number, "kind", k == NULL ? NULL : k->kind->name, "id", uuid_format(&r->id, id),
                     "fields", fields_json(k == NULL ? NULL : k->kind, r->fields), "why", json_object_get(entry, "why"), "name", json_object_get(entry, "name"), "until", time_json(r->until), "by", r->by, "made",
                     time_json(r->made), "lifted", time_json(r->lifted), "state", r->until <= now && (r->lifted == 0 || r->lifted == r->until) ? "ended" : r->lifted != 0 ? "lifted" : "holds");
}

struct listing { struct arena *arena; struct hold_row *rows; size_t count, most; bool failed; int32_t kind; const struct uuid *id; };

static bool keep(const struct hold_row *r, void *arg) {
    struct listing *l = arg;
    if (l->id != NULL && (r->kind != l->kind || uuid_compare(&r->id, l->id) != 0))
        return true;
    struct hold_row *to = &l->rows[l->count];
    *to = *r;
    to->fields = arena_text(l->arena, r->fields);
    to->by = arena_text(l->arena, r->by);
    to->blob = arena_text_n(l->arena, r->len > 0 ? r->blob : "", r->len);
    l->failed = to->fields == NULL || to->by == NULL || to->blob == NULL;
    return ++l->count < l->most && !l->failed;
}

/* Opens the grounds of `count` rows with one question. */
static enum code rows_told(struct service *s, int64_t tenant, const struct hold_row *rows, size_t count, json_t *items, struct err *reterr) {
    key_id ids[LISTED + 1];
    bool ok[LISTED + 1];
    struct key keys[LISTED + 1];
    size_t lost = mem_lost();
    PRE(count <= LISTED);
    for (size_t i = 0; i < count; i++)
        ids[i] = rows[i].key;
    enum code code = count == 0 ? OK : keeper_open(s->keeper, tenant, ids, count, keys, ok, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        json_t *entry = NULL;
        struct entry_place at = place_of(tenant, &rows[i]);
        if (ok[i] && rows[i].len > 0)
            code = entry_open(&at, &keys[i], rows[i].blob, rows[i].len, &entry, reterr);
        if (code == OK)
            json_array_append_new(items, row_json(s, &rows[i], entry, clock_now()));
        json_decref(entry);
    }
    crypto_wipe(keys, sizeof keys);
    return code == OK && mem_lost() != lost ? no_memory(reterr) : code;
}

static enum code one_told(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct hold_row row = { .by = NULL };
    struct listing l = { .arena = arena, .rows = &row, .most = 1 };
    struct view *v = NULL;
    json_t *items = json_array();
    enum code code = arena == NULL || items == NULL ? no_memory(reterr) : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = hold_get(view_sql(v), number, keep, &l, reterr);
    view_end(v);                               /* the keeper is asked without a view open */
    if (code == OK)
        code = l.failed ? no_memory(reterr) : rows_told(s, tenant, &row, 1, items, reterr);
    if (code == OK)
        *ret = json_incref(json_array_get(items, 0));
    json_decref(items);
    return code;
}

/* ---- holding */

/* A record that is read says what holds it: it has a new version with each hold. One that has gone meanwhile has none. */
static enum code told_anew(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr) {
    enum code code = row_mark(t, kind, id, 0, 0, reterr);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

static enum code note(struct txn *t, const struct step *p, const char *verb, struct err *reterr) {
    char id[UUID_TEXT];
    const struct kind_info *k = service_kind_by_number(p->s, p->row.kind);
    json_t *what = json_pack("{s:I, s:s*, s:s, s:o, s:o}", "number", (json_int_t)p->row.number, "kind", k == NULL ? NULL : k->kind->name, "id", uuid_format(&p->row.id, id),
                             "fields", fields_json(k == NULL ? NULL : k->kind, p->row.fields), "until", time_json(p->row.until));
    enum code code = ledger_append(t, verb, p->by, what, reterr);
    json_decref(what);
    return code;
}

/* While an account goes, what is held goes with it: then nobody is told that it stays. */
static enum code stands_check(struct txn *t, struct arena *arena, struct err *reterr) {
    struct closing_row r;
    struct arena_mark mark = arena_mark(arena);
    enum code code = closing_get(txn_sql(t), &r, arena, reterr);
    const bool going = code == OK && r.state == CLOSING_GOING;
    arena_rewind(arena, mark);
    if (code == E_NOT_FOUND)
        return OK;
    return going ? err_set(reterr, E_CONFLICT, "this account is being erased: nothing of it can be held any more") : code;
}

static enum code set_write(struct txn *t, void *arg, struct err *reterr) {
    struct step *p = arg;
    AUTO(buf_done) struct buf sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD);
    struct record r;
    const struct kind_info *k = service_kind_by_number(p->s, p->row.kind);
    struct arena_mark mark = arena_mark(p->arena);
    enum code code = record_find(txn_sql(t), k, &p->row.id, p->arena, &r, reterr);
    arena_rewind(p->arena, mark);
    if (code == OK)
        code = stands_check(t, p->arena, reterr);
    if (code == OK)
        code = hold_next(txn_sql(t), &p->row.number, reterr);
    struct entry_place at = place_of(txn_tenant(t), &p->row);
    if (code == OK)
        code = entry_seal(&at, &p->key, p->entry, &sealed, reterr);
    if (code != OK)
        return code;
    struct hold_row row = p->row;
    row.blob = sealed.data;
    row.len = sealed.len;
    code = hold_put(t, &row, &row.number, reterr);
    if (code == OK)
        code = told_anew(t, row.kind, &row.id, reterr);
    return code == OK ? note(t, p, "hold_set", reterr) : code;
}

static enum code set_run(struct step *p, struct err *reterr) {
    struct err late;
    enum code code = keeper_make(p->s->keeper, p->who->tenant, p->row.until, 1, &p->row.key, &p->key, reterr);
    if (code != OK)
        return code;
    code = store_write(p->s->store, p->who->tenant, set_write, p, reterr);
    crypto_wipe(&p->key, sizeof p->key);
    if (code != OK)
        (void)!keeper_destroy(p->s->keeper, p->who->tenant, &p->row.key, 1, &late);       /* nothing was sealed under it that stands */
    return code;
}

enum code hold_set(struct service *s, const struct caller *who, const struct hold_wish *w, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && w != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct step p = { .s = s, .who = who, .arena = arena, .entry = json_object() };
    const struct kind_info *k = service_kind(s, w->kind);
    p.by = caller_text(who, p.text, sizeof p.text);
    p.row = (struct hold_row){ .kind = k->number, .id = w->id, .by = p.by };
    enum code code = arena == NULL || p.entry == NULL ? no_memory(reterr) : owner_check(s, who, reterr);
    if (code == OK)
        code = fields_take(k->kind, w->fields, arena, &p.row.fields, reterr);
    if (code == OK)
        code = text_take(w->why, "/why", HOLD_WHY, p.entry, reterr);
    if (code == OK && w->name != NULL)
        code = text_take(w->name, "/name", HOLD_NAME, p.entry, reterr);
    if (code == OK)
        code = until_take(s, w->until, clock_now(), &p.row.until, reterr);
    if (code == OK)
        code = set_run(&p, reterr);
    json_decref(p.entry);
    return code == OK ? one_told(s, who->tenant, p.row.number, ret, reterr) : code;
}

/* ---- lifting */

static enum code end_write(struct txn *t, void *arg, struct err *reterr) {
    struct step *p = arg;
    struct listing l = { .arena = p->arena, .rows = &p->row, .most = 1 };
    struct arena_mark mark = arena_mark(p->arena);
    int64_t number = p->row.number;
    enum code code = hold_get(txn_sql(t), number, keep, &l, reterr);
    if (code == OK && l.failed)
        code = no_memory(reterr);
    if (code == OK && p->row.lifted == 0 && p->row.until <= txn_now(t))
        code = err_set(reterr, E_NOT_FOUND, "this hold ended by itself");
    if (code == OK)
        code = hold_lift(t, number, txn_now(t), reterr);
    if (code == OK)
        code = doomed_put(t, p->row.key, reterr);
    if (code == OK)
        code = hold_close(t, number, reterr);
    if (code == OK)
        code = told_anew(t, p->row.kind, &p->row.id, reterr);
    if (code == OK)
        code = note(t, p, "hold_lifted", reterr);
    if (code != OK)
        arena_rewind(p->arena, mark);
    p->row.number = number;
    return code;
}

/* What was overdue goes at once, or with the next turn. */
#define SWEEP_TIME (3 * USEC_PER_SEC)
static void overdue_go(struct service *s, int64_t tenant) {
    const struct sweep_terms terms = { .now = clock_now(), .until = clock_steady() + SWEEP_TIME };
    struct retired sum = { 0 };
    struct err later;
    bool more = false;
    if (!clock_held(s->store))
        (void)!sweep_tenant(s, tenant, &terms, &sum, &more, &later);
}

enum code hold_end(struct service *s, const struct caller *who, int64_t number, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct step p = { .s = s, .who = who, .arena = arena, .row = { .number = number } };
    struct err later;
    p.by = caller_text(who, p.text, sizeof p.text);
    enum code code = arena == NULL ? no_memory(reterr) : owner_check(s, who, reterr);
    if (code == OK)
        code = store_write(s->store, who->tenant, end_write, &p, reterr);
    if (code != OK)
        return code;
    (void)!doom_now(s, who->tenant, &p.row.key, 1, &later);        /* it stands as doomed: the upkeep goes on */
    overdue_go(s, who->tenant);
    return one_told(s, who->tenant, number, ret, reterr);
}

/* ---- those whose end has come */

struct over { key_id keys[CLOSED_AT_ONCE]; int64_t numbers[CLOSED_AT_ONCE]; struct retire_id records[CLOSED_AT_ONCE]; size_t count; };
static bool over_take(const struct hold_row *r, void *arg) {
    struct over *o = arg;
    o->numbers[o->count] = r->number;
    o->records[o->count] = (struct retire_id){ r->kind, r->id };
    o->keys[o->count++] = r->key;
    return o->count < CLOSED_AT_ONCE;
}

static enum code over_write(struct txn *t, void *arg, struct err *reterr) {
    struct over *o = arg;
    o->count = 0;
    enum code code = holds_ended(txn_sql(t), txn_now(t), over_take, o, reterr);
    for (size_t i = 0; code == OK && i < o->count; i++) {
        code = doomed_put(t, o->keys[i], reterr);
        if (code == OK)
            code = hold_close(t, o->numbers[i], reterr);
        if (code == OK)
            code = told_anew(t, o->records[i].kind, &o->records[i].id, reterr);
    }
    return code;
}

static bool stop_at_one(const struct hold_row *r UNUSED, void *arg) {
    *(bool *)arg = true;
    return false;
}

enum code holds_over(struct service *s, int64_t tenant, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    struct over *o = NULL;
    enum code code = OK;
    for (bool any = !clock_held(s->store); any && code == OK;) {      /* a clock in doubt ends nothing for good */
        struct view *v = NULL;
        any = false;
        code = store_view(s->store, tenant, &v, reterr);
        if (code == OK)
            code = holds_ended(view_sql(v), clock_now(), stop_at_one, &any, reterr);
        view_end(v);                           /* most tenants have none: no write */
        if (!any || code != OK)
            break;
        if (o == NULL && (o = mem_new(sizeof *o)) == NULL)
            code = no_memory(reterr);
        if (code == OK)
            code = store_write(s->store, tenant, over_write, o, reterr);
        if (code == OK)
            code = doom_now(s, tenant, o->keys, o->count, reterr);
        any = code == OK && o->count > 0;
    }
    mem_free(o);
    return code;
}

/* ---- the list */

enum code holds_told(struct service *s, const struct caller *who, int64_t before, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(LISTED * 2 * ENTRY_TEXT_MAX);
    struct listing l = { .arena = arena, .most = LISTED + 1, .id = id != NULL && !uuid_is_null(id) ? id : NULL };
    struct view *v = NULL;
    json_t *items = json_array();
    enum code code = owner_check(s, who, reterr);
    if (code == OK && (arena == NULL || items == NULL || (l.rows = arena_array(arena, LISTED + 1, sizeof *l.rows)) == NULL))
        code = no_memory(reterr);
    if (l.id != NULL && code == OK)
        l.kind = service_kind(s, kind)->number;
    if (code == OK)
        code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = holds_list(view_sql(v), before, keep, &l, reterr);
    view_end(v);
    size_t shown = l.count < LISTED ? l.count : LISTED;
    if (code == OK)
        code = l.failed ? no_memory(reterr) : rows_told(s, who->tenant, l.rows, shown, items, reterr);
    if (code == OK && (*ret = json_pack("{s:O, s:o}", "items", items, "next", l.count > LISTED ? json_integer(l.rows[LISTED - 1].number) : json_null())) == NULL)
        code = no_memory(reterr);
    json_decref(items);
    return code;
}
