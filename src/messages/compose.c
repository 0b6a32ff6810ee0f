/* compose.c — texts; see compose.h. Of what the letter brings only names go in that are no field and no page's address, so nothing sent along can pass for them. */
#include "messages/compose.h"

#include <string.h>

#include "base/mem.h"
#include "messages/remind_text.h"
#include "messages/unsubscribe.h"
#include "messages/values.h"
#include "records/link.h"
#include "records/post.h"

#define LINK_LIFE (365 * USEC_PER_DAY)       /* a private link that came by a message */
#define TEXT_ROOM ((size_t)256 << 10)        /* thrice of both is still a mail that goes */
#define HTML_ROOM ((size_t)512 << 10)

static enum code set_text(json_t *values, const char *name, const struct buf *text, struct err *reterr) {
    return text->failed || json_object_set_new(values, name, json_string(buf_str(text))) != 0 ? err_set(reterr, E_MEMORY, "no memory for a message") : OK;
}

/* Made now and known to nobody but whoever reads the message. */
static enum code link_set(const struct compose_ask *a, json_t *values, struct err *reterr) {
    AUTO(buf_wipe) struct buf address = BUF(4096);
    char link[LINK_TEXT];
    const int kind = a->record->info->index;
    const usec_t end = clock_now() + LINK_LIFE;
    enum code code = OK;
    if (a->to_measure)
        link_like(link);
    else
        code = a->later == NULL ? link_make(a->service, a->tenant, kind, &a->record->id, end, link, reterr) : link_ready(a->service, a->tenant, kind, &a->record->id, end, link, a->later, reterr);
    if (code == OK)
        code = link_page(a->service, link, a->lang, &address, reterr);
    crypto_wipe(link, sizeof link);
    return code == OK ? set_text(values, "link", &address, reterr) : code;
}

/* In the language and at the moment in which it is rendered, so that text and time are of one language. */
static enum code when_put(const struct compose_ask *a, json_t *values, struct err *reterr) {
    AUTO(buf_done) struct buf when = BUF(100);
    const struct kind_info *info = a->record->info;
    if (a->reminds == 0 || info->kind->remind.anchor < 0)
        return OK;
    remind_when(info->zone, info->kind->fields[info->kind->remind.anchor].type == T_DATE, a->reminds, a->lang, &when);
    return set_text(values, REMIND_WHEN, &when, reterr);
}

enum code compose_record(const struct compose_ask *a, struct buf *ret_subject, struct buf *ret_text, struct buf *ret_html, struct err *reterr) {
    PRE(a != NULL && a->text != NULL && a->record != NULL && a->arena != NULL && reterr != NULL);
    json_t *values = NULL;
    enum code code = values_further(a->service, a->record->info->index, a->values, &values, reterr);
    if (code == OK)
        code = values_of(a->service, a->record, a->arena, a->lang, values, reterr);
    if (code == OK && a->leave != NULL && json_object_set_new(values, "unsubscribe", json_string(a->leave)) != 0)
        code = err_set(reterr, E_MEMORY, "no memory for a message");
    if (code == OK)
        code = when_put(a, values, reterr);
    if (code == OK && template_uses(a->text->template, "link"))
        code = link_set(a, values, reterr);
    if (code == OK)
        code = template_render(a->text->template, a->lang, values, a->channel == CHANNEL_SMS, ret_subject, ret_text, ret_html, reterr);
    json_decref(values);
    return code;
}

/* The text that the letter names, or brings. */
static enum code text_get(struct service *s, int64_t tenant, const struct letter_row *r, int kind, const json_t *own, struct text_ready *ret, struct err *reterr) {
    const char *subject = json_string_value(json_object_get(own, "subject")), *text = json_string_value(json_object_get(own, "text"));
    json_t *mistakes = NULL;
    if (r->template != 0)
        return text_open(s, tenant, r->template, ret, reterr);
    if (text == NULL)
        return err_set(reterr, E_GONE, "this message has neither a template nor a text");
    enum code code = text_own(s, NULL, kind, subject, text, json_object_get(own, "values"), ret, &mistakes, reterr);
    json_decref(mistakes);
    return code == E_FIELDS ? err_set(reterr, E_GONE, "the text of this message cannot be read: it names what the charter has not") : code;
}

enum code compose_texts(struct service *s, int64_t tenant, const struct letter_row *r, struct record *rec, struct outgoing *ret, struct err *reterr) {
    PRE(s != NULL && r != NULL && rec != NULL && ret != NULL && reterr != NULL);
    AUTO(text_ready_free) struct text_ready text = { 0 };
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(buf_done) struct buf leave = BUF(8192);
    json_t *own = NULL;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a message") : OK;
    if (code == OK && r->len > 0)
        code = post_open(s->keeper, tenant, r, &own, reterr);
    if (code == OK)
        code = text_get(s, tenant, r, rec->info->index, own, &text, reterr);
    if (code == OK && text.kind != rec->info->index)
        code = err_set(reterr, E_GONE, "the template of this message is for records of another kind");
    if (code == OK && template_uses(text.template, "unsubscribe"))      /* it names the letter, so it is made by whoever has it */
        code = unsubscribe_address(s, tenant, r, ret->who, service_base(s), &leave, reterr);
    if (code == OK && leave.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a message");
    if (code == OK) {
        buf_wipe(&ret->subject);
        buf_wipe(&ret->text);
        buf_wipe(&ret->html);
        ret->subject = BUF(1024);
        ret->text = BUF(TEXT_ROOM);
        ret->html = BUF(HTML_ROOM);
        ret->lang = template_lang(text.template, values_lang(s, rec));
        const struct compose_ask ask = { .service = s, .tenant = tenant, .text = &text, .channel = r->channel, .lang = ret->lang, .record = rec, .arena = arena,
                                         .values = json_object_get(own, "values"), .leave = leave.len > 0 ? buf_str(&leave) : NULL, .reminds = remind_about(r->cause, r->about),
                                         .later = &ret->link };
        ret->link.made = false;
        code = compose_record(&ask, &ret->subject, &ret->text, &ret->html, reterr);
    }
    json_decref(own);
    return code == E_TOO_LARGE ? err_set(reterr, E_GONE, "this message became too long with its values, so it ends") : code;
}
