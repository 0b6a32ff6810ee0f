/* fuzz_asker.c — any bytes as the answer of an asker: yes, no with one bounded line, or none at all; never a crash, and a yes only where it says so. */
#include <string.h>

#include "base/text.h"
#include "messages/asking.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char why[ASK_WHY + 1];
    enum ask_answer answer = asking_read((const char *)data, size, why);
    size_t len = strnlen(why, sizeof why);
    if (len > ASK_WHY || (answer != ASK_NO && len > 0) || strpbrk(why, "\r\n%") != NULL || !text_is_utf8(why, len))
        __builtin_trap();
    if (answer == ASK_YES && (size < 14 || memmem(data, size, "true", 4) == NULL))
        __builtin_trap();
    return 0;
}
