/* page_right.h — what a person asks for, as a form: in the public page of requests and on a private link. Pure. */
#pragma once
#include "api/page_field.h"

#define RIGHT_TYPE ".type"
#define RIGHT_NAME ".name"
#define RIGHT_EMAIL ".email"
#define RIGHT_TEXT ".words"
struct right_view { enum lang lang; bool known /* who asks: no name, no address */; typed_fn typed; void *typed_arg; const char *wrong /* name of the input that is wrong, or NULL */; enum text mistake; };
/* The inputs; the form around them is the caller's. */
void right_put(struct buf *ret, const struct right_view *v);
