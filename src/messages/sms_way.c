/* sms_way.c — see sms_way.h. A request is made from the description's JSON, member by member; what an answer means is read from its codes, and where these
 * say nothing from its status: whatever may have been taken is in doubt, and never said to have failed. */
#include "messages/sms_way.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "charter/instance.h"
#include "crypto/crypto.h"

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
    const char *sender = l != NULL && l->sender != NULL ? l->sender : p->sender;
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
    value_add(v, "sender", sender);
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
    return ret->failed ? err_set(reterr, E_TOO_LARGE, "a text message is larger than any provider takes") : OK;
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

/* The text of what a pointer leads to; false: nothing, null, false, 0 or "". */
static bool told(const json_t *answer, const char *pointer, char *ret, size_t room) {
    const json_t *at = answer;
    for (const char *p = pointer; at != NULL && *p == '/';) {
        size_t len = strcspn(p + 1, "/");
        at = step(at, p + 1, len);
        p += 1 + len;
    }
    if (json_is_string(at) && json_string_length(at) > 0)
        snprintf(ret, room, "%s", json_string_value(at));
    else if (json_is_integer(at) && json_integer_value(at) != 0)
        snprintf(ret, room, "%lld", (long long)json_integer_value(at));
    else if (json_is_real(at))
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

void sms_said(const char *text, char *ret, size_t room) {
    size_t len = 0;
    for (const char *p = text; *p != 0 && len + 1 < room; p++)
        ret[len++] = (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p;
    while (len > 0 && !text_is_utf8(ret, len))
        len--;                               /* cut inside a letter, or no UTF-8 from there on */
    ret[len] = 0;
    for (size_t i = 0; i < len;) {
        size_t digits = 0, end = i;
        for (; end < len && (strchr("0123456789", ret[end]) != NULL || (digits > 0 && strchr(" -.()", ret[end]) != NULL)); end++)
            digits += strchr("0123456789", ret[end]) != NULL;
        for (size_t k = i, n = 0; digits >= 7 && k < end; k++)
            if (strchr("0123456789", ret[k]) != NULL && ++n > 2 && n <= digits - 2)
                ret[k] = '*';
        i = end > i ? end : i + 1;
    }
}

/* What the answer's code means; false: it has none. *ret_known: it is one of the description. */
static bool code_of(const struct sms_shape *s, const json_t *answer, bool *ret_known, enum sms_meaning *ret, char *text, size_t room) {
    *ret_known = false;
    if (!told_any(answer, s->code, text, room))
        return false;
    for (size_t i = 0; i < s->code_count; i++)
        if (strcmp(s->codes[i].code, text) == 0) {
            *ret_known = true;
            *ret = s->codes[i].meaning;
        }
    return true;
}

static enum mail_outcome by_status(int status, bool coded, bool receipt) {
    static const struct { int from, to; enum mail_outcome is; } rows[] = {
        { 401, 403, MAIL_RELAY }, { 429, 429, MAIL_RELAY }, { 503, 503, MAIL_RELAY }, { 404, 405, MAIL_RELAY }, { 300, 399, MAIL_RELAY },
        { 408, 408, MAIL_IN_DOUBT }, { 400, 499, MAIL_LATER }, { 500, 599, MAIL_IN_DOUBT },
    };
    if (status >= 200 && status <= 299)
        return coded ? MAIL_LATER : receipt ? MAIL_SENT : MAIL_IN_DOUBT;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (status >= rows[i].from && status <= rows[i].to)
            return rows[i].is;
    return MAIL_IN_DOUBT;
}

static enum mail_outcome outcome_of(enum sms_meaning m, int status) {
    static const enum mail_outcome is[] = { [SMS_ACCEPTED] = MAIL_SENT, [SMS_TAKEN] = MAIL_SENT, [SMS_REFUSED] = MAIL_REFUSED, [SMS_LATER] = MAIL_LATER,
                                            [SMS_SLOW] = MAIL_RELAY, [SMS_OURS] = MAIL_RELAY };
    return m == SMS_ACCEPTED && status >= 300 ? MAIL_IN_DOUBT : is[m];
}

static void reply_make(const struct sms_shape *s, const struct fetch_reply *got, const char *text, struct sms_reply *ret) {
    json_error_t error;
    json_t *answer = json_loadb(buf_str(&got->body), got->body.len, 0, &error);
    char code[64] = "", said[MAIL_TEXT_MAX] = "", receipt[SMS_RECEIPT_MAX] = "";
    enum sms_meaning meaning = SMS_LATER;
    bool known = false, coded = code_of(s, answer, &known, &meaning, code, sizeof code), has = told_any(answer, s->receipt, receipt, sizeof receipt);
    int64_t number = 0;
    *ret = (struct sms_reply){ .mail = { .outcome = known ? outcome_of(meaning, got->status) : by_status(got->status, coded, has), .status = got->status } };
    if (coded && text_int(code, 1, 999999, &number))
        ret->mail.status = (int)number;
    if (has && strlen(receipt) + 1 < sizeof ret->receipt && strspn(receipt, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-") == strlen(receipt))
        snprintf(ret->receipt, sizeof ret->receipt, "%s", receipt);
    if (ret->mail.outcome == MAIL_SENT)
        snprintf(said, sizeof said, "%s", meaning == SMS_TAKEN && known ? "it had taken this reference already" : "taken");
    else if (!told_any(answer, s->said, said, sizeof said) || (text != NULL && *text != 0 && strstr(said, text) != NULL))
        snprintf(said, sizeof said, "HTTP %d%s%s", got->status, coded ? ", code " : "", code);
    sms_said(said, ret->mail.said, sizeof ret->mail.said);
    snprintf(ret->mail.tls, sizeof ret->mail.tls, "TLS");
    ret->mail.about = ret->mail.outcome == MAIL_REFUSED || ret->mail.outcome == MAIL_LATER;
    json_decref(answer);
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
    if (ask_provider(c, &c->shape->send, &v, &body, &got, &left, &why) == OK)
        reply_make(c->shape, &got, l->text, ret);
    else
        could_not(&why, left ? MAIL_IN_DOUBT : MAIL_RELAY, ret);
    return OK;
}

/* Of a message that is known there: it may say that it could not go. */
static enum mail_outcome asked(const struct sms_reply *r, const struct fetch_reply *got, bool json) {
    if (r->mail.outcome == MAIL_LATER && r->receipt[0] != 0)
        return MAIL_NOT_SENT;                /* it is there, and will not go by itself */
    if (r->mail.outcome == MAIL_IN_DOUBT && got->status >= 200 && got->status <= 299 && json)
        return MAIL_NOT_SENT;                /* an answer without that message, and without a fault */
    return r->mail.outcome == MAIL_SENT || r->mail.outcome == MAIL_REFUSED ? r->mail.outcome : MAIL_RELAY;
}

static enum code out_ask(void *arg, int64_t tenant, const struct uuid *id, const char *receipt UNUSED, struct sms_reply *ret, struct err *reterr) {
    const struct sms_client *c = arg;
    AUTO(buf_wipe) struct buf body = BUF(BODY_MAX);
    AUTO(fetch_reply_done) struct fetch_reply got = FETCH_REPLY;
    struct values v;
    struct err why;
    bool left;
    if (c->shape->ask.path == NULL) {
        *ret = (struct sms_reply){ .mail = { .outcome = c->shape->once ? MAIL_NOT_SENT : MAIL_NEVER } };
        return OK;
    }
    values_make(c, tenant, id, NULL, &v);
    enum code code = c->shape->ask.body == NULL ? OK : body_make(c->shape->ask.body, &v, &body, reterr);
    if (code != OK)
        return code;
    if (ask_provider(c, &c->shape->ask, &v, &body, &got, &left, &why) != OK) {
        could_not(&why, MAIL_RELAY, ret);
        return OK;
    }
    json_error_t error;
    json_t *answer = json_loadb(buf_str(&got.body), got.body.len, 0, &error);
    reply_make(c->shape, &got, NULL, ret);
    ret->mail.outcome = asked(ret, &got, json_is_object(answer));
    json_decref(answer);
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
    json_error_t error;
    json_t *answer = json_loadb(buf_str(&got.body), got.body.len, 0, &error);
    reply_make(c->shape, &got, NULL, ret);
    bool good = got.status >= 200 && got.status <= 299 && json_is_object(answer) && ret->mail.outcome != MAIL_RELAY && !told_any(answer, c->shape->code, credit, sizeof credit);
    ret->mail.outcome = good ? MAIL_SENT : MAIL_RELAY;
    if (good && told_any(answer, c->shape->credit, credit, sizeof credit))
        snprintf(ret->mail.said, sizeof ret->mail.said, "credit %s", credit);
    else if (good)
        snprintf(ret->mail.said, sizeof ret->mail.said, "signed in");
    json_decref(answer);
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
