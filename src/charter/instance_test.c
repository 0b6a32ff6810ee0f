/* instance_test.c — every mistake of a file in one run, each at its place; the example is valid. */
#include "charter/instance.c"
#include "charter/instance_rows.h"

TEST(the_example_is_valid_and_says_the_defaults) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    const struct instance_wish wish = { .host = "seats.example", .https = 443, .everywhere = true };
    instance_example(&wish, &text);
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK_INT(load(buf_str(&text), f, &i), OK);
    CHECK_TEXT(i->host, "seats.example");
    CHECK(i->https == 443 && i->plain == 444 && i->listen == LISTEN_EVERYWHERE && i->sandbox && strcmp(i->log, "/etc/sejf/log/sejf.log") == 0 && i->certificate == NULL);
    CHECK(i->charter_count == 1 && i->root == ROOT_IN_FILE && i->log_level == LOG_INFO);
    CHECK_TEXT(i->charters[0], "/etc/sejf/charters");
    CHECK_TEXT(i->root_at, "/etc/sejf/keeper/root.key");
    CHECK_TEXT(i->nginx, "/usr/sbin/nginx");
}

/* The lines that init leaves as comments must be right too. */
TEST(the_commented_lines_are_valid) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    for (size_t s = 0; s < ARRAY_LEN(settings); s++)
        if (settings[s].example == NULL)
            buf_printf(&text, "%s: %s\n", settings[s].key, settings[s].hint);
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK_INT(load(buf_str(&text), f, &i), OK);
    CHECK(i->name_count == 1 && i->cors_count == 1 && i->frame_count == 1);
    CHECK_TEXT(i->brand_logo, "/etc/sejf/logo.svg");
    CHECK_TEXT(i->brand_colour, "#1f4e79");
    CHECK_TEXT(i->certificate, "/etc/sejf/fullchain.pem");
    CHECK_TEXT(i->data, "/var/lib/sejf");
    CHECK_TEXT(i->clock, "Europe/Warsaw");
}

TEST(every_key_refuses_what_it_cannot_mean) {
    static const struct mistake row[] = {
        { "hots: a\n", "unknown-key" }, { "host: a b\n", "bad-value" }, { "host: -a\n", "bad-value" }, { "host: [a]\n", "wrong-kind" },
        { "https: 0\n", "not-a-port" }, { "https: 65536\n", "not-a-port" }, { "https: none\n", "not-a-port" }, { "plain: x\n", "not-a-port" },
        { "https: 99\nplain: 99\n", "two-lines-contradict" }, { "certificate: a.pem\n", "missing-key" }, { "key: a.pem\n", "missing-key" },
        { "listen: here\n", "bad-value" }, { "listen: []\n", "missing-value" }, { "charters: []\n", "missing-value" },
        { "engine: oracle\n", "bad-value" }, { "root_key: none\n", "bad-value" }, { "root_key: file\n", "bad-value" },
        { "root_key: credential a/b\n", "bad-value" }, { "sandbox: maybe\n", "not-yes-or-no" }, { "log_level: loud\n", "bad-value" },
        { "cors: [http://www.example]\n", "bad-value" }, { "cors: [https://www.example/path]\n", "bad-value" },
        { "frames: [\"https://a.example; script-src *\"]\n", "bad-value" }, { "brand_colour: red\n", "bad-value" },
        { "nginx: \"/usr/sbin/nginx;\"\n", "bad-path" }, { "log: \"a\\\"b\"\n", "bad-path" }, { "keeper_user: Root!\n", "bad-value" }, { "clock: Mars/Base\n", "bad-value" },
        { "log: /var/log/../../etc/x\n", "bad-path" },
    };
    refuses_each(row, ARRAY_LEN(row));
}

TEST(all_mistakes_come_in_one_run_with_a_suggestion) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct instance *i = NULL;
    const struct finding *list;
    CHECK_INT(load("host: localhost\nsandbx: yes\nhttps: many\nlog_level: loud\n", f, &i), E_CONFIG);
    CHECK_INT(findings_list(f, &list), 3);
    CHECK(list[0].pos.line == 2 && list[1].pos.line == 3 && list[2].pos.line == 4);
    CHECK_TEXT(list[0].suggestion, "sandbox");
    AUTO(buf_done) struct buf text = BUF(8192);
    findings_print(f, &text);
    CHECK(strstr(buf_str(&text), "/etc/sejf/sejf.yaml:3:8") != NULL);
}

TEST(forms_of_the_root_key_and_of_listening) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK_INT(load("root_key: credential sejf.root\nlisten: [127.0.0.1, \"::1\"]\nplain: none\nsandbox: no\nnginx: none\n", f, &i), OK);
    CHECK(i->root == ROOT_IN_CREDENTIAL && i->address_count == 2 && i->plain == 0 && !i->sandbox && i->nginx == NULL);
    CHECK_TEXT(i->root_at, "sejf.root");
    CHECK_TEXT(i->addresses[1], "::1");
}
