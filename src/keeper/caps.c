/* caps.c — invariant: a hash with open addressing, at least half empty; a row whose minute is over and that has no
 * cap of its own is as good as none and goes when the table grows. A clock that went back stays in its minute. */
#include "keeper/caps.h"

#include "base/mem.h"
#include "base/rule.h"

#define ROOM_FIRST 256u
#define ROOM_MAX (1u << 20)

struct row { int64_t tenant, minute; uint64_t taken, cap; bool used, tight; };
struct caps { uint64_t per_minute, all; int64_t minute; struct row *row; size_t room, used; };

enum code caps_new(uint64_t per_minute, struct caps **ret, struct err *reterr) {
    PRE(per_minute > 0 && ret != NULL && reterr != NULL);
    AUTO(caps_free) struct caps *c = mem_new(sizeof *c);
    if (c == NULL || (c->row = mem_new_array(ROOM_FIRST, sizeof *c->row)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the counts of opened keys");
    c->per_minute = per_minute;
    c->room = ROOM_FIRST;
    *ret = TAKE(c);
    return OK;
}

struct caps *caps_free(struct caps *c) {
    if (c != NULL)
        (void)mem_free(c->row);
    return mem_free(c);
}

static struct row *row_of(struct row *rows, size_t room, int64_t tenant) {
    size_t at = (size_t)(((uint64_t)tenant * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (room - 1);
    while (rows[at].used && rows[at].tenant != tenant)
        at = (at + 1) & (room - 1);
    return &rows[at];
}

static enum code grow(struct caps *c, struct err *reterr) {
    size_t keep = 0;
    for (size_t i = 0; i < c->room; i++)
        keep += c->row[i].used && (c->row[i].tight || c->row[i].minute == c->minute);
    size_t room = keep * 4 < ROOM_FIRST ? ROOM_FIRST : c->room;
    while (room < keep * 4)
        room *= 2;
    if (room > ROOM_MAX)
        return err_set(reterr, E_TOO_MANY, "more tenants opened keys in this minute than the keeper counts: try again in the next");
    struct row *rows = mem_new_array(room, sizeof *rows);
    if (rows == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the counts of opened keys");
    for (size_t i = 0; i < c->room; i++)
        if (c->row[i].used && (c->row[i].tight || c->row[i].minute == c->minute))
            *row_of(rows, room, c->row[i].tenant) = c->row[i];
    (void)mem_free(c->row);
    c->row = rows;
    c->room = room;
    c->used = keep;
    return OK;
}

static enum code row_get(struct caps *c, int64_t tenant, struct row **ret, struct err *reterr) {
    struct row *r = row_of(c->row, c->room, tenant);
    if (!r->used) {
        if ((c->used + 1) * 2 > c->room) {
            enum code code = grow(c, reterr);
            if (code != OK)
                return code;
            r = row_of(c->row, c->room, tenant);
        }
        *r = (struct row){ .tenant = tenant, .minute = c->minute, .cap = c->per_minute, .used = true };
        c->used++;
    }
    *ret = r;
    return OK;
}

static void tick(struct caps *c, usec_t now) {
    if (now / USEC_PER_MINUTE > c->minute) {
        c->minute = now / USEC_PER_MINUTE;
        c->all = 0;
    }
}

enum code caps_take(struct caps *c, int64_t tenant, uint64_t n, usec_t now, struct err *reterr) {
    PRE(c != NULL && reterr != NULL);
    struct row *r = NULL;
    tick(c, now);
    enum code code = row_get(c, tenant, &r, reterr);
    if (code != OK)
        return code;
    if (r->minute != c->minute) {
        r->minute = c->minute;
        r->taken = 0;
    }
    if (rule_on(RULE_key_caps) && (n > r->cap || r->taken > r->cap - n))
        return err_set(reterr, E_TOO_MANY, "this tenant has opened %llu keys in this minute and may open %llu (key_openings in sejf.yaml): wait for the next "
                       "minute", (unsigned long long)r->taken, (unsigned long long)r->cap);
    r->taken += n;
    c->all += n;
    return OK;
}

enum code caps_tighten(struct caps *c, int64_t tenant, uint64_t per_minute, struct err *reterr) {
    PRE(c != NULL && reterr != NULL);
    struct row *r = NULL;
    enum code code = row_get(c, tenant, &r, reterr);
    if (code != OK)
        return code;
    r->tight = true;
    if (per_minute < r->cap)
        r->cap = per_minute;
    return OK;
}

uint64_t caps_minute(const struct caps *c, usec_t now) { return now / USEC_PER_MINUTE > c->minute ? 0 : c->all; }

uint64_t caps_most(const struct caps *c) { return c->per_minute; }
