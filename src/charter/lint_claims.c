/* lint_claims.c — free sentences. Each is held against the rows of a table: what it speaks of, and whether the rest
 * of the charter makes it a trap. A sentence that no row knows is one that sejf can neither keep nor check (T15).
 * What other lines say in words (evidence, what is promised for later) is looked at for superlatives and old terms. */
#include "charter/lint_parts.h"

#include <string.h>

struct claim { const char *text, *folded; };

/* English, Polish and Hungarian, folded. */
static const char *const denies[] = { "not", "no", "nor", "never", "neither", "without", "don t", "nie", "nigdy", "zadnych", "nem", "soha", NULL };
static const char *const personal[] = { "personal data", "personal information", "sensitive data", "sensitive personal data", "card data", "financial information",
    "danych osobowych", "szemelyes adatot", "szemelyes adatokat", NULL };
static const char *const collects[] = { "collect~", "gather~", "read", "receive~", "zbiera~", "gyujt~", NULL };
static const char *const handles[] = { "process~", "hold~", "store~", "keep~", "collect~", "gather~", "przetwarza~", "przechowuje~", "kezel~", "tarol~", NULL };
static const char *const vague[] = { "necessary time", "time necessary", "as long as necessary", "as long as needed", "longer than necessary", "necessary period",
    "required period", "appropriate period", "limited time", "niezbedny czas", "niezbedny okres", "tak dlugo jak", "szukseges ideig", NULL };
static const char *const anonymous[] = { "anonymis~", "anonymiz~", "anonymous~", "anonim~", NULL };
static const char *const tracking[] = { "analytics", "cookie~", "pixel~", "visit~", "statistic~", "ciasteczk~", "sutik", NULL };
static const char *const deletes[] = { "delete~", "erase~", "remove~", "usuwa~", "torol~", NULL };
static const char *const obsolete[] = { "high level", "abi", "information security administrator", "periodic password change", "periodic change of passwords",
    "change passwords~", "poziomie wysokim", "wysokim poziomie", "administrator bezpieczenstwa informacji", NULL };
static const char *const superlative[] = { "full protection", "full security", "fully", "complete~ protect~", "complete~ secur~", "completely", "absolute~",
    "100 %", "100%", "maximum", "maximal", "impossible", "top quality", "highest", "best", "perfect~", "total protection", "total security", "extremely",
    "unbreakable", "always secure", "guarantee~ security", "pelne bezpieczenstwo", "pelna ochrone", "maksymaln~", "calkowit~", "niemozliw~", "najwyzsz~",
    "teljes biztonsag~", "maximalis~", "lehetetlen", "legmagasabb", NULL };
static const char *const approved[] = { "accepted by", "recognised by", "recognized by", "approved by", "endorsed by", "certified by", "akceptowany przez",
    "uznany przez", "elfogadott", "elismert", NULL };

static bool says(const struct claim *c, const char *const *phrases) { return phrase_of(c->folded, phrases) != NULL; }
static bool denies_personal(const struct claim *c) { return says(c, denies) && says(c, personal); }

/* What a sentence speaks of. */
static bool on_devices(const struct lint *l, const struct claim *c) {
    return lint_get(l, "devices", NULL) != NULL && denies_personal(c) && says(c, collects);
}
static bool on_no_personal_data(const struct lint *l, const struct claim *c) { return denies_personal(c) && says(c, handles) && !on_devices(l, c); }
static bool on_time(const struct lint *l UNUSED, const struct claim *c) { return says(c, vague); }
static bool on_masking(const struct lint *l, const struct claim *c) { return lint_get(l, "masks", NULL) != NULL && says(c, anonymous); }
static bool on_footnote(const struct lint *l UNUSED, const struct claim *c) {
    size_t len = strlen(c->text);
    while (len > 0 && strchr(" .", c->text[len - 1]) != NULL)
        len--;
    return len > 1 && c->text[len - 1] == '*';
}
static bool on_update(const struct lint *l UNUSED, const struct claim *c) {
    return phrase_in(c->folded, "last updated") || phrase_in(c->folded, "ostatnia aktualizacja") || phrase_in(c->folded, "utolso frissites");
}
static bool on_never_deleting(const struct lint *l UNUSED, const struct claim *c) { return says(c, denies) && says(c, deletes); }
static bool on_anonymous_visits(const struct lint *l UNUSED, const struct claim *c) { return says(c, anonymous) && says(c, tracking); }
static bool on_old_rules(const struct lint *l UNUSED, const struct claim *c) { return says(c, obsolete); }
static bool on_superlative(const struct lint *l UNUSED, const struct claim *c) { return says(c, superlative); }
static bool on_approval(const struct lint *l UNUSED, const struct claim *c) { return says(c, approved); }

/* Whether the rest of the charter makes a trap of it. */
static bool always(const struct lint *l UNUSED, const struct claim *c UNUSED) { return true; }
static bool without_number(const struct lint *l UNUSED, const struct claim *c) { return !has_digit(c->text); }
static bool devices_refuse_nothing(const struct lint *l, const struct claim *c UNUSED) {
    const struct node *refuse = lint_get(l, "devices", "refuse"), *say = lint_get(l, "devices", "say");
    return refuse == NULL || refuse->count == 0 || say == NULL || say->count == 0;
}
static bool holds_personal(const struct lint *l, const struct claim *c UNUSED) {
    const struct kind *kinds;
    size_t count = charter_kinds(l->charter, &kinds);
    for (size_t i = 0; i < count; i++)
        if (kinds[i].personal)
            return true;
    return false;
}
static bool erases_by_itself(const struct lint *l, const struct claim *c UNUSED) {
    const struct kind *kinds;
    size_t count = charter_kinds(l->charter, &kinds);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < kinds[i].part_count; p++)
            if (kinds[i].parts[p].keep.type == KEEP_SPAN)
                return true;
    return false;
}
static bool footnote_missing(const struct lint *l, const struct claim *c UNUSED) {
    const struct node *claims = lint_get(l, "claims", NULL);
    for (const struct node *n = claims == NULL ? NULL : claims->first; n != NULL; n = n->next)
        if (lint_text(n)[0] == '*')
            return false;
    return true;
}

static const struct claim_row {
    const char *trap;
    bool (*speaks)(const struct lint *l, const struct claim *c);
    bool (*wrong)(const struct lint *l, const struct claim *c);
    const char *text;
} rows[] = {
    { "T2", on_no_personal_data, holds_personal, "the sentence denies personal data, and kinds of this charter have personal fields; drop it: sejf "
      "makes the true sentence from `we_are`" },
    { "T3", on_time, without_number, "\"necessary\" is no length of time; say a number in the line that keeps it, such as `logs: kept 30 days`" },
    { "T7", on_masking, always, "a mask hides an address, it does not make it anonymous: the domain stays, and the person can be told by it; call it masking" },
    { "T8", on_footnote, footnote_missing, "the mark * points to a note that does not exist; add the note as a claim that begins with *, or drop the mark" },
    { "T8", on_update, without_number, "\"last updated\" has no date; drop the sentence: the line `updated` is shown on the page" },
    { "T9", on_never_deleting, erases_by_itself, "the sentence says that nothing is deleted, and kinds of this charter are erased by themselves; say it for "
      "each kind: `keep: until the … deletes it`" },
    { "T14", on_devices, devices_refuse_nothing, "the sentence is true only if devices cannot send such data; list what they `say` and what sejf has to `refuse` under `devices`" },
    { "T15", on_approval, always, "a body \"accepts\" or \"recognises\" nobody: put the paper under `evidence`, with its kind, scope, auditor and dates, or drop the sentence" },
    { "T16", on_anonymous_visits, always, "data with a cookie of somebody else is not anonymous; name the recipient under `processors` with its hosts, and let the "
      "cookie wait for consent under `cookies`" },
    { "T17", on_old_rules, always, "the term comes from the Polish regulation of 2004 that was repealed on 6 February 2019; name the measure or the data protection officer instead" },
    { "T19", on_superlative, always, "nobody can prove a superlative; drop it: the page shows each line with the time of its last proof" },
};

static void lint_claim(struct lint *l, const struct node *n, struct buf *scratch) {
    struct claim c = { .text = lint_text(n), .folded = lint_fold(l, lint_text(n), scratch) };
    bool known = c.text[0] == '*';                    /* the target of a footnote */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].speaks(l, &c))
            continue;
        known = true;
        if (rows[i].wrong(l, &c))
            lint_trap(l, rows[i].trap, n, "%s", rows[i].text);
    }
    if (!known)
        lint_trap(l, "T15", n, "sejf cannot say what this sentence promises; write it as a line of the charter, as evidence, or drop it");
}

/* Words of lines that are free text but no claims. */
static void lint_word(struct lint *l, const struct node *what, struct buf *scratch) {
    struct claim c = { .text = lint_text(what), .folded = lint_fold(l, lint_text(what), scratch) };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((rows[i].speaks == on_superlative || rows[i].speaks == on_old_rules || rows[i].speaks == on_masking) && rows[i].speaks(l, &c))
            lint_trap(l, rows[i].trap, what, "%s", rows[i].text);
}

/* A text, or each of its languages: a trap may stand in one of them. */
static void each_language(struct lint *l, const struct node *n, void (*look)(struct lint *l, const struct node *n, struct buf *scratch), struct buf *scratch) {
    if (n != NULL && n->type == NODE_MAP)
        for (const struct node *in = n->first; in != NULL; in = in->next)
            look(l, in, scratch);
    else if (n != NULL)
        look(l, n, scratch);
}

static void lint_words(struct lint *l, const char *section, const char *key, struct buf *scratch) {
    const struct node *list = lint_get(l, section, NULL);
    for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next)
        each_language(l, node_get(n, key), lint_word, scratch);
}

void lint_claims(struct lint *l) {
    struct buf scratch = BUF(1 << 16);
    const struct node *claims = lint_get(l, "claims", NULL);
    for (const struct node *n = claims == NULL ? NULL : claims->first; n != NULL; n = n->next)
        each_language(l, n, lint_claim, &scratch);
    lint_words(l, "evidence", "what", &scratch);
    lint_words(l, "promised_for", "what", &scratch);
    lint_words(l, "processors", "for", &scratch);
    buf_done(&scratch);
}
