/* probes_versions.c — a charter that changes: its versions, and data that was given before it. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "charter/tree.h"
#include "crypto/crypto.h"
#include "promises/probes.h"

/* The newest version that is in force is the charter that the service runs on. */
static enum code version_there(struct env *e, bool *ret, size_t *ret_count, struct err *reterr) {
    char path[160];
    size_t i;
    const json_t *one;
    AUTO(answer_done) struct answer a = { 0 };
    AUTO(buf_done) struct buf hash = BUF(2 * HASH_SIZE + 1);
    hex_encode(charter_hash(env_charter(e)), HASH_SIZE, &hash);
    snprintf(path, sizeof path, "/s/%s/versions.json", env_service(e));
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "" }, &a, reterr);
    if (code == OK && a.status != 200)
        return err_set(reterr, E_BROKEN, "the list of versions answered %d", a.status);
    *ret = false;
    *ret_count = json_array_size(json_object_get(a.json, "items"));
    json_array_foreach(json_object_get(a.json, "items"), i, one)
        if (json_is_string(json_object_get(one, "since"))) {
            const char *sha = json_string_value(json_object_get(one, "sha256"));
            *ret = sha != NULL && strcmp(sha, buf_str(&hash)) == 0;
            break;
        }
    return code;
}

/* The charter with one more purpose and another date; false: it has no purposes to add to. */
static bool one_purpose_more(const struct charter *c, struct buf *ret) {
    size_t len;
    const char *text = tree_source(charter_tree(c), &len), *line = strstr(text, "    used_for: ["), *block = strstr(text, "    used_for:\n"), *list = strstr(text, "    used_for:  #");
    const char *dated = strstr(text, "updated: ");
    const char *at = line != NULL ? line + strlen("    used_for: [") : block != NULL ? block + strlen("    used_for:\n") : list != NULL ? strchr(list, '\n') + 1 : NULL;
    if (at == NULL || dated == NULL || dated > at)
        return false;
    dated += strlen("updated: ");
    buf_add(ret, text, (size_t)(dated - text));
    buf_text(ret, "2099-01-01");
    dated += strlen("2026-01-01");
    buf_add(ret, dated, (size_t)(at - dated));
    buf_text(ret, at == text || line == NULL ? "      - {en: trying a probe, pl: proba, hu: kiserlet}\n" : "trying a probe, ");
    buf_add(ret, at, len - (size_t)(at - text));
    return !ret->failed;
}

enum code probe_versions(struct env *e, struct verdict_line *v, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(TREE_BYTES_MAX + 256);
    struct changing_rule rule = charter_changing(env_charter(e));
    bool there = false;
    size_t count = 0;
    json_t *got = NULL;
    enum code code = version_there(e, &there, &count, reterr);
    if (code != OK)
        return code;
    if (!there)
        return SAY(v, false, "the charter that the service runs on is not among its versions");
    if (span_days(&rule.told) <= 0 || !one_purpose_more(env_charter(e), &text))
        return SAY(v, true, "%zu version%s kept, the one in force among them", count, count == 1 ? "" : "s");
    code = env_control(e, "charter_against", json_pack("{s:s,s:s}", "file", charter_file(env_charter(e)), "text", buf_str(&text)), &got, reterr);
    if (code != OK)
        return code;
    const char *said = json_string_value(json_object_get(got, "said"));
    bool allowed = json_is_true(json_object_get(got, "allowed")), told = said != NULL && strstr(said, "announce") != NULL;
    json_decref(got);
    if (allowed)
        return SAY(v, false, "a charter with a new purpose is served although nobody was told");
    return SAY(v, told, "%zu version%s kept; one with a new purpose is refused before tenants were told%s", count, count == 1 ? "" : "s", told ? "" : ", but for another reason");
}

static enum code status_of(struct env *e, const struct canary *c, int *ret, struct err *reterr) {
    char path[200];
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), c->kind)->name, c->id);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    *ret = a.status;
    return code;
}

static enum code consent(struct env *e, const struct canary *c, const char *use, struct err *reterr) {
    char path[96], record[160];
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/tenants/%lld/uses", (long long)env_tenant(e, 0));
    snprintf(record, sizeof record, "%s/%s", charter_kind_at(env_charter(e), c->kind)->name, c->id);
    json_t *body = json_pack("{s:s, s:s, s:b}", "record", record, "use", use, "given", 1);
    enum code code = env_call(e, &(struct call){ .method = "PUT", .path = path, .body = body }, &a, reterr);
    json_decref(body);
    if (code == OK && a.status != 200)
        return err_set(reterr, E_BROKEN, "a consent of a person answered %d", a.status);
    return code;
}

/* A kind of which a person's data is used for something. */
static int used_kind(const struct charter *c) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; i < n; i++)
        if (kinds[i].personal && kinds[i].used_for_count > 0 && kinds[i].used_for[0].in[LANG_EN] != NULL)
            return (int)i;
    return -1;
}

enum code probe_again(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *before = NULL, *after = NULL;
    int kind = used_kind(env_charter(e)), was = 0, given_after = 0, locked = 0, later = 0;
    char use[512];
    json_t *got = NULL;
    if (kind < 0)
        return SAY(v, true, "no personal data of this service has a purpose that could be joined by another");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    snprintf(use, sizeof use, "purpose %s", k->used_for[0].in[LANG_EN]);
    enum code code = canary_make(e, 0, kind, false, &before, reterr);
    if (code == OK)
        code = status_of(e, before, &was, reterr);
    if (code == OK)
        code = env_control(e, "probe_lock", json_pack("{s:I,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", k->name, "use", use), &got, reterr);
    json_decref(got);
    if (code == OK)
        code = canary_make(e, 0, kind, false, &after, reterr);
    if (code == OK)
        code = status_of(e, before, &locked, reterr);
    if (code == OK)
        code = status_of(e, after, &later, reterr);
    if (code == OK)
        code = consent(e, before, use, reterr);
    if (code == OK)
        code = status_of(e, before, &given_after, reterr);
    if (code != OK)
        return code;
    got = NULL;
    code = env_control(e, "probe_lock", json_pack("{s:I,s:s,s:s,s:b}", "tenant", (json_int_t)env_tenant(e, 0), "kind", k->name, "use", use, "end", 1), &got, reterr);
    json_decref(got);
    if (code != OK)
        return code;
    if (was != 200 || later != 200)
        return SAY(v, false, "records that no new use concerns answer %d and %d", was, later);
    if (locked == 200)
        return SAY(v, false, "a record is read for a purpose that came after it was given");
    return SAY(v, given_after == 200, "a record that was given before a purpose answers %d for it, and %d once its person has consented", locked, given_after);
}
