/* plain.h — a page that stands on its own, with its style inside: for people who meet a refusal where no service is there to make a page (it is
 * starting, it does not answer, nginx itself refuses). Pure; thread-safe. */
#pragma once
#include "base/buf.h"
#include "base/lang.h"

struct plain { int status; struct words title, text; };
size_t plain_list(const struct plain **ret);
const struct plain *plain_of(int status);            /* NULL: there is none */
/* What stands in the places is put as it is: our own texts, or names of nginx's variables. No quote stands in the page. */
void plain_put(struct buf *ret, const char *lang, const char *title, const char *text);
/* The content security policy that lets its style, and nothing else, work: without frame-ancestors, which is the caller's. */
void plain_policy(struct buf *ret);
