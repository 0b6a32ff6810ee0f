/* rule.h — the rules that sejf enforces, by name. Every place that enforces one asks rule_on(),
 * which is the constant true in a release; in the mutation build (-Dmutation=true) the one named
 * by the environment variable SEJF_RULE_OFF is off, and its probe must then turn red. */
#pragma once
#include "base/macros.h"

enum rule {
#define RULE(name, says, state) RULE_##name,
#include "base/rules.tbl"
#undef RULE
    RULE_COUNT
};
enum rule_state { OBEYED, LATER };

const char *rule_name(enum rule rule);       /* "tenant_wall" */
const char *rule_says(enum rule rule);       /* what it enforces, one sentence */
enum rule_state rule_state(enum rule rule);  /* LATER: known, not kept yet */
MUST_USE bool rule_find(const char *name, enum rule *ret);

#ifdef SEJF_MUTATION
bool rule_on(enum rule rule);
#else
static inline bool rule_on(enum rule rule UNUSED) { return true; }
#endif
