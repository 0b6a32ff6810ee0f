/* closing.c — asked, going, gone. Every step of the going can be done again, in the same order: the tenant itself, so that nobody writes any
 * more, then its people, then its records, then what it has beside them. */
#include "retention/closing.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/doom.h"
#include "records/retire.h"
#include "records/service.h"
#include "records/use.h"
#include "retention/clock.h"
#include "store/closing.h"
#include "store/destruction.h"
#include "store/hold.h"
#include "store/rows.h"
#include "store/tables.h"

#define BATCH 500u
#define CAUSE "closed"                         /* as certificates tell it */

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a closing"); }

/* ---- as it stands */

struct holding { usec_t now; int64_t count; };
static bool standing_take(const struct hold_row *r, void *arg) {
    struct holding *s = arg;
    s->count += r->lifted == 0 && r->until > s->now;
    return true;
}

static enum code row_read(struct service *s, int64_t tenant, struct closing_row *ret, bool *ret_there, int64_t *ret_holds, struct arena *arena, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct holding holds = { .now = clock_now() };
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = closing_get(view_sql(v), ret, arena, reterr);
    *ret_there = code == OK;
    if (code == E_NOT_FOUND)
        code = OK;
    if (code == OK)
        code = holds_list(view_sql(v), INT64_MAX, standing_take, &holds, reterr);
    *ret_holds = holds.count;
    return code;
}

static json_t *time_json(usec_t t) {
    char text[32];
    return json_string(time_format(t, text, sizeof text));
}

static enum code told(struct service *s, int64_t tenant, json_t **ret, struct err *reterr) {
    static const char *const states[] = { "open", [CLOSING_ASKED] = "asked", [CLOSING_GOING] = "going", [CLOSING_GONE] = "gone" };
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct closing_row r = { .by = NULL };
    bool there = false;
    int64_t holds = 0;
    enum code code = arena == NULL ? no_memory(reterr) : row_read(s, tenant, &r, &there, &holds, arena, reterr);
    if (code != OK)
        return code;
    *ret = json_pack("{s:s, s:o, s:o, s:s?, s:I}", "state", states[there ? r.state : 0], "asked", there ? time_json(r.asked) : json_null(), "goes", there ? time_json(r.goes) : json_null(),
                     "by", there ? r.by : NULL, "holds", (json_int_t)holds);
    return *ret == NULL ? no_memory(reterr) : OK;
}

static enum code owner_check(const struct service *s, const struct caller *who, struct err *reterr) {
    return use_owner(s, who) ? OK : err_set(reterr, E_FORBIDDEN, "an account is closed by the tenant's own role");
}

enum code closing_told(struct service *s, const struct caller *who, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    enum code code = owner_check(s, who, reterr);
    return code == OK ? told(s, who->tenant, ret, reterr) : code;
}

/* ---- asking, and taking back */

struct step { const struct caller *who; usec_t goes; bool back; };

static enum code note(struct txn *t, const char *verb, const char *by, json_t *what, struct err *reterr) {
    enum code code = ledger_append(t, verb, by, what, reterr);
    json_decref(what);
    return code;
}

static enum code step_write(struct txn *t, void *arg, struct err *reterr) {
    const struct step *p = arg;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct closing_row r;
    char text[CALLER_TEXT];
    const char *by = caller_text(p->who, text, sizeof text);
    enum code code = arena == NULL ? no_memory(reterr) : closing_get(txn_sql(t), &r, arena, reterr);
    if (code == E_MEMORY || (code != OK && code != E_NOT_FOUND))
        return code;
    if (code == OK && r.state != CLOSING_ASKED)
        return err_set(reterr, E_CONFLICT, "this account is being erased: that cannot be taken back");
    if (p->back && code != OK)
        return err_set(reterr, E_CONFLICT, "nobody has asked for this account to be closed");
    if (p->back) {
        code = closing_drop(t, reterr);
        return code == OK ? note(t, "closing_taken_back", by, json_null(), reterr) : code;
    }
    if (code == OK)
        return err_set(reterr, E_CONFLICT, "this account closes already: take it back to name another day");
    code = closing_put(t, &(struct closing_row){ .state = CLOSING_ASKED, .asked = txn_now(t), .goes = p->goes, .by = by }, reterr);
    return code == OK ? note(t, "closing_asked", by, json_pack("{s:o}", "goes", time_json(p->goes)), reterr) : code;
}

static enum code day_take(const struct service *s, const struct closing_wish *w, usec_t now, usec_t *ret, struct err *reterr) {
    const struct zone *zone = charter_zone(s->charter);
    const struct span usual = { .days = CLOSING_DAYS }, most = { .days = CLOSING_MOST };
    struct civil c = { 0 };
    if (w->now && w->on != NULL)
        return err_field(reterr, E_FIELDS, "/on", "name a day, or at once, not both");
    *ret = w->now ? now : zone_add(zone, now, &usual, 1);
    if (w->on == NULL)
        return OK;
    if (!date_parse(w->on, &c))
        return err_field(reterr, E_FIELDS, "/on", "this is no day such as 2027-01-31");
    *ret = zone_instant(zone, &c);
    if (*ret <= now || *ret > zone_add(zone, now, &most, 1))
        return err_field(reterr, E_FIELDS, "/on", "the day lies ahead, within a year");
    return OK;
}

enum code closing_ask(struct service *s, const struct caller *who, const struct closing_wish *w, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && w != NULL && ret != NULL && reterr != NULL);
    struct step p = { .who = who };
    enum code code = owner_check(s, who, reterr);
    if (code == OK)
        code = day_take(s, w, clock_now(), &p.goes, reterr);
    if (code == OK)
        code = store_write(s->store, who->tenant, step_write, &p, reterr);
    return code == OK ? told(s, who->tenant, ret, reterr) : code;
}

enum code closing_back(struct service *s, const struct caller *who, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    struct step p = { .who = who, .back = true };
    enum code code = owner_check(s, who, reterr);
    if (code == OK)
        code = store_write(s->store, who->tenant, step_write, &p, reterr);
    return code == OK ? told(s, who->tenant, ret, reterr) : code;
}

/* ---- going */

/* Waits for its day, whose coming a clock in doubt does not prove; what was asked for at once does not. */
static bool may_begin(struct service *s, const struct closing_row *r) { return r->state == CLOSING_GOING || r->goes <= r->asked || !clock_held(s->store); }

/* *goes: false too where somebody holds a record: asked here, so that no hold comes between (hold.c sets none while an account goes). */
struct begin { bool goes; };
static enum code begin_write(struct txn *t, void *arg, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct closing_row r;
    struct holding holds = { .now = txn_now(t) };
    struct begin *b = arg;
    b->goes = false;
    enum code code = arena == NULL ? no_memory(reterr) : closing_get(txn_sql(t), &r, arena, reterr);
    if (code == E_NOT_FOUND)
        return OK;                             /* taken back meanwhile */
    if (code == OK)
        code = holds_list(txn_sql(t), INT64_MAX, standing_take, &holds, reterr);
    if (code != OK)
        return code;
    b->goes = r.state == CLOSING_GOING || (r.state == CLOSING_ASKED && r.goes <= txn_now(t) && holds.count == 0);
    if (!b->goes || r.state == CLOSING_GOING)
        return OK;
    r.state = CLOSING_GOING;
    code = closing_put(t, &r, reterr);
    return code == OK ? note(t, "closing_began", r.by, json_null(), reterr) : code;
}

struct batch { struct retire_id list[BATCH]; size_t count; };
static bool id_take(const struct row *r, void *arg) {
    struct batch *b = arg;
    b->list[b->count++] = (struct retire_id){ r->kind, r->id };
    return b->count < BATCH;
}

/* Those that a law keeps are passed over; one that cannot be read stops no other. */
static enum code kind_erase(struct service *s, int64_t tenant, const struct kind_info *k, struct batch *b, struct retired *sum, struct err *reterr) {
    struct row_range range = { .kind = k->number };
    enum code code = OK;
    do {
        struct view *v = NULL;
        b->count = 0;
        code = store_view(s->store, tenant, &v, reterr);
        if (code == OK)
            code = rows_list(view_sql(v), &range, id_take, b, reterr);
        view_end(v);
        if (code == OK)
            code = retire_rests(s, tenant, b->list, b->count, CAUSE, sum, reterr);
        if (b->count > 0)
            range.after = b->list[b->count - 1].id;
    } while (code == OK && b->count == BATCH);
    return code;
}

static size_t depth_of(const struct service *s, const struct kind_info *k) {
    size_t depth = 0;
    for (int at = k->kind->parent; at >= 0 && depth <= s->kinds; at = service_kind(s, at)->kind->parent)
        depth++;
    return depth;
}

/* What belongs to a record goes with it, so the outermost come first. */
static enum code kinds_erase(struct service *s, int64_t tenant, struct batch *b, struct retired *sum, struct err *reterr) {
    enum code code = OK;
    for (size_t depth = 0; code == OK && depth <= s->kinds; depth++)
        for (size_t i = 0; code == OK && i < s->kinds; i++)
            if (depth_of(s, service_kind(s, (int)i)) == depth)
                code = kind_erase(s, tenant, service_kind(s, (int)i), b, sum, reterr);
    return code;
}

static enum code records_erase(struct service *s, int64_t tenant, struct retired *sum, struct err *reterr) {
    struct batch *b = mem_new(sizeof *b);
    enum code code = b == NULL ? no_memory(reterr) : kinds_erase(s, tenant, b, sum, reterr);
    mem_free(b);
    return code;
}

/* All that can go has gone; the account is gone once this is nothing any more. */
static enum code whole_check(const struct retired *sum, struct err *reterr) {
    if (sum->failed > 0) {
        *reterr = sum->why;
        return err_prefix(reterr, "%lld records of an account that closes cannot be erased", (long long)sum->failed);
    }
    return sum->skipped == 0 ? OK : err_set(reterr, E_BUSY, "%lld records of an account that closes were written meanwhile: the next turn erases them", (long long)sum->skipped);
}

struct rest { uint64_t keys[CLOSING_KEYS]; size_t count; bool more; };
static enum code rest_write(struct txn *t, void *arg, struct err *reterr) {
    struct rest *r = arg;
    int64_t number;
    enum code code = closing_rest(t, r->keys, &r->count, &r->more, reterr);
    return code == OK && r->count > 0 ? destruction_put(t, CAUSE, "sejf", "{}", r->keys, r->count, &number, reterr) : code;
}

static enum code rest_erase(struct service *s, int64_t tenant, struct err *reterr) {
    struct rest *r = mem_new(sizeof *r);
    enum code code = r == NULL ? no_memory(reterr) : OK;
    for (bool more = true; more && code == OK;) {
        code = store_write(s->store, tenant, rest_write, r, reterr);
        if (code == OK)
            code = doom_now(s, tenant, r->keys, r->count, reterr);
        more = code == OK && r->more;
    }
    mem_free(r);
    return code;
}

struct ending { struct service *s; };
static enum code end_write(struct txn *t, void *arg, struct err *reterr) {
    const struct ending *e = arg;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct closing_row r;
    json_t *kept = json_object();
    enum code code = arena == NULL || kept == NULL ? no_memory(reterr) : closing_get(txn_sql(t), &r, arena, reterr);
    for (size_t i = 0; code == OK && i < e->s->kinds; i++) {
        const struct kind_info *k = service_kind(e->s, (int)i);
        int64_t n = 0;
        code = rows_count(txn_sql(t), k->number, NULL, &n, reterr);
        if (code == OK && n > 0)
            json_object_set_new(kept, k->kind->name, json_integer(n));
    }
    r.state = CLOSING_GONE;
    if (code == OK)
        code = closing_put(t, &r, reterr);
    if (code == OK)
        code = note(t, "tenant_closed", r.by, json_pack("{s:O}", "kept", kept), reterr);
    json_decref(kept);
    return code;
}

enum code closing_run(struct service *s, int64_t tenant, const struct closing_people *people, bool *ret_done, struct err *reterr) {
    PRE(s != NULL && people != NULL && ret_done != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct closing_row row;
    struct ending end = { s };
    struct retired sum = { 0 };
    struct begin begin = { false };
    bool there = false;
    int64_t holds = 0;
    *ret_done = false;
    enum code code = arena == NULL ? no_memory(reterr) : row_read(s, tenant, &row, &there, &holds, arena, reterr);
    if (code != OK || !there || holds > 0 || !may_begin(s, &row))
        return code;                           /* what a named person keeps is lifted by a person first */
    code = store_write(s->store, tenant, begin_write, &begin, reterr);
    if (code != OK || !begin.goes)
        return code;
    if ((code = tenant_close(s->store, tenant, reterr)) == E_NOT_FOUND)
        code = OK;                             /* it was, before the cut */
    if (code == OK)
        code = people->leave(people->arg, tenant, reterr);
    if (code == OK)
        code = records_erase(s, tenant, &sum, reterr);
    if (code == OK)
        code = rest_erase(s, tenant, reterr);
    if (code == OK)
        code = whole_check(&sum, reterr);
    if (code == OK)
        code = store_write(s->store, tenant, end_write, &end, reterr);
    *ret_done = code == OK;
    return code;
}
