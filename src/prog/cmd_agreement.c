/* cmd_agreement.c — the agreement of a tenant with the operator: recording, ending, showing. Of a signed file only the hash leaves this
 * command. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct agreement_ask {
    struct asking how;
    const char *signed_on, *from, *until, *file;
    bool end;
    int64_t tenant;
    struct plain_words words;
};

static enum code read_ask(int argc, char *const *argv, struct agreement_ask *a, struct err *reterr) {
    *a = (struct agreement_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "signed", OPTION_TEXT, &a->signed_on },
        { "from", OPTION_TEXT, &a->from }, { "until", OPTION_TEXT, &a->until }, { "file", OPTION_TEXT, &a->file }, { "end", OPTION_FLAG, &a->end },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 2, 2, &a->words, reterr);
    return code == OK ? ask_number(a->words.at[1], "sejf tenant list", &a->tenant, reterr) : code;
}

static enum code hash_file(const char *path, struct buf *ret_hex, struct err *reterr) {
    AUTO(hash_free) struct hash *h = hash_new();
    uint8_t hash[HASH_SIZE], piece[16384];
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot read %s", path);
    while (h != NULL && ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0)
            hash_add(h, piece, (size_t)n);
    int num = errno;
    close(fd);
    if (h == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a hash");
    if (n < 0)
        return err_errno(reterr, num, "cannot read %s", path);
    hash_end(h, hash);
    hex_encode(hash, sizeof hash, ret_hex);
    return OK;
}

void ask_agreement(const json_t *told) {
    json_t *one;
    size_t i;
    printf("agreement: %s%s\n", ask_text(told, "state"), json_is_true(json_object_get(told, "needed")) ? "" : " (the charter asks for none)");
    json_array_foreach(json_object_get(told, "items"), i, one) {
        bool open = json_is_null(json_object_get(one, "until"));
        printf("%6lld  %-12s %-6s signed %s, from %s %s %s%s%s\n", (long long)json_integer_value(json_object_get(one, "number")), ask_text(one, "state"),
               ask_text(one, "kind"), ask_text(one, "signed"), ask_text(one, "from"), open ? "and" : "until", open ? "open" : ask_text(one, "until"),
               json_is_string(json_object_get(one, "sha256")) ? ", sha256 " : "", ask_text(one, "sha256"));
    }
}

static enum code call_and_print(const struct agreement_ask *a, json_t *in, struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(&a->how, in, NULL, &r, reterr);
    if (code == OK && a->how.json)
        ask_print(r);
    else if (code == OK)
        ask_agreement(json_object_get(r, "agreement"));
    json_decref(r);
    return code;
}

enum code cmd_tenant_agreement(int argc, char *const *argv, struct err *reterr) {
    struct agreement_ask a;
    AUTO(buf_done) struct buf hex = BUF(2 * HASH_SIZE + 1);
    enum code code = read_ask(argc, argv, &a, reterr);
    if (code == OK && a.end == (a.signed_on != NULL || a.from != NULL || a.until != NULL || a.file != NULL))
        code = err_set(reterr, E_USAGE, "--signed DATE records the agreement, --end ends it: one of them");
    if (code == OK && !a.end && a.signed_on == NULL)
        code = err_set(reterr, E_USAGE, "--signed says on which day it was signed, such as 2026-11-22");
    if (code == OK && a.file != NULL)
        code = hash_file(a.file, &hex, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("tenant_agreement", a.words.at[0], a.tenant);
    ask_put(in, "signed", a.signed_on);
    ask_put(in, "from", a.from);
    ask_put(in, "until", a.until);
    ask_put(in, "sha256", hex.len > 0 ? buf_str(&hex) : NULL);
    if (a.end)
        json_object_set_new(in, "end", json_true());
    return call_and_print(&a, in, reterr);
}
