/* fuzz_bed.h — for the fuzzers of use cases: the service of the unit tests (a real store, a real keeper), once for all inputs, in
 * memory where the machine has a directory for that. What it makes is taken away at the end. */
#pragma once
#define TEST_NO_MAIN
#include "records/testbed.h"

#include "records/testcharters.h"

static struct bed bed;
static struct caller boss;                    /* the tenant's own role */
static struct uuid bed_event, bed_person;     /* a record of each kind, for what refers to one */

static void fuzz_bed_end(void) { bed_end(&bed); }

static void fuzz_bed_start(void) {
    json_t *made = NULL;
    char text[UUID_TEXT];
    bed_start(&bed, events_charter);
    boss = bed_role(&bed, bed.tenant, "organiser");
    CHECK_OK(bed_make(&bed, &boss, "event", json_pack("{s:s, s:s, s:s}", "title", "Bieg", "starts", "2027-03-01T17:00:00Z", "ends", "2027-03-01T20:00:00Z"), &made), &bed.e);
    bed_event = id_of(made);
    json_decref(made);
    uuid_format(&bed_event, text);
    CHECK_OK(bed_make(&bed, &boss, "registration", json_pack("{s:s, s:s, s:s}", "event", text, "name", "Anna Zawilska", "email", "anna@people.example"), &made), &bed.e);
    bed_person = id_of(made);
    json_decref(made);
    CHECK(atexit(fuzz_bed_end) == 0);
}

/* A caller's mistake ends in one of these; anything else is ours. */
static inline void fuzz_code(enum code code) {
    if (code != OK && code_status(code) >= 500)
        __builtin_trap();
}

/* No text of an error repeats an address that came in. */
__attribute__((no_sanitize("coverage"))) static inline void fuzz_error_impersonal(const json_t *in, const char *text) {
    const char *s = json_string_value(in), *name;
    json_t *v;
    size_t i;
    if (s != NULL && strlen(s) >= 8 && strchr(s, '@') != NULL && strstr(text, s) != NULL)
        __builtin_trap();
    json_object_foreach((json_t *)(uintptr_t)in, name, v)
        fuzz_error_impersonal(v, text);
    json_array_foreach(in, i, v)
        fuzz_error_impersonal(v, text);
}

/* An input's "$event" stands for the id of the record that is there, so that a corpus does not hold ids that change. */
static inline void fuzz_ids(json_t *o, const char *name, const struct uuid *id) {
    char text[UUID_TEXT];
    const char *given = json_string_value(json_object_get(o, name));
    if (given == NULL || strcmp(given, "$") != 0)
        return;
    uuid_format(id, text);
    json_object_set_new(o, name, json_string(text));
}
