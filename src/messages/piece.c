/* piece.c — see piece.h. */
#include "messages/piece.h"

#include <stdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "messages/leaves.h"
#include "records/reads.h"
#include "records/service.h"
#include "wire/mailbox.h"

#define LOOKED_AT 500u                       /* changes of one look */
#define SAID_LOOKED 4096u
#define BODY_MOST ((size_t)1 << 20)
#define TORN_LOOKS 4

static const char *const whats[] = { [TOLD_CREATED] = "created", [TOLD_CHANGED] = "changed", [TOLD_ERASED] = "erased", [TOLD_TEST] = "test" };
const char *told_name(enum told what) { return whats[what <= TOLD_TEST ? what : TOLD_CHANGED]; }

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
struct caller piece_caller(const struct piece *p) {
    return (struct caller){ .tenant = p->tenant, .person = charter_tenant(p->s->charter), .token = -p->hook->row.number, .subject_kind = -1, .purpose = p->hook->purpose };
}

/* The same change has the same name. Its instant is in it, for after a restore its number may be that of another change. */
static struct uuid name_of(const struct hook *h, const struct change *c) {
    uint8_t text[4 + 16 + 8 + 8], mac[HASH_SIZE];
    struct uuid id;
    for (size_t i = 0; i < 4; i++)
        text[i] = (uint8_t)((uint32_t)c->kind >> (8 * i));
    memcpy(text + 4, c->id.bytes, 16);
    for (size_t i = 0; i < 8; i++)
        text[20 + i] = (uint8_t)((uint64_t)c->change >> (8 * i));
    for (size_t i = 0; i < 8; i++)
        text[28 + i] = (uint8_t)((uint64_t)c->at >> (8 * i));
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

static enum code nothing_leaves(struct piece *p) {
    p->withheld = true;
    p->fields = 0;
    return OK;
}

enum code piece_look(struct piece *p, struct sql *q, struct err *reterr) {
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
        code = policy_purpose(p->s->charter, &p->who, p->kind->index, NULL, reterr);
    if (code == E_FORBIDDEN)                 /* the charter was another one when the webhook was made */
        return nothing_leaves(p);
    if (code == OK)
        code = policy_sees(&p->who, &f, &sees, reterr);
    p->withheld = !sees.any;
    if (code == OK && !p->withheld)
        p->fields = leaves_to(p->s->charter, p->hook->to.host, p->kind->index, sees.fields, src.now);
    return code == OK && p->fields != 0 && !p->rec.loaded ? record_load_parts(q, p->arena, &p->rec, reterr) : code;
}

enum code piece_next(struct piece *p, int64_t after, bool *ret_any, bool *ret_end, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct scan s = { .p = p, .last = after };
    int64_t clock = 0;
    enum code code = store_view(p->s->store, p->tenant, &v, reterr);
    if (code == OK)                          /* before the list, which may go on in a newer view; numbers that no record has are behind us, too */
        code = webhook_clock(view_sql(v), &clock, reterr);
    if (code == OK)
        code = changes_list_around(view_sql(v), after, scan_take, &s, reterr);
    *ret_any = s.any;
    *ret_end = !s.any && s.count < LOOKED_AT;
    p->scanned = *ret_end && clock > s.last ? clock : s.last;
    if (code != OK || !s.any)
        return code;
    p->change = s.found;
    p->kind = service_kind_by_number(p->s, s.found.kind);
    p->delivery = name_of(p->hook, &p->change);
    code = piece_look(p, view_sql(v), reterr);
    bool fresh = !p->gone && !p->damaged && p->rec.born > p->hook->row.reached;
    p->what = p->change.erased || p->gone ? TOLD_ERASED : fresh ? TOLD_CREATED : TOLD_CHANGED;
    p->damaged = p->damaged || p->change.damaged;
    return code;
}

static enum code open_looked(struct piece *p, struct err *reterr) {
    enum code code = OK;
    for (int looks = 0; code == OK && p->fields != 0 && (looks == 0 || (p->rec.torn && looks <= TORN_LOOKS)); looks++) {
        if (looks > 0) {
            AUTO(view_end) struct view *v = NULL;
            code = store_view(p->s->store, p->tenant, &v, reterr);
            if (code == OK)
                code = piece_look(p, view_sql(v), reterr);
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
    return code;
}

enum code piece_open(struct piece *p, struct err *reterr) {
    enum code code = open_looked(p, reterr);
    if (code == OK && p->gone)
        p->what = TOLD_ERASED;
    if (code == OK && p->fields != 0)
        code = reads_note_one(p->s, &p->who, READ_ONE, &p->rec, p->fields, reterr);
    return code == E_TOO_MANY ? nothing_leaves(p) : code;        /* as much as the charter lets leave in a day has left: changes go on being told */
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

void piece_body(const struct piece *p, struct buf *b) {
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

static const char redirects[] = "redirects are not followed: say the address that answers itself";
static const char nowhere[] = "sejf.yaml of this installation does not let webhooks of this tenant go to this host and port (any more)";

static const char outside[] = "this host lies outside the EEA, and the register of transfers of the charter has no entry that lasts";

/* What a peer says may be what it was told, of this record or of another one, in any form: it is shown to whoever tries by hand, and never kept. */
static void said_set(struct piece *p, const struct fetch_reply *r) {
    char raw[SAID_LOOKED];
    struct buf said = buf_over(p->said, sizeof p->said);
    size_t len = r->body.len < sizeof raw ? r->body.len : sizeof raw;
    memcpy(raw, len > 0 ? r->body.data : "", len);
    mask_values(p, raw, len);
    p->noted = p->status >= 300 && p->status < 400 ? redirects : "";
    if (p->noted[0] != 0)
        buf_text(&said, p->noted);
    else
        mailbox_said(raw, len, NULL, SAID_MOST, &said);
    explicit_bzero(raw, sizeof raw);
}

static void said_ours(struct piece *p, const char *text) {
    snprintf(p->wrong, sizeof p->wrong, "%.*s", (int)SAID_MOST, text);
    snprintf(p->said, sizeof p->said, "%s", p->wrong);
    p->noted = p->wrong;
}

enum code piece_try(struct piece *p, void *arg, bool *ret_tried, struct err *reterr) {
    AUTO(buf_wipe) struct buf body = BUF(BODY_MOST);
    AUTO(buf_done) struct buf sign = BUF(512);
    AUTO(fetch_reply_done) struct fetch_reply reply = FETCH_REPLY;
    char stamp[32], id[UUID_TEXT];
    struct err why;
    p->tried = clock_now();
    p->status = 0;
    *ret_tried = true;
    if (!webhook_place(&p->t->way.places, &p->hook->to, p->tenant)) {
        said_ours(p, nowhere);
        return OK;
    }
    if (charter_reach(p->s->charter, p->hook->to.host, p->tried) == REACH_OUTSIDE) {
        said_ours(p, outside);
        return OK;
    }
    piece_body(p, &body);
    if (body.failed) {                       /* larger than is sent: what it is about goes, and the peer asks for the rest */
        buf_wipe(&body);
        body = BUF(BODY_MOST);
        p->fields = 0;
        p->withheld = true;
        piece_body(p, &body);
    }
    telling_sign(p->hook->secrets, p->hook->secret_count, p->tried / USEC_PER_SEC, body.data, body.len, &sign);
    if (body.failed || sign.failed)
        return err_set(reterr, E_MEMORY, "no memory for a webhook");
    snprintf(stamp, sizeof stamp, "%lld", (long long)(p->tried / USEC_PER_SEC));
    const struct fetch_header headers[] = { { "Content-Type", "application/json" }, { "Sejf-Timestamp", stamp }, { "Sejf-Signature", buf_str(&sign) },
                                            { "Sejf-Delivery", uuid_format(&p->delivery, id) }, { "Sejf-Repeat", "1" } };
    const struct fetch_request request = { .method = "POST", .url = p->hook->url, .headers = headers, .header_count = ARRAY_LEN(headers) - !p->repeats, .body = body.data, .body_len = body.len,
                                           .most = TELLING_ANSWER, .wait_ms = TELLING_WAIT_MS, .use = FOR_WEBHOOKS };
    enum code code = p->t->way.fetch(arg, &request, &reply, &why);
    *ret_tried = code != E_BUSY && code != E_MEMORY;
    p->status = code == OK ? reply.status : 0;
    if (code == OK)
        said_set(p, &reply);
    else
        said_ours(p, why.text);
    return OK;
}

struct delivery_row piece_delivery(const struct piece *p, int tries) {
    return (struct delivery_row){ .webhook = p->hook->row.number, .change = p->change.change, .kind = p->change.kind, .id = p->change.id, .version = p->gone || p->damaged ? p->change.version : p->rec.version,
                                  .what = p->what, .delivery = p->delivery, .state = piece_told(p) ? DELIVERY_TOLD : DELIVERY_FAILED, .tries = tries, .tried = p->tried, .status = p->status, .said = p->noted == NULL ? "" : p->noted };
}
