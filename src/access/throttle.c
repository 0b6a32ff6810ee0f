/* throttle.c — invariant: a bucket's level is that at `last`, its last try that was let through, and never above burst + STEPS + 1;
 * what has leaked since is reckoned when it is looked at. */
#include "access/throttle.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/crypto.h"

#define ID_SIZE 16u
#define WAYS 8u
#define COST INT64_C(1000000)                /* one failure */
#define STEPS 10                             /* doublings of a second: 17 minutes, more than any bound */
#define REMEMBERED (30 * USEC_PER_DAY)

enum whose { ACCOUNT, PLACE, SOURCE, WIDE, WHOSE };
struct limit { int burst; usec_t longest, leak; };     /* failures that cost no wait; the longest wait; one is forgotten in */
static const struct limit limits[THROTTLE_WHATS][WHOSE] = {
    [THROTTLE_PASSWORD] = { [ACCOUNT] = { 10, 60 * USEC_PER_SEC, 5 * USEC_PER_MINUTE }, [PLACE] = { 10, 60 * USEC_PER_SEC, 5 * USEC_PER_MINUTE },
                            [SOURCE] = { 30, 60 * USEC_PER_SEC, USEC_PER_MINUTE }, [WIDE] = { 240, 60 * USEC_PER_SEC, 7500000 } },
    [THROTTLE_CODE] = { [ACCOUNT] = { 5, 15 * USEC_PER_MINUTE, 15 * USEC_PER_MINUTE }, [PLACE] = { 5, 5 * USEC_PER_MINUTE, 5 * USEC_PER_MINUTE },
                        [SOURCE] = { 30, 60 * USEC_PER_SEC, USEC_PER_MINUTE }, [WIDE] = { 240, 60 * USEC_PER_SEC, 7500000 } },
    [THROTTLE_MAIL] = { [ACCOUNT] = { 3, 15 * USEC_PER_MINUTE, 20 * USEC_PER_MINUTE }, [PLACE] = { 3, 15 * USEC_PER_MINUTE, 20 * USEC_PER_MINUTE },
                        [SOURCE] = { 10, 15 * USEC_PER_MINUTE, 2 * USEC_PER_MINUTE }, [WIDE] = { 80, 15 * USEC_PER_MINUTE, 15 * USEC_PER_SEC } },
};

/* A table for each, so that many addresses cannot push out what is known of an account. 36,864 buckets, 1.5 MB. */
static const size_t sets[WHOSE] = { [ACCOUNT] = 1024, [PLACE] = 1024, [SOURCE] = 2048, [WIDE] = 512 };

struct id { uint8_t bytes[ID_SIZE]; };
struct bucket { struct id id; const struct limit *limit /* NULL: free */; int64_t level; usec_t last; };
struct throttle {
    pthread_mutex_t lock;
    struct key *key;
    struct bucket *table[WHOSE];             /* PLACE: where somebody signed in; their own failures alone count there */
};

/* What cannot fail but by our own bug; a function, so that nothing with an effect stands in an assertion. */
static void must(bool fine) { PRE(fine); }

enum code throttle_new(struct throttle **ret, struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    AUTO(throttle_free) struct throttle *t = mem_new(sizeof *t);
    if (t != NULL)
        must(pthread_mutex_init(&t->lock, NULL) == 0);
    bool fine = t != NULL && (t->key = secret_new(sizeof *t->key)) != NULL;
    for (size_t i = 0; fine && i < WHOSE; i++)
        fine = (t->table[i] = mem_new_array(sets[i] * WAYS, sizeof *t->table[i])) != NULL;
    if (!fine)
        return err_set(reterr, E_MEMORY, "no memory for counting attempts to sign in");
    crypto_random(t->key->bytes, sizeof t->key->bytes);
    *ret = TAKE(t);
    return OK;
}

struct throttle *throttle_free(struct throttle *t) {
    if (t == NULL)
        return NULL;
    must(pthread_mutex_destroy(&t->lock) == 0);
    t->key = secret_free(t->key);
    for (size_t i = 0; i < WHOSE; i++)
        mem_free(t->table[i]);
    return mem_free(t);
}

/* ---- one bucket */

static int64_t level_at(const struct bucket *b, usec_t now) {
    int64_t gone;
    if (now <= b->last)
        return b->level;
    if (__builtin_mul_overflow(now - b->last, COST, &gone))
        return 0;
    gone /= b->limit->leak;
    return gone >= b->level ? 0 : b->level - gone;
}

/* From now on, until the next try may be made. The wait belongs to the failures that stood at the last try. */
static usec_t wait_of(const struct bucket *b, usec_t now) {
    int64_t over = (b->level + COST - 1) / COST - b->limit->burst;
    if (over <= 0)
        return 0;
    usec_t wait = USEC_PER_SEC << (over > STEPS ? STEPS : over - 1), since = now > b->last ? now - b->last : 0;
    wait = wait > b->limit->longest ? b->limit->longest : wait;
    return since >= wait ? 0 : wait - since;
}

static void charge(struct bucket *b, usec_t now) {
    int64_t level = level_at(b, now) + COST, most = (b->limit->burst + STEPS + 1) * COST;
    b->level = level > most ? most : level;
    b->last = now > b->last ? now : b->last;
}

static void refund(struct bucket *b) { b->level = b->level > COST ? b->level - COST : 0; }

/* ---- tables: sets of WAYS */

static struct id id_make(const struct throttle *t, const struct throttle_try *try, enum whose whose, const struct net_source *from) {
    uint8_t text[2 + THROTTLE_ACCOUNT_SIZE + sizeof *from] = { (uint8_t)try->what, (uint8_t)whose }, mac[HASH_SIZE];
    struct id id;
    if (whose == ACCOUNT || whose == PLACE)
        memcpy(text + 2, try->account, THROTTLE_ACCOUNT_SIZE);
    if (from != NULL)
        memcpy(text + 2 + THROTTLE_ACCOUNT_SIZE, from, sizeof *from);
    hmac_sha256(t->key->bytes, KEY_SIZE, text, sizeof text, mac);
    memcpy(id.bytes, mac, sizeof id.bytes);
    return id;
}

static struct bucket *set_of(const struct throttle *t, enum whose whose, const struct id *id) {
    uint32_t n;
    memcpy(&n, id->bytes, sizeof n);
    return t->table[whose] + n % sets[whose] * WAYS;
}

static struct bucket *set_find(struct bucket *set, const struct id *id) {
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].limit != NULL && memcmp(&set[i].id, id, sizeof *id) == 0)
            return &set[i];
    return NULL;
}

/* When a bucket may give way: a free one first; then of failures those that are forgotten soonest, of places the one that was
 * used longest ago. */
static usec_t order_of(const struct bucket *b, enum whose whose, usec_t now) {
    if (b->limit == NULL)
        return -1;
    return whose == PLACE ? b->last : level_at(b, now) / 1000 * (b->limit->leak / 1000);
}

static struct bucket *bucket_get(struct throttle *t, const struct throttle_try *try, enum whose whose, const struct net_source *from, usec_t now) {
    struct id id = id_make(t, try, whose, from);
    struct bucket *set = set_of(t, whose, &id), *b = set_find(set, &id), *least = set;
    if (b != NULL)
        return b;
    for (size_t i = 1; i < WAYS; i++)
        if (order_of(&set[i], whose, now) < order_of(least, whose, now))
            least = &set[i];
    *least = (struct bucket){ .id = id, .limit = &limits[try->what][whose], .last = now };
    return least;
}

/* ---- which buckets a try concerns */

static const struct net_source *place_of(const struct throttle_try *try) { return try->device_known ? NULL : &try->from; }

static bool place_known(struct throttle *t, const struct throttle_try *try, usec_t now) {
    if (try->account == NULL || try->what == THROTTLE_MAIL)
        return false;
    struct id id = id_make(t, try, PLACE, place_of(try));
    const struct bucket *b = set_find(set_of(t, PLACE, &id), &id);
    return try->device_known || (b != NULL && (now <= b->last || now - b->last <= REMEMBERED));
}

struct found { struct bucket *b[WHOSE]; size_t count; };

static struct found find_all(struct throttle *t, const struct throttle_try *try, usec_t now) {
    struct found f = { .count = 0 };
    struct net_source wide;
    if (place_known(t, try, now)) {
        f.b[f.count++] = bucket_get(t, try, PLACE, place_of(try), now);
        return f;
    }
    if (try->account != NULL)
        f.b[f.count++] = bucket_get(t, try, ACCOUNT, NULL, now);
    f.b[f.count++] = bucket_get(t, try, SOURCE, &try->from, now);
    if (source_wide(&try->from, &wide))
        f.b[f.count++] = bucket_get(t, try, WIDE, &wide, now);
    return f;
}

enum code throttle_check(struct throttle *t, const struct throttle_try *try, usec_t now, unsigned *ret_seconds, struct err *reterr) {
    PRE(t != NULL && try != NULL && try->what < THROTTLE_WHATS && now >= 0 && ret_seconds != NULL && reterr != NULL);
    usec_t longest = 0;
    must(pthread_mutex_lock(&t->lock) == 0);
    struct found f = find_all(t, try, now);
    for (size_t i = 0; i < f.count; i++) {
        usec_t wait = wait_of(f.b[i], now);
        longest = wait > longest ? wait : longest;
    }
    for (size_t i = 0; longest == 0 && i < f.count; i++)
        charge(f.b[i], now);
    must(pthread_mutex_unlock(&t->lock) == 0);
    if (longest == 0)
        return OK;
    unsigned seconds = (unsigned)((longest + USEC_PER_SEC - 1) / USEC_PER_SEC);
    *ret_seconds = seconds;
    return err_set(reterr, E_TOO_MANY, "too many attempts: try again in %u s", seconds);
}

void throttle_end(struct throttle *t, const struct throttle_try *try, enum throttle_end end, usec_t now) {
    PRE(t != NULL && try != NULL && try->what < THROTTLE_WHATS && now >= 0);
    if (end == THROTTLE_WRONG || (end == THROTTLE_RIGHT && try->what == THROTTLE_MAIL))
        return;
    must(pthread_mutex_lock(&t->lock) == 0);
    struct found f = find_all(t, try, now);
    for (size_t i = 0; i < f.count; i++)
        refund(f.b[i]);
    if (end == THROTTLE_RIGHT && try->account != NULL)
        bucket_get(t, try, PLACE, &try->from, now)->last = now;
    must(pthread_mutex_unlock(&t->lock) == 0);
}
