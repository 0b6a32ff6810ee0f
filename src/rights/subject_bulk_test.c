/* subject_bulk_test.c — a hundred thousand records of one person: found and packed in memory that does not grow with them. */
#include "rights/testshop.h"

#include "records/service.h"
#include "rights/access_pack.h"

#ifdef SEJF_SANITIZE
#define MANY 5000
#else
#define MANY 100000
#endif

struct rows { int next, end; };
static ssize_t rows_read(void *arg, void *ret, size_t room) {
    struct rows *r = arg;
    AUTO(buf_done) struct buf b = BUF(1 << 16);
    for (; r->next < r->end && b.len + 128 < room && b.len < 32768; r->next++)
        buf_printf(&b, "{\"email\":\"%s@people.example\",\"text\":\"Question %d\"}\n", r->next % 10 == 9 ? "ola" : "ewa", r->next);
    memcpy(ret, buf_str(&b), b.len);
    return (ssize_t)b.len;
}
static bool swallow(void *arg, const void *bytes, size_t len) {
    (void)bytes;
    *(size_t *)arg += len;
    return true;
}

TEST(many_records_of_one_person_are_found_and_packed) {
    struct bed b;
    struct subject s;
    struct packed done;
    size_t said = 0, bytes = 0;
    struct rows rows = { 0, MANY / 9 * 10 };
    AUTO(arena_free) struct arena *arena = arena_new((size_t)16 << 20);         /* 32 bytes a record, and as much again for the others */
    bed_start(&b, shop);
    struct caller owner = bed_role(&b, b.tenant, "owner");
    CHECK_OK(records_import(b.service, &owner, charter_kind(b.charter, "question"), FORMAT_NDJSON, NULL, &(struct source){ rows_read, &rows }, &(struct sink){ swallow, &said }, &b.e), &b.e);
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "ewa@people.example" }, arena, &s, &b.e), &b.e);
    CHECK_INT(s.count, MANY / 9 * 9);
    const struct pack_job job = { .about = &s, .who = &owner, .now = clock_now() };
    CHECK_OK(access_pack_write(b.service, b.tenant, &job, &(struct sink){ swallow, &bytes }, &done, &b.e), &b.e);
    CHECK(done.records == s.count && bytes > MANY * 8);
    bed_end(&b);
}
