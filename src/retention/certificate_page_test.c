/* certificate_page_test.c — the page says what the certificate says, in three languages, on as many pages as it needs; of a text that was altered none is made. */
#include "retention/certificate_page.c"

#include "base/mem.h"
#include "base/test.h"
#include "charter/load.h"
#include "keeper/statement.h"
#include "retention/certificate_text.h"

#define ODD 20000u                             /* keys of which none lies beside another */

static struct charter *events(void) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    CHECK_OK(charter_load(SOURCE_ROOT "/charters/events.yaml", f, &c, &e), &e);
    return c;
}

static void certificate_make(const char *cause, const char *by, const char *counts, const uint64_t *keys, size_t count, struct buf *ret) {
    uint8_t seed[32], public[PUBLIC_SIZE], sig[SIGNATURE_SIZE], head[HASH_SIZE] = { 7 };
    const struct certificate_parts p = { .service = "events", .tenant = 7, .number = 3, .made = "2026-11-22T02:00:05Z", .cause = cause, .by = by, .from = "2026-11-21T10:00:00Z",
        .until = "2026-11-21T12:30:00Z", .destructions = 2, .keys = keys, .key_count = count, .epoch = 9, .renewed = "2026-11-22T02:00:00Z", .seq = 41, .head = head };
    struct certified what = { .tenant = 7, .epoch = 9, .count = count };
    AUTO(buf_done) struct buf covered = BUF(256);
    AUTO(hash_free) struct hash *h = hash_new();
    json_t *said_json = NULL;
    struct err e;
    for (size_t i = 0; i < count; i++)
        certified_key(h, keys[i]);
    hash_end(h, what.keys);
    CHECK_OK(sign_make(seed, public, &e), &e);
    CHECK_OK(certificate_body(&p, json_loads(counts, 0, NULL), &said_json, &e), &e);
    CHECK_OK(certificate_digest(said_json, what.digest, &e), &e);
    certified_text(&what, &covered);
    CHECK_OK(sign(seed, covered.data, covered.len, sig, &e), &e);
    CHECK_OK(certificate_whole(said_json, what.digest, public, sig, ret, &e), &e);
    json_decref(said_json);
}

/* As certificate_page counts them. */
static int pages_of(const struct buf *text, const struct certificate_look *look) {
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    AUTO(buf_done) struct buf pdf = BUF(1u << 22);
    struct err e;
    CHECK_OK(certificate_verify(text->data, text->len, NULL, &c, &e), &e);
    int pages = 0;
    CHECK_OK(page_set(&c, look, &pdf, &pages, &e), &e);
    return pages;
}

TEST(each_language_and_cause_has_its_page) {
    static const char *const causes[] = { "due", "owner", "person", "consent", "closed", "moved", "later" }, *const makers[] = { "sejf", "token 7", "link 8", "account 0193", "form" };
    static const uint64_t keys[] = { 5, 6, 7, 12 };
    AUTO(charter_free) struct charter *c = events();
    struct err e;
    AUTO(buf_done) struct buf before = BUF(1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf text = BUF(1u << 20), pdf = BUF(1u << 20);
            const struct certificate_look look = { .charter = c, .tenant_name = "Kwiaciarnia", .lang = (enum lang)l };
            certificate_make(causes[i], makers[i % ARRAY_LEN(makers)], i == 5 ? "{}" : "{\"registration\":2,\"registration: diet, phone\":1,\"gone\":4}", keys, ARRAY_LEN(keys), &text);
            CHECK_OK(certificate_page(text.data, text.len, &look, &pdf, &e), &e);
            CHECK(pdf.len > 2000 && memcmp(pdf.data, "%PDF-", 5) == 0);
            CHECK_INT(pages_of(&text, &look), 1);
            CHECK(before.len != pdf.len || memcmp(before.data, pdf.data, pdf.len) != 0);
            buf_cut(&before, 0);
            buf_add(&before, pdf.data, pdf.len);
        }
}

/* The keeper looked at nothing: the page must not say that keys were destroyed. */
TEST(one_without_keys_promises_less) {
    AUTO(charter_free) struct charter *c = events();
    static const uint64_t keys[] = { 5 };
    static const enum cert_text proofs[] = { C_LEAD, C_UNDO, C_PROVED_KEYS }, always[] = { C_PROVED_TEXT, C_PROVED_LEDGER };
    struct err e;
    for (size_t n = 0; n <= 1; n++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf text = BUF(1u << 20), pdf = BUF(1u << 20);
            AUTO(certificate_done) struct certificate read = { .body = NULL };
            const struct certificate_look look = { .charter = c, .tenant_name = "Kwiaciarnia", .lang = (enum lang)l };
            certificate_make("due", "sejf", "{\"registration\":2}", keys, n, &text);
            CHECK_OK(certificate_page(text.data, text.len, &look, &pdf, &e), &e);
            CHECK_INT(pages_of(&text, &look), 1);
            CHECK_OK(certificate_verify(text.data, text.len, NULL, &read, &e), &e);
            CHECK(says(&read, C_NO_KEYS) == (n == 0));
            for (size_t i = 0; i < ARRAY_LEN(proofs); i++)
                CHECK(says(&read, proofs[i]) == (n == 1));
            for (size_t i = 0; i < ARRAY_LEN(always); i++)
                CHECK(says(&read, always[i]));
        }
}

TEST(what_was_altered_has_no_page) {
    static const uint64_t keys[] = { 5 };
    AUTO(buf_done) struct buf text = BUF(1u << 20), pdf = BUF(1u << 20);
    AUTO(charter_free) struct charter *c = events();
    struct err e;
    const struct certificate_look look = { .charter = c, .lang = LANG_EN };
    certificate_make("due", "sejf", "{\"registration\":2}", keys, 1, &text);
    char *at = memmem(text.data, text.len, "\"registration\":2", 16);
    CHECK(at != NULL);
    at[15] = '9';
    CHECK_CODE(certificate_page(text.data, text.len, &look, &pdf, &e), E_DAMAGED, &e);
    CHECK_INT(pdf.len, 0);
}

/* Numbers by the megabyte stand in the file; kinds by the hundred go over pages. */
TEST(a_long_one_stays_readable) {
    AUTO(buf_done) struct buf text = BUF(1u << 22), pdf = BUF(1u << 22), counts = BUF(1u << 16);
    uint64_t *keys = mem_new(ODD * sizeof *keys);
    AUTO(charter_free) struct charter *c = events();
    struct err e;
    const struct certificate_look look = { .charter = c, .tenant_name = "Kwiaciarnia", .lang = LANG_HU };
    for (size_t i = 0; i < ODD; i++)
        keys[i] = 2 * i + 1;
    for (int i = 0; i < 150; i++)
        buf_printf(&counts, "%s\"kind%d\":%d", i == 0 ? "{" : ",", i, i + 1);
    buf_char(&counts, '}');
    certificate_make("due", "sejf", buf_str(&counts), keys, ODD, &text);
    CHECK_OK(certificate_page(text.data, text.len, &look, &pdf, &e), &e);
    CHECK(pdf.len > 2000);
    int pages = pages_of(&text, &look);
    CHECK(pages >= 3 && pages <= 6);
    mem_free(keys);
}
