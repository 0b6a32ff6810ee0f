/* outbox.c — see outbox.h. */
#include "messages/outbox.h"

static const char *const states[] = { [LETTER_WAITING] = "waiting", [LETTER_SENDING] = "sending", [LETTER_SENT] = "sent", [LETTER_BOUNCED] = "bounced", [LETTER_UNKNOWN] = "unknown",
                                      [LETTER_OVER] = "over" };

struct taking { json_t *items; size_t limit; struct uuid last; bool more, lost; };

static bool take(const struct letter_row *r, void *arg) {
    struct taking *t = arg;
    char id[UUID_TEXT], made[32], tried[32], heard[32], until[32];
    if (json_array_size(t->items) == t->limit) {
        t->more = true;
        return false;
    }
    json_t *one = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s?, s:s?, s:s, s:i, s:i, s:i, s:s}", "id", uuid_format(&r->id, id), "cause", r->cause, "about", (json_int_t)r->about, "state", states[r->state],
                            "made", time_format(r->made, made, sizeof made), "tried", r->tried == 0 ? NULL : time_format(r->tried, tried, sizeof tried),
                            "answered", r->heard == 0 ? NULL : time_format(r->heard, heard, sizeof heard), "until", time_format(r->until, until, sizeof until), "tries", r->tries, "doubts", r->doubts, "status", r->status, "said", r->said);
    t->last = r->id;
    t->lost = one == NULL || json_array_append_new(t->items, one) != 0;
    return !t->lost;
}

enum code outbox_list(struct store *s, int64_t tenant, const struct uuid *before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && before != NULL && limit >= 1 && ret != NULL && reterr != NULL);
    struct taking t = { .items = json_array(), .limit = limit };
    struct view *v = NULL;
    char cursor[UUID_TEXT];
    enum code code = t.items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of letters") : store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = letters_list(view_sql(v), before, take, &t, reterr);
    v = view_end(v);
    json_t *list = code == OK && !t.lost ? json_pack("{s:O, s:s?}", "items", t.items, "next", t.more ? uuid_format(&t.last, cursor) : NULL) : NULL;
    json_decref(t.items);
    if (code != OK)
        return code;
    if (list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list of letters");
    *ret = list;
    return OK;
}
