/* lint_messages.c — lines of messages by which nothing could ever be sent: whoever is named has no address, or none among the people of that scope. */
#include "charter/lint_parts.h"

#include <string.h>

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

/* Numbers of these codes are not told apart into countries. */
static void shared_codes(struct lint *l) {
    static const struct { const char *code, *own, *others; } rows[] = {
        { "+1", "the United States", "Canada and some twenty countries of the Caribbean and the Pacific, where a message may cost a multiple" }, { "+7", "Russia", "Kazakhstan" },
    };
    const struct sms_rules *r = charter_sms(l->charter);
    const struct node *n = lint_get(l, "sms", "only_to");
    for (size_t i = 0; n != NULL && r->listed && i < r->code_count; i++)
        for (size_t k = 0; k < ARRAY_LEN(rows); k++)
            if (strcmp(r->codes[i], rows[k].code) == 0)
                finding_node(l->findings, l->tree, FINDING_NOTE, "shared-code", n, NULL, "%s is not %s alone: in it lie %s, and its numbers are not told apart into countries, so no text message goes there: leave it out", rows[k].code, rows[k].own,
                             rows[k].others);
}

void lint_messages(struct lint *l) {
    line(l, "email", false);
    line(l, "sms", true);
    shared_codes(l);
}
