/* page_unsubscribe_test.c — what the page promises is what happens: where no consent is withdrawn, mail ends, and text messages do not. */
#include "api/page_unsubscribe.c"

#include "base/test.h"

TEST(what_ends_for_mail_alone_is_called_mail) {
    static const enum text texts[] = { TEXT_LEAVE_LIST_SCOPE, TEXT_LEAVE_LIST_ALL, TEXT_LEAVE_LIST_NO_CONSENT };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (enum lang lang = LANG_EN; lang < LANG_COUNT; lang++)
            CHECK(strstr(text_in(texts[i], lang), "e-mail") != NULL);
}
