#include "store/consent.c"

#include "store/testbed.h"

struct step { int what; unsigned set, clear; uint32_t n; int32_t kind; enum consent_state state; const char *name; uint8_t hash; bool is; usec_t told; };
enum { CONSENT, MARK, OBJECT, UNOBJECT, RESTRICT, TELL, LIFT, OBJECTOR, IS_OBJECTOR, NO_OBJECTOR, GONE };

static enum code step_write(struct txn *t, void *arg, struct err *e) {
    struct step *s = arg;
    const struct uuid id = id_of(s->n);
    struct token before = token_of(s->n + 500);
    const struct mark who = { .token = token_of(s->n), .generation = 1, .before = &before };
    switch (s->what) {
    case CONSENT: {
        struct consent_row r = { .kind = 1, .id = id, .name = s->name, .state = s->state, .until = USEC_NEVER, .shown = s->hash != 0, .way = "form", .by = "form" };
        memset(r.text, s->hash, sizeof r.text);
        return consent_step_put(t, &r, e);
    }
    case MARK: return row_mark(t, 1, &id, s->set, s->clear, e);
    case OBJECT: return objection_put(t, &(struct objection_row){ .kind = 1, .id = id, .purpose = s->name, .by = "link 3" }, e);
    case UNOBJECT: return objection_drop(t, 1, &id, s->name, e);
    case RESTRICT: return restriction_put(t, &(struct restriction_row){ .kind = 1, .id = id, .request = 9, .lifts = USEC_NEVER, .by = "token 1" }, e);
    case TELL: return restriction_told(t, 1, &id, s->told, s->told + 5, e);
    case LIFT: return restriction_drop(t, 1, &id, e);
    case OBJECTOR: return objector_put(t, s->name, &who, e);
    case IS_OBJECTOR: return objector_is(t, s->name, &who, &s->is, e);
    case NO_OBJECTOR: return objector_drop(t, s->name, &who, e);
    default: return row_delete(t, 1, &id, e);
    }
}
static enum code go(struct bed *b, int64_t tenant, struct step *s) { return store_write(b->store, tenant, step_write, s, &b->e); }
#define GO(b, ...) go((b), 7, &(struct step){ __VA_ARGS__ })

static bool consents_text(const struct consent_row *r, void *arg) {
    struct buf *out = arg;
    buf_printf(out, "%lld %s %s %d %s|", (long long)r->number, r->name, consent_state_name(r->state), r->shown ? r->text[0] : -1, r->way);
    CHECK(r->until == USEC_NEVER && r->at > 0);
    return true;
}
static void consents_are(struct bed *b, uint32_t n, const char *want) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf out = BUF(4096);
    const struct uuid id = id_of(n);
    CHECK_OK(store_view(b->store, 7, &v, &b->e), &b->e);
    CHECK_OK(consents_of(view_sql(v), 1, &id, consents_text, &out, &b->e), &b->e);
    CHECK_TEXT(buf_str(&out), want);
}

TEST(every_step_of_a_consent_is_kept_until_its_record_goes) {
    struct bed b;
    bed_start(&b);
    bed_make(&b, 7, 1);
    bed_make(&b, 7, 2);
    CHECK_OK(GO(&b, .what = CONSENT, .n = 1, .name = "diet", .state = CONSENT_REFUSED), &b.e);
    CHECK_OK(GO(&b, .what = CONSENT, .n = 1, .name = "diet", .state = CONSENT_GIVEN, .hash = 9), &b.e);
    CHECK_OK(GO(&b, .what = CONSENT, .n = 2, .name = "news", .state = CONSENT_EXPIRED), &b.e);
    CHECK_OK(GO(&b, .what = CONSENT, .n = 1, .name = "diet", .state = CONSENT_WITHDRAWN), &b.e);
    consents_are(&b, 1, "1 diet refused -1 form|2 diet given 9 form|3 diet withdrawn -1 form|");
    consents_are(&b, 2, "1 news expired -1 form|");
    CHECK_TEXT(consent_state_name((enum consent_state)77), "unknown");
    CHECK_OK(GO(&b, .what = GONE, .n = 1), &b.e);
    consents_are(&b, 1, "");
    bed_end(&b);
}

static bool text_of(const struct consent_text *r, void *arg) {
    buf_printf(arg, "%s %s %s", r->lang, r->version, r->text);
    return true;
}
TEST(a_text_is_kept_once_and_found_by_its_hash) {
    struct bed b;
    AUTO(buf_done) struct buf out = BUF(4096);
    struct consent_text text = { .service = "bookings", .lang = "pl", .version = "2026-11-22 abc", .text = "Zgoda" };
    bed_start(&b);
    memset(text.hash, 5, sizeof text.hash);
    CHECK(consent_text_get(b.store, "bookings", text.hash, text_of, &out, &b.e) == E_NOT_FOUND);
    CHECK_OK(consent_text_put(b.store, &text, &b.e), &b.e);
    text.text = "Inna";
    CHECK_OK(consent_text_put(b.store, &text, &b.e), &b.e);
    CHECK_OK(consent_text_get(b.store, "bookings", text.hash, text_of, &out, &b.e), &b.e);
    CHECK_TEXT(buf_str(&out), "pl 2026-11-22 abc Zgoda");
    CHECK(consent_text_get(b.store, "events", text.hash, text_of, &out, &b.e) == E_NOT_FOUND);
    bed_end(&b);
}

static bool marked_text(int32_t kind, const struct uuid *id, usec_t created, void *arg) {
    CHECK(created == 1000);
    buf_printf(arg, "%d/%u ", kind, id->bytes[15]);
    return true;
}
static void marked_are(struct bed *b, unsigned marks, const char *want) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf out = BUF(4096);
    CHECK_OK(store_view(b->store, 7, &v, &b->e), &b->e);
    CHECK_OK(rows_marked(view_sql(v), marks, marked_text, &out, &b->e), &b->e);
    CHECK_TEXT(buf_str(&out), want);
}

TEST(marks_stand_in_the_row_and_move_its_version) {
    struct bed b;
    struct row before = { 0 }, r = { 0 };
    bed_start(&b);
    for (uint32_t n = 1; n <= 3; n++)
        bed_make(&b, 7, n);
    CHECK_OK(bed_get(&b, 7, 1, &before), &b.e);
    CHECK(!before.restricted && !before.objected && !before.unconfirmed);
    marked_are(&b, 7, "");
    CHECK_OK(GO(&b, .what = MARK, .n = 1, .set = MARK_RESTRICTED | MARK_UNCONFIRMED), &b.e);
    CHECK_OK(GO(&b, .what = MARK, .n = 3, .set = MARK_OBJECTED), &b.e);
    CHECK_OK(bed_get(&b, 7, 1, &r), &b.e);
    CHECK(r.restricted && !r.objected && r.unconfirmed && r.version == before.version + 1 && r.change > before.change && r.updated == before.updated);
    marked_are(&b, MARK_RESTRICTED, "1/1 ");
    marked_are(&b, MARK_RESTRICTED | MARK_OBJECTED, "1/1 1/3 ");
    CHECK_OK(GO(&b, .what = MARK, .n = 1, .set = MARK_OBJECTED, .clear = MARK_UNCONFIRMED), &b.e);
    CHECK_OK(bed_get(&b, 7, 1, &r), &b.e);
    CHECK(r.restricted && r.objected && !r.unconfirmed);
    CHECK(GO(&b, .what = MARK, .n = 9, .set = 1) == E_NOT_FOUND);
    CHECK_OK(GO(&b, .what = GONE, .n = 1), &b.e);
    CHECK(GO(&b, .what = MARK, .n = 1, .set = 1) == E_GONE);
    marked_are(&b, 7, "1/3 ");
    bed_end(&b);
}

static bool objection_text(const struct objection_row *r, void *arg) {
    buf_printf(arg, "%u %s %s|", r->id.bytes[15], r->purpose, r->by);
    return true;
}
static void objections_are(struct bed *b, uint32_t n, const char *want) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf out = BUF(4096);
    const struct uuid id = id_of(n);
    CHECK_OK(store_view(b->store, 7, &v, &b->e), &b->e);
    CHECK_OK(n == 0 ? objections_list(view_sql(v), objection_text, &out, &b->e) : objections_of(view_sql(v), 1, &id, objection_text, &out, &b->e), &b->e);
    CHECK_TEXT(buf_str(&out), want);
}

TEST(objections_are_of_a_record_and_a_purpose) {
    struct bed b;
    bool stands = true;
    const struct uuid id = id_of(1);
    bed_start(&b);
    bed_make(&b, 7, 1);
    CHECK_OK(GO(&b, .what = OBJECT, .n = 1, .name = "offers"), &b.e);
    CHECK_OK(GO(&b, .what = OBJECT, .n = 1, .name = "offers"), &b.e);
    CHECK_OK(GO(&b, .what = OBJECT, .n = 1, .name = "analysis"), &b.e);
    CHECK_OK(GO(&b, .what = OBJECT, .n = 2, .name = "offers"), &b.e);
    objections_are(&b, 1, "1 analysis link 3|1 offers link 3|");
    objections_are(&b, 0, "1 analysis link 3|1 offers link 3|2 offers link 3|");
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 7, &v, &b.e), &b.e);
    CHECK_OK(objection_stands(view_sql(v), 1, &id, "other", &stands, &b.e), &b.e);
    CHECK(!stands);
    CHECK_OK(objection_stands(view_sql(v), 1, &id, "offers", &stands, &b.e), &b.e);
    CHECK(stands);
    v = view_end(v);
    CHECK_OK(GO(&b, .what = UNOBJECT, .n = 1, .name = "offers"), &b.e);
    CHECK(GO(&b, .what = UNOBJECT, .n = 1, .name = "offers") == E_NOT_FOUND);
    CHECK_OK(GO(&b, .what = MARK, .n = 1, .set = MARK_OBJECTED), &b.e);
    CHECK_OK(GO(&b, .what = GONE, .n = 1), &b.e);
    objections_are(&b, 0, "2 offers link 3|");
    bed_end(&b);
}

static enum code keys_of(void *arg UNUSED, int64_t tenant UNUSED, struct key *ret_before, struct key *ret_now, uint32_t *ret_generation, struct err *e UNUSED) {
    memset(ret_before, 1, sizeof *ret_before);
    memset(ret_now, 2, sizeof *ret_now);
    *ret_generation = 2;
    return OK;
}
static enum code renewed_write(struct txn *t, void *arg, struct err *e) {
    struct step *s = arg;
    struct key before, now;
    struct token to = token_of(s->n);
    memset(&before, 1, sizeof before);
    memset(&now, 2, sizeof now);
    CHECK(tokens_renew(&before, &now, &to, 1));
    return objector_is(t, s->name, &(struct mark){ .token = to, .generation = 2 }, &s->is, e);
}

TEST(objectors_are_known_by_their_keyed_hash_through_a_renewal) {
    struct bed b;
    bool any = true;
    struct step is = { .what = IS_OBJECTOR, .name = "offers" };
    bed_start(&b);
    bed_make(&b, 7, 1);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 7, &v, &b.e), &b.e);
    CHECK_OK(objectors_any(view_sql(v), &any, &b.e), &b.e);
    CHECK(!any);
    v = view_end(v);
    for (uint32_t n = 1; n <= 9; n++)
        CHECK_OK(GO(&b, .what = OBJECTOR, .n = n, .name = "offers"), &b.e);
    is.n = 1;
    CHECK_OK(go(&b, 7, &is), &b.e);
    CHECK(is.is);
    is.n = 10;
    CHECK_OK(go(&b, 7, &is), &b.e);
    CHECK(!is.is);
    is.n = 1;
    CHECK_OK(go(&b, 8, &is), &b.e);
    CHECK(!is.is);
    CHECK_OK(GO(&b, .what = NO_OBJECTOR, .n = 9, .name = "offers"), &b.e);
    CHECK_OK(index_renew(b.store, keys_of, NULL, &b.e), &b.e);
    CHECK(go(&b, 7, &is) == E_STALE && GO(&b, .what = OBJECTOR, .n = 20, .name = "offers") == E_STALE && GO(&b, .what = NO_OBJECTOR, .n = 1, .name = "offers") == E_STALE);
    for (is.n = 1; is.n <= 9; is.n++) {
        CHECK_OK(store_write(b.store, 7, renewed_write, &is, &b.e), &b.e);
        CHECK(is.is == (is.n < 9));
    }
    bed_end(&b);
}

static bool restriction_text(const struct restriction_row *r, void *arg) {
    buf_printf(arg, "%u %lld %lld %lld %s|", r->id.bytes[15], (long long)r->request, (long long)r->told, r->lifts == USEC_NEVER ? -1 : (long long)r->lifts, r->by);
    return true;
}
static void restrictions_are(struct bed *b, const char *want) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf out = BUF(4096);
    CHECK_OK(store_view(b->store, 7, &v, &b->e), &b->e);
    CHECK_OK(restrictions_list(view_sql(v), restriction_text, &out, &b->e), &b->e);
    CHECK_TEXT(buf_str(&out), want);
    const struct uuid id = id_of(1);
    enum code code = restriction_get(view_sql(v), 1, &id, restriction_text, &out, &b->e);
    CHECK(code == (strncmp(want, "1 ", 2) == 0 ? OK : E_NOT_FOUND));
}

TEST(a_restriction_says_when_the_person_was_told) {
    struct bed b;
    bed_start(&b);
    bed_make(&b, 7, 1);
    bed_make(&b, 7, 2);
    restrictions_are(&b, "");
    CHECK_OK(GO(&b, .what = RESTRICT, .n = 1), &b.e);
    CHECK_OK(GO(&b, .what = RESTRICT, .n = 2), &b.e);
    CHECK(GO(&b, .what = RESTRICT, .n = 1) == E_CONFLICT);
    CHECK_OK(GO(&b, .what = TELL, .n = 1, .told = 77), &b.e);
    CHECK(GO(&b, .what = TELL, .n = 3, .told = 77) == E_NOT_FOUND);
    restrictions_are(&b, "1 9 77 82 token 1|2 9 0 -1 token 1|");
    CHECK_OK(GO(&b, .what = LIFT, .n = 1), &b.e);
    CHECK(GO(&b, .what = LIFT, .n = 1) == E_NOT_FOUND);
    CHECK_OK(GO(&b, .what = MARK, .n = 2, .set = MARK_RESTRICTED), &b.e);
    CHECK_OK(GO(&b, .what = GONE, .n = 2), &b.e);
    restrictions_are(&b, "");
    bed_end(&b);
}
