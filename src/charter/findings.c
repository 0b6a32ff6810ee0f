/* findings.c — invariant: items are sorted by line and column within a file; count <= FINDINGS_MAX + 1. */
#include "charter/findings.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "charter/tree.h"

#define TEXTS_MAX (16u << 20)

struct findings { struct arena *arena; struct finding *list; size_t count, room; bool overflowed; };

struct findings *findings_new(void) {
    struct findings *f = mem_new(sizeof *f);
    if (f == NULL)
        return NULL;
    f->arena = arena_new(TEXTS_MAX);
    return f->arena != NULL ? f : findings_free(f);
}

struct findings *findings_free(struct findings *f) {
    if (f != NULL) {
        arena_free(f->arena);
        mem_free(f->list);
    }
    return mem_free(f);
}

size_t findings_list(const struct findings *f, const struct finding **ret) {
    *ret = f->list;
    return f->count;
}

size_t findings_count(const struct findings *f, enum finding_level level) {
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += f->list[i].level == level;
    return n;
}

static bool before(const struct finding *a, const struct finding *b) {
    if (strcmp(a->file, b->file) != 0)
        return false;                         /* files keep the order in which they were read */
    return a->pos.line != b->pos.line ? a->pos.line < b->pos.line : a->pos.column < b->pos.column;
}

/* A rule that is looked at twice tells its mistake once. */
static bool is_told(const struct findings *f, const struct finding *item) {
    for (size_t i = f->count; i > 0; i--) {
        const struct finding *x = &f->list[i - 1];
        if (x->pos.line < item->pos.line && strcmp(x->file, item->file) == 0)
            return false;
        if (x->pos.line == item->pos.line && x->pos.column == item->pos.column && strcmp(x->id, item->id) == 0
            && strcmp(x->text, item->text) == 0 && strcmp(x->file, item->file) == 0)
            return true;
    }
    return false;
}

static void insert(struct findings *f, const struct finding *item) {
    if (is_told(f, item))
        return;
    if (f->count == f->room) {
        size_t room = f->room == 0 ? 16 : f->room * 2;
        struct finding *list = mem_grow(f->list, room, sizeof *list);
        if (list == NULL) {
            f->overflowed = true;
            return;
        }
        f->list = list;
        f->room = room;
    }
    size_t at = f->count++;
    for (; at > 0 && before(item, &f->list[at - 1]); at--)
        f->list[at] = f->list[at - 1];
    f->list[at] = *item;
}

static void add(struct findings *f, const struct tree *tree, struct finding item, const char *suggestion, const char *fmt, va_list ap) {
    char text[1024];
    if (f->count > FINDINGS_MAX)
        return;
    if (f->count == FINDINGS_MAX) {
        const char *file = arena_text(f->arena, item.file);
        item = (struct finding){ .level = FINDING_NOTE, .id = "too-many", .pos = { TREE_NODES_MAX, 1 }, .width = 1, .source = "",
                                 .file = file != NULL ? file : "", .text = "There are more findings than are shown: mend these first" };
        insert(f, &item);
        return;
    }
    vsnprintf(text, sizeof text, fmt, ap);
    item.file = arena_text(f->arena, item.file);
    item.id = arena_text(f->arena, item.id);
    item.text = arena_text(f->arena, text);
    item.suggestion = suggestion != NULL ? arena_text(f->arena, suggestion) : NULL;
    item.source = arena_text(f->arena, tree != NULL ? tree_line(tree, item.pos.line) : item.source != NULL ? item.source : "");
    if (item.text == NULL || item.source == NULL || item.file == NULL || item.id == NULL) {
        item = (struct finding){ .level = FINDING_ERROR, .id = "memory", .file = "", .text = "There is no memory left for findings", .source = "" };
        f->overflowed = true;
    }
    insert(f, &item);
}

void finding_add(struct findings *f, const struct tree *tree, enum finding_level level, const char *id,
                 struct pos pos, int width, const char *suggestion, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    add(f, tree, (struct finding){ .level = level, .id = id, .file = tree_name(tree), .pos = pos, .width = width }, suggestion, fmt, ap);
    va_end(ap);
}

void finding_node(struct findings *f, const struct tree *tree, enum finding_level level, const char *id,
                  const struct node *node, const char *suggestion, const char *fmt, ...) {
    bool empty = node->type == NODE_SCALAR && node->text[0] == '\0' && node->key != NULL;
    va_list ap;
    va_start(ap, fmt);
    add(f, tree, (struct finding){ .level = level, .id = id, .file = tree_name(tree), .pos = empty ? node->key_pos : node->pos,
                                   .width = empty ? node->key_width : node->width }, suggestion, fmt, ap);
    va_end(ap);
}

void finding_key(struct findings *f, const struct tree *tree, enum finding_level level, const char *id,
                 const struct node *node, const char *suggestion, const char *fmt, ...) {
    bool key = node->key != NULL;
    va_list ap;
    va_start(ap, fmt);
    add(f, tree, (struct finding){ .level = level, .id = id, .file = tree_name(tree), .pos = key ? node->key_pos : node->pos,
                                   .width = key ? node->key_width : node->width }, suggestion, fmt, ap);
    va_end(ap);
}

void finding_line(struct findings *f, const char *file, const char *source, const char *id, struct pos pos, int width, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    add(f, NULL, (struct finding){ .level = FINDING_ERROR, .id = id, .file = file, .pos = pos, .width = width, .source = source }, NULL, fmt, ap);
    va_end(ap);
}

const char *nearest(const char *word, const char *const *words, size_t count) {
    const char *best = NULL;
    unsigned least = strlen(word) <= 3 ? 2 : strlen(word) <= 6 ? 3 : 4;   /* first distance that is too far */
    for (size_t i = 0; i < count; i++) {
        unsigned d = text_distance(word, words[i]);
        if (d < least && d < strlen(words[i])) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

/* Bytes before the character `column` (from 1) of a line. */
static size_t byte_of(const char *line, int column) {
    size_t i = 0;
    for (int c = 1; c < column && line[i] != '\0'; c++)
        for (i++; ((unsigned char)line[i] & 0xc0) == 0x80; i++)
            ;
    return i;
}

#define SHOWN 100                             /* characters of a long source line that are printed */

static void print_source(const struct finding *item, struct buf *ret) {
    int from = item->pos.column > SHOWN - 20 ? item->pos.column - 20 : 1;
    size_t begin = byte_of(item->source, from), end = begin + byte_of(item->source + begin, SHOWN + 1);
    buf_printf(ret, "%6d | %s", item->pos.line, from > 1 ? "…" : "");
    buf_add(ret, item->source + begin, end - begin);
    buf_printf(ret, "%s\n       | %s", item->source[end] != '\0' ? "…" : "", from > 1 ? " " : "");
    for (int i = from; i < item->pos.column; i++)
        buf_char(ret, ' ');
    int room = SHOWN - (item->pos.column - from);
    for (int i = 0; i < item->width && i < room; i++)
        buf_char(ret, i == 0 ? '^' : '~');
    if (item->width < 1)
        buf_char(ret, '^');
    buf_char(ret, '\n');
}

void findings_print(const struct findings *f, struct buf *ret) {
    static const char *const level[] = { "error", "trap", "note" };
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *item = &f->list[i];
        buf_printf(ret, "%s:%d:%d: %s: %s [%s]\n", item->file, item->pos.line, item->pos.column, level[item->level], item->text, item->id);
        if (item->source[0] != '\0')
            print_source(item, ret);
        if (item->suggestion != NULL)
            buf_printf(ret, "       = did you mean `%s`?\n", item->suggestion);
    }
    if (f->overflowed)
        buf_text(ret, "There was no memory for further findings\n");
}
