/* account_int.h — what the routes of /v1/account share: a session that goes on to its next step, and what is said of it. */
#pragma once
#include "api/session_call.h"

#define PASSWORD_MOST 1024u
#define CODE_MOST 64u
#define NAME_MOST (PERSON_NAME - 1u)

/* A step was taken: the cookie gets the new secret, the reply says where the session is. Wipes the secret. */
void account_stepped(struct scall *c, char secret[SESSION_TEXT], const struct session *s);
/* In STEP_ENROL or STEP_CHANGE, after what was missing is done: goes on to the next step (new cookie), else as account_stepped without
 * one. False: replied with an error. */
MUST_USE bool account_goes_on(struct scall *c);
void account_said(struct scall *c);           /* 200 with account_json */
/* {step, csrf, elevated, factors, second: {…}}, and who it is once the session is whole. */
MUST_USE enum code account_json(struct scall *c, json_t **ret, struct err *reterr);
const char *step_word(enum session_step step);            /* "whole", "second", "change_password", "enrol" */
json_t *factors_json(unsigned factors);
