/* page_front.h — one visit of a page of accounts: who is signed in, how far, in which language; may this form be taken; and how it
 * ends. Functions that answer false have replied. Belongs to the handler of its request. */
#pragma once
#include "api/page_account.h"
#include "api/page_visit.h"
#include "api/session_call.h"

struct front {
    struct visit visit;
    struct people *people;
    bool in;                                  /* there is a session, in whatever step */
    const char *secret; struct session session;
    struct person_of who;                     /* where `in` */
    struct account_frame frame;
};
void front_done(struct front *f);             /* wipes what is known of the person */
DEFINE_AUTO_VALUE(struct front, front_done)

/* A page to look at. path: of it, as visit_plain has it. */
MUST_USE bool front_get(struct http_req *req, const char *path, struct front *ret);
/* A form that was sent: of a page of ours, with its token. steps 0: also without a session; else a session in one of these
 * (SCALL_…), or the person is led to where the next step is. path: where it is shown again. */
MUST_USE bool front_post(struct http_req *req, const char *path, unsigned steps, struct front *ret);
const char *front_form(struct front *f, const char *name);               /* "" where nothing was typed */

/* Begins and ends a page: put writes what stands in it. */
void front_page(struct front *f, enum text title, bool typed, struct buf *ret, struct page *ret_page);
void front_send(struct front *f, int status, const struct page *page, struct buf *body);
void front_go(struct front *f, const char *where, const char *done);     /* 303, in this language; done: NULL or a word of page_front.c */
/* What every form may meet: sign in again first (to: where the person comes back to), too many attempts, the session is over. Else a
 * page of trouble. */
void front_failed(struct front *f, const struct err *e, const char *to);
/* Says in f->frame what e means where it has a sentence of its own for people; the status of the reply. 0: it has none. */
int front_trouble(struct front *f, const struct err *e, enum text wrong);
/* A step was taken: the cookie gets the new secret, which is wiped here. */
void front_stepped(struct front *f, char secret[SESSION_TEXT], const struct session *s);
/* In words of the page's language: what a role is called. service: "" or NULL is the operator's. */
const char *front_role(struct front *f, const char *service, const char *role);

/* The link that waits for its person to sign in. */
const char *front_link(struct front *f);                                 /* NULL: none */
void front_link_keep(struct front *f, const char *secret);               /* NULL: taken away */

/* page_proofs.c: what stands behind /account once one is in. */
void front_account(struct front *f, int status, const char *mistake_at, const char *mistake);
