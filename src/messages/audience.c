/* audience.c — see audience.h. Windows, relations, levels that hide and marks are held against each record by the search itself; whoever sends must
 * write, too, which is asked of those found where the account has levels. */
#include "messages/audience.h"

#include "messages/right.h"
#include "records/page.h"
#include "records/record.h"

static struct query blank_query(void) { return (struct query){ .sort = -1 }; }

/* In the order of ids, whatever the conditions would be found by best: behind a page's last record lies all that is left. */
static enum code query_make(struct service *s, const struct caller *who, const struct audience *a, struct arena *arena, struct query *ret, struct err *reterr) {
    const struct verdict may = policy_kind(s->charter, who, a->kind, V_READ);
    json_t *in = a->where == NULL ? json_object() : json_pack("{s:O}", "where", a->where);
    enum code code = in == NULL ? err_set(reterr, E_MEMORY, "no memory for a search") : query_of_search(s, service_kind(s, a->kind), may.any ? may.fields : 0, in, arena, ret, reterr);
    json_decref(in);
    if (code != OK)
        return code;
    if (ret->source != BY_TOKEN)
        ret->source = BY_ID;
    if (uuid_is_null(&a->scope))
        return OK;
    if (ret->has_parent && uuid_compare(&ret->parent, &a->scope) != 0)
        return err_set(reterr, E_INVALID, "scope and where name two different records that these belong to: leave one of them out");
    ret->has_parent = true;
    ret->parent = a->scope;
    return OK;
}

enum code audience_check(struct service *s, const struct caller *who, const struct audience *a, struct err *reterr) {
    PRE(s != NULL && who != NULL && a != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(query_done) struct query q = blank_query();
    return arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a search") : query_make(s, who, a, arena, &q, reterr);
}

struct taking { const struct audience *a; struct audience_page *page; };
static bool take(const struct page_item *item, void *arg) {
    struct taking *t = arg;
    const struct record *r = item->record;
    if (r->damage == NULL && r->born <= t->a->born) {
        t->page->ids[t->page->count] = r->id;
        t->page->born[t->page->count++] = r->born;
    }
    return true;
}

/* Those that the caller's level lets it write to stay. */
static enum code written_only(struct service *s, const struct caller *who, int kind, struct audience_page *p, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    size_t kept = 0;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a search");
    const struct arena_mark mark = arena_mark(arena);
    enum code code = store_view(s->store, who->tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < p->count; i++) {
        struct record r;
        fieldset sees;
        arena_rewind(arena, mark);
        code = record_find(view_sql(v), service_kind(s, kind), &p->ids[i], arena, &r, reterr);
        if (code == OK)
            code = message_right_record(s, view_sql(v), who, MESSAGES_SEND, &r, arena, &sees, reterr);
        if (code == OK) {
            p->ids[kept] = p->ids[i];
            p->born[kept++] = p->born[i];
        }
        code = code == E_NOT_FOUND || code == E_GONE || code == E_FORBIDDEN ? OK : code;
    }
    p->count = kept;
    return code;
}

enum code audience_next(struct service *s, const struct caller *who, const struct audience *a, const struct uuid *after, size_t most, struct audience_page *ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && a != NULL && after != NULL && most > 0 && most <= SEND_MOST && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(query_done) struct query q = blank_query();
    AUTO(buf_done) struct buf next = BUF(4096);
    struct taking t = { a, ret };
    struct page_work w = { .s = s, .who = who, .q = &q, .item = take, .arg = &t, .most = AUDIENCE_LOOK };
    ret->count = 0;
    ret->more = false;
    ret->reached = *after;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a search");
    enum code code = query_make(s, who, a, arena, &q, reterr);
    if (code != OK)
        return code;
    ret->asked = query_fields(&q);
    q.limit = most;
    q.has_after = !uuid_is_null(after);
    q.after = *after;
    code = page_run(&w, &next, reterr);
    if (code == OK) {
        ret->more = next.len > 0;
        ret->reached = q.after;
    }
    return code == OK && who->levels != NULL && !who->by_sejf ? written_only(s, who, a->kind, ret, reterr) : code;
}
