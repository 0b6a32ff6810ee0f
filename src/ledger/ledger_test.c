/* ledger_test.c — entries, their bytes, their links; also under failing writes and failing memory. */
#include "ledger/ledger.c"

#include "store/testbed.h"

struct seen { char entry[8][512]; struct ledger_row row[8]; size_t count; };
static bool see(const struct ledger_row *r, void *arg) {
    struct seen *s = arg;
    CHECK(s->count < ARRAY_LEN(s->row) && strlen(r->entry) < sizeof s->entry[0]);
    memcpy(s->entry[s->count], r->entry, strlen(r->entry) + 1);
    s->row[s->count++] = *r;
    return true;
}
static void read_chain(struct bed *b, int64_t chain, struct seen *ret) {
    AUTO(view_end) struct view *v = NULL;
    ret->count = 0;
    CHECK_OK(store_view(b->store, chain, &v, &b->e), &b->e);
    CHECK_OK(ledger_list(view_sql(v), 0, see, ret, &b->e), &b->e);
}

TEST(an_entry_is_canonical) {
    struct bed b;
    struct seen s;
    bed_start(&b);
    json_t *what = json_pack("{s:s,s:i,s:{s:b,s:[i,i]}}", "kind", "registration", "count", 3, "a", "z", 1, "b", 1, 2);
    CHECK_OK(ledger_note(b.store, 4, "record_made", "token 7", what, true, &b.e), &b.e);
    CHECK_OK(ledger_note(b.store, 4, "said \"so\"", "ż\n", json_null(), true, &b.e), &b.e);
    json_decref(what);
    read_chain(&b, 4, &s);
    CHECK(s.count == 2 && s.row[0].seq == 1 && s.row[1].seq == 2);
    const char *rest = strstr(s.entry[0], "Z\",");
    CHECK(strncmp(s.entry[0], "{\"at\":\"20", 9) == 0 && rest != NULL);
    CHECK_TEXT(rest, "Z\",\"do\":\"record_made\",\"what\":{\"a\":{\"b\":[1,2],\"z\":true},\"count\":3,\"kind\":\"registration\"},\"who\":\"token 7\"}");
    CHECK_TEXT(strstr(s.entry[1], "Z\","), "Z\",\"do\":\"said \\\"so\\\"\",\"who\":\"ż\\n\"}");
    json_t *parsed = json_loads(s.entry[1], 0, NULL);
    CHECK(parsed != NULL);
    json_decref(parsed);
    bed_end(&b);
}

TEST(each_head_ties_all_before) {
    struct bed b;
    struct seen s;
    uint8_t both[64], want[HASH_SIZE], zero[HASH_SIZE] = { 0 };
    bed_start(&b);
    for (int i = 0; i < 3; i++)
        CHECK_OK(ledger_note(b.store, 0, "started", "sejf", json_null(), true, &b.e), &b.e);
    CHECK_OK(ledger_note(b.store, 1, "started", "sejf", json_null(), true, &b.e), &b.e);
    bed_reopen(&b);
    CHECK_OK(ledger_note(b.store, 0, "started", "sejf", json_null(), true, &b.e), &b.e);
    read_chain(&b, 0, &s);
    CHECK(s.count == 4 && memcmp(s.row[0].before, zero, HASH_SIZE) == 0);
    for (size_t i = 0; i < s.count; i++) {
        CHECK(s.row[i].seq == i + 1 && (i == 0 || memcmp(s.row[i].before, s.row[i - 1].head, HASH_SIZE) == 0));
        hash_sha256(s.entry[i], strlen(s.entry[i]), want);
        CHECK(memcmp(want, s.row[i].digest, HASH_SIZE) == 0);
        memcpy(both, s.row[i].before, HASH_SIZE);
        memcpy(both + HASH_SIZE, want, HASH_SIZE);
        hash_sha256(both, sizeof both, want);
        CHECK(memcmp(want, s.row[i].head, HASH_SIZE) == 0);
    }
    bed_end(&b);
}

TEST(what_a_signature_covers) {
    uint8_t text[LEDGER_HEAD_TEXT_SIZE], head[HASH_SIZE];
    memset(head, 0xab, sizeof head);
    ledger_head_text(258, 5, head, text);
    CHECK(sizeof text == 65 && memcmp(text, "sejf ledger head\0" "\0\0\0\0\0\0\1\2" "\0\0\0\0\0\0\0\5\xab", 34) == 0 && text[64] == 0xab);
}

struct mixed { bool fail; int appends; };
static enum code mixed_write(struct txn *t, void *arg, struct err *e) {
    const struct mixed *m = arg;
    for (int i = 0; i < m->appends; i++) {
        enum code code = ledger_append(t, "step", "sejf", json_null(), e);
        if (code != OK)
            return code;
    }
    return m->fail ? err_set(e, E_INVALID, "no") : OK;
}

TEST(a_write_that_fails_leaves_no_entry_and_no_hole) {
    struct bed b;
    struct seen s;
    bed_start(&b);
    static const struct mixed steps[] = { { false, 1 }, { true, 2 }, { false, 2 }, { true, 1 }, { false, 1 } };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct mixed m = steps[i];
        CHECK_CODE(store_write(b.store, 2, mixed_write, &m, &b.e), m.fail ? E_INVALID : OK, &b.e);
    }
    read_chain(&b, 2, &s);
    CHECK(s.count == 4);
    struct ledger_check check;
    CHECK_OK(ledger_verify(b.store, NULL, &check, &b.e), &b.e);
    CHECK(check.entries == 4 && check.chains == 1 && check.signed_heads == 0 && check.bad_chain == -1);
    bed_end(&b);
}

TEST(too_much_is_refused) {
    struct bed b;
    bed_start(&b);
    char *big = mem_new(70000);
    memset(big, 'x', 69999);
    json_t *what = json_pack("{s:s}", "big", big);
    enum code code = ledger_note(b.store, 1, "v", "w", what, true, &b.e);
    CHECK(code == E_TOO_LARGE || code == E_MEMORY);
    json_decref(what);
    (void)mem_free(big);
    struct ledger_check check;
    CHECK_OK(ledger_verify(b.store, NULL, &check, &b.e), &b.e);
    CHECK(check.entries == 0);
    bed_end(&b);
}

TEST(every_allocation_of_a_note_may_fail) {
    struct bed b;
    bed_start(&b);
    size_t n = 1, made = 0;
    for (bool reached = true; reached && n < 50; n++) {
        json_t *what = json_pack("{s:i}", "n", 1);
        mem_fail_at = n;
        enum code code = ledger_note(b.store, 1, "v", "w", what, true, &b.e);
        reached = mem_fail_at == 0;
        mem_fail_at = 0;
        json_decref(what);
        CHECK(code == (reached ? E_MEMORY : OK));
        made += code == OK;
    }
    CHECK(n > 4 && made == 1);
    CHECK_OK(ledger_note(b.store, 1, "v", "w", json_null(), false, &b.e), &b.e);
    CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);       /* runs behind the note */
    struct ledger_check check;
    CHECK_OK(ledger_verify(b.store, NULL, &check, &b.e), &b.e);
    CHECK(check.entries == 2);
    bed_end(&b);
}
