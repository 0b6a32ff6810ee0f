/* subject_test.c — a person is found by address in every kind, by scan where no token leads, and by what hangs on its records. */
#include "rights/subject.c"

#include "rights/restriction.h"
#include "rights/rights_erase.h"
#include "rights/testshop.h"

static bool in(const struct bed *b, const struct subject_record *list, size_t count, const char *kind, const struct uuid *id) {
    for (size_t i = 0; i < count; i++)
        if (list[i].kind == charter_kind(b->charter, kind) && uuid_compare(&list[i].id, id) == 0)
            return true;
    return false;
}
#define OWN(kind, id) in(&b, p.list, p.count, kind, id)
#define NAMED(kind, id) in(&b, p.named, p.named_count, kind, id)

TEST(a_person_is_found_across_kinds_and_nobody_else) {
    struct bed b;
    struct subject p;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    bed_start(&b, shop);
    struct placed at = place(&b);
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = " EWA@people.example " }, arena, &p, &b.e), &b.e);
    CHECK_INT(p.count, 4);
    CHECK(OWN("order", &at.order) && OWN("bill", &at.bill) && OWN("scan", &at.scan) && OWN("question", &at.question));
    CHECK(p.named_count == 1 && NAMED("order", &at.gift) && p.doubtful == 0 && p.damaged == 0);      /* a gift for her is Adam's order */
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .phone = "600 300 400" }, arena, &p, &b.e), &b.e);
    CHECK_INT(p.count, 5);                     /* both orders with that number, their bills, one scan */
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "ewa@people.example", .phone = "600 300 400" }, arena, &p, &b.e), &b.e);
    CHECK(p.count == 4 && p.doubtful == 1 && !OWN("order", &at.others));      /* a telephone that two share */
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .phone = "+48600100200" }, arena, &p, &b.e), &b.e);
    CHECK(p.count == 1 && OWN("carrier", &at.carrier) && p.named_count == 2 && NAMED("order", &at.order) && NAMED("order", &at.others));
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "nobody@people.example" }, arena, &p, &b.e), &b.e);
    CHECK(p.count == 0 && p.named_count == 0);
    CHECK_CODE(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "Ewa Lis" }, arena, &p, &b.e), E_FIELDS, &b.e);
    CHECK_CODE(subject_find(b.service, b.tenant, &(struct subject_wish){ .phone = "12" }, arena, &p, &b.e), E_FIELDS, &b.e);
    CHECK_CODE(subject_find(b.service, b.tenant, &(struct subject_wish){ 0 }, arena, &p, &b.e), E_FIELDS, &b.e);
    bed_end(&b);
}

TEST(a_record_leads_to_its_person_and_a_link_to_no_more_than_its_own) {
    struct bed b;
    struct subject p;
    struct subject_wish w;
    struct uuid none = uuid_new();
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    bed_start(&b, shop);
    struct placed at = place(&b);
    int order = charter_kind(b.charter, "order"), question = charter_kind(b.charter, "question");
    CHECK_OK(subject_of(b.service, b.tenant, question, &at.question, arena, &p, &b.e), &b.e);
    CHECK(p.count == 4 && OWN("order", &at.order) && OWN("question", &at.question));
    CHECK_OK(subject_near(b.service, b.tenant, order, &at.order, arena, &p, &b.e), &b.e);
    CHECK(p.count == 3 && OWN("order", &at.order) && OWN("bill", &at.bill) && OWN("scan", &at.scan) && p.named_count == 0);
    CHECK_OK(subject_near(b.service, b.tenant, question, &at.question, arena, &p, &b.e), &b.e);
    CHECK(p.count == 1 && OWN("question", &at.question));
    CHECK_OK(subject_addresses(b.service, b.tenant, order, &at.order, arena, &w, &b.e), &b.e);
    CHECK_TEXT(w.email, "ewa@people.example");
    CHECK_TEXT(w.phone, "+48600300400");
    CHECK_CODE(subject_of(b.service, b.tenant, order, &none, arena, &p, &b.e), E_NOT_FOUND, &b.e);
    CHECK_CODE(subject_near(b.service, b.other, order, &at.order, arena, &p, &b.e), E_NOT_FOUND, &b.e);
    bed_end(&b);
}

/* More own records than are looked for one by one: the kind that refers to them is walked through, sealed or not. */
/* By the hand of the tenant; its own date and its person take it all the same. */
TEST(what_is_restricted_stays_when_its_parent_is_erased) {
    struct bed b;
    json_t *got = NULL, *kept = NULL;
    bed_start(&b, shop);
    struct placed at = place(&b);
    struct caller owner = bed_role(&b, b.tenant, "owner"), person = { .tenant = b.tenant, .person = -1, .token = 7, .by_sejf = true, .subject_kind = -1 };
    struct record_request r = { .who = &owner, .kind = charter_kind(b.charter, "order"), .id = at.order, .if_match = -1 };
    CHECK_OK(restriction_set(b.service, &owner, charter_kind(b.charter, "scan"), &at.scan, 0, &b.e), &b.e);
    CHECK_OK(record_erase_told(b.service, &r, &got, &kept, &b.e), &b.e);
    CHECK_TEXT(text_at(json_array_get(kept, 0), "because", NULL), "restriction");
    json_decref(got);
    json_decref(kept);
    CHECK(bed_read(&b, &owner, "order", &at.order, &got) == E_GONE);
    CHECK(bed_read(&b, &owner, "scan", &at.scan, &got) == E_FORBIDDEN);
    r = (struct record_request){ .who = &person, .kind = charter_kind(b.charter, "scan"), .id = at.scan, .if_match = -1 };
    CHECK_OK(record_erase(b.service, &r, &got, &b.e), &b.e);
    json_decref(got);
    bed_end(&b);
}

TEST(many_records_of_one_person) {
    struct bed b;
    struct subject p;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    bed_start(&b, shop);
    enum { ORDERS = BY_TOKEN_MOST + 8 };
    for (int i = 0; i < ORDERS; i++) {
        struct uuid order = made(&b, b.tenant, "order", order_of(i % 4 == 3 ? "ola@people.example" : "ewa@people.example", NULL, NULL));
        made(&b, b.tenant, "bill", hanging("order", &order, "buyer"));
    }
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "ewa@people.example" }, arena, &p, &b.e), &b.e);
    CHECK_INT(p.count, 2 * (ORDERS - ORDERS / 4));
    for (size_t i = 1; i < p.count; i++)
        CHECK(p.list[i - 1].kind < p.list[i].kind || (p.list[i - 1].kind == p.list[i].kind && uuid_compare(&p.list[i - 1].id, &p.list[i].id) < 0));
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "ola@people.example" }, arena, &p, &b.e), &b.e);
    CHECK_INT(p.count, 2 * (ORDERS / 4));
    bed_end(&b);
}

static enum code keys_renewed(void *arg, int64_t tenant, struct key *before, struct key *now, uint32_t *generation, struct err *e) {
    struct bed *b = arg;
    struct index_keys keys;
    enum code code = keeper_index_keys(b->keeper, tenant, &keys, e);
    if (code == OK) {
        *before = keys.index_before;
        *now = keys.index;
        *generation = keys.generation;
    }
    return code;
}

/* Between the new index key and the renewed tokens a person is found by the old form; afterwards by the new one. */
TEST(a_person_is_found_while_the_index_key_is_renewed) {
    struct bed b;
    struct subject p;
    uint32_t generation;
    const struct subject_wish ewa = { .email = "ewa@people.example" };
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    bed_start(&b, shop);
    place(&b);
    CHECK_OK(keeper_index_renew(b.keeper, &generation, &b.e), &b.e);
    usleep(1100000);                           /* keys of the index are kept for a second */
    CHECK_OK(subject_find(b.service, b.tenant, &ewa, arena, &p, &b.e), &b.e);
    CHECK_INT(p.count, 4);
    CHECK_OK(index_renew(b.store, keys_renewed, &b, &b.e), &b.e);
    CHECK_OK(subject_find(b.service, b.tenant, &ewa, arena, &p, &b.e), &b.e);
    CHECK_INT(p.count, 4);
    CHECK_OK(index_drop_all(b.store, &b.e), &b.e);      /* the index trails: records are looked through */
    CHECK_OK(subject_find(b.service, b.tenant, &ewa, arena, &p, &b.e), &b.e);
    CHECK(p.count == 4 || !store_index_trails(b.store));
    bed_end(&b);
}

TEST(no_memory_is_an_answer) {
    struct bed b;
    struct subject p;
    bed_start(&b, shop);
    place(&b);
    enum code code = E_MEMORY;
    for (size_t n = 1; code != OK && n < 4000; n += 7) {
        AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
        mem_fail_at = n;
        code = subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "ewa@people.example" }, arena, &p, &b.e);
        mem_fail_at = 0;
        CHECK(code == OK ? p.count == 4 : code == E_MEMORY || code == E_PEER);
    }
    CHECK(code == OK);
    bed_end(&b);
}

/* Of somebody with many bills, which a law keeps: told one by one up to a hundred, and in a group whatever their number. */
TEST(what_stays_is_told_in_groups) {
    struct bed b;
    struct subject s;
    json_t *said = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    bed_start(&b, shop);
    struct caller owner = bed_role(&b, b.tenant, "owner");
    struct uuid order = made(&b, b.tenant, "order", order_of("ewa@people.example", NULL, NULL));
    for (int i = 0; i < 130; i++)
        made(&b, b.tenant, "bill", hanging("order", &order, "buyer"));
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "ewa@people.example" }, arena, &s, &b.e), &b.e);
    CHECK_INT(s.count, 131);
    CHECK_OK(rights_erase(b.service, &owner, s.list, s.count, &said, &b.e), &b.e);
    json_t *kept = json_object_get(said, "kept"), *group = json_array_get(kept, 0);
    CHECK(json_array_size(json_object_get(said, "stayed")) == 100 && json_array_size(kept) == 1);
    CHECK_TEXT(text_at(group, "kind", NULL), "bill");
    CHECK_TEXT(text_at(group, "ground", NULL), "law art. 74");
    CHECK(json_integer_value(json_object_get(group, "count")) == 130 && json_is_string(json_object_get(group, "due")));
    CHECK(json_integer_value(json_object_get(json_object_get(said, "erased"), "order")) == 1);
    json_decref(said);
    bed_end(&b);
}
