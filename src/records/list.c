/* list.c — lists and searches. */
#include "base/fiber.h"
#include "base/jsontext.h"
#include "records/page.h"
#include "records/reads.h"
#include "records/use.h"

struct gathering { const struct damage_watch *watch; struct buf *out; int64_t *born; size_t items, count; fieldset fields; };

static bool gather(const struct page_item *item, void *arg) {
    struct gathering *g = arg;
    if (g->items++ > 0)
        buf_char(g->out, ',');
    if (item->record->damage != NULL) {
        damage_show(g->watch, item->record, item->hidden, g->out);
        return !g->out->failed;
    }
    record_show(item->record, item->fields, g->out);
    g->born[g->count++] = item->record->born;
    g->fields |= item->fields;
    return !g->out->failed;
}

/* ---- searches that open many records
 * Each takes a worker for as long as it runs, so that some are left for requests that take no time, of whichever tenant. */
#define SCANS_MAX 36u
#define SCANS_OF_TENANT 24u
static struct { pthread_mutex_t lock; int64_t tenants[SCANS_MAX]; size_t count; } scans = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool scans_much(const struct query *q) { return q->cond_count > 0 && q->source != BY_TOKEN; }

static bool scan_begin(int64_t tenant) {
    size_t own = 0;
    pthread_mutex_lock(&scans.lock);
    for (size_t i = 0; i < scans.count; i++)
        own += scans.tenants[i] == tenant;
    bool room = scans.count < SCANS_MAX && own < SCANS_OF_TENANT;
    if (room)
        scans.tenants[scans.count++] = tenant;
    pthread_mutex_unlock(&scans.lock);
    return room;
}

static void scan_end(int64_t tenant) {
    size_t i = 0;
    pthread_mutex_lock(&scans.lock);
    while (i < scans.count && scans.tenants[i] != tenant)
        i++;
    PRE(i < scans.count);
    scans.tenants[i] = scans.tenants[--scans.count];
    pthread_mutex_unlock(&scans.lock);
}

static enum code page_of(struct page_work *w, struct buf *ret_next, struct err *reterr) {
    if (!scans_much(w->q))
        return page_run(w, ret_next, reterr);
    if (!fiber_alone())
        return page_later(reterr);
    if (!scan_begin(w->who->tenant))
        return err_set(reterr, E_BUSY, "as many searches as may be are under way that open every record; try again in a second, or search by what the charter lets find");
    enum code code = page_run(w, ret_next, reterr);
    scan_end(w->who->tenant);
    return code;
}

static enum code run(struct service *s, const struct caller *who, struct query *q, enum read_way way, struct arena *arena, const struct damage_watch *watch,
                     struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf next = BUF(4096);
    struct gathering g = { .watch = watch, .out = ret, .born = arena_array(arena, q->limit, sizeof *g.born) };
    struct page_work w = { .s = s, .who = who, .q = q, .item = gather, .arg = &g };
    if (g.born == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list");
    buf_text(ret, "{\"items\":[");
    enum code code = page_of(&w, &next, reterr);
    if (code != OK)
        return code;
    buf_text(ret, "],\"next\":");
    if (next.len > 0)
        json_text_quote(ret, next.data, next.len);
    else
        buf_text(ret, "null");
    buf_char(ret, '}');
    if (ret->failed)
        return err_set(reterr, E_MEMORY, "no memory for a list");
    return reads_note(s, who, q->k, way, g.born, g.count, g.fields, reterr);
}

typedef enum code (*reader)(const struct service *, const struct kind_info *, fieldset, json_t *, struct arena *, struct query *, struct err *);

static enum code ask(struct service *s, const struct caller *who, int kind, json_t *in, reader read, const struct damage_watch *watch, struct buf *ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(query_done) struct query q = { 0 };
    const struct kind_info *k = service_kind(s, kind);
    struct verdict may = policy_kind(s->charter, who, kind, V_READ);
    if (!may.any)
        return err_set(reterr, E_NOT_FOUND, "there are no such records");
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list");
    enum code code = policy_purpose(s->charter, who, kind, NULL, reterr);
    if (code == OK)
        code = read(s, k, may.fields, in, arena, &q, reterr);
    return code == OK ? run(s, who, &q, read == query_of_search ? READ_SEARCH : READ_LIST, arena, watch, ret, reterr) : code;
}

static enum code ask_tree(struct service *s, const struct caller *who, int kind, json_t *in, reader read, json_t **ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf text = BUF(SHOWN_MAX);
    enum code code = ask(s, who, kind, in, read, NULL, &text, reterr);
    return code == OK ? shown_tree(&text, ret, reterr) : code;
}

enum code record_list_text(struct service *s, const struct caller *who, int kind, json_t *query, const struct damage_watch *watch, struct buf *ret, struct err *reterr) {
    return ask(s, who, kind, query, query_of_list, watch, ret, reterr);
}

enum code record_search_text(struct service *s, const struct caller *who, int kind, json_t *query, const struct damage_watch *watch, struct buf *ret, struct err *reterr) {
    return ask(s, who, kind, query, query_of_search, watch, ret, reterr);
}

enum code record_list(struct service *s, const struct caller *who, int kind, json_t *query, json_t **ret, struct err *reterr) {
    return ask_tree(s, who, kind, query, query_of_list, ret, reterr);
}

enum code record_search(struct service *s, const struct caller *who, int kind, json_t *query, json_t **ret, struct err *reterr) {
    return ask_tree(s, who, kind, query, query_of_search, ret, reterr);
}
