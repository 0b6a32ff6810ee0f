/* leaves.c — see leaves.h. */
#include "messages/leaves.h"

fieldset leaves_to(const struct charter *c, const char *host, int kind, fieldset seen, usec_t now) {
    return rule_on(RULE_leaves_declared) ? seen & charter_leaves(c, host, kind, now) : seen;
}
