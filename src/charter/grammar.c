/* grammar.c — walks a tree beside the key table. Every mistake is told at its place and the walk goes on. */
#include "charter/grammar.h"

#include <string.h>

#include "charter/spoken.h"

static const struct key_spec keys[KEY_COUNT] = {
    [KEY_TOP] = { "TOP", "", "the charter", KEY_TOP, SHAPE_M, 0 },
#define S SHAPE_S
#define M SHAPE_M
#define L SHAPE_L
#define NEEDED FLAG_NEEDED
#define SHOWN FLAG_SHOWN
#define HEADED FLAG_HEADED
#define DETAIL FLAG_DETAIL
#define SPOKEN FLAG_SPOKEN
#define KEY(id, parent, name, shapes, flags, what) [KEY_##id] = { #id, name, what, KEY_##parent, shapes, flags },
#include "charter/keys.tbl"
#undef KEY
#undef S
#undef M
#undef L
#undef NEEDED
#undef SHOWN
#undef HEADED
#undef DETAIL
#undef SPOKEN
};

#define BY(...) KEEPER_RULE, (const enum rule[]){ __VA_ARGS__ }, sizeof((const enum rule[]){ __VA_ARGS__ }) / sizeof(enum rule)
#define SAID KEEPER_SAID, NULL, 0
#define PAPER KEEPER_PAPER, NULL, 0
static const struct form_spec forms[FORM_COUNT] = {
#define FORM(id, key, pattern, ...) [FORM_##id] = { #id, KEY_##key, pattern, __VA_ARGS__ },
#define HEAD(id, key, ...) [FORM_##id] = { #id, KEY_##key, NULL, __VA_ARGS__ },
#include "charter/forms.tbl"
#undef FORM
#undef HEAD
};

const struct key_spec *key_spec(enum key_id key) { return &keys[key]; }
const struct form_spec *form_spec(enum form_id form) { return &forms[form]; }

enum form_id key_first_form(enum key_id key) {
    for (int f = 1; f < FORM_COUNT; f++)
        if (forms[f].key == key)
            return (enum form_id)f;
    return FORM_NONE;
}

struct walk {
    const struct tree *tree;
    struct findings *findings;
    struct arena *arena;
    struct said *said;
    struct pattern *patterns[FORM_COUNT];     /* compiled when first needed */
    enum form_id first[KEY_COUNT];
    bool bad, no_memory;
};

static void walk_start(struct walk *w, struct arena *arena) {
    *w = (struct walk){ .arena = arena };
    for (int f = FORM_COUNT - 1; f > 0; f--)
        w->first[forms[f].key] = (enum form_id)f;
}

/* Tries the forms of the key; true with *ret filled when one of them takes the whole text. */
static bool read_sentence(struct walk *w, enum key_id key, const char *text, struct said *ret, struct miss *miss) {
    for (int f = w->first[key]; f != FORM_NONE && f < FORM_COUNT && forms[f].key == key; f++) {
        if (forms[f].pattern == NULL)
            continue;
        if (w->patterns[f] == NULL && (w->patterns[f] = pattern_new(w->arena, forms[f].pattern)) == NULL) {
            w->no_memory = true;
            return false;
        }
        struct said s = { .key = key, .form = (enum form_id)f };
        if (pattern_match(w->patterns[f], w->arena, text, &s.list, &s.count, miss)) {
            *ret = s;
            return true;
        }
    }
    w->no_memory |= arena_overflowed(w->arena);
    return false;
}

bool grammar_sentence(struct arena *arena, enum key_id key, const char *text, struct said *ret, struct miss *miss) {
    struct walk w;
    walk_start(&w, arena);
    return read_sentence(&w, key, text, ret, miss);
}

static void usages(enum key_id key, struct buf *ret) {
    size_t shown = 0, begin = ret->len;
    for (int f = key_first_form(key); f != FORM_NONE && f < FORM_COUNT && forms[f].key == key; f++) {
        if (forms[f].pattern == NULL)
            continue;
        buf_text(ret, shown++ == 0 ? ". It is written `" : "`, or `");
        pattern_usage(forms[f].pattern, ret);
    }
    if (shown > 0)
        buf_char(ret, '`');
    if (ret->len - begin > 260)               /* too long to help: docs/charter.md has it */
        buf_cut(ret, begin);
}

void grammar_explain(enum key_id key, const struct miss *m, struct buf *ret, const char **ret_better) {
    size_t n = m->literal_count + m->wanted_count;
    if (m->width == 0)
        buf_text(ret, "Something is missing at the end");
    else
        buf_printf(ret, "`%s` does not fit here", m->word[0] != '\0' ? m->word : "…");
    if (n > 0 && n <= 24) {
        buf_text(ret, m->end ? ": end here, or write " : n > 4 ? ": write one of " : ": write ");
        for (size_t i = 0; i < n; i++) {
            const char *before = i == 0 ? "" : i + 1 == n ? " or " : ", ";
            if (i >= m->literal_count)
                buf_printf(ret, "%s%s", before, m->wanted[i - m->literal_count]);
            else if (strcmp(m->literal[i], ",") == 0)
                buf_printf(ret, "%sa comma", before);
            else
                buf_printf(ret, "%s`%s`", before, m->literal[i]);
        }
    } else if (n == 0 && m->end) {
        buf_text(ret, ": the sentence ends before it");
    }
    usages(key, ret);
    *ret_better = m->width > 0 ? nearest(m->word, m->literal, m->literal_count) : NULL;
}

static void complain_sentence(struct walk *w, const struct node *n, enum key_id key, const struct miss *m) {
    AUTO(buf_done) struct buf text = BUF(4096);
    const char *better = NULL;
    grammar_explain(key, m, &text, &better);
    struct pos pos = { n->pos.line, n->pos.column + (n->quoted ? 1 : 0) + m->at };
    finding_add(w->findings, w->tree, FINDING_ERROR, "sentence", pos, m->width > 0 ? m->width : 1, better, "%s", buf_str(&text));
    w->bad = true;
}

static const char *label(const struct node *n, struct buf *ret) {
    const char *path = node_path(n, ret);
    return path[0] != '\0' ? path : "the charter";
}

static const char *shape_words(unsigned shapes) {
    static const char *const words[8] = { "", "a sentence", "a map (key: value)", "a sentence or a map", "a list (- item)", "a sentence or a list", "a map or a list", "a value" };
    return words[shapes & 7];
}

static void read_node(struct walk *w, const struct node *n, enum key_id key);

static void read_scalar(struct walk *w, const struct node *n, enum key_id key) {
    struct miss miss = { 0 };
    if (n->text[0] == '\0') {
        AUTO(buf_done) struct buf path = BUF(512), usage = BUF(4096);
        usages(key, &usage);
        finding_node(w->findings, w->tree, FINDING_ERROR, "empty-value", n, NULL, "Nothing stands behind %s: say %s%s", label(n, &path), keys[key].what, buf_str(&usage));
        w->bad = true;
    } else if (!read_sentence(w, key, n->text, &w->said[n->index], &miss) && !w->no_memory) {
        complain_sentence(w, n, key, &miss);
    }
}

/* A text by language: each value is a sentence of the key, and the node is read as the one in English, or the first. */
static void read_spoken(struct walk *w, const struct node *map, enum key_id key) {
    static const char *const codes[] = { "en", "pl", "hu" };
    const char *main = spoken_text(map);
    for (const struct node *n = map->first; n != NULL; n = n->next) {
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(codes); i++)
            known |= strcmp(codes[i], n->key) == 0;
        w->said[n->index] = (struct said){ .key = key };
        if (!known) {
            finding_key(w->findings, w->tree, FINDING_ERROR, "unknown-language", n, nearest(n->key, codes, ARRAY_LEN(codes)),
                        "`%s` is not a language of sejf: write en, pl or hu", n->key);
            w->bad = true;
        } else if (n->type != NODE_SCALAR) {
            finding_node(w->findings, w->tree, FINDING_ERROR, "wrong-kind", n, NULL, "`%s` holds more than a text: write it on one line", n->key);
            w->bad = true;
        } else {
            read_scalar(w, n, key);
            if (n->text == main)
                w->said[map->index] = w->said[n->index];
            w->said[n->index].form = FORM_NONE;   /* the map is the line, not each of its languages */
        }
    }
    if (map->first == NULL) {
        finding_node(w->findings, w->tree, FINDING_ERROR, "empty-map", map, NULL, "No text stands here: write it, or a map such as {en: …, pl: …, hu: …}");
        w->bad = true;
    }
}

static enum key_id child_of(enum key_id parent, const char *name) {
    enum key_id any = KEY_TOP;
    for (int k = 1; k < KEY_COUNT; k++) {
        if (keys[k].parent != parent)
            continue;
        if (strcmp(keys[k].name, name) == 0)
            return (enum key_id)k;
        if (strcmp(keys[k].name, "*") == 0)
            any = (enum key_id)k;
    }
    return any;
}

static void unknown_key(struct walk *w, const struct node *n, enum key_id parent) {
    AUTO(buf_done) struct buf path = BUF(512), known = BUF(1024);
    const char *names[KEY_COUNT];
    size_t count = 0;
    for (int k = 1; k < KEY_COUNT; k++)
        if (keys[k].parent == parent)
            names[count++] = keys[k].name;
    for (size_t i = 0; i < count && count <= 20; i++)
        buf_printf(&known, "%s%s", i == 0 ? ": known are " : i + 1 == count ? " and " : ", ", names[i]);
    finding_key(w->findings, w->tree, FINDING_ERROR, "unknown-key", n, nearest(n->key, names, count), "`%s` is not a key of %s%s",
                n->key, label(n->parent, &path), buf_str(&known));
    w->bad = true;
}

static void read_map(struct walk *w, const struct node *map, enum key_id key) {
    bool seen[KEY_COUNT] = { false };
    for (const struct node *n = map->first; n != NULL; n = n->next) {
        enum key_id k = child_of(key, n->key);
        if (k == KEY_TOP || n->key == NULL) {
            unknown_key(w, n, key);
            continue;
        }
        seen[k] = true;
        if (strcmp(keys[k].name, "*") == 0 && k != KEY_MOVE && !is_name(n->key)) {
            finding_key(w->findings, w->tree, FINDING_ERROR, "key-form", n, NULL, "A name is one word of at most 63 small letters, digits and _");
            w->bad = true;
        }
        read_node(w, n, k);
    }
    for (int k = 1; k < KEY_COUNT; k++)
        if (keys[k].parent == key && (keys[k].flags & FLAG_NEEDED) != 0 && !seen[k]) {
            AUTO(buf_done) struct buf path = BUF(512);
            finding_key(w->findings, w->tree, FINDING_ERROR, "missing-key", map, NULL, "`%s` is missing in %s: say %s", keys[k].name, label(map, &path), keys[k].what);
            w->bad = true;
        }
}

static void read_node(struct walk *w, const struct node *n, enum key_id key) {
    unsigned shape = n->type == NODE_SCALAR ? SHAPE_S : n->type == NODE_MAP ? SHAPE_M : SHAPE_L;
    if (w->no_memory)
        return;
    w->said[n->index] = (struct said){ .key = key };
    if (n->type == NODE_MAP && (keys[key].flags & FLAG_SPOKEN) != 0) {
        read_spoken(w, n, key);
        return;
    }
    if ((keys[key].shapes & shape) == 0) {
        AUTO(buf_done) struct buf path = BUF(512);
        finding_node(w->findings, w->tree, FINDING_ERROR, "wrong-kind", n, NULL, "%s is %s, but %s is needed: %s", label(n, &path), shape_words(shape),
                     shape_words(keys[key].shapes), keys[key].what);
        w->bad = true;
        return;
    }
    if (n->type == NODE_SCALAR) {
        read_scalar(w, n, key);
        return;
    }
    if (n->type == NODE_MAP) {
        read_map(w, n, key);
    } else {
        enum key_id item = child_of(key, "-");
        for (const struct node *c = n->first; c != NULL; c = c->next)
            read_node(w, c, item);
    }
    for (int f = w->first[key]; f != FORM_NONE && f < FORM_COUNT && forms[f].key == key; f++)
        if (forms[f].pattern == NULL)
            w->said[n->index].form = (enum form_id)f;
}

enum code grammar_read(const struct tree *tree, struct findings *findings, struct arena *arena,
                       const struct said **ret, bool *ret_bad, struct err *reterr) {
    struct walk w;
    walk_start(&w, arena);
    w.tree = tree;
    w.findings = findings;
    w.said = arena_array(arena, tree_nodes(tree) + 1, sizeof *w.said);
    if (w.said == NULL)
        return err_set(reterr, E_MEMORY, "no memory for reading %s", tree_name(tree));
    read_node(&w, tree_root(tree), KEY_TOP);
    if (w.no_memory)
        return err_set(reterr, E_MEMORY, "no memory for reading %s", tree_name(tree));
    *ret = w.said;
    *ret_bad = w.bad;
    return OK;
}
