/* campaign.c — the walk. Each page is decided outside of the write and marked inside of it, where the campaign must still stand as it did when the page
 * began: whoever stopped or paused it meanwhile, or walked the same page, makes the page void. */
#include "messages/campaign.h"

#include <string.h>

#include "base/text.h"
#include "ledger/ledger.h"
#include "messages/campaign_int.h"
#include "messages/right.h"
#include "records/entry.h"
#include "records/post.h"
#include "records/spare.h"

#define LETTERS 500u                         /* of a page, when those that wait are held, freed or ended */
#define FAILED_WAIT (15 * USEC_PER_SEC)        /* until a step that failed is tried again */
#define HELD_LOOK (5 * USEC_PER_MINUTE)       /* when a letter of one that pauses is looked at again, where the walk has not held it yet */

/* ---- what was searched for, sealed. Bound to key and tenant: the number is known in the write only */

static struct entry_place place_of(int64_t tenant, key_id key) { return (struct entry_place){ "campaign", tenant, 0, { { 0 } }, key }; }

enum code campaign_seal(struct service *s, int64_t tenant, const json_t *entry, struct campaign_sealed *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    *ret = (struct campaign_sealed){ .blob = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD) };
    if (entry == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a campaign");
    enum code code = spare_make(s, tenant, USEC_NEVER, 1, &ret->id, &ret->key, reterr);
    if (code != OK)
        return code;
    const struct entry_place at = place_of(tenant, ret->id);
    code = entry_seal(&at, &ret->key, entry, &ret->blob, reterr);
    if (code != OK)
        spare_give(s, tenant, USEC_NEVER, &ret->id, &ret->key, 1);
    return code;
}

void campaign_sealed_done(struct campaign_sealed *c) {
    crypto_wipe(&c->key, sizeof c->key);
    buf_done(&c->blob);
}

void campaign_unused(struct service *s, int64_t tenant, const struct campaign_sealed *c, enum code code) {
    if (c->id != 0 && code != OK && spare_sure(code))
        spare_give(s, tenant, USEC_NEVER, &c->id, &c->key, 1);
}

enum code campaign_open(struct service *s, int64_t tenant, const struct campaign_row *r, json_t **ret, struct err *reterr) {
    struct key key;
    key_id id = r->key;
    bool ok = false;
    enum code code = keeper_open(s->keeper, tenant, &id, 1, &key, &ok, reterr);
    if (code == OK && !ok)
        code = err_set(reterr, E_GONE, "the key of this campaign was destroyed");
    const struct entry_place at = place_of(tenant, id);
    if (code == OK)
        code = entry_open(&at, &key, r->blob, r->len, ret, reterr);
    crypto_wipe(&key, sizeof key);
    return code;
}

static enum code name_seal(struct service *s, int64_t tenant, const json_t *entry, struct campaign_sealed *ret, struct err *reterr) {
    json_t *kept = json_pack("{s:O*}", "name", json_object_get(entry, "name"));
    enum code code = campaign_seal(s, tenant, kept, ret, reterr);
    json_decref(kept);
    return code;
}

enum code campaign_seal_name(struct service *s, int64_t tenant, const struct campaign_row *r, struct campaign_sealed *ret, struct err *reterr) {
    PRE(s != NULL && r != NULL && ret != NULL && reterr != NULL);
    json_t *entry = NULL;
    struct err why;
    if (r->walked)
        return OK;
    enum code code = campaign_open(s, tenant, r, &entry, &why);
    if (code == E_GONE || code == E_DAMAGED)
        return OK;
    if (code != OK)
        *reterr = why;
    else
        code = name_seal(s, tenant, entry, ret, reterr);
    json_decref(entry);
    return code;
}

enum code campaign_replace(struct txn *t, struct campaign_row *r, const struct campaign_sealed *anew, struct err *reterr) {
    PRE(t != NULL && r != NULL && anew != NULL && reterr != NULL);
    if (anew->id == 0)
        return OK;
    enum code code = doomed_put(t, r->key, reterr);
    r->key = anew->id;
    r->blob = anew->blob.data;
    r->len = anew->blob.len;
    return code;
}

enum code campaign_find(struct service *s, int64_t tenant, int64_t number, struct campaign_row *ret, struct arena *arena, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a campaign");
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? campaign_get(view_sql(v), number, ret, arena, reterr) : code;
}

struct uuid campaign_scope(const struct service *s, enum channel channel, int kind, const struct uuid *scope) {
    const struct message_rule r = charter_messages(service_charter(s), channel == CHANNEL_SMS);
    const struct kind *k = charter_kind_at(service_charter(s), kind);
    return k != NULL && k->parent >= 0 && r.scope == k->parent ? *scope : (struct uuid){ { 0 } };
}

usec_t campaign_when(const struct campaign_row *r, usec_t now) {
    if (r->act != ACT_NONE)
        return now;
    return r->state != CAMPAIGN_GOES || r->walked ? USEC_NEVER : r->begins > now ? r->begins : now;
}

/* ---- who asked */

json_t *campaign_by(const struct caller *who) {
    char id[UUID_TEXT];
    if (who->by_sejf)
        return json_string("sejf");
    return who->token > 0 ? json_pack("{s:I}", "token", (json_int_t)who->token) : json_pack("{s:s}", "account", uuid_format(&who->account, id));
}

/* As it may now, to all of those people and for that purpose. E_SIGN_IN, E_FORBIDDEN: no longer. */
static enum code asker_of(struct service *s, int64_t tenant, const struct campaign_row *r, int kind, const json_t *by, const struct campaign_asker *asker, struct arena *arena, struct caller *ret, struct err *reterr) {
    const char *text = json_string_value(json_object_get(by, "account"));
    const int64_t token = json_integer_value(json_object_get(by, "token"));
    struct caller who = { .tenant = tenant, .by_sejf = true, .subject_kind = -1, .person = charter_tenant(service_charter(s)) };
    struct uuid account = { { 0 } };
    if (text != NULL && !uuid_parse(text, &account))
        return err_set(reterr, E_DAMAGED, "it is not known who asked for this campaign");
    enum code code = OK;
    if (token > 0 || text != NULL)
        code = asker->fn(asker->arg, s, tenant, token, &account, &who, arena, reterr);
    else if (!json_is_string(by))
        return err_set(reterr, E_DAMAGED, "it is not known who asked for this campaign");
    who.purpose = r->purpose[0] == 0 ? NULL : r->purpose;
    if (code == OK)
        code = message_right(s, &who, &(const struct message_deed){ .verb = MESSAGES_SEND, .reach = REACH_ALL, .kind = kind, .id = r->scope, .purpose = who.purpose }, NULL, reterr);
    if (code == OK)
        *ret = who;
    return code;
}

/* What is hidden from whoever asked looks to it as if it were not there. Where sejf itself finds it, that is a right that was narrowed: somebody else may resume. */
static enum code hidden(struct service *s, int64_t tenant, const struct campaign_row *r, const struct audience *a, enum code code, struct err *reterr) {
    const struct caller sejf = { .tenant = tenant, .by_sejf = true, .subject_kind = -1, .person = charter_tenant(service_charter(s)) };
    const struct message_deed d = { .verb = MESSAGES_SEND, .reach = REACH_ALL, .kind = a->kind, .id = r->scope, .purpose = r->purpose[0] == 0 ? NULL : r->purpose };
    struct err why;
    if (code != E_NOT_FOUND && code != E_GONE && code != E_FIELDS && code != E_INVALID)
        return code;
    enum code real = message_right(s, &sejf, &d, NULL, &why);
    if (real == OK)
        real = audience_check(s, &sejf, a, &why);
    return real == OK ? err_set(reterr, E_FORBIDDEN, "whoever asked for this campaign does not see any more what it goes by") : code;
}

/* ---- one page of people */

struct mark {
    struct service *s; struct arena *arena; const struct campaign_row *seen; const struct audience_page *page; const struct message_result *results;
    const struct campaign_sealed *rest;      /* when all were found: what stays of what was sealed */
};

/* Is it still as it was when the page began? */
static enum code unmoved(struct txn *t, const struct campaign_row *seen, struct campaign_row *ret, struct arena *arena, struct err *reterr) {
    enum code code = campaign_get(txn_sql(t), seen->number, ret, arena, reterr);
    if (code == OK && (ret->state != seen->state || ret->act != seen->act || ret->walked != seen->walked || uuid_compare(&ret->reached, &seen->reached) != 0 || uuid_compare(&ret->walk, &seen->walk) != 0))
        return err_set(reterr, E_CONFLICT, "the campaign has moved meanwhile");
    return code;
}

static void digest_add(uint8_t digest[HASH_SIZE], const struct uuid *id) {
    uint8_t both[HASH_SIZE + sizeof id->bytes];
    memcpy(both, digest, HASH_SIZE);
    memcpy(both + HASH_SIZE, id->bytes, sizeof id->bytes);
    hash_sha256(both, sizeof both, digest);
}

static enum code count_page(struct txn *t, const struct mark *m, struct campaign_row *r, struct err *reterr) {
    int64_t refused[GATES] = { 0 };
    for (size_t i = 0; i < m->page->count; i++) {
        const struct message_result *one = &m->results[i];
        r->queued += one->queued;
        if (one->queued)
            digest_add(r->digest, &m->page->ids[i]);
        else if (!one->gone)
            refused[one->verdict.gate]++;
        r->found += !one->gone;
    }
    enum code code = OK;
    for (int g = 0; code == OK && g < GATES; g++)
        if (refused[g] > 0)
            code = campaign_refuse(t, r->number, g, refused[g], reterr);
    return code;
}

static enum code walked_note(struct txn *t, const struct campaign_row *r, struct err *reterr) {
    AUTO(buf_done) struct buf hex = BUF(HASH_SIZE * 2 + 1);
    hex_encode(r->digest, sizeof r->digest, &hex);
    json_t *what = json_pack("{s:I, s:I, s:I, s:s}", "number", (json_int_t)r->number, "found", (json_int_t)r->found, "queued", (json_int_t)r->queued, "audience", buf_str(&hex));
    enum code code = ledger_append(t, "campaign_walked", "sejf", what, reterr);
    json_decref(what);
    return code;
}

static enum code mark_write(struct txn *t, void *arg, struct err *reterr) {
    const struct mark *m = arg;
    struct campaign_row r;
    enum code code = unmoved(t, m->seen, &r, m->arena, reterr);
    if (code == OK)
        code = count_page(t, m, &r, reterr);
    if (code != OK)
        return code;
    r.reached = m->page->reached;
    r.walked = !m->page->more;
    if (r.walked)
        code = campaign_replace(t, &r, m->rest, reterr);
    if (code == OK)
        code = campaign_set(t, &r, campaign_when(&r, txn_now(t)), reterr);
    if (code == OK && r.walked)
        code = walked_note(t, &r, reterr);
    return code == OK && r.walked ? campaign_settle(t, r.number, LETTER_WAITING, LETTER_WAITING, reterr) : code;       /* nobody may be waited for */
}

static void wishes_fill(const struct service *s, const struct campaign_row *r, const struct audience_page *p, struct message_wish *list) {
    const struct kind_info *k = service_kind_by_number(s, r->kind);
    const struct uuid scope = campaign_scope(s, r->channel, k->index, &r->scope);
    for (size_t i = 0; i < p->count; i++)
        list[i] = (struct message_wish){ .channel = r->channel, .kind = k->index, .record = p->ids[i], .scope = scope, .template = r->template,
                                         .purpose = r->purpose[0] == 0 ? NULL : r->purpose, .cause = "campaign", .about = r->number, .whose = r->whose };
}

static enum code page_send(struct service *s, int64_t tenant, struct mark *m, struct err *reterr) {
    const struct audience_page *p = m->page;
    struct message_wish *list = arena_array(m->arena, p->count, sizeof *list);
    struct message_result *results = arena_array(m->arena, p->count, sizeof *results);
    size_t bad = 0;
    if (list == NULL || results == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a campaign");
    wishes_fill(s, m->seen, p, list);
    m->results = results;
    return messages_send(s, tenant, list, p->count, results, mark_write, m, &bad, reterr);
}

static enum code people_find(struct service *s, int64_t tenant, const struct campaign_row *r, const struct campaign_asker *asker, struct arena *arena, struct audience_page *ret, struct campaign_sealed *rest, struct err *reterr) {
    const struct kind_info *k = service_kind_by_number(s, r->kind);
    struct caller who;
    json_t *entry = NULL;
    if (k == NULL)
        return err_set(reterr, E_GONE, "the charter has no more records of the kind that this campaign goes to");
    enum code code = campaign_open(s, tenant, r, &entry, reterr);
    if (code == OK) {
        const struct audience a = { .kind = k->index, .scope = r->scope, .where = json_object_get(entry, "where"), .born = r->born };
        code = asker_of(s, tenant, r, k->index, json_object_get(entry, "by"), asker, arena, &who, reterr);
        if (code == OK)
            code = audience_next(s, &who, &a, &r->reached, SEND_MOST, ret, reterr);
        code = hidden(s, tenant, r, &a, code, reterr);
    }
    if (code == OK && !ret->more)
        code = name_seal(s, tenant, entry, rest, reterr);
    json_decref(entry);
    return code;
}

static enum code people_step(struct service *s, int64_t tenant, const struct campaign_row *r, const struct campaign_asker *asker, struct arena *arena, bool *ret_more, struct err *reterr) {
    AUTO(campaign_sealed_done) struct campaign_sealed rest = { .id = 0 };
    struct audience_page *page = arena_array(arena, 1, sizeof *page);
    struct mark m = { .s = s, .arena = arena, .seen = r, .page = page, .rest = &rest };
    if (page == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a campaign");
    enum code code = people_find(s, tenant, r, asker, arena, page, &rest, reterr);
    if (code != OK)
        return code;
    code = page->count > 0 ? page_send(s, tenant, &m, reterr) : store_write(s->store, tenant, mark_write, &m, reterr);
    campaign_unused(s, tenant, &rest, code);
    if (code == OK)
        *ret_more = page->more;
    return code;
}

/* ---- one page of letters that wait */

struct acting { struct arena *arena; const struct campaign_row *seen; struct uuid ids[LETTERS], last; size_t count; bool more; };
struct waiting_letter { struct letter_row row; bool waits; };

static bool letter_look(const struct letter_row *r, void *arg) {
    struct waiting_letter *w = arg;
    w->waits = r->state == LETTER_WAITING;
    w->row = *r;
    w->row.said = w->row.receipt = w->row.purpose = w->row.cause = "";       /* they end with this call */
    w->row.blob = NULL;
    w->row.len = 0;
    return false;
}

static enum code letter_act(struct txn *t, const struct campaign_row *r, const struct uuid *id, struct err *reterr) {
    struct waiting_letter w = { .waits = false };
    enum code code = letter_get(txn_sql(t), id, letter_look, &w, reterr);
    if (code == E_NOT_FOUND || (code == OK && !w.waits))
        return OK;
    if (code == OK && r->act != ACT_END)
        return letter_next_set(t, id, r->act == ACT_HOLD ? USEC_NEVER : txn_now(t), reterr);
    if (code == OK && w.row.doubts > 0)        /* it may have arrived: the next look at it meets the stop, and ends it as unknown with all that belongs to it */
        return letter_next_set(t, id, txn_now(t), reterr);
    w.row.state = LETTER_OVER;
    if (code == OK)
        code = w.row.key != 0 ? post_end(t, &w.row, reterr) : letter_set(t, &w.row, USEC_NEVER, reterr);
    if (code == OK)
        code = outgoing_give_back(t, &w.row, reterr);
    return code == OK ? campaign_settle(t, r->number, LETTER_WAITING, LETTER_OVER, reterr) : code;
}

static enum code act_write(struct txn *t, void *arg, struct err *reterr) {
    const struct acting *a = arg;
    struct campaign_row r;
    enum code code = unmoved(t, a->seen, &r, a->arena, reterr);
    for (size_t i = 0; code == OK && i < a->count; i++)
        code = letter_act(t, &r, &a->ids[i], reterr);
    if (code != OK)
        return code;
    r.walk = a->last;
    if (!a->more) {
        r.act = ACT_NONE;
        r.walk = (struct uuid){ { 0 } };
        r.ended = r.state == CAMPAIGN_STOPPED ? txn_now(t) : r.ended;
    }
    code = campaign_set(t, &r, campaign_when(&r, txn_now(t)), reterr);
    return code == OK && !a->more ? campaign_settle(t, r.number, LETTER_WAITING, LETTER_WAITING, reterr) : code;
}

static enum code letters_step(struct service *s, int64_t tenant, const struct campaign_row *r, struct arena *arena, bool *ret_more, struct err *reterr) {
    struct acting *a = arena_array(arena, 1, sizeof *a);
    struct view *v = NULL;
    if (a == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a campaign");
    a->arena = arena;
    a->seen = r;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = campaign_waiting(view_sql(v), r->number, &r->walk, LETTERS, a->ids, &a->count, &a->last, &a->more, reterr);
    v = view_end(v);
    if (code == OK)
        code = store_write(s->store, tenant, act_write, a, reterr);
    if (code == OK)
        *ret_more = a->more || (r->state == CAMPAIGN_GOES && !r->walked && r->begins <= clock_now());
    return code;
}

/* ---- steps */

/* It cannot go on: the charter has no such field any more, its key or what its records belong to has gone. */
static bool is_final(enum code code) { return code == E_INVALID || code == E_FIELDS || code == E_GONE || code == E_DAMAGED || code == E_NOT_FOUND; }
/* Whoever asked may not any more: somebody else may resume it. */
static bool is_barred(enum code code) { return code == E_SIGN_IN || code == E_FORBIDDEN; }

struct failing { struct acting at; enum code why; struct campaign_sealed anew; };
static enum code fail_write(struct txn *t, void *arg, struct err *reterr) {
    const struct failing *f = arg;
    struct campaign_row r;
    enum code code = unmoved(t, f->at.seen, &r, f->at.arena, reterr);
    if (code != OK)
        return code;
    const bool barred = is_barred(f->why);
    r.state = barred ? CAMPAIGN_PAUSED : CAMPAIGN_STOPPED;
    r.act = barred ? ACT_HOLD : ACT_END;
    code = campaign_replace(t, &r, &f->anew, reterr);
    if (code == OK)
        code = campaign_set(t, &r, campaign_when(&r, txn_now(t)), reterr);
    json_t *what = json_pack("{s:I, s:s}", "number", (json_int_t)r.number, "why", code_name(f->why));
    if (code == OK)
        code = ledger_append(t, barred ? "campaign_paused" : "campaign_stopped", "sejf", what, reterr);
    json_decref(what);
    return code;
}

/* Nobody resumes what was stopped, so what was searched for goes with it. */
static enum code fail(struct service *s, int64_t tenant, const struct campaign_row *r, enum code why, struct arena *arena, struct err *reterr) {
    struct failing f = { { .arena = arena, .seen = r }, why, { .id = 0 } };
    enum code code = is_barred(why) ? OK : campaign_seal_name(s, tenant, r, &f.anew, reterr);
    if (code == OK) {
        code = store_write(s->store, tenant, fail_write, &f, reterr);
        campaign_unused(s, tenant, &f.anew, code);
    }
    campaign_sealed_done(&f.anew);
    return code;
}

static enum code idle_write(struct txn *t, void *arg, struct err *reterr) {
    const struct acting *a = arg;
    struct campaign_row r;
    enum code code = unmoved(t, a->seen, &r, a->arena, reterr);
    return code == OK ? campaign_set(t, &r, campaign_when(&r, txn_now(t)), reterr) : code;
}

/* What failed for now: the tenant's others are not to wait for it. Where even that cannot be written, they wait. */
struct putting_off { int64_t number; usec_t until; };
static enum code off_write(struct txn *t, void *arg, struct err *reterr) {
    const struct putting_off *p = arg;
    return campaign_defer(t, p->number, p->until, reterr);
}
static void put_off(struct service *s, int64_t tenant, int64_t number) {
    struct err e;
    if (store_write(s->store, tenant, off_write, &(struct putting_off){ number, clock_now() + FAILED_WAIT }, &e) != OK)
        return;                                /* the step's own error says it */
}

enum code campaign_step(struct service *s, int64_t tenant, int64_t number, const struct campaign_asker *asker, bool *ret_more, struct err *reterr) {
    PRE(s != NULL && asker != NULL && ret_more != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)16 << 20);
    struct campaign_row r = { .act = ACT_NONE };
    struct err why;
    const usec_t now = clock_now();
    enum code code = campaign_find(s, tenant, number, &r, arena, &why);
    *ret_more = false;
    if (code == OK && r.act != ACT_NONE)
        code = letters_step(s, tenant, &r, arena, ret_more, &why);
    else if (code == OK && campaign_when(&r, now) <= now)
        code = people_step(s, tenant, &r, asker, arena, ret_more, &why);
    else if (code == OK) {                     /* nothing is to be done: a cut left the row that leads here */
        struct acting a = { .arena = arena, .seen = &r };
        code = store_write(s->store, tenant, idle_write, &a, &why);
    }
    if ((is_final(code) || is_barred(code)) && r.number == number && r.act == ACT_NONE) {
        *ret_more = true;
        code = fail(s, tenant, &r, code, arena, &why);
    }
    if (code == E_CONFLICT) {                  /* as it stands now, at the next look */
        *ret_more = true;
        return OK;
    }
    if (code != OK) {
        put_off(s, tenant, number);
        *reterr = why;
    }
    return code;
}

/* ---- at the moment of sending */

enum code campaign_gate(struct service *s, int64_t tenant, const struct letter_row *r, struct gate_verdict *ret, struct err *reterr) {
    PRE(s != NULL && r != NULL && ret != NULL && reterr != NULL);
    if (strcmp(r->cause, "campaign") != 0)
        return OK;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)2 << 20);
    struct campaign_row c;
    enum code code = campaign_find(s, tenant, r->about, &c, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && c.state == CAMPAIGN_STOPPED))
        return gate_stop(ret, GATE_PAUSED, 0, "campaign %lld was stopped", (long long)r->about);
    if (code == OK && c.state == CAMPAIGN_PAUSED)
        return gate_stop(ret, GATE_PAUSED, clock_now() + HELD_LOOK, "campaign %lld pauses: resume it", (long long)r->about);
    return code;
}

enum code campaign_settled(struct txn *t, const struct settled *s, void *nothing UNUSED, struct err *reterr) {
    PRE(t != NULL && s != NULL && reterr != NULL);
    return s->final && strcmp(s->row->cause, "campaign") == 0 ? campaign_settle(t, s->row->about, LETTER_WAITING, s->row->state, reterr) : OK;
}
