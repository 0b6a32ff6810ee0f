/* render.c — the template engine of explanations. Values are looked up, never assembled into templates, so a value
 * with braces or brackets in it stays text. */
#include "charter/render.h"

#include <string.h>

#include "base/mem.h"
#include "base/say.h"
#include "charter/labels.h"
#include "charter/spoken.h"

#define ARTICLE '\x01'                        /* stands for the Hungarian article until what follows is known */
#define PERSON '\x02'                         /* before a person, who may begin a sentence */

struct context { const struct charter *c; const struct node *n; const struct said *said; enum lang lang; struct arena *arena; };
/* What a name stands for: a capture, a list, or text. */
struct value { const struct capture *capture; const struct said *said; const char *text; struct list list; bool is_list; };

static const struct said *said_of(const struct context *x, const struct node *n) { return &x->c->said[n->index]; }

/* ---- lists and quotation marks ---- */

void render_quoted(const char *text, enum lang lang, struct buf *ret) {
    buf_printf(ret, "%s%s%s", lang == LANG_EN ? "“" : "„", text, "”");
}

void render_list(const struct list *l, bool quoted, bool or, enum lang lang, struct buf *ret) {
    static const char *const words[LANG_COUNT][2] = { { " and ", " or " }, { " i ", " lub " }, { " és ", " vagy " } };
    for (size_t i = 0; i < l->count; i++) {
        if (i > 0)
            buf_text(ret, i + 1 == l->count ? words[lang][or] : ", ");
        if (quoted)
            render_quoted(l->item[i], lang, ret);
        else
            buf_text(ret, l->item[i]);
    }
}

/* A name of the charter that no language knows stands in quotation marks. */
static void say_person(struct context *x, const char *name, struct buf *ret) {
    const char *known = label_find(x->c, NULL, name, x->lang);
    if (known == NULL && x->lang != LANG_EN)
        render_quoted(name, x->lang, ret);
    else
        label_say(ret, x->c, NULL, name, x->lang);
}

/* The kind of whose names a line speaks: that it stands in, or that it names. */
static const struct kind *kind_at(const struct context *x) {
    const struct node *n = x->n;
    const struct capture *path;
    while (n != NULL && said_of(x, n)->key != KEY_KIND)
        n = n->parent;
    if (n != NULL)
        return charter_kind_at(x->c, charter_kind(x->c, n->key));
    if ((path = capture_find(x->said->list, x->said->count, "while")) == NULL)
        return NULL;
    const char *name = arena_text_n(x->arena, path->text, strcspn(path->text, "."));
    return name != NULL ? charter_kind_at(x->c, charter_kind(x->c, name)) : NULL;
}

/* What a declared name is called, in quotation marks; other text as it stands. */
static void quote_name(struct context *x, const struct kind *k, const char *name, struct buf *ret) {
    AUTO(buf_done) struct buf label = BUF(4096);
    const char *known = label_find(x->c, k, name, x->lang);
    if (known == NULL && label_path(&label, x->c, name, x->lang))
        known = buf_str(&label);
    render_quoted(known != NULL ? known : name, x->lang, ret);
}

static void quote_names(struct context *x, const struct kind *k, const struct list *l, bool or, struct buf *ret) {
    struct list said = { .count = l->count };
    for (size_t i = 0; i < l->count; i++) {
        AUTO(buf_done) struct buf one = BUF(4096);
        quote_name(x, k, l->item[i], &one);
        if ((said.item[i] = arena_text(x->arena, buf_str(&one))) == NULL)
            said.item[i] = l->item[i];
    }
    render_list(&said, false, or, x->lang, ret);
}

/* Is it a name, and not words that somebody wrote? */
static bool is_name_of(const struct capture *c) {
    return c == NULL || c->type == C_NAME || c->type == C_NAMES || c->type == C_PATH || c->type == C_ANCHOR || c->type == C_OPTION || c->type == C_OPTIONS
        || c->type == C_PERSON || c->type == C_PEOPLE;
}

/* The items of a value, whether it is a list, a capture that is one, or a single text. */
static void items_of(struct context *x, const struct value *v, struct list *ret) {
    size_t state = 0;
    *ret = v->list;
    if (v->is_list)
        return;
    if (v->capture == NULL) {
        ret->item[ret->count++] = v->text;
        return;
    }
    for (const char *item; ret->count < ARRAY_LEN(ret->item) && (item = capture_next(v->capture, x->arena, &state, NULL, NULL)) != NULL;)
        ret->item[ret->count++] = item;
}

/* ---- what names stand for ---- */

static const struct node *kind_node(const struct context *x) {
    const struct node *n = x->n;
    while (n != NULL && said_of(x, n)->key != KEY_KIND)
        n = n->parent;
    return n;
}

/* The key of the person in who_sees, who_changes, sign_in: that of the node, or of the list that it stands in. */
static const char *role_of(const struct context *x) { return x->n->key != NULL ? x->n->key : x->n->parent != NULL && x->n->parent->key != NULL ? x->n->parent->key : ""; }

static void join_texts(const struct context *x, const struct node *n, struct list *ret) {
    for (const struct node *c = n->first; c != NULL && ret->count < ARRAY_LEN(ret->item); c = c->next)
        if (spoken_in(c, x->lang) != NULL)
            ret->item[ret->count++] = spoken_in(c, x->lang);
}

static bool deleted(const struct context *x, const char *which, struct value *ret) {
    bool on = false;
    for (size_t i = 0; i < x->said->count; i++) {
        const struct capture *c = &x->said->list[i];
        if (c->type == C_FLAG)
            on = strcmp(c->name, which) == 0;
        else if (on && ret->list.count < ARRAY_LEN(ret->list.item))
            ret->list.item[ret->list.count++] = c->text;
    }
    ret->is_list = true;
    return ret->list.count > 0;
}

/* "waiting to accepted" */
static bool moved(struct context *x, bool to, struct value *ret) {
    const char *at = x->n->key != NULL ? strstr(x->n->key, " to ") : NULL;
    if (at == NULL)
        return false;
    ret->text = to ? at + 4 : arena_text_n(x->arena, x->n->key, (size_t)(at - x->n->key));
    return ret->text != NULL;
}

/* Kinds of which the same is granted: "everything of its own “event” and “invoice” records". Returns how many grants. */
static size_t same_grants(const struct context *x, size_t i, struct list *kinds) {
    const struct capture *c = x->said->list;
    size_t n = 0;
    for (size_t k = i; k + 2 < x->said->count && strcmp(c[k].name, "fields") == 0; k += 3, n++) {
        if (strcmp(c[k].text, c[i].text) != 0 || strcmp(c[k + 1].text, c[i + 1].text) != 0 || kinds->count == ARRAY_LEN(kinds->item))
            break;
        kinds->item[kinds->count++] = c[k + 2].text;
    }
    return n;
}

static void say_grants(struct context *x, struct buf *ret) {
    static const struct { struct words all, fields, own, related; } words = {
        WORDS("everything", "wszystkie pola", "minden mező"), WORDS("", "pola ", ""),
        WORDS(" of its own ", " we własnych rekordach ", " a saját "), WORDS(" of the related ", " w powiązanych rekordach ", " a kapcsolódó "),
    };
    enum lang l = x->lang;
    bool first = true;
    for (size_t i = 0, n; i + 2 < x->said->count; i += 3 * n) {
        const struct capture *fields = &x->said->list[i], *of = &x->said->list[i + 1];
        struct list kinds = { 0 };
        const struct kind *k = charter_kind_at(x->c, charter_kind(x->c, fields[2].text));
        n = same_grants(x, i, &kinds);
        if (n == 0)
            break;
        buf_text(ret, first ? "" : "; ");
        first = false;
        if (strcmp(fields->text, "everything") == 0) {
            buf_text(ret, words.all.in[l]);
        } else {
            struct list list = { 0 };
            items_of(x, &(struct value){ .capture = fields }, &list);
            buf_text(ret, list.count == 1 && l == LANG_PL ? "pole " : words.fields.in[l]);
            quote_names(x, k, &list, false, ret);
        }
        bool own = strcmp(of->text, "own") == 0;
        buf_text(ret, own ? words.own.in[l] : words.related.in[l]);
        quote_names(x, NULL, &kinds, false, ret);
        buf_text(ret, l == LANG_HU ? " rekordokban" : l == LANG_EN ? " records" : "");
        if (!own) {
            buf_text(ret, l == LANG_EN ? " (" : l == LANG_PL ? " (relacja " : " (kapcsolat: ");
            quote_name(x, k, of->text, ret);
            buf_char(ret, ')');
        }
    }
}

/* "name, email of registration, title of event": fields and a kind, in turn. */
static void say_leaving(struct context *x, struct buf *ret) {
    static const struct words everything = WORDS("everything", "wszystkie pola", "minden mező"), of = WORDS(" of ", " rekordu ", " ebből: ");
    for (size_t i = 0; i + 1 < x->said->count; i += 2) {
        const struct capture *fields = &x->said->list[i];
        struct list list = { 0 };
        if (i > 0)
            buf_text(ret, "; ");
        if (strcmp(fields->text, "everything") == 0) {
            buf_text(ret, everything.in[x->lang]);
        } else {
            items_of(x, &(struct value){ .capture = fields }, &list);
            quote_names(x, charter_kind_at(x->c, charter_kind(x->c, fields[1].text)), &list, false, ret);
        }
        buf_text(ret, of.in[x->lang]);
        quote_name(x, NULL, fields[1].text, ret);
    }
}

static void say_type(struct context *x, struct buf *ret) {
    const struct capture *type = capture_find(x->said->list, x->said->count, "type"), *options = capture_find(x->said->list, x->said->count, "options"),
                         *reference = capture_find(x->said->list, x->said->count, "reference");
    static const struct words one_of = WORDS("one of ", "jedno z: ", "egy ezek közül: "), refers = WORDS("a reference to ", "odwołanie do ", "hivatkozás erre: ");
    if (options != NULL) {
        struct list list = { 0 };
        items_of(x, &(struct value){ .capture = options }, &list);
        buf_text(ret, one_of.in[x->lang]);
        quote_names(x, kind_at(x), &list, true, ret);
    } else if (reference != NULL) {
        buf_text(ret, refers.in[x->lang]);
        quote_name(x, NULL, reference->text, ret);
    } else if (type != NULL) {
        const struct vocabulary *v = vocabulary_find("type", type->text);
        buf_text(ret, v != NULL ? v->in[x->lang] : type->text);
    }
}

/* Made texts live in the arena. */
static bool made(struct context *x, void (*say)(struct context *x, struct buf *ret), struct value *ret) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    say(x, &text);
    ret->text = arena_text(x->arena, buf_str(&text));
    return ret->text != NULL;
}

/* Fields outside the sealed part: of holds, all of them; of one field, itself. */
static bool clear_of(const struct context *x, struct value *ret) {
    const struct node *node = kind_node(x);
    const struct kind *k = node != NULL ? charter_kind_at(x->c, charter_kind(x->c, node->key)) : NULL;
    ret->is_list = true;
    for (size_t i = 0; k != NULL && i < k->field_count && ret->list.count < ARRAY_LEN(ret->list.item); i++)
        if (k->fields[i].outside && (x->said->key != KEY_FIELD || strcmp(x->n->key, k->fields[i].name) == 0))
            ret->list.item[ret->list.count++] = k->fields[i].name;
    return ret->list.count > 0;
}

static bool keys_of(const struct node *n, struct value *ret) {
    ret->is_list = true;
    for (const struct node *c = n->first; c != NULL && ret->list.count < ARRAY_LEN(ret->list.item); c = c->next)
        if (c->key != NULL)
            ret->list.item[ret->list.count++] = c->key;
    return true;
}

static bool find_special(struct context *x, const char *name, struct value *ret) {
    const struct node *kind;
    if (strcmp(name, "kind") == 0)
        return (kind = kind_node(x)) != NULL && (ret->text = kind->key) != NULL;
    if (strcmp(name, "key") == 0)
        return (ret->text = x->n->key) != NULL;
    if (strcmp(name, "role") == 0)
        return (ret->text = role_of(x)) != NULL;
    if (strcmp(name, "tenant") == 0)
        return charter_tenant(x->c) >= 0 && (ret->text = x->c->people[charter_tenant(x->c)].name) != NULL;
    if (strcmp(name, "gaps") == 0)
        return (ret->text = "") != NULL && x->n->first != NULL;
    if (strcmp(name, "keys") == 0)
        return keys_of(x->n, ret);
    if (strcmp(name, "clear") == 0)
        return clear_of(x, ret);
    if (strcmp(name, "*") == 0) {
        join_texts(x, x->n, &ret->list);
        return ret->is_list = true;
    }
    if (strcmp(name, "grants") == 0)
        return made(x, say_grants, ret);
    if (strcmp(name, "leaving") == 0)
        return made(x, say_leaving, ret);
    if (strcmp(name, "type_words") == 0)
        return made(x, say_type, ret);
    if (strcmp(name, "erased") == 0 || strcmp(name, "kept") == 0)
        return deleted(x, name[0] == 'e' ? "erase" : "keep", ret);
    return (strcmp(name, "from") == 0 || strcmp(name, "to") == 0) && moved(x, name[0] == 't', ret);
}

/* A child of a map: as a capture of it ("for.span"), or its text. */
static bool find_child(struct context *x, const struct node *map, const char *name, struct value *ret) {
    const char *dot = strchr(name, '.');
    size_t len = dot != NULL ? (size_t)(dot - name) : strlen(name);
    if (map == NULL || map->type != NODE_MAP)
        return false;
    for (const struct node *c = map->first; c != NULL; c = c->next) {
        if (c->key == NULL || strlen(c->key) != len || memcmp(c->key, name, len) != 0)
            continue;
        if (dot == NULL && (ret->text = spoken_in(c, x->lang)) != NULL)
            return true;
        if (dot == NULL) {
            join_texts(x, c, &ret->list);
            return ret->is_list = true;
        }
        ret->said = said_of(x, c);
        ret->capture = capture_find(ret->said->list, ret->said->count, dot + 1);
        return ret->capture != NULL;
    }
    return false;
}

static bool find(struct context *x, const char *name, struct value *ret) {
    *ret = (struct value){ .said = x->said };
    if (strncmp(name, "up.", 3) == 0)
        return find_child(x, x->n->parent, name + 3, ret);
    if (strcmp(name, "kind") != 0)            /* the kind that the line stands in, not one that it names */
        ret->capture = capture_find(x->said->list, x->said->count, name);
    if (ret->capture != NULL && x->n->type == NODE_MAP && ret->capture->type == C_TEXT) {
        ret->capture = NULL;                  /* a text by language */
        ret->text = spoken_in(x->n, x->lang);
        return ret->text != NULL;
    }
    if (ret->capture != NULL)
        return true;
    return find_special(x, name, ret) || find_child(x, x->n, name, ret);
}

/* ---- one placeholder ---- */

static void say_words(struct context *x, const char *list, const struct value *v, struct buf *ret) {
    struct list items = { 0 };
    items_of(x, v, &items);
    for (size_t i = 0; i < items.count; i++) {
        const struct vocabulary *w = vocabulary_find(list, items.item[i]);
        items.item[i] = w != NULL ? w->in[x->lang] : label_country(items.item[i], x->lang);
    }
    render_list(&items, false, false, x->lang, ret);
}

/* created and changed have words of their own; Polish declines them: after what, of what. */
static void say_anchor(struct context *x, const struct value *v, struct buf *ret) {
    static const struct { const char *name; struct words after, of; } own[] = {
        { "created", WORDS("its creation", "utworzeniu", "a létrehozás"), WORDS("its creation", "utworzenia", "a létrehozás") },
        { "changed", WORDS("its last change", "ostatniej zmianie", "az utolsó módosítás"), WORDS("its last change", "ostatniej zmiany", "az utolsó módosítás") },
    };
    bool end = capture_find(v->said->list, v->said->count, "day") != NULL || capture_find(v->said->list, v->said->count, "month") != NULL
            || capture_find(v->said->list, v->said->count, "year") != NULL;
    const char *text = v->capture != NULL ? v->capture->text : v->text;
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (strcmp(own[i].name, text) == 0) {
            buf_text(ret, end ? own[i].of.in[x->lang] : own[i].after.in[x->lang]);
            return;
        }
    buf_text(ret, x->lang != LANG_PL ? "" : end ? "z pola " : "dacie z pola ");
    quote_name(x, kind_at(x), text, ret);
}

static void say_people(struct context *x, const struct value *v, struct buf *ret) {
    static const char *const or[LANG_COUNT] = { " or the ", " lub ", " vagy " }, *const comma[LANG_COUNT] = { ", the ", ", ", ", " };
    struct list people = { 0 };
    items_of(x, v, &people);
    buf_char(ret, PERSON);
    for (size_t i = 0; i < people.count; i++) {
        buf_text(ret, i == 0 ? "" : i + 1 == people.count ? or[x->lang] : comma[x->lang]);
        say_person(x, people.item[i], ret);
    }
}

static bool is_date(const char *text) {
    struct civil c;
    return strlen(text) == strlen("2026-11-22") && date_parse(text, &c);
}

static void say_day(const struct context *x, const char *text, struct buf *ret) {
    struct civil c;
    if (date_parse(text, &c))
        say_date(ret, x->lang, &c);
}

static void say_value(struct context *x, const char *name, const char *how, const struct value *v, struct buf *ret) {
    const char *text = v->capture != NULL ? v->capture->text : v->text;
    if (strcmp(how, "p") == 0 || strcmp(how, "po") == 0) {
        say_people(x, v, ret);
    } else if (strcmp(how, "qs") == 0 || strcmp(how, "qso") == 0) {
        struct list list = { 0 };
        items_of(x, v, &list);
        quote_names(x, kind_at(x), &list, strcmp(how, "qso") == 0, ret);
    } else if (strcmp(how, "w") == 0 || strcmp(name, "*") == 0 || v->is_list) {
        say_words(x, strcmp(how, "w") == 0 ? v->capture != NULL ? v->capture->name : name : how, v, ret);
    } else if (strcmp(how, "q") == 0 && is_name_of(v->capture) && strcmp(name, "text") != 0) {
        quote_name(x, kind_at(x), text, ret);
    } else if (strcmp(how, "q") == 0) {
        render_quoted(text, x->lang, ret);
    } else if (strcmp(how, "anchor") == 0) {
        say_anchor(x, v, ret);
    } else if (strcmp(how, "pace") == 0) {
        render_pace(text, x->lang, ret);
    } else if (how[0] != '\0') {
        render_duration(text, how, x->lang, ret);
    } else if (is_date(text)) {
        say_day(x, text, ret);
    } else if (strlen(text) == 2) {           /* only country codes are that short */
        buf_text(ret, label_country(text, x->lang));
    } else {                                  /* only English has a point in its decimals */
        bool comma = v->capture != NULL && v->capture->type == C_DECIMAL && x->lang != LANG_EN;
        for (const char *p = text; *p != '\0'; p++)
            buf_char(ret, comma && *p == '.' ? ',' : *p);
    }
}

/* ---- templates ---- */

/* The placeholder at p ("{x:how}") in pieces; returns its end. */
static const char *placeholder(const char *p, char *sign, char *name, char *how, size_t room) {
    size_t len = strcspn(p, "}");
    PRE(len < room && p[len] == '}');
    p++;
    len--;
    *sign = *p == '?' || *p == '!' ? *p : ' ';
    if (*sign != ' ') {
        p++;
        len--;
    }
    size_t n = strcspn(p, ":}");
    memcpy(name, p, n);
    name[n] = '\0';
    size_t rest = n < len ? len - n - 1 : 0;
    memcpy(how, p + n + (n < len), rest);
    how[rest] = '\0';
    return p + len + 1;
}

static const char *segment_end(const char *p) {
    int depth = 0;
    for (; *p != '\0'; p++) {
        depth += *p == '[';
        if (*p == ']' && depth-- == 0)
            return p;
    }
    assert_failed("a segment of a template is not closed", __FILE__, __LINE__);
}

/* Is everything said that this segment names, inner segments aside? */
static bool is_said(struct context *x, const char *p, const char *end) {
    while (p < end) {
        if (*p == '[') {
            p = segment_end(p + 1) + 1;
        } else if (*p == '{') {
            char sign, name[64], how[64];
            struct value v;
            p = placeholder(p, &sign, name, how, 64);
            if (find(x, name, &v) != (sign != '!'))
                return false;
        } else {
            p++;
        }
    }
    return true;
}

static void render_part(struct context *x, const char *p, const char *end, struct buf *ret) {
    while (p < end) {
        if (*p == '[') {
            const char *close = segment_end(p + 1);
            if (is_said(x, p + 1, close))
                render_part(x, p + 1, close, ret);
            p = close + 1;
        } else if (*p == '{') {
            char sign, name[64], how[64];
            struct value v;
            p = placeholder(p, &sign, name, how, 64);
            if (sign == ' ' && find(x, name, &v))
                say_value(x, name, how, &v, ret);
        } else {
            buf_char(ret, *p == '@' ? ARTICLE : *p);
            p++;
        }
    }
}

/* Does what follows begin with a vowel when it is read out? */
static bool vowel_follows(const char *p) {
    static const char *const vowels[] = { "a", "á", "e", "é", "i", "í", "o", "ó", "ö", "ő", "u", "ú", "ü", "ű", "A", "Á", "E", "É", "I", "Í", "O", "Ó", "Ö", "Ő", "U", "Ú", "Ü", "Ű" };
    p += *p == PERSON;
    if (strncmp(p, "„", strlen("„")) == 0)
        p += strlen("„");
    size_t digits = strspn(p, "0123456789");
    if (digits > 0)                           /* egy, öt, ezer … */
        return *p == '5' || (*p == '1' && digits % 3 == 1);
    for (size_t i = 0; i < ARRAY_LEN(vowels); i++)
        if (strncmp(p, vowels[i], strlen(vowels[i])) == 0)
            return true;
    return false;
}

/* Articles; a capital for a person who begins a sentence; one point where a date with a point ends it. */
static void finish(const char *all, struct buf *ret) {
    for (const char *p = all; *p != '\0'; p++) {
        bool start = p == all || (p > all + 1 && p[-1] == ' ' && p[-2] == '.');
        if (*p == ARTICLE) {
            buf_text(ret, vowel_follows(p + 1) ? start ? "Az " : "az " : start ? "A " : "a ");
        } else if (*p == PERSON && start) {
            size_t len = 1;
            while (((unsigned char)p[1 + len] & 0xc0) == 0x80)
                len++;
            char letter[8] = { 0 };
            memcpy(letter, p + 1, len < sizeof letter ? len : 1);
            label_title(ret, letter);
            p += len;
        } else if (*p != PERSON && (*p != '.' || p == all || p[-1] != '.')) {
            buf_char(ret, *p);
        }
    }
}

void render(const struct charter *c, const struct node *n, const char *template, enum lang lang, struct buf *ret) {
    size_t lost = mem_lost();
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(buf_done) struct buf text = BUF(1 << 20);
    if (arena == NULL) {
        buf_fail(ret);
        return;
    }
    struct context x = { c, n, &c->said[n->index], lang, arena };
    render_part(&x, template, template + strlen(template), &text);
    finish(buf_str(&text), ret);
    if (text.failed || mem_lost() != lost)
        buf_fail(ret);
}
