/* jobs.h — what the server does by itself: signs the ledger, lets replies expire, makes erasures final each night,
 * renews the index key each month. One thread. Ownership: jobs_start gives, jobs_stop takes back. */
#pragma once
#include "api/service.h"
#include "ledger/ledger.h"
#include "retention/notice.h"

struct jobs;
MUST_USE enum code jobs_start(struct api *a, struct jobs **ret, struct err *reterr);
struct jobs *jobs_stop(struct jobs *j);       /* waits for what runs; accepts NULL */
DEFINE_AUTO(struct jobs, jobs_stop)

/* Is the clock in doubt? Then a turn that forgets does nothing: what is over by a clock that was wrong would be gone for good. *ret_next: when it looks again. */
MUST_USE bool turn_waits(const struct api *a, usec_t now, usec_t *ret_next);

/* Turns that stand in files of their own: what each does now, and when it is due again. */
/* turns_notice.c: the noticer of an api, and its turn. */
MUST_USE enum code notices_ready(struct api *a, struct err *reterr);
/* Those of the tenant that have the role, in each one's own language, by the address that it signs in with. arg: the api. */
MUST_USE enum code role_told(void *arg, int64_t tenant, const char *role, notice_person_fn fn, void *fn_arg, struct err *reterr);
MUST_USE enum code turn_notice(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
MUST_USE enum code turn_retire(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);       /* what is due is erased */
/* turns_consent.c: a turn of the table. */
MUST_USE enum code turn_unconfirmed(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);

/* turns_webhooks.c: the teller of an api; what is to be told, and deliveries that are long over. */
MUST_USE enum code webhooks_start(struct api *a, struct err *reterr);
MUST_USE enum code job_webhooks(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
MUST_USE enum code job_webhooks_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);

MUST_USE enum code turn_closing(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);      /* tenants whose day has come go */
MUST_USE enum code turn_holds(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);        /* grounds of holds that ended go */

/* turns_sms.c: who has spent most of what text messages may cost today is told; what they cost long ago is forgotten. */
MUST_USE enum code turn_sms(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
MUST_USE enum code turn_sms_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);

/* The jobs by themselves, for the control socket. Serialised against the thread. */
MUST_USE enum code job_renew(struct api *a, struct renewal *ret, uint64_t *ret_unused, struct err *reterr);
/* Certificates for what is final, in every tenant. *ret_made counts them, also after a failure. */
MUST_USE enum code job_certify(struct api *a, size_t *ret_made, struct err *reterr);
MUST_USE enum code job_index_renew(struct api *a, uint32_t *ret_generation, struct err *reterr);
MUST_USE enum code job_sign(struct api *a, struct err *reterr);
/* Is all that the keeper has signed still there? As ledger_compare. */
MUST_USE enum code job_ledger_compare(struct api *a, struct ledger_check *ret, struct err *reterr);

/* Archives about people whose time is over; turns_packs.c. */
MUST_USE enum code job_packs(struct api *a, usec_t now, struct err *reterr);

/* The instant after `last` at which a nightly job is due: the first 03:00 of the zone that follows it. Pure. */
usec_t night_after(const struct zone *zone, usec_t last);
/* When the next renewal is due: the night after the last one; at once when that lies in the future, which only a clock that was
 * wrong can have written. Pure. */
usec_t renewal_due(const struct zone *zone, usec_t last, usec_t now);

/* turns_requests.c: clocks of requests under people's rights, whose next look has come. */
MUST_USE enum code requests_look(struct api *a, usec_t now, struct err *reterr);
/* turns_mail.c: letters that are to be tried; those that are long over. Does that account belong to the tenant, and may it sign in? (arg: struct api) */
MUST_USE enum code mail_service(void *arg, int64_t tenant, struct service **ret, struct err *reterr);
struct mail_brand mail_brand_of(void *arg, struct service *s);
MUST_USE enum code mail_belongs(void *arg, int64_t tenant, const struct uuid *account, bool *ret, struct err *reterr);
MUST_USE enum code job_mail(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
MUST_USE enum code turn_campaigns(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);    /* turns_campaigns.c: pages of campaigns are queued */
MUST_USE enum code job_campaigns_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);      /* those that ended long ago go */
MUST_USE enum code turn_remind(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);       /* turns_remind.c: reminders that are due are queued */
MUST_USE enum code job_mail_over(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
/* The clock went back to `now`: what it had put off while it was ahead waits no longer than it may. */
MUST_USE enum code job_mail_sooner(struct api *a, usec_t now, struct err *reterr);
MUST_USE enum code job_mail_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
/* turns_heard.c: mail that comes in; who is told that sending pauses; suppressions whose end has come. */
MUST_USE enum code hearing_start(struct api *a, struct err *reterr);
void hearing_stop(struct api *a);
MUST_USE enum code turn_paused(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
MUST_USE enum code turn_suppressed(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr);
