/* probe_mail.h — what the probes of messages share (probes_messages.c): to whom one can go, and how it is sent. */
#pragma once
#include "promises/probes.h"

/* The first kind whose records get messages of that channel; -1. */
int mail_kind(const struct env *e, bool sms);
/* A message for a day on which the tenants of the probe are long gone. New reference. */
json_t *mail_message(struct env *e, bool sms, int kind, const char *id);
/* Where each delivery is logged by its sending account, the tenant of that side has one after this. */
MUST_USE enum code mail_ready(struct env *e, int side, struct err *reterr);
/* POST …/messages{path} as the tenant of that side; takes the message. */
MUST_USE enum code mail_post(struct env *e, int side, const char *path, json_t *message, struct answer *ret, struct err *reterr);
/* The gate that stopped it; "": none. */
const char *mail_gate(const struct answer *a);
