/* notice_torture_test.c — a notice is made with the n-th allocation failing: whole or not at all, and then once. */
#include "retention/notice.c"

#include "base/torture.h"
#include "records/testbed.h"
#include "records/testcharters.h"

struct scene { struct bed b; struct noticer *n; struct caller boss; struct uuid event, guest; int round; };

static enum code people(void *arg UNUSED, int64_t tenant UNUSED, const char *role UNUSED, notice_person_fn fn, void *fn_arg, struct err *reterr UNUSED) {
    (void)fn(&(struct notice_person){ "ewa@organiser.example", "Ewa Nowak", LANG_PL }, fn_arg);
    return OK;
}

static usec_t at(const char *text) {
    usec_t t = 0;
    CHECK(time_parse(text, &t));
    return t;
}

static void guest_make(struct scene *s) {
    char mail[64], parent[UUID_TEXT];
    json_t *got = NULL;
    snprintf(mail, sizeof mail, "guest%d@people.example", s->round++);
    CHECK_OK(bed_make(&s->b, &s->boss, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(&s->event, parent), "name", "Jan", "email", mail), &got), &s->b.e);
    s->guest = id_of(got);
    json_decref(got);
}

static enum code tell(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    int64_t made = 0;
    return noticer_tenant(s->n, s->b.service, s->b.tenant, at("2027-06-25T07:00:00Z"), &made, reterr);
}

/* As after two minutes: what a maker has left is taken over, and away. */
struct leaving { struct notice_claim claim; bool left; };
static enum code leave(struct txn *t, void *arg, struct err *reterr) {
    struct leaving *l = arg;
    enum code code = notice_begin(t, "organiser", 20270625, INT64_MAX, &l->claim, reterr);
    for (l->left = true; code == OK && l->left;) {
        l->claim.sign = l->claim.next;
        code = notice_clear(t, &l->claim, 1000, &l->left, reterr);
    }
    l->claim.sign = l->claim.next;
    return code == OK ? notice_abandon(t, &l->claim, reterr) : code;
}

/* Each guest was told of by one notice with one letter, however often it was tried. */
static bool told_once(void *arg, enum code code UNUSED) {
    struct scene *s = arg;
    struct leaving l = { .left = false };
    json_t *all = NULL;
    int64_t made = 0;
    CHECK_OK(store_write(s->b.store, s->b.tenant, leave, &l, &s->b.e), &s->b.e);
    CHECK_OK(noticer_tenant(s->n, s->b.service, s->b.tenant, at("2027-06-25T07:00:00Z"), &made, &s->b.e), &s->b.e);
    CHECK_OK(notices_show(s->b.service, s->b.tenant, INT64_MAX, 2, &all, &s->b.e), &s->b.e);
    json_t *newest = json_array_get(json_object_get(all, "items"), 0);
    bool fine = json_integer_value(json_object_get(newest, "number")) == s->round && json_integer_value(json_object_get(newest, "records")) == 1 &&
                json_array_size(json_object_get(newest, "letters")) == 1;
    if (!fine)
        fprintf(stderr, "round %d: %s\n", s->round, json_dumps(all, 0));
    json_decref(all);
    /* It goes, so that the next round asks for no more allocations than this one: whatever is due is looked at by every run. */
    CHECK_OK(bed_erase(&s->b, &s->boss, "registration", &s->guest, &all), &s->b.e);
    json_decref(all);
    guest_make(s);
    return fine;
}

static enum code show(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *one = NULL;
    enum code code = notice_show(s->b.service, s->b.tenant, 1, &one, reterr);
    if (code == OK)
        buf_printf(outcome, "%zu %zu %lld", json_array_size(json_object_get(one, "groups")), json_array_size(json_object_get(one, "letters")),
                   (long long)json_integer_value(json_object_get(one, "records")));
    json_decref(one);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

TEST(a_notice_is_whole_or_not_at_all_and_once) {
    struct scene s = { .round = 0 };
    json_t *got = NULL;
    bool fine = true;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "    keep: 180 days after event.ends, then erase\n", "    keep: 180 days after event.ends, then erase\n    warn: organiser by email 14 days before\n");
    bed_start(&s.b, buf_str(&text));
    s.boss = bed_role(&s.b, s.b.tenant, "organiser");
    CHECK_OK(bed_make(&s.b, &s.boss, "event", json_pack("{s:s, s:s, s:s}", "title", "Bal", "starts", "2026-01-01T00:00:00Z", "ends", "2027-01-10T17:00:00Z"), &got), &s.b.e);
    s.event = id_of(got);
    json_decref(got);
    const struct noticer_options o = { .services = &s.b.service, .service_count = 1, .base_url = "https://sejf.example", .people = people };
    CHECK_OK(noticer_open(&o, &s.n, &s.b.e), &s.b.e);
    guest_make(&s);
    fine &= torture(&(struct torture){ .name = "a notice", .call = tell, .check = told_once, .arg = &s, .uncounted = true });
    fine &= torture(&(struct torture){ .name = "a notice, shown", .call = show, .arg = &s });
    s.n = noticer_close(s.n);
    bed_end(&s.b);
    CHECK(fine);
}
