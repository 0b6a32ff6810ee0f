/* certificate_read.c — certificates that were made: told, shown, and verified anywhere. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "keeper/statement.h"
#include "retention/certificate_text.h"
#include "store/destruction.h"

/* ---- of a tenant */

struct telling { json_t *items; size_t limit; int64_t last; bool more, failed; };

static bool tell(const struct certificate_row *r, void *arg) {
    static const char *const members[] = { "made", "cause", "by", "counts", "from", "until" };
    struct telling *t = arg;
    if (json_array_size(t->items) == t->limit) {
        t->more = true;
        return false;
    }
    json_t *whole = json_loads(r->text, JSON_REJECT_DUPLICATES, NULL), *body = json_object_get(whole, "body"), *item = json_object();
    bool fine = body != NULL && item != NULL && json_object_set_new(item, "number", json_integer(r->number)) == 0;
    for (size_t i = 0; fine && i < ARRAY_LEN(members); i++)
        fine = json_object_set(item, members[i], json_object_get(body, members[i])) == 0;
    fine = fine && json_object_set(item, "keys", json_object_get(json_object_get(body, "keys"), "count")) == 0 && json_object_set(item, "hash", json_object_get(whole, "hash")) == 0;
    t->failed = !fine || json_array_append(t->items, item) != 0;
    t->last = r->number;
    json_decref(item);
    json_decref(whole);
    return !t->failed;
}

enum code certificates_told(struct store *s, int64_t tenant, int64_t before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && limit > 0 && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct telling t = { .items = json_array(), .limit = limit };
    enum code code = store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = certificates_list(view_sql(v), before, tell, &t, reterr);
    if (code == OK && (t.failed || t.items == NULL))
        code = err_set(reterr, E_MEMORY, "no memory for the list of certificates");
    json_t *list = code == OK ? json_pack("{s:O,s:o}", "items", t.items, "next", t.more ? json_integer(t.last) : json_null()) : NULL;
    json_decref(t.items);
    if (code == OK && list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the list of certificates");
    if (code == OK)
        *ret = list;
    return code;
}

static bool take_text(const struct certificate_row *r, void *arg) {
    buf_text(arg, r->text);
    return true;
}

enum code certificate_text(struct store *s, int64_t tenant, int64_t number, struct buf *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = certificate_get(view_sql(v), number, take_text, ret, reterr);
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for a certificate") : code;
}

/* ---- anywhere */

void certificate_done(struct certificate *c) {
    json_decref(c->body);
    c->body = NULL;
}

static enum code altered(struct err *reterr, const char *what) { return err_set(reterr, E_DAMAGED, "the certificate was altered: %s", what); }

static bool hex_member(const json_t *o, const char *name, uint8_t *ret, size_t len) {
    const char *text = json_string_value(json_object_get(o, name));
    return text != NULL && strlen(text) == 2 * len && hex_decode(text, 2 * len, ret, len);
}

/* Exactly what certificate_whole makes, byte by byte. */
static enum code form_check(const json_t *whole, const char *text, size_t len, const struct certificate *c, const uint8_t sig[SIGNATURE_SIZE], struct err *reterr) {
    AUTO(buf_done) struct buf again = BUF(CERTIFICATE_MOST);
    if (json_object_size(whole) != 4 || !json_is_object(c->body))
        return altered(reterr, "it has not the members of a certificate");
    if (json_integer_value(json_object_get(c->body, "certificate")) != CERTIFICATE_VERSION)
        return err_set(reterr, E_DAMAGED, "this is no certificate of version %d: verify it with the sejf that made it, or a newer one", CERTIFICATE_VERSION);
    enum code code = certificate_whole(c->body, c->hash, c->public, sig, &again, reterr);
    if (code == OK && (again.len - 1 > len || memcmp(again.data, text, again.len - 1) != 0 || len > again.len || (len == again.len && text[len - 1] != '\n')))
        return altered(reterr, "its bytes are not in the order and spacing in which they were signed");
    return code;
}

/* The signature binds body, tenant, epoch and keys. */
static enum code word_check(struct certificate *c, const uint8_t sig[SIGNATURE_SIZE], struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(256);
    const json_t *keys = json_object_get(c->body, "keys"), *renewal = json_object_get(c->body, "renewal");
    const char *ranges = json_string_value(json_object_get(keys, "ranges"));
    struct certified what = { .tenant = json_integer_value(json_object_get(c->body, "tenant")), .epoch = (uint64_t)json_integer_value(json_object_get(renewal, "epoch")) };
    uint8_t digest[HASH_SIZE];
    enum code code = certificate_digest(c->body, digest, reterr);
    if (code != OK)
        return code;
    if (!crypto_equal(digest, c->hash, HASH_SIZE))
        return altered(reterr, "its hash is not that of its text");
    memcpy(what.digest, digest, sizeof digest);
    if (ranges == NULL || !certificate_ranges(ranges, what.keys, &what.count))
        return altered(reterr, "its keys are no ranges of numbers in order");
    if ((uint64_t)json_integer_value(json_object_get(keys, "count")) != what.count)
        return altered(reterr, "the count of its keys is not that of its ranges");
    certified_text(&what, &text);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a certificate");
    if (!sign_verify(c->public, text.data, text.len, sig))
        return altered(reterr, "its signature is not of this text and these keys");
    c->keys = what.count;
    return OK;
}

static enum code verify(const char *text, size_t len, const uint8_t public[PUBLIC_SIZE], struct certificate *ret, struct err *reterr) {
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    uint8_t sig[SIGNATURE_SIZE];
    if (len > CERTIFICATE_MOST)
        return err_set(reterr, E_TOO_LARGE, "this is longer than any certificate");
    json_t *whole = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (whole == NULL || !hex_member(whole, "hash", c.hash, HASH_SIZE) || !hex_member(whole, "public", c.public, PUBLIC_SIZE) || !hex_member(whole, "signature", sig, SIGNATURE_SIZE)) {
        json_decref(whole);
        return altered(reterr, "it is not one JSON object with hash, public key and signature");
    }
    c.body = json_incref(json_object_get(whole, "body"));
    enum code code = form_check(whole, text, len, &c, sig, reterr);
    json_decref(whole);
    if (code == OK && public != NULL && !crypto_equal(public, c.public, PUBLIC_SIZE))
        code = err_set(reterr, E_DAMAGED, "the certificate is signed with another key than the one that was given");
    if (code == OK)
        code = word_check(&c, sig, reterr);
    if (code == OK) {
        *ret = c;
        c.body = NULL;
    }
    return code;
}

/* A whole one must not be called altered where only the memory was short. */
enum code certificate_verify(const char *text, size_t len, const uint8_t public[PUBLIC_SIZE], struct certificate *ret, struct err *reterr) {
    PRE(text != NULL && ret != NULL && reterr != NULL);
    size_t lost = mem_lost();
    enum code code = verify(text, len, public, ret, reterr);
    return code != OK && mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory to verify a certificate") : code;
}

/* ---- in the ledger */

struct seeking { bool position; json_int_t entry; /* 0: not seen */ bool sealed; };

/* The export was held to the key before, but for what stands behind its last signed head: anybody can write that. So what was seen counts
 * once a signed head of the chain comes behind it. A line with an entry is none, whatever else it holds. */
static void line_look(const struct certificate *c, const char *line, size_t len, struct seeking *s) {
    const json_t *at = json_object_get(c->body, "ledger");
    json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL), *entry = json_object_get(o, "entry");
    json_int_t seq = json_integer_value(json_object_get(o, "seq")), want = json_integer_value(json_object_get(at, "seq"));
    const char *head = json_string_value(json_object_get(o, "head")), *wanted = json_string_value(json_object_get(at, "head"));
    const char *verb = json_string_value(json_object_get(entry, "do")), *hash = json_string_value(json_object_get(json_object_get(entry, "what"), "hash"));
    bool chain = o != NULL && json_integer_value(json_object_get(o, "chain")) == json_integer_value(json_object_get(at, "chain")), here = chain && entry != NULL;
    AUTO(buf_done) struct buf own = BUF(80);
    hex_encode(c->hash, HASH_SIZE, &own);
    if (here && seq == want && head != NULL && wanted != NULL && strcmp(head, wanted) == 0)
        s->position = true;
    if (here && seq > want && verb != NULL && strcmp(verb, "certificate_made") == 0 && hash != NULL && strcmp(hash, buf_str(&own)) == 0)
        s->entry = seq;
    if (chain && entry == NULL && json_object_get(o, "signature") != NULL && s->entry > 0 && seq >= s->entry)
        s->sealed = true;
    json_decref(o);
}

enum code certificate_in_ledger(const struct certificate *c, int fd, const uint8_t public[PUBLIC_SIZE], struct err *reterr) {
    PRE(c != NULL && fd >= 0 && public != NULL && reterr != NULL);
    struct ledger_check check;
    struct seeking s = { .position = json_integer_value(json_object_get(json_object_get(c->body, "ledger"), "seq")) == 0 };
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    if (json_integer_value(json_object_get(json_object_get(c->body, "ledger"), "chain")) != json_integer_value(json_object_get(c->body, "tenant")))
        return err_set(reterr, E_DAMAGED, "the certificate names a chain of the ledger that is not its tenant's");
    enum code code = ledger_verify_file(fd, public, &check, reterr);
    if (code != OK)
        return code;
    int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *f = again < 0 || lseek(fd, 0, SEEK_SET) != 0 ? NULL : fdopen(again, "re");
    if (f == NULL) {
        if (again >= 0)
            close(again);
        return err_set(reterr, E_IO, "the ledger file cannot be read a second time: give a file, not a pipe");
    }
    while ((n = getline(&line, &room, f)) > 0)
        line_look(c, line, (size_t)n, &s);
    free(line);
    (void)fclose(f);
    if (!s.position)
        return err_set(reterr, E_DAMAGED, "the ledger's chain does not stand where the certificate says: it is of another ledger, or of another time");
    if (s.entry == 0)
        return err_set(reterr, E_DAMAGED, "the ledger does not tell of this certificate (its export may be older)");
    return s.sealed ? OK : err_set(reterr, E_DAMAGED, "the ledger tells of this certificate where the keeper has not signed yet: anybody can write that; export it again");
}
