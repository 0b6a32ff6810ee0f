#include "base/mem.c"

#include <pthread.h>
#include <stdio.h>

#include "base/test.h"

enum { THREADS = 24 };
static pthread_barrier_t all_there, looked;

static void *take_some(void *arg) {
    void *p[100];
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        p[i] = mem_new(2000);
    pthread_barrier_wait(&all_there);
    pthread_barrier_wait(&looked);
    bool fine = true;
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        fine = fine && p[i] != NULL;
        mem_free(p[i]);
    }
    *(bool *)arg = fine;
    return NULL;
}

/* As the allocator tells it. */
UNUSED static size_t regions(void) {
    char *text = NULL;
    size_t len = 0, n = 0;
    FILE *f = open_memstream(&text, &len);
    CHECK(f != NULL && malloc_info(0, f) == 0 && fclose(f) == 0);
    for (const char *at = text; (at = strstr(at, "<heap nr=")) != NULL; at++)
        n++;
    free(text);
    return n;
}

TEST(many_threads_share_few_regions) {
    pthread_t list[THREADS];
    bool fine[THREADS] = { false };
    unsigned most = mem_share();
    CHECK(most >= 2);
    CHECK(pthread_barrier_init(&all_there, NULL, THREADS + 1) == 0 && pthread_barrier_init(&looked, NULL, THREADS + 1) == 0);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&list[i], NULL, take_some, &fine[i]) == 0);
    pthread_barrier_wait(&all_there);
#ifndef SEJF_SANITIZE                           /* sanitizers have an allocator of their own */
    size_t n = regions();
    CHECK(n >= 1 && n <= most);
#endif
    pthread_barrier_wait(&looked);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(list[i], NULL) == 0);
        CHECK(fine[i]);
    }
    pthread_barrier_destroy(&all_there);
    pthread_barrier_destroy(&looked);
}

TEST(counts_what_was_lost) {
    size_t before = mem_lost();
    mem_fail_at = 2;
    AUTO(mem_free) void *p = mem_new(10);
    CHECK(p != NULL && mem_lost() == before);
    CHECK(mem_new(10) == NULL && mem_lost() == before + 1);
    mem_fail_at = 1;
    AUTO(mem_free) char *text = NULL;
    CHECK(mem_new_array(3, 4) == NULL && (text = mem_text("x")) != NULL);
    CHECK(mem_lost() == before + 2);
}
