/* fuzz_record.c — any JSON as a record: made or changed through the whole use case (validation, limits, sealing, commit), or refused
 * with its mistakes, each with a path. The first byte chooses: a new registration, a new event, an invoice, a patch. What is made reads back. */
#include "fuzz_bed.h"

#include "api/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    fuzz_bed_start();
    return 0;
}

/* Every mistake has a path and a text, and the text holds nothing of the input. */
static void mistakes_fine(const json_t *in, const json_t *mistakes, const struct err *e) {
    const json_t *m;
    size_t i;
    json_array_foreach(mistakes, i, m) {
        if (text_at(m, "path", NULL) == NULL || text_at(m, "text", NULL) == NULL)
            __builtin_trap();
        fuzz_error_impersonal(in, text_at(m, "text", NULL));
    }
    if (e->code == E_FIELDS && json_array_size(mistakes) == 0 && e->field[0] == 0)
        __builtin_trap();
    fuzz_error_impersonal(in, e->text);
}

static void reads_back(int kind, const json_t *made) {
    struct err e = { 0 };
    json_t *read = NULL;
    struct record_request r = { .who = &boss, .kind = kind, .id = id_of(made), .if_match = -1 };
    if (record_read(bed.service, &r, &read, &e) != OK || !json_equal(json_object_get(made, "fields"), json_object_get(read, "fields")))
        __builtin_trap();
    json_decref(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const kinds[] = { "registration", "event", "invoice", "registration" };
    struct err e = { 0 };
    json_t *in = NULL, *ret = NULL, *mistakes = NULL;
    if (size < 2 || size > 1u << 14 || json_read((const char *)data + 1, size - 1, &in, &e) != OK)
        return 0;
    unsigned how = data[0] % ARRAY_LEN(kinds);
    if (json_is_object(in)) {
        json_t *consents = json_incref(json_object_get(in, "consents"));
        struct record_request r = { .who = &boss, .kind = charter_kind(bed.charter, kinds[how]), .input = in, .consents = consents, .if_match = -1 };
        json_object_del(in, "consents");
        fuzz_ids(in, "event", &bed_event);
        r.id = how == 3 ? bed_person : (struct uuid){ { 0 } };
        enum code code = how == 3 ? record_change(bed.service, &r, &ret, &mistakes, &e) : record_create(bed.service, &r, &ret, &mistakes, &e);
        fuzz_code(code);
        if (code == OK && json_object_get(ret, "fields") == NULL)
            __builtin_trap();
        if (code == OK)
            reads_back(r.kind, ret);
        else
            mistakes_fine(in, mistakes, &e);
        json_decref(consents);
    }
    json_decref(ret);
    json_decref(mistakes);
    json_decref(in);
    return 0;
}
