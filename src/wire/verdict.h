/* verdict.h — what a reply of a mail server means for who is written to, for the message, and for the way: by its enhanced code (RFC 3463, 5248, 7505,
 * 8616 and what else IANA lists), by the words that servers use where the code says too little, and by the code of SMTP last. The same for the
 * status of a DSN. A block of ours is never a fault of the person: it says so, and suppresses nobody. Pure; thread-safe. */
#pragma once

enum reply_verdict { VERDICT_NONE,                 /* no reply */
               VERDICT_TAKEN,
               VERDICT_REJECT,               /* this person, for good: no such mailbox, no such domain, takes no mail */
               VERDICT_MESSAGE,              /* this message, for good: too large, its form. The person may be written to otherwise */
               VERDICT_DEFER,                /* this message, for now */
               VERDICT_FULL,                 /* the mailbox is full: for now, whatever the code says */
               VERDICT_SLOW,                 /* we are too fast, or too new here: everything through this way waits more */
               VERDICT_BLOCK,                /* we are not wanted: a blocklist, SPF, DKIM, DMARC, a policy. All that goes this way is concerned */
               VERDICTS };
/* status: of SMTP, 0: none (a DSN); enhanced: "5.1.1" or ""; said: as the server wrote it, masked or not. */
enum reply_verdict verdict_of(int status, const char *enhanced, const char *said);
const char *verdict_name(enum reply_verdict v);    /* "reject"; "" for VERDICT_NONE */
