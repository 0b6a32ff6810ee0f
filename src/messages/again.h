/* again.h — Idempotency-Key of what sends messages: the answer to a request is sealed and kept for 24 hours, in the write that queues the
 * messages, so that the same request is answered the same and sends nothing twice. Thread-safe; blocks. Ownership: again_done. */
#pragma once
#include "messages/send.h"
#include "store/tables.h"

struct again {
    struct service *service; const struct caller *who;
    bool wanted, met;                        /* met: somebody answered this request while it ran: ask again */
    uint8_t key_hash[HASH_SIZE], request_hash[HASH_SIZE];
    key_id id; struct key key; usec_t due;
    json_t *(*answer)(void *arg);            /* what is kept, made inside the write; NULL from it: no memory */
    void *arg;
};
/* key NULL or "": nothing is kept. *ret_before: the answer of before, the caller's; NULL: there is none, and *ret is ready for again_write.
 * E_CONFLICT: the key belongs to another request. */
MUST_USE enum code again_begin(struct service *s, const struct caller *who, const char *key, const json_t *request, struct again *ret, json_t **ret_before, struct err *reterr);
/* Inside the write, as `also` of messages_send; keeps what `answer` gives, where that is an object. E_CONFLICT with met: see above. */
enum code again_write(struct txn *t, void *arg, struct err *reterr);
/* The write ended with `code`; where nothing was kept its key serves another. */
void again_end(struct again *a, enum code code, bool kept);
