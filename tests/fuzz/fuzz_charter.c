/* fuzz_charter.c — any bytes as a charter: refused with findings that print, or a model that is freed. */
#include "charter/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(findings_free) struct findings *findings = findings_new();
    AUTO(charter_free) struct charter *charter = NULL;
    AUTO(buf_done) struct buf printed = BUF(1u << 20);
    struct err e;
    if (size > 1u << 16 || findings == NULL)
        return 0;
    enum code code = charter_load_text("fuzz.yaml", (const char *)data, size, findings, &charter, &e);
    if (code == E_CHARTER && findings_count(findings, FINDING_ERROR) == 0)
        __builtin_trap();                           /* refused without a reason */
    if ((code == OK) != (charter != NULL))
        __builtin_trap();
    findings_print(findings, &printed);
    return 0;
}
