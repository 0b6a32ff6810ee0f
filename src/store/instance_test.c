/* instance_test.c — names, services, tenants, tokens, proofs. */
#include "store/instance.c"

#include "store/testbed.h"

TEST(names_keep_their_numbers) {
    struct bed b;
    bed_start(&b);
    static const struct { const char *service; char type; const char *name; int32_t want; } rows[] = {
        { "events", 'k', "event", 1 }, { "events", 'k', "registration", 2 }, { "events", 'f', "event.title", 1 }, { "courier", 'k', "parcel", 1 },
        { "events", 'k', "event", 1 }, { "events", 'k', "invoice", 3 }, { "events", 'k', "Event", 4 },
    };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            int32_t number = 0;
            CHECK_OK(name_number(b.store, rows[i].service, rows[i].type, rows[i].name, &number, &b.e), &b.e);
            CHECK_INT(number, rows[i].want);
        }
        bed_reopen(&b);
    }
    bed_end(&b);
}

struct numbers { struct bed *b; int32_t got[8]; };
static void *name_all(void *arg) {
    struct numbers *n = arg;
    struct err e;
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        CHECK_OK(name_number(n->b->store, "s", 'k', names[i], &n->got[i], &e), &e);
    return NULL;
}

TEST(two_who_ask_at_once_get_the_same_number) {
    struct bed b;
    pthread_t threads[8];
    struct numbers n[8];
    bed_start(&b);
    for (size_t i = 0; i < 8; i++) {
        n[i].b = &b;
        CHECK(pthread_create(&threads[i], NULL, name_all, &n[i]) == 0);
    }
    for (size_t i = 0; i < 8; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (size_t i = 1; i < 8; i++)
        CHECK(memcmp(n[i].got, n[0].got, sizeof n[0].got) == 0);
    bed_end(&b);
}

static bool see_service(const struct service_row *r, void *arg) {
    struct buf *all = arg;
    buf_printf(all, "%s:%s:%d:%lld;", r->name, r->charter_text, r->hash[0], (long long)r->since);
    return true;
}

TEST(services_are_put_over) {
    struct bed b;
    struct buf all = BUF(1000);
    bed_start(&b);
    CHECK_OK(service_put(b.store, &(struct service_row){ .name = "mail", .charter_text = "charter: mail", .hash = { 1 }, .since = 5 }, &b.e), &b.e);
    CHECK_OK(service_put(b.store, &(struct service_row){ .name = "events", .charter_text = "x", .hash = { 2 }, .since = 6 }, &b.e), &b.e);
    CHECK_OK(service_put(b.store, &(struct service_row){ .name = "mail", .charter_text = "y", .hash = { 3 }, .since = 7 }, &b.e), &b.e);
    CHECK_OK(services_list(b.store, see_service, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "events:x:2:6;mail:y:3:7;");
    buf_done(&all);
    bed_end(&b);
}

static bool see_tenant(const struct tenant_row *r, void *arg) {
    buf_printf(arg, "%lld %s/%s%s%s;", (long long)r->id, r->service, r->name, r->probe ? " probe" : "", r->closed != 0 ? " closed" : "");
    return true;
}

TEST(tenants_belong_to_one_service) {
    struct bed b;
    int64_t id = 0;
    struct buf all = BUF(1000);
    AUTO(arena_free) struct arena *arena = arena_new(4096);
    struct tenant_row r = { 0 };
    bed_start(&b);
    CHECK_OK(tenant_make(b.store, "events", "Koncerty Morskie", false, &id, &b.e), &b.e);
    CHECK(id == 1);
    CHECK_CODE(tenant_make(b.store, "events", "Koncerty Morskie", false, &id, &b.e), E_CONFLICT, &b.e);
    CHECK(id == 1);
    CHECK_OK(tenant_make(b.store, "mail", "Koncerty Morskie", true, &id, &b.e), &b.e);
    CHECK(id == 2);
    CHECK_OK(tenant_find(b.store, "events", "Koncerty Morskie", &id, &b.e), &b.e);
    CHECK(id == 1);
    CHECK_CODE(tenant_find(b.store, "events", "nobody", &id, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(tenant_get(b.store, 2, &r, arena, &b.e), &b.e);
    CHECK_TEXT(r.name, "Koncerty Morskie");
    CHECK_TEXT(r.service, "mail");
    CHECK(r.probe && r.made > 0 && r.closed == 0);
    CHECK_CODE(tenant_get(b.store, 9, &r, arena, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(tenant_close(b.store, 2, &b.e), &b.e);
    CHECK_CODE(tenant_close(b.store, 2, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(tenants_list(b.store, NULL, see_tenant, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1 events/Koncerty Morskie;2 mail/Koncerty Morskie probe closed;");
    buf_cut(&all, 0);
    CHECK_OK(tenants_list(b.store, "events", see_tenant, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1 events/Koncerty Morskie;");
    buf_done(&all);
    bed_end(&b);
}

static bool see_token(const struct token_row *r, void *arg) {
    buf_printf(arg, "%lld %s %s%s;", (long long)r->number, r->role, r->label, r->revoked != 0 ? " revoked" : "");
    return true;
}

TEST(tokens_are_known_by_hash_and_end_within_their_tenant) {
    struct bed b;
    int64_t number = 0;
    struct buf all = BUF(1000);
    AUTO(arena_free) struct arena *arena = arena_new(8192);
    struct token_row r = { .hash = { 7 }, .tenant = 1, .role = "organiser", .label = "desk", .subject = id_of(3), .subject_kind = 4, .scope = "{\"verbs\":[]}",
                           .loopback_only = true, .made = 10, .expires = USEC_NEVER }, got = { 0 };
    bed_start(&b);
    CHECK_OK(token_put(b.store, &r, &number, &b.e), &b.e);
    CHECK(number == 1);
    CHECK_CODE(token_put(b.store, &r, &number, &b.e), E_CONFLICT, &b.e);
    CHECK_OK(token_get(b.store, r.hash, &got, arena, &b.e), &b.e);
    CHECK(got.tenant == 1 && got.number == 1 && got.subject_kind == 4 && uuid_compare(&got.subject, &r.subject) == 0 && got.loopback_only);
    CHECK(got.made == 10 && got.expires == USEC_NEVER && got.revoked == 0 && got.used == 0);
    CHECK_TEXT(got.role, "organiser");
    CHECK_TEXT(got.scope, "{\"verbs\":[]}");
    r = (struct token_row){ .hash = { 8 }, .tenant = 1, .role = "door", .expires = 99 };
    CHECK_OK(token_put(b.store, &r, &number, &b.e), &b.e);
    r = (struct token_row){ .hash = { 9 }, .tenant = 2, .role = "door", .expires = 99 };
    CHECK_OK(token_put(b.store, &r, &number, &b.e), &b.e);
    CHECK(number == 3);
    CHECK_OK(token_get(b.store, r.hash, &got, arena, &b.e), &b.e);
    CHECK(got.expires == 99 && uuid_is_null(&got.subject) && got.made > 0);
    CHECK_CODE(token_get(b.store, (uint8_t[HASH_SIZE]){ 1 }, &got, arena, &b.e), E_NOT_FOUND, &b.e);
    CHECK_CODE(token_revoke(b.store, 1, 3, &b.e), E_NOT_FOUND, &b.e);        /* another tenant's */
    CHECK_OK(token_revoke(b.store, 1, 2, &b.e), &b.e);
    CHECK_CODE(token_revoke(b.store, 1, 2, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(tokens_list(b.store, 1, see_token, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1 organiser desk;2 door  revoked;");
    token_used(b.store, 2, 3, 77);
    token_used(b.store, 2, 3, 50);                                           /* never goes back */
    token_used(b.store, 1, 3, 99);                                           /* not its tenant */
    CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);
    CHECK_OK(token_get(b.store, r.hash, &got, arena, &b.e), &b.e);
    CHECK(got.used == 77);
    buf_done(&all);
    bed_end(&b);
}

static bool see_proof(const struct proof_row *r, void *arg) {
    buf_printf(arg, "%s=%d %s %lld %llu;", r->rule, r->state, r->detail, (long long)r->at, (unsigned long long)r->ledger_seq);
    return true;
}

TEST(the_newest_proof_of_a_rule_stands) {
    struct bed b;
    struct buf all = BUF(1000);
    bed_start(&b);
    CHECK_OK(proof_put(b.store, &(struct proof_row){ .service = "mail", .rule = "tenant_wall", .state = 1, .detail = "ok", .at = 1, .ledger_seq = 2 }, &b.e), &b.e);
    CHECK_OK(proof_put(b.store, &(struct proof_row){ .service = "mail", .rule = "due_dates", .state = 1, .at = 1 }, &b.e), &b.e);
    CHECK_OK(proof_put(b.store, &(struct proof_row){ .service = "events", .rule = "due_dates", .state = 1, .at = 1 }, &b.e), &b.e);
    CHECK_OK(proof_put(b.store, &(struct proof_row){ .service = "mail", .rule = "tenant_wall", .state = 0, .detail = "404 was 200", .at = 5, .ledger_seq = 9 }, &b.e), &b.e);
    CHECK_OK(proofs_list(b.store, "mail", see_proof, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "due_dates=1  1 0;tenant_wall=0 404 was 200 5 9;");
    buf_done(&all);
    bed_end(&b);
}
