/* cmd_basic.c — help, the manual page, version, rules: what needs no installation. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/rule.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "prog/place.h"
#include "sys/sandbox.h"

#define WIDTH 92u

/* Breaks a paragraph into lines. */
static void wrap(const char *text, unsigned indent) {
    unsigned column = 0;
    for (const char *word = text; *word != 0;) {
        unsigned len = (unsigned)strcspn(word, " ");
        if (column > 0 && column + 1 + len > WIDTH - indent) {
            putchar('\n');
            column = 0;
        }
        printf("%*s%.*s", column == 0 ? (int)indent : 1, "", (int)len, word);
        column += len + (column == 0 ? 0 : 1);
        word += len;
        word += strspn(word, " ");
    }
    putchar('\n');
}

static enum code help_all(void) {
    const struct command *list;
    size_t n = commands_list(&list);
    printf("sejf %s: runs services by their charter, and shows which promises it keeps\n\n", SEJF_VERSION);
    for (size_t i = 0; i < n; i++)
        if (!list[i].internal)
            printf("  sejf %s %s\n", list[i].words, list[i].usage);
    printf("\nsejf help COMMAND says what a command does.\n");
    return OK;
}

static enum code help_one(const struct plain_words *w, struct err *reterr) {
    const struct command *list;
    size_t n = commands_list(&list), found = 0, len = strlen(w->at[0]);
    for (size_t i = 0; i < n; i++) {
        const char *rest = list[i].words + len;
        if (list[i].internal || strncmp(list[i].words, w->at[0], len) != 0 || (*rest != 0 && *rest != ' ')
            || (w->count == 2 && (*rest == 0 || strcmp(rest + 1, w->at[1]) != 0)))
            continue;
        printf("%ssejf %s %s\n", found++ == 0 ? "" : "\n", list[i].words, list[i].usage);
        wrap(list[i].says, 4);
    }
    return found > 0 ? OK : err_set(reterr, E_USAGE, "there is no command \"%s\"; `sejf help` lists them", w->at[0]);
}

/* Text for mdoc: a line that begins with '.' or ''' would be a macro, '\' an escape. */
static void mdoc_text(const char *text) {
    for (const char *p = text; *p != 0; p++) {
        if (*p == '\\')
            fputs("\\e", stdout);
        else if (*p == '-')
            fputs("\\-", stdout);
        else if (strncmp(p, "…", 3) == 0) {
            fputs("...", stdout);
            p += 2;
        } else
            putchar(*p);
    }
}

static void manual_codes(void) {
    static const struct { const char *name, *title; int number; } codes[] = {
#define CODE(name, number, status, title) { #name, title, number },
#include "base/codes.tbl"
#undef CODE
    };
    printf(".Sh EXIT STATUS\n.Bl -tag -width 4n\n");
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        printf(".It %d\n", codes[i].number);
        mdoc_text(codes[i].title);
        printf(".\n");
    }
    printf(".El\n");
}

/* man/sejf.1 is made by `sejf help --manual`. */
static enum code manual(void) {
    const struct command *list;
    size_t n = commands_list(&list);
    printf(".Dd November 22, 2026\n.Dt SEJF 1\n.Os\n.Sh NAME\n.Nm sejf\n.Nd backend that is written as a page of promises\n.Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n"
           ".Sh DESCRIPTION\n.Nm\nruns the services that charters declare: it stores their records sealed, serves an HTTP API and public pages,\n"
           "erases what is due, and proves line by line what it keeps.\n"
           "A charter declares a service,\n.Pa sejf.yaml\nan installation.\n.Sh COMMANDS\n");
    for (size_t i = 0; i < n; i++) {
        if (list[i].internal)
            continue;
        printf(".Ss sejf ");
        mdoc_text(list[i].words);
        printf(" ");
        mdoc_text(list[i].usage);
        printf("\n");
        mdoc_text(list[i].says);
        printf("\n");
    }
    printf(".Sh ENVIRONMENT\n.Bl -tag -width SEJF_DATA\n.It Ev SEJF_DATA\nThe data directory, where neither\n.Fl \\-data\nnor\n.Fl \\-config\nis given.\n.El\n"
           ".Sh FILES\n.Bl -tag -width sejf.yaml\n.It Pa sejf.yaml\nThe installation, in the data directory or elsewhere.\n.It Pa charters/\nOne charter a service.\n.El\n");
    manual_codes();
    printf(".Sh SEE ALSO\n.Xr nginx 8 ,\n.Xr systemd.service 5\n");
    return OK;
}

enum code cmd_help(int argc, char *const *argv, struct err *reterr) {
    bool as_manual = false;
    struct plain_words w;
    const struct option options[] = { { "manual", OPTION_FLAG, &as_manual } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 2, &w, reterr);
    if (code != OK)
        return code;
    return as_manual ? manual() : w.count == 0 ? help_all() : help_one(&w, reterr);
}

enum code cmd_version(int argc, char *const *argv, struct err *reterr) {
    struct plain_words w;
    struct utsname kernel;
    struct sandbox_status s;
    enum code code = options_read(argc, argv, NULL, 0, 0, 0, &w, reterr);
    if (code != OK)
        return code;
    sandbox_status(&s);
    printf("sejf %s\n", SEJF_VERSION);
    printf("build: %s, %s\n", SEJF_PROFILE, SEJF_COMPILER);
    printf("layout of data directories: up to %d\n", LAYOUT_VERSION);
#ifdef SEJF_MUTATION
    printf("mutation build: SEJF_RULE_OFF switches a rule off; never serve people with it\n");
#endif
    if (!s.built)
        printf("sanitizer build: processes run without a sandbox\n");
    if (uname(&kernel) == 0)
        printf("kernel: %s %s, landlock %d\n", kernel.sysname, kernel.release, s.landlock_abi);
    return OK;
}
