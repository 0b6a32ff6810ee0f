/* send.c — see send.h. Records are opened some at a time, outside the write: what is kept of them is the keyed hash of the address and nothing else.
 * Values and a text that only this message has are sealed under a key of its own; where the message was refused the key serves another. */
#include "messages/send.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "messages/compose.h"
#include "messages/remind_text.h"
#include "messages/suppress.h"
#include "messages/values.h"
#include "messages/who.h"
#include "records/entry.h"
#include "records/post.h"
#include "records/record.h"
#include "records/spare.h"

#define NO_TEMPLATE "there is no such template: GET …/templates lists those that there are"
#define SLICE 64u                            /* records that are open at a time */
#define LOOKS 4                              /* at a record that changes while its keys are asked for */

struct one { const struct message_wish *w; struct gate_ask ask; struct gate_verdict verdict; struct letter_row row; struct buf sealed; struct key key; bool gone, changed /* since the look before */; usec_t next; };
struct sending { struct service *s; int64_t tenant; struct one *list; size_t count; struct message_result *ret; write_fn also; void *also_arg; };

/* ---- what is wished */

static bool one_line(const char *text, size_t most) {
    size_t len = strlen(text);
    return len > 0 && len <= most && text_is_utf8(text, len) && strpbrk(text, "\r\n\t") == NULL;
}

static enum code text_check(const struct message_wish *w, struct err *reterr) {
    bool own = w->subject != NULL || w->text != NULL, sms = w->channel == CHANNEL_SMS;
    if (own == (w->template != 0 || w->template_name != NULL) || (w->template < 0 && (w->cause == NULL || strcmp(w->cause, REMIND_CAUSE) != 0)))
        return err_field(reterr, E_FIELDS, "/template", "a message has a template, or %s of its own: name one of the two", sms ? "a text" : "subject and text");
    if (!own)
        return OK;
    if (sms ? w->subject != NULL : w->subject == NULL || !one_line(w->subject, POST_SUBJECT_MAX))
        return err_field(reterr, E_FIELDS, "/subject", sms ? "a text message has no subject: leave it out" : "a subject is one line of 1 to %u bytes", POST_SUBJECT_MAX);
    if (w->text == NULL || w->text[0] == 0 || strlen(w->text) > POST_TEXT_MAX || !text_is_utf8(w->text, strlen(w->text)))
        return err_field(reterr, E_FIELDS, "/text", "a text is UTF-8 of 1 byte to %zu KiB", POST_TEXT_MAX >> 10);
    return OK;
}

_Static_assert(SEND_VALUES == VALUES_MOST, "a message brings what its text may name");

static enum code values_check(const json_t *values, struct err *reterr) {
    const char *name;
    json_t *v, *all = json_incref((json_t *)(uintptr_t)values);
    size_t bytes = 0;
    bool fine = values == NULL || (json_is_object(values) && json_object_size(values) <= SEND_VALUES);
    if (fine && values != NULL)
        json_object_foreach(all, name, v) {
            fine = fine && value_name_fine(name) && json_is_string(v);
            bytes += fine ? strlen(name) + json_string_length(v) : 0;
        }
    json_decref(all);
    if (!fine || bytes > SEND_VALUES_MAX)
        return err_field(reterr, E_FIELDS, "/values", "values are {\"name\": \"text\"}: %u at most, of %zu KiB together, their names in small letters, digits and _", SEND_VALUES, SEND_VALUES_MAX >> 10);
    return OK;
}

enum code message_wish_check(const struct service *s, const struct message_wish *w, struct err *reterr) {
    PRE(s != NULL && w != NULL && reterr != NULL);
    const struct kind *k = charter_kind_at(service_charter(s), w->kind);
    usec_t now = clock_now(), at = w->at > now ? w->at : now;
    if (k == NULL || uuid_is_null(&w->record) || (unsigned)w->channel >= CHANNELS)
        return err_field(reterr, E_FIELDS, "/id", "a message goes to the person of a record: name its kind and its id");
    if (w->purpose != NULL && kind_purpose(k, w->purpose) < 0)
        return err_field(reterr, E_FIELDS, "/purpose", "purpose names what `%.60s` is used for, as the charter writes it in any of its languages", k->name);
    if (w->at != 0 && w->at > now + SEND_AHEAD_DAYS * USEC_PER_DAY)
        return err_field(reterr, E_FIELDS, "/at", "a message is to go within %d days", SEND_AHEAD_DAYS);
    if (w->until != 0 && (w->until <= at || w->until > at + SEND_LIFE))
        return err_field(reterr, E_FIELDS, "/until", "a message is given up after it was to go, and 5 days later at most");
    enum code code = text_check(w, reterr);
    return code == OK ? values_check(w->values, reterr) : code;
}

/* The words of the first of them, with its path; the rest is told when that one is mended. */
static enum code mistake_first(json_t *mistakes, struct err *reterr) {
    const json_t *one = json_array_get(mistakes, 0);
    const char *path = json_string_value(json_object_get(one, "path")), *text = json_string_value(json_object_get(one, "text"));
    enum code code = text == NULL ? E_FIELDS : err_field(reterr, E_FIELDS, path == NULL ? "/text" : path, "%s", text);
    json_decref(mistakes);
    return code;
}

/* The text that it names or has, for records of that kind. *ret_number: of the template; 0: its own. */
static enum code text_find(struct service *s, int64_t tenant, const struct caller *who, const struct message_wish *w, int64_t *ret_number, struct text_ready *ret, struct err *reterr) {
    json_t *mistakes = NULL;
    int64_t number = w->template;
    int kind = -1;
    bool sms = false;
    enum code code = OK;
    if (w->text != NULL) {
        *ret_number = 0;
        code = text_own(s, who, w->kind, w->subject, w->text, w->values, ret, &mistakes, reterr);
        return code == E_FIELDS ? mistake_first(mistakes, reterr) : code;
    }
    if (w->template_name != NULL)
        code = template_find(s, tenant, w->template_name, &number, &kind, &sms, reterr);
    if (code == OK)
        code = text_open(s, tenant, number, ret, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return err_field(reterr, E_FIELDS, "/template", NO_TEMPLATE);
    if (code == OK && ret->kind != w->kind)
        return err_field(reterr, E_FIELDS, "/template", "this template is written for records of another kind");
    if (code == OK && w->channel == CHANNEL_EMAIL && !template_has_subject(ret->template))
        return err_field(reterr, E_FIELDS, "/template", "this template has no subject, so it is one of text messages");
    *ret_number = number;
    return code;
}

enum code message_text_check(struct service *s, const struct caller *who, const struct message_wish *w, struct err *reterr) {
    PRE(s != NULL && who != NULL && w != NULL && reterr != NULL);
    AUTO(text_ready_free) struct text_ready text = { 0 };
    json_t *values = json_incref((json_t *)(uintptr_t)w->values), *value;
    const char *name;
    int64_t number;
    enum code code = w->template > 0 ? template_stands(s, who->tenant, w->template, reterr) : OK;
    if (code == OK)
        code = text_find(s, who->tenant, who, w, &number, &text, reterr);
    json_object_foreach(values, name, value)
        if (code == OK && !text_takes(&text, name))
            code = err_field(reterr, E_FIELDS, "/values", "the template has no further value \"%s\": it declares those that it has (values)", name);
    json_decref(values);
    return code == E_GONE ? err_field(reterr, E_FIELDS, "/template", NO_TEMPLATE) : code;
}

/* ---- each record, and the gates */

static struct one one_of(struct sending *x, const struct message_wish *w, usec_t now) {
    const struct kind *k = charter_kind_at(x->s->charter, w->kind);
    int purpose = w->purpose != NULL ? kind_purpose(k, w->purpose) : k->used_for_count > 0 ? 0 : -1;
    const char *name = purpose_name(k, purpose);
    struct one o = { .w = w, .sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD), .next = w->at > now ? w->at : now };
    o.row = (struct letter_row){ .id = uuid_new(), .cause = w->cause, .about = w->about, .state = LETTER_WAITING, .made = now, .until = w->until != 0 ? w->until : o.next + SEND_LIFE, .said = "",
                                 .channel = w->channel, .kind = service_kind(x->s, w->kind)->number, .record = w->record, .scope = w->scope, .template = w->template,
                                 .purpose = name == NULL ? "" : name, .receipt = "" };
    if (o.next > now) {                        /* whoever is further ahead than letters are put off is thought to be of a wrong clock: it is looked at meanwhile */
        o.row.begins = o.next;
        o.next = o.next < now + USEC_PER_DAY ? o.next : now + USEC_PER_DAY;
    }
    o.ask = (struct gate_ask){ .service = x->s, .tenant = x->tenant, .channel = w->channel, .stage = STAGE_QUEUE, .kind = w->kind, .record = w->record, .scope = w->scope,
                               .purpose = purpose, .now = now, .letter = o.row.id, .goes = o.row.begins };
    return o;
}

static bool has_own(const struct message_wish *w) { return w->text != NULL || json_object_size(w->values) > 0; }

/* The number of its template; and a text message as it stands now, for what it costs. Where there is none, the verdict says so. */
static enum code one_text(struct one *o, struct record *r, struct arena *arena, struct buf *ret, struct err *reterr) {
    AUTO(text_ready_free) struct text_ready text = { 0 };
    AUTO(buf_wipe) struct buf subject = BUF(4096), html = BUF((size_t)2 << 20);
    if (o->w->template_name == NULL && o->ask.channel == CHANNEL_EMAIL)
        return OK;
    enum code code = text_find(o->ask.service, o->ask.tenant, NULL, o->w, &o->row.template, &text, reterr);
    if (code == E_FIELDS)                      /* whoever asked has checked it: it changed meanwhile */
        return gate_stop(&o->verdict, GATE_CHARTER, 0, "%.180s", reterr->text);
    if (code != OK || o->ask.channel == CHANNEL_EMAIL)
        return code;
    const struct compose_ask ask = { .service = o->ask.service, .tenant = o->ask.tenant, .text = &text, .channel = CHANNEL_SMS, .lang = template_lang(text.template, values_lang(o->ask.service, r)),
                                     .record = r, .arena = arena, .values = o->w->values, .reminds = remind_about(o->row.cause, o->row.about), .to_measure = true };
    code = compose_record(&ask, &subject, ret, &html, reterr);
    o->ask.text = buf_str(ret);
    return code;
}

/* The record is open: whom it goes to, and may it? */
static enum code one_ask(struct one *o, struct record *r, struct arena *arena, struct err *reterr) {
    AUTO(buf_wipe) struct buf text = BUF((size_t)1 << 20);
    struct gate_ask *a = &o->ask;
    o->verdict = (struct gate_verdict){ .passes = true };
    int f = kind_address_field(r->info->kind, a->channel == CHANNEL_SMS);
    a->parent = r->parent;
    a->imported = r->marks.imported;
    a->address = f >= 0 && r->values[f].set ? r->values[f].text : NULL;
    a->opened = r;
    a->text = a->channel == CHANNEL_SMS ? o->w->text : NULL;      /* of a template: taken for before it goes */
    if (r->damage != NULL)
        return gate_stop(&o->verdict, GATE_CHARTER, 0, "the record is damaged, so it is not known whom it is about: mend it first");
    enum code code = a->address == NULL || a->address[0] == 0 ? OK : who_of(a->service, a->tenant, a->channel, a->address, a->who, reterr);
    if (code == OK)
        code = one_text(o, r, arena, &text, reterr);
    if (code == OK && !o->verdict.passes)
        return OK;
    if (code == OK)
        code = gate_check(a, &o->verdict, reterr);
    if (code == OK && o->verdict.passes && uuid_is_null(&a->scope))
        code = gate_scope(a, &o->row.scope, reterr);
    a->opened = NULL;                          /* what is open closes before the write */
    a->address = a->text = NULL;
    return code;
}

/* Those that were not read yet, or changed since. */
static enum code slice_load(struct sending *x, struct one *list, size_t count, struct record *recs, bool first, struct arena *arena, struct err *reterr) {
    struct view *v = NULL;
    enum code code = store_view(x->s->store, x->tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (!first && (list[i].gone || !recs[i].torn))
            continue;
        const int64_t before = recs[i].version;
        code = record_load(view_sql(v), service_kind(x->s, list[i].w->kind), &list[i].w->record, arena, &recs[i], reterr);
        list[i].gone = code == E_NOT_FOUND || code == E_GONE;
        list[i].changed = code == OK && recs[i].version != before;
        code = list[i].gone ? OK : code;
    }
    v = view_end(v);                           /* the keeper is asked without a view open */
    return code;
}

/* A record that changes between the look at its row and the opening of its keys is there, and is looked at once more. One whose keys are gone though
 * nobody changed it was erased. */
static enum code slice_open(struct sending *x, struct one *list, size_t count, struct record *recs, struct arena *arena, struct err *reterr) {
    struct record *open[SLICE];
    enum code code = OK;
    bool torn = true, changed = false;
    for (int looks = 0; code == OK && torn && looks < LOOKS; looks++) {
        size_t there = 0;
        code = slice_load(x, list, count, recs, looks == 0, arena, reterr);
        for (size_t i = 0; code == OK && i < count; i++)
            if (!list[i].gone && !recs[i].opened)
                open[there++] = &recs[i];
        if (code == OK && there > 0)
            code = records_open(x->s, open, there, arena, reterr);
        torn = changed = false;
        for (size_t i = 0; code == OK && i < count; i++) {
            const bool one = !list[i].gone && recs[i].torn;
            torn = torn || one;
            changed = changed || (one && list[i].changed);
        }
    }
    if (code == OK && changed)
        return err_set(reterr, E_BUSY, "a record that this message goes to changes all the time: try again");
    for (size_t i = 0; code == OK && i < count; i++)
        list[i].gone = list[i].gone || recs[i].torn;
    return code;
}

static enum code slice_ask(struct sending *x, struct one *list, size_t count, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)256 << 20);
    struct record *recs = arena == NULL ? NULL : arena_array(arena, count, sizeof *recs);
    if (recs == NULL)
        return err_set(reterr, E_MEMORY, "no memory for messages");
    enum code code = slice_open(x, list, count, recs, arena, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        if (!list[i].gone)
            code = one_ask(&list[i], &recs[i], arena, reterr);
    return code;
}

/* ---- what only this message has */

static enum code one_seal(struct one *o, struct err *reterr) {
    json_t *entry = json_pack("{s:O*, s:s*, s:s*}", "values", o->w->values, "subject", o->w->subject, "text", o->w->text);
    const struct entry_place at = { POST_REGISTER, o->ask.tenant, 0, o->row.id, o->row.key };
    enum code code = entry_seal(&at, &o->key, entry, &o->sealed, reterr);
    json_decref(entry);
    o->row.blob = o->sealed.data;
    o->row.len = o->sealed.len;
    return code;
}

static enum code seal_all(struct sending *x, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < x->count; i++) {
        struct one *o = &x->list[i];
        if (o->gone || !o->verdict.passes || !has_own(o->w))
            continue;
        code = spare_make(x->s, x->tenant, o->row.until, 1, &o->row.key, &o->key, reterr);
        if (code == OK)
            code = one_seal(o, reterr);
    }
    return code;
}

/* Keys that sealed nothing which was stored serve others. stored: the write was done; then those of queued messages are in use. */
static void spare_unused(struct sending *x, bool stored) {
    for (size_t i = 0; i < x->count; i++) {
        struct one *o = &x->list[i];
        if (o->row.key != 0 && !(stored && x->ret[i].queued))
            spare_give(x->s, x->tenant, o->row.until, &o->row.key, &o->key, 1);
    }
}

/* ---- the write */

static enum code one_put(struct txn *t, struct one *o, struct message_result *r, struct err *reterr) {
    *r = (struct message_result){ .gone = o->gone, .id = o->row.id, .verdict = o->verdict, .cost = o->ask.cost, .parts = o->ask.parts };
    if (o->gone)
        return OK;
    enum code code = r->verdict.passes ? gate_take(t, &o->ask, &r->verdict, reterr) : OK;
    if (code != OK)
        return code;
    if (!r->verdict.passes)
        return gate_count(t, &o->ask, &r->verdict, reterr);
    r->queued = true;
    o->row.cost = o->ask.cost;
    return letter_put(t, &o->row, o->next, reterr);
}

static bool same_entry(const struct one *a, const struct one *b) {
    const struct letter_row *x = &a->row, *y = &b->row;
    return x->channel == y->channel && x->kind == y->kind && x->about == y->about && x->template == y->template && strcmp(x->purpose, y->purpose) == 0 &&
           strcmp(x->cause, y->cause) == 0 && strcmp(a->w->whose, b->w->whose) == 0;
}

/* One entry for those from `first` on that are alike: what for and by which text, how many, and how many each gate refused. */
static enum code note(struct txn *t, const struct sending *x, size_t first, struct err *reterr) {
    const struct one *one = &x->list[first];
    const struct message_wish *w = one->w;
    json_int_t queued = 0, refused[GATES] = { 0 };
    json_t *gates = json_object();
    for (size_t i = first; i < x->count; i++)
        if (same_entry(one, &x->list[i]) && !x->ret[i].gone) {
            queued += x->ret[i].queued;
            if (!x->ret[i].queued)
                refused[x->ret[i].verdict.gate]++;
        }
    bool fine = gates != NULL;
    for (int g = 0; g < GATES; g++)
        if (refused[g] > 0)
            fine = fine && json_object_set_new(gates, gate_name((enum gate)g), json_integer(refused[g])) == 0;
    json_t *what = fine ? json_pack("{s:s, s:s, s:s*, s:o*, s:s, s:I, s:I, s:O}", "channel", channel_name(w->channel), "kind", charter_kind_at(x->s->charter, w->kind)->name,
                                    "purpose", one->row.purpose[0] == 0 ? NULL : one->row.purpose, "template", one->row.template <= 0 ? NULL : json_integer(one->row.template),
                                    "cause", w->cause, "about", (json_int_t)w->about, "queued", queued, "refused", gates) : NULL;
    json_decref(gates);
    enum code code = ledger_append(t, "messages_asked", w->whose, what, reterr);
    json_decref(what);
    return code;
}

static enum code send_write(struct txn *t, void *arg, struct err *reterr) {
    struct sending *x = arg;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < x->count; i++)
        code = one_put(t, &x->list[i], &x->ret[i], reterr);
    for (size_t i = 0; code == OK && i < x->count; i++) {
        bool told = x->list[i].gone;
        for (size_t before = 0; before < i && !told; before++)
            told = !x->list[before].gone && same_entry(&x->list[before], &x->list[i]);
        if (!told)
            code = note(t, x, i, reterr);
    }
    return code == OK && x->also != NULL ? x->also(t, x->also_arg, reterr) : code;
}

static void sending_done(struct sending *x) {
    for (size_t i = 0; i < x->count; i++) {
        buf_wipe(&x->list[i].sealed);
        crypto_wipe(&x->list[i].key, sizeof x->list[i].key);
    }
    mem_free(x->list);
}

static enum code prepare(struct sending *x, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < x->count; i += SLICE)
        code = slice_ask(x, x->list + i, x->count - i < SLICE ? x->count - i : SLICE, reterr);
    return code;
}

/* Is each a wish, and what do the gates say? *x: to be ended by sending_done, whatever comes of it. */
static enum code sending_begin(struct sending *x, const struct message_wish *list, size_t count, size_t *ret_bad, struct err *reterr) {
    const usec_t now = clock_now();
    enum code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        PRE(list[i].cause != NULL && list[i].whose != NULL);
        *ret_bad = i;
        code = message_wish_check(x->s, &list[i], reterr);
        x->ret[i] = (struct message_result){ .parts = 0 };
    }
    if (code != OK)
        return code;
    x->list = mem_new_array(count + 1, sizeof *x->list);
    if (x->list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for messages");
    for (; x->count < count; x->count++)
        x->list[x->count] = one_of(x, &list[x->count], now);
    return prepare(x, reterr);
}

enum code messages_try(struct service *s, int64_t tenant, const struct message_wish *list, size_t count, struct message_result *ret, size_t *ret_bad, struct err *reterr) {
    PRE(s != NULL && (list != NULL || count == 0) && count <= SEND_MOST && ret != NULL && ret_bad != NULL && reterr != NULL);
    struct sending x = { .s = s, .tenant = tenant, .ret = ret };
    enum code code = sending_begin(&x, list, count, ret_bad, reterr);
    for (size_t i = 0; code == OK && i < x.count; i++) {
        const struct one *o = &x.list[i];
        ret[i].gone = o->gone;
        ret[i].queued = !o->gone && o->verdict.passes;
        ret[i].verdict = o->verdict;
        ret[i].cost = o->ask.cost;
        ret[i].parts = o->ask.parts;
    }
    sending_done(&x);
    return code;
}

static _Atomic uint64_t queued_ever[CHANNELS];
uint64_t messages_queued(enum channel channel) { return queued_ever[channel]; }

enum code messages_send(struct service *s, int64_t tenant, const struct message_wish *list, size_t count, struct message_result *ret, write_fn also, void *also_arg, size_t *ret_bad, struct err *reterr) {
    PRE(s != NULL && (list != NULL || count == 0) && count <= SEND_MOST && ret != NULL && ret_bad != NULL && reterr != NULL);
    struct sending x = { .s = s, .tenant = tenant, .ret = ret, .also = also, .also_arg = also_arg };
    enum code code = sending_begin(&x, list, count, ret_bad, reterr);
    if (code == OK)
        code = seal_all(&x, reterr);
    bool wrote = code == OK;
    if (code == OK)
        code = store_write(s->store, tenant, send_write, &x, reterr);
    if (code == OK || !wrote || spare_sure(code))
        spare_unused(&x, code == OK);
    for (size_t i = 0; code == OK && i < x.count; i++)
        queued_ever[list[i].channel] += ret[i].queued;
    sending_done(&x);
    return code;
}
