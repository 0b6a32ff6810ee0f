/* query_test.c — lists, searches and their pages. */
#include "records/query.c"
#include "records/testbed.h"

#include "records/testcharters.h"

struct found { char names[512]; size_t count; bool more; };
static struct found search(struct bed *b, const struct caller *who, const char *kind, json_t *query, bool list) {
    struct found f = { "", 0, false };
    json_t *page = NULL, *one;
    size_t i, at = 0;
    enum code code = list ? record_list(b->service, who, charter_kind(b->charter, kind), query, &page, &b->e)
                          : record_search(b->service, who, charter_kind(b->charter, kind), query, &page, &b->e);
    json_decref(query);
    if (code != OK) {
        snprintf(f.names, sizeof f.names, "%s", code_name(code));
        return f;
    }
    json_array_foreach(json_object_get(page, "items"), i, one) {
        const char *name = text_at(one, "fields", "name");
        at += (size_t)snprintf(f.names + at, sizeof f.names - at, "%s%.1s", i == 0 ? "" : " ", name == NULL ? text_at(one, "fields", "title") : name);
        f.count++;
    }
    f.more = !json_is_null(json_object_get(page, "next"));
    json_decref(page);
    return f;
}

static const char *const people[][3] = {
    { "Anna Źródlak", "anna@poczta.example", "+48221000001" }, { "Béla Kovács", "BELA@posta.example", "+3612000002" }, { "Celina Anna Łoś", "celina@poczta.example", "+48221000003" },
    { "Dawid Kowalski", "dawid@poczta.example", NULL },
};

TEST(people_are_found_by_what_is_theirs) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), stranger = bed_role(&b, b.other, "organiser");
    json_t *event = NULL, *reg = NULL;
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &event), &b.e);
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s,s:s?}", "event", text_at(event, "id", NULL), "name", people[i][0], "email", people[i][1],
                                                               "phone", people[i][2]), &reg), &b.e);
        json_decref(reg);
    }
    static const struct { const char *where, *want; } row[] = {
        { "{\"email\": \"bela@POSTA.example\"}", "B" },                          { "{\"email\": \"nobody@poczta.example\"}", "" },
        { "{\"name\": {\"word\": \"anna\"}}", "A C" },                           { "{\"name\": {\"word\": \"ŁOŚ celina\"}}", "C" },
        { "{\"name\": {\"word\": \"ann\"}}", "" },                               { "{\"name\": {\"prefix\": \"kow\"}}", "D" },
        { "{\"name\": {\"prefix\": \"kov\"}}", "B" },                            { "{\"name\": {\"prefix\": \"ko\"}}", "E_INVALID" },
        { "{\"name\": {\"contains\": \"rodl\"}}", "A" },                         { "{\"name\": {\"matches\": \"^[AB].*a \"}}", "A B" },
        { "{\"name\": {\"matches\": \"(\"}}", "E_INVALID" },                     { "{\"phone\": \"22 100 00 03\"}", "C" },
        { "{\"phone\": {\"contains\": \"361\"}}", "B" },                         { "{\"name\": {\"word\": \"anna\"}, \"email\": \"celina@poczta.example\"}", "C" },
        { "{\"status\": \"accepted\"}", "A B C D" },                             { "{\"status\": \"gone\"}", "E_INVALID" },
        { "{\"nmae\": \"x\"}", "E_INVALID" },                                    { "{\"name\": {\"like\": \"x\"}}", "E_INVALID" },
        { "{}", "A B C D" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct found f = search(&b, &boss, "registration", json_pack("{s:o}", "where", json_loads(row[i].where, 0, NULL)), false);
        if (strcmp(f.names, row[i].want) != 0)
            fprintf(stderr, "%s: %s (%s)\n", row[i].where, f.names, b.e.text);
        CHECK_TEXT(f.names, row[i].want);
        CHECK_INT(search(&b, &stranger, "registration", json_pack("{s:o}", "where", json_loads(row[i].where, 0, NULL)), false).count, 0);
    }
    CHECK_TEXT(search(&b, &boss, "registration", json_pack("{s:s}", "email", "x"), true).names, "E_INVALID");     /* personal in a query string */
    CHECK(strstr(b.e.text, "search") != NULL && strstr(b.e.text, "\"x\"") == NULL);
    CHECK_TEXT(search(&b, &boss, "registration", json_pack("{s:s}", "status", "accepted"), true).names, "A B C D");
    json_decref(event);
    bed_end(&b);
}

TEST(pages_follow_one_another) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    for (int i = 0; i < 9; i++) {
        json_t *made = NULL;
        char title[8], starts[32];
        snprintf(title, sizeof title, "%c", 'A' + i);
        snprintf(starts, sizeof starts, "2027-03-0%dT18:00:00Z", 9 - i);
        CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", title, "starts", starts, "ends", "2027-04-01T21:00:00Z"), &made), &b.e);
        json_decref(made);
    }
    static const struct { const char *query, *want; } row[] = {
        { "{}", "A B C D/E F G H/I/" }, { "{\"sort\": \"-created\"}", "I H G F/E D C B/A/" }, { "{\"sort\": \"starts\"}", "I H G F/E D C B/A/" },
        { "{\"sort\": \"-starts\"}", "A B C D/E F G H/I/" }, { "{\"starts.gte\": \"2027-03-03T00:00:00Z\", \"starts.lt\": \"2027-03-08T00:00:00Z\"}", "G F E D/C/" },
        { "{\"title\": \"e\"}", "E/" }, { "{\"starts.gt\": \"2027-03-09T18:00:00Z\"}", "/" }, { "{\"sort\": \"title\"}", "E_INVALID/" },
        { "{\"limit\": \"0\"}", "E_INVALID/" }, { "{\"cursor\": \"AAAA\"}", "E_INVALID/" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf all = BUF(4096);
        json_t *query = json_loads(row[i].query, 0, NULL), *page = NULL;
        if (json_object_get(query, "limit") == NULL)
            json_object_set_new(query, "limit", json_string("4"));
        for (int n = 0; n < 5; n++) {
            struct found f = search(&b, &boss, "event", json_deep_copy(query), true);
            buf_printf(&all, "%s/", f.names);
            if (!f.more)
                break;
            CHECK_OK(record_list(b.service, &boss, charter_kind(b.charter, "event"), query, &page, &b.e), &b.e);
            json_object_set(query, "cursor", json_object_get(page, "next"));
            json_decref(page);
        }
        json_decref(query);
        if (strcmp(buf_str(&all), row[i].want) != 0)
            fprintf(stderr, "%s: %s (%s)\n", row[i].query, buf_str(&all), b.e.text);
        CHECK_TEXT(buf_str(&all), row[i].want);
    }
    bed_end(&b);
}
