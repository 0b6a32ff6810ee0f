/* load.h — the load generator of bench/records: what its three files share. One thread, epoll, keep-alive, one request at a time on
 * each connection. people.c makes requests and checks replies, client.c speaks HTTP (Unix socket, TCP or TLS), load.c counts. */
#pragma once
#include <openssl/ssl.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/time.h"
#include "base/uuid.h"

#define REPLY_MAX ((size_t)4 << 20)
#define CURSOR_MAX 1024u
#define PAGES 20u                             /* a list is followed so far, then begun anew */
#define PAGE_SIZE 50u

enum job { JOB_CREATE, JOB_GET, JOB_FIND, JOB_LIST };

struct plan {                                 /* what is asked of whom */
    enum job job;
    const char *unix_path, *host, *port, *ca; /* ca: TLS */
    const char *token, *path, *ids_path;      /* path: "/v1/contacts/contact" */
    int64_t connections, requests, seconds, records, first;
    uint64_t seed;
};

struct line {                                 /* one connection, and the request under way on it */
    int fd;
    SSL *tls;
    struct buf out, in;
    size_t sent;
    int64_t person;
    usec_t began;
    char cursor[CURSOR_MAX];
    unsigned page;
    bool wants_write, closes;
};

/* people.c — person n is the same on every run: a name, an address, a phone number, a note; about 300 bytes as JSON. */
struct people;
struct people *people_new(const struct plan *p);           /* NULL: said why */
struct people *people_free(struct people *people);         /* after JOB_CREATE: the ids are written to ids_path */
DEFINE_AUTO(struct people, people_free)
void people_ask(struct people *people, struct line *l, int64_t nth);       /* fills l->out */
void people_made(struct people *people, int64_t count);    /* so many were asked for */
bool people_csv(FILE *to, int64_t first, int64_t count);
/* Is it the reply that belongs to the request? status and body as received. */
bool people_check(struct people *people, struct line *l, int status, const char *body, size_t len);

/* client.c */
enum step { STEP_WAIT, STEP_DONE, STEP_GONE };             /* more is to come; a whole reply; the connection has failed */
MUST_USE bool line_open(const struct plan *p, SSL_CTX *tls, struct line *l);
void line_close(struct line *l);
enum step line_go_on(struct line *l, int *ret_status, const char **ret_body, size_t *ret_len);
