/* looks.c — tables lead from a record, or from who read, to entries (store/seen.h); what is told is what the ledger says. */
#include "records/looks.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "records/reads.h"
#include "store/seen.h"
#include "store/tables.h"

#define SCAN_MOST 5000u                       /* entries, or rows that lead to them, in one call */
#define AT_ONCE 200u                          /* entries that are told to a person from one view */

/* ---- one entry */

struct entry { json_t *json; usec_t at; bool there; };

static bool take_entry(const struct ledger_row *r, void *arg) {
    struct entry *e = arg;
    e->json = json_loads(r->entry, 0, NULL);
    e->at = r->at;
    e->there = true;
    return false;
}

/* *ret: the entry, or NULL where it tells of no reading. */
static enum code entry_get(struct sql *q, int64_t seq, json_t **ret, usec_t *ret_at, struct err *reterr) {
    struct entry e = { .json = NULL };
    enum code code = seq < 1 ? OK : ledger_list(q, (uint64_t)seq - 1, take_entry, &e, reterr);
    if (code == OK && e.there && e.json == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for an entry of the ledger");
    const char *verb = json_string_value(json_object_get(e.json, "do"));
    if (code != OK || verb == NULL || strcmp(verb, "records_read") != 0) {
        json_decref(e.json);
        *ret = NULL;
        return code;
    }
    *ret = e.json;
    *ret_at = e.at;
    return OK;
}

/* ---- the records of an entry: "12-511,513" */

struct numbers { const char *at; int64_t now, last; };

static struct numbers numbers_of(const json_t *entry) {
    const char *text = json_string_value(json_object_get(json_object_get(entry, "what"), "records"));
    return (struct numbers){ text == NULL ? "" : text, 0, -1 };
}

static bool number_read(struct numbers *n, int64_t *ret) {
    size_t len = strspn(n->at, "0123456789");
    bool fine = text_int_n(n->at, len, 0, INT64_MAX - 1, ret);
    n->at += len;
    return fine;
}

static bool numbers_next(struct numbers *n, int64_t *ret) {
    if (n->now > n->last) {
        if (!number_read(n, &n->now))
            return false;
        n->last = n->now;
        if (*n->at == '-') {
            n->at++;
            if (!number_read(n, &n->last))
                return false;
        }
        n->at += *n->at == ',';
    }
    *ret = n->now++;
    return true;
}

/* Ids of the records from the `from`th on; those that were erased are counted. *ret_next: 0 at the end. */
static enum code records_of(struct sql *q, const json_t *entry, size_t from, size_t limit, json_t *list, size_t *ret_erased, size_t *ret_next, struct err *reterr) {
    struct numbers n = numbers_of(entry);
    int64_t born;
    size_t at = 0;
    enum code code = OK;
    *ret_next = 0;
    for (; code == OK && numbers_next(&n, &born); at++) {
        char text[UUID_TEXT];
        struct uuid id;
        int32_t kind;
        if (at < from)
            continue;
        if (at == from + limit) {
            *ret_next = at;
            break;
        }
        code = born_find(q, born, &kind, &id, reterr);
        if (code == OK)
            json_array_append_new(list, json_string(uuid_format(&id, text)));
        *ret_erased += code == E_NOT_FOUND;
        code = code == E_NOT_FOUND ? OK : code;
    }
    return code;
}

/* ---- for the tenant */

struct looking { struct sql *q; const struct looks_query *wanted; json_t *list; int64_t last; size_t looked_at; bool full, ended; enum code code; struct err *err; };

static bool is_of(const struct looks_query *w, const json_t *entry) {
    const char *who = json_string_value(json_object_get(entry, "who")), *account = json_string_value(json_object_get(json_object_get(entry, "what"), "account"));
    if (w->who == NULL || (who != NULL && strcmp(who, w->who) == 0))
        return true;
    return account != NULL && strncmp(w->who, "account ", 8) == 0 && strcmp(account, w->who + 8) == 0;
}

static enum code item_add(struct looking *l, int64_t seq, const json_t *entry, usec_t at, struct err *reterr) {
    static const char *const members[] = { "account", "role", "kind", "how", "purpose", "ground", "window", "fields", "count" };
    char when[32];
    size_t erased = 0, next = 0;
    const json_t *what = json_object_get(entry, "what");
    json_t *records = json_array(), *item = json_pack("{s:I, s:s, s:O*}", "number", (json_int_t)seq, "at", time_format(at, when, sizeof when), "who", json_object_get(entry, "who"));
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_object_get(what, members[i]) != NULL)
            json_object_set(item, members[i], json_object_get(what, members[i]));
    enum code code = records_of(l->q, entry, 0, LOOKS_SHOWN, records, &erased, &next, reterr);
    json_object_set_new(item, "records", records);
    if (json_array_append_new(l->list, item) != 0 && code == OK)
        code = err_set(reterr, E_MEMORY, "no memory for a list of reads");
    return code;
}

static bool look(int64_t seq, void *arg) {
    struct looking *l = arg;
    json_t *entry = NULL;
    usec_t at = 0;
    if (json_array_size(l->list) == l->wanted->limit || l->looked_at++ == SCAN_MOST) {
        l->full = true;
        return false;
    }
    l->code = entry_get(l->q, seq, &entry, &at, l->err);
    l->ended = entry != NULL && at < l->wanted->since;
    if (l->code == OK && entry != NULL && !l->ended && is_of(l->wanted, entry))
        l->code = item_add(l, seq, entry, at, l->err);
    json_decref(entry);
    l->last = seq;
    return l->code == OK && !l->ended;
}

static enum code born_of(struct sql *q, const struct service *s, int kind, const struct uuid *id, int64_t *ret, struct err *reterr) {
    struct row row;
    enum code code = row_get(q, service_kind(s, kind)->number, id, &row, reterr);
    if (code == OK)
        *ret = row.born;
    return code == E_GONE ? err_set(reterr, E_NOT_FOUND, "there is no such record") : code;
}

/* A token's entries are led to by its account, so they are looked for among all. */
static const char *led_by(const char *who) {
    if (who == NULL || strncmp(who, "token ", 6) == 0)
        return NULL;
    return strncmp(who, "webhook ", 8) == 0 ? READER_WEBHOOKS : who;
}

enum code looks_list(struct service *s, int64_t tenant, const struct looks_query *q, json_t **ret, struct err *reterr) {
    PRE(s != NULL && q != NULL && q->limit > 0 && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct looking l = { .wanted = q, .list = json_array(), .err = reterr };
    int64_t born = 0, next = 0;
    enum code code = store_view(s->store, tenant, &v, reterr);
    l.q = code == OK ? view_sql(v) : NULL;
    if (code == OK && q->of_record)
        code = born_of(l.q, s, q->kind, &q->id, &born, reterr);
    if (code == OK && q->of_record)
        code = seen_of(l.q, born, q->before, &(size_t){ SCAN_MOST }, look, &l, &next, reterr);
    else if (code == OK)
        code = seen_list(l.q, led_by(q->who), q->before, look, &l, reterr);
    if (code == OK)
        code = l.code;
    if (code == OK) {
        if (l.full)
            next = l.last;                     /* the one that found no room comes again */
        json_t *whole = json_pack("{s:O, s:o}", "items", l.list, "next", next > 0 && !l.ended ? json_integer(next) : json_null());
        code = whole == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of reads") : OK;
        *ret = whole == NULL ? *ret : whole;
    }
    json_decref(l.list);
    return code;
}

enum code looks_records(struct service *s, int64_t tenant, int64_t number, size_t from, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && limit > 0 && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    json_t *entry = NULL, *list = json_array();
    usec_t at;
    size_t erased = 0, next = 0;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = entry_get(view_sql(v), number, &entry, &at, reterr);
    if (code == OK && entry == NULL)
        code = err_set(reterr, E_NOT_FOUND, "there is no read of that number");
    if (code == OK)
        code = records_of(view_sql(v), entry, from, limit, list, &erased, &next, reterr);
    if (code == OK) {
        json_t *whole = json_pack("{s:O, s:I, s:o}", "records", list, "erased", (json_int_t)erased, "next", next > 0 ? json_integer((json_int_t)next) : json_null());
        code = whole == NULL ? err_set(reterr, E_MEMORY, "no memory for the records of a read") : OK;
        *ret = whole == NULL ? *ret : whole;
    }
    json_decref(entry);
    json_decref(list);
    return code;
}

/* ---- for the person */

struct telling { struct service *s; struct sql *q; json_t *list; struct looks_left *left; size_t here; enum code code; struct err *err; };

static bool same_text(const json_t *a, const json_t *b) { return (a == NULL && b == NULL) || (a != NULL && b != NULL && json_equal(a, b)); }

static json_t *line_of(json_t *list, const char *day, bool link, const json_t *what) {
    size_t i;
    json_t *line;
    json_array_foreach(list, i, line)
        if (strcmp(json_string_value(json_object_get(line, "day")), day) == 0 && json_is_true(json_object_get(line, "link")) == link &&
            same_text(json_object_get(line, "role"), json_object_get(what, "role")) && same_text(json_object_get(line, "purpose"), json_object_get(what, "purpose")) &&
            same_text(json_object_get(line, "window"), json_object_get(what, "window")))
            return line;
    return NULL;
}

static void word_add(json_t *words, const json_t *word) {
    size_t i;
    json_t *w;
    json_array_foreach(words, i, w)
        if (json_equal(w, word))
            return;
    json_array_append_new(words, json_deep_copy(word));
}

static void line_add(struct telling *t, const json_t *entry, usec_t at) {
    static const char *const members[] = { "role", "purpose", "window" };
    char day[16];
    const struct civil c = zone_civil(charter_zone(t->s->charter), at);
    const json_t *what = json_object_get(entry, "what");
    const char *who = json_string_value(json_object_get(entry, "who"));
    bool link = who != NULL && strncmp(who, "link ", 5) == 0;
    json_t *line = line_of(t->list, date_format(&c, day, sizeof day), link, what), *field;
    size_t i;
    if (line == NULL) {
        line = json_pack("{s:s, s:b, s:i, s:[], s:[]}", "day", day, "link", (int)link, "times", 0, "how", "fields");
        for (i = 0; i < ARRAY_LEN(members); i++)
            if (json_object_get(what, members[i]) != NULL)
                json_object_set(line, members[i], json_object_get(what, members[i]));
        json_array_append_new(t->list, line);
    }
    word_add(json_object_get(line, "how"), json_object_get(what, "how"));
    json_array_foreach(json_object_get(what, "fields"), i, field)
        word_add(json_object_get(line, "fields"), field);
    json_object_set_new(line, "times", json_integer(json_integer_value(json_object_get(line, "times")) + 1));
}

static bool tell(int64_t seq, void *arg) {
    struct telling *t = arg;
    json_t *entry = NULL;
    usec_t at = 0;
    t->left->entries--;
    t->code = entry_get(t->q, seq, &entry, &at, t->err);
    if (t->code == OK && entry != NULL)
        line_add(t, entry, at);
    json_decref(entry);
    return t->code == OK && t->left->entries > 0 && ++t->here < AT_ONCE;
}

/* *before: where to go on; 0: there are no more. */
static enum code stretch_tell(struct telling *t, int64_t tenant, int kind, const struct uuid *id, int64_t *before, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    int64_t born = 0;
    size_t most = t->left->rows < SCAN_MOST ? t->left->rows : SCAN_MOST, rest = most;
    enum code code = store_view(t->s->store, tenant, &v, reterr);
    if (code != OK)
        return code;
    t->q = view_sql(v);
    t->here = 0;
    code = born_of(t->q, t->s, kind, id, &born, reterr);      /* an erasure between two stretches ends it */
    if (code == OK)
        code = seen_of(t->q, born, *before, &rest, tell, t, before, reterr);
    t->left->rows -= most - rest;
    return code == OK ? t->code : code;
}

enum code looks_of_person(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct looks_left *left, json_t **ret, bool *ret_more, struct err *reterr) {
    PRE(s != NULL && id != NULL && left != NULL && ret != NULL && ret_more != NULL && reterr != NULL);
    struct telling t = { .s = s, .list = json_array(), .left = left, .err = reterr };
    int64_t before = INT64_MAX;
    size_t lost = mem_lost();
    enum code code = t.list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of reads") : OK;
    while (code == OK && before > 0 && left->rows > 0 && left->entries > 0)
        code = stretch_tell(&t, tenant, kind, id, &before, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for a list of reads");
    if (code == OK) {
        *ret = json_incref(t.list);
        *ret_more = before > 0;
    }
    json_decref(t.list);
    return code;
}

/* ---- for the count of a day */

struct counting { struct sql *q; usec_t since; born_fn fn; void *arg; enum code code; struct err *err; };

static bool count_entry(int64_t seq, void *arg) {
    struct counting *c = arg;
    json_t *entry = NULL;
    usec_t at = 0;
    int64_t born;
    bool more = true;
    c->code = entry_get(c->q, seq, &entry, &at, c->err);
    const json_t *what = json_object_get(entry, "what");
    const char *how = json_string_value(json_object_get(what, "how"));
    if (c->code == OK && entry != NULL && at < c->since)
        more = false;
    else if (c->code == OK && how != NULL && strcmp(how, read_way_name(READ_EXPORT)) != 0 && !json_is_true(json_object_get(what, "fresh")))
        for (struct numbers n = numbers_of(entry); more && numbers_next(&n, &born);)
            more = c->fn(born, c->arg);
    json_decref(entry);
    return c->code == OK && more;
}

enum code looks_counted(struct service *s, int64_t tenant, const char *who, usec_t since, born_fn fn, void *arg, struct err *reterr) {
    PRE(s != NULL && who != NULL && fn != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct counting c = { .since = since, .fn = fn, .arg = arg, .err = reterr };
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code != OK)
        return code;
    c.q = view_sql(v);
    code = seen_list(c.q, who, INT64_MAX, count_entry, &c, reterr);
    return code == OK ? c.code : code;
}
