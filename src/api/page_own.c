/* page_own.c — one's own account: who one is, where one has access, how one signs in, where one is signed in, which programs work in
 * one's name. What changes its safety asks for a confirmation first, which the routes see to. */
#include <stdio.h>
#include <string.h>

#include "api/page_account.h"
#include "charter/labels.h"

static const char *text_of(const json_t *o, const char *name) {
    const char *text = json_string_value(json_object_get(o, name));
    return text == NULL ? "" : text;
}

static const char *mistake_at(const struct account_view *v, const char *id) { return v->mistake_at != NULL && strcmp(v->mistake_at, id) == 0 ? v->mistake : NULL; }

static void section(struct buf *ret, const struct account_view *v, const char *id, enum text title) {
    buf_printf(ret, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">", id, id);
    buf_html(ret, text_in(title, v->frame.lang));
    buf_text(ret, "</h2>\n");
}

static void heading(struct buf *ret, const struct account_view *v, const char *id, enum text title) {
    buf_printf(ret, "<h3 id=\"%s\">", id);
    buf_html(ret, text_in(title, v->frame.lang));
    buf_text(ret, "</h3>\n");
}

static void paragraph(struct buf *ret, const struct account_view *v, enum text text, const char *class) {
    buf_printf(ret, "<p class=\"%s\">", class);
    buf_html(ret, text_in(text, v->frame.lang));
    buf_text(ret, "</p>\n");
}

/* ---- rows: what it is, what is known of it, one small button */
static void row_begin(struct buf *ret, const char *name) {
    buf_text(ret, "<li>\n<div><b>");
    buf_html(ret, name);
    buf_text(ret, "</b>");
}

static void row_said(struct buf *ret, const struct account_view *v, enum text text, usec_t at) {
    AUTO(buf_done) struct buf moment = BUF(256);
    if (at <= 0)
        return;
    account_moment(&moment, &v->frame, at);
    buf_text(ret, "<span>");
    say_html(ret, text_in(text, v->frame.lang), SAY_ARGS(buf_str(&moment)));
    buf_text(ret, "</span>");
}

static void row_word(struct buf *ret, const struct account_view *v, enum text text) {
    buf_text(ret, "<span>");
    buf_html(ret, text_in(text, v->frame.lang));
    buf_text(ret, "</span>");
}

/* button TEXTS: none. which: what the form names, and its row to people who hear the page. */
static void row_end(struct buf *ret, const struct account_view *v, const char *action, const char *field, const char *value, enum text button, const char *which) {
    buf_text(ret, "</div>\n");
    if (button != TEXTS) {
        account_form(ret, &v->frame, action);
        buf_printf(ret, "<input type=\"hidden\" name=\"%s\" value=\"", field);
        buf_html(ret, value);
        buf_text(ret, "\"><button type=\"submit\" class=\"small\">");
        buf_html(ret, text_in(button, v->frame.lang));
        buf_text(ret, "<span class=\"off\"> ");
        buf_html(ret, which);
        buf_text(ret, "</span></button>\n</form>\n");
    }
    buf_text(ret, "</li>\n");
}

/* ---- who */
static void put_invited(struct buf *ret, const struct account_view *v) {
    if (v->invited == NULL)
        return;
    const char *where = v->invited->tenant_name[0] != 0 ? v->invited->tenant_name : text_in(TEXT_LINK_OPERATOR, v->frame.lang);
    buf_text(ret, "<div class=\"secret\"><p>");
    PUT(ret, v->frame.lang, ACCOUNT_INVITED, where, v->invited_role == NULL ? "" : v->invited_role);
    buf_text(ret, "</p>\n");
    account_form(ret, &v->frame, "/account/join");
    account_button(ret, v->frame.lang, TEXT_LINK_JOIN_BUTTON, NULL);
    buf_text(ret, "</form>\n</div>\n");
}

static void fact(struct buf *ret, const struct account_view *v, enum text name, const char *value) {
    buf_text(ret, "<div><dt>");
    buf_html(ret, text_in(name, v->frame.lang));
    buf_text(ret, "</dt><dd>");
    buf_html(ret, value);
    buf_text(ret, "</dd></div>\n");
}

static const char *const languages[LANG_COUNT] = { "English", "Polski", "Magyar" };

static void put_who(struct buf *ret, const struct account_view *v) {
    enum lang lang = v->frame.lang;
    section(ret, v, "who", TEXT_ACCOUNT_WHO);
    buf_text(ret, "<dl class=\"facts\">\n");
    fact(ret, v, TEXT_ACCOUNT_NAME, v->who->name);
    fact(ret, v, TEXT_ACCOUNT_EMAIL, v->who->email);
    fact(ret, v, TEXT_ACCOUNT_LANGUAGE, languages[v->who->lang]);
    buf_printf(ret, "</dl>\n<details class=\"act\"%s><summary>", mistake_at(v, "name") != NULL ? " open" : "");
    PUT_TEXT(ret, lang, ACCOUNT_EDIT);
    buf_text(ret, "</summary>\n");
    account_form(ret, &v->frame, "/account/profile");
    account_input(ret, lang, &(struct account_input){ .id = "name", .name = "name", .type = "text", .complete = "name", .label = TEXT_ACCOUNT_NAME, .hint = TEXTS,
                                                      .value = v->who->name, .mistake = mistake_at(v, "name"), .most = PERSON_NAME - 1 });
    buf_text(ret, "<div class=\"field\"><label for=\"language\">");
    PUT_TEXT(ret, lang, ACCOUNT_LANGUAGE);
    buf_text(ret, "</label>\n<select id=\"language\" name=\"language\">\n");
    for (int l = 0; l < LANG_COUNT; l++)
        buf_printf(ret, "<option value=\"%s\" lang=\"%s\"%s>%s</option>\n", lang_code((enum lang)l), lang_code((enum lang)l), (enum lang)l == v->who->lang ? " selected" : "", languages[l]);
    buf_text(ret, "</select></div>\n");
    account_button(ret, lang, TEXT_ACCOUNT_SAVE, NULL);
    buf_text(ret, "</form></details>\n</section>\n");
}

static void row_due(struct buf *ret, const struct account_view *v, const json_t *member) {
    buf_printf(ret, " <a href=\"/account/due/%lld?lang=%s\">", (long long)json_integer_value(json_object_get(member, "tenant")), lang_code(v->frame.lang));
    PUT_TEXT(ret, v->frame.lang, DUE_TITLE);
    buf_text(ret, "<span class=\"off\"> ");
    buf_html(ret, text_of(member, "tenant_name"));
    buf_text(ret, "</span></a>");
}

static void put_members(struct buf *ret, const struct account_view *v) {
    enum lang lang = v->frame.lang;
    const json_t *one;
    size_t n = json_array_size(v->members);
    section(ret, v, "access", TEXT_ACCOUNT_MEMBERSHIPS);
    if (n == 0)
        paragraph(ret, v, TEXT_ACCOUNT_NO_MEMBERSHIP, "note");
    else
        buf_text(ret, "<ul class=\"rows\">\n");
    for (size_t i = 0; i < n; i++) {
        one = json_array_get(v->members, i);
        bool operator = json_integer_value(json_object_get(one, "tenant")) == 0;
        row_begin(ret, operator ? text_in(TEXT_ACCOUNT_OPERATOR, lang) : text_of(one, "tenant_name"));
        buf_text(ret, "<span>");
        PUT(ret, lang, ACCOUNT_AS, v->role(v->role_arg, one));
        buf_text(ret, "</span>");
        if (json_is_true(json_object_get(one, "suspended")))
            row_word(ret, v, TEXT_ACCOUNT_SUSPENDED);
        else if (v->due != NULL && v->due(v->due_arg, one))
            row_due(ret, v, one);
        row_end(ret, v, NULL, NULL, NULL, TEXTS, NULL);
    }
    buf_text(ret, n == 0 ? "</section>\n" : "</ul>\n</section>\n");
}

/* ---- how one signs in */
static void put_password(struct buf *ret, const struct account_view *v) {
    enum lang lang = v->frame.lang;
    heading(ret, v, "password-title", TEXT_SIGN_PASSWORD);
    if (v->who->password > 0) {
        AUTO(buf_done) struct buf day = BUF(256);
        struct civil c = zone_civil(v->frame.zone, v->who->password);
        say_date(&day, lang, &c);
        buf_text(ret, "<p class=\"note\">");
        PUT(ret, lang, PASSWORD_SINCE, buf_str(&day));
        buf_text(ret, "</p>\n");
    } else {
        paragraph(ret, v, TEXT_PASSWORD_NEVER, "note");
    }
    buf_printf(ret, "<details class=\"act\"%s><summary>", mistake_at(v, "password") != NULL ? " open" : "");
    PUT_TEXT(ret, lang, PASSWORD_CHANGE);
    buf_text(ret, "</summary>\n");
    account_form(ret, &v->frame, "/account/password");
    buf_text(ret, "<input type=\"hidden\" name=\"username\" autocomplete=\"username\" value=\"");
    buf_html(ret, v->who->email);
    buf_text(ret, "\">\n");
    account_input(ret, lang, &(struct account_input){ .id = "password", .name = "password", .type = "password", .complete = "new-password", .label = TEXT_PASSWORD_NEW,
                                                      .hint = TEXT_PASSWORD_HINT, .mistake = mistake_at(v, "password"), .most = 1024, .more = "minlength=\"12\" spellcheck=\"false\"" });
    account_button(ret, lang, TEXT_PASSWORD_CHANGE, NULL);
    buf_text(ret, "</form></details>\n");
}

static void put_passkeys(struct buf *ret, const struct account_view *v) {
    enum lang lang = v->frame.lang;
    size_t n = json_array_size(v->passkeys);
    heading(ret, v, "passkeys", TEXT_PASSKEYS);
    paragraph(ret, v, TEXT_PASSKEYS_WHY, "note");
    buf_text(ret, n == 0 ? "" : "<ul class=\"rows\">\n");
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(v->passkeys, i);
        usec_t used = account_instant(json_object_get(one, "used"));
        row_begin(ret, text_of(one, "name"));
        row_said(ret, v, TEXT_ACCOUNT_MADE, account_instant(json_object_get(one, "made")));
        if (used > 0)
            row_said(ret, v, TEXT_ACCOUNT_LAST_USED, used);
        else
            row_word(ret, v, TEXT_ACCOUNT_NOT_USED);
        if (json_is_true(json_object_get(one, "backed_up")))
            row_word(ret, v, TEXT_PASSKEYS_SYNCED);
        row_end(ret, v, "/account/passkeys/remove", "id", text_of(one, "id"), TEXT_ACCOUNT_REMOVE, text_of(one, "name"));
    }
    if (n == 0)
        paragraph(ret, v, TEXT_PASSKEYS_NONE, "note");
    else
        buf_text(ret, "</ul>\n");
    buf_text(ret, "<details class=\"act\"><summary>");
    PUT_TEXT(ret, lang, PASSKEYS_ADD);
    buf_text(ret, "</summary>\n");
    account_passkey(ret, &v->frame, "create", "/account?done=passkey", TEXT_PASSKEYS_ADD);
    buf_text(ret, "</details>\n");
}

static void put_totp(struct buf *ret, const struct account_view *v) {
    heading(ret, v, "totp", TEXT_TOTP);
    paragraph(ret, v, TEXT_TOTP_WHY, "note");
    if (v->who->totp) {
        buf_text(ret, "<ul class=\"rows\">\n");
        row_begin(ret, text_in(TEXT_TOTP_ON, v->frame.lang));
        row_end(ret, v, "/account/totp/remove", "what", "totp", TEXT_ACCOUNT_REMOVE, text_in(TEXT_TOTP, v->frame.lang));
        buf_text(ret, "</ul>\n");
        return;
    }
    account_form(ret, &v->frame, "/account/totp/begin");
    account_button(ret, v->frame.lang, TEXT_TOTP_BEGIN, "quiet");
    buf_text(ret, "</form>\n");
}

static void put_codes(struct buf *ret, const struct account_view *v) {
    char left[16];
    heading(ret, v, "codes", TEXT_CODES);
    paragraph(ret, v, TEXT_CODES_WHY, "note");
    snprintf(left, sizeof left, "%u", v->who->codes);
    buf_text(ret, "<p>");
    if (v->who->codes == 0)
        PUT_TEXT(ret, v->frame.lang, CODES_NONE);
    else
        PUT(ret, v->frame.lang, CODES_LEFT, left);
    buf_text(ret, "</p>\n");
    account_form(ret, &v->frame, "/account/codes");
    account_button(ret, v->frame.lang, TEXT_CODES_MAKE, "quiet");
    buf_text(ret, "</form>\n");
}

/* An account is linked with one provider at most; a link that leads away, so that the provider may be shown. */
static void put_providers(struct buf *ret, const struct account_view *v) {
    enum lang lang = v->frame.lang;
    bool linked = false;
    if (v->provider_count == 0)
        return;
    heading(ret, v, "providers", TEXT_WITH_HEAD);
    paragraph(ret, v, TEXT_WITH_WHY, "note");
    for (size_t i = 0; i < v->provider_count; i++) {
        if (strcmp(v->who->issuer, v->providers[i].issuer) != 0)
            continue;
        linked = true;
        buf_text(ret, "<ul class=\"rows\">\n");
        row_begin(ret, v->providers[i].name);
        row_word(ret, v, TEXT_WITH_LINKED);
        row_end(ret, v, "/account/part", "issuer", v->providers[i].issuer, TEXT_ACCOUNT_REMOVE, v->providers[i].name);
        buf_text(ret, "</ul>\n");
    }
    for (size_t i = 0; !linked && i < v->provider_count; i++) {
        buf_text(ret, "<p class=\"buttons\"><a class=\"button quiet\" href=\"");
        buf_html(ret, v->providers[i].path);
        buf_printf(ret, "?link=1&amp;lang=%s\">", lang_code(lang));
        PUT(ret, lang, WITH_LINK, v->providers[i].name);
        buf_text(ret, "</a></p>\n");
    }
}

/* ---- sessions */
static void put_sessions(struct buf *ret, const struct account_view *v) {
    size_t n = json_array_size(v->sessions);
    section(ret, v, "sessions", TEXT_SESSIONS);
    buf_text(ret, "<ul class=\"rows\">\n");
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(v->sessions, i);
        const char *agent = text_of(one, "agent");
        bool own = json_is_true(json_object_get(one, "own"));
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(one, "number")));
        row_begin(ret, agent[0] != 0 ? agent : text_in(TEXT_SESSIONS_UNKNOWN, v->frame.lang));
        if (own)
            row_word(ret, v, TEXT_SESSIONS_THIS);
        row_said(ret, v, TEXT_SESSIONS_SINCE, account_instant(json_object_get(one, "made")));
        if (!own)
            row_said(ret, v, TEXT_SESSIONS_SEEN, account_instant(json_object_get(one, "used")));
        row_end(ret, v, "/account/sessions", "number", number, own ? TEXTS : TEXT_SESSIONS_END, agent);
    }
    buf_text(ret, "</ul>\n");
    if (n > 1) {
        account_form(ret, &v->frame, "/account/sessions");
        buf_text(ret, "<input type=\"hidden\" name=\"number\" value=\"others\">\n");
        account_button(ret, v->frame.lang, TEXT_SESSIONS_END_ALL, "quiet");
        buf_text(ret, "</form>\n");
    }
    buf_text(ret, "</section>\n");
}

/* ---- tokens */
static void select_begin(struct buf *ret, const struct account_view *v, const char *id, enum text label) {
    buf_printf(ret, "<div class=\"field\"><label for=\"%s\">", id);
    buf_html(ret, text_in(label, v->frame.lang));
    buf_printf(ret, "</label>\n<select id=\"%s\" name=\"%s\">\n", id, id);
}

static void option(struct buf *ret, const char *value, const char *said, bool chosen) {
    buf_text(ret, "<option value=\"");
    buf_html(ret, value);
    buf_printf(ret, "\"%s>", chosen ? " selected" : "");
    buf_html(ret, said);
    buf_text(ret, "</option>\n");
}

static void put_tenants(struct buf *ret, const struct account_view *v) {
    select_begin(ret, v, "tenant", TEXT_TOKENS_WHERE);
    for (size_t i = 0; i < json_array_size(v->members); i++) {
        const json_t *one = json_array_get(v->members, i);
        json_int_t tenant = json_integer_value(json_object_get(one, "tenant"));
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)tenant);
        if (tenant > 0)
            option(ret, number, text_of(one, "tenant_name"), false);
    }
    buf_text(ret, "</select></div>\n");
}

static void put_token_form(struct buf *ret, const struct account_view *v) {
    enum lang lang = v->frame.lang;
    buf_printf(ret, "<details class=\"act\"%s><summary>", mistake_at(v, "label") != NULL || mistake_at(v, "addresses") != NULL ? " open" : "");
    PUT_TEXT(ret, lang, TOKENS_NEW);
    buf_text(ret, "</summary>\n");
    account_form(ret, &v->frame, "/account/tokens");
    account_input(ret, lang, &(struct account_input){ .id = "label", .name = "label", .type = "text", .complete = "off", .label = TEXT_TOKENS_NAME, .hint = TEXTS,
                                                      .mistake = mistake_at(v, "label"), .most = 100 });
    put_tenants(ret, v);
    select_begin(ret, v, "may", TEXT_TOKENS_MAY);
    option(ret, "read", text_in(TEXT_TOKENS_READ, lang), true);
    option(ret, "all", text_in(TEXT_TOKENS_ALL, lang), false);
    buf_text(ret, "</select></div>\n");
    select_begin(ret, v, "until", TEXT_TOKENS_UNTIL);
    option(ret, "30", text_in(TEXT_TOKENS_MONTH, lang), false);
    option(ret, "365", text_in(TEXT_TOKENS_YEAR, lang), true);
    option(ret, "never", text_in(TEXT_TOKENS_NEVER, lang), false);
    buf_text(ret, "</select></div>\n");
    account_input(ret, lang, &(struct account_input){ .id = "addresses", .name = "addresses", .type = "text", .complete = "off", .label = TEXT_TOKENS_ADDRESSES,
                                                      .hint = TEXT_TOKENS_ADDRESSES_HINT, .mistake = mistake_at(v, "addresses"), .most = 500, .optional = true });
    account_button(ret, lang, TEXT_TOKENS_NEW, NULL);
    buf_text(ret, "</form></details>\n");
}

static bool works_somewhere(const struct account_view *v) {
    for (size_t i = 0; i < json_array_size(v->members); i++)
        if (json_integer_value(json_object_get(json_array_get(v->members, i), "tenant")) > 0)
            return true;
    return false;
}

static void put_tokens(struct buf *ret, const struct account_view *v) {
    size_t n = json_array_size(v->tokens);
    section(ret, v, "tokens", TEXT_TOKENS);
    paragraph(ret, v, TEXT_TOKENS_WHY, "note");
    buf_text(ret, n == 0 ? "" : "<ul class=\"rows\">\n");
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(v->tokens, i);
        usec_t used = account_instant(json_object_get(one, "used"));
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(one, "number")));
        row_begin(ret, text_of(one, "name"));
        row_said(ret, v, TEXT_TOKENS_ENDS, account_instant(json_object_get(one, "expires")));
        if (used > 0)
            row_said(ret, v, TEXT_ACCOUNT_LAST_USED, used);
        else
            row_word(ret, v, TEXT_ACCOUNT_NOT_USED);
        row_end(ret, v, "/account/tokens/revoke", "number", number, TEXT_ACCOUNT_REMOVE, text_of(one, "name"));
    }
    if (n == 0)
        paragraph(ret, v, TEXT_TOKENS_NONE, "note");
    else
        buf_text(ret, "</ul>\n");
    if (works_somewhere(v))
        put_token_form(ret, v);
    buf_text(ret, "</section>\n");
}

void page_own(struct buf *ret, const struct account_view *v) {
    buf_text(ret, "<div class=\"top\"><h1>");
    PUT_TEXT(ret, v->frame.lang, ACCOUNT_TITLE);
    buf_text(ret, "</h1>\n");
    account_form(ret, &v->frame, "/account/sign-out");
    buf_text(ret, "<button type=\"submit\" class=\"small\">");
    PUT_TEXT(ret, v->frame.lang, SIGN_OUT);
    buf_text(ret, "</button></form></div>\n");
    account_saying(ret, &v->frame);
    put_invited(ret, v);
    put_who(ret, v);
    put_members(ret, v);
    section(ret, v, "proofs", TEXT_ACCOUNT_PROOFS);
    put_password(ret, v);
    put_passkeys(ret, v);
    put_totp(ret, v);
    put_codes(ret, v);
    put_providers(ret, v);
    buf_text(ret, "</section>\n");
    put_sessions(ret, v);
    put_tokens(ret, v);
}
