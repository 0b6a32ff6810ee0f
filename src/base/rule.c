/* rule.c — made from rules.tbl alone. */
#include "base/rule.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *name, *says; enum rule_state state; } rules[RULE_COUNT] = {
#define RULE(name, says, state) { #name, says, state },
#include "base/rules.tbl"
#undef RULE
};

const char *rule_name(enum rule rule) { return rules[rule].name; }
const char *rule_says(enum rule rule) { return rules[rule].says; }
enum rule_state rule_state(enum rule rule) { return rules[rule].state; }

bool rule_find(const char *name, enum rule *ret) {
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (strcmp(rules[i].name, name) == 0) {
            *ret = (enum rule)i;
            return true;
        }
    return false;
}

#ifdef SEJF_MUTATION
bool rule_on(enum rule rule) {
    static const char *off;
    static bool asked;
    if (!asked) {
        off = getenv("SEJF_RULE_OFF");
        asked = true;
    }
    return off == NULL || strcmp(off, rules[rule].name) != 0;
}
#endif
