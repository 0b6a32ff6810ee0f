/* control_people_test.c — accounts and registers by control calls, over a real store and keeper. */
#include "api/control_people.c"

#include "api/control.h"
#include "base/test.h"
#include "records/testbed.h"
#include "records/testcharters.h"

struct desk { struct bed bed; struct api api; struct service *services[1]; struct people *people; };

static void up(struct desk *d) {
    bed_start(&d->bed, events_charter);
    d->services[0] = d->bed.service;
    const struct people_options o = { .store = d->bed.store, .keeper = d->bed.keeper, .services = d->services, .service_count = 1, .base_url = "https://localhost:8443" };
    CHECK_OK(people_open(&o, &d->people, &d->bed.e), &d->bed.e);
    d->api = (struct api){ .services = d->services, .service_count = 1, .people = d->people,
                           .config = { .store = d->bed.store, .keeper = d->bed.keeper, .base_url = "https://localhost:8443" } };
}

static void down(struct desk *d) {
    d->people = people_close(d->people);
    bed_end(&d->bed);
}

static bool take(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}

/* All lines of the answer, as an array. */
static json_t *ask(struct desk *d, json_t *in) {
    AUTO(buf_done) struct buf out = BUF(1 << 20);
    json_t *lines = json_array();
    control_call(&d->api, in, NULL, &(struct sink){ take, &out });
    json_decref(in);
    for (const char *at = buf_str(&out); *at != 0;) {
        size_t len = strcspn(at, "\n");
        json_array_append_new(lines, json_loadb(at, len, 0, NULL));
        at += len + (at[len] == '\n');
    }
    CHECK(json_array_size(lines) > 0);
    return lines;
}

/* The last line, which says that it went well. New reference. */
static json_t *done(struct desk *d, json_t *in) {
    json_t *lines = ask(d, in), *last = json_incref(json_array_get(lines, json_array_size(lines) - 1));
    if (!json_is_true(json_object_get(last, "ok")))
        fprintf(stderr, "%s\n", json_string_value(json_object_get(last, "text")));
    CHECK(json_is_true(json_object_get(last, "ok")));
    json_decref(lines);
    return last;
}

static void refused(struct desk *d, json_t *in, enum code code, const char *says) {
    json_t *lines = ask(d, in), *last = json_array_get(lines, json_array_size(lines) - 1);
    const char *text = json_string_value(json_object_get(last, "text"));
    if (text == NULL || strstr(text, says) == NULL)
        fprintf(stderr, "said: %s\n", text == NULL ? "(nothing)" : text);
    CHECK(json_is_false(json_object_get(last, "ok")));
    CHECK_INT(json_integer_value(json_object_get(last, "code")), code);
    CHECK(text != NULL && strstr(text, says) != NULL);
    json_decref(lines);
}

static const char *at(json_t *o, const char *name) { return json_string_value(json_object_get(o, name)) ?: ""; }

TEST(the_first_account_gets_a_link_once) {
    struct desk d;
    up(&d);
    json_t *r = done(&d, json_pack("{s:s, s:s}", "do", "user_new", "email", "ada@people.example"));
    CHECK(strncmp(at(r, "link"), "https://localhost:8443/account/link/sejl_", 41) == 0 && strlen(at(r, "account")) == 36);
    json_t *lines = ask(&d, json_pack("{s:s}", "do", "user_list"));
    CHECK_INT(json_array_size(lines), 2);
    json_t *one = json_array_get(lines, 0);
    CHECK_TEXT(at(one, "role"), "administrator");
    CHECK_TEXT(at(one, "state"), "invited");
    CHECK_TEXT(at(one, "name"), "ada");
    CHECK(json_object_get(one, "link") == NULL);
    json_decref(lines);
    json_t *shown = done(&d, json_pack("{s:s, s:s}", "do", "user_show", "who", "ada@people.example"));
    CHECK_TEXT(at(shown, "account"), at(r, "account"));
    CHECK_INT(json_integer_value(json_object_get(shown, "sessions")), 0);
    json_decref(shown);
    json_decref(r);
    down(&d);
}

TEST(what_an_invitation_lacks_is_said) {
    struct desk d;
    up(&d);
    json_int_t tenant = (json_int_t)d.bed.tenant;
    refused(&d, json_pack("{s:s, s:s, s:I, s:s}", "do", "user_invite", "service", "events", "tenant", tenant, "email", "x@people.example"), E_INVALID, "needs a role");
    refused(&d, json_pack("{s:s, s:s, s:I, s:s}", "do", "user_invite", "service", "events", "tenant", tenant, "role", "door"), E_INVALID, "e-mail address");
    refused(&d, json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "do", "user_invite", "service", "events", "tenant", tenant, "role", "door", "email", "x@people.example", "lang", "xx"), E_INVALID, "en, pl or hu");
    refused(&d, json_pack("{s:s, s:s, s:I, s:s, s:s}", "do", "user_invite", "service", "events", "tenant", tenant, "role", "door", "email", "nobody"), E_FIELDS, "address");
    refused(&d, json_pack("{s:s, s:s, s:I}", "do", "user_invite", "service", "events", "tenant", (json_int_t)999), E_NOT_FOUND, "no tenant");
    refused(&d, json_pack("{s:s, s:s}", "do", "user_show", "who", "nobody@people.example"), E_NOT_FOUND, "");
    refused(&d, json_pack("{s:s}", "do", "user_reset"), E_INVALID, "who");
    refused(&d, json_pack("{s:s, s:I}", "do", "tenant_show", "tenant", (json_int_t)999), E_NOT_FOUND, "sejf tenant list");
    down(&d);
}

TEST(a_role_is_given_and_the_rest_stays) {
    struct desk d;
    up(&d);
    json_int_t tenant = (json_int_t)d.bed.tenant;
    json_t *r = done(&d, json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "do", "user_invite", "service", "events", "tenant", tenant, "role", "door", "email", "jan@people.example", "name", "Jan Furtka"));
    json_decref(done(&d, json_pack("{s:s, s:s, s:I, s:s, s:s}", "do", "role_give", "service", "events", "tenant", tenant, "who", at(r, "account"), "role", "organiser")));
    json_t *lines = ask(&d, json_pack("{s:s, s:I}", "do", "user_list", "tenant", tenant));
    CHECK_TEXT(at(json_array_get(lines, 0), "role"), "organiser");
    CHECK_TEXT(at(json_array_get(lines, 0), "name"), "Jan Furtka");
    json_decref(lines);
    refused(&d, json_pack("{s:s, s:s, s:I, s:s, s:s}", "do", "role_give", "service", "events", "tenant", (json_int_t)d.bed.other, "who", at(r, "account"), "role", "door"), E_NOT_FOUND, "no member");
    json_t *tenant_now = done(&d, json_pack("{s:s, s:I}", "do", "tenant_show", "tenant", tenant));
    CHECK_INT(json_integer_value(json_object_get(json_object_get(tenant_now, "people"), "organiser")), 1);
    CHECK_INT(json_integer_value(json_object_get(tenant_now, "invited")), 1);
    json_decref(tenant_now);
    json_decref(r);
    down(&d);
}

TEST(a_tenant_comes_with_its_owner) {
    struct desk d;
    up(&d);
    json_t *r = done(&d, json_pack("{s:s, s:s, s:s, s:s}", "do", "tenant_new", "service", "events", "name", "Zegar", "owner", "halina@people.example"));
    CHECK(json_integer_value(json_object_get(r, "tenant")) > 0 && at(r, "link")[0] != 0);
    json_t *lines = ask(&d, json_pack("{s:s, s:O}", "do", "user_list", "tenant", json_object_get(r, "tenant")));
    CHECK_TEXT(at(json_array_get(lines, 0), "role"), "organiser");
    json_decref(lines);
    json_decref(r);
    refused(&d, json_pack("{s:s, s:s, s:s, s:s}", "do", "tenant_new", "service", "events", "name", "Wskazówka", "owner", "no address"), E_FIELDS, "was made, but its owner could not be invited");
    down(&d);
}
