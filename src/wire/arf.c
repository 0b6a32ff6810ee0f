/* arf.c — see arf.h. Whose complaint it is says the address that the message came from, which holds a code of ours; what else the report says about people is not
 * looked at, and much of it is taken out by those who send such reports. */
#include "wire/arf.h"

#include <string.h>
#include <strings.h>

#include "wire/mimeread.h"

#define REPORT_MAX (64u << 10)

struct found { struct arf *arf; struct buf from, path; };

/* "<a@b>" or "a@b": without brackets. */
static void bare(const struct buf *value, struct buf *ret) {
    const char *text = buf_str(value), *open = strchr(text, '<');
    const char *at = open == NULL ? text : open + 1;
    buf_add(ret, at, strcspn(at, "> \t;"));
}

static void read_report(const char *p, size_t len, struct found *f) {
    AUTO(buf_done) struct buf type = BUF(MIME_VALUE + 1), from = BUF(MIME_VALUE + 1);
    static const char *const complaints[] = { "abuse", "fraud", "opt-out", "opt-out-list" };      /* "other" says of itself that it fits none (RFC 5965) */
    f->arf->is = mime_header(p, len, "Feedback-Type", &type);
    size_t n = strcspn(buf_str(&type), " ;\t");
    if (!f->arf->is || n >= sizeof f->arf->type)
        return;
    for (size_t i = 0; i < n; i++)
        f->arf->type[i] = type.data[i] >= 'A' && type.data[i] <= 'Z' ? (char)(type.data[i] + 32) : type.data[i];
    for (size_t i = 0; i < ARRAY_LEN(complaints); i++)
        f->arf->complaint |= strcmp(f->arf->type, complaints[i]) == 0;
    if (mime_header(p, len, "Original-Mail-From", &from))
        bare(&from, &f->from);
}

static bool take_part(const struct mime_part *p, void *arg) {
    struct found *f = arg;
    AUTO(buf_done) struct buf text = BUF(REPORT_MAX), path = BUF(MIME_VALUE + 1);
    if (strcmp(p->type, "message/feedback-report") == 0 && !f->arf->is) {
        mime_decode(p, &text);
        read_report(buf_str(&text), text.len, f);
    } else if ((strcmp(p->type, "message/rfc822") == 0 || strcmp(p->type, "text/rfc822-headers") == 0) && f->path.len == 0) {
        size_t head, body;
        mime_decode(p, &text);
        mime_split(buf_str(&text), text.len, &head, &body);
        if (mime_header(buf_str(&text), head, "Return-Path", &path))
            bare(&path, &f->path);
    }
    return true;
}

void arf_read(const char *message, size_t len, struct arf *ret, struct buf *ret_from) {
    struct arf a = { 0 };
    struct found f = { .arf = &a, .from = BUF(MIME_VALUE + 1), .path = BUF(MIME_VALUE + 1) };
    mime_parts(message, len, take_part, &f);
    if (a.is)
        buf_text(ret_from, f.from.len > 0 ? buf_str(&f.from) : buf_str(&f.path));
    *ret = a;
    buf_wipe(&f.from);
    buf_wipe(&f.path);
}
