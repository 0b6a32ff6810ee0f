/* heard.h — mail that came in for an address of ours: which letter it is about says the code in the address (verp.h), and nothing else in it is believed. So
 * whoever lies about others harms nobody, and whoever lies about the letter that it got harms itself. Thread-safe; blocks. */
#pragma once
#include "messages/settled.h"

#define COMPLAINTS_AT "complaints"           /* the local part that reports of feedback are sent to: the letter stands inside */
struct mail_heard { struct keeper_client *keeper; const char *domain;
                    enum code (*service)(void *arg, int64_t tenant, struct service **ret, struct err *reterr); void *arg; };      /* of a tenant; E_NOT_FOUND */
enum mail_heard_end { MAIL_HEARD_TAKEN,      /* whatever it was: it is written down, or says nothing that counts */
                      MAIL_HEARD_NOBODY,     /* no address of ours */
                      MAIL_HEARD_NOT_NOW };  /* it could not be written down: it comes again (*reterr) */
enum mail_heard_end mail_heard(const struct mail_heard *h, const char *to, const void *message, size_t len, struct err *reterr);
/* Could that be an address of ours? Its code is not looked at. Pure. */
bool mail_heard_known(const char *domain, const char *address);

/* Of the table in settled.c: to whom a message went, and that it went, or was refused. */
enum code settled_whom_write(struct txn *t, const struct settled *s, void *prepared, struct err *reterr);
