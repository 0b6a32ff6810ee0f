/* page_links.c — the routes of private links. Whoever has the link is the person; a link that is unknown, expired or of another
 * service answers like an address that does not exist. A change answers with a redirect, so that a reload repeats nothing. */
#include <string.h>

#include "api/damage.h"
#include "api/page_confirm.h"
#include "api/page_home.h"
#include "api/page_link.h"
#include "base/text.h"
#include "records/agreed.h"
#include "records/locks.h"
#include "records/looks.h"
#include "rights/consent.h"
#include "rights/objection.h"
#include "rights/restriction.h"
#include "store/tables.h"

#define LIST_MAX ((size_t)64 << 20)

struct desk {
    struct visit visit;
    struct caller who;
    struct tenant_row tenant;
    const char *path, *action;
    json_t *record, *parent, *looks, *objections;
    json_t *again;                             /* uses that came later */
    bool looks_more;
    bool waits;                               /* its address has not confirmed it yet: nothing of it is shown */
    uint8_t shown[HASH_SIZE];                 /* of the text of consents that the page shows */
};

static void desk_done(struct desk *d) {
    json_decref(d->record);
    json_decref(d->parent);
    json_decref(d->looks);
    json_decref(d->objections);
    json_decref(d->again);
}
DEFINE_AUTO_VALUE(struct desk, desk_done)

static const char *typed_in(void *arg, const char *name) { return http_form(arg, name); }

/* What a person may not see, or what is gone, is left out; any other failure is one of the page. */
static bool is_absent(enum code code) { return code == E_NOT_FOUND || code == E_GONE || code == E_FORBIDDEN; }

/* The parent is read as its owner: only its plain dates are used, for the date of erasure. */
static enum code parent_read(struct desk *d, struct err *reterr) {
    struct uuid id;
    const struct kind *k = charter_kind_at(d->visit.charter, d->who.subject_kind);
    struct caller sejf = { .tenant = d->who.tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    json_t *whole = NULL;
    if (k->parent < 0)
        return OK;
    enum code code = record_read(d->visit.service, &(struct record_request){ .who = &sejf, .kind = d->who.subject_kind, .id = d->who.subject, .if_match = -1 }, &whole, reterr);
    if (code != OK)
        return is_absent(code) ? OK : code;
    const char *text = json_string_value(json_object_get(json_object_get(whole, "fields"), charter_kind_at(d->visit.charter, k->parent)->name));
    if (text != NULL && uuid_parse(text, &id))
        code = record_read(d->visit.service, &(struct record_request){ .who = &sejf, .kind = k->parent, .id = id, .if_match = -1 }, &d->parent, reterr);
    json_decref(whole);
    return is_absent(code) ? OK : code;
}

/* The person's own record; in an export, which must not fail for it, what stands in its place when it is damaged. */
static enum code own_read(struct desk *d, bool exports, struct err *reterr) {
    const struct record_request r = { .who = &d->who, .kind = d->who.subject_kind, .id = d->who.subject, .if_match = -1, .lang = d->visit.lang };
    struct damage lost;
    char id[UUID_TEXT];
    enum code code = record_read(d->visit.service, &r, &d->record, reterr);
    if (code != E_DAMAGED || !exports)
        return code;
    damage_begin(&lost, d->visit.api, http_request_id(d->visit.req));
    lost.watch.tell(lost.watch.arg, charter_kind_at(d->visit.charter, r.kind)->name, &r.id, reterr);
    d->record = json_pack("{s:s, s:b, s:s}", "id", uuid_format(&r.id, id), "damaged", 1, "request", lost.watch.request);
    return d->record == NULL ? err_set(reterr, E_MEMORY, "no memory for an export") : OK;
}

static bool desk_begin(struct http_req *req, bool exports, struct desk *d) {
    struct err e;
    *d = (struct desk){ 0 };
    if (!visit_begin(req, &d->visit))
        return false;
    const char *token = http_param(req, "token");
    d->visit.path = d->path = arena_printf(http_arena(req), "/p/%s/%s", d->visit.name, token);
    enum code code = access_caller(d->visit.service, token, &(struct caller_place){ http_from_loopback(req), http_client(req) }, &d->who, http_arena(req), &e);
    if (code == OK && (!d->who.by_link || d->who.subject_kind < 0 || d->path == NULL))
        code = err_set(&e, E_NOT_FOUND, "this is not a private link");
    if (code == OK)
        code = tenant_get(service_store(d->visit.service), d->who.tenant, &d->tenant, http_arena(req), &e);
    if (code == OK)
        code = own_read(d, exports, &e);
    if (code == E_FORBIDDEN && !exports && record_unconfirmed(d->visit.service, d->who.tenant, d->who.subject_kind, &d->who.subject, &d->waits, &e) == OK && d->waits)
        code = OK;
    if (code != OK) {
        d->visit.path = "/";                   /* a dead link is not repeated in a page */
        visit_trouble(&d->visit, &e);
        return false;
    }
    http_note_tenant(req, d->who.tenant);
    d->action = arena_printf(http_arena(req), "%s?lang=%s", d->path, lang_code(d->visit.lang));
    if (exports || parent_read(d, &e) == OK)
        return visit_whole(&d->visit);
    visit_trouble(&d->visit, &e);
    return false;
}

/* Those that are damaged stand among them as such. */
static enum code list_read(struct desk *d, int kind, json_t **ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf text = BUF(LIST_MAX);
    struct damage lost;
    json_t *query = json_pack("{s:s}", "limit", "100");
    if (query == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a query");
    damage_begin(&lost, d->visit.api, http_request_id(d->visit.req));
    enum code code = record_list_text(d->visit.service, &d->who, kind, query, &lost.watch, &text, reterr);
    damage_end(&lost);
    json_decref(query);
    return code == OK ? shown_tree(&text, ret, reterr) : code;
}

/* Records of other kinds that are the person's own: {kind: [records]}. All of them, or an error. */
static enum code others_of(struct desk *d, json_t **ret, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(d->visit.charter, &kinds);
    json_t *all = json_object();
    enum code code = OK;
    for (size_t i = 0; i < n && code == OK; i++) {
        json_t *page = NULL;
        if ((int)i == d->who.subject_kind || !policy_kind(d->visit.charter, &d->who, (int)i, V_READ).any)
            continue;
        code = list_read(d, (int)i, &page, reterr);
        if (code == OK && json_array_size(json_object_get(page, "items")) > 0)
            json_object_set(all, kinds[i].name, json_object_get(page, "items"));
        json_decref(page);
        code = is_absent(code) ? OK : code;
    }
    if (code == OK)
        *ret = all;
    else
        json_decref(all);
    return code;
}

/* Erasing by the person's own hand: where the charter says "by the person", and no law asks for keeping. */
static bool may_erase(const struct desk *d) {
    const char *said = charter_value(d->visit.charter, "rights.erasure");
    const struct kind *k = charter_kind_at(d->visit.charter, d->who.subject_kind);
    bool law = k->because != NULL && strncmp(k->because, "law ", 4) == 0;
    return policy_kind(d->visit.charter, &d->who, d->who.subject_kind, V_ERASE).any || (!law && said != NULL && strncmp(said, "by the person", 13) == 0);
}

static usec_t instant_of(const json_t *record, const char *name, usec_t otherwise) {
    usec_t at;
    const char *text = json_string_value(json_object_get(record, name));
    return text != NULL && time_parse(text, &at) ? at : otherwise;
}

static void desk_confirm(struct desk *d, int status) {
    char token[GUARD_TOKEN_TEXT];
    struct buf body;
    struct page page;
    guard_token(pages_guard(d->visit.pages), d->path, visit_cookie(&d->visit), true, clock_now(), token);
    const struct confirm_view view = { .charter = d->visit.charter, .kind = d->who.subject_kind, .lang = d->visit.lang, .tenant = d->tenant.name, .action = d->action, .token = token };
    visit_page(&d->visit, text_in(TEXT_ADDRESS_TITLE, d->visit.lang), false, &body, &page);
    confirm_put(&body, &view);
    visit_send(&d->visit, status, &page, &body);
}

static struct link_view view_of(struct desk *d) {
    usec_t now = clock_now();
    return (struct link_view){
        .notice = { .charter = d->visit.charter, .service = d->visit.name, .kind = d->who.subject_kind, .lang = d->visit.lang, .tenant = d->tenant.name,
                    .parent = d->parent, .fields = json_object_get(d->record, "fields"), .created = instant_of(d->record, "created", now), .now = now, .sent = true },
        .who = &d->who, .record = d->record, .path = d->path, .action = d->action,
        .changes = policy_kind(d->visit.charter, &d->who, d->who.subject_kind, V_CHANGE).fields, .erases = may_erase(d),
    };
}

static void desk_show(struct desk *d, int status, enum text done, enum text trouble, const json_t *mistakes, bool typed) {
    char token[GUARD_TOKEN_TEXT];
    struct buf body;
    struct page page;
    json_t *others = NULL, *choices = NULL, *requests = NULL;
    struct home home = { .kind = d->who.subject_kind, .tenant = d->who.tenant };
    struct err e;
    if (d->waits) {
        desk_confirm(d, status);
        return;
    }
    enum code code = others_of(d, &others, &e);
    if (code == OK && d->objections == NULL)
        code = objection_list(d->visit.service, d->who.tenant, d->who.subject_kind, &d->who.subject, &d->objections, &e);
    if (code == OK && d->looks == NULL)
        code = looks_of_person(d->visit.service, d->who.tenant, d->who.subject_kind, &d->who.subject, &LOOKS_LEFT, &d->looks, &d->looks_more, &e);
    if (code == OK && d->again == NULL)
        code = record_locks(d->visit.service, &d->who, d->who.subject_kind, &d->who.subject, &d->again, &e);
    if (code == OK)
        code = home_choices(d->visit.service, &home, d->visit.lang, &choices, &e);
    code = code == OK ? requests_mine(&d->visit, &d->who, &requests, &e) : code;
    if (code != OK) {
        json_decref(others);
        json_decref(choices);
        visit_trouble(&d->visit, &e);
        return;
    }
    struct link_view view = view_of(d);
    guard_token(pages_guard(d->visit.pages), d->path, visit_cookie(&d->visit), true, clock_now(), token);
    view.token = token;
    view.others = others;
    view.done = done == TEXTS ? NULL : text_in(done, d->visit.lang);
    view.trouble = trouble == TEXTS ? NULL : text_in(trouble, d->visit.lang);
    view.choices = choices;
    view.looks = d->looks;
    view.objections = d->objections;
    view.again = d->again;
    view.looks_more = d->looks_more;
    view.requests = requests;
    view.typed = typed ? typed_in : NULL;
    view.typed_arg = d->visit.req;
    struct form_view words = { .notice = view.notice, .typed = typed_in, .typed_arg = d->visit.req };
    json_t *said = mistakes == NULL ? NULL : form_mistakes(&words, mistakes);
    view.mistakes = said;
    visit_page(&d->visit, text_in(TEXT_LINK_TITLE, d->visit.lang), typed, &body, &page);
    link_put(&body, &view);
    visit_send(&d->visit, status, &page, &body);
    json_decref(said);
    json_decref(others);
    json_decref(choices);
    json_decref(requests);
}

static const struct { const char *name; enum text text; } said_done[] = {
    { "change", TEXT_LINK_DONE_CHANGE }, { "withdraw", TEXT_LINK_DONE_WITHDRAW }, { "move", TEXT_LINK_DONE_MOVE }, { "request", TEXT_LINK_DONE_REQUEST },
    { "confirm", TEXT_ADDRESS_DONE }, { "object", TEXT_LINK_DONE_OBJECT }, { "object_end", TEXT_LINK_DONE_OBJECT_END }, { "restrict", TEXT_LINK_DONE_RESTRICT },
    { "again", TEXT_AGAIN_DONE },
};

static void link_get(struct http_req *req) {
    AUTO(desk_done) struct desk d;
    enum text done = TEXTS;
    const char *what = http_query(req, "done");
    if (!desk_begin(req, false, &d))
        return;
    for (size_t i = 0; what != NULL && i < ARRAY_LEN(said_done); i++)
        if (strcmp(said_done[i].name, what) == 0)
            done = said_done[i].text;
    desk_show(&d, 200, done, TEXTS, NULL, false);
}

/* Of each record that the file holds: {kind, id, reads: [as looks_of_person says], more}. All of them share what is looked at. */
static enum code looks_all(struct desk *d, json_t *records, json_t **ret, struct err *reterr) {
    const char *name;
    json_t *list, *record, *all = json_array();
    struct looks_left left = LOOKS_LEFT;
    size_t i;
    enum code code = all == NULL ? err_set(reterr, E_MEMORY, "no memory for an export") : OK;
    json_object_foreach(records, name, list)
        json_array_foreach(list, i, record) {
            struct uuid id;
            json_t *looks = NULL;
            bool more = false;
            const char *text = json_string_value(json_object_get(record, "id"));
            int kind = charter_kind(d->visit.charter, name);
            if (code != OK || text == NULL || kind < 0 || !uuid_parse(text, &id))
                continue;
            code = looks_of_person(d->visit.service, d->who.tenant, kind, &id, &left, &looks, &more, reterr);
            if (code == OK)
                json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:b}", "kind", name, "id", text, "reads", looks, "more", (int)more));
            code = is_absent(code) || code == E_DAMAGED ? OK : code;
        }
    if (code == OK)
        *ret = all;
    else
        json_decref(all);
    return code;
}

static void link_export(struct http_req *req) {
    AUTO(desk_done) struct desk d;
    char now[40];
    if (!desk_begin(req, true, &d))
        return;
    json_t *others = NULL, *records, *looks = NULL;
    struct err e;
    if (!guard_take(pages_guard(d.visit.pages), http_client(req), "p/data", clock_steady())) {
        http_reply_header(req, "Retry-After", "60");
        (void)err_set(&e, E_TOO_MANY, "too many downloads from one address");
        visit_trouble(&d.visit, &e);
        return;
    }
    if (others_of(&d, &others, &e) != OK) {
        visit_trouble(&d.visit, &e);
        return;
    }
    records = json_object();
    json_object_set_new(records, charter_kind_at(d.visit.charter, d.who.subject_kind)->name, json_pack("[O]", d.record));
    json_object_update(records, others);
    if (looks_all(&d, records, &looks, &e) != OK) {
        visit_trouble(&d.visit, &e);
        json_decref(records);
        json_decref(others);
        return;
    }
    json_t *whole = json_pack("{s:s, s:s, s:s, s:o, s:o}", "service", d.visit.name, "operator", charter_operator(d.visit.charter), "exported",
                              time_format(clock_now(), now, sizeof now), "records", records, "who_looked", looks);
    http_reply_header(req, "Content-Disposition", "attachment; filename=\"data.json\"");
    http_reply_header(req, "X-Robots-Tag", "noindex");
    if (visit_whole(&d.visit))
        http_reply_json(req, 200, whole);
    json_decref(whole);
    json_decref(others);
}

/* ---- what the person does */
struct deed { json_t *patch, *consents, *mistakes, *made; };
static void deed_done(struct deed *x) {
    json_decref(x->patch);
    json_decref(x->consents);
    json_decref(x->mistakes);
    json_decref(x->made);
}
DEFINE_AUTO_VALUE(struct deed, deed_done)

static void desk_back(struct desk *d, const char *what) {
    char *to = arena_printf(http_arena(d->visit.req), "%s?lang=%s&done=%s", d->path, lang_code(d->visit.lang), what);
    http_reply_redirect(d->visit.req, 303, to == NULL ? d->path : to);
}

static int64_t version_typed(struct http_req *req) {
    int64_t version;
    const char *text = http_form(req, LINK_VERSION);
    return text != NULL && text_int(text, 0, INT64_MAX, &version) ? version : -1;
}

/* Nothing personal is taken while the tenant has no agreement in force. */
static bool is_closed(const struct desk *d) {
    bool agreed = true;
    struct err e;
    return service_agreed(d->visit.service, d->who.tenant, &agreed, &e) == OK && !agreed;
}

static void desk_change(struct desk *d, struct deed *x, const char *what, bool typed) {
    struct err e;
    enum code code = OK;
    if (!visit_whole(&d->visit))
        return;
    bool shown = false;
    if (json_object_size(x->consents) > 0)
        code = consent_shown(d->visit.service, d->who.subject_kind, d->visit.lang, &shown, d->shown, &e);
    d->who.notice = code == OK && shown ? d->shown : NULL;
    if (code == OK && (json_object_size(x->patch) > 0 || json_object_size(x->consents) > 0))
        code = record_change(d->visit.service, &(struct record_request){ .who = &d->who, .kind = d->who.subject_kind, .id = d->who.subject, .input = x->patch,
                                                                         .consents = x->consents, .if_match = version_typed(d->visit.req), .lang = d->visit.lang },
                             &x->made, &x->mistakes, &e);
    if (code == OK) {
        desk_back(d, what);
        return;
    }
    bool named = json_array_size(x->mistakes) > 0;
    if (code == E_FIELDS || code == E_CONFLICT || code == E_STALE || code == E_FORBIDDEN || code == E_INVALID)
        desk_show(d, code_status(code), TEXTS, named && typed ? TEXTS : code == E_FORBIDDEN && is_closed(d) ? TEXT_FORM_CLOSED : TEXT_LINK_REFUSED, x->mistakes, named && typed);
    else
        visit_trouble(&d->visit, &e);
}

static void do_change(struct desk *d) {
    AUTO(deed_done) struct deed x = { 0 };
    struct link_view view = view_of(d);
    view.typed = typed_in;
    view.typed_arg = d->visit.req;
    link_patch(&view, &x.patch, &x.consents);
    desk_change(d, &x, "change", true);
}

/* A line for each part that stays: its fields, the ground, and the day. */
static void kept_put(struct buf *ret, const struct desk *d, json_t *kept) {
    size_t i, n;
    json_t *one, *field;
    if (kept == NULL)
        return;
    buf_text(ret, "<ul>\n");
    json_array_foreach(kept, i, one) {
        const struct kind *k = charter_kind_at(service_charter(d->visit.service), charter_kind(service_charter(d->visit.service), json_string_value(json_object_get(one, "kind"))));
        const char *due = json_string_value(json_object_get(one, "due")), *because = json_string_value(json_object_get(one, "because"));
        buf_text(ret, "<li>");
        json_array_foreach(json_object_get(one, "fields"), n, field) {
            buf_text(ret, n == 0 ? "" : ", ");
            buf_html(ret, k->fields[kind_field(k, json_string_value(field))].label.in[d->visit.lang]);
        }
        if (strcmp(because, "hold") != 0 && strcmp(because, "restriction") != 0) {
            buf_text(ret, ": ");
            buf_html(ret, because);
        }
        if (due != NULL)
            buf_printf(ret, " (%.10s)", due);
        buf_text(ret, "</li>\n");
    }
    buf_text(ret, "</ul>\n");
}

static void desk_erased(struct desk *d, json_t *kept);
/* Neither who_changes nor a move has a word for it: the charter grants it to the person elsewhere (rights.erasure, because), so sejf
 * does it on the person's behalf, and the ledger names the link's number. */
static void desk_erase(struct desk *d) {
    struct err e;
    json_t *gone = NULL, *kept = NULL;
    struct caller who = { .tenant = d->who.tenant, .person = -1, .token = d->who.token, .by_sejf = true, .subject_kind = -1 };
    enum code code = record_erase_told(d->visit.service, &(struct record_request){ .who = &who, .kind = d->who.subject_kind, .id = d->who.subject, .if_match = -1 }, &gone, &kept, &e);
    json_decref(gone);
    if (code != OK) {
        visit_trouble(&d->visit, &e);
        return;
    }
    desk_erased(d, kept);
}

/* Takes the reference of what stays. */
static void desk_erased(struct desk *d, json_t *kept) {
    struct buf body;
    struct page page;
    d->visit.path = "/";
    const char *title = text_in(kept == NULL ? TEXT_LINK_DONE_ERASE_TITLE : TEXT_LINK_DONE_KEPT_TITLE, d->visit.lang);
    visit_page(&d->visit, title, true, &body, &page);
    buf_text(&body, "<div role=\"status\">\n<h1>");
    buf_html(&body, title);
    buf_text(&body, "</h1>\n<p class=\"lead\">");
    buf_html(&body, text_in(kept == NULL ? TEXT_LINK_DONE_ERASE : TEXT_LINK_DONE_KEPT, d->visit.lang));
    buf_text(&body, "</p>\n");
    kept_put(&body, d, kept);
    buf_text(&body, "</div>\n");
    json_decref(kept);
    visit_send(&d->visit, 200, &page, &body);
}

static void do_erase(struct desk *d) {
    if (may_erase(d))
        desk_erase(d);
    else
        desk_show(d, 403, TEXTS, TEXT_LINK_REFUSED, NULL, false);
}

static void desk_withdraw_all(struct desk *d, struct deed *x) {
    struct err e;
    enum code code = record_change(d->visit.service, &(struct record_request){ .who = &d->who, .kind = d->who.subject_kind, .id = d->who.subject, .input = x->patch, .consents = x->consents,
                                                                              .if_match = -1, .lang = d->visit.lang }, &x->made, &x->mistakes, &e);
    if (code == OK)
        desk_erased(d, NULL);
    else
        visit_trouble(&d->visit, &e);
}

/* A consent that only opens some fields takes them with it; one that the whole record rests on takes the record. */
static void do_withdraw(struct desk *d) {
    const char *consent = http_form(d->visit.req, LINK_TO);
    AUTO(deed_done) struct deed x = { .patch = json_object(), .consents = json_object() };
    bool given = consent != NULL && json_is_true(json_object_get(json_object_get(d->record, "consents"), consent));
    const char *basis = kind_consent(charter_kind_at(d->visit.charter, d->who.subject_kind));
    if (given)
        json_object_set_new(x.consents, consent, json_false());
    if (given && basis != NULL && strcmp(basis, consent) == 0) {
        desk_withdraw_all(d, &x);
        return;
    }
    desk_change(d, &x, "withdraw", false);
}

/* A use that came after the person gave its data. */
static void use_set(struct desk *d, bool given) {
    const char *what = http_form(d->visit.req, LINK_TO);
    struct err e;
    enum code code = what == NULL ? err_set(&e, E_INVALID, "no use is named")
                                  : record_consent_again(d->visit.service, &d->who, d->who.subject_kind, &d->who.subject, what, given, &e);
    if (code == OK)
        desk_back(d, "again");
    else if (is_absent(code) || code == E_INVALID)
        desk_show(d, 409, TEXTS, TEXT_LINK_REFUSED, NULL, false);
    else
        visit_trouble(&d->visit, &e);
}
static void do_agree(struct desk *d) { use_set(d, true); }
static void do_disagree(struct desk *d) { use_set(d, false); }

struct wanted { const char *option; const char *field; const struct kind *kind; };
static void find_move(void *arg, int field, const char *option) {
    struct wanted *w = arg;
    if (w->option != NULL && strcmp(option, w->option) == 0)
        w->field = w->kind->fields[field].name;
}

static void do_move(struct desk *d) {
    AUTO(deed_done) struct deed x = { .patch = json_object(), .consents = json_object() };
    struct link_view view = view_of(d);
    struct wanted w = { .option = http_form(d->visit.req, LINK_TO), .kind = charter_kind_at(d->visit.charter, d->who.subject_kind) };
    link_moves(&view, find_move, &w);
    if (w.field == NULL) {
        desk_show(d, 409, TEXTS, TEXT_LINK_REFUSED, NULL, false);
        return;
    }
    json_object_set_new(x.patch, w.field, json_string(w.option));
    desk_change(d, &x, "move", false);
}

static void desk_answer(struct desk *d, enum code code, const char *what, const struct err *e) {
    if (code == OK)
        desk_back(d, what);
    else if (code == E_FIELDS)
        desk_show(d, 422, TEXTS, TEXT_LINK_REFUSED, NULL, false);
    else
        visit_trouble(&d->visit, e);
}

static void do_confirm(struct desk *d) {
    struct err e;
    enum code code = record_confirm(d->visit.service, &d->who, d->who.subject_kind, &d->who.subject, &e);
    desk_answer(d, code, "confirm", &e);
}

static void object(struct desk *d, bool ends) {
    struct err e;
    const char *purpose = http_form(d->visit.req, LINK_TO);
    const struct kind *k = charter_kind_at(d->visit.charter, d->who.subject_kind);
    enum code code = purpose == NULL || (!ends && !policy_objectable(k, kind_purpose(k, purpose))) ? err_set(&e, E_FIELDS, "no use that may be objected to")
        : ends ? objection_end(d->visit.service, &d->who, d->who.subject_kind, &d->who.subject, purpose, &e)
               : objection_make(d->visit.service, &d->who, d->who.subject_kind, &d->who.subject, purpose, NULL, &e);
    desk_answer(d, code, ends ? "object_end" : "object", &e);
}
static void do_object(struct desk *d) { object(d, false); }
static void do_object_end(struct desk *d) { object(d, true); }

static void do_restrict(struct desk *d) {
    struct err e;
    enum code code = restriction_set(d->visit.service, &d->who, d->who.subject_kind, &d->who.subject, 0, &e);
    desk_answer(d, code, "restrict", &e);
}

static void do_request(struct desk *d) {
    enum text trouble = TEXTS;
    if (request_take(&d->visit, &d->who, &trouble) && trouble == TEXTS)
        desk_back(d, "request");
    else if (trouble != TEXTS)
        desk_show(d, 422, TEXTS, trouble, NULL, true);
}

static const struct { const char *name; void (*run)(struct desk *d); } deeds[] = {
    { "request", do_request }, { "change", do_change }, { "withdraw", do_withdraw }, { "move", do_move }, { "erase", do_erase },
    { "confirm", do_confirm }, { "object", do_object }, { "object_end", do_object_end }, { "restrict", do_restrict },
    { "agree", do_agree }, { "disagree", do_disagree },
};

static void link_post(struct http_req *req) {
    AUTO(desk_done) struct desk d;
    struct err e;
    if (!desk_begin(req, false, &d))
        return;
    bool read = http_form_read(req, &e) == OK;
    const char *what = read ? http_form(req, LINK_DO) : NULL;
    if (!guard_take(pages_guard(d.visit.pages), http_client(req), d.path, clock_steady())) {
        http_reply_header(req, "Retry-After", "60");
        desk_show(&d, 429, TEXTS, TEXT_FORM_MANY, NULL, false);
        return;
    }
    bool fine = read && guard_check(pages_guard(d.visit.pages), d.path, visit_cookie_sent(&d.visit), http_form(req, FORM_TOKEN), clock_now()) == GUARD_FINE;
    if (rule_on(RULE_form_csrf) && (!fine || visit_cross_site(&d.visit))) {
        desk_show(&d, 403, TEXTS, TEXT_LINK_REFUSED, NULL, false);
        return;
    }
    for (size_t i = 0; what != NULL && i < ARRAY_LEN(deeds); i++)
        if (strcmp(deeds[i].name, what) == 0 && (!d.waits || deeds[i].run == do_confirm)) {
            deeds[i].run(&d);
            return;
        }
    desk_show(&d, 422, TEXTS, TEXT_LINK_REFUSED, NULL, false);
}

static void link_receipt(struct http_req *req) {
    AUTO(desk_done) struct desk d;
    struct err e;
    json_t *receipt = NULL;
    if (!desk_begin(req, true, &d))
        return;
    if (!guard_take(pages_guard(d.visit.pages), http_client(req), "p/data", clock_steady()))
        (void)err_set(&e, E_TOO_MANY, "too many downloads from one address");
    else if (consent_receipt(d.visit.service, d.who.tenant, d.tenant.name, d.who.subject_kind, &d.who.subject, &receipt, &e) == OK) {
        http_reply_header(req, "Content-Disposition", "attachment; filename=\"receipt.json\"");
        http_reply_header(req, "X-Robots-Tag", "noindex");
        if (visit_whole(&d.visit))
            http_reply_json(req, 200, receipt);
        json_decref(receipt);
        return;
    }
    visit_trouble(&d.visit, &e);
}

static const struct route list[] = {
    { "GET", "/p/{service}/{token}", ROUTE_SECRET, link_get },
    { "POST", "/p/{service}/{token}", ROUTE_SECRET, link_post },
    { "GET", "/p/{service}/{token}/data.json", ROUTE_SECRET, link_export },
    { "GET", "/p/{service}/{token}/receipt.json", ROUTE_SECRET, link_receipt },
};
const struct route_table routes_links = { list, ARRAY_LEN(list) };
