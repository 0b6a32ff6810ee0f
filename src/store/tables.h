/* tables.h — the smaller tables: services and their charters, schema names, tenants, tokens, ledger rows,
 * idempotency replies, proofs, files, settings. Same rules as rows.h. Statements on the instance's own
 * tables (services, tenants, names, proofs) work under tenant 0. */
#pragma once
#include "base/arena.h"
#include "base/uuid.h"
#include "crypto/crypto.h"
#include "store/store.h"

/* Stable number of a name within a service: type 'k' kind, 'f' field ("kind.field"), 'p' part
 * ("kind.part"), 'r' rule row ("kind.limit text"). Made on first use. */
MUST_USE enum code name_number(struct store *s, const char *service, char type, const char *name, int32_t *ret, struct err *reterr);

struct service_row { const char *name; const char *charter_text; uint8_t hash[HASH_SIZE]; usec_t since; };
MUST_USE enum code service_put(struct store *s, const struct service_row *r, struct err *reterr);
typedef bool (*service_fn)(const struct service_row *r, void *arg);
MUST_USE enum code services_list(struct store *s, service_fn fn, void *arg, struct err *reterr);

struct tenant_row { int64_t id; const char *service, *name; bool probe /* of `sejf prove`: shown to nobody */; usec_t made, closed; };
MUST_USE enum code tenant_make(struct store *s, const char *service, const char *name, bool probe, int64_t *ret, struct err *reterr);
MUST_USE enum code tenant_get(struct store *s, int64_t id, struct tenant_row *ret, struct arena *arena, struct err *reterr);
MUST_USE enum code tenant_look(struct sql *q, int64_t id, struct tenant_row *ret, struct arena *arena, struct err *reterr);      /* within a view or write */
MUST_USE enum code tenant_find(struct store *s, const char *service, const char *name, int64_t *ret, struct err *reterr);
typedef bool (*tenant_fn)(const struct tenant_row *r, void *arg);
MUST_USE enum code tenant_newest(struct store *s, int64_t *ret, struct err *reterr);      /* the highest number; 0: there is none */
MUST_USE enum code tenants_list(struct store *s, const char *service /* NULL: all */, tenant_fn fn, void *arg, struct err *reterr);
/* Their numbers, so that work for each needs no view inside a view. *ret: mem_free; NULL when there is none. */
MUST_USE enum code tenants_all(struct store *s, const char *service /* NULL: all */, int64_t **ret, size_t *ret_count, struct err *reterr);
MUST_USE enum code tenant_close(struct store *s, int64_t id, struct err *reterr);

/* A public form stands under the id of a record, which does not say whose it is: one look-up tells. The first to have the id
 * keeps it. row_delete takes the door away with its record. */
MUST_USE enum code door_put(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr);
MUST_USE enum code door_drop(struct txn *t, const struct uuid *id, struct err *reterr);
MUST_USE enum code door_find(struct store *s, const struct uuid *id, int32_t *ret_kind, int64_t *ret_tenant, struct err *reterr);   /* E_NOT_FOUND */

/* A token is stored as SHA-256 of its secret. subject: null uuid, or the record whose private link it is. */
struct token_row { uint8_t hash[HASH_SIZE]; int64_t tenant; const char *role; const char *label; struct uuid subject; int32_t subject_kind;
                   const char *scope /* JSON: kinds, verbs */; bool loopback_only; usec_t made, expires /* USEC_NEVER */, revoked /* 0 */, used; int64_t number;
                   struct uuid account /* whose it is; null: made by hand */; const char *addresses /* "192.0.2.0/24 2001:db8::/32"; "": from anywhere */; };
MUST_USE enum code token_put(struct store *s, const struct token_row *r, int64_t *ret_number, struct err *reterr);
MUST_USE enum code token_put_in(struct txn *t, const struct token_row *r, int64_t *ret_number, struct err *reterr);      /* in a write of its tenant */
MUST_USE enum code token_get(struct store *s, const uint8_t hash[HASH_SIZE], struct token_row *ret, struct arena *arena, struct err *reterr);
MUST_USE enum code token_look(struct sql *q, const uint8_t hash[HASH_SIZE], struct token_row *ret, struct arena *arena, struct err *reterr);
MUST_USE enum code token_numbered(struct sql *q, int64_t number, struct token_row *ret, struct arena *arena, struct err *reterr);      /* of the view's tenant; E_NOT_FOUND */
typedef bool (*token_fn)(const struct token_row *r, void *arg);
MUST_USE enum code tokens_of_account(struct sql *q, const struct uuid *account, token_fn fn, void *arg, struct err *reterr);
/* Those of an account in that tenant end; tenant -1: in every one. */
MUST_USE enum code tokens_end(struct txn *t, const struct uuid *account, int64_t tenant, struct err *reterr);
MUST_USE enum code tokens_list(struct store *s, int64_t tenant, token_fn fn, void *arg, struct err *reterr);
void token_used(struct store *s, int64_t tenant, int64_t number, usec_t at);   /* notes the last use; does not wait. At most once a minute for a token. */
MUST_USE enum code token_revoke(struct store *s, int64_t tenant, int64_t number, struct err *reterr);

/* One chain for each tenant; chain 0 is the instance's. */
struct ledger_row { int64_t chain; uint64_t seq; usec_t at; uint8_t before[HASH_SIZE], digest[HASH_SIZE], head[HASH_SIZE]; const char *entry /* JSON */; };
MUST_USE enum code ledger_put(struct txn *t, const struct ledger_row *r, struct err *reterr);       /* chain = txn's tenant; E_CONFLICT unless it follows ledger_last */
/* seq 0 and a head of zeros: the chain has no entry. */
MUST_USE enum code ledger_last(struct sql *q, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr);
typedef bool (*ledger_fn)(const struct ledger_row *r, void *arg);
MUST_USE enum code ledger_list(struct sql *q, uint64_t after, ledger_fn fn, void *arg, struct err *reterr);
typedef bool (*chain_fn)(int64_t chain, uint64_t seq, const uint8_t head[HASH_SIZE], void *arg);
MUST_USE enum code ledger_chains(struct store *s, chain_fn fn, void *arg, struct err *reterr);       /* every chain with its last entry */
/* The newest signed head of each chain; an older one never takes its place. */
struct ledger_head { int64_t chain; uint64_t seq; uint8_t head[HASH_SIZE], signature[SIGNATURE_SIZE]; usec_t at; };
MUST_USE enum code ledger_head_get(struct sql *q, struct ledger_head *ret, struct err *reterr);    /* seq 0: the chain has none */
MUST_USE enum code ledger_head_put(struct store *s, const struct ledger_head *h, struct err *reterr);
typedef bool (*ledger_head_fn)(const struct ledger_head *h, void *arg);
MUST_USE enum code ledger_heads(struct store *s, ledger_head_fn fn, void *arg, struct err *reterr);

/* Replies of requests that carried an Idempotency-Key, sealed by the caller, for 24 hours of txn_ran. reply_put ends with
 * E_CONFLICT while one in force stands under the key: roll the write back and give that reply. reply_get gives expired
 * ones too (compare `until` with store_ran). The keys of replies that end are doomed (doomed_list). */
struct reply_row { uint8_t key_hash[HASH_SIZE], request_hash[HASH_SIZE]; int status; uint64_t key; const void *blob; size_t len; usec_t until; };
MUST_USE enum code reply_put(struct txn *t, const struct reply_row *r, struct err *reterr);
MUST_USE enum code reply_get(struct sql *q, const uint8_t key_hash[HASH_SIZE], struct reply_row *ret, struct arena *arena, struct err *reterr);
MUST_USE enum code replies_expire(struct txn *t, usec_t now, struct err *reterr);

/* What `prove` found last, by service and rule; kept for the page. */
struct proof_row { const char *service, *rule; int state /* 0 broken, 1 kept */; const char *detail; usec_t at; uint64_t ledger_seq; };
MUST_USE enum code proof_put(struct store *s, const struct proof_row *r, struct err *reterr);
typedef bool (*proof_fn)(const struct proof_row *r, void *arg);
MUST_USE enum code proofs_list(struct store *s, const char *service, proof_fn fn, void *arg, struct err *reterr);

/* Files: sealed chunks stand beside the databases; the row says where and under which key. */
struct file_row { struct uuid id, record; int32_t kind, field; uint64_t key; int64_t size; usec_t made; const void *meta /* sealed name, type */; size_t meta_len; };
MUST_USE enum code file_put(struct txn *t, const struct file_row *r, struct err *reterr);
MUST_USE enum code file_get(struct sql *q, const struct uuid *id, struct file_row *ret, struct arena *arena, struct err *reterr);
typedef bool (*file_fn)(const struct file_row *r, void *arg);
MUST_USE enum code files_of(struct sql *q, int32_t kind, const struct uuid *record, file_fn fn, void *arg, struct err *reterr);
MUST_USE enum code files_after(struct sql *q, const struct uuid *after, file_fn fn, void *arg, struct err *reterr);     /* all of the tenant's, by id */
MUST_USE enum code file_delete(struct txn *t, const struct uuid *id, struct err *reterr);

/* Keys that an erasure must still destroy: written in the same transaction as the tombstone, so that a cut erasure is redone at start. */
MUST_USE enum code doomed_put(struct txn *t, uint64_t key, struct err *reterr);
/* doomed_list: fn may destroy the key and drop it in a write of its own. */
typedef bool (*doomed_fn)(int64_t tenant, uint64_t key, void *arg);
MUST_USE enum code doomed_list(struct store *s, doomed_fn fn, void *arg, struct err *reterr);
MUST_USE enum code doomed_drop(struct txn *t, const uint64_t *keys, size_t count, struct err *reterr);      /* ascending keys take the fewest steps */
