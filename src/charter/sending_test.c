/* sending_test.c — what a charter says of complaints and of pauses, as the model gives it. */
#include "charter/sending.c"
#include "base/test.h"
#include "charter/load.h"
#include "charter/sample.h"

static struct charter *with(const char *from, const char *to) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    struct charter *c = NULL;
    struct err e;
    const char *at = strstr(sample_text, from);
    if (at == NULL)
        fail_msg("the sample has no line %s", from);
    buf_add(&text, sample_text, (size_t)(at - sample_text));
    buf_text(&text, to);
    buf_text(&text, at + strlen(from));
    CHECK_CODE(charter_load_text("sample.yaml", buf_str(&text), text.len, f, &c, &e), OK, &e);
    return c;
}

TEST(complaints_are_remembered_as_said_or_two_years) {
    AUTO(charter_free) struct charter *c = with("logs:", "logs:"), *said = with("logs:", "suppression: keyed hash, 6 months after the complaint\nlogs:");
    CHECK(charter_complaint_lasts(c).years == 2 && charter_complaint_lasts(c).months == 0);
    CHECK(charter_complaint_lasts(said).years == 0 && charter_complaint_lasts(said).months == 6);
}

TEST(shares_are_read_in_millionths) {
    static const struct { const char *text; int64_t value; } row[] = { { "5", 50000 }, { "0.1", 1000 }, { "12.5", 125000 }, { "0.0001", 1 }, { "100", 1000000 }, { "0.00001", 0 } };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK_INT(millionths(row[i].text), row[i].value);
    AUTO(charter_free) struct charter *c = with("logs:", "logs:"), *none = with("  pause: above 5 % bounced or 0.1 % complaints\n", "");
    struct reputation_rule r = charter_reputation(c);
    CHECK(r.said && r.bounced == 50000 && r.complained == 1000);
    CHECK(!charter_reputation(none).said);
}
