/* control_certificate.c — the clock and certificates of erasure by the command line. */
#include "api/api_int.h"
#include "api/control_int.h"
#include "retention/clock.h"

/* ---- the clock */

static json_t *time_or_null(usec_t t) { return t == 0 ? json_null() : control_time(t); }

enum code do_clock_show(struct control_req *c, struct err *reterr) {
    struct clock_state s;
    enum code code = clock_read_state(c->store, &s, reterr);
    if (code != OK)
        return code;
    control_set(c, "held", json_boolean(s.held));
    control_set(c, "since", time_or_null(s.since));
    control_set(c, "from", time_or_null(s.from));
    control_set(c, "to", time_or_null(s.to));
    return OK;
}

enum code do_clock_confirm(struct control_req *c, struct err *reterr) {
    bool was = false;
    enum code code = clock_confirm(c->store, "operator", &was, reterr);
    if (code == OK)
        control_set(c, "was", json_boolean(was));
    return code;
}
