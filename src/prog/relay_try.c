/* relay_try.c — see relay_try.h. */
#include "prog/relay_try.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "prog/crew.h"
#include "sys/files.h"
#include "wire/mailbox.h"

#define TRY_USEC (60 * USEC_PER_SEC)

static void tell(struct relay *r, const struct smtp_letter *letter, struct relay_tried *ret) {
    const struct smtp_answer *a = smtp_answer(relay_smtp(r));
    struct buf said = buf_over(ret->said, sizeof ret->said);
    ret->outcome = a->outcome;
    ret->status = a->status;
    buf_printf(&said, "%s: ", a->at);
    mailbox_said(a->said, strlen(a->said), letter == NULL ? NULL : letter->to, SMTP_SAID, &said);
    snprintf(ret->tls, sizeof ret->tls, "%s", relay_tls(r));
}

/* One event; true: it is known what came of it. */
static bool on_event(struct relay *r, enum smtp_event event, const struct smtp_letter *letter, struct relay_tried *ret) {
    struct err e;
    if (event == SMTP_READY && letter == NULL) {
        *ret = (struct relay_tried){ .outcome = SMTP_SENT };
        snprintf(ret->tls, sizeof ret->tls, "%s", relay_tls(r));
        return true;
    }
    if (event == SMTP_READY && smtp_letter(relay_smtp(r), letter, &e) != OK)
        smtp_lost(relay_smtp(r), e.text);
    if (event == SMTP_ACCEPTED)
        smtp_finish(relay_smtp(r));
    if (event != SMTP_ANSWERED && event != SMTP_ENDED)
        return false;
    tell(r, letter, ret);
    return true;
}

static void talk(struct relay *r, const struct smtp_letter *letter, struct relay_tried *ret) {
    usec_t until = clock_steady() + TRY_USEC;
    for (;;) {
        enum smtp_event event = relay_go_on(r);
        if (event != SMTP_NOTHING) {
            if (on_event(r, event, letter, ret))
                return;
            continue;
        }
        struct pollfd p = { .fd = relay_fd(r), .events = relay_events(r) };
        usec_t now = clock_steady();
        if (now >= until)
            smtp_lost(relay_smtp(r), "no answer in time");
        else if (now >= relay_until(r))
            relay_late(r);
        else
            (void)poll(&p, 1, 500);
    }
}

enum code relay_try(struct place *p, const struct smtp_letter *letter, struct relay_tried *ret, struct err *reterr) {
    PRE(p != NULL && ret != NULL && reterr != NULL);
    const struct instance *i = place_instance(p);
    const struct mail_relay *to = i->mail;
    AUTO(fd_close) int secret = -1;
    AUTO(buf_wipe) struct buf password = BUF(4096);
    AUTO(tls_trust_free) struct tls_trust *trust = NULL;
    AUTO(relay_close) struct relay *r = NULL;
    struct err e;
    if (to == NULL)
        return err_set(reterr, E_NOT_FOUND, "sejf.yaml declares no relay (mail): letters wait");
    enum code code = crew_relay_secret(p, &secret, reterr);
    if (code == OK && to->user != NULL)
        code = relay_password(secret, &password, reterr);
    if (code == OK && to->tls != RELAY_PLAIN)
        code = tls_trust_new(to->ca != NULL ? to->ca : RELAY_AUTHORITIES, &trust, reterr);
    if (code != OK)
        return code;
    const struct relay_way way = { to, i->host, to->user == NULL ? NULL : buf_str(&password), trust };
    if (relay_open(&way, &r, &e) == OK) {
        talk(r, letter, ret);
        return OK;
    }
    *ret = (struct relay_tried){ .outcome = SMTP_RELAY };
    snprintf(ret->said, sizeof ret->said, "connecting: %.300s", e.text);
    return OK;
}
