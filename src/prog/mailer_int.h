/* mailer_int.h — within the process mailer: guests, wires, and the letters between them (mailer.c says how they move). One thread's. */
#pragma once
#include "base/time.h"
#include "prog/mailer.h"
#include "prog/mailer_in.h"
#include "prog/mailer_memory.h"
#include "sys/ipc.h"
#include "sys/mail.h"

#define GUESTS_MAX 96u
#define WIRES_USUAL 16u                      /* measured: bench/queue.c */
#define WIRES_MAX 36u                        /* as many as the server has threads for letters: those that a relay stalls keep no other */

enum guest_state { READS, QUEUES, SENDS, ASKED, GOES, ANSWERED, EARS /* waits for mail that comes in */ };
struct guest { struct ipc *ipc; enum guest_state state; struct mail_call call; char *to, *from, *message;
               bool again /* lost once by an old wire, so it gets a new one */, alone /* does not stand behind another any more */, gone; usec_t waits /* since then */; };
struct wire { struct relay *relay; struct guest *guest; struct uuid id; uint32_t attempt; /* of the letter under way */
              bool busy, asked /* the guest, whether it may go */, went, fresh; usec_t left_us /* when its last dot went */; char *to; usec_t idle;
              struct guest *next /* its letter stands behind the one under way */; char *next_to; bool left /* who stood there has gone: what was said for it cannot be unsaid */; };
struct mailer {
    const struct mailer_config *config;
    struct guest *guests[GUESTS_MAX]; size_t guest_count;
    struct wire wires[WIRES_MAX];
    struct mailer_memory *memory;
    size_t most; usec_t fewer;               /* connections that the relay takes, until then by the steady clock */
    usec_t usual;                            /* that the relay takes for its answer to a last dot, as of late; 0: none came yet */
    struct mailer_in *in;                    /* NULL: no mail comes in */
    struct guest *ear; bool ear_busy;        /* who is given what came in; it has one message now */
};

/* ---- guests */
void guest_answer(struct guest *g, const struct mail_reply *r);
void guest_refuse(struct guest *g, enum mail_outcome outcome, const char *said);

/* ---- wires */
void wires_turn(struct mailer *m);
void wires_close(struct mailer *m);
void letter_give(struct mailer *m, struct guest *g);             /* in QUEUES: a wire, a place behind a letter, or it waits on */
void letter_goes(struct mailer *m, struct guest *g);             /* in ASKED, and it may */
void letter_leaves(struct mailer *m, struct guest *g);           /* its guest is gone: it goes on once it may, else it is taken back */
/* The letter went, and its answer is waited for: that is told to g. False: no wire has it. */
MUST_USE bool letter_waited_for(struct mailer *m, struct guest *g, const struct uuid *id, uint32_t attempt);
bool wires_any_went(const struct mailer *m);
