/* sms_said.h — what may be kept of a provider's words: one line of printable text, in which numbers are masked; nothing of it where it repeats the text of the message
 * or the number that it goes to, however it is cut, spelled or spaced. Pure; thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Every run of seven digits or more is masked, also where spaces, dots, slashes or other signs part them. */
void sms_said(const char *text, char *ret, size_t room);
/* Does `said` hold a piece of the text (eight letters and digits in a row, or all of a shorter one) or of the number (its last six digits)? Either may be NULL.
 * True also where that cannot be known, for want of memory. */
bool sms_said_holds(const char *said, const char *text, const char *number);
