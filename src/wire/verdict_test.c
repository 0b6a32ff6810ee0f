/* verdict_test.c — replies as mail servers write them, and what each means. */
#include "wire/verdict.c"

#include "base/test.h"

struct row { int status; const char *enhanced, *said; enum reply_verdict want; };
#define T VERDICT_TAKEN
#define R VERDICT_REJECT
#define M VERDICT_MESSAGE
#define D VERDICT_DEFER
#define F VERDICT_FULL
#define S VERDICT_SLOW
#define B VERDICT_BLOCK
#define N VERDICT_REFUSED
#define E VERDICT_EXPIRED
static const struct row rows[] = {
    { 250, "2.0.0", "Ok: queued as 4X1b2c", T }, { 250, "", "OK id=1tAbCd-000000-00", T }, { 252, "2.1.5", "will try", T },
    /* ---- no such person */
    { 550, "5.1.1", "<a**********@people.example>: Recipient address rejected: User unknown in virtual mailbox table", R },
    { 550, "5.1.1", "The email account that you tried to reach does not exist. Please try double-checking", R },
    { 550, "", "No such user here", R }, { 550, "", "5.1.1 unknown user", R }, { 550, "", "Unrouteable address", R }, { 550, "", "Requested action not taken: mailbox unavailable", R },
    { 550, "5.5.0", "Requested action not taken: mailbox unavailable", R }, { 554, "", "delivery error: dd This user doesn't have an account here", R }, { 551, "", "User not local", N },
    { 553, "", "sorry, no mailbox here by that name", R }, { 550, "5.4.1", "Recipient address rejected: Access denied", R }, { 550, "5.7.1", "Recipient not found. It may have moved", R },
    { 550, "5.1.2", "bad destination system address", R }, { 550, "5.1.3", "bad destination mailbox address syntax", R }, { 550, "5.1.6", "moved, no forwarding address", R },
    { 556, "5.1.10", "Recipient address has null MX", R }, { 521, "", "this host does not accept mail", R }, { 550, "5.2.1", "The email account that you tried to reach is inactive", R },
    { 550, "5.2.1", "mailbox disabled, not accepting messages", R }, { 554, "5.7.13", "account disabled", R }, { 550, "5.7.17", "mailbox owner has changed", R }, { 550, "5.7.18", "domain owner has changed", R },
    { 550, "", "Account has been suspended", R }, { 550, "5.0.0", "Unknown local part", R }, { 550, "", "invalid recipient", R }, { 554, "5.4.4", "Host unknown: name service reports domain not found", R },
    { 0, "5.1.1", "", R }, { 0, "5.0.0", "smtp; 550 no such recipient", R }, { 550, "5.4.6", "routing loop detected", E }, { 550, "5.7.2", "mailing list expansion prohibited", R },
    { 550, "", "We would love to have gotten this email to you. But, your recipient never logged onto their free account, no longer valid", R },
    { 553, "", "sorry, that address is not here. (#5.1.1)", R },
    /* ---- for good, and nobody says whose fault it is */
    { 550, "", "", N }, { 550, "", "no", N }, { 551, "", "", N }, { 553, "", "", N }, { 550, "", "Requested action not taken", N }, { 599, "", "", N }, { 550, "5.0.0", "failed", N }, { 0, "5.0.0", "", N },
    { 521, "", "", N }, { 550, "", "(#5.1.1", N }, { 550, "", "(#4.1.1)", N }, { 550, "", "(#5.)", N }, { 550, "", "(#5.1.1.1.1.1.1)", N },
    /* ---- full */
    { 552, "5.2.2", "The email account that you tried to reach is over quota", F }, { 452, "4.2.2", "The recipient's inbox is out of storage space", F }, { 550, "", "Mailbox full", F },
    { 552, "", "Requested mail action aborted: exceeded storage allocation", F }, { 554, "", "Quota exceeded (mailbox for user is full)", F }, { 422, "", "recipient mailbox is full", F }, { 552, "", "", F },
    { 550, "5.7.1", "user over quota, come back later", F }, { 0, "5.2.2", "mailbox full", F }, { 451, "4.3.0", "disk quota exceeded", F },
    /* ---- slower */
    { 421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", S }, { 450, "4.2.0", "<b**********@people.example>: Recipient address rejected: Greylisted, see http://postgrey.example/", D },
    { 421, "4.7.28", "Our system has detected an unusual rate of unsolicited mail originating from your IP address", S }, { 451, "4.7.1", "Greylisting in action, please come back later", D },
    { 450, "4.7.1", "try again later", S }, { 421, "", "Too many concurrent SMTP connections; please try again later", S }, { 421, "", "Service not available, closing transmission channel", S },
    { 452, "4.5.3", "Too many recipients", S }, { 550, "5.7.1", "Daily limit of messages reached: too many messages", S }, { 451, "", "Rate limited, slow down", S }, { 554, "", "Sending rate too high", S },
    { 450, "", "4.7.1 sending rate exceeded", S }, { 451, "4.3.2", "throttled", S }, { 550, "5.7.28", "mail flood detected", S }, { 550, "5.5.3", "too many recipients", S },
    { 550, "", "Domain seats.example has exceeded the max emails per hour (500/500) allowed. Message discarded.", S }, { 552, "", "You have reached your sending limit for today", S },
    { 421, "4.3.2", "connection limit reached for your host", S }, { 450, "4.1.8", "", D }, { 432, "4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded", S },
    /* ---- we are not wanted */
    { 554, "5.7.1", "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.example", B }, { 550, "5.7.1", "Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list (S3140)", B },
    { 550, "5.7.26", "This mail is unauthenticated, which poses a security risk to the sender", B }, { 550, "5.7.23", "SPF validation failed", B }, { 550, "", "SPF check failed: 192.0.2.1 is not allowed to send", B },
    { 550, "5.7.1", "Unauthenticated email from seats.example is not accepted due to domain's DMARC policy", B }, { 550, "5.7.20", "no passing DKIM signature", B }, { 550, "5.7.25", "no PTR record", B },
    { 554, "", "Message rejected: spam content", B }, { 550, "5.7.1", "Relaying denied", B }, { 554, "5.7.1", "<c**********@people.example>: Relay access denied", B }, { 553, "5.7.1", "[BL21] Connections will not be accepted from 192.0.2.1", B },
    { 554, "", "IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help)", B }, { 550, "5.7.0", "Local policy violation", B }, { 550, "5.7.1", "", B }, { 554, "5.7.1", "no", B }, { 554, "", "Transaction failed", B },
    { 550, "5.7.1", "Sender address rejected: not owned by user", B }, { 550, "", "Sender verify failed", B }, { 550, "5.1.8", "sender's domain does not exist", B }, { 550, "5.7.27", "Sender address has null MX", B },
    { 550, "5.7.509", "Access denied, sending domain does not pass DMARC verification", B }, { 550, "5.7.606", "Access denied, banned sending IP [192.0.2.1]", B }, { 530, "5.7.0", "Authentication required", B },
    { 535, "5.7.8", "Error: authentication failed", B }, { 554, "5.7.1", "Your network has a poor reputation", B }, { 550, "", "rejected: listed in RBL", B }, { 550, "5.7.29", "ARC validation failure", B },
    { 503, "", "bad sequence of commands", B }, { 553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", B }, { 550, "", "Administrative prohibition", B }, { 550, "", "Relay denied", B },
    { 550, "", "Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", B }, { 550, "", "Sender rejected", B }, { 550, "", "Relaying not allowed", B }, { 550, "", "we do not relay", B }, { 550, "", "Access denied", B },
    { 550, "", "Verification failed for <b-0190@bounces.seats.example> Called: 192.0.2.1 Sent: RCPT TO:<b-0190@bounces.seats.example> Response: 550 User unknown ... Sender verify failed", B },
    { 550, "", "suspicious content", B }, { 553, "", "sorry, your mail was administratively denied. (#5.7.1)", B }, { 550, "", "this host is not permitted to send here", B },
    /* ---- this message */
    { 552, "5.3.4", "Message size exceeds fixed limit", M }, { 552, "5.2.3", "message length exceeds administrative limit", M }, { 554, "5.6.0", "bad MIME structure", M }, { 550, "5.6.1", "media not supported", M },
    { 552, "", "message too large", M }, { 554, "", "contains a forbidden attachment", M }, { 501, "5.5.4", "invalid command arguments", M }, { 550, "5.7.30", "REQUIRETLS needed", M }, { 500, "", "line too long", M },
    { 553, "5.6.7", "non-ASCII addresses not permitted", M }, { 0, "5.6.7", "the relay takes no address with letters beyond ASCII (SMTPUTF8)", M },
    /* ---- later */
    { 451, "4.3.0", "Temporary lookup failure", D }, { 450, "4.1.1", "<d**********@people.example>: unverified address", D }, { 450, "", "mailbox unavailable", D }, { 451, "", "local error in processing", D },
    { 452, "4.3.1", "Insufficient system storage", D }, { 450, "4.4.2", "timeout", D }, { 451, "4.4.4", "unable to route", D }, { 554, "5.3.0", "other mail system problem", D },
    { 450, "", "user unknown", D }, { 0, "4.4.1", "connection timed out", D }, { 451, "4.7.20", "no DKIM signature yet", D }, { 450, "4.6.0", "", D }, { 400, "", "", D },
    { 450, "4.7.1", "Recipient address rejected: Greylisted for 5 minutes", D }, { 450, "", "graylisted", D },
    /* ---- a server on the way gave up */
    { 550, "5.4.7", "delivery time expired", E }, { 0, "4.4.7", "message expired", E }, { 0, "5.4.7", "", E }, { 0, "4.4.7", "user unknown was said by nobody", E },
    /* ---- nothing */
    { 0, "", "", VERDICT_NONE }, { 354, "", "go on", VERDICT_NONE }, { 0, "7.1.1", "", VERDICT_NONE }, { 0, "5", "", VERDICT_NONE },
};

TEST(replies_mean_what_they_mean) {
    CHECK(ARRAY_LEN(rows) >= 100);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum reply_verdict got = verdict_of(rows[i].status, rows[i].enhanced, rows[i].said);
        if (got != rows[i].want)
            fail_msg("%d %s %s: %s and not %s", rows[i].status, rows[i].enhanced, rows[i].said, verdict_name(got), verdict_name(rows[i].want));
    }
}

/* A person is refused where a person was named: before that, and of a text without more, it is us or the message. */
TEST(where_it_was_said_counts) {
    static const struct { int status; const char *enhanced, *said; enum reply_verdict at[REPLY_STAGES]; } seen[] = {
        { 550, "", "no", { N, B, B, N, M } }, { 553, "", "", { N, B, B, N, M } }, { 550, "", "Message rejected", { N, B, B, N, M } }, { 550, "5.1.1", "user unknown", { R, B, B, R, R } },
        { 550, "", "no such user", { R, B, B, R, R } }, { 550, "", "sender unknown", { B, B, B, B, B } }, { 550, "5.7.1", "", { B, B, B, B, B } }, { 552, "5.3.4", "", { M, M, M, M, M } },
        { 450, "", "", { D, D, D, D, D } }, { 421, "", "", { S, S, S, S, S } }, { 554, "5.6.7", "no", { M, M, M, M, M } }, { 250, "", "", { T, T, T, T, T } },
    };
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        for (enum reply_stage at = REPLY_SOMEWHERE; at < REPLY_STAGES; at++)
            CHECK_INT(verdict_at(at, seen[i].status, seen[i].enhanced, seen[i].said), seen[i].at[at]);
}

/* Only a code or words that say so make an address dead, and what is about us, about the message, or unknown counts for nothing. */
TEST(what_is_held_against_a_person) {
    static const enum verdict_holds want[VERDICTS] = { [R] = HOLDS_DEAD, [D] = HOLDS_SOFT, [F] = HOLDS_SOFT, [N] = HOLDS_SOFT };
    for (enum reply_verdict v = VERDICT_NONE; v < VERDICTS; v++)
        CHECK_INT(verdict_holds(v), want[v]);
    CHECK_INT(verdict_holds(VERDICTS), HOLDS_NOTHING);
}

/* Each row of words can be met: none stands behind one that it contains. */
TEST(no_words_hide_others) {
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (size_t j = 0; j < i; j++)
            if (strstr(words[i].words, words[j].words) != NULL && (words[i].good != words[j].good || words[i].now != words[j].now))
                fail_msg("\"%s\" is never met behind \"%s\"", words[i].words, words[j].words);
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(codes[i].rest, codes[j].rest) != 0);
}

TEST(a_text_without_end_is_read_to_a_bound) {
    char endless[5000];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = 0;
    CHECK(verdict_of(450, "", endless) == D);
    memset(endless, '-', sizeof endless - 1);
    CHECK(verdict_of(550, "", endless) == N);
    for (enum reply_verdict v = VERDICT_TAKEN; v < VERDICTS; v++)
        CHECK(verdict_name(v)[0] != 0);
}
