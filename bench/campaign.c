/* campaign.c — two figures of campaigns: how fast one is walked, page by page, and what it costs to seal the log of deliveries: the same rows sealed and
 * plain, in turns, in one run, each in group commits as the postman makes them. Usage: CAMPAIGN_PEOPLE=100000 CAMPAIGN_DELIVERIES=4096 bench_campaign. */
#include <stdlib.h>

#include "base/text.h"
#include "messages/campaign_int.h"
#include "records/beside.h"
#include "records/service.h"
#include "records/testbed.h"
#include "lists.h"
#include "store/rows.h"

#define TEXT                                                                                                                                         \
    "charter: mail\ntitle: Mail\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: Mail sp. z o.o.\n  country: PL\n"       \
    "  contact: iod@mail.example\n  authority: UODO\npeople:\n  recipient: a person\n  customer: a company\ntenant: customer\n"                      \
    "records:\n  account:\n    belongs_to: customer\n    holds:\n      title: text\n    keep: until the customer deletes it\n    when_deleted: erase delivery\n" \
    "  list:\n    belongs_to: customer\n    holds:\n      title: text\n    keep: until the customer deletes it\n    when_deleted: erase subscription\n" \
    "  subscription:\n    we_are: processor for the customer\n    belongs_to: list\n    about: recipient\n    because: contract with the customer\n" \
    "    used_for: [sending]\n    holds:\n      email: personal email, found exactly\n    keep: 90 days after created, then erase\n"                 \
    "  delivery:\n    we_are: processor for the customer\n    belongs_to: account\n    about: recipient\n    because: contract with the customer\n"   \
    "    used_for: [showing]\n    holds:\n      to: personal email, masked\n      at: time, sorted\n      code: number\n      encrypted: yes/no\n"   \
    "    keep: 90 days after at, then erase\n"                                                                                                      \
    "who_sees:\n  customer: everything of own account, everything of own list, everything of own subscription, everything of own delivery\n"        \
    "agreement: needed before any personal data\nmasks:\n  email: first letter and 10 stars\n"                                                       \
    "messages:\n  email: only to recipient of the same list, at most 3 a day for each person\n"
#define GROUP 64u
#define ROUNDS 5

/* ---- the walk */

struct adding { struct campaign_row row; int64_t number; };
static enum code add(struct txn *t, void *arg, struct err *e) {
    struct adding *a = arg;
    return campaign_add(t, &a->row, &a->number, e);
}

static void walk(struct bed *b, const struct caller *who, int people) {
    const struct uuid list = made(b, who, "list", json_pack("{s:s}", "title", "News"));
    const int kind = charter_kind(b->charter, "subscription");
    list_fill(b, who, &list, people);
    AUTO(campaign_sealed_done) struct campaign_sealed sealed = { .id = 0 };
    const struct campaign_asker by = { asker, (void *)(uintptr_t)who };
    json_t *entry = json_pack("{s:{s:i}}", "by", "token", 1);
    CHECK_OK(campaign_seal(b->service, b->tenant, entry, &sealed, &b->e), &b->e);
    json_decref(entry);
    struct adding a = { .row = { .kind = service_kind(b->service, kind)->number, .scope = list, .template = 1, .purpose = "", .begins = 1, .whose = "token 1", .key = sealed.id,
                                 .blob = sealed.blob.data, .len = sealed.blob.len } };
    CHECK_OK(store_write(b->store, b->tenant, add, &a, &b->e), &b->e);
    usec_t began = clock_steady(), longest = 0;
    int pages = 0;
    for (bool more = true; more; pages++) {
        const usec_t at = clock_steady();
        CHECK_OK(campaign_step(b->service, b->tenant, a.number, &by, &more, &b->e), &b->e);
        longest = clock_steady() - at > longest ? clock_steady() - at : longest;
    }
    const double took = (double)(clock_steady() - began) / 1e6;
    printf("walk: %d people in %d pages, %.1f s, %.0f people/s, longest page %.0f ms\n", people, pages, took, people / took, (double)longest / 1e3);
}

/* ---- the log */

static enum code sealed_put(struct txn *t, void *arg, struct err *e) {
    bool put = false;
    return beside_put(t, arg, &put, e);
}

/* The same row with its values in the clear, as a log that is not sealed would have it. */
struct plain { int32_t kind; struct uuid account; char clear[256]; };
static enum code plain_put(struct txn *t, void *arg, struct err *e) {
    struct plain *p = arg;
    struct row r = { .kind = p->kind, .id = uuid_new(), .version = 1, .created = txn_now(t), .updated = txn_now(t), .due = txn_now(t) + 90 * USEC_PER_DAY, .parent = p->account, .clear = p->clear };
    const struct sorted_value at = { .field = 1, .number = txn_now(t) };
    enum code code = txn_change(t, &r.change, e);
    if (code == OK)
        code = row_put(t, &r, e);
    return code == OK ? index_put(t, p->kind, &r.id, 1, NULL, 0, &at, 1, e) : code;
}

static void group(struct bed *b, const struct uuid *account, bool sealed) {
    struct store_wish wishes[GROUP];
    struct beside *list[GROUP] = { NULL };
    struct plain rows[GROUP];
    char at[32];
    for (size_t i = 0; i < GROUP; i++) {
        (void)time_format(clock_now(), at, sizeof at);
        if (sealed) {
            json_t *fields = json_pack("{s:s, s:s, s:i, s:b}", "to", "person@people.example", "at", at, "code", 250, "encrypted", 1);
            CHECK_OK(beside_new(b->service, b->tenant, charter_kind(b->charter, "delivery"), account, fields, &list[i], &b->e), &b->e);
            json_decref(fields);
        } else {
            rows[i] = (struct plain){ .kind = 9999, .account = *account };
            snprintf(rows[i].clear, sizeof rows[i].clear, "{\"to\":\"p**********@people.example\",\"at\":\"%s\",\"code\":250,\"encrypted\":true}", at);
        }
        wishes[i] = (struct store_wish){ .tenant = b->tenant, .fn = sealed ? sealed_put : plain_put, .arg = sealed ? (void *)list[i] : (void *)&rows[i] };
    }
    store_write_many(b->store, wishes, GROUP);
    for (size_t i = 0; i < GROUP; i++) {
        CHECK_OK(wishes[i].code, &wishes[i].err);
        list[i] = beside_free(list[i]);
    }
}

static double rate(struct bed *b, const struct uuid *account, int count, bool sealed) {
    const usec_t began = clock_steady();
    for (int i = 0; i < count; i += (int)GROUP)
        group(b, account, sealed);
    return count / ((double)(clock_steady() - began) / 1e6);
}

static void log_cost(struct bed *b, const struct caller *who, int count) {
    const struct uuid account = made(b, who, "account", json_pack("{s:s}", "title", "News"));
    double best[2] = { 0, 0 };
    for (int round = 0; round < ROUNDS; round++)
        for (int sealed = 0; sealed < 2; sealed++) {
            const double got = rate(b, &account, count, sealed == 1);
            best[sealed] = got > best[sealed] ? got : best[sealed];
        }
    printf("log: plain %.0f rows/s, sealed %.0f rows/s, ratio %.2f: sealing takes %.1f us a delivery\n", best[0], best[1], best[1] / best[0], 1e6 / best[1] - 1e6 / best[0]);
}

static int of_environment(const char *name, int usual) {
    int64_t n = usual;
    const char *text = getenv(name);
    return text != NULL && text_int(text, 1, 10000000, &n) ? (int)n : usual;
}

TEST(campaigns_are_walked_and_logged) {
    struct bed b;
    bed_start(&b, TEXT);
    const struct caller who = bed_role(&b, b.tenant, "customer");
    walk(&b, &who, of_environment("CAMPAIGN_PEOPLE", 100000));
    log_cost(&b, &who, of_environment("CAMPAIGN_DELIVERIES", 4096));
    bed_end(&b);
}
