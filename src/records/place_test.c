/* place_test.c — what is sealed opens in its own place only: whoever writes the database or the disk moves, swaps and cuts in vain. */
#include "records/bytes.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct uuid event_made(struct bed *b, const struct caller *who) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, who, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
static struct uuid guest_made(struct bed *b, const struct caller *who, const struct uuid *event, const char *email) {
    json_t *got = NULL;
    char id[UUID_TEXT];
    CHECK_OK(bed_make(b, who, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa", "email", email), &got), &b->e);
    struct uuid guest = id_of(got);
    json_decref(got);
    return guest;
}

/* ---- parts */
struct stored { struct part_row row; char bytes[4096]; };
static bool part_take(const struct part_row *p, void *arg) {
    struct stored *s = arg;
    CHECK(p->len <= sizeof s->bytes);
    s->row = *p;
    memcpy(s->bytes, p->blob, p->len);
    s->row.blob = s->bytes;
    return false;
}
static struct stored *part_of(struct bed *b, int64_t tenant, int32_t kind, const struct uuid *id, struct stored *ret) {
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(parts_get(view_sql(v), kind, id, part_take, ret, &b->e), &b->e);
    CHECK(ret->row.len > 0);
    return ret;
}
struct putting { int32_t kind; const struct uuid *id; const struct part_row *row; };
static enum code part_lay(struct txn *t, void *arg, struct err *reterr) {
    const struct putting *p = arg;
    return part_put(t, p->kind, p->id, p->row, reterr);
}
static enum code read_with(struct bed *b, const struct caller *who, int32_t kind, const struct uuid *id, const struct part_row *row) {
    json_t *got = NULL;
    CHECK_OK(store_write(b->store, who->tenant, part_lay, &(struct putting){ kind, id, row }, &b->e), &b->e);
    enum code code = bed_read(b, who, "registration", id, &got);
    json_decref(got);
    return code;
}

TEST(a_part_opens_in_its_own_record_only) {
    struct bed b;
    static struct stored one, two, foreign;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), other = bed_role(&b, b.other, "organiser");
    struct uuid event = event_made(&b, &boss), theirs = event_made(&b, &other);
    struct uuid a = guest_made(&b, &boss, &event, "a@poczta.example"), c = guest_made(&b, &boss, &event, "c@poczta.example");
    struct uuid f = guest_made(&b, &other, &theirs, "f@poczta.example");
    int32_t kind = service_kind(b.service, charter_kind(b.charter, "registration"))->number;
    part_of(&b, b.tenant, kind, &a, &one);
    part_of(&b, b.tenant, kind, &c, &two);
    part_of(&b, b.other, kind, &f, &foreign);
    CHECK_CODE(read_with(&b, &boss, kind, &a, &two.row), E_DAMAGED, &b.e);          /* another record's, with its key */
    struct part_row mixed = two.row;
    mixed.key = one.row.key;
    CHECK_CODE(read_with(&b, &boss, kind, &a, &mixed), E_DAMAGED, &b.e);            /* under the own key */
    mixed = one.row;
    mixed.len--;
    CHECK_CODE(read_with(&b, &boss, kind, &a, &mixed), E_DAMAGED, &b.e);
    json_t *got = NULL;                        /* another tenant's: its key is not given */
    CHECK_OK(read_with(&b, &boss, kind, &a, &foreign.row), &b.e);
    CHECK_OK(bed_read(&b, &boss, "registration", &a, &got), &b.e);
    CHECK(text_at(got, "fields", "email") == NULL && text_at(got, "fields", "name") == NULL);
    json_decref(got);
    CHECK_OK(read_with(&b, &boss, kind, &a, &one.row), &b.e);
    bed_end(&b);
}

/* ---- files */
#define FRAMES 3u
static ssize_t fill(void *arg, void *ret, size_t room) {
    size_t *left = arg, n = *left < room ? *left : room;
    memset(ret, (int)(*left & 0xff), n);
    *left -= n;
    return (ssize_t)n;
}
static bool drop(void *arg UNUSED, const void *bytes UNUSED, size_t len UNUSED) { return true; }
static bool begun(void *arg UNUSED) { return true; }

static enum code fetch(struct bed *b, const struct file_place *at, const struct key *key, int64_t size) {
    return bytes_read(b->service, at, key, size, begun, NULL, &(struct sink){ drop, NULL }, &b->e);
}

/* Frames of the file on disk in another order. */
static void shuffle(struct bed *b, const struct file_place *at, const unsigned order[FRAMES], size_t count) {
    static char all[FRAMES * FRAME_SEALED], some[FRAMES * FRAME_SEALED];
    char path[PATH_ROOM];
    CHECK(file_path(b->service, &at->file, path, sizeof path));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && read(fd, all, sizeof all) == (ssize_t)sizeof all);
    for (size_t i = 0; i < count; i++)
        memcpy(some + i * FRAME_SEALED, all + order[i] * FRAME_SEALED, FRAME_SEALED);
    CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, some, count * FRAME_SEALED, 0) == (ssize_t)(count * FRAME_SEALED));
    close(fd);
}

TEST(frames_of_a_file_open_in_their_order_only) {
    static const struct { unsigned order[FRAMES]; size_t count; } rows[] = { { { 1, 0, 2 }, 3 }, { { 0, 1, 1 }, 3 }, { { 0, 1 }, 2 }, { { 0, 2 }, 2 }, { { 2 }, 1 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bed b;
        struct key key = { { 7 } };
        size_t left = FRAMES * FRAME_PLAIN;
        int64_t size = 0;
        bed_start(&b, events_charter);
        struct file_place at = { .tenant = b.tenant, .kind = 1, .field = 1, .record = uuid_new(), .file = uuid_new(), .key = 4711 };
        CHECK_OK(bytes_write(b.service, &at, &key, &(struct source){ fill, &left }, &size, &b.e), &b.e);
        CHECK_OK(fetch(&b, &at, &key, size), &b.e);
        CHECK_CODE(fetch(&b, &at, &key, size - (int64_t)FRAME_PLAIN), E_DAMAGED, &b.e);      /* a smaller size in its row */
        struct file_place moved = at;
        moved.record = uuid_new();
        CHECK_CODE(fetch(&b, &moved, &key, size), E_DAMAGED, &b.e);
        shuffle(&b, &at, rows[i].order, rows[i].count);
        CHECK_CODE(fetch(&b, &at, &key, (int64_t)(rows[i].count * FRAME_PLAIN)), E_DAMAGED, &b.e);
        bed_end(&b);
    }
}
