/* scan_test.c — each form in which a value could lie in a file is found; its absence is seen too. */
#include <stdlib.h>

#include "promises/scan.c"
#include "base/test.h"

static struct field fields[] = { { .name = "email", .type = T_EMAIL, .level = L_PERSONAL }, { .name = "state", .type = T_ONE_OF, .level = L_PLAIN } };
static const struct kind kind = { .name = "k", .fields = fields, .field_count = 2 };

/* Writes bytes behind `pad` others and says whether the value is found. */
static bool found_in(const void *bytes, size_t len, size_t pad, enum scan_for what) {
    char dir[] = "/tmp/sejf-scan-XXXXXX", path[64];
    struct scan seen = { 0 };
    struct err e;
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/file", dir);
    FILE *f = fopen(path, "we");
    CHECK(f != NULL);
    for (size_t i = 0; i < pad; i++)
        fputc('.', f);
    fwrite(bytes, 1, len, f);
    fclose(f);
    json_t *values = json_pack("{s:s,s:s}", "email", "Ewa.Probe@people.example", "state", "waiting-long");
    CHECK_OK(scan_path(dir, &kind, values, what, &seen, &e), &e);
    json_decref(values);
    unlink(path);
    rmdir(dir);
    CHECK(seen.bytes == pad + len);
    return seen.found;
}

TEST(finds_every_form_at_every_place) {
    static const char *const forms[] = { "Ewa.Probe@people.example", "ewa.probe@people.example", "4577612e50726f62654070656f706c652e6578616d706c65",
        "4577612E50726F62654070656F706C652E6578616D706C65", "RXdhLlByb2JlQHBlb3BsZS5leGFtcGxl", "xFd2EuUHJvYmVAcGVvcGxlLmV4YW1wbGU=", "eHhFd2EuUHJvYmVAcGVvcGxlLmV4YW1wbGU=" };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        for (size_t pad = 0; pad < 3; pad++)
            CHECK(found_in(forms[i], strlen(forms[i]), pad, SCAN_WHOLE));
    CHECK(found_in("E\0w\0a\0.\0P\0r\0o\0b\0e\0@\0p\0e\0o\0p\0l\0e\0.\0e\0x\0a\0m\0p\0l\0e\0", 48, 7, SCAN_WHOLE));
    CHECK(found_in(forms[0], strlen(forms[0]), WINDOW - 5, SCAN_WHOLE));       /* across two windows */
}

TEST(sees_absence_and_beginnings) {
    CHECK(!found_in("Ewa.Probe@people.exampl", 23, 0, SCAN_WHOLE));
    CHECK(!found_in("waiting-long", 12, 0, SCAN_WHOLE));                       /* not personal */
    CHECK(found_in("ewa.probe@people", 16, 3, SCAN_BEGINNING));
    CHECK(!found_in("ewa.probe@pe", 12, 3, SCAN_BEGINNING));
}

TEST(refuses_to_look_for_nothing) {
    struct scan seen = { 0 };
    struct err e;
    json_t *values = json_pack("{s:s}", "state", "waiting-long");
    CHECK(scan_path("/tmp", &kind, values, SCAN_WHOLE, &seen, &e) == E_BROKEN);
    json_decref(values);
}
