/* instance_map_test.c — maps of sejf.yaml: what is said of a key that is not there, of one that is missing, and of one that is mistyped. */
#include "charter/instance_map.c"

#include "charter/instance_rows.h"

struct said { const char *yaml, *id, *text, *better; };

static void says_each(const struct said *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(instance_free) struct instance *ret = NULL;
        bool found = false;
        CHECK(load(rows[i].yaml, f, &ret) == E_CONFIG && ret == NULL);
        const struct finding *list;
        size_t all = findings_list(f, &list);
        for (size_t n = 0; n < all; n++) {
            const struct finding *one = &list[n];
            found = found || (strcmp(one->id, rows[i].id) == 0 && strcmp(one->text, rows[i].text) == 0
                              && (rows[i].better == NULL ? one->suggestion == NULL : one->suggestion != NULL && strcmp(one->suggestion, rows[i].better) == 0));
        }
        if (!found)
            fprintf(stderr, "%s\n%s\n", rows[i].yaml, all == 0 ? "" : list[0].text);
        CHECK(found);
    }
}

TEST(every_map_says_the_same_of_its_keys) {
    static const struct said rows[] = {
        { "mail: {relay: a.example, tls: tls, form: a@b.example}\n", "unknown-key", "mail has no key \"form\"", "from" },
        { "mail: {relay: a.example, tls: tls}\n", "missing-key", "mail needs from", NULL },
        { "mail: {relay: a.example, tls: tls, from: a@b.example, dkim: {domain: b.example, selector: s}}\n", "missing-key", "mail.dkim needs key; `sejf dkim make` makes a key", NULL },
        { "mail: {relay: a.example, tls: tls, from: a@b.example, bounces: {listen: \"127.0.0.1:25\", doman: b.example}}\n", "unknown-key", "mail.bounces has no key \"doman\"", "domain" },
        { "mail: {relay: a.example, tls: tls, from: a@b.example, bounces: {listen: \"127.0.0.1:25\"}}\n", "missing-key", "mail.bounces needs domain", NULL },
        { "hosts: [{id: 0123456789abcdef0123456789abcdef, nam: a}]\n", "unknown-key", "a machine of hosts has no key \"nam\"", "name" },
        { "hosts: [{name: a}]\n", "missing-key", "a machine of hosts needs id", NULL },
        { "hosts: [a]\n", "wrong-kind", "hosts: each machine is a map of id, name, owner and contract", NULL },
        { "sign_in_with: [{name: a, isuer: \"https://a.example\"}]\n", "unknown-key", "a provider of sign_in_with has no key \"isuer\"", "issuer" },
        { "sign_in_with: [{name: a}]\n", "missing-key", "a provider of sign_in_with needs client_id", NULL },
        { "webhooks: [{hots: a.example}]\n", "unknown-key", "a place of webhooks has no key \"hots\"", "host" },
        { "askers: {stock: {sokcet: /run/a, user: a}}\n", "unknown-key", "an asker has no key \"sokcet\"", "socket" },
        { "sms: {provider: smsapi, tokn: file a}\n", "unknown-key", "sms has no key \"tokn\"", "token" },
        { "sms: {provider: smsapi, token: file a, private: maybe}\n", "not-yes-or-no", "private: yes or no is wanted here", NULL },
        { "mail: {relay: a.example, tls: tls, from: a@b.example, name: \"a\\tb\"}\n", "bad-text", "name: at most 100 characters without control characters are read here", NULL },
    };
    says_each(rows, ARRAY_LEN(rows));
}

TEST(a_text_may_be_as_long_as_it_is_said) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *fits = NULL, *none = NULL;
    AUTO(buf_done) struct buf yaml = BUF(2048), longer = BUF(2048);
    buf_printf(&yaml, "mail: {relay: a.example, tls: tls, from: a@b.example, user: \"%0200d\", password: file a}\n", 7);
    CHECK(load(buf_str(&yaml), f, &fits) == OK && strlen(fits->mail->user) == 200);
    buf_printf(&longer, "mail: {relay: a.example, tls: tls, from: a@b.example, user: \"%0201d\", password: file a}\n", 7);
    CHECK(load(buf_str(&longer), f, &none) == E_CONFIG && none == NULL);
}
