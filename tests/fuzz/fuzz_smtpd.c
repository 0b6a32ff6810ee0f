/* fuzz_smtpd.c — any bytes as what a peer says to us. First byte: in which pieces the rest comes, and what is answered to a message. Whatever is said: every answer
 * is whole lines, nothing is taken for an address that is not ours, a message holds no CR or LF of its own and no zero, and in which pieces the bytes
 * come changes nothing but where text comes before it was asked for. */
#include <string.h>

#include "base/buf.h"
#include "wire/smtpd.h"

static bool ours(void *arg, const char *address) {
    (void)arg;
    return strncmp(address, "b-", 2) == 0;
}

static void look_at_text(const struct buf *text) {
    for (size_t i = 0; i < text->len; i++) {
        char c = text->data[i];
        if (c == 0 || (c == '\n' && (i == 0 || text->data[i - 1] != '\r')) || (c == '\r' && (i + 1 == text->len || text->data[i + 1] != '\n')))
            __builtin_trap();
    }
}

static void look_at_out(struct buf *out) {
    if (out->len > 0 && (out->data[out->len - 1] != '\n' || memchr(out->data, 0, out->len) != NULL))
        __builtin_trap();
    buf_cut(out, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct smtpd *s = NULL;
    struct err e;
    if (size < 1)
        return 0;
    const struct smtpd_options o = { .name = "mx.example", .message_max = 4096, .known = ours };
    const size_t piece = (data[0] >> 2) + 1u;
    bool ended = false;
    if (smtpd_new(&o, &s, &e) != OK)
        __builtin_trap();
    for (size_t at = 1; at < size && !ended; at += piece) {
        const char *bytes = (const char *)data + at;
        size_t len = size - at < piece ? size - at : piece;
        enum smtpd_event event;
        while (!ended && (event = smtpd_take(s, &bytes, &len)) != SMTPD_NOTHING) {
            if (event == SMTPD_MESSAGE) {
                if (strncmp(smtpd_recipient(s), "b-", 2) != 0 || smtpd_text(s)->len > o.message_max)
                    __builtin_trap();
                look_at_text(smtpd_text(s));
                smtpd_answer(s, (enum smtpd_answer)(data[0] % 3));
            }
            ended = event == SMTPD_ENDED;
        }
        look_at_out(smtpd_out(s));
    }
    smtpd_free(s);
    return 0;
}
