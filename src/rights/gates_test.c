/* gates_test.c — consents, objections and restrictions against a slow second implementation of who may read what for what: random steps
 * over a few people's records, and after each of them every way to a record is asked and held against the model. */
#include "records/testbed.h"
#include "records/testcharters.h"
#include "rights/objection.h"
#include "rights/restriction.h"
#include "records/service.h"
#include "store/consent.h"

static const char desk[] =
    CHARTER_HEAD("desk", "PL", "Europe/Warsaw")
    "people:\n  asker: who asks\n  clerk: who answers\n  owner: the customer\n"
    "tenant: owner\n"
    "records:\n"
    "  question:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: asker\n    because: interest answering\n"
    "    used_for: [answering the question, counting questions]\n"
    "    holds:\n"
    "      email: personal email, found exactly\n"
    "      copy_to: personal email, optional\n"
    "      text: personal text\n"
    "      diet: sensitive text, optional, only with consent diet\n"
    "    keep: 60 days after created, then erase\n"
    "  visit:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: asker\n    because: contract with the asker\n"
    "    used_for: [keeping the appointment, counting questions]\n"
    "    holds:\n"
    "      email: personal email, found exactly\n"
    "      note: personal text, optional\n"
    "    keep: 60 days after created, then erase\n"
    "who_sees:\n"
    "  asker: everything of own question, everything of own visit, by private link\n"
    "  owner: everything of own question, everything of own visit\n"
    "  clerk: everything of own question, email of own visit\n"
    "  support: nothing personal\n"
    "who_changes:\n"
    "  clerk: text of own question\n"
    "  asker: text, diet of own question\n"
    "sign_in:\n  owner: password of 12 characters and a second step\n"
    CHARTER_TAIL;

/* ---- the model: what is so, told in the plainest way */
#define PEOPLE 3
#define RECORDS_MAX 40
enum { ANSWERING, COUNTING, APPOINTMENT, PURPOSES };
static const char *const purposes[PURPOSES] = { "answering the question", "counting questions", "keeping the appointment" };
struct modelled { bool visit; int person; struct uuid id; bool restricted, diet, told, objected[PURPOSES]; int steps; };
struct model { struct modelled list[RECORDS_MAX]; size_t count; bool objects[PEOPLE][PURPOSES]; };

static bool used_for(const struct modelled *m, int purpose) { return purpose == COUNTING || (purpose == APPOINTMENT) == m->visit; }

enum asks { AS_OWNER, AS_OWNER_GROUND, AS_CLERK, AS_PERSON, WAYS_TO_ASK };
static bool may_read(const struct modelled *m, enum asks as, int purpose) {
    if (as == AS_PERSON)
        return true;
    if (m->restricted && as != AS_OWNER_GROUND)
        return false;
    return used_for(m, purpose) && !m->objected[purpose];
}

/* ---- asking */
static uint32_t seed = 2463534242u;
static uint32_t pick(uint32_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static struct caller caller_of(const struct bed *b, enum asks as, int purpose, const struct modelled *m) {
    struct caller who = bed_role(b, b->tenant, as == AS_CLERK ? "clerk" : as == AS_PERSON ? "asker" : "owner");
    if (as == AS_PERSON) {
        who.by_link = true;
        who.subject_kind = charter_kind(b->charter, m->visit ? "visit" : "question");
        who.subject = m->id;
    } else
        who.purpose = purposes[purpose];
    who.ground = as == AS_OWNER_GROUND ? GROUND_CLAIMS : GROUND_NONE;
    return who;
}
static const char *kind_of(const struct modelled *m) { return m->visit ? "visit" : "question"; }

/* One by one: what the model lets read is read, the rest refused, without its existence denied to who may know of it. */
static void reads_hold(struct bed *b, const struct model *all) {
    for (size_t i = 0; i < all->count; i++)
        for (enum asks as = 0; as < WAYS_TO_ASK; as++)
            for (int p = 0; p < PURPOSES; p++) {
                const struct modelled *m = &all->list[i];
                struct caller who = caller_of(b, as, p, m);
                json_t *got = NULL;
                if (as != AS_PERSON && !used_for(m, p))
                    continue;
                enum code code = bed_read(b, &who, kind_of(m), &m->id, &got);
                if (code != (may_read(m, as, p) ? OK : E_FORBIDDEN))
                    fprintf(stderr, "record %zu of %d (%s): asked %d for %d: %d, %s\n", i, m->person, kind_of(m), as, p, code, b->e.text);
                CHECK(code == (may_read(m, as, p) ? OK : E_FORBIDDEN));
                CHECK(code != OK || json_is_true(json_object_get(got, "restricted")) == m->restricted);
                json_decref(got);
            }
}

static bool has_id(json_t *page, const struct uuid *id) {
    size_t i;
    json_t *one;
    char text[UUID_TEXT];
    uuid_format(id, text);
    json_array_foreach(json_object_get(page, "items"), i, one)
        if (strcmp(text_at(one, "id", NULL), text) == 0)
            return true;
    return false;
}

static bool feed_has(json_t *feed, const struct uuid *id) {
    size_t i;
    json_t *one;
    char text[UUID_TEXT];
    uuid_format(id, text);
    json_array_foreach(feed, i, one)
        if (strcmp(text_at(one, "id", NULL), text) == 0)
            return true;
    return false;
}
static bool is_objected(const struct modelled *m) { return m->objected[ANSWERING] || m->objected[COUNTING] || m->objected[APPOINTMENT]; }

/* Lists, searches and the feed. */
static void lists_hold(struct bed *b, const struct model *all) {
    for (enum asks as = 0; as < AS_PERSON; as++)
        for (int p = 0; p < PURPOSES; p++)
            for (int visit = 0; visit < 2; visit++) {
                json_t *list = NULL, *feed = NULL, *found[PEOPLE] = { NULL };
                const char *kind = visit ? "visit" : "question";
                struct caller who = caller_of(b, as, p, NULL);
                int64_t after = 0;
                bool end = false;
                if (p == (visit ? ANSWERING : APPOINTMENT))
                    continue;
                json_t *query = json_pack("{s:s}", "limit", "200");
                CHECK_OK(record_list(b->service, &who, charter_kind(b->charter, kind), query, &list, &b->e), &b->e);
                json_decref(query);
                for (int n = 0; n < PEOPLE; n++) {
                    char mail[64];
                    snprintf(mail, sizeof mail, "p%d@people.example", n);
                    query = json_pack("{s:i, s:{s:s}}", "limit", 200, "where", "email", mail);
                    CHECK_OK(record_search(b->service, &who, charter_kind(b->charter, kind), query, &found[n], &b->e), &b->e);
                    json_decref(query);
                }
                for (size_t i = 0; i < all->count; i++) {
                    const struct modelled *m = &all->list[i];
                    bool may = m->visit == (visit == 1) && may_read(m, as, p);
                    CHECK(has_id(list, &m->id) == may && has_id(found[m->person], &m->id) == may && !has_id(found[(m->person + 1) % PEOPLE], &m->id));
                }
                CHECK_OK(record_changes(b->service, &who, &after, 1000, NULL, &end, &feed, &b->e), &b->e);
                size_t told = 0, want = 0;
                for (size_t i = 0; i < all->count; i++) {
                    want += used_for(&all->list[i], p) ? may_read(&all->list[i], as, p) : !all->list[i].restricted && !is_objected(&all->list[i]);
                    told += feed_has(feed, &all->list[i].id);
                    CHECK(!used_for(&all->list[i], p) || feed_has(feed, &all->list[i].id) == may_read(&all->list[i], as, p));
                }
                CHECK(told >= want && told == json_array_size(feed));
                json_decref(list);
                json_decref(feed);
                for (int n = 0; n < PEOPLE; n++)
                    json_decref(found[n]);
            }
}

/* ---- steps */
static void make(struct bed *b, struct model *all) {
    struct caller who = bed_role(b, b->tenant, "owner");
    struct modelled *m = &all->list[all->count];
    char mail[64];
    json_t *got = NULL;
    if (all->count == RECORDS_MAX)
        return;
    *m = (struct modelled){ .visit = pick(2) == 1, .person = (int)pick(PEOPLE) };
    snprintf(mail, sizeof mail, "%s%d@people.example", pick(2) == 1 ? "p" : "P", m->person);
    json_t *in = m->visit ? json_pack("{s:s}", "email", mail) : json_pack("{s:s, s:s, s:s}", "email", mail, "text", "?", "copy_to", "p0@people.example");
    m->diet = !m->visit && pick(3) == 0;
    if (m->diet) {
        json_object_set_new(in, "diet", json_string("none"));
        json_object_set_new(in, "consents", json_pack("{s:b}", "diet", 1));
    } else if (!m->visit)
        json_object_set_new(in, "consents", json_pack("{s:b}", "diet", 0));
    CHECK_OK(bed_make(b, &who, kind_of(m), in, &got), &b->e);
    m->id = id_of(got);
    m->steps = m->visit ? 0 : 1;
    json_decref(got);
    for (int p = 0; p < PURPOSES; p++)
        m->objected[p] = used_for(m, p) && all->objects[m->person][p];
    all->count++;
}

static void consent(struct bed *b, struct modelled *m) {
    struct caller who = caller_of(b, AS_PERSON, 0, m);
    json_t *got = NULL;
    bool give = pick(2) == 1;
    if (m->visit)
        return;
    json_t *patch = json_pack("{s:{s:b}}", "consents", "diet", (int)give);
    if (give)
        json_object_set_new(patch, "diet", json_string("vegan"));
    CHECK_OK(bed_change(b, &who, kind_of(m), &m->id, -1, patch, &got), &b->e);
    m->steps += give != m->diet;
    m->diet = give;
    CHECK(json_is_true(json_object_get(json_object_get(got, "consents"), "diet")) == give && (text_at(got, "fields", "diet") != NULL) == give);
    json_decref(got);
}

static void object(struct bed *b, struct model *all, struct modelled *m) {
    struct caller who = caller_of(b, AS_PERSON, 0, m);
    int p = (int)pick(PURPOSES);
    bool ends = pick(3) == 0;
    size_t n = 99, want = 0;
    enum code code = ends ? objection_end(b->service, &who, who.subject_kind, &m->id, purposes[p], &b->e) : objection_make(b->service, &who, who.subject_kind, &m->id, purposes[p], &n, &b->e);
    if (!used_for(m, p)) {
        CHECK(code == E_FIELDS);
        return;
    }
    CHECK_OK(code, &b->e);
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].person == m->person && used_for(&all->list[i], p)) {
            want += !all->list[i].objected[p];
            all->list[i].objected[p] = !ends;
        }
    all->objects[m->person][p] = !ends;
    CHECK(ends || n == want);
}

static void restrict_or_lift(struct bed *b, struct modelled *m) {
    struct caller who = bed_role(b, b->tenant, "owner");
    const int kind = charter_kind(b->charter, kind_of(m));
    if (!m->restricted) {
        CHECK(restriction_lift(b->service, &who, kind, &m->id, clock_now(), &b->e) == E_NOT_FOUND);
        CHECK_OK(restriction_set(b->service, &who, kind, &m->id, 0, &b->e), &b->e);
        m->restricted = true;
        m->told = false;
        return;
    }
    switch (pick(4)) {
    case 0:
        CHECK(restriction_tell(b->service, &who, kind, &m->id, clock_now() + USEC_PER_DAY, &b->e) == E_FIELDS);
        CHECK_OK(restriction_tell(b->service, &who, kind, &m->id, clock_now(), &b->e), &b->e);
        m->told = true;
        return;
    case 1:
        CHECK(restriction_lift(b->service, &who, kind, &m->id, 0, &b->e) == (m->told ? OK : E_CONFLICT));
        m->restricted = !m->told;
        return;
    case 2:
        CHECK(restriction_lift(b->service, &who, kind, &m->id, 5, &b->e) == E_FIELDS);
        return;
    default:
        CHECK_OK(restriction_set(b->service, &who, kind, &m->id, 0, &b->e), &b->e);
    }
}

/* Whoever is refused the reading is refused the change. */
static void change(struct bed *b, struct modelled *m) {
    const enum asks as = (enum asks)pick(WAYS_TO_ASK);
    const int p = m->visit ? APPOINTMENT : ANSWERING;
    struct caller who = caller_of(b, as, p, m);
    json_t *got = NULL;
    if (m->visit)
        return;
    enum code code = bed_change(b, &who, kind_of(m), &m->id, -1, json_pack("{s:s}", "text", pick(2) == 1 ? "why?" : "how?"), &got);
    CHECK(code == (may_read(m, as, p) ? OK : E_FORBIDDEN));
    json_decref(got);
}

static bool count_step(const struct consent_row *r UNUSED, void *arg) { return ++*(int *)arg > 0; }
static void steps_hold(struct bed *b, const struct model *all) {
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    for (size_t i = 0; i < all->count; i++) {
        int steps = 0, kind = charter_kind(b->charter, kind_of(&all->list[i]));
        CHECK_OK(consents_of(view_sql(v), service_kind(b->service, kind)->number, &all->list[i].id, count_step, &steps, &b->e), &b->e);
        CHECK(steps == all->list[i].steps);
    }
}

#define STEPS 150
TEST(who_may_read_what_for_what_is_as_the_model_says) {
    struct bed b;
    struct model all = { .count = 0 };
    bed_start(&b, desk);
    for (int n = 0; n < 6; n++)
        make(&b, &all);
    for (int n = 0; n < STEPS; n++) {
        struct modelled *m = &all.list[pick((uint32_t)all.count)];
        switch (pick(6)) {
        case 0: make(&b, &all); break;
        case 1: consent(&b, m); break;
        case 2: object(&b, &all, m); break;
        case 3: restrict_or_lift(&b, m); break;
        case 4: change(&b, m); break;
        default: if (pick(8) == 0) bed_under(&b, desk);
        }
        if (n % 10 == 9) {
            reads_hold(&b, &all);
            lists_hold(&b, &all);
        }
    }
    steps_hold(&b, &all);
    bed_end(&b);
}

TEST(an_objection_is_inherited_and_taken_back) {
    struct bed b;
    json_t *got = NULL, *list = NULL;
    bed_start(&b, desk);
    struct caller owner = bed_role(&b, b.tenant, "owner");
    const int kind = charter_kind(b.charter, "question");
    CHECK_OK(bed_make(&b, &owner, "question", json_pack("{s:s, s:s}", "email", "Ewa@people.example", "text", "?"), &got), &b.e);
    const struct uuid id = id_of(got);
    json_decref(got);
    CHECK_OK(objection_make(b.service, &owner, kind, &id, " counting questions ", NULL, &b.e), &b.e);
    CHECK_OK(objection_make(b.service, &owner, kind, &id, "counting questions", NULL, &b.e), &b.e);
    CHECK(objection_make(b.service, &owner, kind, &id, "selling", NULL, &b.e) == E_FIELDS);
    const struct uuid nobody = uuid_new();
    CHECK(objection_make(b.service, &owner, kind, &nobody, "counting questions", NULL, &b.e) == E_NOT_FOUND);
    CHECK_OK(bed_make(&b, &owner, "visit", json_pack("{s:s}", "email", "ewa@PEOPLE.example"), &got), &b.e);
    const struct uuid visit = id_of(got);
    json_decref(got);
    owner.purpose = "counting questions";
    CHECK(bed_read(&b, &owner, "visit", &visit, &got) == E_FORBIDDEN && strstr(b.e.text, "objected") != NULL);
    CHECK_OK(objection_list(b.service, b.tenant, -1, NULL, &list, &b.e), &b.e);
    CHECK(json_array_size(list) == 2);
    json_decref(list);
    CHECK_OK(objection_list(b.service, b.tenant, charter_kind(b.charter, "visit"), &visit, &list, &b.e), &b.e);
    CHECK(json_array_size(list) == 1);
    CHECK_TEXT(text_at(json_array_get(list, 0), "by", NULL), "sejf");
    json_decref(list);
    CHECK_OK(objection_end(b.service, &owner, kind, &id, "counting questions", &b.e), &b.e);
    CHECK_OK(bed_read(&b, &owner, "visit", &visit, &got), &b.e);
    json_decref(got);
    CHECK(objection_end(b.service, &owner, kind, &id, "counting questions", &b.e) == E_NOT_FOUND || b.e.code == OK);
    bed_end(&b);
}

TEST(a_restriction_is_told_of_before_it_ends) {
    struct bed b;
    json_t *got = NULL, *list = NULL;
    bed_start(&b, desk);
    struct caller owner = bed_role(&b, b.tenant, "owner"), clerk = bed_role(&b, b.tenant, "clerk");
    const int kind = charter_kind(b.charter, "question");
    CHECK_OK(bed_make(&b, &owner, "question", json_pack("{s:s, s:s}", "email", "ewa@people.example", "text", "?"), &got), &b.e);
    const struct uuid id = id_of(got), nobody = uuid_new();
    json_decref(got);
    CHECK(restriction_set(b.service, &owner, kind, &nobody, 0, &b.e) == E_NOT_FOUND);
    CHECK_OK(restriction_set(b.service, &owner, kind, &id, 12, &b.e), &b.e);
    CHECK(bed_read(&b, &clerk, "question", &id, &got) == E_FORBIDDEN && strstr(b.e.text, "article 18") != NULL);
    CHECK(bed_change(&b, &clerk, "question", &id, -1, json_pack("{s:s}", "text", "!"), &got) == E_FORBIDDEN);
    CHECK_OK(restriction_list(b.service, b.tenant, -1, NULL, &list, &b.e), &b.e);
    CHECK(json_array_size(list) == 1 && json_integer_value(json_object_get(json_array_get(list, 0), "request")) == 12 && json_is_null(json_object_get(json_array_get(list, 0), "told")));
    json_decref(list);
    CHECK(restriction_lift(b.service, &owner, kind, &id, 0, &b.e) == E_CONFLICT);
    CHECK(bed_erase(&b, &owner, "question", &id, &got) == E_CONFLICT && strstr(b.e.text, "article 18") != NULL);
    CHECK_OK(restriction_lift(b.service, &owner, kind, &id, clock_now(), &b.e), &b.e);
    CHECK_OK(restriction_list(b.service, b.tenant, kind, &id, &list, &b.e), &b.e);
    CHECK(json_array_size(list) == 0);
    json_decref(list);
    CHECK_OK(bed_read(&b, &clerk, "question", &id, &got), &b.e);
    json_decref(got);
    bed_end(&b);
}
