/* seeds_test.c — the scanner, each fault, and the table itself. */
#include "promises/seeds.c"
#include "base/test.h"

static struct seed_places *places(const char *text) {
    struct seed_places *p = seed_places_new();
    struct err e;
    CHECK(p != NULL);
    CHECK_OK(seed_places_read(p, "charters/x.yaml", text, strlen(text), &e), &e);
    return p;
}

TEST(reads_ids_behind_values_and_keys_only) {
    AUTO(seed_places_free) struct seed_places *p = places(
        "# K-01 in a whole comment\ncharter: events  # K-02\n  # K-03\nkeep:  # K-04, K-05\n  - text  # see K-06\n  - 'a  # K-07 b'\nlast: x  # K-08");
    CHECK_INT(p->count, 4);
    static const struct { const char *id; int line; const char *text; } want[] = {
        { "K-02", 2, "charter: events" }, { "K-04", 4, "keep:" }, { "K-05", 4, "keep:" }, { "K-08", 7, "last: x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        CHECK_TEXT(p->list[i].id, want[i].id);
        CHECK_TEXT(p->list[i].text, want[i].text);
        CHECK_TEXT(p->list[i].charter, "events");
        CHECK_INT(p->list[i].line, want[i].line);
    }
}

TEST(shows_the_english_of_a_text_by_language) {
    AUTO(seed_places_free) struct seed_places *p = places(
        "charter: events\n  - what: {en: a paper, pl: dokument}  # K-01\n  - what:  # K-02\n      en: a paper, dated\n      pl: x\n    keep:  # K-03\n      - fields: a\n");
    static const char *const want[] = { "what: a paper", "what: a paper, dated", "keep:" };
    CHECK_INT(p->count, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        CHECK_TEXT(p->list[i].text, want[i]);
}

TEST(leaves_half_ids_alone) {
    static const char *const no[] = { "a: b  # K-1", "a: b  # K-01,K-02", "a: b  # K-01, ", "a: b  # K-01 x", "a: b # K-01", "a: b  #K-01", "  # K-01", "", "a: b  # K-0" };
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        AUTO(seed_places_free) struct seed_places *p = places(no[i]);
        CHECK_INT(p->count, 0);
    }
}

static const struct seed two[] = {
    { "K-01", "events", "We never delete.", { SEED_BY_RULE, RULE_owner_kept, NULL } },
    { "K-02", "events", "Data | stays.", { SEED_BY_TEXT, RULE_COUNT, "page" } },
};

static void faults_are(const struct seed *rows, size_t count, const char *text, const char *want) {
    AUTO(seed_places_free) struct seed_places *p = places(text);
    AUTO(buf_done) struct buf out = BUF(10000);
    size_t n = seeds_faults(rows, count, p, &out), lines = 0;
    for (const char *s = buf_str(&out); *s != '\0'; s++)
        lines += *s == '\n';
    CHECK_TEXT(buf_str(&out), want);
    CHECK_INT(n, lines);
}

TEST(names_each_fault) {
    faults_are(two, 2, "charter: events\na: b  # K-01\nc: d  # K-02\n", "");
    faults_are(two, 2, "charter: events\na: b  # K-01\n", "K-02: it stands in no charter; write it behind the line of charters/events.yaml that answers it\n");
    faults_are(two, 2, "charter: events\na: b  # K-01, K-02\nc: d  # K-02\n",
               "K-02: it stands at charters/x.yaml:2 and again at charters/x.yaml:3; keep it at one line\n");
    faults_are(two, 2, "charter: mail\na: b  # K-01\n", "K-01: it stands at charters/x.yaml:2 and belongs to the charter events\n"
               "K-02: it stands in no charter; write it behind the line of charters/events.yaml that answers it\n");
    faults_are(two, 2, "charter: events\na: b  # K-01, K-02, K-99\n", "charters/x.yaml:2: K-99 is no published promise\n");
    const struct seed twice[] = { two[0], two[0] };
    faults_are(twice, 2, "charter: events\na: b  # K-01\n", "K-01: it has two owners in seeds.tbl; keep one row\n");
    const struct seed none[] = { { "K-01", "events", "x", { SEED_BY_RULE, RULE_COUNT, NULL } } };
    faults_are(none, 1, "charter: events\na: b  # K-01\n", "K-01: it has no owner; name a rule, evidence or a text in seeds.tbl\n");
}

TEST(prints_rows_that_stay_one_table) {
    AUTO(seed_places_free) struct seed_places *p = places("charter: events\na: one | two  # K-01\nc: d  # K-02\n");
    AUTO(buf_done) struct buf out = BUF(10000);
    seeds_print(two, 2, p, &out);
    CHECK(strstr(buf_str(&out), "| K-01 | We never delete. | [x.yaml:2](../charters/x.yaml#L2) `a: one \\| two` | `owner_kept`: ") != NULL);
    CHECK(strstr(buf_str(&out), "| K-02 | Data \\| stays. | [x.yaml:3](../charters/x.yaml#L3) `c: d` | text: page |  | text |\n") != NULL);
    CHECK(strstr(buf_str(&out), "## events\n") != NULL);
}

TEST(the_table_is_whole) {
    const struct seed *rows;
    size_t count = seeds_table(&rows), next = 0;
    static const struct { char letter; int count; const char *charter; } want[] = {
        { 'D', 24, "courier" }, { 'E', 34, "mail" }, { 'K', 28, "events" }, { 'C', 31, "machines" }, { 'A', 68, "bookings" },
    };
    CHECK_INT(count, 185);
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        for (int n = 1; n <= want[i].count; n++, next++) {
            char id[16];
            snprintf(id, sizeof id, "%c-%02d", want[i].letter, n);
            CHECK_TEXT(rows[next].id, id);
            CHECK_TEXT(rows[next].charter, want[i].charter);
        }
}

static size_t letters(const char *text, const char *of) {
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++)
        n += strchr(of, *p) != NULL;
    return n;
}

/* Numbers are facts: each language has the same ones, whatever marks decimals. */
TEST(every_sentence_speaks_three_languages) {
    const struct seed *rows;
    size_t count = seeds_table(&rows);
    for (size_t i = 0; i < count; i++) {
        CHECK_TEXT(says_pl[i].id, rows[i].id);
        CHECK_TEXT(says_hu[i].id, rows[i].id);
        for (int l = 0; l < LANG_COUNT; l++) {
            const char *says = seed_says(rows[i].id, (enum lang)l);
            CHECK(says != NULL && strlen(says) > 10 && says[strlen(says) - 1] == '.');
            CHECK(l == LANG_EN || strcmp(says, rows[i].sentence) != 0);
        }
        if (strcspn(rows[i].sentence, "0123456789") != strlen(rows[i].sentence) && strstr("D-13 C-01 A-36", rows[i].id) == NULL) {   /* twice; a date; day and night */
            CHECK_INT(letters(says_pl[i].text, "0123456789"), letters(rows[i].sentence, "0123456789"));
            CHECK_INT(letters(says_hu[i].text, "0123456789"), letters(rows[i].sentence, "0123456789"));
        }
    }
    CHECK_TEXT(seed_says("K-08", LANG_PL), "Nastąpi to 180 dni po zakończeniu wydarzenia.");
    CHECK_TEXT(seed_says("K-08", LANG_HU), "Ez 180 nappal a rendezvény vége után történik.");
    CHECK(seed_says("K-29", LANG_EN) == NULL);
}

TEST(survives_no_memory) {
    static const char text[] = "charter: events\na: b  # K-01, K-02\n";
    for (size_t n = 1; n < 20; n++) {
        AUTO(seed_places_free) struct seed_places *p = seed_places_new();
        struct err e;
        CHECK(p != NULL);
        mem_fail_at = n;
        enum code code = seed_places_read(p, "x", text, sizeof text - 1, &e);
        mem_fail_at = 0;
        CHECK(code == OK ? p->count == 2 : code == E_MEMORY);
    }
}
