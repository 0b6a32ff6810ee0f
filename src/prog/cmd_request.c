/* cmd_request.c — requests of people under their rights: each command is one call. What somebody has written comes as a JSON object from standard
 * input, for words of a command line stand in process lists and shell histories. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "sys/files.h"

#define BODY_MOST (64u << 10)

struct request_ask { struct asking how; const char *service, *as, *letter, *out; int64_t tenant, recipient; bool open; struct plain_words words; };

static enum code read_request(int argc, char *const *argv, size_t least, size_t most, struct request_ask *a, struct err *reterr) {
    *a = (struct request_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
        { "service", OPTION_TEXT, &a->service }, { "as", OPTION_TEXT, &a->as }, { "letter", OPTION_TEXT, &a->letter }, { "recipient", OPTION_NUMBER, &a->recipient },
        { "out", OPTION_TEXT, &a->out }, { "open", OPTION_FLAG, &a->open },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), least, most, &a->words, reterr);
    if (code == OK && (a->tenant > 0) == (a->service != NULL))
        return err_set(reterr, E_USAGE, "--tenant says whose (`sejf tenant list` shows their numbers), --service NAME those that reached the operator");
    return code;
}

/* {do, service, tenant, number: word `at`, as}; at -1: none. */
static enum code request_for(const struct request_ask *a, const char *verb, int at, json_t **ret, struct err *reterr) {
    int64_t number = 0;
    enum code code = at < 0 ? OK : ask_number(a->words.at[at], "sejf request list", &number, reterr);
    if (code != OK)
        return code;
    *ret = ask_request(verb, a->service, a->tenant > 0 ? a->tenant : 0);
    if (at >= 0)
        json_object_set_new(*ret, "number", json_integer(number));
    ask_put(*ret, "as", a->as);
    return OK;
}

/* A JSON object of standard input; empty: {}. */
static enum code body_read(json_t *into, struct err *reterr) {
    AUTO(buf_wipe) struct buf text = BUF(BODY_MOST);
    char chunk[4096];
    ssize_t n;
    if (isatty(STDIN_FILENO))
        fputs("The request as a JSON object, then Ctrl-D:\n", stderr);
    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            buf_add(&text, chunk, (size_t)n);
    explicit_bzero(chunk, sizeof chunk);
    if (n < 0)
        return err_errno(reterr, errno, "cannot read standard input");
    if (text.failed)
        return err_set(reterr, E_TOO_LARGE, "a request holds %u KiB at most", BODY_MOST >> 10);
    size_t space = strspn(buf_str(&text), " \t\r\n");
    json_t *body = space == text.len ? json_object() : json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(body)) {
        json_decref(body);
        return err_set(reterr, E_USAGE, "standard input holds no JSON object, such as {\"type\": \"access\", \"name\": \"…\"}");
    }
    json_object_set_new(into, "body", body);
    return OK;
}

static void show_line(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    json_t *days = json_object_get(o, "days");
    printf("%6lld  ", (long long)json_integer_value(json_object_get(o, "number")));
    ask_column(ask_text(o, "type"), 21);
    ask_column(ask_text(o, "state"), 10);
    printf("received %.10s  due %.10s  ", ask_text(o, "received"), ask_text(o, "due"));
    if (json_is_integer(days))
        printf(json_is_true(json_object_get(o, "late")) ? "LATE by %lld days" : "%lld days left", (long long)(json_is_true(json_object_get(o, "late")) ? -json_integer_value(days) : json_integer_value(days)));
    puts("");
    json_decref(o);
}

enum code cmd_request_list(int argc, char *const *argv, struct err *reterr) {
    struct request_ask a;
    json_t *in = NULL;
    enum code code = read_request(argc, argv, 0, 0, &a, reterr);
    if (code == OK)
        code = request_for(&a, "request_list", -1, &in, reterr);
    if (code != OK)
        return code;
    json_object_set_new(in, "open", json_boolean(a.open));
    return ask_done(&a.how, in, show_line, reterr);
}

/* The whole request, as it is kept. */
static enum code say_request(const struct request_ask *a, json_t *in, struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(&a->how, in, NULL, &r, reterr);
    if (code == OK)
        ask_print(r);
    json_decref(r);
    return code;
}

enum code cmd_request_show(int argc, char *const *argv, struct err *reterr) {
    struct request_ask a;
    json_t *in = NULL;
    enum code code = read_request(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = request_for(&a, "request_show", 0, &in, reterr);
    return code == OK ? say_request(&a, in, reterr) : code;
}

enum code cmd_request_new(int argc, char *const *argv, struct err *reterr) {
    struct request_ask a;
    json_t *in = NULL;
    enum code code = read_request(argc, argv, 0, 0, &a, reterr);
    if (code == OK)
        code = request_for(&a, "request_new", -1, &in, reterr);
    if (code == OK && (code = body_read(in, reterr)) == OK)
        return say_request(&a, in, reterr);
    json_decref(in);
    return code;
}

enum code cmd_request_step(int argc, char *const *argv, struct err *reterr) {
    struct request_ask a;
    json_t *in = NULL;
    enum code code = read_request(argc, argv, 2, 2, &a, reterr);
    if (code == OK)
        code = request_for(&a, "request_step", 1, &in, reterr);
    ask_put(in, "step", code == OK ? a.words.at[0] : NULL);
    if (code == OK && (code = body_read(in, reterr)) == OK)
        return say_request(&a, in, reterr);
    json_decref(in);
    return code;
}

/* The call may turn us into the server's user: the file is made before, for its owner alone. */
enum code cmd_request_letter(int argc, char *const *argv, struct err *reterr) {
    struct request_ask a;
    json_t *in = NULL;
    enum code code = read_request(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = request_for(&a, "request_letter", 0, &in, reterr);
    if (code != OK)
        return code;
    ask_put(in, "letter", a.letter);
    if (a.recipient > 0)
        json_object_set_new(in, "recipient", json_integer(a.recipient));
    return ask_document(&a.how, in, a.out, reterr);
}
