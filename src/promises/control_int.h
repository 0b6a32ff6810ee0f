/* control_int.h — between the files of the probes' control verbs. */
#pragma once
#include <jansson.h>

#include "access/people.h"

/* The verb's tenant; E_FORBIDDEN when it is not one of the probes'. */
MUST_USE enum code probe_tenant(struct service *s, json_t *in, int64_t *ret, struct err *reterr);

/* control_people.c */
MUST_USE enum code probe_account(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
/* The same, whole at once: a member in force with its levels, and a token of its account. */
MUST_USE enum code probe_member(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
MUST_USE enum code probe_password_age(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
MUST_USE enum code probe_session_age(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
/* Every account that is a member of the probe tenant. */
MUST_USE enum code probe_people_end(struct people *p, struct store *store, int64_t tenant, struct err *reterr);

/* control_leaves.c */
MUST_USE enum code probe_told(struct service *s, json_t *in, json_t **ret, struct err *reterr);
MUST_USE enum code probe_asks(struct service *s, json_t *in, json_t **ret, struct err *reterr);

/* control_notice.c */
MUST_USE enum code probe_warned(struct service *s, json_t *in, json_t **ret, struct err *reterr);

/* control_log.c */
MUST_USE enum code probe_delivered(struct service *s, json_t *in, json_t **ret, struct err *reterr);

/* control_retire.c */
MUST_USE enum code probe_sweep(struct service *s, json_t *in, json_t **ret, struct err *reterr);
MUST_USE enum code probe_overdue(struct service *s, json_t *in, json_t **ret, struct err *reterr);

/* control_register.c */
MUST_USE enum code probe_session(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
MUST_USE enum code probe_authorise(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
MUST_USE enum code probe_lock(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
MUST_USE enum code probe_withdraw(struct service *s, struct people *p, json_t *in, json_t **ret, struct err *reterr);
/* Everything in the registers of the probe tenant. */
MUST_USE enum code probe_registers_end(struct store *store, int64_t tenant, struct err *reterr);

/* control_sms.c */
MUST_USE enum code probe_sms(struct service *s, json_t *in, json_t **ret, struct err *reterr);
/* control_bounces.c */
MUST_USE enum code probe_shares(struct service *s, json_t *in, json_t **ret, struct err *reterr);

/* control_requests.c */
MUST_USE enum code probe_requests_count(struct service *s, json_t *in, json_t **ret, struct err *reterr);
