/* uuid.c — invariant: (milliseconds, counter) never goes back within the process. */
#include "base/uuid.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "base/time.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static uint32_t counter;                        /* 18 bits: 12 of rand_a, 6 of rand_b */
static uint8_t pool[4096];
static size_t pool_left;

static void random_bytes(void *ret, size_t len) {
    if (pool_left < len) {
        size_t have = 0;
        while (have < sizeof pool) {
            ssize_t n = getrandom(pool + have, sizeof pool - have, 0);
            PRE(n > 0 || have < sizeof pool);
            have += n > 0 ? (size_t)n : 0;
        }
        pool_left = sizeof pool;
    }
    memcpy(ret, pool + sizeof pool - pool_left, len);
    pool_left -= len;
}

struct uuid uuid_new(void) {
    struct uuid id;
    uint64_t ms = (uint64_t)(clock_now() / 1000);
    pthread_mutex_lock(&lock);
    random_bytes(id.bytes + 8, 8);
    if (ms > last_ms) {
        uint16_t start;
        random_bytes(&start, sizeof start);
        last_ms = ms;
        counter = start & 0xffff;               /* below 2^18, so that it has room to count */
    } else if (++counter == UINT32_C(1) << 18) {
        counter = 0;
        last_ms++;
    }
    ms = last_ms;
    uint32_t c = counter;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | c >> 14);
    id.bytes[7] = (uint8_t)(c >> 6);
    id.bytes[8] = (uint8_t)(0x80 | (c & 0x3f));
    return id;
}

bool uuid_parse(const char *text, struct uuid *ret) {
    static const uint8_t at[] = { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34 };
    struct uuid id;
    if (strnlen(text, UUID_TEXT) != UUID_TEXT - 1 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        return false;
    for (size_t i = 0; i < 16; i++)
        if (!hex_decode(text + at[i], 2, &id.bytes[i], 1))
            return false;
    *ret = id;
    return true;
}

char *uuid_format(const struct uuid *id, char buf[UUID_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    char *p = buf;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[id->bytes[i] >> 4];
        *p++ = digits[id->bytes[i] & 15];
    }
    *p = 0;
    return buf;
}

int uuid_compare(const struct uuid *a, const struct uuid *b) { return memcmp(a->bytes, b->bytes, 16); }
