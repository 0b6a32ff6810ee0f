/* cmd_ledger.c — the ledger: shown and exported by the server, verified there or, from a file, anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ledger/ledger.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "prog/session.h"
#include "sys/files.h"

struct ask { const char *data, *config, *public; int64_t chain; bool json; struct plain_words words; };

static enum code read_ask(int argc, char *const *argv, size_t most, struct ask *a, struct err *reterr) {
    *a = (struct ask){ .chain = -1 };
    const struct option options[] = { { "data", OPTION_TEXT, &a->data }, { "config", OPTION_TEXT, &a->config }, { "public", OPTION_TEXT, &a->public },
                                      { "chain", OPTION_NUMBER, &a->chain }, { "json", OPTION_FLAG, &a->json } };
    return options_read(argc, argv, options, ARRAY_LEN(options), 0, most, &a->words, reterr);
}

static enum code open_session(const struct ask *a, struct place **ret_place, struct session **ret, struct err *reterr) {
    enum code code = place_open(a->data, a->config, ret_place, reterr);
    return code != OK ? code : session_open(*ret_place, ret, reterr);
}

static void print_line(const char *line, size_t len, void *arg) {
    (void)arg;
    fwrite(line, 1, len, stdout);
    putchar('\n');
}

struct page { int64_t seen, last; };

static void print_entry(const char *line, size_t len, void *arg) {
    struct page *page = arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    page->seen++;
    page->last = json_integer_value(json_object_get(o, "seq"));
    json_decref(o);
    print_line(line, len, NULL);
}

enum code cmd_ledger_show(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    AUTO(place_close) struct place *p = NULL;
    AUTO(session_close) struct session *s = NULL;
    struct page page = { .seen = 1 };
    enum code code = read_ask(argc, argv, 0, &a, reterr);
    if (code == OK)
        code = open_session(&a, &p, &s, reterr);
    while (code == OK && page.seen > 0) {
        json_t *r = NULL;
        page.seen = 0;
        code = session_call(s, json_pack("{s:s,s:I,s:I}", "do", "ledger_show", "chain", (json_int_t)(a.chain < 0 ? 0 : a.chain), "after", (json_int_t)page.last),
                            NULL, print_entry, &page, &r, reterr);
        json_decref(r);
    }
    return code;
}

enum code cmd_ledger_export(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    AUTO(place_close) struct place *p = NULL;
    AUTO(session_close) struct session *s = NULL;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 0, &a, reterr);
    if (code == OK)
        code = open_session(&a, &p, &s, reterr);
    if (code == OK)
        code = session_call(s, json_pack("{s:s,s:I}", "do", "ledger_export", "chain", (json_int_t)a.chain), NULL, print_line, NULL, &r, reterr);
    json_decref(r);
    return code;
}

static void print_check(long long entries, long long chains, long long heads) {
    printf("The ledger is whole: %lld entries in %lld chains, %lld signed heads.\n", entries, chains, heads);
}

static enum code verify_file(const struct ask *a, struct err *reterr) {
    uint8_t public[PUBLIC_SIZE];
    struct ledger_check check;
    if (a->public != NULL && !hex_decode(a->public, strlen(a->public), public, sizeof public))
        return err_set(reterr, E_USAGE, "--public takes the 64 hexadecimal digits of the keeper's key");
    AUTO(fd_close) int fd = open(a->words.at[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", a->words.at[0]);
    enum code code = ledger_verify_file(fd, a->public != NULL ? public : NULL, &check, reterr);
    if (code == OK)
        print_check((long long)check.entries, (long long)check.chains, (long long)check.signed_heads);
    return code;
}

enum code cmd_ledger_verify(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    AUTO(place_close) struct place *p = NULL;
    AUTO(session_close) struct session *s = NULL;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 1, &a, reterr);
    if (code != OK || a.words.count == 1)
        return code != OK ? code : verify_file(&a, reterr);
    code = open_session(&a, &p, &s, reterr);
    if (code == OK)
        code = session_call(s, json_pack("{s:s}", "do", "ledger_verify"), NULL, NULL, NULL, &r, reterr);
    if (code == OK)
        print_check((long long)json_integer_value(json_object_get(r, "entries")), (long long)json_integer_value(json_object_get(r, "chains")),
                    (long long)json_integer_value(json_object_get(r, "signed_heads")));
    json_decref(r);
    return code;
}
