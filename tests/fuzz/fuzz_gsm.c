/* fuzz_gsm.c — any bytes as a text message and as a telephone number: parts joined give the text and none is fuller than a phone takes; a number that is read
 * is read again as itself. */
#include <string.h>

#include "messages/number.h"
#include "wire/gsm.h"

static void parts(const char *text, size_t len) {
    AUTO(buf_done) struct buf plain = BUF(1u << 19), again = BUF(1u << 19);
    struct gsm_measure m;
    size_t at = 0;
    int count = 0;
    if (!gsm_measure(text, len, &m))
        return;
    for (size_t n; (n = gsm_part(text + at, len - at, &m)) > 0; at += n, count++) {
        AUTO(buf_done) struct buf one = BUF(4096);
        gsm_encode(text + at, n, m.encoding, &one);
        if (one.len == 0 || one.len > (m.encoding == GSM_SEVEN ? (m.parts == 1 ? 160u : 153u) : m.parts == 1 ? 140u : 134u))
            __builtin_trap();
    }
    if (at != len || count != (len == 0 ? 0 : m.parts) || m.left < 0)
        __builtin_trap();
    if (gsm_plain(text, len, &plain) && (!gsm_plain(buf_str(&plain), plain.len, &again) || plain.len != again.len || memcmp(buf_str(&plain), buf_str(&again), plain.len) != 0))
        __builtin_trap();                           /* what is plain stays as it is */
}

static void number(const char *text, size_t len) {
    static const char *const countries[] = { NULL, "PL", "HU", "GB", "IT", "US", "XX" };
    for (size_t i = 0; i < ARRAY_LEN(countries); i++) {
        struct number n, same;
        if (!number_read(text, len, countries[i], &n))
            continue;
        if (!number_read(n.e164, strlen(n.e164), NULL, &same) || strcmp(n.e164, same.e164) != 0 || n.type != same.type || strcmp(n.country, same.country) != 0)
            __builtin_trap();
        if (strlen(n.e164) < 8 || strlen(n.e164) > 16 || strncmp(n.e164, n.code, strlen(n.code)) != 0 || (n.own && !number_within(&n, n.code)))
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size <= 64)
        number((const char *)data, size);
    parts((const char *)data, size);
    return 0;
}
