/* charters_test.c — the charters of the project as they stand: the five clean ones, the five published pages with
 * exactly their traps, and every published promise in exactly one line. SOURCE is the top of the source tree. */
#include <stdlib.h>

#include "base/test.h"
#include "base/text.h"
#include "charter/lint.h"
#include "crypto/crypto.h"
#include "promises/seeds.h"

#define TODAY "2026-11-22"

static const char *const clean[] = { "courier", "mail", "events", "machines", "bookings" };
static const char *const published[] = { "deliveo", "emaillabs", "konfeo", "coffeecloud", "asysto" };

static void slurp(const char *path, struct buf *ret) {
    char full[1024], piece[4096];
    size_t n;
    CHECK(snprintf(full, sizeof full, "%s/%s", SOURCE, path) < (int)sizeof full);
    FILE *f = fopen(full, "re");
    CHECK(f != NULL);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(ret, piece, n);
    CHECK(fclose(f) == 0 && !ret->failed);
}

static void begin(void) {
    static bool begun;                        /* the library begins once in a process */
    struct err e;
    if (!begun)
        CHECK_OK(crypto_init(&e), &e);
    begun = true;
}

/* Appends "name:line:ID" for each trap of a charter that must have no error. */
static void traps_of(const char *folder, const char *name, struct buf *ret) {
    char path[1024];
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(buf_done) struct buf printed = BUF(1 << 20);
    struct err e;
    const struct finding *list;
    begin();
    CHECK(snprintf(path, sizeof path, "%s/%s/%s.yaml", SOURCE, folder, name) < (int)sizeof path);
    enum code code = lint_file(path, TODAY, f, &c, &e);
    if (code == E_CHARTER) {
        findings_print(f, &printed);
        fail_msg("%s", buf_str(&printed));
    }
    CHECK_OK(code, &e);
    for (size_t i = 0, count = findings_list(f, &list); i < count; i++)
        if (list[i].level == FINDING_TRAP)
            buf_printf(ret, "%s.yaml:%d:%s\n", name, list[i].pos.line, list[i].id);
}

TEST(published_pages_show_their_traps_and_no_others) {
    AUTO(buf_done) struct buf want = BUF(1 << 16);
    AUTO(buf_done) struct buf got = BUF(1 << 16);
    slurp("tests/charters/traps/expected.txt", &want);
    for (size_t i = 0; i < ARRAY_LEN(published); i++)
        traps_of("tests/charters/traps", published[i], &got);
    CHECK_TEXT(buf_str(&got), buf_str(&want));
}

TEST(our_charters_have_one_warning_which_they_explain) {
    AUTO(buf_done) struct buf got = BUF(1 << 16);
    AUTO(buf_done) struct buf bookings = BUF(1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(clean); i++)
        traps_of("charters", clean[i], &got);
    int line = 1;
    slurp("charters/bookings.yaml", &bookings);
    const char *at = strstr(buf_str(&bookings), "  # A-42\n"), *explained = strstr(buf_str(&bookings), "warns about it (T17)");
    CHECK(at != NULL && explained != NULL && explained < at);
    for (const char *s = buf_str(&bookings); s < at; s++)
        line += *s == '\n';
    char want[64];
    snprintf(want, sizeof want, "bookings.yaml:%d:T17\n", line);
    CHECK_TEXT(buf_str(&got), want);
}

static void every_promise_once(const char *folder, const char *const *names, bool named) {
    AUTO(seed_places_free) struct seed_places *places = seed_places_new();
    AUTO(buf_done) struct buf faults = BUF(1 << 16);
    struct err e;
    const struct seed *rows;
    size_t count = seeds_table(&rows);
    for (size_t i = 0; i < 5; i++) {
        char path[256];
        AUTO(buf_done) struct buf text = BUF(1 << 20);
        snprintf(path, sizeof path, "%s/%s.yaml", folder, names[i]);
        slurp(path, &text);
        CHECK_OK(seed_places_read(places, path, buf_str(&text), text.len, &e), &e);
    }
    size_t n = seeds_faults(rows, count, places, &faults);
    if (named)
        CHECK_TEXT(buf_str(&faults), "");
    /* The published pages carry other names; each id is then only in "the wrong charter". */
    CHECK_INT(n, named ? 0 : count);
    CHECK(strstr(buf_str(&faults), "stands in no charter") == NULL && strstr(buf_str(&faults), "again") == NULL);
}

TEST(every_promise_stands_in_one_line) {
    every_promise_once("charters", clean, true);
    every_promise_once("tests/charters/traps", published, false);
}

static const struct seed *seed_of(const char *id) {
    const struct seed *rows;
    for (size_t i = 0, count = seeds_table(&rows); i < count; i++)
        if (strcmp(rows[i].id, id) == 0)
            return &rows[i];
    return NULL;
}

static bool among(enum rule rule, const struct line *line) {
    for (size_t i = 0; i < line->rule_count; i++)
        if (line->rules[i] == rule)
            return true;
    return false;
}

/* docs/seeds.md says which rule keeps a promise: it must be one that keeps the line. */
TEST(the_rule_that_owns_a_promise_keeps_its_line) {
    for (size_t i = 0; i < ARRAY_LEN(clean); i++) {
        char path[1024];
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = NULL;
        struct err e;
        const struct line *lines;
        begin();
        CHECK(snprintf(path, sizeof path, "%s/charters/%s.yaml", SOURCE, clean[i]) < (int)sizeof path);
        CHECK_OK(lint_file(path, TODAY, f, &c, &e), &e);
        for (size_t n = 0, count = charter_lines(c, &lines); n < count; n++)
            for (size_t k = 0; k < lines[n].id_count; k++) {
                const struct seed *seed = seed_of(lines[n].ids[k]);
                if (seed != NULL && seed->owner.by == SEED_BY_RULE && !among(seed->owner.rule, &lines[n]))
                    fail_msg("%s: %s does not keep %s.yaml:%d %s", seed->id, rule_name(seed->owner.rule), clean[i], lines[n].pos.line, lines[n].path);
            }
    }
}
