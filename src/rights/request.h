/* request.h — what a person asks for under Articles 15 to 22 GDPR, from receipt to answer, with a clock. Every step is one write with its
 * row, its entry in the tenant's ledger (number and type, never a value) and the letters that it causes; who asked and what is sealed under
 * a key of its own, and goes three years after the end. A step that is not possible now answers E_CONFLICT. Thread-safe; blocks.
 *
 *   received ── identity ── identified ── collected ── decided ── answered          extended: once, within the first month, with reasons
 *      └───────────┴──────────────┴────────────┴───────────┴───── refused | withdrawn | passed
 */
#pragma once
#include "base/arena.h"
#include "records/records.h"

enum request_type { REQUEST_ACCESS, REQUEST_RECTIFICATION, REQUEST_ERASURE, REQUEST_RESTRICTION, REQUEST_PORTABILITY, REQUEST_OBJECTION, REQUEST_WITHDRAWAL, REQUEST_AUTOMATED,
                    REQUEST_TYPES };
enum request_state { REQUEST_RECEIVED, REQUEST_IDENTITY /* asked for */, REQUEST_IDENTIFIED, REQUEST_COLLECTED, REQUEST_DECIDED,
                     REQUEST_ANSWERED, REQUEST_REFUSED, REQUEST_WITHDRAWN, REQUEST_PASSED, REQUEST_STATES };      /* from ANSWERED on: ended */
enum request_way { REQUEST_BY_FORM, REQUEST_BY_LINK, REQUEST_BY_API, REQUEST_ON_PAPER, REQUEST_WAYS };
const char *request_type_name(int type);       /* "access" … "no_automated_decision" */
const char *request_state_name(int state);
const char *request_way_name(int way);
MUST_USE bool request_type_find(const char *name, enum request_type *ret);

/* Where requests are worked on. tenant 0: those that reached the operator. */
struct request_desk {
    struct service *service; int64_t tenant;
    const char *base_url;                      /* before the links in letters; NULL: no letter with a link is sent */
    const char *tenant_name;                   /* who writes; NULL: not known */
};
/* "kind/id" of that service; false: neither, or NULL. */
MUST_USE bool request_record(const struct request_desk *d, const char *text, int *ret_kind, struct uuid *ret_id);
/* Who acts. who: as the ledger has it; name: as people know it, or NULL; caller: in whose right records are changed. */
struct request_by { const char *who, *name; const struct caller *caller; };
#define REQUEST_TEXT 4000                      /* bytes of a text that somebody writes */
#define REQUEST_NAME 200

struct request_wish {
    enum request_type type; enum request_way way; enum lang lang;
    const char *name, *email, *phone, *address /* for a letter on paper */, *text, *purpose, *consent;        /* each may be NULL */
    usec_t received;                           /* 0: now; else when the letter came */
    int kind; struct uuid id;                  /* by private link: its record, which proves who asks; kind -1: none */
};
MUST_USE enum code request_make(const struct request_desk *d, const struct request_wish *w, const struct request_by *by, int64_t *ret_number, struct err *reterr);

/* One request: {number, type, state, way, received, due, law, extended, ended, late, days (left), identified, person, text, identity, records,
 * decision, extension, answer, refusal, passed, tasks, letters, steps}; erased: true where its words are gone. */
MUST_USE enum code request_told(const struct request_desk *d, int64_t number, json_t **ret, struct err *reterr);
/* {items, next}, the newest first; items without the words. open: those that have not ended. */
MUST_USE enum code requests_told(const struct request_desk *d, int64_t before, bool open, json_t **ret, struct err *reterr);
/* Those that came by a private link, for the person: [{number, type, state, received, due, extended, ended}]. */
MUST_USE enum code requests_of(const struct request_desk *d, int kind, const struct uuid *id, json_t **ret, struct err *reterr);

/* ---- steps */
/* A letter that says that it came and until when it is answered, where an address is known. */
MUST_USE enum code request_acknowledge(const struct request_desk *d, int64_t number, const struct request_by *by, struct err *reterr);
/* A one-time link to the address that was given, or that this record holds (kind -1: the former). */
MUST_USE enum code request_ask_identity(const struct request_desk *d, int64_t number, int kind, const struct uuid *id, const struct request_by *by, struct err *reterr);
/* Somebody who has a name says how they know who asks. email, phone: of the person, where they were not given before. */
MUST_USE enum code request_identify(const struct request_desk *d, int64_t number, const char *how, const char *email, const char *phone, const struct request_by *by, struct err *reterr);
/* By the link that was mailed: E_NOT_FOUND where it is unknown, over or used. *ret_text: what the person asked, for its page; look only. */
MUST_USE enum code request_link_look(const struct request_desk *d, const char *token, json_t **ret, struct err *reterr);
MUST_USE enum code request_link_take(const struct request_desk *d, const char *token, json_t **ret, struct err *reterr);
/* What is held about the person is looked up: its records. */
MUST_USE enum code request_collect(const struct request_desk *d, int64_t number, const struct request_by *by, struct err *reterr);
/* Granted, and done: what: {"note": …} and by type {"changes": [{"record": "kind/id", "fields": {…}}]}, {"purpose": …}, {"consent": …},
 * {"records": ["kind/id"]} for some of them only. What stays, by law or by hold, stands in the decision. */
MUST_USE enum code request_decide(const struct request_desk *d, int64_t number, json_t *what, const struct request_by *by, json_t **ret_mistakes, struct err *reterr);
MUST_USE enum code request_extend(const struct request_desk *d, int64_t number, const char *reasons, const struct request_by *by, struct err *reterr);
MUST_USE enum code request_answer(const struct request_desk *d, int64_t number, const char *text, const struct request_by *by, struct err *reterr);
/* The person is told once more where the answer is read: by a new link, for the old one works once. E_CONFLICT: no address is known, or nothing is answered. */
MUST_USE enum code request_send(const struct request_desk *d, int64_t number, const struct request_by *by, struct err *reterr);
/* ground: a name of grounds.tbl that fits the type. */
MUST_USE enum code request_refuse(const struct request_desk *d, int64_t number, const char *ground, const char *reason, const struct request_by *by, struct err *reterr);
MUST_USE enum code request_withdraw(const struct request_desk *d, int64_t number, const char *why, const struct request_by *by, struct err *reterr);
/* To the controller, who answers it. how: "by letter"; to_tenant: one of this installation, which gets it with the day on which it came (0: another). */
MUST_USE enum code request_pass(const struct request_desk *d, int64_t number, const char *to, const char *how, int64_t to_tenant, const struct request_by *by,
                                int64_t *ret_number, struct err *reterr);
/* Whom a request is about, once it is known who asks (else E_CONFLICT), its type and the person's language: for the archive of an access. */
struct subject;
MUST_USE enum code request_about(const struct request_desk *d, int64_t number, struct arena *arena, struct subject *ret, int *ret_type, enum lang *ret_lang, struct err *reterr);
/* A recipient was told by hand. */
MUST_USE enum code request_told_recipient(const struct request_desk *d, int64_t number, int64_t task, const char *how, const struct request_by *by, struct err *reterr);
/* [{name, article, type: [names], says}] of the grounds of a refusal. */
MUST_USE json_t *request_grounds(enum lang lang);

/* All open tenants of a service together, but for those of probes. */
struct request_counts;
MUST_USE enum code requests_counted(struct service *s, struct request_counts *ret, struct err *reterr);

/* ---- the clock: what is to be done at `now` for one that requests_next names. *ret_warned: it is to be told of: days left (0: today; -1:
 * late), else INT_MAX. The caller has the letters put by `tell`, within the same write. */
struct post_ready;
typedef enum code (*request_tell_fn)(void *arg, const struct request_desk *d, int64_t number, int type, usec_t due, int left, struct post_ready **ret, size_t *ret_count, struct err *reterr);
MUST_USE enum code request_tick(const struct request_desk *d, int64_t number, usec_t now, request_tell_fn tell, void *arg, struct err *reterr);
