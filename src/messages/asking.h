/* asking.h — code of the operator's own that is asked before records are made or moved (sejf.yaml: askers): at a Unix socket, by us, whose other end
 * must be the declared user; or at an https address, by the process sender. A question and an answer are JSON, the answer {"allow": true} or
 * {"allow": false, "why": "…"}. Whatever else comes, or nothing in time, is no answer. So many questions at a time are asked of each, that one
 * which does not answer never holds all threads, and of these so many of one tenant and of public forms, that nobody takes all; who finds no place waits for
 * one as long as the question may last, unless as many wait already as may ask. Thread-safe. Ownership: asking_new gives, asking_free takes back. */
#pragma once
#include <sys/types.h>

#include "charter/instance.h"
#include "records/asks.h"
#include "sys/fetch.h"

#define ASKING_MOST 8u                       /* questions at a time of one asker */
#define ASKING_TENANT 4u                     /* of them, of one tenant */
#define ASKING_FORMS 2u                      /* of them, of public forms */
#define ASKING_ANSWER ((size_t)16 << 10)     /* bytes of an answer */

struct questioner;
/* users: beside list, who must answer at a socket. The list, users and fetch's arg stay the caller's. */
struct asking_setup { const struct asker *list; const uid_t *users; size_t count; enum code (*fetch)(void *arg, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr); void *arg; };
MUST_USE enum code asking_new(const struct asking_setup *setup, struct questioner **ret, struct err *reterr);
struct questioner *asking_free(struct questioner *a);
DEFINE_AUTO(struct questioner, asking_free)
struct ask_way asking_way(struct questioner *a);
/* Of the probes of one tenant: how their questions are answered instead; a tenant of probes is otherwise answered yes. */
void asking_probe(struct questioner *a, int64_t tenant, enum ask_answer answer);
/* Strict reading of an answer. Pure. */
enum ask_answer asking_read(const char *text, size_t len, char ret_why[ASK_WHY + 1]);
