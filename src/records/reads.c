/* reads.c — two batches: one gathers, the other is being written. A batch that cannot be written is tried again until it is; meanwhile
 * the other fills, and when it is full, readers wait and are refused.
 * Invariant: gathering counts the batches from 1; all up to `written` are durable; `trouble` is why the one after it is not yet. */
#include "records/reads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/pause.h"
#include "ledger/ledger.h"
#include "records/copies.h"
#include "records/draft.h"
#include "records/looks.h"
#include "records/walks.h"
#include "store/seen.h"

#ifndef TRACES_MAX                            /* a test has smaller ones */
#define TRACES_MAX 1024u                      /* callers, kinds, ways … within a second */
#define RECORDS_MAX 262144u                   /* that they read */
#define WAIT_MOST (10 * USEC_PER_SEC)         /* for room, or for one's own trace */
#endif
#define ENTRY_RECORDS 3000u                   /* of one ledger entry, whose size is bounded */
#define RECORDS_TEXT 49152u
#define SLOTS (2 * TRACES_MAX)

struct reader { int64_t tenant, token, window; struct uuid account; int person, purpose; enum use_ground ground; enum read_way way; bool by_link, by_session, fresh; const struct kind_info *k; fieldset fields; };
struct trace { struct reader by; int64_t *born; size_t count, room, done; };      /* done: of them, written */
struct gathered { struct trace list[TRACES_MAX]; uint16_t slots[SLOTS]; size_t count, records; };
struct reads {
    struct service *s;
    pthread_mutex_t lock;
    pthread_cond_t wake, moved;
    pthread_t thread;
    bool running, stop, urgent;
    struct gathered *now, *out;
    uint64_t gathering, written;
    struct err trouble;                       /* code OK: none */
};

const char *read_way_name(enum read_way way) {
    static const char *const names[READ_WAYS] = { "record", "list", "search", "file", "export" };
    return names[way];
}

/* ---- writing */

/* "12-511,513": dense numbers are few bytes. */
static void records_text(const int64_t *born, size_t count, struct buf *ret) {
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && born[end] == born[end - 1] + 1)
            end++;
        buf_printf(ret, end - i > 1 ? "%s%lld-%lld" : "%s%lld", i > 0 ? "," : "", (long long)born[i], (long long)born[end - 1]);
        i = end;
    }
}

const char *read_purpose(const struct kind *k, int purpose) {
    for (int l = 0; purpose >= 0 && l < LANG_COUNT; l++)
        if (k->used_for[purpose].in[l] != NULL)
            return k->used_for[purpose].in[l];
    return NULL;
}

struct piece { const struct service *s; const struct trace *t; size_t from, count; char who[CALLER_TEXT]; };

static json_t *entry_json(const struct piece *p) {
    const struct reader *by = &p->t->by;
    const struct kind *k = by->k->kind;
    const struct person *people;
    size_t n = charter_people(p->s->charter, &people);
    char account[UUID_TEXT];
    AUTO(buf_done) struct buf records = BUF(RECORDS_TEXT);
    records_text(p->t->born + p->from, p->count, &records);
    json_t *fields = json_array();
    for (size_t i = 0; i < k->field_count; i++)
        if ((by->fields >> i & 1) != 0)
            json_array_append_new(fields, json_string(k->fields[i].name));
    json_t *what = json_pack("{s:s, s:I, s:o, s:s, s:s*, s:s*, s:s}", "kind", k->name, "count", (json_int_t)p->count, "fields", fields, "how", read_way_name(by->way),
                             "role", by->person >= 0 && (size_t)by->person < n ? people[by->person].name : NULL, "purpose", read_purpose(k, by->purpose),
                             "records", buf_str(&records));
    if (by->window != 0)
        json_object_set_new(what, "window", json_integer(by->window));
    if (by->ground != GROUND_NONE)
        json_object_set_new(what, "ground", json_string(use_ground_name(by->ground)));
    if (by->fresh)
        json_object_set_new(what, "fresh", json_true());
    if (!by->by_session && !uuid_is_null(&by->account))
        json_object_set_new(what, "account", json_string(uuid_format(&by->account, account)));
    if (records.failed) {
        json_decref(what);
        return NULL;
    }
    return what;
}

static struct caller caller_of(const struct reader *by) {
    return (struct caller){ .token = by->token, .by_link = by->by_link, .by_session = by->by_session, .account = by->account };
}

/* What its entries are led to by, and counted by: whoever a token belongs to; of webhooks, all of the tenant. */
static void key_text(const struct reader *by, char ret[CALLER_TEXT]) {
    struct caller c = caller_of(by);
    c.by_session = c.by_session || !uuid_is_null(&by->account);
    if (!c.by_session && !c.by_link && c.token < 0) {
        (void)snprintf(ret, CALLER_TEXT, "%s", READER_WEBHOOKS);
        return;
    }
    (void)snprintf(ret, CALLER_TEXT, "%s", caller_text(&c, (char[CALLER_TEXT]){ 0 }, CALLER_TEXT));
}

static enum code piece_write(struct txn *t, void *arg, struct err *reterr) {
    struct piece *p = arg;
    const struct reader *by = &p->t->by;
    struct caller c = caller_of(by);
    json_t *what = entry_json(p);
    enum code code = ledger_append(t, "records_read", caller_text(&c, p->who, sizeof p->who), what, reterr);
    json_decref(what);
    key_text(by, p->who);
    return code == OK ? seen_put(t, p->who, p->t->born + p->from, p->count, reterr) : code;
}

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_out(struct trace *t) {
    size_t kept = 0;
    if (t->count == 0)                       /* no memory was had for its first number: there is no list either */
        return;
    qsort(t->born, t->count, sizeof *t->born, by_number);
    for (size_t i = 0; i < t->count; i++)
        if (kept == 0 || t->born[i] != t->born[kept - 1])
            t->born[kept++] = t->born[i];
    t->count = kept;
}

/* One piece of each trace that has some left, all in one go. */
#define AT_ONCE 64u
static enum code round_write(struct reads *r, struct gathered *g, size_t *ret_left, struct err *reterr) {
    struct piece pieces[AT_ONCE];
    struct store_wish wishes[AT_ONCE];
    struct trace *of[AT_ONCE];
    size_t n = 0;
    enum code code = OK;
    for (size_t i = 0; i < g->count && n < AT_ONCE; i++) {
        struct trace *t = &g->list[i];
        size_t left = t->count - t->done;
        if (left == 0)
            continue;
        of[n] = t;
        pieces[n] = (struct piece){ .s = r->s, .t = t, .from = t->done, .count = left < ENTRY_RECORDS ? left : ENTRY_RECORDS };
        wishes[n] = (struct store_wish){ .tenant = t->by.tenant, .fn = piece_write, .arg = &pieces[n] };
        n++;
    }
    store_write_many(r->s->store, wishes, n);
    for (size_t i = 0; i < n; i++)
        if (wishes[i].code == OK)
            of[i]->done += pieces[i].count;
        else
            code = (*reterr = wishes[i].err, wishes[i].code);
    *ret_left = n;
    return code;
}

static enum code batch_write(struct reads *r, struct gathered *g, struct err *reterr) {
    size_t left = 1;
    enum code code = OK;
    while (code == OK && left > 0)
        code = round_write(r, g, &left, reterr);
    return code;
}

static void empty(struct gathered *g) {
    for (size_t i = 0; i < g->count; i++)
        mem_free(g->list[i].born);
    memset(g, 0, sizeof *g);
}

/* ---- the thread that writes. All under lock, but for the writing itself. */

static void rest(struct reads *r, usec_t most) {
    usec_t at = clock_steady() + most;
    struct timespec until = { .tv_sec = at / USEC_PER_SEC, .tv_nsec = (long)(at % USEC_PER_SEC) * 1000 };
    while (!r->stop && !r->urgent && pthread_cond_clockwait(&r->wake, &r->lock, CLOCK_MONOTONIC, &until) == 0)
        continue;
}

#define LAST_TRIES 3
static void turn(struct reads *r) {
    struct gathered *full = r->now;
    int tries = 0;
    r->now = r->out;
    r->out = full;
    r->gathering++;
    r->urgent = false;
    pthread_cond_broadcast(&r->moved);        /* there is room again */
    for (bool written = false; !written && !(r->stop && tries == LAST_TRIES); tries++) {
        struct err e = { .code = OK };
        pthread_mutex_unlock(&r->lock);
        for (size_t i = 0; tries == 0 && i < full->count; i++)
            sort_out(&full->list[i]);
        written = batch_write(r, full, &e) == OK;
        pthread_mutex_lock(&r->lock);
        r->trouble = e;
        if (written)
            r->written = r->gathering - 1;
        pthread_cond_broadcast(&r->moved);
        if (!written) {
            r->urgent = false;
            rest(r, USEC_PER_SEC);
        }
    }
    empty(full);
}

static void *reads_main(void *arg) {
    struct reads *r = arg;
    pthread_mutex_lock(&r->lock);
    do {
        rest(r, USEC_PER_SEC);
        if (r->now->count > 0)
            turn(r);
        r->urgent = false;
    } while (!r->stop || r->now->count > 0);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct reads *reads_new(struct service *s) {
    struct reads *r = mem_new(sizeof *r);
    if (r == NULL)
        return NULL;
    r->s = s;
    r->gathering = 1;
    r->now = mem_new(sizeof *r->now);
    r->out = mem_new(sizeof *r->out);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    pthread_cond_init(&r->moved, NULL);
    r->running = r->now != NULL && r->out != NULL && pthread_create(&r->thread, NULL, reads_main, r) == 0;
    return r->running ? r : reads_free(r);
}

struct reads *reads_free(struct reads *r) {
    if (r == NULL)
        return NULL;
    if (r->running) {
        pthread_mutex_lock(&r->lock);
        r->stop = true;
        pthread_cond_signal(&r->wake);
        pthread_mutex_unlock(&r->lock);
        (void)pthread_join(r->thread, NULL);
    }
    pthread_cond_destroy(&r->wake);
    pthread_cond_destroy(&r->moved);
    pthread_mutex_destroy(&r->lock);
    mem_free(r->now);
    mem_free(r->out);
    return mem_free(r);
}

/* ---- gathering. Under lock. */

static fieldset personal(const struct kind_info *k, fieldset fields) {
    fieldset set = 0;
    for (size_t i = 0; i < k->kind->field_count; i++)
        if ((fields >> i & 1) != 0 && k->kind->fields[i].level != L_PLAIN)
            set |= (fieldset)1 << i;
    return set;
}

static struct reader reader_of(const struct charter *c, const struct caller *who, const struct kind_info *k, enum read_way way, fieldset set) {
    struct err e;
    int purpose = -1;                          /* what it may not be read for was refused before */
    if (policy_purpose(c, who, k->index, &purpose, &e) != OK)
        purpose = -1;
    return (struct reader){
        .tenant = who->tenant, .token = who->by_session ? 0 : who->token, .window = who->window != NULL ? who->window->number : 0, .account = who->account,
        .person = who->person, .purpose = purpose, .ground = who->ground, .way = way, .by_link = who->by_link, .by_session = who->by_session,
        .k = k, .fields = set,
    };
}

static bool same(const struct reader *a, const struct reader *b) {
    return a->tenant == b->tenant && a->token == b->token && a->window == b->window && uuid_compare(&a->account, &b->account) == 0 && a->person == b->person &&
           a->purpose == b->purpose && a->ground == b->ground && a->way == b->way && a->by_link == b->by_link && a->by_session == b->by_session && a->fresh == b->fresh && a->k == b->k && a->fields == b->fields;
}

static size_t slot_of(const struct reader *by) {
    const uint64_t parts[] = { (uint64_t)by->tenant, (uint64_t)by->token, (uint64_t)(by->window * 64 + by->way), (uint64_t)(by->k->index * 1024 + by->person), by->fields };
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        h = (h ^ parts[i]) * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < sizeof by->account.bytes; i++)
        h = (h ^ by->account.bytes[i]) * UINT64_C(0x100000001b3);
    return (size_t)((h ^ h >> 32) % SLOTS);
}

/* NULL: there is no place for another one. */
static struct trace *trace_of(struct gathered *g, const struct reader *by) {
    size_t at = slot_of(by);
    for (; g->slots[at] != 0; at = (at + 1) % SLOTS)
        if (same(&g->list[g->slots[at] - 1].by, by))
            return &g->list[g->slots[at] - 1];
    if (g->count == TRACES_MAX)
        return NULL;
    g->list[g->count].by = *by;
    g->slots[at] = (uint16_t)++g->count;
    return &g->list[g->count - 1];
}

static enum code put(struct gathered *g, struct trace *t, const int64_t *born, size_t count, struct err *reterr) {
    if (t->count + count > t->room) {
        size_t room = t->room * 2 > t->count + count ? t->room * 2 : t->count + count + 7;
        int64_t *more = mem_grow(t->born, room, sizeof *more);
        if (more == NULL)
            return err_set(reterr, E_MEMORY, "no memory for the trace of a read");
        t->born = more;
        t->room = room;
    }
    memcpy(t->born + t->count, born, count * sizeof *born);
    t->count += count;
    g->records += count;
    return OK;
}

static enum code not_kept(const struct reads *r, struct err *reterr) {
    if (r->trouble.code == OK)
        return err_set(reterr, E_BUSY, "the trace of this read cannot be kept now, and without one nothing is shown: try again in a moment");
    *reterr = r->trouble;
    return err_prefix(reterr, "the trace of this read cannot be kept, and without one nothing is shown");
}

/* False: the deadline has passed. */
static bool wait_moved(struct reads *r, usec_t until) {
    const struct timespec at = { .tv_sec = until / USEC_PER_SEC, .tv_nsec = (long)(until % USEC_PER_SEC) * 1000 };
    r->urgent = true;
    pthread_cond_signal(&r->wake);
    pause_begin();
    int rc = pthread_cond_clockwait(&r->moved, &r->lock, CLOCK_MONOTONIC, &at);
    pause_end();
    return rc == 0;
}

static enum code gather(struct reads *r, const struct reader *by, const int64_t *born, size_t count, usec_t until, struct err *reterr) {
    for (;;) {
        struct trace *t = r->now->records + count > RECORDS_MAX ? NULL : trace_of(r->now, by);
        if (t != NULL)
            return put(r->now, t, born, count, reterr);
        if (!wait_moved(r, until))
            return not_kept(r, reterr);
    }
}

/* Until the batch is written, or has failed to be. */
static enum code stay(struct reads *r, usec_t until, struct err *reterr) {
    const uint64_t own = r->gathering;
    while (r->written < own) {
        if (r->trouble.code != OK && r->gathering == own + 1)
            return not_kept(r, reterr);
        if (!wait_moved(r, until))
            return not_kept(r, reterr);
    }
    return OK;
}

static bool is_noted(const struct caller *who) { return !who->by_sejf && !who->by_form && rule_on(RULE_reads_recorded); }
static bool is_fresh(const struct record *r) { return r->updated > clock_now() - USEC_PER_DAY; }

static enum code walk(struct service *s, const struct caller *who, const struct reader *by, const int64_t *born, size_t count, struct err *reterr) {
    char key[CALLER_TEXT];
    key_text(by, key);
    return !copies_limited(s) || who->by_link ? OK : walks_take(s->walks, s, who->tenant, key, born, count, reterr);
}

static enum code note(struct service *s, const struct caller *who, const struct kind_info *k, enum read_way way, const int64_t *born, size_t count,
                      fieldset fields, bool fresh, struct err *reterr) {
    PRE(s != NULL && who != NULL && k != NULL && (born != NULL || count == 0) && reterr != NULL);
    fieldset set = personal(k, fields);
    if (set == 0 || count == 0 || !is_noted(who))
        return OK;
    struct reader by = reader_of(s->charter, who, k, way, set);
    struct reads *r = s->reads;
    usec_t until = clock_steady() + WAIT_MOST;
    by.fresh = fresh;
    enum code code = way == READ_EXPORT || fresh ? OK : walk(s, who, &by, born, count, reterr);
    if (code != OK)
        return code;
    pthread_mutex_lock(&r->lock);
    code = gather(r, &by, born, count, until, reterr);
    if (code == OK && who->staff)
        code = stay(r, until, reterr);
    pthread_mutex_unlock(&r->lock);
    return code;
}

enum code reads_note(struct service *s, const struct caller *who, const struct kind_info *k, enum read_way way, const int64_t *born, size_t count,
                     fieldset fields, struct err *reterr) {
    return note(s, who, k, way, born, count, fields, false, reterr);
}

enum code reads_note_one(struct service *s, const struct caller *who, enum read_way way, const struct record *r, fieldset fields, struct err *reterr) {
    return note(s, who, r->info, way, &r->born, 1, fields, is_fresh(r), reterr);
}

enum code reads_note_change(struct service *s, const struct caller *who, const struct record *old, fieldset fields, fieldset could, struct err *reterr) {
    PRE(s != NULL && who != NULL && old != NULL && reterr != NULL);
    const bool fresh = is_fresh(old);
    fieldset set = personal(old->info, could);
    enum code code = OK;
    if (set != 0 && !fresh && is_noted(who)) {
        const struct reader by = reader_of(s->charter, who, old->info, READ_ONE, set);
        code = walk(s, who, &by, &old->born, 1, reterr);
    }
    return code == OK ? note(s, who, old->info, READ_ONE, &old->born, 1, fields, fresh, reterr) : code;
}
