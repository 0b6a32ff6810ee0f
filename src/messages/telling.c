/* telling.c — one step is: what comes next (a view), the record opened (the keeper), the request (the sender), what came of it (a write). Nothing is
 * held over from one to the next, so a kill at any moment leaves a change that was not noted as told: it is told again, under its name. */
#include "messages/telling.h"

#include <stdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "messages/leaves.h"
#include "records/facts.h"
#include "records/reads.h"
#include "records/service.h"
#include "wire/mailbox.h"

#define LOOKED_AT 500u                       /* changes of one look */
#define LOOKS_MOST 20                        /* of one turn, where none is of its kinds */
#define SAID_MOST 200u
#define SAID_LOOKED 4096u
#define BODY_MOST ((size_t)1 << 20)
#define WAIT_FIRST (5 * USEC_PER_SEC)
#define WAIT_MOST (4 * USEC_PER_HOUR)
#define GIVEN_UP (TELLING_DAYS * USEC_PER_DAY)
#define TORN_LOOKS 4

static const char *const whats[] = { [TOLD_CREATED] = "created", [TOLD_CHANGED] = "changed", [TOLD_ERASED] = "erased", [TOLD_TEST] = "test" };
static const char *const delivery_states[] = { [DELIVERY_FAILED] = "failed", [DELIVERY_TOLD] = "told", [DELIVERY_OVERTAKEN] = "overtaken" };

usec_t telling_wait(int tries, uint32_t random) {
    usec_t wait = WAIT_FIRST;
    for (int i = 1; i < tries && wait < WAIT_MOST; i++)
        wait *= 2;
    wait = wait > WAIT_MOST ? WAIT_MOST : wait;
    return wait / 4 * 3 + wait / 2 * (usec_t)(random >> 16) / 65535;
}

void telling_sign(const char *const *secrets, size_t count, int64_t timestamp, const void *body, size_t len, struct buf *ret) {
    AUTO(buf_wipe) struct buf text = BUF(BODY_MOST + 64);
    buf_printf(&text, "%lld.", (long long)timestamp);
    buf_add(&text, body, len);
    for (size_t i = 0; i < count; i++) {
        uint8_t mac[HASH_SIZE];
        hmac_sha256(secrets[i], strlen(secrets[i]), text.data, text.len, mac);
        buf_text(ret, i == 0 ? "v1=" : ",v1=");
        hex_encode(mac, sizeof mac, ret);
    }
    ret->failed = ret->failed || text.failed;
}

/* ---- one change of a webhook */

struct piece {
    const struct telling *t; struct service *s; int64_t tenant;
    const struct hook *hook; struct caller who;
    struct arena *arena;                     /* of this change */
    struct change change; const struct kind_info *kind;
    enum told what; bool repeats;
    bool gone, withheld, damaged;            /* as it is now */
    struct record rec; fieldset fields;      /* that go; 0: none */
    struct uuid delivery;
    usec_t tried; int status; char said[SAID_MOST + 1];
    int64_t scanned;                         /* as far as nothing was found */
};

static struct caller caller_of(const struct piece *p) {
    return (struct caller){ .tenant = p->tenant, .person = charter_tenant(p->s->charter), .token = -p->hook->row.number, .subject_kind = -1, .purpose = p->hook->purpose };
}

/* The same change has the same name, and another one after a restore another. */
static struct uuid name_of(const struct hook *h, const struct change *c) {
    uint8_t text[4 + 16 + 8], mac[HASH_SIZE];
    struct uuid id;
    for (size_t i = 0; i < 4; i++)
        text[i] = (uint8_t)((uint32_t)c->kind >> (8 * i));
    memcpy(text + 4, c->id.bytes, 16);
    for (size_t i = 0; i < 8; i++)
        text[20 + i] = (uint8_t)((uint64_t)c->change >> (8 * i));
    hmac_sha256(h->seed, sizeof h->seed, text, sizeof text, mac);
    memcpy(id.bytes, mac, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x80);        /* UUID version 8 (RFC 9562) */
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

struct scan { const struct piece *p; struct change found; bool any; int64_t last; size_t count; };
static bool scan_take(const struct change *c, void *arg) {
    struct scan *s = arg;
    const struct kind_info *k = service_kind_by_number(s->p->s, c->kind);
    s->last = c->change;
    s->count++;
    if (k != NULL && webhook_wants(s->p->hook->kinds, k->index)) {
        s->found = *c;
        s->any = true;
        return false;
    }
    return s->count < LOOKED_AT;
}

/* What the tenant's own role would see of it for this purpose, less what the charter does not let that host have. A record that is restricted, whose use
 * was objected to, or that waits to be confirmed is told without its fields. */
static enum code look_record(struct piece *p, struct sql *q, struct err *reterr) {
    struct fact_source src = { .s = p->s, .q = q, .who = &p->who, .record = &p->rec, .arena = p->arena, .now = clock_now() };
    struct verdict sees = { .fields = 0 };
    p->rec = (struct record){ .tenant = p->tenant };
    p->gone = p->withheld = p->damaged = false;
    p->fields = 0;
    enum code code = record_find(q, p->kind, &p->change.id, p->arena, &p->rec, reterr);
    if (code == E_GONE || code == E_NOT_FOUND) {
        p->gone = true;
        return OK;
    }
    if (code == E_DAMAGED) {
        p->damaged = true;
        return OK;
    }
    struct facts f = facts_of(&src, src.now);
    if (code == OK)
        code = policy_sees(&p->who, &f, &sees, reterr);
    p->withheld = !sees.any;
    if (code == OK && !p->withheld)
        p->fields = leaves_to(p->s->charter, p->hook->to.host, p->kind->index, sees.fields);
    return code == OK && p->fields != 0 && !p->rec.loaded ? record_load_parts(q, p->arena, &p->rec, reterr) : code;
}

/* The next change that the webhook is told; *ret_any false: p->scanned says how far there was none. */
static enum code look_next(struct piece *p, int64_t after, bool *ret_any, bool *ret_end, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct scan s = { .p = p, .last = after };
    enum code code = store_view(p->s->store, p->tenant, &v, reterr);
    if (code == OK)
        code = changes_list_around(view_sql(v), after, scan_take, &s, reterr);
    p->scanned = s.last;
    *ret_any = s.any;
    *ret_end = !s.any && s.count < LOOKED_AT;
    if (code != OK || !s.any)
        return code;
    p->change = s.found;
    p->kind = service_kind_by_number(p->s, s.found.kind);
    p->delivery = name_of(p->hook, &p->change);
    code = look_record(p, view_sql(v), reterr);
    bool fresh = !p->gone && !p->damaged && p->rec.born > p->hook->row.reached;
    p->what = p->change.erased || p->gone ? TOLD_ERASED : fresh ? TOLD_CREATED : TOLD_CHANGED;
    p->damaged = p->damaged || p->change.damaged;
    return code;
}

/* The keeper is asked without a view open. What was erased meanwhile opens nothing, and is looked at once more. */
static enum code piece_open(struct piece *p, struct err *reterr) {
    enum code code = OK;
    for (int looks = 0; code == OK && p->fields != 0 && (looks == 0 || (p->rec.torn && looks <= TORN_LOOKS)); looks++) {
        if (looks > 0) {
            AUTO(view_end) struct view *v = NULL;
            code = store_view(p->s->store, p->tenant, &v, reterr);
            if (code == OK)
                code = look_record(p, view_sql(v), reterr);
        }
        if (code == OK && p->fields != 0)
            code = record_open(p->s, &p->rec, p->arena, reterr);
        if (code == E_DAMAGED) {
            p->damaged = true;
            p->fields = 0;
            code = OK;
        }
    }
    if (p->rec.torn)
        p->fields = 0;
    if (p->gone)
        p->what = TOLD_ERASED;
    return code == OK && p->fields != 0 ? reads_note_one(p->s, &p->who, READ_ONE, &p->rec, p->fields, reterr) : code;
}

/* ---- the body */

static void member(struct buf *b, const char *name, const char *text) {
    buf_printf(b, ",\"%s\":", name);
    json_text_quote(b, text, strlen(text));
}

static void fields_add(const struct piece *p, struct buf *b) {
    bool first = true;
    buf_text(b, ",\"fields\":{");
    for (size_t i = 0; i < p->kind->kind->field_count; i++) {
        const struct field *f = &p->kind->kind->fields[i];
        if ((p->fields >> i & 1) == 0)
            continue;
        if (!first)
            buf_char(b, ',');
        first = false;
        json_text_quote(b, f->name, strlen(f->name));
        buf_char(b, ':');
        if (p->rec.values[i].set)
            value_show(f, &p->rec.values[i], b);
        else
            buf_text(b, "null");
    }
    buf_char(b, '}');
}

static void body_make(const struct piece *p, struct buf *b) {
    char id[UUID_TEXT], at[32];
    bool test = p->what == TOLD_TEST;
    usec_t when = test ? p->tried : p->what == TOLD_ERASED || p->damaged ? p->change.at : p->rec.updated;
    buf_printf(b, "{\"delivery\":\"%s\"", uuid_format(&p->delivery, id));
    member(b, "service", charter_name(p->s->charter));
    buf_printf(b, ",\"webhook\":%lld", (long long)p->hook->row.number);
    member(b, "what", whats[p->what]);
    member(b, "at", time_format(when, at, sizeof at));
    if (!test) {
        bool there = !p->gone && !p->damaged;
        buf_printf(b, ",\"change\":%lld", (long long)p->change.change);
        member(b, "kind", p->kind->kind->name);
        member(b, "id", uuid_format(&p->change.id, id));
        buf_printf(b, ",\"version\":%lld", (long long)(there ? p->rec.version : p->change.version));
        if (there && p->kind->kind->parent >= 0)
            member(b, "parent", uuid_format(&p->rec.parent, id));
        if (p->withheld)
            buf_text(b, ",\"withheld\":true");
        if (p->damaged)
            buf_text(b, ",\"damaged\":true");
        if (p->fields != 0)
            fields_add(p, b);
    }
    buf_char(b, '}');
}

/* ---- the request */

/* What the peer may have repeated of what it was told stands in no list: runs of the values, and of digits. */
static void mask_values(const struct piece *p, char *text, size_t len) {
    for (size_t i = 0; p->fields != 0 && i < p->kind->kind->field_count; i++) {
        const char *value = (p->fields >> i & 1) != 0 && p->rec.values[i].set ? p->rec.values[i].text : NULL;
        size_t n = value == NULL ? 0 : strlen(value);
        for (char *at = text; n >= 3 && (at = memmem(at, len - (size_t)(at - text), value, n)) != NULL; at += n)
            memset(at, '*', n);
    }
    for (size_t i = 0, run = 0; i <= len; i++) {
        if (i < len && text[i] >= '0' && text[i] <= '9') {
            run++;
            continue;
        }
        if (run >= 6)
            memset(text + i - run, '*', run);
        run = 0;
    }
}

static void said_set(struct piece *p, const struct fetch_reply *r) {
    char raw[SAID_LOOKED];
    struct buf said = buf_over(p->said, sizeof p->said);
    size_t len = r->body.len < sizeof raw ? r->body.len : sizeof raw;
    memcpy(raw, len > 0 ? r->body.data : "", len);
    mask_values(p, raw, len);
    if (p->status >= 300 && p->status < 400)
        buf_text(&said, "redirects are not followed: say the address that answers itself");
    else
        mailbox_said(raw, len, NULL, SAID_MOST - 1, &said);
    explicit_bzero(raw, sizeof raw);
}

/* One try: *ret_tried false: the sender takes no request now. */
static enum code piece_try(struct piece *p, bool *ret_tried, struct err *reterr) {
    AUTO(buf_wipe) struct buf body = BUF(BODY_MOST);
    AUTO(buf_done) struct buf sign = BUF(512);
    AUTO(fetch_reply_done) struct fetch_reply reply = FETCH_REPLY;
    char stamp[32], id[UUID_TEXT];
    struct err why;
    p->tried = clock_now();
    body_make(p, &body);
    if (body.failed) {                       /* larger than is sent: what it is about goes, and the peer asks for the rest */
        buf_wipe(&body);
        body = BUF(BODY_MOST);
        p->fields = 0;
        p->withheld = true;
        body_make(p, &body);
    }
    telling_sign(p->hook->secrets, p->hook->secret_count, p->tried / USEC_PER_SEC, body.data, body.len, &sign);
    if (body.failed || sign.failed)
        return err_set(reterr, E_MEMORY, "no memory for a webhook");
    snprintf(stamp, sizeof stamp, "%lld", (long long)(p->tried / USEC_PER_SEC));
    const struct fetch_header headers[] = { { "Content-Type", "application/json" }, { "Sejf-Timestamp", stamp }, { "Sejf-Signature", buf_str(&sign) },
                                            { "Sejf-Delivery", uuid_format(&p->delivery, id) }, { "Sejf-Repeat", "1" } };
    const struct fetch_request request = { .method = "POST", .url = p->hook->url, .headers = headers, .header_count = ARRAY_LEN(headers) - !p->repeats, .body = body.data, .body_len = body.len,
                                           .most = TELLING_ANSWER, .wait_ms = TELLING_WAIT_MS, .use = FOR_WEBHOOKS };
    enum code code = p->t->way.fetch(p->t->way.arg, &request, &reply, &why);
    *ret_tried = code != E_BUSY && code != E_MEMORY;
    p->status = code == OK ? reply.status : 0;
    if (code == OK)
        said_set(p, &reply);
    else
        snprintf(p->said, sizeof p->said, "%.*s", (int)SAID_MOST, why.text);
    return OK;
}

static bool is_told(const struct piece *p) { return p->status >= 200 && p->status < 300; }

/* ---- what came of it */

struct result { struct piece *p; struct webhook_row row; enum webhook_state ends; struct post_ready *letters; size_t letter_count; usec_t next; };

static struct delivery_row delivery_of(const struct piece *p, int tries) {
    return (struct delivery_row){ .webhook = p->hook->row.number, .change = p->change.change, .kind = p->change.kind, .id = p->change.id, .version = p->gone || p->damaged ? p->change.version : p->rec.version,
                                  .what = p->what, .delivery = p->delivery, .state = is_told(p) ? DELIVERY_TOLD : DELIVERY_FAILED, .tries = tries, .tried = p->tried, .status = p->status, .said = p->said };
}

static enum code ends_note(struct txn *t, const struct result *r, struct err *reterr) {
    json_t *what = json_pack("{s:I, s:s, s:i, s:i}", "number", (json_int_t)r->p->hook->row.number, "host", r->p->hook->to.host, "status", r->p->status, "tries", r->row.tries);
    enum code code = ledger_append(t, r->ends == WEBHOOK_ENDED ? "webhook_ended" : "webhook_stopped", "sejf", what, reterr);
    json_decref(what);
    for (size_t i = 0; code == OK && i < r->letter_count; i++)
        code = post_put(t, &r->letters[i], reterr);
    return code;
}

/* Where somebody has changed the webhook meanwhile, or another server has told the same, what stands there stays. */
static enum code result_write(struct txn *t, void *arg, struct err *reterr) {
    struct result *r = arg;
    struct piece *p = r->p;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row now;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a webhook");
    enum code code = webhook_get(txn_sql(t), p->hook->row.number, &now, arena, reterr);
    if (code != OK || now.reached != p->hook->row.reached)
        return code == OK ? err_set(reterr, E_CONFLICT, "the webhook was told this by another server") : code;
    r->row = now;
    r->ends = WEBHOOK_ON;
    if (is_told(p)) {
        r->row.reached = p->change.change;
        r->row.tries = 0;
        r->row.failed = 0;
        r->next = 0;
    } else {
        r->row.tries = now.tries + 1;
        r->row.failed = now.failed == 0 ? txn_ran(t) : now.failed;
        r->next = txn_now(t) + telling_wait(r->row.tries, (uint32_t)p->delivery.bytes[0] << 24 | (uint32_t)(p->tried & 0xffffff));
        r->ends = p->status == 410 ? WEBHOOK_ENDED : txn_ran(t) - r->row.failed >= GIVEN_UP ? WEBHOOK_STOPPED : WEBHOOK_ON;
    }
    if (r->ends != WEBHOOK_ON && now.state == WEBHOOK_ON)
        r->row.state = r->ends;
    const struct delivery_row d = delivery_of(p, is_told(p) ? now.tries + 1 : r->row.tries);
    code = delivery_put(t, &d, reterr);
    if (code == OK && now.tries > 0)
        code = deliveries_overtake(t, d.webhook, d.change, reterr);
    if (code == OK)
        code = webhook_set(t, &r->row, r->next, reterr);
    return code == OK && r->ends != WEBHOOK_ON && now.state == WEBHOOK_ON ? ends_note(t, r, reterr) : code;
}

/* Will this try be the last? Its letters are sealed before the write. */
static bool seems_over(const struct piece *p) {
    return !is_told(p) && (p->status == 410 || (p->hook->row.failed != 0 && store_ran(p->s->store) - p->hook->row.failed >= GIVEN_UP));
}

static enum code piece_settle(struct piece *p, struct hook *h, enum telling_end *ret, struct err *reterr) {
    struct result r = { .p = p };
    enum code code = OK;
    if (p->t->letters != NULL && seems_over(p))
        code = p->t->letters(p->t->arg, p->s, p->tenant, h, p->status == 410 ? WEBHOOK_ENDED : WEBHOOK_STOPPED, &r.letters, &r.letter_count, reterr);
    if (code == OK)
        code = store_write(p->s->store, p->tenant, result_write, &r, reterr);
    if (r.letters != NULL)
        p->t->letters_done(p->t->arg, r.letters, r.letter_count);
    if (code == E_CONFLICT || code == E_NOT_FOUND) {         /* told, paused or removed by somebody else */
        *ret = TELLING_DONE;
        return OK;
    }
    if (code != OK)
        return code;
    h->row.reached = r.row.reached;
    h->row.tries = r.row.tries;
    h->row.failed = r.row.failed;
    h->row.state = r.row.state;
    if (r.row.key != h->row.key)             /* another address, other kinds, another secret: they are read before the next */
        *ret = TELLING_DONE;
    else
        *ret = !is_told(p) || r.row.state != WEBHOOK_ON ? TELLING_WAITS : TELLING_MORE;
    return OK;
}

/* Nothing of its kinds lies before that. */
struct passing { int64_t number, from, to; };
static enum code pass_write(struct txn *t, void *arg, struct err *reterr) {
    const struct passing *p = arg;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row row;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : webhook_get(txn_sql(t), p->number, &row, arena, reterr);
    if (code != OK || row.reached != p->from)
        return code;
    row.reached = p->to;
    row.tries = 0;
    row.failed = 0;
    code = deliveries_overtake(t, p->number, 0, reterr);
    return code == OK ? webhook_set(t, &row, 0, reterr) : code;
}

/* One change, or a stretch without any. */
static enum code step(const struct telling *t, struct service *s, int64_t tenant, struct hook *h, enum telling_end *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct piece p = { .t = t, .s = s, .tenant = tenant, .hook = h, .arena = arena };
    bool any = false, end = false, tried = false;
    int64_t after = h->row.reached;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a webhook");
    p.who = caller_of(&p);
    enum code code = OK;
    for (int looks = 0; code == OK && !any && !end && looks < LOOKS_MOST; looks++) {
        code = look_next(&p, after, &any, &end, reterr);
        after = p.scanned;
    }
    if (code == OK && !any) {
        struct passing pass = { h->row.number, h->row.reached, after };
        *ret = end ? TELLING_DONE : TELLING_MORE;
        code = after == h->row.reached ? OK : store_write(s->store, tenant, pass_write, &pass, reterr);
        h->row.reached = after;
        return code == E_NOT_FOUND ? OK : code;
    }
    if (code == OK)
        code = piece_open(&p, reterr);
    if (code == OK)
        code = piece_try(&p, &tried, reterr);
    if (code == OK && !tried)
        *ret = TELLING_BUSY;
    return code == OK && tried ? piece_settle(&p, h, ret, reterr) : code;
}

enum code telling_run(const struct telling *t, int64_t tenant, int64_t number, bool (*stop)(void *arg), void *stop_arg, enum telling_end *ret, struct err *reterr) {
    PRE(t != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    AUTO(hook_done) struct hook h = { .url = NULL };
    struct service *s = t->service_of(t->arg, tenant);
    *ret = TELLING_DONE;
    if (s == NULL)
        return OK;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : hook_open(s, tenant, number, &h, arena, reterr);
    if (code != OK || h.row.state != WEBHOOK_ON)
        return code == E_NOT_FOUND ? OK : code;
    *ret = TELLING_MORE;
    for (size_t i = 0; code == OK && *ret == TELLING_MORE && i < TELLING_AT_ONCE && !stop(stop_arg); i++)
        code = step(t, s, tenant, &h, ret, reterr);
    return code;
}

/* ---- by hand */

static json_t *tried_told(const struct piece *p) {
    char id[UUID_TEXT];
    return json_pack("{s:s, s:b, s:i, s:s}", "delivery", uuid_format(&p->delivery, id), "delivered", is_told(p), "status", p->status, "said", p->said);
}

static enum code by_hand(struct piece *p, json_t **ret, struct err *reterr) {
    bool tried = false;
    enum code code = piece_try(p, &tried, reterr);
    if (code == OK && !tried)
        return err_set(reterr, E_BUSY, "too many requests to other services are under way: try again in a moment");
    if (code == OK && (*ret = tried_told(p)) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a webhook");
    return code;
}

enum code telling_test(const struct telling *t, struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr) {
    PRE(t != NULL && s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(hook_done) struct hook h = { .url = NULL };
    struct piece p = { .t = t, .s = s, .tenant = tenant, .hook = &h, .arena = arena, .what = TOLD_TEST, .delivery = uuid_new() };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : hook_open(s, tenant, number, &h, arena, reterr);
    return code == OK ? by_hand(&p, ret, reterr) : code;
}

static enum code repeat_look(struct piece *p, const struct uuid *delivery, struct delivery_row *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(p->s->store, p->tenant, &v, reterr);
    if (code == OK)
        code = delivery_get(view_sql(v), p->hook->row.number, delivery, ret, p->arena, reterr);
    if (code != OK)
        return code;
    p->change = (struct change){ .kind = ret->kind, .id = ret->id, .change = ret->change, .version = ret->version, .erased = ret->what == TOLD_ERASED, .at = ret->tried };
    p->kind = service_kind_by_number(p->s, ret->kind);
    p->what = (enum told)ret->what;
    p->delivery = ret->delivery;
    if (p->kind == NULL || !webhook_wants(p->hook->kinds, p->kind->index))
        return err_set(reterr, E_CONFLICT, "this webhook is not told of such records any more");
    return look_record(p, view_sql(v), reterr);
}

struct repeat { struct delivery_row row; };
static enum code repeat_write(struct txn *t, void *arg, struct err *reterr) {
    struct repeat *r = arg;
    return delivery_put(t, &r->row, reterr);
}

enum code telling_repeat(const struct telling *t, struct service *s, int64_t tenant, int64_t number, const struct uuid *delivery, json_t **ret, struct err *reterr) {
    PRE(t != NULL && s != NULL && delivery != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(hook_done) struct hook h = { .url = NULL };
    struct piece p = { .t = t, .s = s, .tenant = tenant, .hook = &h, .arena = arena, .repeats = true };
    struct repeat r = { .row = { .webhook = 0 } };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : hook_open(s, tenant, number, &h, arena, reterr);
    p.who = caller_of(&p);
    if (code == OK)
        code = repeat_look(&p, delivery, &r.row, reterr);
    if (code == OK)
        code = piece_open(&p, reterr);
    if (code == OK)
        code = by_hand(&p, ret, reterr);
    if (code != OK || r.row.state == DELIVERY_FAILED)        /* what is still to be told has its own tries */
        return code;
    r.row = delivery_of(&p, r.row.tries + 1);
    r.row.state = DELIVERY_TOLD;
    code = store_write(s->store, tenant, repeat_write, &r, reterr);
    if (code != OK) {
        json_decref(*ret);
        *ret = NULL;
    }
    return code;
}

enum code telling_would(struct service *s, int64_t tenant, int kind, const struct uuid *id, const char *host, struct buf *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && host != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct hook h = { .row = { .number = 0 } };
    struct piece p = { .s = s, .tenant = tenant, .hook = &h, .arena = arena, .kind = service_kind(s, kind), .what = TOLD_CHANGED, .delivery = uuid_new() };
    struct view *v = NULL;
    snprintf(h.to.host, sizeof h.to.host, "%s", host);
    p.change = (struct change){ .kind = p.kind->number, .id = *id };
    p.who = caller_of(&p);
    p.who.by_sejf = false;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = look_record(&p, view_sql(v), reterr);
    view_end(v);
    if (code == OK && p.fields != 0)
        code = record_open(s, &p.rec, arena, reterr);
    if (code == OK)
        body_make(&p, ret);
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for a webhook") : code;
}

/* ---- the list */

struct listing { const struct service *s; json_t *items; size_t limit, count; int64_t last; bool more, failed; };
static bool list_take(const struct delivery_row *r, void *arg) {
    struct listing *l = arg;
    const struct kind_info *k = service_kind_by_number(l->s, r->kind);
    char id[UUID_TEXT], record[UUID_TEXT], at[32];
    if (l->count == l->limit) {
        l->more = true;
        return false;
    }
    l->failed = json_array_append_new(l->items, json_pack("{s:s, s:I, s:s*, s:s, s:I, s:s, s:s, s:i, s:s, s:i, s:s}", "delivery", uuid_format(&r->delivery, id), "change", (json_int_t)r->change,
                                      "kind", k == NULL ? NULL : k->kind->name, "id", uuid_format(&r->id, record), "version", (json_int_t)r->version, "what", whats[r->what <= TOLD_TEST ? r->what : TOLD_CHANGED],
                                      "state", delivery_states[r->state], "tries", r->tries, "tried", time_format(r->tried, at, sizeof at), "status", r->status, "said", r->said)) != 0;
    l->last = r->change;
    l->count++;
    return !l->failed;
}

enum code deliveries_told(struct service *s, int64_t tenant, int64_t number, int64_t before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && limit > 0 && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row row;
    struct listing l = { .s = s, .items = json_array(), .limit = limit };
    enum code code = l.items == NULL || arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of deliveries") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = webhook_get(view_sql(v), number, &row, arena, reterr);
    if (code == OK)
        code = delivery_list(view_sql(v), number, before, list_take, &l, reterr);
    if (code == OK && (l.failed || (*ret = json_pack("{s:O, s:o}", "items", l.items, "next", l.more ? json_integer(l.last) : json_null())) == NULL))
        code = err_set(reterr, E_MEMORY, "no memory for a list of deliveries");
    json_decref(l.items);
    return code;
}
