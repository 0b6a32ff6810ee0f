/* report.h — what `sejf prove` prints: promise by promise with its state and the time of its last proof, for people
 * and as JSON. Pure. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "promises/probe.h"
#include "promises/promises.h"

/* results may be NULL (count 0): nothing was tried now, only what is known is printed. */
void report_text(const struct charter *c, const struct promises *p, const struct probe_result *results, size_t count, struct buf *ret);
/* {service, promises: [{path, text, line, ids, rules, state, proved, detail, published}], rules: [{rule, kept, detail, tries, milliseconds}], counts} */
json_t *report_json(const struct charter *c, const struct promises *p, const struct probe_result *results, size_t count);
