/* relay_find_test.c — a resolver that hangs keeps nobody: who asked goes on, and may leave. */
#include "prog/relay_find.c"

#include <poll.h>

#include "base/test.h"
#include "base/time.h"

static atomic_bool hangs;
static atomic_int looked;
static int slow(const char *host, const char *port, const struct addrinfo *wish, struct addrinfo **ret) {
    if ((wish->ai_flags & AI_NUMERICHOST) != 0)
        return getaddrinfo(host, port, wish, ret);
    atomic_fetch_add(&looked, 1);
    while (atomic_load(&hangs))
        (void)poll(NULL, 0, 5);
    return getaddrinfo("127.0.0.1", port, wish, ret);
}
static int nothing(const char *host, const char *port, const struct addrinfo *wish, struct addrinfo **ret) {
    return (wish->ai_flags & AI_NUMERICHOST) != 0 ? getaddrinfo(host, port, wish, ret) : EAI_NONAME;
}

static void until_idle(void) {
    for (int i = 0; i < 6000 && atomic_load(&threads) > 0; i++)
        (void)poll(NULL, 0, 10);
    CHECK(atomic_load(&threads) == 0);
}
static struct addrinfo *found(struct relay_find *f) {
    struct addrinfo *list = NULL;
    struct pollfd p = { .fd = relay_find_fd(f), .events = POLLIN };
    CHECK(poll(&p, 1, 60000) == 1 && relay_find_take(f, &list));
    return list;
}

TEST(a_number_is_known_at_once) {
    static const char *const hosts[] = { "127.0.0.1", "::1" };
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        AUTO(relay_find_end) struct relay_find *f = NULL;
        struct addrinfo *list = NULL;
        struct err e;
        CHECK_OK(relay_find_begin(hosts[i], 25, &f, &e), &e);
        CHECK(relay_find_take(f, &list) && list != NULL && atomic_load(&threads) == 0);
        freeaddrinfo(list);
    }
}

TEST(a_name_is_looked_up_beside) {
    struct relay_find *f = NULL;
    struct addrinfo *list = NULL;
    struct err e;
    look_up = slow;
    atomic_store(&hangs, true);
    CHECK_OK(relay_find_begin("relay.example", 25, &f, &e), &e);
    CHECK(!relay_find_take(f, &list) && list == NULL);
    atomic_store(&hangs, false);
    list = found(f);
    CHECK(list != NULL);
    freeaddrinfo(list);
    f = relay_find_end(f);
    look_up = nothing;
    CHECK_OK(relay_find_begin("relay.example", 25, &f, &e), &e);
    CHECK(found(f) == NULL);
    f = relay_find_end(f);
    until_idle();
}

/* Whoever leaves does not wait for it; only so many hang at a time. */
TEST(who_leaves_does_not_wait) {
    struct relay_find *f = NULL;
    struct err e;
    look_up = slow;
    atomic_store(&hangs, true);
    atomic_store(&looked, 0);
    for (int i = 0; i < THREADS_MOST; i++) {
        CHECK_OK(relay_find_begin("relay.example", 25, &f, &e), &e);
        f = relay_find_end(f);
    }
    CHECK_CODE(relay_find_begin("relay.example", 25, &f, &e), E_BUSY, &e);
    CHECK(f == NULL);
    atomic_store(&hangs, false);
    until_idle();
    CHECK_INT(atomic_load(&looked), THREADS_MOST);
}

TEST(survives_no_memory) {
    struct err e;
    look_up = nothing;
    for (size_t n = 1; n <= 2; n++) {
        struct relay_find *f = NULL;
        mem_fail_at = n;
        CHECK_CODE(relay_find_begin("relay.example", 25, &f, &e), E_MEMORY, &e);
        mem_fail_at = 0;
        CHECK(f == NULL);
    }
}
