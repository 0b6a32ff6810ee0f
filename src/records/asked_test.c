/* asked_test.c — what a question holds: a state leaves like any other value, only to whom the charter lets see it. */
#include "records/asked.c"
#include "records/testbed.h"
#include "records/testcharters.h"

struct heard { fieldset lets; char body[1024]; int times; };
static enum ask_answer hears(void *arg, const struct ask_question *q, char ret_why[ASK_WHY + 1]) {
    struct heard *h = arg;
    h->times++;
    snprintf(h->body, sizeof h->body, "%.*s", (int)q->len, q->body);
    ret_why[0] = 0;
    return ASK_YES;
}
static fieldset lets(void *arg, const struct service *s UNUSED, const char *asker UNUSED, int kind UNUSED, fieldset wanted) { return wanted & ((struct heard *)arg)->lets; }

TEST(a_state_leaves_only_to_whom_may_see_it) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    struct heard h = { .lets = ~(fieldset)0 };
    struct bed b;
    json_t *got = NULL;
    buf_text(&text, events_charter);
    bed_swap(&text, "    form: register, asks name, email, phone, diet\n", "    ask: stock before move, within 300 ms\n    form: register, asks name, email, phone, diet\n");
    bed_start(&b, buf_str(&text));
    service_asks(b.service, &(struct ask_way){ hears, lets, &h });
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s,s:i}", "title", "x", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z", "seats", 9), &got), &b.e);
    char event[UUID_TEXT];
    struct uuid id = id_of(got);
    json_decref(got);
    for (int told = 1; told >= 0; told--) {
        h.lets = told ? ~(fieldset)0 : 0;
        got = NULL;
        CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&id, event), "name", "Ewa", "email", told ? "ewa@people.example" : "jan@people.example"), &got), &b.e);
        struct uuid one = id_of(got);
        json_decref(got);
        got = NULL;
        CHECK_OK(bed_change(&b, &boss, "registration", &one, -1, json_pack("{s:s}", "status", "cancelled"), &got), &b.e);
        json_decref(got);
        CHECK(strstr(h.body, "\"what\":\"move\"") != NULL && strstr(h.body, uuid_format(&one, event)) != NULL);
        CHECK((strstr(h.body, "\"field\":\"status\"") != NULL) == told && (strstr(h.body, "\"to\":\"cancelled\"") != NULL) == told && (strstr(h.body, "\"from\":") != NULL) == told);
    }
    CHECK_INT(h.times, 2);
    bed_end(&b);
}
