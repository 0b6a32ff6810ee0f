/* cmd_dkim.c — the key that signs letters: making one, and what has to stand in the name system for it. */
#include <stdio.h>
#include <string.h>

#include "messages/dkim.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "sys/files.h"

/* A line of a zone file holds texts of at most 255 bytes. */
static void print_record(const char *name, const char *text) {
    printf("%s. IN TXT (", name);
    for (size_t at = 0, len = strlen(text); at < len; at += 250)
        printf(" \"%.250s\"", text + at);
    printf(" )\n");
}

static enum code key_make(const char *path, struct buf *pem, struct err *reterr) {
    enum code code = crypto_init(reterr);
    if (code == OK)
        code = rsa_make(pem, reterr);
    return code == OK ? file_create(path, pem->data, pem->len, 0600, reterr) : code;
}

enum code cmd_dkim_make(int argc, char *const *argv, struct err *reterr) {
    const char *domain = NULL, *selector = NULL, *out = NULL;
    bool json = false;
    struct plain_words w;
    struct rsa_key *key = NULL;
    AUTO(dkim_free) struct dkim *d = NULL;
    AUTO(buf_wipe) struct buf pem = BUF(16u << 10);
    AUTO(buf_done) struct buf name = BUF(1024), text = BUF(4096);
    const struct option options[] = { { "domain", OPTION_TEXT, &domain }, { "selector", OPTION_TEXT, &selector }, { "out", OPTION_TEXT, &out }, { "json", OPTION_FLAG, &json } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK && (domain == NULL || selector == NULL || out == NULL))
        return err_set(reterr, E_USAGE, "--domain seats.example --selector s2026 --out dkim.pem: who signs, the name of the key, and the file for it");
    if (code == OK)
        code = key_make(out, &pem, reterr);
    if (code == OK)
        code = rsa_read(pem.data, pem.len, &key, reterr);
    if (code == OK)
        code = dkim_new(domain, selector, key, &d, reterr);
    if (code != OK && d == NULL && key != NULL)
        rsa_free(key);
    if (code == OK)
        code = dkim_record(d, &name, &text, reterr);
    if (code != OK)
        return code;
    if (json) {
        json_t *o = json_pack("{s:s, s:s, s:s}", "file", out, "name", buf_str(&name), "text", buf_str(&text));
        ask_print(o);
        json_decref(o);
        return OK;
    }
    printf("the key is in %s; sejf.yaml names it:\n\nmail:\n  dkim: {domain: %s, selector: %s, key: file %s}\n\nand this record has to stand in the zone of %s:\n\n", out, domain, selector, out, domain);
    print_record(buf_str(&name), buf_str(&text));
    return OK;
}
