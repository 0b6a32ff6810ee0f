/* adopt_test.c — a first charter is taken, the same one is nothing, a wider one is named, a narrower one is refused where
 * records are stored. */
#include "api/adopt.c"
#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sys/files.h"

#define HEAD "charter: sample\ntitle: {en: Sample}\nupdated: %s\nclock: Europe/Warsaw\nspeaks: [en]\n" \
    "operator:\n  name: Seats sp. z o.o.\n  country: PL\n  contact: privacy@seats.example\n  authority: UODO\n" \
    "people:\n  organiser: the customer\ntenant: organiser\n"
#define EVENT "records:\n  event:\n    belongs_to: organiser\n    holds:\n      title: text\n"
#define KEEP "    keep: until the organiser deletes it\nwho_sees:\n  organiser: everything of own event\n"

static struct charter *charter_with(const char *date, const char *more, const char *sections) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    struct charter *c = NULL;
    struct err e;
    buf_printf(&text, HEAD, date);
    buf_printf(&text, EVENT "%s" KEEP "%s", more, sections);
    if (charter_load_text("sample.yaml", text.data, text.len, f, &c, &e) != OK) {
        AUTO(buf_done) struct buf said = BUF(1u << 16);
        findings_print(f, &said);
        fprintf(stderr, "%s\n%s", e.text, buf_str(&said));
    }
    CHECK(c != NULL);
    return c;
}

static struct charter *charter_of(const char *date, const char *more) { return charter_with(date, more, ""); }

static enum code put_event(struct txn *t, void *arg, struct err *reterr) {
    const struct row r = { .kind = *(int32_t *)arg, .id = uuid_new(), .version = 1, .due = USEC_NEVER, .clear = "{}" };
    return row_put(t, &r, reterr);
}

static enum code put_member(struct txn *t, void *arg, struct err *reterr) {
    const struct member_row r = { .account = uuid_new(), .tenant = *(int64_t *)arg, .role = "organiser" };
    return member_put(t, &r, reterr);
}

TEST(charters_follow_each_other) {
    char dir[] = "/tmp/sejf-adopt-XXXXXX";
    struct err e;
    int64_t tenant;
    int32_t kind;
    CHECK(mkdtemp(dir) != NULL);
    CHECK_OK(crypto_init(&e), &e);
    AUTO(store_close) struct store *s = NULL;
    CHECK_OK(store_open(&(struct store_options){ .directory = dir, .readers = 1, .queue = 16 }, &s, &e), &e);
    AUTO(charter_free) struct charter *first = charter_of("2026-11-22", "      note: text, optional\n");
    AUTO(charter_free) struct charter *wider = charter_of("2026-11-23", "      note: text, optional\n      place: text, optional\n");
    AUTO(charter_free) struct charter *narrower = charter_of("2026-11-24", "");
    AUTO(charter_free) struct charter *undated = charter_of("2026-11-22", "      note: text, optional\n      place: text, optional\n");

    struct adoption *a = NULL;
    CHECK_OK(adopt_compare(s, first, &a, &e), &e);
    CHECK(adopt_is_new(a) && !adopt_is_same(a) && adopt_changes(a) == NULL && !adopt_needs_refit(a) && !adopt_needs_dates(a));
    CHECK_OK(adopt_allowed(a, &e), &e);
    adopt_free(a);
    CHECK_OK(adopt_put(s, first, &e), &e);
    CHECK_OK(adopt_compare(s, first, &a, &e), &e);
    CHECK(adopt_is_same(a) && !adopt_is_new(a));
    adopt_free(a);

    CHECK_OK(adopt_compare(s, wider, &a, &e), &e);
    CHECK(!adopt_is_same(a) && changes_count(adopt_changes(a), CHANGE_ADDS) == 1);
    CHECK_OK(adopt_allowed(a, &e), &e);
    adopt_free(a);
    CHECK_OK(adopt_compare(s, undated, &a, &e), &e);
    CHECK_CODE(adopt_allowed(a, &e), E_CHARTER, &e);
    adopt_free(a);

    CHECK_OK(tenant_make(s, "sample", "A", false, &tenant, &e), &e);
    CHECK_OK(name_number(s, "sample", 'k', "event", &kind, &e), &e);
    CHECK_OK(store_write(s, tenant, put_event, &kind, &e), &e);
    CHECK_OK(adopt_compare(s, narrower, &a, &e), &e);
    CHECK_CODE(adopt_allowed(a, &e), E_CHARTER, &e);
    CHECK(strstr(e.text, "note") != NULL && strstr(e.text, "(1 record)") != NULL);
    adopt_free(a);

    /* Who must do something before signing in again is counted. */
    AUTO(charter_free) struct charter *stricter = charter_with("2026-11-25", "      note: text, optional\n", "sign_in:\n  organiser: password of 12 characters and a second step\n");
    AUTO(buf_done) struct buf said = BUF(1u << 16);
    CHECK_OK(store_write(s, 0, put_member, &tenant, &e), &e);
    CHECK_OK(store_write(s, 0, put_member, &tenant, &e), &e);
    CHECK_OK(adopt_compare(s, stricter, &a, &e), &e);
    CHECK_OK(adopt_allowed(a, &e), &e);
    changes_print(adopt_changes(a), &said);
    CHECK(strstr(buf_str(&said), "access   sign_in.organiser: `organiser` needs a second step: whoever has none sets one up at the next sign-in (2 accounts)\n") != NULL);
    adopt_free(a);

    /* A refit that was cut off is begun again, under whichever charter. */
    CHECK_OK(adopt_begin(s, wider, &e), &e);
    CHECK_OK(adopt_compare(s, first, &a, &e), &e);
    CHECK(adopt_is_same(a) && adopt_needs_refit(a));
    adopt_free(a);
    CHECK_OK(adopt_compare(s, wider, &a, &e), &e);
    CHECK(!adopt_is_same(a) && adopt_needs_refit(a));
    adopt_free(a);
    CHECK_OK(adopt_put(s, wider, &e), &e);
    CHECK_OK(adopt_compare(s, wider, &a, &e), &e);
    CHECK(adopt_is_same(a) && !adopt_needs_refit(a));
    adopt_free(a);
    s = store_close(s);
    CHECK_OK(dir_remove(dir, &e), &e);
}
