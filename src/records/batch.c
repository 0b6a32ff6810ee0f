/* batch.c — one write for many drafts. The store rolls a failed write back as a whole, so the row at fault is taken out and the
 * others are written again; after ROUNDS such rounds each is written by itself. */
#include "records/batch.h"

#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/asked.h"
#include "records/use.h"

#define BATCH_MEMORY ((size_t)256 << 20)
#define ROUNDS 6

struct batch *batch_new(struct service *s, const struct caller *who, const struct kind_info *k, enum lang lang) {
    struct batch *b = mem_new(sizeof *b);
    if (b == NULL)
        return NULL;
    *b = (struct batch){ .s = s, .who = who, .k = k, .lang = lang, .arena = arena_new(BATCH_MEMORY), .refused = json_array() };
    b->rows = b->arena == NULL ? NULL : arena_array(b->arena, BATCH_ROWS, sizeof *b->rows);
    b->facts = (struct fact_source){ .s = s, .who = who, .arena = b->arena, .now = clock_now() };
    return b->rows == NULL || b->refused == NULL ? batch_free(b) : b;
}

struct batch *batch_free(struct batch *b) {
    if (b == NULL)
        return NULL;
    facts_end(&b->facts);
    for (size_t i = 0; i < b->count; i++)
        draft_end(&b->rows[i].draft);
    crypto_wipe(&b->keys, sizeof b->keys);
    json_decref(b->refused);
    arena_free(b->arena);
    return mem_free(b);
}

enum code batch_refuse(struct batch *b, uint64_t line, struct mistakes *m, struct err *reterr) {
    size_t i;
    json_t *one;
    bool fine = !m->lost;
    json_array_foreach(m->list, i, one) {
        json_t *row = json_pack("{s:I}", "line", (json_int_t)line);
        fine = json_object_update(row, one) == 0 && json_array_append(b->refused, row) == 0 && fine;
        json_decref(row);
    }
    mistakes_done(m);
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory to tell what is not valid in line %llu", (unsigned long long)line);
}

enum code batch_add(struct batch *b, uint64_t line, const struct record_request *r, struct input *in, struct mistakes *m, struct err *reterr) {
    PRE(b->count < BATCH_ROWS);
    struct batch_row *row = &b->rows[b->count];
    struct draft *d = &row->draft;
    *row = (struct batch_row){ .line = line };
    *d = (struct draft){ .s = b->s, .who = b->who, .arena = b->arena, .keys = &b->keys, .way = "import", .mistakes = { .lang = b->lang } };
    enum code code = record_blank(b->k, b->who->tenant, b->arena, &d->rec, reterr);
    if (code != OK)
        return code;
    d->rec.marks.imported = true;
    b->facts.record = &d->rec;
    code = create_fill(d, &b->facts, r, in, m, reterr);
    if (code == E_FORBIDDEN || code == E_NOT_FOUND) {      /* not this row's maker; others may be */
        mistakes_add(m, "", SAYS_not_yours, NULL);
        code = OK;
    }
    if (code != OK)
        return code;
    if (mistakes_any(m))
        return batch_refuse(b, line, m, reterr);
    code = asked_first(d, &b->facts, ASK_CREATE, NULL, m, reterr);
    if (code == OK && mistakes_any(m))
        return batch_refuse(b, line, m, reterr);
    if (code == OK)
        code = draft_prepare(d, &b->facts, reterr);
    if (code == OK)
        b->count++;
    else
        draft_end(d);
    return code;
}

/* ---- the write */
struct run { struct batch *b; size_t from, until, at; };

static enum code note(struct txn *t, const struct batch *b, size_t from, size_t until, struct err *reterr) {
    char who[CALLER_TEXT], first[UUID_TEXT], last[UUID_TEXT];
    const struct record *one = NULL, *end = NULL;
    json_int_t n = 0;
    for (size_t i = from; i < until; i++)
        if (!b->rows[i].refused) {
            one = one == NULL ? &b->rows[i].draft.rec : one;
            end = &b->rows[i].draft.rec;
            n++;
        }
    if (one == NULL)
        return OK;
    json_t *what = json_pack("{s:s, s:I, s:s, s:s}", "kind", b->k->kind->name, "count", n, "first", uuid_format(&one->id, first), "last", uuid_format(&end->id, last));
    enum code code = ledger_append(t, "records_imported", caller_text(b->who, who, sizeof who), what, reterr);
    json_decref(what);
    return code;
}

static enum code rows_write(struct txn *t, void *arg, struct err *reterr) {
    struct run *run = arg;
    struct looked_up *known = NULL;
    enum code code = OK;
    for (run->at = run->from; code == OK && run->at < run->until; run->at++)
        if (!run->b->rows[run->at].refused)
            code = draft_write(t, &run->b->rows[run->at].draft, &known, reterr);
    if (code != OK) {
        run->at--;
        return code;
    }
    return note(t, run->b, run->from, run->until, reterr);
}

static bool of_the_row(enum code code) { return code == E_CONFLICT || code == E_FIELDS || code == E_GONE || code == E_FORBIDDEN; }

/* A refusal belongs to the row, and OK comes back; everything else ends the import. */
static enum code refused_by(struct batch *b, size_t i, enum code code, struct err *e) {
    struct batch_row *row = &b->rows[i];
    if (!of_the_row(code))
        return code;
    row->refused = true;
    if (mistakes_any(&row->draft.mistakes))
        return batch_refuse(b, row->line, &row->draft.mistakes, e);
    if (json_array_append_new(b->refused, json_pack("{s:I, s:s, s:s}", "line", (json_int_t)row->line, "path", "", "text", e->text)) != 0)
        return err_set(e, E_MEMORY, "no memory to tell why line %llu is refused", (unsigned long long)row->line);
    return OK;
}

static enum code rekey(struct batch *b, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < b->count; i++)
        code = draft_rekey(&b->rows[i].draft, reterr);
    return code;
}

static enum code run_rows(struct batch *b, struct run *run) {
    enum code code = store_write(b->s->store, b->who->tenant, rows_write, run, &b->err);
    if (code == E_STALE && rekey(b, &b->err) == OK)
        code = store_write(b->s->store, b->who->tenant, rows_write, run, &b->err);
    for (size_t i = run->from; i < run->until; i++)
        if (!b->rows[i].refused)
            draft_answered(&b->rows[i].draft, code);
    return code;
}

static enum code one_by_one(struct batch *b) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < b->count; i++) {
        struct run run = { b, i, i + 1, i };
        if (b->rows[i].refused || b->rows[i].draft.written)
            continue;
        code = run_rows(b, &run);
        if (code != OK)
            code = refused_by(b, i, code, &b->err);
    }
    return code;
}

void batch_write(struct batch *b) {
    struct run run = { b, 0, b->count, 0 };
    facts_end(&b->facts);
    b->code = OK;
    if (b->count == 0)
        return;
    int round = 0;
    enum code after = OK;                      /* OK: the row was at fault, and the others are tried again */
    while (after == OK && (b->code = run_rows(b, &run)) != OK && ++round < ROUNDS)
        after = refused_by(b, run.at, b->code, &b->err);
    if (after != OK)
        b->code = after;
    if (round == ROUNDS && of_the_row(b->code))
        b->code = one_by_one(b);
    for (size_t i = 0; i < b->count; i++)
        b->made += b->rows[i].draft.written;
}
