/* plain.c — the colours and measures are those of style.css. */
#include "api/plain.h"

#include "base/text.h"
#include "crypto/crypto.h"

static const struct plain pages[] = {
#define PLAIN(status, title_en, title_pl, title_hu, en, pl, hu) { status, WORDS(title_en, title_pl, title_hu), WORDS(en, pl, hu) },
#include "api/texts_plain.tbl"
#undef PLAIN
};

/* Without quotes, so that it fits between those of nginx.conf. */
static const char style[] =
    ":root{color-scheme:light dark;--paper:#fbfaf7;--ink:#1d2125;--soft:#555d66;--brand:#1f4e79;--accent:#1f4e79}"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e8e6e1;--soft:#a9b0b8;--accent:#8dbbe6}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;background:var(--paper);color:var(--ink);border-top:4px solid var(--brand);"
    "font:1.0625rem/1.6 system-ui,-apple-system,Roboto,sans-serif;overflow-wrap:break-word}"
    "main{max-width:40rem;margin:0 auto;padding:clamp(3rem,16vh,9rem) 1.25rem 3rem}"
    "h1{font-size:clamp(1.625rem,1.3rem + 1.6vw,2.25rem);line-height:1.2;letter-spacing:-.012em;font-weight:650;margin:0 0 .75rem;text-wrap:balance}"
    "p{margin:0;font-size:1.125rem;color:var(--soft);text-wrap:pretty}";

size_t plain_list(const struct plain **ret) {
    *ret = pages;
    return ARRAY_LEN(pages);
}

const struct plain *plain_of(int status) {
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        if (pages[i].status == status)
            return &pages[i];
    return NULL;
}

void plain_put(struct buf *ret, const char *lang, const char *title, const char *text) {
    buf_printf(ret, "<!DOCTYPE html><html lang=%s><head><meta charset=utf-8><meta name=viewport content=width=device-width,initial-scale=1>"
               "<meta name=robots content=noindex><title>%s</title><style>%s</style></head><body><main><h1>%s</h1><p>%s</p></main></body></html>",
               lang, title, style, title, text);
}

void plain_policy(struct buf *ret) {
    uint8_t hash[HASH_SIZE];
    char text[64];
    hash_sha256(style, sizeof style - 1, hash);
    base64url_text(hash, sizeof hash, text);
    for (char *p = text; *p != 0; p++)         /* browsers want the other alphabet, and the padding */
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    buf_printf(ret, "default-src 'none'; style-src 'sha256-%s='; base-uri 'none'; form-action 'none'", text);
}
