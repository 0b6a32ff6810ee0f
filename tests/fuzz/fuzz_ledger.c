/* fuzz_ledger.c — any bytes as an exported ledger: it holds, or what is wrong stands there with its line. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "ledger/ledger.h"

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
    struct ledger_check sum = { 0 };
    if (size > 1u << 16)
        return 0;
    int fd = memfd_create("ledger", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size) || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    enum code code = ledger_verify_file(fd, NULL, &sum, &e);
    if ((code != OK && code != E_DAMAGED) || (code == E_DAMAGED && e.text[0] == 0) || sum.signed_heads > sum.entries)
        __builtin_trap();
    (void)close(fd);
    return 0;
}
