/* fuzz_letter.c — any bytes as what a letter is made of: addresses, names, subject, text and a file's name, split at zero bytes. Whatever they are, the
 * message has the headers that it is to have and no other, in ASCII, in lines that any relay takes; and what a relay says of the address, masked, does
 * not hold it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/mailbox.h"
#include "wire/mime.h"

#define PIECES 7
#define LINE_MOST 998u                        /* RFC 5322 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Headers, by their names, up to the empty line. */
static void headers_check(const char *text, size_t len) {
    static const char *const known[] = { "From: ", "To: ", "Subject: ", "Date: ", "Message-ID: ", "Auto-Submitted: ", "MIME-Version: ", "Content-Type: ", "Content-Transfer-Encoding: ", "Content-Language: " };
    bool had[ARRAY_LEN(known)] = { false };
    while (len > 0 && text[0] != '\r') {
        const char *end = memchr(text, '\n', len);
        bool fine = end != NULL && text[0] == ' ';
        for (size_t i = 0; !fine && end != NULL && i < ARRAY_LEN(known); i++)
            if (memchr(text, '\t', (size_t)(end - text)) == NULL && strncmp(text, known[i], strlen(known[i])) == 0 && !had[i])
                fine = had[i] = true;
        if (!fine)
            __builtin_trap();
        len -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    if (!had[0] || !had[1] || !had[2] || !had[3] || !had[4])
        __builtin_trap();
}

static void lines_check(const char *text, size_t len, bool utf8) {
    size_t column = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool ends = c == '\r' && i + 1 < len && text[i + 1] == '\n', end = c == '\n' && i > 0 && text[i - 1] == '\r';
        if (!ends && !end && c != '\t' && (c < 0x20 || c == 0x7f || (c > 0x7f && !utf8)))
            __builtin_trap();
        column = end ? 0 : column + 1;
        if (column > LINE_MOST + 1)
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(buf_done) struct buf out = BUF(1u << 20), said = BUF(1u << 12);
    char *piece[PIECES] = { NULL };
    struct err e;
    bool utf8[2] = { false, false };
    if (size > 1u << 14)
        return 0;
    for (size_t i = 0; i < PIECES; i++) {
        const uint8_t *end = i + 1 < PIECES ? memchr(data, 0, size) : NULL;
        size_t n = end != NULL ? (size_t)(end - data) : size, step = end != NULL ? n + 1 : n;
        piece[i] = mem_text_n((const char *)data, memchr(data, 0, n) != NULL ? strlen((const char *)data) : n);
        if (piece[i] == NULL)
            abort();
        data += step;
        size -= step;
    }
    bool valid = mailbox_valid(piece[0], &utf8[0]);
    const char *to = valid ? piece[0] : "anna@people.example", *from = mailbox_valid(piece[1], &utf8[1]) ? piece[1] : "service@seats.example";
    if (valid && (strpbrk(piece[0], "\r\n <>\"\\,;()") != NULL || strchr(piece[0], '@') == NULL || strlen(piece[0]) > MAILBOX_MAX))
        __builtin_trap();
    struct mime_letter l = { .from = from, .from_name = piece[2], .to = to, .to_name = piece[3], .id = "0190-abc", .lang = "pl", .made = INT64_C(1795510800000000), .subject = piece[4], .text = piece[5] };
    if (piece[6][0] != 0) {
        l.file_name = piece[6];
        l.file_type = "application/pdf";
        l.file = "%PDF-";
        l.file_len = 5;
    }
    enum code code = mime_put(&l, &out, &e);
    if (code == OK) {
        headers_check(buf_str(&out), out.len);
        lines_check(buf_str(&out), out.len, utf8[0] || utf8[1]);
    } else if (code != E_INVALID || e.text[0] == 0)
        __builtin_trap();
    mailbox_said(piece[5], strlen(piece[5]), to, 200, &said);
    if (said.len > 200 || (strlen(to) > 8 && strstr(buf_str(&said), to) != NULL))
        __builtin_trap();
    lines_check(buf_str(&said), said.len, false);
    for (size_t i = 0; i < PIECES; i++)
        mem_free(piece[i]);
    return 0;
}
