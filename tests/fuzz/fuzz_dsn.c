/* fuzz_dsn.c — any bytes as a message that came back. Whatever it says: texts end, a status has its form, and one recipient that was reached means that the letter
 * did not fail. */
#include <string.h>

#include "wire/dsn.h"
#include "wire/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsn d;
    dsn_read(size == 0 ? "" : (const char *)data, size, &d);
    if (memchr(d.status, 0, sizeof d.status) == NULL || memchr(d.said, 0, sizeof d.said) == NULL || d.says < DSN_NOTHING || d.says > DSN_DELIVERED || strspn(d.status, "0123456789.") != strlen(d.status))
        __builtin_trap();
    if (d.status[0] != 0 && strchr("245", d.status[0]) == NULL)
        __builtin_trap();
    if (d.code != 0 && (d.code < 400 || d.code > 559 || d.status[0] != 0 || d.report))
        __builtin_trap();
    if ((unsigned)verdict_of(d.code, d.status, d.said) >= VERDICTS)
        __builtin_trap();
    return 0;
}
