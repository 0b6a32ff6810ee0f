/* place.h — one installation as the command line sees it: its sejf.yaml, its data directory and what lies where in it,
 * its charters. Not thread-safe. Ownership: place_open gives, place_close takes back; paths live as long.
 *
 * The data directory: sejf.yaml, version, id, lock, charters/, keeper/ (the keeper's alone: keyring, root key where it is a
 * file), store/ and files/ (the server's alone), tls/, nginx/ (its configuration and prefix), log/, run/ (sockets). */
#pragma once
#include "base/uuid.h"
#include "charter/instance.h"

#define LAYOUT_VERSION 1                     /* of the data directory; an older program refuses a newer one */

struct place;
/* From --data or --config (either may be NULL), else $SEJF_DATA. Mistakes of sejf.yaml are printed to standard error. */
MUST_USE enum code place_open(const char *data, const char *config, struct place **ret, struct err *reterr);
struct place *place_close(struct place *p);
DEFINE_AUTO(struct place, place_close)

const struct instance *place_instance(const struct place *p);
const char *place_data(const struct place *p);                    /* absolute */
/* A path in the data directory: place_path(p, "run/%s.pid", name). NULL never: ends with E_MEMORY in place_failed. */
const char *place_path(struct place *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *place_url(struct place *p);                           /* "https://localhost:8443" */
const char *place_log(struct place *p);                           /* file, or NULL */

/* Loads every charter that sejf.yaml names, once; mistakes are printed. *ret lives as long as the place. */
MUST_USE enum code place_charters(struct place *p, struct charter *const **ret, size_t *ret_count, struct err *reterr);
/* NULL: no such service (then *reterr says which there are). */
const struct charter *place_charter(struct place *p, const char *service, struct err *reterr);

/* Is the directory of a layout that this program knows? E_NOT_FOUND: not made yet; E_CONFIG: newer. */
MUST_USE enum code place_check_version(struct place *p, struct err *reterr);
MUST_USE enum code place_write_version(struct place *p, struct err *reterr);
/* The id of the data directory: a keyring belongs to one. Made where it is missing. */
MUST_USE enum code place_id(struct place *p, struct uuid *ret, struct err *reterr);
/* Room on the disk of the data directory, in bytes, for who is not root; inodes: what is left of them, or "many" where they are not counted. */
struct room { uint64_t bytes, inodes; };
#define ROOM_BAD (UINT64_C(256) << 20)       /* below: told as an error by doctor, and in the log */
#define ROOM_LOW (UINT64_C(2) << 30)
MUST_USE bool place_room(struct place *p, struct room *ret);
/* E_FULL: there is not even room for the working files of a start. */
MUST_USE enum code place_room_to_start(struct place *p, struct err *reterr);
#define END_WAIT_MS 20000                    /* what a parent that was killed left behind may still be ending: so long a start waits for its lock and its sockets */
/* Nobody else works on it as long as the descriptor (and its copies) is open. */
MUST_USE enum code place_lock(struct place *p, int wait_ms, int *ret_fd, struct err *reterr);

/* Prints errors and traps to standard error; true when there is no error. */
bool place_print_findings(const struct findings *f);
