/* cmd_certificate.c — certificates of erasure: listed, shown, and verified without an installation. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "retention/certificate.h"
#include "sys/files.h"

struct certificate_ask { struct asking how; int64_t tenant; const char *public, *ledger, *lang, *out; struct plain_words words; };

static enum code read_words(int argc, char *const *argv, size_t least, size_t most, struct certificate_ask *a, struct err *reterr) {
    *a = (struct certificate_ask){ .tenant = -1 };
    const struct option options[] = { { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json },
                                      { "tenant", OPTION_NUMBER, &a->tenant }, { "public", OPTION_TEXT, &a->public }, { "ledger", OPTION_TEXT, &a->ledger },
                                      { "lang", OPTION_TEXT, &a->lang }, { "out", OPTION_TEXT, &a->out } };
    return options_read(argc, argv, options, ARRAY_LEN(options), least, most, &a->words, reterr);
}

static enum code wants_tenant(const struct certificate_ask *a, struct err *reterr) {
    return a->tenant > 0 ? OK : err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers");
}

static void print_counts(json_t *counts) {
    const char *name, *before = "";
    json_t *n;
    json_object_foreach(counts, name, n) {
        printf("%s%lld %s", before, (long long)json_integer_value(n), name);
        before = "; ";
    }
}

static void show_line(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    printf("%6lld  %s  %-8s ", (long long)json_integer_value(json_object_get(o, "number")), ask_text(o, "made"), ask_text(o, "cause"));
    print_counts(json_object_get(o, "counts"));
    printf("  (%lld keys, by %s)\n", (long long)json_integer_value(json_object_get(o, "keys")), ask_text(o, "by"));
    json_decref(o);
}

enum code cmd_certificate_list(int argc, char *const *argv, struct err *reterr) {
    struct certificate_ask a;
    enum code code = read_words(argc, argv, 0, 0, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    return code != OK ? code : ask_done(&a.how, ask_request("certificate_list", NULL, a.tenant), show_line, reterr);
}

enum code cmd_certificate_show(int argc, char *const *argv, struct err *reterr) {
    struct certificate_ask a;
    int64_t number = 0;
    json_t *r = NULL;
    enum code code = read_words(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK)
        code = ask_number(a.words.at[0], "sejf certificate list", &number, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("certificate_show", NULL, a.tenant);
    json_object_set_new(in, "number", json_integer(number));
    code = ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK)
        fputs(ask_text(r, "text"), stdout);
    json_decref(r);
    return code;
}

enum code cmd_certificate_page(int argc, char *const *argv, struct err *reterr) {
    struct certificate_ask a;
    int64_t number = 0;
    enum code code = read_words(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK)
        code = ask_number(a.words.at[0], "sejf certificate list", &number, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("certificate_page", NULL, a.tenant);
    json_object_set_new(in, "number", json_integer(number));
    ask_put(in, "lang", a.lang);
    return ask_document(&a.how, in, a.out, reterr);
}

/* ---- offline */

static void print_proved(const struct certificate *c, const struct certificate_ask *a) {
    const json_t *b = c->body, *renewal = json_object_get(b, "renewal"), *ledger = json_object_get(b, "ledger");
    AUTO(buf_done) struct buf key = BUF(80);
    hex_encode(c->public, PUBLIC_SIZE, &key);
    printf("Certificate %lld of tenant %lld of %s, made %s: ", (long long)json_integer_value(json_object_get(b, "number")), (long long)json_integer_value(json_object_get(b, "tenant")),
           ask_text(b, "service"), ask_text(b, "made"));
    print_counts(json_object_get(b, "counts"));
    printf("\ndestroyed from %s until %s, because \"%s\", by %s.\n\nProved:\n", ask_text(b, "from"), ask_text(b, "until"), ask_text(b, "cause"), ask_text(b, "by"));
    printf("  - Not a byte of it was altered since it was signed with the key %s.\n", buf_str(&key));
    if (c->keys > 0)
        printf("  - The keeper that holds that key looked at each of %llu keys: none is left. They are destroyed, and final by the renewal to epoch %lld.\n", (unsigned long long)c->keys,
               (long long)json_integer_value(json_object_get(renewal, "epoch")));
    if (a->public != NULL)
        printf("  - That key is the one that you gave.\n");
    if (a->ledger != NULL)
        printf("  - The ledger stood at entry %lld of chain %lld as it says, and tells of it.\n", (long long)json_integer_value(json_object_get(ledger, "seq")),
               (long long)json_integer_value(json_object_get(ledger, "chain")));
    printf("\nNot proved here:\n");
    if (a->public == NULL)
        printf("  - Whose key that is: give it with --public, from a source that you trust.\n");
    if (a->ledger == NULL)
        printf("  - That the ledger tells of it: give an export of that chain with --ledger.\n");
    if (c->keys == 0)
        printf("  - That what it counts is gone: it names no key, so the keeper looked at none. That is the word of the server alone.\n");
    printf("  - That no copy of a value lay outside of sejf, that the keys were of just this data, and that cause, doer, dates, kinds and counts, which the server wrote, are right and "
           "complete.\n");
}

static enum code ledger_look(const struct certificate_ask *a, const struct certificate *c, struct err *reterr) {
    AUTO(fd_close) int fd = open(a->ledger, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_errno(reterr, errno, "cannot open %s", a->ledger) : certificate_in_ledger(c, fd, c->public, reterr);
}

enum code cmd_certificate_verify(int argc, char *const *argv, struct err *reterr) {
    struct certificate_ask a;
    uint8_t public[PUBLIC_SIZE];
    AUTO(buf_done) struct buf text = BUF(CERTIFICATE_MOST);
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    enum code code = read_words(argc, argv, 1, 1, &a, reterr);
    if (code == OK && a.public != NULL && (strlen(a.public) != 2 * PUBLIC_SIZE || !hex_decode(a.public, strlen(a.public), public, sizeof public)))
        return err_set(reterr, E_USAGE, "--public takes the 64 hexadecimal digits of the keeper's key");
    if (code == OK)
        code = file_read(a.words.at[0], &text, reterr);
    if (code == OK)
        code = certificate_verify(buf_str(&text), text.len, a.public != NULL ? public : NULL, &c, reterr);
    if (code == OK && a.ledger != NULL)
        code = ledger_look(&a, &c, reterr);
    if (code != OK)
        return code;
    if (a.how.json)
        printf("{\"ok\":true,\"keys\":%llu,\"public\":%s,\"ledger\":%s}\n", (unsigned long long)c.keys, a.public != NULL ? "true" : "false", a.ledger != NULL ? "true" : "false");
    else
        print_proved(&c, &a);
    return OK;
}
