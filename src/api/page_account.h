/* page_account.h — the pages of signing in and of one's own account: what they show, and the pieces that they are made of. Everything
 * works without script but passkeys, whose boxes a script unhides. Pure: everything is borrowed. */
#pragma once
#include <jansson.h>

#include "access/session.h"
#include "api/page_html.h"
#include "charter/charter.h"

#define ACCOUNT_TOKEN ".token"                /* of the guard before one is signed in, of the session after */

/* What every one of them knows. */
struct account_frame {
    enum lang lang;
    const char *token;                        /* goes into each form */
    const char *csrf;                         /* for the script; "" before there is a session */
    const struct zone *zone;
    enum text done, trouble;                  /* a sentence above, or TEXTS */
    const char *trouble_said;                 /* one that is made for the case, plain text; NULL: none */
};

/* ---- pieces */
struct account_input {
    const char *id, *name, *type, *complete /* autocomplete */;
    enum text label, hint;                    /* hint TEXTS: none */
    const char *value, *mistake;              /* plain text; NULL: none */
    bool optional, first /* takes the focus */;
    size_t most;
    const char *more;                         /* attributes, as they stand */
};
void account_input(struct buf *ret, enum lang lang, const struct account_input *i);
void account_form(struct buf *ret, const struct account_frame *f, const char *action);    /* opens one */
void account_button(struct buf *ret, enum lang lang, enum text text, const char *classes);
void account_head(struct buf *ret, const struct account_frame *f, enum text title, enum text lead);       /* lead TEXTS: none */
void account_saying(struct buf *ret, const struct account_frame *f);                                       /* what was done, or failed */
void account_moment(struct buf *ret, const struct account_frame *f, usec_t at);
usec_t account_instant(const json_t *value);  /* RFC 3339, or microseconds; 0: none */
/* The box of a passkey: get (to sign in, to confirm) or create; next: where a success leads, with the language added. */
void account_passkey(struct buf *ret, const struct account_frame *f, const char *what, const char *next, enum text button);
/* "1 minute": how long to wait. */
void account_wait(struct buf *ret, enum lang lang, int64_t seconds);

/* ---- coming in */
struct provider_button { const char *name, *path, *issuer; };      /* "Company", "/account/with/company" */
struct sign_view { struct account_frame frame; const char *email; const struct provider_button *providers; size_t provider_count; };
void page_sign(struct buf *ret, const struct sign_view *v);
struct second_view { struct account_frame frame; bool totp, codes, passkeys; };
void page_second(struct buf *ret, const struct second_view *v);
struct confirm_view { struct account_frame frame; const char *to /* "/account?to=…" where one comes back to */, *email; bool password, passkeys, totp; };
void page_confirm(struct buf *ret, const struct confirm_view *v);
struct link_page { struct account_frame frame; const struct link_info *link; const char *role /* in words */; const char *path; const char *name, *name_mistake, *password_mistake; };
void page_link_accept(struct buf *ret, const struct link_page *v);         /* a new person, or a reset */
enum join { JOIN_SIGN_IN, JOIN_OTHER, JOIN_READY };
void page_link_join(struct buf *ret, const struct link_page *v, enum join how);
void page_change(struct buf *ret, const struct account_frame *f, const char *email, const char *mistake);
void page_enrol(struct buf *ret, const struct account_frame *f);
void page_totp(struct buf *ret, const struct account_frame *f, const char *secret, const char *svg);    /* NULL, NULL: the code was wrong */
void page_codes(struct buf *ret, const struct account_frame *f, const json_t *codes);
void page_token(struct buf *ret, const struct account_frame *f, const char *token);

/* ---- being in */
struct account_view {
    struct account_frame frame;
    const struct person_of *who;
    const json_t *members, *sessions, *passkeys, *tokens;
    const struct provider_button *providers; size_t provider_count;
    const char *(*role)(void *arg, const json_t *member); void *role_arg;       /* in words */
    bool (*due)(void *arg, const json_t *member); void *due_arg;                /* does the page of what will be erased concern it? NULL: none */
    const struct link_info *invited; const char *invited_role;                  /* a link that waits for a yes; NULL: none */
    const char *mistake_at, *mistake;                                           /* id of the input, and what is wrong there */
};
void page_own(struct buf *ret, const struct account_view *v);
