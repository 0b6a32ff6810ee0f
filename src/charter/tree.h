/* tree.h — a strict subset of YAML as a tree in which every node knows its place in the file.
 * Every scalar is a string on one line; maps and lists; no anchors, aliases, tags, block scalars, second documents.
 * Mistakes go to findings (all that can be found in one run). Charters, sejf.yaml and lints stand on it.
 * Ownership: tree_parse gives, tree_free takes back; nodes and texts belong to the tree. Immutable once made,
 * so threads may share it. */
#pragma once
#include "charter/findings.h"

#define TREE_BYTES_MAX (8u << 20)
#define TREE_LINE_MAX 4096                    /* bytes in one line */
#define TREE_NODES_MAX 400000u
#define TREE_DEPTH_MAX 8

enum node_type { NODE_SCALAR, NODE_MAP, NODE_LIST };
struct node {
    enum node_type type;
    int index;                                /* 0 … tree_nodes() - 1, in the order of the file: for tables beside the tree */
    struct pos pos; int width;                /* of the value, in characters; of a map or list: its first item */
    const char *text;                         /* scalar: never NULL ("" when nothing stands there); else NULL */
    bool quoted, flow;                        /* '…' or "…"; { } or [ ] */
    const char *key;                          /* in a map, else NULL */
    struct pos key_pos; int key_width;
    const struct node *parent, *first, *next; /* children in the order of the file */
    size_t count;                             /* children */
};
struct tree;

/* E_CHARTER when the text is not in the subset (then *ret is untouched and findings say why). `name` stands in
 * findings; text need not be terminated. The top must be a map. */
MUST_USE enum code tree_parse(const char *name, const char *text, size_t len, struct findings *findings, struct tree **ret, struct err *reterr);
/* Reads the file first; E_IO, E_NOT_FOUND, E_TOO_LARGE for the file itself. */
MUST_USE enum code tree_load(const char *path, struct findings *findings, struct tree **ret, struct err *reterr);
/* A file of text, appended: E_TOO_LARGE above what *ret still takes. */
MUST_USE enum code source_read(const char *path, struct buf *ret, struct err *reterr);
struct tree *tree_free(struct tree *t);
DEFINE_AUTO(struct tree, tree_free)

const char *tree_name(const struct tree *t);
const struct node *tree_root(const struct tree *t);
const struct node *tree_node(const struct tree *t, size_t index);
size_t tree_nodes(const struct tree *t);
int tree_lines(const struct tree *t);
const char *tree_line(const struct tree *t, int line);          /* the source line, from 1; "" outside */
const char *tree_comment(const struct tree *t, int line);       /* behind the value or key of that line, without '#' and spaces; NULL: none, or nothing else stands there */
const char *tree_source(const struct tree *t, size_t *ret_len); /* the whole text */

const struct node *node_get(const struct node *map, const char *key);   /* NULL when absent or not a map; linear */
/* "records.visit.keep"; items of lists by number ("claims.0"). In buf; returns its text. */
const char *node_path(const struct node *n, struct buf *ret);
int node_line(const struct node *n);          /* of the key if there is one, else of the value */
