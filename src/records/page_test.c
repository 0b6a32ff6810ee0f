/* page_test.c — pages that end before their limit: after so many candidates, or so many bytes; nothing is lost or told on the way. */
#define SCAN_MAX 6u
#define BATCH_BYTES ((size_t)6000)
#define PAGE_BYTES ((size_t)10000)
#include "records/page.c"
#include "base/text.h"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct uuid made(struct bed *b, const struct caller *who, const char *kind, json_t *in) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, who, kind, in, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
static struct uuid event_at(struct bed *b, const struct caller *who, usec_t at, const char *title) {
    char starts[32], ends[32];
    return made(b, who, "event", json_pack("{s:s,s:s,s:s}", "title", title, "starts", time_format(at, starts, sizeof starts), "ends", time_format(at + USEC_PER_SEC, ends, sizeof ends)));
}
static struct uuid guest(struct bed *b, const struct caller *who, const struct uuid *event, int n) {
    char id[UUID_TEXT], email[64];
    snprintf(email, sizeof email, "o%d@poczta.example", n);
    return made(b, who, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa", "email", email));
}

/* Does the cursor hold that id, as it is or as text? */
static bool names(const char *cursor, const struct uuid *id) {
    uint8_t raw[1024];
    char text[UUID_TEXT];
    size_t len = 0;
    CHECK(base64url_decode(cursor, strlen(cursor), raw, sizeof raw, &len));
    return memmem(raw, len, id->bytes, sizeof id->bytes) != NULL || strstr(cursor, uuid_format(id, text)) != NULL;
}

TEST(a_scan_that_ends_among_hidden_records_tells_nothing_of_them) {
    struct bed b;
    struct uuid hidden[20];
    size_t pages = 0, seen = 0;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    struct uuid today = event_at(&b, &boss, clock_now(), "Dziś"), later = event_at(&b, &boss, clock_now() + 60 * USEC_PER_DAY, "Potem");
    struct uuid first = guest(&b, &boss, &today, 100);
    for (int i = 0; i < 20; i++)
        hidden[i] = guest(&b, &boss, &later, i);
    struct uuid last = guest(&b, &boss, &today, 101);
    json_t *query = json_pack("{s:i}", "limit", 2);
    for (bool more = true; more; pages++) {
        json_t *got = NULL, *items;
        CHECK_OK(record_list(b.service, &door, charter_kind(b.charter, "registration"), query, &got, &b.e), &b.e);
        const char *next = text_at(got, "next", NULL);
        items = json_object_get(got, "items");
        for (size_t i = 0; i < json_array_size(items); i++) {
            struct uuid id = id_of(json_array_get(items, i));
            CHECK(uuid_compare(&id, seen == 0 ? &first : &last) == 0);
            seen++;
        }
        more = next != NULL;
        for (size_t i = 0; more && i < ARRAY_LEN(hidden); i++)
            CHECK(!names(next, &hidden[i]));
        if (more)
            json_object_set_new(query, "cursor", json_string(next));
        json_decref(got);
    }
    CHECK(seen == 2 && pages >= 3);            /* 22 candidates, at most SCAN_MAX and what a batch goes past it in one page */
    json_decref(query);
    bed_end(&b);
}

/* All pages of a query: ids in the order given, none twice, none left out. */
static size_t walk(struct bed *b, const struct caller *who, json_t *query, bool search, const struct uuid *want, size_t count, bool backwards) {
    size_t pages = 0, seen = 0;
    for (bool more = true; more; pages++) {
        json_t *got = NULL, *items;
        size_t bytes = 0;
        enum code code = search ? record_search(b->service, who, charter_kind(b->charter, "event"), query, &got, &b->e)
                                : record_list(b->service, who, charter_kind(b->charter, "event"), query, &got, &b->e);
        CHECK_OK(code, &b->e);
        const char *next = text_at(got, "next", NULL);
        items = json_object_get(got, "items");
        CHECK(json_array_size(items) > 0);
        for (size_t i = 0; i < json_array_size(items); i++) {
            struct uuid id = id_of(json_array_get(items, i));
            CHECK(seen < count && uuid_compare(&id, &want[backwards ? count - 1 - seen : seen]) == 0);
            seen++;
            bytes += strlen(text_at(json_array_get(items, i), "fields", "title"));
        }
        CHECK(bytes <= PAGE_BYTES + 2000);
        more = next != NULL;
        if (more)
            json_object_set_new(query, "cursor", json_string(next));
        json_decref(got);
    }
    CHECK_INT(seen, count);
    json_decref(query);
    return pages;
}

TEST(a_page_of_large_records_ends_early) {
    struct bed b;
    struct uuid ids[20];
    char title[2000];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    memset(title, 'x', sizeof title - 1);
    memcpy(title, "Bieg ", 5);
    title[sizeof title - 1] = 0;
    for (int i = 0; i < 20; i++)
        ids[i] = event_at(&b, &boss, clock_now() + (usec_t)i * USEC_PER_DAY, title);
    CHECK_INT(walk(&b, &boss, json_pack("{s:i}", "limit", 1000), false, ids, 20, false), 4);       /* six of 1,999 bytes in a page */
    CHECK(walk(&b, &boss, json_pack("{s:i, s:s}", "limit", 1000, "sort", "-id"), false, ids, 20, true) >= 4);
    CHECK(walk(&b, &boss, json_pack("{s:i, s:s}", "limit", 1000, "sort", "starts"), false, ids, 20, false) >= 4);
    CHECK(walk(&b, &boss, json_pack("{s:i, s:s}", "limit", 1000, "sort", "-starts"), false, ids, 20, true) >= 4);
    CHECK(walk(&b, &boss, json_pack("{s:i, s:{s:{s:s}}}", "limit", 1000, "where", "title", "word", "bieg"), true, ids, 20, false) >= 4);
    CHECK(walk(&b, &boss, json_pack("{s:i, s:{s:{s:s}}}", "limit", 1000, "where", "title", "contains", "xx"), true, ids, 20, false) >= 4);
    CHECK_INT(walk(&b, &boss, json_pack("{s:i}", "limit", 2), false, ids, 20, false), 10);          /* small ones end where they did */
    bed_end(&b);
}
