/* reminders.c — `remind` of a kind: before which instant, by which way, when not, and at which hours. */
#include <string.h>

#include "charter/build.h"

#define FROM (8 * 60)                         /* unless the charter says otherwise */
#define UNTIL (21 * 60)

static void build_anchor(struct build *b, int kind, const struct node *n, struct remind *r) {
    const struct capture *anchor = build_capture(b, n, "anchor");
    struct kind *k = &b->c->kinds[kind];
    int field = resolve_field(b, n, kind, anchor->text, anchor->at, anchor->width);
    if (field < 0)
        return;
    if (k->fields[field].type != T_TIME && k->fields[field].type != T_DATE) {
        complain_at(b, "anchor-type", n, anchor->at, anchor->width, NULL, "`%s` is no time: remind before a field of type `time` or `date`", anchor->text);
        return;
    }
    need_outside(b, n, kind, field, anchor->at, anchor->width, "people are reminded before it");
    k->fields[field].sorted = k->fields[field].level == L_PLAIN;     /* it is looked for by that */
    r->anchor = field;
}

static void build_except(struct build *b, int kind, const struct node *n, struct remind *r) {
    const struct capture *c = build_capture(b, n, "except");
    const char *options[64] = { NULL };
    size_t count = 0, state = 0;
    if (c == NULL)
        return;
    for (const char *name; count < 64 && (name = capture_next(c, b->c->arena, &state, NULL, NULL)) != NULL;)
        options[count++] = name;
    r->except_field = resolve_state(b, n, kind, options, count, c->at, c->width);
    if (r->except_field < 0)
        return;
    need_outside(b, n, kind, r->except_field, c->at, c->width, "nobody is reminded of records of some states");
    for (size_t i = 0; i < count; i++)
        r->except |= BIT(field_option(&b->c->kinds[kind].fields[r->except_field], options[i]));
}

static void build_hours(struct build *b, const struct node *n, struct remind *r) {
    const struct capture *from = build_capture(b, n, "from"), *until = build_capture(b, n, "until");
    if (from == NULL || until == NULL)
        return;
    r->from = capture_minutes(from);
    r->until = capture_minutes(until);
    if (r->from + 60 > r->until)
        complain_at(b, "hours", n, from->at, until->at + until->width - from->at, NULL, "the hours begin before they end, and last an hour at least: `between 8:00 and 21:00`");
}

static void check_address(struct build *b, int kind, const struct node *n, bool sms) {
    const struct kind *k = &b->c->kinds[kind];
    enum field_type need = sms ? T_PHONE : T_EMAIL;
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == need)
            return;
    complain(b, "no-address", n, NULL, "`%s` holds no field of type `%s`, so nobody can be reminded: add one", k->name, sms ? "phone" : "email");
}

void build_remind(struct build *b, int kind, const struct node *n) {
    const struct capture *span = build_capture(b, n, "span"), *fields = build_capture(b, n, "fields");
    struct remind r = { .said = true, .sms = build_has(b, n, "sms"), .anchor = -1, .except_field = -1, .from = FROM, .until = UNTIL };
    b->c->kinds[kind].remind = (struct remind){ .anchor = -1, .except_field = -1 };
    if (span == NULL || build_capture(b, n, "anchor") == NULL || !capture_span(span, &r.before))
        return;
    build_anchor(b, kind, n, &r);
    r.only = fields != NULL;
    if (r.only)
        r.fields = resolve_fields(b, n, fields, kind, false);
    build_except(b, kind, n, &r);
    build_hours(b, n, &r);
    check_address(b, kind, n, r.sms);
    b->c->kinds[kind].remind = r;
}

/* Asked when all lines of messages were read: whom a reminder goes to must be somebody whom the charter lets be written to that way. */
void build_reminded(struct build *b) {
    const struct node *messages = node_get(tree_root(b->c->tree), "messages");
    for (size_t i = 0; i < b->c->kind_count; i++) {
        const struct kind *k = &b->c->kinds[i];
        const struct node *n = node_get(b->work[i].node, "remind");
        const char *way = k->remind.sms ? "sms" : "email";
        if (!k->remind.said || k->remind.anchor < 0 || n == NULL)
            continue;
        const struct message_rule r = charter_messages(b->c, k->remind.sms);
        const struct node *line = node_get(messages, way);
        if (!r.said && (line == NULL || strcmp(line->text, "never") == 0))
            complain(b, "remind-forbidden", n, NULL, "Nobody can be reminded by %s, for `messages.%s` %s: name there whom such messages go to, or remind by %s", way, way, line == NULL ? "is not there" : "says never", k->remind.sms ? "email" : "sms");
        else if (r.said && k->about != r.person)
            complain(b, "remind-forbidden", n, NULL, "Nobody can be reminded of `%s` by %s, for `messages.%s` names other people than those whom it is about", k->name, way, way);
    }
}
