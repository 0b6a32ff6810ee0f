/* task.c — tasks are rows of a kind that no charter can declare ("$task"), so that they are written, restored and archived
 * like everything else of the tenant. */
#include "records/task.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "records/children.h"
#include "records/doom.h"
#include "records/erase.h"
#include "records/file.h"
#include "records/held.h"
#include "records/limits.h"
#include "records/retire.h"
#include "store/tables.h"

static const char *const words[TASKS] = { "redate", "erase", "fill", "unlink", "upload", "parts" };

/* As certificates tell it; what a task of before says nothing of is the owner's. */
static const char *const causes[] = { "owner", "person", "due", "consent", "closed" };

static enum code task_write(struct txn *t, struct service *s, enum task what, const struct kind_info *k, const struct uuid *parent, const char *more, struct uuid *ret_id, struct err *reterr) {
    char clear[320], id[UUID_TEXT];
    struct row row = { .kind = s->task_kind, .id = uuid_new(), .version = 1, .created = txn_ran(t), .updated = txn_ran(t), .due = USEC_NEVER,
                       .parent = *parent, .clear = clear };
    int n = snprintf(clear, sizeof clear, "{\"do\":\"%s\",%s\"kind\":\"%s\",\"parent\":\"%s\"}", words[what], more, k->kind->name, uuid_format(parent, id));
    if (n < 0 || (size_t)n >= sizeof clear)
        return err_set(reterr, E_CHARTER, "the name of the kind %s is too long", k->kind->name);
    enum code code = txn_change(t, &row.change, reterr);
    if (code == OK)
        code = row_put(t, &row, reterr);
    if (code == OK && ret_id != NULL)
        *ret_id = row.id;
    return code;
}

enum code task_put(struct txn *t, struct service *s, enum task what, const struct kind_info *k, const struct uuid *parent, key_id key, struct uuid *ret_id,
                   struct err *reterr) {
    char of_key[32] = "";
    if (key != 0)
        snprintf(of_key, sizeof of_key, "\"key\":%llu,", (unsigned long long)key);
    return task_write(t, s, what, k, parent, of_key, ret_id, reterr);
}

enum code task_put_erasing(struct txn *t, struct service *s, enum task what, const struct kind_info *k, const struct uuid *parent, const char *cause, struct err *reterr) {
    char why[32];
    snprintf(why, sizeof why, "\"cause\":\"%s\",", cause);
    return task_write(t, s, what, k, parent, why, NULL, reterr);
}

enum code task_drop(struct txn *t, struct service *s, const struct uuid *id, struct err *reterr) {
    enum code code = row_delete(t, s->task_kind, id, reterr);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;      /* somebody else has done it */
}

struct todo { struct service *s; struct uuid task, parent; enum task what; const struct kind_info *k; struct uuid after, after_next; bool more, again, orphan; int64_t key; const char *cause; struct erasure *erasure; };
#ifndef TASKS_AT_ONCE                         /* a test has fewer */
#define TASKS_AT_ONCE 64
#endif
#ifndef UPLOAD_LIFE
#define UPLOAD_LIFE USEC_PER_DAY              /* of store_ran: an upload that takes longer has been cut off */
#endif
struct todo_list { struct service *s; struct todo list[TASKS_AT_ONCE]; size_t count; usec_t now; struct uuid after; };

static bool word_is(const char *clear, const char *name, const char *want) {
    struct slice v;
    return canon_get(clear, strlen(clear), name, &v) && v.len == strlen(want) + 2 && memcmp(v.at + 1, want, v.len - 2) == 0;
}

static bool take(const struct row *row, void *arg) {
    struct todo_list *l = arg;
    struct todo *todo = &l->list[l->count];
    l->after = row->id;
    *todo = (struct todo){ .s = l->s, .task = row->id, .parent = row->parent, .what = TASKS, .cause = causes[0] };
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (word_is(row->clear, "cause", causes[i]))
            todo->cause = causes[i];
    for (int i = 0; i < TASKS; i++)
        if (word_is(row->clear, "do", words[i]))
            todo->what = (enum task)i;
    for (size_t i = 0; i < l->s->kinds; i++)
        if (word_is(row->clear, "kind", l->s->info[i].kind->name))
            todo->k = &l->s->info[i];
    struct slice key;
    if (canon_get(row->clear, strlen(row->clear), "key", &key) && !text_int_n(key.at, key.len, 1, INT64_MAX, &todo->key))
        todo->key = 0;
    if (todo->what == TASK_UPLOAD && l->now - row->created < UPLOAD_LIFE)
        return true;
    return ++l->count < TASKS_AT_ONCE;
}

static enum code fill(struct txn *t, struct todo *todo, struct err *reterr) {
    struct looked_up *known = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for free seats") : OK;
    for (size_t i = 0; code == OK && i < todo->k->kind->limit_count; i++)
        code = seats_fill(t, todo->s, todo->k, i, &todo->parent, arena, &known, &todo->again, reterr);
    return code;                               /* what one write does not fill has left a task of its own */
}

static enum code step(struct txn *t, void *arg, struct err *reterr) {
    struct todo *todo = arg;
    struct uuid after = todo->after;
    enum code code = OK;
    todo->more = todo->again = false;
    erasure_again(todo->erasure);
    enum task what = todo->k == NULL ? TASKS : todo->what;      /* a kind goes with its last record: nothing is left to do for it */
    if (what == TASK_REDATE)
        code = children_redate_some(t, todo->s, todo->k, &todo->parent, &after, &todo->more, reterr);
    else if (what == TASK_ERASE)
        code = erase_children(t, todo->erasure, todo->k, &todo->parent, &after, &todo->more, reterr);
    else if (what == TASK_FILL)
        code = fill(t, todo, reterr);
    if (code == OK)
        code = erasure_note(t, todo->erasure, reterr);
    if (code == OK && todo->orphan && todo->key != 0)
        code = doomed_put(t, (key_id)todo->key, reterr);
    if (code == OK && !todo->more)
        code = task_drop(t, todo->s, &todo->task, reterr);
    if (code == OK)
        todo->after_next = after;
    return code;
}

/* A file that a record names stays: its upload was finished, and only the note of it was left behind. */
static enum code file_clear(struct todo *todo, int64_t tenant, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct file_row row;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a task") : store_view(todo->s->store, tenant, &v, reterr);
    if (code == OK)
        code = file_get(view_sql(v), &todo->parent, &row, arena, reterr);
    if (code == E_NOT_FOUND) {
        file_unlink(todo->s, &todo->parent);
        todo->orphan = true;
        return OK;
    }
    return code;
}

static enum code run(struct todo *todo, int64_t tenant, json_t *counts, struct err *reterr) {
    enum code code = OK;
    do {
        AUTO(erasure_done) struct erasure erasure = { .s = todo->s, .tenant = tenant, .cause = todo->cause, .by = "sejf", .asks = HELD_BY_LAW | HELD_BY_PERSON };
        todo->erasure = &erasure;
        code = todo->what == TASK_UNLINK || todo->what == TASK_UPLOAD ? file_clear(todo, tenant, reterr) : OK;
        if (todo->what == TASK_PARTS && todo->k != NULL)
            code = retire_rest(todo->s, tenant, todo->k, &todo->parent, todo->cause, counts, reterr);
        if (code == OK)
            code = store_write(todo->s->store, tenant, step, todo, reterr);
        if (code == OK)
            code = erasure_settle(&erasure, reterr);
        if (code == OK && todo->orphan && todo->key != 0) {
            struct err later;                  /* it stands as doomed */
            key_id key = (key_id)todo->key;
            (void)!doom_now(todo->s, tenant, &key, 1, &later);
        }
        if (counts != NULL)
            counts_add(counts, erasure.counts);
        todo->again = todo->again || erasure.more;
        todo->after = todo->after_next;
        todo->erasure = NULL;
    } while (code == OK && todo->more);
    return code;
}

static enum code list_tasks(struct service *s, int64_t tenant, struct todo_list *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct row_range range = { .kind = s->task_kind, .after = ret->after };
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? rows_list(view_sql(v), &range, take, ret, reterr) : code;
}

/* Once through all of them; *ret_again: something was left behind them. */
static enum code tasks_round(struct service *s, int64_t tenant, json_t *counts, bool *ret_again, struct err *reterr) {
    enum code code = OK;
    struct todo_list l = { .s = s, .now = store_ran(s->store) };
    do {
        l.count = 0;
        code = list_tasks(s, tenant, &l, reterr);
        for (size_t i = 0; code == OK && i < l.count; i++) {
            if (l.list[i].what == TASKS)       /* of a newer program, which will know it */
                continue;
            code = run(&l.list[i], tenant, counts, reterr);
            *ret_again = *ret_again || l.list[i].again;
        }
    } while (code == OK && l.count == TASKS_AT_ONCE);
    return code;
}

enum code tasks_run(struct service *s, int64_t tenant, json_t *counts, struct err *reterr) {
    enum code code = OK;
    bool again = true;
    while (code == OK && again) {
        again = false;
        code = tasks_round(s, tenant, counts, &again, reterr);
    }
    return code;
}
