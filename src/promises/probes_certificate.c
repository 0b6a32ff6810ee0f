/* probes_certificate.c — the certificate of an erasure, verified as anybody can who has the keeper's public key. */
#include <string.h>

#include "base/text.h"
#include "promises/probes.h"
#include "retention/certificate.h"

/* Certificates of the tenant that count this kind, the newest first; *ret_number of the newest, 0: none. */
static enum code newest(struct env *e, const char *kind, int64_t *ret_number, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    char path[128];
    size_t i;
    json_t *item;
    snprintf(path, sizeof path, "/v1/tenants/%lld/certificates", (long long)env_tenant(e, 0));
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    if (code == OK && a.status != 200)
        return err_set(reterr, E_BROKEN, "the list of certificates answered %d", a.status);
    *ret_number = 0;
    json_array_foreach(json_object_get(a.json, "items"), i, item)
        if (*ret_number == 0 && json_integer_value(json_object_get(json_object_get(item, "counts"), kind)) > 0)
            *ret_number = json_integer_value(json_object_get(item, "number"));
    return code;
}

struct tried { bool whole, foreign, altered; uint64_t keys; char text[128]; };

/* As it is; by another key; with one letter of its text changed. */
static enum code verify(struct env *e, int64_t number, const uint8_t public[PUBLIC_SIZE], struct tried *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    uint8_t other[PUBLIC_SIZE];
    char path[128];
    struct err said;
    snprintf(path, sizeof path, "/v1/tenants/%lld/certificates/%lld", (long long)env_tenant(e, 0), (long long)number);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    if (code == OK && a.status != 200)
        return err_set(reterr, E_BROKEN, "the certificate answered %d", a.status);
    if (code != OK)
        return code;
    *ret = (struct tried){ .whole = certificate_verify(a.body.data, a.body.len, public, &c, &said) == OK, .keys = c.keys };
    if (!ret->whole)
        snprintf(ret->text, sizeof ret->text, "%.*s", (int)sizeof ret->text - 1, said.text);
    certificate_done(&c);
    memcpy(other, public, sizeof other);
    other[0] ^= 1;
    ret->foreign = certificate_verify(a.body.data, a.body.len, other, &c, &said) == OK;
    char *at = a.body.len > 0 ? memmem(a.body.data, a.body.len, "\"made\":\"2", 9) : NULL;
    if (at != NULL)
        at[8] = '3';
    ret->altered = at == NULL || certificate_verify(a.body.data, a.body.len, public, &c, &said) == OK;
    return OK;
}

enum code probe_certified(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    json_t *renewed = NULL, *key = NULL;
    int64_t before = 0, number = 0;
    uint8_t public[PUBLIC_SIZE];
    struct tried tried = { .whole = false };
    char path[256];
    AUTO(answer_done) struct answer erased = { 0 };
    int kind = env_personal_kind(e);
    if (kind < 0)
        return err_set(reterr, E_BROKEN, "the charter holds no personal kind to try this on");
    const char *name = charter_kind_at(env_charter(e), kind)->name;
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = newest(e, name, &before, reterr);
    if (code == OK) {
        snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), name, c->id);
        code = env_call(e, &(struct call){ .method = "DELETE", .path = path }, &erased, reterr);
    }
    if (code == OK && erased.status != 200)
        return err_set(reterr, E_BROKEN, "the erasure answered %d", erased.status);
    if (code == OK)
        code = env_control(e, "renew", NULL, &renewed, reterr);
    json_decref(renewed);
    if (code == OK)
        code = newest(e, name, &number, reterr);
    if (code == OK)
        code = env_control(e, "keeper_public", NULL, &key, reterr);
    const char *hex = json_string_value(json_object_get(key, "public"));
    bool have = hex != NULL && hex_decode(hex, strlen(hex), public, sizeof public);
    json_decref(key);
    if (code == OK && number > before && have)
        code = verify(e, number, public, &tried, reterr);
    if (code != OK)
        return code;
    if (number <= before || !have)
        return SAY(v, false, "a record was erased and renewed, and no certificate tells of it");
    if (!tried.whole)
        return SAY(v, false, "the certificate of an erasure does not verify: %s", tried.text);
    return SAY(v, !tried.foreign && !tried.altered && tried.keys > 0, "the certificate of an erased %s verifies for %llu keys; with another key: %s; with a letter altered: %s", name,
               (unsigned long long)tried.keys, tried.foreign ? "verifies too" : "refused", tried.altered ? "verifies too" : "refused");
}
