/* authorise_test.c — the register over a real store and a real keeper. */
#include "access/authorise.c"
#include "access/register.c"
#include "access/register_paper.h"
#include "base/civil.h"
#include "records/testbed.h"
#include "records/testcharters.h"

struct scene { struct bed b; struct registrar r; struct uuid owner, anna, ben; };

static enum code member_write(struct txn *t, void *arg, struct err *e) {
    const struct uuid *id = arg;
    return member_put(t, &(struct member_row){ .account = *id, .tenant = txn_tenant(t), .role = "door" }, e);
}

static void scene_start(struct scene *s) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    buf_text(&text, "\npeople_authorised: every account, with scope, purpose and end date\n");
    bed_start(&s->b, buf_str(&text));
    s->r = (struct registrar){ s->b.store, s->b.keeper, s->b.charter, s->b.tenant };
    struct uuid *all[] = { &s->owner, &s->anna, &s->ben };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        *all[i] = uuid_new();
        CHECK_OK(store_write(s->b.store, s->b.tenant, member_write, all[i], &s->b.e), &s->b.e);
    }
}

static const char *day(int days) {
    static char text[64][16];
    static int at;
    struct civil c = civil_of_utc(clock_now() + days * USEC_PER_DAY);
    at = (at + 1) % 64;
    return date_format(&c, text[at], sizeof text[at]);
}

static enum code make(struct scene *s, struct authorise_wish w, int64_t *ret) {
    struct actor by = { .account = s->owner, .name = "Ola Owner" };
    json_t *purposes = json_pack("[s]", "running the event");
    s->b.e = (struct err){ 0 };
    if (w.purposes == NULL)
        w.purposes = purposes;
    w.post = w.post != NULL ? w.post : "receptionist";
    w.scope = w.scope != NULL ? w.scope : "visits and clients of the practice";
    w.name = w.name != NULL ? w.name : "Anna Zażółć";
    enum code code = authorise_make(&s->r, &w, &by, ret, &s->b.e);
    json_decref(purposes);
    return code;
}

static bool valid(struct scene *s, const struct uuid *account, usec_t at, usec_t *ret_until) {
    bool yes = false;
    CHECK_OK(authorise_valid(s->b.store, s->b.charter, s->b.tenant, charter_person(s->b.charter, "door"), account, at, &yes, ret_until, &s->b.e), &s->b.e);
    return yes;
}

static json_t *entry(struct scene *s, int64_t number) {
    json_t *o = NULL;
    CHECK_OK(authorise_read(&s->r, number, clock_now(), &o, &s->b.e), &s->b.e);
    return o;
}

static void state_is(struct scene *s, int64_t number, const char *want) {
    json_t *o = entry(s, number);
    CHECK_TEXT(text_at(o, "state", NULL), want);
    json_decref(o);
}

TEST(nobody_comes_in_without_an_authorisation_in_force) {
    struct scene s;
    int64_t number = 0;
    usec_t until = 0, now = clock_now();
    bool yes = false;
    scene_start(&s);
    CHECK(!valid(&s, &s.anna, now, &until));
    CHECK_OK(make(&s, (struct authorise_wish){ .account = s.anna, .from = day(-1), .until = day(30), .place = "Gdynia", .undertaking = day(-1) }, &number), &s.b.e);
    CHECK_INT(number, 1);
    CHECK(valid(&s, &s.anna, now, &until) && until > now + 29 * USEC_PER_DAY && until < now + 33 * USEC_PER_DAY);
    CHECK(!valid(&s, &s.anna, until, &until));                          /* the last day is the last */
    CHECK(!valid(&s, &s.ben, now, &until));
    struct actor by = { .account = s.owner, .name = "Ola Owner" };
    CHECK_OK(authorise_withdraw(&s.r, 1, "has left", &by, &s.b.e), &s.b.e);
    CHECK(!valid(&s, &s.anna, clock_now(), &until));
    CHECK_CODE(authorise_withdraw(&s.r, 1, NULL, &by, &s.b.e), E_CONFLICT, &s.b.e);
    CHECK_CODE(authorise_withdraw(&s.r, 2, NULL, &by, &s.b.e), E_NOT_FOUND, &s.b.e);
    CHECK_OK(authorise_valid(s.b.store, s.b.charter, s.b.tenant, charter_person(s.b.charter, "participant"), &s.ben, now, &yes, &until, &s.b.e), &s.b.e);
    CHECK(yes && until == USEC_NEVER);                                  /* people of the public come for what is their own */
    json_t *o = entry(&s, 1);
    CHECK_TEXT(text_at(o, "name", NULL), "Anna Zażółć");
    CHECK_TEXT(text_at(o, "place", NULL), "Gdynia");
    CHECK_TEXT(text_at(o, "granted_by", "name"), "Ola Owner");
    CHECK_TEXT(text_at(json_object_get(o, "withdrawn"), "by", "name"), "Ola Owner");
    CHECK_TEXT(text_at(o, "withdrawn", "why"), "has left");
    CHECK_TEXT(text_at(o, "state", NULL), "withdrawn");
    json_decref(o);
    bed_end(&s.b);
}

TEST(an_authorisation_may_hang_on_training) {
    struct scene s;
    int64_t number = 0;
    usec_t until = 0, now = clock_now();
    struct actor by = { .name = NULL };
    scene_start(&s);
    CHECK_OK(make(&s, (struct authorise_wish){ .account = s.anna, .until = day(60), .training_needed = true }, &number), &s.b.e);
    CHECK(!valid(&s, &s.anna, now + 1000, &until));
    state_is(&s, 1, "untrained");
    CHECK_CODE(authorise_train(&s.r, 1, &(struct authorise_training){ .trained = "soon" }, &by, &s.b.e), E_FIELDS, &s.b.e);
    CHECK_CODE(authorise_train(&s.r, 1, &(struct authorise_training){ NULL, NULL }, &by, &s.b.e), E_FIELDS, &s.b.e);
    struct actor anna = { .account = s.anna };
    CHECK_CODE(authorise_train(&s.r, 1, &(struct authorise_training){ .trained = day(10) }, &anna, &s.b.e), E_FORBIDDEN, &s.b.e);
    CHECK_OK(authorise_train(&s.r, 1, &(struct authorise_training){ .trained = day(10), .undertaking = day(0) }, &by, &s.b.e), &s.b.e);
    CHECK(valid(&s, &s.anna, now + 1000, &until) && until < now + 13 * USEC_PER_DAY);
    CHECK(!valid(&s, &s.anna, now + 13 * USEC_PER_DAY, &until));
    state_is(&s, 1, "valid");
    CHECK_OK(make(&s, (struct authorise_wish){ .account = s.ben, .until = day(60), .trained = day(-9) }, &number), &s.b.e);
    CHECK(valid(&s, &s.ben, now + 1000, &until));                       /* nothing hangs on this one's */
    bed_end(&s.b);
}

TEST(what_is_wrong_with_a_wish_is_said_and_takes_no_number) {
    static const char long_text[] = "x";
    struct scene s;
    int64_t number = 0;
    scene_start(&s);
    char big[AUTHORISE_SCOPE + 2];
    memset(big, long_text[0], sizeof big - 1);
    big[sizeof big - 1] = 0;
    json_t *other = json_pack("[s]", "selling it"), *none = json_array(), *odd = json_pack("[i]", 7);
    const struct { struct authorise_wish w; enum code code; const char *field; } rows[] = {
        { { .account = s.owner, .until = day(5) }, E_FORBIDDEN, "" },
        { { .account = uuid_new(), .until = day(5) }, E_FIELDS, "/account" },
        { { .account = s.anna }, E_FIELDS, "/until" },
        { { .account = s.anna, .until = "2026-02-30" }, E_FIELDS, "/until" },
        { { .account = s.anna, .until = day(-5) }, E_FIELDS, "/until" },
        { { .account = s.anna, .from = day(6), .until = day(4) }, E_FIELDS, "/until" },
        { { .account = s.anna, .until = day(366 * 11) }, E_FIELDS, "/until" },
        { { .account = s.anna, .from = "today", .until = day(4) }, E_FIELDS, "/from" },
        { { .account = s.anna, .until = day(4), .post = " \t" }, E_FIELDS, "/post" },
        { { .account = s.anna, .until = day(4), .scope = big }, E_FIELDS, "/scope" },
        { { .account = s.anna, .until = day(4), .scope = "a\xff" }, E_FIELDS, "/scope" },
        { { .account = s.anna, .until = day(4), .purposes = other }, E_FIELDS, "/purposes" },
        { { .account = s.anna, .until = day(4), .purposes = none }, E_FIELDS, "/purposes" },
        { { .account = s.anna, .until = day(4), .purposes = odd }, E_FIELDS, "/purposes" },
        { { .account = s.anna, .until = day(4), .undertaking = "yes" }, E_FIELDS, "/undertaking" },
        { { .account = s.anna, .until = day(4), .trained = "yes" }, E_FIELDS, "/training/until" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_CODE(make(&s, rows[i].w, &number), rows[i].code, &s.b.e);
        CHECK_TEXT(s.b.e.field, rows[i].field);
    }
    json_decref(other);
    json_decref(none);
    json_decref(odd);
    CHECK_OK(make(&s, (struct authorise_wish){ .account = s.anna, .until = day(4) }, &number), &s.b.e);
    CHECK_INT(number, 1);
    bed_end(&s.b);
}

/* What is told of people must not stand in the files. */
static bool stands_in(struct scene *s, const char *file, const char *text) {
    char path[128];
    AUTO(buf_done) struct buf all = BUF(64u << 20);
    snprintf(path, sizeof path, "%s/%s", s->b.directory, file);
    FILE *f = fopen(path, "re");
    CHECK(f != NULL);
    for (char piece[4096]; ; ) {
        size_t n = fread(piece, 1, sizeof piece, f);
        if (n == 0)
            break;
        buf_add(&all, piece, n);
    }
    (void)fclose(f);
    return memmem(all.data, all.len, text, strlen(text)) != NULL;
}

TEST(the_register_is_a_table_that_a_spreadsheet_opens) {
    struct scene s;
    int64_t number = 0;
    struct actor by = { .name = "Ola Owner" };
    AUTO(buf_done) struct buf en = BUF(1u << 20);
    AUTO(buf_done) struct buf pl = BUF(1u << 20);
    scene_start(&s);
    CHECK_OK(make(&s, (struct authorise_wish){ .account = s.anna, .from = "2026-01-02", .until = day(4), .scope = "visits; clients, \"notes\"", .post = "=1+1" }, &number), &s.b.e);
    for (int i = 0; i < 150; i++)
        CHECK_OK(make(&s, (struct authorise_wish){ .account = s.ben, .name = "Ben", .until = day(4) }, &number), &s.b.e);
    CHECK_INT(number, 151);
    CHECK_OK(authorise_withdraw(&s.r, 151, "left", &by, &s.b.e), &s.b.e);
    CHECK_OK(authorise_csv(&s.r, LANG_EN, clock_now(), &en, &s.b.e), &s.b.e);
    CHECK_OK(authorise_csv(&s.r, LANG_PL, clock_now(), &pl, &s.b.e), &s.b.e);
    CHECK(strncmp(buf_str(&en), "\xEF\xBB\xBFNumber,Person,Post,", 22) == 0 && strncmp(buf_str(&pl), "\xEF\xBB\xBFNumer;Osoba upoważniona;", 27) == 0);
    CHECK(strstr(buf_str(&en), "0001,Anna Zażółć,'=1+1,\"visits; clients, \"\"notes\"\"\",running the event,") != NULL);
    CHECK(strstr(buf_str(&pl), "0001;Anna Zażółć;'=1+1;\"visits; clients, \"\"notes\"\"\";running the event;") != NULL);
    CHECK(strstr(buf_str(&en), ",2026-01-02,") != NULL && strstr(buf_str(&en), ",left,withdrawn,") != NULL && strstr(buf_str(&pl), ";cofnięte;") != NULL);
    size_t lines = 0;
    for (const char *p = buf_str(&en); (p = strstr(p, "\r\n")) != NULL; p += 2)
        lines++;
    CHECK_INT(lines, 152);
    json_t *some = NULL;
    CHECK_OK(authorise_list(&s.r, 148, 1000, clock_now(), &some, &s.b.e), &s.b.e);
    CHECK(json_array_size(some) == 3 && json_integer_value(json_object_get(json_array_get(some, 0), "number")) == 149);
    json_decref(some);
    CHECK_OK(store_checkpoint(s.b.store, &s.b.e), &s.b.e);
    CHECK(stands_in(&s, "records.db", "authorised") && !stands_in(&s, "records.db", "Zażółć") && !stands_in(&s, "records.db", "receptionist"));
    bed_end(&s.b);
}

/* SEJF_PAPERS=directory keeps what was set, to be looked at. */
static void keep(const char *name, const struct buf *file) {
    const char *directory = getenv("SEJF_PAPERS");
    char path[512];
    if (directory == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s.pdf", directory, name);
    FILE *f = fopen(path, "we");
    CHECK(f != NULL && fwrite(file->data, 1, file->len, f) == file->len);
    (void)fclose(f);
}

static void papers(struct scene *s, const char *name, int64_t number) {
    for (enum lang lang = 0; lang < LANG_COUNT; lang++) {
        AUTO(buf_done) struct buf all = BUF(8u << 20);
        AUTO(buf_done) struct buf one = BUF(8u << 20);
        char text[64];
        const struct register_paper p = { &s->r, lang, clock_now(), "Gabinet Zdrowie i Uroda sp. z o.o." };
        CHECK_OK(paper_register(&p, &all, &s->b.e), &s->b.e);
        CHECK(all.len > 2000 && strncmp(buf_str(&all), "%PDF-", 5) == 0);
        snprintf(text, sizeof text, "register-%s-%s", name, lang_code(lang));
        keep(text, &all);
        if (number == 0)
            continue;
        CHECK_OK(paper_authorisation(&p, number, &one, &s->b.e), &s->b.e);
        CHECK(one.len > 2000 && memmem(one.data, one.len, "/Count 1", 8) != NULL);
        snprintf(text, sizeof text, "authorisation-%s-%s", name, lang_code(lang));
        keep(text, &one);
    }
}

TEST(the_register_is_set_on_paper) {
    static const char *const called[] = { "Anna Zażółć-Gęślowa", "Ő", "Bartłomiej Konstanty Wielopolski-Niezabitowski", "Székely-Szentgyörgyi Boldizsár Ármin",
                                         "Konstantynopolitańczykowianeczkówna" };
    struct scene s;
    int64_t number = 0;
    struct actor by = { .name = NULL };
    char big[AUTHORISE_SCOPE + 1];
    scene_start(&s);
    papers(&s, "empty", 0);
    json_t *many = json_array();
    for (size_t i = 0; i < AUTHORISE_PURPOSES; i++)
        json_array_append_new(many, json_string("running the event"));
    for (size_t i = 0; i + 1 < sizeof big; i++)
        big[i] = i % 9 == 8 ? ' ' : 'a';
    big[sizeof big - 1] = 0;
    for (size_t i = 0; i < 12; i++)
        CHECK_OK(make(&s, (struct authorise_wish){ .account = i % 2 == 0 ? s.anna : s.ben, .name = called[i % ARRAY_LEN(called)], .from = day(-3), .until = day(300), .place = "Gdynia",
                                                   .scope = i == 5 ? big : "visits, clients and notes of the practice in Gdynia", .purposes = i == 6 ? many : NULL, .undertaking = day(-4),
                                                   .trained = day(100), .training_needed = i % 3 == 0 }, &number), &s.b.e);
    CHECK_OK(authorise_withdraw(&s.r, 2, "moved to another post", &by, &s.b.e), &s.b.e);
    papers(&s, "some", 1);
    AUTO(buf_done) struct buf one = BUF(8u << 20);
    const struct register_paper p = { &s.r, LANG_EN, clock_now(), "T" };
    CHECK_CODE(paper_authorisation(&p, 99, &one, &s.b.e), E_NOT_FOUND, &s.b.e);
    json_decref(many);
    bed_end(&s.b);
}
