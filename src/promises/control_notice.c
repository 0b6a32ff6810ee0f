/* control_notice.c — for the probes: one of their records as if its day had come, before anybody was told of it, when a notice was made and
 * when its letter was tried. The notices of probes have no letters. */
#include <string.h>

#include "promises/control_target.h"
#include "retention/notice.h"
#include "retention/sweep.h"

static enum code nobody(void *arg UNUSED, int64_t tenant UNUSED, const char *role UNUSED, notice_person_fn fn UNUSED, void *fn_arg UNUSED, struct err *reterr UNUSED) { return OK; }

/* The daily run of the day that the record is due. */
static enum code tell(const struct target *g, int64_t *ret_made, struct err *reterr) {
    AUTO(noticer_close) struct noticer *n = NULL;
    struct service *const list[] = { g->s };
    const struct noticer_options o = { .services = list, .service_count = 1, .base_url = "", .people = nobody, .without_letters = true };
    enum code code = noticer_open(&o, &n, reterr);
    return code == OK ? noticer_tenant(n, g->s, g->tenant, g->due, ret_made, reterr) : code;
}

/* As the mailer's answers leave it: each notice that told of the record was handed over. */
struct told { int64_t list[8]; size_t count; };
static bool told_add(usec_t due UNUSED, int64_t notice, void *arg) {
    struct told *t = arg;
    if (t->count < ARRAY_LEN(t->list))
        t->list[t->count++] = notice;
    return true;
}
static enum code try(struct txn *t, void *arg, struct err *reterr) {
    const struct target *g = arg;
    struct told told = { .count = 0 };
    enum code code = noticed_of(txn_sql(t), g->id.kind, &g->id.id, told_add, &told, reterr);
    for (size_t i = 0; i < told.count && code == OK; i++)
        code = notice_set(t, told.list[i], NOTICE_TRIED, txn_now(t), reterr);
    return code;
}

static enum code sweep(const struct target *g, int64_t *ret_gone, struct err *reterr) {
    struct retired got = { 0 };
    bool more = false;
    const usec_t room = 366 * USEC_PER_DAY;       /* that a late notice may take */
    const struct sweep_terms terms = { .now = g->due + room, .until = USEC_NEVER, .every = true, .only = &g->id };
    enum code code = sweep_tenant(g->s, g->tenant, &terms, &got, &more, reterr);
    *ret_gone = got.records + got.parts;
    return code;
}

/* {kind, id, step: "sweep" | "tell" | "try"} → {due (bool: it has a date), made, gone}. */
enum code probe_warned(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    struct target g;
    const char *what = json_string_value(json_object_get(in, "step"));
    int64_t made = 0, gone = 0;
    enum code code = target_of(s, in, &g, reterr);
    if (code != OK)
        return code;
    if (what != NULL && g.due != USEC_NEVER) {
        if (strcmp(what, "tell") == 0)
            code = tell(&g, &made, reterr);
        else if (strcmp(what, "try") == 0)
            code = store_write(service_store(s), g.tenant, try, &g, reterr);
        else if (strcmp(what, "sweep") == 0)
            code = sweep(&g, &gone, reterr);
    }
    if (code == OK)
        *ret = json_pack("{s:b,s:I,s:I}", "due", g.due != USEC_NEVER, "made", (json_int_t)made, "gone", (json_int_t)gone);
    return code;
}
