/* certificate_test.c — certificates over a keeper of its own: one for each cause and by whom, what is not final waits, made anew after a
 * cut, never two of one destruction; and the text: every byte that is altered shows. */
#include "retention/certificate.c"

#include <fcntl.h>

#include "retention/certificatebed.h"

#define TENANT 7

static void destroyed(struct scene *s, const char *cause, const char *by, const char *counts, size_t keys, bool cut) { destroyed_of(s, TENANT, cause, by, counts, keys, cut); }
static size_t made(struct scene *s) {
    size_t n = 99;
    CHECK_OK(certificates_make(s->b.store, s->keeper, "papers", TENANT, &n, &s->e), &s->e);
    return n;
}
static void text_of(struct scene *s, int64_t number, struct buf *ret) {
    buf_cut(ret, 0);
    CHECK_OK(certificate_text(s->b.store, TENANT, number, ret, &s->e), &s->e);
}
static json_t *list_of(struct scene *s) {
    json_t *list = NULL;
    CHECK_OK(certificates_told(s->b.store, TENANT, INT64_MAX, 100, &list, &s->e), &s->e);
    return list;
}

TEST(one_for_each_cause_and_by_whom) {
    AUTO(scene_done) struct scene s;
    AUTO(buf_done) struct buf text = BUF(1u << 20);
    scene_make(&s);
    CHECK_INT(made(&s), 0);
    destroyed(&s, "due", "sejf", "{\"paper\":2,\"scan\":1}", 3, false);
    destroyed(&s, "owner", "token 7", "{\"paper\":1}", 1, false);
    destroyed(&s, "due", "sejf", "{\"paper\":1}", 2, false);
    destroyed(&s, "owner", "token 8", "{\"paper\":1}", 0, false);
    CHECK_INT(made(&s), 0);                            /* nothing is final yet */
    renewed(&s);
    CHECK_INT(made(&s), 3);
    CHECK_INT(made(&s), 0);
    json_t *list = list_of(&s), *items = json_object_get(list, "items"), *due = json_array_get(items, 2);
    CHECK_INT(json_array_size(items), 3);
    CHECK_INT(json_integer_value(json_object_get(due, "number")), 1);
    CHECK_INT(json_integer_value(json_object_get(due, "keys")), 5);
    CHECK_INT(json_integer_value(json_object_get(json_object_get(due, "counts"), "paper")), 3);
    CHECK_INT(json_integer_value(json_object_get(json_object_get(due, "counts"), "scan")), 1);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(items, 0), "by")), "token 8");
    json_decref(list);
    for (int n = 1; n <= 3; n++) {
        AUTO(certificate_done) struct certificate c = { .body = NULL };
        uint8_t public[PUBLIC_SIZE];
        text_of(&s, n, &text);
        CHECK_OK(keeper_public(s.keeper, public, &s.e), &s.e);
        CHECK_OK(certificate_verify(text.data, text.len, public, &c, &s.e), &s.e);
        certificate_done(&c);
        CHECK_OK(certificate_verify(text.data, text.len - 1, NULL, &c, &s.e), &s.e);       /* a file may lack the last line break */
        CHECK_INT(c.keys, n == 1 ? 5 : n == 2 ? 1 : 0);
    }
}

TEST(what_is_not_final_waits_and_the_others_do_not_wait_for_it) {
    AUTO(scene_done) struct scene s;
    scene_make(&s);
    for (int i = 0; i < 5; i++)
        destroyed(&s, "owner", "token 7", "{\"paper\":1}", 1, i == 2);                     /* the third one's key is there yet */
    renewed(&s);
    CHECK_INT(made(&s), 2);                            /* 1 and 2; 4 and 5 */
    json_t *list = list_of(&s), *one;
    size_t i;
    json_int_t papers = 0;
    json_array_foreach(json_object_get(list, "items"), i, one)
        papers += json_integer_value(json_object_get(json_object_get(one, "counts"), "paper"));
    CHECK_INT(papers, 4);
    json_decref(list);
    CHECK_INT(made(&s), 0);
}

/* What cannot be read any more waits alone: others of the same cause and doer, and of other causes, have their certificates. */
TEST(what_is_damaged_is_told_and_keeps_nobody_waiting) {
    static const char *const damages[] = { "{\"paper\":", "[]", "{\"paper\":\"many\"}" };
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        AUTO(scene_done) struct scene s;
        size_t n = 0;
        scene_make(&s);
        destroyed(&s, "due", "sejf", "{\"paper\":1}", 1, false);
        destroyed(&s, "due", "sejf", damages[i], 1, false);
        destroyed(&s, "due", "sejf", "{\"paper\":1}", 1, false);
        destroyed(&s, "owner", "token 7", "{\"paper\":1}", 1, false);
        renewed(&s);
        for (int again = 0; again < 2; again++) {
            CHECK_CODE(certificates_make(s.b.store, s.keeper, "papers", TENANT, &n, &s.e), E_DAMAGED, &s.e);
            CHECK(strstr(s.e.text, "destruction 2") != NULL);
            CHECK_INT(n, again == 0 ? 3 : 0);
        }
        json_t *list = list_of(&s), *items = json_object_get(list, "items");
        CHECK_INT(json_array_size(items), 3);
        for (size_t k = 0; k < 3; k++)
            CHECK_INT(json_integer_value(json_object_get(json_array_get(items, k), "keys")), 1);
        json_decref(list);
    }
}

struct many { uint64_t *keys; size_t count; };
static enum code many_write(struct txn *t, void *arg, struct err *e) {
    const struct many *m = arg;
    int64_t number;
    return destruction_put(t, "due", "sejf", "{\"paper\":1}", m->keys, m->count, &number, e);
}

/* As after an erasure above the cap of a day: as many keys as one certificate names are there yet. */
TEST(those_behind_a_mass_that_is_not_final_do_not_wait) {
    AUTO(scene_done) struct scene s;
    scene_make(&s);
    struct many m = { mem_new_array(CERTIFICATE_KEYS, sizeof *m.keys), CERTIFICATE_KEYS };
    for (size_t i = 0; i < m.count; i++)
        m.keys[i] = (UINT64_C(1) << 40) + i;
    CHECK_OK(store_write(s.b.store, TENANT, many_write, &m, &s.e), &s.e);
    destroyed(&s, "owner", "token 7", "{\"paper\":1}", 1, false);
    renewed(&s);
    CHECK_INT(made(&s), 1);
    CHECK_INT(made(&s), 0);
    mem_free(m.keys);
}

/* Every byte of a short one, in several ways. */
TEST(a_byte_that_is_altered_shows) {
    AUTO(scene_done) struct scene s;
    AUTO(buf_done) struct buf text = BUF(1u << 20);
    struct err e;
    size_t passed = 0;
    scene_make(&s);
    destroyed(&s, "due", "sejf", "{\"paper\":2}", 8, false);
    renewed(&s);
    CHECK_INT(made(&s), 1);
    text_of(&s, 1, &text);
    for (size_t i = 0; i + 1 < text.len; i++) {
        static const char flips[] = { 1, 2, 0x20, (char)0x80 };
        for (size_t f = 0; f < sizeof flips; f++) {
            AUTO(certificate_done) struct certificate c = { .body = NULL };
            text.data[i] = (char)(text.data[i] ^ flips[f]);
            passed += certificate_verify(text.data, text.len, NULL, &c, &e) == OK;
            text.data[i] = (char)(text.data[i] ^ flips[f]);
        }
    }
    CHECK_INT(passed, 0);
    static const struct { const char *find, *put, *says; } rows[] = {
        { "\"paper\":2", "\"paper\":3", "hash" }, { "{\"body\"", "{ \"body\"", "bytes" }, { "\"certificate\":1", "\"certificate\":2", "version" }, { "\"hash\"", "\"hush\"", "not one JSON" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(certificate_done) struct certificate c = { .body = NULL };
        AUTO(buf_done) struct buf other = BUF(1u << 20);
        const char *at = strstr(buf_str(&text), rows[i].find);
        CHECK(at != NULL);
        buf_add(&other, text.data, (size_t)(at - text.data));
        buf_text(&other, rows[i].put);
        buf_text(&other, at + strlen(rows[i].find));
        CHECK_CODE(certificate_verify(other.data, other.len, NULL, &c, &e), E_DAMAGED, &e);
        if (strstr(e.text, rows[i].says) == NULL)
            fprintf(stderr, "said: %s\n", e.text);
        CHECK(strstr(e.text, rows[i].says) != NULL);
    }
    struct certificate c = { .body = NULL };
    CHECK_CODE(certificate_verify("", 0, NULL, &c, &e), E_DAMAGED, &e);
    CHECK_CODE(certificate_verify(text.data, text.len, (uint8_t[PUBLIC_SIZE]){ 1 }, &c, &e), E_DAMAGED, &e);
    CHECK(strstr(e.text, "another key") != NULL);
}

TEST(ranges_have_one_form) {
    static const struct { const char *text; int64_t count; } rows[] = {
        { "", 0 }, { "1", 1 }, { "4096-4099,4101", 5 }, { "1-2", 2 }, { "2-1", -1 }, { "1,2", -1 }, { "1-2,3", -1 }, { "3,1", -1 }, { "0", -1 }, { "01-2", -1 }, { "1,", -1 }, { ",1", -1 }, { "1-", -1 },
        { "1-1", -1 }, { "1 ,3", -1 }, { "99999999999999999999", -1 }, { "1-9000000000000000000", -1 }, { "x", -1 }, { "-1", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t hash[HASH_SIZE];
        uint64_t count = 0;
        bool fine = certificate_ranges(rows[i].text, hash, &count);
        if (fine != (rows[i].count >= 0) || (fine && count != (uint64_t)rows[i].count))
            fprintf(stderr, "%s: %d %llu\n", rows[i].text, fine, (unsigned long long)count);
        CHECK(fine == (rows[i].count >= 0) && (!fine || count == (uint64_t)rows[i].count));
    }
}

static enum code signer_head(void *arg, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *e) { return keeper_head(arg, chain, ret_seq, ret_head, e); }
static enum code signer_after(void *arg, int64_t after, int64_t *ret, struct err *e) { return keeper_chain_after(arg, after, ret, e); }
static enum code signer_sign(void *arg, int64_t chain, uint64_t from, const uint8_t (*digests)[HASH_SIZE], size_t count, const uint8_t head[HASH_SIZE], uint8_t ret[SIGNATURE_SIZE],
                             struct err *e) {
    return keeper_sign_head(arg, chain, from, digests, count, head, ret, e);
}
static void ledger_signed(struct scene *s) {
    const struct ledger_signer signer = { .head = signer_head, .chain_after = signer_after, .sign = signer_sign, .arg = s->keeper };
    CHECK_OK(ledger_sign(s->b.store, &signer, &s->e), &s->e);
}
static void exported(struct scene *s, int fd, const uint8_t public[PUBLIC_SIZE]) {
    CHECK(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    CHECK_OK(ledger_export(s->b.store, TENANT, public, fd, &s->e), &s->e);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
}

TEST(the_ledger_tells_of_it) {
    AUTO(scene_done) struct scene s;
    AUTO(buf_done) struct buf text = BUF(1u << 20);
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    uint8_t public[PUBLIC_SIZE];
    char path[128];
    scene_make(&s);
    CHECK_OK(keeper_public(s.keeper, public, &s.e), &s.e);
    CHECK_OK(ledger_note(s.b.store, TENANT, "record_erased", "token 7", json_null(), true, &s.e), &s.e);
    ledger_signed(&s);
    destroyed(&s, "owner", "token 7", "{\"paper\":1}", 2, false);
    renewed(&s);
    CHECK_INT(made(&s), 1);
    text_of(&s, 1, &text);
    CHECK_OK(certificate_verify(text.data, text.len, public, &c, &s.e), &s.e);
    snprintf(path, sizeof path, "%s/export", s.directory);
    AUTO(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    exported(&s, fd, public);                          /* signed up to the entry before: what stands behind that anybody could have added */
    CHECK_CODE(certificate_in_ledger(&c, fd, public, &s.e), E_DAMAGED, &s.e);
    CHECK(strstr(s.e.text, "not signed yet") != NULL);
    ledger_signed(&s);
    exported(&s, fd, public);
    CHECK_OK(certificate_in_ledger(&c, fd, public, &s.e), &s.e);
    c.hash[0] ^= 1;                                    /* as if it were another one */
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK_CODE(certificate_in_ledger(&c, fd, public, &s.e), E_DAMAGED, &s.e);
    CHECK(strstr(s.e.text, "does not tell") != NULL);
    c.hash[0] ^= 1;
    json_object_set_new(json_object_get(c.body, "ledger"), "chain", json_integer(0));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK_CODE(certificate_in_ledger(&c, fd, public, &s.e), E_DAMAGED, &s.e);
    CHECK(strstr(s.e.text, "not its tenant's") != NULL);
    json_object_set_new(json_object_get(c.body, "ledger"), "chain", json_integer(TENANT));
    json_object_set_new(json_object_get(c.body, "ledger"), "head", json_string("00"));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK_CODE(certificate_in_ledger(&c, fd, public, &s.e), E_DAMAGED, &s.e);
    CHECK(strstr(s.e.text, "does not stand") != NULL);
}
