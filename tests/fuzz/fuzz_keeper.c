/* fuzz_keeper.c — any bytes as frames of a peer, through the keeper's own reading and its handlers, on a real keyring whose changes are
 * taken back: what is not of the protocol closes that peer; every other request is answered by its op and a code. */
#define TEST_NO_MAIN
#include "keeper/server.c"

#include "keeper/testplace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
static struct place place;
static struct keeper_config config;
static struct server *server;

static void tidy(void) {
    server = server_free(server);
    place_done(&place);
}

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    static key_id ids[BLOCK_KEYS];
    static struct key keys[BLOCK_KEYS];
    place_make(&place);
    config = (struct keeper_config){ .keyring = place.o, .server_user = geteuid(), .stop_fd = -1 };
    server = mem_new(sizeof *server);
    CHECK(server != NULL && (server->work = secret_new(sizeof *server->work)) != NULL);
    server->config = &config;
    server->k = opened(&place);
    make(server->k, 1, 0, BLOCK_KEYS, ids, keys);
    CHECK(atexit(tidy) == 0);
    return 0;
}

/* The answer that a request left: its op, a code, and a text where the code is not OK. */
static void answer_fine(const struct guest *p, uint8_t op, size_t before, bool wait) {
    size_t n = ipc_pending(p->ipc) - before;
    if (p->gone || wait ? n != 0 : n < 4 + 5)
        __builtin_trap();
    (void)op;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int ends[2];
    struct err e;
    struct guest *p = &server->guests[0];
    if (size > 1u << 15 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return 0;
    *p = (struct guest){ .user = geteuid() };
    server->request_count = 0;
    if (ipc_new(ends[0], FRAME_MAX, &p->ipc, &e) != OK)
        abort();
    server->guest_count = 1;
    if (size > 0 && send(ends[1], data, size, MSG_NOSIGNAL) != (ssize_t)size)
        abort();
    if (ipc_fill(p->ipc, &e) == OK)
        guest_take(server, p);
    if (p->slow && p->bytes[0] != OP_renew)   /* a renewal writes to the disk, and its request is one byte */
        server->requests[server->request_count++] = (struct request){ p, p->bytes, p->len };
    for (size_t i = 0; i < server->request_count && !p->gone; i++) {
        bool wait = false;
        size_t before = ipc_pending(p->ipc);
        enum code code = handle(server, p, server->requests[i].bytes, server->requests[i].len, &wait);
        if (!is_answer(code))
            __builtin_trap();                 /* a peer's bytes never spoil a transaction */
        answer_fine(p, server->requests[i].bytes[0], before, wait);
        keyring_rollback(server->k);
    }
    p->ipc = ipc_free(p->ipc);
    server->guest_count = 0;
    (void)close(ends[1]);
    return 0;
}
