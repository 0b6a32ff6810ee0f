/* control_requests.c — for the probe of requests: how many of people's requests wait behind their deadline, in all tenants of the service. */
#include "promises/control_int.h"
#include "rights/request.h"
#include "store/request.h"

/* {} -> {all, open, ended, in_time, late, open_late} */
enum code probe_requests_count(struct service *s, json_t *in UNUSED, json_t **ret, struct err *reterr) {
    struct request_counts n;
    enum code code = requests_counted(s, &n, reterr);
    if (code == OK)
        *ret = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "all", (json_int_t)n.all, "open", (json_int_t)n.open, "ended", (json_int_t)n.ended, "in_time", (json_int_t)n.in_time, "late",
                         (json_int_t)n.late, "open_late", (json_int_t)n.open_late);
    return code;
}
