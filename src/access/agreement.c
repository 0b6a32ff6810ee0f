/* agreement.c — each step is one write of the tenant's chain: the row and its entry in the ledger stand or fall together, and then what is
 * remembered of the tenant is forgotten. */
#include "access/agreement.h"

#include <string.h>

#include "access/registrar.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/agreed.h"

#define DAY_TEXT 16

static struct registrar registrar_of(struct store *store, const struct charter *charter, int64_t tenant) {
    return (struct registrar){ .store = store, .charter = charter, .tenant = tenant };
}

static json_t *day_json(const struct registrar *r, usec_t t) {
    char text[DAY_TEXT];
    return json_string(registrar_date(r, t, text, sizeof text));
}

static json_t *until_json(const struct registrar *r, usec_t until) { return until == USEC_NEVER ? json_null() : day_json(r, until - 1); }

static json_t *hash_json(const struct agreement_row *row) {
    AUTO(buf_done) struct buf hex = BUF(2 * HASH_SIZE + 1);
    if (!row->hashed)
        return json_null();
    hex_encode(row->hash, HASH_SIZE, &hex);
    return json_string(buf_str(&hex));
}

/* ---- recording */
struct recording { struct registrar r; struct agreement_row row; };

static enum code dates_take(struct recording *rec, const struct agreement_wish *w, usec_t now, struct err *reterr) {
    struct agreement_row *row = &rec->row;
    if (!registrar_day(&rec->r, w->signed_on, false, &row->signed_on))
        return err_field(reterr, E_FIELDS, "/signed", "the day on which the agreement was signed, such as 2026-11-22");
    if (row->signed_on > now)
        return err_field(reterr, E_FIELDS, "/signed", "this day lies in the future; record an agreement once it is signed");
    row->from = row->signed_on;
    if (w->from != NULL && !registrar_day(&rec->r, w->from, false, &row->from))
        return err_field(reterr, E_FIELDS, "/from", "its first day, such as 2026-11-22");
    row->until = USEC_NEVER;
    if (w->until != NULL && !registrar_day(&rec->r, w->until, true, &row->until))
        return err_field(reterr, E_FIELDS, "/until", "its last day, such as 2027-11-21");
    if (row->until <= row->from)
        return err_field(reterr, E_FIELDS, "/until", "its last day comes before its first");
    return row->until > now ? OK : err_field(reterr, E_FIELDS, "/until", "this agreement is over already: it would not let any data in");
}

static enum code hash_take(struct recording *rec, const char *hex, struct err *reterr) {
    rec->row.hashed = hex != NULL;
    if (hex != NULL && (strlen(hex) != 2 * HASH_SIZE || !hex_decode(hex, 2 * HASH_SIZE, rec->row.hash, HASH_SIZE)))
        return err_field(reterr, E_FIELDS, "/sha256", "the SHA-256 of the signed file, 64 hex digits");
    return OK;
}

static enum code note(struct txn *t, const struct registrar *r, const char *verb, const struct agreement_row *row, struct err *reterr) {
    json_t *what = json_pack("{s:I, s:s, s:o, s:o, s:o, s:o}", "number", (json_int_t)row->number, "kind", row->kind, "signed", day_json(r, row->signed_on),
                             "from", day_json(r, row->from), "until", until_json(r, row->until), "sha256", hash_json(row));
    enum code code = ledger_append(t, verb, row->by, what, reterr);
    json_decref(what);
    return code;
}

static enum code record_write(struct txn *t, void *arg, struct err *reterr) {
    struct recording *rec = arg;
    enum code code = agreement_put(t, &rec->row, &rec->row.number, reterr);
    return code == OK ? note(t, &rec->r, "agreement_active", &rec->row, reterr) : code;
}

static enum code wish_take(struct recording *rec, const struct agreement_wish *w, struct err *reterr) {
    enum code code = dates_take(rec, w, clock_now(), reterr);
    return code == OK ? hash_take(rec, w->sha256, reterr) : code;
}

enum code agreement_check(const struct charter *charter, const struct agreement_wish *w, struct err *reterr) {
    struct recording rec = { .r = registrar_of(NULL, charter, 0) };
    return wish_take(&rec, w, reterr);
}

enum code agreement_record(struct service *s, int64_t tenant, const struct agreement_wish *w, const char *by, int64_t *ret_number, struct err *reterr) {
    PRE(s != NULL && w != NULL && by != NULL && ret_number != NULL);
    struct recording rec = { .r = registrar_of(service_store(s), service_charter(s), tenant), .row = { .kind = w->kind, .by = by } };
    enum code code = wish_take(&rec, w, reterr);
    if (code != OK)
        return code;
    code = store_write(rec.r.store, tenant, record_write, &rec, reterr);
    service_agreement_moved(s, tenant);
    if (code == OK)
        *ret_number = rec.row.number;
    return code;
}

/* ---- ending */
static enum code stop_write(struct txn *t, void *arg, struct err *reterr) {
    enum code code = agreement_end(t, txn_now(t), reterr);
    return code == OK ? ledger_append(t, "agreement_ended", arg, json_null(), reterr) : code;
}

enum code agreement_stop(struct service *s, int64_t tenant, const char *by, struct err *reterr) {
    AUTO(buf_done) struct buf who = BUF(256);
    buf_text(&who, by);
    if (who.failed)
        return err_set(reterr, E_MEMORY, "no memory to end an agreement");
    enum code code = store_write(service_store(s), tenant, stop_write, (void *)(uintptr_t)buf_str(&who), reterr);
    service_agreement_moved(s, tenant);
    return code;
}

/* ---- telling */
enum how_far { NONE, ENDED, FUTURE, UNRECORDED, ACTIVE };     /* the higher, the better: that of a tenant is the best of its rows */
static const char *const standing_words[] = { "none", "ended", "future", AGREEMENT_UNRECORDED, "active" };

static enum how_far standing_of(const struct agreement_row *row, usec_t now) {
    if (row->state != AGREEMENT_ACTIVE || row->until <= now)
        return ENDED;
    return row->from > now ? FUTURE : strcmp(row->kind, AGREEMENT_UNRECORDED) == 0 ? UNRECORDED : ACTIVE;
}

struct telling { const struct registrar *r; usec_t now; json_t *items; enum how_far best; };

static bool tell_row(const struct agreement_row *row, void *arg) {
    struct telling *t = arg;
    char made[40];
    enum how_far st = standing_of(row, t->now);
    bool recorded = strcmp(row->kind, AGREEMENT_UNRECORDED) != 0;
    t->best = st > t->best ? st : t->best;
    return t->items == NULL || json_array_append_new(t->items, json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "number", (json_int_t)row->number,
        "state", standing_words[st], "kind", row->kind, "signed", recorded ? day_json(t->r, row->signed_on) : json_null(), "from", recorded ? day_json(t->r, row->from) : json_null(),
        "until", row->ended != 0 ? day_json(t->r, row->ended) : until_json(t->r, row->until), "sha256", hash_json(row), "by", row->by,
        "recorded", time_format(row->made, made, sizeof made))) == 0;
}

static enum code tell(struct telling *t, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    size_t lost = mem_lost();
    enum code code = store_view(t->r->store, t->r->tenant, &v, reterr);
    if (code == OK)
        code = agreement_list(view_sql(v), tell_row, t, reterr);
    return code == OK && mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for the agreements of a tenant") : code;
}

static const char *state_word(enum how_far best, bool needed) { return best == NONE && needed ? "missing" : standing_words[best]; }

enum code agreement_tell(struct store *store, const struct charter *charter, int64_t tenant, json_t **ret, struct err *reterr) {
    struct registrar r = registrar_of(store, charter, tenant);
    struct telling t = { .r = &r, .now = clock_now(), .items = json_array() };
    bool needed = charter != NULL && charter_agreement_first(charter);
    enum code code = t.items == NULL ? err_set(reterr, E_MEMORY, "no memory for the agreements of a tenant") : tell(&t, reterr);
    json_t *out = code == OK ? json_pack("{s:b, s:s, s:O}", "needed", needed, "state", state_word(t.best, needed), "items", t.items) : NULL;
    json_decref(t.items);
    if (code == OK && out == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for the agreements of a tenant");
    if (code == OK)
        *ret = out;
    return code;
}

/* ---- all tenants of a service */
static bool open_number(const struct tenant_row *row, void *arg) {
    return row->probe || row->closed != 0 || json_array_append_new(arg, json_integer((json_int_t)row->id)) == 0;
}

static enum code open_tenants(struct service *s, json_t **ret, struct err *reterr) {
    json_t *list = json_array();
    size_t lost = mem_lost();
    enum code code = list == NULL ? E_MEMORY : tenants_list(service_store(s), charter_name(service_charter(s)), open_number, list, reterr);
    if (list == NULL || (code == OK && mem_lost() != lost))
        code = err_set(reterr, E_MEMORY, "no memory for a list of tenants");
    if (code == OK)
        *ret = list;
    else
        json_decref(list);
    return code;
}

enum code agreements_lacking(struct service *s, json_t **ret, struct err *reterr) {
    json_t *tenants = NULL, *one, *list = json_array();
    size_t i;
    bool needed = charter_agreement_first(service_charter(s));
    enum code code = list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of tenants") : needed ? open_tenants(s, &tenants, reterr) : OK;
    json_array_foreach(tenants, i, one) {
        struct registrar r = registrar_of(service_store(s), service_charter(s), json_integer_value(one));
        struct telling t = { .r = &r, .now = clock_now() };
        if (code == OK)
            code = tell(&t, reterr);
        if (code == OK && t.best != ACTIVE &&
            json_array_append_new(list, json_pack("{s:O, s:s}", "tenant", one, "state", state_word(t.best, needed))) != 0)
            code = err_set(reterr, E_MEMORY, "no memory for a list of tenants");
    }
    json_decref(tenants);
    if (code == OK)
        *ret = list;
    else
        json_decref(list);
    return code;
}

static enum code carry_write(struct txn *t, void *arg UNUSED, struct err *reterr) {
    const struct agreement_row row = { .kind = AGREEMENT_UNRECORDED, .until = USEC_NEVER, .by = "sejf" };
    int64_t number;
    bool had = false;
    enum code code = agreement_any(txn_sql(t), &had, reterr);
    if (code != OK || had)
        return code;
    code = agreement_put(t, &row, &number, reterr);
    return code == OK ? ledger_append(t, "agreement_not_recorded", "sejf", json_null(), reterr) : code;
}

static enum code holds_records(struct store *store, int64_t tenant, bool *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(store, tenant, &v, reterr);
    return code == OK ? agreement_data(view_sql(v), ret, reterr) : code;
}

enum code agreements_carry_on(struct service *s, struct err *reterr) {
    json_t *tenants = NULL, *one;
    size_t i;
    enum code code = open_tenants(s, &tenants, reterr);
    json_array_foreach(tenants, i, one) {
        int64_t tenant = json_integer_value(one);
        bool holds = false;
        if (code == OK)
            code = holds_records(service_store(s), tenant, &holds, reterr);
        if (code == OK && holds)
            code = store_write(service_store(s), tenant, carry_write, NULL, reterr);
        if (holds)
            service_agreement_moved(s, tenant);
    }
    json_decref(tenants);
    return code;
}
