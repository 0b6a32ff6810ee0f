/* page_due.c — the routes of /account/due/{tenant}: for the tenant's own role, from which levels hide nothing. Each form does one thing and shows
 * the page again. */
#include "api/page_due.h"

#include <stdio.h>
#include <string.h>

#include "api/api_int.h"
#include "api/page_front.h"
#include "api/routes.h"
#include "base/text.h"
#include "records/copies.h"
#include "records/draft.h"
#include "records/service.h"
#include "retention/certificate.h"
#include "retention/hold.h"
#include "retention/notice.h"
#include "store/tables.h"

#define NOTICES 20
#define CERTIFICATES 10
#define ERASED_AT_ONCE 500u
#define EXPORT_MOST ((size_t)16 << 20)

struct due_page { struct front front; struct service *service; struct caller who; struct tenant_row tenant; const char *path; char by[CALLER_TEXT]; };
static void due_done(struct due_page *d) { front_done(&d->front); }
DEFINE_AUTO_VALUE(struct due_page, due_done)

static const char *path_of(struct http_req *req, int64_t *ret_tenant) {
    if (!text_int(http_param(req, "tenant"), 1, INT64_MAX, ret_tenant))
        *ret_tenant = 0;
    return arena_printf(http_arena(req), "/account/due/%lld", (long long)*ret_tenant);
}

/* Who it is there. What is another's is not there. */
static bool due_who(struct due_page *d, int64_t tenant) {
    struct front *f = &d->front;
    struct err e;
    struct arena *arena = http_arena(f->visit.req);
    if (!f->in || f->session.step != STEP_WHOLE) {
        front_go(f, "/account", NULL);
        return false;
    }
    enum code code = tenant < 1 ? err_set(&e, E_NOT_FOUND, "no such tenant") : people_service(f->people, tenant, &d->service, &e);
    if (code == OK)
        code = session_caller(f->people, d->service, f->secret, tenant, false, &d->who, arena, &e);
    if (code == OK)
        code = tenant_get(api_config(f->visit.api)->store, tenant, &d->tenant, arena, &e);
    const struct charter *c = code == OK ? service_charter(d->service) : NULL;
    if (code == OK && (d->who.person != charter_tenant(c) || d->who.staff || !policy_whole(c, &d->who)))
        code = err_set(&e, E_NOT_FOUND, "the page is for another role");
    if (code != OK) {
        visit_trouble(&f->visit, &e);
        return false;
    }
    (void)caller_text(&d->who, d->by, sizeof d->by);
    return visit_whole(&f->visit);
}

static bool due_get(struct http_req *req, struct due_page *d) {
    int64_t tenant;
    *d = (struct due_page){ .path = path_of(req, &tenant) };
    return front_get(req, d->path == NULL ? "/account" : d->path, &d->front) && due_who(d, tenant);
}
static bool due_post(struct http_req *req, struct due_page *d) {
    int64_t tenant;
    *d = (struct due_page){ .path = path_of(req, &tenant) };
    return front_post(req, d->path == NULL ? "/account" : d->path, SCALL_WHOLE, &d->front) && due_who(d, tenant);
}

static void due_show(struct due_page *d, int status, const char *said) {
    struct front *f = &d->front;
    struct buf body;
    struct page page;
    struct err e;
    json_t *list = NULL, *holds = NULL, *certificates = NULL;
    enum code code = notices_show(d->service, d->who.tenant, INT64_MAX, NOTICES, &list, &e);
    if (code == OK)
        code = holds_told(d->service, &d->who, INT64_MAX, -1, NULL, &holds, &e);
    if (code == OK)
        code = certificates_told(service_store(d->service), d->who.tenant, INT64_MAX, CERTIFICATES, &certificates, &e);
    if (code == OK) {
        front_page(f, TEXT_DUE_TITLE, false, &body, &page);
        page_due(&body, &(struct due_view){ .frame = f->frame, .charter = service_charter(d->service), .tenant = d->who.tenant, .tenant_name = d->tenant.name,
                                            .notices = json_object_get(list, "items"), .holds = holds, .certificates = json_object_get(certificates, "items"), .limited = copies_limited(d->service), .said = said });
        front_send(f, status, &page, &body);
    } else {
        visit_trouble(&f->visit, &e);
    }
    json_decref(list);
    json_decref(holds);
    json_decref(certificates);
}

static void on_due(struct http_req *req) {
    AUTO(due_done) struct due_page d;
    if (due_get(req, &d))
        due_show(&d, 200, NULL);
}

static bool notice_named(struct due_page *d, int64_t *ret) {
    if (text_int(front_form(&d->front, "notice"), 1, INT64_MAX, ret))
        return true;
    visit_missing(&d->front.visit);
    return false;
}

static void on_again(struct http_req *req) {
    AUTO(due_done) struct due_page d;
    struct err e;
    int64_t number;
    if (!due_post(req, &d) || !notice_named(&d, &number))
        return;
    enum code code = noticer_again(d.front.visit.api->noticer, d.service, d.who.tenant, number, d.by, &e);
    if (code == OK)
        due_show(&d, 200, text_in(TEXT_DUE_DONE_AGAIN, d.front.visit.lang));
    else if (code == E_CONFLICT)
        due_show(&d, 409, text_in(TEXT_DUE_DELIVERED_ALREADY, d.front.visit.lang));
    else
        visit_trouble(&d.front.visit, &e);
}

/* ---- erasing now */

struct named { struct noticed list[ERASED_AT_ONCE]; size_t count; };
static bool named_add(const struct noticed *n, void *arg) {
    struct named *l = arg;
    if (l->count == 0 || l->list[l->count - 1].kind != n->kind || uuid_compare(&l->list[l->count - 1].id, &n->id) != 0)
        l->list[l->count++] = *n;
    return l->count < ARRAY_LEN(l->list);
}

static enum code named_read(struct due_page *d, int64_t number, struct named *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(service_store(d->service), d->who.tenant, &v, reterr);
    return code == OK ? noticed_list(view_sql(v), number, named_add, ret, reterr) : code;
}

/* One record; what stays by law or a hold counts as kept, what went meanwhile as nothing. */
static enum code erase_one(struct due_page *d, const struct noticed *n, int64_t *erased, int64_t *kept, struct err *reterr) {
    const struct kind_info *k = service_kind_by_number(d->service, n->kind);
    json_t *went = NULL, *stays = NULL;
    if (k == NULL)
        return OK;
    const struct record_request r = { .who = &d->who, .kind = k->index, .id = n->id, .if_match = -1, .lang = d->front.visit.lang };
    enum code code = record_erase_told(d->service, &r, &went, &stays, reterr);
    if (code == OK) {
        *erased += stays == NULL;
        *kept += stays != NULL;
    } else if (code == E_CONFLICT) {
        *kept += 1;
        code = OK;
    } else if (code == E_NOT_FOUND || code == E_GONE) {
        code = OK;
    }
    json_decref(went);
    json_decref(stays);
    return code;
}

static void on_erase(struct http_req *req) {
    AUTO(due_done) struct due_page d;
    AUTO(buf_done) struct buf said = BUF(2000);
    struct err e;
    int64_t number, erased = 0, kept = 0;
    char gone[24], stays[24];
    if (!due_post(req, &d) || !notice_named(&d, &number))
        return;
    if (strcmp(front_form(&d.front, "sure"), "yes") != 0) {
        d.front.frame.trouble = TEXT_DUE_SURE_FIRST;
        due_show(&d, 422, NULL);
        return;
    }
    struct named *l = arena_get(http_arena(req), sizeof *l);
    enum code code = l == NULL ? err_set(&e, E_MEMORY, "no memory for what is erased") : named_read(&d, number, l, &e);
    for (size_t i = 0; code == OK && i < l->count; i++)
        code = erase_one(&d, &l->list[i], &erased, &kept, &e);
    if (code != OK) {
        visit_trouble(&d.front.visit, &e);
        return;
    }
    snprintf(gone, sizeof gone, "%lld", (long long)erased);
    snprintf(stays, sizeof stays, "%lld", (long long)kept);
    say_plain(&said, text_in(l->count == ARRAY_LEN(l->list) && erased > 0 ? TEXT_DUE_ERASED_MORE : TEXT_DUE_ERASED, d.front.visit.lang), SAY_ARGS(gone, stays));
    due_show(&d, 200, buf_str(&said));
}

/* ---- keeping longer */

/* Signed in (again) a moment ago; what it is for, where not. */
static bool confirmed(struct due_page *d, const char *what) {
    struct err e;
    if (d->front.session.elevated)
        return true;
    front_failed(&d->front, (err_set(&e, E_CONFIRM, "sign in again before %s", what) == OK ? NULL : &e), "who");
    return false;
}

/* What went meanwhile is not held. */
static enum code hold_one(struct due_page *d, const struct noticed *n, const char *until, int64_t *held, struct err *reterr) {
    const struct kind_info *k = service_kind_by_number(d->service, n->kind);
    json_t *made = NULL;
    if (k == NULL)
        return OK;
    const struct hold_wish w = { .kind = k->index, .id = n->id, .why = front_form(&d->front, "why"), .until = *until == 0 ? NULL : until };
    enum code code = hold_set(d->service, &d->who, &w, &made, reterr);
    *held += code == OK;
    json_decref(made);
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

static void on_hold(struct http_req *req) {
    static const struct noun records = NOUN("record", "records", "rekord", "rekordy", "rekordów", "rekord");
    AUTO(due_done) struct due_page d;
    AUTO(buf_done) struct buf said = BUF(2000), count = BUF(200);
    struct err e;
    int64_t number, held = 0;
    if (!due_post(req, &d) || !notice_named(&d, &number) || !confirmed(&d, "a hold"))
        return;
    struct named *l = arena_get(http_arena(req), sizeof *l);
    enum code code = l == NULL ? err_set(&e, E_MEMORY, "no memory for what is held") : named_read(&d, number, l, &e);
    if (code == OK && l->count == ARRAY_LEN(l->list)) {    /* some of it held would look like all of it */
        d.front.frame.trouble = TEXT_DUE_HOLD_LARGE;
        due_show(&d, 422, NULL);
        return;
    }
    for (size_t i = 0; code == OK && i < l->count; i++)
        code = hold_one(&d, &l->list[i], front_form(&d.front, "until"), &held, &e);
    if (code == E_FIELDS) {
        d.front.frame.trouble = strcmp(e.field, "/until") == 0 ? TEXT_DUE_HOLD_UNTIL_WRONG : TEXT_DUE_HOLD_GROUND_WRONG;
        due_show(&d, 422, NULL);
    } else if (code != OK) {
        visit_trouble(&d.front.visit, &e);
    } else {
        say_count(&count, d.front.visit.lang, held, &records);
        say_plain(&said, text_in(TEXT_DUE_HELD_NOW, d.front.visit.lang), SAY_ARGS(buf_str(&count)));
        due_show(&d, 200, buf_str(&said));
    }
}

static void on_lift(struct http_req *req) {
    AUTO(due_done) struct due_page d;
    struct err e;
    int64_t number;
    json_t *now = NULL;
    if (!due_post(req, &d) || !confirmed(&d, "a hold is lifted"))
        return;
    enum code code = text_int(front_form(&d.front, "hold"), 1, INT64_MAX, &number) ? hold_end(d.service, &d.who, number, &now, &e) : err_set(&e, E_NOT_FOUND, "no such hold");
    json_decref(now);
    if (code == OK)
        due_show(&d, 200, text_in(TEXT_DUE_LIFTED, d.front.visit.lang));
    else
        visit_trouble(&d.front.visit, &e);
}

/* ---- a copy before */

static bool export_write(void *arg, const void *bytes, size_t len) {
    struct buf *b = arg;
    buf_add(b, bytes, len);
    return !b->failed;
}

static void copy_now(struct due_page *d, int kind) {
    struct http_req *req = d->front.visit.req;
    const char *name = charter_kind_at(service_charter(d->service), kind)->name;
    AUTO(buf_done) struct buf csv = BUF(EXPORT_MOST);
    struct err e;
    uint64_t count = 0;
    json_t *query = json_object();
    enum code code = query == NULL ? err_set(&e, E_MEMORY, "no memory for a copy")
                                   : records_copy(d->service, &d->who, kind, FORMAT_CSV, query, NULL, &count, NULL, &(struct sink){ export_write, &csv }, &e);
    json_decref(query);
    if (csv.failed) {
        due_show(d, 413, text_in(TEXT_DUE_EXPORT_LARGE, d->front.visit.lang));
        return;
    }
    if (code != OK) {
        visit_trouble(&d->front.visit, &e);
        return;
    }
    http_reply_header(req, "Content-Disposition", arena_printf(http_arena(req), "attachment; filename=\"%s.csv\"", name) ?: "attachment");
    http_reply_header(req, "Cache-Control", "no-store");
    http_reply_buf(req, 200, "text/csv; charset=utf-8", &csv);
}

static void copy_asked(struct due_page *d, int kind) {
    AUTO(buf_done) struct buf said = BUF(2000);
    struct err e;
    json_t *made = NULL;
    const char *why = front_form(&d->front, "why");
    char number[24];
    if (*why == 0 || strlen(why) > COPY_WHY) {
        d->front.frame.trouble = TEXT_DUE_EXPORT_REASON;
        due_show(d, 422, NULL);
        return;
    }
    if (copy_ask(d->service, &d->who, &(struct copy_wish){ .kind = kind, .format = FORMAT_CSV, .why = why }, &made, &e) != OK) {
        visit_trouble(&d->front.visit, &e);
        return;
    }
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(made, "number")));
    say_plain(&said, text_in(TEXT_DUE_EXPORT_ASKED, d->front.visit.lang), SAY_ARGS(number));
    due_show(d, 200, buf_str(&said));
    json_decref(made);
}

static void on_export(struct http_req *req) {
    AUTO(due_done) struct due_page d;
    struct err e;
    if (!due_post(req, &d))
        return;
    int kind = charter_kind(service_charter(d.service), front_form(&d.front, "kind"));
    if (kind < 0)
        visit_missing(&d.front.visit);
    else if (!confirmed(&d, "a copy"))
        return;
    else if (copy_right(d.service, &d.who, kind, &e) != OK)
        visit_trouble(&d.front.visit, &e);
    else if (copies_limited(d.service))
        copy_asked(&d, kind);
    else
        copy_now(&d, kind);
}

static const struct route list[] = {
    { "GET", "/account/due/{tenant}", 0, on_due },
    { "POST", "/account/due/{tenant}/again", 0, on_again },
    { "POST", "/account/due/{tenant}/erase", 0, on_erase },
    { "POST", "/account/due/{tenant}/hold", 0, on_hold },
    { "POST", "/account/due/{tenant}/lift", 0, on_lift },
    { "POST", "/account/due/{tenant}/export", 0, on_export },
};
const struct route_table routes_due = { list, ARRAY_LEN(list) };
