/* spoken.c — texts by language, as they stand in the tree. */
#include "charter/spoken.h"

#include <string.h>

static bool is_language(const struct node *n, enum lang *ret) {
    return n->key != NULL && strlen(n->key) == 2 && n->text != NULL && *n->text != '\0' && lang_parse(n->key, 2, ret);
}

bool spoken_words(const struct node *n, struct words *ret) {
    struct words w = { { NULL } };
    const char *first = NULL;
    enum lang lang;
    if (n != NULL && n->type == NODE_SCALAR)
        first = n->text;
    for (const struct node *c = n != NULL && n->type == NODE_MAP ? n->first : NULL; c != NULL; c = c->next) {
        if (!is_language(c, &lang))
            return false;
        first = first != NULL ? first : c->text;
        w.in[lang] = c->text;
    }
    if (first == NULL)
        return false;
    for (int l = 0; l < LANG_COUNT; l++)
        ret->in[l] = w.in[l] != NULL ? w.in[l] : w.in[LANG_EN] != NULL ? w.in[LANG_EN] : first;
    return true;
}

const char *spoken_in(const struct node *n, enum lang lang) {
    struct words w;
    return spoken_words(n, &w) ? w.in[lang] : NULL;
}

const char *spoken_text(const struct node *n) { return spoken_in(n, LANG_EN); }

unsigned spoken_langs(const struct node *n) {
    unsigned set = 0;
    enum lang lang;
    for (const struct node *c = n->type == NODE_MAP ? n->first : NULL; c != NULL; c = c->next)
        if (is_language(c, &lang))
            set |= 1u << lang;
    return n->type == NODE_SCALAR ? 1u << LANG_EN : set;
}
