/* markup.c — reading; see markup.h. Line by line: what begins a line says which block it is, and each line is read by itself. */
#include "messages/markup_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "base/text.h"

#define MARKS_MAX 20000u
#define POOL_MAX ((size_t)1 << 20)
#define ESCAPED "\\*[]{}#-()"
#define URL_PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'*+,;=%"

struct reading {
    const struct markup_rules *rules;
    markup_mistake_fn mistake; void *arg;
    struct markup *out;
    const char *line, *p, *end;              /* of the line */
    int number;                              /* its, from 1 */
    bool any, full;                          /* mistakes; no room */
    enum mark_kind block; bool in_block;
};

static int column_of(const struct reading *r, const char *at) {
    int n = 1;
    for (const char *p = r->line; p < at; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    return n;
}

PRINTF_LIKE(3, 4) static void wrong(struct reading *r, const char *at, const char *fmt, ...) {
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->any = true;
    r->mistake(r->arg, r->number, column_of(r, at), text);
}

/* ---- marks */

static void mark_add(struct reading *r, enum mark_kind kind, const char *text, size_t len, bool address) {
    struct markup *m = r->out;
    if (m->count >= MARKS_MAX) {
        r->full = true;
        return;
    }
    if (m->count % 64 == 0) {
        struct mark *grown = mem_grow(m->marks, m->count + 64, sizeof *grown);
        if (grown == NULL) {
            buf_fail(&m->pool);
            return;
        }
        m->marks = grown;
    }
    m->marks[m->count++] = (struct mark){ kind, (uint32_t)m->pool.len, address };
    buf_add(&m->pool, text, len);
    buf_char(&m->pool, 0);
}

static void mark_bare(struct reading *r, enum mark_kind kind) { mark_add(r, kind, "", 0, false); }

/* Words up to `to`, backslashes taken out. */
static void words_add(struct reading *r, const char *from, const char *to, bool escapes) {
    AUTO(buf_done) struct buf b = BUF(POOL_MAX);
    for (const char *p = from; p < to; p++) {
        if (escapes && *p == '\\' && p + 1 < to && strchr(ESCAPED, p[1]) != NULL)
            p++;
        buf_char(&b, *p);
    }
    if (b.failed)
        buf_fail(&r->out->pool);
    if (b.len > 0)
        mark_add(r, MARK_WORDS, b.data, b.len, false);
}

/* ---- values */

static const struct markup_name *name_find(const struct reading *r, const char *name, size_t len) {
    for (size_t i = 0; i < r->rules->count; i++)
        if (strlen(r->rules->names[i].name) == len && memcmp(r->rules->names[i].name, name, len) == 0)
            return &r->rules->names[i];
    return NULL;
}

static void name_unknown(struct reading *r, const char *at, const char *name, size_t len) {
    char asked[64];
    const char *near = NULL;
    unsigned least = 3;                      /* further away it is another word */
    snprintf(asked, sizeof asked, "%.*s", (int)(len < 60 ? len : 60), name);
    for (size_t i = 0; i < r->rules->count; i++) {
        unsigned d = text_distance(asked, r->rules->names[i].name);
        if (d < least) {
            least = d;
            near = r->rules->names[i].name;
        }
    }
    if (near != NULL)
        wrong(r, at, "there is no value \"%s\"; is {{%s}} meant?", asked, near);
    else
        wrong(r, at, "there is no value \"%s\"; name a field that the person itself sees, as {{name}} or {{parent.field}}", asked);
}

/* At "{{". Adds its value; false: what follows cannot be read. */
static bool value_read_here(struct reading *r, bool *ret_address) {
    const char *at = r->p, *name = at + 2, *close = name;
    while (close < r->end && *close != '}' && *close != '{')
        close++;
    if (close + 1 >= r->end || close[0] != '}' || close[1] != '}') {
        wrong(r, at, "{{ is not closed in its line; write }} behind the name, or \\{ for a brace");
        return false;
    }
    r->p = close + 2;
    while (name < close && (*name == ' ' || *name == '\t'))
        name++;
    while (close > name && (close[-1] == ' ' || close[-1] == '\t'))
        close--;
    size_t len = (size_t)(close - name);
    const struct markup_name *known = name_find(r, name, len);
    if (len == 0 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") < len)
        wrong(r, at, "a value is named by small letters, digits, _ and a dot: {{name}}, {{parent.field}}");
    else if (known == NULL)
        name_unknown(r, at, name, len);
    else {
        mark_add(r, MARK_VALUE, name, len, known->address);
        *ret_address = known->address;
    }
    return true;
}

/* ---- addresses of links */

enum target { TARGET_NONE, TARGET_HTTPS, TARGET_MAILTO, TARGET_VALUE };

/* Of the literal beginning: what the address is, and where values may stand from. */
static enum target target_kind(const char *at, size_t len, size_t *ret_free) {
    if (len >= 2 && at[0] == '{' && at[1] == '{') {
        *ret_free = 0;
        return TARGET_VALUE;
    }
    if (len > 7 && memcmp(at, "mailto:", 7) == 0) {
        const char *question = memchr(at, '?', len);
        *ret_free = at[7] == '{' ? 7 : question == NULL ? len : (size_t)(question - at);
        return TARGET_MAILTO;
    }
    if (len <= 8 || memcmp(at, "https://", 8) != 0)
        return TARGET_NONE;
    size_t host = 0;
    for (; 8 + host < len && strchr("/?#", at[8 + host]) == NULL; host++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.:[]", at[8 + host]) == NULL)
            return TARGET_NONE;
    *ret_free = 8 + host;
    return host == 0 ? TARGET_NONE : TARGET_HTTPS;
}

static void target_words(struct reading *r, const char *from) {
    for (const char *p = from; p < r->p; p++)
        if (strchr(URL_PLAIN, *p) == NULL) {
            wrong(r, p, "this cannot stand in the address of a link; write it percent-encoded");
            return;
        }
    words_add(r, from, r->p, false);
}

/* From behind "(" to `to`, which is its ")". */
static void target_read(struct reading *r, const char *to) {
    const char *begin = r->p, *from = begin, *line_end = r->end;
    size_t len = (size_t)(to - begin), free_from = 0, values = 0;
    enum target kind = target_kind(begin, len, &free_from);
    if (kind == TARGET_NONE) {
        wrong(r, begin, "a link leads to https:// and a host, to mailto: and an address, or to one value alone, as in [words]({{link}})");
        r->p = to;
        return;
    }
    r->end = to;
    while (r->p < to) {
        if (r->p[0] != '{' || r->p + 1 >= to || r->p[1] != '{') {
            r->p++;
            continue;
        }
        bool address = false;
        const char *at = r->p;
        if (r->p > from)
            target_words(r, from);
        if ((size_t)(at - begin) < free_from)
            wrong(r, at, "a value may stand in the address of a link only behind its host");
        if (!value_read_here(r, &address))
            r->p = to;
        values++;
        from = r->p;
        if (!r->any && address != (kind == TARGET_VALUE))
            wrong(r, at, address ? "this value is a whole address: write it alone, as in [words]({{link}})" : "a link leads to https:// or mailto: before its values");
    }
    if (r->p > from)
        target_words(r, from);
    if (kind == TARGET_VALUE && !r->any && (values > 1 || from < to))
        wrong(r, begin, "this value is a whole address: nothing stands beside it in a link");
    r->p = to;
    r->end = line_end;
}

/* ---- a line */

static bool is_escape(const struct reading *r, const char *p) { return *p == '\\' && p + 1 < r->end && strchr(ESCAPED, p[1]) != NULL; }

/* The first of these two bytes from `p` on that stands for a mark; NULL: none in this line. */
static const char *ahead(const struct reading *r, const char *p, char a, char b) {
    for (; p < r->end; p++)
        if (is_escape(r, p))
            p++;
        else if (*p == a && (b == 0 || (p + 1 < r->end && p[1] == b)))
            return p;
    return NULL;
}

/* ")" that ends the address: values in it may hold none. */
static void inline_read(struct reading *r, const char *to, bool strong, bool link);

static void link_read(struct reading *r, bool nested) {
    const char *at = r->p, *close = ahead(r, at + 1, ']', 0), *end = NULL;
    if (at > r->line && at[-1] == '!' && rule_on(RULE_mail_untracked))
        wrong(r, at, "an image would be loaded from elsewhere and tell who reads when, so a mail has none; put a space between ! and [ where words are meant");
    if (close != NULL && close + 1 < r->end && close[1] == '(')
        end = memchr(close, ')', (size_t)(r->end - close));
    if (nested) {
        wrong(r, at, "a link stands in another mark; close that one before it");
        r->p = end == NULL ? r->end : end + 1;
        return;
    }
    if (end == NULL) {
        wrong(r, at, "this is no whole link: write [words](https://…) in one line, or \\[ for a bracket");
        r->p = r->end;
        return;
    }
    if (close == at + 1)
        wrong(r, at, "this link has no words between [ and ]");
    mark_bare(r, MARK_LINK);
    r->p = close + 2;
    target_read(r, end);
    mark_bare(r, MARK_LINK_WORDS);
    r->p = at + 1;
    inline_read(r, close, false, true);
    mark_bare(r, MARK_LINK_END);
    r->p = end + 1;
}

static void strong_read(struct reading *r, bool strong, bool link) {
    const char *at = r->p, *close = ahead(r, at + 2, '*', '*');
    if (strong || link) {
        wrong(r, at, "** stands in another mark; close that one before it");
        r->p = r->end;
        return;
    }
    if (close == NULL || close == at + 2) {
        wrong(r, at, close == NULL ? "** is not closed in its line; write ** behind the words, or \\* for a star" : "there are no words between ** and **");
        r->p = close == NULL ? r->end : close + 2;
        return;
    }
    mark_bare(r, MARK_STRONG);
    r->p = at + 2;
    inline_read(r, close, true, false);
    mark_bare(r, MARK_STRONG_END);
    r->p = close + 2;
}

/* What begins here: 0 words, 'v' value, 's' strong, 'l' link, '}' and ']' what ends nothing. */
static char what_here(const struct reading *r, const char *p) {
    bool two = p + 1 < r->end && p[1] == p[0];
    if (*p == '{' && two)
        return 'v';
    if (*p == '}' && two)
        return '}';
    if (r->rules->subject)
        return 0;
    if (*p == '*' && two)
        return 's';
    return *p == '[' ? 'l' : 0;
}

static void inline_read(struct reading *r, const char *to, bool strong, bool link) {
    const char *line_end = r->end, *from = r->p;
    r->end = to;
    while (r->p < to) {
        char what = is_escape(r, r->p) ? 'e' : what_here(r, r->p);
        if (what == 0 || what == 'e') {
            r->p += what == 'e' ? 2 : 1;
            continue;
        }
        words_add(r, from, r->p, true);
        bool address;
        const char *at = r->p;
        if (what == '}') {
            wrong(r, at, "}} closes nothing; write {{ before the name, or \\} for a brace");
            r->p += 2;
        } else if (what == 'v') {
            address = false;
            if (!value_read_here(r, &address))
                r->p = to;
            if (address && link)
                wrong(r, at, "this value is a link itself; write words in its place");
        } else if (what == 's') {
            strong_read(r, strong, link);
        } else {
            link_read(r, strong || link);
        }
        from = r->p;
    }
    if (r->p > to)
        r->p = to;
    if (from < to)
        words_add(r, from, to, true);
    r->p = to;
    r->end = line_end;
}

/* ---- blocks */

static void block_begin(struct reading *r, enum mark_kind kind) {
    mark_bare(r, kind);
    r->block = kind;
    r->in_block = true;
}

static void line_read(struct reading *r) {
    const char *text = r->line;
    while (text < r->end && (*text == ' ' || *text == '\t'))
        text++;
    while (r->end > text && (r->end[-1] == ' ' || r->end[-1] == '\t' || r->end[-1] == '\r'))
        r->end--;
    r->p = text;
    if (text >= r->end) {
        r->in_block = false;
        return;
    }
    size_t len = (size_t)(r->end - text);
    if (r->rules->subject) {
        block_begin(r, MARK_PARAGRAPH);
    } else if (text[0] == '#') {
        if (len < 3 || text[1] != ' ')
            wrong(r, text, "a heading is \"# \" and words; there is one rank of headings, and \\# is a mere #");
        block_begin(r, MARK_HEADING);
        r->in_block = false;
        r->p = text + (len < 2 ? len : 2);
    } else if (len >= 2 && text[0] == '-' && text[1] == ' ') {
        block_begin(r, MARK_ITEM);
        r->p = text + 2;
    } else if (r->in_block && r->block == MARK_PARAGRAPH) {
        mark_bare(r, MARK_BREAK);
    } else if (r->in_block && r->block == MARK_ITEM && text > r->line) {
        mark_bare(r, MARK_BREAK);            /* set in: of the item above */
    } else {
        block_begin(r, MARK_PARAGRAPH);
    }
    inline_read(r, r->end, false, false);
}

/* A line ends in LF, or in CR and LF. */
static bool ends_are_fine(const char *source) {
    for (const char *p = source; (p = strchr(p, '\r')) != NULL; p++)
        if (p[1] != '\n')
            return false;
    return true;
}

static bool clean(struct reading *r, const char *source) {
    size_t len = strlen(source);
    r->line = r->end = source;
    if (!text_is_utf8(source, len) || (!r->rules->subject && !ends_are_fine(source))) {
        r->any = true;
        r->mistake(r->arg, 1, 1, "this is not UTF-8, or holds control characters");
        return false;
    }
    if (r->rules->subject && strpbrk(source, "\r\n") != NULL) {
        r->any = true;
        r->mistake(r->arg, 2, 1, "a subject is one line");
        return false;
    }
    return true;
}

enum code markup_read(const char *source, const struct markup_rules *rules, markup_mistake_fn mistake, void *arg, struct markup **ret, struct err *reterr) {
    PRE(source != NULL && rules != NULL && mistake != NULL && ret != NULL && reterr != NULL);
    AUTO(markup_free) struct markup *m = mem_new(sizeof *m);
    if (m == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a text");
    m->pool = BUF(POOL_MAX);
    struct reading r = { .rules = rules, .mistake = mistake, .arg = arg, .out = m, .number = 1 };
    if (clean(&r, source))
        for (const char *line = source; *line != 0; r.number++) {
            size_t n = strcspn(line, "\n");
            r.line = line;
            r.end = line + n;
            line_read(&r);
            line += n + (line[n] == '\n');
        }
    if (r.full || m->pool.len >= POOL_MAX) {
        r.any = true;
        mistake(arg, r.number, 1, "this text has too many marks");
    } else if (m->pool.failed) {
        return err_set(reterr, E_MEMORY, "no memory for a text");
    }
    if (!r.any && m->count == 0) {
        r.any = true;
        mistake(arg, 1, 1, "there is nothing to read here");
    }
    if (r.any)
        return err_set(reterr, E_FIELDS, "a text has mistakes");
    *ret = TAKE(m);
    return OK;
}

struct markup *markup_free(struct markup *m) {
    if (m != NULL) {
        buf_done(&m->pool);
        mem_free(m->marks);
        mem_free(m);
    }
    return NULL;
}

bool markup_uses(const struct markup *m, const char *name) {
    for (size_t i = 0; i < m->count; i++)
        if (m->marks[i].kind == MARK_VALUE && strcmp(mark_text(m, &m->marks[i]), name) == 0)
            return true;
    return false;
}
