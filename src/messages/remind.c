/* remind.c — see remind.h. The index leads to the records whose instant is near; what is decided is decided by their rows. That a reminder was queued is written with its
 * letter, so that a cut leaves both or none. */
#include "messages/remind.h"

#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "messages/remind_text.h"
#include "messages/templates.h"
#include "messages/settled.h"
#include "messages/values.h"
#include "records/record.h"
#include "store/remind.h"

#define FORGET_AFTER (30 * USEC_PER_DAY)
#define NIGHT_AHEAD (2 * USEC_PER_DAY)       /* a night and a morning, more than any reminder is earlier than its span */
#define PAGE 100u
#define PAGES_MOST 20u                       /* with somebody to remind, of one kind and tenant in one turn */
#define ASK_AGAIN USEC_PER_HOUR              /* what a gate refused for good may be mended meanwhile: a number corrected, a consent given */
#define SOON (5 * USEC_PER_SEC)              /* an instant that is nearer is past when the letter would go */

struct turn { struct service *s; int64_t tenant; const struct kind_info *info; usec_t now; struct reminders *count; };

static bool is_date(const struct kind *k) { return k->fields[k->remind.anchor].type == T_DATE; }

/* Days of a date are those of the calendar, from its beginning. */
static usec_t instant_of(const struct kind_info *info, int64_t number) {
    if (!is_date(info->kind))
        return number;
    struct civil c = { .year = 1970, .month = 1, .day = 1 };
    const struct span days = { .days = (int)(number < 0 ? 0 : number > 3000000 ? 3000000 : number) };
    return zone_add(info->zone, zone_instant(info->zone, &c), &days, 1);
}
static int64_t number_of_instant(const struct kind_info *info, usec_t t) { return is_date(info->kind) ? t / USEC_PER_DAY : t; }

/* ---- who */

static bool state_ends(const struct kind *k, int field, int option) {
    bool moves = false;
    for (size_t i = 0; i < k->move_count; i++) {
        moves = moves || k->moves[i].field == field;
        if (k->moves[i].field == field && k->moves[i].from == option)
            return false;
    }
    return moves;
}

static int option_of(const struct field *f, const struct value *v) {
    for (size_t i = 0; v->set && i < f->option_count; i++)
        if (strcmp(f->options[i], v->text) == 0)
            return (int)i;
    return -1;
}

/* Is it over, or in a state of which nobody is reminded? */
static bool is_silent(const struct record *rec) {
    const struct kind *k = rec->info->kind;
    for (size_t i = 0; i < k->field_count; i++) {
        int option = k->fields[i].type == T_ONE_OF ? option_of(&k->fields[i], &rec->values[i]) : -1;
        if (option >= 0 && (state_ends(k, (int)i, option) || ((int)i == k->remind.except_field && (k->remind.except >> option & 1) != 0)))
            return true;
    }
    return false;
}

struct candidate { struct uuid id; usec_t anchor; bool refused; /* before */ };
struct search { struct turn *t; struct sql *q; struct candidate list[PAGE]; size_t count; int64_t number; struct uuid id; bool any; enum code code; struct err *e; };

static bool candidate_take(const struct uuid *id, const struct sorted_value *v, void *arg) {
    struct search *f = arg;
    const struct kind_info *info = f->t->info;
    const struct reminded r = { info->number, *id, instant_of(info, v->number), 0, 0 };
    enum reminded_state state = REMINDED_NOT;
    f->number = v->number;
    f->id = *id;
    f->any = true;
    if (r.anchor <= f->t->now || remind_due(&info->kind->remind, is_date(info->kind), info->zone, r.anchor) > f->t->now)
        return true;
    f->code = reminded_look(f->q, &r, f->t->now, &state, f->e);
    if (f->code == OK && (state == REMINDED_NOT || state == REMINDED_ASK_AGAIN))
        f->list[f->count++] = (struct candidate){ r.id, r.anchor, state == REMINDED_ASK_AGAIN };
    return f->code == OK && f->count < PAGE;
}

/* The next ones; *ret_more: there may be others behind them. */
static enum code candidates(struct search *f, bool *ret_more, struct err *reterr) {
    const struct turn *t = f->t;
    const struct remind *m = &t->info->kind->remind;
    struct view *v = NULL;
    enum code code = store_view(t->s->store, t->tenant, &v, reterr);
    usec_t far = zone_add(t->info->zone, t->now, &m->before, 1) + NIGHT_AHEAD;
    struct sorted_range range = { .kind = t->info->number, .field = t->info->fields[m->anchor], .number = true, .from = number_of_instant(t->info, t->now), .until = number_of_instant(t->info, far),
                                  .has_after = f->any, .after_number = f->number, .after_id = f->id };
    f->count = 0;
    f->code = OK;
    f->e = reterr;
    if (code == OK) {
        f->q = view_sql(v);
        code = index_range(f->q, &range, candidate_take, f, reterr);
    }
    v = view_end(v);
    *ret_more = f->count == PAGE;
    return code == OK ? f->code : code;
}

/* ---- the tenant's own text */

static bool name_fits(const struct kind *k, const char *name) {
    if (strcmp(name, REMIND_WHEN) == 0 || strcmp(name, k->fields[k->remind.anchor].name) == 0)
        return true;
    for (size_t i = 0; i < k->field_count; i++)
        if (strcmp(k->fields[i].name, name) == 0)
            return (k->remind.fields >> i & 1) != 0;
    return false;
}

enum code remind_fits(const struct service *s, int kind, const struct template *t, const json_t *more, json_t **ret_mistakes, struct err *reterr) {
    PRE(s != NULL && t != NULL && ret_mistakes != NULL && reterr != NULL);
    const struct kind *k = service_kind(s, kind)->kind;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    const struct template_name *names = NULL;
    if (!k->remind.said || !k->remind.only || k->remind.anchor < 0 || !rule_on(RULE_sms_minimal))
        return OK;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a template") : value_names(s, NULL, kind, more, arena, &names, reterr);
    for (; code == OK && names->name != NULL; names++)
        if (template_uses(t, names->name) && !name_fits(k, names->name)) {
            *ret_mistakes = json_pack("[{s:s, s:s}]", "path", "/text", "text", "the charter lets a reminder hold the number and the time and nothing else: name {{" REMIND_WHEN "}}, and of the record what its `remind` names");
            return err_field(reterr, E_FIELDS, "/text", "{{%.60s}} is more than a reminder may hold: the charter lets it hold the number and the time, and what its `remind` names", names->name);
        }
    return code;
}

/* The number of the text in use, where it is one for such reminders; 0: the shipped one. A text that was put under another charter may name more than this one lets it: then it is not used. */
static enum code own_text(const struct turn *t, int64_t *ret, struct err *reterr) {
    AUTO(text_ready_free) struct text_ready ready = { 0 };
    int64_t number = 0;
    int kind = -1;
    bool sms = false;
    json_t *mistakes = NULL;
    *ret = 0;
    enum code code = template_find(t->s, t->tenant, REMIND_TEMPLATE, &number, &kind, &sms, reterr);
    if (code != OK || kind != t->info->index || (sms && !t->info->kind->remind.sms))
        return code == E_NOT_FOUND || code == E_GONE ? OK : code;
    static const char *const own[] = { REMIND_WHEN };
    json_t *more = json_pack("[s]", own[0]);
    code = text_open(t->s, t->tenant, number, &ready, reterr);
    if (code == OK)
        code = remind_fits(t->s, kind, ready.template, more, &mistakes, reterr);
    json_decref(more);
    json_decref(mistakes);
    if (code == OK)
        *ret = number;
    return code == E_FIELDS || code == E_GONE ? OK : code;
}

/* ---- what */

struct one { struct candidate who; bool late, still /* it would be refused again */; };
struct batch { struct turn *t; int64_t own; /* number of the tenant's own text; 0: the shipped one */ struct one list[PAGE]; struct message_wish wishes[PAGE]; struct message_result results[PAGE]; size_t at[PAGE], count, wished; };
static struct batch *batch_free(struct batch *b) { return mem_free(b); }
DEFINE_AUTO(struct batch, batch_free)

static void wish_make(struct batch *b, const struct one *o) {
    const struct kind_info *info = b->t->info;
    usec_t until = o->who.anchor < b->t->now + SEND_LIFE ? o->who.anchor : b->t->now + SEND_LIFE;
    b->at[b->wished] = (size_t)(o - b->list);
    b->wishes[b->wished++] = (struct message_wish){ .channel = info->kind->remind.sms ? CHANNEL_SMS : CHANNEL_EMAIL, .kind = info->index, .record = o->who.id, .template = b->own > 0 ? b->own : -(int64_t)info->number,
                                                   .until = until, .cause = REMIND_CAUSE, .about = o->who.anchor, .whose = "sejf" };
}

/* Of those that the index led to, the ones whose rows say the same. */
static enum code rows_look(struct batch *b, const struct search *f, struct err *reterr) {
    const struct kind_info *info = b->t->info;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct view *v = NULL;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for reminders") : store_view(b->t->s->store, b->t->tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < f->count; i++) {
        struct record rec;
        usec_t due = 0;
        code = record_find(view_sql(v), info, &f->list[i].id, arena, &rec, reterr);
        if (code == E_NOT_FOUND || code == E_GONE) {
            code = OK;
            continue;
        }
        const struct value *anchor = code == OK ? &rec.values[info->kind->remind.anchor] : NULL;
        if (anchor == NULL || !anchor->set || instant_of(info, anchor->number) != f->list[i].anchor || rec.marks.unconfirmed || is_silent(&rec))
            continue;                        /* the index follows, or there is nothing to remind of */
        bool late = !remind_due_for(&info->kind->remind, is_date(info->kind), info->zone, f->list[i].anchor, rec.created, &due);
        if ((!late && due > b->t->now) || f->list[i].anchor <= clock_now() + SOON)
            continue;                        /* at another look; or past before it would go */
        struct one *o = &b->list[b->count++];
        *o = (struct one){ .who = f->list[i], .late = late };
        if (!late)
            wish_make(b, o);
    }
    v = view_end(v);
    return code;
}

/* Those that were refused are looked at before they are asked for again, so that a refusal that stays counts once. */
static enum code refused_look(struct batch *b, struct err *reterr) {
    size_t at[PAGE], count = 0, bad, left = 0;
    AUTO(batch_free) struct batch *again = mem_new(sizeof *again);
    if (again == NULL)
        return err_set(reterr, E_MEMORY, "no memory for reminders");
    for (size_t i = 0; i < b->wished; i++)
        if (b->list[b->at[i]].who.refused) {
            at[count] = i;
            again->wishes[count++] = b->wishes[i];
        }
    enum code code = count == 0 ? OK : messages_try(b->t->s, b->t->tenant, again->wishes, count, again->results, &bad, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        b->list[b->at[at[i]]].still = !again->results[i].queued && !again->results[i].gone;
    for (size_t i = 0; code == OK && i < b->wished; i++)
        if (!b->list[b->at[i]].still) {
            b->at[left] = b->at[i];
            b->wishes[left++] = b->wishes[i];
        }
    if (code == OK)
        b->wished = left;
    return code;
}

static enum code mark_put(struct txn *t, const struct batch *b, const struct one *o, enum reminded_state state, usec_t at, struct err *reterr) {
    return reminded_put(t, &(struct reminded){ b->t->info->number, o->who.id, o->who.anchor, state, at }, b->t->now, reterr);
}

static enum code result_put(struct txn *t, const struct batch *b, const struct one *o, const struct message_result *r, struct err *reterr) {
    bool later = r->verdict.again > b->t->now && r->verdict.again < o->who.anchor;
    if (r->queued)
        return mark_put(t, b, o, REMINDED_QUEUED, b->t->now, reterr);
    return later ? mark_put(t, b, o, REMINDED_PUT_OFF, r->verdict.again, reterr) : mark_put(t, b, o, REMINDED_REFUSED, b->t->now + ASK_AGAIN, reterr);
}

/* In the write of the letters: which of them were, and which are not tried again, or not now. */
static enum code marks_put(struct txn *t, void *arg, struct err *reterr) {
    const struct batch *b = arg;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < b->count; i++) {
        const struct one *o = &b->list[i];
        if (o->late || o->still)
            code = mark_put(t, b, o, o->late ? REMINDED_LATE : REMINDED_REFUSED, b->t->now + (o->late ? 0 : ASK_AGAIN), reterr);
    }
    for (size_t i = 0; code == OK && i < b->wished; i++)
        if (!b->results[i].gone)
            code = result_put(t, b, &b->list[b->at[i]], &b->results[i], reterr);
    return code;
}

static enum code batch_send(struct batch *b, struct err *reterr) {
    struct turn *t = b->t;
    size_t bad;
    if (b->count == 0)
        return OK;
    enum code code = refused_look(b, reterr);
    if (code != OK)
        return code;
    code = b->wished == 0 ? store_write(t->s->store, t->tenant, marks_put, b, reterr)
                          : messages_send(t->s, t->tenant, b->wishes, b->wished, b->results, marks_put, b, &bad, reterr);
    for (size_t i = 0; code == OK && i < b->wished; i++) {
        t->count->queued += b->results[i].queued;
        t->count->refused += !b->results[i].queued && !b->results[i].gone;
    }
    return code;
}

static enum code kind_send(struct turn *t, struct err *reterr) {
    struct search f = { .t = t };
    bool more = true;
    usec_t again;
    int64_t own = -1;
    enum code code = OK;
    if (!remind_hour(&t->info->kind->remind, t->info->zone, t->now, &again))
        return OK;
    for (size_t pages = 0; code == OK && more;) {
        AUTO(batch_free) struct batch *b = mem_new(sizeof *b);
        code = b == NULL ? err_set(reterr, E_MEMORY, "no memory for reminders") : candidates(&f, &more, reterr);
        if (code != OK || f.count == 0)
            break;
        if (pages == PAGES_MOST) {
            t->count->more = true;
            break;
        }
        if (own < 0)
            code = own_text(t, &own, reterr);
        if (code != OK)
            break;
        b->t = t;
        b->own = own;
        code = rows_look(b, &f, reterr);
        if (code == OK)
            code = batch_send(b, reterr);
        pages += b->count > 0;               /* of those with nobody to remind nothing is written, so they stand in front again at the next turn: they keep nobody behind them waiting */
    }
    return code == E_CONFLICT ? OK : code;   /* somebody else was there first: at the next look */
}

enum code reminders_send(struct service *s, int64_t tenant, usec_t now, struct reminders *count, struct err *reterr) {
    PRE(s != NULL && count != NULL && reterr != NULL);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < s->kinds; i++)
        if (s->info[i].kind->remind.said && s->info[i].kind->remind.anchor >= 0)
            code = kind_send(&(struct turn){ s, tenant, &s->info[i], now, count }, reterr);
    return code;
}

/* ---- before it goes */

enum code remind_stands(const struct letter_row *r, const struct record *rec, usec_t now, struct gate_verdict *ret, struct err *reterr) {
    PRE(r != NULL && rec != NULL && ret != NULL && reterr != NULL);
    const struct kind_info *info = rec->info;
    const struct remind *m = &info->kind->remind;
    if (!m->said || m->anchor < 0 || m->sms != (r->channel == CHANNEL_SMS))
        return err_set(reterr, E_GONE, "the charter has nobody reminded of such records any more, so this reminder ends");
    const struct value *anchor = &rec->values[m->anchor];
    if (!anchor->set || instant_of(info, anchor->number) != r->about)
        return err_set(reterr, E_GONE, "what this reminder is about was moved, so it ends");
    if (is_silent(rec))
        return err_set(reterr, E_GONE, "what this reminder is about is over, so it ends");
    usec_t again = 0;
    if (!remind_hour(m, info->zone, now, &again))
        return gate_stop(ret, GATE_CHARTER, again, "reminders go between %d:%02d and %d:%02d by the clock of the charter", m->from / 60, m->from % 60, m->until / 60, m->until % 60);
    return OK;
}

enum code remind_settled(struct txn *t, const struct settled *s, void *prepared UNUSED, struct err *reterr) {
    const struct letter_row *r = s->row;
    const usec_t now = txn_now(t), instant = remind_about(r->cause, r->about), left = instant - now;
    if (!s->final || r->state != LETTER_OVER || instant == 0 || left <= 0)
        return OK;
    const usec_t wait = left / 2 < ASK_AGAIN ? left / 2 : ASK_AGAIN;
    return reminded_ended(t, &(struct reminded){ .kind = r->kind, .id = r->record, .anchor = instant, .at = now + wait }, reterr);
}

static enum code forget_write(struct txn *t, void *arg, struct err *reterr) { return reminded_forget(t, *(const usec_t *)arg, reterr); }

enum code reminders_forget(struct service *s, int64_t tenant, usec_t now, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    usec_t before = now - FORGET_AFTER;
    return store_write(s->store, tenant, forget_write, &before, reterr);
}
