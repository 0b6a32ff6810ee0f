/* tree.c — libyaml's events with their marks become nodes; what the subset leaves out is refused with its place.
 * Invariant: nodes are numbered in the order of the file, and a node's children are a list that ends by NULL. */
#include "charter/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"

#define ARENA_MAX (160u << 20)

struct slot { const struct node *map; const char *key; };          /* duplicate keys: open addressing */
struct tree {
    struct arena *arena;
    const char *name, *source; size_t source_len;
    char **lines; int line_count;
    const char **comments;
    int *ends;                                /* by line: characters up to the end of its last scalar */
    struct node **nodes; size_t node_count, node_room;
    struct slot *slots; size_t slot_count, slot_room;
};

struct level { struct node *node; struct node *last; const char *key; struct pos key_pos; int key_width; };
struct reader {
    struct tree *t;
    struct findings *findings;
    struct level stack[TREE_DEPTH_MAX + 1]; size_t depth;
    bool stop, bad, no_memory, seen_document;
};

struct tree *tree_free(struct tree *t) {
    if (t != NULL) {
        arena_free(t->arena);
        mem_free(t->nodes);
        mem_free(t->slots);
    }
    return mem_free(t);
}

const char *tree_name(const struct tree *t) { return t->name; }
const struct node *tree_root(const struct tree *t) { return t->node_count > 0 ? t->nodes[0] : NULL; }
const struct node *tree_node(const struct tree *t, size_t index) { return index < t->node_count ? t->nodes[index] : NULL; }
size_t tree_nodes(const struct tree *t) { return t->node_count; }
int tree_lines(const struct tree *t) { return t->line_count; }
const char *tree_line(const struct tree *t, int line) { return line >= 1 && line <= t->line_count ? t->lines[line - 1] : ""; }
const char *tree_comment(const struct tree *t, int line) { return line >= 1 && line <= t->line_count ? t->comments[line - 1] : NULL; }
const char *tree_source(const struct tree *t, size_t *ret_len) { *ret_len = t->source_len; return t->source; }
int node_line(const struct node *n) { return n->key != NULL ? n->key_pos.line : n->pos.line; }

const struct node *node_get(const struct node *map, const char *key) {
    if (map == NULL || map->type != NODE_MAP)
        return NULL;
    for (const struct node *n = map->first; n != NULL; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n;
    return NULL;
}

const char *node_path(const struct node *n, struct buf *ret) {
    if (n->parent != NULL) {
        node_path(n->parent, ret);
        if (n->parent->parent != NULL)
            buf_char(ret, '.');
        if (n->key != NULL) {
            buf_text(ret, n->key);
        } else {
            int i = 0;
            for (const struct node *s = n->parent->first; s != n; s = s->next)
                i++;
            buf_printf(ret, "%d", i);
        }
    }
    return buf_str(ret);
}

/* ---- lines and bytes, before anything is parsed ---- */

static const struct { const char *bytes; size_t len; const char *id, *text; } odd[] = {
    { "\t", 1, "tab", "A tab stands here: write spaces" },
    { "\xc2\x85", 2, "line-break", "A line break of another alphabet stands here (U+0085): break lines in the usual way" },
    { "\xe2\x80\xa8", 3, "line-break", "A line break of another alphabet stands here (U+2028): break lines in the usual way" },
    { "\xe2\x80\xa9", 3, "line-break", "A line break of another alphabet stands here (U+2029): break lines in the usual way" },
    { "\xef\xbb\xbf", 3, "byte-order-mark", "A byte order mark stands here: save the file as UTF-8 without it" },
    { "\r", 1, "line-break", "A carriage return stands alone: end lines with a line feed" },
};

static int characters(const char *text, size_t len) {
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void refuse(struct reader *r, const char *id, struct pos pos, int width, const char *text) {
    finding_add(r->findings, r->t, FINDING_ERROR, id, pos, width, NULL, "%s", text);
    r->bad = true;
}

static void check_line(struct reader *r, int number, const char *line) {
    size_t len = strlen(line);
    if (len > TREE_LINE_MAX)
        refuse(r, "long-line", (struct pos){ number, 1 }, 1, "This line has more than 4096 bytes: break the list into items of their own");
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        const char *at = memmem(line, len, odd[i].bytes, odd[i].len);
        if (at != NULL)
            refuse(r, odd[i].id, (struct pos){ number, characters(line, (size_t)(at - line)) + 1 }, 1, odd[i].text);
    }
}

/* The first place where the text stops being UTF-8, as a finding. */
static void refuse_bytes(struct reader *r, const char *text, size_t len) {
    size_t begin = 0, good = 0;
    int line = 1;
    for (const char *nl; begin < len; begin = (size_t)(nl - text) + 1, line++) {
        nl = memchr(text + begin, '\n', len - begin);
        if (nl == NULL || !text_is_utf8(text + begin, (size_t)(nl - text) - begin))
            break;
    }
    for (size_t step = 1; step <= 4 && begin + good + step <= len;) {     /* character by character */
        if (text_is_utf8(text + begin + good, step)) {
            good += step;
            step = 1;
        } else {
            step++;
        }
    }
    refuse(r, "not-utf-8", (struct pos){ line, characters(text + begin, good) + 1 }, 1,
           "A byte here is not UTF-8 text: save the file as UTF-8, without control characters");
}

static bool split_lines(struct reader *r, const char *text, size_t len) {
    struct tree *t = r->t;
    int count = 1;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    char *copy = arena_text_n(t->arena, text, len);
    t->source = arena_text_n(t->arena, text, len);
    t->source_len = len;
    t->lines = arena_array(t->arena, (size_t)count, sizeof *t->lines);
    t->comments = arena_array(t->arena, (size_t)count, sizeof *t->comments);
    t->ends = arena_array(t->arena, (size_t)count, sizeof *t->ends);
    if (copy == NULL || t->source == NULL || t->lines == NULL || t->comments == NULL || t->ends == NULL)
        return false;
    for (char *line = copy; line != NULL;) {
        char *end = memchr(line, '\n', (size_t)(copy + len - line));
        if (end != NULL) {
            *end = '\0';
            if (end > line && end[-1] == '\r')
                end[-1] = '\0';
        }
        t->lines[t->line_count++] = line;
        line = end != NULL ? end + 1 : NULL;
    }
    return true;
}

/* ---- comments ---- */

static size_t byte_at(const char *line, int character) {
    size_t i = 0;
    for (; character > 0 && line[i] != '\0'; character--)
        for (i++; ((unsigned char)line[i] & 0xc0) == 0x80; i++)
            ;
    return i;
}

static void find_comment(struct reader *r, int index) {
    const char *line = r->t->lines[index];
    if (r->t->ends[index] == 0)
        return;                               /* nothing but a comment stands here */
    size_t at = byte_at(line, r->t->ends[index]);
    const char *hash = strchr(line + at, '#');
    if (hash == NULL)
        return;
    if (hash < line + 2 || hash[-1] != ' ' || hash[-2] != ' ')
        refuse(r, "comment", (struct pos){ index + 1, characters(line, (size_t)(hash - line)) + 1 }, 1,
               "What follows # is cut off here: write two spaces before # if it is a comment, or put the value in quotes");
    const char *text = hash + 1 + strspn(hash + 1, " ");
    r->t->comments[index] = text;
}

/* ---- nodes ---- */

static uint64_t mix(const struct node *map, const char *key) {
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ ((uint64_t)map->index * UINT64_C(0x9e3779b97f4a7c15));
    for (; *key != '\0'; key++)
        h = (h ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
    return h ^ (h >> 29);
}

static bool slots_grow(struct tree *t) {
    size_t room = t->slot_room == 0 ? 256 : t->slot_room * 2;
    struct slot *slots = mem_new_array(room, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->slot_room; i++)
        if (t->slots[i].map != NULL) {
            size_t at = mix(t->slots[i].map, t->slots[i].key) & (room - 1);
            while (slots[at].map != NULL)
                at = (at + 1) & (room - 1);
            slots[at] = t->slots[i];
        }
    mem_free(t->slots);
    t->slots = slots;
    t->slot_room = room;
    return true;
}

/* False when the map has that key already. */
static bool key_is_new(struct reader *r, const struct node *map, const char *key) {
    struct tree *t = r->t;
    if (t->slot_count * 2 >= t->slot_room && !slots_grow(t)) {
        r->no_memory = true;
        return true;
    }
    size_t at = mix(map, key) & (t->slot_room - 1);
    for (; t->slots[at].map != NULL; at = (at + 1) & (t->slot_room - 1))
        if (t->slots[at].map == map && strcmp(t->slots[at].key, key) == 0)
            return false;
    t->slots[at] = (struct slot){ map, key };
    t->slot_count++;
    return true;
}

static struct pos pos_of(const yaml_mark_t *m) { return (struct pos){ (int)m->line + 1, (int)m->column + 1 }; }

static int width_of(const yaml_event_t *e) {
    if (e->start_mark.line != e->end_mark.line || e->end_mark.column <= e->start_mark.column)
        return 1;
    return (int)(e->end_mark.column - e->start_mark.column);
}

static void refuse_event(struct reader *r, const yaml_event_t *e, const char *id, const char *text) {
    refuse(r, id, pos_of(&e->start_mark), width_of(e), text);
}

static bool is_word(const char *s, size_t len) {
    if (len == 0 || s[0] < 'a' || s[0] > 'z')
        return false;
    for (size_t i = 1; i < len; i++)
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '_')
            return false;
    return true;
}

static bool is_key(const char *s) {           /* snake_case words, one space between ("waiting to accepted") */
    for (;;) {
        size_t n = strcspn(s, " ");
        if (!is_word(s, n))
            return false;
        if (s[n] == '\0')
            return true;
        s += n + 1;
    }
}

static struct node *node_new(struct reader *r, enum node_type type, const yaml_event_t *e) {
    struct tree *t = r->t;
    if (t->node_count == TREE_NODES_MAX) {
        refuse_event(r, e, "too-large", "The file has more than 400000 values: divide the service");
        r->stop = true;
        return NULL;
    }
    if (t->node_count == t->node_room) {
        size_t room = t->node_room == 0 ? 256 : t->node_room * 2;
        struct node **nodes = mem_grow(t->nodes, room, sizeof *nodes);
        if (nodes == NULL) {
            r->no_memory = true;
            return NULL;
        }
        t->nodes = nodes;
        t->node_room = room;
    }
    struct node *n = arena_get(t->arena, sizeof *n);
    if (n == NULL) {
        r->no_memory = true;
        return NULL;
    }
    *n = (struct node){ .type = type, .index = (int)t->node_count, .pos = pos_of(&e->start_mark), .width = width_of(e) };
    t->nodes[t->node_count++] = n;
    return n;
}

static void attach(struct reader *r, struct node *n) {
    if (r->depth == 0)
        return;
    struct level *l = &r->stack[r->depth - 1];
    n->parent = l->node;
    if (l->node->type == NODE_MAP) {
        n->key = l->key;
        n->key_pos = l->key_pos;
        n->key_width = l->key_width;
        l->key = NULL;
    }
    if (l->last != NULL)
        l->last->next = n;
    else
        l->node->first = n;
    l->last = n;
    l->node->count++;
}

static void suggest_key(const char *key, char *ret, size_t room) {
    size_t n = 0;
    for (; *key != '\0' && n + 1 < room; key++) {
        char c = *key;
        ret[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' || c == '.' ? '_' : c;
    }
    ret[n] = '\0';
}

/* "? key": of the words behind it libyaml makes another key than YAML 1.2 does. */
static bool key_after_mark(const struct reader *r, const yaml_event_t *e) {
    const char *line = tree_line(r->t, (int)e->start_mark.line + 1);
    size_t at = byte_at(line, (int)e->start_mark.column);
    while (at > 0 && line[at - 1] == ' ')
        at--;
    return at > 0 && line[at - 1] == '?';
}

static void take_key(struct reader *r, const yaml_event_t *e, const char *text) {
    struct level *l = &r->stack[r->depth - 1];
    l->key = text;
    l->key_pos = pos_of(&e->start_mark);
    l->key_width = width_of(e);
    if (key_after_mark(r, e)) {
        refuse_event(r, e, "key-form", "A key stands alone before its colon: leave the ? out");
    } else if (!is_key(text)) {
        char better[64];
        suggest_key(text, better, sizeof better);
        finding_add(r->findings, r->t, FINDING_ERROR, "key-form", l->key_pos, l->key_width, is_key(better) ? better : NULL,
                    "A key is written in small letters, digits and _, and begins with a letter");
        r->bad = true;
    } else if (!key_is_new(r, l->node, text)) {
        finding_add(r->findings, r->t, FINDING_ERROR, "duplicate-key", l->key_pos, l->key_width, NULL,
                    "The key %s stands here a second time: keep one of the two", text);
        r->bad = true;
    }
}

static void note_end(struct reader *r, const yaml_event_t *e) {
    size_t line = e->end_mark.line;
    if (e->end_mark.index > e->start_mark.index && line < (size_t)r->t->line_count && r->t->ends[line] < (int)e->end_mark.column)
        r->t->ends[line] = (int)e->end_mark.column;
}

/* libyaml lets what stands in [ ] or { } go on at any column; YAML wants it further right than what it belongs to. */
static void check_flow_indent(struct reader *r, const yaml_event_t *e) {
    const struct node *outer = r->depth > 0 ? r->stack[r->depth - 1].node : NULL;
    while (outer != NULL && outer->flow && outer->parent != NULL && outer->parent->flow)
        outer = outer->parent;
    if (outer == NULL || !outer->flow || outer->parent == NULL)
        return;
    struct pos at = pos_of(&e->start_mark);
    if (at.line > outer->pos.line && at.column <= outer->parent->pos.column)
        refuse_event(r, e, "flow-indent", "What stands in [ ] or { } begins further right than the key it belongs to: put spaces before it");
}

static void on_scalar(struct reader *r, const yaml_event_t *e) {
    yaml_scalar_style_t style = e->data.scalar.style;
    const char *text = arena_text_n(r->t->arena, (const char *)e->data.scalar.value, e->data.scalar.length);
    if (text == NULL) {
        r->no_memory = true;
        return;
    }
    note_end(r, e);
    check_flow_indent(r, e);
    if (e->data.scalar.anchor != NULL)
        refuse_event(r, e, "anchor", "Anchors (&) are not read here: write the value where it is needed, or put it in quotes");
    if (e->data.scalar.tag != NULL)
        refuse_event(r, e, "tag", "Tags (!) are not read here: every value is text; put it in quotes if ! belongs to it");
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
        refuse_event(r, e, "block-text", "Texts behind | or > are not read here: write the value on one line");
    else if (e->start_mark.line != e->end_mark.line)
        refuse_event(r, e, "many-lines", "This value runs over several lines: write it on one line, or give the next line a key");
    if (strlen(text) != e->data.scalar.length || !text_is_utf8(text, strlen(text)))
        refuse_event(r, e, "control-character", "This value holds a control character: leave it out");
    if (r->depth == 0) {
        refuse_event(r, e, "not-a-map", "The file must be a map: lines of the form key: value");
        r->stop = true;
        return;
    }
    struct level *l = &r->stack[r->depth - 1];
    if (l->node->type == NODE_MAP && l->key == NULL) {
        take_key(r, e, text);
        return;
    }
    if (l->node->flow && l->node->type == NODE_MAP && text[0] == '\0' && style == YAML_PLAIN_SCALAR_STYLE)
        refuse(r, "flow-comma", l->key_pos, l->key_width, "Nothing stands behind this word: in { } a comma ends a value, so write the map on lines of its own");
    struct node *n = node_new(r, NODE_SCALAR, e);
    if (n == NULL)
        return;
    n->text = text;
    n->quoted = style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    attach(r, n);
}

static void on_start(struct reader *r, const yaml_event_t *e) {
    bool map = e->type == YAML_MAPPING_START_EVENT;
    const struct level *up = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;
    check_flow_indent(r, e);
    if (map ? e->data.mapping_start.anchor != NULL : e->data.sequence_start.anchor != NULL)
        refuse_event(r, e, "anchor", "Anchors (&) are not read here: write the value where it is needed, or put it in quotes");
    if (map ? e->data.mapping_start.tag != NULL : e->data.sequence_start.tag != NULL)
        refuse_event(r, e, "tag", "Tags (!) are not read here: every value is text; put it in quotes if ! belongs to it");
    if (up != NULL && up->node->type == NODE_MAP && up->key == NULL) {
        refuse_event(r, e, "key-form", "A key is written in small letters, digits and _, and begins with a letter");
        r->stop = true;
        return;
    }
    if (up == NULL && !map) {
        refuse_event(r, e, "not-a-map", "The file must be a map: lines of the form key: value");
        r->stop = true;
        return;
    }
    if (r->depth == TREE_DEPTH_MAX) {
        refuse_event(r, e, "too-deep", "Values lie more than 8 levels deep here: nothing in the language does");
        r->stop = true;
        return;
    }
    struct node *n = node_new(r, map ? NODE_MAP : NODE_LIST, e);
    if (n == NULL)
        return;
    n->flow = map ? e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE : e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    attach(r, n);
    r->stack[r->depth++] = (struct level){ .node = n };
}

static void on_event(struct reader *r, const yaml_event_t *e) {
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (r->seen_document) {
            refuse_event(r, e, "second-document", "A second document begins here: a file holds one");
            r->stop = true;
        }
        if (e->data.document_start.version_directive != NULL || e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
            refuse_event(r, e, "directive", "Directives (%) are not read here: leave the line out");
        r->seen_document = true;
        break;
    case YAML_ALIAS_EVENT:
        refuse_event(r, e, "alias", "Aliases (*) are not read here: write the value again, or put it in quotes");
        r->stop = true;
        break;
    case YAML_SCALAR_EVENT: on_scalar(r, e); break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: on_start(r, e); break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        if (r->depth > 0)
            r->depth--;
        break;
    case YAML_STREAM_END_EVENT: r->stop = true; break;
    default: break;
    }
}

/* What libyaml says, in the words of somebody who mends a file. */
static const struct { const char *problem, *text; } problems[] = {
    { "mapping values are not allowed", "A colon and a space stand inside this value: put the value in quotes" },
    { "did not find expected key", "This line does not line up with the lines above it: mend its indentation" },
    { "could not find expected ':'", "This line has no key: write key: value" },
    { "cannot start any token", "No value begins with this character: put the value in quotes" },
    { "unexpected end of stream", "A quotation mark or a bracket is not closed" },
    { "block sequence entries are not allowed", "A list item cannot stand here: put it on a line of its own below the key" },
    { "did not find expected '-' indicator", "This line does not line up with the list above it: mend its indentation" },
    { "did not find expected ',' or", "A comma or the closing bracket is missing" },
    { "did not find expected <document start>", "This line does not line up with the lines above it: mend its indentation" },
    { "block mapping entries are not allowed", "A key cannot stand here: put it on a line of its own" },
    { "unknown escape character", "A backslash in double quotes begins an escape that does not exist: use single quotes" },
};

static void refuse_problem(struct reader *r, const yaml_parser_t *p) {
    const char *problem = p->problem != NULL ? p->problem : "";
    struct pos pos = pos_of(&p->problem_mark);
    if (p->error == YAML_MEMORY_ERROR) {
        r->no_memory = true;
        return;
    }
    r->bad = true;
    for (size_t i = 0; i < ARRAY_LEN(problems); i++)
        if (strstr(problem, problems[i].problem) != NULL) {
            refuse(r, "yaml", pos, 1, problems[i].text);
            return;
        }
    finding_add(r->findings, r->t, FINDING_ERROR, "yaml", pos, 1, NULL, "This cannot be read: %s", problem);
}

static void read_events(struct reader *r, const char *text, size_t len) {
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        r->no_memory = true;
        return;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    while (!r->stop && !r->no_memory) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            refuse_problem(r, &parser);
            break;
        }
        on_event(r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

static void read_text(struct reader *r, const char *text, size_t len) {
    if (!text_is_utf8(text, len)) {
        refuse_bytes(r, text, len);
        return;
    }
    for (int i = 0; i < r->t->line_count; i++)
        check_line(r, i + 1, r->t->lines[i]);
    if (r->bad)
        return;
    read_events(r, text, len);
    for (int i = 0; i < r->t->line_count; i++)
        find_comment(r, i);
    if (!r->bad && !r->no_memory && r->t->node_count == 0)
        refuse(r, "empty", (struct pos){ 1, 1 }, 1, "The file is empty: write lines of the form key: value");
}

enum code tree_parse(const char *name, const char *text, size_t len, struct findings *findings, struct tree **ret, struct err *reterr) {
    PRE(name != NULL && text != NULL && findings != NULL && ret != NULL && reterr != NULL);
    if (len > TREE_BYTES_MAX)
        return err_set(reterr, E_TOO_LARGE, "%s has more than 8 MiB: divide it", name);
    size_t lost = mem_lost();
    AUTO(tree_free) struct tree *t = mem_new(sizeof *t);
    struct reader r = { .t = t, .findings = findings };
    if (t == NULL || (t->arena = arena_new(ARENA_MAX)) == NULL || (t->name = arena_text(t->arena, name)) == NULL || !split_lines(&r, text, len))
        return err_set(reterr, E_MEMORY, "no memory for reading %s", name);
    read_text(&r, text, len);
    if (r.no_memory || mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for reading %s", name);
    if (r.bad)
        return err_set(reterr, E_CHARTER, "%s cannot be read", name);
    *ret = TAKE(t);
    return OK;
}

enum code source_read(const char *path, struct buf *ret, struct err *reterr) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT ? err_set(reterr, E_NOT_FOUND, "%s does not exist", path) : err_errno(reterr, errno, "%s cannot be opened", path);
    enum code code = OK;
    char piece[16384];
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        code = err_set(reterr, E_IO, "%s is a directory: name a file", path);
    while (code == OK) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            code = err_errno(reterr, errno, "%s cannot be read", path);
        else if (n > 0)
            buf_add(ret, piece, (size_t)n);
        if (ret->failed)
            code = err_set(reterr, E_TOO_LARGE, "%s has more than %zu MiB: divide it", path, ret->max >> 20);
    }
    close(fd);
    return code;
}

enum code tree_load(const char *path, struct findings *findings, struct tree **ret, struct err *reterr) {
    PRE(path != NULL);
    AUTO(buf_done) struct buf text = BUF(TREE_BYTES_MAX);
    enum code code = source_read(path, &text, reterr);
    return code == OK ? tree_parse(path, buf_str(&text), text.len, findings, ret, reterr) : code;
}
