/* oidc_test.c — a provider of the test answers from a table: a whole sign-in, and everything that it, the browser or somebody between them may do
 * wrong. */
#include "access/oidc.c"
#include "base/test.h"
#include "crypto/jwt_bed.h"

#define ISS "https://login.company.example"
#define NOW (INT64_C(1790000000) * USEC_PER_SEC)

static const struct provider providers[] = {
    { .name = "Company", .id = "company", .issuer = ISS, .client_id = "sejf client", .second_trusted = true },
    { .name = "Other", .id = "other", .issuer = "https://other.example/", .client_id = "o" },
};
static const char *const secrets[] = { "a:b c", "other secret" };

/* What the provider of the test says; NULL: as it should. */
struct world {
    struct oidc *o;
    struct jwt_bed bed;
    const char *about, *extra /* claims of the ID token behind the usual */, *alg, *userinfo, *set, *token_body, *token_type;
    int about_status, token_status, keys_status;
    enum code refuses;                       /* the sender's answer to everything */
    unsigned asked_about, asked_keys, asked_tokens, asked_info;
    bool no_email, unknown_key, basic;
    struct buf url, cookie, body, authorization;
    char nonce[64], state[64], challenge[64];
};
static usec_t steady_now = USEC_PER_HOUR;
static usec_t test_now(void) { return NOW; }
static usec_t test_steady(void) { return steady_now; }

static void answer(struct fetch_reply *r, int status, const char *text) {
    r->status = status;
    buf_text(&r->body, text);
}

static const char usual[] = "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth?tenant=1\",\"token_endpoint\":\"" ISS "/token\",\"jwks_uri\":\"" ISS "/keys\","
                            "\"userinfo_endpoint\":\"" ISS "/me\",\"authorization_response_iss_parameter_supported\":true";

static void tokens(struct world *w, struct fetch_reply *r) {
    AUTO(buf_done) struct buf payload = BUF(8192);
    AUTO(buf_done) struct buf token = BUF(16384);
    buf_printf(&payload, "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf client\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"%s\"%s%s}", w->nonce,
               w->no_email ? "" : ",\"email\":\"anna@company.example\",\"email_verified\":true,\"name\":\"Anna Zawilska\"", w->extra == NULL ? "" : w->extra);
    bed_token(&w->bed, w->alg == NULL ? "ES256" : w->alg, buf_str(&payload), &token);
    r->status = w->token_status == 0 ? 200 : w->token_status;
    if (w->token_body != NULL)
        buf_text(&r->body, w->token_body);
    else
        buf_printf(&r->body, "{\"access_token\":\"at-1\",\"token_type\":\"%s\",\"id_token\":\"%s\"}", w->token_type == NULL ? "bearer" : w->token_type, buf_str(&token));
}

static enum code world_fetch(void *arg, const struct fetch_request *q, struct fetch_reply *r, struct err *reterr) {
    struct world *w = arg;
    if (w->refuses != OK)
        return err_set(reterr, w->refuses, "login.company.example did not answer in time");
    if (strcmp(q->url, ISS "/.well-known/openid-configuration") == 0) {
        w->asked_about++;
        AUTO(buf_done) struct buf text = BUF(8192);
        buf_printf(&text, "%s%s}", usual, w->basic ? "" : ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]");
        answer(r, w->about_status == 0 ? 200 : w->about_status, w->about != NULL ? w->about : buf_str(&text));
    } else if (strcmp(q->url, ISS "/keys") == 0) {
        AUTO(buf_done) struct buf set = BUF(65536);
        w->asked_keys++;
        if (w->unknown_key && w->asked_keys == 1)
            buf_text(&set, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}");
        else
            bed_set(&w->bed, &set);
        answer(r, w->keys_status == 0 ? 200 : w->keys_status, w->set != NULL ? w->set : buf_str(&set));
    } else if (strcmp(q->url, ISS "/token") == 0) {
        w->asked_tokens++;
        CHECK_TEXT(q->method, "POST");
        buf_cut(&w->body, 0);
        buf_cut(&w->authorization, 0);
        buf_add(&w->body, q->body, q->body_len);
        for (size_t i = 0; i < q->header_count; i++)
            if (strcmp(q->headers[i].name, "Authorization") == 0)
                buf_text(&w->authorization, q->headers[i].value);
        tokens(w, r);
    } else if (strcmp(q->url, ISS "/me") == 0) {
        w->asked_info++;
        CHECK_TEXT(q->headers[1].value, "Bearer at-1");
        answer(r, 200, w->userinfo);
    } else {
        return err_set(reterr, E_FORBIDDEN, "sejf.yaml does not declare that");
    }
    return OK;
}

static void world_make(struct world *w) {
    struct err e;
    *w = (struct world){ .url = BUF(4096), .cookie = BUF(4096), .body = BUF(8192), .authorization = BUF(4096) };
    bed_make(&w->bed);
    const struct oidc_options options = { .providers = providers, .provider_count = ARRAY_LEN(providers), .secrets = secrets, .base_url = "https://sejf.example:8443",
                                          .fetch = world_fetch, .arg = w, .now = test_now, .steady = test_steady };
    CHECK_OK(oidc_open(&options, &w->o, &e), &e);
}

static void world_done(struct world *w) {
    oidc_close(w->o);
    bed_done(&w->bed);
    buf_done(&w->url);
    buf_done(&w->cookie);
    buf_done(&w->body);
    buf_done(&w->authorization);
}
DEFINE_AUTO_VALUE(struct world, world_done)

static void value_of(const char *url, const char *name, char ret[64]) {
    const char *at = strstr(url, name);
    CHECK(at != NULL);
    snprintf(ret, 64, "%.*s", (int)strcspn(at + strlen(name), "&"), at + strlen(name));
}

static enum code begin(struct world *w, const char *note) {
    struct err e;
    buf_cut(&w->url, 0);
    buf_cut(&w->cookie, 0);
    enum code code = oidc_begin(w->o, "company", note, &w->url, &w->cookie, &e);
    if (code != OK)
        return code;
    value_of(buf_str(&w->url), "&state=", w->state);
    value_of(buf_str(&w->url), "&nonce=", w->nonce);
    value_of(buf_str(&w->url), "&code_challenge=", w->challenge);
    return OK;
}

static enum code end(struct world *w, struct oidc_person *ret) {
    struct err e;
    const struct oidc_answer a = { .code = "c-1", .state = w->state, .issuer = ISS, .cookie = buf_str(&w->cookie) };
    return oidc_end(w->o, "company", &a, ret, &e);
}

TEST(a_whole_sign_in) {
    AUTO(world_done) struct world w;
    struct oidc_person p;
    world_make(&w);
    CHECK_INT(begin(&w, "back=/account"), OK);
    CHECK(strncmp(buf_str(&w.url), ISS "/auth?tenant=1&response_type=code&client_id=sejf%20client&redirect_uri=https%3A%2F%2Fsejf.example%3A8443%2Faccount%2Fwith%2Fcompany%2Fanswer"
                                   "&scope=openid%20email%20profile&state=", 150) == 0);
    CHECK(strstr(buf_str(&w.url), "&code_challenge_method=S256") != NULL && strlen(w.state) == 43 && strlen(w.nonce) == 43);
    CHECK(strstr(buf_str(&w.cookie), w.state) == NULL);
    CHECK_INT(end(&w, &p), OK);
    CHECK_TEXT(p.subject, "u-1");
    CHECK_TEXT(p.email, "anna@company.example");
    CHECK_TEXT(p.name, "Anna Zawilska");
    CHECK_TEXT(p.note, "back=/account");
    CHECK(p.provider == &providers[0] && !p.second && w.asked_info == 0);
    /* PKCE: what is sent is what the challenge was made of. */
    char verifier[64], challenge[BASE64URL_ROOM(HASH_SIZE)];
    value_of(buf_str(&w.body), "&code_verifier=", verifier);
    challenge_of(verifier, challenge);
    CHECK_TEXT(challenge, w.challenge);
    CHECK(strncmp(buf_str(&w.body), "grant_type=authorization_code&code=c-1&redirect_uri=https%3A%2F%2Fsejf", 60) == 0);
    CHECK(strstr(buf_str(&w.body), "&client_id=sejf%20client&client_secret=a%3Ab%20c") != NULL && w.authorization.len == 0);
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), OK);
    CHECK(w.asked_about == 1 && w.asked_keys == 1 && w.asked_tokens == 2);   /* known for an hour */
    steady_now += USEC_PER_HOUR;
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), OK);
    CHECK(w.asked_about == 2 && w.asked_keys == 2);
}

TEST(the_secret_goes_in_a_header_where_that_is_taken) {
    AUTO(world_done) struct world w;
    struct oidc_person p;
    world_make(&w);
    w.basic = true;
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), OK);
    CHECK_TEXT(buf_str(&w.authorization), "Basic c2VqZiUyMGNsaWVudDphJTNBYiUyMGM=");      /* sejf%20client:a%3Ab%20c */
    CHECK(strstr(buf_str(&w.body), "client_secret") == NULL && strstr(buf_str(&w.body), "client_id") == NULL);
}

TEST(only_the_browser_that_began_ends_it_and_only_once) {
    AUTO(world_done) struct world w;
    struct oidc_person p;
    struct err e;
    char other[64], cookie[4096];
    world_make(&w);
    CHECK_INT(begin(&w, ""), OK);
    memcpy(other, w.state, sizeof other);
    snprintf(cookie, sizeof cookie, "%s", buf_str(&w.cookie));
    CHECK_INT(begin(&w, ""), OK);
    struct oidc_answer good = { .code = "c-1", .state = w.state, .issuer = ISS, .cookie = buf_str(&w.cookie) };
    struct oidc_answer a[10] = { good, good, good, good, good, good, good, good, good, good };
    a[0].cookie = NULL;
    a[1].cookie = "";
    a[2].cookie = cookie;                    /* of another beginning */
    a[3].state = other;
    a[4].state = NULL;
    a[5].state = "";
    a[6].state = "c3RhdGU";
    a[7].cookie = w.state;
    a[8].state = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    a[9].cookie = "!";
    for (size_t i = 0; i < ARRAY_LEN(a); i++)
        CHECK_INT(oidc_end(w.o, "company", &a[i], &p, &e), E_SIGN_IN);
    CHECK_INT(oidc_end(w.o, "other", &good, &p, &e), E_SIGN_IN);        /* begun at another provider */
    CHECK_INT(oidc_end(w.o, "nobody", &good, &p, &e), E_NOT_FOUND);
    size_t len = w.cookie.len;
    for (size_t at = 0; at < len; at++) {
        w.cookie.data[at] = w.cookie.data[at] == 'A' ? 'B' : 'A';
        good.cookie = buf_str(&w.cookie);
        if (strcmp(good.cookie, cookie) != 0)
            CHECK_INT(oidc_end(w.o, "company", &good, &p, &e), E_SIGN_IN);
        break;
    }
    CHECK(w.asked_tokens == 0);              /* the provider was never asked */
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), OK);
    CHECK_INT(end(&w, &p), E_SIGN_IN);       /* the same answer again */
    CHECK(w.asked_tokens == 1);
    CHECK_INT(begin(&w, ""), OK);
    steady_now += LIVES;
    CHECK_INT(end(&w, &p), OK);
    CHECK_INT(begin(&w, ""), OK);
    steady_now += LIVES + 1;
    CHECK_INT(end(&w, &p), E_SIGN_IN);
}

TEST(every_byte_of_the_cookie_counts) {
    AUTO(world_done) struct world w;
    struct oidc_person p;
    world_make(&w);
    CHECK_INT(begin(&w, "note"), OK);
    for (size_t at = 0; at < w.cookie.len; at++) {
        char was = w.cookie.data[at];
        w.cookie.data[at] = was == 'A' ? 'B' : 'A';
        CHECK_INT(end(&w, &p), E_SIGN_IN);
        w.cookie.data[at] = was;
    }
    CHECK_INT(end(&w, &p), OK);
}

TEST(answers_of_others_and_errors_end_it) {
    static const struct { const char *code, *issuer, *error; enum code want; } row[] = {
        { "c-1", ISS, NULL, OK }, { "c-1", NULL, NULL, E_SIGN_IN }, { "c-1", "https://evil.example", NULL, E_SIGN_IN }, { "c-1", ISS "/", NULL, E_SIGN_IN },
        { "c-1", ISS, "access_denied", E_SIGN_IN }, { NULL, ISS, "server_error", E_SIGN_IN }, { NULL, ISS, NULL, E_SIGN_IN }, { "", ISS, NULL, E_SIGN_IN },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(world_done) struct world w;
        struct oidc_person p;
        struct err e;
        world_make(&w);
        CHECK_INT(begin(&w, ""), OK);
        const struct oidc_answer a = { .code = row[i].code, .state = w.state, .issuer = row[i].issuer, .error = row[i].error, .cookie = buf_str(&w.cookie) };
        CHECK_INT(oidc_end(w.o, "company", &a, &p, &e), row[i].want);
        CHECK(w.asked_tokens == (row[i].want == OK ? 1 : 0));
    }
}

TEST(a_provider_that_is_not_as_it_must_be) {
#define REST "\"token_endpoint\":\"" ISS "/token\",\"jwks_uri\":\"" ISS "/keys\"}"
    static const struct { const char *text; int status; } row[] = {
        { "{}", 0 }, { "[]", 0 }, { "", 0 }, { "{\"issuer\":\"" ISS "/\",\"authorization_endpoint\":\"" ISS "/auth\"," REST, 0 },
        { "{\"issuer\":\"" ISS "\"," REST, 0 }, { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"http://login.company.example/auth\"," REST, 0 },
        { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"javascript:alert(1)\"," REST, 0 }, { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/a b\"," REST, 0 },
        { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth\",\"userinfo_endpoint\":\"file:///etc/passwd\"," REST, 0 },
        { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth\",\"response_types_supported\":[\"token\"]," REST, 0 },
        { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth\",\"code_challenge_methods_supported\":[\"plain\"]," REST, 0 },
        { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth\",\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]," REST, 0 },
        { "{\"issuer\":\"" ISS "\",\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth\"," REST, 0 },
        { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth\"," REST, 404 }, { "{\"issuer\":\"" ISS "\",\"authorization_endpoint\":\"" ISS "/auth\"," REST, 302 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(world_done) struct world w;
        world_make(&w);
        w.about = row[i].text;
        w.about_status = row[i].status;
        CHECK_INT(begin(&w, ""), E_PEER);
        CHECK(w.url.len == 0 && w.cookie.len == 0);
        w.about = NULL;
        w.about_status = 0;
        CHECK_INT(begin(&w, ""), OK);        /* what was wrong is not kept */
    }
    AUTO(world_done) struct world w;
    struct oidc_person p;
    world_make(&w);
    w.refuses = E_FORBIDDEN;
    CHECK_INT(begin(&w, ""), E_PEER);
    w.refuses = E_BUSY;
    CHECK_INT(begin(&w, ""), E_BUSY);
    w.refuses = OK;
    CHECK_INT(begin(&w, ""), OK);
    w.refuses = E_PEER;
    CHECK_INT(end(&w, &p), E_PEER);
}

TEST(tokens_that_do_not_hold) {
    static const struct { const char *extra, *alg, *body, *type; int status; enum code want; } row[] = {
        { NULL, NULL, NULL, NULL, 0, OK }, { NULL, "RS256", NULL, "Bearer", 0, OK }, { NULL, "EdDSA", NULL, NULL, 0, OK }, { NULL, "PS256", NULL, NULL, 0, OK },
        { ",\"iss\":\"x\"", NULL, NULL, NULL, 0, E_SIGN_IN }, { ",\"azp\":\"x\"", NULL, NULL, NULL, 0, E_SIGN_IN }, { ",\"at_hash\":\"x\"", NULL, NULL, NULL, 0, E_SIGN_IN },
        { ",\"nbf\":1890000000", NULL, NULL, NULL, 0, E_SIGN_IN }, { NULL, NULL, "{}", NULL, 0, E_PEER }, { NULL, NULL, "", NULL, 0, E_PEER },
        { NULL, NULL, "{\"id_token\":\"a.b.c\"}", NULL, 0, E_SIGN_IN }, { NULL, NULL, NULL, "DPoP", 0, E_PEER },
        { NULL, NULL, "{\"error\":\"invalid_grant\"}", NULL, 400, E_SIGN_IN }, { NULL, NULL, "{\"error\":\"invalid_client\"}", NULL, 401, E_PEER },
        { NULL, NULL, "<html>", NULL, 400, E_SIGN_IN }, { NULL, NULL, "", NULL, 503, E_PEER }, { NULL, NULL, "{\"error\":\"Bad \\u0000 Word\"}", NULL, 400, E_SIGN_IN },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(world_done) struct world w;
        struct oidc_person p;
        world_make(&w);
        w.extra = row[i].extra;
        w.alg = row[i].alg;
        w.token_body = row[i].body;
        w.token_status = row[i].status;
        w.token_type = row[i].type;
        CHECK_INT(begin(&w, ""), OK);
        enum code code = end(&w, &p);
        if (code != row[i].want)
            fprintf(stderr, "row %zu: %d\n", i, (int)code);
        CHECK_INT(code, row[i].want);
    }
    AUTO(world_done) struct world w;
    struct oidc_person p;
    world_make(&w);
    CHECK_INT(begin(&w, ""), OK);
    memcpy(w.nonce, "another", 8);
    CHECK_INT(end(&w, &p), E_SIGN_IN);       /* an ID token of another sign-in */
    w.set = "{\"keys\":[]}";
    steady_now += USEC_PER_HOUR;
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), E_PEER);
}

TEST(unknown_keys_are_asked_for_once_in_a_while) {
    AUTO(world_done) struct world w;
    struct oidc_person p;
    world_make(&w);
    w.unknown_key = true;
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), E_SIGN_IN);       /* asked just now */
    CHECK(w.asked_keys == 1);
    steady_now += 30 * USEC_PER_SEC;
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), OK);
    CHECK(w.asked_keys == 2);
}

TEST(an_address_must_be_vouched_for) {
    static const struct { bool none; const char *extra, *userinfo; enum code want; unsigned asked; } row[] = {
        { true, ",\"email\":\"a@b.example\",\"email_verified\":true", "", OK, 0 }, { true, ",\"email\":\"a@b.example\",\"email_verified\":\"true\"", "", OK, 0 },
        { true, ",\"email\":\"a@b.example\",\"email_verified\":false", "", E_SIGN_IN, 0 }, { true, ",\"email\":\"a@b.example\",\"email_verified\":1", "", E_SIGN_IN, 0 },
        { true, ",\"email\":\"nobody\",\"email_verified\":true", "", E_SIGN_IN, 0 }, { true, ",\"email\":\"a@b.example\\n\",\"email_verified\":true", "", E_SIGN_IN, 0 },
        { true, NULL, "{\"sub\":\"u-1\",\"email\":\"a@b.example\",\"email_verified\":true,\"name\":\"A\\tB\"}", OK, 1 },
        { true, NULL, "{\"sub\":\"u-2\",\"email\":\"a@b.example\",\"email_verified\":true}", E_SIGN_IN, 1 }, { true, NULL, "{\"email\":\"a@b.example\",\"email_verified\":true}", E_SIGN_IN, 1 },
        { true, NULL, "{\"sub\":\"u-1\",\"email\":\"a@b.example\"}", E_SIGN_IN, 1 }, { true, NULL, "{\"sub\":\"u-1\"}", E_SIGN_IN, 1 }, { true, NULL, "eyJ", E_PEER, 1 },
        { true, ",\"email\":\"a@b.example\"", "{\"sub\":\"u-1\",\"email\":\"c@b.example\",\"email_verified\":true}", OK, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(world_done) struct world w;
        struct oidc_person p;
        world_make(&w);
        w.no_email = row[i].none;
        w.extra = row[i].extra;
        w.userinfo = row[i].userinfo;
        CHECK_INT(begin(&w, ""), OK);
        enum code code = end(&w, &p);
        if (code != row[i].want)
            fprintf(stderr, "row %zu: %d\n", i, (int)code);
        CHECK(code == row[i].want && w.asked_info == row[i].asked);
        if (code == OK)
            CHECK(p.name[0] == 0 && strchr(p.email, '@') != NULL);
    }
}

TEST(several_factors_are_of_several_sorts) {
    static const struct { const char *claims; bool want; } row[] = {
        { "{}", false }, { "{\"amr\":[]}", false }, { "{\"amr\":\"mfa\"}", false }, { "{\"amr\":[\"pwd\"]}", false }, { "{\"amr\":[\"otp\"]}", false }, { "{\"amr\":[\"otp\",\"hwk\",\"sms\"]}", false },
        { "{\"amr\":[\"pwd\",\"pin\"]}", false }, { "{\"amr\":[\"mfa\"]}", true }, { "{\"amr\":[\"pwd\",\"otp\"]}", true }, { "{\"amr\":[7,\"hwk\",\"fpt\"]}", true },
        { "{\"amr\":[\"pwd\",\"face\"]}", true }, { "{\"amr\":[\"user\",\"pwd\"]}", false }, { "{\"acr\":\"https://refeds.org/profile/mfa\"}", true }, { "{\"acr\":\"0\"}", false }, { "{\"acr\":1}", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        json_t *j = json_loads(row[i].claims, 0, NULL);
        if (several_factors(j) != row[i].want)
            fprintf(stderr, "%s\n", row[i].claims);
        CHECK(several_factors(j) == row[i].want);
        json_decref(j);
    }
    AUTO(world_done) struct world w;
    struct oidc_person p;
    world_make(&w);
    w.extra = ",\"amr\":[\"pwd\",\"otp\"]";
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), OK);
    CHECK(p.second);
    struct provider untrusted = providers[0];
    untrusted.second_trusted = false;
    w.o->parties[0].provider = &untrusted;
    CHECK_INT(begin(&w, ""), OK);
    CHECK_INT(end(&w, &p), OK);
    CHECK(!p.second);
}

TEST(no_provider_and_no_memory) {
    const struct provider *list;
    struct oidc *o = NULL;
    struct err e;
    AUTO(buf_done) struct buf url = BUF(100), cookie = BUF(100);
    CHECK_OK(crypto_init(&e), &e);
    CHECK(oidc_providers(NULL, &list) == 0 && oidc_provider(NULL, "company") == NULL);
    CHECK_INT(oidc_begin(NULL, "company", "", &url, &cookie, &e), E_NOT_FOUND);
    const struct oidc_options options = { .providers = providers, .provider_count = 2, .secrets = secrets, .base_url = "https://a.example", .fetch = world_fetch };
    for (size_t n = 1; n <= 2; n++) {
        mem_fail_at = n;
        CHECK_INT(oidc_open(&options, &o, &e), E_MEMORY);
        CHECK(o == NULL);
    }
    mem_fail_at = 0;
    CHECK_OK(oidc_open(&options, &o, &e), &e);
    CHECK(oidc_providers(o, &list) == 2 && oidc_provider(o, "other") == &providers[1] && oidc_provider(o, "oth") == NULL);
    o = oidc_close(o);
    buf_done(&cookie);
}
