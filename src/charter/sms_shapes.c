/* sms_shapes.c — the providers of text messages that are shipped, as descriptions.
 *
 * SMSAPI: smsapi.pl/docs ("SMS API": sms.do, profile, callback reports, delivery statuses, error codes). idx is our reference; with check_idx a
 * second message of the same one within 24 hours is refused with 53.
 * SerwerSMS: dev.serwersms.pl, "HTTPS API v2" (messages/send_sms, messages/reports, account/limits, own identifiers, general communications).
 * unique_id is our reference: 3 to 50 letters and digits; what became of it is asked by it. Which members the reports have that it sends by itself is not said
 * there, so none are taken in. Where a provider has changed its formats since November 2026, `sejf doctor` says so, and `described` takes another description. */
#include <string.h>

#include "charter/instance.h"

static const struct sms_code smsapi_codes[] = {
    { "QUEUE", SMS_ACCEPTED }, { "SENT", SMS_ACCEPTED }, { "DELIVERED", SMS_ACCEPTED }, { "ACCEPTED", SMS_ACCEPTED }, { "RENEWAL", SMS_ACCEPTED },
    { "53", SMS_TAKEN },
    { "11", SMS_TEXT },                      /* no text, or one that is too long */
    { "12", SMS_TEXT },                      /* more parts than were counted here */
    { "13", SMS_NUMBER },                    /* no valid number, or one that its list excludes */
    { "33", SMS_NUMBER },
    { "52", SMS_LATER },                     /* too many messages to one number within a minute */
    { "203", SMS_SLOW }, { "202", SMS_SLOW },
    { "200", SMS_LATER }, { "201", SMS_LATER }, { "999", SMS_LATER },
    { "8", SMS_OURS }, { "14", SMS_OURS },   /* the sender's name is not approved */
    { "27", SMS_OURS }, { "94", SMS_OURS }, { "101", SMS_OURS }, { "102", SMS_OURS },
    { "103", SMS_OURS },                     /* no funds */
    { "105", SMS_OURS }, { "110", SMS_OURS }, { "112", SMS_OURS }, { "1000", SMS_OURS }, { "1001", SMS_OURS },
};
static const struct sms_shape smsapi = {
    .name = "smsapi", .host = "api.smsapi.pl", .port = 443, .prefix = "",
    .headers = { { "Authorization", "Bearer {{token}}" } },
    .send = { "POST", "/sms.do", "{\"to\":\"{{digits}}\",\"message\":\"{{text}}\",\"from\":\"{{sender}}\",\"format\":\"json\",\"encoding\":\"utf-8\","
                                 "\"idx\":\"{{id}}\",\"check_idx\":\"1\",\"max_parts\":\"{{parts}}\"}" },
    .try = { "GET", "/profile", NULL },
    .receipt = { "/list/0/id" }, .code = { "/error", "/list/0/error", "/list/0/status" }, .said = { "/message", "/invalid_numbers/0/message", "/list/0/status" },
    .credit = { "/points" },
    .codes = smsapi_codes, .code_count = ARRAY_LEN(smsapi_codes), .once = USEC_PER_DAY,
    .told_id = "idx", .told_state = "status",
    .delivered = "404 DELIVERED", .bounced = "402 405 EXPIRED UNDELIVERED", .stopped = "406 407 412 FAILED REJECTED STOP", .answer = "OK",
};

static const struct sms_code serwersms_codes[] = {
    { "queued", SMS_ACCEPTED }, { "sent", SMS_ACCEPTED }, { "delivered", SMS_ACCEPTED }, { "undelivered", SMS_ACCEPTED }, { "in_progress", SMS_ACCEPTED }, { "pending", SMS_ACCEPTED },
    { "saved", SMS_ACCEPTED },
    { "unsent", SMS_LATER }, { "2001", SMS_NUMBER },                        /* no valid number */
    { "1000", SMS_OURS }, { "1001", SMS_OURS }, { "1002", SMS_OURS }, { "1003", SMS_OURS }, { "1005", SMS_OURS }, { "1006", SMS_OURS }, { "1007", SMS_OURS },
    { "1008", SMS_OURS }, { "2000", SMS_OURS },
    { "3000", SMS_OURS }, { "3001", SMS_OURS }, { "3002", SMS_OURS }, { "3003", SMS_OURS },      /* no messages left, or no right to send them */
};
#define SERWERSMS_WHO "\"username\":\"{{user}}\",\"password\":\"{{password}}\""
static const struct sms_shape serwersms = {
    .name = "serwersms", .host = "api2.serwersms.pl", .port = 443, .prefix = "",
    .headers = { { "Authorization", "Bearer {{token}}" } },
    .send = { "POST", "/messages/send_sms", "{" SERWERSMS_WHO ",\"phone\":\"{{to}}\",\"text\":\"{{text}}\",\"sender\":\"{{sender}}\",\"utf\":\"{{unicode}}\",\"details\":true,\"unique_id\":\"{{id}}\"}" },
    .ask = { "POST", "/messages/reports", "{" SERWERSMS_WHO ",\"unique_id\":\"{{id}}\"}" },
    .try = { "POST", "/account/limits", "{" SERWERSMS_WHO "}" },
    .receipt = { "/items/0/id" }, .code = { "/error/code", "/items/0/error_code", "/items/0/status" }, .said = { "/error/message", "/items/0/error_message", "/items/0/status" },
    .credit = { "/items/type=full/value", "/items/type=eco/value" },
    .codes = serwersms_codes, .code_count = ARRAY_LEN(serwersms_codes),
};

static const struct sms_shape *const shapes[] = { &serwersms, &smsapi };

const struct sms_shape *sms_shape_find(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        if (strcmp(shapes[i]->name, name) == 0)
            return shapes[i];
    return NULL;
}
