/* clock.h — until when a request of a person must be answered (Art. 12(3) GDPR): one calendar month from receipt, counted in the service's
 * zone as Regulation 1182/71 counts, so that it ends with the day of the same number, or the month's last where there is none (31 January:
 * 28 or 29 February). A charter may promise less. That a deadline on a Saturday, Sunday or holiday moves to the next working day
 * (its Art. 3(4)) is not used: a date that is never later than the law's needs no calendar of holidays of thirty countries. Pure. */
#pragma once
#include "charter/charter.h"

struct request_dates { usec_t due, law; };             /* the first instant that is too late; law: whatever the charter says */
struct request_dates clock_first(const struct charter *c, usec_t received);
/* Two further months, where they were asked for: three from receipt. */
usec_t clock_extended(const struct charter *c, usec_t received);
/* When somebody is to look at it: 14 days and 3 days before, on the morning of the last day, and once it is late. nth from 0. */
#define CLOCK_WARNINGS 4
usec_t clock_warning(const struct charter *c, usec_t due, int nth);
/* How many of them are behind `now`. */
int clock_passed(const struct charter *c, usec_t due, usec_t now);
/* Until when the words of a request that ended then are kept: three years, in which the person may go to court over it (Art. 5(2), 82). */
usec_t clock_kept(const struct charter *c, usec_t ended);
