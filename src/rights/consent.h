/* consent.h — what was said of consents about a record, and the receipt of it: JSON-LD in the terms of the Data Privacy Vocabulary, after
 * ISO/IEC TS 27560. No value of the record stands in either: which fields a consent is about, and when, how, by whom and under which text it
 * was given, refused or withdrawn. Who may ask is the caller's business. Thread-safe; blocks. */
#pragma once
#include <jansson.h>

#include "records/records.h"

/* {items: [{consent, state, at, until, way, by, text: {hash, language, version} or null}], consents: {"diet": true}}; E_NOT_FOUND, E_GONE. */
MUST_USE enum code consent_history(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr);
/* The receipt. tenant_name: the controller where the operator is a processor. */
MUST_USE enum code consent_receipt(struct service *s, int64_t tenant, const char *tenant_name, int kind, const struct uuid *id, json_t **ret, struct err *reterr);
/* {hash, language, version, since, text}: what was read, by its hash in hex. E_NOT_FOUND. */
MUST_USE enum code consent_read_text(struct service *s, const char *hex, json_t **ret, struct err *reterr);
