/* restriction.c — each step is one write with its entry of the ledger. */
#include "rights/restriction.h"

#include <string.h>

#include "base/say.h"
#include "ledger/ledger.h"
#include "records/draft.h"
#include "records/post.h"
#include "rights/paper.h"
#include "rights/subject.h"
#include "rights/tell.h"
#include "store/consent.h"

#define CAUSE "restriction"
#define LETTER_LIFE (14 * USEC_PER_DAY)
enum step { SET, WRITE, TELL, LIFT };
struct restricting { struct service *s; const struct caller *who; const struct kind_info *k; struct uuid id; enum step step; int64_t request; usec_t told; struct post_ready *letter; };

/* The letter about this restriction, which is no older than it: whether a mail server has answered about it, and when: one that cannot be reached has told nobody. */
struct written { usec_t since, heard; bool there; enum letter_state state; };
static bool take_letter(const struct letter_row *r, void *arg) {
    struct written *w = arg;
    if (r->made < w->since || (r->state == LETTER_OVER && r->answers == 0))      /* given up without a word: another may be written */
        return true;
    w->there = true;
    w->state = r->state;
    w->heard = r->answers > 0 ? r->heard : w->heard;
    return true;
}

static enum code letter_of(struct sql *q, int64_t born, usec_t since, struct written *ret, struct err *reterr) {
    *ret = (struct written){ .since = since };
    return letters_about(q, CAUSE, born, take_letter, ret, reterr);
}

static bool take(const struct restriction_row *r, void *arg) {
    struct restriction_row *to = arg;
    *to = *r;
    to->by = NULL;                             /* lives no longer than the call */
    return true;
}

static enum code set_write(struct txn *t, const struct restricting *r, const char *by, struct err *reterr) {
    enum code code = restriction_put(t, &(struct restriction_row){ .kind = r->k->number, .id = r->id, .request = r->request, .lifts = USEC_NEVER, .by = by }, reterr);
    return code == OK ? row_mark(t, r->k->number, &r->id, MARK_RESTRICTED, 0, reterr) : code;
}

static enum code told_check(const struct restriction_row *stands, usec_t told, usec_t now, struct err *reterr) {
    return told >= stands->at && told <= now ? OK
        : err_field(reterr, E_FIELDS, "/told", "must lie between the day on which the record was restricted and now: the person is told before the restriction is lifted (GDPR, article 18(3))");
}

static enum code lift_write(struct txn *t, const struct restricting *r, const struct restriction_row *stands, int64_t born, struct err *reterr) {
    struct written letter;
    enum code code = letter_of(txn_sql(t), born, stands->at, &letter, reterr);
    if (code != OK)
        return code;
    usec_t told = r->told != 0 ? r->told : stands->told != 0 ? stands->told : letter.heard;
    if (rule_on(RULE_right_restriction) && told == 0 && letter.there)
        return err_set(reterr, E_CONFLICT, "the letter that tells the person waits: no mail server has answered about it yet, and the restriction is lifted after that (GDPR, article 18(3))");
    if (rule_on(RULE_right_restriction) && told == 0)
        return err_set(reterr, E_CONFLICT, "the person has not been told yet that the restriction ends, and must be before it is lifted (GDPR, article 18(3)): have it written to (told), or say when it was told");
    if (rule_on(RULE_right_restriction) && r->told != 0)
        code = told_check(stands, told, txn_now(t), reterr);
    if (code == OK)
        code = restriction_drop(t, r->k->number, &r->id, reterr);
    return code == OK ? row_mark(t, r->k->number, &r->id, 0, MARK_RESTRICTED, reterr) : code;
}

static enum code tell_write(struct txn *t, const struct restricting *r, const struct restriction_row *stands, struct err *reterr) {
    enum code code = told_check(stands, r->told, txn_now(t), reterr);
    return code == OK ? restriction_told(t, r->k->number, &r->id, r->told, USEC_NEVER, reterr) : code;
}

/* One for each restriction: whoever asks again gets no second letter sent. */
static enum code letter_write(struct txn *t, const struct restricting *r, const struct restriction_row *stands, int64_t born, bool *ret_done, struct err *reterr) {
    struct written letter;
    enum code code = letter_of(txn_sql(t), born, stands->at, &letter, reterr);
    *ret_done = code == OK && !letter.there;
    if (code != OK || letter.there)
        return code;
    r->letter->row.about = born;
    return post_put(t, r->letter, reterr);
}

static enum code entry(struct txn *t, const struct restricting *r, const char *by, struct err *reterr) {
    static const char *const verbs[] = { [SET] = "restriction_set", [WRITE] = "restriction_written", [TELL] = "restriction_told", [LIFT] = "restriction_lifted" };
    char id[UUID_TEXT], told[32];
    json_t *what = json_pack("{s:s, s:s}", "kind", r->k->kind->name, "id", uuid_format(&r->id, id));
    if (what == NULL || (r->told != 0 && json_object_set_new(what, "told", json_string(time_format(r->told, told, sizeof told))) != 0) ||
        (r->request != 0 && json_object_set_new(what, "request", json_integer(r->request)) != 0)) {
        json_decref(what);
        return err_set(reterr, E_MEMORY, "no memory for a ledger entry");
    }
    enum code code = ledger_append(t, verbs[r->step], by, what, reterr);
    json_decref(what);
    return code;
}

static enum code step_write(struct txn *t, void *arg, struct err *reterr) {
    struct restricting *r = arg;
    struct row row;
    struct restriction_row stands = { 0 };
    struct err none;
    char buf[CALLER_TEXT];
    const char *by = caller_text(r->who, buf, sizeof buf);
    enum code code = row_get(txn_sql(t), r->k->number, &r->id, &row, reterr);
    if (code != OK)
        return code;
    code = restriction_get(txn_sql(t), r->k->number, &r->id, take, &stands, &none);
    if (r->step == SET && code == OK)
        return OK;                             /* restricted is restricted */
    if (code != OK && !(r->step == SET && code == E_NOT_FOUND)) {
        *reterr = none;
        return code;
    }
    bool done = true;
    switch (r->step) {
    case SET: code = set_write(t, r, by, reterr); break;
    case WRITE: code = letter_write(t, r, &stands, row.born, &done, reterr); break;
    case TELL: code = tell_write(t, r, &stands, reterr); break;
    case LIFT: code = lift_write(t, r, &stands, row.born, reterr); break;
    }
    return code == OK && done ? entry(t, r, by, reterr) : code;
}

static enum code run(struct service *s, const struct caller *who, int kind, const struct uuid *id, enum step step, int64_t request, usec_t told, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && reterr != NULL);
    struct restricting r = { .s = s, .who = who, .k = service_kind(s, kind), .id = *id, .step = step, .request = request, .told = told };
    return store_write(s->store, who->tenant, step_write, &r, reterr);
}

enum code restriction_set(struct service *s, const struct caller *who, int kind, const struct uuid *id, int64_t request, struct err *reterr) {
    return run(s, who, kind, id, SET, request, 0, reterr);
}

/* ---- the letter */
static const struct { struct words subject, text; } lift =
#define LIFT(sen, spl, shu, ten, tpl, thu) { WORDS(sen, spl, shu), WORDS(ten, tpl, thu) };
#include "rights/texts_lift.tbl"
#undef LIFT

/* What stands, and what was read last when a consent of the record was given. */
struct restricted { int64_t request; usec_t since; bool shown; uint8_t text[HASH_SIZE]; };
static bool take_restricted(const struct restriction_row *r, void *arg) {
    struct restricted *to = arg;
    to->request = r->request;
    to->since = r->at;
    return true;
}

static bool take_read(const struct consent_row *r, void *arg) {
    struct restricted *to = arg;
    if (r->shown)
        memcpy(to->text, r->text, sizeof to->text);
    to->shown = to->shown || r->shown;
    return true;
}

static enum code restricted_as(const struct restricting *r, struct restricted *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(r->s->store, r->who->tenant, &v, reterr);
    if (code == OK)
        code = restriction_get(view_sql(v), r->k->number, &r->id, take_restricted, ret, reterr);
    return code == OK ? consents_of(view_sql(v), r->k->number, &r->id, take_read, ret, reterr) : code;
}

static bool take_lang(const struct consent_text *t, void *arg) {
    enum lang *to = arg;
    if (!lang_parse(t->lang, strlen(t->lang), to))
        *to = LANG_COUNT;
    return true;
}

/* The person's: that of the request that asked for the restriction, else of what the person read and agreed to; where neither is known (any
 * more), the service's first. */
static enum code lang_known(const struct restricting *r, const struct restricted *stands, enum lang *ret, struct err *reterr) {
    const struct request_desk desk = { .service = r->s, .tenant = r->who->tenant };
    enum lang lang = LANG_COUNT;
    enum code code = OK;
    if (stands->request != 0) {
        AUTO(request_work_done) struct request_work w = { .desk = &desk };
        code = request_open(&desk, stands->request, &w, reterr);
        lang = code == OK ? tell_lang(&w) : lang;
    }
    if ((code == OK || code == E_NOT_FOUND || code == E_GONE) && lang == LANG_COUNT)
        code = stands->shown ? consent_text_get(r->s->store, charter_name(r->s->charter), stands->text, take_lang, &lang, reterr) : OK;
    if (code != OK && code != E_NOT_FOUND)
        return code;
    *ret = lang != LANG_COUNT ? lang : charter_first_lang(r->s->charter);
    return OK;
}

static enum code letter_seal(struct restricting *r, const char *to, const char *who_lifts, usec_t since, enum lang lang, struct post_ready *ret, struct err *reterr) {
    const struct charter *c = r->s->charter;
    const struct words *title = charter_title(c);
    const char *service = title->in[lang] != NULL ? title->in[lang] : charter_name(c);
    AUTO(buf_done) struct buf day = BUF(64), authority = BUF(1024), subject = BUF(POST_SUBJECT_MAX), text = BUF(POST_TEXT_MAX);
    struct civil set = zone_civil(charter_zone(c), since);
    say_date(&day, lang, &set);
    authority_put(c, ", ", &authority);
    const char *const args[] = { service, who_lifts != NULL && who_lifts[0] != 0 ? who_lifts : charter_operator(c), buf_str(&day), charter_contact(c), buf_str(&authority), NULL };
    say_plain(&subject, lift.subject.in[lang], args);
    say_plain(&text, lift.text.in[lang], args);
    if (day.failed || authority.failed || subject.failed || text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    return post_seal(r->s, r->who->tenant, &(struct post){ .cause = CAUSE, .to = to, .lang = lang, .subject = buf_str(&subject), .text = buf_str(&text), .until = clock_now() + LETTER_LIFE }, ret, reterr);
}

enum code restriction_write(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *who_lifts, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(post_ready_done) struct post_ready letter = { .sealed = BUF(1) };
    struct restricting r = { .s = s, .who = who, .k = service_kind(s, kind), .id = *id, .step = WRITE, .letter = &letter };
    struct subject_wish wish = { NULL, NULL };
    struct restricted stands = { .request = 0 };
    enum lang lang = LANG_EN;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a letter") : restricted_as(&r, &stands, reterr);
    if (code == OK)
        code = subject_addresses(s, who->tenant, kind, id, arena, &wish, reterr);
    if (code == OK && wish.email == NULL)
        return err_set(reterr, E_CONFLICT, "the record holds no e-mail address: tell the person in another way, and say when (told)");
    if (code == OK)
        code = lang_known(&r, &stands, &lang, reterr);
    if (code == OK)
        code = letter_seal(&r, wish.email, who_lifts, stands.since, lang, &letter, reterr);
    return code == OK ? store_write(s->store, who->tenant, step_write, &r, reterr) : code;
}

enum code restriction_tell(struct service *s, const struct caller *who, int kind, const struct uuid *id, usec_t told, struct err *reterr) {
    return run(s, who, kind, id, TELL, 0, told, reterr);
}

enum code restriction_lift(struct service *s, const struct caller *who, int kind, const struct uuid *id, usec_t told, struct err *reterr) {
    return run(s, who, kind, id, LIFT, 0, told, reterr);
}

struct listing { struct service *s; json_t *list; bool failed; };
static bool list_row(const struct restriction_row *r, void *arg) {
    struct listing *l = arg;
    char id[UUID_TEXT], at[32], told[32];
    const struct kind_info *k = service_kind_by_number(l->s, r->kind);
    if (k == NULL)
        return true;
    json_t *one = json_pack("{s:s, s:s, s:s, s:s?, s:s}", "kind", k->kind->name, "id", uuid_format(&r->id, id), "at", time_format(r->at, at, sizeof at),
                            "told", r->told == 0 ? NULL : time_format(r->told, told, sizeof told), "by", r->by);
    if (one != NULL && r->request != 0)
        l->failed = json_object_set_new(one, "request", json_integer(r->request)) != 0;
    l->failed = json_array_append_new(l->list, one) != 0 || l->failed;
    return !l->failed;
}

enum code restriction_list(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && (kind < 0 || id != NULL) && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct listing l = { s, json_array(), false };
    enum code code = l.list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = kind < 0 ? restrictions_list(view_sql(v), list_row, &l, reterr) : restriction_get(view_sql(v), service_kind(s, kind)->number, id, list_row, &l, reterr);
    if (code == E_NOT_FOUND && kind >= 0)
        code = OK;
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list");
    if (code == OK)
        *ret = l.list;
    else
        json_decref(l.list);
    return code;
}
