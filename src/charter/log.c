/* log.c — the log of deliveries: of which kind a record is made when it is known what became of a message, and which of its fields say what. It has
 * no place for a subject or a text, which is what makes it a log and no archive. */
#include <string.h>

#include "charter/build.h"

static bool is_text(enum field_type t) { return t == T_TEXT || t == T_NAME || t == T_ADDRESS || t == T_JSON || t == T_FILE || t == T_PHONE || t == T_PLACE; }

static int first_of(const struct kind *k, enum field_type type) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == type)
            return (int)i;
    return -1;
}

static bool moved(const struct kind *k, size_t field) {
    for (size_t i = 0; i < k->move_count; i++)
        if (k->moves[i].field == (int)field)
            return true;
    return false;
}

/* The one that the record and what it belongs to have alike: `pool: one of shared | dedicated`. */
static int same_choice(const struct kind *k, const struct kind *parent) {
    for (size_t i = 0; i < k->field_count; i++) {
        const int up = kind_field(parent, k->fields[i].name);
        if (k->fields[i].type == T_ONE_OF && up >= 0 && parent->fields[up].type == T_ONE_OF && !moved(k, i))
            return (int)i;
    }
    return -1;
}

/* Each mail makes one, whatever it is and whoever it goes to: nothing may keep one from being made. */
static void check_made(struct build *b, const struct node *n, const struct capture *name, const struct kind *k) {
    const bool agreed = k->because != NULL && strncmp(k->because, "consent", 7) == 0;
    const char *what = agreed ? "rests on a consent, which nobody gives to it" : k->limit_count > 0 ? "has limits" : k->ask.asker != NULL ? "asks code of yours first" : k->consent_count > 0 ? "waits for consents" : NULL;
    if (what != NULL)
        complain_at(b, "log-made", n, name->at, name->width, NULL, "A log of deliveries holds all of them: `%s` %s, so some could not be written. Take that out, or name another kind", k->name, what);
}

static void check_kind(struct build *b, const struct node *n, const struct capture *name, const struct log_rule *r) {
    const struct kind *k = &b->c->kinds[r->kind];
    if (r->to < 0 || !k->fields[r->to].masked)
        complain_at(b, "log-kind", n, name->at, name->width, NULL, "A log of deliveries names whom in masked form: `%s` needs a field such as `to: personal email, masked`", k->name);
    else if (r->at < 0)
        complain_at(b, "log-kind", n, name->at, name->width, NULL, "A log of deliveries says when: `%s` needs a field such as `at: time, sorted`", k->name);
    check_made(b, n, name, k);
    for (size_t i = 0; i < k->field_count; i++)
        if (is_text(k->fields[i].type))
            complain_at(b, "log-text", n, name->at, name->width, NULL, "A log of deliveries has no place for what was said: take `%s.%s` out, or name another kind", k->name, k->fields[i].name);
        else if (!k->fields[i].optional && (int)i != r->to && (int)i != r->at && (int)i != r->code && (int)i != r->encrypted && (int)i != r->pool)
            complain_at(b, "log-field", n, name->at, name->width, NULL, "Nothing says what `%s.%s` of a delivery is: make it optional, or leave it out", k->name, k->fields[i].name);
}

void build_log(struct build *b) {
    const struct node *n = node_get(node_get(tree_root(b->c->tree), "messages"), "log");
    const struct capture *name = n == NULL ? NULL : build_capture(b, n, "log");
    struct log_rule r = { .kind = -1, .to = -1, .at = -1, .code = -1, .encrypted = -1, .pool = -1 };
    r.kind = name == NULL ? -1 : resolve_kind(b, n, name->text, name->at, name->width);
    if (r.kind >= 0) {
        const struct kind *k = &b->c->kinds[r.kind];
        r.to = first_of(k, T_EMAIL);
        r.at = first_of(k, T_TIME);
        r.code = first_of(k, T_NUMBER);
        r.encrypted = first_of(k, T_YESNO);
        r.pool = k->parent < 0 ? -1 : same_choice(k, &b->c->kinds[k->parent]);
        check_kind(b, n, name, &r);
    }
    b->c->log = r;
}

struct log_rule charter_log(const struct charter *c) { return c->log; }
