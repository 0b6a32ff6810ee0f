/* notice.c — see notice.h. A notice is made under a claim that the store gives to one maker at a time: first it, then the look at what is to
 * be told of, so that what another has told of meanwhile is seen. Its rows go in as many writes as need be, its letters with the last one. */
#include "retention/notice.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/post.h"
#include "retention/notice_int.h"
#include "store/tables.h"

#define RUN_HOUR 8                             /* of the service's clock */
#define TOLD_MOST 1000000u                     /* of one notice */
#define ROWS_AT_ONCE 2000u                     /* of one write */
#define CHANGES_AT_ONCE 5000u
#define LATE_PACE USEC_PER_HOUR                /* between messages about what came too late for the daily one */
#define STALE (2 * USEC_PER_MINUTE)            /* without a sign, a maker was cut */

/* ---- when */

static usec_t run_of_day(const struct zone *zone, usec_t at, int days) {
    struct civil c = zone_civil(zone, at);
    c.hour = 12;
    c.minute = c.second = c.usec = 0;
    const struct span day = { .days = days < 0 ? -days : days };
    c = zone_civil(zone, zone_add(zone, zone_instant(zone, &c), &day, days < 0 ? -1 : 1));
    c.hour = RUN_HOUR;
    return zone_instant(zone, &c);
}

usec_t notice_run_last(const struct zone *zone, usec_t now) {
    usec_t today = run_of_day(zone, now, 0);
    return today <= now ? today : run_of_day(zone, now, -1);
}

usec_t notice_run_next(const struct zone *zone, usec_t now) {
    usec_t today = run_of_day(zone, now, 0);
    return today > now ? today : run_of_day(zone, now, 1);
}

usec_t notice_horizon(const struct zone *zone, usec_t now, const struct span *before) { return zone_add(zone, notice_run_next(zone, now), before, 1); }

/* ---- one notice */

struct making {
    struct noticer *n; struct service *s; int64_t tenant; usec_t now; int person; const char *role;
    const struct row_key *only; size_t only_count;          /* these records alone, due until `until`; NULL: all that are due */
    usec_t until;
    usec_t stale;                                           /* how long a maker may give no sign */
    struct notice_claim claim; struct found found;
    struct notice_row row; struct letters letters;
    struct noticed *piece; size_t piece_count;              /* of one write */
    bool left;
};

static int64_t day_number(const struct zone *zone, usec_t at) {
    struct civil c = zone_civil(zone, at);
    return (int64_t)c.year * 10000 + c.month * 100 + c.day;
}

static enum code look_at(struct making *m, struct sql *q, struct err *reterr) {
    enum code code = OK;
    if (m->only == NULL)
        return found_due(m->s, q, m->now, &m->found, reterr);
    for (size_t i = 0; i < m->only_count && code == OK && m->found.count < m->found.most; i++) {
        struct row r;
        code = row_get(q, m->only[i].kind, &m->only[i].id, &r, reterr);
        if (code == OK)
            code = found_record(m->s, q, &r, m->until, &m->found, reterr);
        else if (code == E_NOT_FOUND || code == E_GONE)
            code = OK;
    }
    return code;
}

static enum code look(struct making *m, size_t most, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    m->found.count = 0;
    m->found.most = most;
    m->found.person = m->person;
    enum code code = store_view(m->s->store, m->tenant, &v, reterr);
    return code == OK ? look_at(m, view_sql(v), reterr) : code;
}

static enum code begin_write(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    return notice_begin(t, m->role, day_number(charter_zone(m->s->charter), m->now), txn_ran(t) - m->stale, &m->claim, reterr);
}
static enum code clear_write(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    return notice_clear(t, &m->claim, ROWS_AT_ONCE, &m->left, reterr);
}
static enum code rows_write(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    return noticed_put(t, &m->claim, m->piece, m->piece_count, reterr);
}
static enum code drop_write(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    return notice_abandon(t, &m->claim, reterr);
}

static enum code last_write(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    enum code code = notice_finish(t, &m->claim, &m->row, reterr);
    for (size_t i = 0; i < m->letters.count && code == OK; i++)
        code = post_put(t, &m->letters.list[i], reterr);
    json_t *what = json_pack("{s:I, s:s, s:I, s:I, s:s}", "notice", (json_int_t)m->claim.number, "role", m->role, "records", (json_int_t)m->row.records,
                             "letters", (json_int_t)m->letters.count, "to", m->letters.instead ? "the operator's contact" : m->role);
    if (code == OK)
        code = ledger_append(t, "notice_made", "sejf", what, reterr);
    json_decref(what);
    return code;
}

static enum code step(struct making *m, write_fn fn, struct err *reterr) {
    enum code code = store_write(m->s->store, m->tenant, fn, m, reterr);
    if (code == OK)
        m->claim.sign = m->claim.next;
    return code;
}

/* What stands is written in pieces; the last one makes it a notice. */
static enum code put_rows(struct making *m, struct err *reterr) {
    enum code code = (m->piece = mem_new_array(ROWS_AT_ONCE, sizeof *m->piece)) == NULL ? err_set(reterr, E_MEMORY, "no memory for a notice") : OK;
    for (size_t i = 0; i < m->found.count && code == OK;) {
        for (m->piece_count = 0; m->piece_count < ROWS_AT_ONCE && i < m->found.count; i++)
            m->piece[m->piece_count++] = m->found.list[i].what;
        code = step(m, rows_write, reterr);
    }
    m->piece = mem_free(m->piece);
    return code;
}

static enum code make_whole(struct making *m, struct err *reterr) {
    json_t *groups = NULL;
    char *text = NULL;
    m->row.records = found_records(&m->found, &m->row.first, &m->row.last);
    found_sort(&m->found);
    enum code code = put_rows(m, reterr);
    if (code == OK)
        code = notice_groups(m->s, &m->found, &groups, reterr);
    if (code == OK && (text = json_dumps(groups, JSON_COMPACT)) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a notice");
    m->row.counts = text;
    m->row.number = m->claim.number;
    m->row.made = m->now;
    if (code == OK && !m->n->o.without_letters)
        code = letters_seal(m->n, &(struct letters_wish){ m->s, m->tenant, &m->row, groups, m->person, m->now }, &m->letters, reterr);
    if (code == OK)
        code = step(m, last_write, reterr);
    json_decref(groups);
    free(text);
    return code;
}

/* One notice of what is to be told of, if anything is. E_BUSY: another makes one, and only then it shows what is left. */
static enum code make(struct making *m, bool *ret_made, struct err *reterr) {
    enum code code = look(m, 1, reterr);
    bool none = code == OK && m->found.count == 0;
    if (code == OK && !none)
        code = step(m, begin_write, reterr);
    for (m->left = m->claim.cut; code == OK && !none && m->left;)
        code = step(m, clear_write, reterr);
    if (code == OK && !none)
        code = look(m, TOLD_MOST, reterr);
    if (code == OK && !none) {
        *ret_made = m->found.count > 0;
        code = *ret_made ? make_whole(m, reterr) : step(m, drop_write, reterr);
        *ret_made = *ret_made && code == OK;
    }
    found_done(&m->found);
    letters_done(&m->letters);
    return code;
}

/* For each role that the charter names, so that nobody is told of what is another's. */
static enum code make_all(struct noticer *n, struct service *s, int64_t tenant, usec_t now, const struct row_key *only, size_t only_count, usec_t until, int64_t *ret_made, struct err *reterr) {
    const struct person *people;
    uint32_t set = warned_people(s->charter);
    enum code code = OK;
    charter_people(s->charter, &people);
    for (int i = 0; i < 32 && code == OK; i++) {
        bool made = (set >> i & 1) != 0;
        for (int rounds = 0; made && code == OK && rounds < 64; rounds++) {      /* more than one holds: another follows */
            struct making m = { .n = n, .s = s, .tenant = tenant, .now = now, .person = i, .role = people[i].name, .only = only, .only_count = only_count, .until = until, .stale = STALE };
            made = false;
            code = make(&m, &made, reterr);
            *ret_made += made;
        }
    }
    return code;
}

/* ---- one tenant */

struct dropping { struct notice_mark mark; const struct noticed *list; size_t count; };

static enum code mark_write(struct txn *t, void *arg, struct err *reterr) {
    struct dropping *d = arg;
    enum code code = OK;
    for (size_t i = 0; i < d->count && code == OK; i++)
        code = noticed_drop(t, d->list[i].kind, &d->list[i].id, d->list[i].due, reterr);
    return code == OK ? notice_mark_put(t, &d->mark, reterr) : code;
}

static enum code newest(struct service *s, int64_t tenant, int64_t *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? notice_newest(view_sql(v), ret, reterr) : code;
}

/* Everything that is due within its span. Changes that come meanwhile are looked at next. */
static enum code whole_run(struct noticer *n, struct service *s, int64_t tenant, usec_t now, int64_t *ret_made, struct notice_mark *mark, struct err *reterr) {
    struct dropping d = { .mark = *mark };
    int64_t change = 0;
    enum code code = newest(s, tenant, &change, reterr);
    if (code == OK)
        code = make_all(n, s, tenant, now, NULL, 0, 0, ret_made, reterr);
    if (code == OK)
        code = notices_close_over(n, s, tenant, now, reterr);
    if (code != OK)
        return code;
    if (mark->ran == 0)
        d.mark.change = change;                 /* the first run: what changed before it needs no look of its own */
    d.mark.ran = now;
    memcpy(d.mark.charter, charter_hash(s->charter), sizeof d.mark.charter);
    code = store_write(s->store, tenant, mark_write, &d, reterr);
    if (code == OK)
        *mark = d.mark;
    return code;
}

/* What has changed since the mark, some thousands at a time. */
struct changes { struct service *s; struct sql *q; struct row_key *list; size_t count; struct noticed *gone; size_t gone_count, gone_room; int64_t last; size_t seen; enum code code; struct err *reterr; };

static bool change_seen(const struct change *c, void *arg) {
    struct changes *l = arg;
    const struct kind_info *info = service_kind_by_number(l->s, c->kind);
    l->last = c->change;
    if (info != NULL && info->kind->warn.person >= 0)
        l->list[l->count++] = (struct row_key){ c->kind, c->id };
    return ++l->seen < CHANGES_AT_ONCE;
}

struct told_dates { usec_t list[FIELDS_MAX]; size_t count; };
static bool told_add(usec_t due, int64_t notice UNUSED, void *arg) {
    struct told_dates *t = arg;
    if (t->count < ARRAY_LEN(t->list))
        t->list[t->count++] = due;
    return true;
}

/* Dates that were told of and that the record has no more: they were moved, or have come. */
static enum code stale_dates(struct changes *l, const struct row_key *k, struct err *reterr) {
    struct told_dates told = { .count = 0 };
    usec_t dues[FIELDS_MAX];
    size_t due_count = 0;
    struct row r;
    enum code code = noticed_of(l->q, k->kind, &k->id, told_add, &told, reterr);
    if (code != OK || told.count == 0)
        return code;
    code = row_get(l->q, k->kind, &k->id, &r, reterr);
    if (code == OK)
        code = dues_of(l->s, l->q, &r, dues, ARRAY_LEN(dues), &due_count, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        code = OK;
    for (size_t i = 0; i < told.count && code == OK; i++) {
        size_t j = 0;
        while (j < due_count && dues[j] != told.list[i])
            j++;
        if (j < due_count)
            continue;
        if (l->gone_count == l->gone_room) {
            size_t room = l->gone_room == 0 ? 64 : l->gone_room * 2;
            struct noticed *list = mem_grow(l->gone, room, sizeof *list);
            if (list == NULL)
                return err_set(reterr, E_MEMORY, "no memory for what a notice told of");
            l->gone = list;
            l->gone_room = room;
        }
        l->gone[l->gone_count++] = (struct noticed){ k->kind, k->id, told.list[i] };
    }
    return code;
}

static enum code changes_look(struct changes *l, int64_t tenant, int64_t after, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(l->s->store, tenant, &v, reterr);
    if (code != OK)
        return code;
    l->q = view_sql(v);
    l->count = l->gone_count = l->seen = 0;
    l->last = after;
    code = changes_list(l->q, after, change_seen, l, reterr);
    for (size_t i = 0; i < l->count && code == OK; i++)
        code = stale_dates(l, &l->list[i], reterr);
    return code;
}

static enum code changed_run(struct noticer *n, struct service *s, int64_t tenant, usec_t now, int64_t *ret_made, struct notice_mark *mark, struct err *reterr) {
    struct changes l = { .s = s, .list = mem_new_array(CHANGES_AT_ONCE, sizeof *l.list) };
    usec_t until = notice_run_next(charter_zone(s->charter), now);
    enum code code = l.list == NULL ? err_set(reterr, E_MEMORY, "no memory for a look at changes") : OK;
    for (bool more = true; more && code == OK;) {
        code = changes_look(&l, tenant, mark->change, reterr);
        more = l.seen == CHANGES_AT_ONCE;
        if (code == OK && l.count > 0)
            code = make_all(n, s, tenant, now, l.list, l.count, until, ret_made, reterr);
        if (code == OK && l.last > mark->change) {
            struct dropping d = { .mark = *mark, .list = l.gone, .count = l.gone_count };
            d.mark.change = l.last;
            code = store_write(s->store, tenant, mark_write, &d, reterr);
            if (code == OK)
                *mark = d.mark;
        }
    }
    l.list = mem_free(l.list);
    l.gone = mem_free(l.gone);
    return code;
}

static enum code mark_read(struct service *s, int64_t tenant, struct notice_mark *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? notice_mark_get(view_sql(v), ret, reterr) : code;
}

/* A run whose date lies ahead was made by a clock that was wrong. */
static bool run_due(const struct service *s, const struct notice_mark *m, usec_t now) {
    return m->ran < notice_run_last(charter_zone(s->charter), now) || m->ran > now || memcmp(m->charter, charter_hash(s->charter), sizeof m->charter) != 0;
}

static bool made_keep(const struct notice_row *r, void *arg) {
    *(usec_t *)arg = r->made;
    return false;
}

/* Records that come late one by one (a day's entries about an event long over) would be a message each: what is late within an hour of the last notice
 * stands in one message at its end. */
static enum code told_lately(struct service *s, int64_t tenant, usec_t now, bool *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    usec_t last = INT64_MIN;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = notices_list(view_sql(v), INT64_MAX, made_keep, &last, reterr);
    *ret = code == OK && last <= now && last > now - LATE_PACE;
    return code;
}

/* *ret_later: what has changed was not looked at yet. */
static enum code tenant_run(struct noticer *n, struct service *s, int64_t tenant, usec_t now, bool whole, int64_t *ret_made, struct notice_mark *ret_mark, bool *ret_later, struct err *reterr) {
    struct notice_mark mark = { 0 };
    bool lately = false;
    enum code code = mark_read(s, tenant, &mark, reterr);
    if (code == OK && mark.ran > 0 && !whole)
        code = told_lately(s, tenant, now, &lately, reterr);
    *ret_later = lately;
    if (code == OK && mark.ran > 0 && !lately)
        code = changed_run(n, s, tenant, now, ret_made, &mark, reterr);
    if (code == OK && (whole || run_due(s, &mark, now)))
        code = whole_run(n, s, tenant, now, ret_made, &mark, reterr);
    if (code == OK)
        *ret_mark = mark;
    return code;
}

enum code noticer_tenant(struct noticer *n, struct service *s, int64_t tenant, usec_t now, int64_t *ret_made, struct err *reterr) {
    PRE(n != NULL && s != NULL && ret_made != NULL && reterr != NULL);
    struct notice_mark mark;
    bool later;
    *ret_made = 0;
    pthread_mutex_lock(&n->running);
    enum code code = tenant_run(n, s, tenant, now, true, ret_made, &mark, &later, reterr);
    pthread_mutex_unlock(&n->running);
    __atomic_add_fetch(&n->made, *ret_made, __ATOMIC_RELAXED);
    return code;
}

/* ---- all tenants */

/* In memory: where a tenant stands, so that one in which nothing has happened costs no look. */
static struct reached *standing_of(struct noticer *n, int64_t tenant) {
    size_t low = 0, high = n->standing_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (n->standing[middle].tenant < tenant)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < n->standing_count && n->standing[low].tenant == tenant)
        return &n->standing[low];
    struct reached *list = mem_grow(n->standing, n->standing_count + 1, sizeof *list);
    if (list == NULL)
        return NULL;
    n->standing = list;
    memmove(&list[low + 1], &list[low], (n->standing_count - low) * sizeof *list);
    list[low] = (struct reached){ .tenant = tenant };
    n->standing_count++;
    return &list[low];
}

struct tenants { struct tenant_at { int64_t id, change; } *list; size_t count, room; bool no_memory; };
static bool tenant_add(const struct tenant_row *r, void *arg) {
    struct tenants *l = arg;
    if (r->probe)                              /* a closed one has what a law keeps: of that the contact of the operator is told */
        return true;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        struct tenant_at *list = mem_grow(l->list, room, sizeof *list);
        l->no_memory = list == NULL;
        if (list == NULL)
            return false;
        l->list = list;
        l->room = room;
    }
    l->list[l->count++] = (struct tenant_at){ r->id, 0 };
    return true;
}
static bool change_add(int64_t tenant, int64_t change, void *arg) {
    struct tenants *l = arg;
    for (size_t low = 0, high = l->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (l->list[middle].id == tenant) {
            l->list[middle].change = change;
            break;
        }
        if (l->list[middle].id < tenant)
            low = middle + 1;
        else
            high = middle;
    }
    return true;
}
static int by_id(const void *a, const void *b) {
    const struct tenant_at *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static enum code tenant_turn(struct noticer *n, struct service *s, const struct tenant_at *at, usec_t now, struct err *reterr) {
    struct reached *st = standing_of(n, at->id);
    struct notice_mark mark = { 0 };
    int64_t made = 0;
    bool later = false;
    if (st == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a look at tenants");
    if (st->known && st->change >= at->change && !run_due(s, &st->mark, now))
        return OK;
    enum code code = tenant_run(n, s, at->id, now, false, &made, &mark, &later, reterr);
    __atomic_add_fetch(&n->made, made, __ATOMIC_RELAXED);
    if (code == OK)
        *st = (struct reached){ .tenant = at->id, .change = at->change, .mark = mark, .known = !later };
    return code == E_BUSY ? OK : code;         /* another server is at it: the next turn looks again */
}

static enum code service_turn(struct noticer *n, struct service *s, usec_t now, struct err *reterr) {
    struct tenants l = { .list = NULL };
    enum code first = OK, code = warned_people(s->charter) == 0 ? OK : tenants_list(s->store, charter_name(s->charter), tenant_add, &l, reterr);
    if (code == OK && l.no_memory)
        code = err_set(reterr, E_MEMORY, "no memory for a look at tenants");
    if (code == OK && l.count > 0) {
        qsort(l.list, l.count, sizeof *l.list, by_id);
        code = notice_changes(s->store, change_add, &l, reterr);
    }
    for (size_t i = 0; i < l.count && code == OK; i++) {
        struct err e = { 0 };
        enum code one = tenant_turn(n, s, &l.list[i], now, &e);
        if (one != OK && first == OK) {
            first = one;
            *reterr = e;
        }
    }
    l.list = mem_free(l.list);
    return code != OK ? code : first;
}

enum code noticer_turn(struct noticer *n, usec_t now, struct err *reterr) {
    PRE(n != NULL && reterr != NULL);
    enum code first = OK;
    pthread_mutex_lock(&n->running);
    for (size_t i = 0; i < n->o.service_count; i++) {
        struct err e = { 0 };
        enum code code = service_turn(n, n->o.services[i], now, &e);
        if (code != OK && first == OK) {
            first = code;
            *reterr = e;
        }
    }
    pthread_mutex_unlock(&n->running);
    return first;
}

/* ---- the noticer */

enum code noticer_open(const struct noticer_options *o, struct noticer **ret, struct err *reterr) {
    PRE(o != NULL && o->people != NULL && o->base_url != NULL && ret != NULL && reterr != NULL);
    struct noticer *n = mem_new(sizeof *n);
    if (n == NULL)
        return err_set(reterr, E_MEMORY, "no memory for notices");
    n->o = *o;
    pthread_mutex_init(&n->running, NULL);
    *ret = n;
    return OK;
}

struct noticer *noticer_close(struct noticer *n) {
    if (n == NULL)
        return NULL;
    pthread_mutex_destroy(&n->running);
    n->standing = mem_free(n->standing);
    return mem_free(n);
}

void noticer_status(struct noticer *n, struct noticer_status *ret) {
    PRE(n != NULL && ret != NULL);
    *ret = (struct noticer_status){ .waiting = __atomic_load_n(&n->waiting, __ATOMIC_RELAXED), .bounced = __atomic_load_n(&n->bounced, __ATOMIC_RELAXED),
                                    .made = __atomic_load_n(&n->made, __ATOMIC_RELAXED) };
}
