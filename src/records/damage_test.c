/* damage_test.c — a record of which something is damaged stands in its place wherever records are listed, and nothing around it is lost. */
#include "records/show.c"
#include "records/refit.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "store/rows.h"

enum { FINE, SEALED, CLEAR_BROKEN, LAST, CHILD, DIET, ALL };     /* in the order in which they were made */
struct scene {
    struct bed b; struct caller boss, door; struct uuid today, broken, id[ALL];
    struct damage_watch watch; size_t told; char text[ALL][UUID_TEXT];
};

/* ---- breaking */
struct wound { const struct kind_info *k; struct uuid id; size_t part, at; struct part_row row; char blob[4096]; };
static bool wound_take(const struct part_row *p, void *arg) {
    struct wound *w = arg;
    if (w->at++ < w->part)
        return true;
    w->row = *p;
    CHECK(p->len < sizeof w->blob);
    memcpy(w->blob, p->blob, p->len);
    w->blob[p->len / 2] ^= 1;
    w->row.blob = w->blob;
    return false;
}
static enum code part_break(struct txn *t, void *arg, struct err *reterr) {
    struct wound *w = arg;
    w->at = 0;
    enum code code = parts_get(txn_sql(t), w->k->number, &w->id, wound_take, w, reterr);
    return code == OK ? part_put(t, w->k->number, &w->id, &w->row, reterr) : code;
}
static enum code row_break(struct txn *t, void *arg, struct err *reterr) {
    struct wound *w = arg;
    struct row r;
    enum code code = row_get(txn_sql(t), w->k->number, &w->id, &r, reterr);
    r.clear = "{\"status\":";
    r.number = NULL;
    return code == OK ? row_put(t, &r, reterr) : code;
}
static void broken(struct scene *s, const char *kind, const struct uuid *id, write_fn how, size_t part) {
    struct wound w = { .k = service_kind(s->b.service, charter_kind(s->b.charter, kind)), .id = *id, .part = part };
    CHECK_OK(store_write(s->b.store, s->b.tenant, how, &w, &s->b.e), &s->b.e);
}

/* ---- the scene */
static struct uuid event_now(struct scene *s, const char *title) {
    char starts[32], ends[32];
    json_t *got = NULL;
    CHECK_OK(bed_make(&s->b, &s->boss, "event", json_pack("{s:s,s:s,s:s}", "title", title, "starts", time_format(clock_now(), starts, sizeof starts),
                      "ends", time_format(clock_now() + USEC_PER_SEC, ends, sizeof ends)), &got), &s->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
static void guest(struct scene *s, int n, const struct uuid *event, const char *diet) {
    char of[UUID_TEXT], email[64];
    json_t *got = NULL, *mistakes = NULL;
    snprintf(email, sizeof email, "o%d@poczta.example", n);
    json_t *in = json_pack("{s:s,s:s,s:s,s:s*}", "event", uuid_format(event, of), "name", "Ewa", "email", email, "diet", diet), *consents = json_pack("{s:b}", "diet", diet != NULL);
    struct record_request r = { .who = &s->boss, .kind = charter_kind(s->b.charter, "registration"), .input = in, .consents = consents, .if_match = -1 };
    CHECK_OK(record_create(s->b.service, &r, &got, &mistakes, &s->b.e), &s->b.e);
    s->id[n] = id_of(got);
    uuid_format(&s->id[n], s->text[n]);
    json_decref(got);
    json_decref(in);
    json_decref(consents);
}
static void told(void *arg, const char *kind, const struct uuid *id, const struct err *why) {
    struct scene *s = arg;
    bool ours = false;
    for (size_t i = 0; i < ALL; i++)
        ours = ours || uuid_compare(&s->id[i], id) == 0;
    CHECK(ours && strcmp(kind, "registration") == 0 && why->code == E_DAMAGED && why->text[0] != 0);
    s->told++;
}
static void scene_start(struct scene *s) {
    *s = (struct scene){ 0 };
    bed_start(&s->b, events_charter);
    s->boss = bed_role(&s->b, s->b.tenant, "organiser");
    s->door = bed_role(&s->b, s->b.tenant, "door");
    s->watch = (struct damage_watch){ .request = "0123456789abcdef", .tell = told, .arg = s };
    s->today = event_now(s, "Bieg");
    s->broken = event_now(s, "Rajd");
    for (int i = 0; i < ALL; i++)
        guest(s, i, i == CHILD ? &s->broken : &s->today, i == DIET ? "no nuts" : NULL);
    broken(s, "registration", &s->id[SEALED], part_break, 0);
    broken(s, "registration", &s->id[CLEAR_BROKEN], row_break, 0);
    broken(s, "registration", &s->id[DIET], part_break, 1);
    broken(s, "event", &s->broken, row_break, 0);
}

/* ---- what is seen: one letter for each: + whole, ! damaged with its id, ? damaged without, - not there */
static size_t place_of(const struct scene *s, const char *id) {
    size_t i = 0;
    while (i < ALL && strcmp(s->text[i], id) != 0)
        i++;
    CHECK(i < ALL);
    return i;
}
/* Marks of records whose id is not told stand behind. */
static void seen(const struct scene *s, const json_t *items, char ret[ALL * 2 + 1]) {
    size_t hidden = 0, last = 0;
    memset(ret, '-', ALL);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *one = json_array_get(items, i);
        const char *id = text_at(one, "id", NULL);
        bool damaged = json_is_true(json_object_get(one, "damaged"));
        CHECK(damaged ? json_object_size(one) == 3 && strcmp(text_at(one, "request", NULL), "0123456789abcdef") == 0 : json_object_get(one, "fields") != NULL);
        CHECK(id != NULL || json_is_null(json_object_get(one, "id")));
        if (id == NULL) {
            hidden++;
            continue;
        }
        size_t at = place_of(s, id);
        CHECK(at >= last);                     /* in its place */
        last = at;
        ret[at] = damaged ? '!' : '+';
    }
    memset(ret + ALL, '?', hidden);
    ret[ALL + hidden] = 0;
}
static enum code ask(struct scene *s, const struct caller *who, const char *query, char ret[ALL * 2 + 1]) {
    AUTO(buf_done) struct buf text = BUF(1 << 20);
    json_t *in = json_loads(query, 0, NULL), *got = NULL;
    CHECK(in != NULL);
    int kind = charter_kind(s->b.charter, "registration");
    enum code code = json_object_get(in, "where") == NULL ? record_list_text(s->b.service, who, kind, in, &s->watch, &text, &s->b.e)
                                                          : record_search_text(s->b.service, who, kind, in, &s->watch, &text, &s->b.e);
    json_decref(in);
    if (code != OK)
        return code;
    got = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    CHECK(got != NULL);
    seen(s, json_object_get(got, "items"), ret);
    json_decref(got);
    return OK;
}

/* What is left of a record may say that it is not meant; what is lost of it may always have said that it is. */
TEST(lists_and_searches_go_on_around_what_is_damaged) {
    static const struct { const char *query, *boss, *door; size_t damaged; } rows[] = {
        { "{}", "+!!++!", "+!-+-!??", 3 },     /* for the door one is hidden by its own damage, one by that of its event */
        { "{\"where\":{\"email\":\"o0@poczta.example\"}}", "+-----", NULL, 0 },
        { "{\"where\":{\"email\":\"o1@poczta.example\"}}", "-!----", NULL, 1 },
        { "{\"where\":{\"email\":\"o2@poczta.example\"}}", "--!---", NULL, 1 },
        { "{\"where\":{\"email\":{\"contains\":\"poczta\"}}}", "+!!++!", NULL, 3 },
        { "{\"where\":{\"name\":{\"contains\":\"nobody\"}}}", "-!!---", "-!----?", 2 },
        { "{\"where\":{\"diet\":{\"contains\":\"milk\"}}}", "--!--!", NULL, 2 },
        { "{\"where\":{\"status\":\"cancelled\"}}", "--!---", "------?", 1 },
        { "{\"where\":{\"status\":\"accepted\"}}", "+!!++!", "+!-+-!??", 3 },
    };
    static struct scene s;
    char got[ALL * 2 + 1];
    json_t *one = NULL;
    scene_start(&s);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        s.told = 0;
        CHECK_OK(ask(&s, &s.boss, rows[i].query, got), &s.b.e);
        CHECK_TEXT(got, rows[i].boss);
        CHECK_INT(s.told, rows[i].damaged);
        if (rows[i].door == NULL)
            continue;
        CHECK_OK(ask(&s, &s.door, rows[i].query, got), &s.b.e);
        CHECK_TEXT(got, rows[i].door);
    }
    for (size_t i = 0; i < ALL; i++) {
        bool fine = i == FINE || i == LAST || i == CHILD;
        CHECK_CODE(bed_read(&s.b, &s.boss, "registration", &s.id[i], &one), fine ? OK : E_DAMAGED, &s.b.e);
        if (fine)
            json_decref(one);
    }
    bed_end(&s.b);
}

/* One after the other, with a cursor that goes on behind a damaged one. */
TEST(pages_of_one_pass_over_nothing) {
    static struct scene s;
    char got[ALL * 2 + 1], all[ALL + 1] = "------", query[1200] = "{\"limit\":1}";
    scene_start(&s);
    for (size_t page = 0; page < ALL; page++) {
        AUTO(buf_done) struct buf text = BUF(1 << 20);
        json_t *in = json_loads(query, 0, NULL), *out;
        CHECK_OK(record_list_text(s.b.service, &s.boss, charter_kind(s.b.charter, "registration"), in, &s.watch, &text, &s.b.e), &s.b.e);
        json_decref(in);
        CHECK((out = json_loadb(text.data, text.len, 0, NULL)) != NULL);
        seen(&s, json_object_get(out, "items"), got);
        for (size_t i = 0; i < ALL; i++)
            all[i] = got[i] == '-' ? all[i] : got[i];
        const char *next = text_at(out, "next", NULL);
        CHECK((next == NULL) == (page == ALL - 1));
        snprintf(query, sizeof query, "{\"limit\":1,\"cursor\":\"%s\"}", next == NULL ? "" : next);
        json_decref(out);
    }
    CHECK_TEXT(all, "+!!++!");
    bed_end(&s.b);
}

static bool text_write(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}
static void export_all(struct scene *s, const struct caller *who, enum stream_format format, struct buf *ret) {
    buf_cut(ret, 0);
    CHECK_OK(records_export(s->b.service, who, charter_kind(s->b.charter, "registration"), format, NULL, &s->watch, &(struct sink){ text_write, ret }, &s->b.e), &s->b.e);
}

TEST(exports_go_on_and_say_so) {
    static struct scene s;
    AUTO(buf_done) struct buf out = BUF(1 << 20);
    char want[200], line[1000];
    scene_start(&s);
    export_all(&s, &s.boss, FORMAT_NDJSON, &out);
    CHECK_INT(s.told, 3);
    size_t n = 0;
    for (const char *p = buf_str(&out); *p != 0; p += strcspn(p, "\n") + 1, n++) {
        bool bad = n == SEALED || n == CLEAR_BROKEN || n == DIET;
        snprintf(want, sizeof want, bad ? "{\"id\":\"%s\",\"damaged\":true,\"request\":\"0123456789abcdef\"}\n" : "{\"id\":\"%s\",\"version\":1,", s.text[n]);
        CHECK(strncmp(p, want, strlen(want)) == 0);
    }
    CHECK_INT(n, ALL);
    export_all(&s, &s.boss, FORMAT_CSV, &out);
    const char *head = buf_str(&out), *row = head + strcspn(head, "\n") + 1;
    size_t columns = 1;
    for (const char *p = head; p < row; p++)
        columns += *p == ',';
    CHECK(strncmp(head, "id,number,created,updated,due,", 30) == 0);
    for (n = 0; *row != 0; n++, row += strcspn(row, "\n") + 1) {
        size_t commas = 0, len = strcspn(row, "\r");
        CHECK(len < sizeof line && strncmp(row, s.text[n], UUID_TEXT - 1) == 0);
        memcpy(line, row, len);
        line[len] = 0;
        for (const char *p = line; *p != 0; p++)
            commas += *p == ',';
        CHECK_INT(commas + 1, columns);
        bool bad = n == SEALED || n == CLEAR_BROKEN || n == DIET;
        CHECK((strncmp(line + UUID_TEXT - 1, ",,damaged,,,", 12) == 0) == bad);
    }
    CHECK_INT(n, ALL);
    bed_end(&s.b);
}

TEST(followers_are_told) {
    static struct scene s;
    json_t *list = NULL, *one;
    int64_t after = 0;
    bool end = false;
    size_t i, whole = 0, bad = 0;
    scene_start(&s);
    s.watch.tell = NULL;
    CHECK_OK(record_changes(s.b.service, &s.boss, &after, 100, &s.watch, &end, &list, &s.b.e), &s.b.e);
    json_array_foreach(list, i, one) {
        bool damaged = json_is_true(json_object_get(one, "damaged"));
        CHECK(text_at(one, "id", NULL) != NULL && json_is_false(json_object_get(one, "erased")));
        CHECK(damaged == (json_object_get(one, "version") == NULL) && damaged == (text_at(one, "request", NULL) != NULL));
        whole += !damaged;
        bad += damaged;
    }
    json_decref(list);
    CHECK(end && whole == 6 && bad == 2);      /* a feed tells what changed, not to what: only rows matter to it */
    after = 0;
    CHECK_OK(record_changes(s.b.service, &s.door, &after, 100, &s.watch, &end, &list, &s.b.e), &s.b.e);
    whole = bad = 0;
    json_array_foreach(list, i, one) {
        bool damaged = json_is_true(json_object_get(one, "damaged"));
        CHECK(damaged == (text_at(one, "id", NULL) == NULL));
        whole += !damaged;
        bad += damaged;
    }
    json_decref(list);
    CHECK(whole == 4 && bad == 2);
    bed_end(&s.b);
}

TEST(a_refit_leaves_and_counts_them) {
    static struct scene s;
    struct refit_id ids[ALL];
    size_t n = 0, damaged = 0;
    scene_start(&s);
    for (size_t i = 0; i < ALL; i++)
        if (i != CHILD)
            ids[n++] = (struct refit_id){ service_kind(s.b.service, charter_kind(s.b.charter, "registration")), s.id[i] };
    CHECK_OK(refit_some(s.b.service, s.b.tenant, ids, n, true, &damaged, &s.b.e), &s.b.e);
    CHECK_INT(damaged, 3);
    bed_end(&s.b);
}
