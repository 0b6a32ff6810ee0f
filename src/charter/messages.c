/* messages.c — to whom messages go, how many a day, and who sends them. */
#include <string.h>

#include "charter/build.h"

#define A_DAY_MOST 1000
#define EXCEPT_MOST 32u

int kind_address_field(const struct kind *k, bool sms) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == (sms ? T_PHONE : T_EMAIL) && !k->fields[i].masked)
            return (int)i;
    return -1;
}

int kind_steps(const struct charter *c, int kind, int scope) {
    int steps = 0;
    for (; kind >= 0 && steps <= (int)c->kind_count; kind = c->kinds[kind].parent, steps++)      /* a circle is told elsewhere */
        if (kind == scope)
            return steps;
    return -1;
}

/* ---- building ---- */

static bool any_about(const struct charter *c, int person) {
    for (size_t i = 0; i < c->kind_count; i++)
        if (c->kinds[i].about == person)
            return true;
    return false;
}

/* Every kind that is about the person may have such states; each is known to one at least. */
static bool state_known(struct build *b, const struct node *n, int person, const char *option, int at, int width) {
    bool known = false;
    for (size_t i = 0; i < b->c->kind_count; i++)
        for (size_t f = 0; f < b->c->kinds[i].field_count && b->c->kinds[i].about == person; f++)
            if (b->c->kinds[i].fields[f].type == T_ONE_OF && field_option(&b->c->kinds[i].fields[f], option) >= 0) {
                need_outside(b, n, (int)i, (int)f, at, width, "nothing is sent to people of records of some states");
                known = true;
            }
    return known;
}

static void build_except(struct build *b, const struct node *n, struct message_rule *r) {
    const struct capture *c = build_capture(b, n, "except");
    const char *options[EXCEPT_MOST] = { NULL };
    size_t count = 0, state = 0;
    int at, width;
    for (const char *name; c != NULL && r->person >= 0 && count < EXCEPT_MOST && (name = capture_next(c, b->c->arena, &state, &at, &width)) != NULL;) {
        if (!state_known(b, n, r->person, name, at, width))
            complain_at(b, "unknown-option", n, at, width, NULL, "`%s` is no state of a record that is about `%s`: name an option of such a kind", name, build_name(b, build_capture(b, n, "person")));
        options[count++] = name;
    }
    const char **list = count == 0 ? NULL : arena_get(b->c->arena, count * sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        list[i] = options[i];
    r->except = list;
    r->except_count = list == NULL ? 0 : count;
}

static struct message_rule rule_of(struct build *b, const struct node *n) {
    const struct capture *scope = build_capture(b, n, "scope"), *person = build_capture(b, n, "person"), *count = build_capture(b, n, "count");
    struct message_rule r = { .person = -1, .scope = -1 };
    if (scope == NULL || person == NULL || count == NULL)
        return r;
    r.person = names_get(b->c->person_names, build_name(b, person));
    r.scope = names_get(b->c->kind_names, scope->text);
    r.a_day = (int)capture_int(count);
    r.not_imported = build_has(b, n, "imported");
    bool known = r.scope >= 0 || (b->c->tenant >= 0 && names_get(b->c->person_names, scope->text) == b->c->tenant);
    if (!known)
        complain_at(b, "unknown-scope", n, scope->at, scope->width, names_nearest(b->c->kind_names, scope->text), "`%s` is neither a kind of record nor the tenant: name one of them", scope->text);
    if (r.a_day < 1 || r.a_day > A_DAY_MOST)
        complain_at(b, "a-day", n, count->at, count->width, NULL, "A person gets 1 to %d messages a day: say a number between them, or write `never`", A_DAY_MOST);
    if (r.person >= 0 && !any_about(b->c, r.person))      /* an unknown person is told elsewhere */
        complain_at(b, "no-audience", n, person->at, person->width, NULL, "No record is about `%s`, so there is no address to write to: name a person whom a kind is about", person->text);
    r.said = known && r.person >= 0;
    build_except(b, n, &r);
    return r;
}

static void build_senders(struct build *b, const struct node *n) {
    const struct capture *who = build_capture(b, n, "who");
    size_t state = 0;
    int at, width;
    for (const char *name; who != NULL && (name = capture_next(who, b->c->arena, &state, &at, &width)) != NULL;) {
        int person = names_get(b->c->person_names, name);      /* an unknown one is told elsewhere */
        if (person < 0)
            continue;
        if ((b->c->senders >> person & 1) != 0)
            complain_at(b, "named-twice", n, at, width, NULL, "`%s` is named twice: once is enough", name);
        if (!charter_signs_in(b->c, person) || charter_public(b->c, person) || charter_operator_staff(b->c, person))
            complain_at(b, "sent-by", n, at, width, NULL, "`%s` is not of the tenant's staff, so it sends no messages: name the tenant or a role of its staff", name);
        b->c->senders |= (peopleset)1 << person;
    }
}

void build_messages(struct build *b) {
    const struct node *map = node_get(tree_root(b->c->tree), "messages");
    b->c->messages[false] = rule_of(b, node_get(map, "email"));
    b->c->messages[true] = rule_of(b, node_get(map, "sms"));
    build_senders(b, node_get(map, "sent_by"));
}

/* ---- reading ---- */

struct message_rule charter_messages(const struct charter *c, bool sms) { return c->messages[sms]; }

bool message_excepts(const struct message_rule *r, const char *option) {
    for (size_t i = 0; option != NULL && i < r->except_count; i++)
        if (strcmp(r->except[i], option) == 0)
            return true;
    return false;
}

bool charter_sends(const struct charter *c, int person) {
    return person >= 0 && person < 32 && (c->senders == 0 ? person == c->tenant : (c->senders >> person & 1) != 0);
}
