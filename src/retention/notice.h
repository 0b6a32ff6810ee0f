/* notice.h — tells before records are erased: a daily run in the service's clock, one message for each tenant, day and role; what came of
 * each; and trying again. Finding what is to be told of reads what is due within the notice's span, once a day, and each minute what has
 * changed since the last look; never what is due later. Who receives a notice, a callback of the caller says: this folder knows no
 * accounts. Two servers over one store make none twice (store/notice.h). Thread-safe; the functions block. */
#pragma once
#include "records/records.h"
#include "store/notice.h"

struct noticer;
struct notice_person { const char *email, *name; enum lang lang; struct uuid account /* null: none; else it is told once of each notice */; };
typedef bool (*notice_person_fn)(const struct notice_person *p, void *arg);       /* false: stop (no memory) */
struct noticer_options {
    struct service *const *services; size_t service_count;                        /* the caller's, as long as this lives */
    const char *base_url;                                                          /* what links begin with */
    /* Members of the tenant with that role who may sign in, each once; none: the operator's contact is told. */
    enum code (*people)(void *arg, int64_t tenant, const char *role, notice_person_fn fn, void *fn_arg, struct err *reterr);
    void *people_arg;
    bool without_letters;                                                          /* of probes: notices without a letter */
};
MUST_USE enum code noticer_open(const struct noticer_options *o, struct noticer **ret, struct err *reterr);
struct noticer *noticer_close(struct noticer *n);
DEFINE_AUTO(struct noticer, noticer_close)

/* The run that was last due at `now`, and the next: 08:00 of the service's clock. Pure. */
usec_t notice_run_last(const struct zone *zone, usec_t now);
usec_t notice_run_next(const struct zone *zone, usec_t now);
/* What a run at `now` tells of: all that is due until then. The next run, plus the span: whatever is due later is told of by that one, and
 * at least the span before. Pure. */
usec_t notice_horizon(const struct zone *zone, usec_t now, const struct span *before);

/* All tenants but those of probes: the daily run where one is due (one that was missed is made up for), else what has changed since the
 * last look and would be due before the next run. A tenant that fails does not keep the others from theirs: the first error is given at the end. */
MUST_USE enum code noticer_turn(struct noticer *n, usec_t now, struct err *reterr);
/* One tenant, whatever the time of day: *ret: how many notices were made. */
MUST_USE enum code noticer_tenant(struct noticer *n, struct service *s, int64_t tenant, usec_t now, int64_t *ret_made, struct err *reterr);
/* What came of the letters of notices that are open. */
MUST_USE enum code noticer_settle(struct noticer *n, struct err *reterr);

/* As the API shows them, newest first: {items: [{number, state: waiting | tried | delivered | bounced | over, role, day, made, attempted: time or
 * null, records, first, last, groups: [{kind, part?, parent?: {kind, id, title?, number?}, due: date, records}], letters: [{state, tries, tried: time or null, answered: time or null, status?, said?}]}], next: what `before` is for the page behind it, or null}. */
MUST_USE enum code notices_show(struct service *s, int64_t tenant, int64_t before, size_t limit, json_t **ret, struct err *reterr);
MUST_USE enum code notice_show(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr);          /* E_NOT_FOUND */
/* To the present addresses, but of those to whom a letter has gone or may have: letters that wait or came back are taken back, and new ones put in their
 * place. E_CONFLICT: it was delivered, or is over. */
MUST_USE enum code noticer_again(struct noticer *n, struct service *s, int64_t tenant, int64_t number, const char *by, struct err *reterr);

/* For metrics: of notices that are open, as seen at the last settling. */
struct noticer_status { int64_t waiting, bounced, made /* since the start */; };
void noticer_status(struct noticer *n, struct noticer_status *ret);
