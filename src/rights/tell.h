/* tell.h — inside rights: letters about a request. To the person they bear no more than a number, a kind of request, dates and a one-time link; what was
 * decided stands behind the link, so that no mailbox on the way reads it. Thread-safe; blocks. */
#pragma once
#include "records/post.h"
#include "rights/request_int.h"

enum tell { TELL_RECEIVED, TELL_IDENTITY, TELL_EXTENDED, TELL_ANSWERED, TELL_ARCHIVE, TELL_REFUSED, TELL_PASSED, TELLS };
#define LINK_DAYS 7
enum link_for { LINK_NONE, LINK_IDENTITY, LINK_LETTER, LINK_ARCHIVE /* the letter and everything that was asked for */ };
/* A new one-time link of the request: its hash and end in the row, its address (arena) in *ret; NULL base_url: E_CONFIG. */
MUST_USE enum code tell_link(struct request_work *w, enum link_for what, const char **ret, struct err *reterr);
/* The letter, where an address is known (*ret_any), and its line among the request's letters. link may be NULL. */
MUST_USE enum code tell_person(struct request_work *w, enum tell what, const char *link, struct post_ready *ret, bool *ret_any, struct err *reterr);
/* The language of the person who asks, or the service's first. */
enum lang tell_lang(const struct request_work *w);
const char *tell_type(int type, enum lang lang);         /* "dostęp do danych" */
/* Title of the service and the one who answers, in that language. */
const char *tell_service(const struct request_desk *d, enum lang lang);
