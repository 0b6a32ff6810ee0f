/* sections.c — sections without a structure of their own: the names in them must resolve, their values make sense. */
#include <string.h>

#include "base/text.h"
#include "charter/build.h"

/* Every person that any sentence names, wherever it stands. Moves and grants have told of theirs. */
static void check_people(struct build *b) {
    const struct charter *c = b->c;
    for (size_t i = 0; i < tree_nodes(c->tree); i++) {
        const struct said *s = &c->said[i];
        const struct node *n = tree_node(c->tree, i);
        for (size_t k = 0; k < s->count; k++) {
            size_t state = 0;
            int at, width;
            if (s->list[k].type != C_PERSON || s->form == FORM_MOVE)
                continue;
            const char *name = capture_next(&s->list[k], c->arena, &state, &at, &width);
            if (name != NULL)
                (void)resolve_person(b, n, name, at, width);
        }
    }
}

static void check_sign_in(struct build *b, const struct node *map) {
    if (map == NULL || map->type != NODE_MAP)
        return;
    for (const struct node *n = map->first; n != NULL; n = n->next) {
        const struct capture *length = build_capture(b, n, "length");
        (void)resolve_person(b, n, n->key, -1, 0);
        if (length != NULL && (capture_int(length) < 8 || capture_int(length) > 128))
            complain_at(b, "password-length", n, length->at, length->width, NULL, "A password has 8 to 128 characters: say a number between them");
    }
}

static void check_codes(struct build *b, const struct node *n) {
    const struct capture *c = build_capture(b, n, "codes");
    size_t state = 0, count = 0;
    const char *seen[300];
    int at, width;
    if (c == NULL)
        return;
    for (const char *code; count < ARRAY_LEN(seen) && (code = capture_next(c, b->c->arena, &state, &at, &width)) != NULL;) {
        for (size_t i = 0; i < count; i++)
            if (strcmp(seen[i], code) == 0)
                complain_at(b, "named-twice", n, at, width, NULL, "The code %s stands here twice: once is enough", code);
        seen[count++] = code;
    }
}

/* ISO 3166 codes, and EU for a statement about the whole of it. */
static const char countries[] =
    " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY"
    " CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS"
    " IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG"
    " NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ"
    " TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW ";

static void check_country(struct build *b, const struct node *n) {
    const struct capture *c = build_capture(b, n, "country");
    char word[6] = " XX ";
    if (c == NULL || strlen(c->text) != 2)
        return;
    memcpy(word + 1, c->text, 2);
    if (strstr(countries, word) == NULL)
        complain_at(b, "unknown-country", n, c->at, c->width, strcmp(c->text, "UK") == 0 ? "GB" : NULL, "No country has the code %s: write a code of ISO 3166 such as PL", c->text);
}

/* from … to … in this order. */
static void check_agreement(struct build *b, const struct node *n) {
    const struct capture *from = build_capture(b, n, "from"), *to = build_capture(b, n, "to");
    if (from != NULL && to != NULL && strcmp(from->text, to->text) >= 0)
        complain_at(b, "dates-turned", n, to->at, to->width, NULL, "The agreement ends before it begins: mend the dates");
}

static void check_gap(struct build *b, const struct node *n) {
    const struct capture *c = build_capture(b, n, "what");
    int kind, field;
    if (c != NULL)
        (void)resolve_path(b, n, c, &kind, &field);
}

static void check_stars(struct build *b, const struct node *n) {
    const struct capture *c = build_capture(b, n, "stars");
    if (c != NULL && capture_int(c) != 10)
        complain_at(b, "mask-stars", n, c->at, c->width, NULL, "A mask has ten stars, whatever it hides: write `first letter and 10 stars`");
}

static void check_share(struct build *b, const struct node *n) {
    const struct capture *c = build_capture(b, n, "share");
    if (c != NULL && strlen(c->text) > 2 && (strncmp(c->text, "100", 3) == 0 ? strspn(c->text + 3, ".0") != strlen(c->text + 3) : strcspn(c->text, ".") > 2))
        complain_at(b, "share", n, c->at, c->width, NULL, "A share of time is at most 100 %%");
}

/* Checks by what a node was read as. */
static const struct { enum form_id form; void (*check)(struct build *b, const struct node *n); } checks[] = {
    { FORM_SMS_ONLY_TO, check_codes }, { FORM_OPERATOR_COUNTRY, check_country },
    { FORM_PROCESSOR_IN_ONE, check_country }, { FORM_PROCESSOR_COUNTRY, check_country }, { FORM_PROCESSOR_AGREEMENT, check_agreement },
    { FORM_GAP_WHAT, check_gap }, { FORM_MASKS_EMAIL, check_stars }, { FORM_AVAILABLE, check_share },
};

static void check_warns(struct build *b) {
    for (size_t i = 0; i < b->c->kind_count; i++) {
        const struct node *warn = node_get(b->work[i].node, "warn");
        const struct kind *k = &b->c->kinds[i];
        bool dated = false;
        for (size_t p = 0; p < k->part_count; p++)
            dated |= k->parts[p].keep.type == KEEP_SPAN;
        if (build_said(b, warn)->form != FORM_NONE && !dated && k->part_count > 0)
            complain(b, "nothing-due", warn, NULL, "Nothing of `%s` is erased by date, so there is nothing to warn of: leave `warn` out", k->name);
        const struct capture *c = build_capture(b, warn, "person");
        int who = k->warn.person;
        if (c != NULL && who >= 0 && (!charter_signs_in(b->c, who) || charter_public(b->c, who) || charter_operator_staff(b->c, who)))
            complain_at(b, "warn-nobody", warn, c->at, c->width, NULL, "`%s` has no account of the tenant's staff, so nobody can be told: name the tenant or somebody of its staff", b->c->people[who].name);
    }
}

static void build_evidence(struct build *b, const struct node *list) {
    struct charter *c = b->c;
    if (list == NULL || list->type != NODE_LIST)
        return;
    c->evidence = BUILD_NEW(b, struct evidence, list->count);
    for (const struct node *n = list->first; n != NULL && c->evidence != NULL; n = n->next) {
        if (n->type != NODE_MAP)
            continue;
        const struct node *until = node_get(n, "until"), *every = node_get(n, "every"), *last = node_get(n, "last");
        if (until == NULL && every == NULL)
            complain_key(b, "missing-key", n, NULL, "Evidence needs a date: write `until: DATE`, or `every: DURATION` with `last: DATE`");
        if (until != NULL && every != NULL)
            complain_key(b, "evidence-dates", every, NULL, "Evidence has `until` or `every`, not both: keep one of the two");
        if (last != NULL && every == NULL)
            complain_key(b, "evidence-dates", last, NULL, "`last` goes with `every`: say how often it is renewed");
        c->evidence[c->evidence_count++] = (struct evidence){ .what = build_text(b, node_get(n, "what"), "text"), .owner = build_text(b, node_get(n, "owner"), "text"),
            .until = build_text(b, until, "date"), .every = build_text(b, every, "span"), .last = build_text(b, last, "date"),
            .remind = build_text(b, node_get(n, "remind"), "span"), .pos = n->pos };
    }
}

void build_sections(struct build *b) {
    const struct node *root = tree_root(b->c->tree);
    check_people(b);
    check_sign_in(b, node_get(root, "sign_in"));
    check_warns(b);
    for (size_t i = 0; i < tree_nodes(b->c->tree); i++)
        for (size_t k = 0; k < ARRAY_LEN(checks); k++)
            if (b->c->said[i].form == checks[k].form)
                checks[k].check(b, tree_node(b->c->tree, i));
    const struct node *pools = node_get(node_get(root, "sending"), "pools");
    const struct capture *person = build_capture(b, pools, "person");
    if (person != NULL)
        (void)resolve_person(b, pools, person->text, person->at, person->width);
    build_evidence(b, node_get(root, "evidence"));
}

const char *charter_promised_by(const struct charter *c, int line) {
    const struct node *list = node_get(tree_root(c->tree), "promised_for");
    for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        const struct node *by = node_get(n, "by");
        if (n->pos.line == line && by != NULL)
            return by->text;
    }
    return NULL;
}
