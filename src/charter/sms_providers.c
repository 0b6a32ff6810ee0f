/* sms_providers.c — `sms` of sejf.yaml: the provider that takes text messages. One that is shipped (sms_shapes.c) is named; any other with a JSON API is described by the
 * same means. Its host becomes a destination of the sender. What a request brings stands in its body alone: a path holds no {{…}}. */
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"
#include "charter/prices.h"

#define TEXT_MAX 200u
#define BODY_MAX 2000u
#define CODES_MAX 64u

struct entry { struct sms_provider provider; struct sms_shape shape; struct destination to; const char *ca; struct sms_code *codes; bool addressed, private, described; };

/* "yes", "no", or so many hours or days. */
static void read_once(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    static const struct { const char *word; usec_t each; int64_t most; } units[] = { { " hour", USEC_PER_HOUR, 24 * 30 }, { " hours", USEC_PER_HOUR, 24 * 30 }, { " day", USEC_PER_DAY, 30 }, { " days", USEC_PER_DAY, 30 } };
    struct entry *e = to;
    int64_t count = 0;
    if (!instance_scalar(r, n))
        return;
    size_t digits = strspn(n->text, "0123456789");
    bool fits = strcmp(n->text, "no") == 0 || strcmp(n->text, "yes") == 0;
    e->shape.once = strcmp(n->text, "yes") == 0 ? USEC_NEVER : 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(n->text + digits, units[i].word) == 0 && text_int_n(n->text, digits, 1, units[i].most, &count)) {
            e->shape.once = count * units[i].each;
            fits = true;
        }
    if (!fits)
        instance_complain(r, n, "bad-value", "yes, no, or for how long it refuses a second one is wanted here, such as 24 hours");
}

static void read_provider(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    if (!instance_scalar(r, n))
        return;
    const struct sms_shape *shipped = sms_shape_find(n->text);
    e->described = strcmp(n->text, "described") == 0;
    if (shipped != NULL)
        e->shape = *shipped;
    else if (!e->described)
        instance_complain(r, n, "bad-value", "\"serwersms\", \"smsapi\" or \"described\" (docs/text-messages.md says how) is wanted here");
}

/* https, a host, perhaps a port and the beginning of every path. */
static void read_address(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    static const char start[] = "https://";
    if (!instance_scalar(r, n))
        return;
    bool fits = strncmp(n->text, start, strlen(start)) == 0 && strlen(n->text) <= TEXT_MAX && instance_text(n->text) && strpbrk(n->text, " ?#@\\\"<>{}") == NULL;
    const char *host = fits ? n->text + strlen(start) : "";
    if (!fits || !destination_of(r, host, strcspn(host, "/"), &e->to)) {
        instance_complain(r, n, "bad-value", "the address of the provider is wanted here, such as https://sms.company.example/v1");
        return;
    }
    const char *path = host + strcspn(host, "/");
    size_t len = strlen(path);
    e->shape.prefix = arena_text_n(r->arena, path, len > 0 && path[len - 1] == '/' ? len - 1 : len);
    e->addressed = true;
}

static void read_token(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    e->provider.token = true;
    instance_secret(r, n, &e->provider.secret, &e->provider.secret_at);
}
static void read_password(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    instance_secret(r, n, &e->provider.secret, &e->provider.secret_at);
}
static void read_hook(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    instance_secret(r, n, &e->provider.hook, &e->provider.hook_at);
}

/* ---- of a description */

/* {{name}} in a text: only what there is, and of a header nothing about a message. */
static bool names_known(const char *text, bool header) {
    static const char *const words[] = { "token", "user", "password", "to", "digits", "text", "id", "sender", "parts", "unicode" };
    for (const char *at = strstr(text, "{{"); at != NULL; at = strstr(at + 2, "{{")) {
        const char *end = strstr(at, "}}");
        bool known = false;
        for (size_t i = 0; end != NULL && i < (header ? 3 : ARRAY_LEN(words)); i++)
            known = known || (strlen(words[i]) == (size_t)(end - at - 2) && strncmp(words[i], at + 2, strlen(words[i])) == 0);
        if (!known)
            return false;
    }
    return true;
}

/* Keys have no '-': x_key is the header x-key. */
static const char *header_name(struct reading *r, const char *key) {
    char *name = arena_text(r->arena, key);
    for (char *p = name; p != NULL && *p != 0; p++)
        *p = *p == '_' ? '-' : *p;
    return name;
}

static void read_headers(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    size_t count = 0;
    if (n->type != NODE_MAP || n->count > SMS_HEADERS) {
        instance_complain(r, n, "wrong-kind", "a map of at most 8 headers is wanted here");
        return;
    }
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        const char *value = instance_line(r, one, TEXT_MAX);
        if (value == NULL)
            continue;
        if (!names_known(value, true))
            instance_complain(r, one, "bad-value", "a header holds {{token}}, {{user}} or {{password}} and nothing of a message");
        e->shape.headers[count++] = (struct sms_header){ header_name(r, one->key), value };
    }
}

static void check_body(struct reading *r, const struct node *n, const char *body) {
    json_error_t error;
    json_t *o = body == NULL ? NULL : json_loads(body, JSON_REJECT_DUPLICATES, &error);
    if (body != NULL && !json_is_object(o))
        instance_complain(r, n, "bad-value", "a JSON object is wanted here, in single quotes: '{\"to\": \"{{to}}\", \"text\": \"{{text}}\"}'");
    else if (body != NULL && !names_known(body, false))
        instance_complain(r, n, "bad-value", "{{…}} is one of to, digits, text, id, sender, parts, unicode, user, password, token");
    json_decref(o);
}

static void read_call(struct reading *r, void *to, const struct node *n, size_t at) {
    struct entry *e = to;
    struct sms_call *c = (struct sms_call *)(void *)((char *)e + at);
    c->method = "POST";
    c->path = "";
    for (const struct node *one = n->type == NODE_MAP ? n->first : NULL; one != NULL; one = one->next) {
        const char *text = instance_line(r, one, BODY_MAX);
        if (text == NULL)
            continue;
        if (strcmp(one->key, "path") == 0) {
            if (text[0] != '/' || strpbrk(text, " ?#{}\"\\") != NULL)
                instance_complain(r, one, "bad-value", "a path is wanted here, such as /messages: it begins with '/' and holds nothing of a message, for that stands in the body alone");
            c->path = text;
        } else if (strcmp(one->key, "body") == 0) {
            check_body(r, one, text);
            c->body = text;
        } else if (strcmp(one->key, "method") == 0 && (strcmp(text, "POST") == 0 || strcmp(text, "PUT") == 0 || strcmp(text, "GET") == 0)) {
            c->method = text;
        } else {
            instance_complain(r, one, "unknown-key", "path, method (POST, PUT or GET) and body are read here");
        }
    }
    if (n->type != NODE_MAP)
        instance_complain(r, n, "wrong-kind", "a map of path, method and body is wanted here");
}

static void read_pointers(struct reading *r, void *to, const struct node *n, size_t at) {
    struct entry *e = to;
    const char **list = (const char **)(void *)((char *)e + at);
    size_t count = 0;
    const struct node *one = n->type == NODE_LIST ? n->first : n;
    if (n->type == NODE_MAP || n->count > SMS_POINTERS) {
        instance_complain(r, n, "wrong-kind", "a JSON pointer, or a list of at most 4, is wanted here");
        return;
    }
    for (; one != NULL; one = n->type == NODE_LIST ? one->next : NULL) {
        const char *text = instance_line(r, one, TEXT_MAX);
        if (text != NULL && text[0] != '/')
            instance_complain(r, one, "bad-value", "a JSON pointer is wanted here, such as /error/code");
        list[count++] = text;
    }
}

static void read_codes(struct reading *r, void *to, const struct node *n, size_t at) {
    struct entry *e = to;
    if (n->type == NODE_MAP || e->shape.code_count + n->count >= CODES_MAX) {
        instance_complain(r, n, "wrong-kind", "a code, or a list of codes, is wanted here; at most 63 in all");
        return;
    }
    for (const struct node *one = n->type == NODE_LIST ? n->first : n; one != NULL; one = n->type == NODE_LIST ? one->next : NULL) {
        const char *text = instance_line(r, one, TEXT_MAX);
        if (text != NULL && e->codes != NULL)
            e->codes[e->shape.code_count++] = (struct sms_code){ text, (enum sms_meaning)at };
    }
}

#define AT(field) offsetof(struct entry, field)
static void read_prices(struct reading *r, void *to UNUSED, const struct node *n, size_t at UNUSED) {
    const char *path = instance_scalar(r, n) ? instance_path(r, n) : NULL;
    struct err why;
    struct prices *list = NULL;
    if (path == NULL)
        return;
    enum code code = prices_load(path, r->findings, &list, &why);
    if (code == OK)
        r->to->prices = list;
    else if (code != E_CONFIG)                /* else each of its lines was complained of */
        instance_complain(r, n, "prices", why.text);
}

static const struct map_key keys[] = {
    { "prices", MAP_MAY, read_prices, 0 },
    { "provider", MAP_MAY, read_provider, 0 }, { "address", MAP_MAY, read_address, 0 }, { "token", MAP_MAY, read_token, 0 }, { "user", MAP_MAY, map_line, AT(provider.user) },
    { "password", MAP_MAY, read_password, 0 }, { "sender", MAP_MAY, map_line, AT(provider.sender) }, { "receipts", MAP_MAY, read_hook, 0 }, { "ca", MAP_MAY, map_path, AT(ca) },
    { "private", MAP_MAY, map_yes_no, AT(private) },
    /* of one that is described */
    { "headers", MAP_MARKED, read_headers, 0 }, { "send", MAP_MARKED, read_call, AT(shape.send) }, { "ask", MAP_MARKED, read_call, AT(shape.ask) }, { "try", MAP_MARKED, read_call, AT(shape.try) },
    { "receipt", MAP_MARKED, read_pointers, AT(shape.receipt) }, { "code", MAP_MARKED, read_pointers, AT(shape.code) }, { "said", MAP_MARKED, read_pointers, AT(shape.said) },
    { "credit", MAP_MARKED, read_pointers, AT(shape.credit) },
    { "accepted", MAP_MARKED, read_codes, SMS_ACCEPTED }, { "taken", MAP_MARKED, read_codes, SMS_TAKEN }, { "refused", MAP_MARKED, read_codes, SMS_REFUSED },
    { "no_number", MAP_MARKED, read_codes, SMS_NUMBER }, { "bad_text", MAP_MARKED, read_codes, SMS_TEXT }, { "unknown", MAP_MARKED, read_codes, SMS_NONE }, { "later", MAP_MARKED, read_codes, SMS_LATER },
    { "slow_down", MAP_MARKED, read_codes, SMS_SLOW }, { "ours", MAP_MARKED, read_codes, SMS_OURS }, { "once", MAP_MARKED, read_once, 0 },
    { "told_id", MAP_MARKED, map_line, AT(shape.told_id) }, { "told_state", MAP_MARKED, map_line, AT(shape.told_state) },
    { "delivered", MAP_MARKED, map_line, AT(shape.delivered) }, { "bounced", MAP_MARKED, map_line, AT(shape.bounced) },
    { "dead", MAP_MARKED, map_line, AT(shape.dead) }, { "stopped", MAP_MARKED, map_line, AT(shape.stopped) }, { "answer", MAP_MARKED, map_line, AT(shape.answer) },
};
#undef AT

/* `provider` was read first. */
static bool fits(struct reading *r, const void *from, const struct map_key *k, const struct node *n) {
    const struct entry *e = from;
    bool wrong = k->is == MAP_MARKED && e->shape.name != NULL;
    if (wrong)
        instance_complain(r, n, "two-lines-contradict", "this is said of a provider that is described alone");
    return !wrong && k->read != read_provider;
}

static const struct map_form form = { "sms", "a map of provider, token and sender is wanted here", NULL, keys, ARRAY_LEN(keys), fits };

/* ---- together */

static void mistake(struct reading *r, const struct node *n, const char *id, const char *what) { finding_node(r->findings, r->tree, FINDING_ERROR, id, n, NULL, "sms: %s", what); }

static bool mentions(const struct sms_shape *s, const char *word) {
    bool found = s->send.body != NULL && strstr(s->send.body, word) != NULL;
    for (size_t i = 0; i < SMS_HEADERS; i++)
        found = found || (s->headers[i].value != NULL && strstr(s->headers[i].value, word) != NULL);
    return found;
}

static void check_described(struct reading *r, const struct entry *e, const struct node *n) {
    const struct sms_shape *s = &e->shape;
    if (!e->addressed)
        mistake(r, n, "missing-key", "a provider that is described needs an address");
    if (s->send.body == NULL || !mentions(s, "{{text}}") || (!mentions(s, "{{to}}") && !mentions(s, "{{digits}}")))
        mistake(r, n, "missing-key", "a provider that is described needs send, with a body that holds {{to}} (or {{digits}}) and {{text}}");
    if (s->send.method != NULL && strcmp(s->send.method, "GET") == 0)
        mistake(r, n, "bad-value", "a message is sent by POST or PUT, for a GET has no body");
    if (s->receipt[0] == NULL && s->code[0] == NULL)
        mistake(r, n, "missing-key", "receipt or code must say where in the answer it stands that a message was taken");
    if ((s->told_state == NULL) != (s->told_id == NULL))
        mistake(r, n, "missing-key", "told_id and told_state go together: which message is meant, and what became of it?");
}

static void check_together(struct reading *r, const struct entry *e, const struct node *n) {
    const struct sms_provider *p = &e->provider;
    bool token = node_get(n, "token") != NULL, password = node_get(n, "password") != NULL;
    if (node_get(n, "provider") == NULL)
        mistake(r, n, "missing-key", "provider is missing: serwersms, smsapi or described");
    else if (e->described)
        check_described(r, e, n);
    if (token == password)
        mistake(r, n, token ? "two-lines-contradict" : "missing-key", "the provider is signed in to by a token, or by user and password: one of them is wanted");
    else if (password != (node_get(n, "user") != NULL))
        mistake(r, n, "missing-key", "user and password go together; the other one is missing");
    else if (e->shape.send.body != NULL && !mentions(&e->shape, token ? "{{token}}" : "{{password}}"))
        mistake(r, n, "bad-value", token ? "a token is given, and neither headers nor body hold {{token}}" : "this provider takes a token and no password");
    if (p->hook_at != NULL && e->shape.told_state == NULL)
        mistake(r, node_get(n, "receipts"), "bad-value", "this provider sends no receipts that could be read (told_state)");
}

void sms_read(struct reading *r, const struct node *n) {
    const struct node *which = node_get(n, "provider");
    struct sms_provider *p = arena_array(r->arena, 1, sizeof *p);
    struct sms_shape *shape = arena_array(r->arena, 1, sizeof *shape);
    struct entry e = { .shape = { .prefix = "", .answer = "OK" }, .codes = arena_array(r->arena, CODES_MAX, sizeof *e.codes) };
    if (p == NULL || shape == NULL || e.codes == NULL)
        return;
    e.shape.codes = e.codes;
    if (which != NULL)
        read_provider(r, &e, which, 0);      /* first: the others alter it */
    bool shipped = e.shape.name != NULL;
    if (!map_read(r, &form, &e, n))
        return;
    if (n->count == 1 && node_get(n, "prices") != NULL)
        return;                              /* what they cost is known before somebody takes them */
    check_together(r, &e, n);
    if (!e.addressed && shipped)
        e.to = (struct destination){ .host = e.shape.host, .port = e.shape.port };
    if (e.to.host == NULL)
        return;                              /* it was complained of */
    e.to.ca = e.ca;
    e.to.private = e.private;
    e.shape.host = e.to.host;
    e.shape.port = e.to.port;
    destination_add(r, &e.to, n);
    *shape = e.shape;
    *p = e.provider;
    p->shape = shape;
    r->to->sms = p;
}
