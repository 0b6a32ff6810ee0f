/* remind_text.h — when a reminder goes, and what stands in one that has no template of the tenant. Pure; thread-safe. */
#pragma once
#include "base/buf.h"
#include "base/lang.h"
#include "charter/charter.h"

#define REMIND_CAUSE "remind"                /* of letters of reminders; what they are about is the instant */
#define REMIND_TEMPLATE "reminder"           /* the name of the tenant's own text */
#define REMIND_WHEN "when"                   /* what stands for the time in it */

/* What that letter is a reminder of; 0: it is none. */
usec_t remind_about(const char *cause, int64_t about);
/* When the reminder of that instant is due: so long before it; where that is at night (before the charter's hours begin, or after they end), an hour before they end on
 * the evening before the night. Of a date: in the morning of the day so long before it. */
usec_t remind_due(const struct remind *r, bool date, const struct zone *zone, usec_t anchor);
/* When it is due for a record that came to be at `created`: where that was between the evening of its reminder and the plain instant, in the morning after the night, if
 * that is still before what it is reminded of, else at once. False: not at all, for it was time already. */
MUST_USE bool remind_due_for(const struct remind *r, bool date, const struct zone *zone, usec_t anchor, usec_t created, usec_t *ret);
/* May one go now? Else *ret_again is when the hours begin again. */
MUST_USE bool remind_hour(const struct remind *r, const struct zone *zone, usec_t now, usec_t *ret_again);
/* "24.11.2026, godz. 14:30"; a date without its hour. Letters of the alphabet of text messages alone. */
void remind_when(const struct zone *zone, bool date, usec_t anchor, enum lang lang, struct buf *ret);
/* In the template language: "Przypomnienie: {{when}}." and the fields that the charter lets stand there. */
void remind_text(const struct kind *k, enum lang lang, struct buf *ret_subject, struct buf *ret_text);
/* Is that field one that a reminder may tell besides the number and the time? */
bool remind_tells(const struct kind *k, size_t field);
