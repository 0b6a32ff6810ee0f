/* fuzz_smtp.c — any bytes as what a relay says. First byte: how it is connected and in which pieces the rest comes. Whatever is said: nothing but
 * EHLO and STARTTLS goes out in the clear where TLS is wanted, a password only inside TLS, a letter is sent only after its last dot, and every
 * command is one line. */
#include <string.h>

#include "base/mem.h"
#include "wire/smtp.h"

#define PASSWORD_BASE64 "AHUAZ2VoZWlt"
struct run { struct smtp *s; bool starttls, secure, with_user, finished, under_way; unsigned letters; };

static void look(struct run *r) {
    struct buf *out = smtp_out(r->s);
    const char *text = buf_str(out);
    bool secret = strstr(text, PASSWORD_BASE64) != NULL || strstr(text, "Z2VoZWlt\r\n") != NULL;
    if (strlen(text) != out->len || (secret && !r->secure))
        __builtin_trap();
    for (const char *p = text; r->starttls && !r->secure && *p != 0; p = strchr(p, '\n') + 1)
        if (strncmp(p, "EHLO seats.example\r\n", 20) != 0 && strncmp(p, "STARTTLS\r\n", 10) != 0)
            __builtin_trap();
    buf_cut(out, 0);
}

static void answered(struct run *r) {
    const struct smtp_answer *a = smtp_answer(r->s);
    if (memchr(a->said, 0, sizeof a->said) == NULL || memchr(a->enhanced, 0, sizeof a->enhanced) == NULL || a->at == NULL)
        __builtin_trap();
    if ((a->outcome == SMTP_SENT || a->outcome == SMTP_IN_DOUBT) && !r->finished)
        __builtin_trap();
    r->finished = false;
}

static bool act(struct run *r, enum smtp_event e) {
    struct err err;
    static const char text[] = "Subject: a\r\n\r\n.b\r\nc\r\n";
    if (e == SMTP_HANDSHAKE) {
        look(r);
        r->secure = true;
        smtp_secured(r->s);
    } else if (e == SMTP_ACCEPTED) {
        r->finished = true;
        smtp_finish(r->s);
    } else if (e == SMTP_ANSWERED || e == SMTP_ENDED) {
        answered(r);
    }
    if (smtp_is_ready(r->s) && r->letters++ < 50 && smtp_letter(r->s, &(struct smtp_letter){ "a@x.example", r->letters % 3 == 0 ? "ż@x.example" : "b@x.example", "1", text, sizeof text - 1 }, &err) != OK)
        __builtin_trap();
    look(r);
    return e != SMTP_ENDED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e;
    if (size < 1)
        return 0;
    struct run r = { .starttls = (data[0] & 1) != 0, .secure = (data[0] & 3) == 2, .with_user = (data[0] & 4) != 0 };
    size_t piece = (data[0] >> 3) + 1u, at = 1;
    if (smtp_new(&(struct smtp_options){ "seats.example", r.starttls, r.secure, r.with_user ? "u" : NULL, r.with_user ? "geheim" : NULL }, &r.s, &e) != OK)
        __builtin_trap();
    for (bool on = true; on && at < size;) {
        size_t n = size - at < piece ? size - at : piece, left = n;
        const char *p = (const char *)data + at;
        enum smtp_event event;
        do {
            event = smtp_take(r.s, &p, &left);
            on = act(&r, event);
        } while (on && (event != SMTP_NOTHING || left > 0));
        at += n;
    }
    smtp_lost(r.s, "the end");
    smtp_free(r.s);
    return 0;
}
