/* egress.c — where the process `sender` may connect to: the one place that decides, for the sender itself and for whoever asks beforehand. */
#include <strings.h>

#include "base/rule.h"
#include "charter/instance.h"

enum egress egress_of(const struct destination *list, size_t count, bool webhooks_anywhere, unsigned use, const char *host, int port, const struct destination **ret) {
    for (size_t i = 0; i < count; i++)
        if ((unsigned)list[i].use == use && list[i].port == port && strcasecmp(host, list[i].host) == 0) {
            *ret = &list[i];
            return EGRESS_DECLARED;
        }
    bool anywhere = (webhooks_anywhere && use == FOR_WEBHOOKS && port == 443) || !rule_on(RULE_egress_declared);
    return anywhere ? EGRESS_ANYWHERE : EGRESS_DENIED;
}
