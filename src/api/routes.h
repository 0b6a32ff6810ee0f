/* routes.h — the tables of routes that api_serve registers. */
#pragma once
#include "api/http.h"

extern const struct route_table routes_remainder; /* routes_remainder.c: numbers of what went by its date */
extern const struct route_table routes_records;   /* routes_records.c: records, lists, searches */
extern const struct route_table routes_bulk;      /* routes_bulk.c: import, export, files */
extern const struct route_table routes_consents;  /* routes_consents.c: consents, objections, restrictions */
extern const struct route_table routes_copies;    /* routes_copies.c: who looked at whom, bulk copies */
extern const struct route_table routes_requests;  /* routes_requests.c: what people ask for under their rights */
extern const struct route_table routes_subjects;  /* routes_subjects.c: a person across kinds, access packs */
extern const struct route_table routes_changes;   /* changes.c: server-sent events */
extern const struct route_table routes_register; /* routes_register.c: authorisations and windows of a tenant */
extern const struct route_table routes_agreement;  /* routes_agreement.c: the agreement of a tenant */
extern const struct route_table routes_sms;       /* routes_sms.c: text messages: cost, spending, exceptions */
extern const struct route_table routes_closing;   /* routes_closing.c: a tenant closes its account */
extern const struct route_table routes_hold;      /* routes_hold.c: what is kept although its time comes */
extern const struct route_table routes_sent;      /* routes_sent.c: what became of messages */
extern const struct route_table routes_campaigns; /* routes_campaigns.c: one text to many */
extern const struct route_table routes_messages;  /* routes_messages.c: messages to the people of records, and the gates */
extern const struct route_table routes_templates; /* routes_templates.c: texts of messages */
extern const struct route_table routes_webhooks;  /* routes_webhooks.c: who is told of changes */
extern const struct route_table routes_hook;      /* routes_hook.c: receipts of the provider of text messages */
extern const struct route_table routes_letters;   /* routes_letters.c: what became of letters */
extern const struct route_table routes_certificate;   /* routes_certificate.c: certificates of erasure */
extern const struct route_table routes_uses;      /* routes_uses.c: uses that came after data was given */
extern const struct route_table routes_due;       /* page_due.c: the page of what will be erased */
extern const struct route_table routes_notice;    /* routes_notice.c: notices before erasure */
extern const struct route_table routes_meta;      /* routes_meta.c: OpenAPI, health, metrics, security.txt, problem types */
extern const struct route_table routes_account;   /* routes_account.c: signing in, sessions, links */
extern const struct route_table routes_factors;   /* routes_factors.c: password, codes, passkeys, one's own tokens */
extern const struct route_table routes_members;   /* routes_members.c: tenants and their people */
extern const struct route_table routes_suppressions;     /* routes_suppressions.c: who gets nothing, and pauses of sending */
extern const struct route_table routes_people_doc;   /* openapi_people.c: what these offer */
