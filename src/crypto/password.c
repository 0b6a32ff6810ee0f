/* password.c — invariant: what a hash says of its cost is bounded before it is used. The text is that of the PHC string format:
 * $argon2id$v=19$m=KIB,t=PASSES,p=1$SALT$HASH, base64 without padding. */
#include "crypto/password.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define SALT_SIZE 16u
#define BASE64 sodium_base64_VARIANT_ORIGINAL_NO_PADDING
#define SALT_TEXT 22u                                  /* base64 of 16 bytes */
#define KEY_TEXT 43u
#define OPS_MOST 64u
#define MEMORY_HIGHEST ((size_t)1 << 30)               /* of a hash that is read: more was never written */
#define TRIES 2                                        /* the quicker one counts */

_Static_assert(PASSWORD_TEXT_MAX == TEXT_OPAQUE_MAX, "one bound for a password");

struct stored { struct password_cost cost; uint8_t salt[SALT_SIZE]; struct key key; };

static void stored_write(const struct stored *s, char ret[PASSWORD_HASH_MAX]) {
    char salt[SALT_TEXT + 1], key[KEY_TEXT + 1];
    PRE(s->cost.memory / 1024 <= UINT32_MAX && s->cost.ops <= OPS_MOST);
    (void)sodium_bin2base64(salt, sizeof salt, s->salt, sizeof s->salt, BASE64);
    (void)sodium_bin2base64(key, sizeof key, s->key.bytes, sizeof s->key.bytes, BASE64);
    int n = snprintf(ret, PASSWORD_HASH_MAX, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s", (unsigned)(s->cost.memory / 1024), (unsigned)s->cost.ops, salt, key);
    PRE(n > 0 && n < (int)PASSWORD_HASH_MAX);
    crypto_wipe(key, sizeof key);
}

/* Moves *at behind `word`. */
static bool skip(const char **at, const char *word) {
    size_t len = strlen(word);
    bool there = strncmp(*at, word, len) == 0;
    *at += there ? len : 0;
    return there;
}

static bool number_read(const char **at, int64_t least, int64_t most, int64_t *ret) {
    size_t len = strspn(*at, "0123456789");
    bool fine = len > 0 && len < 10 && text_int_n(*at, len, least, most, ret);
    *at += len;
    return fine;
}

/* The one text that stored_write makes of those bytes, and no other. */
static bool base64_read(const char **at, size_t len, void *ret, size_t size) {
    size_t got = 0;
    const char *end = NULL;
    if (strnlen(*at, len) < len || sodium_base642bin(ret, size, *at, len, NULL, &got, &end, BASE64) != 0 || got != size || end != *at + len)
        return false;
    *at += len;
    return true;
}

static bool stored_read(const char *text, struct stored *ret) {
    int64_t kib = 0, ops = 0;
    const char *at = text;
    if (!skip(&at, "$argon2id$v=19$m=") || !number_read(&at, 8, MEMORY_HIGHEST / 1024, &kib) || !skip(&at, ",t=") || !number_read(&at, 1, OPS_MOST, &ops)
        || !skip(&at, ",p=1$") || !base64_read(&at, SALT_TEXT, ret->salt, SALT_SIZE) || !skip(&at, "$")
        || !base64_read(&at, KEY_TEXT, ret->key.bytes, KEY_SIZE) || *at != 0)
        return false;
    ret->cost = (struct password_cost){ (uint64_t)ops, (size_t)kib * 1024 };
    return true;
}

enum code password_prepare(const char *text, size_t len, struct buf *ret, struct err *reterr) {
    PRE((text != NULL || len == 0) && ret != NULL && reterr != NULL);
    if (len == 0)
        return err_set(reterr, E_FIELDS, "the password is empty");
    if (len > PASSWORD_TEXT_MAX)
        return err_set(reterr, E_FIELDS, "a password has at most %u bytes", PASSWORD_TEXT_MAX);
    if (text_opaque(text, len, ret))
        return OK;
    if (ret->failed)
        return err_set(reterr, E_MEMORY, "no memory for a password");
    return err_set(reterr, E_FIELDS, "a password is UTF-8 without control characters and without characters that Unicode does not have");
}

static enum code derive(const struct stored *s, const char *text, size_t len, struct key *ret, struct err *reterr) {
    return password_key(text, len, s->salt, s->cost.ops, s->cost.memory, ret, reterr);
}

enum code password_hash(const struct password_cost *cost, const char *text, size_t len, char ret[PASSWORD_HASH_MAX], struct err *reterr) {
    PRE(cost != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf plain = BUF(4 * PASSWORD_TEXT_MAX);
    struct stored s = { .cost = { cost->ops, cost->memory - cost->memory % 1024 } };
    if (s.cost.memory > MEMORY_HIGHEST)
        return err_set(reterr, E_INVALID, "a password is hashed with at most %zu MiB", MEMORY_HIGHEST >> 20);
    enum code code = password_prepare(text, len, &plain, reterr);
    if (code != OK)
        return code;
    crypto_random(s.salt, sizeof s.salt);
    if ((code = derive(&s, buf_str(&plain), plain.len, &s.key, reterr)) == OK)
        stored_write(&s, ret);
    crypto_wipe(&s, sizeof s);
    return code;
}

/* What cannot be a password costs the same work, and is wrong. */
enum code password_verify(const char *hash, const char *text, size_t len, bool *ret_yes, struct err *reterr) {
    PRE(hash != NULL && (text != NULL || len == 0) && ret_yes != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf plain = BUF(4 * PASSWORD_TEXT_MAX);
    struct stored s;
    struct key key;
    if (!stored_read(hash, &s))
        return err_set(reterr, E_DAMAGED, "the stored hash of a password cannot be read");
    enum code code = password_prepare(text, len, &plain, reterr);
    bool possible = code == OK;
    if (code == OK || code == E_FIELDS)
        code = derive(&s, possible ? buf_str(&plain) : "", possible ? plain.len : 0, &key, reterr);
    if (code == OK) {
        *ret_yes = crypto_equal(key.bytes, s.key.bytes, KEY_SIZE) && possible;
        crypto_wipe(&key, sizeof key);
    }
    crypto_wipe(&s, sizeof s);
    return code;
}

void password_dummy(const struct password_cost *cost, char ret[PASSWORD_HASH_MAX]) {
    struct stored s = { .cost = { cost->ops, cost->memory - cost->memory % 1024 } };
    crypto_random(s.salt, sizeof s.salt);
    crypto_random(s.key.bytes, sizeof s.key.bytes);
    stored_write(&s, ret);
    crypto_wipe(&s, sizeof s);
}

bool password_stale(const char *hash, const struct password_cost *cost) {
    struct stored s;
    bool known = stored_read(hash, &s);
    uint64_t has = known ? s.cost.ops * (s.cost.memory / 1024) : 0, wants = cost->ops * (cost->memory / 1024);
    bool floor = s.cost.memory < PASSWORD_MEMORY_LEAST && s.cost.memory < cost->memory;
    crypto_wipe(&s, sizeof s);
    return !known || floor || has < wants - wants / 4;
}

/* ---- tuning */

typedef enum code (*took_fn)(void *arg, const struct password_cost *cost, usec_t *ret, struct err *reterr);

/* What this thread has had of a processor: on a busy machine a hash takes longer and is no harder. */
static usec_t thread_ran(void) {
    struct timespec t;
    int num = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    PRE(num == 0);
    return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static enum code really_takes(void *arg UNUSED, const struct password_cost *cost, usec_t *ret, struct err *reterr) {
    static const uint8_t salt[SALT_SIZE];
    usec_t best = USEC_NEVER;
    struct key key;
    for (int i = 0; i < TRIES; i++) {
        usec_t before = thread_ran();
        enum code code = password_key("tuning", 6, salt, cost->ops, cost->memory, &key, reterr);
        if (code != OK)
            return code;
        usec_t took = thread_ran() - before;
        best = took < best ? took : best;
    }
    *ret = best;
    return OK;
}

/* Memory is halved until the fewest passes fit into `most` or the least memory is reached; also where there is none so large. */
static enum code tune(took_fn took, void *arg, usec_t least, usec_t most, size_t memory_most, struct password_cost *ret, struct err *reterr) {
    struct password_cost c = { PASSWORD_OPS_LEAST, memory_most < PASSWORD_MEMORY_LEAST ? PASSWORD_MEMORY_LEAST : memory_most - memory_most % 1024 };
    usec_t t = 0;
    for (;;) {
        enum code code = took(arg, &c, &t, reterr);
        if (code != OK && (code != E_MEMORY || c.memory == PASSWORD_MEMORY_LEAST))
            return code;
        if ((code == OK && t <= most) || c.memory == PASSWORD_MEMORY_LEAST)
            break;
        size_t half = c.memory / 2 - c.memory / 2 % 1024;
        c.memory = half < PASSWORD_MEMORY_LEAST ? PASSWORD_MEMORY_LEAST : half;
    }
    usec_t pass = t / (usec_t)c.ops > 0 ? t / (usec_t)c.ops : 1;
    usec_t passes = (least + pass - 1) / pass;         /* with at most half of `most` for a pass these end before `most` */
    c.ops = passes < (usec_t)PASSWORD_OPS_LEAST ? PASSWORD_OPS_LEAST : passes > (usec_t)OPS_MOST ? OPS_MOST : (uint64_t)passes;
    *ret = c;
    return OK;
}

enum code password_tune(usec_t least, usec_t most, size_t memory_most, struct password_cost *ret, struct err *reterr) {
    PRE(least > 0 && most / 2 >= least && memory_most <= MEMORY_HIGHEST && ret != NULL && reterr != NULL);
    return tune(really_takes, NULL, least, most, memory_most, ret, reterr);
}
