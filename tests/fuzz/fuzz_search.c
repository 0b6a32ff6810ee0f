/* fuzz_search.c — any JSON as a search (conditions, words, prefixes, RE2 patterns, sort, cursor), any pairs as the query of a list: answered
 * with records, or refused without repeating what was asked. The cursor that comes back is taken. The first byte chooses: search
 * in registrations or events, list of registrations or events. */
#include "fuzz_bed.h"

#include "api/http.h"
#include "api/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    json_t *made = NULL;
    char event[UUID_TEXT];
    fuzz_bed_start();
    uuid_format(&bed_event, event);
    for (int i = 0; i < 12; i++) {            /* so that there are pages */
        char email[40];
        snprintf(email, sizeof email, "person.%d@people.example", i);
        CHECK_OK(bed_make(&bed, &boss, "registration", json_pack("{s:s, s:s, s:s}", "event", event, "name", i % 2 ? "Anna Zawilska" : "Nagy Béla", "email", email), &made), &bed.e);
        json_decref(made);
        CHECK_OK(bed_make(&bed, &boss, "event", json_pack("{s:s, s:s, s:s}", "title", "Bieg przez las", "starts", "2027-03-01T17:00:00Z", "ends", "2027-03-01T20:00:00Z"), &made), &bed.e);
        json_decref(made);
    }
    return 0;
}

/* As the API reads a query: every value is a text. */
static json_t *query_of(const char *text, size_t len) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct pairs pairs;
    struct err e;
    if (arena == NULL || pairs_parse(text, len, arena, &pairs, &e) != OK)
        return NULL;
    json_t *o = json_object();
    for (size_t i = 0; i < pairs.count; i++)
        json_object_set_new(o, pairs.list[i].name, json_string(pairs.list[i].value));
    return o;
}

static enum code ask(unsigned how, json_t *in, json_t **ret, struct err *e) {
    int kind = charter_kind(bed.charter, how % 2 == 0 ? "registration" : "event");
    return how < 2 ? record_search(bed.service, &boss, kind, in, ret, e) : record_list(bed.service, &boss, kind, in, ret, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = { 0 };
    json_t *in = NULL, *ret = NULL;
    if (size < 2 || size > 4096)
        return 0;
    unsigned how = data[0] % 4;
    if (how < 2 && json_read((const char *)data + 1, size - 1, &in, &e) != OK)
        return 0;
    if (how >= 2)
        in = query_of((const char *)data + 1, size - 1);
    if (!json_is_object(in)) {
        json_decref(in);
        return 0;
    }
    fuzz_ids(how < 2 ? json_object_get(in, "where") : in, "event", &bed_event);
    for (int page = 0; page < 3; page++) {
        enum code code = ask(how, in, &ret, &e);
        fuzz_code(code);
        if (code != OK)
            fuzz_error_impersonal(in, e.text);
        if (code != OK && page > 0)
            __builtin_trap();                 /* a cursor that we gave is refused */
        if (code == OK && !json_is_array(json_object_get(ret, "items")))
            __builtin_trap();
        json_t *next = json_incref(json_object_get(ret, "next"));
        json_decref(ret);
        ret = NULL;
        if (code != OK || !json_is_string(next)) {
            json_decref(next);
            break;
        }
        json_object_set_new(in, "cursor", next);
    }
    json_decref(in);
    return 0;
}
