/* relay.h — one connection to the relay of sejf.yaml: socket, TLS and SMTP (wire/smtp.h) together, without waiting. One thread's. */
#pragma once
#include "base/time.h"
#include "charter/instance.h"
#include "crypto/tls.h"
#include "wire/smtp.h"

#define RELAY_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"      /* where sejf.yaml names none */

struct relay_way { const struct mail_relay *to; const char *name /* ours */, *password /* NULL: none */; struct tls_trust *trust /* NULL: in the clear */; int dialer /* a line to it (prog/dialer.h); 0: this process makes its connections itself */; };

struct relay;
/* Begins to look for the addresses, then to connect. */
MUST_USE enum code relay_open(const struct relay_way *way, struct relay **ret, struct err *reterr);
struct relay *relay_close(struct relay *r);              /* says good-bye where that can be said */
DEFINE_AUTO(struct relay, relay_close)
int relay_fd(const struct relay *r);
short relay_events(const struct relay *r);               /* for poll */
usec_t relay_until(const struct relay *r);               /* by the steady clock: then relay_late */
void relay_late(struct relay *r);                        /* it did not answer in time */
/* Carries bytes and says what happened (SMTP_ACCEPTED when all of the text has left us); call again until SMTP_NOTHING. Never SMTP_HANDSHAKE: that is made here. */
MUST_USE enum smtp_event relay_go_on(struct relay *r);
void relay_finish(struct relay *r);                      /* smtp_finish; call relay_go_on next */
struct smtp *relay_smtp(struct relay *r);
const char *relay_tls(const struct relay *r);            /* "TLSv1.3"; "" in the clear */
const char *relay_way_from(const struct relay *r);       /* the address that letters come from */
/* One line of a descriptor that somebody before may have read. */
MUST_USE enum code relay_password(int fd, struct buf *ret, struct err *reterr);
