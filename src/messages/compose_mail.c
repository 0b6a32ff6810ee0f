/* compose_mail.c — the mail around a text; see compose.h. */
#include <stdio.h>
#include <string.h>

#include "messages/compose.h"
#include "wire/mime.h"

#define PAGE_ROOM ((size_t)3 << 20)

/* By which a mail program tells one list from another (RFC 2919): the event or whatever it was sent among, of that kind, of this sender. */
static void list_put(struct buf *ret, const struct letter_row *r, const char *from) {
    char id[UUID_TEXT];
    const char *domain = strrchr(from, '@');
    buf_printf(ret, "List-Id: <%s.k%d.%s>\r\n", uuid_is_null(&r->scope) ? "all" : uuid_format(&r->scope, id), (int)r->kind, domain == NULL ? "localhost" : domain + 1);
}

/* What a clock sent, not a person (RFC 3834). */
static bool is_automatic(const struct letter_row *r) { return strcmp(r->cause, "remind") == 0; }

enum code mail_signed(const struct dkim *d, const struct mime_letter *l, struct buf *ret, struct err *reterr) {
    PRE(l != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf message = BUF(ret->max);
    if (d == NULL)
        return mime_put(l, ret, reterr);
    enum code code = mime_put(l, &message, reterr);
    if (code == OK)
        code = dkim_sign(d, message.data, message.len, clock_now(), ret, reterr);
    if (code == OK)
        buf_add(ret, message.data, message.len);
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for a mail") : code;
}

enum code compose_mail(const struct compose_way *w, const struct letter_row *r, const struct outgoing *o, struct buf *ret_message, struct err *reterr) {
    PRE(w != NULL && w->from != NULL && r != NULL && o != NULL && ret_message != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf page = BUF(PAGE_ROOM), headers = BUF(8192);
    char id[UUID_TEXT];
    if (o->html.len > 0)
        mail_page(&w->brand, o->lang, buf_str(&o->subject), buf_str(&o->html), &page);
    list_put(&headers, r, w->from);
    buf_add(&headers, buf_str(&o->headers), o->headers.len);
    const struct mime_letter l = { .from = w->from, .from_name = w->from_name, .to = o->to, .id = uuid_format(&r->id, id), .lang = lang_code(o->lang), .made = r->made, .subject = buf_str(&o->subject),
                                   .text = buf_str(&o->text), .html = page.len > 0 ? buf_str(&page) : NULL, .headers = buf_str(&headers), .by_hand = !is_automatic(r) };
    return page.failed || headers.failed ? err_set(reterr, E_MEMORY, "no memory for a mail") : mail_signed(w->dkim, &l, ret_message, reterr);
}
