/* probes_copies.c — who looked at whom, and bulk copies. */
#include <stdio.h>
#include <string.h>
#include <threads.h>

#include "base/time.h"
#include "promises/probes.h"

#define BOUND (10 * USEC_PER_SEC)             /* sejf writes traces within a second; a busy machine gets more */

/* Roles, entries and how many of them name the record, of the tenant's list of the reads of that record. */
struct listed { bool own, other; int entries; };

static enum code reads_of(struct env *e, const struct canary *c, const char *other, struct listed *ret, struct err *reterr) {
    char path[256];
    size_t i;
    json_t *item;
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/tenants/%lld/reads?record=%s/%s", (long long)env_tenant(e, 0), charter_kind_at(env_charter(e), c->kind)->name, c->id);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    if (code == OK && a.status != 200)
        return err_set(reterr, E_BROKEN, "the list of reads answered %d", a.status);
    *ret = (struct listed){ 0 };
    json_array_foreach(json_object_get(a.json, "items"), i, item) {
        const char *role = json_string_value(json_object_get(item, "role")), *who = json_string_value(json_object_get(item, "who"));
        bool named = who != NULL && strncmp(who, "token ", 6) == 0 && role != NULL;
        ret->own |= named && strcmp(role, env_own_role(e)) == 0;
        ret->other |= named && other != NULL && strcmp(role, other) == 0;
        ret->entries++;
    }
    return code;
}

/* A role beside the owner's that reads the record now; *ret NULL: none. */
static enum code other_reader(struct env *e, const struct canary *c, const char **ret, struct err *reterr) {
    const struct person *people;
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    size_t n = charter_people(env_charter(e), &people);
    char path[256];
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), k->name, c->id);
    *ret = NULL;
    for (size_t i = 0; i < n && *ret == NULL; i++) {
        AUTO(answer_done) struct answer a = { 0 };
        if (strcmp(people[i].name, env_own_role(e)) == 0)
            continue;
        enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = people[i].name }, &a, reterr);
        if (code != OK)
            return code;
        const json_t *fields = json_object_get(a.json, "fields");
        for (size_t f = 0; a.status == 200 && f < k->field_count; f++)
            if (k->fields[f].level != L_PLAIN && json_object_get(fields, k->fields[f].name) != NULL)
                *ret = people[i].name;
    }
    return OK;
}

/* The person's own page tells of it, where the record is about one. */
static enum code person_told(struct env *e, const struct canary *c, bool *ret_tried, bool *ret, struct err *reterr) {
    char path[256];
    json_t *made = NULL;
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    *ret_tried = k->about >= 0;
    if (!*ret_tried)
        return OK;
    enum code code = env_control(e, "probe_link", json_pack("{s:I,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", k->name, "id", c->id), &made, reterr);
    if (code != OK)
        return code;
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/p/%s/%s/data.json", env_service(e), json_string_value(json_object_get(made, "token")) ?: "");
    json_decref(made);
    code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "" }, &a, reterr);
    *ret_tried = code == OK && a.status == 200;
    const json_t *reads = json_object_get(json_array_get(json_object_get(a.json, "who_looked"), 0), "reads");
    *ret = json_array_size(reads) > 0 && strstr(buf_str(&a.body), env_own_role(e)) != NULL;
    return code;
}

enum code probe_reads(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    const char *other = NULL;
    struct listed listed = { 0 };
    char path[256];
    AUTO(answer_done) struct answer own = { 0 };
    int kind = env_personal_kind(e);
    if (kind < 0)
        return err_set(reterr, E_BROKEN, "the charter holds no personal kind to try this on");
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code != OK)
        return code;
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), kind)->name, c->id);
    code = env_call(e, &(struct call){ .method = "GET", .path = path }, &own, reterr);
    if (code == OK)
        code = other_reader(e, c, &other, reterr);
    usec_t end = clock_steady() + BOUND;
    while (code == OK && !(listed.own && (other == NULL || listed.other)) && clock_steady() < end) {
        thrd_sleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
        code = reads_of(e, c, other, &listed, reterr);
    }
    if (code != OK)
        return code;
    if (!listed.own || (other != NULL && !listed.other))
        return SAY(v, false, "a read by the %s is not in the tenant's list", listed.own ? other : env_own_role(e));
    bool tried = false, told = false;
    code = person_told(e, c, &tried, &told, reterr);
    if (code != OK)
        return code;
    if (tried && !told)
        return SAY(v, false, "the person's own page does not tell who looked");
    return SAY(v, true, "%d reads by %s%s%s stand in the tenant's list with role and token%s", listed.entries, env_own_role(e), other != NULL ? " and " : "",
               other != NULL ? other : "", tried ? ", and the person's own page tells of them" : "");
}
