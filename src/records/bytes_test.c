/* bytes_test.c — files of every length around a frame come back; none is longer than it may be; what was moved, cut or added shows. */
#define FILE_MAX ((int64_t)3 * 65536)
#include "records/bytes.c"

#include <stdlib.h>

#include "base/test.h"
#include "crypto/crypto.h"
#include "sys/files.h"

struct place { char dir[64], path[128]; struct service s; struct file_place at; struct key key; struct err e; };
static void place_start(struct place *p) {
    *p = (struct place){ .dir = "/tmp/sejf-bytes-XXXXXX", .at = { .tenant = 1, .kind = 2, .field = 3, .record = uuid_new(), .file = uuid_new(), .key = 4 } };
    CHECK_OK(crypto_init(&p->e), &p->e);
    CHECK(mkdtemp(p->dir) != NULL);
    p->s.files = p->dir;
    crypto_random(p->key.bytes, sizeof p->key.bytes);
    CHECK(file_path(&p->s, &p->at.file, p->path, sizeof p->path));
}
static void place_end(struct place *p) { CHECK_OK(dir_remove(p->dir, &p->e), &p->e); }

struct sending { int64_t left; unsigned at; };
static ssize_t some(void *arg, void *ret, size_t room) {
    struct sending *s = arg;
    size_t n = room < 10007 ? room : 10007;    /* pieces that no frame is made of */
    n = (int64_t)n > s->left ? (size_t)s->left : n;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)ret)[i] = (uint8_t)(s->at++ * 31 >> 3);
    s->left -= (int64_t)n;
    return (ssize_t)n;
}
static enum code write_of(struct place *p, int64_t len, int64_t *ret) {
    struct sending in = { len, 0 };
    (void)unlink(p->path);
    return bytes_write(&p->s, &p->at, &p->key, &(struct source){ some, &in }, ret, &p->e);
}
struct taking { unsigned at; int64_t len; bool wrong; };
static bool take(void *arg, const void *bytes, size_t len) {
    struct taking *t = arg;
    for (size_t i = 0; i < len; i++)
        t->wrong = t->wrong || ((const uint8_t *)bytes)[i] != (uint8_t)(t->at++ * 31 >> 3);
    t->len += (int64_t)len;
    return true;
}
static bool begin(void *arg) {
    ++*(int *)arg;
    return true;
}
static enum code read_of(struct place *p, const struct file_place *at, int64_t size, struct taking *ret) {
    int begun = 0;
    *ret = (struct taking){ 0 };
    return bytes_read(&p->s, at, &p->key, size, begin, &begun, &(struct sink){ take, ret }, &p->e);
}

TEST(what_goes_in_comes_out) {
    static const int64_t lengths[] = { 0, 1, 65535, 65536, 65537, 131072, 131073, 196607, 196608 };
    struct place p;
    place_start(&p);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct taking t;
        int64_t size = -1;
        CHECK_OK(write_of(&p, lengths[i], &size), &p.e);
        CHECK_INT(size, lengths[i]);
        CHECK_OK(read_of(&p, &p.at, size, &t), &p.e);
        CHECK(t.len == size && !t.wrong);
    }
    place_end(&p);
}

TEST(a_file_has_an_end) {
    struct place p;
    int64_t size = -1;
    place_start(&p);
    CHECK_CODE(write_of(&p, FILE_MAX + 1, &size), E_TOO_LARGE, &p.e);
    CHECK_INT(size, -1);
    CHECK_CODE(write_of(&p, INT64_MAX, &size), E_TOO_LARGE, &p.e);      /* refused as soon as it is too long, not at its end */
    place_end(&p);
}

static void frame_swap(struct place *p) {
    char a[FRAME_SEALED], b[FRAME_SEALED];
    int fd = open(p->path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, a, sizeof a, 0) == sizeof a && pread(fd, b, sizeof b, sizeof a) == sizeof b);
    CHECK(pwrite(fd, b, sizeof b, 0) == sizeof b && pwrite(fd, a, sizeof a, sizeof a) == sizeof a);
    CHECK(close(fd) == 0);
}
static void byte_flip(struct place *p, off_t at) {
    char c = 0;
    int fd = open(p->path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &c, 1, at) == 1);
    c ^= 1;
    CHECK(pwrite(fd, &c, 1, at) == 1 && close(fd) == 0);
}

TEST(what_was_changed_shows) {
    struct place p;
    struct taking t;
    int64_t size = 0;
    place_start(&p);
    const struct file_place others[] = {
        { 9, 2, 3, p.at.record, p.at.file, 4 }, { 1, 9, 3, p.at.record, p.at.file, 4 }, { 1, 2, 9, p.at.record, p.at.file, 4 },
        { 1, 2, 3, p.at.file, p.at.file, 4 }, { 1, 2, 3, p.at.record, p.at.file, 9 },
    };
    CHECK_OK(write_of(&p, 150000, &size), &p.e);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)      /* of another tenant, kind, field, record, key */
        CHECK_CODE(read_of(&p, &others[i], size, &t), E_DAMAGED, &p.e);
    frame_swap(&p);
    CHECK_CODE(read_of(&p, &p.at, size, &t), E_DAMAGED, &p.e);
    CHECK_OK(write_of(&p, 150000, &size), &p.e);
    byte_flip(&p, 70000);
    CHECK_CODE(read_of(&p, &p.at, size, &t), E_DAMAGED, &p.e);
    CHECK_INT(t.len, 65536);                   /* the first frame is fine, nothing of the second is given out */
    CHECK_OK(write_of(&p, 150000, &size), &p.e);
    CHECK(truncate(p.path, 2 * FRAME_SEALED) == 0);
    CHECK_CODE(read_of(&p, &p.at, size, &t), E_DAMAGED, &p.e);
    CHECK_CODE(read_of(&p, &p.at, 131072, &t), E_DAMAGED, &p.e);      /* the second frame is not the last */
    CHECK(unlink(p.path) == 0);
    CHECK_CODE(read_of(&p, &p.at, size, &t), E_DAMAGED, &p.e);
    place_end(&p);
}
