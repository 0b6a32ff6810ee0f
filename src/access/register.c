/* register.c — the register read: rows in chunks, their keys in one question for each chunk, entries as JSON. */
#include <stdio.h>
#include <string.h>

#include "access/authorise.h"
#include "base/mem.h"
#include "records/csv.h"
#include "store/register.h"

#define CHUNK 128u

struct chunk {
    const struct registrar *r; usec_t now;
    struct authorisation_row rows[CHUNK]; size_t count, limit;
    struct arena *arena; bool failed;
};

static bool chunk_take(const struct authorisation_row *row, void *arg) {
    struct chunk *c = arg;
    void *copy = arena_get(c->arena, row->len + 1);
    c->failed = copy == NULL;
    if (c->failed)
        return false;
    memcpy(copy, row->blob, row->len);
    c->rows[c->count] = *row;
    c->rows[c->count++].blob = copy;
    return c->count < c->limit;
}

static const char *state_of(const struct authorisation_row *row, usec_t now) {
    if (row->withdrawn != 0)
        return "withdrawn";
    if (row->until <= now)
        return "ended";
    if (row->from > now)
        return "future";
    return row->trained <= now ? "untrained" : "valid";
}

static json_t *number_text(const struct registrar *r, const struct authorisation_row *row) {
    return json_sprintf("U/%04d/%04lld", registrar_civil(r, row->made).year, (long long)row->number);
}

static json_t *time_json(usec_t t) {
    char text[40];
    return json_string(time_format(t, text, sizeof text));
}

static json_t *day_json(const struct registrar *r, usec_t t) {
    char text[16];
    return json_string(registrar_date(r, t, text, sizeof text));
}

static void move(json_t *from, const char *name, json_t *to, const char *as) {
    json_t *v = json_object_get(from, name);
    json_object_set_new(to, as, v == NULL ? json_null() : json_incref(v));
}

static json_t *withdrawn_json(const struct authorisation_row *row, json_t *sealed) {
    json_t *w = json_object_get(sealed, "withdrawn"), *o;
    if (row->withdrawn == 0)
        return json_null();
    o = json_pack("{s:o}", "at", time_json(row->withdrawn));
    move(w, "by", o, "by");
    move(w, "why", o, "why");
    return o;
}

/* The row's facts and the sealed words as one object. */
static json_t *entry_json(const struct registrar *r, const struct authorisation_row *row, json_t *sealed, usec_t now) {
    static const char *const words[] = { "name", "post", "scope", "purposes", "place", "granted_by", "undertaking" };
    char id[UUID_TEXT];
    json_t *o = json_pack("{s:I, s:o, s:s}", "number", (json_int_t)row->number, "text", number_text(r, row), "account", uuid_format(&row->account, id));
    json_t *training = json_pack("{s:b}", "needed", row->trained != USEC_NEVER);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        move(sealed, words[i], o, words[i]);
    move(sealed, "trained", training, "until");
    json_object_set_new(o, "training", training);
    json_object_set_new(o, "made", time_json(row->made));
    json_object_set_new(o, "from", day_json(r, row->from));
    json_object_set_new(o, "until", day_json(r, row->until - 1));
    json_object_set_new(o, "withdrawn", withdrawn_json(row, sealed));
    json_object_set_new(o, "state", json_string(state_of(row, now)));
    return o;
}

static enum code entry_give(const struct chunk *c, const struct authorisation_row *row, const struct key *key, bool ok, json_t **ret, struct err *reterr) {
    size_t lost = mem_lost();
    json_t *sealed = NULL, *o;
    struct entry_place at = { .name = "authorisation", .tenant = c->r->tenant, .number = row->number, .id = row->account, .key = row->key };
    if (!ok) {
        o = json_pack("{s:I, s:o, s:b}", "number", (json_int_t)row->number, "text", number_text(c->r, row), "erased", 1);
    } else {
        enum code code = entry_open(&at, key, row->blob, row->len, &sealed, reterr);
        if (code != OK)
            return code;
        o = entry_json(c->r, row, sealed, c->now);
        json_decref(sealed);
    }
    if (o == NULL || mem_lost() != lost) {
        json_decref(o);
        return err_set(reterr, E_MEMORY, "no memory for a register");
    }
    *ret = o;
    return OK;
}

/* Opens what was taken and hands it on; *more: fn wants more. */
static enum code chunk_give(struct chunk *c, authorise_fn fn, void *arg, bool *more, struct err *reterr) {
    key_id ids[CHUNK];
    bool ok[CHUNK];
    struct key keys[CHUNK];
    for (size_t i = 0; i < c->count; i++)
        ids[i] = c->rows[i].key;
    enum code code = c->count == 0 ? OK : keeper_open(c->r->keeper, c->r->tenant, ids, c->count, keys, ok, reterr);
    for (size_t i = 0; i < c->count && code == OK && *more; i++) {
        json_t *entry = NULL;
        code = entry_give(c, &c->rows[i], &keys[i], ok[i], &entry, reterr);
        if (code == OK)
            *more = fn(entry, arg);
        json_decref(entry);
    }
    crypto_wipe(keys, sizeof keys);
    return code;
}

/* Up to `limit` of them after that number. */
static enum code run(const struct registrar *r, int64_t after, size_t limit, usec_t now, authorise_fn fn, void *arg, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(CHUNK * 2 * ENTRY_TEXT_MAX);
    struct chunk *c = arena == NULL ? NULL : arena_get(arena, sizeof *c);
    bool more = true, last = false;
    enum code code = OK;
    if (c == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a register");
    struct arena_mark mark = arena_mark(arena);
    while (code == OK && more && !last && limit > 0) {
        struct view *v = NULL;
        *c = (struct chunk){ .r = r, .now = now, .limit = limit < CHUNK ? limit : CHUNK, .arena = arena };
        code = store_view(r->store, r->tenant, &v, reterr);
        if (code == OK)
            code = authorisations_list(view_sql(v), after, chunk_take, c, reterr);
        v = view_end(v);
        if (code == OK && c->failed)
            code = err_set(reterr, E_MEMORY, "no memory for a register");
        if (code == OK)
            code = chunk_give(c, fn, arg, &more, reterr);
        last = c->count < c->limit;
        limit -= c->count;
        after = c->count > 0 ? c->rows[c->count - 1].number : after;
        arena_rewind(arena, mark);
    }
    return code;
}

enum code authorise_each(const struct registrar *r, usec_t now, authorise_fn fn, void *arg, struct err *reterr) {
    return run(r, 0, SIZE_MAX, now, fn, arg, reterr);
}

static bool list_take(const json_t *entry, void *arg) {
    json_array_append(arg, (json_t *)(uintptr_t)entry);
    return true;
}

enum code authorise_list(const struct registrar *r, int64_t after, size_t limit, usec_t now, json_t **ret, struct err *reterr) {
    size_t lost = mem_lost();
    json_t *list = json_array();
    enum code code = run(r, after, limit > 1000 ? 1000 : limit, now, list_take, list, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for a register");
    if (code == OK)
        *ret = list;
    else
        json_decref(list);
    return code;
}

struct wanted { int64_t number; json_t *entry; };
static bool wanted_take(const json_t *entry, void *arg) {
    struct wanted *w = arg;
    if (json_integer_value(json_object_get(entry, "number")) == w->number)
        w->entry = json_incref((json_t *)(uintptr_t)entry);
    return false;
}

enum code authorise_read(const struct registrar *r, int64_t number, usec_t now, json_t **ret, struct err *reterr) {
    struct wanted w = { .number = number };
    enum code code = number < 1 ? OK : run(r, number - 1, 1, now, wanted_take, &w, reterr);
    if (code == OK && w.entry == NULL)
        code = err_set(reterr, E_NOT_FOUND, "there is no authorisation of this number");
    if (code == OK)
        *ret = w.entry;
    return code;
}

/* ---- as a table ---- */

static const struct words heads[] = {
#define HEAD(name, en, pl, hu) WORDS(en, pl, hu),
#include "access/texts_register.tbl"
#undef HEAD
};
static const char *const names[] = {
#define HEAD(name, en, pl, hu) name,
#include "access/texts_register.tbl"
#undef HEAD
};
static const struct { const char *state; struct words words; } states[] = {
#define STATE(name, en, pl, hu) { name, WORDS(en, pl, hu) },
#include "access/texts_register.tbl"
#undef STATE
};

const char *authorise_state_word(const char *state, enum lang lang) {
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i].state, state) == 0)
            return states[i].words.in[lang];
    return state;
}

void authorise_cell(const json_t *entry, const char *name, enum lang lang, struct buf *ret) {
    const char *dot = strchr(name, '.');
    char first[32] = "";
    if (dot != NULL) {                        /* "granted_by.name" */
        snprintf(first, sizeof first, "%.*s", (int)(dot - name), name);
        authorise_cell(json_object_get(entry, first), dot + 1, lang, ret);
        return;
    }
    size_t i;
    json_t *v = json_object_get(entry, name), *one;
    const char *text = json_string_value(v);
    if (text != NULL && strcmp(name, "state") == 0)
        text = authorise_state_word(text, lang);
    if (text != NULL)
        buf_add(ret, text, strcmp(name, "at") == 0 || strcmp(name, "made") == 0 ? strcspn(text, "T") : strlen(text));
    json_array_foreach(v, i, one) {
        buf_text(ret, i > 0 ? "; " : "");
        buf_text(ret, json_string_value(one) ?: "");
    }
}

struct sheet { struct buf *ret; enum lang lang; char comma; };

static void cell(struct sheet *s, size_t at, const char *text, size_t len) {
    if (at > 0)
        buf_char(s->ret, s->comma);
    csv_put(s->ret, text, len, true);
}

static bool sheet_row(const json_t *entry, void *arg) {
    struct sheet *s = arg;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(buf_done) struct buf text = BUF(ENTRY_TEXT_MAX);
        authorise_cell(entry, names[i], s->lang, &text);
        cell(s, i, buf_str(&text), text.len);
        if (text.failed)
            buf_fail(s->ret);
    }
    buf_text(s->ret, "\r\n");
    return !s->ret->failed;
}

enum code authorise_csv(const struct registrar *r, enum lang lang, usec_t now, struct buf *ret, struct err *reterr) {
    size_t lost = mem_lost();
    struct sheet s = { .ret = ret, .lang = lang, .comma = lang == LANG_EN ? ',' : ';' };
    buf_text(ret, "\xEF\xBB\xBF");
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        cell(&s, i, heads[i].in[lang], strlen(heads[i].in[lang]));
    buf_text(ret, "\r\n");
    enum code code = authorise_each(r, now, sheet_row, &s, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for a register");
    return code == OK && ret->failed ? err_set(reterr, E_TOO_LARGE, "the register is too large for one file") : code;
}
