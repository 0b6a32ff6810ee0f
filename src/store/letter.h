/* letter.h — letters that leave by mail: the outbox. A letter is put in the same write as what causes it; its address, subject and text
 * are sealed by the caller (records/post.h) and go when it was delivered or given up. letter_next leads to those that are to be tried, of
 * all tenants. What a callback gets lives as long as the call. */
#pragma once
#include "base/uuid.h"
#include "store/store.h"

enum letter_state { LETTER_WAITING,     /* to be tried; also after a try that failed for a while */
                    LETTER_SENDING,     /* handed to the mailer: after a cut nobody knows what came of it until the mailer is asked */
                    LETTER_SENT,        /* the relay has taken it */
                    LETTER_BOUNCED,     /* the relay has refused it for good; it may be tried again daily */
                    LETTER_UNKNOWN,     /* cut off between the last byte and the answer: not sent again, for it may have arrived */
                    LETTER_OVER };      /* given up, or not needed any more */
struct letter_row {
    struct uuid id; const char *cause; int64_t about; enum letter_state state; usec_t made, tried /* last; 0: never */, until /* then it is given up */;
    int tries, status /* of SMTP, last; 0: no answer */; const char *said /* the relay's words, addresses masked */;
    uint64_t key; const void *blob; size_t len;
};
MUST_USE enum code letter_put(struct txn *t, const struct letter_row *r, usec_t next, struct err *reterr);
/* All but id, cause, about, made, until and key; next USEC_NEVER: it is not tried any more. */
MUST_USE enum code letter_set(struct txn *t, const struct letter_row *r, usec_t next, struct err *reterr);
typedef bool (*letter_fn)(const struct letter_row *r, void *arg);
MUST_USE enum code letter_get(struct sql *q, const struct uuid *id, letter_fn fn, void *arg, struct err *reterr);     /* E_NOT_FOUND */
/* Those that something caused, oldest first: ("notice", 7). */
MUST_USE enum code letters_about(struct sql *q, const char *cause, int64_t about, letter_fn fn, void *arg, struct err *reterr);
/* All of the tenant that are older than `before` (a null id: all), the newest first. */
MUST_USE enum code letters_list(struct sql *q, const struct uuid *before, letter_fn fn, void *arg, struct err *reterr);
typedef bool (*letter_next_fn)(int64_t tenant, const struct uuid *id, usec_t next, void *arg);
MUST_USE enum code letters_next(struct store *s, usec_t until, letter_next_fn fn, void *arg, struct err *reterr);     /* of all tenants, by time */
/* Takes away those, and what leads to them, that were made before that and are not tried any more. */
MUST_USE enum code letters_forget(struct txn *t, usec_t before, struct err *reterr);
