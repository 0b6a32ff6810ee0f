/* mail_test.c — a mailer in a thread that does as it is told: answers, asks, closes in the middle, says nonsense. */
#include "sys/mail.c"

#include <pthread.h>
#include <unistd.h>

#include "base/test.h"
#include "sys/files.h"

enum deed { SENDS, NEEDS_NO_GO, CLOSES_FIRST, CLOSES_AFTER_GO, TALKS_NONSENSE, ASKS_TWICE, IS_SILENT };
struct mailer { int line, stop; enum deed deed; pthread_t thread; bool got_go; struct mail_call last; char to[64]; };
static struct mail_reply sent = { .outcome = MAIL_SENT, .status = 250, .enhanced = "2.0.0", .tls = "TLSv1.3", .said = "taken" };

static bool frame_of(struct ipc *ipc, const uint8_t **frame, size_t *len) {
    struct err e;
    while (!ipc_next(ipc, frame, len))
        if (ipc_wait(ipc, 30000, &e) != OK || ipc_fill(ipc, &e) != OK)
            return false;
    return true;
}

static void say(struct ipc *ipc, enum frame kind) {
    struct err e;
    if (kind == MAY_GO)
        mail_go_put(ipc_begin(ipc));
    else if (kind == ANSWER)
        mail_answer_put(ipc_begin(ipc), &sent);
    else
        buf_text(ipc_begin(ipc), "nonsense");
    CHECK(ipc_end(ipc, &e) == OK && ipc_flush(ipc, &e) == OK);
}

static void guest(struct mailer *m, int fd) {
    AUTO(ipc_free) struct ipc *ipc = NULL;
    const uint8_t *frame;
    size_t len;
    struct err e;
    CHECK(ipc_new(fd, MAIL_FRAME_MAX, &ipc, &e) == OK);
    if (!frame_of(ipc, &frame, &len) || !mail_call_read(frame, len, &m->last))
        return;
    snprintf(m->to, sizeof m->to, "%s", m->last.kind != MAIL_CALL_SENDS ? "" : m->last.letter.to);
    if (m->deed == CLOSES_FIRST)
        return;
    if (m->deed == TALKS_NONSENSE) {
        say(ipc, SEND);
        (void)frame_of(ipc, &frame, &len);
        return;
    }
    if (m->deed == IS_SILENT) {
        (void)frame_of(ipc, &frame, &len);
        return;
    }
    if (m->deed != NEEDS_NO_GO && m->last.kind == MAIL_CALL_SENDS) {
        say(ipc, MAY_GO);
        m->got_go = frame_of(ipc, &frame, &len) && mail_go_read(frame, len);
        if (m->deed == CLOSES_AFTER_GO || !m->got_go)
            return;
    }
    say(ipc, m->deed == ASKS_TWICE ? MAY_GO : ANSWER);
    (void)frame_of(ipc, &frame, &len);       /* until the other closes */
}

static void *run(void *arg) {
    struct mailer *m = arg;
    struct pollfd p[2] = { { .fd = m->line, .events = POLLIN }, { .fd = m->stop, .events = POLLIN } };
    while (poll(p, 2, -1) >= 0 && p[1].revents == 0) {
        int fd = line_take(m->line);
        if (fd >= 0)
            guest(m, fd);
    }
    return NULL;
}

static enum code go_result;
static enum code go(void *arg, struct err *reterr) {
    ++*(int *)arg;
    return go_result == OK ? OK : err_set(reterr, go_result, "not now");
}

static enum code with(enum deed deed, enum code may, int *gone, bool *went, struct mail_reply *ret, struct mailer *m) {
    AUTO(mail_line_free) struct mail_line *l = NULL;
    int from, stop[2];
    struct err e;
    *m = (struct mailer){ .deed = deed };
    CHECK(line_make(&from, &m->line, &e) == OK && pipe(stop) == 0);
    m->stop = stop[0];
    CHECK(mail_line_new(from, &l, &e) == OK && pthread_create(&m->thread, NULL, run, m) == 0);
    *gone = 0;
    go_result = may;
    enum code code = mail_send(l, &(struct mail_letter){ { { 7 } }, 3, "anna@people.example", "b-1@bounces.example", "text", 4 }, go, gone, went, ret, &e);
    struct mail_reply asked = { .status = 0 };
    if (deed == SENDS)
        CHECK(mail_try(l, &asked, &e) == OK && asked.outcome == MAIL_SENT && asked.status == 250);
    asked = (struct mail_reply){ .status = 0 };
    if (deed == SENDS)
        CHECK(mail_ask(l, &(struct uuid){ { 7 } }, 3, &asked, &e) == OK && asked.outcome == MAIL_SENT && asked.status == 250);
    (void)close(stop[1]);
    CHECK(pthread_join(m->thread, NULL) == 0);
    CHECK(deed != SENDS || (m->last.kind == MAIL_CALL_ASKS && m->last.letter.attempt == 3));
    (void)close(stop[0]);
    (void)close(from);
    (void)close(m->line);
    return code;
}

TEST(a_letter_goes_once_it_may) {
    struct mail_reply r;
    struct mailer m;
    int gone;
    bool went;
    CHECK_INT(with(SENDS, OK, &gone, &went, &r, &m), OK);
    CHECK(gone == 1 && went && m.got_go && r.outcome == MAIL_SENT && r.status == 250);
    CHECK_TEXT(r.enhanced, "2.0.0");
    CHECK_TEXT(r.tls, "TLSv1.3");
    CHECK_TEXT(r.said, "taken");
    CHECK_INT(with(NEEDS_NO_GO, OK, &gone, &went, &r, &m), OK);
    CHECK(gone == 0 && !went);
    CHECK_TEXT(m.to, "anna@people.example");
    CHECK_INT(with(SENDS, E_FULL, &gone, &went, &r, &m), E_FULL);
    CHECK(gone == 1 && !went && !m.got_go);
}

/* A mailer that was taken over says what it likes: bytes that are no text are left out, for they would end every list that shows them. */
TEST(what_a_mailer_says_is_text_or_nothing) {
    struct mail_reply was = sent, r;
    struct mailer m;
    int gone;
    bool went;
    snprintf(sent.said, sizeof sent.said, "no\xff\xfe text");
    snprintf(sent.enhanced, sizeof sent.enhanced, "5.\xc3");
    CHECK_INT(with(SENDS, OK, &gone, &went, &r, &m), OK);
    CHECK(r.outcome == MAIL_SENT && r.status == 250);
    CHECK_TEXT(r.said, "");
    CHECK_TEXT(r.enhanced, "");
    sent = was;
}

TEST(a_mailer_that_breaks_off_is_told_from_one_that_answers) {
    static const struct { enum deed deed; int gone; bool went; } rows[] = { { CLOSES_FIRST, 0, false }, { CLOSES_AFTER_GO, 1, true }, { TALKS_NONSENSE, 0, false }, { ASKS_TWICE, 1, true } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mail_reply r;
        struct mailer m;
        int gone;
        bool went;
        CHECK_INT(with(rows[i].deed, OK, &gone, &went, &r, &m), E_PEER);
        CHECK(gone == rows[i].gone && went == rows[i].went);
    }
}

struct stopper { struct mail_line *l; enum code code; };
static void *wait_for_it(void *arg) {
    struct stopper *s = arg;
    struct mail_reply r;
    struct err e;
    int gone = 0;
    bool went;
    s->code = mail_send(s->l, &(struct mail_letter){ { { 7 } }, 3, "anna@people.example", "b-1@bounces.example", "text", 4 }, go, &gone, &went, &r, &e);
    return NULL;
}

TEST(whoever_waits_is_let_go) {
    AUTO(mail_line_free) struct mail_line *l = NULL;
    int from, to;
    struct err e;
    pthread_t thread;
    CHECK(line_make(&from, &to, &e) == OK && mail_line_new(from, &l, &e) == OK);
    struct stopper s = { l, OK };
    CHECK(pthread_create(&thread, NULL, wait_for_it, &s) == 0);
    mail_line_stop(l);                       /* nobody is at the other end */
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_INT(s.code, E_PEER);
    (void)close(from);
    (void)close(to);
}

/* Its letter has gone when we stop: the answer is waited for, and heard. */
static enum code stop_then_go(void *arg, struct err *e UNUSED) {
    mail_line_stop(arg);
    return OK;
}
struct slow { int line; };
static void *answers_late(void *arg) {
    const struct slow *s = arg;
    AUTO(ipc_free) struct ipc *ipc = NULL;
    struct err e;
    const uint8_t *frame;
    size_t len;
    struct pollfd p = { .fd = s->line, .events = POLLIN };
    CHECK(poll(&p, 1, 60000) == 1);
    CHECK_OK(ipc_new(line_take(s->line), MAIL_FRAME_MAX, &ipc, &e), &e);
    CHECK(frame_of(ipc, &frame, &len));
    mail_go_put(ipc_begin(ipc));
    CHECK(ipc_end(ipc, &e) == OK && ipc_flush(ipc, &e) == OK);
    CHECK(frame_of(ipc, &frame, &len) && mail_go_read(frame, len));
    (void)usleep(2 * LOOK_MS * 1000);        /* longer than between two looks whether to stop */
    mail_answer_put(ipc_begin(ipc), &sent);
    CHECK(ipc_end(ipc, &e) == OK && ipc_flush(ipc, &e) == OK);
    return NULL;
}
TEST(whose_letter_has_gone_hears_its_answer) {
    AUTO(mail_line_free) struct mail_line *l = NULL;
    int from;
    struct slow s;
    struct err e;
    struct mail_reply r;
    bool went = false;
    pthread_t thread;
    CHECK(line_make(&from, &s.line, &e) == OK && mail_line_new(from, &l, &e) == OK);
    CHECK(pthread_create(&thread, NULL, answers_late, &s) == 0);
    CHECK_OK(mail_send(l, &(struct mail_letter){ { { 7 } }, 3, "anna@people.example", "b-1@bounces.example", "text", 4 }, stop_then_go, l, &went, &r, &e), &e);
    CHECK(went && r.outcome == MAIL_SENT);
    CHECK(pthread_join(thread, NULL) == 0);
    (void)close(from);
    (void)close(s.line);
}

TEST(frames_that_are_none) {
    AUTO(buf_done) struct buf b = BUF(4096);
    struct mail_call c;
    struct mail_reply r;
    uint8_t id[16] = { 1 };
    CHECK(!mail_call_read("", 0, &c) && !mail_call_read("\x01", 1, &c) && !mail_go_read("\x04\x04", 2) && !mail_go_read("\x03", 1));
    put_u8(&b, SEND);
    buf_add(&b, id, sizeof id);
    put_u32(&b, 1);
    put_u32(&b, 3);
    buf_add(&b, "a\0b", 3);                  /* a text with a NUL inside */
    put_u32(&b, 0);
    CHECK(!mail_call_read(b.data, b.len, &c));
    buf_cut(&b, 0);
    put_u8(&b, ASK);
    buf_add(&b, id, sizeof id);
    put_u32(&b, 9);
    CHECK(mail_call_read(b.data, b.len, &c) && c.kind == MAIL_CALL_ASKS && c.letter.attempt == 9 && !mail_call_read(b.data, b.len - 1, &c));
    buf_cut(&b, 0);
    struct mail_reply wrong = sent;
    wrong.outcome = (enum mail_outcome)99;
    mail_answer_put(&b, &wrong);
    CHECK(!answer_read(b.data, b.len, &r));
}
