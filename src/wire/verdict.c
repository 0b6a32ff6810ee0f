/* verdict.c — codes that say one thing come first, then words, then codes that only name a subject, then the code of SMTP: three digits alone never say
 * that a person is not there. Words are looked for in a text of small letters and digits alone, whatever else stands between them being one space: "Block-List" is
 * " block list ". */
#include "wire/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"

#define TEXT_MOST 512u                       /* of what is said is looked at */

/* ---- codes: by "subject.detail", for good (5) and for now (4). VERDICT_NONE: words first */

struct by_code { const char *rest; enum reply_verdict good, now; };
static const struct by_code codes[] = {
    { "1.1", VERDICT_REJECT, VERDICT_DEFER },          /* bad destination mailbox */
    { "1.2", VERDICT_REJECT, VERDICT_DEFER },          /* bad destination system */
    { "1.3", VERDICT_REJECT, VERDICT_DEFER },          /* bad form of the address */
    { "1.4", VERDICT_REJECT, VERDICT_DEFER },          /* ambiguous */
    { "1.6", VERDICT_REJECT, VERDICT_DEFER },          /* has moved */
    { "1.7", VERDICT_BLOCK, VERDICT_DEFER },           /* bad form of the sender */
    { "1.8", VERDICT_BLOCK, VERDICT_DEFER },           /* the sender's system */
    { "1.10", VERDICT_REJECT, VERDICT_DEFER },         /* null MX (RFC 7505) */
    { "2.1", VERDICT_REJECT, VERDICT_DEFER },          /* mailbox disabled */
    { "2.2", VERDICT_FULL, VERDICT_FULL },
    { "2.3", VERDICT_MESSAGE, VERDICT_DEFER },         /* longer than this mailbox takes */
    { "2.4", VERDICT_DEFER, VERDICT_DEFER },           /* expansion of a list */
    { "3.1", VERDICT_DEFER, VERDICT_DEFER },           /* the system is full */
    { "3.3", VERDICT_MESSAGE, VERDICT_DEFER },         /* cannot do what the message needs */
    { "3.4", VERDICT_MESSAGE, VERDICT_DEFER },         /* too big */
    { "4.6", VERDICT_EXPIRED, VERDICT_DEFER },         /* loop: it may be one of our own relay's */
    { "4.7", VERDICT_EXPIRED, VERDICT_EXPIRED },       /* its time was over on the way */
    { "5.3", VERDICT_SLOW, VERDICT_SLOW },             /* too many recipients */
    { "5.6", VERDICT_BLOCK, VERDICT_DEFER },           /* sign-in line too long */
    { "6.7", VERDICT_MESSAGE, VERDICT_DEFER },         /* an address beyond ASCII, sender or recipient, that a server on the way does not take */
    { "7.2", VERDICT_REJECT, VERDICT_DEFER },          /* a list whose members alone may write to it */
    { "7.4", VERDICT_BLOCK, VERDICT_DEFER },
    { "7.8", VERDICT_BLOCK, VERDICT_DEFER },           /* sign-in */
    { "7.9", VERDICT_BLOCK, VERDICT_DEFER },
    { "7.10", VERDICT_BLOCK, VERDICT_DEFER },          /* TLS wanted */
    { "7.11", VERDICT_BLOCK, VERDICT_DEFER },
    { "7.12", VERDICT_BLOCK, VERDICT_DEFER },
    { "7.13", VERDICT_REJECT, VERDICT_DEFER },         /* the account is disabled */
    { "7.17", VERDICT_REJECT, VERDICT_DEFER },         /* the mailbox has changed hands (RFC 7293) */
    { "7.18", VERDICT_REJECT, VERDICT_DEFER },         /* its domain has */
    { "7.19", VERDICT_MESSAGE, VERDICT_DEFER },
    { "7.20", VERDICT_BLOCK, VERDICT_DEFER },          /* DKIM (RFC 7372) */
    { "7.21", VERDICT_BLOCK, VERDICT_DEFER },
    { "7.22", VERDICT_BLOCK, VERDICT_DEFER },
    { "7.23", VERDICT_BLOCK, VERDICT_DEFER },          /* SPF */
    { "7.24", VERDICT_BLOCK, VERDICT_DEFER },
    { "7.25", VERDICT_BLOCK, VERDICT_DEFER },          /* no name of our address */
    { "7.26", VERDICT_BLOCK, VERDICT_DEFER },          /* several checks of the sender */
    { "7.27", VERDICT_BLOCK, VERDICT_DEFER },          /* the sender has a null MX (RFC 7505) */
    { "7.28", VERDICT_SLOW, VERDICT_SLOW },            /* a flood */
    { "7.29", VERDICT_BLOCK, VERDICT_DEFER },          /* ARC */
    { "7.30", VERDICT_MESSAGE, VERDICT_DEFER },        /* REQUIRETLS (RFC 8689) */
};
/* By subject, where nothing else is known. */
static const struct by_code subjects[] = {
    { "1.", VERDICT_REJECT, VERDICT_DEFER }, { "2.", VERDICT_REJECT, VERDICT_DEFER }, { "3.", VERDICT_DEFER, VERDICT_DEFER }, { "4.", VERDICT_DEFER, VERDICT_DEFER },
    { "5.", VERDICT_MESSAGE, VERDICT_DEFER }, { "6.", VERDICT_MESSAGE, VERDICT_DEFER }, { "7.", VERDICT_BLOCK, VERDICT_SLOW },
};

/* ---- words. The first row that stands in the text, in the column of its class */

struct by_words { const char *words; enum reply_verdict good, now; };
#define FULL_ VERDICT_FULL, VERDICT_FULL
#define SLOW_ VERDICT_SLOW, VERDICT_SLOW
#define GREY_ VERDICT_DEFER, VERDICT_DEFER       /* a recipient that is new to its server, not we */
#define BLOCK_ VERDICT_BLOCK, VERDICT_SLOW
#define REJECT_ VERDICT_REJECT, VERDICT_DEFER
#define MESSAGE_ VERDICT_MESSAGE, VERDICT_DEFER
static const struct by_words words[] = {
    { " over quota", FULL_ }, { " overquota", FULL_ }, { " quota exceeded", FULL_ }, { " exceeded storage", FULL_ }, { " exceeds quota", FULL_ }, { " out of storage", FULL_ },
    { " mailbox full", FULL_ }, { " mailbox is full", FULL_ }, { " inbox is full", FULL_ }, { " storage limit", FULL_ }, { " insufficient mailbox", FULL_ }, { " skrzynka jest pelna", FULL_ },
    { " exceeded the storage", FULL_ }, { " mail quota", FULL_ }, { " disk quota", FULL_ },
    { " greylist", GREY_ }, { " graylist", GREY_ }, { " grey listed", GREY_ }, { " gray listed", GREY_ }, { " postgrey", GREY_ }, { " grey listing", GREY_ },
    { " rate limit", SLOW_ }, { " ratelimit", SLOW_ }, { " rate that ", SLOW_ }, { " sending rate", SLOW_ }, { " throttl", SLOW_ }, { " too many ", SLOW_ }, { " too fast", SLOW_ },
    { " too much mail", SLOW_ }, { " slow down", SLOW_ }, { " hourly limit", SLOW_ }, { " daily limit", SLOW_ }, { " limit exceeded for", SLOW_ }, { " exceeded the rate", SLOW_ },
    { " connection limit", SLOW_ }, { " thread limit", SLOW_ }, { " concurrent connections", SLOW_ }, { " excessive", SLOW_ }, { " temporarily deferred", SLOW_ }, { " user complaints", SLOW_ }, { " unusual rate", SLOW_ },
    { " emails per hour", SLOW_ }, { " messages per hour", SLOW_ }, { " emails per day", SLOW_ }, { " messages per day", SLOW_ }, { " max emails", SLOW_ }, { " sending limit", SLOW_ }, { " sending quota", SLOW_ },
    { " client host rejected", BLOCK_ }, { " sender address rejected", BLOCK_ }, { " sender verify failed", BLOCK_ }, { " sender denied", BLOCK_ },
    { " sender rejected", BLOCK_ }, { " sender unknown", BLOCK_ }, { " unknown sender", BLOCK_ }, { " invalid sender", BLOCK_ }, { " sender not ", BLOCK_ }, { " sender is not ", BLOCK_ }, { " sender domain", BLOCK_ },
    { " sender verification", BLOCK_ }, { " verification failed for", BLOCK_ }, { " callout ", BLOCK_ }, { " helo ", BLOCK_ }, { " ehlo ", BLOCK_ }, { " rcpthosts", BLOCK_ }, { " relay denied", BLOCK_ },
    { " relaying not ", BLOCK_ }, { " relaying is ", BLOCK_ }, { " relay not ", BLOCK_ }, { " relay is not ", BLOCK_ }, { " do not relay", BLOCK_ }, { " not allowed to relay", BLOCK_ }, { " relaying prohibited", BLOCK_ },
    { " relaying mail", BLOCK_ }, { " administrative", BLOCK_ }, { " suspicious", BLOCK_ },
    { " spamhaus", BLOCK_ }, { " spamcop", BLOCK_ }, { " barracuda", BLOCK_ }, { " sorbs", BLOCK_ }, { " invaluement", BLOCK_ }, { " proofpoint", BLOCK_ }, { " senderscore", BLOCK_ },
    { " dnsbl", BLOCK_ }, { " rbl ", BLOCK_ }, { " block list", BLOCK_ }, { " blocklist", BLOCK_ }, { " blacklist", BLOCK_ }, { " black list", BLOCK_ }, { " denylist", BLOCK_ }, { " listed in ", BLOCK_ },
    { " listed at ", BLOCK_ }, { " listed by ", BLOCK_ }, { " reputation", BLOCK_ }, { " spf ", BLOCK_ }, { " dkim ", BLOCK_ }, { " dmarc ", BLOCK_ }, { " unauthenticated", BLOCK_ },
    { " authentication checks", BLOCK_ }, { " reverse dns", BLOCK_ }, { " ptr record", BLOCK_ }, { " rdns", BLOCK_ }, { " cannot find your hostname", BLOCK_ }, { " spam", BLOCK_ }, { " unsolicited", BLOCK_ },
    { " junk", BLOCK_ }, { " bulk ", BLOCK_ }, { " banned", BLOCK_ }, { " blocked", BLOCK_ }, { " your ip ", BLOCK_ }, { " your network", BLOCK_ }, { " relaying denied", BLOCK_ }, { " relay access denied", BLOCK_ },
    { " unable to relay", BLOCK_ }, { " not permitted to relay", BLOCK_ }, { " content rejected", BLOCK_ }, { " policy reasons", BLOCK_ }, { " malware", BLOCK_ },
    { " virus", BLOCK_ }, { " phish", BLOCK_ }, { " connections will not be accepted", BLOCK_ }, { " ask your postmaster", BLOCK_ }, { " authentication required", BLOCK_ },
    { " user unknown", REJECT_ }, { " unknown user", REJECT_ }, { " no such user", REJECT_ }, { " no such mailbox", REJECT_ }, { " no such recipient", REJECT_ }, { " no such address", REJECT_ },
    { " no such person", REJECT_ }, { " no such domain", REJECT_ }, { " no mailbox", REJECT_ }, { " mailbox not found", REJECT_ }, { " mailbox unavailable", REJECT_ }, { " mailbox does not exist", REJECT_ },
    { " does not exist", REJECT_ }, { " doesn t exist", REJECT_ }, { " doesn t have a", REJECT_ }, { " does not have a", REJECT_ }, { " invalid recipient", REJECT_ }, { " invalid mailbox", REJECT_ }, { " unknown recipient", REJECT_ },
    { " recipient unknown", REJECT_ }, { " recipient not found", REJECT_ }, { " recipient rejected", REJECT_ }, { " recipient address rejected", REJECT_ }, { " unrouteable address", REJECT_ }, { " unknown address", REJECT_ },
    { " address unknown", REJECT_ }, { " unknown local part", REJECT_ }, { " account is disabled", REJECT_ }, { " account disabled", REJECT_ }, { " account has been disabled", REJECT_ }, { " account is inactive", REJECT_ },
    { " mailbox disabled", REJECT_ }, { " inactive user", REJECT_ }, { " is inactive", REJECT_ }, { " account has been suspended", REJECT_ }, { " account closed", REJECT_ }, { " no longer ", REJECT_ }, { " not a known user", REJECT_ },
    { " not our customer", REJECT_ }, { " no account by that name", REJECT_ }, { " undeliverable address", REJECT_ }, { " domain not found", REJECT_ }, { " host unknown", REJECT_ }, { " null mx", REJECT_ },
    { " does not accept mail", REJECT_ }, { " not accepting mail", REJECT_ }, { " user not found", REJECT_ },
    { " message too large", MESSAGE_ }, { " message size", MESSAGE_ }, { " size limit", MESSAGE_ }, { " too big", MESSAGE_ }, { " too large", MESSAGE_ }, { " maximum size", MESSAGE_ }, { " attachment", MESSAGE_ },
    { " bare lf", MESSAGE_ }, { " line too long", MESSAGE_ }, { " not rfc 5322", MESSAGE_ }, { " header", MESSAGE_ }, { " hop count", MESSAGE_ },
    { " access denied", BLOCK_ }, { " not permitted", BLOCK_ }, { " not authorized", BLOCK_ }, { " not authorised", BLOCK_ }, { " prohibited", BLOCK_ },
};

/* ---- the code of SMTP, where there is nothing else */

static const struct { int status; enum reply_verdict is; } numbers[] = {
    { 421, VERDICT_SLOW }, { 500, VERDICT_MESSAGE }, { 501, VERDICT_MESSAGE }, { 502, VERDICT_BLOCK }, { 503, VERDICT_BLOCK }, { 504, VERDICT_MESSAGE }, { 521, VERDICT_REFUSED },
    { 530, VERDICT_BLOCK }, { 534, VERDICT_BLOCK }, { 535, VERDICT_BLOCK }, { 538, VERDICT_BLOCK }, { 550, VERDICT_REFUSED }, { 551, VERDICT_REFUSED }, { 552, VERDICT_FULL }, { 553, VERDICT_REFUSED },
    { 554, VERDICT_BLOCK }, { 555, VERDICT_MESSAGE }, { 556, VERDICT_REJECT },
};

/* Small letters and digits, one space before, after and between. */
static void text_plain(const char *said, char *ret, size_t room) {
    size_t n = 0;
    ret[n++] = ' ';
    for (const char *p = said; *p != 0 && n < room - 2; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            ret[n++] = c;
        else if (ret[n - 1] != ' ')
            ret[n++] = ' ';
    }
    if (ret[n - 1] != ' ')
        ret[n++] = ' ';
    ret[n] = 0;
}

static enum reply_verdict by_words(const char *said, bool good) {
    char text[TEXT_MOST];
    text_plain(said, text, sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(text, words[i].words) != NULL)
            return good ? words[i].good : words[i].now;
    return VERDICT_NONE;
}

/* "sorry, no mailbox here by that name. (#5.1.1)": where a code stands in brackets behind the words, as some servers write it. *ret: "1.1", room for 8. */
static bool bracketed(const char *said, char *ret_class, char ret[8]) {
    const char *p = strstr(said, "(#");
    if (p == NULL || (p[2] != '4' && p[2] != '5') || p[3] != '.')
        return false;
    size_t n = strspn(p + 4, "0123456789.");
    if (n < 3 || n > 7 || p[4 + n] != ')')
        return false;
    *ret_class = p[2];
    memcpy(ret, p + 4, n);
    ret[n] = 0;
    return true;
}

/* The code of SMTP, and no more. What is said of a text is said of it, or of us. */
static enum reply_verdict by_number(enum reply_stage stage, int status, bool good) {
    enum reply_verdict v = good ? VERDICT_REFUSED : VERDICT_DEFER;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (numbers[i].status == status)
            v = numbers[i].is;
    return v == VERDICT_REFUSED && stage == REPLY_AT_TEXT ? VERDICT_MESSAGE : v;
}

static enum reply_verdict meaning(enum reply_stage stage, int status, const char *rest, bool good, const char *said) {
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(rest, codes[i].rest) == 0)
            return good ? codes[i].good : codes[i].now;
    enum reply_verdict v = by_words(said, good);
    for (size_t i = 0; v == VERDICT_NONE && i < ARRAY_LEN(subjects); i++)
        if (strncmp(rest, subjects[i].rest, strlen(subjects[i].rest)) == 0)
            v = good ? subjects[i].good : subjects[i].now;
    return v == VERDICT_NONE ? by_number(stage, status, good) : v;
}

enum reply_verdict verdict_at(enum reply_stage stage, int status, const char *enhanced, const char *said) {
    bool coded = (enhanced[0] == '2' || enhanced[0] == '4' || enhanced[0] == '5') && enhanced[1] == '.';
    char behind[8], class_behind = 0;
    int class = status >= 200 ? status / 100 : coded ? enhanced[0] - '0' : 0;
    const char *rest = coded ? enhanced + 2 : "";
    if (class == 2)
        return VERDICT_TAKEN;
    if (class != 4 && class != 5)
        return VERDICT_NONE;
    if (!coded && bracketed(said, &class_behind, behind) && class_behind - '0' == class)
        rest = behind;
    enum reply_verdict v = meaning(stage, status, rest, class == 5, said);
    bool of_us = stage == REPLY_AT_US || stage == REPLY_AT_SENDER;
    return of_us && (v == VERDICT_REJECT || v == VERDICT_REFUSED) ? VERDICT_BLOCK : v;
}

enum reply_verdict verdict_of(int status, const char *enhanced, const char *said) { return verdict_at(REPLY_SOMEWHERE, status, enhanced, said); }

static const struct { const char *name; enum verdict_holds holds; } verdicts[VERDICTS] = {
    [VERDICT_NONE] = { "", HOLDS_NOTHING },     [VERDICT_TAKEN] = { "taken", HOLDS_NOTHING }, [VERDICT_REJECT] = { "reject", HOLDS_DEAD }, [VERDICT_MESSAGE] = { "message", HOLDS_NOTHING },
    [VERDICT_DEFER] = { "defer", HOLDS_SOFT },  [VERDICT_FULL] = { "full", HOLDS_SOFT },      [VERDICT_SLOW] = { "slow", HOLDS_NOTHING },  [VERDICT_BLOCK] = { "block", HOLDS_NOTHING },
    [VERDICT_REFUSED] = { "refused", HOLDS_SOFT }, [VERDICT_EXPIRED] = { "expired", HOLDS_NOTHING },
};

enum verdict_holds verdict_holds(enum reply_verdict v) { return (size_t)v < VERDICTS ? verdicts[v].holds : HOLDS_NOTHING; }
const char *verdict_name(enum reply_verdict v) { return (size_t)v < VERDICTS ? verdicts[v].name : ""; }
