/* sentence.c — patterns become a small program (word, capture, flag, split, jump, end) that is run with
 * backtracking over the words of a value. Invariant: every loop of a program consumes a word. */
#include "charter/sentence.h"

#include <string.h>

#include "base/text.h"

#define WORDS_MAX 600                         /* words and commas in one value */
#define CAPTURES_MAX 400
#define LENGTHS_MAX 80                        /* lengths that one list is tried with: a kind has 64 fields */
#define STEPS_MAX 200000u                     /* of one match: patterns are small, so this is never reached by honest text */

enum op_type { OP_WORD, OP_CAPTURE, OP_FLAG, OP_SPLIT, OP_JUMP, OP_END };
struct op { enum op_type type; enum capture_type capture; const char *text; int a, b; };
struct pattern { const char *text; struct op *ops; int count, room; };

static const struct { const char *word, *what; } types[CAPTURE_TYPES] = {
#define X(type, word, what, usage, regex) { word, what },
    CAPTURES(X)
#undef X
};

static const struct vocabulary vocabulary[] = {
#define WORD(list, key, en, pl, hu) { list, key, { en, pl, hu } },
#include "charter/words.tbl"
#undef WORD
};

size_t vocabulary_all(const struct vocabulary **ret) {
    *ret = vocabulary;
    return ARRAY_LEN(vocabulary);
}

const struct vocabulary *vocabulary_find(const char *list, const char *key) {
    for (size_t i = 0; i < ARRAY_LEN(vocabulary); i++)
        if (strcmp(vocabulary[i].list, list) == 0 && strcmp(vocabulary[i].key, key) == 0)
            return &vocabulary[i];
    return NULL;
}

/* ---- compiling ---- */

struct compiler { struct pattern *p; struct arena *arena; const char *at; bool no_memory; };

static int emit(struct compiler *c, struct op op) {
    if (c->p->count == c->p->room)
        assert_failed("a pattern has more operations than characters", __FILE__, __LINE__);
    c->p->ops[c->p->count] = op;
    return c->p->count++;
}

/* A split (or jump) put before what was emitted from `from` on: addresses behind it move by one. */
static void insert(struct compiler *c, int from, struct op op) {
    emit(c, op);
    for (int i = c->p->count - 1; i > from; i--)
        c->p->ops[i] = c->p->ops[i - 1];
    c->p->ops[from] = op;
    for (int i = from + 1; i < c->p->count; i++) {
        struct op *o = &c->p->ops[i];
        if (o->type == OP_SPLIT || o->type == OP_JUMP) {
            o->a += o->a >= from;
            o->b += o->b >= from;
        }
    }
}

static void compile_until(struct compiler *c, const char *ends);

static void compile_capture(struct compiler *c) {
    size_t len = strcspn(c->at, "}");
    PRE(c->at[len] == '}');
    const char *colon = memchr(c->at, ':', len);
    size_t word = colon != NULL ? (size_t)(colon - c->at) : len;
    const char *name = colon != NULL ? arena_text_n(c->arena, colon + 1, len - word - 1)
                     : arena_text_n(c->arena, c->at[0] == '=' ? c->at + 1 : c->at, c->at[0] == '=' ? len - 1 : len);
    c->no_memory |= name == NULL;
    if (c->at[0] == '=') {
        emit(c, (struct op){ .type = OP_FLAG, .text = name });
    } else {
        int type = -1;
        for (int i = 0; i < CAPTURE_TYPES; i++)
            if (strlen(types[i].word) == word && memcmp(types[i].word, c->at, word) == 0)
                type = i;
        PRE(type >= 0);
        emit(c, (struct op){ .type = OP_CAPTURE, .capture = (enum capture_type)type, .text = name });
    }
    c->at += len + 1;
}

static void compile_word(struct compiler *c) {
    size_t len = *c->at == ',' ? 1 : strcspn(c->at, " ,{[(|<>)]");
    PRE(len > 0);
    const char *word = arena_text_n(c->arena, c->at, len);
    c->no_memory |= word == NULL;
    emit(c, (struct op){ .type = OP_WORD, .text = word });
    c->at += len;
}

static void compile_group(struct compiler *c, char open) {
    int begin = c->p->count;
    if (open == '[') {
        compile_until(c, "]");
        insert(c, begin, (struct op){ .type = OP_SPLIT, .a = begin + 1 });
        c->p->ops[begin].b = c->p->count;
    } else if (open == '<') {
        compile_until(c, ">");
        insert(c, begin, (struct op){ .type = OP_SPLIT, .a = begin + 1 });
        emit(c, (struct op){ .type = OP_JUMP, .a = begin });
        c->p->ops[begin].b = c->p->count;
    } else {                                  /* ( a | b | c ): split, a, jump; split, b, jump; c */
        int jumps[32], jump_count = 0;
        for (;;) {
            int arm = c->p->count;
            compile_until(c, "|)");
            if (c->at[-1] == ')')
                break;
            insert(c, arm, (struct op){ .type = OP_SPLIT, .a = arm + 1 });
            PRE(jump_count < (int)ARRAY_LEN(jumps));
            jumps[jump_count++] = emit(c, (struct op){ .type = OP_JUMP });
            c->p->ops[arm].b = c->p->count;
        }
        for (int i = 0; i < jump_count; i++)
            c->p->ops[jumps[i]].a = c->p->count;
    }
}

/* Up to and with one of the characters `ends`; "" means the end of the pattern. */
static void compile_until(struct compiler *c, const char *ends) {
    while (*c->at != '\0' && (*ends == '\0' || strchr(ends, *c->at) == NULL)) {
        char ch = *c->at;
        if (ch == ' ') {
            c->at++;
        } else if (ch == '{') {
            c->at++;
            compile_capture(c);
        } else if (ch == '[' || ch == '(' || ch == '<') {
            c->at++;
            compile_group(c, ch);
        } else {
            compile_word(c);
        }
    }
    if (*ends != '\0') {
        PRE(*c->at != '\0');
        c->at++;
    }
}

struct pattern *pattern_new(struct arena *arena, const char *text) {
    struct pattern *p = arena_get(arena, sizeof *p);
    int room = (int)strlen(text) + 2;
    struct op *ops = arena_array(arena, (size_t)room, sizeof *ops);
    if (p == NULL || ops == NULL)
        return NULL;
    *p = (struct pattern){ .text = text, .ops = ops, .room = room };
    struct compiler c = { .p = p, .arena = arena, .at = text };
    compile_until(&c, "");
    emit(&c, (struct op){ .type = OP_END });
    return c.no_memory ? NULL : p;
}

/* ---- words of a value ---- */

struct word { const char *text; size_t len; int at, width; };
struct sentence { struct word words[WORDS_MAX]; size_t count; int width; };

static int width_of(const char *text, size_t len) {
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* False when there are too many words. A comma that ends a word is a word of its own. */
static bool split(const char *value, struct sentence *ret) {
    int at = 0;
    ret->count = 0;
    for (const char *p = value; *p != '\0';) {
        size_t gap = strspn(p, " ");
        p += gap;
        at += (int)gap;
        size_t len = strcspn(p, " ");
        if (len == 0)
            break;
        if (ret->count + 2 > WORDS_MAX)
            return false;
        bool comma = p[len - 1] == ',' && len > 1;
        size_t own = comma ? len - 1 : len;
        struct word w = { p, own, at, width_of(p, own) };
        ret->words[ret->count++] = w;
        if (comma)
            ret->words[ret->count++] = (struct word){ p + own, 1, at + w.width, 1 };
        at += w.width + comma;
        p += len;
    }
    ret->width = at;
    return true;
}

static bool same(const struct word *w, const char *text) { return strlen(text) == w->len && memcmp(w->text, text, w->len) == 0; }

static bool name_n(const char *s, size_t len) {
    if (len == 0 || len > 63 || s[0] < 'a' || s[0] > 'z')
        return false;
    for (size_t i = 1; i < len; i++)
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '_')
            return false;
    return true;
}

bool is_name(const char *text) { return name_n(text, strlen(text)); }

static bool digits_n(const char *s, size_t len, size_t max) {
    return len > 0 && len <= max && strspn(s, "0123456789") >= len;
}

static bool host_n(const char *s, size_t len) {
    bool dot = false;
    if (len < 3 || len > 253 || s[0] == '.' || s[0] == '-' || s[len - 1] == '.' || s[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        dot |= s[i] == '.';
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '-' && s[i] != '.')
            return false;
        if (s[i] == '.' && s[i + 1] == '.')
            return false;
    }
    return dot;
}

/* ---- one capture: does the word fit, and how many words does it take ---- */

static bool fits_name(const char *s, size_t len) { return name_n(s, len); }

static bool fits_path(const char *s, size_t len) {
    const char *dot = memchr(s, '.', len);
    return dot != NULL && name_n(s, (size_t)(dot - s)) && name_n(dot + 1, len - (size_t)(dot - s) - 1);
}

static bool fits_anchor(const char *s, size_t len) { return name_n(s, len) || fits_path(s, len); }
static bool fits_int(const char *s, size_t len) { return digits_n(s, len, 9); }

static bool fits_decimal(const char *s, size_t len) {
    const char *dot = memchr(s, '.', len);
    size_t whole = dot != NULL ? (size_t)(dot - s) : len;
    return digits_n(s, whole, 9) && (dot == NULL || digits_n(dot + 1, len - whole - 1, 6));
}

static bool capitals(const char *s, size_t len, size_t want) {
    if (len != want)
        return false;
    for (size_t i = 0; i < len; i++)
        if (s[i] < 'A' || s[i] > 'Z')
            return false;
    return true;
}

static bool fits_currency(const char *s, size_t len) { return capitals(s, len, 3); }
static bool fits_country(const char *s, size_t len) { return capitals(s, len, 2); }

static bool fits_date(const char *s, size_t len) {
    char text[16];
    struct civil c;
    if (len != 10)
        return false;
    memcpy(text, s, len);
    text[len] = '\0';
    return date_parse(text, &c);
}

/* "8:00", "08:00", "24:00" */
static bool fits_hour(const char *s, size_t len) {
    const char *colon = memchr(s, ':', len);
    int64_t hour, minute;
    return colon != NULL && len <= 5 && text_int_n(s, (size_t)(colon - s), 0, 24, &hour) && s + len - colon == 3 && text_int_n(colon + 1, 2, 0, 59, &minute) && (hour < 24 || minute == 0);
}

static bool fits_code(const char *s, size_t len) { return len >= 2 && s[0] == '+' && s[1] != '0' && digits_n(s + 1, len - 1, 4); }

static bool fits_endpoint(const char *s, size_t len) {
    const char *colon = memchr(s, ':', len);
    int64_t port;
    return colon != NULL && host_n(s, (size_t)(colon - s)) && text_int_n(colon + 1, len - (size_t)(colon - s) - 1, 1, 65535, &port);
}

static bool fits_email(const char *s, size_t len) {
    const char *at = memchr(s, '@', len);
    return at != NULL && at > s && host_n(at + 1, len - (size_t)(at - s) - 1);
}

static bool fits_format(const char *s, size_t len) { return len > 0 && s[len - 1] == '1'; }

static bool (*const fits[CAPTURE_TYPES])(const char *s, size_t len) = {
    [C_NAME] = fits_name, [C_PATH] = fits_path, [C_ANCHOR] = fits_anchor, [C_INT] = fits_int, [C_DECIMAL] = fits_decimal,
    [C_CURRENCY] = fits_currency, [C_DATE] = fits_date, [C_HOUR] = fits_hour, [C_COUNTRY] = fits_country, [C_HOST] = host_n, [C_ENDPOINT] = fits_endpoint,
    [C_EMAIL] = fits_email, [C_FORMAT] = fits_format, [C_OPTION] = fits_name,
};

static const char *const units[] = { "second", "minute", "hour", "day", "week", "month", "year" };

/* "hours" or, where `one` allows it, "hour": index into units, or -1. */
static int unit_of(const struct word *w, bool one) {
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t n = strlen(units[i]);
        if (w->len >= n && memcmp(w->text, units[i], n) == 0 && ((w->len == n && one) || (w->len == n + 1 && w->text[n] == 's')))
            return (int)i;
    }
    return -1;
}

static size_t take_span(const struct sentence *s, size_t at, bool seconds) {
    int64_t n;
    if (at + 1 >= s->count || !digits_n(s->words[at].text, s->words[at].len, 6) || !text_int_n(s->words[at].text, s->words[at].len, 1, 100000, &n))
        return 0;
    int unit = unit_of(&s->words[at + 1], n == 1);
    return unit < 0 || (n == 1 && s->words[at + 1].len != strlen(units[unit])) || (seconds ? unit > 3 : unit == 0) ? 0 : 2;
}

static size_t take_pace(const struct sentence *s, size_t at) {
    const struct word *w = s->words + at;
    if (at + 1 < s->count && same(w, "every")) {
        size_t n = take_span(s, at + 1, false);
        int unit = unit_of(w + 1, true);
        return n > 0 ? n + 1 : unit > 0 && w[1].len == strlen(units[unit]) ? 2 : 0;
    }
    if (at + 3 < s->count && digits_n(w->text, w->len, 3) && same(w + 1, "times") && (same(w + 2, "a") || same(w + 2, "an"))
        && unit_of(w + 3, true) > 1 && w[3].text[w[3].len - 1] != 's')
        return 4;
    return 0;
}

/* One person: [the] name, or [the] security officer. */
static size_t take_person(const struct sentence *s, size_t at) {
    size_t n = at < s->count && same(&s->words[at], "the") ? 1 : 0;
    if (at + n + 1 < s->count && same(&s->words[at + n], "security") && same(&s->words[at + n + 1], "officer"))
        return n + 2;
    return at + n < s->count && name_n(s->words[at + n].text, s->words[at + n].len) ? n + 1 : 0;
}

/* A phrase of a vocabulary: the longest that fits. */
static size_t take_item(const struct sentence *s, size_t at, const char *list) {
    size_t best = 0;
    for (size_t i = 0; i < ARRAY_LEN(vocabulary); i++) {
        if (strcmp(vocabulary[i].list, list) != 0)
            continue;
        size_t n = 0;
        const char *p = vocabulary[i].key;
        for (; at + n < s->count; n++) {
            size_t len = strcspn(p, " ");
            if (s->words[at + n].len != len || memcmp(s->words[at + n].text, p, len) != 0)
                break;
            p += len;
            if (*p == '\0') {
                if (n + 1 > best)
                    best = n + 1;
                break;
            }
            p++;
        }
    }
    return best;
}

static size_t take_one(const struct sentence *s, size_t at, enum capture_type type, const char *name) {
    if (at >= s->count)
        return 0;
    const struct word *w = &s->words[at];
    switch (type) {
    case C_NAMES: return name_n(w->text, w->len);
    case C_PERSON:
    case C_PEOPLE: return take_person(s, at);
    case C_SPAN: return take_span(s, at, false);
    case C_TICK: return take_span(s, at, true);
    case C_PACE: return take_pace(s, at);
    case C_CODES: return fits_code(w->text, w->len);
    case C_HOSTS: return host_n(w->text, w->len);
    case C_OPTIONS: return name_n(w->text, w->len);
    case C_ITEM:
    case C_ITEMS: return take_item(s, at, name);
    case C_TEXT: return s->count - at;
    default: return fits[type](w->text, w->len);
    }
}

/* Between two of a list. */
static bool is_separator(const struct word *w, enum capture_type type) {
    switch (type) {
    case C_NAMES:
    case C_ITEMS: return same(w, ",") || same(w, "and") || same(w, "or");
    case C_PEOPLE: return same(w, ",") || same(w, "or");
    case C_HOSTS: return same(w, ",");
    case C_OPTIONS: return same(w, "|");
    default: return false;
    }
}

/* Words that a capture may take, from the most to the least; returns how many there are. *ret_odd is where a list goes on
 * with something that is none of its items, or 0. */
static size_t lengths(const struct sentence *s, size_t at, enum capture_type type, const char *name, size_t *ret, size_t room, size_t *ret_odd) {
    size_t found = 0, n = take_one(s, at, type, name);
    if (n == 0)
        return 0;
    size_t ends[WORDS_MAX], count = 0;
    for (;;) {
        ends[count++] = n;
        size_t sep = at + n < s->count && (type == C_CODES || is_separator(&s->words[at + n], type)) ? (type != C_CODES) : WORDS_MAX;
        size_t more = sep == WORDS_MAX ? 0 : take_one(s, at + n + sep, type, name);
        if (more == 0) {
            *ret_odd = sep != WORDS_MAX && type != C_CODES && at + n + sep < s->count ? at + n + sep : 0;
            break;
        }
        n += sep + more;
    }
    while (count > 0 && found < room)
        ret[found++] = ends[--count];
    return found;
}

/* ---- matching ---- */

struct match {
    const struct pattern *p;
    const struct sentence *s;
    struct arena *arena;
    struct { const struct op *op; size_t from, len; } captured[CAPTURES_MAX];
    size_t count, steps;
    struct miss *miss;
};

static void expect(struct match *m, size_t word, const struct op *op) {
    struct miss *x = m->miss;
    const struct sentence *s = m->s;
    if (word + 1 < x->words)
        return;
    if (word + 1 > x->words) {
        *x = (struct miss){ .words = word + 1, .at = word < s->count ? s->words[word].at : s->width, .width = word < s->count ? s->words[word].width : 0 };
        if (word < s->count) {
            size_t len = s->words[word].len < sizeof x->word - 1 ? s->words[word].len : sizeof x->word - 1;
            while (len < s->words[word].len && len > 0 && ((unsigned char)s->words[word].text[len] & 0xc0) == 0x80)
                len--;
            memcpy(x->word, s->words[word].text, len);
        }
    }
    if (op->type == OP_END) {
        x->end = true;
        return;
    }
    if (op->type == OP_CAPTURE && op->capture != C_ITEM && op->capture != C_ITEMS) {
        const char *what = types[op->capture].what;
        for (size_t i = 0; i < x->wanted_count; i++)
            if (strcmp(x->wanted[i], what) == 0)
                return;
        if (x->wanted_count < ARRAY_LEN(x->wanted))
            x->wanted[x->wanted_count++] = what;
        return;
    }
    for (size_t v = 0; v < ARRAY_LEN(vocabulary); v++) {      /* one literal, or every word of the list */
        const char *literal = op->type == OP_WORD ? op->text : strcmp(vocabulary[v].list, op->text) == 0 ? vocabulary[v].key : NULL;
        bool known = literal == NULL;
        for (size_t i = 0; !known && i < x->literal_count; i++)
            known = strcmp(x->literal[i], literal) == 0;
        if (!known && x->literal_count < ARRAY_LEN(x->literal))
            x->literal[x->literal_count++] = literal;
        if (op->type == OP_WORD)
            break;
    }
}

static bool run(struct match *m, int at, size_t word);

static bool run_capture(struct match *m, int at, size_t word) {
    const struct op *op = &m->p->ops[at];
    size_t list[LENGTHS_MAX], odd = 0;
    size_t n = lengths(m->s, word, op->capture, op->text, list, ARRAY_LEN(list), &odd), saved = m->count;
    if (n == 0)
        expect(m, word, op);
    else if (odd > 0)
        expect(m, odd, op);
    for (size_t i = 0; i < n; i++) {
        if (saved == CAPTURES_MAX)
            return false;
        m->captured[saved].op = op;
        m->captured[saved].from = word;
        m->captured[saved].len = list[i];
        m->count = saved + 1;
        if (run(m, at + 1, word + list[i]))
            return true;
    }
    m->count = saved;
    return false;
}

static bool run(struct match *m, int at, size_t word) {
    for (;;) {
        const struct op *op = &m->p->ops[at];
        if (++m->steps > STEPS_MAX)
            return false;
        switch (op->type) {
        case OP_WORD:
            if (word >= m->s->count || !same(&m->s->words[word], op->text)) {
                expect(m, word, op);
                return false;
            }
            word++;
            at++;
            break;
        case OP_FLAG:
            if (m->count == CAPTURES_MAX)
                return false;
            m->captured[m->count].op = op;
            m->captured[m->count].from = word;
            m->captured[m->count++].len = 0;
            at++;
            break;
        case OP_CAPTURE: return run_capture(m, at, word);
        case OP_SPLIT: {
            size_t saved = m->count;
            if (run(m, op->a, word))
                return true;
            m->count = saved;
            at = op->b;
            break;
        }
        case OP_JUMP: at = op->a; break;
        case OP_END:
            if (word == m->s->count)
                return true;
            expect(m, word, op);
            return false;
        }
    }
}

static bool keep_captures(const struct match *m, struct capture *list) {
    for (size_t i = 0; i < m->count; i++) {
        const struct op *op = m->captured[i].op;
        struct capture *c = &list[i];
        *c = (struct capture){ .type = op->type == OP_FLAG ? C_FLAG : op->capture, .name = op->text, .text = "" };
        if (m->captured[i].len == 0)
            continue;
        const struct word *first = &m->s->words[m->captured[i].from], *last = first + m->captured[i].len - 1;
        c->at = first->at;
        c->width = last->at + last->width - first->at;
        c->text = arena_text_n(m->arena, first->text, (size_t)(last->text + last->len - first->text));
        if (c->text == NULL)
            return false;
    }
    return true;
}

bool pattern_match(const struct pattern *p, struct arena *arena, const char *value,
                   const struct capture **ret_list, size_t *ret_count, struct miss *miss) {
    struct sentence s;
    struct match m;
    m.p = p;
    m.s = &s;
    m.arena = arena;
    m.count = m.steps = 0;
    m.miss = miss;
    if (!split(value, &s)) {
        *miss = (struct miss){ .words = WORDS_MAX, .at = 0, .width = 1 };
        return false;
    }
    if (!run(&m, 0, 0))
        return false;
    struct capture *list = arena_array(arena, m.count + 1, sizeof *list);
    if (list == NULL || !keep_captures(&m, list))
        return false;
    *ret_list = list;
    *ret_count = m.count;
    return true;
}
