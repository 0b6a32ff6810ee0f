/* notice_result.c — the letters of a notice, what came of them, and trying again. Invariant: `attempted` is set when each letter that stands
 * for the notice was answered about once by the relay, whatever it said. A relay that cannot be reached, or does not let us in, has said nothing of a
 * letter: then the notice waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "retention/notice_int.h"
#include "store/tables.h"

#define CAUSE "notice"
#define TRIED_AT_LEAST (14 * USEC_PER_DAY)     /* a letter is not given up sooner */
#define TEXT_ROOM ((size_t)60 << 10)           /* below POST_TEXT_MAX */
#define SHOWN_MOST 100u
#define STANDING_PIECE 256u

/* ---- letters */

void letters_done(struct letters *l) {
    for (size_t i = 0; i < l->count; i++)
        post_ready_done(&l->list[i]);
    l->count = 0;
}

struct sealing { struct noticer *n; const struct letters_wish *w; struct notice_letter letter; struct letters *ret; enum code code; struct err *reterr; };

static usec_t until_of(const struct letters_wish *w) {
    const struct zone *zone = charter_zone(w->s->charter);
    const struct kind *kinds;
    usec_t until = w->row->last;
    for (size_t i = 0, n = charter_kinds(w->s->charter, &kinds); i < n; i++)
        if (kinds[i].warn.person == w->person) {
            usec_t late = zone_add(zone, w->row->last, &kinds[i].warn.room, 1);
            until = late > until ? late : until;
        }
    return until > w->now + TRIED_AT_LEAST ? until : w->now + TRIED_AT_LEAST;
}

static enum code letter_seal(struct sealing *g, const struct notice_person *p, struct err *reterr) {
    AUTO(buf_done) struct buf subject = BUF(POST_SUBJECT_MAX), text = BUF(TEXT_ROOM);
    struct notice_letter *l = &g->letter;
    l->to_name = p->name;
    l->lang = p->lang;
    notice_subject(l, &subject);
    notice_text(l, &text);
    if (text.failed || subject.failed)
        return err_set(reterr, E_MEMORY, "no memory for the letter of a notice");
    const struct post post = { .cause = CAUSE, .about = g->w->row->number, .to = p->email, .to_name = p->name != NULL && p->name[0] != 0 ? p->name : NULL, .lang = p->lang,
                               .subject = buf_str(&subject), .text = buf_str(&text), .until = until_of(g->w), .whom = p->account };
    struct post_ready *r = &g->ret->list[g->ret->count];
    enum code code = post_seal(g->w->s, g->w->tenant, &post, r, reterr);
    g->ret->count += code == OK;
    return code;
}

static bool person_seal(const struct notice_person *p, void *arg) {
    struct sealing *g = arg;
    if (g->ret->count < LETTERS_MOST)
        g->code = letter_seal(g, p, g->reterr);
    if (g->code == E_FIELDS)
        g->code = OK;                          /* an address that no letter goes to: the others are told, or the operator is */
    return g->code == OK;
}

static enum lang first_language(const struct charter *c) {
    for (int l = 0; l < LANG_COUNT; l++)
        if ((charter_speaks(c) >> l & 1) != 0)
            return (enum lang)l;
    return LANG_EN;
}

enum code letters_seal(struct noticer *n, const struct letters_wish *w, struct letters *ret, struct err *reterr) {
    PRE(n != NULL && w != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    const struct person *people;
    struct tenant_row tenant;
    json_t *titles = NULL;
    charter_people(w->s->charter, &people);
    struct sealing g = { n, w, .ret = ret, .reterr = reterr };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for the letters of a notice") : tenant_get(w->s->store, w->tenant, &tenant, arena, reterr);
    if (code == OK)
        code = notice_titles(w->s, w->tenant, w->groups, &titles, reterr);
    if (code == OK) {
        g.letter = (struct notice_letter){ .s = w->s, .tenant = w->tenant, .tenant_name = tenant.name, .base_url = n->o.base_url, .groups = w->groups, .titles = titles,
                                           .records = w->row->records, .first = w->row->first, .made = w->now, .person = w->person };
        code = n->o.people(n->o.people_arg, w->tenant, people[w->person].name, person_seal, &g, reterr);
    }
    if (code == OK)
        code = g.code;
    if (code == OK && ret->count == 0) {
        g.letter.instead = ret->instead = true;
        code = letter_seal(&g, &(struct notice_person){ charter_contact(w->s->charter), NULL, first_language(w->s->charter), { { 0 } } }, reterr);
    }
    json_decref(titles);
    if (code != OK)
        letters_done(ret);
    return code;
}

/* ---- what came of them */

/* Those that were taken back or given up count only where no other stands. */
struct counted { int64_t letters, unanswered, sent, bounced, waiting, over; usec_t last; };

static bool letter_count(const struct letter_row *r, void *arg) {
    struct counted *c = arg;
    if (r->answers > 0 && r->heard > c->last)
        c->last = r->heard;
    if (r->state == LETTER_OVER) {
        c->over += r->answers > 0;
        return true;
    }
    c->letters++;
    c->unanswered += r->answers == 0;
    c->sent += r->state == LETTER_SENT;
    c->bounced += r->state == LETTER_BOUNCED;
    return true;
}

static bool was_tried(const struct counted *c) { return c->letters > 0 ? c->unanswered == 0 : c->over > 0; }

static enum notice_state state_of(const struct counted *c) {
    if (c->bounced > 0)
        return NOTICE_BOUNCED;
    if (!was_tried(c))
        return NOTICE_WAITING;
    return c->letters > 0 && c->sent == c->letters ? NOTICE_DELIVERED : NOTICE_TRIED;
}

struct opened { int64_t tenant, number; };
struct open_list { struct opened *list; size_t count, room; bool no_memory; };
static bool open_add(int64_t tenant, int64_t number, void *arg) {
    struct open_list *l = arg;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        struct opened *list = mem_grow(l->list, room, sizeof *list);
        l->no_memory = list == NULL;
        if (list == NULL)
            return false;
        l->list = list;
        l->room = room;
    }
    l->list[l->count++] = (struct opened){ tenant, number };
    return true;
}

struct outcome { int64_t number; enum notice_state state; usec_t attempted; bool first; int64_t letters; };
static const char *const state_names[] = { [NOTICE_MAKING] = "making", [NOTICE_WAITING] = "waiting", [NOTICE_TRIED] = "tried", [NOTICE_DELIVERED] = "delivered",
                                           [NOTICE_BOUNCED] = "bounced", [NOTICE_OVER] = "over" };

static enum code outcome_write(struct txn *t, void *arg, struct err *reterr) {
    const struct outcome *o = arg;
    enum code code = notice_set(t, o->number, o->state, o->attempted, reterr);
    if (code != OK || !o->first)
        return code;
    json_t *what = json_pack("{s:I, s:s, s:I}", "notice", (json_int_t)o->number, "state", state_names[o->state], "letters", (json_int_t)o->letters);
    code = ledger_append(t, "notice_tried", "sejf", what, reterr);
    json_decref(what);
    return code;
}

static bool row_keep(const struct notice_row *r, void *arg) {
    struct notice_row *row = arg;
    *row = *r;
    row->role = row->counts = NULL;
    return true;
}

/* One notice, from its letters. */
static enum code settle(struct noticer *n, const struct opened *at, struct counted *sum, struct err *reterr) {
    struct store *store = n->o.services[0]->store;
    struct notice_row row = { 0 };
    struct counted c = { 0 };
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(store, at->tenant, &v, reterr);
    if (code == OK)
        code = notice_get(view_sql(v), at->number, row_keep, &row, reterr);
    if (code == OK)
        code = letters_about(view_sql(v), CAUSE, at->number, letter_count, &c, reterr);
    v = view_end(v);
    if (code != OK)
        return code == E_NOT_FOUND ? OK : code;
    struct outcome o = { at->number, state_of(&c), was_tried(&c) ? c.last : 0, false, c.letters + c.over };
    sum->waiting += o.state == NOTICE_WAITING;
    sum->bounced += o.state == NOTICE_BOUNCED;
    o.first = row.attempted == 0 && o.attempted > 0;
    return row.state == o.state && !o.first ? OK : store_write(store, at->tenant, outcome_write, &o, reterr);
}

enum code noticer_settle(struct noticer *n, struct err *reterr) {
    PRE(n != NULL && reterr != NULL);
    struct open_list l = { .list = NULL };
    struct counted sum = { 0 };
    enum code first = OK, code = n->o.service_count == 0 || n->o.without_letters ? OK : notices_open(n->o.services[0]->store, open_add, &l, reterr);
    if (code == OK && l.no_memory)
        code = err_set(reterr, E_MEMORY, "no memory for the notices that are open");
    for (size_t i = 0; i < l.count && code == OK; i++) {
        struct err e = { 0 };
        enum code one = settle(n, &l.list[i], &sum, &e);
        if (one != OK && first == OK) {
            first = one;
            *reterr = e;
        }
    }
    l.list = mem_free(l.list);
    __atomic_store_n(&n->waiting, sum.waiting, __ATOMIC_RELAXED);
    __atomic_store_n(&n->bounced, sum.bounced, __ATOMIC_RELAXED);
    return code != OK ? code : first;
}

/* ---- again, and the end */

/* Letters that are not needed any more: they wait, or came back. Ids first: a list does not write. */
struct taking { struct uuid ids[LETTERS_MOST * 4]; size_t count; };
static bool letter_take(const struct letter_row *r, void *arg) {
    struct taking *l = arg;
    bool waits = r->state == LETTER_WAITING && r->doubts == 0;       /* one in doubt may have arrived, and goes on */
    if ((waits || r->state == LETTER_BOUNCED) && l->count < ARRAY_LEN(l->ids))
        l->ids[l->count++] = r->id;
    return true;
}
static bool letter_keep(const struct letter_row *r, void *arg) {
    struct letter_row *row = arg;
    *row = *r;
    row->state = LETTER_OVER;
    row->cause = row->said = row->purpose = row->receipt = "";      /* they end with this call */
    row->blob = NULL;
    return true;
}

static enum code letters_back(struct txn *t, int64_t number, struct err *reterr) {
    struct taking l = { .count = 0 };
    enum code code = letters_about(txn_sql(t), CAUSE, number, letter_take, &l, reterr);
    for (size_t i = 0; i < l.count && code == OK; i++) {
        struct letter_row r;
        code = letter_get(txn_sql(t), &l.ids[i], letter_keep, &r, reterr);
        if (code == OK)
            code = post_end(t, &r, reterr);
    }
    return code;
}

/* To whom a letter of the notice has gone, or may have: they are not told once more. */
struct having { struct uuid list[LETTERS_MOST * 4]; size_t count; };
static bool told_take(const struct letter_row *r, void *arg) {
    struct having *w = arg;
    bool went = r->state == LETTER_SENT || r->state == LETTER_SENDING || r->state == LETTER_UNKNOWN || (r->state == LETTER_WAITING && r->doubts > 0);
    if (went && !uuid_is_null(&r->whom) && w->count < ARRAY_LEN(w->list))
        w->list[w->count++] = r->whom;
    return true;
}

static bool was_told(const struct having *w, const struct uuid *whom) {
    for (size_t i = 0; i < w->count; i++)
        if (uuid_compare(&w->list[i], whom) == 0)
            return true;
    return false;
}

static enum code letters_anew(struct txn *t, int64_t number, struct letters *l, size_t *ret_count, struct err *reterr) {
    struct having told = { .count = 0 };
    size_t count = 0;
    enum code code = letters_about(txn_sql(t), CAUSE, number, told_take, &told, reterr);
    for (size_t i = 0; i < l->count && code == OK; i++)
        if (!was_told(&told, &l->list[i].row.whom)) {
            code = post_put(t, &l->list[i], reterr);
            count++;
        }
    *ret_count = count;
    return code;
}

struct again { int64_t number; struct letters *letters; const char *by; bool over; enum notice_state state; };

static enum code again_write(struct txn *t, void *arg, struct err *reterr) {
    struct again *a = arg;
    struct notice_row row = { 0 };
    size_t count = 0;
    enum code code = notice_get(txn_sql(t), a->number, row_keep, &row, reterr);
    if (code == OK && (row.state == NOTICE_DELIVERED || row.state == NOTICE_OVER) && !a->over)
        return err_set(reterr, E_CONFLICT, "this notice was delivered, or is over: there is nothing to try again");
    if (code == OK)
        code = letters_back(t, a->number, reterr);
    if (code == OK && !a->over)
        code = letters_anew(t, a->number, a->letters, &count, reterr);
    if (code == OK)
        code = notice_set(t, a->number, a->over ? NOTICE_OVER : NOTICE_WAITING, 0, reterr);
    if (code != OK || a->over)
        return code;
    json_t *what = json_pack("{s:I, s:I}", "notice", (json_int_t)a->number, "letters", (json_int_t)count);
    code = ledger_append(t, "notice_again", a->by, what, reterr);
    json_decref(what);
    return code;
}

struct whole { struct notice_row row; json_t *groups; char role[64]; };
static bool whole_keep(const struct notice_row *r, void *arg) {
    struct whole *w = arg;
    w->row = *r;
    w->groups = json_loads(r->counts, 0, NULL);
    snprintf(w->role, sizeof w->role, "%s", r->role);
    w->row.role = w->role;
    w->row.counts = NULL;
    return true;
}

static enum code whole_get(struct service *s, int64_t tenant, int64_t number, struct whole *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = notice_get(view_sql(v), number, whole_keep, ret, reterr);
    return code == OK && ret->groups == NULL ? err_set(reterr, E_DAMAGED, "a notice's list cannot be read") : code;
}

static enum code again(struct noticer *n, struct service *s, int64_t tenant, int64_t number, const char *by, struct err *reterr) {
    AUTO(mem_free) struct letters *letters = mem_new(sizeof *letters);
    struct whole w = { .groups = NULL };
    enum code code = letters == NULL ? err_set(reterr, E_MEMORY, "no memory for the letters of a notice") : whole_get(s, tenant, number, &w, reterr);
    int person = code == OK ? charter_person(s->charter, w.role) : -1;
    if (code == OK && (w.row.state == NOTICE_DELIVERED || w.row.state == NOTICE_OVER))
        code = err_set(reterr, E_CONFLICT, "this notice was delivered, or is over: there is nothing to try again");
    if (code == OK && person < 0)
        code = err_set(reterr, E_CONFLICT, "the charter knows nobody any more whom this notice would go to");
    if (code == OK)
        code = letters_seal(n, &(struct letters_wish){ s, tenant, &w.row, w.groups, person, clock_now() }, letters, reterr);
    if (code == OK)
        code = store_write(s->store, tenant, again_write, &(struct again){ .number = number, .letters = letters, .by = by }, reterr);
    if (letters != NULL)
        letters_done(letters);
    json_decref(w.groups);
    return code;
}

enum code noticer_again(struct noticer *n, struct service *s, int64_t tenant, int64_t number, const char *by, struct err *reterr) {
    PRE(n != NULL && s != NULL && by != NULL && reterr != NULL);
    pthread_mutex_lock(&n->running);
    enum code code = again(n, s, tenant, number, by, reterr);
    pthread_mutex_unlock(&n->running);
    return code;
}

/* Of one tenant, newest first: those that are not over, some at a time. */
struct standing_notices { struct { int64_t number; enum notice_state state; usec_t made; } list[STANDING_PIECE]; size_t count; };
static bool standing_add(const struct notice_row *r, void *arg) {
    struct standing_notices *l = arg;
    if (r->state != NOTICE_OVER && l->count < ARRAY_LEN(l->list)) {
        l->list[l->count].number = r->number;
        l->list[l->count].made = r->made;
        l->list[l->count++].state = r->state;
    }
    return l->count < ARRAY_LEN(l->list);
}

static enum code stands(struct service *s, int64_t tenant, int64_t number, bool *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? noticed_stands(view_sql(v), number, ret, reterr) : code;
}

static enum code standing_list(struct service *s, int64_t tenant, int64_t before, struct standing_notices *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? notices_list(view_sql(v), before, standing_add, ret, reterr) : code;
}

/* Daily: what came back, to the addresses of today; what nobody has answered until its letters were given up; and where no letter is left, for those whom
 * they would have gone to have gone themselves. */
static enum code wants_again(struct service *s, int64_t tenant, int64_t number, enum notice_state state, usec_t age, bool *ret, struct err *reterr) {
    struct counted c = { 0 };
    *ret = (state == NOTICE_BOUNCED && age > USEC_PER_HOUR) || (state == NOTICE_WAITING && age > TRIED_AT_LEAST);
    if (*ret || (state != NOTICE_WAITING && state != NOTICE_TRIED))
        return OK;
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = letters_about(view_sql(v), CAUSE, number, letter_count, &c, reterr);
    *ret = code == OK && c.letters == 0;
    return code;
}

static enum code close_or_again(struct noticer *n, struct service *s, int64_t tenant, int64_t number, enum notice_state state, usec_t age, struct err *reterr) {
    bool any = false, wants = false;
    enum code code = stands(s, tenant, number, &any, reterr);
    if (code == OK && !any)
        code = store_write(s->store, tenant, again_write, &(struct again){ .number = number, .over = true }, reterr);
    else if (code == OK && !n->o.without_letters && (code = wants_again(s, tenant, number, state, age, &wants, reterr)) == OK && wants)
        code = again(n, s, tenant, number, "sejf", reterr);
    return code == E_CONFLICT ? OK : code;     /* delivered meanwhile */
}

enum code notices_close_over(struct noticer *n, struct service *s, int64_t tenant, usec_t now, struct err *reterr) {
    AUTO(mem_free) struct standing_notices *l = mem_new(sizeof *l);
    enum code code = l == NULL ? err_set(reterr, E_MEMORY, "no memory for a look at notices") : OK;
    for (int64_t before = INT64_MAX; code == OK && before > 0;) {
        l->count = 0;
        code = standing_list(s, tenant, before, l, reterr);
        before = code == OK && l->count == ARRAY_LEN(l->list) ? l->list[l->count - 1].number : 0;
        for (size_t i = 0; code == OK && i < l->count; i++)
            code = close_or_again(n, s, tenant, l->list[i].number, l->list[i].state, now - l->list[i].made, reterr);
    }
    return code;
}

/* ---- as it is shown */

static json_t *instant(usec_t at) {
    char text[40];
    return at == 0 ? json_null() : json_string(time_format(at, text, sizeof text));
}

static bool letter_show(const struct letter_row *r, void *arg) {
    static const char *const states[] = { [LETTER_WAITING] = "waiting", [LETTER_SENDING] = "sending", [LETTER_SENT] = "sent", [LETTER_BOUNCED] = "bounced",
                                          [LETTER_UNKNOWN] = "unknown", [LETTER_OVER] = "over" };
    json_t *l = json_pack("{s:s, s:i, s:o, s:o}", "state", states[r->state], "tries", r->tries, "tried", instant(r->tried), "answered", instant(r->heard));
    if (r->status > 0)
        (void)json_object_set_new(l, "status", json_integer(r->status));
    if (r->said != NULL && r->said[0] != 0)
        (void)json_object_set_new(l, "said", json_string(r->said));
    (void)json_array_append_new(arg, l);
    return true;
}

struct showing { struct json_t *items; size_t limit; };
static bool notice_show_row(const struct notice_row *r, void *arg) {
    struct showing *h = arg;
    char day[40];
    const struct civil c = { .year = (int)(r->day / 10000), .month = (int)(r->day / 100 % 100), .day = (int)(r->day % 100) };
    json_t *item = json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o?}", "number", (json_int_t)r->number, "state", state_names[r->state], "role", r->role,
                             "day", date_format(&c, day, sizeof day), "made", instant(r->made), "attempted", instant(r->attempted), "records", (json_int_t)r->records,
                             "first", instant(r->first), "last", instant(r->last), "groups", json_loads(r->counts, 0, NULL));
    return json_array_append_new(h->items, item) == 0 && json_array_size(h->items) < h->limit;
}

/* "parent": {kind, id, title?, number?} in place of the id. */
static enum code with_titles(struct service *s, int64_t tenant, json_t *groups, struct err *reterr) {
    json_t *titles = NULL;
    enum code code = notice_titles(s, tenant, groups, &titles, reterr);
    for (size_t i = 0; code == OK && i < json_array_size(groups); i++) {
        json_t *g = json_array_get(groups, i);
        const char *id = json_string_value(json_object_get(g, "parent"));
        int kind = charter_kind(s->charter, json_string_value(json_object_get(g, "kind")));
        if (id == NULL || kind < 0 || charter_kind_at(s->charter, kind)->parent < 0)
            continue;
        json_t *parent = json_pack("{s:s, s:s}", "kind", charter_kind_at(s->charter, charter_kind_at(s->charter, kind)->parent)->name, "id", id);
        if (parent != NULL && json_object_get(titles, id) != NULL)
            (void)json_object_update(parent, json_object_get(titles, id));
        if (json_object_set_new(g, "parent", parent) != 0)
            code = err_set(reterr, E_MEMORY, "no memory for a notice");
    }
    json_decref(titles);
    return code;
}

static enum code with_letters(struct sql *q, json_t *items, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; i < json_array_size(items) && code == OK; i++) {
        json_t *item = json_array_get(items, i), *letters = json_array();
        code = letters == NULL ? err_set(reterr, E_MEMORY, "no memory for a notice")
                               : letters_about(q, CAUSE, json_integer_value(json_object_get(item, "number")), letter_show, letters, reterr);
        if (json_object_set_new(item, "letters", letters) != 0 && code == OK)
            code = err_set(reterr, E_MEMORY, "no memory for a notice");
    }
    return code;
}

static enum code items_read(struct service *s, int64_t tenant, int64_t before, int64_t number, struct showing *h, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = number > 0 ? notice_get(view_sql(v), number, notice_show_row, h, reterr) : notices_list(view_sql(v), before, notice_show_row, h, reterr);
    return code == OK ? with_letters(view_sql(v), h->items, reterr) : code;
}

static enum code items_of(struct service *s, int64_t tenant, int64_t before, int64_t number, size_t limit, json_t **ret, struct err *reterr) {
    size_t lost = mem_lost();
    struct showing h = { json_array(), limit < 1 ? 1 : limit > SHOWN_MOST ? SHOWN_MOST : limit };
    enum code code = h.items == NULL ? err_set(reterr, E_MEMORY, "no memory for notices") : items_read(s, tenant, before, number, &h, reterr);
    for (size_t i = 0; i < json_array_size(h.items) && code == OK; i++)
        code = with_titles(s, tenant, json_object_get(json_array_get(h.items, i), "groups"), reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for notices");
    if (code == OK)
        *ret = h.items;
    else
        json_decref(h.items);
    return code;
}

enum code notices_show(struct service *s, int64_t tenant, int64_t before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    json_t *items = NULL;
    enum code code = items_of(s, tenant, before, 0, limit, &items, reterr);
    if (code != OK)
        return code;
    size_t n = json_array_size(items), most = limit < 1 ? 1 : limit > SHOWN_MOST ? SHOWN_MOST : limit;
    json_t *next = n < most ? json_null() : json_incref(json_object_get(json_array_get(items, n - 1), "number"));
    *ret = json_pack("{s:o, s:o}", "items", items, "next", next);
    return *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for notices") : OK;
}

enum code notice_show(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    json_t *items = NULL;
    enum code code = number < 1 ? err_set(reterr, E_NOT_FOUND, "there is no notice of that number") : items_of(s, tenant, 0, number, 1, &items, reterr);
    if (code == OK)
        *ret = json_incref(json_array_get(items, 0));
    json_decref(items);
    return code;
}
