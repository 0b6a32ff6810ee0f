/* deliver_int.h — one try of one letter, for the files deliver*.c alone: what was read of it, what is written, and what an answer means. A try belongs to one
 * thread; try_done wipes it. The functions block: they write, and a message is made with keys of the keeper. */
#pragma once
#include "messages/deliver.h"
#include "messages/settled.h"

struct letter_try {
    const struct deliver *d; int64_t tenant;
    struct letter_row row;                   /* as read; then as it is to be stored */
    enum letter_state left; int left_tries;  /* as this try has left it in the store */
    struct buf cause, said, blob, purpose, receipt;
    uint32_t attempt;                        /* of this handing over, known to whoever delivers; made anew for each, so that none is ever used twice */
    struct mail_reply reply;
    usec_t next; const char *verb; bool ends;
    bool counted;                            /* what was handed over may have arrived: what gates took for it is spent */
    /* ---- of a message */
    struct service *service; struct outgoing out; bool made /* `out` is whole: it was made to go */; struct gate_verdict stopped; bool put_off; struct settled settled;
};
struct letter_try try_of(const struct deliver *d, int64_t tenant);
void try_done(struct letter_try *t);
DEFINE_AUTO_VALUE(struct letter_try, try_done)
bool try_is_message(const struct letter_try *t);
bool try_clock_doubted(const struct deliver *d);

/* ---- deliver_write.c */
/* A request to the provider of text messages, and what the sender waits for besides, is over by then: before that nobody is asked what became of it. */
#define DELIVER_SMS_LOOK (SMS_WAIT_MS * (USEC_PER_SEC / 1000) + USEC_PER_MINUTE)
#define TENANT_WAIT USEC_PER_MINUTE          /* its tenant opens no more keys now, or something is wrong with this letter alone */
MUST_USE enum code try_read(struct letter_try *t, const struct uuid *id, struct err *reterr);        /* E_NOT_FOUND */
/* By which a message is made, and what counts it: without it the message waits, or ends uncounted. */
bool try_service(struct letter_try *t);
/* The next handing over: its number. */
uint32_t try_attempt(struct letter_try *t);
/* Whoever delivers asks: may it go? (a mail_go_fn; arg: the try) E_STALE: it is to be made anew, or a gate stops it now (t->stopped). */
enum code try_may_go(void *arg, struct err *reterr);
/* The write that says what came of it. */
MUST_USE enum code try_end(struct letter_try *t, struct err *reterr);
/* Nothing was tried: as it is, a while later. */
MUST_USE enum code try_put_off(struct letter_try *t, usec_t wait, enum deliver_end end, enum deliver_end *ret, struct err *reterr);
/* What led to a letter that is not there: its tenant is closing. */
MUST_USE enum code try_forget(const struct deliver *d, int64_t tenant, const struct uuid *id, enum deliver_end *ret, struct err *reterr);

/* ---- deliver_means.c */
#define DOUBTS_MOST 4
uint32_t try_random(void);
/* By t->reply; t->row.tries counts this try already. */
MUST_USE enum code try_settle(struct letter_try *t, enum deliver_end *ret, struct err *reterr);
/* Given up, because its time is over, its text or its record is gone, or a gate refuses it. One that may have arrived says so. */
MUST_USE enum code try_give_up(struct letter_try *t, enum deliver_end *ret, struct err *reterr);
MUST_USE enum code try_give_up_as(struct letter_try *t, const char *said, enum deliver_end *ret, struct err *reterr);
/* A gate stopped it (t->stopped): it waits, or ends. */
MUST_USE enum code try_stop(struct letter_try *t, enum deliver_end *ret, struct err *reterr);
/* try_may_go gave E_STALE. */
MUST_USE enum code try_anew(struct letter_try *t, enum deliver_end *ret, struct err *reterr);
/* It had gone, and whoever knew of it is no more. */
MUST_USE enum code try_lost(struct letter_try *t, enum deliver_end *ret, struct err *reterr);
/* Its answer never came, and whoever was to take it says that it has none: a doubt that is counted, and it may go again at once. */
MUST_USE enum code try_unfinished(struct letter_try *t, enum deliver_end *ret, struct err *reterr);

/* ---- deliver_sms.c */
MUST_USE enum code try_sms(struct letter_try *t, enum deliver_end *ret, struct err *reterr);
/* Found on its way, after a cut. over: its time is over. */
MUST_USE enum code try_sms_found(struct letter_try *t, bool over, enum deliver_end *ret, struct err *reterr);
