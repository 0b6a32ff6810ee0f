/* around_test.c — every page of the rows loses a byte, one after the other: each row and each change comes in its place all the same. */
#include "store/around.c"

#include <fcntl.h>
#include <sys/stat.h>

#include "store/testbed.h"

#define ROWS 600u
#define PAGE 4096

static void flip(struct bed *b, off_t at) {
    char path[128];
    uint8_t byte = 0;
    int fd = open(bed_path(b, "records.db", path, sizeof path), O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 0x40;
    CHECK(pwrite(fd, &byte, 1, at) == 1 && close(fd) == 0);
}

struct seen { size_t count, damaged; uint32_t number[ROWS + 1], most; bool descending; };
static uint32_t number_of(const struct uuid *id) {
    return (uint32_t)id->bytes[12] << 24 | (uint32_t)id->bytes[13] << 16 | (uint32_t)id->bytes[14] << 8 | id->bytes[15];
}
static bool see_row(const struct row *r, void *arg) {
    struct seen *s = arg;
    CHECK(s->count < ROWS && r->kind == 1);
    CHECK(r->damaged ? r->clear == NULL : r->version == 1 && strcmp(r->clear, "{\"status\":\"accepted\"}") == 0);
    s->damaged += r->damaged;
    s->number[s->count++] = number_of(&r->id);
    return s->most == 0 || s->count < s->most;
}
static bool see_change(const struct change *c, void *arg) {
    struct seen *s = arg;
    CHECK(s->count < ROWS + 1 && (c->damaged || (c->version > 0 && c->at > 0)));
    s->damaged += c->damaged;
    s->number[s->count++] = number_of(&c->id);
    return true;
}

/* *ret as it was called; how many rows came damaged. */
static enum code list_rows(struct bed *b, bool descending, bool by_parent, struct seen *ret) {
    AUTO(view_end) struct view *v = NULL;
    struct row_range range = { .kind = 1, .descending = descending, .has_parent = by_parent, .parent = id_of(77) };
    *ret = (struct seen){ .most = ret->most };
    CHECK_OK(store_view(b->store, 1, &v, &b->e), &b->e);
    enum code code = rows_list_around(view_sql(v), &range, see_row, ret, &b->e);
    for (size_t i = 0; i < ret->count; i++)
        CHECK_INT(ret->number[i], descending ? ROWS - i : i + 1);
    return code;
}
static enum code list_changes(struct bed *b, struct seen *ret) {
    AUTO(view_end) struct view *v = NULL;
    *ret = (struct seen){ 0 };
    CHECK_OK(store_view(b->store, 1, &v, &b->e), &b->e);
    enum code code = changes_list_around(view_sql(v), 0, see_change, ret, &b->e);
    for (size_t i = 0; i < ret->count; i++)
        CHECK_INT(ret->number[i], i + 1);
    return code;
}

static void bed_fill(struct bed *b) {
    bed_start(b);
    for (uint32_t n = 1; n <= ROWS; n++) {
        struct make m = { .n = n, .parent = id_of(77) };
        CHECK_OK(store_write(b->store, 1, make_row, &m, &b->e), &b->e);
    }
}

TEST(nothing_is_left_out_around_a_damaged_page) {
    struct bed b;
    struct stat st;
    char path[128];
    static struct seen s;
    size_t around = 0, told = 0;
    bed_fill(&b);
    b.store = store_close(b.store);
    CHECK(stat(bed_path(&b, "records.db", path, sizeof path), &st) == 0);
    for (off_t page = 1; page < st.st_size / PAGE; page++) {
        flip(&b, page * PAGE + 700);
        b.store = NULL;
        if (store_open(&(struct store_options){ .directory = b.directory, .readers = 4, .queue = 8 }, &b.store, &b.e) == OK)
            for (int way = 0; way < 5; way++) {
                s.most = 0;
                enum code code = way < 4 ? list_rows(&b, way & 1, way >> 1, &s) : list_changes(&b, &s);
                CHECK(code == E_DAMAGED || (code == OK && s.count == ROWS));
                around += code == OK && s.damaged > 0;
                told += way < 2 && code == E_DAMAGED;
            }
        b.store = store_close(b.store);
        flip(&b, page * PAGE + 700);
    }
    CHECK(around >= 20 && told == 0);          /* a list by parent and the changes are those of an index: without it they fail, and are told */
    bed_open(&b);
    s.most = 3;
    CHECK_OK(list_rows(&b, false, false, &s), &b.e);
    CHECK(s.count == 3 && s.damaged == 0);
    bed_end(&b);
}
