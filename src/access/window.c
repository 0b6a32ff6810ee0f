/* window.c — whether a window is open is a matter of its row and the time alone; that it has ended is noted later, by the upkeep. */
#include "access/window.h"

#include <stdio.h>
#include <string.h>

#include "access/inside.h"
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/looks.h"
#include "store/people.h"
#include "store/register.h"

#define REGISTER "window"
#define KINDS_TEXT ((size_t)16 << 10)

/* ---- opening ---- */

struct opening { const struct registrar *r; const struct actor *by; struct support_row row; struct key key; json_t *entry; struct buf kinds; usec_t span; };

static enum code kinds_take(struct opening *o, const json_t *kinds, struct err *reterr) {
    size_t i;
    json_t *v;
    if (kinds == NULL)
        return OK;
    if (!json_is_array(kinds) || json_array_size(kinds) == 0)
        return err_field(reterr, E_FIELDS, "/kinds", "a list of kinds of records, or nothing for all");
    json_array_foreach(kinds, i, v)
        if (!json_is_string(v) || charter_kind(o->r->charter, json_string_value(v)) < 0)
            return err_field(reterr, E_FIELDS, "/kinds", "the charter has no kind of record of this name");
    json_text_add(&o->kinds, kinds);
    return o->kinds.failed ? err_field(reterr, E_FIELDS, "/kinds", "the list of kinds is too long") : OK;
}

/* By the wall clock, and by the store's own time for as long. */
static enum code until_take(struct opening *o, usec_t until, usec_t now, struct err *reterr) {
    struct span most = charter_window_most(o->r->charter);
    char text[64];
    usec_t latest = zone_add(charter_zone(o->r->charter), now, &most, 1);
    if (latest <= now)
        return err_set(reterr, E_FORBIDDEN, "the charter lets nobody open a window for the operator's staff");
    if (until == 0)
        until = latest;
    if (until <= now)
        return err_field(reterr, E_FIELDS, "/until", "this time has passed");
    if (until > latest)
        return err_field(reterr, E_FIELDS, "/until", "a window is open for %s at most", span_format(&most, text, sizeof text));
    o->row.until = until;
    o->span = until - now;
    return OK;
}

static enum code why_take(struct opening *o, const char *why, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(4096);
    char id[UUID_TEXT];
    const struct uuid *by = &o->by->account;
    if (why == NULL || strnlen(why, 4096) >= 4096 || !text_clean(why, strlen(why), &b) || b.len == 0)
        return err_field(reterr, E_FIELDS, "/why", "a window has a reason, in a few words");
    if (b.len > WINDOW_WHY)
        return err_field(reterr, E_FIELDS, "/why", "at most %u bytes", WINDOW_WHY);
    json_object_set_new(o->entry, "why", json_string(buf_str(&b)));
    json_object_set_new(o->entry, "opened_by", json_pack("{s:o, s:o}", "account", uuid_is_null(by) ? json_null() : json_string(uuid_format(by, id)),
                                                         "name", o->by->name == NULL ? json_null() : json_string(o->by->name)));
    return OK;
}

/* Only an account of the support staff can use one. */
static enum code staff_check(const struct registrar *r, const struct uuid *account, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct member_row row;
    if (uuid_is_null(account))
        return OK;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to open a window");
    enum code code = store_view(r->store, 0, &v, reterr);
    if (code == OK)
        code = member_get(view_sql(v), 0, account, &row, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && strcmp(row.role, "support") != 0))
        return err_field(reterr, E_FIELDS, "/account", "this account is not of the operator's support staff");
    return code;
}

static struct entry_place place_of(int64_t tenant, const struct support_row *row) {
    return (struct entry_place){ .name = REGISTER, .tenant = tenant, .number = row->number, .id = row->account, .key = row->key };
}

static enum code ledger_say(struct txn *t, const char *verb, int64_t number, const char *who, json_t *more, struct err *reterr) {
    json_t *what = json_pack("{s:I}", "number", (json_int_t)number);
    if (more != NULL && json_object_update(what, more) != 0) {
        json_decref(what);
        what = NULL;
    }
    enum code code = ledger_append(t, verb, who, what, reterr);
    json_decref(what);
    return code;
}

/* For whom, which kinds, until when: no word that was typed. */
static enum code opened_say(struct txn *t, const struct opening *o, const struct support_row *row, struct err *reterr) {
    char id[UUID_TEXT], when[40], who[ACTOR_TEXT];
    json_t *kinds = row->kinds[0] == 0 ? json_null() : json_loads(row->kinds, 0, NULL);
    json_t *more = json_pack("{s:o, s:o, s:s}", "account", uuid_is_null(&row->account) ? json_null() : json_string(uuid_format(&row->account, id)), "kinds", kinds,
                             "until", time_format(row->until, when, sizeof when));
    enum code code = more == NULL ? err_set(reterr, E_MEMORY, "no memory to open a window")
                                  : ledger_say(t, "window_opened", row->number, actor_text(o->by, who), more, reterr);
    json_decref(more);
    return code;
}

static enum code open_write(struct txn *t, void *arg, struct err *reterr) {
    struct opening *o = arg;
    char by[ACTOR_TEXT];
    AUTO(buf_done) struct buf sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD);
    struct support_row row = o->row;
    enum code code = support_next(txn_sql(t), &row.number, reterr);
    struct entry_place at = place_of(o->r->tenant, &row);
    if (code == OK)
        code = entry_seal(&at, &o->key, o->entry, &sealed, reterr);
    if (code != OK)
        return code;
    row.opened = txn_now(t);
    row.ran_until = txn_ran(t) + o->span;
    row.kinds = buf_str(&o->kinds);
    row.by = actor_text(o->by, by);
    row.blob = sealed.data;
    row.len = sealed.len;
    o->row.number = row.number;
    code = support_put(t, &row, reterr);
    return code == OK ? opened_say(t, o, &row, reterr) : code;
}

static enum code open_run(struct opening *o, int64_t *ret_number, struct err *reterr) {
    const struct registrar *r = o->r;
    struct err late;
    enum code code = keeper_make(r->keeper, r->tenant, USEC_NEVER, 1, &o->row.key, &o->key, reterr);
    if (code != OK)
        return code;
    code = store_write(r->store, r->tenant, open_write, o, reterr);
    crypto_wipe(&o->key, sizeof o->key);
    access_forget();
    if (code == OK)
        *ret_number = o->row.number;
    else
        (void)!keeper_destroy(r->keeper, r->tenant, &o->row.key, 1, &late);       /* nothing was sealed under it that stands */
    return code;
}

enum code window_open(const struct registrar *r, const struct window_wish *w, const struct actor *by, int64_t *ret_number, struct err *reterr) {
    PRE(r != NULL && w != NULL && by != NULL && ret_number != NULL);
    if (r->charter == NULL)
        return err_set(reterr, E_NOT_FOUND, "the operator's own staff has no records to open");
    size_t lost = mem_lost();
    struct opening o = { .r = r, .by = by, .row.account = w->account, .entry = json_object(), .kinds = BUF(KINDS_TEXT) };
    enum code code = until_take(&o, w->until, clock_now(), reterr);
    if (code == OK)
        code = staff_check(r, &w->account, reterr);
    if (code == OK)
        code = kinds_take(&o, w->kinds, reterr);
    if (code == OK)
        code = why_take(&o, w->why, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory to open a window");
    if (code == OK)
        code = open_run(&o, ret_number, reterr);
    json_decref(o.entry);
    buf_done(&o.kinds);
    return code;
}

/* ---- closing and ending ---- */

static bool row_take(const struct support_row *row, void *arg) {
    *(struct support_row *)arg = *row;
    return true;
}

struct closing { int64_t number; const char *verb, *who; bool at_end; };

/* One that is over already is noted as ended, whoever comes first. */
static enum code close_write(struct txn *t, void *arg, struct err *reterr) {
    const struct closing *c = arg;
    struct support_row row;
    enum code code = support_get(txn_sql(t), c->number, row_take, &row, reterr);
    if (code != OK)
        return code;
    bool over = row.until <= txn_now(t) || row.ran_until <= txn_ran(t);
    usec_t end = row.until < txn_now(t) ? row.until : txn_now(t);
    if (!over && c->at_end)
        return err_set(reterr, E_CONFLICT, "this window is not over yet");
    code = support_close(t, c->number, end, reterr);
    return code == OK ? ledger_say(t, over ? "window_ended" : "window_closed", c->number, over ? "sejf" : c->who, NULL, reterr) : code;
}

enum code window_close(const struct registrar *r, int64_t number, const struct actor *by, struct err *reterr) {
    char who[ACTOR_TEXT];
    struct closing c = { .number = number, .who = actor_text(by, who) };
    enum code code = store_write(r->store, r->tenant, close_write, &c, reterr);
    access_forget();
    return code;
}

struct ending { struct store *store; enum code code; struct err *err; };

static bool end_one(int64_t tenant, int64_t number, void *arg) {
    struct ending *e = arg;
    struct closing c = { .number = number, .who = "sejf", .at_end = true };
    e->code = store_write(e->store, tenant, close_write, &c, e->err);
    if (e->code == E_NOT_FOUND || e->code == E_CONFLICT)       /* closed meanwhile */
        e->code = OK;
    return e->code == OK;
}

enum code windows_end(struct store *s, usec_t now, struct err *reterr) {
    struct ending e = { .store = s, .err = reterr };
    enum code code = support_over(s, now, end_one, &e, reterr);
    return code == OK ? e.code : code;
}

/* ---- what is open ---- */

struct looking { const struct charter *c; struct arena *arena; struct open_window *ret; int *kinds; size_t room; bool any, all, failed; };

static void kind_add(struct looking *l, int kind) {
    for (size_t i = 0; i < l->ret->kind_count; i++)
        if (l->kinds[i] == kind)
            return;
    if (kind >= 0 && l->ret->kind_count < l->room)
        l->kinds[l->ret->kind_count++] = kind;
}

static bool open_take(const struct support_row *row, void *arg) {
    struct looking *l = arg;
    size_t i;
    json_t *v, *kinds = row->kinds[0] == 0 ? NULL : json_loads(row->kinds, 0, NULL);
    l->failed = row->kinds[0] != 0 && kinds == NULL;       /* no memory: nothing is opened by that */
    if (l->failed)
        return false;
    l->any = true;
    l->all = l->all || kinds == NULL;
    l->ret->number = row->number;
    l->ret->until = l->ret->until == 0 || row->until < l->ret->until ? row->until : l->ret->until;
    json_array_foreach(kinds, i, v)
        kind_add(l, json_is_string(v) ? charter_kind(l->c, json_string_value(v)) : -1);
    json_decref(kinds);
    return true;
}

enum code window_now(struct store *s, const struct charter *c, int64_t tenant, const struct uuid *account, usec_t now, struct arena *arena,
                     struct open_window *ret, bool *ret_yes, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    const struct kind *kinds;
    struct open_window w = { 0 };
    struct looking l = { .c = c, .arena = arena, .ret = &w, .room = charter_kinds(c, &kinds) };
    l.kinds = arena_array(arena, l.room + 1, sizeof *l.kinds);
    if (l.kinds == NULL)
        return err_set(reterr, E_MEMORY, "no memory to look for windows");
    enum code code = store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = support_open(view_sql(v), account, now, store_ran(s), open_take, &l, reterr);
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory to look for windows");
    if (code != OK)
        return code;
    w.kinds = l.all ? NULL : l.kinds;
    if (l.all)
        w.kind_count = 0;
    *ret_yes = l.any;
    if (l.any)
        *ret = w;
    return OK;
}

/* ---- the list ---- */

#define WINDOWS_SHOWN 1000u

struct listed { struct support_row row; const char *kinds; };
struct listing { struct arena *arena; struct listed *list; size_t count, room; bool failed; };

/* The last ones: what is older than WINDOWS_SHOWN gives its place away. */
static bool list_take(const struct support_row *row, void *arg) {
    struct listing *l = arg;
    struct listed *at = &l->list[l->count++ % l->room];
    void *blob = arena_get(l->arena, row->len + 1);
    at->kinds = arena_text(l->arena, row->kinds);
    l->failed = blob == NULL || at->kinds == NULL;
    if (l->failed)
        return false;
    memcpy(blob, row->blob, row->len);
    at->row = *row;
    at->row.blob = blob;
    return true;
}

static json_t *time_json(usec_t t) {
    char text[40];
    return json_string(time_format(t, text, sizeof text));
}

static json_t *window_json(const struct listed *w, json_t *entry, usec_t now, usec_t ran) {
    char id[UUID_TEXT];
    const struct support_row *r = &w->row;
    bool ended = r->closed != 0 ? r->closed >= r->until : r->until <= now || r->ran_until <= ran;
    const char *state = ended ? "ended" : r->closed != 0 ? "closed" : "open";
    json_t *by = json_object_get(entry, "opened_by"), *why = json_object_get(entry, "why");
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:O?, s:O?}", "number", (json_int_t)r->number,
                     "account", uuid_is_null(&r->account) ? json_null() : json_string(uuid_format(&r->account, id)),
                     "kinds", w->kinds[0] == 0 ? json_null() : json_loads(w->kinds, 0, NULL), "opened", time_json(r->opened), "until", time_json(r->until),
                     "closed", r->closed == 0 ? json_null() : time_json(r->closed), "state", state, "opened_by", by, "why", why);
}

static enum code listing_give(const struct registrar *r, const struct listing *l, usec_t now, json_t *list, struct err *reterr) {
    size_t shown = l->count < l->room ? l->count : l->room, lost = mem_lost();
    enum code code = OK;
    for (size_t i = 0; i < shown && code == OK; i++) {
        const struct listed *w = &l->list[(l->count - 1 - i) % l->room];
        struct key key;
        bool ok = false;
        json_t *entry = NULL;
        struct entry_place at = place_of(r->tenant, &w->row);
        code = keeper_open(r->keeper, r->tenant, &w->row.key, 1, &key, &ok, reterr);
        if (code == OK && ok)
            code = entry_open(&at, &key, w->row.blob, w->row.len, &entry, reterr);
        crypto_wipe(&key, sizeof key);
        if (code == OK)
            json_array_append_new(list, window_json(w, entry, now, store_ran(r->store)));
        json_decref(entry);
    }
    return code == OK && mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for a list of windows") : code;
}

enum code window_list(const struct registrar *r, usec_t now, json_t **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(64u << 20);
    struct view *v = NULL;
    struct listing l = { .arena = arena, .room = WINDOWS_SHOWN };
    if (arena == NULL || (l.list = arena_array(arena, l.room, sizeof *l.list)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list of windows");
    enum code code = store_view(r->store, r->tenant, &v, reterr);
    if (code == OK)
        code = support_list(view_sql(v), list_take, &l, reterr);
    v = view_end(v);
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list of windows");
    json_t *list = json_array();
    if (code == OK)
        code = list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of windows") : listing_give(r, &l, now, list, reterr);
    if (code == OK)
        *ret = list;
    else
        json_decref(list);
    return code;
}

/* ---- what was read in it ---- */

#define TRACED_LATER (15 * USEC_PER_SEC)      /* a read's entry is written after it, and a reader of the staff waits for that so long at the most */
#define LOOKS_CHUNK 200u
#define CHUNKS_MOST 10u                       /* of one call */

struct reading { struct support_row row; json_t *kinds; bool failed; };

static bool reading_take(const struct support_row *row, void *arg) {
    struct reading *r = arg;
    r->row = *row;
    if (row->kinds[0] != 0)
        r->kinds = json_loads(row->kinds, 0, NULL);
    r->failed = row->kinds[0] != 0 && r->kinds == NULL;
    return true;
}

static bool lists(const json_t *list, const char *text) {
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
        if (text != NULL && json_is_string(v) && strcmp(json_string_value(v), text) == 0)
            return true;
    return false;
}

/* The entry names one window; where two were open together, what both let through stands with each. */
static bool was_in(const struct reading *r, const json_t *item) {
    usec_t at = 0, end = (r->row.closed != 0 ? r->row.closed : r->row.until) + TRACED_LATER;
    const json_t *window = json_object_get(item, "window");
    const char *when = json_string_value(json_object_get(item, "at"));
    if (!json_is_integer(window) || when == NULL || !time_parse(when, &at))
        return false;
    if (json_integer_value(window) == r->row.number)
        return true;
    return at >= r->row.opened && at <= end && (r->kinds == NULL || lists(r->kinds, json_string_value(json_object_get(item, "kind"))));
}

static enum code reads_gather(const struct reading *r, struct service *s, int64_t tenant, int64_t before, size_t limit, json_t *list, json_t **ret_next, struct err *reterr) {
    char id[UUID_TEXT], who[64];
    struct looks_query q = { .since = r->row.opened, .before = before, .limit = LOOKS_CHUNK };
    bool more = true;
    if (!uuid_is_null(&r->row.account)) {
        snprintf(who, sizeof who, "account %s", uuid_format(&r->row.account, id));
        q.who = who;
    }
    *ret_next = json_null();
    for (size_t turn = 0; more && turn < CHUNKS_MOST; turn++) {
        json_t *some = NULL, *item, *next;
        size_t i;
        enum code code = looks_list(s, tenant, &q, &some, reterr);
        if (code != OK)
            return code;
        next = json_object_get(some, "next");
        more = json_is_integer(next);
        q.before = more ? json_integer_value(next) : 0;
        json_array_foreach(json_object_get(some, "items"), i, item)
            if (json_array_size(list) < limit && was_in(r, item)) {
                json_array_append(list, item);
                if (json_array_size(list) == limit) {
                    q.before = json_integer_value(json_object_get(item, "number"));
                    more = true;
                    turn = CHUNKS_MOST;
                }
            }
        json_decref(some);
    }
    if (more)
        *ret_next = json_integer(q.before);
    return OK;
}

enum code window_reads(const struct registrar *r, struct service *s, int64_t number, int64_t before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(r != NULL && s != NULL && ret != NULL && limit > 0);
    struct reading reading = { .kinds = NULL };
    struct view *v = NULL;
    size_t lost = mem_lost();
    json_t *list = json_array(), *next = NULL;
    enum code code = store_view(r->store, r->tenant, &v, reterr);
    if (code == OK)
        code = support_get(view_sql(v), number, reading_take, &reading, reterr);
    v = view_end(v);
    if (code == OK && reading.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list of reads");
    if (code == OK)
        code = reads_gather(&reading, s, r->tenant, before, limit, list, &next, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for a list of reads");
    if (code == OK)
        *ret = json_pack("{s:O, s:O}", "items", list, "next", next);
    json_decref(list);
    json_decref(next);
    json_decref(reading.kinds);
    return code == OK && *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of reads") : code;
}
