/* leaves.c — what leaves the service: the fields that a processor's line names, to its hosts; and who is asked before a record is made or moved. */
#include <string.h>

#include "charter/build.h"

#define WITHIN_LEAST 10
#define WITHIN_MOST 5000

fieldset charter_leaves(const struct charter *c, const char *host, int kind, usec_t now) {
    fieldset all = 0;
    bool outside = charter_reach(c, host, now) == REACH_OUTSIDE;
    for (size_t i = 0; i < c->leave_count; i++)
        if (c->leaves[i].kind == kind && !outside && c->leaves[i].from <= now && now < c->leaves[i].until && strcmp(c->leaves[i].host, host) == 0)
            all |= c->leaves[i].fields;
    return all;
}

/* ---- processors */

struct given { int kind; fieldset fields; };
#define GIVEN_MAX 64u

static fieldset fields_of(struct build *b, const struct node *n, const struct capture *fields, int kind) {
    size_t count = b->c->kinds[kind].field_count;
    if (strcmp(fields->text, "everything") == 0)
        return count == FIELDS_MAX ? UINT64_MAX : BIT(count) - 1;
    return resolve_fields(b, n, fields, kind, true);
}

/* "name, email of registration, title of event" */
static void sentence_read(struct build *b, const struct node *n, struct given *list, size_t *count) {
    const struct said *s = build_said(b, n);
    for (size_t i = 0; i + 1 < s->count && *count < GIVEN_MAX; i++) {
        const struct capture *fields = &s->list[i], *of = &s->list[i + 1];
        if (strcmp(fields->name, "fields") != 0)
            continue;
        int kind = resolve_kind(b, n, of->text, of->at, of->width);
        if (kind >= 0)
            list[(*count)++] = (struct given){ kind, fields_of(b, n, fields, kind) };
    }
}

static void processor_read(struct build *b, const struct node *p) {
    const struct node *fields = node_get(p, "fields"), *hosts = node_get(p, "hosts");
    struct given list[GIVEN_MAX];
    size_t count = 0;
    usec_t from, until;
    if (fields == NULL)
        return;
    build_agreement(b, p, &from, &until);
    if (fields->type == NODE_SCALAR)
        sentence_read(b, fields, list, &count);
    for (const struct node *n = fields->type == NODE_LIST ? fields->first : NULL; n != NULL; n = n->next)
        sentence_read(b, n, list, &count);
    if (hosts == NULL)
        complain_key(b, "fields-nowhere", fields, NULL, "Fields leave to the hosts of a processor, and this one has none: name them under `hosts`, or leave the line out");
    for (const struct node *h = hosts != NULL && hosts->type == NODE_LIST ? hosts->first : NULL; h != NULL; h = h->next)
        for (size_t i = 0; i < count && h->type == NODE_SCALAR; i++)
            b->c->leaves[b->c->leave_count++] = (struct leave){ h->text, list[i].kind, list[i].fields, from, until };
}

/* ---- ask */

static void ask_read(struct build *b, const struct node *n, struct kind *k, int kind) {
    const struct capture *asker = build_capture(b, n, "asker"), *ms = build_capture(b, n, "ms"), *fields = build_capture(b, n, "fields");
    if (asker == NULL || ms == NULL)
        return;
    k->ask = (struct ask_rule){ .asker = asker->text, .create = build_has(b, n, "create"), .move = build_has(b, n, "move"), .within_ms = (int)capture_int(ms) };
    if (k->ask.within_ms < WITHIN_LEAST || k->ask.within_ms > WITHIN_MOST)
        complain_at(b, "ask-within", n, ms->at, ms->width, "300", "Whoever asks for the record waits meanwhile: say from %d to %d ms", WITHIN_LEAST, WITHIN_MOST);
    if (fields != NULL)
        k->ask.fields = fields_of(b, n, fields, kind);
    if (k->ask.move && k->move_count == 0)
        complain(b, "ask-move", n, NULL, "`%s` has no moves to ask before: declare them under `moves`, or ask before create alone", k->name);
}

void build_leaves(struct build *b) {
    build_reached(b);
    const struct node *list = node_get(tree_root(b->c->tree), "processors");
    size_t room = 0;
    for (const struct node *p = list != NULL && list->type == NODE_LIST ? list->first : NULL; p != NULL; p = p->next) {
        const struct node *hosts = node_get(p, "hosts");
        room += hosts == NULL || node_get(p, "fields") == NULL ? 0 : hosts->count * GIVEN_MAX;
    }
    b->c->leaves = BUILD_NEW(b, struct leave, room + 1);
    for (const struct node *p = room > 0 || list != NULL ? list->first : NULL; p != NULL && b->c->leaves != NULL && list->type == NODE_LIST; p = p->next)
        if (p->type == NODE_MAP)
            processor_read(b, p);
    for (size_t i = 0; i < b->c->kind_count; i++) {
        const struct node *n = node_get(b->work[i].node, "ask");
        if (n != NULL)
            ask_read(b, n, &b->c->kinds[i], (int)i);
    }
}
