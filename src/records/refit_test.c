/* refit_test.c — stored records under a charter that has changed: before the refit, after it, cut off in the middle, and back. */
#include "records/refit.c"
#include "base/mem.h"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct uuid event_made(struct bed *b, const struct caller *boss) {
    json_t *event = NULL;
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &event), &b->e);
    struct uuid id = id_of(event);
    json_decref(event);
    return id;
}
static json_t *person(const struct uuid *event, const char *email) {
    char id[UUID_TEXT];
    return json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa", "email", email);
}
static struct uuid made(struct bed *b, const struct caller *boss, json_t *in) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, boss, "registration", in, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

struct seen { int32_t part[16]; uint64_t key[16]; size_t count; };
static bool see_part(const struct part_row *p, void *arg) {
    struct seen *s = arg;
    s->part[s->count] = p->part;
    s->key[s->count++] = p->key;
    return true;
}
static struct seen parts_of(struct bed *b, const struct uuid *id) {
    struct seen s = { .count = 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(parts_get(view_sql(v), service_kind(b->service, charter_kind(b->charter, "registration"))->number, id, see_part, &s, &b->e), &b->e);
    return s;
}
static bool opens(struct bed *b, uint64_t key) {
    struct key k;
    bool ok = false;
    CHECK_OK(keeper_open(b->keeper, b->tenant, &key, 1, &k, &ok, &b->e), &b->e);
    return ok;
}
static size_t found(struct bed *b, const struct caller *who, const char *email) {
    json_t *got = NULL, *query = json_pack("{s:{s:s}}", "where", "email", email);
    CHECK_OK(record_search(b->service, who, charter_kind(b->charter, "registration"), query, &got, &b->e), &b->e);
    size_t n = json_array_size(json_object_get(got, "items"));
    json_decref(got);
    json_decref(query);
    return n;
}
static void whole(struct bed *b, const struct caller *who, const struct uuid *id, const char *name) {
    json_t *got = NULL;
    CHECK_OK(bed_read(b, who, "registration", id, &got), &b->e);
    CHECK_TEXT(text_at(got, "fields", "name"), name);
    CHECK_TEXT(text_at(got, "fields", "email"), "a@poczta.example");
    CHECK_TEXT(text_at(got, "fields", "diet"), "bez orzechów");
    CHECK(json_is_true(json_object_get(json_object_get(got, "consents"), "diet")));
    json_decref(got);
}

/* One that keeps them for less time, counts seats otherwise, seals what stood open and finds by phone. */
TEST(a_changed_charter_refits_what_is_stored) {
    struct bed b;
    struct uuid event;
    json_t *got = NULL, *query = json_pack("{s:{s:s}}", "where", "phone", "22 123 45 67");
    struct due_check check;
    AUTO(buf_done) struct buf newer = BUF(1u << 16), older = BUF(1u << 16);
    buf_text(&older, events_charter);
    bed_swap(&older, "      - accepted at most event.seats, else waiting\n      - one for each event and email, cancelled not counted\n", "      - one for each event and phone\n");
    bed_swap(&older, "personal phone, optional", "phone, optional");
    bed_swap(&older, "organiser, or first when a seat is free", "organiser");
    buf_text(&newer, events_charter);
    bed_swap(&newer, "personal phone, optional", "personal phone, optional, found exactly");
    bed_swap(&newer, "180 days after event.ends", "90 days after event.ends");
    bed_start(&b, buf_str(&older));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event = event_made(&b, &boss);
    json_t *in = person(&event, "a@poczta.example");
    json_object_set_new(in, "phone", json_string("22 123 45 67"));
    json_object_set_new(in, "status", json_string("accepted"));
    CHECK_OK(bed_make(&b, &boss, "registration", in, &got), &b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    bed_under(&b, buf_str(&newer));
    CHECK_OK(service_check_due(b.service, b.tenant, &check, &b.e), &b.e);
    CHECK(check.wrong > 0);
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    CHECK_OK(service_check_due(b.service, b.tenant, &check, &b.e), &b.e);
    CHECK_INT(check.wrong, 0);
    boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(record_search(b.service, &boss, charter_kind(b.charter, "registration"), query, &got, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(got, "items")), 1);
    json_decref(got);
    CHECK_CODE(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), E_CONFLICT, &b.e);      /* the new limit counts what is stored */
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "event", &event, -1, json_pack("{s:i}", "seats", 1), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "b@poczta.example"), &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "status"), "waiting");
    json_decref(got);
    AUTO(view_end) struct view *v = NULL;
    struct row row;
    CHECK_OK(store_view(b.store, b.tenant, &v, &b.e), &b.e);
    CHECK_OK(row_get(view_sql(v), service_kind(b.service, charter_kind(b.charter, "registration"))->number, &id, &row, &b.e), &b.e);
    CHECK(strstr(row.clear, "+48") == NULL);
    v = view_end(v);
    json_decref(query);
    bed_end(&b);
}


static const char one_part[] = "    keep: 180 days after event.ends, then erase\n  invoice:",
    three_parts[] = "    keep:\n      - fields: name, badge\n        for: 30 days after created, then erase\n"
                    "      - fields: phone, diet, status\n        for: 60 days after created, then erase\n"
                    "      - fields: email\n        for: 180 days after event.ends, then erase\n  invoice:";
static void parted_charter(struct buf *ret) {
    buf_text(ret, events_charter);
    bed_swap(ret, one_part, three_parts);
}
static json_t *with_diet(const struct uuid *event) {
    json_t *in = person(event, "a@poczta.example");
    json_object_set_new(in, "phone", json_string("22 123 45 67"));
    json_object_set_new(in, "diet", json_string("bez orzechów"));
    json_object_set_new(in, "consents", json_pack("{s:b}", "diet", 1));
    return in;
}
static void all_in_line(struct bed *b) {
    struct due_check check;
    CHECK_OK(service_check_due(b->service, b->tenant, &check, &b->e), &b->e);
    CHECK(check.parts > 0 && check.wrong == 0 && check.undated == 0);
}

TEST(fields_move_between_parts_and_back) {
    struct bed b;
    AUTO(buf_done) struct buf parted = BUF(1u << 16);
    parted_charter(&parted);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss), id = made(&b, &boss, with_diet(&event));
    struct seen before = parts_of(&b, &id);
    CHECK_INT(before.count, 2);                /* main, main+diet */
    bed_under(&b, buf_str(&parted));
    boss = bed_role(&b, b.tenant, "organiser");
    whole(&b, &boss, &id, "Ewa");              /* read where it was */
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    whole(&b, &boss, &id, "Ewa");
    CHECK_INT(found(&b, &boss, "a@poczta.example"), 1);
    all_in_line(&b);
    struct seen parted_now = parts_of(&b, &id);
    CHECK_INT(parted_now.count, 4);            /* main: name; keep2: phone; keep2+diet; keep3: email */
    CHECK(!opens(&b, before.key[0]) && !opens(&b, before.key[1]));      /* phone and diet go sooner now, and so must what was sealed with them */
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    struct seen again = parts_of(&b, &id);
    CHECK(again.count == 4 && memcmp(again.key, parted_now.key, 4 * sizeof *again.key) == 0);      /* nothing is left to be done */
    bed_under(&b, events_charter);
    boss = bed_role(&b, b.tenant, "organiser");
    whole(&b, &boss, &id, "Ewa");
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    whole(&b, &boss, &id, "Ewa");
    all_in_line(&b);
    struct seen after = parts_of(&b, &id);
    CHECK_INT(after.count, 2);
    for (size_t i = 0; i < parted_now.count; i++)      /* parts that the charter has no more leave no key */
        CHECK(opens(&b, parted_now.key[i]) == (parted_now.key[i] == after.key[0] || parted_now.key[i] == after.key[1]));
    bed_end(&b);
}

TEST(a_change_puts_a_record_in_line_too) {
    struct bed b;
    json_t *got = NULL;
    AUTO(buf_done) struct buf parted = BUF(1u << 16);
    parted_charter(&parted);
    bed_start(&b, buf_str(&parted));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss), id = made(&b, &boss, with_diet(&event)), gone = made(&b, &boss, person(&event, "b@poczta.example"));
    struct seen erased = parts_of(&b, &gone);
    bed_under(&b, events_charter);
    boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "name", "Anna"), &got), &b.e);
    json_decref(got);
    whole(&b, &boss, &id, "Anna");
    CHECK_INT(parts_of(&b, &id).count, 2);
    CHECK_OK(bed_erase(&b, &boss, "registration", &gone, &got), &b.e);
    json_decref(got);
    CHECK(erased.count > 1);
    for (size_t i = 0; i < erased.count; i++)
        CHECK(!opens(&b, erased.key[i]));      /* of parts that the charter has no more, too */
    bed_end(&b);
}

/* A start that was cut off leaves some records in line with the newer charter and some with the older. */
TEST(a_refit_that_was_cut_off_goes_either_way) {
    struct bed b;
    AUTO(buf_done) struct buf parted = BUF(1u << 16);
    parted_charter(&parted);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss), id = made(&b, &boss, with_diet(&event)), other = made(&b, &boss, person(&event, "b@poczta.example"));
    size_t damaged = 0;
    bed_under(&b, buf_str(&parted));
    CHECK_OK(refit_some(b.service, b.tenant, &(struct refit_id){ service_kind(b.service, charter_kind(b.charter, "registration")), id }, 1, true, &damaged, &b.e), &b.e);
    CHECK(parts_of(&b, &id).count == 4 && parts_of(&b, &other).count == 1);
    bed_under(&b, events_charter);
    boss = bed_role(&b, b.tenant, "organiser");
    whole(&b, &boss, &id, "Ewa");
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    whole(&b, &boss, &id, "Ewa");
    CHECK(parts_of(&b, &id).count == 2 && found(&b, &boss, "a@poczta.example") == 1 && found(&b, &boss, "b@poczta.example") == 1);
    all_in_line(&b);
    bed_under(&b, buf_str(&parted));
    boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    CHECK_INT(parts_of(&b, &id).count, 4);
    CHECK_INT(parts_of(&b, &other).count, 2);
    all_in_line(&b);
    bed_end(&b);
}

/* Another write comes between the reading and the writing: it stands, and its keys with it. */
TEST(a_record_that_is_written_meanwhile_is_left_to_that_write) {
    struct bed b;
    json_t *got = NULL;
    AUTO(buf_done) struct buf parted = BUF(1u << 16);
    parted_charter(&parted);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss), id = made(&b, &boss, with_diet(&event));
    bed_under(&b, buf_str(&parted));
    boss = bed_role(&b, b.tenant, "organiser");
    struct refit_id one = { service_kind(b.service, charter_kind(b.charter, "registration")), id };
    AUTO(arena_free) struct arena *arena = arena_new(REFIT_MEMORY);
    struct fitting f = { .s = b.service, .tenant = b.tenant, .arena = arena, .count = 1, .everything = true, .list = arena_array(arena, 1, sizeof *f.list) };
    CHECK_OK(load(&f, &one, &b.e), &b.e);
    CHECK_OK(open_all(&f, &b.e), &b.e);
    CHECK_OK(drafts_begin(&f, &b.e), &b.e);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "name", "Anna"), &got), &b.e);
    json_decref(got);
    struct seen now = parts_of(&b, &id);
    CHECK_OK(prepare_and_write(&f, false, &b.e), &b.e);
    CHECK_OK(drafts_end(&f, &b.e), &b.e);
    CHECK(parts_of(&b, &id).count == now.count);
    for (size_t i = 0; i < now.count; i++)
        CHECK(opens(&b, now.key[i]));
    whole(&b, &boss, &id, "Anna");
    bed_end(&b);
}

struct flip { const struct kind_info *k; const struct uuid *id; struct part_row part; char blob[4096]; };
static bool flip_take(const struct part_row *p, void *arg) {
    struct flip *f = arg;
    f->part = *p;
    CHECK(p->len < sizeof f->blob);
    memcpy(f->blob, p->blob, p->len);
    f->blob[p->len / 2] ^= 1;
    f->part.blob = f->blob;
    return false;
}
static enum code flip_byte(struct txn *t, void *arg, struct err *reterr) {
    struct flip *f = arg;
    enum code code = parts_get(txn_sql(t), f->k->number, f->id, flip_take, f, reterr);
    return code == OK ? part_put(t, f->k->number, f->id, &f->part, reterr) : code;
}

struct told { int64_t records, damaged; int times; };
static void tell(void *arg, const char *service, int64_t records, int64_t damaged) {
    struct told *t = arg;
    CHECK_TEXT(service, "events");
    CHECK(records >= t->records && damaged >= t->damaged);
    *t = (struct told){ records, damaged, t->times + 1 };
}

TEST(a_damaged_record_stays_and_is_counted) {
    struct bed b;
    json_t *got = NULL;
    struct told told = { 0, 0, 0 };
    const struct refit_watch watch = { tell, &told };
    AUTO(buf_done) struct buf parted = BUF(1u << 16);
    parted_charter(&parted);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss), id = made(&b, &boss, with_diet(&event)), bad = made(&b, &boss, person(&event, "b@poczta.example"));
    struct flip f = { .k = service_kind(b.service, charter_kind(b.charter, "registration")), .id = &bad };
    CHECK_OK(store_write(b.store, b.tenant, flip_byte, &f, &b.e), &b.e);
    bed_under(&b, buf_str(&parted));
    boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(service_refit(b.service, &watch, &b.e), &b.e);
    CHECK(told.records == 3 && told.damaged == 1 && told.times >= 2);
    whole(&b, &boss, &id, "Ewa");
    CHECK_INT(parts_of(&b, &id).count, 4);
    CHECK_CODE(bed_read(&b, &boss, "registration", &bad, &got), E_DAMAGED, &b.e);
    bed_end(&b);
}

/* More places than before are given to those who wait; those who break a new limit stay, and the next one is refused. */
TEST(limits_count_what_is_stored) {
    struct bed b;
    json_t *got = NULL;
    char email[64];
    struct uuid ids[6];
    static const char *const want[] = { "accepted", "accepted", "accepted", "accepted", "waiting", "waiting" };
    AUTO(buf_done) struct buf two = BUF(1u << 16), four = BUF(1u << 16);
    buf_text(&two, events_charter);
    bed_swap(&two, "accepted at most event.seats, else waiting\n      - one for each event and email, cancelled not counted\n", "accepted at most 2, else waiting\n");
    buf_text(&four, events_charter);
    bed_swap(&four, "accepted at most event.seats, else waiting\n", "accepted at most 4, else waiting\n");
    bed_start(&b, buf_str(&two));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss);
    for (int i = 0; i < 6; i++) {
        snprintf(email, sizeof email, "o%d@poczta.example", i / 2);      /* each twice */
        json_t *in = person(&event, email);
        json_object_set_new(in, "status", json_string("accepted"));
        ids[i] = made(&b, &boss, in);
    }
    bed_under(&b, buf_str(&four));
    boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    for (int i = 0; i < 6; i++) {
        CHECK_OK(bed_read(&b, &boss, "registration", &ids[i], &got), &b.e);
        CHECK_TEXT(text_at(got, "fields", "status"), want[i]);
        json_decref(got);
    }
    CHECK_CODE(bed_make(&b, &boss, "registration", person(&event, "o1@poczta.example"), &got), E_CONFLICT, &b.e);
    json_decref(got);
    CHECK_OK(bed_erase(&b, &boss, "registration", &ids[0], &got), &b.e);      /* the seat of one who goes is given on */
    json_decref(got);
    CHECK_OK(service_recover(b.service, &b.e), &b.e);
    CHECK_OK(bed_change(&b, &boss, "registration", &ids[1], -1, json_pack("{s:s}", "status", "cancelled"), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_read(&b, &boss, "registration", &ids[4], &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "status"), "accepted");
    json_decref(got);
    bed_end(&b);
}

TEST(every_allocation_of_a_refit_may_fail) {
    struct bed b;
    AUTO(buf_done) struct buf parted = BUF(1u << 16);
    parted_charter(&parted);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss), id = made(&b, &boss, with_diet(&event));
    bool reached = true;
    for (size_t n = 1; reached && n < 400; n++) {
        size_t damaged = 0;
        bed_under(&b, n % 2 == 1 ? buf_str(&parted) : events_charter);
        const struct refit_id one = { service_kind(b.service, charter_kind(b.charter, "registration")), id };
        mem_fail_at = n;
        enum code code = refit_some(b.service, b.tenant, &one, 1, true, &damaged, &b.e);
        reached = mem_fail_at == 0;
        mem_fail_at = 0;
        if (code != OK && code != E_MEMORY)
            fprintf(stderr, "allocation %zu: %s: %s\n", n, code_name(code), b.e.text);
        CHECK((code == OK || code == E_MEMORY) && damaged == 0);
        CHECK_OK(refit_some(b.service, b.tenant, &one, 1, true, &damaged, &b.e), &b.e);
        CHECK_INT(parts_of(&b, &id).count, n % 2 == 1 ? 4 : 2);
    }
    CHECK(!reached);
    boss = bed_role(&b, b.tenant, "organiser");
    whole(&b, &boss, &id, "Ewa");
    bed_end(&b);
}
