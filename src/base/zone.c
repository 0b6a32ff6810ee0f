/* zone.c — time zones from the system's TZif files (RFC 8536, versions 2 and 3) and the TZ string in
 * their footer (POSIX.1-2017, chapter 8), which holds for all years after the last listed change.
 * Invariant: at[] grows strictly; type[i] < type_count. A file is foreign bytes: every count is bounded. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/mem.h"
#include "base/text.h"

#define FILE_MAX 65536u
#define CHANGES_MAX 4096u

struct edge { int month, week, day; int64_t second; };      /* Mm.w.d/time, local */
struct zone {
    char name[64];
    size_t count;
    int64_t *at;                                            /* seconds since 1970, UTC */
    uint8_t *type;
    int32_t offsets[256];
    size_t type_count;
    bool footer, summer;                                    /* the TZ string; does it have summer time */
    int32_t base, other;                                    /* offsets east of Greenwich, seconds */
    struct edge start, end;
};

static int64_t be(const uint8_t *p, size_t n) {
    uint64_t v = n == 4 && (p[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

struct counts { size_t isut, isstd, leap, time, type, chars; };

static bool header(const uint8_t *p, size_t left, struct counts *ret) {
    if (left < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    size_t *const slot[] = { &ret->isut, &ret->isstd, &ret->leap, &ret->time, &ret->type, &ret->chars };
    for (size_t i = 0; i < 6; i++) {
        int64_t v = be(p + 20 + 4 * i, 4);
        if (v < 0 || v > (int64_t)CHANGES_MAX)
            return false;
        *slot[i] = (size_t)v;
    }
    return ret->type >= 1 && ret->type <= 256;
}

static size_t body(const struct counts *c, size_t time_size) {
    return c->time * (time_size + 1) + c->type * 6 + c->chars + c->leap * (time_size + 4) + c->isstd + c->isut;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool tz_time(const char **p, int64_t *ret) {
    int64_t total = 0, unit = 3600, sign = 1;
    if (**p == '+' || **p == '-')
        sign = *(*p)++ == '-' ? -1 : 1;
    for (int i = 0; i < 3; i++, unit /= 60) {
        size_t n = strspn(*p, "0123456789");
        int64_t v;
        if (n == 0 || !text_int_n(*p, n, 0, 167, &v))
            return false;
        total += v * unit;
        *p += n;
        if (**p != ':')
            break;
        ++*p;
    }
    *ret = sign * total;
    return true;
}

static bool tz_name(const char **p) {
    size_t n = **p == '<' ? strcspn(*p, ">") + 1 : strcspn(*p, "+-0123456789,");
    if (n < 3 || strlen(*p) < n)
        return false;
    *p += n;
    return true;
}

static bool tz_edge(const char **p, struct edge *e) {
    int *const slot[] = { &e->month, &e->week, &e->day };
    if (*(*p)++ != ',' || **p != 'M')
        return false;
    for (int i = 0; i < 3; i++) {
        int64_t v;
        ++*p;
        size_t n = strspn(*p, "0123456789");
        if (n == 0 || !text_int_n(*p, n, i == 2 ? 0 : 1, i == 0 ? 12 : i == 1 ? 5 : 6, &v))
            return false;
        *slot[i] = (int)v;
        *p += n;
        if (i < 2 && **p != '.')
            return false;
    }
    e->second = 7200;
    if (**p != '/')
        return true;
    ++*p;
    return tz_time(p, &e->second);
}

static bool footer_read(struct zone *z, const char *p) {
    int64_t off;
    if (!tz_name(&p) || !tz_time(&p, &off))
        return false;
    z->base = (int32_t)-off;
    if (*p != 0) {
        z->other = z->base + 3600;
        if (!tz_name(&p))
            return false;
        if (*p != ',' && *p != 0) {
            if (!tz_time(&p, &off))
                return false;
            z->other = (int32_t)-off;
        }
        if (!tz_edge(&p, &z->start) || !tz_edge(&p, &z->end) || *p != 0)
            return false;
        z->summer = true;
    }
    return true;
}

static bool zone_read(struct zone *z, const uint8_t *p, size_t len, bool *ret_no_memory) {
    struct counts c;
    if (!header(p, len, &c) || p[4] < '2')
        return false;
    size_t skip = 44 + body(&c, 4);
    if (skip > len || !header(p + skip, len - skip, &c))
        return false;
    p += skip + 44;
    len -= skip + 44;
    size_t need = body(&c, 8);
    if (need > len)
        return false;
    z->at = mem_new_array(c.time, sizeof *z->at);
    z->type = mem_new_array(c.time, 1);
    if (z->at == NULL || z->type == NULL) {
        *ret_no_memory = true;
        return false;
    }
    z->count = c.time;
    z->type_count = c.type;
    for (size_t i = 0; i < c.time; i++) {
        z->at[i] = be(p + 8 * i, 8);
        z->type[i] = p[8 * c.time + i];
        if (z->type[i] >= c.type || (i > 0 && z->at[i] <= z->at[i - 1]))
            return false;
    }
    for (size_t i = 0; i < c.type; i++)
        z->offsets[i] = (int32_t)be(p + 9 * c.time + 6 * i, 4);
    char tz[128];
    size_t n = 0;
    if (need + 1 < len && p[need] == '\n')
        for (const uint8_t *f = p + need + 1; n < sizeof tz - 1 && n + need + 1 < len && f[n] != '\n'; n++)
            tz[n] = (char)f[n];
    tz[n] = 0;
    z->footer = n > 0 && footer_read(z, tz);
    return n == 0 || z->footer;
}

static bool name_fits(const char *name) {
    size_t n = strlen(name);
    return n > 0 && n < sizeof ((struct zone *)0)->name && name[0] != '/' && name[0] != '.' && strstr(name, "..") == NULL &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == n;
}

enum code zone_open(const char *name, struct zone **ret, struct err *reterr) {
    if (!name_fits(name))
        return err_set(reterr, E_INVALID, "\"%.60s\" is not a time zone name; write one such as Europe/Warsaw", name);
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return err_set(reterr, E_INVALID, "there is no time zone \"%s\" on this system (package tzdata)", name);
    }
    AUTO(mem_free) uint8_t *bytes = mem_new(FILE_MAX);
    AUTO(zone_free) struct zone *z = mem_new(sizeof *z);
    ssize_t n = bytes == NULL || z == NULL ? -1 : read(fd, bytes, FILE_MAX);
    close(fd);
    if (bytes == NULL || z == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a time zone");
    snprintf(z->name, sizeof z->name, "%s", name);
    bool no_memory = false;
    if (n <= 0 || !zone_read(z, bytes, (size_t)n, &no_memory))
        return no_memory ? err_set(reterr, E_MEMORY, "no memory for a time zone") : err_set(reterr, E_INVALID, "the system's file of time zone \"%s\" cannot be understood", name);
    *ret = TAKE(z);
    return OK;
}

struct zone *zone_free(struct zone *z) {
    if (z == NULL)
        return NULL;
    mem_free(z->at);
    mem_free(z->type);
    return mem_free(z);
}

const char *zone_name(const struct zone *z) { return z->name; }

/* The local second (as if UTC) at which the edge falls in that year. */
static int64_t edge_second(const struct edge *e, int year) {
    int first = (civil_weekday(year, e->month, 1) + 1) % 7;          /* 0 = Sunday, as in TZ strings */
    int day = 1 + (e->day - first + 7) % 7 + (e->week - 1) * 7;
    while (day > civil_month_days(year, e->month))
        day -= 7;
    return civil_days(year, e->month, day) * 86400 + e->second;
}

static int32_t offset_by_footer(const struct zone *z, int64_t second) {
    if (!z->summer)
        return z->base;
    struct civil c = civil_of_utc((second + z->base) * USEC_PER_SEC);
    int64_t from = edge_second(&z->start, c.year) - z->base, to = edge_second(&z->end, c.year) - z->other;
    bool inside = from < to ? second >= from && second < to : second >= from || second < to;
    return inside ? z->other : z->base;
}

/* Seconds east of Greenwich at that second. */
static int32_t offset_at(const struct zone *z, int64_t second) {
    size_t lo = 0, hi = z->count;
    if (z->count > 0 && second >= z->at[z->count - 1] && z->footer)
        return offset_by_footer(z, second);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (z->at[mid] <= second)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return z->count == 0 && z->footer ? offset_by_footer(z, second) : z->offsets[0];
    return z->offsets[z->type[lo - 1]];
}

static int64_t seconds_down(usec_t t) { return t >= 0 ? t / USEC_PER_SEC : -((-t + USEC_PER_SEC - 1) / USEC_PER_SEC); }

struct civil zone_civil(const struct zone *z, usec_t t) {
    return civil_of_utc(t + offset_at(z, seconds_down(t)) * USEC_PER_SEC);
}

usec_t zone_instant(const struct zone *z, const struct civil *c) {
    usec_t wall = civil_utc(c);
    int64_t second = seconds_down(wall);
    int32_t early = offset_at(z, second - 86400), late = offset_at(z, second + 86400);
    usec_t a = wall - early * USEC_PER_SEC, b = wall - late * USEC_PER_SEC;
    bool a_fits = offset_at(z, seconds_down(a)) == early, b_fits = offset_at(z, seconds_down(b)) == late;
    if (a_fits && (!b_fits || a <= b))
        return a;                                  /* the first of two, or the only one before the change */
    if (b_fits)
        return b;
    /* In a gap: the instant of the jump, found between the two readings. */
    int64_t lo = seconds_down(a < b ? a : b) - 1, hi = seconds_down(a < b ? b : a) + 1;
    int32_t before = offset_at(z, lo);
    while (hi - lo > 1) {
        int64_t mid = lo + (hi - lo) / 2;
        if (offset_at(z, mid) == before)
            lo = mid;
        else
            hi = mid;
    }
    return hi * USEC_PER_SEC;
}

static const struct { const char *one, *many; size_t at; double days; } units[] = {
    { "year", "years", offsetof(struct span, years), 365.25 }, { "month", "months", offsetof(struct span, months), 30.44 },
    { "week", "weeks", offsetof(struct span, weeks), 7 }, { "day", "days", offsetof(struct span, days), 1 },
    { "hour", "hours", offsetof(struct span, hours), 1.0 / 24 }, { "minute", "minutes", offsetof(struct span, minutes), 1.0 / 1440 },
};

static int *unit_of(struct span *s, size_t i) { return (int *)(void *)((char *)s + units[i].at); }
static int unit_in(const struct span *s, size_t i) { struct span copy = *s; return *unit_of(&copy, i); }

bool span_parse(const char *text, struct span *ret) {
    struct span s = { 0 };
    int64_t v;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 6 || text[n] != ' ' || !text_int_n(text, n, 0, 100000, &v))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(text + n + 1, units[i].many) == 0 || (v == 1 && strcmp(text + n + 1, units[i].one) == 0)) {
            *unit_of(&s, i) = (int)v;
            *ret = s;
            return true;
        }
    return false;
}

char *span_format(const struct span *s, char *buf, size_t room) {
    size_t used = 0;
    snprintf(buf, room, "0 days");
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        int v = unit_in(s, i);
        if (v != 0 && used < room)
            used += (size_t)snprintf(buf + used, room - used, "%s%d %s", used > 0 ? " " : "", v, v == 1 ? units[i].one : units[i].many);
    }
    return buf;
}

double span_days(const struct span *s) {
    double total = 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        total += unit_in(s, i) * units[i].days;
    return total;
}

usec_t zone_add(const struct zone *z, usec_t t, const struct span *s, int sign) {
    if (t == USEC_NEVER)
        return t;
    struct civil c = zone_civil(z, t);
    int64_t months = (int64_t)c.year * 12 + (c.month - 1) + sign * ((int64_t)s->years * 12 + s->months);
    int64_t days = sign * ((int64_t)s->weeks * 7 + s->days);
    usec_t elapsed = sign * (s->hours * USEC_PER_HOUR + s->minutes * USEC_PER_MINUTE);
    if (months != (int64_t)c.year * 12 + (c.month - 1) || days != 0) {
        if (months < 12)
            months = 12;
        if (months > 9999 * 12 + 11)
            months = 9999 * 12 + 11;
        c.year = (int)(months / 12);
        c.month = (int)(months % 12) + 1;
        if (c.day > civil_month_days(c.year, c.month))
            c.day = civil_month_days(c.year, c.month);
        civil_of_days(civil_days(c.year, c.month, c.day) + days, &c);
        t = zone_instant(z, &c);
    }
    return t + elapsed;
}

usec_t zone_end_of(const struct zone *z, usec_t t, char unit) {
    PRE(unit == 'd' || unit == 'm' || unit == 'y');
    if (t == USEC_NEVER)
        return t;
    struct civil c = zone_civil(z, t);
    struct civil next = { .year = c.year, .month = unit == 'y' ? 1 : c.month, .day = unit == 'd' ? c.day : 1 };
    if (unit == 'y') {
        next.year++;
    } else if (unit == 'm') {
        next.year += next.month == 12;
        next.month = next.month % 12 + 1;
    } else {
        civil_of_days(civil_days(next.year, next.month, next.day) + 1, &next);
    }
    return zone_instant(z, &next);
}
