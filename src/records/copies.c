/* copies.c — a request is a row: asked, ready, taken or ended. Whatever is decided of it is decided inside a write, so that two who do the
 * same at once are told apart. What was asked for may name personal values, so it is sealed, and its key goes when the copy is
 * taken or ends. Invariant: taken on one day <= a_day, and within any 24 hours of running <= 2 * a_day, whatever the wall clock says. */
#include "records/copies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/reads.h"
#include "records/spare.h"
#include "records/use.h"
#include "store/copies.h"
#include "store/tables.h"

#define SEALED_MAX ((size_t)1 << 20)
#define LISTED 20u
#define MARK_BEGINS "{\"copy\":{"

static const char *const states[] = { [COPY_ASKED] = "asked", [COPY_READY] = "ready", [COPY_TAKEN] = "taken", [COPY_ENDED] = "ended" };
static const char *format_name(int format) { return format == FORMAT_CSV ? "csv" : "ndjson"; }

bool copies_limited(const struct service *s) { return charter_copies(s->charter).said && rule_on(RULE_copies_limited); }

bool copy_is_mark(const char *text, size_t len) { return len > sizeof MARK_BEGINS && strncmp(text, MARK_BEGINS, sizeof MARK_BEGINS - 1) == 0; }

/* What a person writes into the scope of its own token gives it nothing: the right is its role's. */
enum code copy_right(struct service *s, const struct caller *who, int kind, struct err *reterr) {
    struct verdict may = policy_kind(s->charter, who, kind, V_EXPORT);
    bool own = who->by_sejf || who->person == charter_tenant(s->charter), named = uuid_is_null(&who->account) && who->scope != NULL && who->scope->verbs != ~0u && (who->scope->verbs >> V_EXPORT & 1) != 0;
    if (!may.any)
        return use_refused(s, who, kind, &may, reterr);
    if (own || named || !rule_on(RULE_copies_limited))
        return OK;
    return err_set(reterr, E_FORBIDDEN, "a bulk copy is a right of its own: of the tenant's own role, or of a token made for the tenant whose scope names the verb export");
}

/* ---- what was asked for, sealed */

static void associate(int64_t tenant, key_id id, struct buf *ret) { buf_printf(ret, "copy %lld %llu", (long long)tenant, (unsigned long long)id); }

static enum code told_seal(const struct copy_wish *w, int64_t tenant, key_id id, const struct key *key, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf ad = BUF(128);
    json_t *told = json_pack("{s:s, s:O*}", "why", w->why, "query", w->query);
    char *text = told == NULL ? NULL : json_dumps(told, JSON_COMPACT);
    json_decref(told);
    if (text == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a copy");
    associate(tenant, id, &ad);
    enum code code = strlen(text) > SEALED_MAX - SEAL_OVERHEAD ? err_set(reterr, E_TOO_LARGE, "the conditions of a copy are larger than 1 MiB")
                                                               : seal(key, ad.data, ad.len, text, strlen(text), ret, reterr);
    explicit_bzero(text, strlen(text));
    free(text);
    return code;
}

/* *ret NULL: its key is gone. */
static enum code told_open(struct service *s, int64_t tenant, const struct copy_row *r, json_t **ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf plain = BUF(SEALED_MAX);
    AUTO(buf_done) struct buf ad = BUF(128);
    struct key key;
    key_id id = r->key;
    bool ok = false;
    *ret = NULL;
    if (r->len == 0)
        return OK;
    enum code code = keeper_open(s->keeper, tenant, &id, 1, &key, &ok, reterr);
    associate(tenant, id, &ad);
    if (code == OK && ok)
        code = seal_open(&key, ad.data, ad.len, r->blob, r->len, &plain, reterr);
    crypto_wipe(&key, sizeof key);
    if (code != OK || !ok)
        return code;
    *ret = json_loadb(buf_str(&plain), plain.len, 0, NULL);
    return *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a copy") : OK;
}

/* ---- as it is told */

static bool is_over(const struct copy_row *r, usec_t now, usec_t ran) { return r->state < COPY_TAKEN && (ran >= r->ran + COPY_LIFE || now >= r->made + COPY_LIFE); }

static json_t *row_json(const struct service *s, const struct copy_row *r, json_t *told) {
    char made[32], until[32], taken[32];
    const struct kind_info *k = service_kind_by_number(s, r->kind);
    bool over = is_over(r, clock_now(), store_ran(s->store));
    return json_pack("{s:I, s:s*, s:s, s:s, s:s, s:i, s:o, s:s, s:s, s:s?, s:I, s:O*, s:O*}", "number", (json_int_t)r->number, "kind", k == NULL ? NULL : k->kind->name,
                     "format", format_name(r->format), "who", r->who, "state", states[over ? COPY_ENDED : r->state], "people", charter_copies(s->charter).people,
                     "approved", json_loads(r->approved, 0, NULL), "asked", time_format(r->made, made, sizeof made), "until", time_format(r->made + COPY_LIFE, until, sizeof until),
                     "taken", r->taken == 0 ? NULL : time_format(r->taken, taken, sizeof taken), "records", (json_int_t)r->records, "query", json_object_get(told, "query"),
                     "why", json_object_get(told, "why"));
}

static enum code row_told(struct service *s, int64_t tenant, const struct copy_row *r, json_t **ret, struct err *reterr) {
    json_t *told = NULL;
    enum code code = told_open(s, tenant, r, &told, reterr);
    if (code == OK && (*ret = row_json(s, r, told)) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a copy");
    json_decref(told);
    return code;
}

static enum code find(struct service *s, int64_t tenant, int64_t number, struct copy_row *ret, struct arena *arena, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? copy_get(view_sql(v), number, ret, arena, reterr) : code;
}

static enum code found_told(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(2 * SEALED_MAX);
    struct copy_row r;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a copy") : find(s, tenant, number, &r, arena, reterr);
    return code == OK ? row_told(s, tenant, &r, ret, reterr) : code;
}

/* ---- steps */

struct step { struct service *s; const struct caller *who; char by[CALLER_TEXT]; int64_t number; uint64_t records; struct copy_row row; struct arena *arena; };

static struct step step_of(struct service *s, const struct caller *who, int64_t number) {
    struct step p = { .s = s, .who = who, .number = number };
    (void)caller_text(who, p.by, sizeof p.by);
    return p;
}

static enum code note(struct txn *t, const struct step *p, const char *verb, json_t *what, struct err *reterr) {
    const struct kind_info *k = service_kind_by_number(p->s, p->row.kind);
    if (what != NULL && k != NULL)
        json_object_set_new(what, "kind", json_string(k->kind->name));
    enum code code = ledger_append(t, verb, p->by, what, reterr);
    json_decref(what);
    return code;
}

static enum code ask_write(struct txn *t, void *arg, struct err *reterr) {
    struct step *p = arg;
    enum code code = copies_end(t, txn_ran(t) - COPY_LIFE, reterr);
    if (code == OK)
        code = copy_add(t, &p->row, &p->number, reterr);
    return code == OK ? note(t, p, "copy_asked", json_pack("{s:I, s:s, s:s}", "number", (json_int_t)p->number, "format", format_name(p->row.format),
                                                           "state", states[p->row.state]), reterr) : code;
}

enum code copy_ask(struct service *s, const struct caller *who, const struct copy_wish *w, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && w != NULL && w->why != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_done) struct buf sealed = BUF(SEALED_MAX);
    struct step p = step_of(s, who, 0);
    struct key key;
    key_id id = 0;
    usec_t due = clock_now() + COPY_LIFE;
    enum code code = copy_right(s, who, w->kind, reterr);
    if (code == OK)
        code = spare_make(s, who->tenant, due, 1, &id, &key, reterr);
    if (code != OK)
        return code;
    code = told_seal(w, who->tenant, id, &key, &sealed, reterr);
    p.row = (struct copy_row){ .state = charter_copies(s->charter).people < 2 ? COPY_READY : COPY_ASKED, .kind = service_kind(s, w->kind)->number, .format = (int)w->format,
                               .who = p.by, .account = who->account, .approved = "[]", .key = id, .blob = sealed.data, .len = sealed.len };
    if (code == OK)
        code = store_write(s->store, who->tenant, ask_write, &p, reterr);
    else
        spare_give(s, who->tenant, due, &id, &key, 1);
    crypto_wipe(&key, sizeof key);
    return code == OK ? found_told(s, who->tenant, p.number, ret, reterr) : code;
}

/* Inside a write: the row as it stands, still waiting. */
static enum code waiting(struct txn *t, struct step *p, struct err *reterr) {
    enum code code = copy_get(txn_sql(t), p->number, &p->row, p->arena, reterr);
    if (code == OK && is_over(&p->row, txn_now(t), txn_ran(t)))
        return err_set(reterr, E_GONE, "this request for a copy ended: it was not taken within 24 hours; ask for it anew");
    if (code == OK && p->row.state >= COPY_TAKEN)
        return err_set(reterr, E_GONE, "this copy was taken or has ended; ask for a new one");
    return code;
}

static bool names(const json_t *accounts, const char *id) {
    for (size_t i = 0; i < json_array_size(accounts); i++)
        if (strcmp(json_string_value(json_array_get(accounts, i)) ?: "", id) == 0)
            return true;
    return false;
}

static enum code approve_row(struct step *p, json_t *accounts, struct err *reterr) {
    char id[UUID_TEXT];
    (void)uuid_format(&p->who->account, id);
    if (!uuid_is_null(&p->row.account) && uuid_compare(&p->row.account, &p->who->account) == 0)
        return err_set(reterr, E_FORBIDDEN, "nobody approves a copy that they asked for themself: another person must");
    if (p->row.state != COPY_ASKED || names(accounts, id))
        return err_set(reterr, E_CONFLICT, "this copy waits for no approval of yours");
    json_array_append_new(accounts, json_string(id));
    char *text = json_dumps(accounts, JSON_COMPACT);
    p->row.approved = text == NULL ? NULL : arena_text(p->arena, text);
    free(text);
    size_t behind = json_array_size(accounts) + !uuid_is_null(&p->row.account);
    if ((int)behind >= charter_copies(p->s->charter).people)
        p->row.state = COPY_READY;
    return p->row.approved == NULL ? err_set(reterr, E_MEMORY, "no memory for a copy") : OK;
}

static enum code approve_write(struct txn *t, void *arg, struct err *reterr) {
    struct step *p = arg;
    enum code code = waiting(t, p, reterr);
    json_t *accounts = code == OK ? json_loads(p->row.approved, 0, NULL) : NULL;
    if (code == OK)
        code = accounts == NULL ? err_set(reterr, E_MEMORY, "no memory for a copy") : approve_row(p, accounts, reterr);
    json_decref(accounts);
    if (code == OK)
        code = copy_set(t, &p->row, reterr);
    return code == OK ? note(t, p, "copy_approved", json_pack("{s:I, s:s}", "number", (json_int_t)p->number, "state", states[p->row.state]), reterr) : code;
}

/* The row by its number, of a kind that the caller may copy. */
static enum code row_allowed(struct step *p, struct err *reterr) {
    enum code code = p->arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a copy") : find(p->s, p->who->tenant, p->number, &p->row, p->arena, reterr);
    const struct kind_info *k = code == OK ? service_kind_by_number(p->s, p->row.kind) : NULL;
    if (code == OK && k == NULL)
        return err_set(reterr, E_GONE, "the kind of this copy is not in the charter any more");
    return code == OK ? copy_right(p->s, p->who, k->index, reterr) : code;
}

enum code copy_approve(struct service *s, const struct caller *who, int64_t number, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * SEALED_MAX);
    struct step p = step_of(s, who, number);
    p.arena = arena;
    enum code code = row_allowed(&p, reterr);
    if (code == OK && uuid_is_null(&who->account))
        return err_set(reterr, E_FORBIDDEN, "a copy is approved by a person: this token belongs to no account");
    if (code == OK)
        code = store_write(s->store, who->tenant, approve_write, &p, reterr);
    return code == OK ? found_told(s, who->tenant, number, ret, reterr) : code;
}

/* ---- taking */

static int64_t day_of(const struct service *s, usec_t now) {
    const struct civil c = zone_civil(charter_zone(s->charter), now);
    return (int64_t)c.year * 10000 + c.month * 100 + c.day;
}

static enum code limit_check(struct txn *t, const struct step *p, int64_t day, struct err *reterr) {
    int64_t today = 0, since = 0;
    int most = charter_copies(p->s->charter).a_day;
    enum code code = copy_count(txn_sql(t), day, txn_ran(t) - USEC_PER_DAY, &today, &since, reterr);
    if (code == OK && most > 0 && (today >= most || since >= 2 * (int64_t)most))
        return err_set(reterr, E_TOO_MANY, "the charter lets %d cop%s leave in a day, and that was taken: this one can be taken tomorrow, or asked for anew", most, most == 1 ? "y" : "ies");
    return code;
}

static enum code take_write(struct txn *t, void *arg, struct err *reterr) {
    struct step *p = arg;
    enum code code = waiting(t, p, reterr);
    bool own = uuid_is_null(&p->row.account) ? strcmp(p->row.who, p->by) == 0 : uuid_compare(&p->row.account, &p->who->account) == 0;
    int64_t day = day_of(p->s, txn_now(t));
    if (code == OK && !own)
        return err_set(reterr, E_FORBIDDEN, "a copy is taken by whoever asked for it");
    if (code == OK && p->row.state != COPY_READY)
        return err_set(reterr, E_CONFLICT, "this copy is not approved yet: another person has to, with POST …/copies/%lld/approve", (long long)p->number);
    if (code == OK)
        code = limit_check(t, p, day, reterr);
    if (code == OK)
        code = doomed_put(t, p->row.key, reterr);
    p->row.state = COPY_TAKEN;
    p->row.taken = txn_now(t);
    p->row.taken_ran = txn_ran(t);
    p->row.day = day;
    p->row.len = 0;
    if (code == OK)
        code = copy_set(t, &p->row, reterr);
    return code == OK ? note(t, p, "copy_taken", json_pack("{s:I, s:s}", "number", (json_int_t)p->number, "format", format_name(p->row.format)), reterr) : code;
}

void copy_taken_done(struct copy_taken *c) {
    json_decref(c->query);
    free(c->mark);
    *c = (struct copy_taken){ 0 };
}

/* What a leaked file says of itself: no names, but what leads to them. */
static char *mark_of(const struct step *p, int purpose) {
    char when[32];
    const struct kind *k = service_kind_by_number(p->s, p->row.kind)->kind;
    json_t *mark = json_pack("{s:{s:I, s:s, s:I, s:s, s:s, s:o, s:s, s:s*}}", "copy", "number", (json_int_t)p->number, "service", charter_name(p->s->charter), "tenant",
                             (json_int_t)p->who->tenant, "kind", k->name, "who", p->row.who, "approved", json_loads(p->row.approved, 0, NULL), "when",
                             time_format(p->row.taken, when, sizeof when), "purpose", read_purpose(k, purpose));
    char *text = mark == NULL ? NULL : json_dumps(mark, JSON_COMPACT | JSON_ENSURE_ASCII);      /* it stands in a header, too */
    json_decref(mark);
    return text;
}

enum code copy_take(struct service *s, const struct caller *who, int64_t number, int kind, struct copy_taken *ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * SEALED_MAX);
    AUTO(copy_taken_done) struct copy_taken c = { .number = number };
    struct step p = step_of(s, who, number);
    json_t *told = NULL;
    int purpose = -1;
    p.arena = arena;
    enum code code = row_allowed(&p, reterr);
    if (code == OK && service_kind_by_number(s, p.row.kind)->index != kind)
        code = err_set(reterr, E_NOT_FOUND, "there is no copy of that number of this kind");
    if (code == OK)
        code = policy_purpose(s->charter, who, service_kind_by_number(s, p.row.kind)->index, &purpose, reterr);
    if (code == OK)
        code = told_open(s, who->tenant, &p.row, &told, reterr);      /* before its key is doomed */
    if (code == OK)
        code = store_write(s->store, who->tenant, take_write, &p, reterr);
    if (code == OK) {
        c.kind = service_kind_by_number(s, p.row.kind)->index;
        c.format = p.row.format == FORMAT_CSV ? FORMAT_CSV : FORMAT_NDJSON;
        c.query = json_incref(json_object_get(told, "query"));
        c.mark = charter_copies(s->charter).watermark ? mark_of(&p, purpose) : NULL;
        if (told == NULL || (c.mark == NULL && charter_copies(s->charter).watermark))
            code = err_set(reterr, E_MEMORY, "no memory for a copy");
    }
    json_decref(told);
    if (code == OK) {
        *ret = c;
        c = (struct copy_taken){ 0 };
    }
    return code;
}

static enum code given_write(struct txn *t, void *arg, struct err *reterr) {
    struct step *p = arg;
    enum code code = copy_get(txn_sql(t), p->number, &p->row, p->arena, reterr);
    p->row.records = (int64_t)p->records;
    if (code == OK)
        code = copy_set(t, &p->row, reterr);
    return code == OK ? note(t, p, "copy_given", json_pack("{s:I, s:I}", "number", (json_int_t)p->number, "records", (json_int_t)p->records), reterr) : code;
}

enum code copy_given(struct service *s, const struct caller *who, int64_t number, uint64_t records, struct err *reterr) {
    PRE(s != NULL && who != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * SEALED_MAX);
    struct step p = step_of(s, who, number);
    p.arena = arena;
    p.records = records;
    return arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a copy") : store_write(s->store, who->tenant, given_write, &p, reterr);
}

/* ---- the list */

struct listing { struct arena *arena; struct copy_row rows[LISTED + 1]; size_t count; bool failed; };

static bool keep(const struct copy_row *r, void *arg) {
    struct listing *l = arg;
    struct copy_row *to = &l->rows[l->count];
    *to = *r;
    to->who = arena_text(l->arena, r->who);
    to->approved = arena_text(l->arena, r->approved);
    to->blob = arena_text_n(l->arena, r->len > 0 ? r->blob : "", r->len);
    l->failed = l->failed || to->who == NULL || to->approved == NULL || to->blob == NULL;
    return ++l->count <= LISTED && !l->failed;
}

enum code copies_told(struct service *s, const struct caller *who, int64_t before, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(32 * SEALED_MAX);
    struct listing l = { .arena = arena };
    struct view *v = NULL;
    json_t *items = json_array();
    enum code code = arena == NULL || items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of copies") : store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = copy_list(view_sql(v), before, keep, &l, reterr);
    view_end(v);                               /* the keeper is asked without a view open */
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list of copies");
    for (size_t i = 0; code == OK && i < l.count && i < LISTED; i++) {
        json_t *one = NULL;
        code = row_told(s, who->tenant, &l.rows[i], &one, reterr);
        if (code == OK)
            json_array_append_new(items, one);
    }
    if (code == OK)
        *ret = json_pack("{s:O, s:o}", "items", items, "next", l.count > LISTED ? json_integer(l.rows[LISTED - 1].number) : json_null());
    json_decref(items);
    return code == OK && *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of copies") : code;
}
