/* accounts.c — people who sign in: how they do, how long a session lasts, what is given at levels, who manages accounts; copies
 * and windows. What the charter does not say has the defaults that charter.h names. */
#include <string.h>

#include "base/text.h"
#include "charter/build.h"
#include "charter/spoken.h"

static const char *const operators[] = { "support", "administrator", "security_officer" };
#define SESSION_DAYS_MOST 31
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

static void build_logs(struct build *b, const struct node *n) {
    const struct capture *kept = build_capture(b, n, "kept");
    if (kept != NULL && !capture_span(kept, &b->c->logs))
        b->c->logs = (struct span){ 0 };
}

static void build_sessions(struct build *b, const struct node *n) {
    const struct capture *idle = build_capture(b, n, "idle"), *most = build_capture(b, n, "most");
    struct sessions_rule r;
    b->c->sessions = (struct sessions_rule){ .idle = { .hours = 1 }, .most = { .hours = 12 } };
    if (idle == NULL || most == NULL || !capture_span(idle, &r.idle) || !capture_span(most, &r.most))
        return;
    if (span_days(&r.most) > SESSION_DAYS_MOST)
        complain_at(b, "session-long", n, most->at, most->width, NULL, "A session lasts at most %d days: say less", SESSION_DAYS_MOST);
    else if (span_days(&r.idle) > span_days(&r.most))
        complain_at(b, "session-turned", n, idle->at, idle->width, NULL, "A session ends after %s in any case, so %s without use never pass: say less than %s", most->text, idle->text, most->text);
    b->c->sessions = r;
}

static void build_copies(struct build *b, const struct node *n) {
    const struct capture *count = build_capture(b, n, "count");
    if (count != NULL && capture_int(count) < 1)
        complain_at(b, "copies-none", n, count->at, count->width, NULL, "Every tenant may take its data along, so one copy a day at least: write `at most 1 a day`");
    b->c->copies = (struct copies_rule){ .people = 1 };
    if (count != NULL)
        b->c->copies = (struct copies_rule){ .a_day = (int)capture_int(count), .people = build_has(b, n, "two") ? 2 : 1,
                                             .watermark = build_has(b, n, "watermarked"), .said = true };
}

static void build_changing(struct build *b, const struct node *n) {
    const struct capture *told = build_capture(b, n, "told");
    b->c->changing = (struct changing_rule){ .again = build_said(b, n)->form != FORM_NONE };
    if (told != NULL && !capture_span(told, &b->c->changing.told))
        b->c->changing.told = (struct span){ 0 };
}

/* Who is of the public, and how long a window of support is at most. */
static void build_doors(struct build *b) {
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

/* Does any line show it something when it has signed in? */
static bool sees_by_account(const struct charter *c, int person) {
    for (size_t i = 0; i < c->sees_count; i++)
        if (c->sees[i].person == person && (c->sees[i].by_account || !c->sees[i].by_link))
            return true;
    return false;
}

/* A line of sign_in and a line of who_sees that each need the other; windows only for those who need one. */
static void check_doors(struct build *b, const struct node *sign_in, const struct node *sees) {
    struct charter *c = b->c;
    for (const struct node *n = sign_in != NULL && sign_in->type == NODE_MAP ? sign_in->first : NULL; n != NULL; n = n->next) {
        int person = names_get(c->person_names, n->key);
        if (charter_public(c, person) && !sees_by_account(c, person))
            complain_key(b, "account-blind", n, NULL, "`%s` would see nothing when it has signed in: write `by private link or sign-in` in who_sees, or leave this line out", n->key);
    }
    for (const struct node *p = sees != NULL && sees->type == NODE_MAP ? sees->first : NULL; p != NULL; p = p->next) {
        int person = names_get(c->person_names, p->key);
        for (const struct node *n = p->type == NODE_SCALAR ? p : p->first; n != NULL; n = n == p ? NULL : n->next) {
            if (build_has(b, n, "account") && person >= 0 && !charter_signs_in(c, person))
                complain(b, "account-unsaid", n, NULL, "Nothing says how `%s` signs in: add a line for it to sign_in, or write `by private link` only", p->key);
            if (build_has(b, n, "window") && person >= 0 && !charter_operator_staff(c, person))
                complain(b, "window-person", n, NULL, "A window is opened to support, the administrator or the security officer only: write `nothing personal`");
        }
    }
}

/* Whoever manages accounts needs one. */
static void build_managers(struct build *b, const struct node *n) {
    struct charter *c = b->c;
    const struct capture *by = build_capture(b, n, "person");
    int person = by != NULL ? names_get(c->person_names, build_name(b, by)) : -1;
    c->accounts_by = person >= 0 ? person : c->tenant;
    if (person >= 0 && (!charter_signs_in(c, person) || charter_public(c, person)))
        complain_at(b, "accounts-by", n, by->at, by->width, NULL, "`%s` is not of the staff, so it cannot manage accounts: name the tenant or a role of its staff", c->people[person].name);
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

static void add_level(struct build *b, const struct node *n, const char *name, int at, int width) {
    struct charter *c = b->c;
    int kind = resolve_kind(b, n, name, at, width);
    if (kind >= 0 && is_level(c, kind))
        complain_at(b, "named-twice", n, at, width, NULL, "`%s` has levels of access already: once is enough", name);
    else if (kind >= 0)
        c->levels[c->level_count++] = kind;
}

/* Levels within levels and two ways to a level would leave open which one decides. */
static void check_level(struct build *b, const struct node *n, const struct kind *k, struct level_way l) {
    struct charter *c = b->c;
    size_t ways = 0, steps = 0;               /* a circle of belongs_to is told elsewhere */
    for (int up = k->parent; l.up == 0 && l.field < 0 && up >= 0 && steps++ < c->kind_count; up = c->kinds[up].parent)
        if (is_level(c, up)) {
            complain(b, "level-within", n, NULL, "`%s` belongs to `%s`, which has levels of access too: name one of them", k->name, c->kinds[up].name);
            return;
        }
    for (size_t i = 0; i < k->field_count && l.up == 0 && l.field >= 0; i++)
        ways += k->fields[i].type == T_REFERENCE && is_level(c, k->fields[i].refers);
    if (ways > 1)
        complain(b, "level-twice", n, NULL, "`%s` refers to several records that have levels of access, so none decides: name one kind", k->name);
    else if (l.up == 0 && l.field >= 0)
        need_outside(b, n, (int)(k - c->kinds), l.field, 0, 0, "levels of access depend on it");
}

static void build_levels(struct build *b, const struct node *access, const struct node *sending) {
    struct charter *c = b->c;
    const struct capture *kinds = build_capture(b, access, "kinds");
    size_t state = 0;
    int at, width;
    c->levels = BUILD_NEW(b, int, c->kind_count);
    c->level = BUILD_NEW(b, struct level_way, c->kind_count);
    if (c->levels == NULL || c->level == NULL)
        return;
    for (const char *name; kinds != NULL && (name = capture_next(kinds, c->arena, &state, &at, &width)) != NULL;)
        add_level(b, access, name, at, width);
    if (build_said(b, sending)->form != FORM_NONE)
        add_level(b, sending, "sending_account", 0, (int)strlen(sending->text));
    const struct node *said = kinds != NULL ? access : sending;
    for (size_t i = 0; i < c->kind_count; i++) {
        c->level[i] = level_of(c, (int)i);
        if (c->level[i].kind >= 0)
            check_level(b, said, &c->kinds[i], c->level[i]);
    }
}

void build_accounts(struct build *b) {
    struct charter *c = b->c;
    const struct node *root = tree_root(c->tree);
    c->authorised_only = build_said(b, node_get(root, "people_authorised"))->form != FORM_NONE;
    c->agreement_first = build_said(b, node_get(root, "agreement"))->form != FORM_NONE;
    build_sessions(b, node_get(root, "sessions"));
    build_logs(b, node_get(root, "logs"));
    build_rules(b, node_get(root, "sign_in"));
    build_copies(b, node_get(root, "copies"));
    build_changing(b, node_get(root, "changes"));
    build_doors(b);
    if (b->no_memory)
        return;
    check_doors(b, node_get(root, "sign_in"), node_get(root, "who_sees"));
    build_managers(b, node_get(root, "accounts"));
    build_levels(b, node_get(root, "access"), node_get(node_get(root, "sending"), "access"));
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
    if (c->people[person].builtin || in_set(c->public, person))
        return false;
    bool about = false;
    for (size_t i = 0; i < c->kind_count && !about; i++)
        about = c->kinds[i].about == person;
    return !about || sees_by_account(c, person);
}

bool charter_public(const struct charter *c, int person) { return person != c->tenant && in_set(c->public, person); }
int charter_accounts_by(const struct charter *c) { return c->accounts_by; }
bool charter_authorised_only(const struct charter *c) { return c->authorised_only; }
bool charter_agreement_first(const struct charter *c) { return c->agreement_first; }
struct span charter_logs(const struct charter *c) { return c->logs; }
struct copies_rule charter_copies(const struct charter *c) { return c->copies; }
struct changing_rule charter_changing(const struct charter *c) { return c->changing; }
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
