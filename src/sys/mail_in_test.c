/* mail_in_test.c — a message goes over the line and its answer comes back; a mailer that goes, one that talks nonsense, and a stop. */
#include "sys/mail_in.c"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/test.h"
#include "sys/files.h"

struct ear { struct mail_ear *ear; enum code code; struct err e; pthread_mutex_t lock; char to[64], text[64]; };
static enum mail_in_answer take(void *arg, const char *to, const void *message, size_t len) {
    struct ear *x = arg;
    pthread_mutex_lock(&x->lock);
    snprintf(x->to, sizeof x->to, "%s", to);
    snprintf(x->text, sizeof x->text, "%.*s", (int)len, (const char *)message);
    pthread_mutex_unlock(&x->lock);
    return len == 0 ? MAIL_IN_NOBODY : MAIL_IN_TAKEN;
}
static void *hear(void *arg) {
    struct ear *x = arg;
    x->code = mail_ear_hear(x->ear, take, x, &x->e);
    return NULL;
}

static struct ipc *guest(int line) {
    struct ipc *ipc = NULL;
    struct err e;
    int fd = -1;
    for (int i = 0; i < 6000 && (fd = line_take(line)) < 0; i++)
        (void)usleep(5000);
    CHECK_OK(ipc_new(fd, FRAME_MAX, &ipc, &e), &e);
    return ipc;
}
static bool next(struct ipc *ipc, const uint8_t **frame, size_t *len) {
    struct err e;
    for (int i = 0; i < 6000; i++) {
        if (ipc_next(ipc, frame, len))
            return true;
        struct pollfd p = { .fd = ipc_fd(ipc), .events = POLLIN };
        (void)poll(&p, 1, 5);
        if (p.revents != 0 && ipc_fill(ipc, &e) != OK)
            return false;
    }
    return false;
}

TEST(a_message_is_handed_over_and_answered) {
    struct ear x = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct err e;
    int line[2];
    pthread_t thread;
    const uint8_t *frame = NULL;
    size_t len = 0;
    enum mail_in_answer answer = MAIL_IN_LATER;
    CHECK_OK(line_make(&line[0], &line[1], &e), &e);
    CHECK_OK(mail_ear_new(line[0], &x.ear, &e), &e);
    CHECK(pthread_create(&thread, NULL, hear, &x) == 0);
    struct ipc *ipc = guest(line[1]);
    CHECK(next(ipc, &frame, &len) && mail_in_hello(frame, len) && !mail_in_hello(frame, 0));
    for (int i = 0; i < 2; i++) {
        mail_in_put(ipc_begin(ipc), "b-1@x.example", "text", i == 0 ? 4 : 0);
        CHECK_OK(say(ipc, &e), &e);
        CHECK(next(ipc, &frame, &len) && mail_in_answer_read(frame, len, &answer));
        CHECK(answer == (i == 0 ? MAIL_IN_TAKEN : MAIL_IN_NOBODY));
        pthread_mutex_lock(&x.lock);
        CHECK_TEXT(x.to, "b-1@x.example");
        CHECK_TEXT(x.text, i == 0 ? "text" : "");
        pthread_mutex_unlock(&x.lock);
    }
    put_u8(ipc_begin(ipc), 99);
    CHECK_OK(say(ipc, &e), &e);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(x.code == E_PEER);
    ipc_free(ipc);
    CHECK(pthread_create(&thread, NULL, hear, &x) == 0);
    ipc = guest(line[1]);
    mail_ear_stop(x.ear);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(x.code == OK);
    ipc_free(ipc);
    static const uint8_t bad[] = { ANSWER, MAIL_IN_NOBODY + 1 };
    CHECK(!mail_in_answer_read(bad, 2, &answer) && !mail_in_answer_read(bad, 1, &answer));
    x.ear = mail_ear_free(x.ear);
    close(line[0]);
    close(line[1]);
}
