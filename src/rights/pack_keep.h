/* pack_keep.h — an archive about a person that lies on the server for seven days, to be fetched by the tenant or once by a link: its bytes
 * are sealed in frames as a record's file is, under a key of its own. It is there whole or not at all: until it is whole its row says that it
 * is being made, and one whose making was cut off goes with the upkeep. It ends when its time is over, when it is dropped, and in the write that dooms
 * the key of anything that it holds: an erasure reaches the copies, too. Each step leaves its ledger entry. Blocks; thread-safe. */
#pragma once
#include "rights/access_pack.h"

#define PACK_SECRET 64
#define PACK_LIFE (7 * USEC_PER_DAY)

typedef enum code (*pack_holds_fn)(void *arg, const key_id *keys, size_t count, struct err *reterr);
struct pack_keep {
    const char *purpose; int64_t about;        /* the request that it answers; 0: none */
    const struct caller *who;
    /* Writes the archive into `out`, telling `holds` of what it holds (access_pack.h); on a thread of its own. */
    enum code (*write)(void *arg, const struct sink *out, pack_holds_fn holds, void *holds_arg, struct packed *ret, struct err *reterr); void *arg;
};
/* secret: of the link by which it is taken once; told here and never again. E_CONFLICT: what it holds was changed or erased meanwhile. */
MUST_USE enum code pack_keep(struct service *s, int64_t tenant, const struct pack_keep *k, int64_t *ret_number, char ret_secret[PACK_SECRET], struct err *reterr);
/* {number, purpose, state: "making" | "ready" | "taken" | "over", made, until, size, records?, others?, files?, about?} */
MUST_USE enum code pack_told(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr);
/* {items, next}, the newest first. */
MUST_USE enum code packs_told(struct service *s, int64_t tenant, int64_t before, json_t **ret, struct err *reterr);
/* Its bytes. secret NULL: for the tenant, as often as it likes; else once, and E_NOT_FOUND for a wrong one as for one that was taken.
 * E_GONE: it has ended. begin: before the first byte. */
struct pack_fetch { int64_t tenant, number; const char *secret; const struct caller *who /* NULL: by the link */; bool (*begin)(void *arg, int64_t size, const char *purpose); };
MUST_USE enum code pack_fetch(struct service *s, const struct pack_fetch *f, const struct sink *out, struct err *reterr);
MUST_USE enum code pack_drop(struct service *s, int64_t tenant, int64_t number, const struct caller *who, struct err *reterr);
/* Those that are over go, with their bytes, and what a cut has left. */
MUST_USE enum code packs_upkeep(struct service *s, int64_t tenant, usec_t now, struct err *reterr);
