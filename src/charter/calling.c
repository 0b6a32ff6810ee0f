/* calling.c — the table, looked through from its start: a number is read once for a message that costs far more. */
#include "charter/calling.h"

#include <string.h>

static const struct calling codes[] = {
#define CALLING(code, country) { code, country },
#include "charter/calling.tbl"
#undef CALLING
};

const struct calling *calling_of(const char *digits) {
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strncmp(digits, codes[i].code, strlen(codes[i].code)) == 0)
            return &codes[i];
    return NULL;
}

size_t calling_all(const struct calling **ret) {
    *ret = codes;
    return ARRAY_LEN(codes);
}
