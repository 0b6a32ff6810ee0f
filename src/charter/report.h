/* report.h — findings for machines: plain JSON, and SARIF 2.1.0 for editors and code hosts.
 * Pure; the text is appended to *ret. */
#pragma once
#include "charter/load.h"

/* {"findings": [{level, id, file, line, column, width, text, suggestion?}], "errors": n, "traps": n, "notes": n} */
MUST_USE enum code findings_json(const struct findings *f, struct buf *ret, struct err *reterr);
/* One run; columns in Unicode code points; a suggestion is a fix. */
MUST_USE enum code findings_sarif(const struct findings *f, struct buf *ret, struct err *reterr);
