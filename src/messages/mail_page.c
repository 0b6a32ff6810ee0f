/* mail_page.c — see mail_page.h. Tables where mail programs of offices know no other column; what a program does not understand leaves a plain letter. */
#include "messages/mail_page.h"

#include "base/theme.h"

#define FONT "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Helvetica Neue',Arial,sans-serif"

static void style_put(struct buf *ret, const struct theme *t) {
    buf_printf(ret, "<style>\n:root{color-scheme:light dark;supported-color-schemes:light dark}\n"
                    "body{margin:0;padding:0;background:#fbfaf7}\n.sheet{background:#ffffff;color:#1d2125}\na{color:%s}\n.button{background:%s;color:%s !important}\n"
                    "@media (max-width:520px){.sheet{padding:24px 20px !important}.room{padding:0 !important}.sheet,.bar{border-left:0 !important;border-right:0 !important;border-radius:0 !important}}\n",
               t->accent, t->brand, t->on_brand);
    buf_printf(ret, "@media (prefers-color-scheme:dark){body,.room{background:#14171b !important}.sheet{background:#1c2025 !important;color:#e8e6e1 !important;border-color:#343a41 !important}"
                    ".soft{color:#a9b0b8 !important}a{color:%s}.button{background:%s !important;color:%s !important}}\n</style>\n",
               t->accent_dark, t->brand, t->on_brand);
}

void mail_page(const struct mail_brand *b, enum lang lang, const char *subject, const char *blocks, struct buf *ret) {
    PRE(b != NULL && subject != NULL && blocks != NULL && ret != NULL);
    struct theme t;
    theme_of(b->colour, b->text, &t);
    buf_printf(ret, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no\">\n<title>", lang_code(lang));
    buf_html(ret, subject);
    buf_text(ret, "</title>\n");
    style_put(ret, &t);
    buf_text(ret, "</head>\n<body>\n<table role=\"presentation\" class=\"room\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"background:#fbfaf7\"><tr><td align=\"center\" class=\"room\" style=\"padding:32px 12px\">\n"
                  "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"max-width:600px\">\n");
    buf_printf(ret, "<tr><td class=\"bar\" style=\"height:4px;line-height:4px;font-size:0;background:%s\">&nbsp;</td></tr>\n", t.brand);
    buf_text(ret, "<tr><td class=\"sheet\" align=\"left\" style=\"padding:36px 40px;border:1px solid #d9d6cf;border-top:0;" FONT ";font-size:16px;line-height:1.6;overflow-wrap:break-word;word-break:break-word\">\n");
    if (b->name != NULL && b->name[0] != 0) {
        buf_text(ret, "<p class=\"soft\" style=\"margin:0 0 28px;font-size:14px;color:#555d66\">");
        buf_html(ret, b->name);
        buf_text(ret, "</p>\n");
    }
    buf_text(ret, blocks);
    buf_text(ret, "</td></tr>\n</table>\n</td></tr></table>\n</body>\n</html>\n");
}
