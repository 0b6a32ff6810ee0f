/* reach.c — whom the service may reach with what is personal: the hosts of its processors, while their agreements last, and outside the EEA only where the
 * charter lets it and the register of transfers (the key `transfer` of the processor) has an entry. */
#include <string.h>

#include "base/rule.h"
#include "charter/build.h"
#include "charter/lint_parts.h"

static bool is_denied(const struct reached *r, usec_t now) { return r->outside && now >= r->transfer && rule_on(RULE_transfers_denied); }

/* The entry before the agreement: that an agreement is over, or not yet there, opens no way that the want of an entry has shut. */
enum reach charter_reach(const struct charter *c, const char *host, usec_t now) {
    enum reach found = REACH_UNNAMED;
    for (size_t i = 0; i < c->reached_count && found != REACH_OK; i++) {
        const struct reached *r = &c->reached[i];
        if (strcmp(r->host, host) != 0)
            continue;
        if (is_denied(r, now))
            found = REACH_OUTSIDE;
        else if (now >= r->from && now < r->until)
            found = REACH_OK;
    }
    return found;
}

bool charter_names_host(const struct charter *c, const char *host) {
    bool found = false;
    for (size_t i = 0; i < c->reached_count; i++)
        found = found || strcmp(c->reached[i].host, host) == 0;
    return found;
}

bool charter_has_processors(const struct charter *c) {
    const struct node *list = node_get(tree_root(c->tree), "processors");
    return list != NULL && list->type == NODE_LIST && list->first != NULL;
}

void build_agreement(struct build *b, const struct node *p, usec_t *ret_from, usec_t *ret_until) {
    const struct node *n = node_get(p, "agreement");
    const struct capture *from = n == NULL ? NULL : build_capture(b, n, "from"), *to = n == NULL ? NULL : build_capture(b, n, "to");
    struct civil first, last;
    *ret_from = INT64_MIN;
    *ret_until = USEC_NEVER;
    if (b->c->zone == NULL || from == NULL || to == NULL || !date_parse(from->text, &first) || !date_parse(to->text, &last))
        return;
    *ret_from = zone_instant(b->c->zone, &first);
    *ret_until = zone_end_of(b->c->zone, zone_instant(b->c->zone, &last), 'd');
}

/* One of its countries is enough. */
static const struct node *place_outside(const struct node *processor) {
    const struct node *in = node_get(processor, "in");
    if (in == NULL || in->type == NODE_SCALAR)
        return in != NULL && !place_in_eea(in->text) ? in : NULL;
    for (const struct node *one = in->type == NODE_LIST ? in->first : NULL; one != NULL; one = one->next)
        if (one->type == NODE_SCALAR && !place_in_eea(one->text))
            return one;
    return NULL;
}

/* The end of its entry; INT64_MIN: it has none, or one that the charter does not let be. */
static usec_t transfer_read(struct build *b, const struct node *processor, const struct node *place, bool never) {
    const struct node *n = node_get(processor, "transfer");
    const struct capture *until = n == NULL ? NULL : build_capture(b, n, "until");
    struct civil last;
    if (!rule_on(RULE_transfers_denied))
        return USEC_NEVER;
    if (never && n != NULL)
        complain_key(b, "two-lines-contradict", n, NULL, "`transfers` says that nothing leaves the EEA, and here is an entry of a transfer: keep the line that is true");
    else if (never)
        complain(b, "transfer-never", place, NULL, "What goes to hosts of this processor leaves the EEA (%s), and `transfers` says that nothing does: keep the line that is true", place->text);
    else if (n == NULL)
        complain(b, "transfer-missing", place, NULL, "What goes to hosts of this processor leaves the EEA (%s): add its entry, `transfer: until 2027-12-31, on standard contractual clauses`", place->text);
    if (never || until == NULL || b->c->zone == NULL || !date_parse(until->text, &last))
        return INT64_MIN;
    return zone_end_of(b->c->zone, zone_instant(b->c->zone, &last), 'd');
}

static void processor_reached(struct build *b, const struct node *p, const struct node *transfers) {
    const struct node *hosts = node_get(p, "hosts"), *place = transfers == NULL ? NULL : place_outside(p);
    struct reached r = { .outside = place != NULL, .transfer = INT64_MIN };
    if (hosts == NULL || hosts->type != NODE_LIST || hosts->first == NULL)
        return;                              /* nothing is sent to it; T5 speaks of it */
    build_agreement(b, p, &r.from, &r.until);
    if (place != NULL)
        r.transfer = transfer_read(b, p, place, build_has(b, transfers, "never"));
    for (const struct node *h = hosts->first; h != NULL; h = h->next)
        if (h->type == NODE_SCALAR) {
            r.host = h->text;
            b->c->reached[b->c->reached_count++] = r;
        }
}

void build_reached(struct build *b) {
    const struct node *root = tree_root(b->c->tree), *list = node_get(root, "processors"), *transfers = node_get(root, "transfers");
    size_t room = 0;
    if (list == NULL || list->type != NODE_LIST)
        return;
    for (const struct node *p = list->first; p != NULL; p = p->next) {
        const struct node *hosts = p->type == NODE_MAP ? node_get(p, "hosts") : NULL;
        room += hosts == NULL ? 0 : hosts->count;
    }
    b->c->reached = BUILD_NEW(b, struct reached, room + 1);
    for (const struct node *p = list->first; p != NULL && b->c->reached != NULL; p = p->next)
        if (p->type == NODE_MAP)
            processor_reached(b, p, transfers);
}
