/* outbox.c — see outbox.h. */
#include "messages/outbox.h"

#include <string.h>

#include "messages/gate.h"
#include "records/service.h"
#include "wire/verdict.h"

static const char *const states[] = { [LETTER_WAITING] = "waiting", [LETTER_SENDING] = "sending", [LETTER_SENT] = "sent", [LETTER_BOUNCED] = "bounced", [LETTER_UNKNOWN] = "unknown",
                                      [LETTER_OVER] = "over" };

int letter_state_of(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i], name) == 0)
            return (int)i;
    return -1;
}

/* What both sorts have. */
static json_t *row_json(const struct letter_row *r) {
    char id[UUID_TEXT], made[32], tried[32], heard[32], until[32];
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s?, s:s?, s:s, s:i, s:i, s:i, s:s}", "id", uuid_format(&r->id, id), "cause", r->cause, "about", (json_int_t)r->about, "state", states[r->state],
                     "made", time_format(r->made, made, sizeof made), "tried", r->tried == 0 ? NULL : time_format(r->tried, tried, sizeof tried),
                     "answered", r->heard == 0 ? NULL : time_format(r->heard, heard, sizeof heard), "until", time_format(r->until, until, sizeof until), "tries", r->tries, "doubts", r->doubts, "status", r->status, "said", r->said);
}

static bool add(json_t *to, json_t *more) {
    bool fine = to != NULL && more != NULL && json_object_update(to, more) == 0;
    json_decref(more);
    return fine;
}

static json_t *message_json(const struct service *s, const struct letter_row *r) {
    char record[UUID_TEXT];
    const struct kind_info *info = service_kind_by_number(s, r->kind);
    json_t *one = row_json(r);
    bool fine = add(one, json_pack("{s:s, s:s?, s:s, s:s, s:s?, s:s?}", "channel", r->channel == CHANNEL_SMS ? "sms" : "email", "kind", info == NULL ? NULL : info->kind->name, "record", uuid_format(&r->record, record),
                                   "purpose", r->purpose, "gate", r->gate >= 1 && r->gate <= GATES ? gate_name((enum gate)(r->gate - 1)) : NULL,
                                   "verdict", r->verdict == VERDICT_NONE ? NULL : verdict_name((enum reply_verdict)r->verdict)));
    if (fine && r->channel == CHANNEL_SMS)
        fine = add(one, json_pack("{s:I}", "cost", (json_int_t)r->cost));
    if (!fine) {
        json_decref(one);
        return NULL;
    }
    return one;
}

/* s NULL: all letters, as of duties. */
struct taking { const struct service *s; json_t *items; size_t limit; struct uuid last; bool more, lost; };

static bool take(const struct letter_row *r, void *arg) {
    struct taking *t = arg;
    if (json_array_size(t->items) == t->limit) {
        t->more = true;
        return false;
    }
    json_t *one = t->s == NULL ? row_json(r) : message_json(t->s, r);
    t->last = r->id;
    t->lost = one == NULL || json_array_append_new(t->items, one) != 0;
    return !t->lost;
}

/* Where code is OK: the page. */
static enum code page(struct taking *t, enum code code, json_t **ret, struct err *reterr) {
    char cursor[UUID_TEXT];
    json_t *list = code == OK && !t->lost ? json_pack("{s:O, s:s?}", "items", t->items, "next", t->more ? uuid_format(&t->last, cursor) : NULL) : NULL;
    json_decref(t->items);
    if (code != OK)
        return code;
    if (list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list of letters");
    *ret = list;
    return OK;
}

enum code outbox_list(struct store *s, int64_t tenant, const struct uuid *before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && before != NULL && limit >= 1 && ret != NULL && reterr != NULL);
    struct taking t = { .items = json_array(), .limit = limit };
    struct view *v = NULL;
    enum code code = t.items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of letters") : store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = letters_list(view_sql(v), before, take, &t, reterr);
    v = view_end(v);
    return page(&t, code, ret, reterr);
}

enum code messages_list(struct service *s, int64_t tenant, const struct letter_filter *f, const struct uuid *before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && f != NULL && before != NULL && limit >= 1 && ret != NULL && reterr != NULL);
    struct taking t = { .s = s, .items = json_array(), .limit = limit };
    struct view *v = NULL;
    enum code code = t.items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of messages") : store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = letters_find(view_sql(v), f, before, take, &t, reterr);
    v = view_end(v);
    return page(&t, code, ret, reterr);
}

struct showing { const struct service *s; json_t *one; bool message; };
static bool show(const struct letter_row *r, void *arg) {
    struct showing *w = arg;
    w->message = r->kind > 0;
    w->one = w->message ? message_json(w->s, r) : NULL;
    return false;
}

enum code message_show(struct service *s, int64_t tenant, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && ret != NULL && reterr != NULL);
    struct showing w = { .s = s };
    struct view *v = NULL;
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = letter_get(view_sql(v), id, show, &w, reterr);
    v = view_end(v);
    if (code == E_NOT_FOUND || (code == OK && !w.message))
        return err_set(reterr, E_NOT_FOUND, "there is no such message");
    if (code == OK && w.one == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a message");
    if (code == OK)
        *ret = w.one;
    return code;
}
