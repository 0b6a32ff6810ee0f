/* torture_test.c — requests with the n-th allocation failing, in whichever thread it is: a step is taken whole, with its words, or not at all. */
#include "base/jsontext.h"
#include "base/torture.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "rights/request.h"

struct scene { struct bed b; struct request_desk desk; int64_t made; };
static const struct request_by anna = { .who = "token 1", .name = "Anna Nowak" };

static void scene_start(struct scene *s) {
    bed_start(&s->b, events_charter);
    s->desk = (struct request_desk){ .service = s->b.service, .tenant = s->b.tenant, .base_url = "https://sejf.example", .tenant_name = "one" };
    s->made = 0;
}

static json_t *list_of(struct scene *s) {
    json_t *list = NULL;
    CHECK_OK(requests_told(&s->desk, INT64_MAX, true, &list, &s->b.e), &s->b.e);
    return list;
}

static enum code enter(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    int64_t number;
    const struct request_wish w = { .type = REQUEST_ERASURE, .way = REQUEST_ON_PAPER, .lang = LANG_PL, .name = "Ewa Lis", .email = "ewa@people.example", .address = "ul. Długa 7",
                                    .text = "Please.", .kind = -1 };
    return request_make(&s->desk, &w, &anna, &number, reterr);
}

/* One more with all its words, or none. */
static bool entered(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *list = list_of(s), *one = NULL;
    int64_t newest = json_integer_value(json_object_get(json_array_get(json_object_get(list, "items"), 0), "number"));
    json_decref(list);
    bool fine = newest == s->made + (code == OK);
    s->made = newest;
    if (newest == 0)
        return fine;
    CHECK_OK(request_told(&s->desk, newest, &one, &s->b.e), &s->b.e);
    fine = fine && json_object_size(json_object_get(one, "person")) == 3 && text_at(one, "text", NULL) != NULL;
    json_decref(one);
    return fine;
}

static enum code look(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *one = NULL;
    enum code code = request_told(&s->desk, 1, &one, reterr);
    if (code == OK)
        json_text_add(outcome, one);
    json_decref(one);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the test") : code;
}

static enum code ask(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    return request_ask_identity(&s->desk, s->made, -1, NULL, &anna, reterr);
}

/* Asked, by a letter that is on record, or as it was; the next is to be asked. */
static bool asked(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *one = NULL;
    CHECK_OK(request_told(&s->desk, s->made, &one, &s->b.e), &s->b.e);
    bool done = strcmp(text_at(one, "state", NULL), "identity") == 0, letter = json_array_size(json_object_get(one, "letters")) == 1;
    json_decref(one);
    CHECK_OK(enter(s, NULL, &s->b.e), &s->b.e);
    s->made++;
    return done == (code == OK) && letter == done;
}

static enum code refuse(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    return request_refuse(&s->desk, s->made, "legal_duty", "A law keeps it.", &anna, reterr);
}

/* Refused with ground, reason, name and letter, or as it was; the next is to be refused. */
static bool refused(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *one = NULL;
    CHECK_OK(request_told(&s->desk, s->made, &one, &s->b.e), &s->b.e);
    const json_t *r = json_object_get(one, "refusal");
    bool ended = strcmp(text_at(one, "state", NULL), "refused") == 0;
    bool whole = text_at(r, "ground", NULL) != NULL && text_at(r, "article", NULL) != NULL && text_at(r, "reason", NULL) != NULL && text_at(r, "by", "name") != NULL &&
                 json_array_size(json_object_get(one, "letters")) == 1;
    bool none = r == NULL;
    json_decref(one);
    CHECK_OK(enter(s, NULL, &s->b.e), &s->b.e);
    s->made++;
    return ended == (code == OK) && (ended ? whole : none);
}

TEST(a_request_is_entered_whole_or_not_at_all) {
    struct scene s;
    scene_start(&s);
    CHECK(torture(&(struct torture){ .name = "request_make", .call = enter, .check = entered, .arg = &s, .uncounted = true, .reach = TORTURE_ALL, .stride = 3 }));
    CHECK(torture(&(struct torture){ .name = "request_told", .call = look, .arg = &s }));
    bed_end(&s.b);
}

TEST(a_step_is_taken_whole_or_not_at_all) {
    struct scene s;
    scene_start(&s);
    CHECK_OK(enter(&s, NULL, &s.b.e), &s.b.e);
    s.made = 1;
    CHECK(torture(&(struct torture){ .name = "request_ask_identity", .call = ask, .check = asked, .arg = &s, .uncounted = true, .stride = 3 }));
    CHECK(torture(&(struct torture){ .name = "request_refuse", .call = refuse, .check = refused, .arg = &s, .uncounted = true, .reach = TORTURE_ALL, .stride = 3 }));
    bed_end(&s.b);
}
