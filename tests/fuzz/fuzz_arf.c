/* fuzz_arf.c — any bytes as a report of feedback. Whatever it says: its type ends, and only a report is a complaint. */
#include <string.h>

#include "wire/arf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arf a;
    AUTO(buf_done) struct buf from = BUF(4096);
    arf_read(size == 0 ? "" : (const char *)data, size, &a, &from);
    if (memchr(a.type, 0, sizeof a.type) == NULL || (a.complaint && !a.is) || (!a.is && from.len > 0) || strpbrk(buf_str(&from), "> \t;") != NULL)
        __builtin_trap();
    return 0;
}
