/* send_test.c — what is a wish; many in one write, each answered by itself; caps that two calls at once cannot pass together; what is sealed; want of memory
 * at each step leaves nothing half done. */
#include "records/record.h"

static enum code open_late(struct service *s, struct record **list, size_t count, struct arena *arena, struct err *reterr);
#define records_open open_late
#include "messages/send.c"
#undef records_open

#include <pthread.h>

#include "messages/again.h"
#include "messages/sendbed.h"

TEST(says_what_is_no_wish) {
    struct sendbed d;
    send_start(&d, MAIL_TO_PEOPLE);
    struct uuid id = uuid_new();
    json_t *bad_name = json_pack("{s:s}", "Name", "x"), *bad_value = json_pack("{s:i}", "name", 7), *fine = json_pack("{s:s}", "name", "x");
    char *long_text = mem_new(POST_TEXT_MAX + 2);
    memset(long_text, 'a', POST_TEXT_MAX + 1);
    usec_t now = clock_now();
    const struct { struct message_wish w; const char *path; } row[] = {
        { { .subject = "S", .text = "T" }, NULL }, { { .template_name = "news" }, NULL }, { { .template = 7 }, NULL }, { { .subject = "S", .text = "T", .values = fine, .purpose = "sending offers" }, NULL },
        { { .subject = "S", .text = "T", .at = now + USEC_PER_DAY, .until = now + 2 * USEC_PER_DAY }, NULL }, { { .channel = CHANNEL_SMS, .text = "T" }, NULL },
        { { .subject = "S" }, "/text" }, { { .text = "T" }, "/subject" }, { { .channel = CHANNEL_EMAIL }, "/template" }, { { .template = 7, .text = "T" }, "/template" },
        { { .subject = "S\nBcc: x", .text = "T" }, "/subject" }, { { .subject = "", .text = "T" }, "/subject" }, { { .subject = "\xff", .text = "T" }, "/subject" }, { { .subject = "S", .text = "\xff" }, "/text" },
        { { .subject = "S", .text = long_text }, "/text" }, { { .channel = CHANNEL_SMS, .subject = "S", .text = "T" }, "/subject" }, { { .subject = "S", .text = "T", .purpose = "selling it" }, "/purpose" },
        { { .subject = "S", .text = "T", .values = bad_name }, "/values" }, { { .subject = "S", .text = "T", .values = bad_value }, "/values" },
        { { .subject = "S", .text = "T", .at = now + 400 * USEC_PER_DAY }, "/at" }, { { .subject = "S", .text = "T", .until = now - 1 }, "/until" },
        { { .subject = "S", .text = "T", .until = now + 6 * USEC_PER_DAY }, "/until" }, { { .subject = "S", .text = "T", .at = now + USEC_PER_DAY, .until = now + USEC_PER_HOUR }, "/until" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct message_wish w = row[i].w;
        w.kind = charter_kind(d.b.charter, "registration");
        w.record = id;
        CHECK_CODE(message_wish_check(d.b.service, &w, &d.b.e), row[i].path == NULL ? OK : E_FIELDS, &d.b.e);
        CHECK(row[i].path == NULL || strcmp(d.b.e.field, row[i].path) == 0);
    }
    struct message_wish w = { .kind = 99, .record = id, .subject = "S", .text = "T" };
    CHECK_CODE(message_wish_check(d.b.service, &w, &d.b.e), E_FIELDS, &d.b.e);
    w = (struct message_wish){ .kind = 0, .subject = "S", .text = "T" };
    CHECK_CODE(message_wish_check(d.b.service, &w, &d.b.e), E_FIELDS, &d.b.e);
    json_decref(bad_name);
    json_decref(bad_value);
    json_decref(fine);
    mem_free(long_text);
    bed_end(&d.b);
}

TEST(a_text_is_read_and_a_template_looked_for) {
    struct sendbed d;
    struct message_result r;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    struct message_wish w = send_wish(&d, &ewa);
    w.text = "Come, {{name}}.";
    CHECK_CODE(message_text_check(d.b.service, &d.boss, &w, &d.b.e), OK, &d.b.e);
    w.text = "Come, {{nobody}}.";
    CHECK_CODE(message_text_check(d.b.service, &d.boss, &w, &d.b.e), E_FIELDS, &d.b.e);
    CHECK_TEXT(d.b.e.field, "/text");
    w.text = w.subject = NULL;
    w.template_name = "news";
    CHECK_CODE(message_text_check(d.b.service, &d.boss, &w, &d.b.e), E_FIELDS, &d.b.e);
    CHECK_TEXT(d.b.e.field, "/template");
    CHECK_TEXT(send_try(&d, &w, &r), "charter");       /* it went meanwhile */
    json_t *put = NULL, *mistakes = NULL, *body = json_pack("{s:s, s:{s:s, s:s}}", "kind", "registration", "en", "subject", "News", "text", "Come, {{name}}.");
    CHECK_CODE(template_put(d.b.service, &d.boss, "news", body, &put, &mistakes, &d.b.e), OK, &d.b.e);
    json_decref(put);
    json_decref(mistakes);
    json_decref(body);
    CHECK_CODE(message_text_check(d.b.service, &d.boss, &w, &d.b.e), OK, &d.b.e);
    CHECK_TEXT(send_try(&d, &w, &r), "");
    w.kind = charter_kind(d.b.charter, "invoice");
    CHECK_CODE(message_text_check(d.b.service, &d.boss, &w, &d.b.e), E_FIELDS, &d.b.e);
    bed_end(&d.b);
}

struct kept { struct letter_row row; char purpose[64]; struct buf blob; int count; };
static bool keep(const struct letter_row *r, void *arg) {
    struct kept *k = arg;
    k->row = *r;
    snprintf(k->purpose, sizeof k->purpose, "%s", r->purpose);
    buf_cut(&k->blob, 0);
    buf_add(&k->blob, r->blob, r->len);
    k->row.blob = k->blob.data;
    k->count++;
    return true;
}
static int letters(struct sendbed *d, struct kept *k) {
    AUTO(view_end) struct view *v = NULL;
    static const struct uuid none;
    k->count = 0;
    CHECK_OK(store_view(d->b.store, d->b.tenant, &v, &d->b.e), &d->b.e);
    CHECK_OK(letters_list(view_sql(v), &none, keep, k, &d->b.e), &d->b.e);
    return k->count;
}

static bool holds(const struct buf *b, const char *text) { return memmem(b->data, b->len, text, strlen(text)) != NULL; }

TEST(a_message_names_the_record_and_seals_its_text) {
    struct sendbed d;
    struct message_result r;
    struct kept k = { .blob = BUF(1 << 20) };
    json_t *opened = NULL;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    struct message_wish w = send_wish(&d, &ewa);
    json_t *values = json_pack("{s:s}", "seat", "12 B");
    w.values = values;
    CHECK_TEXT(send_try(&d, &w, &r), "");
    CHECK_INT(letters(&d, &k), 1);
    CHECK(uuid_compare(&k.row.id, &r.id) == 0 && uuid_compare(&k.row.record, &ewa) == 0 && uuid_compare(&k.row.scope, &d.event) == 0 && k.row.key != 0 && k.row.state == LETTER_WAITING);
    CHECK(k.row.begins == w.at && k.row.until == w.at + SEND_LIFE && k.row.kind == service_kind(d.b.service, w.kind)->number);
    CHECK_TEXT(k.purpose, "running the event");
    CHECK(!holds(&k.blob, "race") && !holds(&k.blob, "12 B") && !holds(&k.blob, "people.example"));
    CHECK_OK(post_open(d.b.keeper, d.b.tenant, &k.row, &opened, &d.b.e), &d.b.e);
    CHECK_TEXT(text_at(opened, "text", NULL), w.text);
    CHECK_TEXT(text_at(opened, "subject", NULL), w.subject);
    CHECK_TEXT(text_at(opened, "values", "seat"), "12 B");
    json_decref(opened);
    json_decref(values);
    w = send_wish(&d, &ewa);
    w.subject = w.text = NULL;
    w.template = send_text(&d, "{\"kind\": \"registration\", \"en\": {\"subject\": \"News\", \"text\": \"The race begins at 9.\"}}");
    CHECK_TEXT(send_try(&d, &w, &r), "");
    CHECK_INT(letters(&d, &k), 2);
    CHECK(k.row.key == 0 || k.row.template == 0);      /* a template alone seals nothing */
    buf_done(&k.blob);
    bed_end(&d.b);
}

struct noted { struct buf text; int count; };
static bool note_take(const struct ledger_row *r, void *arg) {
    struct noted *n = arg;
    if (strstr(r->entry, "\"messages_asked\"") != NULL) {
        buf_printf(&n->text, "%s\n", r->entry);
        n->count++;
    }
    return true;
}

/* What somebody objected to is asked for under another purpose: the ledger says which was named. */
TEST(the_ledger_says_what_for_and_by_which_text) {
    struct sendbed d;
    struct message_result ret[4];
    struct noted n = { .text = BUF(1 << 16) };
    size_t bad = 0;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example"), jan = send_person(&d, &d.event, "jan@people.example");
    struct message_wish list[4] = { send_wish(&d, &ewa), send_wish(&d, &jan), send_wish(&d, &ewa), send_wish(&d, &jan) };
    list[1].purpose = "running the event";     /* the one that the first has without naming it */
    list[2].purpose = "sending offers";
    list[3].subject = list[3].text = NULL;
    list[3].template = send_text(&d, "{\"kind\": \"registration\", \"en\": {\"subject\": \"News\", \"text\": \"The race begins at 9.\"}}");
    CHECK_CODE(messages_send(d.b.service, d.b.tenant, list, ARRAY_LEN(list), ret, NULL, NULL, &bad, &d.b.e), OK, &d.b.e);
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(d.b.store, d.b.tenant, &v, &d.b.e), &d.b.e);
    CHECK_OK(ledger_list(view_sql(v), 0, note_take, &n, &d.b.e), &d.b.e);
    v = view_end(v);
    CHECK_INT(n.count, 3);
    CHECK(strstr(buf_str(&n.text), "\"purpose\":\"sending offers\"") != NULL && strstr(buf_str(&n.text), "\"queued\":2") != NULL && strstr(buf_str(&n.text), "\"template\":1") != NULL);
    buf_done(&n.text);
    bed_end(&d.b);
}

/* Somebody else is faster, as often as `left` says: the record that was read is changed, or erased, before its keys are asked for. */
static struct { struct sendbed *d; struct uuid id; int left; bool erases; } late;
static enum code open_late(struct service *s, struct record **list, size_t count, struct arena *arena, struct err *reterr) {
    json_t *got = NULL;
    if (late.left > 0) {
        late.left--;
        CHECK_OK(late.erases ? bed_erase(&late.d->b, &late.d->boss, "registration", &late.id, &got)
                             : bed_change(&late.d->b, &late.d->boss, "registration", &late.id, -1, json_pack("{s:s}", "name", late.left % 2 == 0 ? "Iza" : "Iwa"), &got), &late.d->b.e);
        json_decref(got);
    }
    return records_open(s, list, count, arena, reterr);
}

TEST(a_record_that_changes_meanwhile_is_there) {
    static const struct { int times; bool erases; enum code code; bool gone; } row[] = { { 1, false, OK, false }, { LOOKS - 1, false, OK, false }, { LOOKS, false, E_BUSY, false }, { 1, true, OK, true } };
    struct sendbed d;
    struct kept k = { .blob = BUF(1 << 20) };
    int before = 0;
    send_start(&d, MAIL_TO_PEOPLE);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char email[64];
        struct message_result ret[2];
        size_t bad = 0;
        snprintf(email, sizeof email, "ewa%zu@people.example", i);
        const struct uuid ewa = send_person(&d, &d.event, email);
        snprintf(email, sizeof email, "jan%zu@people.example", i);
        const struct uuid jan = send_person(&d, &d.event, email);
        const struct message_wish list[2] = { send_wish(&d, &ewa), send_wish(&d, &jan) };
        late.d = &d;
        late.id = ewa;
        late.left = row[i].times;
        late.erases = row[i].erases;
        CHECK_CODE(messages_send(d.b.service, d.b.tenant, list, 2, ret, NULL, NULL, &bad, &d.b.e), row[i].code, &d.b.e);
        CHECK_INT(late.left, 0);
        CHECK(row[i].code != OK || (ret[0].gone == row[i].gone && ret[0].queued == !row[i].gone && ret[1].queued));
        before += row[i].code != OK ? 0 : row[i].gone ? 1 : 2;
        CHECK_INT(letters(&d, &k), before);
    }
    buf_done(&k.blob);
    bed_end(&d.b);
}

static enum code refuse(struct txn *t UNUSED, void *arg UNUSED, struct err *e) { return err_set(e, E_CONFLICT, "not so"); }

TEST(many_go_in_one_write_and_each_is_answered) {
    struct sendbed d;
    struct message_wish list[70];
    struct message_result ret[70];
    struct kept k = { .blob = BUF(1 << 20) };
    size_t bad = 0;
    send_start(&d, MAIL_TO_PEOPLE);
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {     /* more than are open at a time */
        char email[64];
        snprintf(email, sizeof email, "p%zu@people.example", i < 66 ? i : 0);
        struct uuid id = i < 66 ? send_person(&d, i == 5 ? &d.other_event : &d.event, email) : list[0].record;
        list[i] = send_wish(&d, &id);
        list[i].scope = d.event;
    }
    list[7].record = uuid_new();
    CHECK_CODE(messages_send(d.b.service, d.b.tenant, list, ARRAY_LEN(list), ret, refuse, NULL, &bad, &d.b.e), E_CONFLICT, &d.b.e);
    CHECK_INT(letters(&d, &k), 0);
    CHECK_CODE(messages_send(d.b.service, d.b.tenant, list, ARRAY_LEN(list), ret, NULL, NULL, &bad, &d.b.e), OK, &d.b.e);
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        CHECK(ret[i].gone == (i == 7) && ret[i].queued == (i != 5 && i != 7 && i < 67));    /* the first has two of its two then */
    CHECK(ret[5].verdict.gate == GATE_CHARTER && ret[69].verdict.gate == GATE_RATE);
    CHECK_INT(letters(&d, &k), 65);
    list[3].purpose = "selling it";
    CHECK_CODE(messages_send(d.b.service, d.b.tenant, list, 10, ret, NULL, NULL, &bad, &d.b.e), E_FIELDS, &d.b.e);
    CHECK_INT(bad, 3);
    CHECK_INT(letters(&d, &k), 65);
    buf_done(&k.blob);
    bed_end(&d.b);
}

struct crowd { struct sendbed *d; struct uuid id; int queued, rate; };
static void *crowd_main(void *arg) {
    struct crowd *c = arg;
    for (int i = 0; i < 6; i++) {
        struct message_wish w = send_wish(c->d, &c->id);
        struct message_result r;
        struct err e;
        size_t bad;
        CHECK_CODE(messages_send(c->d->b.service, c->d->b.tenant, &w, 1, &r, NULL, NULL, &bad, &e), OK, &e);
        c->queued += r.queued;
        c->rate += !r.queued && r.verdict.gate == GATE_RATE;
    }
    return NULL;
}

TEST(calls_at_once_pass_no_cap_together) {
    struct sendbed d;
    pthread_t threads[4];
    struct crowd c[4];
    int queued = 0, rate = 0;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    for (size_t i = 0; i < ARRAY_LEN(c); i++) {
        c[i] = (struct crowd){ &d, ewa, 0, 0 };
        CHECK(pthread_create(&threads[i], NULL, crowd_main, &c[i]) == 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(c); i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        queued += c[i].queued;
        rate += c[i].rate;
    }
    CHECK(queued == 2 && rate == 22);
    bed_end(&d.b);
}

static json_t *answer(void *arg) { return json_pack("{s:s}", "said", (const char *)arg); }

TEST(a_request_that_comes_again_is_answered_as_before) {
    struct sendbed d;
    struct again a;
    struct message_result r;
    json_t *before = NULL, *body = json_pack("{s:s}", "a", "b"), *other = json_pack("{s:s}", "a", "c");
    size_t bad;
    char said[] = "first";
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    const struct message_wish w = send_wish(&d, &ewa);
    CHECK_OK(again_begin(d.b.service, &d.boss, "k1", body, &a, &before, &d.b.e), &d.b.e);
    CHECK(before == NULL && a.wanted);
    a.answer = answer;
    a.arg = said;
    struct again twin = a;                     /* somebody who began at the same time */
    CHECK_CODE(messages_send(d.b.service, d.b.tenant, &w, 1, &r, again_write, &a, &bad, &d.b.e), OK, &d.b.e);
    again_end(&a, OK, true);
    CHECK_CODE(messages_send(d.b.service, d.b.tenant, &w, 1, &r, again_write, &twin, &bad, &d.b.e), E_CONFLICT, &d.b.e);
    CHECK(twin.met);
    CHECK_OK(again_begin(d.b.service, &d.boss, "k1", body, &a, &before, &d.b.e), &d.b.e);
    CHECK(before != NULL && !a.wanted);
    CHECK_TEXT(text_at(before, "said", NULL), "first");
    json_decref(before);
    CHECK_CODE(again_begin(d.b.service, &d.boss, "k1", other, &a, &before, &d.b.e), E_CONFLICT, &d.b.e);
    json_decref(body);
    json_decref(other);
    struct kept k = { .blob = BUF(1 << 20) };
    CHECK_INT(letters(&d, &k), 1);
    buf_done(&k.blob);
    bed_end(&d.b);
}

TEST(survives_no_memory) {
    struct sendbed d;
    struct kept k = { .blob = BUF(1 << 20) };
    send_start(&d, MAIL_TO_PEOPLE);
    json_t *body = json_pack("{s:s}", "a", "b");
    char said[] = "x", key[16];
    bool done = false;
    int made = 0;
    for (size_t n = 1; !done && n < 4000; n++) {
        char email[64];
        struct message_result r = { .queued = false };
        struct again a = { .wanted = false };
        json_t *before = NULL;
        size_t bad;
        snprintf(email, sizeof email, "p%zu@people.example", n);
        snprintf(key, sizeof key, "k%zu", n);
        const struct uuid id = send_person(&d, &d.event, email);
        const struct message_wish w = send_wish(&d, &id);
        mem_fail_at = n;
        enum code code = again_begin(d.b.service, &d.boss, key, body, &a, &before, &d.b.e);
        a.answer = answer;
        a.arg = said;
        if (code == OK)
            code = messages_send(d.b.service, d.b.tenant, &w, 1, &r, again_write, &a, &bad, &d.b.e);
        again_end(&a, code, r.queued);
        done = mem_fail_at != 0;
        mem_fail_at = 0;
        CHECK(code == OK || code == E_MEMORY);
        made += code == OK;
        CHECK(code != OK || r.queued);
    }
    CHECK(done);
    CHECK_INT(letters(&d, &k), made);
    json_decref(body);
    buf_done(&k.blob);
    bed_end(&d.b);
}
