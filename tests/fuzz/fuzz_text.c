/* fuzz_text.c — any bytes through cleaning, folding, times, spans and encodings: round trips hold. */
#include <string.h>

#include "base/lang.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "base/uuid.h"

static void name_round(const char *text) {
    struct uuid id, same;
    struct civil day;
    char buf[40];
    if (lang_accept(text, 1u << LANG_EN, LANG_EN) != LANG_EN)
        __builtin_trap();                           /* a language that is not offered */
    if (uuid_parse(text, &id) && (uuid_format(&id, buf), !uuid_parse(buf, &same) || uuid_compare(&id, &same) != 0))
        __builtin_trap();
    if (date_parse(text, &day) && strcmp(date_format(&day, buf, sizeof buf), text) != 0)
        __builtin_trap();
}

static void time_round(const char *text) {
    usec_t t, again;
    char buf[40];
    struct span s;
    if (time_parse(text, &t) && (!time_parse(time_format(t, buf, sizeof buf), &again) || again != t))
        __builtin_trap();
    if (span_parse(text, &s)) {
        span_format(&s, buf, sizeof buf);
        struct span back;
        if (!span_parse(buf, &back) && strcmp(buf, "0 days") != 0)
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(buf_done) struct buf clean = BUF(1u << 18), folded = BUF(1u << 18), again = BUF(1u << 18), coded = BUF(1u << 18);
    uint8_t back[4096];
    size_t n;
    if (size > 4096)
        return 0;
    if (text_clean((const char *)data, size, &clean) && !text_is_utf8(buf_str(&clean), clean.len))
        __builtin_trap();
    if (text_fold((const char *)data, size, &folded) && text_fold(buf_str(&folded), folded.len, &again) && strcmp(buf_str(&folded), buf_str(&again)) != 0)
        __builtin_trap();                           /* folding what is folded changes nothing */
    buf_cut(&clean, 0);
    buf_cut(&again, 0);
    if (text_opaque((const char *)data, size, &clean) && clean.len <= TEXT_OPAQUE_MAX && (!text_opaque(buf_str(&clean), clean.len, &again) || strcmp(buf_str(&clean), buf_str(&again)) != 0))
        __builtin_trap();                           /* a password as it is compared is compared as itself */
    base64url_encode(data, size, &coded);
    if (!base64url_decode(buf_str(&coded), coded.len, back, sizeof back, &n) || n != size || memcmp(back, data, n) != 0)
        __builtin_trap();
    AUTO(mem_free) char *text = mem_text_n((const char *)data, size);
    if (text != NULL) {
        time_round(text);
        name_round(text);
    }
    return 0;
}
