/* gate_sms_test.c — the two gates of text messages: every country code of the world against a charter's list, kinds of lines, exceptions until their date,
 * and a cap that many at once cannot pass together. */
#include "messages/gate_number.c"
#include "messages/gate_spend.c"

#include <pthread.h>
#include <stdio.h>

#include "charter/calling.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "store/tables.h"

#define SMS "sms:\n  only_to: \"+36 +48 +44\"\n  spend: at most 1 EUR a day for each tenant\n  exceptions: for one tenant until a date, approved by the administrator\n"

struct smsbed { struct bed b; struct prices *prices; };

static void sms_start(struct smsbed *d, const char *sms) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    AUTO(findings_free) struct findings *f = findings_new();
    static const char list[] = "+48,0.05,EUR\n+44,0.10,EUR\n+43,0.20,EUR\n+3620,0.07,EUR\n";
    buf_text(&text, events_charter);
    buf_text(&text, sms);
    bed_start(&d->b, buf_str(&text));
    CHECK_OK(prices_load_text("prices.csv", list, strlen(list), f, &d->prices, &d->b.e), &d->b.e);
    service_prices_set(d->b.service, d->prices);
}

static void sms_end(struct smsbed *d) {
    bed_end(&d->b);
    d->prices = prices_free(d->prices);
}

static struct gate_ask ask_of(struct smsbed *d, const char *number, const char *text) {
    return (struct gate_ask){ .service = d->b.service, .tenant = d->b.tenant, .channel = CHANNEL_SMS, .stage = STAGE_QUEUE, .address = number, .text = text, .now = clock_now(), .letter = uuid_new() };
}

static struct gate_verdict check(struct smsbed *d, struct gate_ask *a) {
    struct gate_verdict v = { .passes = true };
    CHECK_OK(gate_number_check(a, &v, &d->b.e), &d->b.e);
    if (v.passes)
        CHECK_OK(gate_spend_check(a, &v, &d->b.e), &d->b.e);
    return v;
}

static bool passes(struct smsbed *d, const char *number) {
    struct gate_ask a = ask_of(d, number, NULL);
    return check(d, &a).passes;
}

TEST(listed_mobile_numbers_and_no_others) {
    struct smsbed d;
    const struct calling *all;
    size_t n = calling_all(&all), listed_ones = 0;
    sms_start(&d, SMS);
    static const char *const fine[] = { "+48601234567", "0048 601 234 567", "601 234 567", "+36 20 123 4567", "+447400123456" };
    static const char *const none[] = { "+436641234567", "+48221234567", "+48701234567", "+48801234567", "+48390234567", "+447797123456", "+447781123456", "+447624123456", "+447012345678", "+447612345678",
                                        "+3690123456", "+881612345678", "+12125550100", "+420601234567", "+38344123456", "+38161123456", "none", "", "+4860123456" };
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        CHECK(passes(&d, fine[i]));
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        CHECK(!passes(&d, none[i]));
    for (size_t i = 0; i < n; i++) {
        bool any = false;
        for (int begin = 0; begin < 1000 && !any; begin++)
            for (size_t len = 8; len <= 10 && !any; len++) {
                char text[32];
                snprintf(text, sizeof text, "+%s%03d%.*s", all[i].code, begin, (int)len - 3, "123456789");
                any = passes(&d, text);
            }
        bool in_list = strcmp(all[i].code, "36") == 0 || strcmp(all[i].code, "48") == 0 || strcmp(all[i].code, "44") == 0;
        CHECK_INT(any, in_list);
        listed_ones += any;
    }
    CHECK_INT(listed_ones, 3);
    struct gate_ask mail = ask_of(&d, "ewa@people.example", NULL);
    mail.channel = CHANNEL_EMAIL;
    CHECK(check(&d, &mail).passes);
    sms_end(&d);
}

TEST(says_why) {
    struct smsbed d;
    sms_start(&d, SMS);
    static const struct { const char *number, *text, *why; enum gate gate; } rows[] = {
        { "+436641234567", NULL, "the charter does not list +43 for text messages; the operator may allow it for a time: sejf sms allow", GATE_NUMBER },
        { "+447797123456", NULL, "the number shares the code +44, but is of another country (JE), which the charter does not list; the operator may allow it for a time: sejf sms allow", GATE_NUMBER },
        { "+48701234567", NULL, "text messages go to mobile numbers alone, and this one is premium-rate number of +48: write another into the record", GATE_NUMBER },
        { "+48591234567", NULL, "text messages go to mobile numbers alone, and this one is fixed number of +48: write another into the record", GATE_NUMBER },
        { "+12125550100", NULL, "text messages go to mobile numbers alone, and this one is in no known mobile range of +1: write another into the record", GATE_NUMBER },
        { NULL, NULL, "the record holds no telephone number", GATE_NUMBER }, { "tak", NULL, "what the record holds is no telephone number of any country: mend it", GATE_NUMBER },
        { "+48601234567", "\x01", "the text is too long for a text message, or holds control characters", GATE_NUMBER },
        { "+36301234567", "a", "the price list has no price in EUR for this number, and the charter caps what a tenant spends: add its prefix to sms.prices of sejf.yaml", GATE_SPEND },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gate_ask a = ask_of(&d, rows[i].number, rows[i].text);
        struct gate_verdict v = check(&d, &a);
        CHECK(!v.passes && v.gate == rows[i].gate && v.again == 0);
        CHECK_TEXT(v.why, rows[i].why);
    }
    sms_end(&d);
}

TEST(a_charter_without_a_list_has_its_own_country) {
    struct smsbed d;
    sms_start(&d, "");
    CHECK(passes(&d, "+48601234567") && !passes(&d, "+36201234567") && !passes(&d, "+48221234567"));
    struct gate_ask a = ask_of(&d, "+48601234567", "ą");
    CHECK(check(&d, &a).passes && a.parts == 1 && a.cost == 50000 && !a.unpriced);
    struct gate_ask free_of = ask_of(&d, "+48601234567", "a");
    service_prices_set(d.b.service, NULL);
    CHECK(check(&d, &free_of).passes && free_of.parts == 1 && free_of.cost == 0 && free_of.unpriced);
    sms_end(&d);
}

/* ---- exceptions */

struct deed { struct sms_exception x; int64_t number; bool end; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *k = arg;
    return k->end ? sms_exception_end(t, k->number, reterr) : sms_exception_add(t, &k->x, &k->number, reterr);
}
static int64_t allow(struct smsbed *d, int64_t tenant, const char *prefix, usec_t until) {
    struct deed k = { .x = { .prefix = prefix, .until = until, .whose = "account 1", .why = "a fair" } };
    CHECK_OK(store_write(d->b.store, tenant, act, &k, &d->b.e), &d->b.e);
    return k.number;
}

struct taken { struct gate_ask *ask; struct gate_verdict v; };
static enum code take_number(struct txn *t, void *arg, struct err *reterr) {
    struct taken *k = arg;
    return gate_number_take(t, k->ask, &k->v, reterr);
}

static enum code take_spend(struct txn *t, void *arg, struct err *reterr) {
    struct taken *k = arg;
    k->v = (struct gate_verdict){ .passes = true };
    return gate_spend_take(t, k->ask, &k->v, reterr);
}
static bool take(struct smsbed *d, struct gate_ask *a) {
    struct taken k = { .ask = a };
    CHECK_OK(store_write(d->b.store, a->tenant, take_spend, &k, &d->b.e), &d->b.e);
    return k.v.passes;
}

static bool entry_see(const struct ledger_row *r, void *arg) {
    *(int *)arg += strstr(r->entry, "\"sms_by_exception\"") != NULL;
    return true;
}
static int by_exception(struct smsbed *d) {
    AUTO(view_end) struct view *v = NULL;
    int entries = 0;
    CHECK_OK(store_view(d->b.store, d->b.tenant, &v, &d->b.e), &d->b.e);
    CHECK_OK(ledger_list(view_sql(v), 0, entry_see, &entries, &d->b.e), &d->b.e);
    return entries;
}

TEST(an_exception_is_of_one_tenant_until_its_date) {
    struct smsbed d;
    sms_start(&d, SMS);
    usec_t now = clock_now();
    int64_t number = allow(&d, d.b.tenant, "+43", now + USEC_PER_DAY);
    struct gate_ask a = ask_of(&d, "+436641234567", "a");
    CHECK(check(&d, &a).passes && a.exception == number && a.cost == 200000);
    CHECK(!passes(&d, "+431234567") && !passes(&d, "+43900123456") && !passes(&d, "+380501234567"));        /* of that country, too, mobile numbers alone */
    struct gate_ask other = ask_of(&d, "+436641234567", "a");
    other.tenant = d.b.other;
    CHECK(!check(&d, &other).passes);
    struct gate_ask later = ask_of(&d, "+436641234567", "a");
    later.goes = now + 2 * USEC_PER_DAY;
    CHECK(!check(&d, &later).passes);
    later.goes = 0;
    later.now = now + USEC_PER_DAY;
    CHECK(!check(&d, &later).passes);
    struct gate_ask plain = ask_of(&d, "+48601234567", "a");
    CHECK(check(&d, &plain).passes && plain.exception == 0);
    struct taken k = { .ask = &a };
    CHECK_OK(store_write(d.b.store, d.b.tenant, take_number, &k, &d.b.e), &d.b.e);      /* nothing was taken for it: it does not go */
    CHECK_INT(by_exception(&d), 0);
    CHECK(take(&d, &a));
    for (int i = 0; i < 2; i++)
        CHECK_OK(store_write(d.b.store, d.b.tenant, take_number, &k, &d.b.e), &d.b.e);
    CHECK_INT(by_exception(&d), 1);           /* the ledger says by which it goes, once */
    a.stage = STAGE_SEND;
    struct gate_verdict v = { .passes = true };
    CHECK_OK(gate_text_check(&a, "a", &v, &d.b.e), &d.b.e);
    CHECK(v.passes);
    CHECK_INT(by_exception(&d), 1);
    struct gate_ask moved = ask_of(&d, "+48601234567", "a");       /* queued for a number of the list, and its record has another one now */
    CHECK(check(&d, &moved).passes && take(&d, &moved));
    moved.stage = STAGE_SEND;
    moved.address = "+436641234567";
    for (int i = 0; i < 2; i++) {
        CHECK_OK(gate_text_check(&moved, "a", &v, &d.b.e), &d.b.e);
        CHECK(v.passes && moved.exception == number);
        CHECK_INT(by_exception(&d), 2);
    }
    allow(&d, d.b.tenant, "+447797", now + USEC_PER_DAY);
    CHECK(passes(&d, "+447797123456") && !passes(&d, "+447829123456"));
    struct deed end = { .end = true, .number = number };
    CHECK_OK(store_write(d.b.store, d.b.tenant, act, &end, &d.b.e), &d.b.e);
    CHECK(!passes(&d, "+436641234567"));
    sms_end(&d);
}

TEST(a_charter_without_exceptions_knows_none) {
    struct smsbed d;
    sms_start(&d, "sms:\n  only_to: \"+48\"\n");
    allow(&d, d.b.tenant, "+43", clock_now() + USEC_PER_DAY);
    CHECK(!passes(&d, "+436641234567"));
    sms_end(&d);
}

/* ---- the cap: 1 EUR a day, 20 parts to +48 */

struct racer { struct smsbed *d; int got; };
static void *race(void *arg) {
    struct racer *r = arg;
    struct err e;
    for (int i = 0; i < 5; i++) {
        struct gate_ask a = ask_of(r->d, "+48601234567", "a");
        struct gate_verdict v = { .passes = true };
        struct taken k = { .ask = &a };
        if (gate_number_check(&a, &v, &e) == OK && v.passes && gate_spend_check(&a, &v, &e) == OK && v.passes && store_write(r->d->b.store, a.tenant, take_spend, &k, &e) == OK)
            r->got += k.v.passes;
    }
    return NULL;
}

TEST(many_at_once_never_pass_the_cap_together) {
    struct smsbed d;
    struct racer r[8];
    pthread_t t[8];
    int got = 0;
    sms_start(&d, SMS);
    for (size_t i = 0; i < 8; i++) {
        r[i] = (struct racer){ &d, 0 };
        CHECK(pthread_create(&t[i], NULL, race, &r[i]) == 0);
    }
    for (size_t i = 0; i < 8; i++) {
        CHECK(pthread_join(t[i], NULL) == 0);
        got += r[i].got;
    }
    CHECK_INT(got, 20);                        /* of 40 that were wanted */
    struct gate_ask a = ask_of(&d, "+48601234567", "a");
    struct gate_verdict v = check(&d, &a);
    CHECK(!v.passes && v.gate == GATE_SPEND && v.again > clock_now() && v.again <= clock_now() + 33 * USEC_PER_HOUR);
    CHECK_TEXT(v.why, "the charter lets the tenant spend 1.00 EUR a day on text messages, and less is left of it than the 0.05 that this one costs: it may go from the next day on");
    a.tenant = d.b.other;
    CHECK(check(&d, &a).passes);
    a = ask_of(&d, "+48601234567", "a");
    a.goes = v.again;                          /* the next day */
    CHECK(check(&d, &a).passes && take(&d, &a));
    sms_end(&d);
}

TEST(what_was_taken_counts_once_and_what_grew_is_taken_for) {
    struct smsbed d;
    sms_start(&d, SMS);
    char text[2001];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct gate_ask a = ask_of(&d, "+48601234567", "a"), b = ask_of(&d, "+48601234567", text);
    struct gate_verdict v = check(&d, &b);
    CHECK(!v.passes && v.gate == GATE_NUMBER && v.again == 0);
    CHECK_TEXT(v.why, "the text takes 14 parts, and a text message has 10 at most: shorten it");
    text[1530] = 0;
    struct gate_ask third = ask_of(&d, "+447400123456", "a");
    CHECK(check(&d, &a).passes && take(&d, &a) && check(&d, &b).passes && b.parts == 10 && b.cost == 500000 && take(&d, &b) && check(&d, &third).passes && take(&d, &third));
    for (int i = 0; i < 3; i++) {
        a.stage = b.stage = STAGE_SEND;
        CHECK(check(&d, &a).passes && check(&d, &b).passes);
    }
    a.text = text;                             /* its record changed: 0.50 instead of 0.05, where 0.35 is left */
    v = check(&d, &a);
    CHECK(!v.passes && v.gate == GATE_SPEND && v.again > a.now);
    text[400] = 0;
    a.text = NULL;                             /* as it is asked before its text is made: by what was taken */
    a.cost = 50000;
    CHECK(check(&d, &a).passes && a.cost == 50000);
    v = (struct gate_verdict){ .passes = true };
    CHECK_OK(gate_text_check(&a, text, &v, &d.b.e), &d.b.e);
    CHECK(v.passes && a.cost == 150000 && a.parts == 3 && a.text == NULL);
    struct gate_ask c = ask_of(&d, "+48601234567", text), more = ask_of(&d, "+447400123456", "a");
    CHECK(check(&d, &c).passes && take(&d, &c) && check(&d, &more).passes && take(&d, &more));
    struct gate_ask last = ask_of(&d, "+48601234567", "a");
    v = check(&d, &last);
    CHECK(!v.passes);                         /* 0.15 + 0.50 + 0.10 + 0.15 + 0.10 */
    struct civil when_again = zone_civil(charter_zone(service_charter(d.b.service)), v.again);
    CHECK(when_again.hour == 8 && when_again.minute == 0);     /* no phone rings at midnight */
    a.now = v.again + USEC_PER_HOUR;          /* the next day it is taken anew, and that of the first goes back */
    CHECK(check(&d, &a).passes && check(&d, &last).passes);
    sms_end(&d);
}
