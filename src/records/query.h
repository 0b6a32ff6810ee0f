/* query.h — inside records: what a list or a search asks for: conditions on fields, an order, a page. */
#pragma once
#include "records/find.h"
#include "records/regex.h"

enum cond_op { IS, AT_LEAST, ABOVE, AT_MOST, BELOW, HAS_WORD, HAS_PREFIX, CONTAINS, MATCHES, COND_OPS };
#define CONDS_MAX 16
struct cond {
    int field;
    enum cond_op op;
    struct value value;                        /* IS and ranges */
    const char *fold;                          /* folded text of the value or the words */
    struct regex *pattern;                   /* MATCHES */
};

/* Where candidates come from. */
enum source_type { BY_ID, BY_TOKEN, BY_SORT, BY_ROOTS /* page.c's own choice in place of BY_ID */ };
struct query {
    const struct kind_info *k;
    struct cond conds[CONDS_MAX]; size_t cond_count;
    bool has_parent; struct uuid parent;
    enum source_type source;
    int source_field; enum find_mode source_mode; const char *source_fold;      /* BY_TOKEN */
    int sort; bool descending;                 /* BY_SORT: the field; BY_ID: descending only */
    size_t limit;
    const char *cursor; size_t cursor_len;     /* as it came, or NULL */
    bool has_after; struct uuid after; int64_t after_number; const char *after_text;       /* what it says, and later where the page goes on */
};
#define LIMIT_MAX 1000u
#define CURSOR_MAX 1024u
#define LIMIT_USUAL 100u
void query_done(struct query *q);
DEFINE_AUTO_VALUE(struct query, query_done)
/* {limit, cursor, sort, "event": id, "field": …, "field.gte": …}; fields: those that the caller may see at all. */
MUST_USE enum code query_of_list(const struct service *s, const struct kind_info *k, fieldset fields, json_t *in, struct arena *arena, struct query *ret, struct err *reterr);
/* {where: {…}, limit, cursor, sort} */
MUST_USE enum code query_of_search(const struct service *s, const struct kind_info *k, fieldset fields, json_t *in, struct arena *arena, struct query *ret, struct err *reterr);
/* Does the opened record answer every condition? What cannot be read of a damaged one may answer any. *failed is set when there was no memory to tell. */
MUST_USE bool query_matches(const struct query *q, const struct record *r, struct arena *arena, bool *failed);
/* One condition held against a value by itself. Text is folded into `room`, a buf of FOLD_MAX that is used again from call to call. */
#define FOLD_MAX (TEXT_MAX * 16u)
MUST_USE bool cond_meets(const struct cond *c, const struct field *f, const struct value *v, struct arena *arena, struct buf *room, bool *failed);
/* The fields that the conditions ask of. */
fieldset query_fields(const struct query *q);
