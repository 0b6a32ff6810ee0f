/* page_slugs_test.c — how the name of a tenant stands in an address, and which tenant has it. */
#include "api/page_slugs.c"

#include <unistd.h>

#include "base/test.h"

__attribute__((constructor)) static void bed_ready(void) {
    struct err e;
    if (crypto_init(&e) != OK)
        abort();
}

TEST(slug_rows) {
    static const struct { const char *name, *want; } row[] = {
        { "Gabinet Mięta", "gabinet-mieta" }, { "Gyors Nyíl Futár Kft.", "gyors-nyil-futar-kft" }, { "  A  &  B  ", "a-b" },
        { "Biuro Arabika S.A.", "biuro-arabika-s-a" }, { "24/7", "24-7" }, { "---", "" }, { "", "" }, { "ŁÓDŹ", "lodz" },
        { "<script>", "script" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf b = BUF(256);
        slug_of(row[i].name, &b);
        CHECK_TEXT(buf_str(&b), row[i].want);
    }
}

static int64_t made(struct store *s, const char *service, const char *name) {
    struct err e;
    int64_t id = 0;
    CHECK_OK(tenant_make(s, service, name, false, &id, &e), &e);
    return id;
}

static int64_t found(struct slugs *n, struct store *s, const char *service, const char *slug) {
    struct err e;
    int64_t id = 0;
    enum code code = slugs_find(n, s, service, slug, &id, &e);
    CHECK(code == OK || code == E_NOT_FOUND);
    return code == OK ? id : 0;
}

TEST(the_oldest_open_tenant_has_the_address) {
    static const char *const files[] = { "records.db", "records.db-wal", "records.db-shm", "index.db", "index.db-wal", "index.db-shm" };
    struct err e;
    char directory[] = "/tmp/sejf-names-XXXXXX", path[64];
    struct store *s = NULL;
    AUTO(slugs_free) struct slugs *n = NULL;
    CHECK(mkdtemp(directory) != NULL);
    CHECK_OK(store_open(&(struct store_options){ .directory = directory, .readers = 2, .queue = 16 }, &s, &e), &e);
    CHECK_OK(slugs_new(&n, &e), &e);
    CHECK_INT(found(n, s, "bookings", "gabinet-mieta"), 0);
    int64_t a = made(s, "bookings", "Gabinet Mięta"), other = made(s, "mail", "Gabinet Mięta");
    CHECK_INT(found(n, s, "bookings", "gabinet-mieta"), a);
    CHECK_INT(found(n, s, "mail", "gabinet-mieta"), other);
    int64_t b = made(s, "bookings", "Gabinet: MIĘTA");
    CHECK_INT(found(n, s, "bookings", "gabinet-mieta"), a);
    CHECK_OK(tenant_close(s, a, &e), &e);
    CHECK_INT(found(n, s, "bookings", "gabinet-mieta"), b);
    CHECK_OK(tenant_close(s, b, &e), &e);
    CHECK_INT(found(n, s, "bookings", "gabinet-mieta"), 0);
    CHECK_INT(found(n, s, "bookings", "gabinet"), 0);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "Salon %d", i);
        (void)made(s, "bookings", name);
    }
    CHECK(found(n, s, "bookings", "salon-99") > b && found(n, s, "bookings", "salon-0") == b + 1);
    store_close(s);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        (void)unlink(path);
    }
    CHECK(rmdir(directory) == 0);
}
