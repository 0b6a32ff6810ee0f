#include "api/multipart.c"
#include "base/test.h"

/* A source that gives `step` bytes at a time, so that every cut through a delimiter is tried. */
struct drip { const char *text; size_t len, at, step; };
static ssize_t drip_read(void *arg, void *ret, size_t room) {
    struct drip *d = arg;
    size_t n = d->len - d->at < d->step ? d->len - d->at : d->step;
    n = n < room ? n : room;
    memcpy(ret, d->text + d->at, n);
    d->at += n;
    return (ssize_t)n;
}

static const char whole[] =
    "preamble\r\n--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"mapping\"\r\nContent-Type: application/json\r\n\r\n{\"e-mail\":\"email\"}\r\n--AaB03x\r\n"
    "content-disposition: FORM-DATA; filename=\"C:\\\\dir\\\\a \\\"b\\\"; c.csv\"; name=file\r\n\r\nline\r\n--AaB03\r\n-- AaB03x\r\n\r\n\r\n--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--AaB03x--\r\nepilogue";

static size_t slurp(struct multipart *m, char *ret, size_t room, ssize_t *last) {
    size_t n = 0;
    while ((*last = multipart_read(m, ret + n, room - n - 1)) > 0)
        n += (size_t)*last;
    ret[n] = 0;
    return n;
}

TEST(parts_are_read_however_the_bytes_come) {
    for (size_t step = 1; step < 80; step++) {
        struct drip d = { whole, sizeof whole - 1, 0, step };
        AUTO(multipart_free) struct multipart *m = NULL;
        struct form_part p;
        struct err e;
        bool more;
        char text[256];
        ssize_t last;
        CHECK_OK(multipart_new("multipart/form-data; charset=utf-8; boundary=AaB03x", &(struct source){ drip_read, &d }, &m, &e), &e);
        CHECK_OK(multipart_next(m, &p, &more, &e), &e);
        CHECK(more && !p.is_file && strcmp(p.name, "mapping") == 0 && strcmp(p.type, "application/json") == 0);
        slurp(m, text, sizeof text, &last);
        CHECK_TEXT(text, "{\"e-mail\":\"email\"}");
        CHECK_OK(multipart_next(m, &p, &more, &e), &e);
        CHECK(more && p.is_file && strcmp(p.name, "file") == 0 && strcmp(p.filename, "a \"b\"; c.csv") == 0 && p.type[0] == 0);
        slurp(m, text, sizeof text, &last);
        CHECK_TEXT(text, "line\r\n--AaB03\r\n-- AaB03x\r\n\r\n");
        CHECK_INT(multipart_read(m, text, sizeof text), 0);
        CHECK_OK(multipart_next(m, &p, &more, &e), &e);
        CHECK(more && strcmp(p.name, "empty") == 0 && slurp(m, text, sizeof text, &last) == 0 && last == 0);
        CHECK_OK(multipart_next(m, &p, &more, &e), &e);
        CHECK(!more);
        CHECK_OK(multipart_next(m, &p, &more, &e), &e);
        CHECK(!more);
    }
}

TEST(parts_may_be_passed_over) {
    struct drip d = { whole, sizeof whole - 1, 0, 7 };
    AUTO(multipart_free) struct multipart *m = NULL;
    struct form_part p;
    struct err e;
    bool more = true;
    int n = 0;
    CHECK_OK(multipart_new("multipart/form-data; boundary=\"AaB03x\"", &(struct source){ drip_read, &d }, &m, &e), &e);
    for (; more; n++)
        CHECK_OK(multipart_next(m, &p, &more, &e), &e);
    CHECK_INT(n, 4);
}

TEST(what_is_cut_off_or_malformed_is_refused) {
    for (size_t len = 0; len < sizeof whole - sizeof "--\r\nepilogue"; len++) {
        struct drip d = { whole, len, 0, 16 };
        AUTO(multipart_free) struct multipart *m = NULL;
        struct form_part p;
        struct err e;
        bool more = true;
        enum code code = OK;
        CHECK_OK(multipart_new("multipart/form-data; boundary=AaB03x", &(struct source){ drip_read, &d }, &m, &e), &e);
        while (code == OK && more)
            code = multipart_next(m, &p, &more, &e);
        CHECK_INT(code, E_INVALID);
    }
    static const char *const bad[] = {
        "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--", "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        "--b\r\n\r\nx\r\n--b--", "--bXX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--", "--b\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--b--",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct drip d = { bad[i], strlen(bad[i]), 0, 100 };
        AUTO(multipart_free) struct multipart *m = NULL;
        struct form_part p;
        struct err e;
        bool more;
        CHECK_OK(multipart_new("multipart/form-data; boundary=b", &(struct source){ drip_read, &d }, &m, &e), &e);
        CHECK_CODE(multipart_next(m, &p, &more, &e), E_INVALID, &e);
    }
}

TEST(content_types_without_a_boundary_are_refused) {
    static const char *const bad[] = { NULL, "", "text/csv", "multipart/form-data", "multipart/form-data;", "multipart/form-data; boundary=", "multipart/mixed; boundary=a",
        "multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901", "multipart/form-databoundary=a" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct multipart *m = NULL;
        struct err e;
        CHECK_CODE(multipart_new(bad[i], &(struct source){ NULL, NULL }, &m, &e), E_MEDIA, &e);
        CHECK(m == NULL);
    }
}

TEST(headers_are_bounded) {
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    buf_text(&b, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nX: ");
    for (int i = 0; i < 9000; i++)
        buf_char(&b, 'x');
    buf_text(&b, "\r\n\r\nx\r\n--b--");
    struct drip d = { buf_str(&b), b.len, 0, 1000 };
    AUTO(multipart_free) struct multipart *m = NULL;
    struct form_part p;
    struct err e;
    bool more;
    CHECK_OK(multipart_new("multipart/form-data; boundary=b", &(struct source){ drip_read, &d }, &m, &e), &e);
    CHECK_CODE(multipart_next(m, &p, &more, &e), E_INVALID, &e);
}
