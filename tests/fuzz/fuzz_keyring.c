/* fuzz_keyring.c — a keyring some of whose bytes were altered, or that was cut: it opens, or is refused with the reason. The input is a
 * list of patches: which file and how (1 byte), where (2), what (1). A keyring that opens gives each key as it was, or none. */
#define TEST_NO_MAIN
#include "keeper/testplace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define FILE_ROOM (1u << 20)
struct image { const char *name; uint8_t bytes[FILE_ROOM]; size_t len; };
static struct image intact[] = { { .name = "keyring.db" }, { .name = "epoch" }, { .name = "root.key" } }, patched[ARRAY_LEN(intact)];
static struct place place;
static key_id ids[BLOCK_KEYS];
static struct key keys[BLOCK_KEYS];

static void tidy(void) { place_done(&place); }

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    place_make(&place);
    struct keyring *k = opened(&place);
    make(k, 1, 0, BLOCK_KEYS, ids, keys);
    make(k, 2, 24324, BLOCK_KEYS, ids, keys);
    destroy(k, 2, ids, 3);
    k = keyring_close(k);
    for (size_t i = 0; i < ARRAY_LEN(intact); i++) {
        AUTO(fd_close) int fd = open(in(&place, intact[i].name), O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, intact[i].bytes, FILE_ROOM);
        CHECK(n > 0 && n < (ssize_t)FILE_ROOM);
        intact[i].len = (size_t)n;
    }
    CHECK(atexit(tidy) == 0);
    return 0;
}

/* Bits 0-1: the file; the rest: flip by that byte, set to it, or cut the file there. */
static void patch(const uint8_t p[4]) {
    struct image *f = &patched[(p[0] & 3) % ARRAY_LEN(patched)];
    size_t at = (size_t)p[1] << 8 | p[2];
    if (p[0] >> 2 == 63)
        f->len = at < f->len ? at : f->len;
    else if (at < f->len)
        f->bytes[at] = (uint8_t)((p[0] & 4) != 0 ? p[3] : f->bytes[at] ^ p[3]);
}

static void files_put(void) {
    static const char *const tails[] = { "keyring.db-wal", "keyring.db-shm" };
    for (size_t i = 0; i < ARRAY_LEN(tails); i++)
        (void)unlink(in(&place, tails[i]));
    for (size_t i = 0; i < ARRAY_LEN(patched); i++) {
        AUTO(fd_close) int fd = open(in(&place, patched[i].name), O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (fd < 0 || write(fd, patched[i].bytes, patched[i].len) != (ssize_t)patched[i].len)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct keyring *k = NULL;
    struct err e = { 0 };
    static struct key got[BLOCK_KEYS];
    static bool ok[BLOCK_KEYS];
    if (size > 4 * 64)
        return 0;
    memcpy(patched, intact, sizeof intact);
    for (size_t i = 0; i + 4 <= size; i += 4)
        patch(data + i);
    files_put();
    enum code code = keyring_open(&place.o, &k, &e);
    if ((code == OK) != (k != NULL) || (code != OK && e.text[0] == 0) || code == E_INTERNAL || code == E_MEMORY || code == E_BUSY)
        __builtin_trap();
    if (k != NULL && keyring_unwrap(k, 2, ids, BLOCK_KEYS, got, ok, &e) == OK)
        for (size_t i = 0; i < BLOCK_KEYS; i++)
            if (ok[i] && memcmp(&got[i], &keys[i], sizeof got[i]) != 0)
                __builtin_trap();
    keyring_close(k);
    return 0;
}
