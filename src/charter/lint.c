/* lint.c — what the topics share, and their order. Findings sort themselves by place. */
#include "charter/lint_parts.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "charter/spoken.h"

#define TEXT_MAX 16384

const struct node *lint_get(const struct lint *l, const char *section, const char *key) {
    const struct node *n = node_get(tree_root(l->tree), section);
    return n == NULL || key == NULL ? n : node_get(n, key);
}

const char *lint_text(const struct node *n) {
    const char *text = spoken_text(n);
    return text != NULL ? text : "";
}

const char *lint_fold(struct lint *l, const char *text, struct buf *ret) {
    buf_cut(ret, 0);
    if (!text_fold(text, strlen(text), ret) || ret->failed) {
        l->failed = true;
        return "";
    }
    return buf_str(ret);
}

void lint_trap(struct lint *l, const char *id, const struct node *at, const char *fmt, ...) {
    struct buf text = BUF(TEXT_MAX);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    l->failed = l->failed || text.failed;
    finding_node(l->findings, l->tree, FINDING_TRAP, id, at, NULL, "%s", buf_str(&text));
    buf_done(&text);
}

static bool in_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '%' || (unsigned char)c >= 0x80; }

/* Where the words of the phrase end when they stand at `at`, which is the beginning of a word; NULL: they do not. */
static const char *phrase_at(const char *at, const char *phrase) {
    for (;;) {
        while (in_word(*phrase) && *phrase == *at) {
            phrase++;
            at++;
        }
        if (*phrase == '~') {
            phrase++;
            while (in_word(*at))
                at++;
        }
        if (in_word(*phrase) || in_word(*at))
            return NULL;
        if (*phrase == '\0')
            return at;
        phrase++;                                     /* the space between two words */
        while (*at != '\0' && !in_word(*at))
            at++;
    }
}

bool phrase_in(const char *folded, const char *phrase) {
    for (const char *at = folded; *at != '\0';) {
        if (in_word(*at) && phrase_at(at, phrase) != NULL)
            return true;
        while (in_word(*at))
            at++;
        while (*at != '\0' && !in_word(*at))
            at++;
    }
    return false;
}

const char *phrase_of(const char *folded, const char *const *phrases) {
    for (; *phrases != NULL; phrases++)
        if (phrase_in(folded, *phrases))
            return *phrases;
    return NULL;
}

bool has_digit(const char *text) { return text[strcspn(text, "0123456789")] != '\0'; }

bool sentence_span(const char *text, const char *word, struct span *ret) {
    size_t len = strlen(word);
    for (const char *at = text; at != NULL; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (strncmp(at, word, len) == 0 && at[len] == ' ') {
            char span[64];
            size_t n = strcspn(at + len + 1, ",");
            if (n >= sizeof span)
                return false;
            memcpy(span, at + len + 1, n);
            span[n] = '\0';
            return span_parse(span, ret);
        }
        if (*at == '\0')
            return false;
    }
    return false;
}

enum code lint_charter(const struct charter *c, const char *today, struct findings *findings, struct err *reterr) {
    PRE(c != NULL && today != NULL && findings != NULL && reterr != NULL);
    size_t lost = mem_lost();
    struct lint l = { .charter = c, .tree = charter_tree(c), .today = today, .findings = findings };
    lint_claims(&l);
    lint_lines(&l);
    lint_keeping(&l);
    lint_texts(&l);
    lint_accounts(&l);
    lint_messages(&l);
    return l.failed || mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory to lint %s", charter_file(c)) : OK;
}

enum code lint_file(const char *path, const char *today, struct findings *findings, struct charter **ret, struct err *reterr) {
    PRE(path != NULL && ret != NULL);
    AUTO(charter_free) struct charter *charter = NULL;
    enum code code = charter_load(path, findings, &charter, reterr);
    if (code == OK)
        code = lint_charter(charter, today, findings, reterr);
    if (code == OK)
        *ret = TAKE(charter);
    return code;
}
