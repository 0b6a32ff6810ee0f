/* turns_sms.c — who has spent most of what its text messages may cost today is told by a letter to the tenant's own role, once a day. Which day was told of
 * is written with the letters, so none is told twice; what a day cost is forgotten after a year. */
#include <stdio.h>
#include <string.h>

#include "api/api_int.h"
#include "api/jobs.h"
#include "base/mem.h"
#include "base/say.h"
#include "charter/prices.h"
#include "messages/gate.h"
#include "messages/sms_allow.h"
#include "messages/sms_cost.h"
#include "records/post.h"
#include "retention/notice.h"
#include "store/sms.h"
#include "store/tables.h"

#define PACE (5 * USEC_PER_SEC)
#define MOST 32u                              /* people of a tenant that are told */

enum text {
#define TEXT(id, en, pl, hu) TEXT_##id,
#include "api/texts_sms.tbl"
#undef TEXT
};
static const struct words texts[] = {
#define TEXT(id, en, pl, hu) [TEXT_##id] = WORDS(en, pl, hu),
#include "api/texts_sms.tbl"
#undef TEXT
};

struct warning { struct service *s; int64_t tenant, day, spent; usec_t now; struct post_ready letters[MOST]; size_t count; enum code code; struct err err; };

static void letter_words(const struct warning *w, enum lang lang, struct buf *subject, struct buf *text) {
    const struct sms_rules *r = charter_sms(service_charter(w->s));
    char spent[PRICE_TEXT], cap[PRICE_TEXT];
    AUTO(buf_done) struct buf day = BUF(128);
    const struct civil c = zone_civil(charter_zone(service_charter(w->s)), w->now);
    say_date(&day, lang, &c);
    say_plain(subject, texts[TEXT_SMS_WARN_SUBJECT].in[lang], SAY_ARGS(price_text(w->spent, spent), price_text(r->spend, cap), r->currency));
    say_plain(text, texts[TEXT_SMS_WARN_TEXT].in[lang], SAY_ARGS(buf_str(&day), spent, cap, r->currency));
}

static bool letter_make(const struct notice_person *p, void *arg) {
    struct warning *w = arg;
    AUTO(buf_done) struct buf subject = BUF(POST_SUBJECT_MAX), text = BUF(4096);
    letter_words(w, p->lang, &subject, &text);
    const struct post post = { .cause = "sms", .about = w->day, .to = p->email, .to_name = p->name[0] == 0 ? NULL : p->name, .lang = p->lang, .subject = buf_str(&subject), .text = buf_str(&text),
                               .whom = p->account, .until = w->now + 2 * USEC_PER_DAY };
    w->code = post_seal(w->s, w->tenant, &post, &w->letters[w->count], &w->err);
    w->count += w->code == OK;
    return w->code == OK && w->count < MOST;
}

static enum code warn_write(struct txn *t, void *arg, struct err *reterr) {
    struct warning *w = arg;
    struct sms_spend today;
    enum code code = sms_spend_of(txn_sql(t), w->day, &today, reterr);
    if (code != OK || today.warned != 0)
        return code;                           /* another run was sooner */
    for (size_t i = 0; code == OK && i < w->count; i++)
        code = post_put(t, &w->letters[i], reterr);
    return code == OK ? sms_spend_warned(t, w->day, w->now, reterr) : code;
}

static enum code warn(struct api *a, struct warning *w, struct err *reterr) {
    const struct person *people;
    const struct charter *c = service_charter(w->s);
    (void)charter_people(c, &people);
    enum code code = role_told(a, w->tenant, people[charter_tenant(c)].name, letter_make, w, reterr);
    if (code == OK && w->code != OK) {
        *reterr = w->err;
        code = w->code;
    }
    if (code == OK)
        code = store_write(service_store(w->s), w->tenant, warn_write, w, reterr);
    for (size_t i = 0; i < w->count; i++)
        post_ready_done(&w->letters[i]);
    return code;
}

static enum code warn_where_due(struct api *a, struct service *s, int64_t tenant, usec_t now, struct err *reterr) {
    AUTO(mem_free) struct warning *w = mem_new(sizeof *w);
    bool due = false;
    if (w == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    *w = (struct warning){ .s = s, .tenant = tenant, .now = now };
    enum code code = sms_warning_due(s, tenant, now, &due, &w->day, &w->spent, reterr);
    return code == OK && due ? warn(a, w, reterr) : code;
}

/* One that cannot be told does not keep the others. */
enum code turn_sms(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct err e, first = { 0 };
    enum code code = OK, worst = OK;
    *ret_next = now + PACE;
    for (size_t i = 0; code == OK && i < a->service_count; i++) {
        int64_t *list = NULL;
        size_t n = 0;
        if (sms_cap(a->services[i]) == INT64_MAX)
            continue;
        code = tenants_all(a->config.store, charter_name(service_charter(a->services[i])), &list, &n, reterr);
        for (size_t k = 0; code == OK && k < n; k++) {
            enum code one = warn_where_due(a, a->services[i], list[k], now, &e);
            if (one != OK && worst == OK) {
                worst = one;
                first = e;
            }
        }
        mem_free(list);
    }
    if (code == OK && worst != OK)
        *reterr = first;
    return code == OK ? worst : code;
}

static enum code forget_write(struct txn *t, void *arg, struct err *reterr) { return sms_spend_forget(t, *(const int64_t *)arg, reterr); }

enum code turn_sms_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    const struct span year = { .years = 1 };
    enum code code = OK;
    *ret_next = now + USEC_PER_DAY;
    if (turn_waits(a, now, ret_next))          /* what today cost would be forgotten, and spent a second time */
        return OK;
    for (size_t i = 0; code == OK && i < a->service_count; i++) {
        struct service *s = a->services[i];
        int64_t *list = NULL, before = gate_day(s, zone_add(charter_zone(service_charter(s)), now, &year, -1));
        size_t n = 0;
        code = tenants_all(a->config.store, charter_name(service_charter(s)), &list, &n, reterr);
        for (size_t k = 0; code == OK && k < n; k++)
            code = store_write(service_store(s), list[k], forget_write, &before, reterr);
        mem_free(list);
    }
    return code;
}
