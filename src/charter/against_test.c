/* against_test.c — rows: what changes in the sample, and what that does to stored records. */
#include "charter/against.c"
#include "base/test.h"
#include "charter/sample.h"

static struct charter *load(const char *text) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    enum code code = charter_load_text("s.yaml", text, strlen(text), f, &c, &e);
    if (code != OK) {
        AUTO(buf_done) struct buf out = BUF(1 << 16);
        findings_print(f, &out);
        fail_msg("%s", buf_str(&out));
    }
    return c;
}

static void replace(struct buf *text, const char *from, const char *to) {
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    const char *all = buf_str(text), *at = strstr(all, from);
    if (at == NULL)
        fail_msg("not in the sample: %s", from);
    buf_add(&out, all, (size_t)(at - all));
    buf_text(&out, to);
    buf_text(&out, at + strlen(from));
    buf_cut(text, 0);
    buf_text(text, buf_str(&out));
}

static int64_t none(void *arg, const char *kind) { (void)arg; (void)kind; return 0; }
static int64_t of_parcels(void *arg, const char *kind) { (void)arg; return strcmp(kind, "parcel") == 0 ? 3 : 0; }

static void against(const char *from, const char *to, const char *date, const struct held *held, struct buf *out) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    AUTO(charter_free) struct charter *older = load(sample_text);
    AUTO(changes_free) struct changes *changes = NULL;
    struct err e;
    buf_text(&text, sample_text);
    if (from[0] != '\0')
        replace(&text, from, to);
    if (date != NULL)
        replace(&text, "2026-11-22", date);
    AUTO(charter_free) struct charter *newer = load(buf_str(&text));
    CHECK_OK(charter_against(older, newer, held, &changes, &e), &e);
    changes_print(changes, out);
}

TEST(says_what_a_change_does) {
    static const struct { const char *from, *to, *want; } row[] = {
        { "", "", "Nothing changes.\n" },
        { "logs: kept 30 days, masked when written\n", "logs: kept 60 days, masked when written\n", "says     logs: `kept 60 days, masked when written` instead of `kept 30 days, masked when written`\n" },
        { "logs: kept 30 days, masked when written\n", "", "says     logs: The section is gone: what it promised is no longer promised\n" },
        { "evidence:\n", "cookies: none but those needed\nevidence:\n", "adds     cookies: The section is new\n" },
        { "      seats: number, optional\n", "      seats: number, optional\n      hall: text, optional\n", "adds     records.event.holds.hall: The field is new\n" },
        { "      seats: number, optional\n", "      seats: number, optional\n      hall: text\n",
          "refused  records.event.holds.hall: The field is new and every record needs it, but stored records lack it: make it optional\n" },
        { "      title: text, found by word\n", "", "refused  records.event.holds.title: The field is gone, but stored records may hold it: keep it, as optional, until they are erased\n" },
        { "      title: text, found by word\n", "      title: text, optional, found exactly\n",
          "index    records.event.holds.title: It becomes findable: an index is built from the stored records\n"
          "says     records.event.holds.title: It becomes optional\nsays     records.event.holds.title: It is no longer findable that way: its index is dropped\n" },
        { "      seats: number, optional\n", "      seats: number\n", "refused  records.event.holds.seats: It was optional, and stored records may lack it: leave it optional\n" },
        { "      email: personal email, found exactly\n", "      email: personal text, found exactly\n", "index    records.registration.holds.email: The type `email` becomes `text`: every stored value fits\n" },
        { "      buyer: personal text\n", "      buyer: personal number\n",
          "refused  records.invoice.holds.buyer: The type `text` becomes `number`, which stored values do not fit: add a second field\n" },
        { "      buyer: personal text\n", "      buyer: text\n",
          "refused  records.invoice.holds.buyer: It was personal and becomes not personal, but its people gave it under the stricter promise: keep the level\n" },
        { "      buyer: personal text\n", "      buyer: sensitive text\n", "says     records.invoice.holds.buyer: It was personal and becomes sensitive\n" },
        { "cancelled | attended, found", "cancelled | attended | left, found", "adds     records.registration.holds.status: The option `left` is new\n" },
        { "ordered | next | delivered, found", "next | delivered, found", "refused  records.parcel.holds.state: The option `ordered` is gone, but stored records may have it: keep the option\n" },
        { "      badge: text, found exactly\n", "      badge: text, found exactly, sorted\n",
          "index    records.courier.holds.badge: It lies outside the sealed part from now on: stored records are written anew\n"
          "index    records.courier.holds.badge: It becomes sortable: an index is built from the stored records\n" },
        { "      phone: personal phone, optional\n", "      phone: personal phone, optional, only with consent calls\n",
          "refused  records.registration.holds.phone: It needs the consent `calls` from now on, for which the people of stored records were not asked: add a second field\n" },
        { "    keep: 180 days after event.ends, then erase", "    keep: 90 days after event.ends, then erase",
          "dates    records.registration.keep: The part `main` is kept `90 days after event.ends, then erase` instead of `180 days after event.ends, then erase`: due dates of stored records are computed anew\n"
          "dates    records.registration.keep: The part `main+diet` is kept `90 days after event.ends, then erase` instead of `180 days after event.ends, then erase`: due dates of stored records are computed anew\n" },
        { "        for: 90 days after ends, then erase  # D-24\n", "        for: 1 year after ends, then erase\n",
          "refused  records.parcel.keep: The part `keep2` would be kept `1 year after ends, then erase`, longer than the `90 days after ends, then erase` under which it was given: keep the rule, or erase the records first\n"
          "refused  records.parcel.keep: The part `keep2+photo` would be kept `1 year after ends, then erase`, longer than the `90 days after ends, then erase` under which it was given: keep the rule, or erase the records first\n" },
        { "    keep: 30 days after created, then erase\n", "    keep: 60 days after created, then erase\n",
          "dates    records.position.keep: The part `main` is kept `60 days after created, then erase` instead of `30 days after created, then erase`: due dates of stored records are computed anew\n" },
        { "      - fields: number, price, courier, starts, ends, state\n        for: 8 years after end of year of ends, then erase\n      - fields: name, photo\n",
          "      - fields: number, price, courier, starts, ends, state, name\n        for: 8 years after end of year of ends, then erase\n      - fields: photo\n",
          "refused  records.parcel.keep: The part `main` would be kept `8 years after end of year of ends, then erase`, longer than the `90 days after ends, then erase` under which it was given: keep the rule, or erase the records first\n"
          "index    records.parcel.holds.name: It moves from the part `keep2` to the part `main`: stored records are sealed anew\n" },
        { "    keep: 30 days after created, then erase\n", "    keep:\n      - fields: courier\n        for: 30 days after created, then erase\n      - fields: place\n        for: 20 days after created, then erase\n",
          "index    records.position.holds.place: It moves from the part `main` to the part `keep2`: stored records are sealed anew\n"
          "dates    records.position.keep: The part `keep2` is kept `20 days after created, then erase` instead of `30 days after created, then erase`: due dates of stored records are computed anew\n" },
        { "ordered | next | delivered, found exactly", "next | ordered | delivered, found exactly, sorted",
          "index    records.parcel.holds.state: Its options have another order: stored records are sorted anew\n"
          "index    records.parcel.holds.state: It becomes sortable: an index is built from the stored records\n" },
        { "      - accepted at most event.seats, else waiting\n", "      - accepted at most 40, else waiting\n",
          "index    records.event.holds.seats: It lies in the sealed part from now on: stored records are written anew\n"
          "index    records.registration.limits: The limit `accepted at most 40, else waiting` is new: stored records count, and those that break it stay as they are\n"
          "index    records.registration.limits: The limit `accepted at most event.seats, else waiting` is gone\n" },
        { "optional, only with consent diet", "optional, only with consent meals",
          "refused  records.registration.holds.diet: Its people gave it with the consent `diet`, which they may withdraw: keep the consent\n" },
        { "number: 000001 per event", "number: R-000001 per event", "says     records.registration.number: New records are numbered in another way; stored numbers stay\n" },
        { "      - one for each organiser and price\n", "      - one for each organiser and courier\n",
          "index    records.parcel.holds.price: It lies in the sealed part from now on: stored records are written anew\n"
          "index    records.parcel.limits: The limit `one for each organiser and courier` is new: stored records count, and those that break it stay as they are\n"
          "says     records.parcel.limits: The limit `one for each organiser and price` is gone\n" },
        { "      accepted to attended: door\n", "", "says     records.registration.moves: 2 moves instead of 3\n" },
        { "    about: participant\n    because: law", "    about: door\n    because: law",
          "refused  records.invoice.about: It was about `participant` and now about `door`, but the stored data is that of the first: make a new kind\n" },
        { "    because: consent parcels\n", "    because: interest carrying\n",
          "refused  records.parcel.because: Its people gave it with the consent `parcels`, which they may withdraw: keep the ground, or make a new kind\n"
          "says     records.parcel.because: The legal ground is `interest carrying` instead of `consent parcels`: tell the people\n" },
        { "    because: contract with the organiser\n", "    because: consent seats\n",
          "refused  records.registration.because: It rests on the consent `seats` from now on, for which the people of stored records were not asked: make a new kind\n"
          "says     records.registration.because: The legal ground is `consent seats` instead of `contract with the organiser`: tell the people\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(1 << 16);
        against(row[i].from, row[i].to, row[i].from[0] != '\0' ? "2026-11-23" : NULL, NULL, &out);
        CHECK_TEXT(buf_str(&out), row[i].want);
    }
}

TEST(needs_a_new_date) {
    AUTO(buf_done) struct buf out = BUF(1 << 16), back = BUF(1 << 16), comment = BUF(1 << 16), date = BUF(1 << 16);
    against("logs: kept 30 days", "logs: kept 40 days", NULL, NULL, &out);
    CHECK(strncmp(buf_str(&out), "refused  updated: The charter has changed, but its date is still 2026-11-22: write the date of the change\n", 60) == 0);
    against("logs: kept 30 days", "logs: kept 40 days", "2026-11-21", NULL, &back);
    CHECK(strncmp(buf_str(&back), "refused  updated: The date goes back from 2026-11-22 to 2026-11-21: write the date of the change\n", 60) == 0);
    against("# K-07, K-08", "# another comment", NULL, NULL, &comment);
    CHECK_TEXT(buf_str(&comment), "Nothing changes.\n");
    against("", "", "2026-12-01", NULL, &date);
    CHECK_TEXT(buf_str(&date), "Nothing changes.\n");
}

TEST(knows_which_kinds_have_records) {
    static const struct held empty = { none, NULL }, parcels = { of_parcels, NULL };
    AUTO(buf_done) struct buf out = BUF(1 << 16), held = BUF(1 << 16);
    against("      title: text, found by word\n", "", "2026-11-23", &empty, &out);
    CHECK(strstr(buf_str(&out), "refused") == NULL && strstr(buf_str(&out), "says     records.event.holds.title: The field is gone") != NULL);
    against("      price: money\n", "      price: number\n", "2026-11-23", &parcels, &held);
    CHECK_TEXT(buf_str(&held), "refused  records.parcel.holds.price: The type `money` becomes `number`, which stored values do not fit: add a second field (3 records)\n");
}

static int64_t two(void *arg, const char *role) { (void)arg; return strcmp(role, "organiser") == 0 ? 2 : 1; }

TEST(tells_who_loses_access) {
    static const struct { const char *from, *to, *want; } row[] = {
        { "  organiser: password of 12 characters and a second step\n", "  organiser: passkey\n", "access   sign_in.organiser: `organiser` signs in by passkey only: whoever has none needs a new invitation (2 accounts)\n" },
        { "  organiser: password of 12 characters and a second step\n", "  organiser: password of 16 characters and a second step\n",
          "access   sign_in.organiser: Passwords of `organiser` have 16 characters instead of 12: a shorter one is changed at the next sign-in (2 accounts)\n" },
        { "sign_in:\n", "sign_in:\n  door: password of 12 characters and a second step\n", "access   sign_in.door: `door` needs a second step: whoever has none sets one up at the next sign-in (1 account)\n" },
        { "  door: name, status of own registration, on the day of event.starts\n", "  door: name, status of own registration, by private link\n",
          "access   sign_in.door: `door` does not sign in any more: its members lose access (1 account)\n" },
        { "logs: kept", "access: none, read or write for each event\nlogs: kept",
          "access   access: `event` has levels of access: members with levels for single records only lose sight of it until they are given some\nadds     access: The section is new\n" },
        { "logs: kept", "people_authorised: every account, with scope, purpose and end date\nlogs: kept",
          "access   people_authorised: Nobody signs in without an authorisation: register one for each account first\nadds     people_authorised: The section is new\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(1 << 16);
        against(row[i].from, row[i].to, "2026-11-23", &(struct held){ .members = two }, &out);
        if (strncmp(buf_str(&out), row[i].want, strlen(row[i].want)) != 0)
            fail_msg("%zu: %s", i, buf_str(&out));
    }
}

/* The other way round: what the sample has and the newer charter lacks. */
TEST(tells_roles_and_levels_that_are_gone) {
    static const char role[] = "  keyholder: somebody who opens the house\n", level[] = "access: none, read or write for each event\n";
    AUTO(buf_done) struct buf text = BUF(1 << 16), out = BUF(1 << 16);
    AUTO(changes_free) struct changes *changes = NULL;
    struct err e;
    buf_text(&text, sample_text);
    replace(&text, "tenant: organiser\n", "  keyholder: somebody who opens the house\ntenant: organiser\n");
    replace(&text, "logs: kept", "access: none, read or write for each event\nlogs: kept");
    AUTO(charter_free) struct charter *older = load(buf_str(&text));
    replace(&text, role, "");
    replace(&text, level, "");
    replace(&text, "2026-11-22", "2026-11-23");
    AUTO(charter_free) struct charter *newer = load(buf_str(&text));
    CHECK_OK(charter_against(older, newer, NULL, &changes, &e), &e);
    changes_print(changes, &out);
    CHECK_TEXT(buf_str(&out), "access   people.keyholder: The role is gone: its members lose access, and its tokens are refused\n"
                              "access   access: `event` has no levels of access any more: members see and change of it whatever their role may\n"
                              "says     people: The section says something else\n"
                              "says     access: The section is gone: what it promised is no longer promised\n");
}

static int64_t nine(void *arg, const char *kind) { (void)arg; (void)kind; return 9; }
/* What is asked about: all have a start; `ordered` as the test wants it. */
static int64_t some(void *arg, const char *kind, const char *field, const char *option) {
    (void)kind;
    (void)field;
    return option == NULL ? 9 : *(const int64_t *)arg;
}

TEST(counts_the_records_that_stand_in_the_way) {
    static const struct { int64_t ordered; const char *from, *to, *want; } row[] = {
        { 0, "ordered | next", "next", "says     records.parcel.holds.state: The option `ordered` is gone; no stored record has it\n" },
        { 2, "ordered | next", "next", "refused  records.parcel.holds.state: The option `ordered` is gone, but stored records have it: keep the option (2 records)\n" },
        { 0, "      starts: time, optional\n", "      starts: time\n", "says     records.parcel.holds.starts: It was optional and is needed from now on; every stored record holds it\n" },
        { 0, "      buyer: personal text\n", "", "refused  records.invoice.holds.buyer: The field is gone, but stored records may hold it: keep it, as optional, until they are erased (9 records)\n" },
        { 0, "      phone: personal phone, optional\n", "      phone: personal phone\n", "refused  records.registration.holds.phone: It was optional, and stored records may lack it: leave it optional (9 records)\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(1 << 16);
        int64_t ordered = row[i].ordered;
        against(row[i].from, row[i].to, "2026-11-23", &(struct held){ nine, &ordered, some }, &out);
        if (strstr(buf_str(&out), row[i].want) == NULL)
            fail_msg("%zu: %s", i, buf_str(&out));
    }
}

TEST(tells_kinds_that_come_and_go) {
    AUTO(buf_done) struct buf out = BUF(1 << 16), new = BUF(1 << 16);
    against("  position:\n    belongs_to: organiser\n    holds:\n      courier: reference to courier\n      place: place\n    keep: 30 days after created, then erase\n",
            "  note:\n    belongs_to: organiser\n    holds: {text: text}\n    keep: until the organiser deletes it\n"
            "  position:\n    belongs_to: note\n    holds:\n      courier: reference to courier\n      place: place\n    keep: 30 days after created, then erase\n", "2026-11-23", NULL, &out);
    CHECK_TEXT(buf_str(&out), "refused  records.position.belongs_to: It belonged to `organiser` and now to `note`, but stored records stay where they are: make a new kind\n"
                              "adds     records.note: The kind is new\n");
    AUTO(buf_done) struct buf with = BUF(1 << 16);
    buf_text(&with, sample_text);
    replace(&with, "groups:\n", "  extra:\n    belongs_to: organiser\n    holds: {text: text}\n    keep: until the organiser deletes it\ngroups:\n");
    AUTO(charter_free) struct charter *older = load(buf_str(&with));
    AUTO(changes_free) struct changes *changes = NULL;
    replace(&with, "  extra:\n    belongs_to: organiser\n    holds: {text: text}\n    keep: until the organiser deletes it\n", "");
    replace(&with, "2026-11-22", "2026-12-01");
    AUTO(charter_free) struct charter *newer = load(buf_str(&with));
    struct err e;
    CHECK_OK(charter_against(older, newer, NULL, &changes, &e), &e);
    changes_print(changes, &new);
    CHECK_TEXT(buf_str(&new), "refused  records.extra: The kind is gone, but there may be records of it: keep it until they are erased\n");
    CHECK(changes_count(changes, CHANGE_REFUSED) == 1);
    const struct change_item *list;
    CHECK(changes_list_all(changes, &list) == 1 && list[0].pos.line == 0);
}

TEST(refuses_another_service_or_tenant) {
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    against("charter: sample\n", "charter: other\n", "2026-11-23", NULL, &out);
    CHECK_TEXT(buf_str(&out), "refused  charter: This is the charter of `other`, but the records are those of `sample`: keep the name\n");
}
