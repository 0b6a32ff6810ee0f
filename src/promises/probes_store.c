/* probes_store.c — what lies on the disk, what is gone, and what the ledger says of it. */
#include <stdio.h>
#include <string.h>

#include "charter/tree.h"
#include "promises/probes.h"

static enum code status_of(struct env *e, const char *method, const struct canary *c, int *ret, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), c->kind)->name, c->id);
    enum code code = env_call(e, &(struct call){ .method = method, .path = path }, &a, reterr);
    if (code == OK)
        *ret = a.status;
    return code;
}

static enum code personal_made(struct env *e, const struct canary **ret, struct err *reterr) {
    int kind = env_personal_kind(e);
    if (kind < 0)
        return err_set(reterr, E_BROKEN, "the charter holds no personal kind to try this on");
    return canary_make(e, 0, kind, false, ret, reterr);
}

enum code probe_sealed(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds), tried = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const struct canary *c = NULL;
        struct scan seen = { 0 };
        if (!scan_looks_for(&kinds[i]))
            continue;
        enum code code = canary_make(e, 0, (int)i, false, &c, reterr);
        if (code == OK)
            code = scan_path(env_setup(e)->data, &kinds[i], c->fields, SCAN_WHOLE, &seen, reterr);
        if (code != OK)
            return code;
        if (seen.found)
            return SAY(v, false, "a personal value of a new %s is readable in %s", kinds[i].name, seen.where);
        if (seen.unread > 0)
            return SAY(v, false, "%zu files or folders of the data directory could not be read; run it as root or their owner", seen.unread);
        bytes = seen.bytes;
        tried++;
    }
    if (bytes == 0)
        return SAY(v, false, "no byte of the data directory could be read; run it as its owner");
    return SAY(v, tried > 0, "personal values of %zu kind%s are readable nowhere in %llu bytes of data and logs", tried, ENDS(tried), (unsigned long long)bytes);
}

/* The index could betray a value by its beginning, cut to the length of a token. */
enum code probe_tokens(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    struct scan seen = { 0 };
    char path[256];
    size_t hits = 0;
    enum code code = personal_made(e, &c, reterr);
    if (code != OK)
        return code;
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    snprintf(path, sizeof path, "/v1/%s/%s/search", env_service(e), k->name);
    for (size_t i = 0; i < k->field_count && code == OK; i++) {
        if ((k->fields[i].found & FIND_EXACT) == 0 || k->fields[i].level == L_PLAIN)
            continue;
        AUTO(answer_done) struct answer a = { 0 };
        json_t *body = json_pack("{s:{s:O}}", "where", k->fields[i].name, json_object_get(c->fields, k->fields[i].name));
        code = env_call(e, &(struct call){ .method = "POST", .path = path, .body = body }, &a, reterr);
        json_decref(body);
        if (code == OK && (a.status != 200 || strstr(buf_str(&a.body), c->id) == NULL))
            return SAY(v, false, "a new %s is not found by its %s (%d)", k->name, k->fields[i].name, a.status);
        hits++;
    }
    if (code == OK)
        code = scan_path(env_setup(e)->data, k, c->fields, SCAN_BEGINNING, &seen, reterr);
    if (code != OK)
        return code;
    if (seen.unread > 0)
        return SAY(v, false, "%zu files or folders of the data directory could not be read; run it as root or their owner", seen.unread);
    if (seen.found)
        return SAY(v, false, "the beginning of a personal value is readable in %s", seen.where);
    return SAY(v, true, "found by %zu field%s; no beginning of a value is readable in %llu bytes", hits, ENDS(hits), (unsigned long long)seen.bytes);
}

enum code probe_caps(struct env *e, struct verdict_line *v, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_caps", json_pack("{s:I}", "tenant", (json_int_t)env_tenant(e, 1)), &got, reterr);
    if (code != OK)
        return code;
    bool below = json_is_true(json_object_get(got, "below")), above = json_is_true(json_object_get(got, "above"));
    json_decref(got);
    if (!below)
        return SAY(v, false, "the keeper refuses keys below the cap");
    return SAY(v, !above, above ? "the keeper gives more keys than the cap allows" : "keys below the cap are given, above it refused");
}

static enum code entries_of(struct env *e, const char *verb, int64_t *ret, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_entries", json_pack("{s:I,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "verb", verb), &got, reterr);
    if (code == OK)
        *ret = json_integer_value(json_object_get(got, "count"));
    json_decref(got);
    return code;
}

enum code probe_erase(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    int before = 0, erased = 0, after = 0;
    int64_t was = 0, now = 0;
    enum code code = personal_made(e, &c, reterr);
    if (code == OK)
        code = status_of(e, "GET", c, &before, reterr);
    if (code == OK)
        code = entries_of(e, "record_erased", &was, reterr);
    if (code == OK)
        code = status_of(e, "DELETE", c, &erased, reterr);
    if (code == OK)
        code = status_of(e, "GET", c, &after, reterr);
    if (code == OK)
        code = entries_of(e, "record_erased", &now, reterr);
    if (code != OK)
        return code;
    bool gone = after == 404 || after == 410;
    return SAY(v, before == 200 && erased >= 200 && erased < 300 && gone && now > was,
               "GET %d, DELETE %d, GET %d; entries of erasure in the ledger: %lld, then %lld", before, erased, after, (long long)was, (long long)now);
}

static const struct kind *kind_with_children(const struct charter *c, int *ret) {
    const struct kind *k;
    size_t n = charter_kinds(c, &k);
    for (size_t i = 0; i < n; i++)
        if (k[i].when_deleted_count > 0) {
            *ret = (int)i;
            return &k[i];
        }
    return NULL;
}

enum code probe_children(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = -1, status = 0;
    const struct kind *k = kind_with_children(env_charter(e), &kind);
    const struct canary *parent = NULL, *child[16] = { NULL };
    if (k == NULL)
        return SAY(v, true, "the charter names no children to erase");
    enum code code = canary_make(e, 0, kind, true, &parent, reterr);
    for (size_t i = 0; i < k->when_deleted_count && i < ARRAY_LEN(child) && code == OK; i++)
        code = canary_with(e, 0, k->when_deleted[i].kind, k->name, parent->id, &child[i], reterr);
    if (code == OK)
        code = status_of(e, "DELETE", parent, &status, reterr);
    if (code == OK && status >= 300)
        return SAY(v, false, "erasing a %s answered %d", k->name, status);
    for (size_t i = 0; i < k->when_deleted_count && i < ARRAY_LEN(child) && code == OK; i++) {
        const struct kind *ck = charter_kind_at(env_charter(e), k->when_deleted[i].kind);
        code = status_of(e, "GET", child[i], &status, reterr);
        if (code == OK && (status == 200) == k->when_deleted[i].erase)
            return SAY(v, false, "after its %s was erased, a %s answers %d", k->name, ck->name, status);
    }
    return code != OK ? code : SAY(v, true, "%zu kind%s below %s went or stayed as when_deleted says", k->when_deleted_count, ENDS(k->when_deleted_count), k->name);
}

/* ---- what a law keeps */

static const struct kind *kind_by_law(const struct charter *c, int *ret, fieldset *ret_kept) {
    const struct kind *kinds;
    const size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; i < n; i++) {
        *ret_kept = 0;
        for (size_t p = 0; p < kinds[i].part_count; p++)
            if (kinds[i].parts[p].by_law && kinds[i].parts[p].keep.type == KEEP_SPAN)
                *ret_kept |= kinds[i].parts[p].fields;
        if (*ret_kept != 0) {
            *ret = (int)i;
            return &kinds[i];
        }
    }
    return NULL;
}

/* The first field that should be there and is not, or the other way round; NULL: none. */
static const char *field_wrong(const struct kind *k, const struct canary *c, fieldset kept, const json_t *shown) {
    for (size_t i = 0; i < k->field_count; i++) {
        const json_t *v = json_object_get(shown, k->fields[i].name);
        if (json_object_get(c->fields, k->fields[i].name) != NULL && (v != NULL && !json_is_null(v)) != (kept >> i & 1))
            return k->fields[i].name;
    }
    return NULL;
}

enum code probe_law(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = -1, erased = 0;
    fieldset kept = 0;
    const struct kind *k = kind_by_law(env_charter(e), &kind, &kept);
    const struct canary *c = NULL;
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    if (k == NULL)
        return SAY(v, true, "the charter names no law that demands anything until a date");
    enum code code = canary_make(e, 0, kind, true, &c, reterr);
    if (code == OK)
        code = status_of(e, "DELETE", c, &erased, reterr);
    if (code != OK)
        return code;
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), k->name, c->id);
    code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    if (code != OK)
        return code;
    const char *wrong = field_wrong(k, c, kept, json_object_get(a.json, "fields"));
    return SAY(v, a.status == 200 && wrong == NULL, "erasing a %s answered %d, reading it then %d; what the law demands is there, the rest is not%s%s", k->name, erased, a.status,
               wrong == NULL ? "" : ": but for ", wrong == NULL ? "" : wrong);
}

static enum code opened_of(struct env *e, json_t *keys, int64_t *ret, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_open", json_pack("{s:I,s:O}", "tenant", (json_int_t)env_tenant(e, 0), "keys", keys), &got, reterr);
    if (code == OK)
        *ret = json_integer_value(json_object_get(got, "opened"));
    json_decref(got);
    return code;
}

/* Yesterday's thief: a copy of every file of the keyring is kept, then the record is erased and the erasure made final.
 * The copy must open the keys before that, else it would prove nothing, and must not afterwards. */
enum code probe_final(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    json_t *copy = NULL, *renewed = NULL;
    int64_t before = 0, after = -1;
    int status = 0;
    enum code code = personal_made(e, &c, reterr);
    if (code == OK)
        code = env_control(e, "probe_copy", json_pack("{s:I,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind",
                           charter_kind_at(env_charter(e), c->kind)->name, "id", c->id), &copy, reterr);
    json_t *keys = json_object_get(copy, "keys");
    if (code == OK)
        code = opened_of(e, keys, &before, reterr);
    if (code == OK)
        code = status_of(e, "DELETE", c, &status, reterr);
    if (code == OK)
        code = env_control(e, "renew", NULL, &renewed, reterr);
    json_decref(renewed);
    if (code == OK)
        code = opened_of(e, keys, &after, reterr);
    size_t n = json_array_size(keys);
    json_decref(copy);
    if (code != OK)
        return code;
    if (n == 0 || before != (int64_t)n)
        return SAY(v, false, "the copy opened %lld of %zu keys before the erasure, so it proves nothing", (long long)before, n);
    return SAY(v, after == 0, "a copy of the keyring opened %lld of %zu keys before the erasure and %lld after it, with today's root and epoch keys",
               (long long)before, n, (long long)after);
}

/* The charter with one letter more in the name of its operator. False: it names none. */
static bool one_letter_more(const struct charter *c, struct buf *ret) {
    size_t len;
    const struct tree *t = charter_tree(c);
    const char *source = tree_source(t, &len);
    const struct node *name = node_get(node_get(tree_root(t), "operator"), "name");
    size_t at = 0;
    if (name == NULL || name->text == NULL)
        return false;
    for (int line = 1; line < name->pos.line && at < len; at++)
        line += source[at] == '\n';
    for (int column = 1; at < len && (column < name->pos.column || ((unsigned char)source[at] & 0xc0) == 0x80); at++)
        column += ((unsigned char)source[at] & 0xc0) != 0x80;
    at += name->quoted;
    if (at >= len)
        return false;
    buf_add(ret, source, at);
    buf_char(ret, 'X');
    buf_add(ret, source + at, len - at);
    return !ret->failed;
}

/* What the server says of a charter beside the one that it runs on. */
static enum code against(struct env *e, const char *text, bool *ret_allowed, bool *ret_same, bool *ret_date, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "charter_against", json_pack("{s:s,s:s}", "file", charter_file(env_charter(e)), "text", text), &got, reterr);
    if (code != OK)
        return code;
    const char *said = json_string_value(json_object_get(got, "said"));
    *ret_allowed = json_is_true(json_object_get(got, "allowed"));
    *ret_same = said != NULL && strcmp(said, "Nothing changes.\n") == 0;
    *ret_date = said != NULL && strstr(said, "refused  updated: ") != NULL;
    json_decref(got);
    return OK;
}

enum code probe_dated(struct env *e, struct verdict_line *v, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(TREE_BYTES_MAX + 8), plain = BUF(TREE_BYTES_MAX + 8);
    size_t len;
    bool allowed = false, same = false, date = false;
    const char *source = tree_source(charter_tree(env_charter(e)), &len);
    buf_add(&plain, source, len);
    if (plain.failed || !one_letter_more(env_charter(e), &text))
        return err_set(reterr, E_BROKEN, "the charter could not be changed for this");
    enum code code = against(e, buf_str(&plain), &allowed, &same, &date, reterr);
    if (code == OK && !same)
        return err_set(reterr, E_BROKEN, "the service runs on another charter than the one in its directory: restart it");
    if (code == OK)
        code = against(e, buf_str(&text), &allowed, &same, &date, reterr);
    if (code != OK)
        return code;
    if (same)
        return SAY(v, false, "a changed word is taken for no change");
    if (allowed)
        return SAY(v, false, "a changed charter with the date of before is accepted");
    return SAY(v, date, "a changed charter with the date of before is refused%s", date ? "" : ", but not for its date");
}

/* Two erasures give the tenant a chain of two entries at least: a single one has nothing before it to carry. */
enum code probe_ledger(struct env *e, struct verdict_line *v, struct err *reterr) {
    json_t *got = NULL;
    enum code code = OK;
    for (int i = 0; i < 2 && code == OK; i++) {
        const struct canary *c = NULL;
        int erased = 0;
        code = personal_made(e, &c, reterr);
        if (code == OK)
            code = status_of(e, "DELETE", c, &erased, reterr);
        if (code == OK && (erased < 200 || erased > 299))
            return SAY(v, false, "an erasure that would stand in the ledger answers %d", erased);
    }
    if (code == OK)
        code = env_control(e, "ledger_verify", NULL, &got, reterr);
    if (code == E_DAMAGED) {
        (void)SAY(v, false, "%s", reterr->text);
        return OK;
    }
    if (code != OK)
        return code;
    long long entries = json_integer_value(json_object_get(got, "entries")), chains = json_integer_value(json_object_get(got, "chains"));
    json_decref(got);
    return SAY(v, entries >= 2, "%lld entries in %lld chains verify", entries, chains);
}
