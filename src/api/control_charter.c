/* control_charter.c — versions of charters: announcing one, listing them, and what they lock. */
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "api/page_html.h"
#include "api/version.h"
#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/post.h"
#include "records/service.h"
#include "store/people.h"
#include "store/tables.h"

#define CAUSE "charter"
#define BY "operator"
#define LETTER_LIFE (14 * USEC_PER_DAY)

/* ---- who is told: the members of each tenant who act for it */

struct telling { struct control_req *c; const struct charter *older, *newer; int64_t version; usec_t begins; bool uses; int told, tenants; };
struct role { const char *name; struct uuid list[64]; size_t count; };

static bool of_role(const struct member_row *r, void *arg) {
    struct role *role = arg;
    if (r->suspended == 0 && strcmp(r->role, role->name) == 0 && role->count < ARRAY_LEN(role->list))
        role->list[role->count++] = r->account;
    return true;
}

static enum code letter_make(struct telling *t, int64_t tenant, const struct person_of *who, struct post_ready *ret, struct err *reterr) {
    AUTO(buf_done) struct buf subject = BUF(1024), text = BUF(16384), day = BUF(64), link = BUF(1024);
    struct civil c = zone_civil(charter_zone(t->newer), t->begins);
    const char *title = charter_title(t->newer)->in[who->lang];
    say_date(&day, who->lang, &c);
    buf_printf(&link, "%s/s/%s/versions?lang=%s", api_config(t->c->api)->base_url, charter_name(t->newer), lang_code(who->lang));
    say_plain(&subject, text_in(TEXT_VERSIONS_MAIL_SUBJECT, who->lang), SAY_ARGS(title, buf_str(&day)));
    say_plain(&text, text_in(TEXT_VERSIONS_MAIL, who->lang), SAY_ARGS(charter_operator(t->newer), title, buf_str(&day)));
    buf_text(&text, "\n\n");
    if (t->uses) {
        buf_text(&text, text_in(TEXT_VERSIONS_MAIL_USES, who->lang));
        buf_text(&text, "\n\n");
    }
    say_plain(&text, text_in(TEXT_VERSIONS_MAIL_LINK, who->lang), SAY_ARGS(buf_str(&link), charter_contact(t->newer)));
    buf_char(&text, '\n');
    if (subject.failed || text.failed || day.failed || link.failed)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    const struct post p = { .cause = CAUSE, .about = t->version, .to = who->email, .to_name = who->name[0] != 0 ? who->name : NULL, .lang = who->lang, .subject = buf_str(&subject),
                            .text = buf_str(&text), .until = clock_now() + LETTER_LIFE };
    return post_seal(t->c->service, tenant, &p, ret, reterr);
}

/* All letters of a tenant and its entry in one write: told wholly or not at all. */
struct tell_write { struct telling *t; struct post_ready *letters; size_t count; };
static enum code tell_write(struct txn *t, void *arg, struct err *reterr) {
    struct tell_write *w = arg;
    char day[40];
    enum code code = OK;
    for (size_t i = 0; code == OK && i < w->count; i++)
        code = post_put(t, &w->letters[i], reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:s, s:I, s:s, s:I}", "service", charter_name(w->t->newer), "version", (json_int_t)w->t->version, "begins",
                             time_format(w->t->begins, day, sizeof day), "letters", (json_int_t)w->count);
    code = ledger_append(t, "charter_announced", BY, what, reterr);
    json_decref(what);
    return code;
}

static bool any_letter(const struct letter_row *r UNUSED, void *arg) {
    *(bool *)arg = true;
    return false;
}

static enum code tenant_roles(struct telling *t, int64_t tenant, struct role *ret, bool *ret_told, struct err *reterr) {
    const struct person *people;
    AUTO(view_end) struct view *v = NULL;
    (void)charter_people(t->older, &people);
    *ret = (struct role){ .name = people[charter_tenant(t->older)].name };
    enum code code = store_view(t->c->store, tenant, &v, reterr);
    if (code == OK)
        code = letters_about(view_sql(v), CAUSE, t->version, any_letter, ret_told, reterr);
    return code == OK ? members_of_tenant(view_sql(v), tenant, of_role, ret, reterr) : code;
}

static enum code tell_tenant(struct telling *t, int64_t tenant, struct err *reterr) {
    struct role role;
    bool told = false;
    enum code code = tenant_roles(t, tenant, &role, &told, reterr);
    if (code != OK || told)
        return code;
    struct post_ready *letters = mem_new((role.count + 1) * sizeof *letters);
    struct tell_write w = { t, letters, 0 };
    if (letters == NULL)
        return err_set(reterr, E_MEMORY, "no memory for letters");
    for (size_t i = 0; code == OK && i < role.count; i++) {
        struct person_of who;
        code = account_read(api_people(t->c->api), &role.list[i], &who, reterr);
        if (code == OK && letter_make(t, tenant, &who, &letters[w.count], reterr) == OK)
            w.count++;
        else if (code == OK)
            code = reterr->code;
        else if (code == E_NOT_FOUND)          /* it left meanwhile */
            code = OK;
        crypto_wipe(&who, sizeof who);
    }
    if (code == OK)
        code = store_write(t->c->store, tenant, tell_write, &w, reterr);
    for (size_t i = 0; i < w.count; i++)
        post_ready_done(&letters[i]);
    mem_free(letters);
    t->told += (int)w.count;
    t->tenants++;
    return code;
}

struct tenants { int64_t *list; size_t count, room; bool failed; };
static bool take_tenant(const struct tenant_row *row, void *arg) {
    struct tenants *t = arg;
    if (row->probe || row->closed != 0)
        return true;
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 64 : t->room * 2;
        int64_t *list = mem_grow(t->list, room, sizeof *list);
        t->failed = list == NULL;
        if (t->failed)
            return false;
        t->list = list;
        t->room = room;
    }
    t->list[t->count++] = row->id;
    return true;
}

static enum code tell_all(struct telling *t, struct err *reterr) {
    struct tenants all = { .count = 0 };
    enum code code = tenants_list(t->c->store, charter_name(t->newer), take_tenant, &all, reterr);
    if (code == OK && all.failed)
        code = err_set(reterr, E_MEMORY, "no memory for the tenants");
    for (size_t i = 0; code == OK && i < all.count; i++)
        code = tell_tenant(t, all.list[i], reterr);
    mem_free(all.list);
    return code;
}

/* ---- verbs */

static enum code day_read(const struct charter *c, const char *text, usec_t *ret, struct err *reterr) {
    struct civil day;
    *ret = 0;
    if (text == NULL)
        return OK;
    if (!date_parse(text, &day))
        return err_field(reterr, E_FIELDS, "/from", "a day is written 2027-01-31");
    *ret = zone_instant(charter_zone(c), &day);
    return OK;
}

enum code do_charter_announce(struct control_req *c, struct err *reterr) {
    const char *text = control_text(c, "text"), *file = control_text(c, "file");
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *newer = NULL;
    struct telling t = { .c = c };
    usec_t begins = 0;
    json_t *changes = NULL;
    size_t uses = 0;
    if (text == NULL || f == NULL)
        return err_set(reterr, text == NULL ? E_INVALID : E_MEMORY, text == NULL ? "the text of a charter is missing" : "no memory for a charter");
    enum code code = charter_load_text(file == NULL ? "charter" : file, text, strlen(text), f, &newer, reterr);
    if (code != OK)
        return code;
    c->service = api_service(c->api, charter_name(newer));
    if (c->service == NULL)
        return err_set(reterr, E_NOT_FOUND, "no service %s runs here: a new one needs no announcement", charter_name(newer));
    t.older = service_charter(c->service);
    t.newer = newer;
    if (memcmp(charter_hash(t.older), charter_hash(newer), HASH_SIZE) == 0)
        return err_set(reterr, E_CONFLICT, "the service runs on this charter already");
    code = day_read(newer, control_text(c, "from"), &begins, reterr);
    if (code == OK)
        code = version_changes(t.older, newer, &changes, &uses, reterr);
    json_decref(changes);
    if (code == OK)
        code = version_announce(c->store, t.older, newer, clock_now(), begins, &t.version, &t.begins, reterr);
    t.uses = uses > 0;
    if (code == OK)
        code = tell_all(&t, reterr);
    if (code != OK)
        return code;
    control_set(c, "service", json_string(charter_name(newer)));
    control_set(c, "version", json_integer((json_int_t)t.version));
    control_set(c, "begins", control_time(t.begins));
    control_set(c, "told", json_integer(t.told));
    control_set(c, "tenants", json_integer(t.tenants));
    return OK;
}

struct saying { struct control_req *c; int64_t count; };
static bool say_version(const struct version_row *r, void *arg) {
    struct saying *s = arg;
    s->count++;
    return control_say_new(s->c, json_pack("{s:I, s:s, s:o, s:o, s:o, s:o}", "number", (json_int_t)r->number, "updated", r->updated, "announced",
                                           r->announced == 0 ? json_null() : control_time(r->announced), "begins", r->begins == 0 ? json_null() : control_time(r->begins), "since",
                                           r->since == 0 ? json_null() : control_time(r->since), "changes", json_loads(r->changes, 0, NULL)));
}

enum code do_charter_versions(struct control_req *c, struct err *reterr) {
    struct saying s = { c, 0 };
    enum code code = versions_list(c->store, charter_name(service_charter(c->service)), say_version, &s, reterr);
    control_set(c, "count", json_integer((json_int_t)s.count));
    return code;
}

static bool say_lock(const struct lock_row *r, void *arg) {
    struct saying *s = arg;
    const struct kind_info *k = service_kind_by_number(s->c->service, r->kind);
    s->count++;
    return control_say_new(s->c, json_pack("{s:s, s:s, s:I}", "kind", k == NULL ? "" : k->kind->name, "what", r->what, "version", (json_int_t)r->version));
}

enum code do_charter_locks(struct control_req *c, struct err *reterr) {
    struct saying s = { c, 0 };
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(c->store, c->tenant, &v, reterr);
    if (code == OK)
        code = locks_list(view_sql(v), say_lock, &s, reterr);
    control_set(c, "count", json_integer((json_int_t)s.count));
    return code;
}
