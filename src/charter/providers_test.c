/* providers_test.c — each key of a provider, each mistake in it, and which destinations follow. */
#include "charter/providers.c"
#include "charter/instance_rows.h"

#define GOOD "name: Company, issuer: \"https://login.company.example\", client_id: sejf, client_secret: file secret/company"

TEST(a_provider_and_its_destinations) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK_INT(load("sign_in_with:\n"
                   "  - name: Company Sp. z o.o.\n"
                   "    issuer: https://Login.company.example:8443/realm/One\n"
                   "    client_id: sejf\n"
                   "    client_secret: file secret/company\n"
                   "    hosts: [keys.company.example, \"token.company.example:444\"]\n"
                   "    ca: company.pem\n"
                   "    private: yes\n"
                   "    second_step: trusted\n"
                   "  - {name: Other, issuer: \"https://other.example/\", client_id: a b, client_secret: credential sejf.other}\n", f, &i), OK);
    CHECK_INT(i->provider_count, 2);
    const struct provider *p = i->providers;
    CHECK_TEXT(p[0].name, "Company Sp. z o.o.");
    CHECK_TEXT(p[0].id, "company-sp-z-o-o");
    CHECK_TEXT(p[0].issuer, "https://Login.company.example:8443/realm/One");
    CHECK_TEXT(p[0].secret_at, "/etc/sejf/secret/company");
    CHECK(p[0].second_trusted && p[0].secret == SECRET_IN_FILE && !p[1].second_trusted && p[1].secret == SECRET_IN_CREDENTIAL);
    CHECK_TEXT(p[1].secret_at, "sejf.other");
    CHECK_INT(i->destination_count, 4);
    static const struct { const char *host; int port; bool private; } want[] = {
        { "login.company.example", 8443, true }, { "keys.company.example", 443, true }, { "token.company.example", 444, true }, { "other.example", 443, false },
    };
    for (size_t n = 0; n < ARRAY_LEN(want); n++) {
        CHECK_TEXT(i->destinations[n].host, want[n].host);
        CHECK(i->destinations[n].port == want[n].port && i->destinations[n].private == want[n].private);
        CHECK((i->destinations[n].ca != NULL) == want[n].private);
    }
    CHECK_TEXT(i->destinations[0].ca, "/etc/sejf/company.pem");
}

TEST(nothing_declared_is_nowhere_to_go) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK_INT(load("sign_in_with: []\n", f, &i), OK);
    CHECK(i->provider_count == 0 && i->destination_count == 0);
    CHECK_TEXT(i->user_sender, "sejf-sender");
}

TEST(every_key_refuses_what_it_cannot_mean) {
    static const struct mistake row[] = {
        { "sign_in_with: Company\n", "wrong-kind" }, { "sign_in_with: {name: a}\n", "wrong-kind" }, { "sign_in_with: [Company]\n", "wrong-kind" },
        { "sign_in_with: [{" GOOD ", nam: a}]\n", "unknown-key" },
        { "sign_in_with: [{issuer: \"https://a.example\", client_id: a, client_secret: file a}]\n", "missing-key" },
        { "sign_in_with: [{name: a, client_id: a, client_secret: file a}]\n", "missing-key" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example\", client_secret: file a}]\n", "missing-key" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example\", client_id: a}]\n", "missing-key" },
        { "sign_in_with: [{name: \"…\", issuer: \"https://a.example\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"http://a.example\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a b.example\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example?x=1\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example#x\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://u@a.example\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example:0\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example.\", client_id: a, client_secret: file a}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example\", client_id: a, client_secret: hunter2}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example\", client_id: a, client_secret: \"file \"}]\n", "bad-value" },
        { "sign_in_with: [{name: a, issuer: \"https://a.example\", client_id: a, client_secret: credential a/b}]\n", "bad-value" },
        { "sign_in_with: [{" GOOD ", hosts: [a b]}]\n", "bad-value" }, { "sign_in_with: [{" GOOD ", hosts: {a: b}}]\n", "wrong-kind" },
        { "sign_in_with: [{" GOOD ", hosts: [a, b, c, d, e, f, g, h, i]}]\n", "wrong-kind" },
        { "sign_in_with: [{" GOOD ", ca: \"a;b\"}]\n", "bad-path" }, { "sign_in_with: [{" GOOD ", private: perhaps}]\n", "not-yes-or-no" },
        { "sign_in_with: [{" GOOD ", second_step: no}]\n", "bad-value" },
        { "sign_in_with:\n  - {" GOOD "}\n  - {name: company, issuer: \"https://b.example\", client_id: a, client_secret: file a}\n", "two-lines-contradict" },
        { "sign_in_with:\n  - {" GOOD "}\n  - {name: b, issuer: \"https://login.company.example\", client_id: a, client_secret: file a}\n", "two-lines-contradict" },
        { "sign_in_with:\n  - {" GOOD "}\n  - {name: b, issuer: \"https://b.example\", client_id: a, client_secret: file a, hosts: [login.company.example], private: yes}\n",
          "two-lines-contradict" },
        { "sign_in_with:\n  - {" GOOD ", ca: a.pem}\n  - {name: b, issuer: \"https://b.example\", client_id: a, client_secret: file a, hosts: [login.company.example]}\n",
          "two-lines-contradict" },
        { "sender_user: \"a b\"\n", "bad-value" },
    };
    refuses_each(row, ARRAY_LEN(row));
}

TEST(a_misspelt_key_is_told_which_was_meant) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct instance *i = NULL;
    const struct finding *list;
    CHECK_INT(load("sign_in_with:\n  - {" GOOD ", privat: yes}\n", f, &i), E_CONFIG);
    CHECK_INT(findings_list(f, &list), 1);
    CHECK_TEXT(list[0].suggestion, "private");
}
