/* find.h — inside records: by what a record is found. A token is a keyed hash over tenant, service, kind, field, way of
 * finding and folded value, each with its length before it. Only tokens and the values of sorted fields that are not
 * personal enter the index. */
#pragma once
#include "records/record.h"

struct token_list { struct token *list; size_t count, room; };
/* Tokens of the fields in the set that are found by something. Appends. */
MUST_USE enum code find_tokens(const struct service *s, const struct index_keys *keys, const struct record *r, fieldset fields,
                               struct arena *arena, struct token_list *ret, struct err *reterr);
/* Values of the sorted fields. */
MUST_USE enum code find_sorted(const struct record *r, struct arena *arena, struct sorted_value **ret, size_t *ret_count, struct err *reterr);
/* The text that a sorted text field sorts by: folded, cut to SORT_TEXT bytes. NULL: no memory. */
#define SORT_TEXT 200u
const char *find_sort_text(const char *text, struct arena *arena);
/* Does this field sort by number? */
bool find_by_number(const struct field *f);

/* The token that a search asks for. `fold` is already folded by find_fold. With the index key before the present one when
 * `before` (and there is one). False: no memory. */
MUST_USE bool find_token(const struct service *s, const struct index_keys *keys, const struct kind_info *k, int64_t tenant, int field, enum find_mode mode,
                const char *fold, size_t len, bool before, struct token *ret);
/* How values of the field are compared when found exactly: NULL: no memory. */
const char *find_fold(const struct field *f, const struct value *v, struct arena *arena);
#define PREFIX_MIN 3u
#define PREFIX_MAX 16u
/* Bytes of the first n characters of folded text; the whole when it has fewer. */
size_t find_points(const char *text, size_t len, size_t n);

/* For claims and spans: what a record is unique by. False: no memory. */
MUST_USE bool find_claim(const struct service *s, const struct index_keys *keys, const struct kind_info *k, int64_t tenant, const char *rule,
                const struct buf *pieces, struct token *ret, struct token *ret_before);
