/* main.c — finds the command, runs it, prints its error, exits with the number of its code. Nothing else exits. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "prog/commands.h"

static const struct command table[] = {
#define COMMAND(words, run, usage, says) { words, run, usage, says, false },
#define INTERNAL(words, run, usage, says) { words, run, usage, says, true },
#include "prog/commands.tbl"
#undef COMMAND
#undef INTERNAL
};

size_t commands_list(const struct command **ret) {
    *ret = table;
    return ARRAY_LEN(table);
}

/* How many of the words of argv are those of the command; 0: it is another one. */
static int words_match(const char *words, int argc, char *const *argv) {
    const char *space = strchr(words, ' ');
    size_t first = space == NULL ? strlen(words) : (size_t)(space - words);
    if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], words, first) != 0)
        return 0;
    if (space == NULL)
        return 1;
    return argc >= 2 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static int unknown_command(const char *word) {
    const char *best = NULL;
    unsigned distance = 3;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (!table[i].internal && text_distance(word, table[i].words) < distance) {
            distance = text_distance(word, table[i].words);
            best = table[i].words;
        }
    for (size_t i = 0; i < ARRAY_LEN(table); i++)       /* "tenant" alone */
        if (strncmp(table[i].words, word, strlen(word)) == 0 && table[i].words[strlen(word)] == ' ')
            best = table[i].words;
    fprintf(stderr, "sejf: there is no command \"%s\"%s%s%s; `sejf help` lists them\n", word,
            best == NULL ? "" : "; did you mean \"", best == NULL ? "" : best, best == NULL ? "" : "\"");
    return E_USAGE;
}

/* No core dump holds what was open in memory. */
static void no_dumps(void) {
    const struct rlimit none = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

static int run(const struct command *c, int argc, char *const *argv) {
    struct err e = { .code = OK };
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        printf("sejf %s %s\n\n%s\n", c->words, c->usage, c->says);
        return 0;
    }
    enum code code = crypto_init(&e);
    if (code == OK)
        code = c->run(argc, argv, &e);
    if (code == OK && mem_lost() > 0 && !c->internal)
        code = err_set(&e, E_MEMORY, "memory ran out: what was printed may not be whole");
    if (code != OK && e.text[0] != 0)
        fprintf(stderr, "sejf: %s%s%s\n", e.text, e.hidden[0] != 0 ? ": " : "", e.hidden);
    if (code == E_USAGE)
        fprintf(stderr, "usage: sejf %s %s\n", c->words, c->usage);
    if (fflush(stdout) != 0 && code == OK)
        return E_IO;
    return (int)code;
}

int main(int argc, char **argv) {
    static const struct { const char *word, *means; } spelled[] = { { "--version", "version" }, { "-V", "version" }, { "--help", "help" }, { "-h", "help" } };
    no_dumps();
    if (argc < 2)
        return run(&(struct command){ "help", cmd_help, "", "", false }, 0, NULL), E_USAGE;
    for (size_t i = 0; i < ARRAY_LEN(spelled); i++)
        if (strcmp(argv[1], spelled[i].word) == 0)
            argv[1] = (char *)(uintptr_t)spelled[i].means;
    for (int want = 2; want >= 1; want--)
        for (size_t i = 0; i < ARRAY_LEN(table); i++)
            if (words_match(table[i].words, argc - 1, argv + 1) == want)
                return run(&table[i], argc - 1 - want, argv + 1 + want);
    return unknown_command(argv[1]);
}
