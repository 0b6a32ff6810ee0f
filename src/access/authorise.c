/* authorise.c — giving, withdrawing and renewing. An entry is sealed inside the write, since its number is known there alone and bound
 * to it. Invariant: the row says when it is in force; what it says in words stands in the entry, and only there. */
#include "access/authorise.h"

#include <stdio.h>
#include <string.h>

#include "access/inside.h"
#include "base/mem.h"
#include "base/rule.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "store/people.h"
#include "store/register.h"

#define REGISTER "authorisation"

/* ---- is there one? ---- */

enum code authorise_valid(struct store *s, const struct charter *c, int64_t tenant, int person, const struct uuid *account, usec_t now,
                          bool *ret, usec_t *ret_until, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    if (!charter_authorised_only(c) || charter_public(c, person) || !rule_on(RULE_authorised_only)) {
        *ret = true;
        *ret_until = USEC_NEVER;
        return OK;
    }
    enum code code = store_view(s, tenant, &v, reterr);
    return code == OK ? authorisation_valid(view_sql(v), account, now, ret, ret_until, reterr) : code;
}

/* ---- what is asked ---- */

/* Trimmed text of 1 to `most` bytes; NULL where it may be missing and is. */
static enum code text_take(const char *text, const char *path, bool needed, size_t most, json_t *into, const char *name, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(4096);
    if (text != NULL && strnlen(text, 4096) >= 4096)
        return err_field(reterr, E_FIELDS, path, "at most %zu bytes", most);
    if (text != NULL && !text_clean(text, strlen(text), &b))
        return b.failed ? err_set(reterr, E_MEMORY, "no memory for an authorisation") : err_field(reterr, E_FIELDS, path, "this is no text");
    if (b.len > most)
        return err_field(reterr, E_FIELDS, path, "at most %zu bytes", most);
    if (b.len == 0 && needed && rule_on(RULE_authorised_register))
        return err_field(reterr, E_FIELDS, path, "this is missing");
    json_object_set_new(into, name, b.len == 0 ? json_null() : json_string(buf_str(&b)));
    return OK;
}

static bool purpose_declared(const struct charter *c, const char *text, bool *ret_any) {
    const struct kind *kinds;
    size_t count = c == NULL ? 0 : charter_kinds(c, &kinds);
    *ret_any = false;
    for (size_t i = 0; i < count; i++) {
        *ret_any = *ret_any || kinds[i].used_for_count > 0;
        if (kind_purpose(&kinds[i], text) >= 0)
            return true;
    }
    return false;
}

static enum code purposes_take(const struct registrar *r, const json_t *given, json_t *into, struct err *reterr) {
    size_t i;
    json_t *v, *list = json_array();
    enum code code = OK;
    if ((json_array_size(given) == 0 && rule_on(RULE_authorised_register)) || json_array_size(given) > AUTHORISE_PURPOSES)
        code = err_field(reterr, E_FIELDS, "/purposes", "1 to %u purposes are needed", AUTHORISE_PURPOSES);
    json_array_foreach(given, i, v) {
        const char *text = json_string_value(v);
        json_t *one = json_object();
        bool any = false, declared = text != NULL && purpose_declared(r->charter, text, &any);
        if (code == OK)
            code = text_take(text, "/purposes", true, AUTHORISE_PURPOSE, one, "text", reterr);
        if (code == OK && any && !declared)
            code = err_field(reterr, E_FIELDS, "/purposes", "a purpose must be one that the charter declares under used_for");
        if (code == OK)
            json_array_append(list, json_object_get(one, "text"));
        json_decref(one);
    }
    json_object_set_new(into, "purposes", list);
    return code;
}

static enum code date_take(const struct registrar *r, const char *text, const char *path, const char *name, json_t *into, struct err *reterr) {
    usec_t at;
    if (text != NULL && !registrar_day(r, text, false, &at))
        return err_field(reterr, E_FIELDS, path, "this is no date, such as 2026-11-22");
    json_object_set_new(into, name, text == NULL ? json_null() : json_string(text));
    return OK;
}

struct giving {
    const struct registrar *r; const struct actor *by;
    struct authorisation_row row; struct key key; json_t *entry;
};

static enum code dates_take(struct giving *g, const struct authorise_wish *w, usec_t now, struct err *reterr) {
    char today[16];
    usec_t trained = USEC_NEVER;
    struct authorisation_row *row = &g->row;
    const char *from = w->from != NULL ? w->from : registrar_date(g->r, now, today, sizeof today);
    if (!registrar_day(g->r, from, false, &row->from))
        return err_field(reterr, E_FIELDS, "/from", "this is no date, such as 2026-11-22");
    if (w->until == NULL || !registrar_day(g->r, w->until, true, &row->until))
        return err_field(reterr, E_FIELDS, "/until", "an authorisation has an end: a date, such as 2027-11-21");
    if (row->until <= row->from || row->until <= now)
        return err_field(reterr, E_FIELDS, "/until", "the end lies before the beginning, or has passed");
    if (row->until > row->from + (AUTHORISE_YEARS * 366 + 1) * USEC_PER_DAY)
        return err_field(reterr, E_FIELDS, "/until", "an authorisation lasts %d years at most; it can be given anew", AUTHORISE_YEARS);
    if (w->trained != NULL && !registrar_day(g->r, w->trained, true, &trained))
        return err_field(reterr, E_FIELDS, "/training/until", "this is no date, such as 2026-11-22");
    row->trained = w->training_needed ? (w->trained == NULL ? 0 : trained) : USEC_NEVER;
    return OK;
}

static json_t *actor_json(const struct actor *a) {
    char id[UUID_TEXT];
    return json_pack("{s:o, s:o}", "account", uuid_is_null(&a->account) ? json_null() : json_string(uuid_format(&a->account, id)),
                     "name", a->name == NULL ? json_null() : json_string(a->name));
}

static enum code entry_take(struct giving *g, const struct authorise_wish *w, struct err *reterr) {
    json_t *e = g->entry;
    enum code code = text_take(w->name, "/account", true, 256, e, "name", reterr);
    if (code == OK)
        code = text_take(w->post, "/post", true, AUTHORISE_POST, e, "post", reterr);
    if (code == OK)
        code = text_take(w->scope, "/scope", true, AUTHORISE_SCOPE, e, "scope", reterr);
    if (code == OK)
        code = text_take(w->place, "/place", false, AUTHORISE_POST, e, "place", reterr);
    if (code == OK)
        code = purposes_take(g->r, w->purposes, e, reterr);
    if (code == OK)
        code = date_take(g->r, w->undertaking, "/undertaking", "undertaking", e, reterr);
    if (code == OK)
        code = date_take(g->r, w->trained, "/training/until", "trained", e, reterr);
    json_object_set_new(e, "granted_by", actor_json(g->by));
    return code;
}

/* ---- writing ---- */

static struct entry_place place_of(const struct registrar *r, const struct authorisation_row *row) {
    return (struct entry_place){ .name = REGISTER, .tenant = r->tenant, .number = row->number, .id = row->account, .key = row->key };
}

static enum code ledger_say(struct txn *t, const char *verb, const struct authorisation_row *row, const struct actor *by, struct err *reterr) {
    char id[UUID_TEXT], who[ACTOR_TEXT];
    json_t *what = json_pack("{s:I, s:s}", "number", (json_int_t)row->number, "account", uuid_format(&row->account, id));
    enum code code = ledger_append(t, verb, actor_text(by, who), what, reterr);
    json_decref(what);
    return code;
}

static enum code grant_write(struct txn *t, void *arg, struct err *reterr) {
    struct giving *g = arg;
    AUTO(buf_done) struct buf sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD);
    enum code code = authorisation_next(txn_sql(t), &g->row.number, reterr);
    struct entry_place at = place_of(g->r, &g->row);
    if (code == OK)
        code = entry_seal(&at, &g->key, g->entry, &sealed, reterr);
    if (code != OK)
        return code;
    struct authorisation_row row = g->row;
    row.made = txn_now(t);
    row.blob = sealed.data;
    row.len = sealed.len;
    code = authorisation_put(t, &row, reterr);
    return code == OK ? ledger_say(t, "authorised", &row, g->by, reterr) : code;
}

static enum code member_check(const struct registrar *r, const struct uuid *account, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct member_row row;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an authorisation");
    enum code code = store_view(r->store, r->tenant, &v, reterr);
    if (code == OK)
        code = member_get(view_sql(v), r->tenant, account, &row, arena, reterr);
    return code == E_NOT_FOUND ? err_field(reterr, E_FIELDS, "/account", "this account is no member here") : code;
}

static enum code grant_run(struct giving *g, int64_t *ret_number, struct err *reterr) {
    struct err late;
    enum code code = keeper_make(g->r->keeper, g->r->tenant, USEC_NEVER, 1, &g->row.key, &g->key, reterr);
    if (code != OK)
        return code;
    code = store_write(g->r->store, g->r->tenant, grant_write, g, reterr);
    crypto_wipe(&g->key, sizeof g->key);
    access_forget();
    if (code == OK)
        *ret_number = g->row.number;
    else
        (void)!keeper_destroy(g->r->keeper, g->r->tenant, &g->row.key, 1, &late);       /* nothing was sealed under it that stands */
    return code;
}

enum code authorise_make(const struct registrar *r, const struct authorise_wish *w, const struct actor *by, int64_t *ret_number, struct err *reterr) {
    PRE(r != NULL && w != NULL && by != NULL && ret_number != NULL);
    size_t lost = mem_lost();
    struct giving g = { .r = r, .by = by, .row.account = w->account, .entry = json_object() };
    enum code code = OK;
    if (!uuid_is_null(&by->account) && uuid_compare(&by->account, &w->account) == 0)
        code = err_set(reterr, E_FORBIDDEN, "nobody authorises themself; somebody else who may has to do it");
    if (code == OK)
        code = member_check(r, &w->account, reterr);
    if (code == OK)
        code = dates_take(&g, w, clock_now(), reterr);
    if (code == OK)
        code = entry_take(&g, w, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for an authorisation");
    if (code == OK)
        code = grant_run(&g, ret_number, reterr);
    json_decref(g.entry);
    return code;
}

/* ---- changes ---- */

struct amend {
    const struct registrar *r; const struct actor *by; int64_t number;
    const char *verb, *why; const struct authorise_training *training;
    struct authorisation_row row; struct buf blob; struct key key;
};

static bool row_take(const struct authorisation_row *row, void *arg) {
    struct amend *a = arg;
    a->row = *row;
    buf_cut(&a->blob, 0);
    buf_add(&a->blob, row->blob, row->len);
    return true;
}

static enum code amend_look(struct amend *a, struct sql *q, struct err *reterr) {
    enum code code = authorisation_get(q, a->number, row_take, a, reterr);
    return code == OK && a->blob.failed ? err_set(reterr, E_MEMORY, "no memory for an authorisation") : code;
}

static enum code withdraw_into(struct amend *a, json_t *entry, usec_t now, struct err *reterr) {
    if (a->row.withdrawn != 0 || a->row.until <= now)
        return err_set(reterr, E_CONFLICT, a->row.withdrawn != 0 ? "this authorisation was withdrawn already" : "this authorisation has ended already");
    a->row.withdrawn = now;
    json_t *w = actor_json(a->by);
    json_object_set_new(entry, "withdrawn", json_pack("{s:o, s:o}", "by", w, "why", a->why == NULL ? json_null() : json_string(a->why)));
    return OK;
}

static enum code train_into(struct amend *a, json_t *entry, usec_t now, struct err *reterr) {
    usec_t until = 0;
    if (a->row.withdrawn != 0 || a->row.until <= now)
        return err_set(reterr, E_CONFLICT, "this authorisation is over; give a new one");
    if (a->training->trained != NULL && !registrar_day(a->r, a->training->trained, true, &until))
        return err_field(reterr, E_FIELDS, "/training/until", "this is no date, such as 2026-11-22");
    if (a->training->trained != NULL && !uuid_is_null(&a->by->account) && uuid_compare(&a->by->account, &a->row.account) == 0)
        return err_set(reterr, E_FORBIDDEN, "nobody notes a training of their own: it would keep their authorisation in force");
    enum code code = OK;
    if (a->training->trained != NULL)
        json_object_set_new(entry, "trained", json_string(a->training->trained));
    if (a->training->trained != NULL && a->row.trained != USEC_NEVER)
        a->row.trained = until;
    if (a->training->undertaking != NULL)
        code = date_take(a->r, a->training->undertaking, "/undertaking", "undertaking", entry, reterr);
    return code;
}

static enum code amend_write(struct txn *t, void *arg, struct err *reterr) {
    struct amend *a = arg;
    AUTO(buf_done) struct buf sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD);
    json_t *entry = NULL;
    size_t lost = mem_lost();
    enum code code = amend_look(a, txn_sql(t), reterr);
    struct entry_place at = place_of(a->r, &a->row);
    if (code == OK)
        code = entry_open(&at, &a->key, a->blob.data, a->blob.len, &entry, reterr);
    if (code == OK)
        code = a->training != NULL ? train_into(a, entry, txn_now(t), reterr) : withdraw_into(a, entry, txn_now(t), reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for an authorisation");
    if (code == OK)
        code = entry_seal(&at, &a->key, entry, &sealed, reterr);
    json_decref(entry);
    a->row.blob = sealed.data;
    a->row.len = sealed.len;
    if (code == OK)
        code = authorisation_set(t, &a->row, reterr);
    return code == OK ? ledger_say(t, a->verb, &a->row, a->by, reterr) : code;
}

/* The key first, which may wait for the keeper; then all in one write. */
static enum code amend_run(struct amend *a, struct err *reterr) {
    struct view *v = NULL;
    bool ok = false;
    a->blob = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD);
    enum code code = store_view(a->r->store, a->r->tenant, &v, reterr);
    if (code == OK)
        code = amend_look(a, view_sql(v), reterr);
    v = view_end(v);
    if (code == OK)
        code = keeper_open(a->r->keeper, a->r->tenant, &a->row.key, 1, &a->key, &ok, reterr);
    if (code == OK && !ok)
        code = err_set(reterr, E_GONE, "this authorisation was erased");
    if (code == OK)
        code = store_write(a->r->store, a->r->tenant, amend_write, a, reterr);
    access_forget();
    crypto_wipe(&a->key, sizeof a->key);
    buf_done(&a->blob);
    return code;
}

enum code authorise_withdraw(const struct registrar *r, int64_t number, const char *why, const struct actor *by, struct err *reterr) {
    PRE(r != NULL && by != NULL);
    json_t *said = json_object();
    enum code code = text_take(why, "/why", false, AUTHORISE_WHY, said, "why", reterr);
    struct amend a = { .r = r, .by = by, .number = number, .verb = "authorisation_withdrawn", .why = json_string_value(json_object_get(said, "why")) };
    if (code == OK)
        code = amend_run(&a, reterr);
    json_decref(said);
    return code;
}

enum code authorise_train(const struct registrar *r, int64_t number, const struct authorise_training *w, const struct actor *by, struct err *reterr) {
    PRE(r != NULL && w != NULL && by != NULL);
    if (w->trained == NULL && w->undertaking == NULL)
        return err_field(reterr, E_FIELDS, "/training/until", "the date until which the training holds, or that of the undertaking, is missing");
    struct amend a = { .r = r, .by = by, .number = number, .verb = "authorisation_trained", .training = w };
    return amend_run(&a, reterr);
}
