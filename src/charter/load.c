/* load.c — the steps from a file to the frozen model, in order. */
#include <string.h>

#include "base/mem.h"
#include "charter/build.h"
#include "crypto/crypto.h"

#define ARENA_MAX (512u << 20)

struct charter *charter_free(struct charter *c) {
    if (c != NULL) {
        zone_free(c->zone);
        tree_free(c->tree);
        arena_free(c->arena);
    }
    return mem_free(c);
}

static void run_steps(struct build *b) {
    static void (*const steps[])(struct build *b) = {
        build_head, build_kinds, build_kind_keys, build_consents, build_keeps, build_limits, build_grants, build_accounts, build_messages, build_reminded, build_sending, build_sms, build_leaves, build_sections, build_masks, build_checks, build_labels, build_lines,
    };
    for (size_t i = 0; i < ARRAY_LEN(steps) && !b->no_memory; i++) {
        steps[i](b);
        b->no_memory |= arena_overflowed(b->c->arena);
    }
}

/* Takes the tree over. */
static enum code from_tree(struct tree *tree, struct findings *findings, struct charter **ret, struct err *reterr) {
    size_t lost = mem_lost();
    AUTO(charter_free) struct charter *c = mem_new(sizeof *c);
    if (c == NULL) {
        tree_free(tree);
        return err_set(reterr, E_MEMORY, "no memory for a charter");
    }
    c->tree = tree;
    c->arena = arena_new(ARENA_MAX);
    if (c->arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a charter");
    struct build b = { .c = c, .findings = findings };
    enum code code = grammar_read(tree, findings, c->arena, &c->said, &b.bad, reterr);
    if (code != OK)
        return code;
    run_steps(&b);
    if (b.no_memory || mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for the charter %s", tree_name(tree));
    size_t errors = findings_count(findings, FINDING_ERROR);
    if (b.bad)
        return err_set(reterr, E_CHARTER, "%s has %zu mistake%s: `sejf check` shows each with its line", tree_name(tree), errors, errors == 1 ? "" : "s");
    if ((code = crypto_init(reterr)) != OK)   /* charters are loaded before threads start; a second call does nothing */
        return code;
    size_t len;
    const char *source = tree_source(tree, &len);
    hash_sha256(source, len, c->hash);
    *ret = TAKE(c);
    return OK;
}

enum code charter_load_text(const char *name, const char *text, size_t len, struct findings *findings, struct charter **ret, struct err *reterr) {
    PRE(name != NULL && text != NULL && findings != NULL && ret != NULL && reterr != NULL);
    struct tree *tree = NULL;
    enum code code = tree_parse(name, text, len, findings, &tree, reterr);
    return code == OK ? from_tree(tree, findings, ret, reterr) : code;
}

enum code charter_load(const char *path, struct findings *findings, struct charter **ret, struct err *reterr) {
    PRE(path != NULL && findings != NULL && ret != NULL && reterr != NULL);
    struct tree *tree = NULL;
    enum code code = tree_load(path, findings, &tree, reterr);
    return code == OK ? from_tree(tree, findings, ret, reterr) : code;
}
