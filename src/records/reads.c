/* reads.c — a table of what is gathered, emptied each second. */
#include "records/reads.h"

#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/draft.h"

#define ENTRIES_MAX 256u                      /* callers and kinds within a second; then it is written at once */
#define IDS_MAX 20u
struct entry { struct reads *reads; int64_t tenant, token; bool by_link; const struct kind_info *k; fieldset fields; uint64_t count; struct uuid ids[IDS_MAX]; };
struct reads { struct service *s; pthread_mutex_t lock; pthread_cond_t wake; pthread_t thread; bool running, stop; struct entry *list; size_t count; };

static fieldset personal(const struct kind_info *k, fieldset fields) {
    fieldset set = 0;
    for (size_t i = 0; i < k->kind->field_count; i++)
        if ((fields >> i & 1) != 0 && k->kind->fields[i].level != L_PLAIN)
            set |= (fieldset)1 << i;
    return set;
}

static json_t *entry_json(const struct entry *e) {
    json_t *fields = json_array(), *ids = json_array();
    char id[UUID_TEXT];
    for (size_t i = 0; i < e->k->kind->field_count; i++)
        if ((e->fields >> i & 1) != 0)
            json_array_append_new(fields, json_string(e->k->kind->fields[i].name));
    for (size_t i = 0; i < e->count && i < IDS_MAX; i++)
        json_array_append_new(ids, json_string(uuid_format(&e->ids[i], id)));
    return json_pack("{s:s, s:I, s:o, s:o}", "kind", e->k->kind->name, "count", (json_int_t)e->count, "fields", fields, "ids", ids);
}

/* What does not fit the queue is dropped and counted there: a reader is never held up by its own trace. */
static void flush(struct reads *r) {
    for (size_t i = 0; i < r->count; i++) {
        const struct entry *e = &r->list[i];
        struct caller c = { .token = e->token, .by_link = e->by_link };
        struct err err;
        char who[CALLER_TEXT];
        json_t *what = entry_json(e);
        (void)!ledger_note(r->s->store, e->tenant, "records_read", caller_text(&c, who, sizeof who), what, false, &err);
        json_decref(what);
    }
    r->count = 0;
}

static void *reads_main(void *arg) {
    struct reads *r = arg;
    pthread_mutex_lock(&r->lock);
    while (!r->stop) {
        usec_t at = clock_steady() + USEC_PER_SEC;
        struct timespec until = { .tv_sec = at / USEC_PER_SEC, .tv_nsec = (long)(at % USEC_PER_SEC) * 1000 };
        (void)pthread_cond_clockwait(&r->wake, &r->lock, CLOCK_MONOTONIC, &until);
        flush(r);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct reads *reads_new(struct service *s) {
    struct reads *r = mem_new(sizeof *r);
    if (r == NULL)
        return NULL;
    r->s = s;
    r->list = mem_new_array(ENTRIES_MAX, sizeof *r->list);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    r->running = r->list != NULL && pthread_create(&r->thread, NULL, reads_main, r) == 0;
    return r->running ? r : reads_free(r);
}

struct reads *reads_free(struct reads *r) {
    if (r == NULL)
        return NULL;
    if (r->running) {
        pthread_mutex_lock(&r->lock);
        r->stop = true;
        pthread_cond_signal(&r->wake);
        pthread_mutex_unlock(&r->lock);
        (void)pthread_join(r->thread, NULL);
    }
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    mem_free(r->list);
    return mem_free(r);
}

static struct entry *entry_of(struct reads *r, const struct caller *who, const struct kind_info *k, fieldset set) {
    for (size_t i = 0; i < r->count; i++) {
        struct entry *e = &r->list[i];
        if (e->tenant == who->tenant && e->token == who->token && e->k == k && e->fields == set)
            return e;
    }
    if (r->count == ENTRIES_MAX)
        flush(r);
    r->list[r->count] = (struct entry){ .tenant = who->tenant, .token = who->token, .by_link = who->by_link, .k = k, .fields = set };
    return &r->list[r->count++];
}

void reads_note_many(struct service *s, const struct caller *who, const struct kind_info *k, const struct uuid *ids, size_t count, fieldset fields) {
    fieldset set = personal(k, fields);
    if (set == 0 || count == 0 || who->by_sejf || who->by_form || who->by_link)
        return;
    pthread_mutex_lock(&s->reads->lock);
    struct entry *e = entry_of(s->reads, who, k, set);
    for (size_t i = 0; i < count; i++)
        if (e->count + i < IDS_MAX)
            e->ids[e->count + i] = ids[i];
    e->count += count;
    pthread_mutex_unlock(&s->reads->lock);
}

void reads_note(struct service *s, const struct caller *who, const struct kind_info *k, const struct uuid *id, fieldset fields) {
    reads_note_many(s, who, k, id, 1, fields);
}
