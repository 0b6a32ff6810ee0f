/* statement_test.c — statements and certificates over a real socket: what is signed, what is refused, and one of very many keys. */
#include "keeper/statement.c"

#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "keeper/server.h"
#include "keeper/testplace.h"
#include "sys/sockets.h"

struct scene { struct place place; char socket[128]; int listen, stop[2]; pthread_t keeper; struct keeper_client *client; uint8_t public[PUBLIC_SIZE]; };

static void *serve(void *arg) {
    struct scene *s = arg;
    struct err e;
    struct keeper_config c = { .keyring = s->place.o, .server_user = geteuid(), .stop_fd = s->stop[0] };
    CHECK_OK(keeper_serve(&c, s->listen, &e), &e);
    return NULL;
}

static void scene_make(struct scene *s) {
    struct err e;
    place_make(&s->place);
    s->place.o.destructions_per_day = 3000000;
    snprintf(s->socket, sizeof s->socket, "%s/socket", s->place.directory);
    CHECK_OK(listen_unix(s->socket, 0600, &s->listen, &e), &e);
    CHECK(pipe2(s->stop, O_CLOEXEC) == 0);
    CHECK(pthread_create(&s->keeper, NULL, serve, s) == 0);
    CHECK_OK(keeper_connect(s->socket, &s->client, &e), &e);
    CHECK_OK(keeper_public(s->client, s->public, &e), &e);
}

static void scene_done(struct scene *s) {
    s->client = keeper_close(s->client);
    close(s->stop[1]);
    CHECK(pthread_join(s->keeper, NULL) == 0);
    close(s->listen);
    close(s->stop[0]);
    place_done(&s->place);
}
DEFINE_AUTO_VALUE(struct scene, scene_done)

static uint64_t renew_now(struct scene *s) {
    struct renewal r = { 0 };
    struct err e;
    CHECK_OK(keeper_renew(s->client, &r, &e), &e);
    return r.epoch;
}

/* Is it the keeper's word for just these keys? */
static bool vouched(struct scene *s, int64_t tenant, uint64_t epoch, const key_id *ids, size_t count, const uint8_t digest[HASH_SIZE], const uint8_t sig[SIGNATURE_SIZE]) {
    AUTO(buf_done) struct buf text = BUF(256);
    AUTO(hash_free) struct hash *h = hash_new();
    struct certified c = { .tenant = tenant, .epoch = epoch, .count = count };
    CHECK(h != NULL);
    memcpy(c.digest, digest, HASH_SIZE);
    for (size_t i = 0; i < count; i++)
        certified_key(h, ids[i]);
    hash_end(h, c.keys);
    certified_text(&c, &text);
    CHECK(!text.failed);
    return sign_verify(s->public, text.data, text.len, sig);
}

TEST(a_statement_is_signed_as_what_it_is) {
    AUTO(scene_done) struct scene s;
    AUTO(buf_done) struct buf text = BUF(256);
    static const char *const bad[] = { "", "Pack", "a pack", "pack\n", "abcdefghijklmnopqrstuvwxyzabcdefg" };
    uint8_t digest[HASH_SIZE] = { 5 }, sig[SIGNATURE_SIZE];
    struct err e;
    scene_make(&s);
    CHECK_OK(keeper_attest(s.client, "pack", digest, sig, &e), &e);
    statement_text("pack", digest, &text);
    CHECK(sign_verify(s.public, text.data, text.len, sig));
    buf_cut(&text, 0);
    statement_text("note", digest, &text);
    CHECK(!sign_verify(s.public, text.data, text.len, sig));
    CHECK_CODE(keeper_attest(s.client, "certificate", digest, sig, &e), E_FORBIDDEN, &e);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_CODE(keeper_attest(s.client, bad[i], digest, sig, &e), E_INVALID, &e);
}

TEST(a_certificate_is_signed_for_its_keys_alone) {
    AUTO(scene_done) struct scene s;
    key_id ids[64], turned[2];
    struct key keys[64];
    uint8_t digest[HASH_SIZE] = { 7 }, other[HASH_SIZE] = { 8 }, sig[SIGNATURE_SIZE];
    struct err e;
    scene_make(&s);
    CHECK_OK(keeper_make(s.client, 3, USEC_NEVER, 64, ids, keys, &e), &e);
    CHECK_CODE(keeper_certify(s.client, 3, 1, ids, 10, digest, sig, &e), E_CONFLICT, &e);
    CHECK_OK(keeper_destroy(s.client, 3, ids, 10, &e), &e);
    CHECK_CODE(keeper_certify(s.client, 3, 1, ids, 10, digest, sig, &e), E_CONFLICT, &e);
    uint64_t epoch = renew_now(&s);
    CHECK_CODE(keeper_certify(s.client, 3, epoch - 1, ids, 10, digest, sig, &e), E_CONFLICT, &e);
    CHECK_CODE(keeper_certify(s.client, 3, epoch, ids, 11, digest, sig, &e), E_CONFLICT, &e);
    CHECK_CODE(keeper_certify(s.client, 4, epoch, ids, 10, digest, sig, &e), E_CONFLICT, &e);
    turned[0] = ids[1];
    turned[1] = ids[0];
    CHECK_CODE(keeper_certify(s.client, 3, epoch, turned, 2, digest, sig, &e), E_INVALID, &e);
    turned[1] = ids[1];
    CHECK_CODE(keeper_certify(s.client, 3, epoch, turned, 2, digest, sig, &e), E_INVALID, &e);
    CHECK_OK(keeper_certify(s.client, 3, epoch, ids, 10, digest, sig, &e), &e);
    CHECK(vouched(&s, 3, epoch, ids, 10, digest, sig));
    CHECK(!vouched(&s, 3, epoch, ids, 9, digest, sig) && !vouched(&s, 3, epoch, ids + 1, 10, digest, sig));
    CHECK(!vouched(&s, 4, epoch, ids, 10, digest, sig) && !vouched(&s, 3, epoch + 1, ids, 10, digest, sig) && !vouched(&s, 3, epoch, ids, 10, other, sig));
}

TEST(a_certificate_takes_a_million_keys) {
    enum { N = 1000000 };
    AUTO(scene_done) struct scene s;
    key_id *ids = mem_new_array(N, sizeof *ids);
    struct key *keys = mem_new_array(N, sizeof *keys);
    uint8_t digest[HASH_SIZE] = { 9 }, sig[SIGNATURE_SIZE];
    struct err e;
    CHECK(ids != NULL && keys != NULL);
    scene_make(&s);
    CHECK_OK(keeper_make(s.client, 3, USEC_NEVER, N, ids, keys, &e), &e);
    CHECK_OK(keeper_destroy(s.client, 3, ids, N - 1, &e), &e);
    uint64_t epoch = renew_now(&s);
    usec_t began = clock_steady();
    CHECK_CODE(keeper_certify(s.client, 3, epoch, ids, N, digest, sig, &e), E_CONFLICT, &e);         /* the last one lives */
    CHECK_OK(keeper_certify(s.client, 3, epoch, ids, N - 1, digest, sig, &e), &e);
    printf("a certificate of a million keys, twice: %lld ms\n", (long long)(clock_steady() - began) / 1000);
    CHECK(vouched(&s, 3, epoch, ids, N - 1, digest, sig));
    mem_free(ids);
    mem_free(keys);
}
