/* postman_test.c — many letters at once, each delivered once; a relay that fails makes all wait, a tenant whose letters stall or a provider that hangs nobody else. */
#include "messages/postman.c"

#include "messages/outbed.h"

#define FAR (INT64_C(4102444800) * USEC_PER_SEC)
#define LETTERS 40

/* Looks until fn says so; 60 s at most. */
static bool looks_until(struct outbed *o, struct postman *p, bool (*fn)(struct outbed *o, struct postman *p)) {
    usec_t next;
    for (int i = 0; i < 3000; i++) {
        CHECK_OK(postman_look(p, clock_now(), &next, &o->b.e), &o->b.e);
        if (fn(o, p))
            return true;
        (void)usleep(20000);
    }
    return false;
}
static bool all_gone(struct outbed *o, struct postman *p UNUSED) { return out_next(o) == USEC_NEVER; }
static bool relay_known(struct outbed *o UNUSED, struct postman *p) {
    struct postman_status s;
    postman_status(p, CHANNEL_EMAIL, &s);
    return s.relay_failed > 0 && s.under_way == 0 && s.waits_until > 0;
}

TEST(every_letter_goes_once) {
    struct outbed o;
    struct postman *p = NULL;
    struct uuid ids[LETTERS];
    out_start(&o);
    for (int i = 0; i < LETTERS; i++)
        ids[i] = out_letter(&o, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    CHECK(looks_until(&o, p, all_gone));
    p = postman_stop(p);
    CHECK_INT(o.taken_count, LETTERS);
    for (int i = 0; i < LETTERS; i++) {
        int times = 0;
        for (size_t k = 0; k < o.taken_count; k++)
            times += uuid_compare(&o.taken[k], &ids[i]) == 0;
        CHECK_INT(times, 1);
        CHECK(out_row(&o, &ids[i]).state == LETTER_SENT);
    }
    out_end(&o);
}

TEST(a_relay_that_fails_is_left_alone_for_a_while) {
    struct outbed o;
    struct postman *p = NULL;
    usec_t next;
    out_start(&o);
    for (int i = 0; i < 10; i++)
        (void)out_letter(&o, FAR);
    o.deed = OUT_ANSWERS;
    o.outcome = MAIL_RELAY;
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    CHECK(looks_until(&o, p, relay_known));
    unsigned sent = o.sent;
    CHECK(sent >= 1 && sent <= 10);
    for (int i = 0; i < 5; i++)
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    struct postman_status s;
    postman_status(p, CHANNEL_EMAIL, &s);
    CHECK(o.sent == sent && s.done == 0 && s.waits_until > clock_now());
    p = postman_stop(p);
    out_end(&o);
}

/* One tenant has far more letters than there are places; another's few go among the first, whatever their time, and each goes once. */
TEST(a_tenant_with_many_letters_keeps_nobody_waiting) {
    struct outbed o;
    struct postman *p = NULL;
    usec_t next;
    struct uuid other[2];
    out_start(&o);
    for (int i = 0; i < 300; i++)
        (void)out_letter(&o, FAR);
    for (int i = 0; i < 2; i++)
        other[i] = out_letter_of(&o, o.b.other, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    o.blocks = true;                         /* until both tenants' letters stand in line */
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    struct lane *l = &p->lanes[CHANNEL_EMAIL];
    for (int i = 0; i < 3; i++)
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    pthread_mutex_lock(&l->lock);
    size_t held = 0, theirs = 0;
    for (size_t i = 0; i < PLACES; i++) {
        held += l->places[i].state != FREE && l->places[i].tenant == o.b.tenant;
        theirs += l->places[i].state != FREE && l->places[i].tenant == o.b.other;
    }
    pthread_mutex_unlock(&l->lock);
    CHECK(held == fair_places(l->fair, o.b.tenant) && held < PLACES / 4 && theirs == 2);
    o.blocks = false;
    CHECK(looks_until(&o, p, all_gone));
    p = postman_stop(p);
    CHECK(out_row_of(&o, o.b.other, &other[0]).state == LETTER_SENT && out_row_of(&o, o.b.other, &other[1]).state == LETTER_SENT);
    CHECK_INT(o.taken_count, 302);
    out_end(&o);
}

/* A lane without threads, as tests need it. */
static void lane_bare(struct lane *l, size_t threads) {
    struct err e;
    *l = (struct lane){ .threads_most = threads, .after = INT64_MIN };
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    CHECK_OK(fair_new(threads, &l->fair, &e), &e);
}
static void lane_bare_end(struct lane *l) {
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->lock);
    l->fair = fair_free(l->fair);
}
static void ends_well(struct lane *l, int64_t tenant, int times) {
    for (int i = 0; i < times; i++)
        note(l, tenant, OK, DELIVER_DONE, clock_steady());
}
static void taken(struct lane *l, struct place *at, usec_t since) {
    CHECK(at != NULL);
    at->state = TAKEN;
    at->since = since;
    l->turn = at->turn;
}

/* What is queued goes by turns: whoever comes after 40 letters of another does not wait for them. */
TEST(the_next_is_of_whoever_had_fewer) {
    static const struct { int64_t tenant; int count; } comes[] = { { 4, 60 }, { 5, 3 }, { 6, 2 } };
    struct lane l;
    int64_t order[16];
    lane_bare(&l, THREADS);
    ends_well(&l, 4, 64);
    for (size_t i = 0; i < ARRAY_LEN(comes); i++)
        for (int k = 0; k < comes[i].count; k++)
            CHECK_INT(queue(&l, &(struct place){ .tenant = comes[i].tenant, .id = uuid_new() }), IS_QUEUED);
    CHECK(l.after == 6);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct place *at = next_place(&l);
        CHECK(at != NULL);
        l.turn = at->turn;
        order[i] = at->tenant;
        at->state = FREE;
    }
    size_t five = 0, six = 0;
    for (size_t i = 0; i < 9; i++) {
        five += order[i] == 5;
        six += order[i] == 6;
    }
    CHECK(five == 3 && six == 2);
    struct place *at;
    size_t theirs = 0;
    for (; (at = next_place(&l)) != NULL; theirs++)
        taken(&l, at, clock_steady());
    CHECK(theirs > THREADS / 2 && theirs < THREADS);     /* some are left for who has none */
    CHECK_INT(queue(&l, &(struct place){ .tenant = 7, .id = uuid_new() }), IS_QUEUED);
    CHECK(next_place(&l) != NULL && next_place(&l)->tenant == 7);
    lane_bare_end(&l);
}

/* Many tenants whose letters stall from the first leave room for one more; the letters of one that had many under way get no more threads once some are stalled. */
TEST(stalled_letters_hold_few_threads) {
    struct lane l;
    lane_bare(&l, THREADS);
    struct place *at;
    for (int64_t tenant = 1; tenant <= 7; tenant++) {
        for (int k = 0; k < 12; k++)
            (void)queue(&l, &(struct place){ .tenant = tenant, .id = uuid_new() });
        while ((at = next_place(&l)) != NULL)
            taken(&l, at, clock_steady() - USEC_PER_MINUTE);
    }
    CHECK_INT(queue(&l, &(struct place){ .tenant = 9, .id = uuid_new() }), IS_QUEUED);
    CHECK((at = next_place(&l)) != NULL && at->tenant == 9);
    taken(&l, at, clock_steady());
    for (int i = 0; i < 40; i++)             /* and its letters, one after another */
        ends_well(&l, 9, 1);
    at->state = FREE;
    CHECK_INT(queue(&l, &(struct place){ .tenant = 9, .id = uuid_new() }), IS_QUEUED);
    CHECK((at = next_place(&l)) != NULL && at->tenant == 9);
    lane_bare_end(&l);
}

/* The letters of tenants that wait, or hold all that they may, take no room from others in a look. */
TEST(a_look_passes_over_who_may_not) {
    struct lane l;
    lane_bare(&l, THREADS);
    struct wanted w = { .lane = &l };
    for (int i = 0; i < 3; i++)
        note(&l, 1, OK, DELIVER_BLOCKED, clock_steady());
    struct uuid id = uuid_new();
    for (int i = 0; i < 500; i++)
        CHECK(want(&(struct letter_next){ .tenant = 1, .id = id }, &w));          /* it pauses */
    CHECK(w.count == 0 && w.behind && queue(&l, &(struct place){ .tenant = 1, .id = id }) == NOT_NOW);
    for (int i = 0; i < 500; i++)
        CHECK(want(&(struct letter_next){ .tenant = 2, .id = id }, &w));
    CHECK_INT(w.count, fair_places(l.fair, 2));
    for (size_t i = 0; i < fair_places(l.fair, 2); i++)
        CHECK_INT(queue(&l, &(struct place){ .tenant = 2, .id = uuid_new() }), IS_QUEUED);
    CHECK_INT(queue(&l, &(struct place){ .tenant = 2, .id = uuid_new() }), NO_ROOM);
    size_t before = w.count;
    CHECK(want(&(struct letter_next){ .tenant = 3, .id = id }, &w) && w.count == before + 1);
    CHECK(want(&(struct letter_next){ .tenant = 2, .id = id }, &w) && w.count == before + 1);
    lane_bare_end(&l);
}

/* What is sent to one person goes before its tenant's campaign, whose letters hold all that they may, and in the pause that these earned; its own errors make it wait. */
TEST(what_is_sent_to_one_waits_behind_no_campaign) {
    struct lane l;
    lane_bare(&l, THREADS);
    struct place *at;
    size_t campaign = 0;
    for (size_t i = 0; i < fair_places(l.fair, FAIR_CAMPAIGNS(1)); i++)
        CHECK_INT(queue(&l, &(struct place){ .tenant = 1, .many = true, .id = uuid_new() }), IS_QUEUED);
    CHECK_INT(queue(&l, &(struct place){ .tenant = 1, .many = true, .id = uuid_new() }), NO_ROOM);
    for (; (at = next_place(&l)) != NULL; campaign++)
        taken(&l, at, clock_steady() - USEC_PER_MINUTE);
    const struct place one = { .tenant = 1, .id = uuid_new() };
    CHECK(campaign > 0);
    CHECK_INT(queue(&l, &one), IS_QUEUED);
    CHECK_INT(queue(&l, &one), WAS_QUEUED);
    CHECK((at = next_place(&l)) != NULL && !at->many && uuid_compare(&at->id, &one.id) == 0);
    for (int i = 0; i < 3; i++)
        note(&l, FAIR_CAMPAIGNS(1), OK, DELIVER_BLOCKED, 0);
    CHECK(fair_waits(l.fair, FAIR_CAMPAIGNS(1), clock_steady()) && (at = next_place(&l)) != NULL && !at->many);
    struct wanted w = { .lane = &l };
    CHECK(want(&(struct letter_next){ .tenant = 1, .many = true, .id = uuid_new() }, &w) && w.count == 0);
    CHECK(want(&(struct letter_next){ .tenant = 1, .id = uuid_new() }, &w) && w.count == 1 && !w.list[0].many);
    CHECK_INT(queue(&l, &(struct place){ .tenant = 1, .many = true, .id = uuid_new() }), NOT_NOW);
    for (int i = 0; i < 3; i++)
        note(&l, 1, E_DAMAGED, DELIVER_DONE, 0);
    CHECK(fair_waits(l.fair, 1, clock_steady()) && !fair_waits(l.fair, 2, clock_steady()) && queue(&l, &(struct place){ .tenant = 1, .id = uuid_new() }) == NOT_NOW);
    struct postman_status s;
    struct postman p = { .lanes = { [CHANNEL_EMAIL] = l } };
    postman_status(&p, CHANNEL_EMAIL, &s);
    CHECK_INT(s.tenants_wait, 1);
    lane_bare_end(&l);
}

/* A tenant's letters that the relay stalls hold some threads, whatever there are of them. */
TEST(threads_are_left_for_others) {
    struct outbed o;
    struct postman *p = NULL;
    usec_t next;
    out_start(&o);
    for (size_t i = 0; i < 2 * THREADS; i++)
        (void)out_letter(&o, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    o.stalls = true;
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    for (int i = 0; i < 3000 && o.held < 4; i++)
        (void)usleep(20000);
    CHECK(o.held >= 4 && o.held < THREADS / 2);
    struct uuid other = out_letter_of(&o, o.b.other, FAR);
    pthread_mutex_lock(&o.lock);
    o.lets = other;
    pthread_mutex_unlock(&o.lock);
    CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    for (int i = 0; i < 3000 && o.taken_count == 0; i++)
        (void)usleep(20000);
    CHECK(o.taken_count == 1 && uuid_compare(&o.taken[0], &other) == 0);
    o.stalls = false;
    CHECK(looks_until(&o, p, all_gone));
    p = postman_stop(p);
    out_end(&o);
}

/* What an end of a try says, and of whom. */
TEST(each_end_is_noted_where_it_belongs) {
    static const struct { enum code code; enum deliver_end end; bool tenant, all; int done, failed; } rows[] = {
        { OK, DELIVER_DONE, false, false, 1, 0 },  { OK, DELIVER_SLOW, false, false, 1, 0 },     { OK, DELIVER_DOUBT, true, false, 1, 0 },    { OK, DELIVER_LOST, true, false, 1, 0 },
        { OK, DELIVER_BLOCKED, true, false, 1, 0 }, { OK, DELIVER_RELAY, true, true, 0, 0 },     { OK, DELIVER_PROVIDER, true, true, 0, 0 },  { OK, DELIVER_AWAY, false, false, 0, 0 },
        { OK, DELIVER_CUT, false, false, 1, 0 },    { OK, DELIVER_WAITS, false, false, 0, 0 }, { OK, DELIVER_ASIDE, false, false, 1, 0 },    { E_CONFLICT, DELIVER_DONE, false, false, 0, 0 },
        { E_TOO_MANY, DELIVER_DONE, true, false, 0, 1 }, { E_NOT_FOUND, DELIVER_RELAY, true, false, 0, 1 }, { E_FIELDS, DELIVER_DONE, true, false, 0, 1 },
        { E_FULL, DELIVER_DONE, true, true, 0, 1 }, { E_MEMORY, DELIVER_DONE, true, true, 0, 1 }, { E_IO, DELIVER_DONE, true, true, 0, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct lane l;
        lane_bare(&l, THREADS);
        CHECK_INT(queue(&l, &(struct place){ .tenant = 1, .id = uuid_new() }), IS_QUEUED);
        CHECK_INT(queue(&l, &(struct place){ .tenant = 2, .id = uuid_new() }), IS_QUEUED);
        for (int k = 0; k < 3; k++)
            note(&l, 1, rows[i].code, rows[i].end, 0);
        const usec_t now = clock_steady();
        CHECK(fair_waits(l.fair, 1, now) == rows[i].tenant && fair_waits(l.fair, 2, now) == rows[i].all);
        CHECK((l.places[0].state == FREE || l.places[PLACES - 1].state == FREE) && l.status.tried == 3 && l.status.done == 3 * (uint64_t)rows[i].done && l.status.failed == 3 * (uint64_t)rows[i].failed);
        size_t queued = 0;
        for (size_t k = 0; k < PLACES; k++)
            queued += l.places[k].state == QUEUED;
        CHECK_INT(queued, rows[i].all ? 0 : rows[i].tenant ? 1 : 2);     /* who waits stands in no line */
        CHECK(l.status.doubts == (rows[i].end == DELIVER_DOUBT || rows[i].end == DELIVER_CUT ? 3 : 0) && l.status.blocked == (rows[i].end == DELIVER_BLOCKED ? 3 : 0));
        lane_bare_end(&l);
    }
}

/* ---- text messages */

static _Atomic bool provider_hangs;
static _Atomic int provider_asked;
static enum code provider_ask(void *arg UNUSED, const struct sms_question *q UNUSED, struct sms_reply *ret, struct err *e UNUSED) {
    provider_asked++;
    for (int i = 0; i < 12000 && provider_hangs; i++)
        (void)usleep(5000);
    *ret = (struct sms_reply){ .mail = { .outcome = MAIL_RELAY, .said = "no funds" } };
    return OK;
}
static enum code provider_send(void *arg UNUSED, const struct sms_letter *l UNUSED, mail_go_fn go UNUSED, void *go_arg UNUSED, bool *ret_went, struct sms_reply *ret UNUSED, struct err *e) {
    *ret_went = false;
    return err_set(e, E_PEER, "nothing is sent here");
}
static enum code texts_write(struct txn *t, void *arg, struct err *e) {
    enum code code = OK;
    for (int i = 0; code == OK && i < *(int *)arg; i++) {        /* on their way before a cut: the provider is asked */
        const struct letter_row row = { .id = uuid_new(), .cause = "notice", .about = 1, .made = txn_now(t), .until = FAR, .state = LETTER_SENDING, .tries = 1, .blob = "x", .len = 1, .channel = CHANNEL_SMS };
        code = letter_put(t, &row, txn_now(t), e);
    }
    return code;
}

/* A provider that hangs keeps its own threads and no mail; one that takes nothing is left alone for a while, by all text messages together. */
TEST(a_provider_that_hangs_keeps_no_mail) {
    static const struct sms_way way = { .send = provider_send, .ask = provider_ask, .host = "sms.example" };
    struct outbed o;
    struct postman *p = NULL;
    struct postman_status texts, mail;
    usec_t next;
    int count = 60;
    out_start(&o);
    o.d.sms = &way;
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    provider_hangs = true;
    provider_asked = 0;
    CHECK_OK(store_write(o.b.store, o.b.tenant, texts_write, &count, &o.b.e), &o.b.e);
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    for (int i = 0; i < 3000 && provider_asked == 0; i++)
        (void)usleep(20000);
    for (int i = 0; i < 20; i++)
        (void)out_letter(&o, FAR);           /* of the same tenant, behind 60 text messages */
    for (int i = 0; i < 3000 && o.taken_count < 20; i++) {
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
        (void)usleep(20000);
    }
    CHECK(o.taken_count == 20 && provider_asked >= 1 && provider_asked <= (int)THREADS_SMS);
    provider_hangs = false;
    for (int i = 0; i < 3000; i++) {
        postman_status(p, CHANNEL_SMS, &texts);
        if (texts.under_way == 0 && texts.waits_until != 0)
            break;
        (void)usleep(20000);
    }
    int asked = provider_asked;
    for (int i = 0; i < 5; i++)
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    postman_status(p, CHANNEL_SMS, &texts);
    postman_status(p, CHANNEL_EMAIL, &mail);
    CHECK(texts.waits_until > clock_now() && texts.under_way == 0 && texts.relay_failed > 0 && provider_asked == asked && asked <= (int)THREADS_SMS);
    CHECK(mail.waits_until == 0 && mail.relay_failed == 0 && mail.done == 20);
    p = postman_stop(p);
    out_end(&o);
}
