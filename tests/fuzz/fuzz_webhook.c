/* fuzz_webhook.c — any JSON as the definition of a webhook: it is one whose address is what it seems, or every mistake has a path and a text. */
#include "fuzz_bed.h"
#include "messages/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    fuzz_bed_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct webhook_wish w = { .after = -2 };
    struct err e = { 0 };
    json_t *mistakes = NULL, *one, *in = size < 1 || size > 1u << 16 ? NULL : json_loadb((const char *)data + 1, size - 1, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    size_t i;
    if (in == NULL)
        return 0;
    enum code code = webhook_read(bed.charter, in, (data[0] & 1) != 0, &w, &mistakes, &e);
    if (code == OK ? mistakes != NULL || (w.url != NULL && (strncmp(w.url, "https://", 8) != 0 || w.to.host[0] == 0 || w.to.port < 1 || w.to.port > 65535)) : code != E_FIELDS || w.after != -2)
        __builtin_trap();
    json_array_foreach(mistakes, i, one)
        if (!json_is_string(json_object_get(one, "path")) || !json_is_string(json_object_get(one, "text")))
            __builtin_trap();
    json_decref(mistakes);
    json_decref(in);
    return 0;
}
