/* passkey_test.c — passkeys by a software authenticator: alone, as the second step, and everything that must not work. */
#include "access/passkey.c"

#include "access/peoplebed.h"
#include "crypto/testdevice.h"

#define ORIGIN "https://sejf.example:8443"
static void challenge_of(json_t *options, uint8_t ret[32]) {
    const char *text = json_string_value(json_object_get(options, "challenge"));
    size_t len = 0;
    CHECK(text != NULL && base64url_decode(text, strlen(text), ret, 32, &len) && len == 32);
}

static void member_put_bytes(json_t *o, const char *name, const void *bytes, size_t len) {
    static char text[16384];
    CHECK(BASE64URL_ROOM(len) <= sizeof text);
    base64url_text(bytes, len, text);
    CHECK(json_object_set_new(o, name, json_string(text)) == 0);
}

static json_t *registers(struct device *d, json_t *options) {
    uint8_t challenge[32];
    static struct given g;
    challenge_of(options, challenge);
    device_registers(d, challenge, &g);
    json_t *answer = json_pack("{s:s}", "name", "my key");
    member_put_bytes(answer, "clientDataJSON", g.client_data, g.client_data_len);
    member_put_bytes(answer, "authenticatorData", g.authdata, g.authdata_len);
    return answer;
}

static json_t *asserts(struct device *d, json_t *options, const struct uuid *who) {
    uint8_t challenge[32];
    static struct given g;
    challenge_of(options, challenge);
    device_asserts(d, challenge, &g);
    json_t *answer = json_object();
    member_put_bytes(answer, "id", d->id, d->id_len);
    member_put_bytes(answer, "clientDataJSON", g.client_data, g.client_data_len);
    member_put_bytes(answer, "authenticatorData", g.authdata, g.authdata_len);
    member_put_bytes(answer, "signature", g.signature, g.signature_len);
    if (who != NULL)
        member_put_bytes(answer, "userHandle", who->bytes, sizeof who->bytes);
    return answer;
}

static void add(struct people_bed *t, const struct session *s, struct device *d) {
    json_t *options = NULL;
    device_make(d, -7);
    d->origin = ORIGIN;
    CHECK_OK(passkey_begin(t->p, s, &options, &t->b.e), &t->b.e);
    json_t *answer = registers(d, options);
    CHECK_OK(passkey_add(t->p, s, answer, &t->b.e), &t->b.e);
    CHECK_CODE(passkey_add(t->p, s, answer, &t->b.e), E_SIGN_IN, &t->b.e);      /* each challenge once */
    json_decref(answer);
    json_decref(options);
}

static enum code comes(struct people_bed *t, const char *secret, struct device *d, const struct uuid *who, char ret_secret[SESSION_TEXT], struct session *ret) {
    json_t *options = NULL;
    CHECK_OK(session_passkey_begin(t->p, secret, &options, &t->b.e), &t->b.e);
    d->count++;
    json_t *answer = asserts(d, options, who);
    enum code code = session_passkey(t->p, &visitor, secret, answer, ret_secret, ret, &t->b.e);
    json_decref(answer);
    json_decref(options);
    return code;
}

TEST(a_passkey_lets_in_alone_and_as_the_second_step) {
    struct people_bed t;
    struct device d;
    char secret[SESSION_TEXT], next[SESSION_TEXT];
    struct session s;
    struct caller who;
    start(&t);
    struct uuid id = joined(&t, "organiser", "key@example.org", secret, &s);
    CHECK(s.step == STEP_ENROL);
    add(&t, &s, &d);
    CHECK_OK(session_go_on(t.p, secret, next, &s, &t.b.e), &t.b.e);
    CHECK(s.step == STEP_SECOND);              /* the key is to be shown at once */
    CHECK_OK(comes(&t, next, &d, NULL, secret, &s), &t.b.e);
    CHECK(s.step == STEP_WHOLE && s.factors == (FACTOR_PASSWORD | FACTOR_PASSKEY));
    CHECK_OK(caller(&t, secret, 0, &who), &t.b.e);
    CHECK_CODE(session_find(t.p, next, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(comes(&t, NULL, &d, &id, secret, &s), &t.b.e);
    CHECK(s.step == STEP_WHOLE && s.factors == FACTOR_PASSKEY);
    CHECK_OK(caller(&t, secret, 0, &who), &t.b.e);
    device_done(&d);
    end(&t);
}

TEST(what_proves_nothing_lets_nobody_in) {
    struct people_bed t;
    struct device d, other;
    char secret[SESSION_TEXT], theirs[SESSION_TEXT], next[SESSION_TEXT];
    struct session s, two;
    json_t *options = NULL, *foreign = NULL;
    struct uuid nobody = { { 7 } };
    start(&t);
    struct uuid id = joined(&t, "door", "one.key@example.org", secret, &s), them = joined(&t, "door", "other.key@example.org", theirs, &two);
    add(&t, &s, &d);
    add(&t, &two, &other);
    CHECK_CODE(comes(&t, NULL, &d, &nobody, next, &s), E_SIGN_IN, &t.b.e);
    CHECK_CODE(comes(&t, NULL, &d, &them, next, &s), E_SIGN_IN, &t.b.e);       /* another's key */
    d.flags = 0x01;                            /* nobody was asked for a finger or a PIN */
    CHECK_CODE(comes(&t, NULL, &d, &id, next, &s), E_SIGN_IN, &t.b.e);
    d.flags = 0x05;
    d.origin = "https://sejf.example.evil.example";
    CHECK_CODE(comes(&t, NULL, &d, &id, next, &s), E_SIGN_IN, &t.b.e);
    d.origin = ORIGIN;
    /* a challenge given to one session is worth nothing in another, nor without any; one for signing in none for setting up */
    CHECK_OK(session_passkey_begin(t.p, theirs, &foreign, &t.b.e), &t.b.e);
    d.count++;
    json_t *answer = asserts(&d, foreign, &id);
    CHECK_CODE(session_passkey(t.p, &visitor, secret, answer, next, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(session_passkey(t.p, &visitor, NULL, answer, next, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    json_decref(answer);
    CHECK_OK(session_find(t.p, theirs, &two, &t.b.e), &t.b.e);
    answer = registers(&other, foreign);
    CHECK_CODE(passkey_add(t.p, &two, answer, &t.b.e), E_SIGN_IN, &t.b.e);
    json_decref(answer);
    /* replayed */
    CHECK_OK(session_passkey_begin(t.p, NULL, &options, &t.b.e), &t.b.e);
    d.count++;
    answer = asserts(&d, options, &id);
    CHECK_OK(session_passkey(t.p, &visitor, NULL, answer, next, &s, &t.b.e), &t.b.e);
    CHECK(session_passkey(t.p, &visitor, NULL, answer, next, &s, &t.b.e) != OK);
    json_decref(answer);
    d.count -= 2;                              /* a copy of it that counts behind */
    CHECK_CODE(comes(&t, NULL, &d, &id, next, &s), E_CONFLICT, &t.b.e);
    json_decref(options);
    json_decref(foreign);
    device_done(&d);
    device_done(&other);
    end(&t);
}

TEST(one_account_uses_up_nobody_elses_challenges) {
    struct people_bed t;
    struct device d, other;
    char secret[SESSION_TEXT], theirs[SESSION_TEXT], next[SESSION_TEXT];
    struct session s, two;
    size_t fine = 0;
    start(&t);
    struct uuid id = joined(&t, "door", "many@example.org", secret, &s), them = joined(&t, "door", "few@example.org", theirs, &two);
    add(&t, &s, &d);
    add(&t, &two, &other);
    while (fine < SPENT_OF_ACCOUNT && comes(&t, NULL, &d, &id, next, &s) == OK)
        fine++;
    CHECK_INT(fine, SPENT_OF_ACCOUNT - 1);     /* one was spent setting it up */
    CHECK_OK(comes(&t, NULL, &other, &them, next, &s), &t.b.e);
    end(&t);
    device_done(&d);
    device_done(&other);
}

TEST(a_passkey_is_shown_and_removed) {
    struct people_bed t;
    struct device d;
    char secret[SESSION_TEXT];
    struct session s;
    json_t *list = NULL;
    start(&t);
    (void)joined(&t, "door", "shown@example.org", secret, &s);
    add(&t, &s, &d);
    CHECK_OK(passkeys_json(t.p, &s, &list, &t.b.e), &t.b.e);
    CHECK_INT(json_array_size(list), 1);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(list, 0), "name")), "my key");
    CHECK_CODE(passkey_remove(t.p, &s, "AAAA", &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_OK(passkey_remove(t.p, &s, json_string_value(json_object_get(json_array_get(list, 0), "id")), &t.b.e), &t.b.e);
    json_decref(list);
    CHECK_OK(passkeys_json(t.p, &s, &list, &t.b.e), &t.b.e);
    CHECK_INT(json_array_size(list), 0);
    json_decref(list);
    s.elevated = false;
    CHECK_CODE(passkey_begin(t.p, &s, &list, &t.b.e), E_CONFIRM, &t.b.e);
    device_done(&d);
    end(&t);
}
