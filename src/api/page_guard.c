/* page_guard.c — token: "1.<issued, hex µs>.<a or 0>.<nonce>.<mac>". Buckets are a table of WAYS-way sets whose place is
 * a keyed hash, so that nobody can aim at a set; a full set gives up the bucket that was used longest ago. */
#include "api/page_guard.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "access/source.h"
#include "base/mem.h"
#include "base/rule.h"
#include "base/text.h"

#define SETS 1024u
#define WAYS 8u
#define NONCE_BYTES 16u
#define MAC_BYTES 24u
#define MAC_TEXT BASE64URL_ROOM(MAC_BYTES)

struct bucket { uint64_t who; usec_t last; int64_t level; };   /* level: what has not leaked yet, in COST units */
#define COST ((int64_t)USEC_PER_MINUTE)
struct rate { int64_t burst, per_minute, cost; };
static const struct rate per_form = { 20, 6, COST }, per_address = { 600, 120, COST }, per_mailbox = { 3, 1, 60 * COST /* one an hour */ };

struct guard { struct key *key; pthread_mutex_t lock; struct bucket *buckets; };

enum code guard_new(struct guard **ret, struct err *reterr) {
    struct guard *g = mem_new(sizeof *g);
    struct key *key = secret_new(sizeof *key);
    struct bucket *buckets = mem_new_array(SETS * WAYS, sizeof *buckets);
    if (g == NULL || key == NULL || buckets == NULL) {
        secret_free(key);
        mem_free(buckets);
        mem_free(g);
        return err_set(reterr, E_MEMORY, "no memory for the guard of forms");
    }
    crypto_random(key, sizeof *key);
    *g = (struct guard){ .key = key, .lock = PTHREAD_MUTEX_INITIALIZER, .buckets = buckets };
    *ret = g;
    return OK;
}

struct guard *guard_free(struct guard *g) {
    if (g != NULL) {
        secret_free(g->key);
        pthread_mutex_destroy(&g->lock);
        mem_free(g->buckets);
        mem_free(g);
    }
    return NULL;
}

void guard_cookie(char ret[GUARD_COOKIE_TEXT]) {
    uint8_t bytes[32];
    crypto_random(bytes, sizeof bytes);
    _Static_assert(BASE64URL_ROOM(sizeof bytes) == GUARD_COOKIE_TEXT, "a cookie and its end");
    base64url_text(bytes, sizeof bytes, ret);
}

bool guard_cookie_fine(const char *cookie) {
    uint8_t bytes[32];
    size_t len = 0;
    return cookie != NULL && strlen(cookie) == GUARD_COOKIE_TEXT - 1 && base64url_decode(cookie, strlen(cookie), bytes, sizeof bytes, &len) && len == sizeof bytes;
}

/* Over the hashes of its pieces, so that it asks for no memory and no piece runs into the next. */
static void token_mac(const struct guard *g, const char *about, const char *cookie, const char *head, size_t head_len, char ret[MAC_TEXT]) {
    uint8_t pieces[3][HASH_SIZE], mac[HASH_SIZE];
    hash_sha256(about, strlen(about), pieces[0]);
    hash_sha256(cookie, strlen(cookie), pieces[1]);
    hash_sha256(head, head_len, pieces[2]);
    hmac_sha256(g->key->bytes, KEY_SIZE, pieces, sizeof pieces, mac);
    base64url_text(mac, MAC_BYTES, ret);
}

void guard_token(struct guard *g, const char *about, const char *cookie, bool again, usec_t now, char ret[GUARD_TOKEN_TEXT]) {
    uint8_t nonce[NONCE_BYTES];
    char nonce_text[BASE64URL_ROOM(NONCE_BYTES)], head[80], mac[MAC_TEXT];
    crypto_random(nonce, sizeof nonce);
    base64url_text(nonce, sizeof nonce, nonce_text);
    int len = snprintf(head, sizeof head, "1.%llx.%c.%s", (unsigned long long)now, again ? 'a' : '0', nonce_text);
    PRE(len > 0 && (size_t)len < sizeof head);
    token_mac(g, about, cookie, head, (size_t)len, mac);
    snprintf(ret, GUARD_TOKEN_TEXT, "%s.%s", head, mac);
}

static bool hex_time(const char *text, size_t len, usec_t *ret) {
    uint64_t t = 0;
    if (len == 0 || len > 15)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *at = strchr("0123456789abcdef", text[i]);
        if (at == NULL || text[i] == 0)
            return false;
        t = t << 4 | (uint64_t)(at - "0123456789abcdef");
    }
    *ret = (usec_t)t;
    return true;
}

enum guard_verdict guard_check(struct guard *g, const char *about, const char *cookie, const char *token, usec_t now) {
    char mac[MAC_TEXT];
    usec_t issued;
    if (!rule_on(RULE_form_csrf))
        return GUARD_FINE;
    if (token == NULL || strlen(token) >= GUARD_TOKEN_TEXT || strncmp(token, "1.", 2) != 0)
        return GUARD_FOREIGN;
    if (!guard_cookie_fine(cookie))
        return GUARD_FOREIGN;
    const char *time = token + 2, *flag = strchr(time, '.'), *last = strrchr(token, '.');
    if (flag == NULL || last <= flag || (flag[1] != 'a' && flag[1] != '0') || flag[2] != '.' || !hex_time(time, (size_t)(flag - time), &issued))
        return GUARD_FOREIGN;
    token_mac(g, about, cookie, token, (size_t)(last - token), mac);
    if (strlen(last + 1) != strlen(mac) || !crypto_equal(last + 1, mac, strlen(mac)))
        return GUARD_OLD;                      /* another start of the server, or another cookie: shown anew, not taken */
    if (issued > now || now - issued > GUARD_LIFE)
        return GUARD_OLD;
    return flag[1] == '0' && now - issued < GUARD_LEAST ? GUARD_FAST : GUARD_FINE;
}

static uint64_t bucket_of(const struct guard *g, const char *address, const char *form) {
    struct net_source from = source_of(address);
    uint8_t pieces[2][HASH_SIZE], mac[HASH_SIZE];
    uint64_t who;
    hash_sha256(from.bytes, sizeof from.bytes, pieces[0]);
    hash_sha256(form, strlen(form), pieces[1]);
    hmac_sha256(g->key->bytes, KEY_SIZE, pieces, sizeof pieces, mac);
    memcpy(&who, mac, sizeof who);
    return who == 0 ? 1 : who;
}

static struct bucket *bucket_find(struct guard *g, uint64_t who, usec_t now) {
    struct bucket *set = &g->buckets[(who % SETS) * WAYS], *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].who == who)
            return &set[i];
        if (set[i].last < oldest->last)
            oldest = &set[i];
    }
    *oldest = (struct bucket){ .who = who, .last = now };
    return oldest;
}

static bool bucket_take(struct bucket *b, const struct rate *rate, usec_t now) {
    if (now > b->last) {
        int64_t leaked;
        if (__builtin_mul_overflow(now - b->last, rate->per_minute, &leaked) || leaked > b->level)
            leaked = b->level;
        b->level -= leaked;
        b->last = now;
    }
    if (b->level > (rate->burst - 1) * rate->cost)
        return false;
    b->level += rate->cost;
    return true;
}

bool guard_take(struct guard *g, const char *address, const char *form, usec_t steady) {
    if (!rule_on(RULE_form_limits))
        return true;
    uint64_t here = bucket_of(g, address, form), all = bucket_of(g, address, "");
    pthread_mutex_lock(&g->lock);
    bool fine = bucket_take(bucket_find(g, here, steady), &per_form, steady) && bucket_take(bucket_find(g, all, steady), &per_address, steady);
    pthread_mutex_unlock(&g->lock);
    return fine;
}

bool guard_mailbox(struct guard *g, const char *to, usec_t steady) {
    uint8_t hash[HASH_SIZE], mac[HASH_SIZE];
    uint64_t who;
    AUTO(buf_wipe) struct buf lower = BUF(1024);
    if (!rule_on(RULE_form_limits))
        return true;
    for (const char *p = to; *p != 0; p++)
        buf_char(&lower, *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p);
    hash_sha256(buf_str(&lower), lower.len, hash);
    hmac_sha256(g->key->bytes, KEY_SIZE, hash, sizeof hash, mac);
    memcpy(&who, mac, sizeof who);
    who = who == 0 ? 1 : who;
    pthread_mutex_lock(&g->lock);
    bool fine = bucket_take(bucket_find(g, who, steady), &per_mailbox, steady);
    pthread_mutex_unlock(&g->lock);
    return fine;
}
