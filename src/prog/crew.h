/* crew.h — the processes of an installation: which user each has, what each may reach, how it is started. Used by the
 * parent, and by commands that need a keeper while no server runs. For single-threaded processes. */
#pragma once
#include "prog/place.h"
#include "sys/process.h"

enum member { KEEPER, SERVER, NGINX, SENDER, MAILER, MEMBERS };
const char *member_name(enum member m);
/* The sender only where sejf.yaml declares somewhere to send to, the mailer only where it declares a relay. */
bool member_needed(struct place *p, enum member m);

struct crew {
    bool apart;                              /* each has a user of its own */
    char why[256];                           /* why not, when not */
    char mend[256];                          /* and what to do about it */
    struct user user[MEMBERS];               /* with apart, of those that are needed */
};
/* Users of their own when we are root, the users exist, are none of them root or one another, and reach the data directory. */
void crew_find(struct place *p, struct crew *ret);
/* Refuses to let root run what should have a user of its own; E_CONFIG says why and how to mend it. */
MUST_USE enum code crew_allowed(const struct crew *c, struct err *reterr);
const struct user *crew_user(const struct crew *c, enum member m);     /* NULL: ours */
/* Makes the directories below the data directory, each for its owner alone, and gives them to their users. */
MUST_USE enum code crew_directories(struct place *p, const struct crew *c, struct err *reterr);

/* What a process is given: listening sockets first, then where it says that it is ready, then the lock. */
struct crew_start {
    struct place *place;
    const struct crew *crew;
    const int *listeners; size_t listener_count;
    int ready;                               /* written one byte when it serves; -1: none */
    int lock;                                /* of the data directory; held by keeper and server too */
    int secret;                              /* keeper: passphrase or credential to read; server: what crew_secrets gave; mailer: crew_relay_secret; -1: none */
    int line;                                /* keeper, sender and mailer: their end of the line from the server; server: its end of the keeper's; -1: none */
    int sender, mailer;                      /* server: its ends of their lines; -1: none */
    int life;                                /* a pipe's end: it stops when the other end is closed, also where no signal of ours would reach it; -1: none */
    int log;                                 /* where its log lines go; -1: standard error */
    int out;                                 /* nginx: its standard error */
};
/* Our own processes get the word for what they are, --config, and the numbers of these descriptors. */
MUST_USE enum code crew_start(const struct crew_start *s, enum member m, struct process *ret, struct err *reterr);
/* Runs this program with other words (and --config) as the user of m, waits for its end, and makes its exit code ours.
 * fds become its descriptors 3, 4, … */
MUST_USE enum code crew_run(struct place *p, const struct crew *c, enum member m, const char *const *words, size_t count,
                            const int *fds, size_t fd_count, struct err *reterr);
/* A Unix socket in run/ that only root, ourselves and the given member reach. */
MUST_USE enum code crew_listen(struct place *p, const struct crew *c, const char *name, enum member reaches, int *ret_fd, struct err *reterr);

/* The root key's passphrase (asked by `prompt`) or credential as a descriptor for the keeper; -1 when the keeper reads it itself.
 * credential NULL: the one of sejf.yaml. */
MUST_USE enum code crew_secret(struct place *p, const char *prompt, const char *credential, int *ret_fd, struct err *reterr);
/* The key of mail.dkim as a line of base64url, the client secrets of sign_in_with, a line each in its order, then that of sms and of its receipts, as a descriptor for the server; -1 when there is none. They are read by whoever starts sejf, so
 * that neither the server's user nor anybody else can read the files and credentials. */
MUST_USE enum code crew_secrets(struct place *p, int *ret_fd, struct err *reterr);
/* The password for the relay of `mail`, likewise, for the mailer; -1 when there is none. */
MUST_USE enum code crew_relay_secret(struct place *p, int *ret_fd, struct err *reterr);
