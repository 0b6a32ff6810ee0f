/* locks_test.c — what was given before a charter knew a use is left out of it, until its person consents. */
#include "records/locks.c"
#include "records/testbed.h"
#include "records/testcharters.h"

struct wish { int32_t kind; const char *what; };
static enum code locking(struct txn *t, void *arg, struct err *reterr) {
    const struct wish *w = arg;
    return lock_put(t, w->kind, w->what, 2, reterr);
}

static void lock_use(struct bed *b, const char *what) {
    struct wish w = { service_kind(b->service, charter_kind(b->charter, "registration"))->number, what };
    CHECK_OK(store_write(b->store, b->tenant, locking, &w, &b->e), &b->e);
    CHECK_OK(service_locks(b->service, &b->e), &b->e);
}

static struct uuid made(struct bed *b, const struct caller *who, const char *kind, json_t *input) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, who, kind, input, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

static struct uuid event_today(struct bed *b, const struct caller *boss) {
    char starts[40], ends[40];
    usec_t now = clock_now();
    return made(b, boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", time_format(now, starts, sizeof starts), "ends", time_format(now + USEC_PER_DAY, ends, sizeof ends)));
}

static struct uuid guest(struct bed *b, const struct caller *boss, const struct uuid *event, const char *email) {
    char id[UUID_TEXT];
    return made(b, boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa Nowa", "email", email));
}

static size_t listed(struct bed *b, const struct caller *who) {
    json_t *got = NULL;
    CHECK_OK(record_list(b->service, who, charter_kind(b->charter, "registration"), NULL, &got, &b->e), &b->e);
    size_t n = json_array_size(json_object_get(got, "items"));
    json_decref(got);
    return n;
}

TEST(a_purpose_that_came_later_leaves_out_what_was_given_before) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_today(&b, &boss), before = guest(&b, &boss, &event, "ewa@people.example");
    lock_use(&b, "purpose running the event");
    struct uuid after = guest(&b, &boss, &event, "ola@people.example");
    CHECK_CODE(bed_read(&b, &boss, "registration", &before, &got), E_FORBIDDEN, &b.e);
    CHECK_OK(bed_read(&b, &boss, "registration", &after, &got), &b.e);
    json_decref(got);
    CHECK_INT(listed(&b, &boss), 1);
    struct caller person = bed_role(&b, b.tenant, "participant");
    person.subject_kind = charter_kind(b.charter, "registration");
    person.subject = before;
    person.by_link = true;
    CHECK_OK(bed_read(&b, &person, "registration", &before, &got), &b.e);      /* one's own is no disclosure */
    json_decref(got);
    CHECK_OK(record_consent_again(b.service, &person, person.subject_kind, &before, "purpose running the event", true, &b.e), &b.e);
    CHECK_OK(bed_read(&b, &boss, "registration", &before, &got), &b.e);
    json_decref(got);
    CHECK_INT(listed(&b, &boss), 2);
    CHECK_OK(record_locks(b.service, &person, person.subject_kind, &before, &got, &b.e), &b.e);
    CHECK(json_array_size(got) == 1 && json_is_string(json_object_get(json_array_get(got, 0), "given")));
    json_decref(got);
    CHECK_OK(record_consent_again(b.service, &person, person.subject_kind, &before, "purpose running the event", false, &b.e), &b.e);
    CHECK_INT(listed(&b, &boss), 1);
    CHECK_CODE(record_consent_again(b.service, &person, person.subject_kind, &before, "purpose another", true, &b.e), E_NOT_FOUND, &b.e);
    CHECK_CODE(record_consent_again(b.service, &person, person.subject_kind, &after, "purpose running the event", true, &b.e), E_NOT_FOUND, &b.e);     /* another's record */
    bed_end(&b);
}

TEST(a_person_who_came_later_does_not_see_that_field_of_what_was_given_before) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    struct uuid event = event_today(&b, &boss), before = guest(&b, &boss, &event, "ewa@people.example");
    lock_use(&b, "person door name");
    lock_use(&b, "person door nothing_of_this_charter");
    lock_use(&b, "processor Poczta sp. z o.o.");
    struct uuid after = guest(&b, &boss, &event, "ola@people.example");
    CHECK_OK(bed_read(&b, &door, "registration", &before, &got), &b.e);
    CHECK(text_at(got, "fields", "name") == NULL && text_at(got, "fields", "status") != NULL);
    json_decref(got);
    CHECK_OK(bed_read(&b, &door, "registration", &after, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa Nowa");
    json_decref(got);
    CHECK_OK(bed_read(&b, &boss, "registration", &before, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa Nowa");
    json_decref(got);
    CHECK_OK(record_consent_again(b.service, &boss, charter_kind(b.charter, "registration"), &before, "person door name", true, &b.e), &b.e);
    CHECK_OK(bed_read(&b, &door, "registration", &before, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa Nowa");
    json_decref(got);
    struct caller elsewhere = bed_role(&b, b.other, "organiser");
    CHECK_OK(record_locks(b.service, &elsewhere, charter_kind(b.charter, "registration"), &before, &got, &b.e), &b.e);
    CHECK(json_array_size(got) == 0);
    json_decref(got);
    bed_end(&b);
}
