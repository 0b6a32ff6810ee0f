/* fuzz_mimeread.c — any bytes as a message. Whatever it is: parts are bounded in number and lie within it, and what is decoded fits. */
#include <string.h>

#include "wire/mimeread.h"

struct seen { const char *from, *until; size_t parts; };
static bool see(const struct mime_part *p, void *arg) {
    struct seen *s = arg;
    AUTO(buf_done) struct buf text = BUF(1000), value = BUF(MIME_VALUE + 1), param = BUF(100);
    if (p->head < s->from || p->head + p->head_len > s->until || p->body < s->from || p->body + p->body_len > s->until || memchr(p->type, 0, sizeof p->type) == NULL || ++s->parts > MIME_PARTS + 1)
        __builtin_trap();
    mime_decode(p, &text);
    if (text.len > 1000 || text.failed)
        __builtin_trap();
    if (mime_header(p->head, p->head_len, "Content-Type", &value) && (value.len > MIME_VALUE || value.failed))
        __builtin_trap();
    (void)!mime_param(buf_str(&value), "boundary", &param);
    return s->parts % 50 != 49;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = size == 0 ? "" : (const char *)data;
    struct seen s = { text, text + size, 0 };
    mime_parts(text, size, see, &s);
    return 0;
}
