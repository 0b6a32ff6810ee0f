/* turns_webhooks.c — the teller of an api: which service a tenant is of, the letters that say that a webhook has stopped, and the turns. */
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/mem.h"
#include "base/say.h"
#include "messages/teller.h"
#include "store/tables.h"

#define TOLD_MOST 20u
#define KEEP_TRYING (14 * USEC_PER_DAY)
#define FORGET_PACE USEC_PER_HOUR

enum { HOOK_STOPPED, HOOK_ENDED };
static const struct { struct words subject, text; } texts[] = {
#define HOOK_LETTER(name, sen, spl, shu, ten, tpl, thu) [name] = { WORDS(sen, spl, shu), WORDS(ten, tpl, thu) },
#include "api/texts_webhooks.tbl"
#undef HOOK_LETTER
};

/* ---- letters to the people of the tenant's own role; the operator's contact where none has an address */

struct writing { struct api *api; struct service *s; int64_t tenant; const struct hook *hook; int which; char tenant_name[256]; struct post_ready *list; size_t count; };

static enum code write_one(struct writing *w, const char *to, enum lang lang, struct err *reterr) {
    AUTO(buf_done) struct buf number = BUF(32), subject = BUF(POST_SUBJECT_MAX), text = BUF(POST_TEXT_MAX);
    const struct charter *c = service_charter(w->s);
    buf_printf(&number, "%lld", (long long)w->hook->row.number);
    const char *const args[] = { buf_str(&number), w->hook->to.host, charter_title(c)->in[lang], w->tenant_name, NULL };
    say_plain(&subject, texts[w->which].subject.in[lang], args);
    say_plain(&text, texts[w->which].text.in[lang], args);
    if (number.failed || subject.failed || text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    const struct post p = { .cause = "webhook", .about = w->hook->row.number, .to = to, .lang = lang, .subject = buf_str(&subject), .text = buf_str(&text), .until = clock_now() + KEEP_TRYING };
    w->list[w->count] = (struct post_ready){ .sealed = BUF(1) };
    enum code code = post_seal(w->s, w->tenant, &p, &w->list[w->count], reterr);
    w->count += code == OK;
    return code == E_FIELDS ? OK : code;       /* an address that takes no letters */
}

static enum code write_members(struct writing *w, struct err *reterr) {
    const struct charter *c = service_charter(w->s);
    const struct person *people;
    size_t n = charter_people(c, &people), i;
    int own = charter_tenant(c);
    json_t *list = NULL, *one;
    enum code code = api_people(w->api) == NULL ? OK : members_list(api_people(w->api), w->tenant, &list, reterr);
    json_array_foreach(list, i, one) {
        const char *role = json_string_value(json_object_get(one, "role")), *state = json_string_value(json_object_get(one, "state"));
        const char *email = json_string_value(json_object_get(one, "email")), *lang = json_string_value(json_object_get(one, "language"));
        bool theirs = own >= 0 && (size_t)own < n && role != NULL && strcmp(role, people[own].name) == 0 && state != NULL && strcmp(state, "active") == 0;
        if (code == OK && theirs && email != NULL && w->count < TOLD_MOST)
            code = write_one(w, email, lang_accept(lang, charter_speaks(c), charter_first_lang(c)), reterr);
    }
    json_decref(list);
    return code;
}

static void letters_done(void *arg UNUSED, struct post_ready *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        post_ready_done(&list[i]);
    mem_free(list);
}

static enum code letters_write(void *arg, struct service *s, int64_t tenant, const struct hook *h, enum webhook_state state, struct post_ready **ret, size_t *ret_count, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct tenant_row row = { .name = "" };
    const struct charter *c = service_charter(s);
    struct writing w = { .api = arg, .s = s, .tenant = tenant, .hook = h, .which = state == WEBHOOK_ENDED ? HOOK_ENDED : HOOK_STOPPED, .list = mem_new_array(TOLD_MOST, sizeof *w.list) };
    enum code code = w.list == NULL || arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a letter") : tenant_get(service_store(s), tenant, &row, arena, reterr);
    if (code == OK) {
        snprintf(w.tenant_name, sizeof w.tenant_name, "%s", row.name);
        code = write_members(&w, reterr);
    }
    if (code == OK && w.count == 0)
        code = write_one(&w, charter_contact(c), charter_first_lang(c), reterr);
    if (code != OK) {
        letters_done(NULL, w.list, w.count);
        return code;
    }
    *ret = w.list;
    *ret_count = w.count;
    return OK;
}

/* ---- turns */

static struct service *service_of(void *arg, int64_t tenant) {
    struct api *a = arg;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct tenant_row row = { .id = 0 };
    struct err ignored;
    if (arena == NULL || tenant_get(a->config.store, tenant, &row, arena, &ignored) != OK || row.closed != 0)
        return NULL;
    return api_service(a, row.service);
}

enum code webhooks_start(struct api *a, struct err *reterr) {
    const struct telling t = { .store = a->config.store, .way = *a->config.webhooks, .service_of = service_of, .letters = letters_write, .letters_done = letters_done, .arg = a };
    return teller_start(&t, &a->teller, reterr);
}

enum code job_webhooks(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + USEC_PER_SEC;
    return a->teller == NULL ? OK : teller_look(a->teller, now, ret_next, reterr);
}

/* ---- deliveries that are long over */

struct numbers { int64_t list[WEBHOOKS_MOST]; size_t count; usec_t before; bool more; };
static bool number_take(const struct webhook_row *r, void *arg) {
    struct numbers *n = arg;
    n->list[n->count++] = r->number;
    return n->count < WEBHOOKS_MOST;
}

static enum code forget_write(struct txn *t, void *arg, struct err *reterr) {
    struct numbers *n = arg;
    enum code code = OK;
    n->more = false;
    for (size_t i = 0; code == OK && i < n->count; i++) {
        bool more = false;
        code = deliveries_forget(t, n->list[i], n->before, &more, reterr);
        n->more = n->more || more;
    }
    return code;
}

static enum code forget_of(struct api *a, int64_t tenant, usec_t before, struct err *reterr) {
    struct numbers n = { .before = before };
    struct view *v = NULL;
    enum code code = store_view(a->config.store, tenant, &v, reterr);
    if (code == OK)
        code = webhooks_list(view_sql(v), number_take, &n, reterr);
    view_end(v);
    n.more = n.count > 0;
    while (code == OK && n.more)             /* a write of its own each time, so that others have their turn between them */
        code = store_write(a->config.store, tenant, forget_write, &n, reterr);
    return code;
}

enum code job_webhooks_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0;
    *ret_next = now + FORGET_PACE;
    if (turn_waits(a, now, ret_next))
        return OK;
    enum code code = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = forget_of(a, tenants[i], now - TELLING_KEPT_DAYS * USEC_PER_DAY, reterr);
    mem_free(tenants);
    return code;
}
