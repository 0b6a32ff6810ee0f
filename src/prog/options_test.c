/* options_test.c — every form of an option, and every way to get it wrong. */
#include "prog/options.c"
#include "base/test.h"

struct got { bool flag; const char *text; int64_t number; struct option_list list; struct plain_words words; };

static enum code read_words(const char *const *argv, size_t least, size_t most, struct got *g, struct err *e) {
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    *g = (struct got){ .number = -1 };
    const struct option options[] = { { "json", OPTION_FLAG, &g->flag }, { "data", OPTION_TEXT, &g->text },
                                      { "port", OPTION_NUMBER, &g->number }, { "charter", OPTION_LIST, &g->list } };
    return options_read(argc, (char *const *)(uintptr_t)argv, options, ARRAY_LEN(options), least, most, &g->words, e);
}
#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

TEST(reads_every_form) {
    struct got g;
    struct err e;
    CHECK_OK(read_words(ARGV("a", "--json", "--data", "/d", "--port=7", "--charter", "x", "b", "--charter=y", "--", "--c"), 0, 3, &g, &e), &e);
    CHECK(g.flag && g.number == 7 && g.list.count == 2 && g.words.count == 3);
    CHECK_TEXT(g.text, "/d");
    CHECK_TEXT(g.list.items[1], "y");
    CHECK_TEXT(g.words.at[2], "--c");
}

TEST(names_the_word_that_is_wrong) {
    const struct { const char *const *argv; const char *text; } row[] = {
        { ARGV("--jsno"), "there is no option --jsno here; did you mean --json?" },
        { ARGV("--elsewhere"), "there is no option --elsewhere here" },
        { ARGV("--json=1"), "--json takes no value" }, { ARGV("--data"), "--data needs a value" },
        { ARGV("--port", "x"), "--port takes a number, not \"x\"" }, { ARGV("a", "b", "c"), "\"c\" is one word too many" },
        { ARGV("a"), "one word is missing" }, { ARGV("--json"), "some words are missing" },
    };
    struct got g;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        CHECK_CODE(read_words(row[i].argv, 2, 2, &g, &e), E_USAGE, &e);
        CHECK_TEXT(e.text, row[i].text);
    }
}
