/* steps.c — the steps of a request but for what is decided (decide.c). */
#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "records/service.h"
#include "rights/clock.h"
#include "rights/subject.h"
#include "rights/tell.h"
#include "store/tables.h"

#define FOUND_SHOWN 200u
#define SUBJECT_ROOM ((size_t)64 << 20)

static json_t *by_json(const struct request_by *by) {
    return json_pack("{s:s?, s:s, s:o}", "name", by->name, "who", by->who, "at", request_time(clock_now()));
}

/* A letter and the step that causes it. */
static enum code step_told(struct request_work *w, enum request_event event, enum tell what, const char *link, const struct request_by *by, json_t *more, struct err *reterr) {
    AUTO(post_ready_done) struct post_ready letter = { .sealed = BUF(1) };
    bool any = false;
    size_t lost = mem_lost();
    enum code code = tell_person(w, what, link, &letter, &any, reterr);
    if (code == OK && mem_lost() != lost)
        code = request_memory(reterr);
    const struct request_more m = { .what = more, .letters = &letter, .letter_count = any ? 1 : 0 };
    return code == OK ? request_next_step(w, event, by, &m, reterr) : code;
}

enum code request_acknowledge(const struct request_desk *d, int64_t number, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    enum code code = request_open(d, number, &w, reterr);
    return code == OK ? step_told(&w, EVENT_ACKNOWLEDGED, TELL_RECEIVED, NULL, by, NULL, reterr) : code;
}

/* ---- who asks */

enum code request_ask_identity(const struct request_desk *d, int64_t number, int kind, const struct uuid *id, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    struct subject_wish wish = { NULL, NULL };
    const char *link = NULL;
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_may(&w, EVENT_ASKED, reterr);
    json_t *person = json_object_get(w.entry, "person");
    if (code == OK && kind >= 0)
        code = subject_addresses(d->service, d->tenant, kind, id, w.arena, &wish, reterr);
    if (code == OK && wish.email != NULL)
        json_object_set_new(person, "email", json_string(wish.email));         /* the one that the records hold is the one that proves */
    if (code == OK && json_object_get(person, "email") == NULL)
        return err_set(reterr, E_CONFLICT, "no e-mail address is known to which a link could be sent; name a record that holds one, or say how you know who asks");
    if (code == OK)
        code = tell_link(&w, LINK_IDENTITY, &link, reterr);
    return code == OK ? step_told(&w, EVENT_ASKED, TELL_IDENTITY, link, by, NULL, reterr) : code;
}

enum code request_identify(const struct request_desk *d, int64_t number, const char *how, const char *email, const char *phone, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    size_t lost = mem_lost();
    json_t *identity = json_object();
    enum code code = by->name == NULL || by->name[0] == 0 ? err_field(reterr, E_FIELDS, "/name", "a person with a name says how they know who asks") : request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_text(how, "/how", true, 400, identity, "how", reterr);
    if (code == OK)
        code = request_text(email, "/email", false, 254, identity, "email", reterr);
    if (code == OK)
        code = request_text(phone, "/phone", false, 40, identity, "phone", reterr);
    json_t *person = json_object_get(w.entry, "person");
    static const char *const given[] = { "email", "phone" };
    for (size_t i = 0; code == OK && i < ARRAY_LEN(given); i++)        /* who knows the person vouches for what was given, too */
        if (json_object_get(identity, given[i]) == NULL && json_object_get(person, given[i]) != NULL)
            json_object_set(identity, given[i], json_object_get(person, given[i]));
    if (code == OK) {
        json_object_set_new(identity, "by", by_json(by));
        json_object_set(w.entry, "identity", identity);
        w.row.link_for = LINK_NONE;
        code = mem_lost() != lost ? request_memory(reterr) : request_next_step(&w, EVENT_IDENTIFIED, by, NULL, reterr);
    }
    json_decref(identity);
    return code;
}

/* ---- a one-time link */

static enum code link_open(const struct request_desk *d, const char *token, struct request_work *ret, struct err *reterr) {
    struct view *v = NULL;
    uint8_t hash[HASH_SIZE];
    int64_t number = 0;
    size_t len = token == NULL ? 0 : strnlen(token, 64);
    *ret = (struct request_work){ 0 };
    if (len != 43)
        return err_set(reterr, E_NOT_FOUND, "there is nothing behind this link");
    hash_sha256(token, len, hash);
    enum code code = store_view(d->service->store, d->tenant, &v, reterr);
    if (code == OK)
        code = request_of_link(view_sql(v), hash, &number, reterr);
    v = view_end(v);
    if (code == OK)
        code = request_open(d, number, ret, reterr);
    if (code == OK && (ret->row.link_until <= clock_now() || memcmp(ret->row.link, hash, sizeof hash) != 0))
        code = err_set(reterr, E_NOT_FOUND, "there is nothing behind this link any more");
    return code;
}

static enum code link_told(const struct request_work *w, json_t **ret, struct err *reterr) {
    *ret = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:o}", "number", (json_int_t)w->row.number, "type", request_type_name(w->row.type), "state", request_state_name(w->row.state),
                     "for", w->row.link_for == LINK_IDENTITY ? "identity" : w->row.link_for == LINK_ARCHIVE ? "archive" : "letter", "lang", lang_code(tell_lang(w)), "received", request_time(w->row.received),
                     "due", request_time(w->row.due));
    return *ret == NULL ? request_memory(reterr) : OK;
}

enum code request_link_look(const struct request_desk *d, const char *token, json_t **ret, struct err *reterr) {
    PRE(d != NULL && ret != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    enum code code = link_open(d, token, &w, reterr);
    return code == OK ? link_told(&w, ret, reterr) : code;
}

enum code request_link_take(const struct request_desk *d, const char *token, json_t **ret, struct err *reterr) {
    PRE(d != NULL && ret != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    static const struct request_by person = { .who = "link" };
    json_t *told = NULL;
    enum code code = link_open(d, token, &w, reterr);
    if (code == OK)
        code = link_told(&w, &told, reterr);
    if (code == OK) {
        bool identity = w.row.link_for == LINK_IDENTITY;
        size_t lost = mem_lost();
        w.row.link_for = LINK_NONE;
        if (identity)
            json_object_set_new(w.entry, "identity", json_pack("{s:s, s:O, s:o}", "how", "one-time link by mail", "email", json_object_get(json_object_get(w.entry, "person"), "email"),
                                                               "at", request_time(clock_now())));
        code = mem_lost() != lost ? request_memory(reterr) : request_next_step(&w, identity ? EVENT_IDENTIFIED : EVENT_READ, &person, NULL, reterr);
    }
    if (code == OK)
        *ret = told;
    else
        json_decref(told);
    return code == E_CONFLICT ? err_set(reterr, E_NOT_FOUND, "there is nothing behind this link any more") : code;
}

/* ---- what is held */

enum code request_subject(const struct request_work *w, struct arena *arena, struct subject *ret, struct err *reterr) {
    const struct request_desk *d = w->desk;
    const json_t *identity = json_object_get(w->entry, "identity");
    const struct subject_wish wish = { json_string_value(json_object_get(identity, "email")), json_string_value(json_object_get(identity, "phone")) };
    struct uuid id;
    int kind;
    *ret = (struct subject){ .count = 0 };
    if (request_record(d, json_string_value(json_object_get(w->entry, "record")), &kind, &id)) {
        enum code code = subject_near(d->service, d->tenant, kind, &id, arena, ret, reterr);
        return code == E_NOT_FOUND || code == E_GONE ? OK : code;      /* erased meanwhile: nothing is held */
    }
    return wish.email == NULL && wish.phone == NULL ? OK : subject_find(d->service, d->tenant, &wish, arena, ret, reterr);
}

enum code request_about(const struct request_desk *d, int64_t number, struct arena *arena, struct subject *ret, int *ret_type, enum lang *ret_lang, struct err *reterr) {
    PRE(d != NULL && arena != NULL && ret != NULL && ret_type != NULL && ret_lang != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK && w.row.identified == 0)
        code = err_set(reterr, E_CONFLICT, "it is not known yet who asks; first …/identity");
    if (code == OK)
        code = request_subject(&w, arena, ret, reterr);
    if (code != OK)
        return code;
    *ret_type = w.row.type;
    *ret_lang = tell_lang(&w);
    return OK;
}

json_t *request_found(const struct request_desk *d, const struct subject *s, json_t **ret_records) {
    json_t *counts = json_object(), *records = json_array();
    for (size_t i = 0; i < s->count; i++) {
        char id[UUID_TEXT];
        const char *kind = charter_kind_at(service_charter(d->service), s->list[i].kind)->name;
        json_object_set_new(counts, kind, json_integer(json_integer_value(json_object_get(counts, kind)) + 1));
        if (i < FOUND_SHOWN)
            json_array_append_new(records, json_sprintf("%s/%s", kind, uuid_format(&s->list[i].id, id)));
    }
    *ret_records = records;
    return counts;
}

enum code request_collect(const struct request_desk *d, int64_t number, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    AUTO(arena_free) struct arena *arena = arena_new(SUBJECT_ROOM);
    struct subject s = { .count = 0 };
    size_t lost = mem_lost();
    enum code code = arena == NULL ? request_memory(reterr) : request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_may(&w, EVENT_COLLECTED, reterr);
    if (code == OK)
        code = request_subject(&w, arena, &s, reterr);
    if (code != OK)
        return code;
    json_t *records = NULL, *counts = request_found(d, &s, &records);
    json_object_set_new(w.entry, "found", json_pack("{s:o, s:o, s:I, s:I, s:I}", "counts", counts, "records", records, "named", (json_int_t)s.named_count,
                                                    "doubtful", (json_int_t)s.doubtful, "damaged", (json_int_t)s.damaged));
    return mem_lost() != lost ? request_memory(reterr) : request_next_step(&w, EVENT_COLLECTED, by, NULL, reterr);
}

/* ---- more time */

enum code request_extend(const struct request_desk *d, int64_t number, const char *reasons, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    const char *link = NULL;
    usec_t now = clock_now();
    size_t lost = mem_lost();
    json_t *extension = json_object();
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_may(&w, EVENT_EXTENDED, reterr);
    if (code == OK && w.row.extended != 0)
        code = err_set(reterr, E_CONFLICT, "this request was extended already; the law allows it once");
    if (code == OK && now >= w.row.law && rule_on(RULE_rights_answered))
        code = err_set(reterr, E_CONFLICT, "the first month is over; the law allows more time only to whoever says so within it (Art. 12(3))");
    if (code == OK)
        code = request_text(reasons, "/reasons", true, 2000, extension, "reasons", reterr);
    if (code == OK) {
        w.row.extended = now;
        w.row.due = clock_extended(service_charter(d->service), w.row.received);
        w.row.warned = clock_passed(service_charter(d->service), w.row.due, now);
        json_object_set_new(extension, "until", request_time(w.row.due));
        json_object_set_new(extension, "by", by_json(by));
        json_object_set(w.entry, "extension", extension);
        if (w.row.link_for != LINK_IDENTITY && w.row.state >= REQUEST_IDENTIFIED && d->base_url != NULL)
            code = tell_link(&w, LINK_LETTER, &link, reterr);
    }
    json_decref(extension);
    if (code == OK && mem_lost() != lost)
        code = request_memory(reterr);
    return code == OK ? step_told(&w, EVENT_EXTENDED, TELL_EXTENDED, link, by, NULL, reterr) : code;
}

/* ---- the end */

/* Is the answer a copy of data? Only a tenant holds any. */
static bool gives_data(const struct request_work *w) {
    return w->desk->tenant > 0 && w->row.identified != 0 && (w->row.type == REQUEST_ACCESS || w->row.type == REQUEST_PORTABILITY);
}

static enum code end_told(struct request_work *w, enum request_event event, enum tell what, const struct request_by *by, json_t *more, struct err *reterr) {
    const char *link = NULL;
    w->row.link_for = LINK_NONE;
    enum code code = w->desk->base_url == NULL ? OK : tell_link(w, what == TELL_ARCHIVE ? LINK_ARCHIVE : LINK_LETTER, &link, reterr);
    return code == OK ? step_told(w, event, what, link, by, more, reterr) : code;
}

enum code request_answer(const struct request_desk *d, int64_t number, const char *text, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    size_t lost = mem_lost();
    json_t *answer = json_object();
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_may(&w, EVENT_ANSWERED, reterr);
    if (code == OK)
        code = request_text(text, "/text", false, REQUEST_TEXT, answer, "text", reterr);
    if (code == OK) {
        json_object_set_new(answer, "by", by_json(by));
        json_object_set(w.entry, "answer", answer);
        code = mem_lost() != lost ? request_memory(reterr) : end_told(&w, EVENT_ANSWERED, gives_data(&w) ? TELL_ARCHIVE : TELL_ANSWERED, by, NULL, reterr);
    }
    json_decref(answer);
    return code;
}

enum code request_send(const struct request_desk *d, int64_t number, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_may(&w, EVENT_SENT, reterr);
    if (code == OK && d->base_url == NULL)
        code = err_set(reterr, E_CONFIG, "this installation has no address of its own, so no link can be sent");
    if (code == OK && json_object_get(json_object_get(w.entry, "person"), "email") == NULL && json_object_get(json_object_get(w.entry, "identity"), "email") == NULL && json_object_get(w.entry, "record") == NULL)
        code = err_set(reterr, E_CONFLICT, "no e-mail address is known; print the letter and post it");
    enum tell what = w.row.state == REQUEST_REFUSED ? TELL_REFUSED : gives_data(&w) ? TELL_ARCHIVE : TELL_ANSWERED;
    return code == OK ? end_told(&w, EVENT_SENT, what, by, NULL, reterr) : code;
}

static const struct ground { const char *name, *article; unsigned types; struct words says; } grounds[] = {
#define ANY ((1u << REQUEST_TYPES) - 1)
#define ON(type) (1u << REQUEST_##type)
#define GROUND(name, article, types, en, pl, hu) { #name, article, types, WORDS(en, pl, hu) },
#include "rights/grounds.tbl"
#undef GROUND
};

json_t *request_grounds(enum lang lang) {
    json_t *all = json_array();
    for (size_t i = 0; i < ARRAY_LEN(grounds); i++) {
        json_t *of = json_array();
        for (int k = 0; k < REQUEST_TYPES; k++)
            if ((grounds[i].types >> k & 1) != 0)
                json_array_append_new(of, json_string(request_type_name(k)));
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o}", "name", grounds[i].name, "article", grounds[i].article, "says", grounds[i].says.in[lang], "types", of));
    }
    return all;
}

bool request_ground(const char *name, int type, const char **ret_article, const struct words **ret_says) {
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(grounds); i++)
        if (strcmp(grounds[i].name, name) == 0 && (grounds[i].types >> type & 1) != 0) {
            *ret_article = grounds[i].article;
            *ret_says = &grounds[i].says;
            return true;
        }
    return false;
}

/* Right, ground, reason and the person who decides: without one of them there is no refusal. */
static enum code refusal_take(const struct request_work *w, const char *ground, const char *reason, const struct request_by *by, json_t *into, struct err *reterr) {
    const char *article = NULL;
    const struct words *says = NULL;
    bool asks = rule_on(RULE_refusals_reasoned);
    if (asks && !request_ground(ground, w->row.type, &article, &says))
        return err_field(reterr, E_FIELDS, "/ground", "a refusal needs a ground of the law that fits what was asked: GET /v1/tenants/…/requests/grounds lists them");
    if (asks && (by->name == NULL || by->name[0] == 0))
        return err_field(reterr, E_FIELDS, "/name", "a refusal is decided by a person with a name");
    json_object_set_new(into, "right", json_string(request_type_name(w->row.type)));
    json_object_set_new(into, "ground", ground == NULL ? json_null() : json_string(ground));
    json_object_set_new(into, "article", article == NULL ? json_null() : json_string(article));
    json_object_set_new(into, "by", by_json(by));
    return request_text(reason, "/reason", asks, REQUEST_TEXT, into, "reason", reterr);
}

enum code request_refuse(const struct request_desk *d, int64_t number, const char *ground, const char *reason, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    size_t lost = mem_lost();
    json_t *refusal = json_object(), *more = NULL;
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_may(&w, EVENT_REFUSED, reterr);
    if (code == OK)
        code = refusal_take(&w, ground, reason, by, refusal, reterr);
    if (code == OK) {
        json_object_set(w.entry, "refusal", refusal);
        more = json_pack("{s:s?}", "ground", ground);
        code = mem_lost() != lost ? request_memory(reterr) : end_told(&w, EVENT_REFUSED, TELL_REFUSED, by, more, reterr);
    }
    json_decref(refusal);
    json_decref(more);
    return code;
}

enum code request_withdraw(const struct request_desk *d, int64_t number, const char *why, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    size_t lost = mem_lost();
    json_t *back = json_object();
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_text(why, "/why", false, 1000, back, "why", reterr);
    json_object_set_new(back, "by", by_json(by));
    json_object_set(w.entry, "withdrawn", back);
    json_decref(back);
    w.row.link_for = LINK_NONE;
    if (code == OK && mem_lost() != lost)
        code = request_memory(reterr);
    return code == OK ? request_next_step(&w, EVENT_WITHDRAWN, by, NULL, reterr) : code;
}

/* ---- to the controller */

/* The same request with the tenant that answers it: by the day on which it came, for the clock runs from there. That its address was proved
 * by a one-time link of this installation goes with it. */
static enum code copy_begin(const struct request_work *w, const struct request_desk *there, struct request_wish *wish, const struct request_by *by, struct request_making *ret, struct err *reterr) {
    const json_t *person = json_object_get(w->entry, "person"), *identity = json_object_get(w->entry, "identity");
    *wish = (struct request_wish){ .type = (enum request_type)w->row.type, .way = (enum request_way)w->row.way, .lang = tell_lang(w), .kind = -1, .received = w->row.received,
                                   .name = json_string_value(json_object_get(person, "name")), .email = json_string_value(json_object_get(person, "email")),
                                   .phone = json_string_value(json_object_get(person, "phone")), .address = json_string_value(json_object_get(person, "address")),
                                   .text = json_string_value(json_object_get(w->entry, "text")), .purpose = json_string_value(json_object_get(w->entry, "purpose")),
                                   .consent = json_string_value(json_object_get(w->entry, "consent")) };
    enum code code = request_making_begin(ret, there, wish, by, reterr);
    if (code == OK && w->row.identified != 0 && json_object_get(identity, "by") == NULL && json_object_get(identity, "email") != NULL)
        json_object_set_new(ret->entry, "identity", json_deep_copy(identity));
    return code;
}

/* An open tenant of the same service. */
static enum code receiver_fine(const struct request_desk *d, int64_t to, struct arena *arena, struct err *reterr) {
    struct tenant_row row = { .id = 0 };
    struct err e;
    enum code code = to == d->tenant ? E_NOT_FOUND : tenant_get(d->service->store, to, &row, arena, &e);
    if (code == OK && (row.closed != 0 || strcmp(row.service, charter_name(service_charter(d->service))) != 0))
        code = E_NOT_FOUND;
    if (code == E_NOT_FOUND)
        return err_field(reterr, E_FIELDS, "/tenant", to == d->tenant ? "this is the tenant that has the request" : "this service has no open tenant of that number");
    if (code != OK)
        *reterr = e;
    return code;
}

struct passing { struct request_making making; json_t *passed, *more; int64_t to; };

/* Both sides in one write: the number that it has there stands here. */
static enum code pass_write(struct txn *t, void *arg, struct err *reterr) {
    struct passing *p = arg;
    size_t lost = mem_lost();
    enum code code = txn_beside(t, p->to, request_making_write, &p->making, reterr);
    if (code == OK) {
        json_object_set_new(p->passed, "number", json_integer(p->making.row.number));
        json_object_set_new(p->more, "as", json_integer(p->making.row.number));
    }
    return code == OK && mem_lost() != lost ? request_memory(reterr) : code;
}

static enum code pass_told(struct request_work *w, struct passing *p, const struct request_by *by, struct err *reterr) {
    AUTO(post_ready_done) struct post_ready letter = { .sealed = BUF(1) };
    bool any = false;
    size_t lost = mem_lost();
    enum code code = tell_person(w, TELL_PASSED, NULL, &letter, &any, reterr);
    if (code == OK && mem_lost() != lost)
        code = request_memory(reterr);
    const struct request_more m = { .what = p->more, .letters = &letter, .letter_count = any ? 1 : 0, .also = p->to > 0 ? pass_write : NULL, .arg = p };
    return code == OK ? request_next_step(w, EVENT_PASSED, by, &m, reterr) : code;
}

enum code request_pass(const struct request_desk *d, int64_t number, const char *to, const char *how, int64_t to_tenant, const struct request_by *by, int64_t *ret_number, struct err *reterr) {
    PRE(d != NULL && by != NULL && ret_number != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    const struct request_desk there = { .service = d->service, .tenant = to_tenant, .base_url = d->base_url };
    struct request_wish wish;
    size_t lost = mem_lost();
    struct passing p = { .passed = json_object(), .more = json_object(), .to = to_tenant };
    enum code code = request_open(d, number, &w, reterr);
    if (code == OK)
        code = request_may(&w, EVENT_PASSED, reterr);
    if (code == OK && to_tenant != 0)
        code = receiver_fine(d, to_tenant, w.arena, reterr);
    if (code == OK)
        code = request_text(to, "/to", true, 399, p.passed, "to", reterr);
    if (code == OK)
        code = request_text(how, "/how", true, 400, p.passed, "how", reterr);
    if (code == OK && to_tenant > 0)
        code = copy_begin(&w, &there, &wish, by, &p.making, reterr);
    if (code == OK) {
        json_object_set_new(p.passed, "by", by_json(by));
        json_object_set_new(p.passed, "tenant", to_tenant > 0 ? json_integer(to_tenant) : json_null());
        json_object_set_new(p.passed, "number", json_null());
        json_object_set(w.entry, "passed", p.passed);
        json_object_set_new(p.more, "tenant", json_integer(to_tenant));
        json_object_set_new(p.more, "as", json_integer(0));
        w.row.link_for = LINK_NONE;
        code = mem_lost() != lost ? request_memory(reterr) : pass_told(&w, &p, by, reterr);
    }
    p.making.stands = code == OK;
    if (code == OK)
        *ret_number = p.making.row.number;
    if (p.making.d != NULL)
        request_making_end(&p.making);
    json_decref(p.passed);
    json_decref(p.more);
    return code;
}

/* ---- recipients (Art. 19) */

enum code request_told_recipient(const struct request_desk *d, int64_t number, int64_t task, const char *how, const struct request_by *by, struct err *reterr) {
    PRE(d != NULL && by != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    size_t lost = mem_lost();
    enum code code = request_open(d, number, &w, reterr);
    json_t *one = code == OK ? json_array_get(json_object_get(w.entry, "recipients"), task < 1 ? SIZE_MAX : (size_t)task - 1) : NULL;
    if (code == OK && one == NULL)
        code = err_set(reterr, E_NOT_FOUND, "there is no recipient of that number");
    if (code == OK && json_is_object(json_object_get(one, "told")))
        code = err_set(reterr, E_CONFLICT, "this recipient was told already");
    json_t *told = json_object();
    if (code == OK)
        code = request_text(how, "/how", true, 400, told, "how", reterr);
    if (code == OK) {
        json_object_set_new(told, "by", by_json(by));
        json_object_set(one, "told", told);
        code = mem_lost() != lost ? request_memory(reterr) : request_next_step(&w, EVENT_TOLD, by, NULL, reterr);
    }
    json_decref(told);
    return code;
}
