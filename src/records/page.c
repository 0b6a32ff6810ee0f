/* page.c — a batch of candidates is read in one view, opened with few questions to the keeper, and forgotten before the next. */
#include "records/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "records/cursor.h"
#include "records/keys.h"
#include "records/pool.h"
#include "records/sieve.h"
#include "records/facts.h"
#include "records/use.h"

#ifndef SCAN_MAX                              /* a test has smaller ones */
#define SCAN_MAX 50000u                       /* candidates of one request: a search that finds less than a page goes on with the cursor */
#define BATCH_BYTES ((size_t)1 << 20)          /* as stored, of the candidates that are in memory at once, and of the one that passes it */
#define PAGE_BYTES ((size_t)1 << 20)           /* of the values that one answer shows: a page ends early with a cursor */
#endif
#define TURN_BYTES ((size_t)128 << 10)        /* as stored: what a request may hold that takes turns with others */
#define CHUNK 128u                            /* records that one thread opens at once */

/* blind: its row cannot be read. hidden: as in page_item. */
struct candidate { struct record record; struct value_at { int64_t number; const char *text; } at; struct verdict sees; bool keep, blind, hidden; };
/* room: candidates that the batch takes; place: those that `list` can hold now, for a search that finds one must not pay for a page. */
struct batch { struct page_work *w; struct arena *arena; struct candidate *list; size_t count, room, place, bytes; bool cut, ended, failed; struct sql *q; };

/* A token leads to nothing that the index lacks; then candidates are all records, in the same order. */
static enum source_type source_of(const struct page_work *w) {
    if (w->q->source == BY_ID && w->rooted && !(w->trails && w->roots.indexed))
        return BY_ROOTS;
    return w->q->source == BY_TOKEN && w->trails ? BY_ID : w->q->source;
}
static bool indexed(const struct page_work *w) { return w->q->source != BY_ID || (w->rooted && w->roots.indexed); }

/* ---- candidates */
#define PLACE_FIRST 4u
static struct candidate *next_candidate(struct batch *b) {
    if (b->count == b->place) {
        size_t place = b->place > 0 ? b->place * 4 : source_of(b->w) == BY_ID && b->room < CHUNK ? b->room : PLACE_FIRST;
        struct candidate *list = arena_array(b->arena, place, sizeof *list);
        if (list == NULL) {
            b->failed = true;
            return NULL;
        }
        if (b->count > 0)
            memcpy(list, b->list, b->count * sizeof *list);
        b->list = list;
        b->place = place;
    }
    return &b->list[b->count];
}

/* What is known of a record whose row cannot be read. */
static enum code blind(struct batch *b, struct candidate *c, const struct uuid *id, struct err *reterr) {
    struct err why = *reterr;
    enum code code = record_blank(b->w->q->k, b->w->who->tenant, b->arena, &c->record, reterr);
    if (code == OK && !record_damaged(&c->record, kind_all(b->w->q->k->kind), &why, b->arena))
        code = err_set(reterr, E_MEMORY, "no memory for a list");
    c->record.id = *id;
    c->record.loaded = c->record.opened = true;
    c->blind = true;
    return code;
}

static bool take_row(const struct row *row, void *arg) {
    struct batch *b = arg;
    struct candidate *c = next_candidate(b);
    struct err e;
    if (c == NULL)
        return false;
    enum code code = row->damaged ? err_set(&e, E_DAMAGED, "the row lies on a damaged page of records.db: `sejf doctor` names it; restore from the newest archive")
                                  : record_of_row(b->w->q->k, b->w->who->tenant, row, b->arena, &c->record, &e);
    if (code == E_DAMAGED)
        code = blind(b, c, &row->id, &e);
    if (code != OK) {
        b->failed = true;
        return false;
    }
    b->bytes += row->damaged ? 0 : strlen(row->clear);
    b->cut = b->bytes > BATCH_BYTES;
    return ++b->count < b->room && !b->cut;
}

static bool take_id(const struct uuid *id, void *arg) {
    struct batch *b = arg;
    struct candidate *c = next_candidate(b);
    if (c == NULL)
        return false;
    c->record.id = *id;
    return ++b->count < b->room;
}

static bool take_sorted(const struct uuid *id, const struct sorted_value *v, void *arg) {
    struct batch *b = arg;
    struct candidate *c = next_candidate(b);
    if (c == NULL)
        return false;
    c->record.id = *id;
    c->at.number = v->number;
    if (v->text != NULL && (c->at.text = arena_text(b->arena, v->text)) == NULL)
        b->failed = true;
    return ++b->count < b->room && !b->failed;
}

static enum code by_roots(struct batch *b, struct err *reterr) {
    const struct query *q = b->w->q;
    const struct roots_walk walk = { .roots = &b->w->roots, .s = b->w->s, .k = q->k, .tenant = b->w->who->tenant, .after = q->has_after ? &q->after : NULL,
                                     .descending = q->descending, .room = b->room };
    struct uuid *ids = NULL;
    size_t n = 0;
    enum code code = roots_ids(&walk, b->q, b->arena, &ids, &n, reterr);
    for (size_t i = 0; code == OK && i < n && take_id(&ids[i], b); i++)
        continue;
    return code;
}

static enum code by_id(struct batch *b, struct err *reterr) {
    const struct query *q = b->w->q;
    struct row_range range = { .kind = q->k->number, .has_parent = q->has_parent, .parent = q->parent, .descending = q->descending };
    if (q->has_after)
        range.after = q->after;
    return rows_list_around(b->q, &range, take_row, b, reterr);
}

static int by_uuid(const void *a, const void *b) {
    return uuid_compare(&((const struct candidate *)a)->record.id, &((const struct candidate *)b)->record.id);
}

/* Two lists of ids into one: in order, each once, no more than a batch. */
static void merge(struct batch *b) {
    size_t n = 0;
    qsort(b->list, b->count, sizeof *b->list, by_uuid);
    for (size_t i = 0; i < b->count; i++)
        if (n == 0 || uuid_compare(&b->list[n - 1].record.id, &b->list[i].record.id) != 0)
            b->list[n++] = b->list[i];
    b->count = n > b->room ? b->room : n;
}

static enum code by_keys(struct batch *b, const struct index_keys *keys, struct err *reterr) {
    const struct query *q = b->w->q;
    const char *fold = q->source_fold;
    size_t len = strlen(fold), room = b->room;
    struct token token;
    enum code code = OK;
    if (q->source_mode != FIND_EXACT) {        /* the first word leads to the candidates; the others are held against them */
        while (*fold == ' ')
            fold++;
        len = strcspn(fold, " ");
        if (q->source_mode == FIND_PREFIX)
            len = find_points(fold, len, PREFIX_MAX);
    }
    for (int before = 0; before <= (keys->has_before ? 1 : 0) && code == OK; before++) {     /* while tokens are renewed, some have the new key and some the old one */
        b->room = b->count + room;
        if (!find_token(b->w->s, keys, q->k, b->w->who->tenant, q->source_field, q->source_mode, fold, len, before != 0, &token))
            code = err_set(reterr, E_MEMORY, "no memory for a search");
        else
            code = index_find(b->q, q->k->number, &token, &q->after, take_id, b, reterr);
    }
    b->room = room;
    if (keys->has_before)
        merge(b);
    return code;
}

/* Keys are kept for a second; a renewal that began meanwhile may have moved the tokens before they were looked for. It tells its generation
 * before it moves the first, so keys that are still of the newest one afterwards have found all there is. */
static enum code by_token(struct batch *b, struct err *reterr) {
    struct index_keys keys;
    enum code code = index_keys_of(b->w->s, b->w->who->tenant, false, &keys, reterr);
    if (code == OK)
        code = by_keys(b, &keys, reterr);
    if (code == OK && keys.generation < index_generation(b->w->s->store)) {
        b->count = 0;
        code = index_keys_of(b->w->s, b->w->who->tenant, true, &keys, reterr);
        if (code == OK)
            code = by_keys(b, &keys, reterr);
    }
    crypto_wipe(&keys, sizeof keys);
    return code;
}

static void bounds(const struct query *q, struct sorted_range *ret) {
    for (size_t i = 0; i < q->cond_count; i++) {
        const struct cond *c = &q->conds[i];
        if (c->field != q->sort)
            continue;
        bool low = c->op == IS || c->op == AT_LEAST || c->op == ABOVE, high = c->op == IS || c->op == AT_MOST || c->op == BELOW;
        const char *text = c->fold;
        if (low && c->value.number > ret->from)
            ret->from = c->value.number;
        if (high && c->value.number < ret->until)
            ret->until = c->value.number;
        if (low && c->op != IS && (ret->text_from == NULL || strcmp(text, ret->text_from) > 0))
            ret->text_from = text;
        if (high && c->op != IS && (ret->text_until == NULL || strcmp(text, ret->text_until) < 0))
            ret->text_until = text;
    }
}

static enum code by_sort(struct batch *b, struct err *reterr) {
    const struct query *q = b->w->q;
    struct sorted_range range = { .kind = q->k->number, .field = q->k->fields[q->sort], .number = find_by_number(&q->k->kind->fields[q->sort]),
                                  .from = INT64_MIN, .until = INT64_MAX, .descending = q->descending, .has_after = q->has_after,
                                  .after_number = q->after_number, .after_text = q->after_text, .after_id = q->after };
    bounds(q, &range);
    return index_range(b->q, &range, take_sorted, b, reterr);
}

/* What a record takes as it is stored. */
static size_t stored_bytes(const struct record *r) {
    size_t n = 0;
    for (size_t i = 0; i < r->info->kind->field_count; i++)
        n += r->values[i].len;
    for (size_t i = 0; r->loaded && i < r->info->kind->part_count; i++)
        n += r->parts[i].len;
    for (size_t i = 0; r->loaded && i < r->stray_count; i++)
        n += r->strays[i].state.len;
    return n;
}

/* Counts candidate i; when that is enough, those behind it are left to the next batch. */
static void weigh(struct batch *b, size_t i, size_t bytes) {
    b->bytes += bytes;
    if (b->bytes > BATCH_BYTES && i + 1 < b->count) {
        b->count = i + 1;
        b->cut = true;
    }
}

/* The row of a candidate of which the id is known; one that is gone drops out. */
static enum code row_find(struct batch *b, struct candidate *c, struct err *reterr) {
    struct uuid id = c->record.id;
    enum code code = record_find(b->q, b->w->q->k, &id, b->arena, &c->record, reterr);
    if (code == E_DAMAGED && (code = blind(b, c, &id, reterr)) == OK)
        code = view_again(b->q, reterr);
    c->keep = code == OK;
    c->record.id = id;
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

static enum code rows_get(struct batch *b, struct err *reterr) {
    for (size_t i = 0; i < b->count; i++) {
        enum code code = row_find(b, &b->list[i], reterr);
        if (code != OK)
            return code;
        if (b->list[i].keep)
            weigh(b, i, stored_bytes(&b->list[i].record));
    }
    return OK;
}

static enum code candidates(struct batch *b, struct err *reterr) {
    enum code code;
    enum source_type source = source_of(b->w);
    switch (source) {
    case BY_TOKEN: code = by_token(b, reterr); break;
    case BY_SORT: code = by_sort(b, reterr); break;
    case BY_ROOTS: code = by_roots(b, reterr); break;
    default: code = by_id(b, reterr); break;
    }
    if (code == OK && b->failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list");
    b->ended = b->count < b->room && !b->cut;
    if (source == BY_ID)
        for (size_t i = 0; i < b->count; i++)
            b->list[i].keep = true;
    return code == OK && source != BY_ID ? rows_get(b, reterr) : code;
}

/* ---- who sees it, and does what stands unsealed match? */
static void clear_of(const struct query *q, struct query *ret) {
    *ret = *q;
    ret->cond_count = 0;
    for (size_t i = 0; i < q->cond_count; i++)
        if ((q->k->kind->outside >> q->conds[i].field & 1) != 0)
            ret->conds[ret->cond_count++] = q->conds[i];
}

struct sieve { struct batch *b; struct query clear; fieldset asked; struct looked_up *known; struct part_walk walk; bool walks; usec_t now; };

/* An order tells of its field, too. */
static fieldset asked_fields(const struct query *q) { return query_fields(q) | (q->source == BY_SORT ? (fieldset)1 << q->sort : 0); }

/* That something of a tenant's is damaged is its own role's business; what others may see of it stood in what is lost. */
static void see_blindly(struct sieve *v, struct candidate *c) {
    c->sees = (struct verdict){ .fields = kind_all(c->record.info->kind), .any = true };
    c->hidden = !use_knows(v->b->w->s, v->b->w->who, v->b->w->q->k->index);
}

/* Another record may decide who sees this one, and be damaged itself. */
static enum code see(struct sieve *v, struct candidate *c, struct err *reterr) {
    struct batch *b = v->b;
    if (c->blind) {
        see_blindly(v, c);
        return OK;
    }
    struct fact_source src = { .s = b->w->s, .q = b->q, .who = b->w->who, .record = &c->record, .arena = b->arena, .known = v->known, .now = v->now };
    struct facts f = facts_of(&src, v->now);
    enum code code = policy_sees(b->w->who, &f, &c->sees, reterr);
    v->known = src.known;
    if (code == OK)
        c->keep = c->sees.any && (v->asked & ~c->sees.fields) == 0;        /* a field that it may not see finds nothing */
    if (code != E_DAMAGED)
        return code;
    see_blindly(v, c);
    if (!record_damaged(&c->record, 0, reterr, b->arena))
        return err_set(reterr, E_MEMORY, "no memory for a list");
    return view_again(b->q, reterr);
}

static enum code load(struct sieve *v, struct candidate *c, struct err *reterr) {
    struct batch *b = v->b;
    enum code code = record_walk_parts(v->walks ? &v->walk : NULL, b->q, b->arena, &c->record, reterr);
    if (code != E_DAMAGED)
        return code;
    const struct kind *k = c->record.info->kind;
    if (!record_damaged(&c->record, kind_all(k) & ~k->outside, reterr, b->arena))
        return err_set(reterr, E_MEMORY, "no memory for a list");
    c->record.loaded = c->record.opened = true;
    return view_again(b->q, reterr);
}

static enum code sift_one(struct sieve *v, size_t i, struct err *reterr) {
    struct batch *b = v->b;
    struct candidate *c = &b->list[i];
    c->keep = c->blind || query_matches(&v->clear, &c->record, b->arena, &b->failed);
    if (b->failed)
        return err_set(reterr, E_MEMORY, "no memory for a list");
    enum code code = c->keep ? see(v, c, reterr) : OK;
    if (code == OK && c->keep && !c->record.loaded)
        code = load(v, c, reterr);
    if (code == OK && c->keep)
        weigh(b, i, stored_bytes(&c->record));
    return code;
}

static enum code sift(struct batch *b, struct err *reterr) {
    const struct query *q = b->w->q;
    struct sieve v = { .b = b, .asked = asked_fields(q), .walk = PART_WALK(b->q, q->k->number, q->descending), .now = clock_now() };
    v.walks = source_of(b->w) == BY_ID && q->source == BY_ID && !q->has_parent;              /* of all ids of the kind, few are passed over */
    clear_of(q, &v.clear);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < b->count; i++)
        if (b->list[i].keep)
            code = sift_one(&v, i, reterr);
    parts_walk_end(&v.walk);
    return code;
}

/* ---- opening and matching */
struct piece { struct arena *arena; enum code code; struct err err; };
struct opening { struct batch *b; struct piece *pieces; size_t count; };

/* In a scan most records do not match, which one of their fields tells; those are not opened as a whole. */
static enum code sieve_piece(struct batch *b, size_t from, size_t until, struct err *reterr) {
    struct candidate *of[CHUNK];
    struct record *list[CHUNK];
    bool denied[CHUNK];
    size_t count = 0;
    for (size_t i = from; i < until; i++)
        if (b->list[i].keep) {
            of[count] = &b->list[i];
            list[count++] = &b->list[i].record;
        }
    enum code code = count == 0 ? OK : sieve(b->w->s, b->w->q, list, count, denied, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        of[i]->keep = !denied[i];
    return code;
}

static void open_piece(void *arg, size_t n) {
    struct opening *o = arg;
    struct piece *p = &o->pieces[n];
    struct record *list[CHUNK];
    size_t count = 0, from = n * CHUNK, until = from + CHUNK < o->b->count ? from + CHUNK : o->b->count;
    if (o->b->w->q->cond_count > 0 && source_of(o->b->w) != BY_TOKEN && (p->code = sieve_piece(o->b, from, until, &p->err)) != OK)
        return;
    for (size_t i = from; i < until; i++)
        if (o->b->list[i].keep)
            list[count++] = &o->b->list[i].record;
    p->arena = arena_new(REQUEST_MAX);
    if (p->arena == NULL) {
        p->code = err_set(&p->err, E_MEMORY, "no memory for a list");
        return;
    }
    p->code = count == 0 ? OK : records_open(o->b->w->s, list, count, p->arena, &p->err);
    bool failed = false;
    for (size_t i = from; p->code == OK && i < until; i++)
        if (o->b->list[i].keep && !o->b->list[i].blind && !o->b->list[i].record.torn)
            o->b->list[i].keep = query_matches(o->b->w->q, &o->b->list[i].record, p->arena, &failed);
    if (failed)
        p->code = err_set(&p->err, E_MEMORY, "no memory for a list");
}

static enum code open_all(struct opening *o, struct err *reterr) {
    pool_run(o->b->w->s->pool, o->count, open_piece, o);
    for (size_t i = 0; i < o->count; i++)
        if (o->pieces[i].code != OK) {
            *reterr = o->pieces[i].err;
            return o->pieces[i].code;
        }
    return OK;
}

/* What was erased or changed between the look at its row and its opening is looked at once more, for half of it is no record. */
#define TORN_LOOKS 4
static bool is_torn(const struct candidate *c) { return c->keep && !c->blind && c->record.torn; }

static enum code torn_read(struct batch *b, struct record **list, size_t *ret_count, struct err *reterr) {
    AUTO(view_end) struct view *view = NULL;
    struct sieve v = { .b = b, .asked = asked_fields(b->w->q), .now = clock_now() };
    enum code code = store_view(b->w->s->store, b->w->who->tenant, &view, reterr);
    b->q = code == OK ? view_sql(view) : NULL;
    clear_of(b->w->q, &v.clear);
    for (size_t i = 0; code == OK && i < b->count; i++) {
        struct candidate *c = &b->list[i];
        if (!is_torn(c))
            continue;
        code = row_find(b, c, reterr);
        if (code == OK && c->keep)
            code = sift_one(&v, i, reterr);
        if (code == OK && c->keep && !c->blind)
            list[(*ret_count)++] = &c->record;
    }
    return code;
}

static enum code torn_again(struct batch *b, struct err *reterr) {
    size_t torn = 0, count = 0;
    enum code code = OK;
    for (size_t i = 0; i < b->count; i++)
        torn += is_torn(&b->list[i]);
    struct record **list = torn == 0 ? NULL : arena_array(b->arena, torn, sizeof *list);
    if (torn > 0 && list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list");
    for (int looks = 0; code == OK && torn > 0 && looks < TORN_LOOKS; looks++) {
        count = 0;
        code = torn_read(b, list, &count, reterr);
        if (code == OK && count > 0)           /* without a view open */
            code = records_open(b->w->s, list, count, b->arena, reterr);
        torn = 0;
        for (size_t i = 0; code == OK && i < count; i++)
            torn += list[i]->torn;
    }
    for (size_t i = 0; code == OK && list != NULL && i < b->count; i++)
        if (b->list[i].keep && !b->list[i].blind)
            b->list[i].keep = query_matches(b->w->q, &b->list[i].record, b->arena, &b->failed);
    return code == OK && b->failed ? err_set(reterr, E_MEMORY, "no memory for a list") : code;
}

struct progress { size_t given, scanned, bytes; bool stopped, full; struct spot last; };

static void place_keep(struct spot *p, const struct candidate *c) {
    p->id = c->record.id;
    p->number = c->at.number;
    p->text[0] = 0;
    if (c->at.text != NULL) {
        size_t n = strnlen(c->at.text, SORT_TEXT);
        memcpy(p->text, c->at.text, n);
        p->text[n] = 0;
    }
}

static size_t shown_bytes(const struct record *r, fieldset fields) {
    size_t n = 0;
    for (size_t i = 0; i < r->info->kind->field_count; i++)
        n += (fields >> i & 1) != 0 ? r->values[i].len : 0;
    return n;
}

/* Hands matches on; one more than a page takes shows that there is another page. */
static void hand_on(struct batch *b, struct progress *p) {
    for (size_t i = 0; i < b->count && !p->stopped && !p->full; i++) {
        struct candidate *c = &b->list[i];
        if (c->keep && (p->given == b->w->q->limit || p->bytes >= PAGE_BYTES)) {
            p->full = true;
            return;
        }
        if (c->keep) {
            p->stopped = !b->w->item(&(struct page_item){ &c->record, c->sees.fields, c->hidden }, b->w->arg);
            p->given++;
            p->bytes += c->record.damage != NULL ? 0 : shown_bytes(&c->record, c->sees.fields);
        }
        place_keep(&p->last, c);
    }
}

enum code page_later(struct err *reterr) { return err_set(reterr, E_BUSY, "a request that takes longer than others is handled by itself"); }

/* One that needs another batch, or holds much while its keys are asked for, is nothing to take turns with. */
static bool is_long(const struct batch *b, const struct progress *p) {
    size_t kept = p->given;
    for (size_t i = 0; i < b->count; i++)
        kept += b->list[i].keep;
    return b->bytes > TURN_BYTES || (!b->ended && kept <= b->w->q->limit);
}

/* The keys of the index are kept for a second: asked for here, they are there when the view is open, which others may wait for. */
static enum code index_keys_warm(struct page_work *w, struct err *reterr) {
    struct index_keys keys;
    if (source_of(w) != BY_TOKEN && !(source_of(w) == BY_ROOTS && w->roots.indexed))
        return OK;
    enum code code = index_keys_of(w->s, w->who->tenant, false, &keys, reterr);
    crypto_wipe(&keys, sizeof keys);
    return code;
}

static enum code batch_read(struct batch *b, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = index_keys_warm(b->w, reterr);
    if (code == OK)
        code = store_view(b->w->s->store, b->w->who->tenant, &v, reterr);
    if (code != OK)
        return code;
    b->q = view_sql(v);
    code = candidates(b, reterr);
    return code == OK ? sift(b, reterr) : code;
}

static enum code batch_run(struct page_work *w, size_t room, struct progress *p, bool *ret_ended, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct batch b = { .w = w, .arena = arena, .room = room };
    struct opening o = { .b = &b };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list");
    enum code code = batch_read(&b, reterr);
    if (code == OK && is_long(&b, p) && !fiber_alone())
        return page_later(reterr);
    o.count = (b.count + CHUNK - 1) / CHUNK;
    o.pieces = arena_array(arena, o.count, sizeof *o.pieces);
    if (code == OK && o.pieces == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a list");
    if (code == OK)
        code = open_all(&o, reterr);
    if (code == OK)
        code = torn_again(&b, reterr);
    if (code == OK)
        hand_on(&b, p);
    for (size_t i = 0; o.pieces != NULL && i < o.count; i++)
        arena_free(o.pieces[i].arena);
    p->scanned += b.count;
    *ret_ended = b.ended && !b.cut;
    return code;
}

/* A scan takes what all threads can open at once; a page that the index leads to takes a page. */
static size_t batch_room(const struct page_work *w) {
    size_t page = w->q->limit + 1, wide = (size_t)CHUNK * pool_width(w->s->pool) * 2;
    bool sifts = source_of(w) != BY_TOKEN && w->q->cond_count > 0;
    return sifts && wide > page ? wide : page;
}

static void go_on_after(struct query *q, const struct spot *at) {
    q->has_after = true;
    q->after = at->id;
    q->after_number = at->number;
    q->after_text = at->text;
}

/* An index that trails behind the records, or turns out to be damaged while it is read, is passed by. */
static enum code batch_sure(struct page_work *w, struct progress *p, bool *ret_ended, struct err *reterr) {
    struct store *store = w->s->store;
    w->trails = w->trails || (indexed(w) && store_index_trails(store));
    if (!w->trails) {
        enum code code = batch_run(w, batch_room(w), p, ret_ended, reterr);
        w->trails = code == E_DAMAGED && indexed(w) && store_index_damaged(store);
        if (!w->trails)
            return code;
    }
    if (w->q->source == BY_SORT)
        return err_set(reterr, E_BUSY, "the index is being made anew, so nothing can be put in its order: try again in a moment");
    return batch_run(w, batch_room(w), p, ret_ended, reterr);
}

enum code page_run(struct page_work *w, struct buf *ret_next, struct err *reterr) {
    struct progress p = { 0 };
    bool ended = false;
    if (w->q->source == BY_ID && !w->q->has_parent)
        w->rooted = roots_of(w->s, w->who, w->q->k, &w->roots) && !(w->roots.indexed && w->q->descending);       /* the index goes one way */
    if (w->q->cursor != NULL) {
        enum code code = cursor_read(w->s, w->who->tenant, w->q, w->q->cursor, w->q->cursor_len, &p.last, reterr);
        if (code != OK)
            return code;
        go_on_after(w->q, &p.last);
    }
    while (!ended && !p.full && !p.stopped && p.scanned < (w->most > 0 ? w->most : SCAN_MAX)) {
        enum code code = batch_sure(w, &p, &ended, reterr);
        if (code != OK)
            return code;
        if (p.given + p.scanned == 0)
            break;
        if (!ended && !p.full && !p.stopped && !fiber_alone())
            return page_later(reterr);
        go_on_after(w->q, &p.last);            /* the next batch goes on behind this one */
    }
    if ((ended && !p.full) || p.scanned == 0)
        return OK;
    return cursor_make(w->s, w->who->tenant, w->q, &p.last, ret_next, reterr);
}
