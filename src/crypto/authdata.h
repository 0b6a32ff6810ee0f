/* authdata.h — the bytes of an authenticator cut into their parts (Web Authentication level 3, 6.1). Pure: points into what it was
 * given, copies nothing, checks lengths and form to the last byte. */
#pragma once
#include "base/macros.h"

#define AUTHDATA_HASH_SIZE 32u
#define AUTHDATA_HEAD 37u                    /* hash of the site's id, flags, counter */
#define AUTHDATA_MAX 4096u

enum authdata_flag { AUTHDATA_PRESENT = 1, AUTHDATA_VERIFIED = 4, AUTHDATA_ELIGIBLE = 8, AUTHDATA_BACKED_UP = 16, AUTHDATA_ATTESTED = 64, AUTHDATA_EXTENDED = 128 };

struct authdata {
    const uint8_t *site_hash;
    unsigned flags;
    uint32_t count;
    const uint8_t *aaguid, *id, *key;        /* with AUTHDATA_ATTESTED, else NULL; key: a COSE map */
    size_t id_len, key_len;
};
MUST_USE bool authdata_read(const void *bytes, size_t len, struct authdata *ret);

/* A key of COSE (RFC 9052, 7; RFC 9053, 7): what the labels 1, 3, -1, -2 and -3 hold, an integer or bytes. Read here, for the CBOR library
 * that libfido2 uses falls over where it finds no memory. */
enum cose_label { COSE_KIND, COSE_ALGORITHM, COSE_FIRST, COSE_SECOND, COSE_THIRD, COSE_LABELS };
struct cose_value { bool is_integer; int64_t number; const uint8_t *bytes; size_t len; };      /* neither: is_integer false, bytes NULL */
struct cose { struct cose_value value[COSE_LABELS]; };
/* Other labels are passed over; one that stands twice, or is no small integer or text, is refused. */
MUST_USE bool cose_read(const uint8_t *bytes, size_t len, struct cose *ret);

/* The length of the one CBOR item at the beginning: definite lengths, no tags, five levels at most (CTAP 2 writes no other). 0: none. */
MUST_USE size_t cbor_item(const uint8_t *bytes, size_t len);
