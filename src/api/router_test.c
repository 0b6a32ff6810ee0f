#include "api/router.c"
#include "base/test.h"

static void nothing(struct http_req *req UNUSED) {}
static const struct route table_a[] = {
    { "GET", "/v1/{service}/{kind}", 0, nothing },
    { "POST", "/v1/{service}/{kind}", 0, nothing },
    { "GET", "/v1/{service}/{kind}/{id}", 0, nothing },
    { "DELETE", "/v1/{service}/{kind}/{id}", 0, nothing },
    { "POST", "/v1/{service}/{kind}/search", 0, nothing },
    { "POST", "/v1/{service}/{kind}/{id}/{field}", 0, nothing },
};
static const struct route table_b[] = {
    { "GET", "/", 0, nothing },
    { "GET", "/v1/{service}/changes", 0, nothing },
    { "GET", "/v1/{service}/files/{file}", 0, nothing },
    { "GET", "/.well-known/security.txt", 0, nothing },
};
static const struct route_table tables[] = { { table_a, ARRAY_LEN(table_a) }, { table_b, ARRAY_LEN(table_b) } };

TEST(the_most_literal_pattern_owns_a_path) {
    AUTO(router_free) struct router *r = NULL;
    struct err e;
    CHECK_OK(router_new(tables, ARRAY_LEN(tables), &r, &e), &e);
    static const struct { const char *method, *path; enum code code; const char *pattern, *allow, *name, *value; } rows[] = {
        { "GET", "/v1/events/event", OK, "/v1/{service}/{kind}", NULL, "kind", "event" },
        { "HEAD", "/v1/events/event", OK, "/v1/{service}/{kind}", NULL, "service", "events" },
        { "POST", "/v1/events/event/search", OK, "/v1/{service}/{kind}/search", NULL, "kind", "event" },
        { "GET", "/v1/events/event/search", E_METHOD, NULL, "POST, OPTIONS", NULL, NULL },
        { "GET", "/v1/events/event/7", OK, "/v1/{service}/{kind}/{id}", NULL, "id", "7" },
        { "PATCH", "/v1/events/event/7", E_METHOD, NULL, "GET, HEAD, DELETE, OPTIONS", NULL, NULL },
        { "GET", "/v1/events/changes", OK, "/v1/{service}/changes", NULL, "service", "events" },
        { "POST", "/v1/events/changes", E_METHOD, NULL, "GET, HEAD, OPTIONS", NULL, NULL },
        { "DELETE", "/v1/events/files/9", E_METHOD, NULL, "GET, HEAD, OPTIONS", NULL, NULL },
        { "POST", "/v1/courier/parcel/7/photo", OK, "/v1/{service}/{kind}/{id}/{field}", NULL, "field", "photo" },
        { "GET", "/", OK, "/", NULL, NULL, NULL },
        { "GET", "/.well-known/security.txt", OK, "/.well-known/security.txt", NULL, NULL, NULL },
        { "GET", "/v1", E_NOT_FOUND, NULL, NULL, NULL, NULL },
        { "GET", "/v1/events/", E_NOT_FOUND, NULL, NULL, NULL, NULL },
        { "GET", "/V1/events/event", E_NOT_FOUND, NULL, NULL, NULL, NULL },
        { "GET", "/1/2/3/4/5/6/7/8/9/10/11/12", E_NOT_FOUND, NULL, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(arena_free) struct arena *a = arena_new(1 << 14);
        struct path p;
        struct route_match m;
        CHECK_OK(path_parse(rows[i].path, strlen(rows[i].path), a, &p, &e), &e);
        CHECK_CODE(router_find(r, rows[i].method, &p, &m, &e), rows[i].code, &e);
        if (rows[i].pattern != NULL)
            CHECK_TEXT(m.route->pattern, rows[i].pattern);
        if (rows[i].allow != NULL)
            CHECK_TEXT(m.allow, rows[i].allow);
        bool found = rows[i].name == NULL;
        for (size_t j = 0; rows[i].name != NULL && j < m.count; j++)
            found = found || (strcmp(m.names[j], rows[i].name) == 0 && strcmp(m.values[j], rows[i].value) == 0);
        CHECK(found);
    }
}

TEST(two_routes_for_one_address_are_refused) {
    static const struct route twice[] = { { "GET", "/a/{x}", 0, nothing }, { "GET", "/a/{y}", 0, nothing } };
    static const struct route_table t = { twice, 2 };
    struct router *r = NULL;
    struct err e;
    CHECK_CODE(router_new(&t, 1, &r, &e), E_INTERNAL, &e);
    CHECK(r == NULL);
}
