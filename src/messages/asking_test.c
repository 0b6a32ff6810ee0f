/* asking_test.c — what is an answer and what is none; at a socket only the declared user is believed, and nobody holds a question longer than it may last. */
#include "messages/asking.c"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "records/testbed.h"
#include "records/testcharters.h"

TEST(answers) {
    static const struct { const char *text; enum ask_answer want; const char *why; } rows[] = {
        { "{\"allow\": true}", ASK_YES, "" }, { "{\"allow\": false}", ASK_NO, "" }, { "{\"allow\": false, \"why\": \"no stock\"}", ASK_NO, "no stock" }, { "{\"allow\": true, \"why\": \"x\"}", ASK_YES, "" },
        { "{\"allow\": false, \"why\": \"one\\ntwo\\u0007 100%\"}", ASK_NO, "one two  100 " }, { "{\"allow\": true, \"more\": 1}", ASK_YES, "" },
        { "{\"allow\": false, \"why\": \"a\\u202eb\\u2028c\\u0085d\\u2066e\\ufefff \\u0142\\u20ac\"}", ASK_NO, "a b c d e f \xc5\x82\xe2\x82\xac" },
        { "", ASK_SILENT, "" }, { "true", ASK_SILENT, "" }, { "{}", ASK_SILENT, "" }, { "{\"allow\": \"true\"}", ASK_SILENT, "" }, { "{\"allow\": 1}", ASK_SILENT, "" }, { "{\"allow\": null}", ASK_SILENT, "" },
        { "{\"allow\": false, \"why\": 7}", ASK_SILENT, "" }, { "{\"allow\": true, \"allow\": false}", ASK_SILENT, "" }, { "{\"allow\": true", ASK_SILENT, "" }, { "[{\"allow\": true}]", ASK_SILENT, "" },
        { "{\"allow\": true} {\"allow\": true}", ASK_SILENT, "" }, { "\xff", ASK_SILENT, "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char why[ASK_WHY + 1] = "unset";
        CHECK_INT(asking_read(rows[i].text, strlen(rows[i].text), why), rows[i].want);
        CHECK_TEXT(why, rows[i].why);
    }
    AUTO(buf_done) struct buf longest = BUF(4096);
    char why[ASK_WHY + 1];
    buf_text(&longest, "{\"allow\": false, \"why\": \"a");
    for (int i = 0; i < 300; i++)
        buf_text(&longest, "ż");
    buf_text(&longest, "\"}");
    CHECK(asking_read(buf_str(&longest), longest.len, why) == ASK_NO && strlen(why) == ASK_WHY - 1 && text_is_utf8(why, strlen(why)));
    AUTO(buf_done) struct buf large = BUF(1u << 20);
    buf_text(&large, "{\"allow\": true, \"more\": \"");
    while (large.len <= ASKING_ANSWER)
        buf_text(&large, "xxxxxxxxxxxxxxxx");
    buf_text(&large, "\"}");
    CHECK(asking_read(buf_str(&large), large.len, why) == ASK_SILENT);
}

/* ---- a peer at a socket */

struct place { char directory[64], path[96]; int listen; pthread_t thread; const char *answer; /* NULL: says nothing */ _Atomic bool floods; char got[4096]; };

static void *peer_run(void *arg) {
    struct place *p = arg;
    for (;;) {
        int fd = accept4(p->listen, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        size_t n = 0;
        for (ssize_t r; n < sizeof p->got - 1 && (r = read(fd, p->got + n, sizeof p->got - 1 - n)) > 0 && memchr(p->got, '\n', n + (size_t)r) == NULL;)
            n += (size_t)r;
        bool fine = p->answer == NULL || send(fd, p->answer, strlen(p->answer), MSG_NOSIGNAL) >= 0;
        while (fine && p->floods)
            fine = send(fd, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 32, MSG_NOSIGNAL) > 0;
        char ignored;
        while (fine && read(fd, &ignored, 1) > 0)      /* until the other end goes */
            ;
        close(fd);
    }
}

static void peer_begin(struct place *p, const char *answer) {
    struct err e;
    *p = (struct place){ .directory = "/tmp/sejf-ask-XXXXXX", .answer = answer };
    CHECK(mkdtemp(p->directory) != NULL);
    snprintf(p->path, sizeof p->path, "%s/ask.sock", p->directory);
    CHECK_OK(listen_unix(p->path, 0600, &p->listen, &e), &e);
    CHECK(pthread_create(&p->thread, NULL, peer_run, p) == 0);
}
static void peer_end(struct place *p) {
    struct err e;
    shutdown(p->listen, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listen);
    CHECK_OK(dir_remove(p->directory, &e), &e);
}

static unsigned seats_taken(const struct questioner *a) {
    unsigned n = 0;
    for (size_t i = 0; i < ASKING_MOST; i++)
        n += a->places[0].asks[i].taken;
    return n;
}

static enum ask_answer asks(struct bed *b, const struct place *p, uid_t user, int within, char why[ASK_WHY + 1]) {
    const struct asker list[] = { { .name = "stock", .socket = p->path, .user = "x" } };
    AUTO(asking_free) struct questioner *a = NULL;
    CHECK_OK(asking_new(&(struct asking_setup){ list, &user, 1, NULL, NULL }, &a, &b->e), &b->e);
    const struct ask_question q = { b->service, b->tenant, "stock", within, "{\"kind\":\"event\"}", 16, false };
    struct ask_way way = asking_way(a);
    enum ask_answer answer = way.ask(way.arg, &q, why);
    CHECK(seats_taken(a) == 0);
    return answer;
}

TEST(a_peer_at_a_socket) {
    struct bed b;
    struct place p;
    char why[ASK_WHY + 1];
    bed_start(&b, events_charter);
    peer_begin(&p, "{\"allow\": false, \"why\": \"no stock\"}\n");
    CHECK(asks(&b, &p, geteuid(), 30000, why) == ASK_NO);
    CHECK_TEXT(why, "no stock");
    CHECK(strncmp(p.got, "{\"kind\":\"event\"}\n", 17) == 0);
    CHECK(asks(&b, &p, geteuid() + 1, 30000, why) == ASK_SILENT);            /* somebody else has taken the socket */
    peer_end(&p);
    CHECK(asks(&b, &p, geteuid(), 30000, why) == ASK_SILENT);                /* nobody is there */
    peer_begin(&p, NULL);
    usec_t began = clock_steady();
    CHECK(asks(&b, &p, geteuid(), 50, why) == ASK_SILENT && clock_steady() - began >= 50000 && clock_steady() - began < 30 * USEC_PER_SEC);
    p.floods = true;
    CHECK(asks(&b, &p, geteuid(), 30000, why) == ASK_SILENT);                /* an answer without an end */
    peer_end(&p);
    bed_end(&b);
}

static enum code fetch_says(void *arg, const struct fetch_request *r, struct fetch_reply *ret, struct err *e) {
    const char *text = arg;
    CHECK(r->use == FOR_ASKERS && r->wait_ms >= 1 && r->wait_ms <= 300 && r->most == ASKING_ANSWER);
    if (text == NULL)
        return err_set(e, E_PEER, "nobody");
    ret->status = text[0] == '5' ? 500 : 200;
    buf_text(&ret->body, text[0] == '5' ? "{\"allow\": true}" : text);
    return OK;
}

static enum ask_answer asks_url(struct bed *b, const char *says, int64_t tenant, const char *name, struct questioner **keep) {
    static const struct asker list[] = { { .name = "rules", .url = "https://rules.example/ask", .host = "rules.example" } };
    char why[ASK_WHY + 1];
    if (*keep == NULL)
        CHECK_OK(asking_new(&(struct asking_setup){ list, NULL, 1, fetch_says, (void *)(uintptr_t)says }, keep, &b->e), &b->e);
    struct ask_way way = asking_way(*keep);
    const struct ask_question q = { b->service, tenant, name, 300, "{}", 2, false };
    return way.ask(way.arg, &q, why);
}

TEST(a_peer_at_an_address_and_tenants_of_probes) {
    static const struct { const char *says; enum ask_answer want; } rows[] = { { "{\"allow\": true}", ASK_YES }, { "{\"allow\": false}", ASK_NO }, { NULL, ASK_SILENT }, { "5", ASK_SILENT }, { "yes", ASK_SILENT } };
    struct bed b;
    bed_start(&b, events_charter);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(asking_free) struct questioner *a = NULL;
        CHECK_INT(asks_url(&b, rows[i].says, b.tenant, "rules", &a), rows[i].want);
    }
    AUTO(asking_free) struct questioner *a = NULL;
    int64_t probe = 0;
    CHECK_OK(tenant_make(b.store, charter_name(b.charter), "probe", true, &probe, &b.e), &b.e);
    CHECK(asks_url(&b, NULL, probe, "rules", &a) == ASK_YES);                /* nobody is asked about records of probes */
    asking_probe(a, probe, ASK_NO);
    CHECK(asks_url(&b, NULL, probe, "rules", &a) == ASK_NO && asks_url(&b, NULL, b.tenant, "rules", &a) == ASK_SILENT);
    CHECK(asks_url(&b, NULL, b.tenant, "nobody", &a) == ASK_SILENT);
    for (size_t i = 0; i < ASKING_MOST; i++) /* all of them wait */
        a->places[0].asks[i] = (struct seat){ true, false, 900 + (int64_t)i };
    usec_t began = clock_steady();
    CHECK(asks_url(&b, "{\"allow\": true}", b.tenant, "rules", &a) == ASK_SILENT && seats_taken(a) == ASKING_MOST && clock_steady() - began >= 300000);
    bed_end(&b);
}

TEST(nobody_takes_all_places_and_who_finds_none_waits_for_one) {
    static const struct asker list[] = { { .name = "rules", .url = "https://rules.example/ask", .host = "rules.example" } };
    AUTO(asking_free) struct questioner *a = NULL;
    struct err e;
    CHECK_OK(asking_new(&(struct asking_setup){ list, NULL, 1, NULL, NULL }, &a, &e), &e);
    const struct ask_question one = { .tenant = 1, .asker = "rules" }, two = { .tenant = 2, .asker = "rules" }, form = { .tenant = 3, .asker = "rules", .by_form = true };
    struct seat *held[ASKING_MOST];
    usec_t now = clock_steady();
    for (size_t i = 0; i < ASKING_TENANT; i++)
        CHECK((held[i] = seat_take(a, 0, &one, now)) != NULL);
    CHECK(seat_take(a, 0, &one, now) == NULL && seat_take(a, 0, &two, now) != NULL);
    for (size_t i = 0; i < ASKING_FORMS; i++)
        CHECK(seat_take(a, 0, &form, now) != NULL);
    CHECK(seat_take(a, 0, &form, now) == NULL && seat_take(a, 0, &two, now) != NULL && seat_take(a, 0, &two, now) == NULL);       /* all eight */
    seat_give(a, held[0]);
    CHECK(seat_take(a, 0, &two, clock_steady() + 30 * USEC_PER_SEC) == held[0]);
    seat_give(a, held[1]);
    CHECK(seat_take(a, 0, &form, clock_steady() + 1000) == NULL && seat_take(a, 0, &one, now) == held[1]);
}

/* ---- many at an asker that does not answer */

#define CROWD 20u
struct crowd { struct questioner *a; struct ask_question q; usec_t until; _Atomic unsigned refused, seated; };

static void *crowd_one(void *arg) {
    struct crowd *c = arg;
    struct seat *seat = seat_take(c->a, 0, &c->q, c->until);
    if (seat == NULL)
        c->refused++;
    else {
        c->seated++;
        seat_give(c->a, seat);
    }
    return NULL;
}

static unsigned waiting(struct questioner *a) {
    unsigned n = 0;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < ASKING_MOST; i++)
        n += a->places[0].waits[i].taken;
    pthread_mutex_unlock(&a->lock);
    return n;
}

/* Twenty come where all places of theirs are held: so many wait as may, the others are refused at once, and of those who wait each finds a place later. */
static void crowd_comes(const struct ask_question *q, unsigned most) {
    static const struct asker list[] = { { .name = "rules", .url = "https://rules.example/ask", .host = "rules.example" } };
    AUTO(asking_free) struct questioner *a = NULL;
    const struct ask_question other = { .tenant = 900, .asker = "rules" };
    struct err e;
    struct seat *held[ASKING_MOST];
    pthread_t threads[CROWD];
    CHECK_OK(asking_new(&(struct asking_setup){ list, NULL, 1, NULL, NULL }, &a, &e), &e);
    struct crowd c = { .a = a, .q = *q, .until = clock_steady() + 60 * USEC_PER_SEC };
    for (unsigned i = 0; i < most; i++)
        CHECK((held[i] = seat_take(a, 0, q, 0)) != NULL);
    for (size_t i = 0; i < CROWD; i++)
        CHECK(pthread_create(&threads[i], NULL, crowd_one, &c) == 0);
    while (c.refused < CROWD - most && clock_steady() < c.until)
        usleep(1000);
    CHECK(clock_steady() < c.until && c.refused == CROWD - most && c.seated == 0);
    while (waiting(a) < most && clock_steady() < c.until)
        usleep(1000);
    CHECK_INT(waiting(a), most);
    struct seat *theirs = seat_take(a, 0, &other, 0);
    CHECK(theirs != NULL);                   /* another tenant finds its own */
    seat_give(a, theirs);
    for (unsigned i = 0; i < most; i++)
        seat_give(a, held[i]);
    for (size_t i = 0; i < CROWD; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(c.seated == most && waiting(a) == 0 && seats_taken(a) == 0);
}

TEST(so_many_wait_as_may_ask_and_further_ones_are_refused_at_once) {
    const struct ask_question one = { .tenant = 1, .asker = "rules" }, form = { .tenant = 3, .asker = "rules", .by_form = true };
    crowd_comes(&one, ASKING_TENANT);
    crowd_comes(&form, ASKING_FORMS);
}
