/* beside.c — a draft whose write is another's. */
#include "records/beside.h"

#include "base/mem.h"
#include "records/use.h"

struct beside { struct draft d; struct fact_source src; struct arena *arena; struct index_keys keys; struct caller who; };

static enum code fill(struct beside *b, const struct record_request *r, struct mistakes *m, struct err *reterr) {
    struct draft *d = &b->d;
    const struct kind_info *k = service_kind(d->s, r->kind);
    struct input in;
    enum code code = record_blank(k, r->who->tenant, d->arena, &d->rec, reterr);
    if (code == OK)
        code = input_read(d->s, k, r->input, r->consents, d->arena, m, &in, reterr);
    if (code == OK)
        code = create_fill(d, &b->src, r, &in, m, reterr);
    if (code == OK && mistakes_any(m))
        return err_set(reterr, E_FIELDS, "what was written is no `%.60s`", k->kind->name);
    if (code == OK)
        code = draft_prepare(d, &b->src, reterr);
    facts_end(&b->src);                        /* no view stays open while the write waits */
    return code;
}

enum code beside_new(struct service *s, int64_t tenant, int kind, const struct uuid *parent, json_t *fields, struct beside **ret, struct err *reterr) {
    PRE(s != NULL && parent != NULL && fields != NULL && ret != NULL && reterr != NULL);
    AUTO(beside_free) struct beside *b = mem_new(sizeof *b);
    AUTO(mistakes_done) struct mistakes m = { .lang = LANG_EN };
    if (b == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    *b = (struct beside){ .who = { .tenant = tenant, .person = charter_tenant(s->charter), .by_sejf = true, .subject_kind = -1 }, .arena = arena_new((size_t)1 << 20) };
    b->d = (struct draft){ .s = s, .who = &b->who, .arena = b->arena, .keys = &b->keys, .many = true, .mistakes = { .lang = LANG_EN } };
    b->src = (struct fact_source){ .s = s, .who = &b->who, .record = &b->d.rec, .arena = b->arena, .now = clock_now() };
    if (b->arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    const struct record_request r = { .who = &b->who, .kind = kind, .input = fields, .if_match = -1, .parent = *parent };
    enum code code = fill(b, &r, &m, reterr);
    if (code != OK)
        return code;
    *ret = b;
    b = NULL;
    return OK;
}

enum code beside_put(struct txn *t, struct beside *b, bool *ret_put, struct err *reterr) {
    PRE(t != NULL && b != NULL && ret_put != NULL && reterr != NULL);
    struct looked_up *known = NULL;
    enum code code = draft_write(t, &b->d, &known, reterr);
    *ret_put = code == OK;
    b->d.unsure = b->d.unsure || code == OK;   /* what the whole write comes to is not known here: its keys serve nobody else */
    return code == E_FIELDS ? OK : code;       /* refused before anything was written: what it belongs to has gone */
}

struct beside *beside_free(struct beside *b) {
    if (b == NULL)
        return NULL;
    facts_end(&b->src);
    draft_end(&b->d);
    crypto_wipe(&b->keys, sizeof b->keys);
    b->arena = arena_free(b->arena);
    return mem_free(b);
}
