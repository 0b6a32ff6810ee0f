/* fuzz_certificate.c — any bytes as a certificate of erasure: it verifies, and then its parts are there, or what is wrong is said. */
#include <stdlib.h>

#include "retention/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    struct err e;
    if (crypto_init(&e) != OK)
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(certificate_done) struct certificate c = { .keys = 0 };
    struct err e = { 0 };
    if (size > 1u << 16)
        return 0;
    enum code code = certificate_verify((const char *)data, size, NULL, &c, &e);
    if (code == OK ? !json_is_object(c.body) : code != E_DAMAGED || e.text[0] == 0 || c.body != NULL)
        __builtin_trap();
    return 0;
}
