/* turns_requests.c — the clocks of requests under people's rights: those whose next look has come are looked at, and the people of the
 * tenant's own role are told of deadlines by letter (the operator's contact, where none of them has an address). Two servers that look at once
 * are told apart by the step (request_set). */
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/desk.h"
#include "api/jobs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/say.h"
#include "records/post.h"
#include "rights/tell.h"
#include "store/request.h"
#include "store/tables.h"

#define AT_ONCE 100u
#define TOLD_MOST 20u
#define KEEP_TRYING (14 * USEC_PER_DAY)

struct due_list { struct { int64_t tenant, number; } list[AT_ONCE]; size_t count; };

static bool due_take(int64_t tenant, int64_t number, usec_t next UNUSED, void *arg) {
    struct due_list *l = arg;
    l->list[l->count].tenant = tenant;
    l->list[l->count].number = number;
    return ++l->count < AT_ONCE;
}

/* ---- the letter */

enum { WARN_LEFT, WARN_TODAY, WARN_LATE };
static const struct { struct words subject, text; } warnings[] = {
#define WARNING(name, sen, spl, shu, ten, tpl, thu) [name] = { WORDS(sen, spl, shu), WORDS(ten, tpl, thu) },
#include "api/texts_requests.tbl"
#undef WARNING
};

struct telling { struct api *api; struct post_ready letters[TOLD_MOST]; size_t count; };

static void telling_done(struct telling *t) {
    for (size_t i = 0; i < t->count; i++)
        post_ready_done(&t->letters[i]);
    t->count = 0;
}
DEFINE_AUTO_VALUE(struct telling, telling_done)

struct warning { const struct request_desk *d; int64_t number; int type, left; usec_t due; };

static enum code warn_one(struct telling *t, const struct warning *w, const char *to, const char *name, enum lang lang, struct err *reterr) {
    AUTO(buf_done) struct buf number = BUF(32), due = BUF(64), days = BUF(64), subject = BUF(POST_SUBJECT_MAX), text = BUF(POST_TEXT_MAX);
    static const struct noun day = NOUN("day", "days", "dzień", "dni", "dni", "nap");
    const struct charter *c = service_charter(w->d->service);
    struct civil last = zone_civil(charter_zone(c), w->due - 1);
    int which = w->left > 0 ? WARN_LEFT : w->left == 0 ? WARN_TODAY : WARN_LATE;
    buf_printf(&number, "%lld", (long long)w->number);
    say_date(&due, lang, &last);
    say_count(&days, lang, w->left, &day);
    const char *const args[] = { buf_str(&number), tell_type(w->type, lang), buf_str(&due), buf_str(&days), tell_service(w->d, lang), w->d->tenant_name == NULL ? "" : w->d->tenant_name, NULL };
    say_plain(&subject, warnings[which].subject.in[lang], args);
    say_plain(&text, warnings[which].text.in[lang], args);
    if (number.failed || due.failed || days.failed || subject.failed || text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    const struct post p = { .cause = "request_clock", .about = w->number, .to = to, .to_name = name, .lang = lang, .subject = buf_str(&subject), .text = buf_str(&text), .until = clock_now() + KEEP_TRYING };
    t->letters[t->count] = (struct post_ready){ .sealed = BUF(1) };
    enum code code = post_seal(w->d->service, w->d->tenant, &p, &t->letters[t->count], reterr);
    t->count += code == OK;
    return code == E_FIELDS ? OK : code;       /* an address that takes no letters */
}

/* Members in force of the tenant's own role. */
static enum code warn_members(struct telling *t, const struct warning *w, struct err *reterr) {
    const struct charter *c = service_charter(w->d->service);
    const struct person *people;
    size_t n = charter_people(c, &people), i;
    int own = charter_tenant(c);
    json_t *list = NULL, *one;
    enum code code = api_people(t->api) == NULL || w->d->tenant == 0 ? OK : members_list(api_people(t->api), w->d->tenant, &list, reterr);
    json_array_foreach(list, i, one) {
        const char *role = json_string_value(json_object_get(one, "role")), *state = json_string_value(json_object_get(one, "state"));
        const char *email = json_string_value(json_object_get(one, "email")), *lang = json_string_value(json_object_get(one, "language"));
        enum lang in = lang_accept(lang, charter_speaks(c), charter_first_lang(c));
        if (code == OK && t->count < TOLD_MOST && email != NULL && state != NULL && strcmp(state, "active") == 0 && own >= 0 && (size_t)own < n && role != NULL && strcmp(role, people[own].name) == 0)
            code = warn_one(t, w, email, NULL, in, reterr);
    }
    json_decref(list);
    return code;
}

static enum code warn(void *arg, const struct request_desk *d, int64_t number, int type, usec_t due, int left, struct post_ready **ret, size_t *ret_count, struct err *reterr) {
    struct telling *t = arg;
    const struct warning w = { .d = d, .number = number, .type = type, .left = left, .due = due };
    enum code code = warn_members(t, &w, reterr);
    const struct charter *c = service_charter(d->service);
    if (code == OK && t->count == 0)
        code = warn_one(t, &w, charter_contact(c), NULL, lang_accept(NULL, charter_speaks(c), charter_first_lang(c)), reterr);
    if (code == OK) {
        *ret = t->letters;
        *ret_count = t->count;
    }
    return code;
}

/* ---- the turn */

static enum code one(struct api *a, int64_t tenant, int64_t number, usec_t now, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(4u << 20);
    AUTO(telling_done) struct telling t = { .api = a };
    AUTO(view_end) struct view *v = NULL;
    struct request_row row;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a request") : store_view(a->config.store, tenant, &v, reterr);
    if (code == OK)
        code = request_get(view_sql(v), number, arena, &row, reterr);
    v = view_end(v);
    struct service *s = code == OK ? api_service(a, row.service) : NULL;
    if (code != OK || s == NULL)
        return code;                           /* a service that does not run is looked at when it does */
    struct request_desk d = desk_of(a, s, tenant, arena);
    code = request_tick(&d, number, now, warn, &t, reterr);
    return code == E_CONFLICT || code == E_NOT_FOUND ? OK : code;
}

enum code requests_look(struct api *a, usec_t now, struct err *reterr) {
    struct due_list l = { .count = 0 };
    enum code first = requests_next(a->config.store, now, due_take, &l, reterr);
    for (size_t i = 0; i < l.count; i++) {     /* one that cannot be read does not keep the others waiting */
        struct err e;
        enum code code = one(a, l.list[i].tenant, l.list[i].number, now, &e);
        if (code != OK && first == OK) {
            first = code;
            *reterr = e;
        }
    }
    return first;
}
