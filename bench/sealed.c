/* sealed.c — what it costs that the log of deliveries is sealed, end to end: a campaign of mail from the store through records, gates, texts and the process mailer to a
 * relay that takes everything, with a log whose rows are sealed, with the same rows in the clear, and with none; in turns, in one run. Prints letters a second and the
 * processor time of this process for each (medians), and the median of what the sealed one is of the plain one of its round,
 * since others may use the machine.
 *   SEALED_PEOPLE=500 SEALED_ROUNDS=31 bench_sealed */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* The table of settled.c, with a log that is written as this program says. */
#define log_prepare switched_prepare
#define log_write switched_write
#define log_done switched_done
#include "messages/settled.c"
#undef log_prepare
#undef log_write
#undef log_done
#include "base/mem.h"
#include "base/text.h"
#include "messages/campaign_int.h"
#include "messages/postman.h"
#include "messages/templates.h"
#include "records/record.h"
#include "records/service.h"
#include "records/testbed.h"
#include "lists.h"
#include "sink.h"
#include "store/rows.h"
enum code log_prepare(const struct settled *s, void **ret, struct err *reterr);
enum code log_write(struct txn *t, const struct settled *s, void *prepared, struct err *reterr);
void log_done(void *prepared);

#define TEXT                                                                                                                                         \
    "charter: mail\ntitle: Mail\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: Mail sp. z o.o.\n  country: PL\n"       \
    "  contact: iod@mail.example\n  authority: UODO\npeople:\n  recipient: a person\n  customer: a company\ntenant: customer\n"                      \
    "records:\n  account:\n    belongs_to: customer\n    holds:\n      title: text\n      pool: one of shared | dedicated\n    keep: until the customer deletes it\n    when_deleted: erase delivery\n" \
    "  list:\n    belongs_to: customer\n    holds:\n      title: text\n    keep: until the customer deletes it\n    when_deleted: erase subscription\n" \
    "  subscription:\n    we_are: processor for the customer\n    belongs_to: list\n    about: recipient\n    because: contract with the customer\n" \
    "    used_for: [sending]\n    holds:\n      email: personal email, found exactly\n    keep: 90 days after created, then erase\n"                 \
    "  delivery:\n    we_are: processor for the customer\n    belongs_to: account\n    about: recipient\n    because: contract with the customer\n"   \
    "    used_for: [showing]\n    holds:\n      to: personal email, masked\n      at: time, sorted\n      pool: one of shared | dedicated\n      code: number\n      encrypted: yes/no\n" \
    "    keep: 90 days after at, then erase\n"                                                                                                      \
    "who_sees:\n  customer: everything of own account, everything of own list, everything of own subscription, everything of own delivery\n"        \
    "agreement: needed before any personal data\nmasks:\n  email: first letter and 10 stars\n"                                                       \
    "messages:\n  email: only to recipient of the same list, at most 1000 a day for each person\n  log: each in delivery\n"

enum how { PLAIN, SEALED, NONE, HOWS };
static const char *const hows[] = { [PLAIN] = "plain", [SEALED] = "sealed", [NONE] = "none" };
static _Atomic int how;

/* ---- the log */

struct switched { bool plain; struct uuid account; char clear[512]; void *sealed; };

static enum code plain_make(const struct settled *s, struct switched *ret, struct err *e) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct record *account = NULL;
    char at[32];
    enum code code = log_account(s->service, s->tenant, s->out->ask.kind, &s->row->record, &s->out->ask.parent, arena, &account, e);
    if (code == OK && account != NULL)
        ret->account = account->id;
    snprintf(ret->clear, sizeof ret->clear, "{\"to\":\"%s\",\"at\":\"%s\",\"pool\":\"shared\",\"code\":%d,\"encrypted\":false}", s->out->to, time_format(clock_now(), at, sizeof at), s->row->status);
    ret->plain = true;
    return code;
}

enum code switched_prepare(const struct settled *s, void **ret, struct err *e) {
    struct switched *w = how == NONE || !s->final || s->out == NULL ? NULL : mem_new(sizeof *w);
    if (w == NULL)
        return OK;
    *w = (struct switched){ .plain = false };
    *ret = w;
    return how == PLAIN ? plain_make(s, w, e) : log_prepare(s, &w->sealed, e);
}

enum code switched_write(struct txn *t, const struct settled *s, void *prepared, struct err *e) {
    const struct switched *w = prepared;
    if (w == NULL || !w->plain)
        return w == NULL ? OK : log_write(t, s, w->sealed, e);
    struct row r = { .kind = 9999, .id = uuid_new(), .version = 1, .created = txn_now(t), .updated = txn_now(t), .due = txn_now(t) + 90 * USEC_PER_DAY, .parent = w->account, .clear = w->clear };
    const struct sorted_value at = { .field = 1, .number = txn_now(t) };
    enum code code = txn_change(t, &r.change, e);
    if (code == OK)
        code = row_put(t, &r, e);
    return code == OK ? index_put(t, r.kind, &r.id, 1, NULL, 0, &at, 1, e) : code;
}

void switched_done(void *prepared) {
    struct switched *w = prepared;
    if (!w->plain && w->sealed != NULL)
        log_done(w->sealed);
    mem_free(w);
}

/* ---- the way */

static enum code way_send(void *arg, const struct mail_letter *letter, mail_go_fn go, void *go_arg, bool *ret_went, struct mail_reply *ret, struct err *e) {
    return mail_send(arg, letter, go, go_arg, ret_went, ret, e);
}
static enum code way_ask(void *arg, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *e) { return mail_ask(arg, id, attempt, ret, e); }
static enum code service_of(void *arg, int64_t tenant, struct service **ret, struct err *e) {
    (void)tenant;
    (void)e;
    *ret = arg;
    return OK;
}

/* ---- people, and a campaign to all of them */

struct hall { struct bed b; struct caller who; struct uuid list; int people; struct mail_line *line; };

static void hall_start(struct hall *h) {
    bed_start(&h->b, TEXT);
    h->who = bed_role(&h->b, h->b.tenant, "customer");
    (void)made(&h->b, &h->who, "account", json_pack("{s:s, s:s}", "title", "News", "pool", "shared"));
    h->list = made(&h->b, &h->who, "list", json_pack("{s:s}", "title", "News"));
    list_fill(&h->b, &h->who, &h->list, h->people);
    json_t *body = json_pack("{s:s, s:{s:s, s:s}}", "kind", "subscription", "en", "subject", "News of the week", "text", "Hello,\n\nthis is what happened in the week."), *put = NULL, *mistakes = NULL;
    CHECK_OK(template_put(h->b.service, &h->who, "news", body, &put, &mistakes, &h->b.e), &h->b.e);
    json_decref(put);
    json_decref(body);
}

static void campaign(struct hall *h) {
    const struct campaign_asker by = { asker, &h->who };
    int64_t number = 0;
    const struct campaign_wish w = { .kind = charter_kind(h->b.charter, "subscription"), .scope = h->list, .template_name = "news" };
    CHECK_OK(campaign_make(h->b.service, &h->who, &w, NULL, NULL, &number, &h->b.e), &h->b.e);
    for (bool more = true; more;)
        CHECK_OK(campaign_step(h->b.service, h->b.tenant, number, &by, &more, &h->b.e), &h->b.e);
}

static double processor(void) {
    struct rusage u;
    CHECK(getrusage(RUSAGE_SELF, &u) == 0);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

struct figure { double a_second, processor_us; };

/* From the first look of the postman until all are done; the walk is not in it. */
static struct figure sent(struct hall *h, enum how as) {
    const struct deliver d = { .store = h->b.store, .keeper = h->b.keeper, .service = service_of, .service_arg = h->b.service,
                               .way = { .send = way_send, .ask = way_ask, .arg = h->line, .from = "service@seats.example", .relay = "127.0.0.1", .base_url = "https://seats.example:8443", .bounces = "bounces.seats.example" } };
    struct postman *p = NULL;
    struct postman_status s = { 0 };
    usec_t next;
    campaign(h);
    how = (int)as;
    const usec_t began = clock_steady();
    const double cpu = processor();
    CHECK_OK(postman_start(&d, &p, &h->b.e), &h->b.e);
    for (; s.done < (uint64_t)h->people && clock_steady() - began < 600 * USEC_PER_SEC; postman_status(p, CHANNEL_EMAIL, &s)) {
        CHECK_OK(postman_look(p, clock_now(), &next, &h->b.e), &h->b.e);
        (void)usleep(5000);
    }
    CHECK_INT(s.done, h->people);
    const struct figure f = { h->people / ((double)(clock_steady() - began) / 1e6), (processor() - cpu) * 1e6 / h->people };
    p = postman_stop(p);
    return f;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *list, int count) {
    qsort(list, (size_t)count, sizeof *list, by_size);
    return list[count / 2];
}

static int of_environment(const char *name, int usual, int most) {
    int64_t n = usual;
    const char *text = getenv(name);
    return text != NULL && text_int(text, 1, most, &n) ? (int)n : usual;
}

#define ROUNDS_MOST 32
TEST(a_sealed_log_beside_a_plain_one) {
    static struct hall h;
    struct sunk k;
    struct sink_sum *sum = mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double rate[HOWS][ROUNDS_MOST], cost[HOWS][ROUNDS_MOST];
    const int rounds = of_environment("SEALED_ROUNDS", 31, ROUNDS_MOST);
    h.people = of_environment("SEALED_PEOPLE", 500, 100000);
    CHECK(sum != MAP_FAILED && sink_start(&k, 0, sum));
    hall_start(&h);
    CHECK_OK(mail_line_new(k.line, &h.line, &h.b.e), &h.b.e);
    (void)sent(&h, SEALED);                    /* what is kept for later is kept now */
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < HOWS; i++) {
            const int as = (i + round) % HOWS;
            const struct figure f = sent(&h, (enum how)as);
            rate[as][round] = f.a_second;
            cost[as][round] = f.processor_us;
        }
    double pairs[ROUNDS_MOST], processors[ROUNDS_MOST];
    for (int round = 0; round < rounds; round++) {
        pairs[round] = rate[SEALED][round] / rate[PLAIN][round];
        processors[round] = cost[PLAIN][round] / cost[SEALED][round];
    }
    for (int as = 0; as < HOWS; as++)
        printf("%s: %.0f letters/s, %.0f us of the server's processor time a letter\n", hows[as], median(rate[as], rounds), median(cost[as], rounds));
    printf("sealed of plain, each beside the other: %.2f in letters a second, %.2f in processor time\n", median(pairs, rounds), median(processors, rounds));
    CHECK_INT(sum->letters, h.people * (rounds * HOWS + 1));
    mail_line_free(h.line);
    sink_stop(&k);
    bed_end(&h.b);
}
