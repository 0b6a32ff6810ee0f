/* routes_letters.c — what became of the letters of a tenant. */
#include <stdio.h>
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/text.h"
#include "messages/deliver.h"
#include "messages/sms_way.h"
#include "messages/outbox.h"
#include "records/post.h"

#define PAGE 100u

static void on_letters(struct http_req *req) {
    struct call c;
    struct err e;
    struct uuid before = { { 0 } };
    json_t *list = NULL;
    int64_t limit = PAGE;
    const char *cursor = http_query(req, "cursor"), *most = http_query(req, "limit");
    if (!tenant_call(req, &c) || !tenant_call_owner(&c, "the list of letters"))
        return;
    if (cursor != NULL && !uuid_parse(cursor, &before)) {
        call_fail(&c, E_INVALID, "cursor: as \"next\" of an earlier answer gave it");
        return;
    }
    if (most != NULL && !text_int(most, 1, 1000, &limit)) {
        call_fail(&c, E_INVALID, "limit: from 1 to 1000");
        return;
    }
    if (outbox_list(service_store(c.service), c.who.tenant, &before, (size_t)limit, &list, &e) == OK)
        call_reply_json(&c, 200, list);
    else
        call_error(&c, &e, NULL);
    json_decref(list);
}

static const struct route routes[] = {
    { "GET", "/v1/tenants/{tenant}/letters", 0, on_letters },
};
const struct route_table routes_letters = { routes, ARRAY_LEN(routes) };

/* ---- by the command line */

enum code do_mail_list(struct control_req *c, struct err *reterr) {
    int64_t tenant = control_number(c, "tenant", 0), count = 0;
    struct uuid before = { { 0 } };
    bool more = tenant > 0;
    enum code code = tenant > 0 ? OK : err_set(reterr, E_INVALID, "tenant: its number");
    while (code == OK && more && !c->reader_gone) {
        json_t *list = NULL, *one;
        size_t i;
        code = outbox_list(c->store, tenant, &before, PAGE, &list, reterr);
        json_array_foreach(json_object_get(list, "items"), i, one)
            (void)!control_say(c, one);
        count += (int64_t)json_array_size(json_object_get(list, "items"));
        const char *next = json_string_value(json_object_get(list, "next"));
        more = next != NULL && uuid_parse(next, &before);
        json_decref(list);
    }
    control_set(c, "count", json_integer(count));
    return code;
}

/* A file of the caller's, so that what is large is tried too. */
static enum code test_file(struct control_req *c, struct buf *room, struct post *p, struct err *reterr) {
    const char *text = control_text(c, "file");
    size_t len = text == NULL ? 0 : strlen(text), got = 0;
    if (text == NULL)
        return OK;
    char *bytes = buf_more(room, len + 1);
    if (bytes == NULL)
        return err_set(reterr, E_TOO_LARGE, "a letter holds a file of %zu KiB at most", POST_FILE_MAX >> 10);
    if (!base64url_decode(text, len, bytes, len + 1, &got))
        return err_set(reterr, E_INVALID, "file: base64url");
    p->file = bytes;
    p->file_len = got;
    p->file_name = "file";
    p->file_type = "application/octet-stream";
    return OK;
}

static enum code test_put(struct txn *t, void *arg, struct err *reterr) { return post_put(t, arg, reterr); }

/* A letter through the outbox, the mailer and the relay, as any other goes. */
enum code do_mail_put(struct control_req *c, struct err *reterr) {
    AUTO(post_ready_done) struct post_ready ready = { .sealed = BUF(1) };
    struct service *s = NULL;
    int64_t tenant = control_number(c, "tenant", 0);
    char id[UUID_TEXT];
    AUTO(buf_wipe) struct buf room = BUF(BASE64URL_ROOM(POST_FILE_MAX) + 4096);
    struct post p = { .cause = "test", .to = control_text(c, "to"), .lang = LANG_EN, .subject = "A letter from sejf, to try the relay", .until = clock_now() + USEC_PER_DAY,
                            .text = "Somebody ran `sejf mail test` on the machine of this service.\nThis letter went the way of all others and arrived.\n" };
    enum code code = people_service(api_people(c->api), tenant, &s, reterr);
    if (code == OK)
        code = test_file(c, &room, &p, reterr);
    if (code == OK)
        code = post_seal(s, tenant, &p, &ready, reterr);
    if (code == OK)
        code = store_write(c->store, tenant, test_put, &ready, reterr);
    if (code == OK)
        control_set(c, "letter", json_string(uuid_format(&ready.row.id, id)));
    return code;
}

/* The provider of text messages is asked who we are there; nothing is sent. */
enum code do_sms_provider(struct control_req *c, struct err *reterr) {
    const struct sms_way *way = c->api->config.sms;
    struct sms_reply r = { .mail = { .outcome = MAIL_RELAY } };
    enum code code = way == NULL ? OK : way->try(way->arg, &r, reterr);
    control_set(c, "declared", json_boolean(way != NULL));
    control_set(c, "there", json_boolean(way != NULL && r.mail.outcome == MAIL_SENT));
    control_set(c, "said", json_string(r.mail.said));
    control_set(c, "host", json_string(way == NULL ? "" : way->host));
    return code;
}

/* The mailer tries the relay, as far as the moment at which a letter could go. */
enum code do_mail_relay(struct control_req *c, struct err *reterr) {
    const struct deliver_way *way = c->api->config.mail;
    struct mail_reply r = { .outcome = MAIL_RELAY };
    enum code code = way == NULL || way->relay_try == NULL ? OK : way->relay_try(way->arg, &r, reterr);
    if (code == E_PEER) {                    /* it is an answer too: no letter goes */
        snprintf(r.said, sizeof r.said, "%s", reterr->text);
        code = OK;
    }
    control_set(c, "declared", json_boolean(way != NULL));
    control_set(c, "there", json_boolean(way != NULL && r.outcome == MAIL_SENT));
    control_set(c, "said", json_string(r.said));
    return code;
}
