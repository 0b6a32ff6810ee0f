/* recovery.h — the codes that let somebody in who has lost the second factor: ten of 80 random bits, shown once
 * ("7K3M-9XQ2-0ABC-DEFG"), stored as SHA-256, which is enough for so many bits. Pure but for randomness. Thread-safe. */
#pragma once
#include "crypto/crypto.h"

#define RECOVERY_CODES 10u
#define RECOVERY_TEXT 20u                    /* four groups of four, with the end */

struct recovery_code { char text[RECOVERY_TEXT]; };
struct recovery_hash { uint8_t bytes[HASH_SIZE]; };
/* codes are to be wiped when they were shown. */
void recovery_make(struct recovery_code ret_codes[RECOVERY_CODES], struct recovery_hash ret_hashes[RECOVERY_CODES]);
/* Which one was typed: in small letters, with or without dashes and spaces, O for 0, I or L for 1; -1: none. The caller takes that
 * hash away, in the same transaction, so that no code works twice. Looks at all of them. */
MUST_USE int recovery_find(const struct recovery_hash *hashes, size_t count, const char *text);
