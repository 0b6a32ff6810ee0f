/* options.h — the words behind a command: options of a table, and the rest. Texts stay argv's. */
#pragma once
#include "base/err.h"

#define WORDS_MAX 64u
enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_LIST };
struct option_list { const char *items[WORDS_MAX]; size_t count; };
struct option { const char *name; enum option_type type; void *at; };      /* bool, const char *, int64_t, struct option_list */
struct plain_words { const char *at[WORDS_MAX]; size_t count; };

/* "--name value" or "--name=value"; "--" ends the options. E_USAGE names the word that is wrong. `least` and `most` words must be left. */
MUST_USE enum code options_read(int argc, char *const *argv, const struct option *options, size_t option_count,
                                size_t least, size_t most, struct plain_words *ret, struct err *reterr);
