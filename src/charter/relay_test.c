/* relay_test.c — the relay of sejf.yaml: what is read of it, and what is refused, where. */
#include "charter/relay.c"

#include "charter/instance_rows.h"

TEST(a_relay_is_read) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL, *plain = NULL, *none = NULL;
    CHECK(load("mail:\n  relay: relay.company.example\n  tls: starttls\n  user: seats\n  password: file secret/relay\n  from: service@seats.example\n  name: Seats sp. z o.o.\n  ca: ca.pem\n  dkim: {domain: seats.example, selector: s2026, key: file secret/dkim.pem}\n", f, &i) == OK);
    CHECK(i->mail != NULL && i->mail->port == 587 && i->mail->tls == RELAY_STARTTLS && i->mail->password == SECRET_IN_FILE);
    CHECK_TEXT(i->mail->host, "relay.company.example");
    CHECK_TEXT(i->mail->user, "seats");
    CHECK_TEXT(i->mail->password_at, "/etc/sejf/secret/relay");
    CHECK_TEXT(i->mail->from, "service@seats.example");
    CHECK_TEXT(i->mail->name, "Seats sp. z o.o.");
    CHECK_TEXT(i->mail->ca, "/etc/sejf/ca.pem");
    CHECK(i->mail->dkim_key == SECRET_IN_FILE);
    CHECK_TEXT(i->mail->dkim_domain, "seats.example");
    CHECK_TEXT(i->mail->dkim_selector, "s2026");
    CHECK_TEXT(i->mail->dkim_key_at, "/etc/sejf/secret/dkim.pem");
    CHECK_TEXT(i->user_mailer, "sejf-mailer");
    CHECK(load("mail: {relay: \"localhost:2525\", tls: none, from: a@seats.example}\n", f, &plain) == OK);
    CHECK(plain->mail->port == 2525 && plain->mail->tls == RELAY_PLAIN && plain->mail->user == NULL && plain->mail->name == NULL && plain->mail->ca == NULL);
    AUTO(instance_free) struct instance *six = NULL;
    CHECK(load("mail: {relay: localhost, tls: none, from: a@seats.example, bounces: {listen: \"[::1]:2525\", domain: bounces.seats.example}}\n", f, &six) == OK);
    CHECK(six->mail->bounces_port == 2525 && plain->mail->bounces_listen == NULL && plain->mail->bounces_domain == NULL);
    CHECK_TEXT(six->mail->bounces_listen, "::1");
    CHECK_TEXT(six->mail->bounces_domain, "bounces.seats.example");
    CHECK(load("host: seats.example\n", f, &none) == OK && none->mail == NULL);
}

#define REST "  from: a@seats.example\n"
TEST(mistakes_of_a_relay) {
    static const struct mistake rows[] = {
        { "mail: relay.example\n", "wrong-kind" }, { "mail: [a]\n", "wrong-kind" },
        { "mail:\n  tls: tls\n" REST, "missing-key" }, { "mail:\n  relay: a.example\n" REST, "missing-key" }, { "mail:\n  relay: a.example\n  tls: tls\n", "missing-key" },
        { "mail:\n  relay: a b\n  tls: tls\n" REST, "bad-value" }, { "mail:\n  relay: a.example:0\n  tls: tls\n" REST, "bad-value" },
        { "mail:\n  relay: \"a.example:\"\n  tls: tls\n" REST, "bad-value" }, { "mail:\n  relay: a.example:25x\n  tls: tls\n" REST, "bad-value" },
        { "mail:\n  relay: a.example\n  tls: ssl\n" REST, "bad-value" }, { "mail:\n  relay: a.example\n  tls: none\n" REST, "two-lines-contradict" },
        { "mail:\n  relay: localhost\n  tls: none\n  user: a\n  password: file b\n" REST, "two-lines-contradict" }, { "mail:\n  relay: localhost\n  tls: none\n  ca: b\n" REST, "two-lines-contradict" },
        { "mail:\n  relay: a.example\n  tls: tls\n  user: a\n" REST, "missing-key" }, { "mail:\n  relay: a.example\n  tls: tls\n  password: file a\n" REST, "missing-key" },
        { "mail:\n  relay: a.example\n  tls: tls\n  user: a\n  password: geheim\n" REST, "bad-value" }, { "mail:\n  relay: a.example\n  tls: tls\n  from: Seats\n", "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  from: usługa@seats.example\n", "bad-value" }, { "mail:\n  relay: a.example\n  tls: tls\n  from: a@żółw.example\n", "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  from: \"Seats <a@seats.example>\"\n", "bad-value" }, { "mail:\n  relay: a.example\n  tls: tls\n  form: a\n" REST, "unknown-key" },
        { "mail:\n  relay: a.example\n  tls: tls\n  ca: \"a;b\"\n" REST, "bad-path" }, { "mail:\n  relay: a.example\n  tls: tls\n  name: [a]\n" REST, "wrong-kind" },
        { "mail:\n  relay: 127.relay.example\n  tls: none\n" REST, "two-lines-contradict" }, { "mail:\n  relay: 128.0.0.1\n  tls: none\n" REST, "two-lines-contradict" },
        { "mail:\n  relay: a.example\n  tls: tls\n  dkim: s2026\n" REST, "wrong-kind" }, { "mail:\n  relay: a.example\n  tls: tls\n  dkim: {domain: seats.example, selector: s2026}\n" REST, "missing-key" },
        { "mail:\n  relay: a.example\n  tls: tls\n  dkim: {domain: seats, selector: s2026, key: file a}\n" REST, "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  dkim: {domain: seats.example, selector: \"s.2026\", key: file a}\n" REST, "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  dkim: {domain: seats.example, selector: s2026, key: geheim}\n" REST, "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  dkim: {domain: seats.example, selector: s2026, key: file a, kye: file a}\n" REST, "unknown-key" },
        { "mail:\n  relay: a.example\n  tls: tls\n  dkim: {domain: other.example, selector: s2026, key: file a}\n" REST, "two-lines-contradict" },
        { "mail:\n  relay: a.example\n  tls: tls\n  dkim: {domain: eats.example, selector: s2026, key: file a}\n" REST, "two-lines-contradict" },
        { "mailer_user: \"a b\"\n", "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  bounces: 25\n" REST, "wrong-kind" }, { "mail:\n  relay: a.example\n  tls: tls\n  bounces: {listen: \"127.0.0.1:25\"}\n" REST, "missing-key" },
        { "mail:\n  relay: a.example\n  tls: tls\n  bounces: {listen: \"localhost:25\", domain: b.example}\n" REST, "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  bounces: {listen: \"127.0.0.1:0\", domain: b.example}\n" REST, "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  bounces: {listen: \"127.0.0.1:25\", domain: \"b c\"}\n" REST, "bad-value" },
        { "mail:\n  relay: a.example\n  tls: tls\n  bounces: {listen: \"127.0.0.1:25\", domain: b.example, from: a}\n" REST, "unknown-key" },
    };
    refuses_each(rows, ARRAY_LEN(rows));
}
