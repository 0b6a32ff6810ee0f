/* campaign_ask.c — what people do with campaigns: ask for one, see beforehand what it would do, look at it, pause, resume and stop it. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ledger/ledger.h"
#include "messages/campaign_int.h"
#include "messages/preview.h"
#include "messages/right.h"
#include "messages/suppress.h"
#include "records/draft.h"
#include "records/reads.h"
#include "records/use.h"
#include "store/tables.h"

#define EXAMPLES 3

/* ---- asking */

struct asking { const struct campaign_wish *w; const struct kind_info *k; char by[CALLER_TEXT]; struct campaign_row row; int64_t number, *told /* for `also` */; write_fn also; void *also_arg; };

static enum code name_check(const char *name, struct err *reterr) {
    size_t len = name == NULL ? 1 : strlen(name);
    if (len < 1 || len > CAMPAIGN_NAME || (name != NULL && (!text_is_utf8(name, len) || strpbrk(name, "\r\n\t") != NULL)))
        return err_field(reterr, E_FIELDS, "/name", "a campaign's name is one line of 1 to %u bytes", CAMPAIGN_NAME);
    return OK;
}

/* The newest version of its text, which stays the one of this campaign. */
static enum code text_find(struct service *s, const struct caller *who, const struct campaign_wish *w, int64_t *ret, struct err *reterr) {
    int kind = -1;
    bool sms = false;
    if (w->template_name == NULL)
        return err_field(reterr, E_FIELDS, "/template", "a campaign has a template: name one (PUT /v1/%s/templates/…)", charter_name(s->charter));
    enum code code = template_find(s, who->tenant, w->template_name, ret, &kind, &sms, reterr);
    if (code == E_NOT_FOUND)
        return err_field(reterr, E_FIELDS, "/template", "there is no template of that name: put it first (PUT /v1/%s/templates/…)", charter_name(s->charter));
    if (code == OK && kind != w->kind)
        return err_field(reterr, E_FIELDS, "/template", "this template is written to the people of another kind of record");
    return code != OK || sms == (w->channel == CHANNEL_SMS) ? code : err_field(reterr, E_FIELDS, "/template", sms ? "this template is one of text messages" : "this template is one of mail");
}

/* Everything but what each message is asked about. *ret_template: the version that is newest now; *ret_who: the caller, for the purpose of the campaign. */
static enum code wish_check(struct service *s, const struct caller *who, const struct campaign_wish *w, int64_t *ret_template, struct caller *ret_who, struct err *reterr) {
    struct message_may may = { .purpose = -1 };
    const struct kind *k = charter_kind_at(s->charter, w->kind);
    const struct audience a = { .kind = w->kind, .scope = w->scope, .where = w->where };
    const struct message_rule rule = charter_messages(s->charter, w->channel == CHANNEL_SMS);
    if (k == NULL)
        return err_field(reterr, E_FIELDS, "/kind", "a campaign goes to the people of records: name their kind");
    if (!rule.said)
        return err_field(reterr, E_FIELDS, "/channel", "the charter lets nothing go by this channel (messages.%s)", channel_name(w->channel));
    if (k->about < 0 || k->about != rule.person || kind_address_field(k, w->channel == CHANNEL_SMS) < 0)
        return err_field(reterr, E_FIELDS, "/kind", "nothing goes to the people of a `%.60s`: the charter names another person, or it holds no address", k->name);
    enum code code = name_check(w->name, reterr);
    if (code == OK)
        code = message_right(s, who, &(const struct message_deed){ .verb = MESSAGES_SEND, .reach = REACH_ALL, .kind = w->kind, .id = w->scope, .purpose = w->purpose }, &may, reterr);
    if (code == OK)
        code = text_find(s, who, w, ret_template, reterr);
    const struct message_wish one = { .channel = w->channel, .kind = w->kind, .record = uuid_new(), .template = code == OK ? *ret_template : 1, .purpose = w->purpose, .at = w->at };
    if (code == OK)
        code = message_wish_check(s, &one, reterr);
    if (code == OK)
        code = audience_check(s, who, &a, reterr);
    if (code == OK) {
        *ret_who = *who;
        ret_who->purpose = purpose_name(k, may.purpose);
    }
    return code;
}

static enum code asked_note(struct txn *t, const struct asking *a, struct err *reterr) {
    char scope[UUID_TEXT], at[32];
    const struct campaign_row *r = &a->row;
    json_t *what = json_pack("{s:I, s:s, s:s, s:s*, s:s*, s:I, s:s}", "number", (json_int_t)a->number, "channel", channel_name(r->channel), "kind", a->k->kind->name,
                             "scope", uuid_is_null(&r->scope) ? NULL : uuid_format(&r->scope, scope), "purpose", r->purpose[0] == 0 ? NULL : r->purpose, "template", (json_int_t)r->template, "at", time_format(r->begins, at, sizeof at));
    enum code code = ledger_append(t, "campaign_asked", a->by, what, reterr);
    json_decref(what);
    return code;
}

static enum code add_write(struct txn *t, void *arg, struct err *reterr) {
    struct asking *a = arg;
    a->row.begins = a->w->at > txn_now(t) ? a->w->at : txn_now(t);
    enum code code = campaign_add(t, &a->row, &a->number, reterr);
    if (code == OK)
        code = asked_note(t, a, reterr);
    if (code == OK)
        *a->told = a->number;
    return code == OK && a->also != NULL ? a->also(t, a->also_arg, reterr) : code;
}

enum code campaign_make(struct service *s, const struct caller *who, const struct campaign_wish *w, write_fn also, void *also_arg, int64_t *ret_number, struct err *reterr) {
    PRE(s != NULL && who != NULL && w != NULL && ret_number != NULL && reterr != NULL);
    AUTO(campaign_sealed_done) struct campaign_sealed sealed = { .id = 0 };
    struct asking a = { .w = w, .told = ret_number, .also = also, .also_arg = also_arg };
    struct caller as;
    int64_t template = 0;
    enum code code = wish_check(s, who, w, &template, &as, reterr);
    if (code != OK)
        return code;
    a.k = service_kind(s, w->kind);
    (void)caller_text(who, a.by, sizeof a.by);
    json_t *entry = json_pack("{s:s*, s:O*, s:o}", "name", w->name, "where", w->where, "by", campaign_by(who));
    code = campaign_seal(s, who->tenant, entry, &sealed, reterr);
    json_decref(entry);
    if (code != OK)
        return code;
    a.row = (struct campaign_row){ .channel = w->channel, .kind = a.k->number, .scope = w->scope, .template = template, .purpose = as.purpose == NULL ? "" : as.purpose,
                                   .whose = a.by, .key = sealed.id, .blob = sealed.blob.data, .len = sealed.blob.len };
    code = store_write(s->store, who->tenant, add_write, &a, reterr);
    campaign_unused(s, who->tenant, &sealed, code);
    if (code == OK)
        *ret_number = a.number;
    return code;
}

/* ---- beforehand */

struct preview {
    struct service *s; struct caller who; const struct campaign_wish *w; int64_t template, found, passes, parts, cost, refused[GATES];
    json_t *examples; struct arena *arena; struct audience_page page; struct message_result results[SEND_MOST];
};

/* As the template's own preview has it: no link of it leads anywhere, and who may not read the record is told nothing. */
static enum code example_add(struct preview *p, const struct uuid *id, struct err *reterr) {
    char text[UUID_TEXT];
    const struct mail_brand brand = { .name = NULL };
    json_t *body = json_pack("{s:s}", "id", uuid_format(id, text)), *made = NULL;
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a preview") : template_preview(p->s, &p->who, p->w->template_name, body, &brand, &made, reterr);
    if (code == OK && json_array_append_new(p->examples, json_pack("{s:s, s:O*, s:O*, s:O*}", "id", text, "lang", json_object_get(made, "lang"), "subject", json_object_get(made, "subject"), "text", json_object_get(made, "text"))) != 0)
        code = err_set(reterr, E_MEMORY, "no memory for a preview");
    json_decref(made);
    json_decref(body);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

static enum code preview_page(struct preview *p, const struct audience *a, const struct uuid *after, bool examples, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct message_wish *list = arena == NULL ? NULL : arena_array(arena, SEND_MOST, sizeof *list);
    const struct uuid scope = campaign_scope(p->s, p->w->channel, p->w->kind, &p->w->scope);
    if (list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a preview");
    size_t bad = 0;
    enum code code = audience_next(p->s, &p->who, a, after, SEND_MOST, &p->page, reterr);
    if (code == OK && p->page.count > 0 && p->page.asked != 0)      /* how many there are tells of the fields that were asked for */
        code = reads_note(p->s, &p->who, service_kind(p->s, a->kind), READ_SEARCH, p->page.born, p->page.count, p->page.asked, reterr);
    for (size_t i = 0; code == OK && i < p->page.count; i++)
        list[i] = (struct message_wish){ .channel = p->w->channel, .kind = p->w->kind, .record = p->page.ids[i], .scope = scope, .template = p->template, .purpose = p->who.purpose,
                                         .at = p->w->at, .cause = "campaign", .whose = "" };
    if (code == OK && p->page.count > 0)
        code = messages_try(p->s, p->who.tenant, list, p->page.count, p->results, &bad, reterr);
    for (size_t i = 0; code == OK && i < p->page.count; i++) {
        const struct message_result *r = &p->results[i];
        p->found += !r->gone;
        p->passes += r->queued;
        p->parts += r->queued ? r->parts : 0;
        p->cost += r->queued ? r->cost : 0;
        if (!r->queued && !r->gone)
            p->refused[r->verdict.gate]++;
        else if (examples && !r->gone && json_array_size(p->examples) < EXAMPLES)
            code = example_add(p, &p->page.ids[i], reterr);
    }
    return code;
}

static json_t *refusals_json(const int64_t refused[GATES]) {
    json_t *o = json_object();
    bool fine = o != NULL;
    for (int g = 0; fine && g < GATES; g++)
        if (refused[g] > 0)
            fine = json_object_set_new(o, gate_name((enum gate)g), json_integer(refused[g])) == 0;
    if (!fine)
        json_decref(o);
    return fine ? o : NULL;
}

static enum code preview_run(struct preview *p, json_t **ret, struct err *reterr) {
    const struct audience a = { .kind = p->w->kind, .scope = p->w->scope, .where = p->w->where, .born = INT64_MAX };
    const bool reads = use_owner(p->s, &p->who) && policy_whole(p->s->charter, &p->who);      /* whoever sees all that stands in such a text */
    struct uuid after = { { 0 } };
    bool more = true;
    size_t looks = CAMPAIGN_PREVIEW / SEND_MOST * 2;
    enum code code = OK;
    while (code == OK && more && p->found < (int64_t)CAMPAIGN_PREVIEW && looks-- > 0) {
        code = preview_page(p, &a, &after, reads, reterr);
        more = p->page.more;
        after = p->page.reached;
    }
    if (code != OK)
        return code;
    json_t *told = json_pack("{s:I, s:b, s:I, s:o, s:O}", "found", (json_int_t)p->found, "more", more, "passes", (json_int_t)p->passes, "refused", refusals_json(p->refused), "examples", p->examples);
    if (told == NULL || (p->w->channel == CHANNEL_SMS && use_owner(p->s, &p->who) && (json_object_set_new(told, "parts", json_integer(p->parts)) != 0 || json_object_set_new(told, "cost", json_integer(p->cost)) != 0))) {
        json_decref(told);
        return err_set(reterr, E_MEMORY, "no memory for a preview");
    }
    *ret = told;
    return OK;
}

enum code campaign_preview(struct service *s, const struct caller *who, const struct campaign_wish *w, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && w != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct preview *p = arena == NULL ? NULL : arena_array(arena, 1, sizeof *p);
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a preview");
    *p = (struct preview){ .s = s, .w = w, .examples = json_array() };
    enum code code = p->examples == NULL ? err_set(reterr, E_MEMORY, "no memory for a preview") : wish_check(s, who, w, &p->template, &p->who, reterr);
    if (code == OK)
        code = preview_run(p, ret, reterr);
    json_decref(p->examples);
    return code;
}

/* ---- told */

static const char *state_name(const struct campaign_row *r, usec_t now) {
    static const char *const names[] = { [CAMPAIGN_PAUSED] = "paused", [CAMPAIGN_STOPPED] = "stopped", [CAMPAIGN_DONE] = "done" };
    if (r->state == CAMPAIGN_STOPPED && r->act != ACT_NONE)
        return "stopping";
    return r->state != CAMPAIGN_GOES ? names[r->state] : r->begins > now ? "planned" : r->walked ? "sending" : "finding";
}

struct gates_seen { int64_t refused[GATES]; };
static bool gate_seen(int gate, int64_t count, void *arg) {
    struct gates_seen *g = arg;
    if (gate >= 0 && gate < GATES)
        g->refused[gate] = count;
    return true;
}

static enum code row_told(struct service *s, int64_t tenant, const struct campaign_row *r, const struct gates_seen *g, json_t **ret, struct err *reterr) {
    char scope[UUID_TEXT], made[32], at[32], ended[32];
    AUTO(buf_done) struct buf hex = BUF(HASH_SIZE * 2 + 1);
    const struct kind_info *k = service_kind_by_number(s, r->kind);
    json_t *entry = NULL;
    enum code code = campaign_open(s, tenant, r, &entry, reterr);
    if (code != OK && code != E_GONE)
        return code;
    hex_encode(r->digest, sizeof r->digest, &hex);
    *ret = json_pack("{s:I, s:O*, s:s, s:s, s:s*, s:s*, s:I, s:s*, s:s, s:s, s:s*, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s*}", "number", (json_int_t)r->number,
                     "name", json_object_get(entry, "name"), "state", state_name(r, clock_now()), "channel", channel_name(r->channel), "kind", k == NULL ? NULL : k->kind->name,
                     "scope", uuid_is_null(&r->scope) ? NULL : uuid_format(&r->scope, scope), "template", (json_int_t)r->template, "purpose", r->purpose[0] == 0 ? NULL : r->purpose,
                     "made", time_format(r->made, made, sizeof made), "at", time_format(r->begins, at, sizeof at), "ended", r->ended == 0 ? NULL : time_format(r->ended, ended, sizeof ended),
                     "by", r->whose, "found", (json_int_t)r->found, "queued", (json_int_t)r->queued, "waiting", (json_int_t)(r->queued - r->sent - r->bounced - r->over - r->unknown),
                     "sent", (json_int_t)r->sent, "bounced", (json_int_t)r->bounced, "over", (json_int_t)r->over, "unknown", (json_int_t)r->unknown, "refused", refusals_json(g->refused),
                     "audience", r->walked ? buf_str(&hex) : NULL);
    json_decref(entry);
    return *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a campaign") : OK;
}

/* Of all the tenant's people, or of those that belong to its scope; for nobody else there is such a campaign. */
static enum code row_right(struct service *s, const struct caller *who, enum message_verb verb, const struct campaign_row *r, struct err *reterr) {
    const struct kind_info *k = service_kind_by_number(s, r->kind);
    struct message_deed d = { .verb = verb, .reach = REACH_ALL, .kind = k == NULL ? -1 : k->index, .purpose = r->purpose[0] == 0 ? NULL : r->purpose };
    if (who->by_sejf)
        return OK;
    if (k == NULL)                             /* the charter has no more such records: the tenant's own role looks at it and stops it */
        return use_owner(s, who) ? message_right(s, who, &(const struct message_deed){ .verb = verb }, NULL, reterr) : err_set(reterr, E_NOT_FOUND, "there is no campaign of that number");
    enum code code = message_right(s, who, &d, NULL, reterr);
    d.id = r->scope;
    return code == E_FORBIDDEN && !uuid_is_null(&r->scope) ? message_right(s, who, &d, NULL, reterr) : code;
}

static enum code told_right(struct service *s, const struct caller *who, const struct campaign_row *r, struct err *reterr) {
    char by[CALLER_TEXT];
    if (!who->by_sejf && strcmp(r->whose, caller_text(who, by, sizeof by)) == 0)
        return message_right(s, who, &(const struct message_deed){ .verb = MESSAGES_READ }, NULL, reterr);
    enum code code = row_right(s, who, MESSAGES_READ, r, reterr);
    return code == E_FORBIDDEN ? err_set(reterr, E_NOT_FOUND, "there is no campaign of that number") : code;
}

enum code campaign_told(struct service *s, const struct caller *who, int64_t number, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)2 << 20);
    struct gates_seen seen = { .refused = { 0 } };
    struct campaign_row r;
    struct view *v = NULL;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a campaign");
    enum code code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = campaign_get(view_sql(v), number, &r, arena, reterr);
    if (code == OK)
        code = campaign_gates(view_sql(v), number, gate_seen, &seen, reterr);
    v = view_end(v);                           /* the keeper is asked without a view open, and so is what the caller may */
    if (code == OK)
        code = told_right(s, who, &r, reterr);
    return code == OK ? row_told(s, who->tenant, &r, &seen, ret, reterr) : code;
}

struct listing { int64_t *numbers; size_t count, room; };
static bool list_take(const struct campaign_row *r, void *arg) {
    struct listing *l = arg;
    l->numbers[l->count++] = r->number;
    return l->count < l->room;
}

enum code campaigns_told(struct service *s, const struct caller *who, int64_t before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && limit > 0 && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)2 << 20);
    struct listing l = { .room = limit + 1, .numbers = arena == NULL ? NULL : arena_array(arena, limit + 1, sizeof(int64_t)) };
    struct view *v = NULL;
    json_t *items = json_array();
    enum code code = l.numbers == NULL || items == NULL ? err_set(reterr, E_MEMORY, "no memory for campaigns") : store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = campaign_list(view_sql(v), before, list_take, &l, reterr);
    v = view_end(v);
    for (size_t i = 0; code == OK && i < l.count && i < limit; i++) {
        json_t *one = NULL;
        code = campaign_told(s, who, l.numbers[i], &one, reterr);
        if (code == OK && json_array_append_new(items, one) != 0)
            code = err_set(reterr, E_MEMORY, "no memory for campaigns");
        code = code == E_NOT_FOUND ? OK : code;      /* not the caller's to see, or forgotten meanwhile */
    }
    json_t *told = code == OK ? json_pack("{s:O, s:o}", "items", items, "next", l.count > limit ? json_integer(l.numbers[limit - 1]) : json_null()) : NULL;
    json_decref(items);
    if (code != OK)
        return code;
    if (told == NULL)
        return err_set(reterr, E_MEMORY, "no memory for campaigns");
    *ret = told;
    return OK;
}

/* ---- stopping, pausing, resuming */

struct turning { int64_t number; enum campaign_do what; const struct campaign_row *seen; const struct campaign_sealed *anew /* id 0: what is sealed stays */; struct arena *arena; char by[CALLER_TEXT]; };

static const struct turn { const char *verb, *refused; unsigned from; enum campaign_state to; enum campaign_act act; } turns[] = {
    [CAMPAIGN_STOP] = { "campaign_stopped", "it is over already", 1u << CAMPAIGN_GOES | 1u << CAMPAIGN_PAUSED, CAMPAIGN_STOPPED, ACT_END },
    [CAMPAIGN_PAUSE] = { "campaign_paused", "it does not go", 1u << CAMPAIGN_GOES, CAMPAIGN_PAUSED, ACT_HOLD },
    [CAMPAIGN_RESUME] = { "campaign_resumed", "it does not pause", 1u << CAMPAIGN_PAUSED, CAMPAIGN_GOES, ACT_FREE },
};

static enum code turn_write(struct txn *t, void *arg, struct err *reterr) {
    const struct turning *g = arg;
    const struct turn *to = &turns[g->what];
    struct campaign_row r;
    enum code code = campaign_get(txn_sql(t), g->number, &r, g->arena, reterr);
    if (code == OK && (to->from >> r.state & 1) == 0)
        return err_set(reterr, E_CONFLICT, "campaign %lld cannot be %s: %s", (long long)g->number, to->verb + sizeof "campaign", to->refused);
    if (code == OK && (r.key != g->seen->key || r.walked != g->seen->walked))
        code = err_set(reterr, E_CONFLICT, "campaign %lld has moved meanwhile: try again", (long long)g->number);
    if (code == OK)
        code = campaign_replace(t, &r, g->anew, reterr);
    if (code != OK)
        return code;
    if (g->what == CAMPAIGN_RESUME && g->anew->id != 0)      /* taken over: the ledger names it with what is sent from now on */
        r.whose = g->by;
    r.state = to->to;
    r.act = to->act;
    r.walk = (struct uuid){ { 0 } };
    code = campaign_set(t, &r, campaign_when(&r, txn_now(t)), reterr);
    json_t *what = json_pack("{s:I}", "number", (json_int_t)g->number);
    if (code == OK)
        code = ledger_append(t, to->verb, g->by, what, reterr);
    json_decref(what);
    return code;
}

/* Whoever resumes it is from now on the one as whom the rest is found. */
static enum code take_over(struct service *s, const struct caller *who, const struct campaign_row *r, struct campaign_sealed *ret, struct err *reterr) {
    json_t *entry = NULL;
    enum code code = campaign_open(s, who->tenant, r, &entry, reterr);
    if (code == OK && json_object_set_new(entry, "by", campaign_by(who)) != 0)
        code = err_set(reterr, E_MEMORY, "no memory for a campaign");
    if (code == OK)
        code = campaign_seal(s, who->tenant, entry, ret, reterr);
    json_decref(entry);
    return code;
}

enum code campaign_turn(struct service *s, const struct caller *who, int64_t number, enum campaign_do what, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && (unsigned)what < ARRAY_LEN(turns) && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    AUTO(campaign_sealed_done) struct campaign_sealed anew = { .id = 0 };
    struct campaign_row r;
    struct turning g = { .number = number, .what = what, .seen = &r, .anew = &anew, .arena = arena };
    (void)caller_text(who, g.by, sizeof g.by);
    enum code code = campaign_find(s, who->tenant, number, &r, arena, reterr);
    if (code == OK)
        code = told_right(s, who, &r, reterr);
    if (code == OK)
        code = row_right(s, who, MESSAGES_SEND, &r, reterr);
    if (code == OK && what == CAMPAIGN_RESUME && r.state == CAMPAIGN_PAUSED && !r.walked && !who->by_sejf)
        code = take_over(s, who, &r, &anew, reterr);
    if (code == OK && what == CAMPAIGN_STOP && (turns[what].from >> r.state & 1) != 0)      /* nobody resumes it: what was searched for goes */
        code = campaign_seal_name(s, who->tenant, &r, &anew, reterr);
    if (code != OK)
        return code;
    code = store_write(s->store, who->tenant, turn_write, &g, reterr);
    campaign_unused(s, who->tenant, &anew, code);
    return code == OK ? campaign_told(s, who, number, ret, reterr) : code;
}
