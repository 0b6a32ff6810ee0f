/* sms_providers_test.c — the provider of text messages in sejf.yaml: what is read of it, and what is refused, where. */
#include "charter/sms_providers.c"

#include <stdlib.h>

#include "charter/instance_rows.h"

TEST(a_shipped_provider_is_named) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL, *other = NULL, *none = NULL;
    CHECK_INT(load("sms: {provider: smsapi, token: file secret/sms, sender: Seats, receipts: credential sejf.receipts}\n", f, &i), OK);
    CHECK(i->sms != NULL && i->sms->token && i->sms->secret == SECRET_IN_FILE && i->sms->hook == SECRET_IN_CREDENTIAL && i->sms->user == NULL);
    CHECK_TEXT(i->sms->secret_at, "/etc/sejf/secret/sms");
    CHECK_TEXT(i->sms->hook_at, "sejf.receipts");
    CHECK_TEXT(i->sms->sender, "Seats");
    CHECK_TEXT(i->sms->shape->host, "api.smsapi.pl");
    CHECK(i->sms->shape->once == USEC_PER_DAY && i->sms->shape->ask.path == NULL && i->destination_count == 1 && i->destinations[0].port == 443 && !i->destinations[0].private);
    CHECK_TEXT(i->destinations[0].host, "api.smsapi.pl");
    CHECK_INT(load("sign_in_with: [{name: C, issuer: \"https://api.smsapi.com\", client_id: a, client_secret: file a}]\n"
                   "sms:\n  provider: serwersms\n  address: https://LOCALHOST:9443/v2/\n  user: seats\n  password: file secret/sms\n  ca: ca.pem\n  private: yes\n", f, &other), OK);
    CHECK_TEXT(other->sms->user, "seats");
    CHECK(!other->sms->token && other->sms->hook_at == NULL && other->destination_count == 2);
    CHECK_TEXT(other->sms->shape->prefix, "/v2");
    CHECK_TEXT(other->sms->shape->host, "localhost");
    CHECK(other->sms->shape->port == 9443 && other->destinations[1].port == 9443 && other->destinations[1].private);
    CHECK_TEXT(other->destinations[1].ca, "/etc/sejf/ca.pem");
    CHECK(load("host: seats.example\n", f, &none) == OK && none->sms == NULL);
}

#define DESCRIBED "sms:\n  provider: described\n  address: https://sms.company.example\n  token: file a\n  headers: {x_key: \"{{token}}\"}\n"
#define SEND "  send:\n    path: /m\n    body: '{\"a\": \"{{to}}\", \"b\": \"{{text}}\"}'\n"
TEST(another_is_described) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK_INT(load(DESCRIBED SEND "  ask: {path: /known, body: '{\"a\":\"{{id}}\"}'}\n  receipt: /id\n  code: [/error/code, /state]\n  accepted: [queued, sent]\n  refused: \"17\"\n  once: yes\n"
                   "  told_id: ref\n  told_state: state\n  delivered: done\n  bounced: lost dead\n  answer: thanks\n", f, &i), OK);
    const struct sms_shape *s = i->sms->shape;
    CHECK_TEXT(s->send.path, "/m");
    CHECK_TEXT(s->send.method, "POST");
    CHECK_TEXT(s->ask.path, "/known");
    CHECK(s->try.path == NULL && s->once == USEC_NEVER && s->code_count == 3 && s->codes[2].meaning == SMS_REFUSED && s->receipt[1] == NULL);
    CHECK_TEXT(s->headers[0].name, "x-key");
    CHECK_TEXT(s->code[1], "/state");
    CHECK_TEXT(s->codes[1].code, "sent");
    CHECK_TEXT(s->bounced, "lost dead");
    CHECK_TEXT(s->answer, "thanks");
}

TEST(mistakes_of_a_provider) {
    static const struct mistake rows[] = {
        { "sms: smsapi\n", "wrong-kind" }, { "sms: {prices: /nonexistent/prices.csv}\n", "prices" }, { "sms: {prices: [a]}\n", "wrong-kind" }, { "sms: {token: file a}\n", "missing-key" }, { "sms: {provider: twilo, token: file a}\n", "bad-value" },
        { "sms: {provider: smsapi}\n", "missing-key" }, { "sms: {provider: smsapi, token: hunter2}\n", "bad-value" },
        { "sms: {provider: serwersms, user: a}\n", "missing-key" }, { "sms: {provider: serwersms, password: file a}\n", "missing-key" },
        { "sms: {provider: serwersms, token: file a, user: b, password: file c}\n", "two-lines-contradict" },
        { "sms: {provider: smsapi, user: a, password: file b}\n", "bad-value" },                                /* it takes a token alone */
        { "sms: {provider: smsapi, tokn: file a, token: file a}\n", "unknown-key" },
        { "sms: {provider: smsapi, token: file a, send: {path: /x}}\n", "two-lines-contradict" },
        { "sms: {provider: serwersms, token: file a, receipts: file b}\n", "bad-value" },
        { "sms: {provider: smsapi, token: file a, address: \"http://a.example\"}\n", "bad-value" },
        { "sms: {provider: smsapi, token: file a, address: \"https://a.example?x=1\"}\n", "bad-value" },
        { "sms: {provider: smsapi, token: file a, address: \"https://a.example/{{text}}\"}\n", "bad-value" },
        { "sms: {provider: smsapi, token: file a, address: \"ht\"}\n", "bad-value" }, { "sms: {provider: smsapi, token: file a, private: perhaps}\n", "not-yes-or-no" },
        { "sms: {provider: smsapi, token: file a, ca: \"a;b\"}\n", "bad-path" }, { "sms: {provider: smsapi, token: file a, sender: [a]}\n", "wrong-kind" },
        { "sign_in_with: [{name: C, issuer: \"https://api.smsapi.pl\", client_id: a, client_secret: file a}]\nsms: {provider: smsapi, token: file a, private: yes}\n", "two-lines-contradict" },
        { DESCRIBED "  receipt: /id\n", "missing-key" }, { DESCRIBED SEND, "missing-key" }, { DESCRIBED SEND "  receipt: id\n", "bad-value" },
        { DESCRIBED SEND "  receipt: [/a, /b, /c, /d, /e]\n  code: /c\n", "wrong-kind" },
        { DESCRIBED "  send:\n    path: /m?to={{to}}\n    body: '{\"a\": \"{{to}}\", \"b\": \"{{text}}\"}'\n  receipt: /id\n", "bad-value" },      /* never in an address */
        { DESCRIBED "  send:\n    path: /m\n    method: GET\n    body: '{\"a\": \"{{to}}\", \"b\": \"{{text}}\"}'\n  receipt: /id\n", "bad-value" },
        { DESCRIBED "  send:\n    path: /m\n    body: '{\"a\": \"{{to}}\"}'\n  receipt: /id\n", "missing-key" },
        { DESCRIBED "  send:\n    path: /m\n    body: '{\"a\": \"{{to}}\", \"b\": \"{{text}}\", \"c\": \"{{name}}\"}'\n  receipt: /id\n", "bad-value" },
        { DESCRIBED SEND "  ask: {path: /k, body: '[1]'}\n  receipt: /id\n", "bad-value" }, { DESCRIBED SEND "  ask: {path: /k, query: a}\n  receipt: /id\n", "unknown-key" },
        { DESCRIBED SEND "  receipt: /id\n  told_state: a\n", "missing-key" }, { DESCRIBED SEND "  receipt: /id\n  refused: {a: b}\n", "wrong-kind" },
        { "sms:\n  provider: described\n  address: https://a.example\n  token: file a\n" SEND "  receipt: /id\n", "bad-value" },           /* the token is nowhere */
        { "sms:\n  provider: described\n  token: file a\n  headers: {k: \"{{token}}\"}\n" SEND "  receipt: /id\n", "missing-key" },
        { "sms:\n  provider: described\n  address: https://a.example\n  token: file a\n  headers: {k: \"{{token}} {{text}}\"}\n" SEND "  receipt: /id\n", "bad-value" },
    };
    refuses_each(rows, ARRAY_LEN(rows));
}

/* Every example of docs/text-messages.md that begins with "sms:", but for its price list, which is a file. */
TEST(the_examples_of_the_documentation_are_read) {
    AUTO(buf_done) struct buf path = BUF(4096), doc = BUF(4u << 20);
    struct err e;
    size_t examples = 0;
    buf_printf(&path, "%s/docs/text-messages.md", getenv("SEJF_SOURCE") == NULL ? "." : getenv("SEJF_SOURCE"));
    FILE *file = fopen(buf_str(&path), "re");
    CHECK(file != NULL);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        buf_char(&doc, (char)c);
    CHECK(fclose(file) == 0);
    for (const char *at = strstr(buf_str(&doc), "```\nsms:\n"); at != NULL; at = strstr(at + 4, "```\nsms:\n")) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(instance_free) struct instance *i = NULL;
        AUTO(buf_done) struct buf text = BUF(8192);
        const char *end = strstr(at + 4, "\n```"), *prices = strstr(at, "  prices:");
        CHECK(end != NULL);
        buf_add(&text, at + 4, (size_t)((prices != NULL && prices < end ? prices : end + 1) - at - 4));
        enum code code = instance_load_text("/etc/sejf/sejf.yaml", buf_str(&text), text.len, f, &i, &e);
        if (code != OK)
            fprintf(stderr, "%s\n", buf_str(&text));
        CHECK(code == OK && i->sms != NULL);
        examples++;
    }
    CHECK(examples == 2);
}
