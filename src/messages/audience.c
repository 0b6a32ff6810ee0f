/* audience.c — see audience.h. */
#include "messages/audience.h"

#include "messages/right.h"
#include "records/page.h"
#include "records/use.h"

static struct query blank_query(void) { return (struct query){ .sort = -1 }; }

/* In the order of ids, whatever the conditions would be found by best: behind a page's last record lies all that is left. */
static enum code query_make(struct service *s, const struct audience *a, fieldset fields, struct arena *arena, struct query *ret, struct err *reterr) {
    const struct kind_info *k = service_kind(s, a->kind);
    json_t *in = a->where == NULL ? json_object() : json_pack("{s:O}", "where", a->where);
    enum code code = in == NULL ? err_set(reterr, E_MEMORY, "no memory for a search") : query_of_search(s, k, fields, in, arena, ret, reterr);
    json_decref(in);
    if (code != OK)
        return code;
    if (ret->source == BY_SORT)
        ret->source = BY_ID;
    if (uuid_is_null(&a->scope))
        return OK;
    if (ret->has_parent && uuid_compare(&ret->parent, &a->scope) != 0)
        return err_set(reterr, E_INVALID, "scope and where name two different records that these belong to: leave one of them out");
    ret->has_parent = true;
    ret->parent = a->scope;
    if (ret->source == BY_TOKEN || ret->source == BY_ID)
        return OK;
    ret->source = BY_ID;
    return OK;
}

enum code audience_check(struct service *s, const struct caller *who, const struct audience *a, struct err *reterr) {
    PRE(s != NULL && who != NULL && a != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(query_done) struct query q = blank_query();
    const struct verdict may = policy_kind(s->charter, who, a->kind, V_READ);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a search");
    const struct message_deed deed = { .verb = MESSAGES_SEND, .reach = REACH_ALL, .kind = a->kind, .id = a->scope };
    enum code code = message_right(s, who, &deed, NULL, reterr);
    return code == OK ? query_make(s, a, may.any ? may.fields : 0, arena, &q, reterr) : code;
}

struct taking { const struct audience *a; struct audience_page *page; };
static bool take(const struct page_item *item, void *arg) {
    struct taking *t = arg;
    const struct record *r = item->record;
    if (r->damage == NULL && r->born <= t->a->born) {
        t->page->ids[t->page->count] = r->id;
        t->page->parents[t->page->count++] = r->parent;
    }
    return true;
}

enum code audience_next(struct service *s, int64_t tenant, const struct audience *a, const struct uuid *after, size_t most, struct audience_page *ret, struct err *reterr) {
    PRE(s != NULL && a != NULL && after != NULL && most > 0 && most <= SEND_MOST && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(query_done) struct query q = blank_query();
    AUTO(buf_done) struct buf next = BUF(4096);
    const struct caller who = { .tenant = tenant, .by_sejf = true, .subject_kind = -1, .person = charter_tenant(s->charter) };
    struct taking t = { a, ret };
    struct page_work w = { .s = s, .who = &who, .q = &q, .item = take, .arg = &t, .most = AUDIENCE_LOOK };
    ret->count = 0;
    ret->more = false;
    ret->reached = *after;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a search");
    enum code code = query_make(s, a, kind_all(service_kind(s, a->kind)->kind), arena, &q, reterr);
    if (code != OK)
        return code;
    q.limit = most;
    q.has_after = !uuid_is_null(after);
    q.after = *after;
    code = page_run(&w, &next, reterr);
    if (code == OK) {
        ret->more = next.len > 0;
        ret->reached = q.after;
    }
    return code;
}
