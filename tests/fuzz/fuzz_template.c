/* fuzz_template.c — any bytes as a text of messages and as a value in it. First byte: where the source ends. What is read renders: no value makes a tag, a
 * link of another scheme, a line in a subject, or a control character; what is not read has a mistake with its place. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "messages/markup.h"

static const char *value;
static const char *get(void *arg, const char *name) {
    (void)arg;
    return strcmp(name, "link") == 0 ? value : name[0] == 'n' ? value : "plain";
}
static const char *plain(void *arg, const char *name) {
    (void)arg;
    return strcmp(name, "link") == 0 ? "https://seats.example/p" : "plain";
}
static void mistake(void *arg, int line, int column, const char *text) {
    if (line < 1 || column < 1 || text[0] == 0)
        __builtin_trap();
    ++*(int *)arg;
}

/* Tags without their addresses; a value may break a line, and an address that is none makes no link. */
static size_t tags(const char *html) {
    size_t n = 0;
    for (const char *p = html; (p = strchr(p, '<')) != NULL; p++) {
        static const char *const fine[] = { "<p ", "</p>", "<h1 ", "</h1>", "<ul ", "</ul>", "<li ", "</li>", "<strong>", "</strong>", "<a href=\"https://", "<a href=\"mailto:", "</a>", "<br>" };
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(fine); i++)
            known = known || strncmp(p, fine[i], strlen(fine[i])) == 0;
        if (!known)
            __builtin_trap();
        n += strncmp(p, "<br>", 4) != 0 && strncmp(p, "<a ", 3) != 0 && strncmp(p, "</a>", 4) != 0;
    }
    return n;
}

static void look(const struct markup *m, enum markup_form form) {
    const struct markup_values hostile = { get, NULL }, fine = { plain, NULL };
    AUTO(buf_done) struct buf a = BUF((size_t)8 << 20), b = BUF((size_t)8 << 20);
    markup_put(m, form, &hostile, &a);
    markup_put(m, form, &fine, &b);
    if (a.failed || b.failed)
        return;
    if (!text_is_utf8(buf_str(&a), a.len) || (form == MARKUP_LINE && strpbrk(buf_str(&a), "\r\n") != NULL) || strchr(buf_str(&a), '\r') != NULL)
        __builtin_trap();
    if (form == MARKUP_HTML && tags(buf_str(&a)) != tags(buf_str(&b)))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct markup_name names[] = { { "name", false }, { "event.title", false }, { "link", true } };
    if (size < 2 || size > 20000)
        return 0;
    size_t cut = 1 + (size - 1) * data[0] / 255u;
    char *source = mem_text_n((const char *)data + 1, cut - 1), *rest = mem_text_n((const char *)data + cut, size - cut);
    for (int subject = 0; subject < 2 && source != NULL && rest != NULL; subject++) {
        AUTO(markup_free) struct markup *m = NULL;
        struct err e;
        int mistakes = 0;
        const struct markup_rules rules = { names, ARRAY_LEN(names), subject == 1 };
        value = rest;
        enum code code = markup_read(source, &rules, mistake, &mistakes, &m, &e);
        if ((code == OK) != (mistakes == 0) || (code == OK) != (m != NULL))
            __builtin_trap();
        for (enum markup_form f = MARKUP_TEXT; m != NULL && f <= MARKUP_LINE; f++)
            look(m, f);
    }
    mem_free(source);
    mem_free(rest);
    return 0;
}
