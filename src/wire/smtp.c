/* smtp.c — each state knows what a reply means in it; the machine ends at whatever it does not know. Invariant: nothing that was read before
 * a handshake is looked at after it; the password is said inside TLS alone; the last dot goes out after smtp_finish alone. */
#include "wire/smtp.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "wire/base64.h"
#include "wire/mailbox.h"

#define MINUTE_MS 60000
#define OUT_MAX (SMTP_LETTER_MAX + SMTP_LETTER_MAX / 16 + 65536u)
#define NAME_MAX_LEN 253u
#define SECRET_MAX 512u

enum state { GREETING, HELLO, STARTTLS, HANDSHAKE, AUTH, AUTH_USER, AUTH_PASSWORD, READY, MAIL, RCPT, DATA, ACCEPTED, DOT, RESET, ENDED, STATES };
enum offer { PIPELINING = 1, EIGHT_BIT = 2, UTF8 = 4, DSN = 8, SIZE = 16, TLS_OFFERED = 32, AUTH_PLAIN = 64, AUTH_LOGIN = 128 };

struct smtp {
    enum state state;
    char *name, *user, *password;
    bool starttls, secure, told;             /* told: the end, or an answer that needed no reply, was given to the caller */
    bool pending;                            /* an answer waits for the next smtp_take */
    bool special;                            /* MAIL says what another letter's would not: BODY, SMTPUTF8 */
    bool failed;                             /* of the letter under way: answer holds the first refusal */
    bool about;                              /* of the letter under way: the relay has answered something about it */
    unsigned offers;
    uint64_t size_max;
    struct smtp_reply reply;
    struct smtp_answer answer;
    char *rcpt;                              /* commands that wait for their turn where nothing is said ahead */
    struct { bool given, said, special; char *say; } next;      /* the letter behind the one under way; say: MAIL, RCPT and DATA of it. Its text stands in `text` */
    struct buf text, out;                    /* text: stuffed with dots */
};

static const struct { const char *at; int wait_minutes; enum reply_stage stage; } steps[STATES] = {
    [GREETING] = { "greeting", 5, REPLY_AT_US },    [HELLO] = { "EHLO", 5, REPLY_AT_US },          [STARTTLS] = { "STARTTLS", 5, REPLY_AT_US },  [HANDSHAKE] = { "TLS", 5, REPLY_AT_US },
    [AUTH] = { "AUTH", 5, REPLY_AT_US },            [AUTH_USER] = { "AUTH", 5, REPLY_AT_US },      [AUTH_PASSWORD] = { "AUTH", 5, REPLY_AT_US }, [READY] = { "idle", 5, REPLY_AT_US },
    [MAIL] = { "MAIL", 5, REPLY_AT_SENDER },        [RCPT] = { "RCPT", 5, REPLY_AT_PERSON },       [DATA] = { "DATA", 2, REPLY_AT_TEXT },        [ACCEPTED] = { "text", 3, REPLY_AT_TEXT },
    [DOT] = { "end of text", 10, REPLY_AT_TEXT },   [RESET] = { "RSET", 5, REPLY_AT_US },          [ENDED] = { "end", 1, REPLY_AT_US },
};

int smtp_wait_ms(const struct smtp *s) { return steps[s->state].wait_minutes * MINUTE_MS; }
int smtp_step(const struct smtp *s) { return s->state; }
bool smtp_is_ready(const struct smtp *s) { return s->state == READY && !s->pending; }
const struct smtp_answer *smtp_answer(const struct smtp *s) { return &s->answer; }
struct buf *smtp_out(struct smtp *s) { return &s->out; }

/* ---- begin and end */

static bool is_name(const char *t, const char *also) {
    for (const char *p = t; *p != 0; p++)
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || strchr(also, *p) != NULL))
            return false;
    return *t != 0 && strlen(t) <= NAME_MAX_LEN;
}

enum code smtp_new(const struct smtp_options *o, struct smtp **ret, struct err *reterr) {
    PRE(o != NULL && o->name != NULL && ret != NULL && reterr != NULL);
    if (!is_name(o->name, ".-:[]") || (o->user != NULL && (strlen(o->user) > SECRET_MAX || o->password == NULL || strlen(o->password) > SECRET_MAX)))
        return err_set(reterr, E_INVALID, "the name of this machine, or the user and password for the relay, cannot be said in SMTP");
    AUTO(smtp_free) struct smtp *s = mem_new(sizeof *s);
    if (s == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the relay");
    s->text = BUF(OUT_MAX);
    s->out = BUF(OUT_MAX);
    s->starttls = o->starttls;
    s->secure = o->secure;
    s->name = mem_text(o->name);
    s->user = o->user == NULL ? NULL : mem_text(o->user);
    s->password = o->user == NULL ? NULL : mem_text(o->password);
    if (s->name == NULL || (o->user != NULL && (s->user == NULL || s->password == NULL)))
        return err_set(reterr, E_MEMORY, "no memory for the relay");
    *ret = TAKE(s);
    return OK;
}

static void next_drop(struct smtp *s) {
    if (s->next.say != NULL)
        explicit_bzero(s->next.say, strlen(s->next.say));
    mem_free(s->next.say);
    s->next.say = NULL;
    s->next.given = s->next.said = s->next.special = false;
}

struct smtp *smtp_free(struct smtp *s) {
    if (s == NULL)
        return NULL;
    if (s->password != NULL)
        explicit_bzero(s->password, strlen(s->password));
    mem_free(s->name);
    mem_free(s->user);
    mem_free(s->password);
    mem_free(s->rcpt);
    next_drop(s);
    buf_wipe(&s->text);
    buf_wipe(&s->out);
    return mem_free(s);
}

static bool carries_letter(const struct smtp *s) { return s->state >= MAIL && s->state <= DOT; }

/* The end: where a letter was under way, what becomes of it is said too. */
static enum smtp_event end(struct smtp *s, const char *why) {
    struct smtp_answer *a = &s->answer;
    bool doubt = s->state == DOT;
    if (s->state == ENDED)
        return SMTP_NOTHING;
    if (!(carries_letter(s) && s->failed)) {
        *a = (struct smtp_answer){ .outcome = doubt ? SMTP_IN_DOUBT : SMTP_RELAY, .about = carries_letter(s) && s->about, .at = steps[s->state].at, .stage = steps[s->state].stage };
        snprintf(a->said, sizeof a->said, "%s", why);
    }
    buf_wipe(&s->text);
    buf_cut(&s->out, 0);
    s->state = ENDED;
    s->pending = true;
    return SMTP_ENDED;
}

void smtp_lost(struct smtp *s, const char *why) { (void)end(s, why); }

void smtp_quit(struct smtp *s) {
    if (s->state == READY || s->state == RESET)
        buf_text(&s->out, "QUIT\r\n");
}

/* ---- what a reply means */

static void answer_set(struct smtp *s, enum smtp_outcome outcome, const struct smtp_reply *r) {
    struct smtp_answer *a = &s->answer;
    *a = (struct smtp_answer){ .outcome = outcome, .about = carries_letter(s) && s->about, .status = r->code, .at = steps[s->state].at, .stage = steps[s->state].stage };
    smtp_reply_said(r, a->said);
    snprintf(a->enhanced, sizeof a->enhanced, "%s", r->enhanced);
}

/* The relay will not have us, whatever the letter. */
static enum smtp_event end_by_reply(struct smtp *s) {
    answer_set(s, SMTP_RELAY, &s->reply);
    s->state = ENDED;
    s->pending = true;
    return SMTP_ENDED;
}

static void hello(struct smtp *s) {
    s->offers = 0;
    s->size_max = 0;
    s->state = HELLO;
    buf_printf(&s->out, "EHLO %s\r\n", s->name);
}

static enum smtp_event become_ready(struct smtp *s) {
    s->state = READY;
    s->failed = false;
    return SMTP_READY;
}

static enum smtp_event on_greeting(struct smtp *s) {
    if (s->reply.code != 220)
        return end_by_reply(s);
    hello(s);
    return SMTP_NOTHING;
}

static void auth_begin(struct smtp *s) {
    AUTO(buf_wipe) struct buf plain = BUF(2 * SECRET_MAX + 2);
    s->state = AUTH;
    if ((s->offers & AUTH_PLAIN) == 0) {
        s->state = AUTH_USER;
        buf_text(&s->out, "AUTH LOGIN\r\n");
        return;
    }
    buf_char(&plain, 0);
    buf_text(&plain, s->user);
    buf_char(&plain, 0);
    buf_text(&plain, s->password);
    buf_text(&s->out, "AUTH PLAIN ");
    base64_add(plain.data, plain.len, 0, &s->out);
    buf_text(&s->out, "\r\n");
    if (plain.failed)
        buf_fail(&s->out);
}

static enum smtp_event on_hello(struct smtp *s) {
    if (s->reply.code != 250)
        return end_by_reply(s);
    if (s->starttls && !s->secure) {
        if ((s->offers & TLS_OFFERED) == 0)
            return end(s, "the relay offers no STARTTLS, and nothing is said to it in the clear (if it takes TLS from the first byte, write tls: tls)");
        s->state = STARTTLS;
        buf_text(&s->out, "STARTTLS\r\n");
        return SMTP_NOTHING;
    }
    if (s->user == NULL)
        return become_ready(s);
    if (!s->secure)
        return end(s, "a password is said inside TLS alone");
    if ((s->offers & (AUTH_PLAIN | AUTH_LOGIN)) == 0)
        return end(s, "the relay offers neither AUTH PLAIN nor AUTH LOGIN");
    auth_begin(s);
    return SMTP_NOTHING;
}

static enum smtp_event on_starttls(struct smtp *s) {
    if (s->reply.code != 220)
        return end_by_reply(s);
    s->state = HANDSHAKE;
    return SMTP_HANDSHAKE;
}

void smtp_secured(struct smtp *s) {
    PRE(s->state == HANDSHAKE);
    s->secure = true;
    hello(s);                                /* what was offered in the clear counts no more */
}

static enum smtp_event on_auth(struct smtp *s) { return s->reply.code == 235 ? become_ready(s) : end_by_reply(s); }

static enum smtp_event on_auth_login(struct smtp *s) {
    const char *say = s->state == AUTH_USER ? s->user : s->password;
    if (s->reply.code != 334)
        return end_by_reply(s);
    base64_add(say, strlen(say), 0, &s->out);
    buf_text(&s->out, "\r\n");
    s->state = s->state == AUTH_USER ? AUTH_PASSWORD : AUTH;
    return SMTP_NOTHING;
}

/* ---- a letter */

/* RFC 3463: too large, or its form is not taken. */
static bool is_of_letter(const char *enhanced) {
    return strcmp(enhanced, "5.3.4") == 0 || strcmp(enhanced, "5.2.3") == 0 || strncmp(enhanced, "5.6.", 4) == 0;
}

/* Who wants us to sign in otherwise says nothing about the letter. */
static bool wants_sign_in(int code) { return code == 530 || code == 534 || code == 535 || code == 538; }

static enum smtp_outcome outcome_of(const struct smtp *s) {
    int code = s->reply.code;
    if (code == 421 || wants_sign_in(code))
        return SMTP_RELAY;                   /* it closes, or wants us to sign in otherwise */
    if (s->state == MAIL && code != 552 && !s->special && !is_of_letter(s->reply.enhanced))
        return SMTP_RELAY;                   /* it does not take our own address */
    return code / 100 == 4 ? SMTP_LATER : SMTP_REFUSED;
}

/* Whom it goes to, or its form: not what is said about us, our own address among it, nor what only follows from that. */
static bool tells_of_letter(const struct smtp *s) {
    if (!carries_letter(s) || s->failed || wants_sign_in(s->reply.code))
        return false;
    return s->state != MAIL || (s->reply.code >= 400 && outcome_of(s) != SMTP_RELAY);
}

static void letter_failed(struct smtp *s) {
    if (!s->failed)
        answer_set(s, outcome_of(s), &s->reply);
    s->failed = true;
}

/* The letter that stands behind the one that was answered is the one under way now: all of it that comes before its text is said. */
static bool next_begin(struct smtp *s) {
    if (!s->next.said)
        return false;
    s->special = s->next.special;
    s->failed = s->about = false;
    s->state = MAIL;
    next_drop(s);
    return true;
}

/* The letter's end in a refusal: everything back to where the next can begin. */
static enum smtp_event letter_over(struct smtp *s) {
    if (s->reply.code == 421) {
        s->state = ENDED;
        s->pending = true;
        return SMTP_ENDED;
    }
    if (next_begin(s))                       /* only behind a dot, after which there is nothing to reset */
        return SMTP_ANSWERED;
    buf_wipe(&s->text);
    s->text = BUF(OUT_MAX);
    s->state = RESET;
    buf_text(&s->out, "RSET\r\n");
    return SMTP_ANSWERED;
}

static enum smtp_event on_mail(struct smtp *s) {
    bool ahead = (s->offers & PIPELINING) != 0;
    if (s->reply.code != 250)
        letter_failed(s);
    if (s->failed && (!ahead || s->reply.code == 421))
        return letter_over(s);
    if (!ahead)
        buf_text(&s->out, s->rcpt);
    s->state = RCPT;
    return SMTP_NOTHING;
}

static enum smtp_event on_rcpt(struct smtp *s) {
    bool ahead = (s->offers & PIPELINING) != 0;
    if (s->reply.code / 10 != 25)            /* 251: forwarded; 252: taken without having looked */
        letter_failed(s);
    if (s->failed && (!ahead || s->reply.code == 421))
        return letter_over(s);
    if (!ahead)
        buf_text(&s->out, "DATA\r\n");
    s->state = DATA;
    return SMTP_NOTHING;
}

static enum smtp_event on_data(struct smtp *s) {
    if (s->reply.code != 354) {
        letter_failed(s);
        return letter_over(s);
    }
    if (s->failed) {                         /* it waits for a text that has no recipient: an empty one might arrive somewhere, so none is sent */
        s->state = ENDED;
        s->pending = true;
        return SMTP_ENDED;
    }
    buf_add(&s->out, s->text.data, s->text.len);
    buf_wipe(&s->text);
    s->text = BUF(OUT_MAX);
    s->state = ACCEPTED;
    return SMTP_ACCEPTED;
}

void smtp_finish(struct smtp *s) {
    if (s->state != ACCEPTED)                /* it was lost meanwhile */
        return;
    s->state = DOT;
    buf_text(&s->out, ".\r\n");
}

bool smtp_takes_next(const struct smtp *s) { return (s->state == ACCEPTED || s->state == DOT) && (s->offers & PIPELINING) != 0 && !s->next.given && !s->pending; }
bool smtp_has_next(const struct smtp *s) { return s->next.given; }

void smtp_ahead(struct smtp *s) {
    if (s->state != DOT || !s->next.given || s->next.said)
        return;
    buf_text(&s->out, s->next.say);
    s->next.said = true;
}

void smtp_unfinish(struct smtp *s) {
    if (s->state == DOT)
        s->state = ACCEPTED;
}

/* An answer before the last dot says that the text is not wanted. */
static enum smtp_event on_early(struct smtp *s) {
    if (s->reply.code / 100 < 4)
        return end(s, "the relay answers what was not asked");
    letter_failed(s);
    s->state = ENDED;                        /* in the middle of a text nothing else can be said */
    s->pending = true;
    return SMTP_ENDED;
}

static enum smtp_event on_dot(struct smtp *s) {
    if (s->reply.code / 100 == 2) {
        answer_set(s, SMTP_SENT, &s->reply);
        if (!next_begin(s))
            (void)become_ready(s);
        return SMTP_ANSWERED;
    }
    if (s->reply.code / 100 == 3)
        return end(s, "the relay gave no answer to the letter");
    letter_failed(s);
    return letter_over(s);
}

static enum smtp_event on_reset(struct smtp *s) { return s->reply.code == 250 ? become_ready(s) : end_by_reply(s); }
static enum smtp_event on_idle(struct smtp *s) { return end_by_reply(s); }       /* 421: it has waited long enough */

static enum smtp_event (*const on[STATES])(struct smtp *s) = {
    [GREETING] = on_greeting, [HELLO] = on_hello, [STARTTLS] = on_starttls, [AUTH] = on_auth, [AUTH_USER] = on_auth_login, [AUTH_PASSWORD] = on_auth_login,
    [READY] = on_idle, [MAIL] = on_mail, [RCPT] = on_rcpt, [DATA] = on_data, [ACCEPTED] = on_early, [DOT] = on_dot, [RESET] = on_reset,
};

/* Lines become CRLF whatever they were, and one that begins with a dot gets another. */
static void text_stuff(const char *p, size_t len, struct buf *ret) {
    bool start = true;
    for (size_t i = 0; i < len; i++) {
        if (p[i] == '\r')
            continue;
        if (start && p[i] == '.')
            buf_char(ret, '.');
        start = p[i] == '\n';
        if (start)
            buf_char(ret, '\r');
        buf_char(ret, p[i]);
    }
    if (!start)
        buf_text(ret, "\r\n");
}

static bool too_large(const struct smtp *s, size_t len) { return s->size_max > 0 && len > s->size_max; }
static bool never_taken(const struct smtp *s, bool utf8, size_t len) { return too_large(s, len) || (utf8 && (s->offers & UTF8) == 0); }

/* What the relay has said that it does not take is not tried. */
static bool refused_here(struct smtp *s, bool utf8, size_t len) {
    bool large = too_large(s, len);
    if (!never_taken(s, utf8, len))
        return false;
    s->answer = (struct smtp_answer){ .outcome = SMTP_REFUSED, .about = true, .at = "EHLO", .stage = REPLY_AT_TEXT };
    snprintf(s->answer.enhanced, sizeof s->answer.enhanced, "%s", large ? "5.3.4" : "5.6.7");
    snprintf(s->answer.said, sizeof s->answer.said, "%s", large ? "the relay takes no letter of that size" : "the relay takes no address with letters beyond ASCII (SMTPUTF8)");
    s->pending = true;
    return true;
}

enum code smtp_letter(struct smtp *s, const struct smtp_letter *l, struct err *reterr) {
    PRE(s != NULL && (smtp_is_ready(s) || smtp_takes_next(s)) && l != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf mail = BUF(4096), rcpt = BUF(2048);
    bool behind = !smtp_is_ready(s);
    bool utf8_from = false, utf8_to = false, eight = false;
    const char *text = l->text;
    if (!mailbox_valid(l->from, &utf8_from) || !mailbox_valid(l->to, &utf8_to) || !is_name(l->id, "-") || l->len > SMTP_LETTER_MAX)
        return err_set(reterr, E_INVALID, "a letter has addresses, an id, and %u MiB at most", SMTP_LETTER_MAX >> 20);
    if (behind ? never_taken(s, utf8_from || utf8_to, l->len) : refused_here(s, utf8_from || utf8_to, l->len))
        return behind ? err_set(reterr, E_CONFLICT, "the relay takes no such letter, which is said when it is ready") : OK;
    for (size_t i = 0; i < l->len && !eight; i++)
        eight = (unsigned char)text[i] >= 0x80;
    buf_printf(&mail, "MAIL FROM:<%s>", l->from);
    if ((s->offers & SIZE) != 0)
        buf_printf(&mail, " SIZE=%zu", l->len);
    if (eight && (s->offers & EIGHT_BIT) != 0)
        buf_text(&mail, " BODY=8BITMIME");
    if (utf8_from || utf8_to)
        buf_text(&mail, " SMTPUTF8");
    if ((s->offers & DSN) != 0)
        buf_printf(&mail, " RET=HDRS ENVID=%s", l->id);
    buf_printf(&rcpt, "RCPT TO:<%s>%s\r\n", l->to, (s->offers & DSN) != 0 ? " NOTIFY=FAILURE,DELAY" : "");
    buf_text(&mail, "\r\n");
    if ((s->offers & PIPELINING) != 0)
        buf_printf(&mail, "%sDATA\r\n", buf_str(&rcpt));
    buf_cut(&s->text, 0);
    text_stuff(text, l->len, &s->text);
    bool special = utf8_from || utf8_to || (eight && (s->offers & EIGHT_BIT) != 0);
    char **to = behind ? &s->next.say : &s->rcpt;
    mem_free(*to);
    *to = mail.failed || rcpt.failed || s->text.failed ? NULL : mem_text(buf_str(behind ? &mail : &rcpt));
    if (*to == NULL) {
        buf_wipe(&s->text);
        s->text = BUF(OUT_MAX);              /* it may have failed */
        return err_set(reterr, E_MEMORY, "no memory for a letter");
    }
    if (behind) {
        s->next.given = true;
        s->next.special = special;
        smtp_ahead(s);
        return OK;
    }
    buf_text(&s->out, buf_str(&mail));
    s->failed = s->about = false;
    s->special = special;
    s->state = MAIL;
    return OK;
}

/* ---- replies */

static bool word_is(const char *text, size_t len, const char *word) { return len == strlen(word) && strncasecmp(text, word, len) == 0; }

static void offer_auth(struct smtp *s, const char *p) {
    for (; *(p += strspn(p, " =")) != 0; p += strcspn(p, " ")) {
        size_t n = strcspn(p, " ");
        s->offers |= word_is(p, n, "PLAIN") ? AUTH_PLAIN : word_is(p, n, "LOGIN") ? AUTH_LOGIN : 0;
    }
}

/* A line of the answer to EHLO, but the first. */
static void offer(struct smtp *s, const char *text) {
    static const struct { const char *word; enum offer is; } known[] = {
        { "PIPELINING", PIPELINING }, { "8BITMIME", EIGHT_BIT }, { "SMTPUTF8", UTF8 }, { "DSN", DSN }, { "SIZE", SIZE }, { "STARTTLS", TLS_OFFERED },
    };
    size_t n = strcspn(text, " =");
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (word_is(text, n, known[i].word))
            s->offers |= known[i].is;
    if (word_is(text, n, "AUTH"))
        offer_auth(s, text + n);
    if (word_is(text, n, "SIZE"))
        for (const char *p = text + n + (text[n] != 0); *p >= '0' && *p <= '9' && s->size_max < UINT64_MAX / 100; p++)
            s->size_max = s->size_max * 10 + (uint64_t)(*p - '0');
}

/* What is too long is no reply; where the letter hangs on it, its number is enough. */
static void too_long(struct smtp *s) {
    if (s->state == DOT && s->reply.lines > 0 && s->reply.code / 100 != 3) {
        s->about = true;
        answer_set(s, s->reply.code / 100 == 2 ? SMTP_SENT : outcome_of(s), &s->reply);
        s->state = ENDED;
    } else {
        (void)end(s, "the relay's answer is longer than an answer can be");
    }
}

static enum smtp_event give_pending(struct smtp *s) {
    s->pending = false;
    if (s->state != ENDED)
        return SMTP_ANSWERED;
    bool again = s->told;
    s->told = true;
    return again ? SMTP_NOTHING : SMTP_ENDED;
}

/* The end, given to the caller. */
static enum smtp_event ended(struct smtp *s, const char *why) {
    if (why != NULL)
        (void)end(s, why);
    s->pending = false;
    s->told = true;
    return SMTP_ENDED;
}

static enum smtp_event reply_done(struct smtp *s, size_t left) {
    s->about = s->about || tells_of_letter(s);
    enum smtp_event e = on[s->state](s);
    s->reply = (struct smtp_reply){ 0 };
    if (e == SMTP_HANDSHAKE && left > 0)     /* said before the handshake, to be taken for what is said inside it (RFC 3207, 6) */
        e = end(s, "the relay says something between STARTTLS and the handshake");
    if (s->out.failed)
        e = end(s, "no memory for what is to be said to the relay");
    return e == SMTP_ENDED ? ended(s, NULL) : e;
}

static enum smtp_event heard(struct smtp *s, enum smtp_heard what, size_t left) {
    if (what == SMTP_HEARD_NONSENSE)
        return ended(s, "the relay does not speak SMTP");
    if (what == SMTP_HEARD_ENDLESS) {
        too_long(s);
        return ended(s, NULL);
    }
    if (what != SMTP_HEARS_ON && s->state == HELLO && s->reply.lines > 1)
        offer(s, s->reply.text);
    return what == SMTP_HEARD_REPLY ? reply_done(s, left) : SMTP_NOTHING;
}

enum smtp_event smtp_take(struct smtp *s, const char **bytes, size_t *len) {
    PRE(s != NULL && bytes != NULL && len != NULL);
    if (s->pending)
        return give_pending(s);
    while (*len > 0 && s->state != ENDED) {
        char c = **bytes;
        ++*bytes;
        --*len;
        enum smtp_event e = heard(s, s->state == HANDSHAKE ? SMTP_HEARD_NONSENSE : smtp_reply_hear(&s->reply, c), *len);
        if (e != SMTP_NOTHING)
            return e;
    }
    *len = 0;
    return SMTP_NOTHING;
}
