/* agreed.c — a table of as many tenants as are busy at once; each has one place. Invariant: what a place says was read after the last
 * service_agreement_moved: `moves` is counted before the look-up and compared after it. */
#include "records/agreed.h"

#include "base/mem.h"
#include "records/service.h"
#include "store/agreement.h"

#define PLACES 1024u
#define LIFE USEC_PER_SEC
struct place { int64_t tenant; usec_t at; bool in_force; };
struct agreed { pthread_mutex_t lock; uint64_t moves; struct place places[PLACES]; };

struct agreed *agreed_new(void) {
    struct agreed *a = mem_new(sizeof *a);
    if (a == NULL)
        return NULL;
    for (size_t i = 0; i < PLACES; i++)
        a->places[i] = (struct place){ .tenant = -1 };
    pthread_mutex_init(&a->lock, NULL);
    return a;
}

struct agreed *agreed_free(struct agreed *a) {
    if (a != NULL)
        pthread_mutex_destroy(&a->lock);
    return mem_free(a);
}

static struct place *place_of(struct agreed *a, int64_t tenant) { return &a->places[(uint64_t)tenant % PLACES]; }

static enum code look(struct service *s, int64_t tenant, bool *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    bool recorded;
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? agreement_holds(view_sql(v), clock_now(), ret, &recorded, reterr) : code;
}

enum code service_agreed(struct service *s, int64_t tenant, bool *ret, struct err *reterr) {
    if (!charter_agreement_first(s->charter)) {
        *ret = true;
        return OK;
    }
    struct agreed *a = s->agreed;
    struct place *p = place_of(a, tenant);
    usec_t now = clock_steady();
    bool in_force = false;
    pthread_mutex_lock(&a->lock);
    bool known = p->tenant == tenant && now - p->at < LIFE;
    if (known)
        in_force = p->in_force;
    uint64_t moves = a->moves;
    pthread_mutex_unlock(&a->lock);
    enum code code = known ? OK : look(s, tenant, &in_force, reterr);
    if (code != OK)
        return code;
    if (!known) {
        pthread_mutex_lock(&a->lock);
        if (a->moves == moves)
            *p = (struct place){ tenant, now, in_force };
        pthread_mutex_unlock(&a->lock);
    }
    *ret = in_force;
    return OK;
}

void service_agreement_moved(struct service *s, int64_t tenant) {
    struct agreed *a = s->agreed;
    struct place *p = place_of(a, tenant);
    pthread_mutex_lock(&a->lock);
    a->moves++;
    if (p->tenant == tenant)
        p->tenant = -1;
    pthread_mutex_unlock(&a->lock);
}

enum code agreed_first(struct service *s, int64_t tenant, const struct kind *k, struct err *reterr) {
    bool in_force = false;
    if (!k->personal || !rule_on(RULE_agreement_first))
        return OK;
    enum code code = service_agreed(s, tenant, &in_force, reterr);
    if (code != OK || in_force)
        return code;
    return err_set(reterr, E_FORBIDDEN, "no personal data is taken for this tenant: its agreement on the processing is not active, and the charter asks for that first. The operator records it "
                   "once it is signed (sejf tenant agreement %s %lld --signed DATE); what is there already can be read, exported and erased",
                   charter_name(s->charter), (long long)tenant);
}
