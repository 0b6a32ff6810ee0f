/* lint_texts.c — what a service that speaks several languages says in fewer of them: texts that are not given by language,
 * translations that are missing, and names that neither the charter nor sejf has a word for. Notes, not traps: such a text is
 * shown as written. */
#include <string.h>

#include "charter/build.h"
#include "charter/findings.h"
#include "charter/labels.h"
#include "charter/lint_parts.h"
#include "charter/render.h"
#include "charter/spoken.h"

static const char *const languages[LANG_COUNT] = { "English", "Polish", "Hungarian" };

static bool speaks_one(unsigned speaks) { return (speaks & (speaks - 1)) == 0; }

static void say_languages(unsigned set, struct buf *ret) {
    struct list list = { 0 };
    for (int l = 0; l < LANG_COUNT; l++)
        if ((set >> l & 1) != 0)
            list.item[list.count++] = languages[l];
    render_list(&list, false, false, LANG_EN, ret);
}

static void texts(struct lint *l, unsigned speaks) {
    for (size_t i = 0; i < tree_nodes(l->tree); i++) {
        const struct node *n = tree_node(l->tree, i);
        const struct said *s = &l->charter->said[i];
        if (s->form == FORM_NONE || (key_spec(s->key)->flags & FLAG_SPOKEN) == 0)
            continue;
        AUTO(buf_done) struct buf missing = BUF(256);
        say_languages(n->type == NODE_MAP ? speaks & ~spoken_langs(n) : speaks, &missing);
        if (n->type == NODE_MAP && missing.len > 0)
            finding_node(l->findings, l->tree, FINDING_NOTE, "translation", n, NULL, "The service speaks %s too, and this text does not: it is shown as `%s` there", buf_str(&missing), spoken_text(n));
        else if (n->type == NODE_SCALAR)
            finding_node(l->findings, l->tree, FINDING_NOTE, "translation", n, NULL, "The service speaks %s, and this text is shown as written in each: give it by language, such as {en: …, pl: …, hu: …}", buf_str(&missing));
        l->failed = l->failed || missing.failed;
    }
}

#define NAMES_MAX 100u                        /* that are told one by one */

/* A name that people read: of a kind that they meet, and of those who meet it. */
static void name_without_label(struct lint *l, const struct kind *k, const char *name, struct pos pos, size_t *told) {
    if (label_find(l->charter, k, name, LANG_EN) == NULL && (*told)++ < NAMES_MAX)
        finding_add(l->findings, l->tree, FINDING_NOTE, "label", pos, (int)strlen(name), NULL,
                    "`%s` has no label, so people read it as written in every language: add one under `labels`", name);
}

static void names(struct lint *l) {
    const struct charter *c = l->charter;
    const struct kind *kinds;
    const struct person *people;
    size_t count = charter_kinds(c, &kinds), n = charter_people(c, &people), told = 0;
    for (size_t i = 0; i < n; i++)
        if (!people[i].builtin)
            name_without_label(l, NULL, people[i].name, people[i].pos, &told);
    for (size_t i = 0; i < count; i++) {
        const struct kind *k = &kinds[i];
        name_without_label(l, k, k->name, k->pos, &told);
        for (size_t f = 0; f < k->field_count; f++) {
            name_without_label(l, k, k->fields[f].name, k->fields[f].pos, &told);
            for (size_t o = 0; o < k->fields[f].option_count; o++)
                name_without_label(l, k, k->fields[f].options[o], k->fields[f].pos, &told);
        }
    }
    if (told > NAMES_MAX)
        finding_key(l->findings, l->tree, FINDING_NOTE, "label", lint_get(l, "records", NULL), NULL, "%zu more names have no label", told - NAMES_MAX);
}

void lint_texts(struct lint *l) {
    unsigned speaks = charter_speaks(l->charter);
    if (speaks_one(speaks))
        return;
    texts(l, speaks);
    names(l);
}
