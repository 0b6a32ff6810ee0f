/* clock.c — the state is one row of the proofs of service "": 0 held, 1 confirmed. The entry is written first: a hold that is cut
 * between the two is found again at the next start, for the mark of the jobs has not moved. */
#include "retention/clock.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "store/tables.h"

#define ROW "clock"

/* ---- the row */

static void state_parse(const char *detail, struct clock_state *ret) {
    json_t *o = json_loads(detail, JSON_REJECT_DUPLICATES, NULL);
    ret->from = json_integer_value(json_object_get(o, "from"));
    ret->to = json_integer_value(json_object_get(o, "to"));
    ret->known = json_integer_value(json_object_get(o, "known"));
    json_decref(o);
}

static bool state_find(const struct proof_row *r, void *arg) {
    struct clock_state *c = arg;
    if (strcmp(r->rule, ROW) != 0)
        return true;
    c->held = r->state == 0;
    c->since = r->at;
    state_parse(r->detail, c);
    return false;
}

enum code clock_read_state(struct store *s, struct clock_state *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct clock_state c = { .held = false };
    enum code code = proofs_list(s, "", state_find, &c, reterr);
    if (code == OK)
        *ret = c;
    return code;
}

static enum code state_put(struct store *s, const struct clock_state *c, struct err *reterr) {
    AUTO(buf_done) struct buf detail = BUF(200);
    buf_printf(&detail, "{\"from\":%lld,\"known\":%lld,\"to\":%lld}", (long long)c->from, (long long)c->known, (long long)c->to);
    if (detail.failed)
        return err_set(reterr, E_MEMORY, "no memory for the state of the clock");
    struct proof_row row = { .service = "", .rule = ROW, .state = !c->held, .detail = buf_str(&detail), .at = c->since };
    return proof_put(s, &row, reterr);
}

bool clock_held(struct store *s) {
    struct clock_state c;
    struct err ignored;
    return clock_read_state(s, &c, &ignored) != OK || c.held;
}

/* ---- the newest entry */

struct chains { int64_t *list; uint64_t *seq; size_t count, room; bool failed; };
static bool chain_note(int64_t chain, uint64_t seq, const uint8_t head[HASH_SIZE] UNUSED, void *arg) {
    struct chains *c = arg;
    if (c->count == c->room) {
        size_t room = c->room == 0 ? 64 : c->room * 2;
        int64_t *list = mem_new_array(room, sizeof *list);
        uint64_t *seqs = mem_new_array(room, sizeof *seqs);
        c->failed = list == NULL || seqs == NULL;
        if (!c->failed && c->count > 0) {
            memcpy(list, c->list, c->count * sizeof *list);
            memcpy(seqs, c->seq, c->count * sizeof *seqs);
        }
        (void)mem_free(c->failed ? list : c->list);
        (void)mem_free(c->failed ? seqs : c->seq);
        if (c->failed)
            return false;
        c->list = list;
        c->seq = seqs;
        c->room = room;
    }
    c->list[c->count] = chain;
    c->seq[c->count++] = seq;
    return true;
}
static void chains_done(struct chains *c) {
    (void)mem_free(c->list);
    (void)mem_free(c->seq);
}
DEFINE_AUTO_VALUE(struct chains, chains_done)

static bool at_of(const struct ledger_row *r, void *arg) {
    *(usec_t *)arg = r->at;
    return false;
}

static enum code last_at(struct store *s, int64_t chain, uint64_t seq, usec_t *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    *ret = 0;
    enum code code = seq == 0 ? OK : store_view(s, chain, &v, reterr);
    return code == OK && seq > 0 ? ledger_list(view_sql(v), seq - 1, at_of, ret, reterr) : code;
}

enum code clock_newest(struct store *s, usec_t *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    AUTO(chains_done) struct chains c = { .count = 0 };
    usec_t newest = 0;
    enum code code = ledger_chains(s, chain_note, &c, reterr);
    if (code == OK && c.failed)
        code = err_set(reterr, E_MEMORY, "no memory for the chains of the ledger");
    for (size_t i = 0; code == OK && i < c.count; i++) {
        usec_t at = 0;
        code = last_at(s, c.list[i], c.seq[i], &at, reterr);
        newest = at > newest ? at : newest;
    }
    if (code == OK)
        *ret = newest;
    return code;
}

/* ---- decisions */

static bool far(usec_t a, usec_t b) { return a > b ? a - b > CLOCK_OFF : b - a > CLOCK_OFF; }

bool clock_is_off(usec_t now, usec_t seen, usec_t newest, usec_t known, usec_t *ret_from) {
    bool off_seen = seen > 0 && far(now, seen), excused = newest > now && newest <= known, off_ledger = newest > 0 && !excused && far(now, newest);
    if (off_seen || off_ledger)
        *ret_from = off_seen ? seen : newest;
    return off_seen || off_ledger;
}

static json_t *jump_json(usec_t from, usec_t to) {
    char a[40], b[40];
    return json_pack("{s:s, s:s, s:I}", "from", time_format(from, a, sizeof a), "to", time_format(to, b, sizeof b), "seconds", (json_int_t)((to - from) / USEC_PER_SEC));
}

enum code clock_hold(struct store *s, usec_t from, usec_t to, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    struct clock_state c;
    enum code code = clock_read_state(s, &c, reterr);
    if (code != OK || c.held)
        return code;
    json_t *what = jump_json(from, to);
    code = ledger_note(s, 0, "clock_suspicious", "sejf", what, true, reterr);
    json_decref(what);
    c = (struct clock_state){ .held = true, .since = to, .from = from, .to = to, .known = c.known };
    return code == OK ? state_put(s, &c, reterr) : code;
}

enum code clock_start(struct store *s, usec_t now, usec_t seen, bool *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct clock_state c;
    usec_t newest = 0, from = 0;
    enum code code = clock_read_state(s, &c, reterr);
    if (code == OK && !c.held)
        code = clock_newest(s, &newest, reterr);
    if (code == OK && !c.held && clock_is_off(now, seen, newest, c.known, &from)) {
        code = clock_hold(s, from, now, reterr);
        c.held = true;
    }
    if (code == OK)
        *ret = c.held;
    return code;
}

enum code clock_confirm(struct store *s, const char *by, bool *ret_was, struct err *reterr) {
    PRE(s != NULL && by != NULL && ret_was != NULL && reterr != NULL);
    struct clock_state c;
    usec_t newest = 0;
    enum code code = clock_read_state(s, &c, reterr);
    if (code == OK && !c.held) {
        *ret_was = false;
        return OK;
    }
    if (code == OK)
        code = clock_newest(s, &newest, reterr);
    if (code != OK)
        return code;
    json_t *what = jump_json(c.from, c.to);
    code = ledger_note(s, 0, "clock_confirmed", by, what, true, reterr);
    json_decref(what);
    c.held = false;
    c.since = clock_now();
    c.known = newest;
    if (code == OK)
        code = state_put(s, &c, reterr);
    if (code == OK)
        *ret_was = true;
    return code;
}

enum code clock_stand(struct store *s, usec_t now, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    uint64_t seq = 0;
    uint8_t head[HASH_SIZE];
    struct view *v = NULL;
    usec_t last = 0;
    enum code code = store_view(s, 0, &v, reterr);
    if (code == OK)
        code = ledger_last(view_sql(v), &seq, head, reterr);
    (void)view_end(v);
    if (code == OK)
        code = last_at(s, 0, seq, &last, reterr);
    return code == OK && (seq == 0 || now - last >= CLOCK_STANDS || last - now >= CLOCK_STANDS) ? ledger_note(s, 0, "clock_stands", "sejf", json_null(), true, reterr) : code;
}
