/* bulk_torture_test.c — every use case of records with the n-th allocation failing, of SQLite, jansson and RE2 too, in whichever
 * thread: what is answered is whole, what is refused is told as want of memory, and the next call works. */
#include "base/jsontext.h"
#include "base/torture.h"
#include "records/testbed.h"
#include "records/testcharters.h"

struct scene { struct bed b; struct caller who; char event[UUID_TEXT]; struct uuid id, file; int kind, n; json_t *input; };

static enum code told(const struct buf *outcome, struct err *reterr) {
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : OK;
}
static enum code say(enum code code, json_t *got, struct buf *outcome, struct err *reterr) {
    json_object_del(got, "next");              /* a cursor is sealed anew each time */
    if (code == OK && got != NULL)
        json_text_add(outcome, got);
    json_decref(got);
    return code == OK ? told(outcome, reterr) : code;
}
static void next_input(struct scene *s) {
    char email[64];
    snprintf(email, sizeof email, "t%d@poczta.example", ++s->n);
    json_decref(s->input);
    s->input = json_pack("{s:s,s:s,s:s,s:s}", "event", s->event, "name", "Ewa Żak", "email", email, "phone", "22 123 45 67");
}
static struct record_request request_of(struct scene *s) {
    return (struct record_request){ .who = &s->who, .kind = s->kind, .id = s->id, .if_match = -1 };
}
static int64_t held(struct scene *s) {
    json_t *page = NULL, *query = json_pack("{s:i}", "limit", 1000);
    CHECK_OK(record_list(s->b.service, &s->who, s->kind, query, &page, &s->b.e), &s->b.e);
    int64_t n = (int64_t)json_array_size(json_object_get(page, "items"));
    json_decref(page);
    json_decref(query);
    return n;
}

static enum code create(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    struct record_request r = request_of(s);
    json_t *got = NULL, *mistakes = NULL;
    r.id = (struct uuid){ { 0 } };
    r.input = s->input;
    enum code code = record_create(s->b.service, &r, &got, &mistakes, reterr);
    json_decref(got);
    json_decref(mistakes);
    return code;
}
static bool created(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *page = NULL, *query = json_pack("{s:{s:O}}", "where", "email", json_object_get(s->input, "email"));
    CHECK_OK(service_recover(s->b.service, &s->b.e), &s->b.e);
    CHECK_OK(record_search(s->b.service, &s->who, s->kind, query, &page, &s->b.e), &s->b.e);
    size_t n = json_array_size(json_object_get(page, "items"));
    json_decref(page);
    json_decref(query);
    next_input(s);
    return n <= 1 && (code != OK || n == 1);   /* a refused one may stand whole: the reply was what failed */
}
static enum code read_it(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    struct record_request r = request_of(s);
    json_t *got = NULL;
    enum code code = record_read(s->b.service, &r, &got, reterr);
    return say(code, got, outcome, reterr);
}
static enum code change(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    struct record_request r = request_of(s);
    json_t *got = NULL, *mistakes = NULL, *patch = json_pack("{s:s}", "name", ++s->n % 2 == 0 ? "Ewa" : "Ola");
    if (patch == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a patch");
    r.input = patch;
    enum code code = record_change(s->b.service, &r, &got, &mistakes, reterr);
    json_decref(patch);
    json_decref(got);
    json_decref(mistakes);
    return code;
}
static enum code list(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *got = NULL, *query = json_pack("{s:i}", "limit", 3);
    if (query == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a query");
    enum code code = record_list(s->b.service, &s->who, s->kind, query, &got, reterr);
    json_decref(query);
    return say(code, got, outcome, reterr);
}
static enum code search_by(struct scene *s, const char *how, const char *what, struct buf *outcome, struct err *reterr) {
    json_t *got = NULL, *query = json_pack("{s:{s:{s:s}}}", "where", "name", how, what);
    if (query == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a query");
    enum code code = record_search(s->b.service, &s->who, s->kind, query, &got, reterr);
    json_decref(query);
    return say(code, got, outcome, reterr);
}
static enum code search(void *arg, struct buf *outcome, struct err *reterr) { return search_by(arg, "contains", "wa", outcome, reterr); }
static enum code pattern(void *arg, struct buf *outcome, struct err *reterr) { return search_by(arg, "matches", "^E[wx]a +.a.?k?$", outcome, reterr); }
static enum code erase(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    struct record_request r = request_of(s);
    json_t *got = NULL;
    enum code code = record_erase(s->b.service, &r, &got, reterr);
    json_decref(got);
    return code;
}
static bool erased(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *got = NULL;
    struct err e = { 0 };
    struct record_request r = request_of(s);
    CHECK_OK(service_recover(s->b.service, &s->b.e), &s->b.e);
    enum code now = record_read(s->b.service, &r, &got, &e);
    json_decref(got);
    if (now == OK)
        CHECK_OK(bed_erase(&s->b, &s->who, "registration", &s->id, &got), &s->b.e);
    if (now == OK)
        json_decref(got);
    CHECK_OK(bed_make(&s->b, &s->who, "registration", json_incref(s->input), &got), &s->b.e);
    s->id = id_of(got);
    json_decref(got);
    next_input(s);
    return now == E_GONE || (now == OK && code != OK);
}

struct text_in { const char *at; size_t left; };
static ssize_t text_read(void *arg, void *ret, size_t room) {
    struct text_in *t = arg;
    size_t n = t->left < room ? t->left : room;
    memcpy(ret, t->at, n);
    t->at += n;
    t->left -= n;
    return (ssize_t)n;
}
static bool text_write(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return !((struct buf *)arg)->failed;
}
static enum code export_all(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    enum code code = records_export(s->b.service, &s->who, s->kind, FORMAT_CSV, NULL, NULL, &(struct sink){ text_write, outcome }, reterr);
    return code == OK ? told(outcome, reterr) : code;
}
static enum code import(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    char text[512];
    AUTO(buf_done) struct buf said = BUF(1 << 16);
    int n = snprintf(text, sizeof text, "event,name,email\n%s,Ala,i%d@poczta.example\n%s,Ula,j%d@poczta.example\n", s->event, s->n, s->event, s->n);
    s->n++;
    struct text_in in = { text, (size_t)n };
    enum code code = records_import(s->b.service, &s->who, s->kind, FORMAT_CSV, NULL, &(struct source){ text_read, &in }, &(struct sink){ text_write, &said }, reterr);
    if (code == OK && strstr(buf_str(&said), "\"made\":2") == NULL)
        return err_set(reterr, E_MEMORY, "an import of two made less: %s", said.failed ? "its report found no room" : buf_str(&said));
    return code;
}
static bool works(void *arg, enum code code UNUSED) {
    struct scene *s = arg;
    CHECK_OK(service_recover(s->b.service, &s->b.e), &s->b.e);
    return held(s) > 0;
}

static void scene_start(struct scene *s) {
    json_t *got = NULL;
    bed_start(&s->b, events_charter);
    s->who = bed_role(&s->b, s->b.tenant, "organiser");
    s->kind = charter_kind(s->b.charter, "registration");
    CHECK_OK(bed_make(&s->b, &s->who, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &s->b.e);
    memcpy(s->event, text_at(got, "id", NULL), UUID_TEXT);
    json_decref(got);
    for (int i = 0; i < 5; i++) {
        next_input(s);
        CHECK_OK(bed_make(&s->b, &s->who, "registration", json_incref(s->input), &got), &s->b.e);
        s->id = id_of(got);
        json_decref(got);
    }
    next_input(s);
}
static void scene_end(struct scene *s) {
    json_decref(s->input);
    bed_end(&s->b);
}

TEST(reads_are_whole_or_refused) {
    struct scene s = { .n = 0 };
    bool fine = true;
    scene_start(&s);
    fine &= torture(&(struct torture){ .name = "record read", .call = read_it, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "record list", .call = list, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "record search", .call = search, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "record search by pattern", .call = pattern, .arg = &s, .reach = TORTURE_ALL, .stride = 3 });
    fine &= torture(&(struct torture){ .name = "records export", .call = export_all, .arg = &s, .reach = TORTURE_ALL });
    scene_end(&s);
    CHECK(fine);
}

TEST(writes_are_whole_or_nowhere) {
    struct scene s = { .n = 0 };
    bool fine = true;
    scene_start(&s);
    fine &= torture(&(struct torture){ .name = "record create", .call = create, .check = created, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "record change", .call = change, .check = works, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "record erase", .call = erase, .check = erased, .arg = &s, .reach = TORTURE_ALL, .stride = 2 });
    fine &= torture(&(struct torture){ .name = "records import", .call = import, .check = works, .arg = &s, .reach = TORTURE_ALL, .stride = 3 });
    scene_end(&s);
    CHECK(fine);
}
