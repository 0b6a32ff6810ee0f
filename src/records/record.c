/* record.c — rows to records and back. What is sealed: for each part a canonical JSON object of its fields, with
 * "$given" (and in part 0 "$agreed") before them where a consent was given. Associated data: tenant, kind, record, part
 * and key id, each with its length before it, so that a blob opens in its own place only. */
#include "records/record.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "store/version.h"

enum code record_blank(const struct kind_info *k, int64_t tenant, struct arena *arena, struct record *ret, struct err *reterr) {
    struct value *values = arena_array(arena, k->kind->field_count, sizeof *values);
    struct part_state *parts = arena_array(arena, k->kind->part_count, sizeof *parts);
    if (values == NULL || parts == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    *ret = (struct record){ .info = k, .tenant = tenant, .due = USEC_NEVER, .values = values, .parts = parts };
    return OK;
}

/* Where a field was found: beside the row, in a part of the charter (its index), or in one that it has no more. */
enum { CLEAR = -1, STRAY = -2 };

static bool at_home(const struct kind *k, int f, int place) {
    bool outside = (k->outside >> f & 1) != 0;
    return outside ? place == CLEAR : place >= 0 && (k->parts[place].fields >> f & 1) != 0;
}

/* One field from where it was found. What lies where it belongs is newer than a copy elsewhere. */
static bool value_take(struct record *r, int f, struct slice json, int place, struct arena *arena) {
    const fieldset bit = (fieldset)1 << f;
    if (at_home(r->info->kind, f, place))
        r->home |= bit;
    else {
        r->moved = true;
        r->misplaced |= bit;
        r->unsealed |= place == CLEAR ? bit : 0;
        r->stale |= place >= 0 ? (uint64_t)1 << place : 0;
        if ((r->home & bit) != 0)
            return true;
    }
    return value_open(&r->info->kind->fields[f], json, arena, &r->values[f]);
}

/* When consents were given: of this part, and of those that its fields belong to now. */
static void given_take(struct record *r, int place, usec_t given, fieldset taken) {
    const struct kind *k = r->info->kind;
    for (size_t f = 0; given != 0 && f < k->field_count; f++) {
        struct part_state *p = &r->parts[k->fields[f].part];
        if ((taken >> f & 1) != 0 && k->fields[f].consent != NULL && p->given == 0)
            p->given = given;
    }
    if (place >= 0 && given != 0)
        r->parts[place].given = given;
}

/* Members stand in the order of their names, so the one behind the last is looked at first. -1: no field of the charter. */
static int field_of(const struct kind_info *k, struct slice key, size_t *next) {
    const size_t n = k->kind->field_count;
    for (size_t i = 0; i < n; i++) {
        size_t at = *next + i < n ? *next + i : *next + i - n;
        const char *name = k->kind->fields[k->by_name[at]].name;
        if (strncmp(name, key.at, key.len) == 0 && name[key.len] == 0) {
            *next = at + 1;
            return k->by_name[at];
        }
    }
    return -1;
}

/* ["name","phone"]: written by erased_add, so a name holds no escape. One that the charter has no more is passed over. */
static void erased_take(struct record *r, struct slice list) {
    const char *end = list.at + list.len, *at = list.at;
    while ((at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        const char *name = at + 1, *stop = memchr(name, '"', (size_t)(end - name));
        size_t next = 0;
        if (stop == NULL)
            return;
        int f = field_of(r->info, (struct slice){ name, (size_t)(stop - name) }, &next);
        r->erased |= f >= 0 ? (fieldset)1 << f : 0;
        at = stop + 1;
    }
}

static bool key_is(struct slice key, const char *name) { return key.len == strlen(name) && memcmp(key.at, name, key.len) == 0; }

/* Members of a JSON object into the values of fields, which stay in it; what the charter does not know (any more) is passed over. */
static bool values_take(struct record *r, const char *json, size_t len, int place, struct arena *arena) {
    struct canon c;
    struct slice key, value;
    fieldset taken = 0;
    int64_t given = 0;
    size_t next = 0;
    if (!canon_begin(&c, json, len))
        return false;
    while (canon_next(&c, &key, &value)) {
        int f;
        if (key.len > 0 && key.at[0] == '$') {
            if (place == CLEAR && key_is(key, "$erased"))
                erased_take(r, value);
            int64_t *to = place == CLEAR ? NULL : key_is(key, "$given") ? &given : key_is(key, "$agreed") ? &r->agreed : NULL;
            if (to != NULL && !text_int_n(value.at, value.len, 0, INT64_MAX, to))
                return false;
            r->moved = r->moved || (to == &r->agreed && place != 0);
        } else if ((f = field_of(r->info, key, &next)) >= 0) {
            if (!value_take(r, f, value, place, arena))
                return false;
            taken |= (fieldset)1 << f;
        }
    }
    if (place != CLEAR)
        given_take(r, place, given, taken);
    return !c.bad;
}

enum code record_of_row(const struct kind_info *k, int64_t tenant, const struct row *row, struct arena *arena, struct record *ret, struct err *reterr) {
    struct record r;
    char id[UUID_TEXT];
    enum code code = record_blank(k, tenant, arena, &r, reterr);
    if (code != OK)
        return code;
    r.id = row->id;
    r.parent = row->parent;
    r.version = row->version;
    r.change = row->change;
    r.born = row->born;
    r.created = row->created;
    r.updated = row->updated;
    r.due = row->due;
    r.marks = (struct marks){ row->restricted, row->objected, row->unconfirmed, row->imported };
    if (row->number != NULL && (r.number = arena_text(arena, row->number)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    const char *clear = arena_text(arena, row->clear);
    if (clear == NULL || !values_take(&r, clear, strlen(clear), CLEAR, arena))
        return arena_overflowed(arena) ? err_set(reterr, E_MEMORY, "no memory for a record") : err_set(reterr, E_DAMAGED, "the unsealed fields of %s %s are damaged", k->kind->name, uuid_format(&row->id, id));
    *ret = r;
    return OK;
}

struct take_parts { struct record *r; struct arena *arena; bool failed; };
static bool stray_add(struct take_parts *t, int32_t number, const struct part_state *state) {
    struct record *r = t->r;
    struct stray *list = arena_array(t->arena, r->stray_count + 1, sizeof *list);
    if (list == NULL)
        return false;
    if (r->stray_count > 0)
        memcpy(list, r->strays, r->stray_count * sizeof *list);
    list[r->stray_count++] = (struct stray){ *state, number };
    r->strays = list;
    r->moved = true;
    return true;
}

static bool take_part(const struct part_row *p, void *arg) {
    struct take_parts *t = arg;
    const struct kind_info *k = t->r->info;
    char *blob = arena_text_n(t->arena, p->blob, p->len);
    const struct part_state state = { .has = true, .key = p->key, .due = p->due, .blob = blob, .len = p->len };
    t->failed = blob == NULL;
    for (size_t i = 0; !t->failed && i < k->kind->part_count; i++)
        if (k->parts[i] == p->part) {
            t->r->parts[i] = state;
            return true;
        }
    t->failed = t->failed || !stray_add(t, p->part, &state);
    return !t->failed;
}

enum code record_load_parts(struct sql *q, struct arena *arena, struct record *r, struct err *reterr) {
    return record_walk_parts(NULL, q, arena, r, reterr);
}

/* Which purposes its person has consented to. */
static enum code uses_load(struct sql *q, struct record *r, struct err *reterr) {
    const struct kind_info *k = r->info;
    enum code code = OK;
    r->uses = 0;
    for (size_t i = 0; code == OK && i < k->consent_count; i++) {
        const struct consent_rule *rule = k->use_names[i] == NULL ? NULL : kind_consent_rule(k->kind, k->consents[i]);
        usec_t at = 0;
        if (rule == NULL)
            continue;
        code = lock_given(q, k->number, &r->id, k->use_names[i], &at, reterr);
        if (code == OK && at != 0 && (span_days(&rule->lasts) <= 0 || clock_now() < zone_add(k->zone, at, &rule->lasts, 1)))
            r->uses |= (uint64_t)1 << i;
    }
    return code;
}

enum code record_walk_parts(struct part_walk *w, struct sql *q, struct arena *arena, struct record *r, struct err *reterr) {
    struct take_parts t = { r, arena, false };
    r->stray_count = 0;
    enum code code = w != NULL ? parts_walk(w, &r->id, take_part, &t, reterr) : parts_get(q, r->info->number, &r->id, take_part, &t, reterr);
    if (code == OK && t.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a record");
    if (code == OK && r->info->use_count > 0)
        code = uses_load(q, r, reterr);
    r->loaded = code == OK;
    return code;
}

enum code record_find(struct sql *q, const struct kind_info *k, const struct uuid *id, struct arena *arena, struct record *ret, struct err *reterr) {
    struct row row;
    enum code code = row_get(q, k->number, id, &row, reterr);
    return code == OK ? record_of_row(k, sql_tenant(q), &row, arena, ret, reterr) : code;
}

enum code record_load(struct sql *q, const struct kind_info *k, const struct uuid *id, struct arena *arena, struct record *ret, struct err *reterr) {
    enum code code = record_find(q, k, id, arena, ret, reterr);
    return code == OK ? record_load_parts(q, arena, ret, reterr) : code;
}

/* ---- sealing */
#define AD_SIZE (5u * 4 + 8 + 4 + 16 + 4 + 8)
static uint8_t *put_be(uint8_t *p, uint64_t v, size_t size) {
    for (size_t i = size; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
    return p + size;
}
static uint8_t *put_number(uint8_t *p, uint64_t v, size_t size) { return put_be(put_be(p, size, 4), v, size); }

static void associate(const struct record *r, int32_t part, key_id key, uint8_t ret[AD_SIZE]) {
    uint8_t *p = put_number(ret, (uint64_t)r->tenant, 8);
    p = put_number(p, (uint32_t)r->info->number, 4);
    p = put_be(p, sizeof r->id.bytes, 4);
    memcpy(p, r->id.bytes, sizeof r->id.bytes);
    p = put_number(p + sizeof r->id.bytes, (uint32_t)part, 4);
    p = put_number(p, key, 8);
    POST(p == ret + AD_SIZE);
}

static fieldset sealed_fields(const struct record *r, int part) { return r->info->kind->parts[part].fields & ~r->info->kind->outside; }

bool record_has_part(const struct record *r, int part) {
    fieldset set = sealed_fields(r, part);
    if (r->parts[part].given != 0 || (part == 0 && r->agreed != 0))
        return true;
    for (size_t i = 0; i < r->info->kind->field_count; i++)
        if ((set >> i & 1) != 0 && r->values[i].set)
            return true;
    return false;
}

bool record_uses_part(const struct record *r, int part) {
    fieldset set = r->info->kind->parts[part].fields;
    for (size_t i = 0; i < r->info->kind->field_count; i++)
        if ((set >> i & 1) != 0 && r->values[i].set)
            return true;
    return r->parts[part].has || r->parts[part].given != 0;
}

static void add_fields(const struct record *r, fieldset set, struct buf *ret) {
    const struct kind *k = r->info->kind;
    for (size_t i = 0; i < k->field_count; i++) {
        size_t f = r->info->by_name[i];
        if ((set >> f & 1) == 0 || !r->values[f].set)
            continue;
        if (ret->data[ret->len - 1] != '{')
            buf_char(ret, ',');
        buf_char(ret, '"');
        buf_text(ret, k->fields[f].name);
        buf_text(ret, "\":");
        buf_add(ret, r->values[f].json, r->values[f].len);
    }
}

/* In the mutation build, with the rule off: what a careless store would keep. */
static const char unsealed[] = "plain:";

enum code record_seal(const struct record *r, int part, key_id id, const struct key *key, struct buf *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF(PART_MAX);
    uint8_t ad[AD_SIZE];
    const struct part_state *p = &r->parts[part];
    buf_char(&b, '{');
    if (part == 0 && r->agreed != 0)
        buf_printf(&b, "\"$agreed\":%lld", (long long)r->agreed);
    if (p->given != 0)
        buf_printf(&b, "%s\"$given\":%lld", b.len > 1 ? "," : "", (long long)p->given);
    if (!b.failed)
        add_fields(r, sealed_fields(r, part), &b);
    buf_char(&b, '}');
    if (b.failed)
        return b.len > PART_MAX / 2 ? err_set(reterr, E_TOO_LARGE, "the fields of one record may have %zu bytes", PART_MAX)
                                    : err_set(reterr, E_MEMORY, "no memory to seal a record");
    if (!rule_on(RULE_sealed_at_rest)) {
        buf_text(ret, unsealed);
        buf_add(ret, b.data, b.len);
        return ret->failed ? err_set(reterr, E_MEMORY, "no memory to seal a record") : OK;
    }
    associate(r, r->info->parts[part], id, ad);
    return seal(key, ad, sizeof ad, b.data, b.len, ret, reterr);
}

/* Parts of the charter first, then the strays. */
static struct part_state *part_at(const struct record *r, size_t i) {
    size_t n = r->info->kind->part_count;
    return i < n ? &r->parts[i] : &r->strays[i - n].state;
}

static bool is_stray(const struct record *r, size_t part) { return part >= r->info->kind->part_count; }

enum code record_unseal(const struct record *r, size_t part, const struct key *key, struct buf *ret, struct err *reterr) {
    const struct part_state *p = part_at(r, part);
    uint8_t ad[AD_SIZE];
    enum code code = OK;
    if (!rule_on(RULE_sealed_at_rest) && p->len >= sizeof unsealed - 1 && memcmp(p->blob, unsealed, sizeof unsealed - 1) == 0)
        buf_add(ret, (const char *)p->blob + sizeof unsealed - 1, p->len - (sizeof unsealed - 1));
    else {
        associate(r, is_stray(r, part) ? r->strays[part - r->info->kind->part_count].number : r->info->parts[part], p->key, ad);
        code = seal_open(key, ad, sizeof ad, p->blob, p->len, ret, reterr);
    }
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for a record") : code;
}

static enum code part_open(struct record *r, size_t part, const struct key *key, struct arena *arena, struct err *reterr) {
    const size_t room = part_at(r, part)->len + 1;        /* what is sealed is longer than what is in it */
    bool stray = is_stray(r, part);
    char id[UUID_TEXT], *memory = arena_get(arena, room);
    if (memory == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    struct buf b = buf_over(memory, room);                /* values stay where they were opened */
    enum code code = record_unseal(r, part, key, &b, reterr);
    if (code == OK && !values_take(r, buf_str(&b), b.len, stray ? STRAY : (int)part, arena))
        code = arena_overflowed(arena) ? err_set(reterr, E_MEMORY, "no memory for a record") : err_set(reterr, E_DAMAGED, "the sealed fields cannot be read");
    return code == OK ? OK : err_prefix(reterr, "%s %s, part %s", r->info->kind->name, uuid_format(&r->id, id), stray ? "of an earlier charter" : r->info->kind->parts[part].name);
}

struct opening { struct record *r; size_t part; };

static size_t collect(struct record **list, size_t count, struct opening *ret, key_id *ret_ids) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; !list[i]->opened && p < list[i]->info->kind->part_count + list[i]->stray_count; p++)
            if (part_at(list[i], p)->has) {
                if (ret != NULL) {
                    ret[n] = (struct opening){ list[i], p };
                    ret_ids[n] = part_at(list[i], p)->key;
                }
                n++;
            }
    return n;
}

bool record_damaged(struct record *r, fieldset unread, const struct err *why, struct arena *arena) {
    r->unread |= unread;
    if (r->damage != NULL)
        return true;                           /* one reason is enough */
    struct err *copy = arena_get(arena, sizeof *copy);
    if (copy == NULL)
        return false;
    *copy = *why;
    r->damage = copy;
    return true;
}

/* What a part may have held; of one that the charter has no more, anything that has not been found at home. */
static fieldset fields_at(const struct record *r, size_t part) {
    return part < r->info->kind->part_count ? sealed_fields(r, (int)part) : kind_all(r->info->kind) & ~r->home;
}

static enum code open_all(const struct opening *todo, const struct key *keys, const bool *ok, size_t n, struct arena *arena, struct err *reterr) {
    for (size_t i = 0; i < n; i++) {
        if (!ok[i]) {                          /* the row that was read is behind its key */
            part_at(todo[i].r, todo[i].part)->has = false;
            todo[i].r->torn = true;
            continue;
        }
        enum code code = part_open(todo[i].r, todo[i].part, &keys[i], arena, reterr);
        if (code == E_DAMAGED)
            code = record_damaged(todo[i].r, fields_at(todo[i].r, todo[i].part), reterr, arena) ? OK : err_set(reterr, E_MEMORY, "no memory for a record");
        if (code != OK)
            return code;
    }
    return OK;
}

/* A consent whose end has come: what rests on it is shown to nobody, though the erasure may be a minute away, or wait for its notice. That
 * it was given stays: the end is counted from there. */
static void consents_over(struct record *r, usec_t now) {
    const struct kind *k = r->info->kind;
    for (size_t i = 0; i < k->part_count; i++) {
        const struct consent_rule *own = kind_consent_rule(k, k->parts[i].consent), *all = kind_consent_rule(k, r->info->agreed);
        bool over = own != NULL && r->parts[i].given != 0 && span_days(&own->lasts) > 0 && zone_add(r->info->zone, r->parts[i].given, &own->lasts, 1) <= now;
        over = over || (all != NULL && r->agreed != 0 && span_days(&all->lasts) > 0 && zone_add(r->info->zone, r->agreed, &all->lasts, 1) <= now);
        for (size_t f = 0; over && f < k->field_count; f++)
            if ((k->parts[i].fields >> f & 1) != 0 && k->fields[f].level != L_PLAIN)
                r->values[f] = (struct value){ 0 };
    }
}

#define KEYS_AT_HAND 16u
enum code records_open(struct service *s, struct record **list, size_t count, struct arena *arena, struct err *reterr) {
    size_t n = collect(list, count, NULL, NULL);
    enum code code = OK;
    if (n > 0) {
        struct opening *todo = arena_array(arena, n, sizeof *todo);
        key_id *ids = arena_array(arena, n, sizeof *ids);
        bool *ok = arena_array(arena, n, sizeof *ok);
        struct key few[KEYS_AT_HAND], *keys = n <= KEYS_AT_HAND ? few : arena_array(arena, n, sizeof *keys);
        if (todo == NULL || ids == NULL || ok == NULL || keys == NULL)
            return err_set(reterr, E_MEMORY, "no memory to open records");
        collect(list, count, todo, ids);
        code = keeper_open(s->keeper, list[0]->tenant, ids, n, keys, ok, reterr);
        if (code == OK)
            code = open_all(todo, keys, ok, n, arena, reterr);
        crypto_wipe(keys, n * sizeof *keys);
    }
    for (size_t i = 0; code == OK && i < count; i++) {
        list[i]->opened = true;
        if (list[i]->info->kind->consent_count > 0)
            consents_over(list[i], clock_now());
    }
    return code;
}

enum code record_open(struct service *s, struct record *r, struct arena *arena, struct err *reterr) {
    enum code code = r->opened ? OK : records_open(s, &r, 1, arena, reterr);
    if (code == OK && r->damage != NULL) {
        *reterr = *r->damage;
        return r->damage->code;
    }
    return code;
}

static void erased_add(const struct record *r, struct buf *ret) {
    const char *before = "\"$erased\":[\"";
    for (size_t i = 0; i < r->info->kind->field_count; i++) {
        size_t f = r->info->by_name[i];
        if ((r->erased >> f & 1) == 0)
            continue;
        buf_text(ret, before);
        buf_text(ret, r->info->kind->fields[f].name);
        before = "\",\"";
    }
    buf_text(ret, "\"]");
}

enum code record_clear(const struct record *r, struct buf *ret, struct err *reterr) {
    buf_char(ret, '{');
    if (r->erased != 0)
        erased_add(r, ret);
    if (!ret->failed)
        add_fields(r, r->info->kind->outside | r->unsealed, ret);
    buf_char(ret, '}');
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for the unsealed fields of a record") : OK;
}

int record_option(const struct record *r, int field) {
    return r->values[field].set ? field_option(&r->info->kind->fields[field], r->values[field].text) : -1;
}
