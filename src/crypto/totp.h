/* totp.h — codes of an authenticator (RFC 6238: SHA-1, six digits, 30 seconds), by liboath.
 * Pure but for randomness; the caller passes wall-clock time and keeps what step was used last. Thread-safe. */
#pragma once
#include "base/buf.h"
#include "base/time.h"

#define TOTP_SECRET_SIZE 20u
#define TOTP_SECRET_TEXT 33u                 /* base32 with the end */
#define TOTP_STEP_SECONDS 30

void totp_make(uint8_t ret[TOTP_SECRET_SIZE]);
void totp_text(const uint8_t secret[TOTP_SECRET_SIZE], char ret[TOTP_SECRET_TEXT]);    /* for typing; to be wiped */
/* "otpauth://totp/…": what the QR code says. Both are UTF-8, not empty. A ':' in them becomes a space, for readers split there. To be wiped. */
void totp_uri(const uint8_t secret[TOTP_SECRET_SIZE], const char *issuer, const char *account, struct buf *ret);

/* Is `text` ("123456", "123 456") the code of now, of the step before or of that after, and its step later than last_step (-1: none
 * was used)? Then the caller stores *ret_step as the last one, in the same transaction, and no code works twice. Takes the same time
 * whichever digit is wrong. */
MUST_USE bool totp_verify(const uint8_t secret[TOTP_SECRET_SIZE], const char *text, usec_t now, int64_t last_step, int64_t *ret_step);
/* What an authenticator that was given that text shows at `now`: for probes and tests, which sign in as people do. False: no such text. */
#define TOTP_CODE 7u
MUST_USE bool totp_code(const char *text, usec_t now, char ret[TOTP_CODE]);
