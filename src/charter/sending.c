/* sending.c — how long a complaint is remembered, and above which shares of bounces and complaints sending pauses. */
#include <string.h>

#include "charter/build.h"

/* "0.1" percent as parts of a million; the grammar has seen to its form. */
static int64_t millionths(const char *percent) {
    int64_t value = 0, unit = 10000;
    bool point = false;
    for (const char *p = percent; *p != 0 && value < INT64_C(100000000); p++) {
        if (*p == '.') {
            point = true;
        } else if (!point) {
            value = value * 10 + (*p - '0') * INT64_C(10000);
        } else {
            unit /= 10;
            value += (*p - '0') * unit;
        }
    }
    return value;
}

static void build_pause(struct build *b, const struct node *n) {
    const struct capture *bounced = build_capture(b, n, "bounced"), *complaints = build_capture(b, n, "complaints");
    if (bounced == NULL || complaints == NULL)
        return;
    b->c->reputation = (struct reputation_rule){ true, millionths(bounced->text), millionths(complaints->text) };
    if (b->c->reputation.bounced > 100 * 10000 || b->c->reputation.complained > 100 * 10000)
        complain_at(b, "share", n, bounced->at, bounced->width, NULL, "No share is above 100 %%: say a smaller one");
}

void build_sending(struct build *b) {
    const struct node *root = tree_root(b->c->tree);
    const struct node *n = node_get(root, "suppression");
    const struct capture *span = build_capture(b, n, "span");
    b->c->complaint_lasts = (struct span){ .years = 2 };
    if (span != NULL && !capture_span(span, &b->c->complaint_lasts))
        b->c->complaint_lasts = (struct span){ .years = 2 };
    build_pause(b, node_get(node_get(root, "messages"), "pause"));
}

struct span charter_complaint_lasts(const struct charter *c) { return c->complaint_lasts; }
struct reputation_rule charter_reputation(const struct charter *c) { return c->reputation; }
