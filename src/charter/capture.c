/* capture.c — reading what a sentence captured: lists, durations, paces; and patterns said for people and for schemas. */
#include <string.h>

#include "base/text.h"
#include "charter/sentence.h"

static const struct { const char *word, *usage, *regex; } types[CAPTURE_TYPES] = {
#define X(type, word, what, usage, regex) { word, usage, regex },
    CAPTURES(X)
#undef X
};

const struct capture *capture_find(const struct capture *list, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static int characters(const char *text, size_t len) {
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* Bytes of the word at p, without a comma behind it. */
static size_t word_len(const char *p) {
    size_t n = strcspn(p, " ");
    return n > 1 && p[n - 1] == ',' ? n - 1 : n;
}

static bool is_between(const char *p, size_t n) {
    return (n == 3 && memcmp(p, "and", 3) == 0) || (n == 2 && memcmp(p, "or", 2) == 0) || (n == 1 && (*p == ',' || *p == '|'));
}

static size_t person_len(const char *p) {
    static const char officer[] = "security officer";
    size_t n = sizeof officer - 1;
    return strncmp(p, officer, n) == 0 && (p[n] == '\0' || p[n] == ' ' || p[n] == ',') ? n : word_len(p);
}

/* A phrase runs up to the next comma or "and". */
static size_t item_len(const char *p) {
    size_t n = word_len(p);
    while (p[n] == ' ') {
        size_t more = word_len(p + n + 1);
        if (is_between(p + n + 1, more))
            break;
        n += 1 + more;
    }
    return n;
}

const char *capture_next(const struct capture *c, struct arena *arena, size_t *state, int *ret_at, int *ret_width) {
    const char *p = c->text + *state;
    for (;;) {                                /* over what stands between two */
        p += strspn(p, " ");
        size_t n = word_len(p);
        bool the = (c->type == C_PEOPLE || c->type == C_PERSON) && n == 3 && memcmp(p, "the", 3) == 0;
        if (n == 0 || (!the && !is_between(p, n) && *p != ','))
            break;
        p += *p == ',' ? 1 : n;
    }
    if (*p == '\0')
        return NULL;
    size_t n = c->type == C_PEOPLE || c->type == C_PERSON ? person_len(p) : c->type == C_ITEMS || c->type == C_ITEM ? item_len(p) : word_len(p);
    char *copy = arena_text_n(arena, p, n);
    if (copy == NULL)
        return NULL;
    if (c->type == C_PEOPLE || c->type == C_PERSON)
        for (char *q = copy; *q != '\0'; q++)
            if (*q == ' ')
                *q = '_';
    if (ret_at != NULL)
        *ret_at = c->at + characters(c->text, (size_t)(p - c->text));
    if (ret_width != NULL)
        *ret_width = characters(p, n);
    *state = (size_t)(p - c->text) + n;
    return copy;
}

bool capture_span(const struct capture *c, struct span *ret) { return span_parse(c->text, ret); }

bool capture_pace(const struct capture *c, int *ret_times, struct span *ret_per) {
    char text[48];
    int64_t times = 1;
    size_t n = strcspn(c->text, " ");
    const char *rest = strrchr(c->text, ' ');
    if (rest == NULL || strlen(c->text) >= sizeof text)
        return false;
    if (strncmp(c->text, "every ", 6) == 0) {
        if (span_parse(c->text + 6, ret_per)) {
            *ret_times = 1;
            return true;
        }
    } else if (!text_int_n(c->text, n, 1, 999, &times)) {
        return false;
    }
    memcpy(text, "1 ", 2);
    memcpy(text + 2, rest + 1, strlen(rest + 1) + 1);
    if (!span_parse(text, ret_per))
        return false;
    *ret_times = (int)times;
    return true;
}

int capture_minutes(const struct capture *c) {
    int64_t hour = 0, minute = 0;
    size_t at = strcspn(c->text, ":");
    return text_int_n(c->text, at, 0, 24, &hour) && text_int(c->text + at + (c->text[at] == ':'), 0, 59, &minute) ? (int)(hour * 60 + minute) : 0;
}

int64_t capture_int(const struct capture *c) {
    int64_t v = 0;
    return text_int(c->text, 0, 999999999, &v) ? v : -1;
}

/* ---- patterns for people and for schemas ---- */

/* The capture at p ("{type:name}"): its type, or FLAG; *ret_len is the length with braces. */
static enum capture_type type_at(const char *p, size_t *ret_len, const char **ret_name, size_t *ret_name_len) {
    size_t len = strcspn(p, "}") + 1, word = strcspn(p + 1, ":}=");
    *ret_len = len;
    *ret_name = p[1 + word] == ':' ? p + 2 + word : p + 1;
    *ret_name_len = (size_t)(p + len - 1 - *ret_name);
    for (int i = 0; i < CAPTURE_TYPES; i++)
        if (word > 0 && strlen(types[i].word) == word && memcmp(types[i].word, p + 1, word) == 0)
            return (enum capture_type)i;
    return C_FLAG;
}

static void usage_items(const char *name, size_t len, bool many, struct buf *ret) {
    const struct vocabulary *v;
    size_t n = vocabulary_all(&v), shown = 0;
    for (size_t i = 0; i < n; i++)
        if (strlen(v[i].list) == len && memcmp(v[i].list, name, len) == 0)
            buf_printf(ret, "%s%s", shown++ > 0 ? "|" : "(", v[i].key);
    buf_text(ret, many ? "), …" : ")");
}

void pattern_usage(const char *pattern, struct buf *ret) {
    for (const char *p = pattern; *p != '\0';) {
        size_t len, name_len;
        const char *name;
        if (*p == '{') {
            enum capture_type t = type_at(p, &len, &name, &name_len);
            if (t == C_ITEM || t == C_ITEMS)
                usage_items(name, name_len, t == C_ITEMS, ret);
            else
                buf_text(ret, types[t].usage);
            p += len;
        } else if (*p == '<' || *p == '>') {
            buf_char(ret, *p++ == '<' ? '[' : ']');
        } else {
            buf_char(ret, *p++);
        }
    }
}

static void regex_text(const char *text, size_t len, struct buf *ret) {
    for (size_t i = 0; i < len; i++) {
        if (strchr(".+*?()[]{}|^$\\/", text[i]) != NULL)
            buf_char(ret, '\\');
        buf_char(ret, text[i]);
    }
}

static void regex_items(const char *name, size_t len, bool many, struct buf *ret) {
    const struct vocabulary *v;
    size_t n = vocabulary_all(&v), begin = ret->len, shown = 0;
    buf_text(ret, "(?:");
    for (size_t i = 0; i < n; i++)
        if (strlen(v[i].list) == len && memcmp(v[i].list, name, len) == 0) {
            buf_text(ret, shown++ > 0 ? "|" : "");
            regex_text(v[i].key, strlen(v[i].key), ret);
        }
    buf_char(ret, ')');
    if (many && !ret->failed) {
        AUTO(buf_done) struct buf one = BUF(1 << 16);
        buf_text(&one, buf_str(ret) + begin);
        buf_printf(ret, "(?:(?:,| and| or) %s)*", buf_str(&one));
    }
}

void pattern_regex(const char *pattern, struct buf *ret) {
    static const struct { char in; const char *out; } structure[] = {
        { '[', "(?:" }, { ']', ")?" }, { '<', "(?:" }, { '>', ")*" }, { '(', "(?:" }, { ')', ")" }, { '|', "|" },
    };
    for (const char *p = pattern; *p != '\0';) {
        size_t len, name_len, i = 0;
        const char *name;
        if (*p == '{') {
            enum capture_type t = type_at(p, &len, &name, &name_len);
            if (t == C_ITEM || t == C_ITEMS)
                regex_items(name, name_len, t == C_ITEMS, ret);
            else
                buf_text(ret, types[t].regex);
            p += len;
            continue;
        }
        while (i < ARRAY_LEN(structure) && structure[i].in != *p)
            i++;
        if (i < ARRAY_LEN(structure))
            buf_text(ret, structure[i].out);
        else
            regex_text(p, 1, ret);
        p++;
    }
}
