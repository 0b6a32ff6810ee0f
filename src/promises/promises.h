/* promises.h — promise by promise: what the charter says, what keeps it, how it stands now.
 * Pure: lines from the charter, proofs from the caller, dates from the evidence. Ownership: promises_list gives,
 * promises_free takes back; texts belong to charter and proofs, which must outlive the list. */
#pragma once
#include "charter/charter.h"

enum promise_state { PROMISE_KEPT, PROMISE_BROKEN, PROMISE_LATER /* not kept yet */, PROMISE_UNPROVED /* obeyed, never proved */,
                     PROMISE_EVIDENCE_NEEDED, PROMISE_EVIDENCED, PROMISE_EXPIRED, PROMISE_DATED /* promised for a day that has not passed */, PROMISE_OVERDUE, PROMISE_TEXT /* kept by being said */, PROMISE_STATES };

struct proof { const char *rule; bool kept; usec_t at; const char *detail; };
struct promise {
    const struct line *line;
    enum promise_state state;
    usec_t proved;                    /* 0: never */
    const char *detail;               /* of the proof; "" */
    const char *until;                /* evidence: its date, or NULL */
    const char *sentence;             /* the published sentence that it answers (seeds.tbl), or NULL; of the first id */
};
struct promises;
/* today: "2026-11-22", against which evidence expires. */
MUST_USE enum code promises_list(const struct charter *c, const struct proof *proofs, size_t proof_count, const char *today,
                                 struct promises **ret, struct err *reterr);
size_t promises_all(const struct promises *p, const struct promise **ret);
size_t promises_count(const struct promises *p, enum promise_state state);
struct promises *promises_free(struct promises *p);
DEFINE_AUTO(struct promises, promises_free)
const char *promise_state_name(enum promise_state s);                     /* "kept", "broken", … for JSON */
const char *promise_state_word(enum promise_state s, enum lang lang);     /* for people */
