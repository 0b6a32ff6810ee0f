/* log.c — see log.h. What was sent is not known here: neither subject nor text come this far. */
#include "messages/log.h"

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/beside.h"
#include "records/record.h"

/* The account's own choice of what such records have too. */
static json_t *pool_of(const struct kind *k, const struct log_rule *r, const struct record *account) {
    if (r->pool < 0 || account == NULL)
        return NULL;
    const int f = kind_field(account->info->kind, k->fields[r->pool].name);
    const char *option = f >= 0 && account->values[f].set ? account->values[f].text : NULL;
    return option != NULL && field_option(&k->fields[r->pool], option) >= 0 ? json_string(option) : k->fields[r->pool].optional ? NULL : json_string(k->fields[r->pool].options[0]);
}

static enum code fields_make(const struct settled *s, const struct record *account, json_t **ret, struct err *reterr) {
    const struct charter *c = s->service->charter;
    const struct log_rule r = charter_log(c);
    const struct kind *k = charter_kind_at(c, r.kind);
    char at[32];
    json_t *o = json_pack("{s:s, s:s}", k->fields[r.to].name, s->out->to, k->fields[r.at].name, time_format(clock_now(), at, sizeof at));
    bool fine = o != NULL;
    if (fine && r.code >= 0)
        fine = json_object_set_new(o, k->fields[r.code].name, json_integer(s->row->status)) == 0;
    if (fine && r.encrypted >= 0)
        fine = json_object_set_new(o, k->fields[r.encrypted].name, json_boolean(s->tls != NULL && s->tls[0] != 0)) == 0;
    json_t *pool = pool_of(k, &r, account);
    if (fine && pool != NULL)
        fine = json_object_set(o, k->fields[r.pool].name, pool) == 0;
    json_decref(pool);
    if (fine) {
        *ret = o;
        return OK;
    }
    json_decref(o);
    return err_set(reterr, E_MEMORY, "no memory for a delivery");
}

/* Done, and it had left: what a gate stopped, and what nobody took in time, was no delivery. */
static bool is_delivery(const struct settled *s) {
    const enum letter_state state = s->row->state;
    return s->final && s->out != NULL && (state == LETTER_SENT || state == LETTER_BOUNCED || state == LETTER_UNKNOWN) && log_wanted(s->service, s->row->channel);
}

/* made: ready to be written; else why it cannot be. */
struct logged { struct beside *made; enum code why; };

static enum code row_make(const struct settled *s, struct beside **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct record *account = NULL;
    const struct uuid none = { { 0 } };
    json_t *fields = NULL;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a delivery");
    if (s->out->to[0] == 0)
        return err_set(reterr, E_GONE, "the record of this message was erased, or its address corrected, since it went");
    enum code code = log_account(s->service, s->tenant, s->out->ask.kind, &s->row->record, &s->out->ask.parent, arena, &account, reterr);
    if (code == OK)
        code = fields_make(s, account, &fields, reterr);
    if (code == OK)
        code = beside_new(s->service, s->tenant, charter_log(s->service->charter).kind, account == NULL ? &none : &account->id, fields, ret, reterr);
    json_decref(fields);
    return code;
}

/* May it be written a moment later? What came of the message is settled then, and this with it. */
static bool is_passing(enum code code) {
    return code == E_MEMORY || code == E_BUSY || code == E_IO || code == E_FULL || code == E_PEER || code == E_SYSTEM || code == E_TOO_MANY;
}

enum code log_prepare(const struct settled *s, void **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    if (!is_delivery(s))
        return OK;
    struct beside *made = NULL;
    enum code code = row_make(s, &made, reterr);
    if (is_passing(code))
        return code;
    if (code == E_NOT_FOUND)
        return OK;                             /* its account has gone, and what belonged to it too */
    struct logged *l = mem_new(sizeof *l);
    if (l == NULL) {
        (void)beside_free(made);
        return err_set(reterr, E_MEMORY, "no memory for a delivery");
    }
    *l = (struct logged){ made, code };
    *ret = l;
    return OK;
}

/* What a message came to is written down whether it can be logged or not; that it could not be is. */
static enum code miss_note(struct txn *t, const struct settled *s, enum code why, struct err *reterr) {
    char id[UUID_TEXT];
    json_t *what = json_pack("{s:s, s:s}", "letter", uuid_format(&s->row->id, id), "why", code_name(why));
    enum code code = what == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : ledger_append(t, "delivery_not_logged", "sejf", what, reterr);
    json_decref(what);
    return code;
}

enum code log_write(struct txn *t, const struct settled *s, void *prepared, struct err *reterr) {
    struct logged *l = prepared;
    bool put = false;
    if (l == NULL)
        return OK;
    if (l->why != OK)
        return miss_note(t, s, l->why, reterr);
    enum code code = beside_put(t, l->made, &put, reterr);
    if (code != OK && !is_passing(code))
        l->why = code;                         /* a part of it may stand: the write is undone, and run once more without it */
    return code;
}

bool log_again(const void *prepared) {
    const struct logged *l = prepared;
    return l->made != NULL && l->why != OK;
}

void log_done(void *prepared) {
    struct logged *l = prepared;
    (void)beside_free(l->made);
    mem_free(l);
}
