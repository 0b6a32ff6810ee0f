/* mailer_memory_test.c — the last of a try is what is told of it, and the oldest tries make room. */
#include "prog/mailer_memory.c"

#include "base/test.h"

static struct uuid id_of(uint32_t n) {
    struct uuid id = { .bytes = { 1 } };
    for (size_t i = 0; i < 4; i++)
        id.bytes[15 - i] = (uint8_t)(n >> 8 * i);
    return id;
}
static int told(struct mailer_memory *m, uint32_t n, uint32_t attempt) {
    struct uuid id = id_of(n);
    const struct mail_reply *r = mailer_memory_find(m, &id, attempt);
    return r == NULL ? -1 : (int)r->outcome;
}
static void put(struct mailer_memory *m, uint32_t n, uint32_t attempt, enum mail_outcome outcome) {
    struct uuid id = id_of(n);
    mailer_memory_put(m, &id, attempt, &(struct mail_reply){ .outcome = outcome });
}

TEST(the_newest_is_told) {
    AUTO(mailer_memory_free) struct mailer_memory *m = NULL;
    struct err e;
    CHECK_OK(mailer_memory_new(&m, &e), &e);
    CHECK_INT(told(m, 1, 1), -1);
    put(m, 1, 1, MAIL_NOT_SENT);
    put(m, 1, 1, MAIL_SENT);
    put(m, 1, 2, MAIL_REFUSED);
    put(m, 1 + CHAINS, 1, MAIL_LATER);               /* in the same chain */
    CHECK(told(m, 1, 1) == MAIL_SENT && told(m, 1, 2) == MAIL_REFUSED && told(m, 1, 3) == -1 && told(m, 1 + CHAINS, 1) == MAIL_LATER);
    struct uuid one = id_of(1);
    for (int twice = 0; twice < 2; twice++)
        mailer_memory_forget(m, &one, 1);
    CHECK(told(m, 1, 1) == -1 && told(m, 1, 2) == MAIL_REFUSED && told(m, 1 + CHAINS, 1) == MAIL_LATER);
}

TEST(the_oldest_make_room) {
    AUTO(mailer_memory_free) struct mailer_memory *m = NULL;
    struct err e;
    CHECK_OK(mailer_memory_new(&m, &e), &e);
    for (uint32_t i = 0; i < 3 * MAILER_REMEMBERED + 7; i++) {
        put(m, i * 3, i % 4, MAIL_SENT);
        if (i % 5 == 0) {
            struct uuid id = id_of(i * 3);
            mailer_memory_forget(m, &id, i % 4);
        }
    }
    size_t known = 0, used = 0;
    for (uint32_t i = 0; i < 3 * MAILER_REMEMBERED + 7; i++)
        known += told(m, i * 3, i % 4) == MAIL_SENT;
    for (size_t i = 0; i < MAILER_REMEMBERED; i++)
        used += m->slots[i].used;
    CHECK(known == used && known > MAILER_REMEMBERED * 3 / 4 && told(m, 0, 0) == -1 && told(m, (3 * MAILER_REMEMBERED + 6) * 3, (3 * MAILER_REMEMBERED + 6) % 4) == MAIL_SENT);
}

TEST(survives_no_memory) {
    struct mailer_memory *m = NULL;
    struct err e;
    mem_fail_at = 1;
    CHECK_CODE(mailer_memory_new(&m, &e), E_MEMORY, &e);
    mem_fail_at = 0;
    CHECK(m == NULL);
}
