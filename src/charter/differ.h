/* differ.h — what a changed charter means for the people whose data it is about, in the plain words of three languages: line by line what
 * was promised and what is promised now, as explain says it; and the new uses of data that was taken under the older one: another
 * purpose, another recipient. Pure. Ownership: charter_differ gives, differences_free takes back; the charters may go before. */
#pragma once
#include "charter/load.h"

enum difference_type {
    DIFFER_SAYS,                               /* another wording, another limit: nothing of what was taken is used otherwise */
    DIFFER_USES,                               /* what was taken before would be used or shared in a way of which its people did not know */
};
struct difference {
    enum difference_type type;
    const char *path;                          /* "records.machine.used_for" */
    struct words before, now;                  /* sentences; all NULL: the line is new, or gone */
};

/* A new use of what records of a kind held before. */
enum use_type { USE_PURPOSE /* it is read for that */, USE_PERSON /* that role sees that field */, USE_PROCESSOR /* it is handed to that one */ };
struct new_use {
    enum use_type type;
    const char *kind;
    const char *name;                          /* the purpose in English; the person; the processor's name */
    const char *field;                         /* USE_PERSON; else NULL */
};

struct differences;
MUST_USE enum code charter_differ(const struct charter *older, const struct charter *newer, struct differences **ret, struct err *reterr);
struct differences *differences_free(struct differences *d);
DEFINE_AUTO(struct differences, differences_free)
size_t differences_list(const struct differences *d, const struct difference **ret);      /* in the order of the newer charter; what is gone at the end */
size_t differences_uses(const struct differences *d, const struct new_use **ret);
