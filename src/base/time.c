/* time.c — civil dates by the proleptic Gregorian calendar; day numbers count from 1970-01-01. */
#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/civil.h"
#include "base/text.h"

usec_t clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (usec_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

usec_t clock_steady(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (usec_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static bool leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int civil_month_days(int year, int month) {
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    PRE(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && leap(year));
}

bool civil_valid(const struct civil *c) {
    return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= civil_month_days(c->year, c->month) && c->hour >= 0 && c->hour <= 23 && c->minute >= 0 &&
           c->minute <= 59 && c->second >= 0 && c->second <= 59 && c->usec >= 0 && c->usec < USEC_PER_SEC;
}

/* Days from civil by counting years from March, so that the leap day is the last of its year. */
int64_t civil_days(int year, int month, int day) {
    int64_t y = (int64_t)year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void civil_of_days(int64_t days, struct civil *ret) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    ret->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    ret->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    ret->year = (int)(yoe + era * 400 + (ret->month <= 2));
}

int civil_weekday(int year, int month, int day) {
    int64_t w = (civil_days(year, month, day) + 3) % 7;        /* 1970-01-01 was a Thursday */
    return (int)(w < 0 ? w + 7 : w);
}

usec_t civil_utc(const struct civil *c) {
    return civil_days(c->year, c->month, c->day) * USEC_PER_DAY +
           (((int64_t)c->hour * 60 + c->minute) * 60 + c->second) * USEC_PER_SEC + c->usec;
}

struct civil civil_of_utc(usec_t t) {
    struct civil c;
    int64_t days = t / USEC_PER_DAY, rest = t % USEC_PER_DAY;
    if (rest < 0) {
        rest += USEC_PER_DAY;
        days--;
    }
    civil_of_days(days, &c);
    c.usec = (int)(rest % USEC_PER_SEC);
    rest /= USEC_PER_SEC;
    c.second = (int)(rest % 60);
    c.minute = (int)(rest / 60 % 60);
    c.hour = (int)(rest / 3600);
    return c;
}

/* Exactly `count` digits at *p, and moves on. */
static bool digits(const char **p, size_t count, int *ret) {
    int64_t v;
    if (strnlen(*p, count) < count || (*p)[0] == '-' || !text_int_n(*p, count, 0, 9999, &v))
        return false;
    *p += count;
    *ret = (int)v;
    return true;
}

static bool sign_of(const char **p, char c) { return **p == c && (*p)++ != NULL; }

static bool date_read(const char **p, struct civil *c) {
    *c = (struct civil){ 0 };
    return digits(p, 4, &c->year) && sign_of(p, '-') && digits(p, 2, &c->month) && sign_of(p, '-') &&
           digits(p, 2, &c->day) && civil_valid(c);
}

bool date_parse(const char *text, struct civil *ret) {
    struct civil c;
    if (!date_read(&text, &c) || *text != 0)
        return false;
    *ret = c;
    return true;
}

static bool fraction(const char **p, int *ret) {
    int scale = 100000;
    *ret = 0;
    if (**p != '.')
        return true;
    if (*++*p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; ++*p, scale /= 10)
        *ret += (**p - '0') * scale;
    return true;
}

static bool offset(const char **p, usec_t *ret) {
    int h, m;
    if (**p == 'Z' || **p == 'z') {
        ++*p;
        *ret = 0;
        return true;
    }
    if (**p != '+' && **p != '-')
        return false;
    int sign = *(*p)++ == '-' ? -1 : 1;
    if (!digits(p, 2, &h) || !sign_of(p, ':') || !digits(p, 2, &m) || h > 23 || m > 59)
        return false;
    *ret = sign * ((int64_t)h * 60 + m) * USEC_PER_MINUTE;
    return true;
}

bool time_parse(const char *text, usec_t *ret) {
    struct civil c;
    usec_t off;
    if (!date_read(&text, &c) || (*text != 'T' && *text != 't' && *text != ' '))
        return false;
    text++;
    if (!digits(&text, 2, &c.hour) || !sign_of(&text, ':') || !digits(&text, 2, &c.minute) || !sign_of(&text, ':') ||
        !digits(&text, 2, &c.second) || !fraction(&text, &c.usec) || !civil_valid(&c) || !offset(&text, &off) || *text != 0)
        return false;
    *ret = civil_utc(&c) - off;
    return true;
}

/* As many digits as asked for. */
static char *put_digits(char *p, int value, int digits) {
    for (int i = digits; i-- > 0; value /= 10)
        p[i] = (char)('0' + value % 10);
    return p + digits;
}

#define TIME_TEXT 28u                         /* the longest, and the zero */

/* By hand: every record that is shown has four of them. */
char *time_format(usec_t t, char *buf, size_t room) {
    struct civil c = civil_of_utc(t);
    if (room < TIME_TEXT || c.year < 0 || c.year > 9999) {
        snprintf(buf, room, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
        return buf;
    }
    char *p = put_digits(buf, c.year, 4);
    *p++ = '-';
    p = put_digits(p, c.month, 2);
    *p++ = '-';
    p = put_digits(p, c.day, 2);
    *p++ = 'T';
    p = put_digits(p, c.hour, 2);
    *p++ = ':';
    p = put_digits(p, c.minute, 2);
    *p++ = ':';
    p = put_digits(p, c.second, 2);
    if (c.usec != 0) {
        *p++ = '.';
        p = put_digits(p, c.usec, 6);
    }
    *p++ = 'Z';
    *p = 0;
    return buf;
}

char *date_format(const struct civil *c, char *buf, size_t room) {
    snprintf(buf, room, "%04d-%02d-%02d", c->year, c->month, c->day);
    return buf;
}
