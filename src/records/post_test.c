/* post_test.c — what a letter holds is sealed, comes out whole for its own tenant alone, and goes with its end. */
#include "records/post.c"

#include "records/testbed.h"
#include "records/testcharters.h"

static const struct post letter = { .cause = "notice", .about = 7, .to = "anna@people.example", .to_name = "Anna Żak", .lang = LANG_PL, .subject = "Co zniknie 3 czerwca",
                                    .text = "Dzień dobry,\n\nto jest list.\n", .until = INT64_C(4102444800000000) };

struct deed { struct post_ready *ready; struct letter_row row; bool end; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    return d->end ? post_end(t, &d->row, reterr) : post_put(t, d->ready, reterr);
}

struct got { struct buf bytes; struct letter_row row; };
static bool take(const struct letter_row *r, void *arg) {
    struct got *g = arg;
    g->row = *r;
    buf_add(&g->bytes, r->blob, r->len);
    g->row.cause = "notice";
    g->row.said = g->row.purpose = g->row.receipt = "";
    return true;
}
static void look(struct bed *b, int64_t about, struct got *ret) {
    struct view *v = NULL;
    buf_cut(&ret->bytes, 0);
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(letters_about(view_sql(v), "notice", about, take, ret, &b->e), &b->e);
    v = view_end(v);
    ret->row.blob = ret->bytes.data;
}

static enum code put(struct bed *b, struct post_ready *r) {
    struct deed d = { .ready = r };
    return store_write(b->store, b->tenant, act, &d, &b->e);
}

TEST(a_letter_is_sealed_put_opened_and_ended) {
    struct bed b;
    AUTO(post_ready_done) struct post_ready r = { .sealed = BUF(1) };
    struct got g = { .bytes = BUF(1 << 20) };
    json_t *text = NULL;
    bed_start(&b, events_charter);
    struct post p = letter;
    p.file_name = "list.pdf";
    p.file_type = "application/pdf";
    p.file = "%PDF-\0bytes";
    p.file_len = 11;
    CHECK_OK(post_seal(b.service, b.tenant, &p, &r, &b.e), &b.e);
    CHECK(memmem(r.sealed.data, r.sealed.len, "anna", 4) == NULL);
    r.row.about = 8;                          /* known only inside the write */
    CHECK_OK(put(&b, &r), &b.e);
    look(&b, 8, &g);
    CHECK(g.row.state == LETTER_WAITING && g.row.until == p.until && g.row.made > 0 && g.row.len == r.sealed.len);
    CHECK_OK(post_open(b.keeper, b.tenant, &g.row, &text, &b.e), &b.e);
    CHECK_TEXT(text_at(text, "to", NULL), "anna@people.example");
    CHECK_TEXT(text_at(text, "to_name", NULL), "Anna Żak");
    CHECK_TEXT(text_at(text, "lang", NULL), "pl");
    CHECK_TEXT(text_at(text, "text", NULL), letter.text);
    CHECK_TEXT(text_at(text, "file", "name"), "list.pdf");
    CHECK_TEXT(text_at(text, "file", "bytes"), "JVBERi0AYnl0ZXM");
    json_decref(text);
    CHECK(post_open(b.keeper, b.other, &g.row, &text, &b.e) != OK);
    struct letter_row moved = g.row;
    moved.id = uuid_new();                    /* the bytes of one letter under another */
    CHECK_CODE(post_open(b.keeper, b.tenant, &moved, &text, &b.e), E_DAMAGED, &b.e);
    struct deed end = { .row = g.row, .end = true };
    end.row.state = LETTER_SENT;
    CHECK_OK(store_write(b.store, b.tenant, act, &end, &b.e), &b.e);
    look(&b, 8, &g);
    CHECK(g.row.state == LETTER_SENT && g.row.len == 0);
    CHECK_CODE(post_open(b.keeper, b.tenant, &g.row, &text, &b.e), E_GONE, &b.e);
    buf_done(&g.bytes);
    bed_end(&b);
}

TEST(letters_that_cannot_be_sent_are_refused) {
    static const struct { struct post p; enum code want; } rows[] = {
        { { .to = NULL, .subject = "a", .text = "b" }, E_FIELDS },
        { { .to = "anna", .subject = "a", .text = "b" }, E_FIELDS },
        { { .to = "anna@people.example\r\nDATA", .subject = "a", .text = "b" }, E_FIELDS },
        { { .to = "anna@people.example", .subject = "", .text = "b" }, E_INVALID },
        { { .to = "anna@people.example", .subject = "a\r\nBcc: x@y.example", .text = "b" }, E_INVALID },
        { { .to = "anna@people.example", .to_name = "Anna\nBcc: x", .subject = "a", .text = "b" }, E_INVALID },
        { { .to = "anna@people.example", .subject = "a\xff", .text = "b" }, E_INVALID },
        { { .to = "anna@people.example", .subject = "a", .text = "b\x01" }, E_INVALID },
        { { .to = "anna@people.example", .subject = "a", .text = "b", .file = "x", .file_len = 1, .file_type = "text/plain" }, E_INVALID },
        { { .to = "anna@people.example", .subject = "a", .text = "b", .file = "x", .file_len = POST_FILE_MAX + 1, .file_name = "a", .file_type = "text/plain" }, E_TOO_LARGE },
    };
    struct bed b;
    bed_start(&b, events_charter);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct post_ready r = { .sealed = BUF(1) };
        struct post p = rows[i].p;
        p.cause = "notice";
        CHECK_CODE(post_seal(b.service, b.tenant, &p, &r, &b.e), rows[i].want, &b.e);
        CHECK(r.row.len == 0);
    }
    bed_end(&b);
}

TEST(the_largest_letter_fits) {
    struct bed b;
    AUTO(post_ready_done) struct post_ready r = { .sealed = BUF(1) };
    struct post p = letter;
    bed_start(&b, events_charter);
    char *file = mem_new(POST_FILE_MAX), *text = mem_new(POST_TEXT_MAX + 1);
    CHECK(file != NULL && text != NULL);
    memset(text, '\n', POST_TEXT_MAX);
    p.text = text;
    p.file = file;
    p.file_len = POST_FILE_MAX;
    p.file_name = "a.bin";
    p.file_type = "application/octet-stream";
    CHECK_OK(post_seal(b.service, b.tenant, &p, &r, &b.e), &b.e);
    mem_free(file);
    mem_free(text);
    bed_end(&b);
}

TEST(survives_no_memory) {
    struct bed b;
    bool reached = true;
    struct post p = letter;
    bed_start(&b, events_charter);
    p.file_name = "a.txt";
    p.file_type = "text/plain";
    p.file = "hello";
    p.file_len = 5;
    for (size_t n = 1; reached && n < 2000; n++) {
        AUTO(post_ready_done) struct post_ready r = { .sealed = BUF(1) };
        mem_fail_at = n;
        enum code code = post_seal(b.service, b.tenant, &p, &r, &b.e);
        reached = mem_fail_at == 0;
        mem_fail_at = 0;
        CHECK(code == OK || (code == E_MEMORY && r.row.len == 0));
        AUTO(post_ready_done) struct post_ready again = { .sealed = BUF(1) };
        CHECK_OK(post_seal(b.service, b.tenant, &p, &again, &b.e), &b.e);
    }
    CHECK(!reached);
    bed_end(&b);
}
