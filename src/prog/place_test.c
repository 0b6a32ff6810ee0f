/* place_test.c — which directories are opened, refused, or told how to be made; and the front's rules made from one. */
#include "prog/place.c"
#include "prog/nginx.c"
#include "crypto/crypto.h"
#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

static char dir[64];
static struct place *place_with(const char *yaml) {
    struct place *p = NULL;
    struct err e;
    char path[128];
    snprintf(dir, sizeof dir, "/tmp/sejf-place-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/sejf.yaml", dir);
    CHECK_OK(file_write(path, yaml, strlen(yaml), 0644, &e), &e);
    CHECK_OK(place_open(dir, NULL, &p, &e), &e);
    return p;
}

static void done(struct place *p) {
    struct err e;
    place_close(p);
    CHECK_OK(dir_remove(dir, &e), &e);
}

static void version_is(struct place *p, const char *text) {
    struct err e;
    CHECK_OK(file_write(place_path(p, "version"), text, strlen(text), 0644, &e), &e);
}

__attribute__((constructor)) static void bed_ready(void) {
    struct err e;
    if (crypto_init(&e) != OK)
        abort();
}

TEST(an_older_program_refuses_a_newer_directory) {
    static const struct { const char *text; enum code want; } row[] = {
        { "1\n", OK }, { "1", OK }, { "2\n", E_CONFIG }, { "99\n", E_CONFIG }, { "0\n", E_DAMAGED }, { "one\n", E_DAMAGED }, { "", E_DAMAGED },
    };
    struct err e;
    struct place *p = place_with("host: localhost\n");
    CHECK_CODE(place_check_version(p, &e), E_NOT_FOUND, &e);
    CHECK(strstr(e.text, "sejf init") != NULL);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        version_is(p, row[i].text);
        CHECK_CODE(place_check_version(p, &e), row[i].want, &e);
    }
    version_is(p, "99\n");
    CHECK_CODE(place_check_version(p, &e), E_CONFIG, &e);
    CHECK(strstr(e.text, "newer sejf") != NULL && strstr(e.text, "layout 99") != NULL);
    CHECK_OK(place_write_version(p, &e), &e);
    CHECK_OK(place_check_version(p, &e), &e);
    done(p);
}

TEST(an_id_that_is_damaged_or_gone_is_not_made_anew) {
    struct err e;
    struct uuid id;
    struct place *p = place_with("https: 9443\nhost: seats.example\n");
    CHECK_OK(file_write(place_path(p, "id"), "x\n", 2, 0644, &e), &e);
    CHECK_CODE(place_id(p, &id, &e), E_DAMAGED, &e);
    CHECK(unlink(place_path(p, "id")) == 0);
    CHECK_OK(dir_make(place_path(p, "keeper"), 0700, &e), &e);
    CHECK_OK(file_write(place_path(p, "keeper/epoch"), "x", 1, 0600, &e), &e);
    CHECK_CODE(place_id(p, &id, &e), E_DAMAGED, &e);
    CHECK(strstr(e.text, "id is missing") != NULL && !file_exists(place_path(p, "id")));
    done(p);
}

TEST(the_id_is_made_once_and_the_lock_is_exclusive) {
    struct err e;
    struct uuid a, b;
    int lock = -1, other = -1;
    struct place *p = place_with("https: 9443\nhost: seats.example\n");
    CHECK_OK(place_id(p, &a, &e), &e);
    CHECK_OK(place_id(p, &b, &e), &e);
    CHECK(uuid_compare(&a, &b) == 0);
    CHECK_OK(place_lock(p, 0, &lock, &e), &e);
    CHECK_CODE(place_lock(p, 0, &other, &e), E_BUSY, &e);
    fd_close(&lock);
    CHECK_TEXT(place_url(p), "https://seats.example:9443");
    done(p);
}

TEST(what_is_not_there_is_said_with_the_mend) {
    struct err e;
    struct place *p = NULL;
    unsetenv("SEJF_DATA");
    CHECK_CODE(place_open(NULL, NULL, &p, &e), E_USAGE, &e);
    CHECK_CODE(place_open("/no/such/place", NULL, &p, &e), E_NOT_FOUND, &e);
    CHECK(strstr(e.text, "sejf init") != NULL);
    CHECK_CODE(place_open("/tmp", "/tmp/sejf.yaml", &p, &e), E_USAGE, &e);
    CHECK(p == NULL);
}

TEST(the_front_is_strict_whatever_sejf_yaml_says) {
    static const char *const has[] = {
        "ssl_protocols TLSv1.2 TLSv1.3;", "proxy_request_buffering off;", "proxy_max_temp_file_size 0;", "server_tokens off;", "access_log off;",
        "error_log stderr emerg;", "return 421;", "frame-ancestors https://www.seats.example\"", "return 308 https://seats.example:9443$request_uri;",
        "add_header Referrer-Policy no-referrer always;", "limit_req zone=sejf_forms", "listen 127.0.0.1:9443 ssl http2 default_server;",
        "server_name seats.example www.seats.example localhost 127.0.0.1 [::1];",
    };
    static const char *const lacks[] = { "unsafe-inline", "unsafe-eval", "TLSv1.1", "$args", "access_log /", "user root;" };
    struct place *p = place_with("https: 9443\nhost: seats.example\nnames: [www.seats.example]\nframes: [https://www.seats.example]\n");
    AUTO(buf_done) struct buf b = BUF(1u << 18);
    nginx_config(p, true, &b);
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        if (strstr(buf_str(&b), has[i]) == NULL)
            fail_msg("missing: %s", has[i]);
    for (size_t i = 0; i < ARRAY_LEN(lacks); i++)
        if (strstr(buf_str(&b), lacks[i]) != NULL)
            fail_msg("must not be there: %s", lacks[i]);
    AUTO(buf_done) struct buf snippet = BUF(1u << 18);
    nginx_config(p, false, &snippet);
    CHECK(strstr(buf_str(&snippet), "worker_processes") == NULL && strstr(buf_str(&snippet), "http {") == NULL);
    CHECK(strstr(buf_str(&snippet), "ssl_protocols TLSv1.2 TLSv1.3;") != NULL && strstr(buf_str(&snippet), "proxy_request_buffering off;") != NULL);
    done(p);
}

TEST(no_plain_port_means_none) {
    struct place *p = place_with("https: 9443\nplain: none\n");
    AUTO(buf_done) struct buf b = BUF(1u << 18);
    nginx_config(p, true, &b);
    CHECK(strstr(buf_str(&b), "return 308") == NULL);
    done(p);
}
