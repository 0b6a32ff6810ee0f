/* accounts.c — people who sign in: how they do, how long a session lasts, what is given at levels, who manages accounts; copies
 * and windows. What the charter does not say has the defaults that charter.h names. */
#include <string.h>

#include "base/text.h"
#include "charter/build.h"
#include "charter/spoken.h"

static const char *const operators[] = { "support", "administrator", "security_officer" };
static const struct sign_in_rule usual = { .length = PASSWORD_LENGTH_LEAST };

/* ---- building ---- */

static void build_rules(struct build *b, const struct node *map) {
    struct charter *c = b->c;
    c->sign_in = BUILD_NEW(b, struct sign_in_rule, c->person_count);
    for (size_t i = 0; i < c->person_count && c->sign_in != NULL; i++)
        c->sign_in[i] = usual;
    for (const struct node *n = map != NULL && map->type == NODE_MAP ? map->first : NULL; n != NULL && c->sign_in != NULL; n = n->next) {
        int person = names_get(c->person_names, n->key);
        const struct capture *length = build_capture(b, n, "length"), *age = build_capture(b, n, "age");
        if (person < 0 || build_said(b, n)->form == FORM_NONE)
            continue;
        struct sign_in_rule r = usual;
        if (length != NULL && capture_int(length) > r.length)
            r.length = (int)capture_int(length);
        r.passkey = build_has(b, n, "passkey");
        r.second = r.passkey || build_has(b, n, "second");
        if (age != NULL && !capture_span(age, &r.changed))
            r.changed = (struct span){ 0 };
        c->sign_in[person] = r;
        c->signers |= (peopleset)1 << person;
    }
}

static void build_copies(struct build *b, const struct node *n) {
    const struct capture *count = build_capture(b, n, "count");
    b->c->copies = (struct copies_rule){ .people = 1 };
    if (count != NULL)
        b->c->copies = (struct copies_rule){ .a_day = (int)capture_int(count), .people = build_has(b, n, "two") ? 2 : 1,
                                             .watermark = build_has(b, n, "watermarked"), .said = true };
}

/* Support sees nothing personal, unless …: the longest that any such line allows. */
static void build_window_most(struct build *b) {
    struct charter *c = b->c;
    int support = names_get(c->person_names, "support");
    for (size_t i = 0; i < c->sees_count; i++) {
        const struct grant *g = &c->sees[i];
        if (g->by_link || g->by_account)
            c->public |= g->person >= 0 ? (peopleset)1 << g->person : 0;
        if (g->nothing_personal && g->person == support)
            c->window_most = g->window.until_after;
    }
}

static bool is_level(const struct charter *c, int kind) {
    for (size_t i = 0; i < c->level_count; i++)
        if (c->levels[i] == kind)
            return true;
    return false;
}

/* The reference by which records of that kind come under a level; -1. */
static int level_field(const struct charter *c, const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_REFERENCE && is_level(c, k->fields[i].refers))
            return (int)i;
    return -1;
}

/* The nearest that has levels: the record itself, then what it refers to, then what it belongs to and so on. */
static struct level_way level_of(const struct charter *c, int kind) {
    struct level_way l = { -1, 0, -1 };
    for (; kind >= 0 && l.kind < 0 && (size_t)l.up <= c->kind_count; kind = c->kinds[kind].parent, l.up++) {
        l.kind = is_level(c, kind) ? kind : -1;
        if (l.kind < 0 && (l.field = level_field(c, &c->kinds[kind])) >= 0)
            l.kind = c->kinds[kind].fields[l.field].refers;
        if (l.kind >= 0)
            return l;
    }
    return (struct level_way){ -1, 0, -1 };
}

static void build_levels(struct build *b, const struct node *sending) {
    struct charter *c = b->c;
    c->levels = BUILD_NEW(b, int, c->kind_count);
    c->level = BUILD_NEW(b, struct level_way, c->kind_count);
    if (c->levels == NULL || c->level == NULL)
        return;
    int account = names_get(c->kind_names, "sending_account");
    if (build_said(b, sending)->form != FORM_NONE && account >= 0)
        c->levels[c->level_count++] = account;
    for (size_t i = 0; i < c->kind_count; i++)
        c->level[i] = level_of(c, (int)i);
}

void build_accounts(struct build *b) {
    struct charter *c = b->c;
    const struct node *root = tree_root(c->tree);
    const struct capture *by = build_capture(b, node_get(root, "accounts"), "person");
    int person = by != NULL ? names_get(c->person_names, build_name(b, by)) : -1;
    c->accounts_by = person >= 0 ? person : c->tenant;
    c->authorised_only = build_said(b, node_get(root, "people_authorised"))->form != FORM_NONE;
    c->agreement_first = build_said(b, node_get(root, "agreement"))->form != FORM_NONE;
    c->sessions = (struct sessions_rule){ .idle = { .hours = 1 }, .most = { .hours = 12 } };
    build_rules(b, node_get(root, "sign_in"));
    build_copies(b, node_get(root, "copies"));
    build_window_most(b);
    build_levels(b, node_get(node_get(root, "sending"), "access"));
}

/* ---- reading ---- */

static bool in_set(peopleset set, int person) { return person >= 0 && person < 32 && (set >> person & 1) != 0; }

struct sign_in_rule charter_sign_in(const struct charter *c, int person) {
    return person >= 0 && (size_t)person < c->person_count ? c->sign_in[person] : usual;
}

bool charter_operator_staff(const struct charter *c, int person) {
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (person >= 0 && person == names_get(c->person_names, operators[i]))
            return true;
    return false;
}

bool charter_signs_in(const struct charter *c, int person) {
    if (person < 0 || (size_t)person >= c->person_count)
        return false;
    if (person == c->tenant || in_set(c->signers, person) || charter_operator_staff(c, person))
        return true;
    bool about = c->people[person].builtin || in_set(c->public, person);
    for (size_t i = 0; i < c->kind_count && !about; i++)
        about = c->kinds[i].about == person;
    return !about;
}

bool charter_public(const struct charter *c, int person) { return person != c->tenant && in_set(c->public, person); }
int charter_accounts_by(const struct charter *c) { return c->accounts_by; }
bool charter_authorised_only(const struct charter *c) { return c->authorised_only; }
bool charter_agreement_first(const struct charter *c) { return c->agreement_first; }
struct copies_rule charter_copies(const struct charter *c) { return c->copies; }
struct sessions_rule charter_sessions(const struct charter *c) { return c->sessions; }
struct span charter_window_most(const struct charter *c) { return c->window_most; }

size_t charter_levels(const struct charter *c, const int **ret_kinds) {
    *ret_kinds = c->levels;
    return c->level_count;
}

struct level_way charter_level(const struct charter *c, int kind) {
    return kind >= 0 && (size_t)kind < c->kind_count ? c->level[kind] : (struct level_way){ -1, 0, -1 };
}

int kind_purpose(const struct kind *k, const char *text) {
    size_t skip = strspn(text, " \t\r\n"), len = strlen(text + skip);
    text += skip;
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    for (size_t i = 0; i < k->used_for_count && len > 0; i++)
        for (size_t l = 0; l < ARRAY_LEN(k->used_for[i].in); l++)
            if (strlen(k->used_for[i].in[l]) == len && memcmp(k->used_for[i].in[l], text, len) == 0)
                return (int)i;
    return -1;
}
