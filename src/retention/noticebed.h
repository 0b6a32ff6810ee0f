/* noticebed.h — for the tests of notices: a service with a kind that is warned of, people who are told, and a mailer that does as it is told. */
#pragma once
#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/notice_int.h"
#include "retention/sweep.h"

UNUSED static usec_t at(const char *text) {
    usec_t t = 0;
    CHECK(time_parse(text, &t));
    return t;
}

struct crowd { const char *role; struct notice_person list[4]; size_t count, asked; };
UNUSED static enum code people(void *arg, int64_t tenant UNUSED, const char *role, notice_person_fn fn, void *fn_arg, struct err *reterr UNUSED) {
    struct crowd *c = arg;
    c->asked++;
    c->role = role;
    for (size_t i = 0; i < c->count; i++)
        if (!fn(&c->list[i], fn_arg))
            break;
    return OK;
}

struct stage { struct bed b; struct crowd crowd; struct noticer *n; struct caller boss; };

UNUSED static void stage_start(struct stage *g, const char *warn) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "    keep: 180 days after event.ends, then erase\n", warn);
    bed_start(&g->b, buf_str(&text));
    g->crowd = (struct crowd){ .list = { { "ewa@organiser.example", "Ewa Nowak", LANG_PL, { { 1 } } } }, .count = 1 };
    g->boss = bed_role(&g->b, g->b.tenant, "organiser");
    const struct noticer_options o = { .services = &g->b.service, .service_count = 1, .base_url = "https://sejf.example", .people = people, .people_arg = &g->crowd };
    CHECK_OK(noticer_open(&o, &g->n, &g->b.e), &g->b.e);
}
UNUSED static void stage_end(struct stage *g) {
    g->n = noticer_close(g->n);
    bed_end(&g->b);
}
#define WARNED "    keep: 180 days after event.ends, then erase\n    warn: organiser by email 14 days before\n"
#define ROOM "    keep: 180 days after event.ends, then erase\n    warn: organiser by email 14 days before, a late notice moves the erasure by at most 7 days\n"

UNUSED static struct uuid event_make(struct stage *g, const char *title, const char *ends) {
    json_t *got = NULL;
    CHECK_OK(bed_make(&g->b, &g->boss, "event", json_pack("{s:s, s:s, s:s}", "title", title, "starts", "2026-01-01T00:00:00Z", "ends", ends), &got), &g->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
UNUSED static struct uuid guest_make(struct stage *g, const struct uuid *event, int n) {
    char mail[64], parent[UUID_TEXT];
    json_t *got = NULL;
    snprintf(mail, sizeof mail, "guest%d@people.example", n);
    CHECK_OK(bed_make(&g->b, &g->boss, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(event, parent), "name", "Jan", "email", mail), &got), &g->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
UNUSED static void event_move(struct stage *g, const struct uuid *id, const char *ends) {
    json_t *got = NULL;
    CHECK_OK(bed_change(&g->b, &g->boss, "event", id, -1, json_pack("{s:s}", "ends", ends), &got), &g->b.e);
    json_decref(got);
    CHECK_OK(service_recover(g->b.service, &g->b.e), &g->b.e);
}
/* What a minute brings at that time; how many notices stand afterwards. */
UNUSED static int64_t turn(struct stage *g, const char *now) {
    json_t *all = NULL;
    CHECK_OK(noticer_turn(g->n, at(now), &g->b.e), &g->b.e);
    CHECK_OK(notices_show(g->b.service, g->b.tenant, INT64_MAX, 100, &all, &g->b.e), &g->b.e);
    int64_t n = (int64_t)json_array_size(json_object_get(all, "items"));
    json_decref(all);
    return n;
}
UNUSED static json_t *shown(struct stage *g, int64_t number) {
    json_t *n = NULL;
    CHECK_OK(notice_show(g->b.service, g->b.tenant, number, &n, &g->b.e), &g->b.e);
    return n;
}
UNUSED static int64_t records_of(struct stage *g, int64_t number) {
    json_t *n = shown(g, number);
    int64_t records = json_integer_value(json_object_get(n, "records"));
    json_decref(n);
    return records;
}
UNUSED static void state_is(struct stage *g, int64_t number, const char *state) {
    json_t *n = shown(g, number);
    CHECK_TEXT(json_string_value(json_object_get(n, "state")), state);
    json_decref(n);
}

/* As the mailer does it: each letter that waits is tried with that outcome; `silent`: the relay could not be reached. */
struct post_office { enum letter_state to; int status; struct uuid ids[64]; size_t count; int64_t notice; bool silent; };
UNUSED static bool waits(const struct letter_row *r, void *arg) {
    struct post_office *p = arg;
    if (r->state == LETTER_WAITING || r->state == LETTER_BOUNCED)
        p->ids[p->count++] = r->id;
    return true;
}
UNUSED static bool stamp(const struct letter_row *r, void *arg) {
    static char bytes[1u << 17];             /* of one letter at a time: what the callback gets lives as long as the call */
    struct letter_row *row = arg;
    *row = *r;
    CHECK(r->len <= sizeof bytes);
    if (r->len > 0)
        memcpy(bytes, r->blob, r->len);
    row->blob = bytes;
    row->cause = row->said = row->purpose = row->receipt = "";
    return true;
}
UNUSED static enum code deliver(struct txn *t, void *arg, struct err *e) {
    struct post_office *p = arg;
    p->count = 0;
    enum code code = letters_about(txn_sql(t), "notice", p->notice, waits, p, e);
    for (size_t i = 0; i < p->count && code == OK; i++) {
        struct letter_row r;
        code = letter_get(txn_sql(t), &p->ids[i], stamp, &r, e);
        r.state = p->to;
        r.tries++;
        r.tried = txn_now(t);
        r.answers += !p->silent;
        r.heard = p->silent ? r.heard : r.tried;
        r.status = p->status;
        r.len = p->silent ? r.len : 0;
        if (code == OK)
            code = letter_set(t, &r, USEC_NEVER, e);
    }
    return code;
}
UNUSED static size_t tried(struct stage *g, int64_t notice, enum letter_state to, int status) {
    struct post_office p = { .to = to, .status = status, .notice = notice };
    CHECK_OK(store_write(g->b.store, g->b.tenant, deliver, &p, &g->b.e), &g->b.e);
    CHECK_OK(noticer_settle(g->n, &g->b.e), &g->b.e);
    return p.count;
}

/* May the guest go at its date? */
UNUSED static usec_t allowed(struct stage *g, const struct uuid *guest, bool room, usec_t *ret_due) {
    AUTO(view_end) struct view *v = NULL;
    struct row r;
    usec_t from = 0;
    int32_t kind = 0;
    for (size_t i = 0; i < g->b.service->kinds; i++)
        if (strcmp(g->b.service->info[i].kind->name, "registration") == 0)
            kind = g->b.service->info[i].number;
    const struct notice_rule rule = { .zone = charter_zone(g->b.charter), .before = { .days = 14 }, .room = { .days = room ? 7 : 0 } };
    CHECK_OK(store_view(g->b.store, g->b.tenant, &v, &g->b.e), &g->b.e);
    CHECK_OK(row_get(view_sql(v), kind, guest, &r, &g->b.e), &g->b.e);
    CHECK_OK(notice_allows(view_sql(v), &rule, kind, guest, r.due, &from, &g->b.e), &g->b.e);
    *ret_due = r.due;
    return from;
}

/* On the day that the law names, neither sooner nor later. */
UNUSED static bool goes_when_due(struct stage *g, const struct uuid *guest) {
    usec_t due = 0, from = allowed(g, guest, false, &due);
    return from == due;
}

UNUSED static bool opened(const struct letter_row *r, void *arg) {
    struct letter_row *row = arg;
    *row = *r;
    char *copy = malloc(r->len > 0 ? r->len : 1);
    CHECK(copy != NULL);
    memcpy(copy, r->blob, r->len);
    row->blob = copy;
    return false;
}
UNUSED static json_t *letter_of(struct stage *g, int64_t notice) {
    struct view *v = NULL;
    struct letter_row r = { 0 };
    json_t *letter = NULL;
    CHECK_OK(store_view(g->b.store, g->b.tenant, &v, &g->b.e), &g->b.e);
    CHECK_OK(letters_about(view_sql(v), "notice", notice, opened, &r, &g->b.e), &g->b.e);
    v = view_end(v);
    CHECK_OK(post_open(g->b.keeper, g->b.tenant, &r, &letter, &g->b.e), &g->b.e);
    free((void *)(uintptr_t)r.blob);
    return letter;
}
