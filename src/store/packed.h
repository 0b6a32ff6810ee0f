/* packed.h — sorted values as bytes, in operations and in `doc`: field (i32 le), then 0 and the number (i64 le),
 * or 1, the length (u32 le) and the text with its zero. Inline: used by the index and its renewal only. */
#pragma once
#include <endian.h>
#include <string.h>

#include "base/buf.h"
#include "store/rows.h"

static inline void packed_add(struct buf *to, const struct sorted_value *v) {
    uint32_t field = htole32((uint32_t)v->field);
    buf_add(to, &field, sizeof field);
    buf_char(to, v->text != NULL);
    if (v->text != NULL) {
        size_t len = strlen(v->text) + 1;
        if (len > UINT32_MAX) {
            to->failed = true;
            return;
        }
        uint32_t len32 = htole32((uint32_t)len);
        buf_add(to, &len32, sizeof len32);
        buf_add(to, v->text, len);
    } else {
        uint64_t number = htole64((uint64_t)v->number);
        buf_add(to, &number, sizeof number);
    }
}

/* Reads the value at *at and moves on; its text lies within `list`. False: not what packed_add wrote. */
MUST_USE static inline bool packed_next(const uint8_t *list, size_t len, size_t *at, struct sorted_value *ret) {
    uint32_t field, text_len;
    uint64_t number;
    if (len - *at < 5)
        return false;
    memcpy(&field, list + *at, 4);
    bool text = list[*at + 4] != 0;
    *at += 5;
    *ret = (struct sorted_value){ .field = (int32_t)le32toh(field) };
    if (!text) {
        if (len - *at < 8)
            return false;
        memcpy(&number, list + *at, 8);
        ret->number = (int64_t)le64toh(number);
        *at += 8;
        return true;
    }
    if (len - *at < 4)
        return false;
    memcpy(&text_len, list + *at, 4);
    text_len = le32toh(text_len);
    *at += 4;
    if (text_len == 0 || len - *at < text_len || list[*at + text_len - 1] != 0)
        return false;
    ret->text = (const char *)list + *at;
    *at += text_len;
    return true;
}
