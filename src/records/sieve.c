/* sieve.c — a condition is held against its field by the same code as later (cond_meets), only earlier. A record is denied where that field
 * stands in the part where it belongs, for then no other copy of it counts (see value_take in record.c), or where the record has
 * nothing but that part and the field is not in it. Anything unusual is left to who opens the record: a key that is gone, bytes that
 * do not open, a part that cannot be read. */
#include "records/sieve.h"

#include <string.h>

#include "base/rule.h"

struct sieving { const struct query *q; int part; struct arena *arena; struct buf plain, room; };
struct asked { struct record *record; size_t at; };

/* The part of the first condition on a sealed field; -1: there is none. */
static int part_asked(const struct query *q) {
    const struct kind *k = q->k->kind;
    for (size_t i = 0; i < q->cond_count; i++)
        if ((k->outside >> q->conds[i].field & 1) == 0)
            return k->fields[q->conds[i].field].part;
    return -1;
}

/* Of what is stored sealed. */
static bool has_nothing_else(const struct record *r, int part) {
    for (size_t i = 0; i < r->info->kind->part_count; i++)
        if (r->parts[i].has && i != (size_t)part)
            return false;
    return r->stray_count == 0;
}

static bool denies(struct sieving *v, const struct record *r, const struct cond *c) {
    const struct field *f = &r->info->kind->fields[c->field];
    struct slice json;
    struct value value;
    bool failed = false;
    if (!canon_look(buf_str(&v->plain), v->plain.len, f->name, &json))
        return false;
    if (json.len == 0)
        return has_nothing_else(r, v->part) && !r->values[c->field].set;       /* what is not there meets no condition */
    struct arena_mark mark = arena_mark(v->arena);
    bool denied = value_open(f, json, v->arena, &value) && !cond_meets(c, f, &value, v->arena, &v->room, &failed) && !failed;
    arena_rewind(v->arena, mark);
    return denied;
}

static bool record_denied(struct sieving *v, const struct record *r, const struct key *key) {
    const struct kind *k = r->info->kind;
    struct err ignored;
    v->room.failed = v->plain.failed = false;
    buf_cut(&v->plain, 0);
    if (record_unseal(r, (size_t)v->part, key, &v->plain, &ignored) != OK)
        return false;
    for (size_t i = 0; i < v->q->cond_count; i++) {
        const struct cond *c = &v->q->conds[i];
        if ((k->outside >> c->field & 1) == 0 && k->fields[c->field].part == v->part && denies(v, r, c))
            return true;
    }
    return false;
}

static size_t asked_of(struct record *const *list, size_t count, int part, struct asked *ret, key_id *ret_ids) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!list[i]->opened && list[i]->loaded && list[i]->parts[part].has) {
            ret[n] = (struct asked){ list[i], i };
            ret_ids[n++] = list[i]->parts[part].key;
        }
    return n;
}

static enum code sieve_part(struct service *s, struct sieving *v, struct record *const *list, size_t count, bool *ret_denied, struct err *reterr) {
    struct asked *asked = arena_array(v->arena, count, sizeof *asked);
    key_id *ids = arena_array(v->arena, count, sizeof *ids);
    bool *ok = arena_array(v->arena, count, sizeof *ok);
    struct key *keys = arena_array(v->arena, count, sizeof *keys);
    if (asked == NULL || ids == NULL || ok == NULL || keys == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a search");
    size_t n = asked_of(list, count, v->part, asked, ids);
    enum code code = n == 0 ? OK : keeper_open(s->keeper, list[0]->tenant, ids, n, keys, ok, reterr);
    for (size_t i = 0; code == OK && i < n; i++)
        ret_denied[asked[i].at] = ok[i] && record_denied(v, asked[i].record, &keys[i]);
    crypto_wipe(keys, n * sizeof *keys);
    return code;
}

enum code sieve(struct service *s, const struct query *q, struct record *const *list, size_t count, bool *ret_denied, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct sieving v = { .q = q, .part = part_asked(q), .arena = arena, .plain = BUF(PART_MAX), .room = BUF(FOLD_MAX) };
    memset(ret_denied, 0, count * sizeof *ret_denied);
    if (v.part < 0 || count == 0 || !rule_on(RULE_sealed_at_rest))
        return OK;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a search");
    enum code code = sieve_part(s, &v, list, count, ret_denied, reterr);
    buf_wipe(&v.plain);
    buf_wipe(&v.room);
    return code;
}
