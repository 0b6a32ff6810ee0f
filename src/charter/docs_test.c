/* docs_test.c — docs/charter.md is held to the language: every example is run, every form has one row with its usage
 * and a sentence that is read as that form and no other. */
#include "charter/grammar.c"
#include "base/test.h"

#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <unistd.h>

#include "charter/explain.h"

static void read_file(const char *name, struct buf *ret) {
    const char *source = getenv("SEJF_SOURCE");
    AUTO(buf_done) struct buf path = BUF(4096);
    buf_printf(&path, "%s/%s", source != NULL ? source : ".", name);
    int fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    char piece[4096];
    for (ssize_t n; (n = read(fd, piece, sizeof piece)) > 0;)
        buf_add(ret, piece, (size_t)n);
    close(fd);
    CHECK(ret->len > 0 && !ret->failed);
}

/* ---- examples ---- */

/* Does the block have a line "key:" at its margin? */
static bool has_section(const char *block, const char *line) {
    size_t n = strcspn(line, ":\n") + 1;
    for (const char *p = block; p != NULL; p = strchr(p, '\n') != NULL ? strchr(p, '\n') + 1 : NULL)
        if (strncmp(p, line, n) == 0)
            return true;
    return false;
}

/* The first example with those sections left out that the block has: the block then takes their place. */
static void merge(const char *base, const char *block, struct buf *ret) {
    bool skip = false;
    bool records = has_section(block, "records:");
    for (const char *p = base; *p != '\0'; p += strcspn(p, "\n") + 1) {
        if (*p >= 'a' && *p <= 'z')
            skip = has_section(block, p) || (records && strncmp(p, "records:", 8) == 0);
        if (!skip)
            buf_add(ret, p, strcspn(p, "\n") + 1);
    }
    buf_text(ret, block);
}

/* Kinds of the base that the block does not declare stay, so that a piece may speak of them. */
static void merge_records(const char *base, struct buf *block) {
    if (!has_section(buf_str(block), "records:"))
        return;
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    const char *records = strstr(base, "\nrecords:\n") + 10, *end = strstr(records, "\nwho_sees:") + 1;
    const char *at = strstr(buf_str(block), "records:\n");
    buf_add(&out, buf_str(block), (size_t)(at - buf_str(block)) + 9);
    bool skip = false;
    for (const char *p = records; p < end; p += strcspn(p, "\n") + 1) {
        if (strncmp(p, "    ", 4) != 0) {
            char kind[80];
            snprintf(kind, sizeof kind, "\n%.*s\n", (int)strcspn(p, "\n"), p);
            skip = strstr(buf_str(block), kind) != NULL;
        }
        if (!skip)
            buf_add(&out, p, strcspn(p, "\n") + 1);
    }
    buf_text(&out, at + 9);
    buf_cut(block, 0);
    buf_text(block, buf_str(&out));
}

static void run_example(const char *text, int number) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(buf_done) struct buf out = BUF(1 << 20);
    struct err e;
    enum code code = charter_load_text("example.yaml", text, strlen(text), f, &c, &e);
    findings_print(f, &out);
    if (code != OK)
        fail_msg("example %d: %s\n%s", number, e.text, buf_str(&out));
    const struct line *lines;
    CHECK(charter_lines(c, &lines) > 5);
    buf_cut(&out, 0);
    explain_charter(c, 7, NULL, &out);
    CHECK(!out.failed && out.len > 1000);
}

TEST(runs_every_example) {
    AUTO(buf_done) struct buf page = BUF(1 << 20), base = BUF(1 << 16);
    read_file("docs/charter.md", &page);
    int number = 0;
    for (const char *p = buf_str(&page); (p = strstr(p, "\n```yaml\n")) != NULL;) {
        p += 9;
        const char *end = strstr(p, "\n```\n");
        CHECK(end != NULL);
        AUTO(buf_done) struct buf block = BUF(1 << 16), whole = BUF(1 << 16);
        buf_add(&block, p, (size_t)(end - p) + 1);
        if (number++ == 0) {
            buf_text(&base, buf_str(&block));
            run_example(buf_str(&base), number);
        } else {
            merge_records(buf_str(&base), &block);
            merge(buf_str(&base), buf_str(&block), &whole);
            run_example(buf_str(&whole), number);
        }
        p = end;
    }
    CHECK(number >= 8);
}

/* The charter that README.md shows is a part of charters/events.yaml: each line stands there, in that order. */
TEST(the_charter_of_the_readme_is_a_part_of_a_real_one) {
    AUTO(buf_done) struct buf readme = BUF(1 << 20), charter = BUF(1 << 20);
    read_file("README.md", &readme);
    read_file("charters/events.yaml", &charter);
    const char *p = strstr(buf_str(&readme), "\n```yaml\n"), *at = buf_str(&charter);
    CHECK(p != NULL);
    size_t lines = 0;
    for (p += 9; strncmp(p, "```", 3) != 0; p += strcspn(p, "\n") + 1, lines++) {
        size_t len = strcspn(p, "\n");
        while (*at != '\0' && (strncmp(at, p, len) != 0 || (at[len] != '\n' && strncmp(at + len, "  #", 3) != 0)))
            at += strcspn(at, "\n") + 1;
        if (*at == '\0')
            fail_msg("charters/events.yaml has no line `%.*s` there", (int)len, p);
    }
    CHECK(lines > 10);
}

/* ---- the tables of forms ---- */

/* One cell "`…`" of a table row, with \| as |; returns what follows it. */
static const char *cell(const char *p, char *ret, size_t room) {
    const char *open = strchr(p, '`');
    CHECK(open != NULL);
    size_t n = 0;
    for (p = open + 1; *p != '`' && *p != '\n'; p++) {
        if (p[0] == '\\' && p[1] == '|')
            p++;
        CHECK(n + 1 < room);
        ret[n++] = *p;
    }
    ret[n] = '\0';
    CHECK(*p == '`');
    return p + 1;
}

static void path_of(enum key_id key, struct buf *ret) {
    if (key == KEY_TOP)
        return;
    path_of(keys[key].parent, ret);
    if (ret->len > 0)
        buf_char(ret, '.');
    buf_text(ret, keys[key].name);
}

static bool row_is(enum form_id form, const char *where, const char *usage) {
    AUTO(buf_done) struct buf path = BUF(512), says = BUF(4096);
    path_of(forms[form].key, &path);
    pattern_usage(forms[form].pattern, &says);
    return strcmp(buf_str(&path), where) == 0 && strcmp(buf_str(&says), usage) == 0;
}

/* The schema's pattern of the form, as POSIX reads it, must take the example too. */
static bool schema_takes(const char *pattern, const char *example) {
    AUTO(buf_done) struct buf regex = BUF(1 << 16), posix = BUF(1 << 16);
    pattern_regex(pattern, &regex);
    buf_char(&posix, '^');
    for (const char *p = buf_str(&regex); *p != '\0'; p++) {
        buf_char(&posix, *p);
        if (strncmp(p, "(?:", 3) == 0)
            p += 2;
    }
    buf_char(&posix, '$');
    regex_t r;
    CHECK(regcomp(&r, buf_str(&posix), REG_EXTENDED | REG_NOSUB) == 0);
    bool takes = regexec(&r, example, 0, NULL, 0) == 0;
    regfree(&r);
    return takes;
}

TEST(has_one_row_for_each_form) {
    AUTO(buf_done) struct buf page = BUF(1 << 20);
    AUTO(arena_free) struct arena *arena = arena_new(8u << 20);
    size_t rows[FORM_COUNT] = { 0 };
    read_file("docs/charter.md", &page);
    for (const char *p = strstr(buf_str(&page), "## Every form of sentence"); p != NULL && (p = strstr(p, "\n| `")) != NULL;) {
        char where[128], usage[1024], example[512];
        enum form_id form = FORM_NONE;
        p = cell(cell(cell(p, where, sizeof where), usage, sizeof usage), example, sizeof example);
        for (int f = 1; f < FORM_COUNT; f++)
            if (forms[f].pattern != NULL && row_is((enum form_id)f, where, usage))
                form = (enum form_id)f;
        if (form == FORM_NONE)
            fail_msg("no form is written `%s` at %s", usage, where);
        struct said s = { 0 };
        struct miss miss = { 0 };
        if (!grammar_sentence(arena, forms[form].key, example, &s, &miss) || s.form != form)
            fail_msg("`%s` is not read as %s", example, forms[form].id);
        if (!schema_takes(forms[form].pattern, example))
            fail_msg("the schema refuses `%s`, which is %s", example, forms[form].id);
        rows[form]++;
    }
    for (int f = 1; f < FORM_COUNT; f++)
        if (forms[f].pattern != NULL && rows[f] != 1)
            fail_msg("%s has %zu rows", forms[f].id, rows[f]);
}

/* ---- the tables of the language itself ---- */

TEST(tables_are_consistent) {
    bool last[KEY_COUNT] = { false };
    for (int f = 1; f < FORM_COUNT; f++) {    /* forms of a key stand together */
        CHECK(f == 1 || forms[f].key == forms[f - 1].key || !last[forms[f].key]);
        last[forms[f].key] = true;
        CHECK((forms[f].keeper == KEEPER_RULE) == (forms[f].rule_count > 0));
    }
    for (int k = 1; k < KEY_COUNT; k++) {
        bool sentence = false, head = false;
        for (int f = key_first_form((enum key_id)k); f != FORM_NONE && f < FORM_COUNT && forms[f].key == (enum key_id)k; f++) {
            sentence |= forms[f].pattern != NULL;
            head |= forms[f].pattern == NULL;
        }
        if (sentence != ((keys[k].shapes & SHAPE_S) != 0) || head != ((keys[k].shapes & (SHAPE_M | SHAPE_L)) != 0))
            fail_msg("%s lacks a form, or has one too many", keys[k].id);
        CHECK((int)keys[k].parent < k);
    }
}
