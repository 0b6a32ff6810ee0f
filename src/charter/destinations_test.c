/* destinations_test.c — what sejf.yaml lets be reached, by use. */
#include "charter/destinations.c"

#include "charter/instance_rows.h"

TEST(places_of_webhooks_and_askers) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK(load("webhooks: [Hooks.company.example, {host: \"erp.company.example:8443\", private: yes, tenants: [3, 7], ca: erp.pem}, {host: any.example, tenants: any}]\n"
               "askers:\n  stock: {socket: /run/stock/ask.sock, user: stock}\n  rules: {url: \"https://rules.company.example/ask\"}\n", f, &i) == OK);
    CHECK(i->destination_count == 4 && i->asker_count == 2 && !i->webhooks_anywhere);
    CHECK_TEXT(i->destinations[0].host, "hooks.company.example");
    CHECK(i->destinations[0].port == 443 && i->destinations[0].use == FOR_WEBHOOKS && !i->destinations[0].private);
    CHECK(i->destinations[1].port == 8443 && i->destinations[1].private);
    CHECK(i->destinations[1].tenant_count == 2 && i->destinations[1].tenants[0] == 3 && i->destinations[1].tenants[1] == 7 && i->destinations[2].tenant_count == 0);
    CHECK_TEXT(i->destinations[1].ca, "/etc/sejf/erp.pem");
    CHECK(i->destinations[3].use == FOR_ASKERS && i->destinations[3].port == 443);
    CHECK_TEXT(i->askers[0].name, "stock");
    CHECK_TEXT(i->askers[0].socket, "/run/stock/ask.sock");
    CHECK_TEXT(i->askers[0].user, "stock");
    CHECK_TEXT(i->askers[1].host, "rules.company.example");
}

TEST(any_public_host) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK(load("webhooks: any public host\n", f, &i) == OK);
    CHECK(i->webhooks_anywhere && i->destination_count == 0);
}

TEST(mistakes_have_a_place) {
    static const struct mistake rows[] = {
        { "webhooks: any host\n", "bad-value" }, { "webhooks: [\"https://hooks.example\"]\n", "bad-value" }, { "webhooks: [\"hooks.example:0\"]\n", "bad-value" },
        { "webhooks: [{private: yes}]\n", "missing-key" }, { "webhooks: [{host: a.example, url: x}]\n", "unknown-key" }, { "webhooks: [{host: a.example, private: maybe}]\n", "not-yes-or-no" },
        { "webhooks: [a.example, {host: a.example, private: yes, tenants: any}]\n", "two-lines-contradict" },
        { "webhooks: [{host: a.example, private: yes}]\n", "missing-key" }, { "webhooks: [{host: a.example, private: yes, tenants: all}]\n", "bad-value" },
        { "webhooks: [{host: a.example, tenants: [1, 0]}]\n", "bad-value" }, { "webhooks: [{host: a.example, tenants: {a: b}}]\n", "wrong-kind" }, { "webhooks: [[a.example]]\n", "wrong-kind" },
        { "askers: [stock]\n", "wrong-kind" }, { "askers: {stock: x}\n", "wrong-kind" }, { "askers: {stock: {socket: /run/x}}\n", "missing-key" },
        { "askers: {stock: {user: x}}\n", "missing-key" }, { "askers: {stock: {socket: run/x, user: x}}\n", "bad-path" }, { "askers: {stock: {socket: /run/x, user: X}}\n", "bad-value" },
        { "askers: {stock: {url: \"http://rules.example\"}}\n", "bad-value" }, { "askers: {stock: {url: \"https://rules.example\", user: x}}\n", "two-lines-contradict" },
        { "askers: {stock: {socket: /run/x, user: x, ca: y}}\n", "two-lines-contradict" }, { "askers: {stock: {socket: /run/x, user: x, url: \"https://rules.example\"}}\n", "two-lines-contradict" },
        { "askers: {a: {url: \"https://x.example\"}, b: {url: \"https://x.example\", private: yes}}\n", "two-lines-contradict" },
    };
    refuses_each(rows, ARRAY_LEN(rows));
}
