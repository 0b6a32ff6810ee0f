/* control_int.h — one control call, shared by the files of the control socket. */
#pragma once
#include "access/agreement.h"
#include "api/service.h"

struct control_req {
    struct api *api;
    struct store *store;
    struct service *service;                  /* NULL: none was named */
    int64_t tenant;                           /* of verbs that need one */
    json_t *in;                               /* borrowed */
    const struct source *body;
    const struct sink *out;
    json_t *reply;                            /* members of the last line */
    bool reader_gone;
};
bool control_say(struct control_req *c, const json_t *line);
bool control_say_new(struct control_req *c, json_t *line);        /* the same, and takes the reference; NULL: no memory */
const char *control_text(const struct control_req *c, const char *name);
int64_t control_number(const struct control_req *c, const char *name, int64_t otherwise);
void control_set(struct control_req *c, const char *name, json_t *value);        /* a member of the last line; takes the reference */
json_t *control_time(usec_t t);                                    /* null: never */

/* "who": an e-mail address, or the id of an account. */
enum code control_who(struct control_req *c, struct uuid *ret, struct err *reterr);
enum code control_say_list(struct control_req *c, json_t *list);   /* each as a line, their number as "count"; takes the reference */
/* Each item of a page {items, next} as a line; how many. *ret_before: of the page after it, 0: there is none. Takes the reference; NULL: nothing. */
int64_t control_say_page(struct control_req *c, json_t *page, int64_t *ret_before);

/* control_people.c: rows of control.tbl */
enum code do_tenant_show(struct control_req *c, struct err *reterr);
enum code do_user_new(struct control_req *c, struct err *reterr);
enum code do_user_invite(struct control_req *c, struct err *reterr);
enum code do_user_reset(struct control_req *c, struct err *reterr);
enum code do_user_list(struct control_req *c, struct err *reterr);
enum code do_user_show(struct control_req *c, struct err *reterr);
enum code do_user_suspend(struct control_req *c, struct err *reterr);
enum code do_user_remove(struct control_req *c, struct err *reterr);
enum code do_user_sessions(struct control_req *c, struct err *reterr);
enum code do_user_history(struct control_req *c, struct err *reterr);
enum code do_role_give(struct control_req *c, struct err *reterr);
/* Invites c's "owner" (an address) to a tenant that was made just now; nothing where none is named. */
enum code control_invite_owner(struct control_req *c, int64_t tenant, struct err *reterr);

/* control_agreement.c: rows of control.tbl */
enum code do_tenant_agreement(struct control_req *c, struct err *reterr);
enum code do_agreement_check(struct control_req *c, struct err *reterr);
enum code control_agreement_tell(struct control_req *c, int64_t tenant, const char *service, struct err *reterr);       /* "agreement" of the last line */
/* c's "agreement" (the day on which it was signed), looked at before its tenant is made. */
enum code control_agreement_read(struct control_req *c, struct agreement_wish *ret, bool *ret_given, struct err *reterr);
enum code control_agreement_record(struct control_req *c, int64_t tenant, const struct agreement_wish *w, struct err *reterr);
enum code control_agreement_add(struct control_req *c, json_t *line, struct err *reterr);       /* to the line of a tenant: the state of its agreement */

/* control_template.c: rows of control.tbl */
enum code do_template_list(struct control_req *c, struct err *reterr);
enum code do_template_put(struct control_req *c, struct err *reterr);
enum code do_template_show(struct control_req *c, struct err *reterr);
enum code do_template_preview(struct control_req *c, struct err *reterr);
/* routes_suppressions.c: rows of control.tbl */
enum code do_suppress_list(struct control_req *c, struct err *reterr);
enum code do_suppress_put(struct control_req *c, struct err *reterr);
enum code do_suppress_lift(struct control_req *c, struct err *reterr);
enum code do_send_shares(struct control_req *c, struct err *reterr);
enum code do_send_resume(struct control_req *c, struct err *reterr);
/* control_retention.c: rows of control.tbl */
enum code do_hold_set(struct control_req *c, struct err *reterr);
enum code do_hold_lift(struct control_req *c, struct err *reterr);
enum code do_hold_list(struct control_req *c, struct err *reterr);
/* control_sms.c: rows of control.tbl */
enum code do_sms_allow(struct control_req *c, struct err *reterr);
enum code do_sms_end(struct control_req *c, struct err *reterr);
enum code do_sms_show(struct control_req *c, struct err *reterr);
/* control_charter.c: rows of control.tbl */
enum code do_charter_announce(struct control_req *c, struct err *reterr);
enum code do_charter_versions(struct control_req *c, struct err *reterr);
enum code do_charter_locks(struct control_req *c, struct err *reterr);
enum code do_due(struct control_req *c, struct err *reterr);
enum code do_tenant_close(struct control_req *c, struct err *reterr);

/* control_notice.c: rows of control.tbl */
enum code do_notice_list(struct control_req *c, struct err *reterr);
enum code do_notice_again(struct control_req *c, struct err *reterr);
enum code do_notice_run(struct control_req *c, struct err *reterr);

/* control_certificate.c: rows of control.tbl */
enum code do_clock_show(struct control_req *c, struct err *reterr);
enum code do_clock_confirm(struct control_req *c, struct err *reterr);
enum code do_certificate_list(struct control_req *c, struct err *reterr);
enum code do_certificate_show(struct control_req *c, struct err *reterr);
enum code do_certificate_page(struct control_req *c, struct err *reterr);
enum code do_keeper_public(struct control_req *c, struct err *reterr);

/* control_consents.c: rows of control.tbl */
enum code do_consent_list(struct control_req *c, struct err *reterr);
enum code do_consent_receipt(struct control_req *c, struct err *reterr);
enum code do_objection_list(struct control_req *c, struct err *reterr);
enum code do_objection_make(struct control_req *c, struct err *reterr);
enum code do_restriction_list(struct control_req *c, struct err *reterr);
enum code do_restriction_set(struct control_req *c, struct err *reterr);
enum code do_restriction_told(struct control_req *c, struct err *reterr);
enum code do_restriction_lift(struct control_req *c, struct err *reterr);

/* control_register.c: rows of control.tbl */
enum code do_authorise_new(struct control_req *c, struct err *reterr);
enum code do_authorise_list(struct control_req *c, struct err *reterr);
enum code do_mail_reach(struct control_req *c, struct err *reterr);
enum code do_egress_try(struct control_req *c, struct err *reterr);
enum code do_host_try(struct control_req *c, struct err *reterr);
enum code do_send_list(struct control_req *c, struct err *reterr);
/* routes_campaigns.c: rows of control.tbl */
enum code do_campaign_list(struct control_req *c, struct err *reterr);
enum code do_campaign_show(struct control_req *c, struct err *reterr);
enum code do_campaign_turn(struct control_req *c, struct err *reterr);
enum code do_send_gates(struct control_req *c, struct err *reterr);
enum code do_webhook_list(struct control_req *c, struct err *reterr);
enum code do_webhook_deliveries(struct control_req *c, struct err *reterr);
enum code do_mail_list(struct control_req *c, struct err *reterr);
enum code do_mail_put(struct control_req *c, struct err *reterr);
enum code do_mail_relay(struct control_req *c, struct err *reterr);
enum code do_sms_provider(struct control_req *c, struct err *reterr);
enum code do_authorise_withdraw(struct control_req *c, struct err *reterr);
enum code do_authorise_csv(struct control_req *c, struct err *reterr);
enum code do_authorise_pdf(struct control_req *c, struct err *reterr);
enum code do_window_open(struct control_req *c, struct err *reterr);
enum code do_window_close(struct control_req *c, struct err *reterr);
enum code do_window_reads(struct control_req *c, struct err *reterr);
enum code do_window_list(struct control_req *c, struct err *reterr);

/* control_subjects.c: rows of control.tbl */
enum code do_subject_find(struct control_req *c, struct err *reterr);
enum code do_subject_pack(struct control_req *c, struct err *reterr);

/* control_requests.c: rows of control.tbl */
enum code do_request_list(struct control_req *c, struct err *reterr);
enum code do_request_show(struct control_req *c, struct err *reterr);
enum code do_request_new(struct control_req *c, struct err *reterr);
enum code do_request_step(struct control_req *c, struct err *reterr);
enum code do_request_letter(struct control_req *c, struct err *reterr);
