/* probes_log.c — masks, who switches them, and the log of deliveries. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "promises/probes.h"

static int masked_field(const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].masked)
            return (int)i;
    return -1;
}

/* The first kind that has one; -1. */
static int masked_kind(const struct env *e) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds);
    for (size_t i = 0; i < n; i++)
        if (masked_field(&kinds[i]) >= 0)
            return (int)i;
    return -1;
}

static void mask_of(const struct env *e, const char *address, struct buf *ret) {
    buf_cut(ret, 0);
    if (charter_masks(env_charter(e)).without_domain)
        text_mask_name(address, ret);
    else
        text_mask(address, ret);
}

/* What stands in the masked field now; the answer's. */
static enum code stands(struct env *e, int kind, const char *id, struct answer *a, const char **ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    char path[192];
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), k->name, id);
    answer_done(a);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, a, reterr);
    *ret = json_string_value(json_object_get(json_object_get(a->json, "fields"), k->fields[masked_field(k)].name)) ?: "";
    return code;
}

static enum code patch(struct env *e, int kind, const char *id, const char *field, json_t *value, struct err *reterr) {
    char path[192];
    AUTO(answer_done) struct answer a = { 0 };
    json_t *body = json_pack("{s:{s:o}}", "fields", field, value);
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), kind)->name, id);
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a call") : env_call(e, &(struct call){ .method = "PATCH", .path = path, .body = body }, &a, reterr);
    json_decref(body);
    return code == OK && a.status != 200 ? err_set(reterr, E_BROKEN, "a change answered %d", a.status) : code;
}

/* ---- masked when written */

enum code probe_masked(struct env *e, struct verdict_line *v, struct err *reterr) {
    AUTO(buf_done) struct buf mask = BUF(1024);
    AUTO(answer_done) struct answer a = { 0 };
    const struct canary *c = NULL;
    struct scan seen;
    const char *now = NULL;
    const int kind = masked_kind(e);
    if (kind < 0)
        return charter_value(env_charter(e), "masks.email") == NULL ? SAY(v, true, "the charter masks nothing") : err_set(reterr, E_BROKEN, "the charter masks no field to try this on");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const char *field = k->fields[masked_field(k)].name;
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = stands(e, kind, c->id, &a, &now, reterr);
    if (code != OK)
        return code;
    mask_of(e, json_string_value(json_object_get(c->fields, field)) ?: "", &mask);
    if (strcmp(now, buf_str(&mask)) != 0)
        return SAY(v, false, "an address that was written when a %s was made is not its mask", k->name);
    code = patch(e, kind, c->id, field, json_string("another.one@changed.example"), reterr);
    if (code == OK)
        code = stands(e, kind, c->id, &a, &now, reterr);
    mask_of(e, "another.one@changed.example", &mask);
    if (code == OK && strcmp(now, buf_str(&mask)) != 0)
        return SAY(v, false, "an address that was written when a %s was changed is not its mask", k->name);
    if (code == OK)
        code = scan_path(env_setup(e)->data, k, c->fields, SCAN_WHOLE, &seen, reterr);
    if (code != OK)
        return code;
    if (seen.found)
        return SAY(v, false, "an address that is to be masked is readable in %s", seen.where);
    return SAY(v, true, "an address is its first character and ten stars%s however a %s is written, and in none of %llu KiB of the data directory", charter_masks(env_charter(e)).without_domain ? "" : " before its domain",
               k->name, (unsigned long long)(seen.bytes >> 10));
}

/* ---- switched */

/* A record under that one: is what stands there the mask? */
static enum code is_masked(struct env *e, int kind, const char *parent, bool *ret, struct err *reterr) {
    AUTO(buf_done) struct buf mask = BUF(1024);
    AUTO(answer_done) struct answer a = { 0 };
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const struct canary *c = NULL;
    const char *now = NULL;
    json_t *input = NULL;
    enum code code = canary_input(e, 0, kind, false, &input, reterr);
    if (code == OK) {
        json_object_set_new(json_object_get(input, "fields"), charter_kind_at(env_charter(e), k->parent)->name, json_string(parent));
        code = canary_of(e, 0, kind, input, &c, reterr);
    }
    json_decref(input);
    if (code == OK)
        code = stands(e, kind, c->id, &a, &now, reterr);
    if (code != OK)
        return code;
    const char *wrote = json_string_value(json_object_get(c->fields, k->fields[masked_field(k)].name)) ?: "";
    mask_of(e, wrote, &mask);
    *ret = strcmp(now, buf_str(&mask)) == 0;
    return *ret || strcmp(now, wrote) == 0 ? OK : err_set(reterr, E_BROKEN, "what stands there is neither what was written nor its mask");
}

static enum code switches(struct env *e, long long *ret, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_entries", json_pack("{s:I,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "verb", "record_changed"), &got, reterr);
    *ret = json_integer_value(json_object_get(got, "count"));
    json_decref(got);
    return code;
}

enum code probe_mask_switch(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct { bool set, on, masked; } step[] = { { false, false, true }, { true, false, false }, { true, true, true } };
    const struct canary *up = NULL;
    const int kind = masked_kind(e);
    long long before = 0, after = 0;
    bool masked = false;
    if (kind < 0 || charter_kind_at(env_charter(e), kind)->parent < 0)
        return charter_value(env_charter(e), "masks.chosen") == NULL ? SAY(v, true, "the charter lets nobody switch masks") : err_set(reterr, E_BROKEN, "the charter has no masked field to switch");
    const int parent = charter_kind_at(env_charter(e), kind)->parent;
    const char *field = charter_kind_at(env_charter(e), parent)->fields[kind_mask_switch(charter_kind_at(env_charter(e), parent))].name;
    json_t *input = NULL;
    enum code code = canary_input(e, 0, parent, false, &input, reterr);
    if (code == OK) {
        json_object_del(json_object_get(input, "fields"), field);
        code = canary_of(e, 0, parent, input, &up, reterr);
    }
    json_decref(input);
    if (code == OK)
        code = switches(e, &before, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(step); i++) {
        if (step[i].set)
            code = patch(e, parent, up->id, field, json_boolean(step[i].on), reterr);
        if (code == OK)
            code = is_masked(e, kind, up->id, &masked, reterr);
        if (code == OK && masked != step[i].masked)
            return SAY(v, false, "with masking switched %s, what is written next is%s masked", !step[i].set || step[i].on ? "on" : "off", masked ? "" : " not");
    }
    if (code == OK)
        code = switches(e, &after, reterr);
    if (code != OK)
        return code;
    if (after - before != 2)
        return SAY(v, false, "two switches left %lld entries in the ledger", after - before);
    return SAY(v, true, "without a choice, switched off and switched on: what was written next was masked, not masked and masked again, and each switch stands in the ledger");
}

/* ---- the log of deliveries */

static int heard_kind(const struct env *e) {
    const struct message_rule r = charter_messages(env_charter(e), false);
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds);
    for (size_t i = 0; r.said && i < n; i++)
        if (kinds[i].about == r.person && kind_address_field(&kinds[i], false) >= 0)
            return (int)i;
    return -1;
}

static enum code logged(struct env *e, const struct kind *k, json_t **ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    char path[160];
    snprintf(path, sizeof path, "/v1/%s/%s?limit=1000", env_service(e), k->name);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    *ret = json_incref(json_object_get(a.json, "items"));
    return code;
}

enum code probe_logged(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct log_rule r = charter_log(env_charter(e));
    const struct canary *c = NULL, *account = NULL;
    const int heard = heard_kind(e);
    json_t *before = NULL, *after = NULL, *said = NULL;
    if (r.kind < 0 || heard < 0)
        return charter_value(env_charter(e), "messages.log") == NULL ? SAY(v, true, "the charter declares no log of deliveries") : err_set(reterr, E_BROKEN, "the charter logs no deliveries to try this on");
    const struct kind *k = charter_kind_at(env_charter(e), r.kind), *h = charter_kind_at(env_charter(e), heard);
    enum code code = k->parent < 0 ? OK : canary_make(e, 0, k->parent, false, &account, reterr);
    if (code == OK)
        code = canary_make(e, 0, heard, false, &c, reterr);
    if (code == OK)
        code = logged(e, k, &before, reterr);
    const char *address = c == NULL ? NULL : json_string_value(json_object_get(c->fields, h->fields[kind_address_field(h, false)].name));
    if (code == OK)
        code = env_control(e, "probe_delivered", json_pack("{s:I, s:s, s:s, s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", h->name, "id", c->id, "to", address == NULL ? "" : address), &said, reterr);
    if (code == OK)
        code = logged(e, k, &after, reterr);
    const size_t more = json_array_size(after) - json_array_size(before);
    const json_t *fields = json_object_get(json_array_get(after, json_array_size(after) - 1), "fields");
    AUTO(buf_done) struct buf mask = BUF(1024);
    mask_of(e, address == NULL ? "" : address, &mask);
    const char *to = json_string_value(json_object_get(fields, k->fields[r.to].name));
    const bool fine = more == 1 && to != NULL && strcmp(to, buf_str(&mask)) == 0 && json_object_get(fields, k->fields[r.at].name) != NULL;
    json_decref(before);
    json_decref(after);
    json_decref(said);
    if (code != OK)
        return code;
    if (!fine)
        return SAY(v, false, more == 1 ? "a delivery does not say whom in masked form, and when" : "of one message that was delivered %zu records tell", more);
    return SAY(v, true, "one message that was delivered left one %s: whom in masked form, when, and no field for a subject or a text", k->name);
}
