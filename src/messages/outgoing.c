/* outgoing.c — see outgoing.h. A record that changes while its keys are asked for is read once more: so what goes is what stood there at one moment. */
#include "messages/outgoing.h"

#include <stdio.h>
#include <string.h>

#include "messages/campaign.h"
#include "messages/remind.h"
#include "messages/settled.h"
#include "messages/compose.h"
#include "messages/who.h"
#include "records/record.h"
#include "store/sent.h"
#include "store/sms.h"
#include "store/suppress.h"

#define LOOKS 3

void outgoing_done(struct outgoing *o) {
    explicit_bzero(o->to, sizeof o->to);
    buf_wipe(&o->subject);
    buf_wipe(&o->text);
    buf_wipe(&o->html);
    buf_wipe(&o->headers);
}

static enum code record_get(struct service *s, int64_t tenant, const struct letter_row *r, struct arena *arena, struct record *ret, struct err *reterr) {
    const struct kind_info *info = service_kind_by_number(s, r->kind);
    if (info == NULL)
        return err_set(reterr, E_GONE, "the charter has no more records of the kind that this message goes to");
    for (int i = 0; i < LOOKS; i++) {
        struct view *v = NULL;
        enum code code = store_view(s->store, tenant, &v, reterr);
        if (code == OK)
            code = record_load(view_sql(v), info, &r->record, arena, ret, reterr);
        v = view_end(v);
        if (code == OK)
            code = record_open(s, ret, arena, reterr);
        if (code != OK || !ret->torn)
            return code == E_NOT_FOUND || code == E_GONE ? err_set(reterr, E_GONE, "the record of this message was erased, so it ends") : code;
    }
    return err_set(reterr, E_BUSY, "the record of this message changes all the time");
}

static const char *address_of(const struct record *rec, enum channel channel) {
    int f = kind_address_field(rec->info->kind, channel == CHANNEL_SMS);
    return f >= 0 && rec->values[f].set ? rec->values[f].text : NULL;
}

static enum code ask_fill(struct service *s, int64_t tenant, const struct letter_row *r, const struct record *rec, struct outgoing *o, struct err *reterr) {
    const char *address = address_of(rec, r->channel);
    o->ask = (struct gate_ask){ .service = s, .tenant = tenant, .channel = r->channel, .stage = STAGE_SEND, .kind = rec->info->index, .record = r->record, .parent = rec->parent, .scope = r->scope,
                                .imported = rec->marks.imported, .letter = r->id, .opened = rec, .purpose = kind_purpose(rec->info->kind, r->purpose), .cost = r->cost, .now = clock_now() };
    if (address == NULL || strlen(address) >= sizeof o->to)
        return err_set(reterr, E_GONE, "the record of this message has no address any more, so it ends");
    snprintf(o->to, sizeof o->to, "%s", address);
    o->ask.address = o->to;
    address_mask(r->channel, o->to, o->masked, sizeof o->masked);
    enum code code = who_of(s, tenant, r->channel, o->to, o->who, reterr);
    memcpy(o->ask.who, o->who, sizeof o->ask.who);
    o->version = rec->version;
    o->marks = rec->marks;
    return code;
}

static void fold(uint64_t *sum, const void *bytes, size_t len) {
    const uint8_t *b = bytes;
    for (size_t i = 0; i < len; i++)
        *sum = (*sum ^ b[i]) * UINT64_C(1099511628211);
}

static bool barred_add(const struct suppressed_row *r, void *arg) {
    const int64_t numbers[] = { r->reason, r->since, r->until };
    fold(arg, r->list, strlen(r->list) + 1);
    fold(arg, numbers, sizeof numbers);
    return true;
}

enum code outgoing_barred(struct sql *q, enum channel channel, const uint8_t who[WHO_SIZE], uint64_t *ret, struct err *reterr) {
    PRE(q != NULL && who != NULL && ret != NULL && reterr != NULL);
    uint64_t sum = UINT64_C(14695981039346656037);
    enum code code = suppressed_of(q, (int)channel, who, INT64_MIN, barred_add, &sum, reterr);     /* whether its time is over or not */
    if (code == OK)
        *ret = sum;
    return code;
}

static enum code barred_before(struct service *s, int64_t tenant, struct outgoing *o, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    return code == OK ? outgoing_barred(view_sql(v), o->ask.channel, o->who, &o->barred, reterr) : code;
}

/* All that may stop it now and needs no text. What bars it is noted first: whatever is put from then on is seen by this asking, or in the write that lets it go. */
static enum code ask(struct service *s, int64_t tenant, const struct letter_row *r, const struct record *rec, struct outgoing *o, struct gate_verdict *ret, struct err *reterr) {
    enum code code = barred_before(s, tenant, o, reterr);
    if (code == OK && strcmp(r->cause, REMIND_CAUSE) == 0)
        code = remind_stands(r, rec, o->ask.now, ret, reterr);
    if (code == OK && ret->passes)
        code = campaign_gate(s, tenant, r, ret, reterr);
    return code == OK && ret->passes ? gate_check(&o->ask, ret, reterr) : code;
}

enum code outgoing_make(struct service *s, int64_t tenant, const struct letter_row *r, struct outgoing *ret, struct gate_verdict *ret_verdict, struct err *reterr) {
    PRE(s != NULL && r != NULL && r->kind > 0 && ret != NULL && ret_verdict != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct gate_verdict verdict = { .passes = true };
    struct record rec;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    enum code code = record_get(s, tenant, r, arena, &rec, reterr);
    if (code == OK)
        code = ask_fill(s, tenant, r, &rec, ret, reterr);
    if (code == OK)
        code = ask(s, tenant, r, &rec, ret, &verdict, reterr);
    if (code == OK && verdict.passes)
        code = compose_texts(s, tenant, r, &rec, ret, reterr);
    if (code == OK && verdict.passes && r->channel == CHANNEL_SMS)
        code = gate_text_check(&ret->ask, buf_str(&ret->text), &verdict, reterr);
    ret->ask.opened = NULL;                  /* it closes here */
    if (code == OK)
        *ret_verdict = verdict;
    return code;
}

enum code outgoing_again(struct service *s, int64_t tenant, const struct letter_row *r, struct outgoing *o, struct gate_verdict *ret_verdict, struct err *reterr) {
    PRE(s != NULL && r != NULL && r->kind > 0 && o != NULL && ret_verdict != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct gate_verdict verdict = { .passes = true };
    struct record rec;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    enum code code = record_get(s, tenant, r, arena, &rec, reterr);
    if (code == E_GONE || (code == OK && rec.version != o->version))
        return err_set(reterr, E_STALE, "the record of this message was changed or erased meanwhile");
    if (code != OK)
        return code;
    o->ask.now = clock_now();
    o->ask.opened = &rec;
    o->marks = rec.marks;
    code = ask(s, tenant, r, &rec, o, &verdict, reterr);
    o->ask.opened = NULL;                    /* it closes here */
    if (code == OK)
        *ret_verdict = verdict;
    return code == E_GONE ? err_set(reterr, E_STALE, "what this message is about stands no more") : code;
}

/* ---- of one that went */

static enum code whom_get(struct service *s, int64_t tenant, const struct uuid *letter, struct letter_who *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    return code == OK ? letter_who_get(view_sql(v), letter, ret, reterr) : code;
}

enum code outgoing_whom(struct service *s, int64_t tenant, const struct letter_row *r, struct outgoing *ret, struct err *reterr) {
    PRE(s != NULL && r != NULL && r->kind > 0 && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct record rec;
    struct letter_who went;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    enum code code = whom_get(s, tenant, &r->id, &went, reterr);
    if (code != OK)
        return code;
    code = record_get(s, tenant, r, arena, &rec, reterr);
    if (code == OK)
        code = ask_fill(s, tenant, r, &rec, ret, reterr);
    ret->ask.opened = NULL;
    if (code == E_GONE || code == E_DAMAGED || (code == OK && memcmp(ret->who, went.who, sizeof ret->who) != 0)) {
        ret->to[0] = ret->masked[0] = 0;     /* erased, or corrected since */
        code = OK;
    }
    memcpy(ret->who, went.who, sizeof ret->who);
    return code;
}

enum code outgoing_give_back(struct txn *t, const struct letter_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    enum code code = r->channel == CHANNEL_SMS ? sms_spend_back(t, &r->id, reterr) : OK;
    return code == OK && r->state == LETTER_OVER ? sent_drop_letter(t, &r->id, reterr) : code;
}

enum code outgoing_settled(struct txn *t, const struct settled *s, void *nothing UNUSED, struct err *reterr) {
    PRE(t != NULL && s != NULL && reterr != NULL);
    if (s->counted)
        return s->row->channel == CHANNEL_SMS ? sms_spend_used(t, &s->row->id, reterr) : OK;
    return s->final ? outgoing_give_back(t, s->row, reterr) : OK;
}
