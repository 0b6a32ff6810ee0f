/* sms_test.c — where text messages may go, as the model gives it. */
#include "charter/sms.c"
#include "base/test.h"
#include "charter/load.h"
#include "charter/sample.h"

static struct charter *with(const char *sms) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    struct charter *c = NULL;
    struct err e;
    buf_text(&text, sample_text);
    buf_text(&text, sms);
    CHECK_CODE(charter_load_text("sample.yaml", buf_str(&text), text.len, f, &c, &e), OK, &e);
    return c;
}

TEST(a_list_a_cap_and_who_approves) {
    AUTO(charter_free) struct charter *none = with(""), *all = with("sms:\n  only_to: \"+36 +48\"\n  spend: at most 50.25 EUR a day for each tenant\n  exceptions: for one tenant until a date, approved by the administrator\n");
    const struct sms_rules *r = charter_sms(none);
    CHECK(!r->listed && r->code_count == 0 && !r->capped && r->approver == -1);
    r = charter_sms(all);
    CHECK(r->listed && r->code_count == 2 && r->capped && r->spend == 50250000 && r->approver == charter_person(all, "administrator"));
    CHECK_TEXT(r->codes[0], "+36");
    CHECK_TEXT(r->codes[1], "+48");
    CHECK_TEXT(r->currency, "EUR");
}

TEST(the_whole_list_of_the_promise) {
    AUTO(charter_free) struct charter *c = with("sms:\n  only_to: \"+36 +32 +359 +385 +357 +420 +45 +372 +358 +33 +49 +30 +353 +39 +371 +423 +370 +352 +356 +31 +47 +48 +351 +40 +421 +386 +34 +46 +41 +44\"\n");
    CHECK(charter_sms(c)->listed && charter_sms(c)->code_count == 30);
}
