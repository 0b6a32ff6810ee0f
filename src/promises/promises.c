/* promises.c — invariant: one promise for each line of the charter, in its order. */
#include "promises/promises.h"

#include <string.h>

#include "base/arena.h"
#include "promises/seeds.h"

struct promises { struct arena *arena; struct promise *list; size_t count; };

static const struct { const char *name; struct words words; } states[PROMISE_STATES] = {
    [PROMISE_KEPT] = { "kept", WORDS("kept", "dotrzymana", "megtartva") },
    [PROMISE_BROKEN] = { "broken", WORDS("broken", "złamana", "megszegve") },
    [PROMISE_LATER] = { "not kept yet", WORDS("not kept yet", "jeszcze niewdrożona", "még nincs megtartva") },
    [PROMISE_UNPROVED] = { "not proved yet", WORDS("not proved yet", "jeszcze niesprawdzona", "még nincs bizonyítva") },
    [PROMISE_EVIDENCE_NEEDED] = { "evidence needed", WORDS("evidence needed", "potrzebny dowód", "igazolás szükséges") },
    [PROMISE_EVIDENCED] = { "evidenced", WORDS("evidenced", "potwierdzona dokumentem", "irattal igazolva") },
    [PROMISE_EXPIRED] = { "evidence expired", WORDS("evidence expired", "dowód wygasł", "az igazolás lejárt") },
    [PROMISE_DATED] = { "due later", WORDS("due later", "na później", "későbbre ígérve") },
    [PROMISE_OVERDUE] = { "overdue", WORDS("overdue", "po terminie", "lejárt határidejű") },
    [PROMISE_TEXT] = { "said", WORDS("said on this page", "podana na tej stronie", "ezen az oldalon közölve") },
};

const char *promise_state_name(enum promise_state s) { return states[s].name; }
const char *promise_state_word(enum promise_state s, enum lang lang) { return states[s].words.in[lang]; }

static const struct proof *proof_of(const struct proof *proofs, size_t count, const char *rule) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(proofs[i].rule, rule) == 0)
            return &proofs[i];
    return NULL;
}

/* A line that several rules keep stands as its weakest rule: broken, then not kept yet, then never proved. Its time is
 * that of the oldest proof. */
static void state_by_rules(struct promise *p, const struct proof *proofs, size_t count) {
    bool broken = false, later = false, unproved = false;
    for (size_t i = 0; i < p->line->rule_count; i++) {
        const struct proof *proof = proof_of(proofs, count, rule_name(p->line->rules[i]));
        later |= rule_state(p->line->rules[i]) == LATER;
        unproved |= proof == NULL;
        if (proof == NULL)
            continue;
        if (p->proved == 0 || proof->at < p->proved || (!proof->kept && !broken)) {
            p->proved = proof->at;
            p->detail = proof->detail == NULL ? "" : proof->detail;
        }
        broken |= !proof->kept;
    }
    p->state = broken ? PROMISE_BROKEN : later ? PROMISE_LATER : unproved ? PROMISE_UNPROVED : PROMISE_KEPT;
    if (p->state == PROMISE_LATER || p->state == PROMISE_UNPROVED) {
        p->proved = 0;
        p->detail = "";
    }
}

/* A line of evidence with a date counts until that day has ended; one with an interval only needs its paper,
 * which nobody can hand in before the registers stand: it is needed, and says so. */
static void state_by_evidence(struct promise *p, const struct charter *c, const char *today) {
    const struct evidence *list;
    size_t n = charter_evidence(c, &list);
    const char *by = charter_promised_by(c, p->line->pos.line);
    if (by != NULL) {                          /* promised for later: due on that day still */
        p->until = by;
        p->state = strcmp(by, today) < 0 ? PROMISE_OVERDUE : PROMISE_DATED;
        return;
    }
    p->state = PROMISE_EVIDENCE_NEEDED;
    for (size_t i = 0; i < n; i++)
        if (list[i].pos.line == p->line->pos.line && list[i].until != NULL) {
            p->until = list[i].until;
            p->state = strcmp(list[i].until, today) < 0 ? PROMISE_EXPIRED : PROMISE_EVIDENCED;
        }
}

enum code promises_list(const struct charter *c, const struct proof *proofs, size_t proof_count, const char *today,
                        struct promises **ret, struct err *reterr) {
    const struct line *lines;
    size_t n = charter_lines(c, &lines);
    struct arena *arena = arena_new(64u << 20);
    struct promises *p = arena == NULL ? NULL : arena_get(arena, sizeof *p);
    struct promise *list = p == NULL ? NULL : arena_array(arena, n + 1, sizeof *list);
    if (list == NULL) {
        arena_free(arena);
        return err_set(reterr, E_MEMORY, "no memory for the list of promises");
    }
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct promise){ .line = &lines[i], .detail = "" };
        for (size_t k = 0; k < lines[i].id_count && list[i].sentence == NULL; k++)
            list[i].sentence = seed_says(lines[i].ids[k], LANG_EN);
        if (lines[i].kind == LINE_EVIDENCE)
            state_by_evidence(&list[i], c, today);
        else if (lines[i].kind == LINE_TEXT || lines[i].rule_count == 0)
            list[i].state = PROMISE_TEXT;
        else
            state_by_rules(&list[i], proofs, proof_count);
    }
    *p = (struct promises){ .arena = arena, .list = list, .count = n };
    *ret = p;
    return OK;
}

size_t promises_all(const struct promises *p, const struct promise **ret) {
    *ret = p->list;
    return p->count;
}

size_t promises_count(const struct promises *p, enum promise_state state) {
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        n += p->list[i].state == state;
    return n;
}

struct promises *promises_free(struct promises *p) {
    if (p != NULL)
        arena_free(p->arena);
    return NULL;
}
