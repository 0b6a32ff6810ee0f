/* retirebed.h — for the tests of what goes at its date: a charter whose parts have different rules, its records, and looks at what of them is left. */
#pragma once
#include "records/testbed.h"
#include "records/testcharters.h"
#include "records/file.h"
#include "records/retire.h"
#include "store/consent.h"
#include "store/destruction.h"
#include "store/hold.h"
#include "store/remainder.h"

static const char parcels_charter[] __attribute__((unused)) =
    CHARTER_HEAD("parcels", "PL", "Europe/Warsaw")
    "people:\n  recipient: a person to whom a parcel goes\n  company: the customer\n"
    "tenant: company\n"
    "records:\n"
    "  parcel:\n"
    "    we_are: processor for the company\n"
    "    belongs_to: company\n"
    "    about: recipient\n"
    "    because: contract with the company\n"
    "    used_for: [carrying the parcel]\n"
    "    holds:\n"
    "      remark: text, optional, found by word\n"
    "      state: one of ordered | delivered, found exactly\n"
    "      delivered: time, optional, sorted\n"
    "      name: personal name, found by word\n"
    "      phone: personal phone, found exactly\n"
    "      photo: personal file, optional\n"
    "    limits:\n      - one for each phone\n"
    "    moves:\n      ordered to delivered: company\n"
    "    keep:\n"
    "      - fields: remark, state, delivered\n"
    "        for: 8 years after end of year of delivered, then erase\n"
    "      - fields: name, phone\n"
    "        for: 90 days after delivered, then erase\n"
    "      - fields: photo\n"
    "        for: 1 year after delivered, then erase\n"
    "who_sees:\n  company: everything of own parcel\n  support: nothing personal, unless the tenant opens a window of at most 4 hours\n"
    "sign_in:\n  company: password of 12 characters and a second step\n"
    "agreement: needed before any personal data\n"
    "logs: kept 30 days, masked when written\n"
    "rights: answered within 1 month\nbreach: controller within 24 hours, authority within 72 hours\ncookies: none but those needed\nnot_sealed: []\nclaims: []\n";

UNUSED static json_t *times(usec_t at) {
    char text[40];
    return json_string(time_format(at / USEC_PER_SEC * USEC_PER_SEC, text, sizeof text));
}

UNUSED static struct uuid parcel(struct bed *b, const struct caller *boss, usec_t delivered, const char *phone) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, boss, "parcel", json_pack("{s:s,s:o,s:s,s:s}", "remark", "kruche szkło", "delivered", times(delivered), "name", "Ewa Nowak", "phone", phone), &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

UNUSED static ssize_t few_bytes(void *arg, void *ret, size_t room) {
    size_t *left = arg, n = *left < room ? *left : room;
    memset(ret, 'x', n);
    *left -= n;
    return (ssize_t)n;
}
UNUSED static enum code photo(struct bed *b, const struct caller *who, const struct uuid *record, json_t **ret) {
    size_t left = 5000;
    int kind = charter_kind(b->charter, "parcel"), field = kind_field(charter_kind_at(b->charter, kind), "photo");
    return file_store(b->service, who, kind, record, field, "p.png", "image/png", &(struct source){ few_bytes, &left }, ret, &b->e);
}

static uint64_t no_limit = UINT64_MAX;
UNUSED static struct retired retire_at(struct bed *b, const char *kind, const struct uuid *id, usec_t now) {
    struct retired got = { 0 };
    const struct retire_terms terms = { .now = now, .early = &no_limit };
    const struct retire_id one = { service_kind(b->service, charter_kind(b->charter, kind))->number, *id };
    CHECK_OK(retire_some(b->service, b->tenant, &one, 1, &terms, &got, &b->e), &b->e);
    CHECK(got.failed == 0);
    return got;
}

UNUSED static size_t found(struct bed *b, const struct caller *who, const char *field, json_t *value) {
    json_t *got = NULL, *query = json_pack("{s:{s:o}}", "where", field, value);
    CHECK_OK(record_search(b->service, who, 0, query, &got, &b->e), &b->e);
    size_t n = json_array_size(json_object_get(got, "items"));
    json_decref(query);
    json_decref(got);
    return n;
}

struct key_list { uint64_t list[8]; size_t count; };
UNUSED static bool see(const struct part_row *p, void *arg) {
    struct key_list *k = arg;
    k->list[k->count++] = p->key;
    return true;
}
UNUSED static struct key_list keys_stored(struct bed *b, const char *kind, const struct uuid *id) {
    struct key_list k = { .count = 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(parts_get(view_sql(v), service_kind(b->service, charter_kind(b->charter, kind))->number, id, see, &k, &b->e), &b->e);
    return k;
}
UNUSED static size_t opening(struct bed *b, const struct key_list *k) {
    struct key keys[8];
    bool ok[8];
    size_t n = 0;
    CHECK_OK(keeper_open(b->keeper, b->tenant, k->list, k->count, keys, ok, &b->e), &b->e);
    for (size_t i = 0; i < k->count; i++)
        n += ok[i];
    return n;
}

/* Its row and its bytes stand, or neither does. */
UNUSED static bool file_there(struct bed *b, const struct uuid *id) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    AUTO(view_end) struct view *v = NULL;
    struct file_row row;
    char path[512];
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    bool stands = file_get(view_sql(v), id, &row, arena, &b->e) == OK;
    CHECK(file_path(b->service, id, path, sizeof path) && (access(path, F_OK) == 0) == stands);
    return stands;
}
