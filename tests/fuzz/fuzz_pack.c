/* fuzz_pack.c — any bytes as an access archive: whole and signed, or what is wrong is said. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "rights/access_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    struct err e;
    if (crypto_init(&e) != OK)
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = { 0 };
    struct pack_check check = { 0 };
    if (size > 1u << 16)
        return 0;
    int fd = memfd_create("pack", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    enum code code = access_pack_verify(fd, NULL, &check, &e);
    if (code != OK && e.text[0] == 0)
        __builtin_trap();
    (void)close(fd);
    return 0;
}
