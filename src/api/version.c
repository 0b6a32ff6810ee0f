/* version.c — locks come before the version, and the version before the charter itself: a cut start begins all of it again. */
#include "api/version.h"

#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "charter/tree.h"
#include "store/tables.h"

/* ---- what it changes, as JSON */

static const char *const use_names[] = { [USE_PURPOSE] = "purpose", [USE_PERSON] = "person", [USE_PROCESSOR] = "processor" };

void version_use(enum use_type type, const char *name, const char *field, struct buf *ret) {
    buf_printf(ret, "%s %s%s%s", use_names[type], name, field == NULL ? "" : " ", field == NULL ? "" : field);
}

static json_t *words_json(const struct words *w) {
    if (w->in[LANG_EN] == NULL)
        return json_null();
    return json_pack("{s:s, s:s, s:s}", lang_code(LANG_EN), w->in[LANG_EN], lang_code(LANG_PL), w->in[LANG_PL], lang_code(LANG_HU), w->in[LANG_HU]);
}

unsigned version_reworded(const json_t *item) {
    const json_t *before = json_object_get(item, "before"), *now = json_object_get(item, "now");
    unsigned langs = 0;
    for (int l = 0; l < LANG_COUNT; l++)
        if (!json_equal(json_object_get(before, lang_code((enum lang)l)), json_object_get(now, lang_code((enum lang)l))))
            langs |= 1u << l;
    return langs;
}

static json_t *items_json(const struct differences *d) {
    const struct difference *list;
    json_t *items = json_array();
    for (size_t i = 0, n = differences_list(d, &list); i < n; i++)
        json_array_append_new(items, json_pack("{s:b, s:s, s:o, s:o}", "uses", list[i].type == DIFFER_USES, "path", list[i].path, "before", words_json(&list[i].before),
                                               "now", words_json(&list[i].now)));
    return items;
}

static json_t *uses_json(const struct differences *d) {
    const struct new_use *list;
    json_t *uses = json_array();
    for (size_t i = 0, n = differences_uses(d, &list); i < n; i++)
        json_array_append_new(uses, json_pack("{s:s, s:s, s:s, s:s?}", "type", use_names[list[i].type], "kind", list[i].kind, "name", list[i].name, "field", list[i].field));
    return uses;
}

enum code version_changes(const struct charter *older, const struct charter *newer, json_t **ret, size_t *ret_uses, struct err *reterr) {
    AUTO(differences_free) struct differences *d = NULL;
    const struct new_use *list;
    size_t lost = mem_lost();
    enum code code = older == NULL ? OK : charter_differ(older, newer, &d, reterr);
    if (code != OK)
        return code;
    json_t *o = json_pack("{s:o, s:o}", "items", d == NULL ? json_array() : items_json(d), "uses", d == NULL ? json_array() : uses_json(d));
    if (o == NULL || mem_lost() != lost) {
        json_decref(o);
        return err_set(reterr, E_MEMORY, "no memory for what a charter changes");
    }
    *ret_uses = d == NULL ? 0 : differences_uses(d, &list);
    *ret = o;
    return OK;
}

/* ---- announced before */

struct announced { const uint8_t *hash; usec_t at, begins; bool there; };
static bool find_announced(const struct version_row *r, void *arg) {
    struct announced *a = arg;
    if (r->since != 0 || r->announced == 0 || memcmp(r->hash, a->hash, HASH_SIZE) != 0)
        return true;
    *a = (struct announced){ a->hash, r->announced, r->begins, true };
    return false;
}

static bool is_span(const struct span *s) { return span_days(s) > 0; }

struct told { bool any; };
static bool any_tenant(const struct tenant_row *t, void *arg) {
    struct told *told = arg;
    told->any = told->any || t->closed == 0;
    return !told->any;
}

/* Is there anybody to be told? */
static enum code has_tenants(struct store *s, const char *service, bool *ret, struct err *reterr) {
    struct told told = { false };
    enum code code = tenants_list(s, service, any_tenant, &told, reterr);
    if (code == OK)
        *ret = told.any;
    return code;
}

/* To take back what was promised about changes is a change of which tenants are told in time: else a charter without the line, and the next
 * one with new uses, would tell nobody. */
static bool weakens(const struct charter *older, const struct charter *newer) {
    struct changing_rule was = charter_changing(older), is = charter_changing(newer);
    return (was.again && !is.again) || span_days(&is.told) < span_days(&was.told);
}

enum code version_allowed(struct store *s, const struct charter *older, const struct charter *newer, usec_t now, struct err *reterr) {
    struct changing_rule rule = charter_changing(older);
    struct announced a = { .hash = charter_hash(newer) };
    json_t *changes = NULL;
    size_t uses = 0;
    bool any = false;
    char span[64], day[16];
    if (!rule_on(RULE_policy_versions) || !is_span(&rule.told))
        return OK;
    enum code code = version_changes(older, newer, &changes, &uses, reterr);
    json_decref(changes);
    if (code == OK && (uses > 0 || weakens(older, newer)))
        code = has_tenants(s, charter_name(newer), &any, reterr);
    if (code != OK || !any)
        return code;
    code = versions_list(s, charter_name(newer), find_announced, &a, reterr);
    if (code != OK)
        return code;
    if (!a.there && uses == 0)
        return err_set(reterr, E_CHARTER, "%s: what `changes` promises is weakened, of which tenants are told %s before: announce it by \"sejf charter announce %s\"",
                       charter_file(newer), span_format(&rule.told, span, sizeof span), charter_file(newer));
    if (!a.there)
        return err_set(reterr, E_CHARTER, "%s: data already held would be used or shared in %zu new way%s, of which tenants are told %s before: announce it by "
                       "\"sejf charter announce %s\"", charter_file(newer), uses, uses == 1 ? "" : "s", span_format(&rule.told, span, sizeof span), charter_file(newer));
    if (a.begins > now) {
        struct civil c = zone_civil(charter_zone(newer), a.begins);
        return err_set(reterr, E_CHARTER, "%s: it was announced for %s: serve it from then on", charter_file(newer), date_format(&c, day, sizeof day));
    }
    return OK;
}

/* ---- kept */

static enum code row_put(struct store *s, const struct charter *c, const json_t *changes, const struct version_row *how, int64_t *ret, struct err *reterr) {
    size_t len;
    const char *source = tree_source(charter_tree(c), &len);
    char *text = mem_text_n(source, len), *json = json_dumps(changes, JSON_COMPACT | JSON_SORT_KEYS);
    struct version_row row = *how;
    row.service = charter_name(c);
    row.updated = charter_updated(c);
    row.charter = text;
    row.changes = json;
    memcpy(row.hash, charter_hash(c), HASH_SIZE);
    enum code code = text == NULL || json == NULL ? err_set(reterr, E_MEMORY, "no memory for a version of the charter") : version_put(s, &row, ret, reterr);
    mem_free(text);
    free(json);
    return code;
}

/* What stands: the highest number, whether the newest in force is this charter, and where this one was announced. */
struct standing_versions { const uint8_t *hash; int64_t most, number; usec_t announced, begins; bool in_force /* it is the newest in force */, looked; };
static bool take_standing(const struct version_row *r, void *arg) {
    struct standing_versions *v = arg;
    bool same = memcmp(r->hash, v->hash, HASH_SIZE) == 0;
    v->most = r->number > v->most ? r->number : v->most;
    if (r->since != 0 && !v->looked) {
        v->looked = true;
        v->in_force = same;
    }
    if (same && (r->since == 0 || v->in_force) && v->number == 0) {
        v->number = r->number;
        v->announced = r->announced;
        v->begins = r->begins;
    }
    return true;
}

struct lock_wish { int32_t kind; const char *what; int64_t version; };
static enum code lock_write(struct txn *t, void *arg, struct err *reterr) {
    const struct lock_wish *w = arg;
    return lock_put(t, w->kind, w->what, w->version, reterr);
}

static enum code lock_all(struct store *s, const int64_t *tenants, size_t count, const char *service, const json_t *use, int64_t version, struct err *reterr) {
    AUTO(buf_done) struct buf what = BUF(4096);
    const char *type = json_string_value(json_object_get(use, "type"));
    struct lock_wish w = { .version = version };
    for (int i = 0; i < (int)ARRAY_LEN(use_names); i++)
        if (strcmp(type, use_names[i]) == 0)
            version_use((enum use_type)i, json_string_value(json_object_get(use, "name")), json_string_value(json_object_get(use, "field")), &what);
    w.what = buf_str(&what);
    enum code code = what.failed ? err_set(reterr, E_MEMORY, "no memory for a lock") : name_number(s, service, 'k', json_string_value(json_object_get(use, "kind")), &w.kind, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = store_write(s, tenants[i], lock_write, &w, reterr);
    return code;
}

static enum code lock_uses(struct store *s, const struct charter *newer, const json_t *changes, int64_t version, struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0, i;
    const json_t *use;
    enum code code = tenants_all(s, charter_name(newer), &tenants, &count, reterr);
    json_array_foreach(json_object_get(changes, "uses"), i, use)
        if (code == OK)
            code = lock_all(s, tenants, count, charter_name(newer), use, version, reterr);
    mem_free(tenants);
    return code;
}

/* Did any charter that was in force promise that people are asked again? What was given then stays under that promise, whatever the charter
 * says by now. One that is not understood any more counts as if it did. */
struct promised { bool again; };
static bool take_promised(const struct version_row *r, void *arg) {
    struct promised *p = arg;
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    struct err e;
    if (r->since == 0)
        return true;
    p->again = f == NULL || charter_load_text("charter", r->charter, strlen(r->charter), f, &c, &e) != OK || charter_changing(c).again;
    return !p->again;
}

static enum code was_promised(struct store *s, const struct charter *older, const struct charter *newer, bool *ret, struct err *reterr) {
    struct promised p = { .again = charter_changing(newer).again || charter_changing(older).again };
    enum code code = p.again ? OK : versions_list(s, charter_name(newer), take_promised, &p, reterr);
    if (code == OK)
        *ret = p.again;
    return code;
}

enum code version_adopt(struct store *s, const struct charter *older, const struct charter *newer, usec_t since, struct err *reterr) {
    struct standing_versions now = { .hash = charter_hash(newer) };
    json_t *changes = NULL;
    size_t uses = 0;
    int64_t number = 0;
    bool again = false;
    enum code code = versions_list(s, charter_name(newer), take_standing, &now, reterr);
    if (code != OK || !rule_on(RULE_policy_versions) || (now.in_force && older == NULL))
        return code;
    code = version_changes(older, newer, &changes, &uses, reterr);
    if (code == OK && uses > 0)
        code = was_promised(s, older, newer, &again, reterr);
    if (code == OK && again)
        code = lock_uses(s, newer, changes, now.number > 0 ? now.number : now.most + 1, reterr);
    if (code == OK)
        code = row_put(s, newer, changes, &(struct version_row){ .announced = now.announced, .begins = now.begins, .since = since }, &number, reterr);
    json_decref(changes);
    return code;
}

enum code version_announce(struct store *s, const struct charter *older, const struct charter *newer, usec_t now, usec_t begins, int64_t *ret_number, usec_t *ret_begins,
                           struct err *reterr) {
    struct changing_rule rule = charter_changing(older);
    usec_t earliest = is_span(&rule.told) ? zone_add(charter_zone(newer), now, &rule.told, 1) : now;
    struct announced before = { .hash = charter_hash(newer) };
    json_t *changes = NULL;
    size_t uses = 0;
    char day[16];
    struct civil c = zone_civil(charter_zone(newer), earliest);
    if (begins != 0 && begins < earliest)
        return err_set(reterr, E_INVALID, "tenants are told %s before: it may begin on %s at the earliest", charter_value(older, "changes"), date_format(&c, day, sizeof day));
    enum code code = versions_list(s, charter_name(newer), find_announced, &before, reterr);
    if (code == OK)
        code = version_changes(older, newer, &changes, &uses, reterr);
    struct version_row row = { .announced = before.there ? before.at : now, .begins = before.there ? before.begins : begins != 0 ? begins : earliest };
    if (code == OK)
        code = row_put(s, newer, changes, &row, ret_number, reterr);
    json_decref(changes);
    if (code == OK)
        *ret_begins = row.begins;
    return code;
}
