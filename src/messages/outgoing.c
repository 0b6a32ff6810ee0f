/* outgoing.c — see outgoing.h. A record that changes while its keys are asked for is read once more: so what goes is what stood there at one moment. */
#include "messages/outgoing.h"

#include <stdio.h>
#include <string.h>

#include "messages/campaign.h"
#include "messages/remind.h"
#include "messages/compose.h"
#include "messages/who.h"
#include "records/record.h"

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
    return code;
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
    if (code == OK && strcmp(r->cause, REMIND_CAUSE) == 0)
        code = remind_stands(r, &rec, ret->ask.now, &verdict, reterr);
    if (code == OK && verdict.passes)
        code = campaign_gate(s, tenant, r, &verdict, reterr);
    if (code == OK && verdict.passes)
        code = gate_check(&ret->ask, &verdict, reterr);
    if (code == OK && verdict.passes)
        code = compose_texts(s, tenant, r, &rec, ret, reterr);
    if (code == OK && verdict.passes && r->channel == CHANNEL_SMS)
        code = gate_text_check(&ret->ask, buf_str(&ret->text), &verdict, reterr);
    ret->ask.opened = NULL;                  /* it closes here */
    if (code == OK)
        *ret_verdict = verdict;
    return code;
}
