/* keep_test.c — what goes and what stays: consents, corrected values, moved anchors, repeated requests, cuts. */
#include "records/change.c"
#include "records/recover.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static void event_make(struct bed *b, const struct caller *boss, struct uuid *ret) {
    json_t *event = NULL;
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &event), &b->e);
    *ret = id_of(event);
    json_decref(event);
}
static json_t *person(const struct uuid *event, const char *email) {
    char id[UUID_TEXT];
    return json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa", "email", email);
}

struct keys_seen { uint64_t list[16]; size_t count; };
static bool see_part(const struct part_row *p, void *arg) {
    struct keys_seen *k = arg;
    k->list[k->count++] = p->key;
    return true;
}
static struct keys_seen keys_of(struct bed *b, const char *kind, const struct uuid *id) {
    struct keys_seen k = { .count = 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(parts_get(view_sql(v), service_kind(b->service, charter_kind(b->charter, kind))->number, id, see_part, &k, &b->e), &b->e);
    return k;
}
static bool opens(struct bed *b, uint64_t key) {
    struct key k;
    bool ok = false;
    CHECK_OK(keeper_open(b->keeper, b->tenant, &key, 1, &k, &ok, &b->e), &b->e);
    return ok;
}
static bool has_key(const struct keys_seen *k, uint64_t key) {
    for (size_t i = 0; i < k->count; i++)
        if (k->list[i] == key)
            return true;
    return false;
}

TEST(a_field_with_consent_comes_and_goes_with_it) {
    struct bed b;
    struct uuid event;
    json_t *got = NULL, *in;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, &event);
    in = person(&event, "a@poczta.example");
    json_object_set_new(in, "diet", json_string("bez orzechów"));
    CHECK_CODE(bed_make(&b, &boss, "registration", in, &got), E_FIELDS, &b.e);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(got, 0), "path")), "/diet");
    json_decref(got);
    in = person(&event, "a@poczta.example");
    json_object_set_new(in, "diet", json_string("bez orzechów"));
    json_object_set_new(in, "consents", json_pack("{s:b}", "diet", 1));
    CHECK_OK(bed_make(&b, &boss, "registration", in, &got), &b.e);
    struct uuid id = id_of(got);
    CHECK(json_is_true(json_object_get(json_object_get(got, "consents"), "diet")));
    json_decref(got);
    struct keys_seen before = keys_of(&b, "registration", &id);
    CHECK_INT(before.count, 2);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:{s:b}}", "consents", "diet", 0), &got), &b.e);
    CHECK(json_object_get(json_object_get(got, "fields"), "diet") == NULL && json_is_false(json_object_get(json_object_get(got, "consents"), "diet")));
    json_decref(got);
    struct keys_seen after = keys_of(&b, "registration", &id);
    CHECK_INT(after.count, 1);
    for (size_t i = 0; i < before.count; i++)
        CHECK(opens(&b, before.list[i]) == has_key(&after, before.list[i]));
    CHECK_CODE(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "diet", "x"), &got), E_FIELDS, &b.e);
    json_decref(got);
    CHECK_CODE(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:{s:b}}", "consents", "other", 1), &got), E_FIELDS, &b.e);
    json_decref(got);
    bed_end(&b);
}

TEST(a_corrected_value_leaves_no_key) {
    struct bed b;
    struct uuid event;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, &event);
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    struct keys_seen first = keys_of(&b, "registration", &id);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "phone", "22 123 45 67"), &got), &b.e);      /* something new: the key stays */
    json_decref(got);
    struct keys_seen second = keys_of(&b, "registration", &id);
    CHECK(second.list[0] == first.list[0]);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "status", "cancelled"), &got), &b.e);        /* unsealed: the key stays */
    json_decref(got);
    CHECK(keys_of(&b, "registration", &id).list[0] == first.list[0]);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:n}", "phone"), &got), &b.e);
    json_decref(got);
    struct keys_seen third = keys_of(&b, "registration", &id);
    CHECK(third.list[0] != first.list[0] && !opens(&b, first.list[0]) && opens(&b, third.list[0]));
    CHECK_OK(bed_erase(&b, &boss, "registration", &id, &got), &b.e);
    json_decref(got);
    CHECK(!opens(&b, third.list[0]));
    bed_end(&b);
}

struct later { const struct kind_info *k; const struct uuid *id; };
struct part_copy { struct part_row part; struct buf blob; };
static bool part_later(const struct part_row *p, void *arg) {      /* what p points to lives in this call only */
    struct part_copy *copy = arg;
    copy->part = *p;
    buf_add(&copy->blob, p->blob, p->len);
    return false;
}
/* A due date as an older charter would have left it, on the row and on its part. */
static enum code date_later(struct txn *t, void *arg, struct err *reterr) {
    struct later *l = arg;
    AUTO(buf_done) struct buf clear = BUF(1 << 16);
    struct row row;
    struct part_copy copy = { .blob = BUF(1 << 16) };
    enum code code = row_get(txn_sql(t), l->k->number, l->id, &row, reterr);
    if (code != OK)
        return code;
    buf_text(&clear, row.clear);
    row.clear = buf_str(&clear);
    row.due += USEC_PER_DAY;
    if ((code = row_put(t, &row, reterr)) != OK || (code = parts_get(txn_sql(t), l->k->number, l->id, part_later, &copy, reterr)) != OK)
        return code;
    copy.part.blob = copy.blob.data;
    copy.part.due += USEC_PER_DAY;
    code = part_put(t, l->k->number, l->id, &copy.part, reterr);
    buf_done(&copy.blob);
    return code;
}

#define CHILDREN 700
TEST(a_moved_anchor_moves_every_date) {
    struct bed b;
    struct uuid event;
    json_t *got = NULL;
    char email[64];
    struct due_check check;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, &event);
    struct uuid last = { { 0 } };
    for (int i = 0; i < CHILDREN; i++) {
        snprintf(email, sizeof email, "o%d@poczta.example", i);
        CHECK_OK(bed_make(&b, &boss, "registration", person(&event, email), &got), &b.e);
        last = id_of(got);
        json_decref(got);
    }
    CHECK_OK(bed_change(&b, &boss, "event", &event, -1, json_pack("{s:s}", "ends", "2028-03-01T21:00:00Z"), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_read(&b, &boss, "registration", &last, &got), &b.e);
    CHECK_TEXT(text_at(got, "due", NULL), "2028-08-28T20:00:00Z");
    CHECK_INT(json_integer_value(json_object_get(got, "version")), 2);      /* what is shown has changed */
    json_decref(got);
    CHECK_OK(service_check_due(b.service, b.tenant, &check, &b.e), &b.e);
    CHECK(check.parts == CHILDREN + 1 && check.undated == 0 && check.wrong == 0);
    struct later l = { .k = service_kind(b.service, charter_kind(b.charter, "registration")), .id = &last };
    CHECK_OK(store_write(b.store, b.tenant, date_later, &l, &b.e), &b.e);
    CHECK_OK(service_check_due(b.service, b.tenant, &check, &b.e), &b.e);
    CHECK_INT(check.wrong, 2);
    CHECK_OK(service_rebuild_due(b.service, &b.e), &b.e);
    CHECK_OK(service_check_due(b.service, b.tenant, &check, &b.e), &b.e);
    CHECK_INT(check.wrong, 0);
    bed_end(&b);
}

/* The part that counts from its own making stays; the one that counts from the event moves, though it is not the first to go. */
TEST(a_moved_anchor_moves_later_parts_too) {
    static const char whole[] = "    keep: 180 days after event.ends, then erase\n  invoice:",
        parted[] = "    keep:\n      - fields: name, phone, diet, badge\n        for: 30 days after created, then erase\n"
                   "      - fields: email, status\n        for: 180 days after event.ends, then erase\n  invoice:";
    struct bed b;
    struct uuid event;
    json_t *got = NULL;
    struct due_check check;
    AUTO(buf_done) struct buf charter = BUF(1u << 16);
    const char *at = strstr(events_charter, whole);
    CHECK(at != NULL);
    buf_add(&charter, events_charter, (size_t)(at - events_charter));
    buf_text(&charter, parted);
    buf_text(&charter, at + sizeof whole - 1);
    bed_start(&b, buf_str(&charter));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, &event);
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "event", &event, -1, json_pack("{s:s}", "ends", "2028-03-01T21:00:00Z"), &got), &b.e);
    json_decref(got);
    CHECK_OK(service_check_due(b.service, b.tenant, &check, &b.e), &b.e);
    CHECK_INT(check.wrong, 0);
    bed_end(&b);
}

TEST(a_repeated_request_is_answered_as_before) {
    struct bed b;
    struct uuid event;
    json_t *first = NULL, *second = NULL, *mistakes = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, &event);
    json_t *in = person(&event, "a@poczta.example"), *other = person(&event, "b@poczta.example");
    struct record_request r = { .who = &boss, .kind = charter_kind(b.charter, "registration"), .input = in, .if_match = -1, .idempotency = "key-1" };
    CHECK_OK(record_create(b.service, &r, &first, &mistakes, &b.e), &b.e);
    CHECK_OK(record_create(b.service, &r, &second, &mistakes, &b.e), &b.e);
    CHECK(json_equal(first, second));
    json_decref(second);
    r.input = other;
    CHECK_CODE(record_create(b.service, &r, &second, &mistakes, &b.e), E_CONFLICT, &b.e);
    r.idempotency = "key-2";
    CHECK_OK(record_create(b.service, &r, &second, &mistakes, &b.e), &b.e);
    CHECK(strcmp(text_at(first, "id", NULL), text_at(second, "id", NULL)) != 0);
    json_decref(second);
    /* A corrected value does not come back, and an erased record not at all. */
    struct uuid id = id_of(first);
    json_decref(first);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "name", "Anna"), &first), &b.e);
    json_decref(first);
    r.input = in;
    r.idempotency = "key-1";
    CHECK_OK(record_create(b.service, &r, &second, &mistakes, &b.e), &b.e);
    CHECK_TEXT(text_at(second, "fields", "name"), "Anna");
    CHECK_TEXT(text_at(second, "fields", "email"), "a@poczta.example");
    json_decref(second);
    CHECK_OK(bed_erase(&b, &boss, "registration", &id, &first), &b.e);
    json_decref(first);
    CHECK_CODE(record_create(b.service, &r, &second, &mistakes, &b.e), E_CONFLICT, &b.e);
    json_decref(in);
    json_decref(other);
    bed_end(&b);
}

TEST(the_index_is_built_again) {
    struct bed b;
    struct uuid event;
    json_t *got = NULL, *query = json_pack("{s:{s:s}}", "where", "email", "a@poczta.example");
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, &event);
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    json_decref(got);
    for (int settled = 0; settled < 2; settled++) {        /* known to lack something, the index is passed by */
        if (settled == 0)
            CHECK_OK(index_drop_all(b.store, &b.e), &b.e);
        else
            store_index_settled(b.store, store_index_gaps(b.store));
        CHECK(store_index_trails(b.store) == (settled == 0));
        CHECK_OK(record_search(b.service, &boss, charter_kind(b.charter, "registration"), query, &got, &b.e), &b.e);
        CHECK_INT(json_array_size(json_object_get(got, "items")), settled == 0 ? 1 : 0);
        json_decref(got);
    }
    CHECK_OK(service_recover(b.service, &b.e), &b.e);
    CHECK_OK(record_search(b.service, &boss, charter_kind(b.charter, "registration"), query, &got, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(got, "items")), 1);
    json_decref(got);
    CHECK_OK(service_rebuild_index(b.service, &b.e), &b.e);
    CHECK_OK(record_search(b.service, &boss, charter_kind(b.charter, "registration"), query, &got, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(got, "items")), 1);
    json_decref(got);
    json_decref(query);
    bed_end(&b);
}

static enum code changes_of(struct bed *b, const struct caller *who, int64_t after, json_t **ret) {
    bool end = false;
    enum code code = record_changes(b->service, who, &after, 100, NULL, &end, ret, &b->e);
    CHECK(code != OK || end);
    return code;
}

TEST(changes_are_told_to_whom_they_concern) {
    struct bed b;
    struct uuid event;
    json_t *got = NULL, *list = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), stranger = bed_role(&b, b.other, "organiser"), door = bed_role(&b, b.tenant, "door");
    event_make(&b, &boss, &event);
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    CHECK_OK(bed_erase(&b, &boss, "registration", &id, &got), &b.e);
    json_decref(got);
    CHECK_OK(changes_of(&b, &boss, 0, &list), &b.e);
    CHECK_INT(json_array_size(list), 2);
    CHECK(json_is_true(json_object_get(json_array_get(list, 1), "erased")));
    json_int_t last = json_integer_value(json_object_get(json_array_get(list, 0), "change"));
    json_decref(list);
    CHECK_OK(changes_of(&b, &boss, last, &list), &b.e);
    CHECK_INT(json_array_size(list), 1);
    json_decref(list);
    CHECK_OK(changes_of(&b, &stranger, 0, &list), &b.e);
    CHECK_INT(json_array_size(list), 0);
    json_decref(list);
    CHECK_OK(changes_of(&b, &door, 0, &list), &b.e);
    CHECK_INT(json_array_size(list), 0);
    json_decref(list);
    bed_end(&b);
}
