/* give_pack.c — see give_pack.h. */
#include "api/give_pack.h"

#include <string.h>

#include "api/page_notice.h"
#include "store/tables.h"

bool give_purpose(const char *text, enum pack_purpose *ret) {
    for (int i = 0; i < PACK_PURPOSES; i++)
        if (text == NULL || strcmp(text, pack_purpose_name((enum pack_purpose)i)) == 0) {
            *ret = (enum pack_purpose)i;
            return true;
        }
    return false;
}

struct saying { const struct give *g; const char *tenant; };

/* Of no single record: dates stand with each record, here how they are counted. */
static void notice_say(void *arg, int kind, enum lang lang, struct buf *ret) {
    const struct saying *w = arg;
    const struct charter *c = service_charter(w->g->service);
    const struct notice_view v = { .charter = c, .service = charter_name(c), .kind = kind, .lang = lang, .tenant = w->tenant, .created = USEC_NEVER, .now = clock_now(), .sent = true };
    notice_put(ret, &v);
}

/* The account with this address, as the tenant's list of people has it; *ret NULL: there is none. */
static enum code account_of(const struct give *g, json_t **ret, struct err *reterr) {
    json_t *list = NULL, *one;
    size_t i;
    *ret = NULL;
    if (g->people == NULL || g->about->email == NULL || g->purpose != PACK_ACCESS || g->who->by_link)
        return OK;
    enum code code = members_list(g->people, g->tenant, &list, reterr);
    json_array_foreach(list, i, one) {
        const char *email = json_string_value(json_object_get(one, "email"));
        if (*ret == NULL && email != NULL && strcasecmp(email, g->about->email) == 0)
            *ret = json_incref(one);
    }
    json_decref(list);
    return code;
}

enum code give_pack(const struct give *g, const struct sink *out, struct packed *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 20);
    struct tenant_row row = { 0 };
    struct saying words = { .g = g };
    struct pack_job job = { .purpose = g->purpose, .about = g->about, .letter = g->letter,
                            .who = g->who, .only_seen = g->who->by_link, .lang = g->lang, .now = clock_now(), .notice = notice_say, .arg = &words,
                            .holds = g->holds, .holds_arg = g->holds_arg };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an access pack");
    enum code code = tenant_get(service_store(g->service), g->tenant, &row, arena, reterr);
    if (code != OK)
        return code;
    json_t *account = NULL;
    job.tenant_name = words.tenant = row.name;
    code = account_of(g, &account, reterr);
    job.account = account;
    if (code == OK)
        code = access_pack_write(g->service, g->tenant, &job, out, ret, reterr);
    json_decref(account);
    return code;
}

struct reply { struct http_req *req; const char *name; };

static bool reply_write(void *arg, const void *bytes, size_t len) {
    struct reply *r = arg;
    if (!http_replied(r->req)) {
        http_reply_header(r->req, "Content-Disposition", r->name);
        http_reply_header(r->req, "X-Robots-Tag", "noindex");
        http_reply_begin(r->req, 200, PACK_TYPE, -1);
    }
    return http_reply_write(r->req, bytes, len);
}

void give_pack_reply(struct http_req *req, const struct give *g) {
    struct err e;
    struct packed done;
    struct reply r = { req, g->purpose == PACK_PORTABILITY ? "attachment; filename=\"portability.zip\"" : "attachment; filename=\"access.zip\"" };
    enum code code = give_pack(g, &(struct sink){ reply_write, &r }, &done, &e);
    if (code != OK && !http_replied(req))
        http_reply_error(req, &e, NULL);
    else if (code != OK)
        http_reply_abort(req);                 /* a cut file must not look whole */
}
