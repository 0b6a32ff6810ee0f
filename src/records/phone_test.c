/* phone_test.c — numbers as people write them, in the country of the form and abroad. */
#include "records/phone.c"
#include "base/test.h"

TEST(numbers_are_brought_to_one_form) {
    static const struct { const char *country, *text, *want; } row[] = {
        { "PL", "22 123 45 67", "+48221234567" }, { "PL", "+48 (22) 123-45-67", "+48221234567" }, { "PL", "0048 22 123 45 67", "+48221234567" }, { "PL", "48221234567", "+48221234567" },
        { "HU", "06 20 123 4567", "+36201234567" }, { "HU", "20/123-4567", "+36201234567" }, { "HU", "+36 1 234 5678", "+3612345678" },
        { "DE", "030 1234567", "+49301234567" }, { "IT", "06 698 12345", "+390669812345" }, { NULL, "+48221234567", "+48221234567" },
        { "PL", "+999 12345678", "+99912345678" },                    /* a code that the table does not know: its length alone is held */
        { "AT", "0664/1234567", "+436641234567" }, { "AT", "01/5 12 34 56", "+4315123456" }, { "AT", "0664/123/4567", "+436641234567" },
        { "AT", "0664 1234567/89", NULL }, { "DE", "+49 171 1234567/9", NULL }, { "FI", "040 1234567/", NULL },      /* whose is what stands behind it? */
        { NULL, "22 123 45 67", NULL }, { "PL", "22 123 45", NULL }, { "PL", "22 123 45 678", NULL }, { "PL", "+48 22 123 45", NULL }, { "PL", "", NULL }, { "PL", "+", NULL },
        { "PL", "22 123 45 6x", NULL }, { "PL", "+48+221234567", NULL }, { "PL", "1234567890123456789012345", NULL }, { "PL", "+0 123 456 789", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char ret[20] = "";
        bool fine = phone_read(row[i].text, strlen(row[i].text), row[i].country, ret);
        if (fine != (row[i].want != NULL) || (fine && strcmp(ret, row[i].want) != 0))
            fail_msg("%s %s: %s", row[i].country == NULL ? "-" : row[i].country, row[i].text, fine ? ret : "refused");
    }
    char ret[20];
    CHECK(!phone_read("22 123 45 67\0", 13, "PL", ret));
}
