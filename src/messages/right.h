/* right.h — may the caller have messages sent, or read what became of them? The one place that decides it; single messages, batches, campaigns, texts,
 * previews, pausing and lists ask here. Who sends at all says the charter (`messages.sent_by`; without it the tenant's own role), and whoever sends, and the
 * tenant's own role, reads; the operator's staff does neither, whatever window is open, and no form or private link does. Beyond the role a token's scope
 * (kinds, verbs, purposes), the account's levels, windows and relations hold: to send is to read the record and to write it. Thread-safe; blocks. */
#pragma once
#include "records/records.h"

enum message_verb { MESSAGES_READ, MESSAGES_SEND };
enum message_reach { REACH_ANY,              /* nobody's in particular: how much the gates refused */
                     REACH_KIND,             /* some records of that kind: the look of a text */
                     REACH_ALL,              /* all of that kind, or all that belong to `id`: a campaign, a text that all may get */
                     REACH_ONE };            /* the record `id` */
struct message_deed {
    enum message_verb verb;
    enum message_reach reach;
    int kind;
    struct uuid id;
    const char *purpose;                     /* of the message, in any language; NULL: that of the call, else the first that the token's scope leaves */
};
/* purpose: index of the kind's used_for that the message then has; -1: the kind has none, or nothing is sent. sees: fields that the caller sees of the
 * record (REACH_ONE), or ever of such records. */
struct message_may { int purpose; fieldset sees; };
/* ret may be NULL. E_FORBIDDEN; E_NOT_FOUND: there is no such record for this caller; E_INVALID: such records belong to nothing.
 * REACH_ALL says that one may begin, and not yet to whom: whoever walks the records asks message_right_record of each as the caller. To read it is the tenant's
 * own role's: beyond that a caller reads of what it asked for itself. */
MUST_USE enum code message_right(struct service *s, const struct caller *who, const struct message_deed *d, struct message_may *ret, struct err *reterr);
/* The same of one record that is loaded, for who found it and asked message_right before. *ret: fields that the caller sees. */
struct sql;
struct record;
MUST_USE enum code message_right_record(struct service *s, struct sql *q, const struct caller *who, enum message_verb verb, struct record *r, struct arena *arena, fieldset *ret, struct err *reterr);
