/* fuzz_instance.c — any bytes as sejf.yaml: refused with findings that print, or settings that hold nothing which could add a line or a
 * directive to nginx's configuration. */
#include <string.h>

#include "charter/instance.h"

static void fine(const char *text) {
    if (text != NULL && strpbrk(text, "\"'\\;{}$\n\r") != NULL)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(findings_free) struct findings *findings = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    AUTO(buf_done) struct buf printed = BUF(1u << 20);
    struct err e;
    if (size > 1u << 16 || findings == NULL)
        return 0;
    enum code code = instance_load_text("sejf.yaml", (const char *)data, size, findings, &i, &e);
    findings_print(findings, &printed);
    if ((code == OK) != (i != NULL) || (code == E_CONFIG && findings_count(findings, FINDING_ERROR) == 0))
        __builtin_trap();
    if (i == NULL)
        return 0;
    fine(i->host);
    fine(i->certificate);
    fine(i->key);
    fine(i->brand_logo);
    for (size_t n = 0; n < i->name_count; n++)
        fine(i->names[n]);
    for (size_t n = 0; n < i->address_count; n++)
        fine(i->addresses[n]);
    for (size_t n = 0; n < i->cors_count; n++)
        fine(i->cors[n]);
    for (size_t n = 0; n < i->frame_count; n++)
        fine(i->frames[n]);
    if (i->https < 1 || i->https > 65535 || i->plain < 0 || i->plain > 65535)
        __builtin_trap();
    return 0;
}
