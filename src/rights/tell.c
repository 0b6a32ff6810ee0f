/* tell.c — see tell.h. */
#include "rights/tell.h"

#include <string.h>

#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "records/service.h"
#include "rights/paper.h"
#include "rights/subject.h"

#define SECRET 32u
#define SECRET_TEXT BASE64URL_ROOM(SECRET)

static const struct { struct words subject, text; } tells[TELLS] = {
#define TELL(name, sen, spl, shu, ten, tpl, thu) [TELL_##name] = { WORDS(sen, spl, shu), WORDS(ten, tpl, thu) },
#include "rights/texts_tell.tbl"
#undef TELL
};
enum { ASK_PLAIN, ASK_LINK };
static const struct words asks[] = {
#define TELL(name, sen, spl, shu, ten, tpl, thu)
#define ASK(name, en, pl, hu) [ASK_##name] = WORDS(en, pl, hu),
#include "rights/texts_tell.tbl"
#undef ASK
#undef TELL
};
static const char *const names[TELLS] = { "received", "identity", "extended", "answered", "answered", "refused", "passed" };
static const struct words types[REQUEST_TYPES] = {
#define TELL(name, sen, spl, shu, ten, tpl, thu)
#define TYPE(name, en, pl, hu) [REQUEST_##name] = WORDS(en, pl, hu),
#include "rights/texts_tell.tbl"
#undef TYPE
#undef TELL
};

const char *tell_type(int type, enum lang lang) { return types[type].in[lang]; }

enum lang tell_lang(const struct request_work *w) {
    const char *code = json_string_value(json_object_get(w->entry, "lang"));
    enum lang lang;
    return code != NULL && lang_parse(code, strlen(code), &lang) ? lang : charter_first_lang(service_charter(w->desk->service));
}

const char *tell_service(const struct request_desk *d, enum lang lang) {
    const struct words *w = charter_title(service_charter(d->service));
    return w->in[lang] != NULL ? w->in[lang] : w->in[LANG_EN] != NULL ? w->in[LANG_EN] : charter_name(service_charter(d->service));
}

enum code tell_link(struct request_work *w, enum link_for what, const char **ret, struct err *reterr) {
    uint8_t bytes[SECRET];
    char text[SECRET_TEXT];
    if (w->desk->base_url == NULL)
        return err_set(reterr, E_CONFIG, "this installation has no address of its own, so no link can be sent");
    crypto_random(bytes, sizeof bytes);
    base64url_text(bytes, sizeof bytes, text);
    hash_sha256(text, strlen(text), w->row.link);
    w->row.link_for = (int)what;
    w->row.link_until = clock_now() + LINK_DAYS * USEC_PER_DAY;
    *ret = arena_printf(w->arena, "%s/r/%s/%lld/%s", w->desk->base_url, w->row.service, (long long)w->desk->tenant, text);
    crypto_wipe(bytes, sizeof bytes);
    crypto_wipe(text, sizeof text);
    return *ret == NULL ? request_memory(reterr) : OK;
}

/* The address by which it is known who asks, else the one that was given (anybody may give any), else that of the record by whose private
 * link the request came. */
static enum code address_of(struct request_work *w, const char **ret, struct err *reterr) {
    struct subject_wish wish = { NULL, NULL };
    struct uuid id;
    int kind;
    const char *proved = json_string_value(json_object_get(json_object_get(w->entry, "identity"), "email"));
    *ret = proved != NULL ? proved : json_string_value(json_object_get(json_object_get(w->entry, "person"), "email"));
    if (*ret != NULL || !request_record(w->desk, json_string_value(json_object_get(w->entry, "record")), &kind, &id))
        return OK;
    enum code code = subject_addresses(w->desk->service, w->desk->tenant, kind, &id, w->arena, &wish, reterr);
    *ret = wish.email;
    return code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED ? OK : code;
}

static void day_put(const struct request_work *w, enum lang lang, usec_t t, struct buf *ret) {
    struct civil c = zone_civil(charter_zone(service_charter(w->desk->service)), t);
    say_date(ret, lang, &c);
}

/* Whom to write to for a question or a new link, and who takes complaints. */
static void ask_put(const struct charter *c, enum lang lang, bool link, struct buf *ret) {
    AUTO(buf_done) struct buf authority = BUF(1024);
    authority_put(c, ", ", &authority);
    say_plain(ret, asks[link ? ASK_LINK : ASK_PLAIN].in[lang], SAY_ARGS(charter_contact(c), buf_str(&authority)));
}

static enum code letter_make(struct request_work *w, enum tell what, const char *to, const char *link, struct post_ready *ret, struct err *reterr) {
    enum lang lang = tell_lang(w);
    AUTO(buf_done) struct buf number = BUF(32), received = BUF(64), due = BUF(64), ask = BUF(4096), subject = BUF(POST_SUBJECT_MAX), text = BUF(POST_TEXT_MAX);
    buf_printf(&number, "%lld", (long long)w->row.number);
    day_put(w, lang, w->row.received, &received);
    day_put(w, lang, w->row.due == USEC_NEVER ? w->row.law - 1 : w->row.due - 1, &due);
    const char *answers = w->desk->tenant_name != NULL && w->desk->tenant_name[0] != 0 ? w->desk->tenant_name : charter_operator(service_charter(w->desk->service));
    if (what == TELL_PASSED)
        answers = json_string_value(json_object_get(json_object_get(w->entry, "passed"), "to"));
    ask_put(service_charter(w->desk->service), lang, link != NULL, &ask);
    const char *const args[] = { buf_str(&number), tell_type(w->row.type, lang), buf_str(&received), buf_str(&due), link == NULL ? "" : link, tell_service(w->desk, lang), answers == NULL ? "" : answers, buf_str(&ask), NULL };
    /* Whoever fills in the form may type anything as its name, beside somebody else's address. */
    const char *name = w->row.identified == 0 ? NULL : json_string_value(json_object_get(json_object_get(w->entry, "person"), "name"));
    say_plain(&subject, tells[what].subject.in[lang], args);
    say_plain(&text, tells[what].text.in[lang], args);
    if (number.failed || received.failed || due.failed || ask.failed || subject.failed || text.failed)
        return request_memory(reterr);
    const struct post p = { .cause = "request", .about = w->row.number, .to = to, .to_name = name, .lang = lang,
                            .subject = buf_str(&subject), .text = buf_str(&text), .until = clock_now() + LINK_DAYS * USEC_PER_DAY };
    return post_seal(w->desk->service, w->desk->tenant, &p, ret, reterr);
}

enum code tell_person(struct request_work *w, enum tell what, const char *link, struct post_ready *ret, bool *ret_any, struct err *reterr) {
    const char *to = NULL;
    enum code code = address_of(w, &to, reterr);
    json_t *letters = json_object_get(w->entry, "letters");
    *ret_any = false;
    if (code != OK)
        return code;
    if (letters == NULL) {
        json_object_set_new(w->entry, "letters", json_array());
        letters = json_object_get(w->entry, "letters");
    }
    json_array_append_new(letters, json_pack("{s:s, s:o, s:b}", "what", names[what], "at", request_time(clock_now()), "mailed", to != NULL));
    if (to == NULL)
        return OK;
    code = letter_make(w, what, to, link, ret, reterr);
    *ret_any = code == OK;
    return code;
}
