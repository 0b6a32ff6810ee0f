/* regex.h — regular expressions of users, in linear time (RE2), behind a C interface. A pattern has at most REGEX_MAX bytes and
 * its automaton at most REGEX_MEMORY. A compiled pattern is shared by threads. Ownership: regex_new gives, regex_free takes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
#define REGEX_MAX 512
#define REGEX_MEMORY (1 << 20)
struct regex;
/* NULL: *ret_why says why (static text; RE2's own wording quotes the pattern, which may be personal); NULL there: no memory. */
struct regex *regex_new(const char *text, size_t len, const char **ret_why);
struct regex *regex_free(struct regex *p);
/* Anywhere in the text. Without memory it sets *failed, which is otherwise left alone. */
bool regex_matches(const struct regex *p, const char *text, size_t len, bool *failed);
#ifdef __cplusplus
}
#endif
