/* sms_staff.h — who approves that a tenant sends text messages to a further country: the person of the operator's staff whom the charter names. Thread-safe; blocks. */
#pragma once
#include "access/people.h"
#include "records/records.h"

/* E_FORBIDDEN: the account is no active one of the operator's staff with that role; E_SIGN_IN: it has no valid authorisation; E_CONFLICT: the charter knows no exceptions. */
MUST_USE enum code sms_approver(struct people *p, const struct service *s, const struct uuid *account, struct err *reterr);
