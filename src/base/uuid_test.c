/* uuid_test.c */
#include "base/uuid.c"
#include "base/test.h"

TEST(grows_and_reads_back) {
    struct uuid last = uuid_new();
    for (int i = 0; i < 300000; i++) {
        struct uuid id = uuid_new();
        CHECK(uuid_compare(&last, &id) < 0 && id.bytes[6] >> 4 == 7 && id.bytes[8] >> 6 == 2);
        last = id;
    }
    char text[UUID_TEXT];
    struct uuid back;
    CHECK(uuid_parse(uuid_format(&last, text), &back) && uuid_compare(&last, &back) == 0);
}

TEST(refuses) {
    static const char *const row[] = { "", "0192f0c4", "0192f0c4-0000-7000-8000-00000000000", "0192f0c4-0000-7000-8000-0000000000000",
        "0192f0c4x0000-7000-8000-000000000000", "0192f0cg-0000-7000-8000-000000000000" };
    struct uuid id;
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(!uuid_parse(row[i], &id));
}
