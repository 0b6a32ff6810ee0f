/* probes_notice.c — nothing that has a notice goes before the notice: the walk along due dates by the service's own jobs, at an instant
 * behind the date, before anybody was told, when a notice stands and when it was handed over. */
#include <stdio.h>
#include <string.h>

#include "promises/probes.h"

static enum code act(struct env *e, const struct canary *c, const char *what, long long *ret_made, long long *ret_gone, bool *ret_due, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_warned", json_pack("{s:I,s:s,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", charter_kind_at(env_charter(e), c->kind)->name,
                                                              "id", c->id, "step", what), &got, reterr);
    *ret_made = json_integer_value(json_object_get(got, "made"));
    *ret_gone = json_integer_value(json_object_get(got, "gone"));
    *ret_due = json_is_true(json_object_get(got, "due"));
    json_decref(got);
    return code;
}

static enum code entries(struct env *e, const char *verb, long long *ret, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_entries", json_pack("{s:I,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "verb", verb), &got, reterr);
    *ret = json_integer_value(json_object_get(got, "count"));
    json_decref(got);
    return code;
}

/* One kind. *ret_broken: v says what is wrong. */
static enum code try_kind(struct env *e, int kind, size_t *tried, struct verdict_line *v, bool *ret_broken, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const struct canary *c = NULL;
    long long made = 0, untold = 0, waiting = 0, gone = 0, none, before = 0, after = 0;
    bool due = false;
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = act(e, c, "sweep", &none, &untold, &due, reterr);
    if (code != OK || (!due && untold == 0))
        return code;                           /* it has no date yet */
    *ret_broken = true;
    if (untold > 0)
        return SAY(v, false, "a %s whose day had come went before anybody was told of it", k->name);
    code = entries(e, "notice_made", &before, reterr);
    if (code == OK)
        code = act(e, c, "tell", &made, &none, &due, reterr);
    if (code == OK)
        code = entries(e, "notice_made", &after, reterr);
    if (code == OK)
        code = act(e, c, "sweep", &none, &waiting, &due, reterr);
    if (code == OK)
        code = act(e, c, "try", &none, &none, &due, reterr);
    if (code == OK)
        code = act(e, c, "sweep", &none, &gone, &due, reterr);
    if (code != OK)
        return code;
    if (made == 0 || after != before + made)
        return SAY(v, false, "a %s is due, and its notice was not made: %lld made, %lld more in the ledger", k->name, made, after - before);
    if (waiting > 0)
        return SAY(v, false, "a %s whose day had come went while its notice waited to be sent", k->name);
    if (gone == 0)
        return SAY(v, false, "a %s whose day had come and whose notice was tried did not go", k->name);
    *ret_broken = false;
    ++*tried;
    return OK;
}

/* Nobody can be told through a relay that is not there, so then nothing is erased. */
static enum code relay_is_there(struct env *e, size_t warned, struct verdict_line *v, bool *ret_broken, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "mail_relay", json_object(), &got, reterr);
    bool declared = json_is_true(json_object_get(got, "declared")), there = json_is_true(json_object_get(got, "there"));
    const char *said = json_string_value(json_object_get(got, "said"));
    *ret_broken = code == OK && !there;
    if (*ret_broken && !declared)
        code = SAY(v, false, "notices wait: sejf.yaml names no mail relay (`mail`), so nobody can be told, and nothing that has a notice is erased (kinds: %zu)", warned);
    else if (*ret_broken)
        code = SAY(v, false, "notices wait: the mail relay takes no letter (%.160s), so nobody can be told, and nothing that has a notice is erased (kinds: %zu)", said == NULL ? "" : said, warned);
    json_decref(got);
    return code;
}

enum code probe_noticed(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds), tried = 0, warned = 0;
    bool broken = false;
    enum code code = OK;
    for (size_t i = 0; i < n && code == OK && !broken; i++)
        if (kinds[i].warn.person >= 0) {
            warned++;
            code = try_kind(e, (int)i, &tried, v, &broken, reterr);
        }
    if (code == OK && !broken && warned > 0)
        code = relay_is_there(e, warned, v, &broken, reterr);
    if (code != OK || broken)
        return code;
    return SAY(v, true, "of %zu kind%s with a notice a record whose day had come stayed until the notice was tried, and went then (%zu with a date)", warned, ENDS(warned), tried);
}
