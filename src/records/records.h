/* records.h — the use cases of records: create, read, list, search, change, erase, import, export, files.
 * Each checks the caller (policy), validates by charter, seals, and writes one group commit. JSON in and out
 * as the API shows it: {id, version, created, updated, due: time or null, number?, consents?: {diet: true},
 * fields: {event: "<id of the parent>", name: …}}: the parent stands among the fields under the name of its
 * kind. Returned json_t are new references. Thread-safe: each call is one thread's. Never logs; ledger
 * entries go in the same transaction. */
#pragma once
#include <jansson.h>

#include "charter/charter.h"
#include "keeper/client.h"
#include "policy/policy.h"
#include "store/store.h"

/* A service that runs: charter, stable numbers, store, keeper. Made once at start; shared by threads. */
struct service;
MUST_USE enum code service_open(const struct charter *charter /* stays the caller's */, struct store *store, struct keeper_client *keeper,
                                const char *files_directory, struct service **ret, struct err *reterr);
struct service *service_close(struct service *s);
DEFINE_AUTO(struct service, service_close)
const struct charter *service_charter(const struct service *s);
struct store *service_store(const struct service *s);
struct keeper_client *service_keeper(const struct service *s);
/* What text messages cost (charter/prices.h); the caller's, NULL: nobody says. Set before threads share the service. */
struct prices;
void service_prices_set(struct service *s, const struct prices *prices);
const struct prices *service_prices(const struct service *s);

/* All mistakes of an input at once: JSON array of {path, text}; set when a call ends with E_FIELDS. */
struct record_request {
    const struct caller *who;
    int kind;
    json_t *input;                       /* fields object, or merge patch; borrowed */
    json_t *consents;                    /* {"diet": true} given, {"diet": false} withdrawn; NULL: a member "consents" of input counts */
    const char *idempotency;             /* key of the request, or NULL */
    int64_t if_match;                    /* version, or -1: not given */
    struct uuid id;                      /* wanted id (import, demo) or null; the record for read, change, erase */
    struct uuid parent;                  /* where the path or form fixes it; else null: from the reference in input */
    enum lang lang;                      /* of the texts in mistakes */
    const char *way;                     /* by which its person spoke of consents, where sejf says it for the person (store/consent.h); NULL: the caller's own */
    bool by_wish;                        /* erase: the person asked for it (GDPR, article 17), so no restriction of theirs stops it */
    bool withdrawn;                      /* erase: the consent that the record rests on was taken back, or never confirmed; what is held of it stays */
    struct post_ready *letter;           /* of a form whose address confirms: sealed (post.h), put in the same write; or NULL */
};
/* Each reply comes as text, appended as the API shows it, with what the headers of a reply say beside it; or as a tree. */
struct record_text { struct buf text; struct uuid id; int64_t version; };
#define RECORD_TEXT (struct record_text){ .text = BUF((size_t)64 << 20) }
void record_text_done(struct record_text *t);
DEFINE_AUTO_VALUE(struct record_text, record_text_done)
MUST_USE enum code record_create_text(struct service *s, const struct record_request *r, struct record_text *ret, json_t **ret_mistakes, struct err *reterr);
MUST_USE enum code record_create(struct service *s, const struct record_request *r, json_t **ret, json_t **ret_mistakes, struct err *reterr);
MUST_USE enum code record_read_text(struct service *s, const struct record_request *r, struct record_text *ret, struct err *reterr);
MUST_USE enum code record_read(struct service *s, const struct record_request *r, json_t **ret, struct err *reterr);
/* JSON Merge Patch (RFC 7396) of fields; E_STALE when if_match is not the version. */
MUST_USE enum code record_change_text(struct service *s, const struct record_request *r, struct record_text *ret, json_t **ret_mistakes, struct err *reterr);
MUST_USE enum code record_change(struct service *s, const struct record_request *r, json_t **ret, json_t **ret_mistakes, struct err *reterr);
/* The address of a record that waits for it has confirmed (by its private link: who): from now on it counts. One that has already is fine.
 * Where the charter lets the person make one single move from the state that the record begins with, that move is made. */
MUST_USE enum code record_confirm(struct service *s, const struct caller *who, int kind, const struct uuid *id, struct err *reterr);
/* Does it still wait? */
MUST_USE enum code record_unconfirmed(struct service *s, int64_t tenant, int kind, const struct uuid *id, bool *ret, struct err *reterr);
/* Records that nobody confirmed within CONFIRM_WITHIN, and those whose consent was withdrawn while they could not be erased, go. */
#define CONFIRM_WITHIN (48 * USEC_PER_HOUR)
MUST_USE enum code records_unconfirmed_go(struct service *s, usec_t now, int64_t *ret_count, struct err *reterr);
/* Tombstone, key, tokens and row; children as when_deleted says. *ret: what was erased: {kind: count}; "kind: field, field" of a record that
 * stays without them. *ret_kept: [{kind, id, fields, due, because}]: what a law or a hold keeps; NULL: nothing. */
MUST_USE enum code record_erase_told(struct service *s, const struct record_request *r, json_t **ret, json_t **ret_kept, struct err *reterr);
MUST_USE enum code record_erase(struct service *s, const struct record_request *r, json_t **ret, struct err *reterr);

/* A record of which something stored is damaged stands in its place in lists, searches, exports and changes, as {"id": …, "damaged": true,
 * "request": …}; the id is null where what is left does not tell whether the caller may know of the record. request: the number of the
 * request whose answer it is, or NULL; tell: called for each of them, or NULL. */
struct damage_watch { const char *request; void (*tell)(void *arg, const char *kind, const struct uuid *id, const struct err *why); void *arg; };

/* query: {limit, cursor, sort, "field.gte": …} for lists (sorted and clear fields); for search
 * {where: {email: "…", name: {word|prefix|contains|matches: "…"}}, limit, cursor}. ret: {items, next}, appended as text (watch may be NULL), or as a tree. */
MUST_USE enum code record_list_text(struct service *s, const struct caller *who, int kind, json_t *query, const struct damage_watch *watch, struct buf *ret, struct err *reterr);
MUST_USE enum code record_search_text(struct service *s, const struct caller *who, int kind, json_t *query, const struct damage_watch *watch, struct buf *ret, struct err *reterr);
MUST_USE enum code shown_tree(const struct buf *text, json_t **ret, struct err *reterr);
MUST_USE enum code record_list(struct service *s, const struct caller *who, int kind, json_t *query, json_t **ret, struct err *reterr);
MUST_USE enum code record_search(struct service *s, const struct caller *who, int kind, json_t *query, json_t **ret, struct err *reterr);

/* Bytes in and out of long requests; the functions block. */
struct source { ssize_t (*read)(void *arg, void *ret, size_t room); void *arg; };      /* 0: end; -1: cut off */
struct sink { bool (*write)(void *arg, const void *bytes, size_t len); void *arg; };   /* false: the reader has gone */
enum stream_format { FORMAT_NDJSON, FORMAT_CSV };
/* mapping: {"foreign header": "field"} or NULL. Writes progress and refused rows by line as NDJSON to `out`:
 * {"line": 7, "path": "/email", "text": "…"}, {"done": 10000}, at the end {"made": n, "refused": m}. Never a value. */
MUST_USE enum code records_import(struct service *s, const struct caller *who, int kind, enum stream_format format, json_t *mapping,
                                  const struct source *in, const struct sink *out, struct err *reterr);
MUST_USE enum code records_export(struct service *s, const struct caller *who, int kind, enum stream_format format, json_t *query,
                                  const struct damage_watch *watch, const struct sink *out, struct err *reterr);
/* A file of a record's file field: sealed in chunks as it comes; 1 GB in constant memory. */
MUST_USE enum code file_store(struct service *s, const struct caller *who, int kind, const struct uuid *record, int field,
                              const char *name, const char *type, const struct source *in, json_t **ret, struct err *reterr);
struct file_info { char name[256], type[128]; int64_t size; };
MUST_USE enum code file_fetch(struct service *s, const struct caller *who, const struct uuid *file, struct file_info *ret,
                              bool (*begin)(void *arg, const struct file_info *info), const struct sink *out, struct err *reterr);
MUST_USE enum code file_erase(struct service *s, const struct caller *who, const struct uuid *file, struct err *reterr);

/* Change numbers after *after, for GET …/changes: {change, kind, id, version, erased, at}; only what the caller may see. Looks at some
 * thousands at most: *after moves to the last one looked at, and *ret_end says that there were no more. Of a damaged record it says
 * {change, kind, id, damaged, request}. */
MUST_USE enum code record_changes(struct service *s, const struct caller *who, int64_t *after, size_t limit, const struct damage_watch *watch, bool *ret_end, json_t **ret, struct err *reterr);

/* Upkeep: finish cut erasures, catch up the index, move waiting records into free seats, expire replies. */
MUST_USE enum code service_recover(struct service *s, struct err *reterr);
/* The index follows what it has missed (store_index_trails); beside running requests. */
MUST_USE enum code service_catch_up(struct service *s, struct err *reterr);
/* The index anew, beside running requests. */
MUST_USE enum code service_reindex(struct service *s, struct err *reterr);
/* Opens every record and file of a tenant and tells those that are damaged: what ("file", or the kind), id, why. Slow. */
struct sound { int64_t records, files, bad; };            /* added to */
typedef void (*sound_fn)(void *arg, const char *what, const char *id, const char *why);
MUST_USE enum code service_sound(struct service *s, int64_t tenant, sound_fn fn, void *arg, struct sound *ret, struct err *reterr);
/* Stored records brought in line with a changed charter: what they are found by, due dates, claims and seats of limits, fields
 * that lie in another part now, or sealed, or not. Before the first request; long; may be cut off and begun again. The watcher
 * (or NULL) is told now and then how many records were looked at, and how many of them cannot be read and stay as they are. */
struct refit_watch { void (*say)(void *arg, const char *service, int64_t records, int64_t damaged); void *arg; };
MUST_USE enum code service_refit(struct service *s, const struct refit_watch *watch, struct err *reterr);
/* The same with the index from nothing. */
MUST_USE enum code service_rebuild_index(struct service *s, struct err *reterr);
/* After a charter whose keep rules changed: every stored due date as it explains it now. */
MUST_USE enum code service_rebuild_due(struct service *s, struct err *reterr);
/* The due date that the charter explains for each part of a record, beside the one stored: for the probe. */
struct due_check { int64_t parts, undated, wrong; };
MUST_USE enum code service_check_due(struct service *s, int64_t tenant, struct due_check *ret, struct err *reterr);
