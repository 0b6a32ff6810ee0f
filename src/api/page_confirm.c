/* page_confirm.c — see page_confirm.h. The letter is sealed before the record is made and put in the same write: neither comes without the
 * other. Its link is made before both; one whose record never came opens nothing. */
#include "api/page_confirm.h"

#include <stdio.h>
#include <string.h>

#include "access/access.h"
#include "api/page_form.h"
#include "api/page_link.h"
#include "charter/labels.h"
#include "records/consents.h"
#include "store/consent.h"

#define CAUSE "confirm"
#define LETTERS_MOST 3u                        /* that an address gets within the time in which it may confirm, whoever asks for them */

static const struct field *address_field(const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_EMAIL && kind_address(k, (int)i))
            return &k->fields[i];
    return NULL;
}

static const char *address_of(const struct kind *k, const json_t *fields) {
    const struct field *f = address_field(k);
    return f == NULL ? NULL : json_string_value(json_object_get(fields, f->name));
}

static void form_name(struct buf *ret, const struct kind *k, enum lang lang) { label_title(ret, k->form_label.in[lang]); }

/* To the address, with a private link to that record. */
static enum code letter_about(const struct confirm_ask *a, const struct uuid *id, struct post_ready *ret, struct err *reterr) {
    const struct charter *c = service_charter(a->service);
    const struct kind *k = charter_kind_at(c, a->kind);
    const char *to = address_of(k, a->fields);
    char token[TOKEN_TEXT];
    AUTO(buf_wipe) struct buf link = BUF(4096), text = BUF(1u << 16);
    AUTO(buf_done) struct buf subject = BUF(512), form = BUF(512);
    if (to == NULL)
        return err_field(reterr, E_FIELDS, "/email", "is needed");
    enum code code = access_link_make(a->service, a->tenant, a->kind, id, token, reterr);
    if (code != OK)
        return code;
    const char *title = charter_title(c)->in[a->lang];
    form_name(&form, k, a->lang);
    buf_printf(&link, "%s/p/%s/%s?lang=%s", a->base_url, charter_name(c), token, lang_code(a->lang));
    crypto_wipe(token, sizeof token);
    say_plain(&subject, text_in(TEXT_ADDRESS_SUBJECT, a->lang), SAY_ARGS(buf_str(&form)));
    say_plain(&text, text_in(TEXT_ADDRESS_LETTER, a->lang), SAY_ARGS(a->tenant_name, buf_str(&form), buf_str(&link), title != NULL ? title : charter_name(c), charter_contact(c)));
    if (link.failed || subject.failed || text.failed || form.failed)
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    return post_seal(a->service, a->tenant, &(struct post){ .cause = CAUSE, .to = to, .lang = a->lang, .subject = buf_str(&subject), .text = buf_str(&text),
                                                            .until = clock_now() + CONFIRM_WITHIN }, ret, reterr);
}

enum code confirm_letter(const struct confirm_ask *a, struct uuid *ret_id, struct post_ready *ret, struct err *reterr) {
    PRE(a != NULL && ret_id != NULL && ret != NULL && reterr != NULL);
    const struct uuid id = uuid_new();
    enum code code = letter_about(a, &id, ret, reterr);
    if (code == OK)
        *ret_id = id;
    return code;
}

/* ---- the same address again */
/* Records of the kind with that address: how many there are, how many wait, and one of those. The index finds them; a field that it does not
 * find is left alone, for a form that anybody may send must not open record after record. */
struct known { size_t count, waiting, left /* were left by a letter or on the private link: the way back is there */; struct uuid id; };

static bool has_left(const struct kind *k, const json_t *record) {
    for (size_t i = 0; i < k->field_count; i++) {
        const char *now = k->fields[i].type == T_ONE_OF ? json_string_value(json_object_get(json_object_get(record, "fields"), k->fields[i].name)) : NULL;
        if (now != NULL && strcmp(now, "unsubscribed") == 0)
            return true;
    }
    return false;
}

static enum code known_find(const struct confirm_ask *a, struct known *ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(service_charter(a->service), a->kind);
    const struct field *f = address_field(k);
    const char *to = address_of(k, a->fields);
    const struct caller sejf = { .tenant = a->tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    json_t *found = NULL, *one;
    size_t i;
    *ret = (struct known){ .count = 0 };
    if (to == NULL || (f->found & FIND_EXACT) == 0)
        return OK;
    json_t *query = json_pack("{s:{s:s}, s:i}", "where", f->name, to, "limit", 50);
    enum code code = query == NULL ? err_set(reterr, E_MEMORY, "no memory for a form") : record_search(a->service, &sejf, a->kind, query, &found, reterr);
    json_decref(query);
    if (code == E_INVALID || code == E_FIELDS)
        return OK;                             /* no address at all: the form says so */
    json_array_foreach(json_object_get(found, "items"), i, one) {
        bool waits = false;
        struct uuid id;
        struct err gone;
        ret->count++;
        if (!uuid_parse(json_string_value(json_object_get(one, "id")), &id) || record_unconfirmed(a->service, a->tenant, a->kind, &id, &waits, &gone) != OK || (!waits && !has_left(k, one)))
            continue;
        ret->id = id;
        ret->waiting += waits;
        ret->left += !waits;
    }
    json_decref(found);
    return code;
}

static bool count_letter(const struct letter_row *r UNUSED, void *arg) {
    ++*(size_t *)arg;
    return true;
}

struct again { int32_t kind; struct uuid id; bool left; struct post_ready *letter; };
static enum code again_write(struct txn *t, void *arg, struct err *reterr) {
    struct again *w = arg;
    struct row row;
    size_t sent = 1;                           /* the one that came with the record */
    enum code code = row_get(txn_sql(t), w->kind, &w->id, &row, reterr);
    if (code == OK && (row.unconfirmed || w->left))
        code = letters_about(txn_sql(t), CAUSE, row.born, count_letter, &sent, reterr);
    if (code != OK || !(row.unconfirmed || w->left) || sent >= LETTERS_MOST)
        return code == E_NOT_FOUND || code == E_GONE ? OK : code;
    w->letter->row.about = row.born;
    return post_put(t, w->letter, reterr);
}

enum code confirm_again(const struct confirm_ask *a, bool taken, bool *ret, struct err *reterr) {
    PRE(a != NULL && ret != NULL && reterr != NULL);
    AUTO(post_ready_done) struct post_ready letter = { .sealed = BUF(1) };
    struct known known;
    enum code code = known_find(a, &known, reterr);
    bool said = code == OK && (taken ? known.count > 0 : known.waiting >= LETTERS_MOST);
    if (said && taken && known.waiting + known.left > 0) {
        code = letter_about(a, &known.id, &letter, reterr);
        if (code == OK)
            code = store_write(service_store(a->service), a->tenant, again_write, &(struct again){ service_kind(a->service, a->kind)->number, known.id, known.waiting == 0, &letter }, reterr);
    }
    if (code == OK)
        *ret = said;
    return code;
}

void confirm_sent_put(struct buf *ret, enum lang lang) {
    buf_text(ret, "<div role=\"status\">\n<h1>");
    PUT_TEXT(ret, lang, ADDRESS_SENT_TITLE);
    buf_text(ret, "</h1>\n<p class=\"lead\">");
    PUT_TEXT(ret, lang, ADDRESS_SENT);
    buf_text(ret, "</p>\n</div>\n");
}

void confirm_put(struct buf *ret, const struct confirm_view *v) {
    AUTO(buf_done) struct buf form = BUF(512);
    form_name(&form, charter_kind_at(v->charter, v->kind), v->lang);
    buf_text(ret, "<h1>");
    PUT_TEXT(ret, v->lang, ADDRESS_TITLE);
    buf_text(ret, "</h1>\n<p class=\"lead\">");
    PUT(ret, v->lang, ADDRESS_LEAD, v->tenant, buf_str(&form));
    buf_text(ret, "</p>\n<form method=\"post\" action=\"");
    buf_html(ret, v->action);
    buf_text(ret, "\">\n<input type=\"hidden\" name=\"" LINK_DO "\" value=\"confirm\">\n<input type=\"hidden\" name=\"" FORM_TOKEN "\" value=\"");
    buf_html(ret, v->token);
    buf_text(ret, "\">\n<p class=\"buttons\"><button type=\"submit\">");
    PUT_TEXT(ret, v->lang, ADDRESS_BUTTON);
    buf_text(ret, "</button></p>\n</form>\n<p>");
    PUT_TEXT(ret, v->lang, ADDRESS_NOTHING);
    buf_text(ret, "</p>\n");
}

/* ---- what was read */
/* The sentences of the boxes, and who asks, what for and on which ground; without dates that move from day to day. */
static void consent_paper(struct buf *ret, const struct charter *c, const struct kind_info *k, enum lang lang) {
    AUTO(buf_done) struct buf purposes = BUF(1u << 14), label = BUF(512);
    for (size_t i = 0; i < k->consent_count; i++) {
        const bool use = k->use_names[i] != NULL;
        buf_cut(&purposes, 0);
        purposes_said(&purposes, k->kind, k->consents[i], lang);
        bool basis = k->agreed != NULL && strcmp(k->agreed, k->consents[i]) == 0;
        buf_cut(&label, 0);
        label_say(&label, c, k->kind, k->consents[i], lang);
        buf_printf(ret, "%s: ", buf_str(&label));
        if (basis || purposes.len > 0)
            say_plain(ret, text_in(basis ? TEXT_CONSENT_BASIS : use ? TEXT_CONSENT_USE : TEXT_CONSENT_FIELD, lang), SAY_ARGS(buf_str(&purposes)));
        else
            buf_text(ret, text_in(TEXT_CONSENT_FIELD_PLAIN, lang));
        buf_printf(ret, " %s\n", text_in(basis ? TEXT_CONSENT_BASIS_HINT : TEXT_CONSENT_HINT, lang));
    }
    buf_cut(&purposes, 0);
    purposes_said(&purposes, k->kind, NULL, lang);
    say_plain(ret, text_in(TEXT_CONSENT_PAPER, lang), SAY_ARGS(charter_title(c)->in[lang], k->kind->label.in[lang], charter_operator(c), buf_str(&purposes),
                                                              k->kind->ground.in[lang] != NULL ? k->kind->ground.in[lang] : k->kind->because != NULL ? k->kind->because : "-", charter_contact(c)));
    buf_char(ret, '\n');
}

static bool there(const struct consent_text *t UNUSED, void *arg UNUSED) { return true; }

enum code consent_shown(struct service *service, int kind, enum lang lang, bool *ret_any, uint8_t ret[HASH_SIZE], struct err *reterr) {
    PRE(service != NULL && ret_any != NULL && ret != NULL && reterr != NULL);
    const struct charter *c = service_charter(service);
    const struct kind_info *k = service_kind(service, kind);
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    char version[64];
    *ret_any = k->consent_count > 0;
    if (!*ret_any)
        return OK;
    consent_paper(&text, c, k, lang);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for the text of a consent");
    const uint8_t *h = charter_hash(c);
    snprintf(version, sizeof version, "%s %02x%02x%02x%02x", charter_updated(c), h[0], h[1], h[2], h[3]);
    hash_sha256(text.data, text.len, ret);
    enum code code = consent_text_get(service_store(service), charter_name(c), ret, there, NULL, reterr);
    if (code != E_NOT_FOUND)
        return code;
    struct consent_text row = { .service = charter_name(c), .lang = lang_code(lang), .version = version, .text = buf_str(&text) };
    memcpy(row.hash, ret, HASH_SIZE);
    return consent_text_put(service_store(service), &row, reterr);
}
