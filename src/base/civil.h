/* civil.h — day numbers and civil time in UTC: the arithmetic below time.h and zone.c. Pure. */
#pragma once
#include "base/time.h"

int64_t civil_days(int year, int month, int day);          /* days since 1970-01-01 */
void civil_of_days(int64_t days, struct civil *ret);       /* sets year, month, day only */
usec_t civil_utc(const struct civil *c);
struct civil civil_of_utc(usec_t t);
