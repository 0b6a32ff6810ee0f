/* base64.c — see base64.h. */
#include "wire/base64.h"

#include <stdint.h>

void base64_add(const void *bytes, size_t len, size_t line, struct buf *ret) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes;
    size_t column = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
        const char four[4] = { digits[v >> 18], digits[v >> 12 & 63], n > 1 ? digits[v >> 6 & 63] : '=', n > 2 ? digits[v & 63] : '=' };
        buf_add(ret, four, sizeof four);
        column += sizeof four;
        if (line > 0 && (column >= line || i + 3 >= len)) {
            buf_text(ret, "\r\n");
            column = 0;
        }
    }
}
