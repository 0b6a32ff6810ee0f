/* verdict.h — what a reply of a mail server means for who is written to, for the message, and for the way: by its enhanced code (RFC 3463, 5248, 7505,
 * 8616 and what else IANA lists), by the words that servers use where the code says too little, and by where it was said and the code of SMTP last. The
 * same for the status of a DSN. A block of ours is never a fault of the person: it says so, and suppresses nobody. Pure; thread-safe. */
#pragma once

/* Where in the talk it was said. */
enum reply_stage { REPLY_SOMEWHERE,          /* a DSN: nobody knows */
                   REPLY_AT_US,              /* before any letter: connection, greeting, EHLO, TLS, AUTH */
                   REPLY_AT_SENDER,          /* MAIL */
                   REPLY_AT_PERSON,          /* RCPT */
                   REPLY_AT_TEXT,            /* DATA, the text, its end */
                   REPLY_STAGES };

enum reply_verdict { VERDICT_NONE,                 /* no reply */
               VERDICT_TAKEN,
               VERDICT_REJECT,               /* this person, for good: no such mailbox, no such domain, takes no mail */
               VERDICT_MESSAGE,              /* this message, for good: too large, its form. The person may be written to otherwise */
               VERDICT_DEFER,                /* this message, for now */
               VERDICT_FULL,                 /* the mailbox is full: for now, whatever the code says */
               VERDICT_SLOW,                 /* we are too fast, or too new here: everything through this way waits more */
               VERDICT_BLOCK,                /* we are not wanted: a blocklist, SPF, DKIM, DMARC, a policy. All that goes this way is concerned */
               VERDICT_REFUSED,              /* for good, and neither code nor words say whose fault it is: the message ends, and once is not held against the person */
               VERDICT_EXPIRED,              /* a server on the way has tried until its time was over; why is not known */
               VERDICTS };
/* status: of SMTP, 0: none (a DSN); enhanced: "5.1.1" or ""; said: as the server wrote it, masked or not. Before RCPT nothing is said about a person. */
enum reply_verdict verdict_at(enum reply_stage stage, int status, const char *enhanced, const char *said);
enum reply_verdict verdict_of(int status, const char *enhanced, const char *said);       /* REPLY_SOMEWHERE */

/* What a message that came back with that verdict counts for against its person. */
enum verdict_holds { HOLDS_NOTHING,          /* us, the message, or nobody knows */
                     HOLDS_SOFT,             /* several such within a time count as dead */
                     HOLDS_DEAD };           /* the address is dead: a code or words said so */
enum verdict_holds verdict_holds(enum reply_verdict v);
const char *verdict_name(enum reply_verdict v);    /* "reject"; "" for VERDICT_NONE */
