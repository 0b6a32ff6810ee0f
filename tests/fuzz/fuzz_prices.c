/* fuzz_prices.c — any bytes as a price list: it is refused with places, or every number has the price of its longest prefix. */
#include <string.h>

#include "charter/prices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(prices_free) struct prices *p = NULL;
    struct err e;
    int64_t micros = -1;
    const char *currency = NULL;
    const struct finding *list;
    if (f == NULL || size > 4096)
        return 0;
    enum code code = prices_load_text("prices.csv", (const char *)data, size, f, &p, &e);
    size_t n = findings_list(f, &list);
    if ((code == OK) != (p != NULL) || (code == E_CONFIG) != (n > 0))
        __builtin_trap();
    for (size_t i = 0; i < n; i++)
        if (list[i].pos.line < 1 || list[i].pos.column < 1)
            __builtin_trap();
    if (price_of(p, "+48601234567", NULL, &micros, &currency) && (micros < 0 || strlen(currency) != 3))
        __builtin_trap();
    return 0;
}
