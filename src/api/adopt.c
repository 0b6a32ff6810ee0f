/* adopt.c — the stored charter is its whole text; its hash tells whether there is anything to compare. */
#include "api/adopt.h"

#include <string.h>

#include "base/mem.h"
#include "charter/tree.h"
#include "store/rows.h"
#include "store/tables.h"

struct adoption {
    const struct charter *newer;
    struct charter *older;
    struct changes *changes;
    bool is_new, is_same;
};

struct adoption *adopt_free(struct adoption *a) {
    if (a == NULL)
        return NULL;
    changes_free(a->changes);
    charter_free(a->older);
    return mem_free(a);
}

struct stored { const char *name; char *text; uint8_t hash[HASH_SIZE]; bool found; };

static bool take_service(const struct service_row *r, void *arg) {
    struct stored *s = arg;
    if (strcmp(r->name, s->name) != 0)
        return true;
    s->found = true;
    s->text = mem_text(r->charter_text == NULL ? "" : r->charter_text);
    memcpy(s->hash, r->hash, sizeof s->hash);
    return false;
}

/* ---- how many records of a kind there are, over all tenants */
struct counting { struct store *store; const char *service; int32_t kind; int64_t records; enum code code; struct err err; };

static bool count_tenant(const struct tenant_row *r, void *arg) {
    struct counting *c = arg;
    AUTO(view_end) struct view *v = NULL;
    int64_t n = 0;
    c->code = store_view(c->store, r->id, &v, &c->err);
    if (c->code == OK)
        c->code = rows_count(view_sql(v), c->kind, NULL, &n, &c->err);
    c->records += n;
    return c->code == OK;
}

/* What cannot be counted counts as there: the careful side. */
static int64_t count_kind(void *arg, const char *kind) {
    struct counting *c = arg;
    c->records = 0;
    c->code = name_number(c->store, c->service, 'k', kind, &c->kind, &c->err);
    if (c->code != OK || tenants_list(c->store, c->service, count_tenant, c, &c->err) != OK || c->code != OK)
        return 1;
    return c->records;
}

static enum code read_older(const struct stored *s, struct charter **ret, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    if (f == NULL || s->text == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the stored charter of %s", s->name);
    enum code code = charter_load_text("the stored charter", s->text, strlen(s->text), f, ret, reterr);
    return code != E_CHARTER ? code : err_set(reterr, E_CHARTER, "the charter that %s runs on cannot be read by this program any more, so a change of it "
                                              "cannot be judged; change it with the program that it was made for", s->name);
}

static enum code compare(struct store *store, struct adoption *a, const struct stored *s, struct err *reterr) {
    struct counting counting = { .store = store, .service = s->name };
    const struct held held = { count_kind, &counting };
    a->is_new = !s->found;
    a->is_same = s->found && memcmp(s->hash, charter_hash(a->newer), HASH_SIZE) == 0;
    if (a->is_new || a->is_same)
        return OK;
    enum code code = read_older(s, &a->older, reterr);
    return code != OK ? code : charter_against(a->older, a->newer, &held, &a->changes, reterr);
}

enum code adopt_compare(struct store *store, const struct charter *newer, struct adoption **ret, struct err *reterr) {
    struct stored s = { .name = charter_name(newer) };
    AUTO(adopt_free) struct adoption *a = mem_new(sizeof *a);
    if (a == NULL)
        return err_set(reterr, E_MEMORY, "no memory for comparing charters");
    a->newer = newer;
    enum code code = services_list(store, take_service, &s, reterr);
    if (code == OK)
        code = compare(store, a, &s, reterr);
    mem_free(s.text);
    if (code != OK)
        return code;
    *ret = TAKE(a);
    return OK;
}

bool adopt_is_new(const struct adoption *a) { return a->is_new; }
bool adopt_is_same(const struct adoption *a) { return a->is_same; }
const struct changes *adopt_changes(const struct adoption *a) { return a->changes; }

void adopt_print(const struct adoption *a, struct buf *ret) {
    if (a->is_new)
        buf_printf(ret, "%s is a new service here.\n", charter_name(a->newer));
    else if (a->is_same)
        buf_text(ret, "Nothing changes.\n");
    else
        changes_print(a->changes, ret);
}

enum code adopt_allowed(const struct adoption *a, struct err *reterr) {
    const struct change_item *list;
    size_t n = a->changes == NULL ? 0 : changes_list_all(a->changes, &list);
    for (size_t i = 0; i < n; i++)
        if (list[i].type == CHANGE_REFUSED && list[i].pos.line > 0)
            return err_set(reterr, E_CHARTER, "%s:%d: %s: %s", charter_file(a->newer), list[i].pos.line, list[i].path, list[i].text);
        else if (list[i].type == CHANGE_REFUSED)      /* what is gone has no line */
            return err_set(reterr, E_CHARTER, "%s: %s: %s", charter_file(a->newer), list[i].path, list[i].text);
    return OK;
}

bool adopt_needs_index(const struct adoption *a) { return a->changes != NULL && changes_count(a->changes, CHANGE_INDEX) > 0; }
bool adopt_needs_dates(const struct adoption *a) { return a->changes != NULL && changes_count(a->changes, CHANGE_DUES) > 0; }

enum code adopt_put(struct store *s, const struct charter *newer, struct err *reterr) {
    size_t len;
    const char *source = tree_source(charter_tree(newer), &len);
    char *text = mem_text_n(source, len);
    if (text == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the charter");
    struct service_row row = { .name = charter_name(newer), .charter_text = text, .since = clock_now() };
    memcpy(row.hash, charter_hash(newer), HASH_SIZE);
    enum code code = service_put(s, &row, reterr);
    mem_free(text);
    return code;
}
