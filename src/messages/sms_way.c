/* sms_way.c — see sms_way.h. A request is made from the description's JSON, member by member; what an answer means is read from its codes, and where these
 * say nothing from its status: whatever may have been taken is in doubt, and never said to have failed. */
#include "messages/sms_way.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "charter/instance.h"
#include "crypto/crypto.h"
#include "messages/sms_said.h"

#define BODY_MAX (64u << 10)
#define ANSWER_MAX (256u << 10)
#define VALUE_MAX 4096u                      /* of one header */
#define VALUES 10u

struct sms_client { struct sms_options o; const struct sms_shape *shape; char *secret; struct sms_way way; };

/* ---- our reference */

void sms_reference(int64_t tenant, const struct uuid *id, char ret[SMS_REFERENCE]) {
    size_t len = 0;
    for (size_t i = 0; i < sizeof id->bytes; i++)
        len += (size_t)snprintf(ret + len, SMS_REFERENCE - len, "%02x", id->bytes[i]);
    snprintf(ret + len, SMS_REFERENCE - len, "t%llx", (unsigned long long)tenant);
}

bool sms_reference_read(const char *text, size_t len, int64_t *ret_tenant, struct uuid *ret_id) {
    static const char digits[] = "0123456789abcdef";
    struct uuid id;
    uint64_t tenant = 0;
    if (len < 34 || len > 32 + 1 + 15 || text[32] != 't' || !hex_decode(text, 32, id.bytes, sizeof id.bytes))
        return false;
    for (size_t i = 33; i < len; i++) {
        const char *at = memchr(digits, text[i], 16);
        if (at == NULL)
            return false;
        tenant = tenant * 16 + (uint64_t)(at - digits);
    }
    *ret_tenant = (int64_t)tenant;
    *ret_id = id;
    return true;
}

/* ---- what a request brings */

struct value { const char *name, *text; };   /* text NULL: not declared */
struct values { struct value list[VALUES]; size_t count; bool unicode; int parts; char reference[SMS_REFERENCE], parts_text[12]; };

static void value_add(struct values *v, const char *name, const char *text) { v->list[v->count++] = (struct value){ name, text }; }

static void values_make(const struct sms_client *c, int64_t tenant, const struct uuid *id, const struct sms_letter *l, struct values *v) {
    const struct sms_provider *p = c->o.provider;
    *v = (struct values){ .unicode = l != NULL && l->unicode, .parts = l != NULL ? l->parts : 1 };
    if (id != NULL)
        sms_reference(tenant, id, v->reference);
    snprintf(v->parts_text, sizeof v->parts_text, "%d", v->parts);
    value_add(v, "token", p->token ? c->secret : NULL);
    value_add(v, "user", p->user);
    value_add(v, "password", p->token ? NULL : c->secret);
    value_add(v, "to", l == NULL ? NULL : l->to);
    value_add(v, "digits", l == NULL ? NULL : l->to + (l->to[0] == '+'));
    value_add(v, "text", l == NULL ? NULL : l->text);
    value_add(v, "id", id == NULL ? NULL : v->reference);
    value_add(v, "sender", p->sender);
    value_add(v, "parts", v->parts_text);
    value_add(v, "unicode", v->unicode ? "true" : "false");
}

static const struct value *value_find(const struct values *v, const char *name, size_t len) {
    for (size_t i = 0; i < v->count; i++)
        if (strlen(v->list[i].name) == len && strncmp(v->list[i].name, name, len) == 0)
            return &v->list[i];
    return NULL;
}

/* False: it names something that was not declared, so that what it stands in is left out. */
static bool fill(const char *text, const struct values *v, struct buf *ret) {
    for (const char *at = text; *at != 0;) {
        const char *begin = strstr(at, "{{"), *end = begin == NULL ? NULL : strstr(begin, "}}");
        if (end == NULL) {
            buf_text(ret, at);
            return true;
        }
        const struct value *value = value_find(v, begin + 2, (size_t)(end - begin - 2));
        if (value == NULL || value->text == NULL)
            return false;
        buf_add(ret, at, (size_t)(begin - at));
        buf_text(ret, value->text);
        at = end + 2;
    }
    return true;
}

/* What stands for one value of the description: NULL with *ret_out true: it is left out; else NULL: no memory. */
static json_t *filled(const char *text, const struct values *v, bool *ret_out) {
    AUTO(buf_wipe) struct buf b = BUF(BODY_MAX);
    *ret_out = false;
    if (strcmp(text, "{{unicode}}") == 0)
        return json_boolean(v->unicode);
    if (strcmp(text, "{{parts}}") == 0)
        return json_integer(v->parts);
    if (!fill(text, v, &b)) {
        *ret_out = true;
        return NULL;
    }
    return b.failed ? NULL : json_string(buf_str(&b));
}

/* A description is as deep as its author made it: one line of sejf.yaml. */
static bool body_fill(json_t *o, const struct values *v);
static bool item_fill(json_t *value, const struct values *v, json_t **ret_new, bool *ret_out) {
    *ret_new = NULL;
    *ret_out = false;
    if (!json_is_string(value))
        return body_fill(value, v);
    *ret_new = filled(json_string_value(value), v, ret_out);
    return *ret_new != NULL || *ret_out;
}

static bool body_fill(json_t *o, const struct values *v) {
    json_t *value, *put;
    const char *name;
    void *tmp;
    size_t i;
    bool out;
    json_object_foreach_safe(o, tmp, name, value) {
        if (!item_fill(value, v, &put, &out) || (put != NULL && json_object_set_new(o, name, put) != 0))
            return false;
        if (out)
            json_object_del(o, name);
    }
    json_array_foreach(o, i, value)
        if (!item_fill(value, v, &put, &out) || (put != NULL && json_array_set_new(o, i, put) != 0) || (out && json_array_set_new(o, i, json_null()) != 0))
            return false;
    return true;
}

static enum code body_make(const char *source, const struct values *v, struct buf *ret, struct err *reterr) {
    json_error_t error;
    json_t *o = json_loads(source, JSON_REJECT_DUPLICATES, &error);
    char *text = o != NULL && body_fill(o, v) ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    if (text == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a request to the provider of text messages");
    size_t len = strlen(text);
    buf_add(ret, text, len);
    crypto_wipe(text, len);
    free(text);
    if (len > BODY_MAX)
        return err_set(reterr, E_TOO_LARGE, "a text message is larger than any provider takes");
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a request to the provider of text messages") : OK;
}

/* ---- what an answer says */

/* One step of a pointer: a member, an item by number, or the item of which member `name` is `value`. */
static const json_t *step(const json_t *at, const char *word, size_t len) {
    char name[64];
    const json_t *item;
    int64_t number = 0;
    size_t i;
    if (len >= sizeof name)
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)len, word);
    if (json_is_object(at))
        return json_object_get(at, name);
    char *equals = strchr(name, '=');
    if (equals == NULL)
        return text_int(name, 0, 10000, &number) ? json_array_get(at, (size_t)number) : NULL;
    *equals = 0;
    json_array_foreach(at, i, item) {
        const char *is = json_string_value(json_object_get(item, name));
        if (is != NULL && strcmp(is, equals + 1) == 0)
            return item;
    }
    return NULL;
}

static const json_t *found(const json_t *answer, const char *pointer) {
    const json_t *at = answer;
    for (const char *p = pointer; at != NULL && *p == '/';) {
        size_t len = strcspn(p + 1, "/");
        at = step(at, p + 1, len);
        p += 1 + len;
    }
    return at;
}

/* The text of what a pointer leads to; false: nothing, null, false, 0 or "". */
static bool told(const json_t *answer, const char *pointer, char *ret, size_t room) {
    const json_t *at = found(answer, pointer);
    if (json_is_string(at) && json_string_length(at) > 0)
        snprintf(ret, room, "%s", json_string_value(at));
    else if (json_is_integer(at) && json_integer_value(at) != 0)
        snprintf(ret, room, "%lld", (long long)json_integer_value(at));
    else if (json_is_real(at) && fpclassify(json_real_value(at)) != FP_ZERO)
        snprintf(ret, room, "%.10g", json_real_value(at));
    else
        return false;
    return true;
}

static bool told_any(const json_t *answer, const char *const *pointers, char *ret, size_t room) {
    for (size_t i = 0; i < SMS_POINTERS && pointers[i] != NULL; i++)
        if (told(answer, pointers[i], ret, room))
            return true;
    return false;
}

/* An answer as it was read, once. */
struct answer {
    json_t *json;                            /* NULL: it is none */
    int status;
    bool coded, known /* to the description */, has /* a receipt */;
    enum sms_meaning meaning;                /* of a known code */
    char code[64], receipt[SMS_RECEIPT_MAX];
};

static struct answer answer_read(const struct sms_shape *s, const struct fetch_reply *got) {
    json_error_t error;
    struct answer a = { .json = json_loadb(buf_str(&got->body), got->body.len, 0, &error), .status = got->status };
    a.coded = told_any(a.json, s->code, a.code, sizeof a.code);
    a.has = told_any(a.json, s->receipt, a.receipt, sizeof a.receipt);
    for (size_t i = 0; a.coded && i < s->code_count; i++)
        if (strcmp(s->codes[i].code, a.code) == 0) {
            a.known = true;
            a.meaning = s->codes[i].meaning;
        }
    return a;
}
static void answer_done(struct answer *a) { json_decref(a->json); }
DEFINE_AUTO_VALUE(struct answer, answer_done)

static bool is_good(const struct answer *a) { return a->status >= 200 && a->status <= 299; }

/* Of an answer whose code says nothing to us. Where it has a receipt, the provider has the message, whatever else it says of it. */
static enum mail_outcome by_status(const struct answer *a) {
    static const struct { int from, to; enum mail_outcome is; } rows[] = {
        { 401, 403, MAIL_RELAY }, { 429, 429, MAIL_RELAY }, { 503, 503, MAIL_RELAY }, { 404, 405, MAIL_RELAY }, { 300, 399, MAIL_RELAY },
        { 408, 408, MAIL_IN_DOUBT }, { 400, 499, MAIL_LATER }, { 500, 599, MAIL_IN_DOUBT },
    };
    if (is_good(a))
        return a->has ? (a->coded ? MAIL_IN_DOUBT : MAIL_SENT) : a->coded ? MAIL_LATER : MAIL_IN_DOUBT;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (a->status >= rows[i].from && a->status <= rows[i].to)
            return a->has && rows[i].is == MAIL_LATER ? MAIL_IN_DOUBT : rows[i].is;
    return MAIL_IN_DOUBT;
}

static const struct { enum mail_outcome outcome; enum reply_verdict verdict; } meanings[] = {
    [SMS_ACCEPTED] = { MAIL_SENT, VERDICT_TAKEN },   [SMS_TAKEN] = { MAIL_SENT, VERDICT_TAKEN }, [SMS_REFUSED] = { MAIL_REFUSED, VERDICT_NONE },
    [SMS_NUMBER] = { MAIL_REFUSED, VERDICT_REJECT }, [SMS_TEXT] = { MAIL_REFUSED, VERDICT_MESSAGE }, [SMS_LATER] = { MAIL_LATER, VERDICT_DEFER },
    [SMS_SLOW] = { MAIL_RELAY, VERDICT_SLOW },       [SMS_OURS] = { MAIL_RELAY, VERDICT_BLOCK }, [SMS_NONE] = { MAIL_LATER, VERDICT_NONE },
};

static enum mail_outcome outcome_of(const struct answer *a) {
    if (!a->known)
        return by_status(a);
    return a->meaning == SMS_ACCEPTED && a->status >= 300 ? MAIL_IN_DOUBT : meanings[a->meaning].outcome;
}

/* What may stand in the list beside the message: a code is a word, and no number that is as long as that of a person. */
static const char *code_shown(const struct answer *a) {
    size_t len = strlen(a->code), digits = 0;
    for (size_t i = 0; i < len; i++)
        digits += a->code[i] >= '0' && a->code[i] <= '9';
    return a->coded && len <= 32 && digits < 7 && strspn(a->code, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-") == len ? a->code : "";
}

/* Its own words; "" where they hold what is personal, or might. */
static void words_take(const struct sms_shape *s, const struct answer *a, const struct sms_letter *l, char *ret, size_t room) {
    ret[0] = 0;
    for (size_t i = 0; i < SMS_POINTERS && s->said[i] != NULL && ret[0] == 0; i++) {
        const json_t *at = found(a->json, s->said[i]);
        if (!json_is_string(at) || json_string_length(at) == 0)
            continue;
        sms_said(json_string_value(at), ret, room);
        if (l != NULL && (sms_said_holds(json_string_value(at), l->text, NULL) || sms_said_holds(ret, NULL, l->to)))
            ret[0] = 0;
        return;
    }
}

/* An id that is the number would lie there in the clear. l NULL: the number is not known here. */
static bool receipt_fits(const struct answer *a, const struct sms_letter *l) {
    size_t len = strlen(a->receipt);
    if (!a->has || len + 1 >= sizeof a->receipt || strspn(a->receipt, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-") != len)
        return false;
    return l != NULL ? !sms_said_holds(a->receipt, NULL, l->to) : len > 15 || len < 7 || strpbrk(a->receipt, "abcdefABCDEFghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ") != NULL;
}

/* l NULL: asked about a message whose text and number are not at hand; then of its words the code alone is kept. */
static void reply_make(const struct sms_shape *s, const struct answer *a, const struct sms_letter *l, bool words, struct sms_reply *ret) {
    int64_t number = 0;
    char *said = ret->mail.said;
    *ret = (struct sms_reply){ .mail = { .outcome = outcome_of(a), .status = a->status }, .verdict = a->known ? meanings[a->meaning].verdict : VERDICT_NONE };
    if (a->coded && text_int(a->code, 1, 999999, &number))
        ret->mail.status = (int)number;
    if (receipt_fits(a, l))
        snprintf(ret->receipt, sizeof ret->receipt, "%s", a->receipt);
    if (ret->mail.outcome == MAIL_SENT) {
        ret->verdict = VERDICT_TAKEN;
        snprintf(said, sizeof ret->mail.said, "%s", a->meaning == SMS_TAKEN && a->known ? "it had taken this reference already" : "taken");
    } else if (words) {
        words_take(s, a, l, said, sizeof ret->mail.said);
    }
    if (said[0] == 0)
        snprintf(said, sizeof ret->mail.said, "HTTP %d%s%s", a->status, code_shown(a)[0] != 0 ? ", code " : "", code_shown(a));
    snprintf(ret->mail.tls, sizeof ret->mail.tls, "TLS");
    ret->mail.about = ret->mail.outcome == MAIL_REFUSED || ret->mail.outcome == MAIL_LATER;
}

/* ---- a request */

static void header_add(struct fetch_header *list, size_t *count, const char *name, const char *value) { list[(*count)++] = (struct fetch_header){ name, value }; }

static enum code ask_provider(const struct sms_client *c, const struct sms_call *call, const struct values *v, const struct buf *body, struct fetch_reply *ret, bool *ret_left, struct err *reterr) {
    const struct sms_shape *s = c->shape;
    AUTO(buf_done) struct buf url = BUF(2048);
    struct buf values[SMS_HEADERS];
    struct fetch_header headers[SMS_HEADERS + 2];
    size_t count = 0;
    header_add(headers, &count, "Accept", "application/json");
    if (body->len > 0)
        header_add(headers, &count, "Content-Type", "application/json; charset=utf-8");
    bool failed = false;
    for (size_t i = 0; i < SMS_HEADERS; i++) {
        values[i] = BUF(VALUE_MAX);
        if (s->headers[i].name != NULL && fill(s->headers[i].value, v, &values[i]))
            header_add(headers, &count, s->headers[i].name, buf_str(&values[i]));
        failed = failed || values[i].failed;
    }
    buf_printf(&url, "https://%s:%d%s%s", s->host, s->port, s->prefix, call->path);
    const struct fetch_request request = { .method = call->method, .url = buf_str(&url), .headers = headers, .header_count = count, .body = body->len > 0 ? body->data : NULL,
                                           .body_len = body->len, .most = ANSWER_MAX, .wait_ms = SMS_WAIT_MS, .ret_left = ret_left };
    *ret_left = false;
    enum code code = url.failed || failed ? err_set(reterr, E_MEMORY, "no memory for a request to the provider of text messages") : c->o.fetch(c->o.arg, &request, ret, reterr);
    for (size_t i = 0; i < SMS_HEADERS; i++)
        buf_wipe(&values[i]);
    return code;
}

static void could_not(const struct err *why, enum mail_outcome outcome, struct sms_reply *ret) {
    *ret = (struct sms_reply){ .mail = { .outcome = outcome } };
    sms_said(why->text, ret->mail.said, sizeof ret->mail.said);
}

static enum code out_send(void *arg, const struct sms_letter *l, mail_go_fn go, void *go_arg, bool *ret_went, struct sms_reply *ret, struct err *reterr) {
    const struct sms_client *c = arg;
    AUTO(buf_wipe) struct buf body = BUF(BODY_MAX);
    AUTO(fetch_reply_done) struct fetch_reply got = FETCH_REPLY;
    struct values v;
    struct err why;
    bool left = false;
    *ret_went = false;
    values_make(c, l->tenant, &l->id, l, &v);
    enum code code = body_make(c->shape->send.body, &v, &body, reterr);
    if (code == OK)
        code = go(go_arg, reterr);
    if (code != OK)
        return code;
    *ret_went = true;
    if (ask_provider(c, &c->shape->send, &v, &body, &got, &left, &why) != OK) {
        could_not(&why, left ? MAIL_IN_DOUBT : MAIL_RELAY, ret);
        return OK;
    }
    AUTO(answer_done) struct answer a = answer_read(c->shape, &got);
    reply_make(c->shape, &a, l, true, ret);
    return OK;
}

/* Is the list that its receipt would stand in there, and empty? Nothing less says that it has no such message: a fault may look like any answer. */
static bool list_is_empty(const struct sms_shape *s, const struct answer *a) {
    const json_t *at = a->json;
    for (const char *p = s->receipt[0] == NULL ? "" : s->receipt[0]; at != NULL && *p == '/';) {
        size_t len = strcspn(p + 1, "/");
        if (json_is_array(at))
            return json_array_size(at) == 0 && (strchr("0123456789", p[1]) != NULL || memchr(p + 1, '=', len) != NULL);
        at = step(at, p + 1, len);
        p += 1 + len;
    }
    return false;
}

static enum mail_outcome asked(const struct sms_shape *s, const struct answer *a, const struct sms_question *q) {
    const bool there = a->has || s->receipt[0] == NULL, waited = q->last >= SMS_REPORTS_WAIT;
    const enum mail_outcome o = outcome_of(a);
    if (a->known && a->meaning == SMS_LATER && a->has)
        return MAIL_NOT_SENT;                /* it is there, and will not go by itself */
    if (is_good(a) && !a->has && waited && (a->known ? a->meaning == SMS_NONE : !a->coded && list_is_empty(s, a)))
        return MAIL_NOT_SENT;                /* it has none of that reference, and had the time to write one down */
    return o == MAIL_SENT || (o == MAIL_REFUSED && there) ? o : MAIL_RELAY;
}

/* A provider that cannot be asked, but refuses a second one for a while: within that while it is handed over again. */
static enum mail_outcome by_itself(const struct sms_shape *s, const struct sms_question *q) {
    if (s->once == 0)
        return MAIL_NEVER;
    return q->first >= 0 && (s->once == USEC_NEVER || q->first < s->once - SMS_ONCE_MARGIN) ? MAIL_NOT_SENT : MAIL_IN_DOUBT;
}

static enum code out_ask(void *arg, const struct sms_question *q, struct sms_reply *ret, struct err *reterr) {
    const struct sms_client *c = arg;
    AUTO(buf_wipe) struct buf body = BUF(BODY_MAX);
    AUTO(fetch_reply_done) struct fetch_reply got = FETCH_REPLY;
    struct values v;
    struct err why;
    bool left;
    if (c->shape->ask.path == NULL) {
        *ret = (struct sms_reply){ .mail = { .outcome = by_itself(c->shape, q) } };
        return OK;
    }
    values_make(c, q->tenant, &q->id, NULL, &v);
    enum code code = c->shape->ask.body == NULL ? OK : body_make(c->shape->ask.body, &v, &body, reterr);
    if (code != OK)
        return code;
    if (ask_provider(c, &c->shape->ask, &v, &body, &got, &left, &why) != OK) {
        could_not(&why, MAIL_RELAY, ret);
        return OK;
    }
    AUTO(answer_done) struct answer a = answer_read(c->shape, &got);
    reply_make(c->shape, &a, NULL, false, ret);
    ret->mail.outcome = asked(c->shape, &a, q);
    return OK;
}

static enum code out_try(void *arg, struct sms_reply *ret, struct err *reterr) {
    const struct sms_client *c = arg;
    AUTO(buf_wipe) struct buf body = BUF(BODY_MAX);
    AUTO(fetch_reply_done) struct fetch_reply got = FETCH_REPLY;
    struct values v;
    struct err why;
    char credit[32];
    bool left;
    *ret = (struct sms_reply){ .mail = { .outcome = MAIL_SENT, .said = "it cannot be tried without sending" } };
    if (c->shape->try.path == NULL)
        return OK;
    values_make(c, 0, NULL, NULL, &v);
    enum code code = c->shape->try.body == NULL ? OK : body_make(c->shape->try.body, &v, &body, reterr);
    if (code != OK)
        return code;
    if (ask_provider(c, &c->shape->try, &v, &body, &got, &left, &why) != OK) {
        could_not(&why, MAIL_RELAY, ret);
        return OK;
    }
    AUTO(answer_done) struct answer a = answer_read(c->shape, &got);
    reply_make(c->shape, &a, NULL, true, ret);
    bool good = is_good(&a) && json_is_object(a.json) && ret->mail.outcome != MAIL_RELAY && !a.coded;
    ret->mail.outcome = good ? MAIL_SENT : MAIL_RELAY;
    if (good && told_any(a.json, c->shape->credit, credit, sizeof credit))
        snprintf(ret->mail.said, sizeof ret->mail.said, "credit %s", credit);
    else if (good)
        snprintf(ret->mail.said, sizeof ret->mail.said, "signed in");
    return OK;
}

static void out_stop(void *arg) {
    const struct sms_client *c = arg;
    if (c->o.stop != NULL)
        c->o.stop(c->o.arg);
}

/* ---- one that is open */

enum code sms_open(const struct sms_options *o, struct sms_client **ret, struct err *reterr) {
    PRE(o != NULL && o->provider != NULL && o->secret != NULL && o->fetch != NULL && ret != NULL && reterr != NULL);
    size_t len = strlen(o->secret) + 1;
    struct sms_client *c = mem_new(sizeof *c);
    char *secret = secret_new(len);
    if (c == NULL || secret == NULL) {
        mem_free(c);
        secret_free(secret);
        return err_set(reterr, E_MEMORY, "no locked memory for the secret of the provider of text messages; mend: ulimit -l 8192, or LimitMEMLOCK=16M in the unit");
    }
    memcpy(secret, o->secret, len);
    *c = (struct sms_client){ .o = *o, .shape = o->provider->shape, .secret = secret };
    c->o.secret = secret;
    c->way = (struct sms_way){ .send = out_send, .ask = out_ask, .try = out_try, .stop = out_stop, .arg = c, .host = c->shape->host };
    *ret = c;
    return OK;
}

struct sms_client *sms_close(struct sms_client *c) {
    if (c != NULL)
        secret_free(c->secret);
    return mem_free(c);
}

const struct sms_way *sms_client_way(const struct sms_client *c) { return &c->way; }
