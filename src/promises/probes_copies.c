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
    return SAY(v, true, "reads by %s%s%s stand in the tenant's list with role and token: %d%s", env_own_role(e), other != NULL ? " and " : "",
               other != NULL ? other : "", listed.entries, tried ? "; the person's own page tells of them" : "");
}

/* ---- bulk copies */

static enum code answered(struct env *e, const char *method, const char *path, const char *role, json_t *body, struct answer *ret, struct err *reterr) {
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a call") : env_call(e, &(struct call){ .method = method, .path = path, .role = role, .body = body }, ret, reterr);
    json_decref(body);
    return code;
}

/* A role without the right; *ret_status of its export, -1: there is no such role. */
static enum code export_without_right(struct env *e, const char *export, int kind, const char **ret_role, int *ret_status, struct err *reterr) {
    const struct person *people;
    size_t n = charter_people(env_charter(e), &people);
    char path[256];
    *ret_status = -1;
    snprintf(path, sizeof path, "/v1/%s/%s?limit=1", env_service(e), charter_kind_at(env_charter(e), kind)->name);
    for (size_t i = 0; i < n; i++) {
        AUTO(answer_done) struct answer list = { 0 }, out = { 0 };
        if (strcmp(people[i].name, env_own_role(e)) == 0)
            continue;
        enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = people[i].name }, &list, reterr);
        if (code == OK && list.status == 200)
            code = answered(e, "POST", export, people[i].name, json_object(), &out, reterr);
        if (code != OK)
            return code;
        if (list.status != 200)
            continue;
        *ret_role = people[i].name;
        *ret_status = out.status;
        if (out.status == 200)
            return OK;
    }
    return OK;
}

/* What is asked for waits for two people; who asked by a token of nobody cannot be one of them. */
static enum code copy_asked(struct env *e, const char *copies, int kind, int64_t *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = answered(e, "POST", copies, NULL, json_pack("{s:s, s:s}", "kind", charter_kind_at(env_charter(e), kind)->name, "why", "a probe"), &a, reterr);
    if (code == OK && a.status != 201)
        return err_set(reterr, E_BROKEN, "asking for a copy answered %d", a.status);
    *ret = json_integer_value(json_object_get(a.json, "number"));
    return code;
}

static enum code approved_by_nobody(struct env *e, const char *copies, int64_t number, int *ret_status, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "%s/%lld/approve", copies, (long long)number);
    enum code code = answered(e, "POST", path, NULL, json_object(), &a, reterr);
    *ret_status = a.status;
    return code;
}

/* Two people of the probe's tenant, who are nobody's accounts. */
static enum code approved_by_two(struct env *e, int64_t number, struct err *reterr) {
    enum code code = OK;
    for (int i = 0; code == OK && i < charter_copies(env_charter(e)).people; i++) {
        char id[UUID_TEXT];
        struct uuid account = uuid_new();
        json_t *out = NULL;
        code = env_control(e, "probe_approve", json_pack("{s:I, s:I, s:s}", "tenant", (json_int_t)env_tenant(e, 0), "number", (json_int_t)number, "account", uuid_format(&account, id)), &out, reterr);
        json_decref(out);
    }
    return code;
}

struct copied { int before, first, again, next; bool marked; };

static enum code copy_taken(struct env *e, const char *export, int64_t number, int *ret_status, bool *ret_marked, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = answered(e, "POST", export, NULL, json_pack("{s:I}", "copy", (json_int_t)number), &a, reterr);
    *ret_status = a.status;
    *ret_marked = strncmp(buf_str(&a.body), "{\"copy\":{", 9) == 0 && strcasestr(buf_str(&a.head), "\nSejf-Copy:") != NULL;
    return code;
}

static enum code copies_tried(struct env *e, const char *copies, const char *export, int kind, struct copied *ret, int *ret_nobody, struct err *reterr) {
    int64_t first = 0, second = 0;
    bool marked;
    enum code code = copy_asked(e, copies, kind, &first, reterr);
    if (code == OK)
        code = copy_asked(e, copies, kind, &second, reterr);
    if (code == OK)
        code = approved_by_nobody(e, copies, first, ret_nobody, reterr);
    if (code == OK)
        code = copy_taken(e, export, first, &ret->before, &marked, reterr);
    if (code == OK)
        code = approved_by_two(e, first, reterr);
    if (code == OK)
        code = approved_by_two(e, second, reterr);
    if (code == OK)
        code = copy_taken(e, export, first, &ret->first, &ret->marked, reterr);
    if (code == OK)
        code = copy_taken(e, export, first, &ret->again, &marked, reterr);
    return code == OK ? copy_taken(e, export, second, &ret->next, &marked, reterr) : code;
}

enum code probe_copies(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct copies_rule rule = charter_copies(env_charter(e));
    const struct canary *c = NULL;
    const char *role = NULL;
    char copies[128], export[256];
    struct copied got = { 0 };
    int status = -1, nobody = 0, kind = env_personal_kind(e);
    if (kind < 0)
        return err_set(reterr, E_BROKEN, "the charter holds no personal kind to try this on");
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    snprintf(copies, sizeof copies, "/v1/tenants/%lld/copies", (long long)env_tenant(e, 0));
    snprintf(export, sizeof export, "/v1/%s/%s/export", env_service(e), charter_kind_at(env_charter(e), kind)->name);
    if (code == OK)
        code = export_without_right(e, export, kind, &role, &status, reterr);
    if (code != OK)
        return code;
    if (status == 200)
        return SAY(v, false, "the %s exports without a right to", role);
    if (!rule.said)
        return SAY(v, true, "%s%s%s; the charter sets no limit beyond that", status < 0 ? "no role but the owner's lists this kind" : "the export of the ", status < 0 ? "" : role, status < 0 ? "" : " was refused");
    AUTO(answer_done) struct answer plain = { 0 };
    code = answered(e, "POST", export, NULL, json_object(), &plain, reterr);
    if (code == OK && plain.status == 200)
        return SAY(v, false, "a copy left without being asked for");
    if (code == OK)
        code = copies_tried(e, copies, export, kind, &got, &nobody, reterr);
    if (code != OK)
        return code;
    if (rule.people > 1 && (nobody == 200 || got.before == 200))
        return SAY(v, false, nobody == 200 ? "a token of nobody approved a copy" : "a copy left before it was approved");
    if (got.first != 200 || (rule.watermark && !got.marked))
        return SAY(v, false, got.first != 200 ? "an approved copy answered %d" : "a copy (%d) bears no mark", got.first);
    if (got.again == 200 || (rule.a_day == 1 && got.next == 200))
        return SAY(v, false, got.again == 200 ? "a copy left twice" : "a second copy left on the same day");
    return SAY(v, true, "without a request, unapproved, a second time and beyond the limit of a day it is refused; the one that left %s", rule.watermark ? "bears its mark" : "is in the ledger");
}
