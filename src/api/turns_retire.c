/* turns_retire.c — erases what is due, every half minute; what a night brings goes in slices, so that other jobs have their turns. */
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/log.h"
#include "retention/sweep.h"

#define PACE (30 * USEC_PER_SEC)
#define WAITS_EACH (USEC_PER_SEC / 1000)      /* what is due and must wait is looked at each time: the more there is of it, the rarer */
#define WAITS_MOST (10 * USEC_PER_MINUTE)
#define SLICE (5 * USEC_PER_SEC)

static void told(const struct retired *r) {
    if (r->records + r->parts > 0)
        log_event(LOG_INFO, "due_erased", LOG_INT("records", r->records), LOG_INT("parts", r->parts));
    if (r->failed > 0) {
        struct err why = r->why;
        (void)err_prefix(&why, "%lld records that are due", (long long)r->failed);
        log_error("due_not_erased", &why);
    }
}

enum code turn_retire(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct retired sum = { 0 };
    const struct sweep_terms terms = { .now = now, .until = clock_steady() + SLICE };
    bool more = false;
    enum code code = OK;
    *ret_next = now + PACE;                   /* after a failure, too */
    for (size_t i = 0; i < a->service_count && code == OK; i++)
        code = sweep_service(a->services[i], &terms, &sum, &more, reterr);
    told(&sum);
    const usec_t rest = (sum.held + sum.waiting + sum.early) * WAITS_EACH;
    *ret_next += rest < WAITS_MOST ? rest : WAITS_MOST;
    if (more)
        *ret_next = now;
    if (code == OK && sum.early > 0)
        return err_set(reterr, E_TOO_MANY, "%lld records are due by dates that were moved, more than may go in a day by themselves (a hundredth of key_destructions in sejf.yaml): "
                       "look at \"sejf due\", and where the charter is right, confirm with \"sejf key allow NUMBER\"", (long long)sum.early);
    return code;
}
