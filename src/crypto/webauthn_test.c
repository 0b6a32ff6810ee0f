/* webauthn_test.c — a software authenticator answers rightly, and then wrongly in every way that we thought of. */
#include "crypto/webauthn.c"

#include "crypto/testdevice.h"

static const int kinds[] = { -7, -8, -257 };
static const uint8_t once[32] = "a challenge of 32 random bytes.", another[32] = "another challenge of 32 bytes..";

static enum code registered(const struct given *g, bool verified, struct passkey *ret, struct err *e) {
    struct webauthn_answer a = given_answer(g);
    struct passkey p = { .count = 77 };
    enum code code = webauthn_register(&device_site, once, &a, verified, &p, e);
    if (code != OK)
        CHECK(p.count == 77 && p.id_len == 0 && (code == E_FIELDS || code == E_MEMORY) && e->text[0] != 0);
    else if (ret != NULL)
        *ret = p;
    return code;
}
static enum code asserted(const struct passkey *p, const struct given *g, bool verified, struct webauthn_seen *ret, struct err *e) {
    struct webauthn_answer a = given_answer(g);
    struct webauthn_seen seen = { .count = 77 };
    enum code code = webauthn_assert(&device_site, once, p, &a, verified, &seen, e);
    if (code != OK)
        CHECK(seen.count == 77 && (code == E_SIGN_IN || code == E_CONFLICT || code == E_DAMAGED || code == E_MEMORY) && e->text[0] != 0);
    else if (ret != NULL)
        *ret = seen;
    return code;
}

/* A device whose passkey is registered. */
struct scene { struct device d; struct passkey p; struct given g; struct err e; };
static void begin(struct scene *s, int algorithm) {
    memset(s, 0, sizeof *s);
    CHECK_OK(crypto_init(&s->e), &s->e);
    device_make(&s->d, algorithm);
    device_registers(&s->d, once, &s->g);
    CHECK_OK(registered(&s->g, true, &s->p, &s->e), &s->e);
}

TEST(each_kind_of_key_registers_and_signs_in) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct scene s;
        struct webauthn_seen seen;
        begin(&s, kinds[i]);
        CHECK(s.p.algorithm == kinds[i] && passkey_is(&s.p, s.d.id, s.d.id_len) && !passkey_is(&s.p, s.d.id, s.d.id_len - 1) && s.p.count == 0
              && memcmp(s.p.aaguid, "0123456789abcdef", 16) == 0 && !s.p.backup_eligible && !s.p.backed_up);
        for (uint32_t count = 0; count < 3; count++) {
            s.d.count = count;
            device_asserts(&s.d, once, &s.g);
            CHECK_OK(asserted(&s.p, &s.g, true, &seen, &s.e), &s.e);
            CHECK(seen.count == count && seen.verified && !seen.backed_up);
            s.p.count = seen.count;
        }
        device_done(&s.d);
    }
}

TEST(what_browsers_add_is_let_be) {
    struct scene s;
    struct webauthn_seen seen;
    static const char *const more[] = { "", ",\"other_keys_can_be_added_here\":\"do not compare\",\"crossOrigin\":false", ",\"tokenBinding\":{\"status\":\"supported\"}" };
    begin(&s, -7);
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        s.d.more = more[i];
        device_asserts(&s.d, once, &s.g);
        CHECK_OK(asserted(&s.p, &s.g, false, &seen, &s.e), &s.e);
    }
    memcpy(s.d.extensions, "\xa1\x69" "somewhat1\xf5", 12);            /* {"somewhat1": true} */
    s.d.extensions_len = 12;
    device_registers(&s.d, once, &s.g);
    CHECK_OK(registered(&s.g, true, NULL, &s.e), &s.e);
    device_asserts(&s.d, once, &s.g);
    CHECK_OK(asserted(&s.p, &s.g, true, &seen, &s.e), &s.e);
    device_done(&s.d);
}

TEST(client_data_of_another_site_type_or_challenge_is_refused) {
    static const struct { const char *type, *origin, *more, *says; } row[] = {
        { NULL, "https://other.example", NULL, "another site" }, { NULL, "https://login.sejf.example", NULL, "another site" }, { NULL, "http://sejf.example", NULL, "another site" },
        { NULL, "https://sejf.example:8443", NULL, "another site" }, { NULL, "https://sejf.example.", NULL, "another site" }, { NULL, "https://sejf.example/", NULL, "another site" },
        { NULL, "https://SEJF.example", NULL, "another site" }, { NULL, "", NULL, "another site" }, { NULL, "https://sejf.example\\u0000.other.example", NULL, "JSON" },
        { "webauthn.create", NULL, NULL, "another type" }, { "webauthn.get ", NULL, NULL, "another type" }, { "", NULL, NULL, "another type" }, { "payment.get", NULL, NULL, "another type" },
        { NULL, NULL, ",\"crossOrigin\":true", "within a page" }, { NULL, NULL, ",\"crossOrigin\":\"false\"", "within a page" }, { NULL, NULL, ",\"crossOrigin\":null", "within a page" },
        { NULL, NULL, ",\"topOrigin\":\"https://other.example\"", "within a page" }, { NULL, NULL, ",\"origin\":\"https://sejf.example\"", "JSON" }, { NULL, NULL, ",\"type\":\"webauthn.get\"", "JSON" },
        { NULL, NULL, ",", "JSON" }, { NULL, NULL, "}{", "JSON" }, { NULL, NULL, ",\"a\":\"\xff\"", "JSON" },
    };
    struct scene s;
    begin(&s, -7);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        s.d.type = row[i].type;
        s.d.origin = row[i].origin;
        s.d.more = row[i].more;
        device_asserts(&s.d, once, &s.g);
        CHECK_CODE(asserted(&s.p, &s.g, false, NULL, &s.e), E_SIGN_IN, &s.e);
        CHECK(strstr(s.e.text, row[i].says) != NULL);
        s.d.type = row[i].type != NULL && strcmp(row[i].type, "webauthn.create") == 0 ? "webauthn.get" : row[i].type;
        device_registers(&s.d, once, &s.g);
        CHECK_CODE(registered(&s.g, false, NULL, &s.e), E_FIELDS, &s.e);
        CHECK(strstr(s.e.text, row[i].says) != NULL);
    }
    s.d.type = s.d.origin = s.d.more = NULL;
    device_asserts(&s.d, another, &s.g);
    CHECK_CODE(asserted(&s.p, &s.g, false, NULL, &s.e), E_SIGN_IN, &s.e);
    CHECK(strstr(s.e.text, "another challenge") != NULL);
    device_registers(&s.d, another, &s.g);
    CHECK_CODE(registered(&s.g, false, NULL, &s.e), E_FIELDS, &s.e);
    static const char *const odd[] = { "", "null", "[]", "\"webauthn.get\"", "{}", "{\"type\":\"webauthn.get\"}", "\xef\xbb\xbf{}", "{\"type\":1,\"challenge\":2,\"origin\":3}" };
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        device_asserts(&s.d, once, &s.g);
        s.g.client_data_len = strlen(odd[i]);
        memcpy(s.g.client_data, odd[i], s.g.client_data_len);
        device_sign(&s.d, &s.g);
        CHECK_CODE(asserted(&s.p, &s.g, false, NULL, &s.e), E_SIGN_IN, &s.e);
    }
    device_done(&s.d);
}

TEST(the_authenticator_s_site_and_flags_are_held) {
    static const struct { const char *rp; uint8_t flags; bool verified; enum code code; const char *says; } row[] = {
        { "other.example", 0x05, false, E_SIGN_IN, "another site" }, { "login.sejf.example", 0x05, false, E_SIGN_IN, "another site" }, { "https://sejf.example", 0x05, false, E_SIGN_IN, "another site" },
        { NULL, 0x00, false, E_SIGN_IN, "nobody" }, { NULL, 0x04, false, E_SIGN_IN, "nobody" }, { NULL, 0x01, true, E_SIGN_IN, "PIN" }, { NULL, 0x01, false, OK, NULL },
        { NULL, 0x15, false, E_SIGN_IN, "cannot have one" }, { NULL, 0x0d, false, E_SIGN_IN, "otherwise than at registration" }, { NULL, 0x1d, false, E_SIGN_IN, "otherwise than at registration" },
        { NULL, 0x45, false, E_SIGN_IN, "malformed" }, { NULL, 0x85, false, E_SIGN_IN, "malformed" },
    };
    struct scene s;
    begin(&s, -8);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        s.d.rp = row[i].rp;
        s.d.flags = row[i].flags;
        device_asserts(&s.d, once, &s.g);
        CHECK_CODE(asserted(&s.p, &s.g, row[i].verified, NULL, &s.e), row[i].code, &s.e);
        CHECK(row[i].says == NULL || strstr(s.e.text, row[i].says) != NULL);
    }
    s.d.rp = NULL;
    s.d.flags = 0x05;
    device_client_data(&s.d, "webauthn.get", once, &s.g);              /* a new key in an assertion */
    device_authdata(&s.d, true, &s.g);
    device_sign(&s.d, &s.g);
    CHECK_CODE(asserted(&s.p, &s.g, false, NULL, &s.e), E_SIGN_IN, &s.e);
    CHECK(strstr(s.e.text, "a new key") != NULL);
    device_done(&s.d);
}

TEST(a_passkey_with_copies) {
    struct scene s;
    struct webauthn_seen seen;
    begin(&s, -7);
    s.d.flags = 0x1d;
    device_registers(&s.d, once, &s.g);
    CHECK_OK(registered(&s.g, true, &s.p, &s.e), &s.e);
    CHECK(s.p.backup_eligible && s.p.backed_up);
    s.d.flags = 0x0d;
    device_asserts(&s.d, once, &s.g);
    CHECK_OK(asserted(&s.p, &s.g, true, &seen, &s.e), &s.e);
    CHECK(!seen.backed_up);
    s.d.flags = 0x05;
    device_asserts(&s.d, once, &s.g);
    CHECK_CODE(asserted(&s.p, &s.g, true, &seen, &s.e), E_SIGN_IN, &s.e);
    device_done(&s.d);
}

TEST(a_counter_that_does_not_go_on_is_told) {
    static const struct { uint32_t stored, comes; enum code code; } row[] = {
        { 0, 0, OK }, { 0, 1, OK }, { 5, 6, OK }, { 5, 4294967295u, OK }, { 5, 5, E_CONFLICT }, { 5, 4, E_CONFLICT }, { 5, 0, E_CONFLICT }, { 4294967295u, 0, E_CONFLICT },
        { 4294967295u, 4294967295u, E_CONFLICT }, { 4294967294u, 4294967295u, OK },
    };
    struct scene s;
    begin(&s, -7);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        s.p.count = row[i].stored;
        s.d.count = row[i].comes;
        device_asserts(&s.d, once, &s.g);
        CHECK_CODE(asserted(&s.p, &s.g, false, NULL, &s.e), row[i].code, &s.e);
    }
    s.p.count = 5;                                                     /* whoever has no key raises no alarm */
    s.d.count = 5;
    device_asserts(&s.d, once, &s.g);
    s.g.signature[s.g.signature_len - 1] ^= 1;
    CHECK_CODE(asserted(&s.p, &s.g, false, NULL, &s.e), E_SIGN_IN, &s.e);
    device_done(&s.d);
}

TEST(nothing_that_is_bent_after_it_was_signed_passes) {
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct scene s;
        begin(&s, kinds[k]);
        device_asserts(&s.d, once, &s.g);
        const struct given good = s.g;
        struct { uint8_t *bytes; size_t *len; } part[] = { { s.g.client_data, &s.g.client_data_len }, { s.g.authdata, &s.g.authdata_len }, { s.g.signature, &s.g.signature_len } };
        for (size_t i = 0; i < ARRAY_LEN(part); i++) {
            size_t len = *part[i].len, step = kinds[k] == -257 ? 37 : 1;
            for (size_t bit = 0; bit < len * 8; bit += step) {
                part[i].bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
                CHECK(asserted(&s.p, &s.g, false, NULL, &s.e) == E_SIGN_IN);
                s.g = good;
            }
            for (size_t cut = 0; cut < len; cut++) {
                *part[i].len = cut;
                CHECK(asserted(&s.p, &s.g, false, NULL, &s.e) == E_SIGN_IN);
            }
            *part[i].len = len + 1;
            CHECK(asserted(&s.p, &s.g, false, NULL, &s.e) == E_SIGN_IN);
            s.g = good;
        }
        CHECK_OK(asserted(&s.p, &s.g, false, NULL, &s.e), &s.e);
        static const size_t huge[] = { 4097, 8192 };
        for (size_t i = 0; i < ARRAY_LEN(huge); i++) {
            memset(s.g.client_data + good.client_data_len, ' ', sizeof s.g.client_data - good.client_data_len);
            s.g.client_data_len = huge[i];
            device_sign(&s.d, &s.g);
            CHECK_CODE(asserted(&s.p, &s.g, false, NULL, &s.e), E_SIGN_IN, &s.e);
        }
        device_done(&s.d);
    }
}

TEST(the_signature_of_another_key_is_refused) {
    struct scene s, other;
    begin(&s, -7);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        begin(&other, kinds[i]);
        device_asserts(&other.d, once, &other.g);
        CHECK_CODE(asserted(&s.p, &other.g, false, NULL, &s.e), E_SIGN_IN, &s.e);
        other.p.algorithm = kinds[(i + 1) % 3];                        /* a stored key under the name of another algorithm */
        CHECK_CODE(asserted(&other.p, &other.g, false, NULL, &s.e), E_DAMAGED, &s.e);
        device_done(&other.d);
    }
    device_done(&s.d);
}

TEST(a_registration_in_part_or_with_more_is_refused) {
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct scene s;
        begin(&s, kinds[k]);
        device_registers(&s.d, once, &s.g);
        const struct given good = s.g;
        for (size_t cut = 0; cut < good.authdata_len; cut++) {
            s.g.authdata_len = cut;
            CHECK(registered(&s.g, false, NULL, &s.e) == E_FIELDS);
        }
        s.g.authdata_len = good.authdata_len + 1;
        CHECK(registered(&s.g, false, NULL, &s.e) == E_FIELDS);
        s.g.authdata_len = AUTHDATA_MAX + 1;
        CHECK(registered(&s.g, false, NULL, &s.e) == E_FIELDS);
        s.g = good;
        device_authdata(&s.d, false, &s.g);
        CHECK_CODE(registered(&s.g, false, NULL, &s.e), E_FIELDS, &s.e);
        CHECK(strstr(s.e.text, "no key in it") != NULL);
        s.d.flags = 0x01;
        device_registers(&s.d, once, &s.g);
        CHECK(registered(&s.g, true, NULL, &s.e) == E_FIELDS && registered(&s.g, false, NULL, &s.e) == OK);
        s.d.flags = 0x15;
        device_registers(&s.d, once, &s.g);
        CHECK(registered(&s.g, false, NULL, &s.e) == E_FIELDS);
        device_done(&s.d);
    }
}

TEST(ids_have_16_to_1023_bytes) {
    struct scene s;
    static const struct { size_t len; enum code code; } row[] = { { 0, E_FIELDS }, { 15, E_FIELDS }, { 16, OK }, { 1023, OK }, { 1024, E_FIELDS }, { 1100, E_FIELDS } };
    begin(&s, -7);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        s.d.id_len = row[i].len;
        device_registers(&s.d, once, &s.g);
        CHECK_CODE(registered(&s.g, false, &s.p, &s.e), row[i].code, &s.e);
    }
    device_done(&s.d);
}

TEST(unsound_keys_are_refused) {
    static uint8_t off_curve[77] = "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", es384[9] = "\xa3\x01\x02\x03\x38\x22\x20\x02", torsion[42] = "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20";
    static uint8_t even[272] = "\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", e_one[272] = "\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", cut[144] = "\xa4\x01\x03\x03\x39\x01\x00\x20\x58\x80";
    memset(off_curve + 10, 7, 32);
    memcpy(off_curve + 42, "\x22\x58\x20", 3);
    memset(off_curve + 45, 7, 32);
    torsion[10] = 1;                                                   /* the neutral element */
    memset(even + 11, 0xfe, 256);
    memcpy(even + 267, "\x21\x43\x01\x00\x01", 5);
    memset(e_one + 11, 0xff, 256);
    memcpy(e_one + 267, "\x21\x43\x00\x00\x01", 5);
    memset(cut + 10, 0xff, 128);
    memcpy(cut + 138, "\x21\x43\x01\x00\x01", 5);
    const struct { const uint8_t *cose; size_t len; } row[] = {
        { off_curve, 77 }, { es384, 8 }, { torsion, 42 }, { even, 272 }, { e_one, 272 }, { cut, 143 }, { (const uint8_t *)"\xa0", 1 }, { (const uint8_t *)"\xa1\x03\x26", 3 },
        { (const uint8_t *)"\xf6", 1 }, { (const uint8_t *)"\x80", 1 }, { (const uint8_t *)"\xbf\x03\x26\xff", 4 },
    };
    struct scene s;
    begin(&s, -7);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        s.d.cose = row[i].cose;
        s.d.cose_len = row[i].len;
        device_registers(&s.d, once, &s.g);
        CHECK_CODE(registered(&s.g, false, NULL, &s.e), E_FIELDS, &s.e);
    }
    s.d.cose = NULL;
    device_registers(&s.d, once, &s.g);
    const struct given good = s.g;
    size_t key = good.authdata_len - 77;
    for (size_t bit = 0; bit < 77 * 8; bit++) {                        /* no point of the curve, another kind, no map: nearly every bit */
        s.g.authdata[key + bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct passkey p;
        if (registered(&s.g, false, &p, &s.e) == OK)
            CHECK(p.algorithm == -7 && memcmp(p.key, s.p.key, 64) == 0);
        s.g = good;
    }
    device_done(&s.d);
}

TEST(a_passkey_is_stored_and_read) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct scene s;
        struct passkey back;
        begin(&s, kinds[i]);
        s.p.count = 4294967295u;
        s.p.backup_eligible = true;
        json_t *json = passkey_json(&s.p);
        CHECK(json != NULL && json_object_set_new(json, "name", json_string("the key at home")) == 0);
        CHECK_OK(passkey_parse(json, &back, &s.e), &s.e);
        CHECK(back.count == s.p.count && back.backup_eligible && !back.backed_up && back.algorithm == kinds[i] && passkey_is(&back, s.p.id, s.p.id_len)
              && back.key_len == s.p.key_len && memcmp(back.key, s.p.key, back.key_len) == 0 && memcmp(back.aaguid, s.p.aaguid, 16) == 0);
        static const struct { const char *name, *value; } bad[] = {
            { "id", "\"AAAA\"" }, { "id", "\"?\"" }, { "id", "7" }, { "key", "\"AAAA\"" }, { "key", "null" }, { "algorithm", "-35" }, { "algorithm", "\"-7\"" }, { "algorithm", "-4294967303" },
            { "count", "-1" }, { "count", "4294967296" }, { "count", "1.5" }, { "backup_eligible", "1" }, { "backed_up", "null" }, { "aaguid", "\"AAAA\"" },
        };
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            json_t *copy = json_copy(json), *value = json_loads(bad[k].value, JSON_DECODE_ANY, NULL);
            CHECK(value != NULL && json_object_set_new(copy, bad[k].name, value) == 0);
            CHECK_CODE(passkey_parse(copy, &back, &s.e), E_DAMAGED, &s.e);
            CHECK(json_object_del(copy, bad[k].name) == 0);
            CHECK_CODE(passkey_parse(copy, &back, &s.e), E_DAMAGED, &s.e);
            json_decref(copy);
        }
        CHECK_CODE(passkey_parse(NULL, &back, &s.e), E_DAMAGED, &s.e);
        json_decref(json);
        device_done(&s.d);
    }
}
