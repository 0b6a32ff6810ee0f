/* totp.c */
#include "crypto/totp.h"

#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base32.h"
#include "crypto/crypto.h"

#define DIGITS 6u
#define SKEW 1
#define TEXT_MOST 32u

_Static_assert(BASE32_ROOM(TOTP_SECRET_SIZE) == TOTP_SECRET_TEXT, "room for a secret as text");

void totp_make(uint8_t ret[TOTP_SECRET_SIZE]) { crypto_random(ret, TOTP_SECRET_SIZE); }

void totp_text(const uint8_t secret[TOTP_SECRET_SIZE], char ret[TOTP_SECRET_TEXT]) { base32_text(base32_rfc, secret, TOTP_SECRET_SIZE, ret); }

static void percent(struct buf *ret, const char *text) {
    for (; *text != 0; text++) {
        unsigned char c = *text == ':' ? ' ' : (unsigned char)*text;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~')
            buf_char(ret, (char)c);
        else
            buf_printf(ret, "%%%02X", c);
    }
}

void totp_uri(const uint8_t secret[TOTP_SECRET_SIZE], const char *issuer, const char *account, struct buf *ret) {
    char text[TOTP_SECRET_TEXT];
    PRE(issuer != NULL && issuer[0] != 0 && account != NULL && account[0] != 0 && ret != NULL);
    totp_text(secret, text);
    buf_text(ret, "otpauth://totp/");
    percent(ret, issuer);
    buf_char(ret, ':');
    percent(ret, account);
    buf_printf(ret, "?secret=%s&issuer=", text);
    percent(ret, issuer);
    buf_printf(ret, "&algorithm=SHA1&digits=%u&period=%d", DIGITS, TOTP_STEP_SECONDS);
    crypto_wipe(text, sizeof text);
}

/* Six digits; spaces may stand anywhere. */
static bool digits_read(const char *text, char ret[DIGITS]) {
    size_t n = 0, at = 0;
    for (; at < TEXT_MOST && text[at] != 0; at++) {
        if (text[at] == ' ')
            continue;
        if (text[at] < '0' || text[at] > '9' || n == DIGITS)
            return false;
        ret[n++] = text[at];
    }
    return n == DIGITS && at < TEXT_MOST;
}

/* All steps are looked at, and no branch depends on what is compared but the answer. */
bool totp_verify(const uint8_t secret[TOTP_SECRET_SIZE], const char *text, usec_t now, int64_t last_step, int64_t *ret_step) {
    PRE(secret != NULL && text != NULL && last_step >= -1 && ret_step != NULL);
    char typed[DIGITS], right[DIGITS + 1];
    int64_t step = now / (TOTP_STEP_SECONDS * USEC_PER_SEC), found = -1;
    if (now < 0 || !digits_read(text, typed))
        return false;
    for (int64_t s = step + SKEW; s >= step - SKEW; s--) {
        int code = s < 0 ? -1 : oath_hotp_generate((const char *)secret, TOTP_SECRET_SIZE, (uint64_t)s, DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, right);
        bool fits = code == OATH_OK && crypto_equal(typed, right, DIGITS);
        found = (fits & (s > last_step)) ? s : found;
    }
    crypto_wipe(typed, sizeof typed);
    crypto_wipe(right, sizeof right);
    if (found < 0)
        return false;
    *ret_step = found;
    return true;
}

bool totp_code(const char *text, usec_t now, char ret[TOTP_CODE]) {
    PRE(text != NULL && ret != NULL);
    _Static_assert(TOTP_CODE == DIGITS + 1, "digits and their end");
    char *secret = NULL;
    size_t len = 0;
    if (now < 0 || oath_base32_decode(text, strnlen(text, TOTP_SECRET_TEXT), &secret, &len) != OATH_OK)
        return false;
    bool fine = len == TOTP_SECRET_SIZE && oath_hotp_generate(secret, len, (uint64_t)(now / (TOTP_STEP_SECONDS * USEC_PER_SEC)), DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, ret) == OATH_OK;
    crypto_wipe(secret, len);
    free(secret);
    return fine;
}
