/* explain.c — one template for each form of sentence and language (says.tbl). */
#include "charter/explain.h"

#include <string.h>

#include "charter/render.h"

static const struct words says[FORM_COUNT] = {
#define SAYS(form, en, pl, hu) [FORM_##form] = WORDS(en, pl, hu),
#include "charter/says.tbl"
#undef SAYS
};

static size_t index_of(const struct charter *c, const struct line *line) {
    size_t i = (size_t)(line - c->lines);
    PRE(i < c->line_count);
    return i;
}

void explain_line(const struct charter *c, const struct line *line, enum lang lang, struct buf *ret) {
    const struct node *n = c->line_nodes[index_of(c, line)];
    const char *template = says[c->said[n->index].form].in[lang];
    PRE(template != NULL);
    render(c, n, template, lang, ret);
}

static void explain_rules(const struct line *l, probe_words probes, struct buf *ret) {
    for (size_t i = 0; i < l->rule_count; i++) {
        const char *probe = probes != NULL ? probes(l->rules[i]) : NULL;
        buf_printf(ret, "  rule   %s%s: %s\n", rule_name(l->rules[i]), rule_state(l->rules[i]) == OBEYED ? "" : " (not kept yet)", rule_says(l->rules[i]));
        if (probe != NULL)
            buf_printf(ret, "  probe  %s\n", probe);
    }
    if (l->kind == LINE_EVIDENCE)
        buf_text(ret, "  paper  kept by people, with a date\n");
    if (l->kind == LINE_TEXT)
        buf_text(ret, "  text   kept by being said\n");
}

void explain_charter(const struct charter *c, unsigned langs, probe_words probes, struct buf *ret) {
    for (size_t i = 0; i < c->line_count; i++) {
        const struct line *l = &c->lines[i];
        buf_printf(ret, "%s%s  (line %d)\n", i > 0 ? "\n" : "", l->path, l->pos.line);
        if (l->text[0] != '\0')
            buf_printf(ret, "  says   %s\n", l->text);
        for (int lang = 0; lang < LANG_COUNT; lang++)
            if ((langs >> lang & 1) != 0) {
                buf_printf(ret, "  %-6s ", lang_code((enum lang)lang));
                explain_line(c, l, (enum lang)lang, ret);
                buf_char(ret, '\n');
            }
        explain_rules(l, probes, ret);
        for (size_t k = 0; k < l->id_count; k++)
            buf_printf(ret, "%s%s%s", k == 0 ? "  ids    " : ", ", l->ids[k], k + 1 == l->id_count ? "\n" : "");
    }
}

size_t explain_later(const struct charter *c, struct buf *ret) {
    size_t count = 0;
    for (size_t i = 0; i < c->line_count; i++) {
        const struct line *l = &c->lines[i];
        if (l->kind != LINE_RULE || l->detail || rule_state(l->rule) == OBEYED)
            continue;
        buf_printf(ret, "%s:%d: not kept yet: %s%s%s (%s)\n", tree_name(c->tree), l->pos.line, l->path, l->text[0] != '\0' ? ": " : "", l->text, rule_name(l->rule));
        count++;
    }
    return count;
}
