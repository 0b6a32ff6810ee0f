/* request.c — a request opened, its next step, and a new one. Whatever a step changes is worked out on an opened request and written only
 * if no other step was taken meanwhile (request_set), so that two people who decide at once are told apart.
 * Invariant: ended > 0 exactly in the states from ANSWERED on. */
#include "rights/request_int.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/entry.h"
#include "records/post.h"
#include "records/service.h"
#include "rights/clock.h"
#include "store/tables.h"
#include "wire/mailbox.h"

#define LINES_FROM 400u                        /* a text that may be so long may have several lines */
#define ENTRY_ROOM (ENTRY_TEXT_MAX + SEAL_OVERHEAD)

static const char *const types[] = { "access", "rectification", "erasure", "restriction", "portability", "objection", "withdrawal", "no_automated_decision" };
static const char *const states[] = { "received", "identity", "identified", "collected", "decided", "answered", "refused", "withdrawn", "passed" };
static const char *const ways[] = { "form", "link", "api", "paper" };
_Static_assert(ARRAY_LEN(types) == REQUEST_TYPES && ARRAY_LEN(states) == REQUEST_STATES && ARRAY_LEN(ways) == REQUEST_WAYS, "a name for each");

#define IN(state) (1u << REQUEST_##state)
#define KNOWN (IN(IDENTIFIED) | IN(COLLECTED))
#define OPEN (IN(RECEIVED) | IN(IDENTITY) | KNOWN | IN(DECIDED))
#define SAME REQUEST_STATES                    /* the state stays */
static const struct { const char *name; unsigned from; int to; const char *when; } events[REQUEST_EVENTS] = {
    [EVENT_RECEIVED] = { "received", 0, REQUEST_RECEIVED, "" },
    [EVENT_ASKED] = { "identity", IN(RECEIVED) | IN(IDENTITY), REQUEST_IDENTITY, "who asks is asked once, before it is known" },
    [EVENT_IDENTIFIED] = { "identified", IN(RECEIVED) | IN(IDENTITY), REQUEST_IDENTIFIED, "who asks is known already" },
    [EVENT_COLLECTED] = { "collected", KNOWN, REQUEST_COLLECTED, "what is held is looked up once it is known who asks" },
    [EVENT_DECIDED] = { "decided", IN(COLLECTED), REQUEST_DECIDED, "a request is decided once it is known who asks and what is held: first …/identity" },
    [EVENT_EXTENDED] = { "extended", OPEN, SAME, "an open request is extended" },
    [EVENT_ANSWERED] = { "answered", IN(DECIDED), REQUEST_ANSWERED, "a request is answered once it is decided" },
    [EVENT_REFUSED] = { "refused", OPEN, REQUEST_REFUSED, "an open request is refused" },
    [EVENT_WITHDRAWN] = { "withdrawn", OPEN, REQUEST_WITHDRAWN, "an open request is taken back" },
    [EVENT_PASSED] = { "passed", OPEN, REQUEST_PASSED, "an open request is passed on" },
    [EVENT_READ] = { "answer_read", IN(ANSWERED) | IN(REFUSED), SAME, "an answer is read once there is one" },
    [EVENT_ACKNOWLEDGED] = { "acknowledged", OPEN, SAME, "an open request is acknowledged" },
    [EVENT_SENT] = { "sent_again", IN(ANSWERED) | IN(REFUSED), SAME, "an answer is sent again once there is one" },
    [EVENT_TOLD] = { "recipient_told", IN(DECIDED) | IN(ANSWERED), SAME, "recipients are told of what was decided" },
    [EVENT_WARNED] = { "warned", OPEN, SAME, "it is open" },
    [EVENT_LATE] = { "late", OPEN, SAME, "it is open" },
    [EVENT_FORGOTTEN] = { "forgotten", IN(ANSWERED) | IN(REFUSED) | IN(WITHDRAWN) | IN(PASSED), SAME, "it has ended" },
};

static const char *name_at(const char *const *list, size_t count, int at) { return at >= 0 && (size_t)at < count ? list[at] : "?"; }
const char *request_type_name(int type) { return name_at(types, ARRAY_LEN(types), type); }
const char *request_state_name(int state) { return name_at(states, ARRAY_LEN(states), state); }
const char *request_way_name(int way) { return name_at(ways, ARRAY_LEN(ways), way); }
const char *request_event_name(int event) { return event >= 0 && event < REQUEST_EVENTS ? events[event].name : "?"; }

bool request_type_find(const char *name, enum request_type *ret) {
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(types); i++)
        if (strcmp(types[i], name) == 0) {
            *ret = (enum request_type)i;
            return true;
        }
    return false;
}

enum code request_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a request"); }

json_t *request_time(usec_t t) {
    char text[40];
    return t == USEC_NEVER || t == 0 ? json_null() : json_string(time_format(t, text, sizeof text));
}

enum code request_text(const char *text, const char *path, bool needed, size_t most, json_t *into, const char *name, struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF(REQUEST_TEXT + 1);
    if (text != NULL && (strnlen(text, REQUEST_TEXT + 1) > REQUEST_TEXT || strlen(text) > most))
        return err_field(reterr, E_FIELDS, path, "at most %zu bytes", most);
    if (text != NULL && !text_clean(text, strlen(text), &b))
        return b.failed ? request_memory(reterr) : err_field(reterr, E_FIELDS, path, "this is no text");
    if (most < LINES_FROM && strpbrk(buf_str(&b), "\r\n\t") != NULL)
        return err_field(reterr, E_FIELDS, path, "this is one line");
    if (b.len == 0 && needed)
        return err_field(reterr, E_FIELDS, path, "this is missing");
    if (b.len > 0)
        json_object_set_new(into, name, json_string(buf_str(&b)));
    return OK;
}

bool request_record(const struct request_desk *d, const char *text, int *ret_kind, struct uuid *ret_id) {
    char kind[64];
    size_t n = text == NULL ? 0 : strcspn(text, "/");
    if (n == 0 || n >= sizeof kind || text[n] != '/' || !uuid_parse(text + n + 1, ret_id))
        return false;
    memcpy(kind, text, n);
    kind[n] = 0;
    *ret_kind = charter_kind(service_charter(d->service), kind);
    return *ret_kind >= 0;
}

/* ---- one that stands */

static struct entry_place place_of(const struct request_desk *d, const struct request_row *r) {
    return (struct entry_place){ .name = "request", .tenant = d->tenant, .number = r->number, .key = r->key };
}

void request_work_done(struct request_work *w) {
    crypto_wipe(&w->key, sizeof w->key);
    json_decref(w->entry);
    arena_free(w->arena);
    *w = (struct request_work){ 0 };
}

enum code request_open(const struct request_desk *d, int64_t number, struct request_work *ret, struct err *reterr) {
    PRE(d != NULL && d->service != NULL && ret != NULL && reterr != NULL);
    struct view *v = NULL;
    bool ok = false;
    *ret = (struct request_work){ .desk = d, .arena = arena_new(2 * ENTRY_ROOM) };
    enum code code = ret->arena == NULL ? request_memory(reterr) : store_view(d->service->store, d->tenant, &v, reterr);
    if (code == OK)
        code = request_get(view_sql(v), number, ret->arena, &ret->row, reterr);
    v = view_end(v);                           /* the keeper is asked without a view open */
    if (code == OK && strcmp(ret->row.service, charter_name(d->service->charter)) != 0)
        code = err_set(reterr, E_NOT_FOUND, "there is no request of that number");
    if (code == OK && ret->row.len > 0)
        code = keeper_open(d->service->keeper, d->tenant, &ret->row.key, 1, &ret->key, &ok, reterr);
    if (code == OK && !ok)
        code = err_set(reterr, E_GONE, "the words of this request are erased; their time was over");
    struct entry_place at = place_of(d, &ret->row);
    if (code == OK)
        code = entry_open(&at, &ret->key, ret->row.blob, ret->row.len, &ret->entry, reterr);
    return code;
}

enum code request_may(const struct request_work *w, enum request_event event, struct err *reterr) {
    if ((events[event].from >> w->row.state & 1) != 0)
        return OK;
    return err_set(reterr, E_CONFLICT, "this request is in the state \"%s\": %s", request_state_name(w->row.state), events[event].when);
}

bool request_unconfirmed(const struct request_row *r) { return r->way == REQUEST_BY_FORM && r->identified == 0 && r->ended == 0; }

usec_t request_next_look(const struct request_desk *d, const struct request_row *r) {
    const struct charter *c = service_charter(d->service);
    if (r->ended != 0)
        return r->len == 0 ? USEC_NEVER : clock_kept(c, r->ended);
    if (request_unconfirmed(r))
        return r->due;                         /* nobody is warned of it: else a flood of the form were one of letters */
    return r->warned < CLOCK_WARNINGS ? clock_warning(c, r->due, r->warned) : USEC_NEVER;
}

static enum code note(struct txn *t, const struct request_row *r, enum request_event event, const char *who, json_t *more, struct err *reterr) {
    char verb[48];
    json_t *what = json_pack("{s:I, s:s}", "number", (json_int_t)r->number, "type", request_type_name(r->type));
    if (what != NULL && more != NULL && json_object_update(what, more) != 0) {
        json_decref(what);
        what = NULL;
    }
    snprintf(verb, sizeof verb, "request_%s", events[event].name);
    enum code code = ledger_append(t, verb, who, what, reterr);
    json_decref(what);
    return code;
}

struct stepping { struct request_work *w; enum request_event event; const char *who; const struct request_more *more; struct buf sealed; struct request_row row; bool forget; };

/* Once, but where something is added within the write. */
static enum code words_seal(struct stepping *s, struct err *reterr) {
    const struct entry_place at = place_of(s->w->desk, &s->w->row);
    if (s->sealed.len > 0 && (s->more == NULL || s->more->also == NULL))
        return OK;
    buf_cut(&s->sealed, 0);
    return entry_seal(&at, &s->w->key, s->w->entry, &s->sealed, reterr);
}

static enum code step_write(struct txn *t, void *arg, struct err *reterr) {
    struct stepping *s = arg;
    const struct request_more *more = s->more;
    struct request_row row = s->w->row;
    row.steps++;
    if (events[s->event].to != SAME)
        row.state = events[s->event].to;
    if (row.state >= REQUEST_ANSWERED && row.ended == 0)
        row.ended = txn_now(t);
    if (s->event == EVENT_IDENTIFIED)
        row.identified = txn_now(t);
    enum code code = more != NULL && more->also != NULL ? more->also(t, more->arg, reterr) : OK;
    if (code == OK && !s->forget)
        code = words_seal(s, reterr);
    row.blob = s->sealed.data;
    row.len = s->forget ? 0 : s->sealed.len;
    s->row = row;
    if (code == OK)
        code = request_set(t, &row, request_next_look(s->w->desk, &row), reterr);
    if (code == OK)
        code = request_step_put(t, &(struct request_step){ .number = row.number, .step = row.steps, .at = txn_now(t), .what = (int)s->event, .by = s->who }, reterr);
    for (size_t i = 0; code == OK && more != NULL && i < more->letter_count; i++) {
        more->letters[i].row.about = row.number;
        code = post_put(t, &more->letters[i], reterr);
    }
    if (code == OK && s->forget)
        code = doomed_put(t, row.key, reterr);
    return code == OK ? note(t, &row, s->event, s->who, more == NULL ? NULL : more->what, reterr) : code;
}

enum code request_next_step(struct request_work *w, enum request_event event, const struct request_by *by, const struct request_more *more, struct err *reterr) {
    PRE(w != NULL && by != NULL && reterr != NULL);
    struct stepping s = { .w = w, .event = event, .who = by->who, .more = more, .sealed = BUF(ENTRY_ROOM), .forget = event == EVENT_FORGOTTEN };
    enum code code = request_may(w, event, reterr);
    if (code == OK && !s.forget && (more == NULL || more->also == NULL))
        code = words_seal(&s, reterr);
    if (code == OK)
        code = store_write(w->desk->service->store, w->desk->tenant, step_write, &s, reterr);
    if (code == OK) {
        w->row = s.row;
        w->row.blob = NULL;
    }
    buf_done(&s.sealed);
    return code;
}

/* ---- a new one */

static enum code wish_take(const struct request_desk *d, const struct request_wish *w, usec_t now, json_t *entry, struct err *reterr) {
    json_t *person = json_object();
    const struct { const char *text, *path, *name; size_t most; } texts[] = {
        { w->name, "/name", "name", REQUEST_NAME }, { w->email, "/email", "email", MAILBOX_MAX }, { w->phone, "/phone", "phone", 40 }, { w->address, "/address", "address", 400 } };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++)
        code = request_text(texts[i].text, texts[i].path, false, texts[i].most, person, texts[i].name, reterr);
    const char *email = json_string_value(json_object_get(person, "email"));
    bool utf8;
    if (code == OK && email != NULL && !mailbox_valid(email, &utf8))
        code = err_field(reterr, E_FIELDS, "/email", "this is no e-mail address");
    if (code == OK && w->way == REQUEST_BY_FORM && email == NULL)
        code = err_field(reterr, E_FIELDS, "/email", "an address is needed, to which the answer goes");
    if (code == OK && w->kind < 0 && json_object_size(person) == 0)
        code = err_field(reterr, E_FIELDS, "/name", "who asks is missing: a name, an address, a phone number");
    json_object_set_new(entry, "person", person);
    if (code == OK)
        code = request_text(w->text, "/text", false, REQUEST_TEXT, entry, "text", reterr);
    if (code == OK)
        code = request_text(w->purpose, "/purpose", false, REQUEST_NAME, entry, "purpose", reterr);
    if (code == OK)
        code = request_text(w->consent, "/consent", false, 64, entry, "consent", reterr);
    if (code == OK && (w->received < 0 || w->received > now))
        code = err_field(reterr, E_FIELDS, "/received", "a request was received before now");
    json_object_set_new(entry, "lang", json_string(lang_code(w->lang)));
    if (w->kind >= 0) {
        char id[UUID_TEXT];
        json_object_set_new(entry, "record", json_sprintf("%s/%s", charter_kind_at(service_charter(d->service), w->kind)->name, uuid_format(&w->id, id)));
        json_object_set_new(entry, "identity", json_pack("{s:s}", "how", "private link"));
    }
    return code;
}

enum code request_making_write(struct txn *t, void *arg, struct err *reterr) {
    struct request_making *m = arg;
    AUTO(buf_done) struct buf sealed = BUF(ENTRY_ROOM);
    const struct charter *c = service_charter(m->d->service);
    struct request_row row = m->row;
    usec_t now = txn_now(t);
    row.received = m->w->received > 0 ? m->w->received : now;
    struct request_dates dates = clock_first(c, row.received);
    row.due = dates.due;
    row.law = dates.law;
    row.warned = clock_passed(c, row.due, now);
    row.steps = 1;
    enum code code = request_next(txn_sql(t), &row.number, reterr);
    struct entry_place at = place_of(m->d, &row);
    if (code == OK)
        code = entry_seal(&at, &m->key, m->entry, &sealed, reterr);
    row.blob = sealed.data;
    row.len = sealed.len;
    if (json_object_get(m->entry, "identity") != NULL) {
        row.state = REQUEST_IDENTIFIED;
        row.identified = now;
    }
    if (code == OK)
        code = request_put(t, &row, request_next_look(m->d, &row), reterr);
    if (code == OK)
        code = request_step_put(t, &(struct request_step){ .number = row.number, .step = 1, .at = now, .what = EVENT_RECEIVED, .by = m->by->who }, reterr);
    m->row.number = row.number;
    json_t *more = json_pack("{s:s}", "way", request_way_name(row.way));
    if (code == OK)
        code = more == NULL ? request_memory(reterr) : note(t, &row, EVENT_RECEIVED, m->by->who, more, reterr);
    json_decref(more);
    return code;
}

enum code request_making_begin(struct request_making *m, const struct request_desk *d, const struct request_wish *w, const struct request_by *by, struct err *reterr) {
    PRE(m != NULL && d != NULL && w != NULL && by != NULL && reterr != NULL && w->type < REQUEST_TYPES);
    size_t lost = mem_lost();
    struct service *s = d->service;
    const struct kind_info *k = w->kind < 0 ? NULL : service_kind(s, w->kind);
    *m = (struct request_making){ .d = d, .w = w, .by = by, .entry = json_object(),
                                  .row = { .service = charter_name(s->charter), .type = (int)w->type, .way = (int)w->way, .kind = k == NULL ? 0 : k->number } };
    if (k != NULL)
        m->row.id = w->id;
    enum code code = wish_take(d, w, clock_now(), m->entry, reterr);
    if (mem_lost() != lost)                    /* what is not there for want of memory is not missing in the request */
        code = request_memory(reterr);
    if (code == OK)
        code = keeper_make(s->keeper, d->tenant, USEC_NEVER, 1, &m->row.key, &m->key, reterr);
    m->begun = code == OK;
    return code;
}

void request_making_end(struct request_making *m) {
    struct err late;
    crypto_wipe(&m->key, sizeof m->key);
    if (m->begun && !m->stands)                /* nothing was sealed under it that stands */
        (void)!keeper_destroy(m->d->service->keeper, m->d->tenant, &m->row.key, 1, &late);
    json_decref(m->entry);
    *m = (struct request_making){ 0 };
}

enum code request_make(const struct request_desk *d, const struct request_wish *w, const struct request_by *by, int64_t *ret_number, struct err *reterr) {
    PRE(ret_number != NULL);
    struct request_making m = { 0 };
    enum code code = request_making_begin(&m, d, w, by, reterr);
    if (code == OK)
        code = store_write(d->service->store, d->tenant, request_making_write, &m, reterr);
    m.stands = code == OK;
    if (code == OK)
        *ret_number = m.row.number;
    request_making_end(&m);
    return code;
}
