#include "keeper/epoch.c"

#include "base/test.h"

static char path[64];
static void begin(struct epoch_slot *s, const struct key *root, const struct key *epoch) {
    struct err e;
    snprintf(path, sizeof path, "/tmp/sejf-epoch-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    CHECK_OK(crypto_init(&e), &e);
    *s = (struct epoch_slot){ .epoch = 5, .owner = uuid_new(), .root = ROOT_PASSPHRASE, .cost = { { 1, 2 }, 3, 4 << 20 } };
    CHECK_OK(epoch_seal(s, root, epoch, &e), &e);
    CHECK_OK(epoch_create(path, s, &e), &e);
}

TEST(slots_come_back_as_they_were_written) {
    struct key root = { { 1 } }, other = { { 2 } }, epoch = { { 3 } }, got = { { 9 } };
    struct epoch_slot s, back;
    struct err e;
    begin(&s, &root, &epoch);
    AUTO(epoch_close) struct epoch_file *f = NULL;
    CHECK_OK(epoch_open(path, &f, &e), &e);
    CHECK(epoch_slot(f, 0, &back) && !epoch_slot(f, 1, &s));
    CHECK(back.epoch == 5 && back.root == ROOT_PASSPHRASE && back.cost.passes == 3 && back.cost.memory == 4 << 20 && back.cost.salt[1] == 2);
    CHECK_CODE(epoch_unseal(&back, &other, &got, &e), E_KEY, &e);
    CHECK(got.bytes[0] == 9);
    CHECK_OK(epoch_unseal(&back, &root, &got, &e), &e);
    CHECK(memcmp(&got, &epoch, sizeof got) == 0);
    back.epoch = 6;                          /* a slot says nothing that its code does not cover */
    CHECK_CODE(epoch_unseal(&back, &root, &got, &e), E_KEY, &e);
    CHECK_OK(epoch_seal(&back, &root, &epoch, &e), &e);
    CHECK_OK(epoch_write(f, 1, &back, &e), &e);
    CHECK_OK(epoch_blank(f, 0, &e), &e);
    f = epoch_close(f);
    CHECK_OK(epoch_open(path, &f, &e), &e);
    CHECK(!epoch_slot(f, 0, &s) && epoch_slot(f, 1, &s) && s.epoch == 6);
    CHECK_CODE(epoch_create(path, &s, &e), E_CONFLICT, &e);
    CHECK(unlink(path) == 0);
}

TEST(every_flipped_bit_of_a_slot_is_seen) {
    struct key root = { { 1 } }, epoch = { { 3 } };
    struct epoch_slot s, back;
    struct err e;
    begin(&s, &root, &epoch);
    AUTO(epoch_close) struct epoch_file *f = NULL;
    CHECK_OK(epoch_open(path, &f, &e), &e);
    size_t used = 8 + 4 + 4 + 8 + 16 + 16 + 8 + 8 + WRAPPED_SIZE + HASH_SIZE + HASH_SIZE;
    for (size_t bit = 0; bit < used * 8; bit++) {
        f->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!epoch_slot(f, 0, &back));
        f->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK(epoch_slot(f, 0, &back));
    CHECK(unlink(path) == 0);
}

/* Where the file system refuses O_DIRECT the write is still made, and the status says so. */
TEST(a_file_system_without_direct_writes_is_told) {
    struct key root = { { 1 } }, epoch = { { 3 } };
    struct epoch_slot s, back;
    struct err e;
    begin(&s, &root, &epoch);
    AUTO(epoch_close) struct epoch_file *f = NULL;
    CHECK_OK(epoch_open(path, &f, &e), &e);
    CHECK(strlen(epoch_filesystem(f)) > 0);
    CHECK_OK(reopen_buffered(f, &e), &e);
    CHECK(!epoch_in_place(f));
    s.epoch = 8;
    CHECK_OK(epoch_seal(&s, &root, &epoch, &e), &e);
    CHECK_OK(epoch_write(f, 1, &s, &e), &e);
    f = epoch_close(f);
    CHECK_OK(epoch_open(path, &f, &e), &e);
    CHECK(epoch_slot(f, 1, &back) && back.epoch == 8);
    CHECK(unlink(path) == 0);
}
