/* findings_out.h — the findings of a check for people, for programs (JSON) and for code review tools (SARIF 2.1.0). Pure. */
#pragma once
#include "charter/load.h"

enum findings_format { FINDINGS_PEOPLE, FINDINGS_JSON, FINDINGS_SARIF };
MUST_USE bool findings_format_find(const char *name, enum findings_format *ret);
void findings_out(const struct findings *f, enum findings_format format, struct buf *ret);
