/* torture_test.c — holds, what is due, and the asking for an account to be closed with the n-th allocation failing, in whichever thread it is. */
#include "base/torture.h"
#include "records/service.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/closing.h"
#include "retention/due.h"
#include "retention/hold.h"
#include "retention/sweep.h"

struct scene { struct bed b; struct caller boss; struct uuid event, person; int kind; int64_t holds, lifted, newest; bool asked; };

static void scene_start(struct scene *s) {
    json_t *got = NULL;
    char id[UUID_TEXT];
    bed_start(&s->b, events_charter);
    s->boss = bed_role(&s->b, s->b.tenant, "organiser");
    s->kind = charter_kind(s->b.charter, "registration");
    CHECK_OK(bed_make(&s->b, &s->boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2030-03-01T18:00:00Z", "ends", "2030-03-01T21:00:00Z"), &got), &s->b.e);
    s->event = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(&s->b, &s->boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&s->event, id), "name", "Ewa", "email", "a@poczta.example"), &got), &s->b.e);
    s->person = id_of(got);
    json_decref(got);
}

static int64_t stand(struct scene *s, const char *state) {
    json_t *list = NULL, *one;
    size_t i;
    int64_t n = 0;
    int64_t before = INT64_MAX;
    do {
        CHECK_OK(holds_told(s->b.service, &s->boss, before, -1, NULL, &list, &s->b.e), &s->b.e);
        json_array_foreach(json_object_get(list, "items"), i, one)
            n += strcmp(text_at(one, "state", NULL), state) == 0;
        before = json_integer_value(json_object_get(list, "next"));
        json_decref(list);
    } while (before > 0);
    return n;
}

static enum code set(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    json_t *got = NULL, *fields = json_pack("[s]", "email");
    const struct hold_wish w = { .kind = s->kind, .id = s->person, .why = "spór", .fields = fields, .until = "2099-12-31" };
    enum code code = fields == NULL ? err_set(reterr, E_MEMORY, "no memory for the test") : hold_set(s->b.service, &s->boss, &w, &got, reterr);
    if (code == OK)
        s->newest = json_integer_value(json_object_get(got, "number"));
    json_decref(got);
    json_decref(fields);
    return code;
}
/* What was answered stands; what failed may stand when only its answer found no memory, and never half of it. */
static bool was_set(void *arg, enum code code) {
    struct scene *s = arg;
    int64_t before = s->holds;
    s->holds = stand(s, "holds");
    return s->holds == before + 1 || (code != OK && s->holds == before);
}

static enum code lift(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    json_t *got = NULL;
    enum code code = hold_end(s->b.service, &s->boss, s->newest, &got, reterr);
    json_decref(got);
    return code;
}
static bool was_lifted(void *arg, enum code code) {
    struct scene *s = arg;
    int64_t before = s->lifted;
    s->lifted = stand(s, "lifted");
    CHECK_OK(set(s, NULL, &s->b.e), &s->b.e);       /* for the next time */
    return s->lifted == before + 1 || (code != OK && s->lifted == before);
}

static enum code read_holds(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *list = NULL;
    enum code code = holds_told(s->b.service, &s->boss, INT64_MAX, s->kind, &s->person, &list, reterr);
    if (code == OK)
        buf_printf(outcome, "%zu %s", json_array_size(json_object_get(list, "items")), text_at(json_array_get(json_object_get(list, "items"), 0), "why", NULL) ?: "");
    json_decref(list);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

static enum code simulate(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *got = NULL, *page = NULL;
    struct due_wish w = { .newer = s->b.charter };
    enum code code = due_until(s->b.charter, "2031-01-01", clock_now(), &w.until, reterr);
    if (code == OK)
        code = due_simulate(s->b.service, s->b.tenant, &w, &got, reterr);
    if (code == OK)
        code = due_records(s->b.service, s->b.tenant, w.until, NULL, 10, &page, reterr);
    if (code == OK)
        buf_printf(outcome, "%zu %zu %zu", json_array_size(json_object_get(got, "items")), json_array_size(json_object_get(got, "changes")), json_array_size(json_object_get(page, "items")));
    json_decref(got);
    json_decref(page);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

/* Asked for and taken back in turn. */
static enum code close_or_not(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    json_t *now = NULL;
    const struct closing_wish w = { .now = false };
    enum code code = s->asked ? closing_back(s->b.service, &s->boss, &now, reterr) : closing_ask(s->b.service, &s->boss, &w, &now, reterr);
    json_decref(now);
    return code;
}
static bool closes(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *now = NULL;
    bool before = s->asked;
    CHECK_OK(closing_told(s->b.service, &s->boss, &now, &s->b.e), &s->b.e);
    s->asked = strcmp(text_at(now, "state", NULL), "asked") == 0;
    json_decref(now);
    return s->asked != before || code != OK;
}

TEST(holds_dues_and_closings_are_whole_or_refused) {
    struct scene s = { .holds = 0 };
    bool fine = true;
    scene_start(&s);
    CHECK_OK(set(&s, NULL, &s.b.e), &s.b.e);
    s.holds = 1;
    fine &= torture(&(struct torture){ .name = "holds", .call = read_holds, .arg = &s, .stride = 3 });
    fine &= torture(&(struct torture){ .name = "due", .call = simulate, .arg = &s, .stride = 5 });
    fine &= torture(&(struct torture){ .name = "hold", .call = set, .check = was_set, .arg = &s, .reach = TORTURE_ALL, .stride = 5 });
    CHECK_OK(set(&s, NULL, &s.b.e), &s.b.e);
    fine &= torture(&(struct torture){ .name = "lift", .call = lift, .check = was_lifted, .arg = &s, .reach = TORTURE_ALL, .stride = 7, .uncounted = true });
    fine &= torture(&(struct torture){ .name = "close", .call = close_or_not, .check = closes, .arg = &s, .reach = TORTURE_ALL, .stride = 3, .uncounted = true });
    bed_end(&s.b);
    CHECK(fine);
}

/* ---- what is due */
#define DUE 3
struct night { struct bed b; struct caller boss; struct uuid event, who[DUE]; int64_t made; };

static void night_fill(struct night *n) {
    char id[UUID_TEXT], email[40];
    for (int i = 0; i < DUE; i++) {
        json_t *got = NULL;
        snprintf(email, sizeof email, "a%lld@poczta.example", (long long)n->made++);
        CHECK_OK(bed_make(&n->b, &n->boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&n->event, id), "name", "Ewa", "email", email), &got), &n->b.e);
        n->who[i] = id_of(got);
        json_decref(got);
    }
}

static enum code sweep(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct night *n = arg;
    struct retired got = { 0 };
    bool more = false;
    enum code code = sweep_tenant(n->b.service, n->b.tenant, &(struct sweep_terms){ .now = clock_now(), .until = USEC_NEVER, .every = true }, &got, &more, reterr);
    if (code == OK && got.failed > 0) {
        *reterr = got.why;
        code = got.why.code;
    }
    return code;
}

static bool sum_gone(const struct ledger_row *r, void *arg) {
    json_t *o = json_loads(r->entry, 0, NULL);
    if (strcmp(text_at(o, "do", NULL) ?: "", "parts_erased") == 0)
        *(int64_t *)arg += json_integer_value(json_object_get(json_object_get(json_object_get(o, "what"), "erased"), "registration"));
    json_decref(o);
    return true;
}
/* Each record is readable as a whole or gone, and the ledger tells of as many as went. */
static bool is_whole(void *arg, enum code code UNUSED) {
    struct night *n = arg;
    int64_t told = 0, left = 0;
    struct view *v = NULL;
    for (int i = 0; i < DUE; i++) {
        json_t *got = NULL;
        enum code one = bed_read(&n->b, &n->boss, "registration", &n->who[i], &got);
        bool whole = one == OK && strcmp(text_at(json_object_get(got, "fields"), "name", NULL) ?: "", "Ewa") == 0;
        json_decref(got);
        if (!whole && one != E_GONE)
            return false;
        left += whole;
    }
    CHECK_OK(store_view(n->b.store, n->b.tenant, &v, &n->b.e), &n->b.e);
    CHECK_OK(ledger_list(view_sql(v), 0, sum_gone, &told, &n->b.e), &n->b.e);
    v = view_end(v);
    if (told != n->made - left)
        return false;
    if (left > 0)
        CHECK_OK(sweep(n, NULL, &n->b.e), &n->b.e);
    night_fill(n);
    return true;
}

TEST(what_is_due_goes_whole_or_stays) {
    struct night n = { .made = 0 };
    json_t *got = NULL;
    bed_start(&n.b, events_charter);
    n.boss = bed_role(&n.b, n.b.tenant, "organiser");
    CHECK_OK(bed_make(&n.b, &n.boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2020-03-01T18:00:00Z", "ends", "2020-03-01T21:00:00Z"), &got), &n.b.e);
    n.event = id_of(got);
    json_decref(got);
    night_fill(&n);
    bool fine = torture(&(struct torture){ .name = "sweep", .call = sweep, .check = is_whole, .arg = &n, .reach = TORTURE_ALL, .uncounted = true, .stride = 2 });
    bed_end(&n.b);
    CHECK(fine);
}
