/* smtpd.c — see smtpd.h. Commands are a table: name, the states in which they may come, what they do. */
#include "wire/smtpd.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "wire/mailbox.h"

enum state { GREETED, READY, FROM, TO, TEXT, WAITS, OVER };
enum at { AT_LINE /* the first of a line */, AT_DOT, AT_DOT_CR, AT_IN, AT_CR };          /* within TEXT */
struct smtpd {
    struct smtpd_options o; char *name;
    enum state state; enum at at;
    struct buf line, out, text;
    char recipient[MAILBOX_MAX + 2];
    int errors, messages, noops;
    bool from_nobody;
    size_t size;                             /* of the text so far, kept or not */
};

/* Before the text, so that whoever reads it knows what its envelope said; a line of that name in the text itself stands behind. */
#define FROM_NOBODY "Return-Path: <>\r\n"
#define FROM_ELSEWHERE "Return-Path: <@>\r\n"

enum code smtpd_new(const struct smtpd_options *o, struct smtpd **ret, struct err *reterr) {
    PRE(o != NULL && o->known != NULL && o->name != NULL && ret != NULL && reterr != NULL);
    AUTO(smtpd_free) struct smtpd *s = mem_new(sizeof *s);
    char *name = mem_text(o->name);
    if (s == NULL || name == NULL) {
        mem_free(name);
        return err_set(reterr, E_MEMORY, "no memory for a connection");
    }
    *s = (struct smtpd){ .o = *o, .name = name, .line = BUF(SMTPD_LINE_MAX), .out = BUF(64u << 10), .text = BUF((o->kept_max != 0 ? o->kept_max : o->message_max) + sizeof FROM_ELSEWHERE) };
    buf_printf(&s->out, "220 %s ESMTP\r\n", s->name);
    if (s->out.failed)
        return err_set(reterr, E_MEMORY, "no memory for a connection");
    *ret = TAKE(s);
    return OK;
}

struct smtpd *smtpd_free(struct smtpd *s) {
    if (s == NULL)
        return NULL;
    buf_done(&s->line);
    buf_done(&s->out);
    buf_wipe(&s->text);
    mem_free(s->name);
    return mem_free(s);
}

struct buf *smtpd_out(struct smtpd *s) { return &s->out; }
const char *smtpd_recipient(const struct smtpd *s) { return s->recipient; }
const struct buf *smtpd_text(const struct smtpd *s) { return &s->text; }
bool smtpd_waits(const struct smtpd *s) { return s->state == WAITS; }

static void say(struct smtpd *s, const char *text) {
    buf_text(&s->out, text);
    buf_text(&s->out, "\r\n");
    if (s->out.failed)
        s->state = OVER;
}

static void end(struct smtpd *s, const char *text) {
    if (s->state != OVER)
        say(s, text);
    s->state = OVER;
}

static void wrong(struct smtpd *s, const char *text) {
    say(s, text);
    if (++s->errors >= SMTPD_ERRORS_MOST)
        end(s, "421 4.7.0 too many errors");
}

static void reset(struct smtpd *s) {
    if (s->state > READY && s->state != OVER)
        s->state = READY;
    buf_cut(&s->text, 0);
    s->text.failed = false;
    s->size = 0;
    s->recipient[0] = 0;
}

/* ---- commands */

static void on_ehlo(struct smtpd *s, const char *rest) {
    if (*rest == 0) {
        wrong(s, "501 5.5.4 a name is wanted");
        return;
    }
    s->state = READY;
    reset(s);
    buf_printf(&s->out, "250-%s\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE %zu\r\n", s->name, s->o.message_max);
}

static void on_helo(struct smtpd *s, const char *rest) {
    if (*rest == 0) {
        wrong(s, "501 5.5.4 a name is wanted");
        return;
    }
    s->state = READY;
    reset(s);
    buf_printf(&s->out, "250 %s\r\n", s->name);
}

/* "FROM:<path> …": the path without its brackets; what follows in *ret_rest. */
static bool path_read(const char *text, const char *word, char *ret, size_t room, const char **ret_rest) {
    size_t n = strlen(word);
    if (strncasecmp(text, word, n) != 0)
        return false;
    text += n;
    text += *text == ' ';                    /* some write one here */
    const char *close = *text == '<' ? strchr(text, '>') : NULL;
    if (close == NULL || (close[1] != 0 && close[1] != ' ') || (size_t)(close - text - 1) >= room)
        return false;
    memcpy(ret, text + 1, (size_t)(close - text - 1));
    ret[close - text - 1] = 0;
    *ret_rest = close + 1;
    return strpbrk(ret, "<> \t") == NULL;
}

static bool is_word(const char *text, size_t len, const char *word) { return strlen(word) == len && strncasecmp(text, word, len) == 0; }

/* SIZE=, BODY= and AUTH= are what others add; anything else we have not offered. */
static const char *parameters(const struct smtpd *s, const char *rest) {
    while (*rest == ' ') {
        size_t n;
        int64_t size;
        char number[24];
        rest++;
        n = strcspn(rest, " ");
        if (strncasecmp(rest, "SIZE=", 5) == 0) {
            if (n - 5 >= sizeof number)
                return "552 5.3.4 larger than what is taken here";
            memcpy(number, rest + 5, n - 5);
            number[n - 5] = 0;
            if (!text_int(number, 0, INT64_MAX, &size))
                return "501 5.5.4 SIZE is a number";
            if ((uint64_t)size > s->o.message_max)
                return "552 5.3.4 larger than what is taken here";
        } else if (!is_word(rest, n, "BODY=7BIT") && !is_word(rest, n, "BODY=8BITMIME") && strncasecmp(rest, "AUTH=", 5) != 0) {
            return "555 5.5.4 this was not offered";
        }
        rest += n;
    }
    return *rest == 0 ? NULL : "501 5.5.4 this is no parameter";
}

static void on_mail(struct smtpd *s, const char *rest) {
    char path[MAILBOX_MAX + 2];
    const char *more = NULL;
    if (!path_read(rest, "FROM:", path, sizeof path, &more)) {
        wrong(s, "501 5.1.7 MAIL FROM:<address> is wanted");
        return;
    }
    const char *refused = parameters(s, more);
    if (refused != NULL) {
        wrong(s, refused);
        return;
    }
    if (s->messages >= SMTPD_MESSAGES_MOST) {
        end(s, "421 4.7.0 enough for one connection");
        return;
    }
    s->from_nobody = path[0] == 0;
    s->state = FROM;
    say(s, "250 2.1.0 fine");
}

static void on_rcpt(struct smtpd *s, const char *rest) {
    char path[MAILBOX_MAX + 2];
    const char *more = NULL;
    if (!path_read(rest, "TO:", path, sizeof path, &more) || path[0] == 0 || *more != 0) {
        wrong(s, "501 5.1.3 RCPT TO:<address> is wanted");
    } else if (!s->o.known(s->o.arg, path)) {
        wrong(s, "550 5.1.1 there is no such address here, and nothing is sent on");
    } else if (s->state == TO) {
        say(s, "452 4.5.3 one recipient at a time");
    } else {
        memcpy(s->recipient, path, strlen(path) + 1);
        s->state = TO;
        say(s, "250 2.1.5 fine");
    }
}

static void on_data(struct smtpd *s, const char *rest) {
    if (*rest != 0) {
        wrong(s, "501 5.5.4 DATA stands alone");
        return;
    }
    s->state = TEXT;
    s->at = AT_LINE;
    s->size = 0;
    buf_text(&s->text, s->from_nobody ? FROM_NOBODY : FROM_ELSEWHERE);
    say(s, "354 end with a dot on a line of its own");
}

static void on_rset(struct smtpd *s, const char *rest UNUSED) {
    reset(s);
    say(s, "250 2.0.0 fine");
}
static void on_noop(struct smtpd *s, const char *rest UNUSED) {
    say(s, "250 2.0.0 fine");
    if (++s->noops > SMTPD_NOOPS_MOST)
        end(s, "421 4.7.0 nothing but that");
}
static void on_quit(struct smtpd *s, const char *rest UNUSED) { end(s, "221 2.0.0 good-bye"); }
static void on_vrfy(struct smtpd *s, const char *rest UNUSED) { wrong(s, "252 2.1.5 send it and see"); }

#define IN(x) (1u << (x))
static const struct { const char *name; unsigned states; void (*act)(struct smtpd *s, const char *rest); } commands[] = {
    { "EHLO", IN(GREETED) | IN(READY) | IN(FROM) | IN(TO), on_ehlo }, { "HELO", IN(GREETED) | IN(READY) | IN(FROM) | IN(TO), on_helo },
    { "MAIL", IN(READY), on_mail }, { "RCPT", IN(FROM) | IN(TO), on_rcpt }, { "DATA", IN(TO), on_data },
    { "RSET", IN(GREETED) | IN(READY) | IN(FROM) | IN(TO), on_rset }, { "NOOP", IN(GREETED) | IN(READY) | IN(FROM) | IN(TO), on_noop },
    { "QUIT", IN(GREETED) | IN(READY) | IN(FROM) | IN(TO), on_quit }, { "VRFY", IN(GREETED) | IN(READY) | IN(FROM) | IN(TO), on_vrfy },
};

static void command(struct smtpd *s, const char *line) {
    size_t n = strcspn(line, " ");
    for (const char *p = line; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            wrong(s, "500 5.5.2 a command has no control characters");
            return;
        }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strlen(commands[i].name) == n && strncasecmp(commands[i].name, line, n) == 0) {
            if ((commands[i].states >> s->state & 1) != 0)
                commands[i].act(s, line[n] == 0 ? "" : line + n + 1);
            else
                wrong(s, "503 5.5.1 not now");
            return;
        }
    wrong(s, "500 5.5.1 this is no command here");
}

#define BARE "554 5.6.0 a line ends with CR and LF together, and with nothing else"

static void take_command(struct smtpd *s, char c) {
    const bool cr = s->line.len > 0 && s->line.data[s->line.len - 1] == '\r';
    if (c == 0 || (c == '\n') != cr) {       /* a CR that no LF follows, or the other way round */
        end(s, BARE);
        return;
    }
    if (c != '\n') {
        const size_t had = s->line.len;
        buf_char(&s->line, c);
        if (s->line.failed)                  /* without memory nothing is refused for good: it comes again */
            end(s, had + 2 >= SMTPD_LINE_MAX ? "500 5.5.2 this line is too long" : "421 4.3.0 not now, come again later");
        return;
    }
    AUTO(buf_done) struct buf line = s->line;
    s->line = BUF(SMTPD_LINE_MAX);
    buf_cut(&line, line.len - 1);
    command(s, buf_str(&line));
}

/* ---- the text */

static void text_char(struct smtpd *s, char c) {
    if (s->size > s->o.message_max)
        return;
    if (++s->size > s->o.message_max)
        buf_cut(&s->text, 0);                /* nobody reads it */
    else if (s->o.kept_max == 0 || s->size <= s->o.kept_max)
        buf_char(&s->text, c);
}

static void text_whole(struct smtpd *s) {
    s->messages++;
    if (s->size > s->o.message_max || s->text.failed) {
        const bool large = !s->text.failed;
        reset(s);
        wrong(s, large ? "552 5.3.4 larger than what is taken here" : "451 4.3.0 not now, send it again later");
        return;
    }
    s->state = WAITS;
}

static void take_text(struct smtpd *s, char c) {
    const bool after_cr = s->at == AT_CR || s->at == AT_DOT_CR;
    if (c == 0 || (c == '\n') != after_cr) {
        end(s, BARE);
        return;
    }
    switch (s->at) {
    case AT_LINE:
        if (c == '.') {
            s->at = AT_DOT;
            return;
        }
        break;
    case AT_DOT:                             /* a dot before more is one that was doubled */
        if (c == '\r') {
            s->at = AT_DOT_CR;
            return;
        }
        break;
    case AT_DOT_CR:
        text_whole(s);
        return;
    case AT_CR:
        text_char(s, '\n');
        s->at = AT_LINE;
        return;
    case AT_IN:
        break;
    }
    text_char(s, c);
    s->at = c == '\r' ? AT_CR : AT_IN;
}

/* Commands that end a group (RFC 2920): what comes behind them before our answer was not asked for. */
enum smtpd_event smtpd_take(struct smtpd *s, const char **bytes, size_t *len) {
    PRE(s != NULL && bytes != NULL && len != NULL);
    while (*len > 0 && s->state != OVER && s->state != WAITS) {
        const enum state before = s->state;
        char c = **bytes;
        ++*bytes;
        --*len;
        if (s->state == TEXT)
            take_text(s, c);
        else
            take_command(s, c);
        if (before != TEXT && s->state == TEXT && *len > 0)
            end(s, "554 5.5.0 the text came before it was asked for");
    }
    if (s->state == WAITS)
        return SMTPD_MESSAGE;
    if (s->state == OVER) {
        *bytes += *len;
        *len = 0;
        return SMTPD_ENDED;
    }
    return SMTPD_NOTHING;
}

void smtpd_answer(struct smtpd *s, enum smtpd_answer answer) {
    PRE(s != NULL && s->state == WAITS);
    static const char *const words[] = { [SMTPD_TAKEN] = "250 2.0.0 taken", [SMTPD_NOT_NOW] = "451 4.3.0 not now, send it again later", [SMTPD_REFUSED] = "550 5.1.1 there is no such address here, and nothing is sent on" };
    reset(s);
    if (answer == SMTPD_REFUSED)
        wrong(s, words[answer]);
    else
        say(s, words[answer]);
}

void smtpd_late(struct smtpd *s) { end(s, "421 4.4.2 enough waited"); }
