/* cursor_test.c — a cursor goes there and back, and opens for its own tenant and query only. */
#include "records/cursor.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static enum code opened(struct bed *b, int64_t tenant, const struct query *q, const char *text, struct spot *ret) {
    return cursor_read(b->service, tenant, q, text, strlen(text), ret, &b->e);
}

TEST(a_cursor_opens_where_it_was_made) {
    struct bed b;
    AUTO(buf_done) struct buf one = BUF(CURSOR_MAX), two = BUF(CURSOR_MAX), low = BUF(CURSOR_MAX);
    struct spot at = { .id = uuid_new(), .number = INT64_MIN + 1 }, got = { .number = 0 };
    bed_start(&b, events_charter);
    const struct kind_info *event = service_kind(b.service, charter_kind(b.charter, "event")), *reg = service_kind(b.service, charter_kind(b.charter, "registration"));
    int starts = kind_field(event->kind, "starts"), ends = kind_field(event->kind, "ends");
    const struct query q = { .k = event, .source = BY_SORT, .sort = starts }, others[] = {
        { .k = event, .source = BY_SORT, .sort = starts, .descending = true }, { .k = event, .source = BY_SORT, .sort = ends },
        { .k = event, .source = BY_ID, .sort = -1 }, { .k = reg, .source = BY_SORT, .sort = starts },
    };
    CHECK_OK(cursor_make(b.service, b.tenant, &q, &at, &one, &b.e), &b.e);
    CHECK_OK(cursor_make(b.service, b.tenant, &q, &at, &two, &b.e), &b.e);
    CHECK(one.len == two.len && strcmp(buf_str(&one), buf_str(&two)) != 0);      /* the same place does not look the same */
    CHECK_OK(opened(&b, b.tenant, &q, buf_str(&one), &got), &b.e);
    CHECK(uuid_compare(&got.id, &at.id) == 0 && got.number == at.number && got.text[0] == 0);
    CHECK_CODE(opened(&b, b.other, &q, buf_str(&one), &got), E_INVALID, &b.e);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        CHECK_CODE(opened(&b, b.tenant, &others[i], buf_str(&one), &got), E_INVALID, &b.e);
    for (size_t i = 0; i + 1 < one.len; i++) {  /* the last digit has bits that no byte holds */
        char was = one.data[i];
        one.data[i] = was == 'A' ? 'B' : 'A';
        CHECK_CODE(opened(&b, b.tenant, &q, buf_str(&one), &got), E_INVALID, &b.e);
        one.data[i] = was;
    }
    CHECK_CODE(opened(&b, b.tenant, &q, "AAAA", &got), E_INVALID, &b.e);
    CHECK_CODE(opened(&b, b.tenant, &q, "not base64 !", &got), E_INVALID, &b.e);
    at.number = 0;
    CHECK_OK(cursor_make(b.service, b.tenant, &q, &at, &low, &b.e), &b.e);
    CHECK_INT(low.len, one.len);
    bed_end(&b);
}

TEST(texts_of_every_length_look_alike) {
    struct bed b;
    AUTO(buf_done) struct buf charter = BUF(1u << 16), one = BUF(CURSOR_MAX), two = BUF(CURSOR_MAX);
    struct spot at = { .id = uuid_new() }, got = { .number = 0 };
    const char *place = strstr(events_charter, "      place: text, optional\n");
    buf_add(&charter, events_charter, (size_t)(place - events_charter));
    buf_text(&charter, "      place: text, optional, sorted\n");
    buf_text(&charter, place + strlen("      place: text, optional\n"));
    bed_start(&b, buf_str(&charter));
    const struct kind_info *event = service_kind(b.service, charter_kind(b.charter, "event"));
    const struct query q = { .k = event, .source = BY_SORT, .sort = kind_field(event->kind, "place") };
    CHECK_OK(cursor_make(b.service, b.tenant, &q, &at, &one, &b.e), &b.e);
    memset(at.text, 'z', SORT_TEXT);
    CHECK_OK(cursor_make(b.service, b.tenant, &q, &at, &two, &b.e), &b.e);
    CHECK_INT(one.len, two.len);
    CHECK(two.len <= CURSOR_MAX);
    CHECK_OK(opened(&b, b.tenant, &q, buf_str(&two), &got), &b.e);
    CHECK_TEXT(got.text, at.text);
    bed_end(&b);
}
