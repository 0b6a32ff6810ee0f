/* probes_leaves.c — what leaves the service by webhooks, and what happens where somebody is asked first and does not answer. */
#include <string.h>

#include "promises/env.h"
#include "promises/probes.h"

/* ---- leaves_declared */

static enum code body_for(struct env *e, const struct canary *c, const char *host, json_t **ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    json_t *reply = NULL;
    enum code code = env_control(e, "probe_told", json_pack("{s:I, s:s, s:s, s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", k->name, "id", c->id, "host", host), &reply, reterr);
    if (code == OK && (*ret = json_loads(json_string_value(json_object_get(reply, "body")) ?: "", 0, NULL)) == NULL)
        code = err_set(reterr, E_INTERNAL, "what would be told is no JSON");
    json_decref(reply);
    return code;
}

/* Fields that go to that host beyond those that may. */
static enum code beyond(struct env *e, const struct canary *c, const char *host, fieldset may, size_t *ret_sent, size_t *ret_beyond, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    json_t *body = NULL, *v;
    const char *name;
    enum code code = body_for(e, c, host, &body, reterr);
    json_object_foreach(json_object_get(body, "fields"), name, v) {
        int field = kind_field(k, name);
        ++*ret_sent;
        if (field < 0 || (may >> field & 1) == 0)
            ++*ret_beyond;
    }
    json_decref(body);
    return code;
}

enum code probe_leaves(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct charter *charter = env_charter(e);
    const struct kind *kinds;
    size_t n = charter_kinds(charter, &kinds), sent = 0, out = 0, hosts = 0;
    const struct canary *c = NULL;
    int kind = env_personal_kind(e);
    enum code code = kind < 0 ? OK : canary_make(e, 0, kind, false, &c, reterr);
    if (kind < 0)
        return SAY(v, true, "no kind is personal, so nothing personal can leave");
    if (code == OK)
        code = beyond(e, c, "nobody.example", 0, &sent, &out, reterr);
    for (size_t i = 0; code == OK && i < n; i++) {          /* and to each host that the charter names, of one record of each kind that it names there */
        char path[64];
        for (size_t p = 0; code == OK && p < 64; p++)
            for (size_t h = 0; code == OK && h < 8; h++) {
                const char *host;
                const struct canary *one = (int)i == kind ? c : NULL;
                snprintf(path, sizeof path, "processors.%zu.hosts.%zu", p, h);
                if ((host = charter_value(charter, path)) == NULL)
                    break;
                if (charter_leaves(charter, host, (int)i, clock_now()) == 0)
                    continue;
                if (one == NULL)
                    code = canary_make(e, 0, (int)i, false, &one, reterr);
                if (code == OK)
                    code = beyond(e, one, host, charter_leaves(charter, host, (int)i, clock_now()), &sent, &out, reterr);
                hosts++;
            }
    }
    if (code != OK)
        return code;
    if (out > 0)
        return SAY(v, false, "%zu field%s would leave that no line of a processor names", out, ENDS(out));
    return SAY(v, true, "a host of no processor is told ids, versions and times alone; %zu host%s of processors are told %zu field%s of their lines and no others", hosts, ENDS(hosts), sent, ENDS(sent));
}

/* ---- asked_first */

static int asking_kind(const struct charter *c) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; i < n; i++)
        if (kinds[i].ask.asker != NULL && kinds[i].ask.create)
            return (int)i;
    return -1;
}

static enum code answers(struct env *e, const char *how, struct err *reterr) {
    json_t *reply = NULL;
    enum code code = env_control(e, "probe_asks", json_pack("{s:I, s:s}", "tenant", (json_int_t)env_tenant(e, 0), "answer", how), &reply, reterr);
    json_decref(reply);
    return code;
}

static enum code status_with(struct env *e, int kind, const char *how, int *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    json_t *input = NULL;
    enum code code = canary_input(e, 0, kind, false, &input, reterr);       /* what it belongs to is made while all is answered yes */
    if (code == OK)
        code = answers(e, how, reterr);
    if (code == OK)
        code = canary_post(e, 0, kind, input, &a, reterr);
    json_decref(input);
    struct err after;
    if (answers(e, "yes", &after) != OK && code == OK) {
        *reterr = after;
        code = after.code;
    }
    *ret = a.status;
    return code;
}

enum code probe_asked(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = asking_kind(env_charter(e)), silent = 0, no = 0, yes = 0;
    if (kind < 0)
        return SAY(v, true, "nobody is to be asked before a record is made");
    enum code code = status_with(e, kind, "silent", &silent, reterr);
    if (code == OK)
        code = status_with(e, kind, "no", &no, reterr);
    if (code == OK)
        code = status_with(e, kind, "yes", &yes, reterr);
    if (code != OK)
        return code;
    return SAY(v, silent == 503 && no == 422 && yes == 201, "without an answer a record is answered %d, with a no %d, with a yes %d", silent, no, yes);
}
