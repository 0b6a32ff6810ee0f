/* turns_heard.c — mail that comes in is heard by a thread of its own; once a day what is suppressed for no longer goes; and the tenant's own people are told
 * that their sending pauses. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/jobs.h"
#include "api/page_html.h"
#include "base/log.h"
#include "base/mem.h"
#include "messages/heard.h"
#include "messages/suppress.h"
#include "records/post.h"
#include "store/tables.h"
#include "sys/mail_in.h"

/* ---- mail that comes in */

#define AWAY_MS 1000                         /* until the mailer is asked again */
struct hearing { struct api *api; struct mail_ear *ear; pthread_t thread; };

static enum mail_in_answer take(void *arg, const char *to, const void *message, size_t len) {
    const struct hearing *h = arg;
    const struct mail_heard how = { .keeper = h->api->config.keeper, .domain = h->api->config.bounces, .service = mail_service, .arg = h->api };
    struct err e;
    static const enum mail_in_answer answers[] = { [MAIL_HEARD_TAKEN] = MAIL_IN_TAKEN, [MAIL_HEARD_NOBODY] = MAIL_IN_NOBODY, [MAIL_HEARD_NOT_NOW] = MAIL_IN_LATER };
    const enum mail_heard_end end = mail_heard(&how, to, message, len, &e);
    if (end == MAIL_HEARD_NOT_NOW)
        log_error("bounce_not_taken", &e);
    return answers[end];
}

static void *hear(void *arg) {
    struct hearing *h = arg;
    struct err e;
    while (!mail_ear_stopped(h->ear))
        if (mail_ear_hear(h->ear, take, h, &e) != OK && !mail_ear_stopped(h->ear))
            (void)poll(NULL, 0, AWAY_MS);
    return NULL;
}

enum code hearing_start(struct api *a, struct err *reterr) {
    struct hearing *h;
    if (a->config.ear == NULL || a->config.bounces == NULL)
        return OK;
    h = mem_new(sizeof *h);
    if (h == NULL)
        return err_set(reterr, E_MEMORY, "no memory for mail that comes in");
    *h = (struct hearing){ .api = a, .ear = a->config.ear };
    if (pthread_create(&h->thread, NULL, hear, h) != 0) {
        mem_free(h);
        return err_set(reterr, E_MEMORY, "no thread for mail that comes in");
    }
    a->hearing = h;
    return OK;
}

void hearing_stop(struct api *a) {
    if (a->hearing == NULL)
        return;
    mail_ear_stop(a->hearing->ear);
    (void)pthread_join(a->hearing->thread, NULL);
    a->hearing = mem_free(a->hearing);
}

/* ---- who is told of a pause */

#define LOOK_PACE (5 * USEC_PER_MINUTE)
#define LETTER_LIFE (5 * USEC_PER_DAY)
#define TOLD_MOST 20u

struct untold { int channel; int64_t round; char why[200]; bool any; };
static bool untold_take(const struct pause_row *r, void *arg) {
    struct untold *u = arg;
    if (r->told || r->ended != 0)
        return true;
    *u = (struct untold){ .channel = r->channel, .round = r->round, .any = true };
    snprintf(u->why, sizeof u->why, "%s", r->why);
    return false;
}

struct told { struct post_ready list[TOLD_MOST]; size_t count; const struct untold *u; };

static enum code told_write(struct txn *t, void *arg, struct err *reterr) {
    struct told *l = arg;
    enum code code = sending_pause_told(t, l->u->channel, l->u->round, reterr);
    for (size_t i = 0; code == OK && i < l->count; i++)
        code = post_put(t, &l->list[i], reterr);
    return code;
}

/* The shares in the reader's language: the numbers of what the store keeps in English (messages/suppress.c), in their order: sent, days, bounced, its share, complained,
 * its share. */
static void put_shares(struct buf *ret, const char *why, enum lang lang) {
    enum { SENT, DAYS, BOUNCED, BOUNCED_SHARE, COMPLAINED, COMPLAINED_SHARE, NUMBERS };
    char numbers[NUMBERS][16] = { "" };
    for (size_t i = 0; i < NUMBERS && *why != 0; i++) {
        why += strcspn(why, "0123456789");
        size_t n = strspn(why, "0123456789.");
        snprintf(numbers[i], sizeof numbers[i], "%.*s", (int)(n < sizeof numbers[i] ? n : 0), why);
        why += n;
    }
    say_plain(ret, text_in(TEXT_PAUSE_SHARES, lang), SAY_ARGS(numbers[SENT], numbers[BOUNCED], numbers[BOUNCED_SHARE], numbers[COMPLAINED], numbers[COMPLAINED_SHARE]));
}

static enum code letter_to(struct api *a, struct service *s, int64_t tenant, const struct person_of *p, const struct untold *u, struct post_ready *ret, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(8192), subject = BUF(512), shares = BUF(512);
    const char *title = charter_title(service_charter(s))->in[p->lang];
    title = title != NULL ? title : charter_name(service_charter(s));
    put_shares(&shares, u->why, p->lang);
    say_plain(&subject, text_in(TEXT_PAUSE_SUBJECT, p->lang), SAY_ARGS(title));
    say_plain(&text, text_in(TEXT_PAUSE_LETTER, p->lang), SAY_ARGS(title, channel_name((enum channel)u->channel), buf_str(&shares), a->config.base_url, charter_contact(service_charter(s))));
    if (text.failed || subject.failed)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    return post_seal(s, tenant, &(struct post){ .cause = "pause", .about = u->round, .to = p->email, .to_name = p->name, .lang = p->lang, .subject = buf_str(&subject), .text = buf_str(&text), .whom = p->id,
                                                .until = clock_now() + LETTER_LIFE }, ret, reterr);
}

/* Active members with the tenant's own role. */
static enum code letters_to(struct api *a, struct service *s, int64_t tenant, const struct untold *u, struct told *l, struct err *reterr) {
    const struct person *people;
    json_t *list = NULL, *one;
    size_t i, n = charter_people(service_charter(s), &people);
    const int role = charter_tenant(service_charter(s));
    enum code code = a->people == NULL || role < 0 || (size_t)role >= n ? OK : members_list(a->people, tenant, &list, reterr);
    json_array_foreach(list, i, one) {
        const char *state = json_string_value(json_object_get(one, "state")), *has = json_string_value(json_object_get(one, "role")), *account = json_string_value(json_object_get(one, "account"));
        struct person_of p = { .name = "" };
        struct uuid id;
        if (code != OK || l->count == TOLD_MOST || state == NULL || strcmp(state, "active") != 0 || has == NULL || strcmp(has, people[role].name) != 0 || account == NULL || !uuid_parse(account, &id))
            continue;
        code = account_read(a->people, &id, &p, reterr);
        if (code == OK) {
            l->list[l->count] = (struct post_ready){ .sealed = BUF(1) };
            code = letter_to(a, s, tenant, &p, u, &l->list[l->count], reterr);
            l->count++;
        }
        code = code == E_NOT_FOUND ? OK : code;
        crypto_wipe(&p, sizeof p);
    }
    json_decref(list);
    return code;
}

static enum code tell_tenant(struct api *a, int64_t tenant, struct err *reterr) {
    struct untold u = { .any = false };
    struct told l = { .u = &u };
    struct service *s = NULL;
    struct view *v = NULL;
    enum code code = store_view(a->config.store, tenant, &v, reterr);
    if (code == OK)
        code = sending_pauses(view_sql(v), untold_take, &u, reterr);
    v = view_end(v);
    if (code != OK || !u.any)
        return code;
    code = mail_service(a, tenant, &s, reterr);
    if (code == OK)
        code = letters_to(a, s, tenant, &u, &l, reterr);
    if (code == OK)
        code = store_write(a->config.store, tenant, told_write, &l, reterr);
    if (code == OK)
        log_event(LOG_WARN, "sending_pauses", LOG_INT("tenant", tenant), LOG_TEXT("channel", channel_name((enum channel)u.channel)), LOG_INT("told", l.count));
    for (size_t i = 0; i < l.count; i++)
        post_ready_done(&l.list[i]);
    return code;
}

/* Each tenant by itself: the first error is given at the end. */
static enum code each_tenant(struct api *a, enum code (*fn)(struct api *a, int64_t tenant, struct err *reterr), struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0;
    enum code first = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; i < count; i++) {
        struct err e = { 0 };
        enum code code = fn(a, tenants[i], &e);
        if (code != OK && code != E_NOT_FOUND && first == OK) {
            first = code;
            *reterr = e;
        }
    }
    mem_free(tenants);
    return first;
}

enum code turn_paused(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + LOOK_PACE;
    return each_tenant(a, tell_tenant, reterr);
}

static enum code end_some(struct api *a, int64_t tenant, struct err *reterr) {
    struct service *s = NULL;
    enum code code = mail_service(a, tenant, &s, reterr);
    return code == OK ? suppressions_end(s, tenant, clock_now(), reterr) : code;
}

enum code turn_suppressed(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + USEC_PER_DAY;
    return turn_waits(a, now, ret_next) ? OK : each_tenant(a, end_some, reterr);
}
