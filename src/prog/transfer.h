/* transfer.h — one HTTPS request of the sender, by libcurl: checked against what sejf.yaml declares, made, and told as an answer. The check
 * looks at the same parsed address that is then asked, and at each IP address before it is connected to. One thread. */
#pragma once
#include <curl/curl.h>

#include "base/buf.h"
#include "charter/instance.h"
#include "sys/fetch.h"

struct transfer;
struct allowed { const struct destination *list; size_t count; const char *authorities; /* PEM file: for destinations without `ca` */ bool webhooks_anywhere; };

/* E_FORBIDDEN: no destination of that host and port for that use; E_INVALID: no request. The call may go afterwards; `to` must live on. */
MUST_USE enum code transfer_new(const struct allowed *to, const struct fetch_call *call, struct transfer **ret, struct err *reterr);
struct transfer *transfer_free(struct transfer *t);
DEFINE_AUTO(struct transfer, transfer_free)
CURL *transfer_easy(struct transfer *t);                 /* its CURLOPT_PRIVATE is given to transfer_private */
void transfer_private(struct transfer *t, void *whose);
/* After its end: the answer, or the refusal with its reason. */
void transfer_put(struct transfer *t, CURLcode how, struct buf *ret);
