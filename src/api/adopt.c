/* adopt.c — the stored charter is its whole text; its hash tells whether there is anything to compare. */
#include "api/adopt.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "api/version.h"
#include "charter/tree.h"
#include "records/canon.h"
#include "store/people.h"
#include "store/rows.h"
#include "store/tables.h"

enum { DONE, PENDING };                         /* state of a mark */

struct adoption {
    const struct charter *newer;
    struct charter *older;
    struct changes *changes;
    struct err refused;                         /* tenants were not told yet; code OK: they were, or need not be */
    bool is_new, is_same, pending;
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

/* ---- records of a kind, over all tenants */
struct counting {
    struct store *store; const char *service; int32_t kind; int64_t records; struct err err;
    int64_t *tenants; size_t count;
    const char *field, *option;                /* what is looked for in them; NULL: they are only counted */
    const char *role;                          /* of the members that are counted */
};

static bool holds(const struct row *row, void *arg) {
    struct counting *c = arg;
    struct slice v;
    if (canon_get(row->clear, strlen(row->clear), c->field, &v))
        c->records += c->option == NULL || (v.len == strlen(c->option) + 2 && memcmp(v.at + 1, c->option, v.len - 2) == 0);
    return true;
}

static enum code count_tenant(struct counting *c, int64_t tenant) {
    AUTO(view_end) struct view *v = NULL;
    int64_t n = 0;
    enum code code = store_view(c->store, tenant, &v, &c->err);
    if (code == OK)
        code = c->field == NULL ? rows_count(view_sql(v), c->kind, NULL, &n, &c->err)
                                : rows_list(view_sql(v), &(struct row_range){ .kind = c->kind }, holds, c, &c->err);
    c->records += n;
    return code;
}

/* What cannot be counted counts as unknown, which is as bad as there. */
static int64_t count_all(struct counting *c, const char *kind) {
    enum code code = name_number(c->store, c->service, 'k', kind, &c->kind, &c->err);
    c->records = 0;
    for (size_t i = 0; code == OK && i < c->count; i++)
        code = count_tenant(c, c->tenants[i]);
    return code == OK ? c->records : -1;
}

static int64_t count_kind(void *arg, const char *kind) {
    struct counting *c = arg;
    c->field = c->option = NULL;
    return count_all(c, kind);
}

static int64_t count_holding(void *arg, const char *kind, const char *field, const char *option) {
    struct counting *c = arg;
    c->field = field;
    c->option = option;
    return count_all(c, kind);
}

static bool take_member(const struct member_row *r, void *arg) {
    struct counting *c = arg;
    c->records += strcmp(r->role, c->role) == 0;
    return true;
}

/* Accounts with that role: members of the service's tenants, and the operator's staff. */
static int64_t count_members(void *arg, const char *role) {
    struct counting *c = arg;
    AUTO(view_end) struct view *v = NULL;
    c->role = role;
    c->records = 0;
    enum code code = store_view(c->store, 0, &v, &c->err);
    if (code == OK)
        code = members_of_tenant(view_sql(v), 0, take_member, c, &c->err);
    for (size_t i = 0; code == OK && i < c->count; i++)
        code = members_of_tenant(view_sql(v), c->tenants[i], take_member, c, &c->err);
    return code == OK ? c->records : -1;
}

/* ---- a change that is being carried out is marked, so that a start which was cut off goes on with it, under whichever
 * charter comes next: records may be in line with one or the other */
#define MARK_ROOM 128
static bool mark_name(const char *service, char ret[MARK_ROOM]) {
    int n = snprintf(ret, MARK_ROOM, "refit %s", service);
    return n > 0 && n < MARK_ROOM;
}

struct marked { char name[MARK_ROOM]; bool pending; };
static bool take_mark(const struct proof_row *r, void *arg) {
    struct marked *m = arg;
    m->pending = m->pending || (strcmp(r->rule, m->name) == 0 && r->state == PENDING);
    return true;
}

static enum code mark_read(struct store *s, const char *service, bool *ret, struct err *reterr) {
    struct marked m = { .pending = false };
    if (!mark_name(service, m.name))
        return err_set(reterr, E_CHARTER, "the name of the service %s is too long", service);
    enum code code = proofs_list(s, "", take_mark, &m, reterr);
    if (code == OK)
        *ret = m.pending;
    return code;
}

static enum code mark_put(struct store *s, const char *service, int state, struct err *reterr) {
    char name[MARK_ROOM];
    if (!mark_name(service, name))
        return err_set(reterr, E_CHARTER, "the name of the service %s is too long", service);
    return proof_put(s, &(struct proof_row){ .service = "", .rule = name, .state = state, .detail = "", .at = clock_now() }, reterr);
}

enum code adopt_begin(struct store *s, const struct charter *newer, struct err *reterr) { return mark_put(s, charter_name(newer), PENDING, reterr); }

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
    const struct held held = { .records = count_kind, .arg = &counting, .holding = count_holding, .members = count_members };
    a->is_new = !s->found;
    a->is_same = s->found && memcmp(s->hash, charter_hash(a->newer), HASH_SIZE) == 0;
    if (a->is_new || a->is_same)
        return OK;
    enum code code = read_older(s, &a->older, reterr);
    if (code == OK)
        code = tenants_all(store, s->name, &counting.tenants, &counting.count, reterr);
    if (code == OK)
        code = charter_against(a->older, a->newer, &held, &a->changes, reterr);
    mem_free(counting.tenants);
    if (code == OK && version_allowed(store, a->older, a->newer, clock_now(), &a->refused) != OK && a->refused.code != E_CHARTER) {
        *reterr = a->refused;
        return a->refused.code;
    }
    return code;
}

enum code adopt_compare(struct store *store, const struct charter *newer, struct adoption **ret, struct err *reterr) {
    struct stored s = { .name = charter_name(newer) };
    AUTO(adopt_free) struct adoption *a = mem_new(sizeof *a);
    if (a == NULL)
        return err_set(reterr, E_MEMORY, "no memory for comparing charters");
    a->newer = newer;
    enum code code = services_list(store, take_service, &s, reterr);
    if (code == OK)
        code = mark_read(store, s.name, &a->pending, reterr);
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
    if (a->refused.code != OK)
        buf_printf(ret, "refused  %s\n", a->refused.text);
    if (a->pending)
        buf_text(ret, "An earlier change was cut off while stored records were brought in line: the next start goes on with that.\n");
}

enum code adopt_allowed(const struct adoption *a, struct err *reterr) {
    const struct change_item *list;
    size_t n = a->changes == NULL ? 0 : changes_list_all(a->changes, &list);
    for (size_t i = 0; i < n; i++)
        if (list[i].type == CHANGE_REFUSED && list[i].pos.line > 0)
            return err_set(reterr, E_CHARTER, "%s:%d: %s: %s", charter_file(a->newer), list[i].pos.line, list[i].path, list[i].text);
        else if (list[i].type == CHANGE_REFUSED)      /* what is gone has no line */
            return err_set(reterr, E_CHARTER, "%s: %s: %s", charter_file(a->newer), list[i].path, list[i].text);
    if (a->refused.code != OK)
        *reterr = a->refused;
    return a->refused.code;
}

bool adopt_needs_refit(const struct adoption *a) { return a->pending || (a->changes != NULL && changes_count(a->changes, CHANGE_INDEX) > 0); }
bool adopt_needs_dates(const struct adoption *a) { return a->changes != NULL && changes_count(a->changes, CHANGE_DUES) > 0; }

bool adopt_asks_agreement(const struct adoption *a) { return a->older != NULL && !charter_agreement_first(a->older) && charter_agreement_first(a->newer); }

enum code adopt_version(const struct adoption *a, struct store *s, struct err *reterr) { return version_adopt(s, a->older, a->newer, clock_now(), reterr); }

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
    return code == OK ? mark_put(s, row.name, DONE, reterr) : code;
}
