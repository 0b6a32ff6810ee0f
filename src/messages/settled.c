/* settled.c — see settled.h. A row is added by whoever counts: its prepare runs outside the write and may ask the keeper, its write inside it, as
 * often as the write is repeated. */
#include "messages/settled.h"

#include "base/mem.h"
#include "messages/campaign.h"
#include "messages/heard.h"
#include "messages/log.h"
#include "messages/remind.h"

static const struct settled_row rows[] = {
    { NULL, campaign_settled, NULL },
    { NULL, outgoing_settled, NULL },        /* what gates had taken for it */
    { NULL, settled_whom_write, NULL },      /* to whom it went, and the shares of bounces */
    { NULL, remind_settled, NULL },
    { log_prepare, log_write, log_done, log_again },
};
_Static_assert(ARRAY_LEN(rows) <= SETTLED_ROWS, "struct settled has room for what each row prepares");

/* What settles it did not make it: the server was killed behind its last byte, or something was heard of it. */
static enum code whom_find(struct settled *s, struct err *reterr) {
    if (s->out != NULL || !s->final)
        return OK;
    if ((s->found = mem_new(sizeof *s->found)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a message");
    *s->found = OUTGOING;
    enum code code = outgoing_whom(s->service, s->tenant, s->row, s->found, reterr);
    if (code == OK)
        s->out = s->found;
    return code == E_NOT_FOUND ? OK : code;  /* it never went */
}

enum code settled_prepare(struct settled *s, struct err *reterr) {
    PRE(s != NULL && s->service != NULL && s->row != NULL && reterr != NULL);
    enum code code = whom_find(s, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(rows); i++)
        if (rows[i].prepare != NULL)
            code = rows[i].prepare(s, &s->prepared[i], reterr);
    return code;
}

enum code settled_write(struct txn *t, struct settled *s, struct err *reterr) {
    PRE(t != NULL && s != NULL && s->row != NULL && reterr != NULL);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(rows); i++)
        if (rows[i].write != NULL) {
            code = rows[i].write(t, s, s->prepared[i], reterr);
            s->again = s->again || (code != OK && rows[i].again != NULL && s->prepared[i] != NULL && rows[i].again(s->prepared[i]));
        }
    return code;
}

enum code settled_store(struct settled *s, struct store *store, write_fn fn, void *arg, struct err *reterr) {
    PRE(s != NULL && store != NULL && fn != NULL && reterr != NULL);
    s->again = false;
    enum code code = store_write(store, s->tenant, fn, arg, reterr);
    return code != OK && s->again ? store_write(store, s->tenant, fn, arg, reterr) : code;
}

void settled_done(struct settled *s) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].done != NULL && s->prepared[i] != NULL)
            rows[i].done(s->prepared[i]);
        s->prepared[i] = NULL;
    }
    if (s->found != NULL)
        outgoing_done(s->found);
    s->found = mem_free(s->found);
}
