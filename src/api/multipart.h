/* multipart.h — multipart/form-data (RFC 7578) read piece by piece from a source: parts come in their order,
 * each is read or passed over, nothing is kept. Bounded: PARTS_MAX parts, 8 KiB of headers in each. Pure but
 * for the source. One thread. Ownership: multipart_new gives, multipart_free takes back. */
#pragma once
#include "base/err.h"
#include "records/records.h"

#define PARTS_MAX 32u

struct multipart;
/* content_type: of the request, with its boundary. E_MEDIA when it is not multipart/form-data with one. */
MUST_USE enum code multipart_new(const char *content_type, const struct source *in, struct multipart **ret, struct err *reterr);
struct multipart *multipart_free(struct multipart *m);
DEFINE_AUTO(struct multipart, multipart_free)

struct form_part { char name[64], filename[256], type[128]; bool is_file; };
/* The next part, past what is left of the one before; *ret_more false: there is none. E_INVALID: malformed or cut off. */
MUST_USE enum code multipart_next(struct multipart *m, struct form_part *ret, bool *ret_more, struct err *reterr);
/* Bytes of the part; 0 at its end, -1 when the body is malformed or cut off. */
ssize_t multipart_read(struct multipart *m, void *ret, size_t room);
