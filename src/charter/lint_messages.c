/* lint_messages.c — lines of messages by which nothing could ever be sent: whoever is named has no address, or none among the people of that scope. */
#include "charter/lint_parts.h"

static void line(struct lint *l, const char *key, bool sms) {
    const struct charter *c = l->charter;
    const struct message_rule r = charter_messages(c, sms);
    const struct node *n = lint_get(l, "messages", key);
    const struct kind *kinds;
    const struct person *people;
    bool address = false, among = false;
    size_t count = charter_kinds(c, &kinds);
    (void)charter_people(c, &people);
    if (!r.said || n == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        bool has = kinds[i].about == r.person && kind_address_field(&kinds[i], sms) >= 0;
        address = address || has;
        among = among || (has && (r.scope < 0 || kind_steps(c, (int)i, r.scope) >= 0));
    }
    const char *who = people[r.person].name, *type = sms ? "phone" : "email";
    if (!address)
        finding_node(l->findings, l->tree, FINDING_NOTE, "audience", n, NULL, "No kind that is about `%s` has a field of type %s, so nothing can be sent: add one, or name another person", who, type);
    else if (!among)
        finding_node(l->findings, l->tree, FINDING_NOTE, "audience", n, NULL, "No kind that is about `%s` and has a field of type %s belongs to `%s`, so nothing can be sent: name what it belongs to", who, type,
                     charter_kind_at(c, r.scope)->name);
}

void lint_messages(struct lint *l) {
    line(l, "email", false);
    line(l, "sms", true);
}
