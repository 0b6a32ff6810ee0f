/* tick.c — what a request's clock asks for: that somebody is told of a deadline, and that words go when their time is over. */
#include <limits.h>

#include "records/post.h"
#include "rights/clock.h"
#include "rights/request_int.h"

static const struct request_by sejf = { .who = "sejf" };
static const int left_at[CLOCK_WARNINGS] = { 14, 3, 0, -1 };

/* Nobody followed the link that went to its address: there is nobody to answer. */
static enum code lapse(struct request_work *w, struct err *reterr) {
    json_t *why = json_pack("{s:s}", "why", "not confirmed by the link that was sent to its address");
    if (why == NULL || json_object_set_new(w->entry, "withdrawn", why) != 0)
        return request_memory(reterr);
    w->row.link_for = 0;
    return request_next_step(w, EVENT_WITHDRAWN, &sejf, NULL, reterr);
}

enum code request_tick(const struct request_desk *d, int64_t number, usec_t now, request_tell_fn tell, void *arg, struct err *reterr) {
    PRE(d != NULL && tell != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    const struct charter *c = service_charter(d->service);
    enum code code = request_open(d, number, &w, reterr);
    if (code != OK)
        return code == E_GONE ? OK : code;
    if (w.row.ended != 0)
        return clock_kept(c, w.row.ended) <= now ? request_next_step(&w, EVENT_FORGOTTEN, &sejf, NULL, reterr) : OK;
    if (request_unconfirmed(&w.row))
        return now >= w.row.due ? lapse(&w, reterr) : OK;
    int passed = clock_passed(c, w.row.due, now);
    if (passed <= w.row.warned)
        return OK;
    struct post_ready *letters = NULL;
    size_t count = 0;
    code = tell(arg, d, number, w.row.type, w.row.due, left_at[passed - 1], &letters, &count, reterr);
    w.row.warned = passed;                     /* those that were missed while nobody ran are told as one */
    const struct request_more more = { .letters = letters, .letter_count = count };
    return code == OK ? request_next_step(&w, passed == CLOCK_WARNINGS ? EVENT_LATE : EVENT_WARNED, &sejf, &more, reterr) : code;
}
