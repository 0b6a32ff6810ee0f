/* says.h — the mistakes of an input: JSON [{path, text}] in the language of the request. A mistake names the field
 * and the mend, never the value. Ownership: mistakes_take gives the list away. One thread at a time. */
#pragma once
#include <jansson.h>

#include "base/err.h"
#include "base/lang.h"

enum says {
    SAYS_OK,
#define SAY(name, en, pl, hu) SAYS_##name,
#include "records/says.tbl"
#undef SAY
    SAYS_COUNT
};
struct say { enum says says; char arg[128]; };      /* one mistake; arg: for its %s */
const char *says_text(enum says says, enum lang lang);       /* with the %s still in it */

#define MISTAKES_MAX 200                            /* of one input; further ones are dropped */
struct mistakes { json_t *list; enum lang lang; bool lost; };      /* lost: one found no memory; they are taken as want of it */
void mistakes_add(struct mistakes *m, const char *path, enum says says, const char *arg);
void mistakes_add_say(struct mistakes *m, const char *path, const struct say *say);
bool mistakes_any(const struct mistakes *m);
bool mistakes_have(const struct mistakes *m, const char *path);      /* one at that path */
/* The error that stands for all of them; the list goes to *ret_list (may be NULL). */
enum code mistakes_take(struct mistakes *m, json_t **ret_list, struct err *reterr);
void mistakes_done(struct mistakes *m);
DEFINE_AUTO_VALUE(struct mistakes, mistakes_done)
