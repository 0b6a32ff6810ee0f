/* certificate_torture_test.c — certificates made, listed and verified with the n-th allocation failing: each destruction has one in the end, and none has
 * two. */
#include "base/torture.h"
#include "records/service.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/certificate.h"

struct scene { struct bed b; struct caller boss; struct uuid event; int erased; struct buf text; };

static void erase_one(struct scene *s) {
    json_t *got = NULL, *gone = NULL;
    struct renewal r;
    struct uuid guest;
    char id[UUID_TEXT], mail[64];
    snprintf(mail, sizeof mail, "ewa%d@poczta.example", s->erased);
    CHECK_OK(bed_make(&s->b, &s->boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&s->event, id), "name", "Ewa", "email", mail), &got), &s->b.e);
    guest = id_of(got);
    json_decref(got);
    CHECK_OK(bed_erase(&s->b, &s->boss, "registration", &guest, &gone), &s->b.e);
    json_decref(gone);
    CHECK_OK(keeper_renew(s->b.keeper, &r, &s->b.e), &s->b.e);
    s->erased++;
}

/* How many registrations the certificates tell of. */
static int told(struct scene *s) {
    json_t *list = NULL, *one;
    size_t i;
    int n = 0;
    CHECK_OK(certificates_told(s->b.store, s->b.tenant, INT64_MAX, 100000, &list, &s->b.e), &s->b.e);
    json_array_foreach(json_object_get(list, "items"), i, one)
        n += (int)json_integer_value(json_object_get(json_object_get(one, "counts"), "registration"));
    json_decref(list);
    return n;
}

static enum code make(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    size_t made = 0;
    return certificates_make(s->b.store, s->b.keeper, "events", s->b.tenant, &made, reterr);
}
/* What failed is made by the next one, once; then there is another to make. */
static bool is_made(void *arg, enum code code) {
    struct scene *s = arg;
    size_t made = 0;
    bool fine = code != OK || told(s) == s->erased;
    CHECK_OK(certificates_make(s->b.store, s->b.keeper, "events", s->b.tenant, &made, &s->b.e), &s->b.e);
    fine = fine && told(s) == s->erased;
    erase_one(s);
    return fine;
}

static enum code list(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *got = NULL;
    enum code code = certificates_told(s->b.store, s->b.tenant, 3, 100, &got, reterr);
    if (code == OK)
        buf_printf(outcome, "%zu", json_array_size(json_object_get(got, "items")));
    json_decref(got);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

static enum code verify(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    const struct scene *s = arg;
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    return certificate_verify(s->text.data, s->text.len, NULL, &c, reterr);
}

TEST(certificates_without_memory) {
    struct scene s = { .text = BUF(1u << 20) };
    json_t *got = NULL;
    bool fine = true;
    bed_start(&s.b, events_charter);
    s.boss = bed_role(&s.b, s.b.tenant, "organiser");
    CHECK_OK(bed_make(&s.b, &s.boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2030-03-01T18:00:00Z", "ends", "2030-03-01T21:00:00Z"), &got), &s.b.e);
    s.event = id_of(got);
    json_decref(got);
    erase_one(&s);
    fine &= torture(&(struct torture){ .name = "certificates make", .call = make, .check = is_made, .arg = &s, .stride = 3, .uncounted = true });
    fine &= torture(&(struct torture){ .name = "certificates make, all threads", .call = make, .check = is_made, .arg = &s, .reach = TORTURE_ALL, .stride = 11, .uncounted = true });
    fine &= torture(&(struct torture){ .name = "certificates list", .call = list, .arg = &s });
    CHECK_OK(certificate_text(s.b.store, s.b.tenant, 1, &s.text, &s.b.e), &s.b.e);
    fine &= torture(&(struct torture){ .name = "certificate verify", .call = verify, .arg = &s });
    buf_done(&s.text);
    bed_end(&s.b);
    CHECK(fine);
}
