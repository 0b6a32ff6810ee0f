/* page_account.c — the pieces of the pages of accounts, and the pages by which one comes in. A password field takes what a manager
 * pastes, says by its autocomplete what it is for, and can be shown; nothing tells whether an address is known. */
#include "api/page_account.h"

#include <stdio.h>
#include <string.h>

/* ---- pieces */
static void put_hint(struct buf *ret, enum lang lang, const struct account_input *i) {
    if (i->hint == TEXTS)
        return;
    buf_printf(ret, "<p class=\"hint\" id=\"%s-hint\">", i->id);
    buf_html(ret, text_in(i->hint, lang));
    buf_text(ret, "</p>\n");
}

static void put_mistake(struct buf *ret, const struct account_input *i) {
    if (i->mistake == NULL)
        return;
    buf_printf(ret, "<p class=\"mistake\" id=\"%s-error\">", i->id);
    buf_html(ret, i->mistake);
    buf_text(ret, "</p>\n");
}

static void put_described(struct buf *ret, const struct account_input *i) {
    if (i->hint == TEXTS && i->mistake == NULL)
        return;
    buf_text(ret, " aria-describedby=\"");
    if (i->hint != TEXTS)
        buf_printf(ret, "%s-hint%s", i->id, i->mistake != NULL ? " " : "");
    if (i->mistake != NULL)
        buf_printf(ret, "%s-error", i->id);
    buf_text(ret, i->mistake != NULL ? "\" aria-invalid=\"true\"" : "\"");
}

void account_input(struct buf *ret, enum lang lang, const struct account_input *i) {
    bool secret = strcmp(i->type, "password") == 0;
    buf_printf(ret, "<div class=\"field%s\">\n<label for=\"%s\">", i->mistake != NULL ? " wrong" : "", i->id);
    buf_html(ret, text_in(i->label, lang));
    buf_text(ret, "</label>\n");
    put_hint(ret, lang, i);
    put_mistake(ret, i);
    if (secret)
        buf_text(ret, "<div class=\"seen\">");
    buf_printf(ret, "<input id=\"%s\" name=\"%s\" type=\"%s\" maxlength=\"%zu\" autocomplete=\"%s\"%s%s", i->id, i->name, i->type, i->most, i->complete,
               i->optional ? "" : " required", i->first ? " autofocus" : "");
    if (i->more != NULL)
        buf_printf(ret, " %s", i->more);
    put_described(ret, i);
    if (i->value != NULL) {
        buf_text(ret, " value=\"");
        buf_html(ret, i->value);
        buf_text(ret, "\"");
    }
    buf_text(ret, ">");
    if (secret) {                              /* the script shows the switch */
        buf_printf(ret, "<button type=\"button\" class=\"quiet show\" data-show=\"%s\" aria-pressed=\"false\" hidden>", i->id);
        PUT_TEXT(ret, lang, SIGN_SHOW);
        buf_text(ret, "</button></div>");
    }
    buf_text(ret, "\n</div>\n");
}

void account_form(struct buf *ret, const struct account_frame *f, const char *action) {
    buf_text(ret, "<form method=\"post\" action=\"");
    buf_html(ret, action);
    buf_printf(ret, "%slang=%s\"><input type=\"hidden\" name=\"" ACCOUNT_TOKEN "\" value=\"", strchr(action, '?') == NULL ? "?" : "&amp;", lang_code(f->lang));
    buf_html(ret, f->token);
    buf_text(ret, "\">\n");
}

void account_button(struct buf *ret, enum lang lang, enum text text, const char *classes) {
    buf_printf(ret, "<p class=\"buttons\"><button type=\"submit\"%s%s%s>", classes == NULL ? "" : " class=\"", classes == NULL ? "" : classes, classes == NULL ? "" : "\"");
    buf_html(ret, text_in(text, lang));
    buf_text(ret, "</button></p>\n");
}

static void put_trouble(struct buf *ret, const struct account_frame *f) {
    const char *said = f->trouble_said != NULL ? f->trouble_said : f->trouble != TEXTS ? text_in(f->trouble, f->lang) : NULL;
    if (said == NULL)
        return;
    buf_text(ret, "<div class=\"summary-box\" role=\"alert\" id=\"trouble\"><p>");
    buf_html(ret, said);
    buf_text(ret, "</p></div>\n");
}

void account_head(struct buf *ret, const struct account_frame *f, enum text title, enum text lead) {
    buf_text(ret, "<h1>");
    buf_html(ret, text_in(title, f->lang));
    buf_text(ret, "</h1>\n");
    account_saying(ret, f);
    if (lead != TEXTS) {
        buf_text(ret, "<p class=\"lead\">");
        buf_html(ret, text_in(lead, f->lang));
        buf_text(ret, "</p>\n");
    }
}

void account_saying(struct buf *ret, const struct account_frame *f) {
    if (f->done != TEXTS) {
        buf_text(ret, "<p class=\"done\" role=\"status\">");
        buf_html(ret, text_in(f->done, f->lang));
        buf_text(ret, "</p>\n");
    }
    put_trouble(ret, f);
}

void account_moment(struct buf *ret, const struct account_frame *f, usec_t at) {
    struct civil c = zone_civil(f->zone, at);
    say_moment(ret, f->lang, &c);
}

usec_t account_instant(const json_t *value) {
    usec_t at = 0;
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        return json_integer_value(value);
    return text != NULL && time_parse(text, &at) ? at : 0;
}

void account_wait(struct buf *ret, enum lang lang, int64_t seconds) {
    static const struct noun minutes = NOUN("minute", "minutes", "minutę", "minuty", "minut", "perc");
    static const struct noun moments = NOUN("second", "seconds", "sekundę", "sekundy", "sekund", "másodperc");
    if (seconds > 90)
        say_count(ret, lang, (seconds + 59) / 60, &minutes);
    else
        say_count(ret, lang, seconds < 1 ? 1 : seconds, &moments);
}

static void put_data(struct buf *ret, const char *name, const char *value) {
    buf_printf(ret, " data-%s=\"", name);
    buf_html(ret, value);
    buf_text(ret, "\"");
}

void account_passkey(struct buf *ret, const struct account_frame *f, const char *what, const char *next, enum text button) {
    bool make = strcmp(what, "create") == 0;
    buf_printf(ret, "<div class=\"passkey\" data-passkey=\"%s\"", what);
    put_data(ret, "csrf", f->csrf);
    buf_text(ret, " data-next=\"");
    buf_html(ret, next);
    buf_printf(ret, "%slang=%s\"", strchr(next, '?') == NULL ? "?" : "&amp;", lang_code(f->lang));
    put_data(ret, "cancelled", text_in(TEXT_PASSKEY_CANCELLED, f->lang));
    put_data(ret, "failed", text_in(TEXT_PASSKEY_FAILED, f->lang));
    put_data(ret, "there", text_in(TEXT_PASSKEY_THERE, f->lang));
    put_data(ret, "trouble", text_in(TEXT_SIGN_FAILED, f->lang));
    buf_text(ret, " hidden>\n");
    if (make)
        account_input(ret, f->lang, &(struct account_input){ .id = "passkey-name", .name = "name", .type = "text", .complete = "off", .label = TEXT_PASSKEYS_NAME,
                                                             .hint = TEXT_PASSKEYS_NAME_HINT, .most = 60, .optional = true });
    buf_text(ret, "<p class=\"buttons\"><button type=\"button\" class=\"quiet\">");
    buf_html(ret, text_in(button, f->lang));
    buf_text(ret, "</button></p>\n<p class=\"mistake\" role=\"alert\"></p>\n</div>\n<noscript><p class=\"note\">");
    PUT_TEXT(ret, f->lang, PASSKEY_NOSCRIPT);
    buf_text(ret, "</p></noscript>\n");
}

static void put_or(struct buf *ret, enum lang lang) {
    buf_text(ret, "<p class=\"or\"><span>");
    PUT_TEXT(ret, lang, SIGN_OR);
    buf_text(ret, "</span></p>\n");
}

static void put_note(struct buf *ret, enum text text, enum lang lang) {
    buf_text(ret, "<p class=\"note\">");
    buf_html(ret, text_in(text, lang));
    buf_text(ret, "</p>\n");
}

static void put_password(struct buf *ret, enum lang lang, bool fresh, bool first, const char *mistake) {
    account_input(ret, lang, &(struct account_input){ .id = "password", .name = "password", .type = "password", .complete = fresh ? "new-password" : "current-password",
                                                      .label = fresh ? TEXT_PASSWORD_NEW : TEXT_SIGN_PASSWORD, .hint = fresh ? TEXT_PASSWORD_HINT : TEXTS, .mistake = mistake,
                                                      .most = 1024, .first = first, .more = fresh ? "minlength=\"12\" spellcheck=\"false\"" : "spellcheck=\"false\"" });
}

/* For managers of passwords: which account it is that a new password belongs to. */
static void put_username(struct buf *ret, const char *email) {
    buf_text(ret, "<input type=\"hidden\" name=\"username\" autocomplete=\"username\" value=\"");
    buf_html(ret, email);
    buf_text(ret, "\">\n");
}

static void put_code(struct buf *ret, enum lang lang, enum text label, enum text hint, bool first) {
    account_input(ret, lang, &(struct account_input){ .id = "code", .name = "code", .type = "text", .complete = "one-time-code", .label = label, .hint = hint, .most = 40,
                                                      .first = first, .more = "autocapitalize=\"characters\" spellcheck=\"false\" class=\"code\"" });
}

/* ---- signing in */
void page_sign(struct buf *ret, const struct sign_view *v) {
    enum lang lang = v->frame.lang;
    bool typed = v->email != NULL && v->email[0] != 0;
    account_head(ret, &v->frame, TEXT_SIGN_TITLE, TEXTS);
    account_form(ret, &v->frame, "/account");
    account_input(ret, lang, &(struct account_input){ .id = "email", .name = "email", .type = "email", .complete = "username", .label = TEXT_SIGN_EMAIL, .hint = TEXTS,
                                                      .value = typed ? v->email : NULL, .most = PERSON_EMAIL - 1, .first = !typed, .more = "spellcheck=\"false\" autocapitalize=\"none\"" });
    put_password(ret, lang, false, typed, NULL);
    account_button(ret, lang, TEXT_SIGN_BUTTON, "wide");
    buf_text(ret, "</form>\n");
    put_or(ret, lang);
    account_passkey(ret, &v->frame, "get", "/account", TEXT_SIGN_PASSKEY);
    for (size_t i = 0; i < v->provider_count; i++) {
        buf_text(ret, "<p class=\"buttons\"><a class=\"button quiet wide\" href=\"");
        buf_html(ret, v->providers[i].path);
        buf_printf(ret, "?lang=%s\">", lang_code(lang));
        PUT(ret, lang, SIGN_WITH, v->providers[i].name);
        buf_text(ret, "</a></p>\n");
    }
    put_note(ret, TEXT_SIGN_FORGOT, lang);
}

void page_second(struct buf *ret, const struct second_view *v) {
    enum lang lang = v->frame.lang;
    account_head(ret, &v->frame, TEXT_SECOND_TITLE, TEXT_SECOND_LEAD);
    if (v->passkeys)
        account_passkey(ret, &v->frame, "get", "/account", TEXT_SIGN_PASSKEY);
    if (v->passkeys && (v->totp || v->codes))
        put_or(ret, lang);
    if (v->totp || v->codes) {
        account_form(ret, &v->frame, "/account/second");
        put_code(ret, lang, TEXT_SECOND_CODE, v->totp ? TEXT_SECOND_CODE_HINT : TEXT_SECOND_CODE_ONLY, !v->passkeys);
        account_button(ret, lang, TEXT_SECOND_BUTTON, "wide");
        buf_text(ret, "</form>\n");
    }
    put_note(ret, TEXT_SECOND_NONE, lang);
    account_form(ret, &v->frame, "/account/sign-out");
    account_button(ret, lang, TEXT_SECOND_OTHER, "plain");
    buf_text(ret, "</form>\n");
}

void page_confirm(struct buf *ret, const struct confirm_view *v) {
    enum lang lang = v->frame.lang;
    char action[64];
    snprintf(action, sizeof action, "/account/confirm?to=%s", v->to);
    account_head(ret, &v->frame, TEXT_CONFIRM_TITLE, TEXT_CONFIRM_LEAD);
    if (v->password) {
        account_form(ret, &v->frame, action);
        put_username(ret, v->email);
        put_password(ret, lang, false, true, NULL);
        account_button(ret, lang, TEXT_CONFIRM_BUTTON, "wide");
        buf_text(ret, "</form>\n");
    } else if (v->totp) {
        account_form(ret, &v->frame, action);
        put_code(ret, lang, TEXT_SECOND_CODE, TEXT_SECOND_CODE_HINT, true);
        account_button(ret, lang, TEXT_CONFIRM_BUTTON, "wide");
        buf_text(ret, "</form>\n");
    }
    if (v->passkeys) {
        if (v->password || v->totp)
            put_or(ret, lang);
        account_passkey(ret, &v->frame, "get", "/account?done=confirm", TEXT_SIGN_PASSKEY);
    }
    buf_printf(ret, "<p><a href=\"/account?lang=%s\">", lang_code(lang));
    PUT_TEXT(ret, lang, CONFIRM_BACK);
    buf_text(ret, "</a></p>\n");
}

/* ---- links */
static const char *who_invites(const struct link_page *v) {
    return v->link->tenant_name[0] != 0 ? v->link->tenant_name : text_in(TEXT_LINK_OPERATOR, v->frame.lang);
}

static void put_until(struct buf *ret, const struct link_page *v) {
    AUTO(buf_done) struct buf until = BUF(256);
    account_moment(&until, &v->frame, v->link->until);
    buf_text(ret, "<p class=\"note\">");
    PUT(ret, v->frame.lang, LINK_UNTIL, buf_str(&until));
    buf_text(ret, "</p>\n");
}

void page_link_accept(struct buf *ret, const struct link_page *v) {
    enum lang lang = v->frame.lang;
    account_head(ret, &v->frame, v->link->reset ? TEXT_LINK_RESET_TITLE : TEXT_LINK_INVITE_TITLE, TEXTS);
    buf_text(ret, "<p class=\"lead\">");
    if (v->link->reset)
        PUT(ret, lang, LINK_RESET_LEAD, v->link->email);
    else
        PUT(ret, lang, LINK_INVITE_LEAD, who_invites(v), v->role);
    buf_text(ret, "</p>\n");
    account_form(ret, &v->frame, v->path);
    if (!v->link->reset) {
        buf_text(ret, "<dl class=\"facts\"><div><dt>");
        PUT_TEXT(ret, lang, ACCOUNT_EMAIL);
        buf_text(ret, "</dt><dd>");
        buf_html(ret, v->link->email);
        buf_text(ret, "</dd></div></dl>\n");
        account_input(ret, lang, &(struct account_input){ .id = "name", .name = "name", .type = "text", .complete = "name", .label = TEXT_LINK_NAME, .hint = TEXTS,
                                                          .value = v->name != NULL ? v->name : v->link->name, .mistake = v->name_mistake, .most = PERSON_NAME - 1 });
    }
    put_username(ret, v->link->email);
    put_password(ret, lang, true, false, v->password_mistake);
    account_button(ret, lang, v->link->reset ? TEXT_LINK_RESET_BUTTON : TEXT_LINK_ACCEPT_BUTTON, "wide");
    buf_text(ret, "</form>\n");
    put_until(ret, v);
}

void page_link_join(struct buf *ret, const struct link_page *v, enum join how) {
    enum lang lang = v->frame.lang;
    account_head(ret, &v->frame, TEXT_LINK_INVITE_TITLE, TEXTS);
    buf_text(ret, "<p class=\"lead\">");
    PUT(ret, lang, LINK_JOIN_LEAD, who_invites(v), v->role);
    buf_text(ret, "</p>\n");
    if (how == JOIN_READY) {
        account_form(ret, &v->frame, "/account/join");
        account_button(ret, lang, TEXT_LINK_JOIN_BUTTON, "wide");
        buf_text(ret, "</form>\n");
    } else {
        buf_text(ret, "<p>");
        buf_html(ret, text_in(how == JOIN_OTHER ? TEXT_LINK_JOIN_OTHER : TEXT_LINK_JOIN_SIGN, lang));
        buf_printf(ret, "</p>\n<p class=\"buttons\"><a class=\"button\" href=\"/account?lang=%s\">", lang_code(lang));
        buf_html(ret, text_in(how == JOIN_OTHER ? TEXT_ACCOUNT_TITLE : TEXT_SIGN_BUTTON, lang));
        buf_text(ret, "</a></p>\n");
    }
    put_until(ret, v);
}

/* ---- what is missing before one is in */
void page_change(struct buf *ret, const struct account_frame *f, const char *email, const char *mistake) {
    account_head(ret, f, TEXT_PASSWORD_CHANGE_TITLE, TEXT_PASSWORD_CHANGE_LEAD);
    account_form(ret, f, "/account/password");
    put_username(ret, email);
    put_password(ret, f->lang, true, true, mistake);
    account_button(ret, f->lang, TEXT_PASSWORD_CHANGE, "wide");
    buf_text(ret, "</form>\n");
}

static void put_leave(struct buf *ret, const struct account_frame *f) {
    account_form(ret, f, "/account/sign-out");
    account_button(ret, f->lang, TEXT_SIGN_OUT, "plain");
    buf_text(ret, "</form>\n");
}

void page_enrol(struct buf *ret, const struct account_frame *f) {
    account_head(ret, f, TEXT_ENROL_TITLE, TEXT_ENROL_LEAD);
    buf_text(ret, "<section aria-labelledby=\"passkeys\">\n<h2 id=\"passkeys\">");
    PUT_TEXT(ret, f->lang, PASSKEYS);
    buf_text(ret, "</h2>\n<p>");
    PUT_TEXT(ret, f->lang, PASSKEYS_WHY);
    buf_text(ret, "</p>\n");
    account_passkey(ret, f, "create", "/account", TEXT_PASSKEYS_ADD);
    buf_text(ret, "</section>\n<section aria-labelledby=\"totp\">\n<h2 id=\"totp\">");
    PUT_TEXT(ret, f->lang, TOTP);
    buf_text(ret, "</h2>\n<p>");
    PUT_TEXT(ret, f->lang, TOTP_WHY);
    buf_text(ret, "</p>\n");
    account_form(ret, f, "/account/totp/begin");
    account_button(ret, f->lang, TEXT_TOTP_BEGIN, "quiet");
    buf_text(ret, "</form>\n</section>\n");
    put_leave(ret, f);
}

/* "JBSW Y3DP EHPK 3PXP", as one types it from paper. */
static void put_groups(struct buf *ret, const char *secret) {
    for (size_t i = 0; secret[i] != 0; i++) {
        if (i > 0 && i % 4 == 0)
            buf_char(ret, ' ');
        buf_add(ret, secret + i, 1);
    }
}

void page_totp(struct buf *ret, const struct account_frame *f, const char *secret, const char *svg) {
    enum lang lang = f->lang;
    account_head(ret, f, TEXT_TOTP_TITLE, TEXTS);
    if (secret != NULL && svg != NULL) {
        AUTO(buf_wipe) struct buf groups = BUF(512);
        put_groups(&groups, secret);
        buf_text(ret, "<p>");
        PUT_TEXT(ret, lang, TOTP_SCAN);
        buf_text(ret, "</p>\n<div class=\"scan\">");
        buf_text(ret, svg);                    /* our own markup, of qr.c */
        buf_text(ret, "</div>\n<p>");
        PUT_TEXT(ret, lang, TOTP_TYPE);
        buf_text(ret, "</p>\n<p class=\"address\"><code>");
        buf_html(ret, buf_str(&groups));
        buf_text(ret, "</code></p>\n");
    }
    account_form(ret, f, "/account/totp");
    put_code(ret, lang, TEXT_TOTP_CODE, TEXTS, secret == NULL);
    account_button(ret, lang, TEXT_TOTP_CONFIRM, "wide");
    buf_text(ret, "</form>\n");
    if (secret == NULL) {
        account_form(ret, f, "/account/totp/begin");
        account_button(ret, lang, TEXT_TOTP_ANEW, "quiet");
        buf_text(ret, "</form>\n");
    }
    buf_printf(ret, "<p><a href=\"/account?lang=%s\">", lang_code(lang));
    PUT_TEXT(ret, lang, CONFIRM_BACK);
    buf_text(ret, "</a></p>\n");
}

/* ---- what is shown once */
static void put_on(struct buf *ret, enum text text, enum lang lang, const char *at) {
    buf_printf(ret, "<p class=\"buttons\"><a class=\"button\" href=\"/account?lang=%s%s\">", lang_code(lang), at);
    buf_html(ret, text_in(text, lang));
    buf_text(ret, "</a></p>\n");
}

void page_codes(struct buf *ret, const struct account_frame *f, const json_t *codes) {
    account_head(ret, f, TEXT_CODES_TITLE, TEXT_CODES_ONCE);
    buf_text(ret, "<ol class=\"codes\">\n");
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const char *one = json_string_value(json_array_get(codes, i));
        buf_text(ret, "<li><code>");
        buf_html(ret, one == NULL ? "" : one);
        buf_text(ret, "</code></li>\n");
    }
    buf_text(ret, "</ol>\n<p class=\"note\">");
    PUT_TEXT(ret, f->lang, CODES_WHY);
    buf_text(ret, "</p>\n");
    put_on(ret, TEXT_CODES_DONE, f->lang, "#codes");
}

void page_token(struct buf *ret, const struct account_frame *f, const char *token) {
    account_head(ret, f, TEXT_TOKENS_MADE_TITLE, TEXT_TOKENS_ONCE);
    buf_text(ret, "<p class=\"address\"><code>");
    buf_html(ret, token);
    buf_text(ret, "</code></p>\n");
    put_on(ret, TEXT_ACCOUNT_GO_ON, f->lang, "#tokens");
}
