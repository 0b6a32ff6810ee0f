/* labels.c — the build step that gives every kind, field, option, form and person its label, and look-ups by name. */
#include "charter/labels.h"

#include <string.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "charter/build.h"
#include "charter/spoken.h"

static const struct { const char *name; struct words words; } common[] = {
#define WORD(name, en, pl, hu) { name, WORDS(en, pl, hu) },
#define SINCE(name, en, pl, hu)
#define COUNTRY(code, en, pl, hu)
#include "charter/common.tbl"
#undef WORD
#undef SINCE
#undef COUNTRY
}, since[] = {
#define WORD(name, en, pl, hu)
#define SINCE(name, en, pl, hu) { name, WORDS(en, pl, hu) },
#define COUNTRY(code, en, pl, hu)
#include "charter/common.tbl"
#undef WORD
#undef SINCE
#undef COUNTRY
}, countries[] = {
#define WORD(name, en, pl, hu)
#define SINCE(name, en, pl, hu)
#define COUNTRY(code, en, pl, hu) { code, WORDS(en, pl, hu) },
#include "charter/common.tbl"
#undef WORD
#undef SINCE
#undef COUNTRY
};

/* ---- look-ups */
const char *label_since(const char *name, enum lang lang) {
    for (size_t i = 0; i < ARRAY_LEN(since); i++)
        if (strcmp(since[i].name, name) == 0)
            return since[i].words.in[lang];
    return NULL;
}

const char *label_country(const char *code, enum lang lang) {
    for (size_t i = 0; i < ARRAY_LEN(countries); i++)
        if (strcmp(countries[i].name, code) == 0)
            return countries[i].words.in[lang];
    return code;
}

static const struct words *declared(const struct charter *c, const char *name) {
    int at = c->label_names != NULL ? names_get(c->label_names, name) : -1;
    return at >= 0 ? &c->labels[at] : NULL;
}

static const struct words *common_word(const struct charter *c, const char *name) {
    int at = c->common_names != NULL ? names_get(c->common_names, name) : -1;
    return at >= 0 ? &common[at].words : NULL;
}

static bool of_kind(const struct charter *c, const struct kind *k, const char *name, struct words *ret) {
    const struct node *labels = k != NULL ? c->kind_labels[k - c->kinds] : NULL, *n = labels != NULL ? node_get(labels, name) : NULL;
    return spoken_words(n, ret);
}

static bool words_of(const struct charter *c, const struct kind *k, const char *name, struct words *ret) {
    const struct words *w;
    if (of_kind(c, k, name, ret))
        return true;
    if ((w = declared(c, name)) == NULL && (w = common_word(c, name)) == NULL)
        return false;
    *ret = *w;
    return true;
}

const char *label_find(const struct charter *c, const struct kind *k, const char *name, enum lang lang) {
    struct words w;
    return words_of(c, k, name, &w) ? w.in[lang] : NULL;
}

void label_say(struct buf *ret, const struct charter *c, const struct kind *k, const char *name, enum lang lang) {
    const char *known = label_find(c, k, name, lang);
    if (known != NULL)
        buf_text(ret, known);
    else
        for (const char *p = name; *p != '\0'; p++)
            buf_char(ret, *p == '_' ? ' ' : *p);
}

const char *label_option(const struct field *f, const char *value, enum lang lang) {
    int at = field_option(f, value);
    return at >= 0 ? f->option_labels[at].in[lang] : value;
}

bool label_path(struct buf *ret, const struct charter *c, const char *path, enum lang lang) {
    size_t len = strcspn(path, ".");
    for (size_t i = 0; path[len] == '.' && i < c->kind_count; i++) {
        const struct kind *k = &c->kinds[i];
        int field = strlen(k->name) == len && memcmp(k->name, path, len) == 0 ? kind_field(k, path + len + 1) : -1;
        if (field < 0)
            continue;
        buf_printf(ret, "%s (%s)", k->fields[field].label.in[lang], k->label.in[lang]);
        return true;
    }
    return false;
}

void label_title(struct buf *ret, const char *label) {
    utf8proc_int32_t point = 0;
    size_t len = strlen(label);
    utf8proc_ssize_t used = len == 0 ? 0 : utf8proc_iterate((const utf8proc_uint8_t *)label, (utf8proc_ssize_t)len, &point);
    if (used <= 0) {
        buf_text(ret, label);
        return;
    }
    utf8proc_uint8_t upper[4];
    utf8proc_ssize_t size = utf8proc_encode_char(utf8proc_toupper(point), upper);
    buf_add(ret, upper, (size_t)size);
    buf_text(ret, label + used);
}

/* ---- building */

/* Never NULL in any language; without memory, empty. */
static struct words label_of(struct build *b, const struct kind *k, const char *name) {
    struct words w;
    if (words_of(b->c, k, name, &w))
        return w;
    char *plain = arena_text(b->c->arena, name);
    b->no_memory |= plain == NULL;
    for (char *p = plain; p != NULL && *p != '\0'; p++)
        *p = *p == '_' ? ' ' : *p;
    for (int l = 0; l < LANG_COUNT; l++)
        w.in[l] = plain != NULL ? plain : "";
    return w;
}

static void label_fields(struct build *b, struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++) {
        struct field *f = &k->fields[i];
        struct words *options = f->option_count > 0 ? BUILD_NEW(b, struct words, f->option_count) : NULL;
        f->label = label_of(b, k, f->name);
        for (size_t o = 0; options != NULL && o < f->option_count; o++)
            options[o] = label_of(b, k, f->options[o]);
        f->option_labels = options;
    }
}

static bool names_kind(const struct build *b, const struct kind *k, const struct node *kind, const char *name) {
    bool named = strcmp(k->name, name) == 0 || (k->form != NULL && strcmp(k->form, name) == 0) || kind_field(k, name) >= 0;
    const char *consent = build_text(b, node_get(kind, "because"), "consent");
    for (size_t i = 0; i < k->field_count && !named; i++)
        named = field_option(&k->fields[i], name) >= 0 || (k->fields[i].consent != NULL && strcmp(k->fields[i].consent, name) == 0);
    return named || (consent != NULL && strcmp(consent, name) == 0);
}

static bool is_key(const struct node *map, const char *name) { return map != NULL && node_get(map, name) != NULL; }

/* Names of the whole charter: also those of any kind. */
static bool is_named(const struct build *b, const char *name) {
    static const char *const maps[] = { "groups", "relations", "cookies" };
    const struct charter *c = b->c;
    const struct node *root = tree_root(c->tree);
    bool named = names_get(c->person_names, name) >= 0 || is_key(node_get(node_get(root, "devices"), "say"), name);
    for (size_t i = 0; i < ARRAY_LEN(maps) && !named; i++)
        named = is_key(node_get(root, maps[i]), name);
    for (size_t i = 0; i < c->kind_count && !named; i++)
        named = names_kind(b, &c->kinds[i], b->work[i].node, name);
    for (size_t i = 0; i < tree_nodes(c->tree) && !named; i++)
        for (size_t k = 0; k < c->said[i].count; k++)
            named |= strcmp(c->said[i].list[k].name, "consent") == 0 && strcmp(c->said[i].list[k].text, name) == 0;
    return named;
}

static void read_labels(struct build *b, const struct node *map) {
    size_t count = map != NULL && map->type == NODE_MAP ? map->count : 0, at = 0;
    struct charter *c = b->c;
    c->labels = BUILD_NEW(b, struct words, count);
    c->label_names = names_new(c->arena, count);
    c->common_names = names_new(c->arena, ARRAY_LEN(common));
    b->no_memory |= c->label_names == NULL || c->common_names == NULL;
    if (b->no_memory)
        return;
    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        if (!names_add(c->common_names, common[i].name, (int)i))
            continue;                         /* a test keeps the names apart */
    for (const struct node *n = count > 0 ? map->first : NULL; n != NULL; n = n->next) {
        if (!is_named(b, n->key))
            complain_key(b, "unknown-label", n, NULL, "Nothing of this charter is named `%s`: label a kind, a field, an option, a form, a person or a consent", n->key);
        if (spoken_words(n, &c->labels[at]) && names_add(c->label_names, n->key, (int)at))
            at++;
    }
}

static void read_kind_labels(struct build *b, size_t at) {
    const struct node *map = node_get(b->work[at].node, "labels");
    if (map == NULL || map->type != NODE_MAP)
        return;
    b->c->kind_labels[at] = map;
    for (const struct node *n = map->first; n != NULL; n = n->next)
        if (!names_kind(b, &b->c->kinds[at], b->work[at].node, n->key))
            complain_key(b, "unknown-label", n, names_nearest(b->work[at].fields, n->key), "`%s` has nothing named `%s`: label itself, a field, an option, its form or a consent",
                         b->c->kinds[at].name, n->key);
}

void build_labels(struct build *b) {
    struct charter *c = b->c;
    c->kind_labels = BUILD_NEW(b, const struct node *, c->kind_count);
    if (c->kind_labels == NULL)
        return;
    read_labels(b, node_get(tree_root(c->tree), "labels"));
    for (size_t i = 0; i < c->kind_count && !b->no_memory; i++) {
        struct kind *k = &c->kinds[i];
        read_kind_labels(b, i);
        k->label = label_of(b, k, k->name);
        if (k->form != NULL)
            k->form_label = label_of(b, k, k->form);
        label_fields(b, k);
    }
    for (size_t i = 0; i < c->person_count && !b->no_memory; i++)
        c->people[i].label = label_of(b, NULL, c->people[i].name);
}
