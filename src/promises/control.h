/* control.h — what `sejf prove` needs from inside the server: tenants and tokens of the probes, the due dates as
 * stored, a rehearsal of yesterday's thief, and the record of what was found. Each verb takes and gives JSON and is
 * reached over the control socket only (owner of the data directory).
 *   probe_begin  {}                     -> {tenants: [id, id], tokens: [{role: token}, {role: token}]}
 *   probe_token  {tenant, role, expires}-> {token}          a token with an end of its own (RFC 3339)
 *   probe_link   {tenant, kind, id}     -> {token}          a private link of that record
 *   probe_due    {tenant}               -> {parts, undated, wrong}
 *   probe_dates  {tenant, kind, id}     -> {due: {part: microseconds or null}}   of the parts that are stored
 *   probe_copy   {tenant, kind, id}     -> {keys}           keeps a copy of every file of the keyring, and notes the record's keys
 *   probe_open   {tenant, keys}         -> {opened}         how many of them open from that copy with today's root and epoch
 *   probe_entries{tenant, verb}         -> {count}         entries of the tenant's ledger with that verb
 *   probe_caps   {tenant}               -> {below, above}  does the keeper give keys below and above its cap of a minute
 *   probe_account{tenant, role, levels, own, authorised (true)} -> {account, email, link}   somebody who is invited
 *   probe_password_age {tenant, account, days}, probe_session_age {tenant, account, what: used | made, seconds} -> {}   as if so long ago
 *   probe_session{tenant, role, levels, own, authorised} -> {account, secret, csrf}   somebody who came in, or {account, refused}; with account for role: once more
 *   probe_authorise {tenant, account} -> {number}, probe_withdraw {tenant, number} -> {}
 *   probe_lock {tenant, kind, use, end (bool)} -> {}   locks what stands of that kind for the use, or ends that
 *   probe_sms {tenant, step: allow | end, prefix, number} -> {number}   an exception for text messages
 *   probe_requests {}               -> {all, open, ended, in_time, late, open_late}   requests of people, of all tenants but the probes'
 *   probe_end    {tenants, results: [{rule, kept, detail}]} -> {seq}   writes proofs and ledger, erases and closes the tenants
 * Thread-safe. */
#pragma once
#include <jansson.h>

#include "access/people.h"

MUST_USE enum code promises_control(struct service *s, struct people *p, const char *verb, json_t *in, json_t **ret, struct err *reterr);
/* Erases and closes probe tenants that a cut run left behind; at start. */
MUST_USE enum code promises_tidy(struct service *s, struct people *p, struct err *reterr);
