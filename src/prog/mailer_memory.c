/* mailer_memory.c — a ring of tries, found by chains over the ring. Invariant: a try stands in one chain, once; a slot that is free stands in none. */
#include "prog/mailer_memory.h"

#include <string.h>

#include "base/mem.h"

#define CHAINS MAILER_REMEMBERED
#define NOBODY UINT16_MAX
_Static_assert(MAILER_REMEMBERED < NOBODY, "a slot is a number of 16 bits");

struct slot { struct uuid id; uint32_t attempt; uint16_t behind; bool used; struct mail_reply reply; };
struct mailer_memory { struct slot slots[MAILER_REMEMBERED]; uint16_t first[CHAINS]; size_t next; };

/* The end of an id is random (RFC 9562). */
static size_t chain_of(const struct uuid *id) {
    const size_t last = sizeof id->bytes - 1;
    return ((size_t)id->bytes[last - 1] << 8 | id->bytes[last]) % CHAINS;
}

static bool same(const struct slot *s, const struct uuid *id, uint32_t attempt) { return s->attempt == attempt && uuid_compare(&s->id, id) == 0; }

enum code mailer_memory_new(struct mailer_memory **ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    struct mailer_memory *m = mem_new(sizeof *m);
    if (m == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the mailer");
    for (size_t i = 0; i < CHAINS; i++)
        m->first[i] = NOBODY;
    *ret = m;
    return OK;
}

struct mailer_memory *mailer_memory_free(struct mailer_memory *m) { return mem_free(m); }

static void unlink_slot(struct mailer_memory *m, size_t slot) {
    struct slot *s = &m->slots[slot];
    uint16_t *at = &m->first[chain_of(&s->id)];
    while (*at != slot)
        at = &m->slots[*at].behind;
    *at = s->behind;
    s->used = false;
}

void mailer_memory_forget(struct mailer_memory *m, const struct uuid *id, uint32_t attempt) {
    for (uint16_t i = m->first[chain_of(id)]; i != NOBODY; i = m->slots[i].behind)
        if (same(&m->slots[i], id, attempt)) {
            unlink_slot(m, i);
            return;
        }
}

void mailer_memory_put(struct mailer_memory *m, const struct uuid *id, uint32_t attempt, const struct mail_reply *reply) {
    PRE(m != NULL && id != NULL && reply != NULL);
    mailer_memory_forget(m, id, attempt);
    size_t slot = m->next;
    struct slot *s = &m->slots[slot];
    uint16_t *chain = &m->first[chain_of(id)];
    m->next = (slot + 1) % MAILER_REMEMBERED;
    if (s->used)
        unlink_slot(m, slot);
    *s = (struct slot){ *id, attempt, *chain, true, *reply };
    *chain = (uint16_t)slot;
}

const struct mail_reply *mailer_memory_find(const struct mailer_memory *m, const struct uuid *id, uint32_t attempt) {
    for (uint16_t i = m->first[chain_of(id)]; i != NOBODY; i = m->slots[i].behind)
        if (same(&m->slots[i], id, attempt))
            return &m->slots[i].reply;
    return NULL;
}
