/* pack_messages.c — letters to the person that lie in the outbox: what was delivered or given up is kept nowhere, so what stands is what waits. */
#include <string.h>

#include "base/mem.h"
#include "records/post.h"
#include "rights/pack_inside.h"

#define LETTERS_AT_ONCE 32u
#define SECRET_LEAST 32u                      /* characters: 24 bytes */
#define LETTERS_MOST 20000u                   /* that are looked at; more: it is said that there are */

struct copied { struct letter_row row; };
struct letters { struct copied list[LETTERS_AT_ONCE]; size_t count; struct arena *arena; struct uuid last; bool failed; };

static bool letter_keep(const struct letter_row *r, void *arg) {
    struct letters *l = arg;
    struct letter_row *to = &l->list[l->count].row;
    *to = *r;
    to->cause = arena_text(l->arena, r->cause);
    to->said = arena_text(l->arena, r->said);
    to->blob = arena_text_n(l->arena, r->len > 0 ? r->blob : "", r->len);
    l->failed = to->cause == NULL || to->said == NULL || to->blob == NULL;
    l->last = r->id;
    return ++l->count < LETTERS_AT_ONCE && !l->failed;
}

static enum code letters_next_few(struct packing *p, struct letters *l, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    const struct uuid before = l->last;
    l->count = 0;
    enum code code = store_view(p->s->store, p->tenant, &v, reterr);
    if (code == OK)
        code = letters_list(view_sql(v), &before, letter_keep, l, reterr);
    return code == OK && l->failed ? err_set(reterr, E_MEMORY, "no memory for an access pack") : code;
}

/* A link in a letter that waits proves who has it, and this archive is made for others first: what is long enough to be a secret is left out. */
static void text_put(struct buf *ret, const char *text) {
    static const char of[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const char *p = text; *p != 0;) {
        size_t n = strspn(p, of);
        if (n >= SECRET_LEAST)
            buf_text(ret, "…");
        else
            buf_add(ret, p, n);
        p += n;
        n = strcspn(p, of);
        buf_add(ret, p, n);
        p += n;
    }
}

static enum code letter_add(struct packing *p, const struct letter_row *r, json_t *list, struct err *reterr) {
    AUTO(buf_wipe) struct buf plain = BUF(2 * POST_TEXT_MAX);
    json_t *text = NULL;
    char made[40];
    struct err e;
    if (r->len == 0)
        return OK;
    enum code code = post_open(p->s->keeper, p->tenant, r, &text, &e);
    if (code == E_GONE)
        return OK;
    if (code != OK) {
        *reterr = e;
        return code;
    }
    const char *to = json_string_value(json_object_get(text, "to"));
    text_put(&plain, json_string_value(json_object_get(text, "text")) ?: "");
    if (to != NULL && strcasecmp(to, p->job->about->email) == 0)
        json_array_append_new(list, json_pack("{s:s, s:s, s:O*, s:O*, s:o}", "cause", r->cause, "made", time_format(r->made, made, sizeof made), "language", json_object_get(text, "lang"),
                                              "subject", json_object_get(text, "subject"), "text", json_string(buf_str(&plain))));
    json_decref(text);
    return OK;
}

enum code packing_messages(struct packing *p, struct err *reterr) {
    struct letters l = { .count = LETTERS_AT_ONCE };
    json_t *list = json_array();
    size_t seen = 0, lost = mem_lost();
    enum code code = list == NULL ? err_set(reterr, E_MEMORY, "no memory for an access pack") : OK;
    while (code == OK && p->job->about->email != NULL && l.count == LETTERS_AT_ONCE && seen < LETTERS_MOST) {
        AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
        l.arena = arena;
        code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for an access pack") : letters_next_few(p, &l, reterr);
        for (size_t i = 0; code == OK && i < l.count; i++)
            code = letter_add(p, &l.list[i].row, list, reterr);
        seen += l.count;
    }
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for an access pack");
    if (code == OK)
        return packing_json(p, "messages.json", json_pack("{s:o, s:b}", "waiting", list, "more", (int)(seen >= LETTERS_MOST)), reterr);
    json_decref(list);
    return code;
}
