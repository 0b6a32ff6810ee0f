/* root.h — where the root key comes from: a file, a passphrase (Argon2id), a credential of systemd (which may
 * come out of a TPM). Thread-safe; the key is the caller's to wipe. */
#pragma once
#include "crypto/crypto.h"

enum root_kind { ROOT_FILE = 1, ROOT_PASSPHRASE = 2, ROOT_CREDENTIAL = 3 };
/* ROOT_FILE: `path` of a file with 64 hexadecimal digits, mode 0600 or stricter, or refused.
 * ROOT_PASSPHRASE: one line from `fd`, or, when `path` is set, from the credential of that name.
 * ROOT_CREDENTIAL: `path` names a credential in $CREDENTIALS_DIRECTORY: 32 bytes, or 64 hexadecimal digits; where `fd` is
 * above 2 they are read from there instead. */
struct root_source { enum root_kind kind; const char *path; int fd; };

/* How hard a passphrase is to guess; stands beside the epoch key. */
struct root_cost { uint8_t salt[16]; uint64_t passes, memory; };
#define ROOT_PASSES 3u
#define ROOT_MEMORY (UINT64_C(256) << 20)

const char *root_name(enum root_kind kind);             /* "file", "passphrase", "credential"; "?" for others */
MUST_USE enum code root_load(const struct root_source *from, const struct root_cost *cost, struct key *ret, struct err *reterr);
/* Makes a root key file; E_CONFLICT when one is there. */
MUST_USE enum code root_file_make(const char *path, struct err *reterr);
