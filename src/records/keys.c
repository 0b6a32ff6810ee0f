/* keys.c — a table of as many tenants as are busy at once; each has one place. */
#include "records/keys.h"

#include "base/mem.h"

#define PLACES 128u
#define LIFE USEC_PER_SEC
struct place { int64_t tenant; usec_t at; struct index_keys keys; };
struct key_memory { pthread_mutex_t lock; struct place *places; };

struct key_memory *key_memory_new(void) {
    struct key_memory *m = mem_new(sizeof *m);
    if (m == NULL)
        return NULL;
    m->places = secret_new(PLACES * sizeof *m->places);
    if (m->places == NULL)
        return mem_free(m);
    for (size_t i = 0; i < PLACES; i++)
        m->places[i] = (struct place){ .tenant = -1 };
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

struct key_memory *key_memory_free(struct key_memory *m) {
    if (m == NULL)
        return NULL;
    secret_free(m->places);
    pthread_mutex_destroy(&m->lock);
    return mem_free(m);
}

enum code index_keys_of(struct service *s, int64_t tenant, bool anew, struct index_keys *ret, struct err *reterr) {
    struct key_memory *m = s->key_memory;
    struct place *p = &m->places[(uint64_t)tenant % PLACES];
    usec_t now = clock_steady();
    bool known = false;
    pthread_mutex_lock(&m->lock);
    if (!anew && p->tenant == tenant && now - p->at < LIFE) {
        *ret = p->keys;
        known = true;
    }
    pthread_mutex_unlock(&m->lock);
    if (known)
        return OK;
    enum code code = keeper_index_keys(s->keeper, tenant, ret, reterr);
    if (code != OK)
        return code;
    pthread_mutex_lock(&m->lock);
    *p = (struct place){ tenant, now, *ret };
    pthread_mutex_unlock(&m->lock);
    return OK;
}
