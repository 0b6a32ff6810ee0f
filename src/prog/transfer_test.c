/* transfer_test.c — which requests may be made at all; nothing is connected to. What libcurl does with them, sender_test.c tries. */
#include "prog/transfer.c"
#include "base/test.h"

#include <unistd.h>

static const struct destination declared[] = {
    { .host = "login.company.example", .port = 443 }, { .host = "127.0.0.1", .port = 8443 }, { .host = "inside.example", .port = 444, .private = true },
};
static const struct allowed to = { declared, ARRAY_LEN(declared), "/nowhere.pem" };

static enum code attempt(const char *method, const char *url, const struct fetch_header *h, size_t *ret_at) {
    const struct fetch_call call = { .method = method, .url = url, .headers = { h == NULL ? (struct fetch_header){ "Accept", "*/*" } : *h }, .header_count = 1, .most = 100, .wait_ms = 100 };
    AUTO(transfer_free) struct transfer *t = NULL;
    struct err e;
    enum code code = transfer_new(&to, &call, &t, &e);
    if (ret_at != NULL && code == OK)
        *ret_at = (size_t)(t->to - declared);
    return code;
}

TEST(only_declared_destinations_by_https) {
    static const struct { const char *url; enum code want; size_t at; } row[] = {
        { "https://login.company.example/token?a=b", OK, 0 }, { "https://LOGIN.company.example:443", OK, 0 }, { "https://inside.example:444/", OK, 2 },
        { "https://127.0.0.1:8443/x", OK, 1 }, { "https://0x7f.1:8443/x", OK, 1 }, { "https://login.company.example/a%2f..%2f", OK, 0 },
        { "https://login.company.example:444/", E_FORBIDDEN, 0 }, { "https://inside.example/", E_FORBIDDEN, 0 }, { "https://other.example/", E_FORBIDDEN, 0 },
        { "https://login.company.example./", E_FORBIDDEN, 0 }, { "https://login.company.example.evil.example/", E_FORBIDDEN, 0 },
        { "https://xlogin.company.example/", E_FORBIDDEN, 0 }, { "https://[::1]:8443/", E_FORBIDDEN, 0 }, { "https://2130706433:443/", E_FORBIDDEN, 0 },
        { "http://login.company.example/", E_INVALID, 0 }, { "http://login.company.example:443/", E_INVALID, 0 }, { "ftp://login.company.example/", E_INVALID, 0 },
        { "file:///etc/passwd", E_INVALID, 0 }, { "login.company.example", E_INVALID, 0 }, { "//login.company.example/", E_INVALID, 0 }, { "", E_INVALID, 0 },
        { "https://login.company.example@other.example/", E_INVALID, 0 }, { "https://u:p@login.company.example/", E_INVALID, 0 },
        { "https://other.example#@login.company.example/", E_INVALID, 0 }, { "https://login.company.example/#x", E_INVALID, 0 },
        { "https://other.example\\@login.company.example/", E_INVALID, 0 }, { "https://login.company.example/a b", E_INVALID, 0 },
        { "https://login.company.example/a\r\nX: y", E_INVALID, 0 }, { "https://login.company.example:99999/", E_INVALID, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        size_t at = 0;
        enum code code = attempt("GET", row[i].url, NULL, &at);
        if (code != row[i].want || at != row[i].at)
            fprintf(stderr, "%s: %d\n", row[i].url, (int)code);
        CHECK_INT(code, row[i].want);
        CHECK(at == row[i].at);
    }
    char url[URL_MAX + 100] = "https://login.company.example/";
    memset(url + strlen(url), 'a', URL_MAX - strlen(url));
    CHECK_INT(attempt("GET", url, NULL, NULL), OK);
    url[URL_MAX] = 'a';
    CHECK_INT(attempt("GET", url, NULL, NULL), E_INVALID);
}

TEST(only_known_methods_and_headers_that_add_no_line) {
    static const struct { const char *method; struct fetch_header h; enum code want; } row[] = {
        { "GET", { "Accept", "a" }, OK }, { "HEAD", { "Accept", "" }, OK }, { "POST", { "X-A", "a\tb" }, OK }, { "PUT", { "Authorization", "Bearer x" }, OK },
        { "DELETE", { "X-A", "\xc5\x82" }, OK }, { "PATCH", { "X-A", "1" }, OK },
        { "get", { "Accept", "a" }, E_INVALID }, { "TRACE", { "Accept", "a" }, E_INVALID }, { "CONNECT", { "Accept", "a" }, E_INVALID },
        { "GET / HTTP/1.1\r\n", { "Accept", "a" }, E_INVALID }, { "", { "Accept", "a" }, E_INVALID },
        { "GET", { "", "a" }, E_INVALID }, { "GET", { "A b", "a" }, E_INVALID }, { "GET", { "A:", "a" }, E_INVALID }, { "GET", { "A", "a\r\nB: c" }, E_INVALID },
        { "GET", { "A", "a\nb" }, E_INVALID }, { "GET", { "A", "\x7f" }, E_INVALID }, { "GET", { "A\r\n", "a" }, E_INVALID },
        { "GET", { "Host", "other.example" }, E_INVALID }, { "GET", { "content-length", "1" }, E_INVALID }, { "GET", { "TRANSFER-ENCODING", "chunked" }, E_INVALID },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        if (attempt(row[i].method, "https://login.company.example/", &row[i].h, NULL) != row[i].want)
            fprintf(stderr, "row %zu\n", i);
        CHECK_INT(attempt(row[i].method, "https://login.company.example/", &row[i].h, NULL), row[i].want);
    }
}

static void head_line(struct transfer *t, const char *line) {
    char copy[64];
    snprintf(copy, sizeof copy, "%s", line);
    CHECK(take_head(copy, 1, strlen(copy), t) == strlen(copy));
}

TEST(the_head_of_the_last_answer_counts) {
    struct transfer t = { .reply = FETCH_REPLY, .most = 10 };
    static const char *const lines[] = { "HTTP/1.1 100 Continue\r\n", "Early: yes\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "Content-Type:  text/plain \r\n", "no header\r\n", ": empty\r\n", "ETag:\r\n", "\r\n" };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        head_line(&t, lines[i]);
    CHECK_TEXT(fetch_header(&t.reply, "content-type"), "text/plain");
    CHECK_TEXT(fetch_header(&t.reply, "etag"), "");
    CHECK(fetch_header(&t.reply, "early") == NULL && fetch_header(&t.reply, "") == NULL && t.reply.head.len == 30);
    char body[] = "0123456789";
    CHECK(take_body(body, 1, 10, &t) == 10 && !t.too_large);
    CHECK(take_body(body, 1, 1, &t) == 0 && t.too_large);
    fetch_reply_done(&t.reply);
}

TEST(a_head_without_end_is_refused) {
    struct transfer t = { .reply = FETCH_REPLY };
    char line[1024] = "name: ";
    size_t lines = 0;
    memset(line + 6, 'x', sizeof line - 8);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    while (take_head(line, 1, sizeof line, &t) == sizeof line)
        CHECK(++lines < 100);
    CHECK(t.too_large);
    fetch_reply_done(&t.reply);
}

/* The address is looked at when it is connected to, whatever the name said. */
TEST(private_addresses_are_refused_unless_declared) {
    struct curl_sockaddr a = { .family = AF_INET, .socktype = SOCK_STREAM };
    struct transfer t = { .to = &declared[0] }, u = { .to = &declared[2] };
    a.addr.sa_family = AF_INET;
    memcpy(a.addr.sa_data, "\x01\xbb\x7f\0\0\1", 6);
    CHECK(open_socket(&t, CURLSOCKTYPE_IPCXN, &a) == CURL_SOCKET_BAD && t.inside);
    CHECK(reason_of(&t, CURLE_COULDNT_CONNECT) == &inside && !inside.left);
    CHECK(!reason_of(&u, CURLE_COULDNT_CONNECT)->left && !reason_of(&u, CURLE_PEER_FAILED_VERIFICATION)->left && !reason_of(&u, CURLE_COULDNT_RESOLVE_HOST)->left);
    CHECK(reason_of(&u, CURLE_OPERATION_TIMEDOUT)->left && reason_of(&u, CURLE_RECV_ERROR)->left && reason_of(&u, CURLE_GOT_NOTHING)->left && too_large.left);
    int fd = open_socket(&u, CURLSOCKTYPE_IPCXN, &a);
    CHECK(fd >= 0 && !u.inside);
    close(fd);
    memcpy(a.addr.sa_data, "\x01\xbb\x08\x08\x08\x08", 6);
    t.inside = false;
    fd = open_socket(&t, CURLSOCKTYPE_IPCXN, &a);
    CHECK(fd >= 0 && !t.inside);
    close(fd);
    CHECK(open_socket(&t, CURLSOCKTYPE_ACCEPT, &a) == CURL_SOCKET_BAD);
}

/* ---- what is told of how it ended */

TEST(an_address_inside_that_was_passed_over_does_not_hide_that_the_request_left) {
    static const struct { bool inside; CURLcode how; bool left, forbidden; } rows[] = {
        { true, CURLE_COULDNT_CONNECT, false, true }, { true, CURLE_ABORTED_BY_CALLBACK, false, true }, { true, CURLE_OPERATION_TIMEDOUT, true, false }, { true, CURLE_RECV_ERROR, true, false },
        { false, CURLE_OPERATION_TIMEDOUT, true, false }, { false, CURLE_COULDNT_CONNECT, false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct transfer t = { .inside = rows[i].inside };
        const struct reason *why = reason_of(&t, rows[i].how);
        CHECK(why->left == rows[i].left && (why->code == E_FORBIDDEN) == rows[i].forbidden);
    }
}

TEST(what_never_had_a_connection_has_not_left) {
    static const CURLcode ends_of[] = { CURLE_OPERATION_TIMEDOUT, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_OUT_OF_MEMORY };
    char here[] = "127.0.0.1", there[] = "8.8.8.8";
    for (size_t i = 0; i < ARRAY_LEN(ends_of); i++) {
        struct transfer t = { .to = &declared[0] };        /* of the public internet alone */
        CHECK(!may_have_left(&t, ends_of[i]));
        CHECK(before_request(&t, here, here, 443, 1) == CURL_PREREQFUNC_ABORT && !may_have_left(&t, ends_of[i]));
        CHECK(before_request(&t, there, here, 443, 1) == CURL_PREREQFUNC_OK && may_have_left(&t, ends_of[i]) && !may_have_left(&t, CURLE_COULDNT_CONNECT));
    }
}

TEST(each_address_is_looked_at_and_so_is_a_connection_that_was_left_open) {
    static const struct destination outside = { .host = "a.example", .port = 443 }, within = { .host = "a.example", .port = 443, .private = true };
    static const struct { const char *ip; bool out, in; } rows[] = {
        { "192.0.2.1", false, true }, { "93.184.216.34", true, true }, { "127.0.0.1", false, true }, { "10.1.2.3", false, true }, { "169.254.169.254", false, true }, { "::1", false, true },
        { "fd00::1", false, true }, { "2606:2800:220:1::1", true, true }, { "::ffff:127.0.0.1", false, true }, { "", false, true }, { "nonsense", false, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct transfer t = { .to = &outside }, u = { .to = &within };
        char ip[64], own[] = "192.0.2.9";
        snprintf(ip, sizeof ip, "%s", rows[i].ip);
        CHECK((before_request(&t, ip, own, 443, 5) == CURL_PREREQFUNC_OK) == rows[i].out && t.inside == !rows[i].out);
        CHECK((before_request(&u, ip, own, 443, 5) == CURL_PREREQFUNC_OK) == rows[i].in);
    }
    struct transfer t = { .to = &outside };
    struct curl_sockaddr a = { .family = AF_INET, .socktype = SOCK_STREAM, .addrlen = sizeof(struct sockaddr_in) };
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&a.addr;
    in->sin_family = AF_INET;
    CHECK(inet_pton(AF_INET, "127.0.0.1", &in->sin_addr) == 1 && open_socket(&t, CURLSOCKTYPE_IPCXN, &a) == CURL_SOCKET_BAD && t.inside);
    CHECK(inet_pton(AF_INET, "93.184.216.34", &in->sin_addr) == 1);
    curl_socket_t fd = open_socket(&t, CURLSOCKTYPE_IPCXN, &a);
    CHECK(fd != CURL_SOCKET_BAD && !t.inside);
    close(fd);
}
