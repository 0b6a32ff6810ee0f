/* lint.h — the traps of published pages, found in a charter: a number is missing, two lines contradict, a claim is
 * absolute, a rule is obsolete, erasure and backups add up. Each finding has the id of its trap (T1 to T19, of those
 * that a charter can show), its place, and how to mend it.
 * Pure but for lint_file, which reads the file. Never logs. Single-threaded per list of findings. */
#pragma once
#include "charter/load.h"

/* today: "2026-11-22", against which dates are late. Traps come as FINDING_TRAP;
 * what erasure and backups add up to where that is said comes as FINDING_NOTE. */
MUST_USE enum code lint_charter(const struct charter *c, const char *today, struct findings *findings, struct err *reterr);
/* charter_load, and the traps in the same list. E_CHARTER when the charter has errors (then *ret is untouched and nothing was linted). */
MUST_USE enum code lint_file(const char *path, const char *today, struct findings *findings, struct charter **ret, struct err *reterr);
