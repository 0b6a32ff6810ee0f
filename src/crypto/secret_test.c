#include "crypto/secret.c"

#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

TEST(random_bytes_differ_and_leave_the_pool) {
    uint8_t seen[400][16];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < 400; i++) {
        crypto_random(seen[i], 16);
        for (size_t j = 0; j < i; j++)
            CHECK(memcmp(seen[i], seen[j], 16) != 0);
        struct context *c = context_get();
        for (size_t k = c->pool_left; k < sizeof c->pool; k++)
            CHECK(c->pool[k] == 0);
    }
    uint8_t big[1000] = { 0 };
    crypto_random(big, sizeof big);
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof big; i++)
        zeros += big[i] == 0;
    CHECK(zeros < 50);
}

TEST(a_child_has_other_bytes_than_its_parent) {
    uint8_t own[16], its[16];
    int p[2];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    crypto_random(own, 16);                  /* the pool is filled before the fork */
    CHECK(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        crypto_random(its, 16);
        _exit(write(p[1], its, 16) == 16 ? 0 : 1);
    }
    crypto_random(own, 16);
    CHECK(read(p[0], its, 16) == 16 && memcmp(own, its, 16) != 0);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    close(p[0]);
    close(p[1]);
}

TEST(compares_and_wipes) {
    uint8_t a[5] = { 1, 2, 3, 4, 5 }, b[5] = { 1, 2, 3, 4, 6 };
    CHECK(!crypto_equal(a, b, 5) && crypto_equal(a, b, 4) && crypto_equal(a, b, 0));
    crypto_wipe(a, 4);
    CHECK(a[0] == 0 && a[3] == 0 && a[4] == 5);
}

TEST(secrets_are_zeroed_aligned_and_may_be_refused) {
    for (size_t size = 1; size < 10000; size = size * 3 + 1) {
        uint8_t *p = secret_new(size);
        CHECK(p != NULL && (uintptr_t)p % 16 == 0);
        for (size_t i = 0; i < size; i++)
            CHECK(p[i] == 0);
        memset(p, 7, size);
        CHECK(secret_free(p) == NULL);
    }
    CHECK(secret_free(NULL) == NULL);
    mem_fail_at = 1;
    CHECK(secret_new(10) == NULL);
    CHECK(secret_new(SIZE_MAX) == NULL);
}
