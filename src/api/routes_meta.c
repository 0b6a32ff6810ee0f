/* routes_meta.c — what is said about the service rather than about its records. */
#include <stdio.h>
#include <string.h>

#include "access/people.h"
#include "rights/request.h"
#include "store/request.h"
#include "api/api_int.h"
#include "api/call.h"
#include "api/routes.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "messages/suppress.h"
#include "messages/gate.h"
#include "messages/postman.h"
#include "messages/send.h"
#include "messages/teller.h"
#include "retention/clock.h"
#include "retention/notice.h"
#include "retention/sweep.h"
#include "store/campaign.h"
#include "sys/files.h"

static void on_openapi(struct http_req *req) {
    struct call c;
    if (!call_begin(req, &c))
        return;
    for (size_t i = 0; i < c.api->service_count; i++)
        if (c.api->services[i] == c.service)
            http_reply(req, 200, "application/json", c.api->openapi[i], c.api->openapi_len[i]);
}

static void on_health(struct http_req *req) { http_reply_text(req, 200, "application/json", "{\"status\":\"ok\"}\n"); }

/* Ready: a view opens, the keeper answers, the commit queue moves. */
static void on_ready(struct http_req *req) {
    struct api *a = http_context(req);
    struct err e;
    struct keeper_status keeper;
    struct view *view = NULL;
    enum code code = store_view(a->config.store, 0, &view, &e);
    view_end(view);
    if (code == OK)
        code = keeper_status(a->config.keeper, &keeper, &e);
    if (code == OK)
        http_reply_text(req, 200, "application/json", "{\"status\":\"ready\"}\n");
    else
        http_reply_text(req, 503, "application/json", "{\"status\":\"not ready\"}\n");
}

/* ---- OpenMetrics 1.0 */

static void counter(struct buf *b, const char *name, const char *help, uint64_t value) {
    buf_printf(b, "# TYPE sejf_%s counter\n# HELP sejf_%s %s\nsejf_%s_total %llu\n", name, name, help, name, (unsigned long long)value);
}

static void gauge(struct buf *b, const char *name, const char *help, int64_t value) {
    buf_printf(b, "# TYPE sejf_%s gauge\n# HELP sejf_%s %s\nsejf_%s %lld\n", name, name, help, name, (long long)value);
}

static void metrics_http(struct buf *b, const struct http_status *s) {
    uint64_t below = 0, all = 0;
    double bound = 0.0001;
    buf_text(b, "# TYPE sejf_requests counter\n# HELP sejf_requests Requests answered, by class of status.\n");
    for (int i = 1; i < 6; i++)
        buf_printf(b, "sejf_requests_total{status=\"%dxx\"} %llu\n", i, (unsigned long long)s->by_status[i]);
    buf_text(b, "# TYPE sejf_request_seconds histogram\n# UNIT sejf_request_seconds seconds\n# HELP sejf_request_seconds Time from the request line to the reply.\n");
    for (size_t i = 0; i < ARRAY_LEN(s->took_buckets); i++)
        all += s->took_buckets[i];
    for (size_t i = 0; i + 1 < ARRAY_LEN(s->took_buckets); i++) {
        below += s->took_buckets[i];
        buf_printf(b, "sejf_request_seconds_bucket{le=\"%.4f\"} %llu\n", bound, (unsigned long long)below);
        bound *= 4;
    }
    buf_printf(b, "sejf_request_seconds_bucket{le=\"+Inf\"} %llu\nsejf_request_seconds_sum %.6f\nsejf_request_seconds_count %llu\n",
               (unsigned long long)all, (double)s->took_sum / 1e6, (unsigned long long)all);
    counter(b, "requests_refused", "Requests answered 503 because too many waited.", s->refused);
    counter(b, "reply_bytes", "Bytes of bodies sent.", s->bytes_out);
    gauge(b, "requests_waiting", "Requests that wait for a worker.", s->waiting);
    gauge(b, "streams", "Imports, exports and files under way.", s->streams);
    gauge(b, "change_readers", "Readers of changes.", s->events);
    gauge(b, "connections", "Connections from nginx.", s->connections);
}

static void metrics_store(struct buf *b, const struct store_status *s) {
    gauge(b, "records", "Records that stand.", s->records);
    counter(b, "writes", "Writes made durable.", (uint64_t)s->writes);
    counter(b, "commits", "Group commits.", (uint64_t)s->groups);
    counter(b, "index_gaps", "Times that the index could not follow a commit.", (uint64_t)s->index_gaps);
    gauge(b, "writes_waiting", "Writes that wait for the next group commit.", (int64_t)s->waiting);
    buf_printf(b, "# TYPE sejf_last_commit_seconds gauge\n# UNIT sejf_last_commit_seconds seconds\n# HELP sejf_last_commit_seconds Time of the last group commit.\n"
               "sejf_last_commit_seconds %.6f\n", (double)s->last_commit_took / 1e6);
}

static void metrics_keeper(struct buf *b, const struct keeper_status *s) {
    gauge(b, "keys", "Part keys in the keyring.", (int64_t)s->keys);
    gauge(b, "key_buckets", "Buckets in the keyring.", (int64_t)s->buckets);
    gauge(b, "key_epoch", "Number of the epoch.", (int64_t)s->epoch);
    gauge(b, "keys_pending", "Keys destroyed and not final yet.", (int64_t)s->pending);
}

static void metrics_people(struct buf *b, const struct people_status *s) {
    counter(b, "passwords_hashed", "Passwords made or checked, for addresses that nobody has, too.", s->hashed);
    counter(b, "passwords_refused", "Passwords that found no room to be checked.", s->refused);
    gauge(b, "passwords_waiting", "Passwords that wait to be checked.", s->waiting);
}

static void metrics_mail(struct buf *b, const struct postman_status *s) {
    counter(b, "letters_tried", "Tries to hand a letter to the relay.", s->tried);
    counter(b, "letters_done", "Tries after which it was known what became of the letter.", s->done);
    counter(b, "relay_failures", "Tries that failed because of the relay, whatever the letter.", s->relay_failed);
    counter(b, "letter_doubts", "Tries of which nobody knows what became: the letter goes again with the same Message-ID.", s->doubts);
    gauge(b, "letters_under_way", "Letters that are being handed over.", (int64_t)s->under_way);
    gauge(b, "relay_waited_for", "Do letters wait because the relay takes none.", s->waits_until != 0);
    gauge(b, "letters_tenants_waited_for", "Tenants whose letters alone wait, for what was answered to them.", (int64_t)s->tenants_wait);
}

static void metrics_texts(struct buf *b, const struct postman_status *s) {
    counter(b, "texts_tried", "Tries to hand a text message to the provider.", s->tried);
    counter(b, "provider_failures", "Tries that failed because of the provider of text messages, whatever the message.", s->relay_failed);
    counter(b, "text_doubts", "Tries of which nobody knows what became: the message goes again with the same reference.", s->doubts);
    gauge(b, "texts_under_way", "Text messages that are being handed over.", (int64_t)s->under_way);
    gauge(b, "provider_waited_for", "Do text messages wait because the provider takes none.", s->waits_until != 0);
}

/* Of all tenants. */
static void metrics_gates(struct buf *b) {
    buf_text(b, "# TYPE sejf_messages_refused counter\n# HELP sejf_messages_refused Messages that a gate refused, when they were queued or when they were to go.\n");
    for (int c = 0; c < CHANNELS; c++)
        for (int g = 0; g < GATES; g++)
            buf_printf(b, "sejf_messages_refused_total{channel=\"%s\",gate=\"%s\"} %llu\n", channel_name((enum channel)c), gate_name((enum gate)g), (unsigned long long)gate_refused((enum channel)c, (enum gate)g));
    static const struct { const char *name, *help; } heard[SHARES] = {
        [SHARES_SENT] = { "messages_ended", "Messages that went, or were refused by whom they were handed to." },
        [SHARES_BOUNCED] = { "messages_bounced", "Of these, those that were refused or came back." },
        [SHARES_COMPLAINED] = { "messages_complained", "People who complained about one." },
    };
    for (int i = 0; i < SHARES; i++) {
        buf_printf(b, "# TYPE sejf_%s counter\n# HELP sejf_%s %s\n", heard[i].name, heard[i].name, heard[i].help);
        for (int c = 0; c < CHANNELS; c++)
            buf_printf(b, "sejf_%s_total{channel=\"%s\"} %llu\n", heard[i].name, channel_name((enum channel)c), (unsigned long long)shares_ever((enum channel)c, (enum shares)i));
    }
}

/* What is asked for: messages that were queued, and campaigns whose people are looked for. */
static void metrics_messages(struct buf *b, const struct api *a) {
    int64_t open = 0;
    struct err e;
    buf_text(b, "# TYPE sejf_messages_queued counter\n# HELP sejf_messages_queued Messages that passed the gates when they were asked for.\n");
    for (int c = 0; c < CHANNELS; c++)
        buf_printf(b, "sejf_messages_queued_total{channel=\"%s\"} %llu\n", channel_name((enum channel)c), (unsigned long long)messages_queued((enum channel)c));
    if (campaigns_open(a->config.store, &open, &e) == OK)
        gauge(b, "campaigns_open", "Campaigns that are planned, look for their people, or hold, free or end letters.", open);
}

static void metrics_webhooks(struct buf *b, const struct teller_status *s) {
    counter(b, "webhooks_runs", "Turns of webhooks that had something to tell.", s->runs);
    counter(b, "webhooks_in_vain", "Tries that a peer did not take.", s->waits);
    counter(b, "webhooks_failed", "Turns of which it could not be written down what came of them.", s->failed);
    gauge(b, "webhooks_under_way", "Webhooks that are being told something.", (int64_t)s->under_way);
}

/* How requests of people stand, of all tenants. */
static void metrics_rights(struct buf *b, const struct api *a) {
    struct request_counts sum = { 0 };
    for (size_t i = 0; i < a->service_count; i++) {
        struct request_counts n;
        struct err e;
        if (requests_counted(a->services[i], &n, &e) != OK)
            return;
        sum.open += n.open;
        sum.open_late += n.open_late;
        sum.in_time += n.in_time;
        sum.ended += n.ended;
    }
    gauge(b, "rights_requests_open", "Requests of people under their rights that wait for an answer.", sum.open);
    gauge(b, "rights_requests_late", "Those of them whose deadline is over.", sum.open_late);
    gauge(b, "rights_requests_answered", "Requests that were answered or refused.", sum.ended);
    gauge(b, "rights_requests_in_time", "Those of them that were answered in time.", sum.in_time);
}

/* How well what is due goes: both 0. */
static void metrics_due(struct buf *b, const struct api *a) {
    struct overdue sum = { .oldest = USEC_NEVER };
    const usec_t now = clock_now();
    for (size_t i = 0; i < a->service_count; i++) {
        struct overdue o;
        struct err e;
        if (sweep_overdue(a->services[i], now, &o, &e) != OK)
            return;
        sum.records += o.records;
        sum.held += o.held;
        sum.oldest = o.oldest < sum.oldest ? o.oldest : sum.oldest;
    }
    gauge(b, "overdue_parts", "Records of which a part is due and still there; up to 10000 are counted for each tenant.", sum.records);
    gauge(b, "overdue_oldest_seconds", "How long the first of them has been due.", sum.oldest == USEC_NEVER ? 0 : (now - sum.oldest) / USEC_PER_SEC);
    gauge(b, "overdue_held", "Records that are due and that a person holds.", sum.held);
}

/* What the parent wrote there: an instant. */
static void metrics_log(struct buf *b, const char *path) {
    AUTO(buf_done) struct buf text = BUF(64);
    struct err e;
    int64_t at;
    if (path == NULL || file_read(path, &text, &e) != OK)
        return;
    const char *number = buf_str(&text) + strspn(buf_str(&text), " ");
    if (!text_int_n(number, strcspn(number, "\n"), 0, INT64_MAX, &at))
        return;
    usec_t now = clock_now();
    buf_printf(b, "# TYPE sejf_log_oldest_seconds gauge\n# UNIT sejf_log_oldest_seconds seconds\n# HELP sejf_log_oldest_seconds Age of the oldest line of the log.\nsejf_log_oldest_seconds %lld\n",
               at > now ? 0 : (long long)((now - at) / USEC_PER_SEC));
}

/* The operator's token, or whoever may open the socket: nginx lets nobody through otherwise. */
static bool metrics_allowed(struct http_req *req) {
    const struct api *a = http_context(req);
    const char *want = a->config.metrics_token, *got = http_header(req, "Authorization");
    if (http_is_direct(req))
        return true;
    return want != NULL && want[0] != 0 && got != NULL && strncasecmp(got, "Bearer ", 7) == 0 && strlen(got + 7) == strlen(want) &&
           crypto_equal(got + 7, want, strlen(want));
}

static void on_metrics(struct http_req *req) {
    struct api *a = http_context(req);
    struct err e;
    struct http *h = a->http;
    AUTO(buf_done) struct buf b = BUF(1u << 20);
    struct http_status http;
    struct store_status store;
    struct keeper_status keeper;
    struct people_status people;
    if (!metrics_allowed(req)) {
        (void)err_set(&e, E_NOT_FOUND, "there is nothing at this address, or it is not for this token");
        http_reply_error(req, &e, NULL);
        return;
    }
    if (h != NULL) {
        http_status(h, &http);
        metrics_http(&b, &http);
    }
    store_status(a->config.store, &store);
    metrics_store(&b, &store);
    counter(&b, "damaged_reads", "Times that a record was asked for and could not be read.", a->damaged);
    if (a->people != NULL) {
        people_status(a->people, &people);
        metrics_people(&b, &people);
    }
    if (a->teller != NULL) {
        struct teller_status told;
        teller_status(a->teller, &told);
        metrics_webhooks(&b, &told);
    }
    if (a->postman != NULL) {
        struct postman_status mail, texts;
        postman_status(a->postman, CHANNEL_EMAIL, &mail);
        postman_status(a->postman, CHANNEL_SMS, &texts);
        metrics_mail(&b, &mail);
        metrics_texts(&b, &texts);
    }
    metrics_messages(&b, a);
    metrics_gates(&b);
    metrics_rights(&b, a);
    metrics_due(&b, a);
    if (a->noticer != NULL) {
        struct noticer_status notices;
        noticer_status(a->noticer, &notices);
        gauge(&b, "notices_waiting", "Notices before erasure of which not each letter was tried.", notices.waiting);
        gauge(&b, "notices_bounced", "Notices before erasure of which a letter came back.", notices.bounced);
    }
    metrics_log(&b, a->config.log_oldest);
    gauge(&b, "clock_held", "Is the clock suspicious, so that nothing due is erased.", clock_held(a->config.store));
    bool answers = keeper_status(a->config.keeper, &keeper, &e) == OK;
    gauge(&b, "keeper_up", "Does the keeper answer.", answers);
    if (answers)
        metrics_keeper(&b, &keeper);
    buf_text(&b, "# EOF\n");
    http_reply_buf(req, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", &b);
}

/* ---- RFC 9116 */

static void on_security(struct http_req *req) {
    struct api *a = http_context(req);
    char until[40];
    AUTO(buf_done) struct buf b = BUF(64u << 10);
    usec_t now = clock_now();
    for (size_t i = 0; i < a->service_count; i++) {
        const char *contact = charter_contact(service_charter(a->services[i]));
        AUTO(buf_done) struct buf line = BUF(1024);
        buf_printf(&line, "Contact: %s%s\n", contact != NULL && strchr(contact, '@') != NULL ? "mailto:" : "", contact == NULL ? "" : contact);
        if (contact != NULL && strstr(buf_str(&b), buf_str(&line)) == NULL)
            buf_text(&b, buf_str(&line));
    }
    /* Rounded to the day, so that the file is the same all day long. */
    buf_printf(&b, "Expires: %s\nPreferred-Languages: en, pl, hu\n", time_format(now - now % USEC_PER_DAY + 180 * USEC_PER_DAY, until, sizeof until));
    if (a->config.base_url[0] != 0)
        buf_printf(&b, "Canonical: %s/.well-known/security.txt\n", a->config.base_url);
    http_reply_buf(req, 200, "text/plain; charset=utf-8", &b);
}

/* ---- what the type of a problem document leads to */

static const struct { const char *name; enum code code; } codes[] = {
#define CODE(name, number, status, title) { #name, name },
#include "base/codes.tbl"
#undef CODE
};

static void on_problem(struct http_req *req) {
    const char *name = http_param(req, "name");
    struct err e;
    for (size_t i = 1; i < ARRAY_LEN(codes); i++) {
        if (strncmp(codes[i].name, "E_", 2) != 0 || strcasecmp(codes[i].name + 2, name) != 0)
            continue;
        AUTO(buf_done) struct buf b = BUF(4096);
        buf_printf(&b, "%s\n\nHTTP status %d, code %d. The member `detail` of the document says what is wrong here and how to mend it;\n"
                   "`errors` names the fields by JSON pointer; `request` is the number under which the operator finds it in the log.\n",
                   code_title(codes[i].code), code_status(codes[i].code), (int)codes[i].code);
        http_reply_buf(req, 200, "text/plain; charset=utf-8", &b);
        return;
    }
    (void)err_set(&e, E_NOT_FOUND, "there is no problem of that name");
    http_reply_error(req, &e, NULL);
}

static const struct route routes[] = {
    { "GET", "/v1/{service}/openapi.json", 0, on_openapi },
    { "GET", "/healthz", 0, on_health },
    { "GET", "/readyz", 0, on_ready },
    { "GET", "/metrics", 0, on_metrics },
    { "GET", "/.well-known/security.txt", 0, on_security },
    { "GET", "/problems/{name}", 0, on_problem },
};
const struct route_table routes_meta = { routes, ARRAY_LEN(routes) };
