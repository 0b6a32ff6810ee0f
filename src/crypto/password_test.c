/* password_test.c — hashing, what counts as the same password, and tuning on machines that are made up. */
#include "crypto/password.c"
#include "base/test.h"

static const struct password_cost small = { 1, 8192 };

static bool fits(const char *hash, const char *text, size_t len) {
    struct err e;
    bool yes = false;
    CHECK_OK(password_verify(hash, text, len, &yes, &e), &e);
    return yes;
}

TEST(a_hash_fits_its_password_alone) {
    struct err e;
    char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(password_hash(&small, "correct horse battery", 21, hash, &e), &e);
    CHECK_OK(password_hash(&small, "correct horse battery", 21, again, &e), &e);
    CHECK(strcmp(hash, again) != 0 && strncmp(hash, "$argon2id$v=19$m=8,t=1,p=1$", 27) == 0);
    CHECK(crypto_pwhash_argon2id_str_verify(hash, "correct horse battery", 21) == 0);      /* another reader of the format agrees */
    CHECK(fits(hash, "correct horse battery", 21) && fits(again, "correct horse battery", 21));
    static const char *const other[] = { "", "correct horse batterz", "correct horse batter", "Correct horse battery", " correct horse battery", "correct horse battery ", "\x01", "\xff" };
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        CHECK(!fits(hash, other[i], strlen(other[i])));
    CHECK(!fits(hash, "correct horse battery\0", 22));
}

TEST(a_hash_of_others_is_read) {
    char hash[128];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK(crypto_pwhash_argon2id_str(hash, "correct horse battery", 21, 2, 16384) == 0);
    CHECK(fits(hash, "correct horse battery", 21) && !fits(hash, "correct horse batterx", 21));
}

TEST(what_cannot_be_a_password_is_refused_and_never_fits) {
    struct err e;
    char hash[PASSWORD_HASH_MAX] = "", longest[PASSWORD_TEXT_MAX + 1];
    memset(longest, 'a', sizeof longest);
    static const struct { const char *text; size_t len; } bad[] = {
        { "", 0 }, { "a\0b", 3 }, { "tab\there", 8 }, { "line\n", 5 }, { "\xc3", 1 }, { "\xed\xa0\x80", 3 }, { "\xc0\xaf", 2 },
        { "\x7f", 1 }, { "\xc2\x85", 2 }, { "\xe2\x80\xa8", 3 } /* line separator */, { "\xef\xbf\xbf", 3 } /* U+FFFF is nobody's */, { "\xf4\x90\x80\x80", 4 },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_CODE(password_hash(&small, bad[i].text, bad[i].len, hash, &e), E_FIELDS, &e);
    CHECK_CODE(password_hash(&small, longest, sizeof longest, hash, &e), E_FIELDS, &e);
    CHECK_TEXT(e.text, "a password has at most 1024 bytes");
    CHECK(hash[0] == 0);
    CHECK_OK(password_hash(&small, longest, sizeof longest - 1, hash, &e), &e);
    CHECK(fits(hash, longest, sizeof longest - 1) && !fits(hash, longest, sizeof longest) && !fits(hash, longest, sizeof longest - 2));
}

TEST(another_keyboard_types_the_same_password) {
    static const struct { const char *one, *other; bool same; } pair[] = {
        { "za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87", "zaz\xcc\x87o\xcc\x81\xc5\x82" "c\xcc\x81", true },       /* composed or not */
        { "a b", "a\xc2\xa0" "b", true }, { "a b", "a\xe3\x80\x80" "b", true }, { "a b", "a\xe2\x80\x89" "b", true },
        { "a\xcc\xa3\xcc\x87", "a\xcc\x87\xcc\xa3", true },                                               /* marks in another order */
        { "a  b", "a b", false }, { "ABC", "abc", false }, { "\xef\xbc\xa1", "A", false },               /* wide letters stay */
        { "\xc3\x9f", "ss", false }, { "\xef\xac\x81", "fi", false }, { "\xc5\x82", "l", false },
    };
    struct err e;
    char hash[PASSWORD_HASH_MAX];
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(pair); i++) {
        CHECK_OK(password_hash(&small, pair[i].one, strlen(pair[i].one), hash, &e), &e);
        CHECK(fits(hash, pair[i].other, strlen(pair[i].other)) == pair[i].same);
    }
}

TEST(a_damaged_hash_is_told_and_costs_nothing) {
    static const char *const bad[] = {
        "", "$", "x", "$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=65,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=-8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAB$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA",
    };
    struct err e;
    bool yes = true;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_CODE(password_verify(bad[i], "a", 1, &yes, &e), E_DAMAGED, &e);
        CHECK(yes && password_stale(bad[i], &small));
    }
    yes = true;
    CHECK_OK(password_verify("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a", 1, &yes, &e), &e);
    CHECK(!yes);
}

TEST(a_dummy_costs_the_same_and_fits_nothing) {
    struct err e;
    char hash[PASSWORD_HASH_MAX];
    struct stored s;
    CHECK_OK(crypto_init(&e), &e);
    password_dummy(&(struct password_cost){ 3, 65536 }, hash);
    CHECK(stored_read(hash, &s) && s.cost.ops == 3 && s.cost.memory == 65536);
    CHECK(!fits(hash, "", 0) && !fits(hash, "password", 8));
}

TEST(a_weaker_hash_is_stale) {
    static const struct { struct password_cost of, now; bool stale; } row[] = {
        { { 2, 64 << 20 }, { 2, 64 << 20 }, false }, { { 2, 64 << 20 }, { 3, 64 << 20 }, true }, { { 3, 64 << 20 }, { 4, 64 << 20 }, false },
        { { 4, 64 << 20 }, { 3, 64 << 20 }, false }, { { 2, 32 << 20 }, { 2, 64 << 20 }, true }, { { 4, 32 << 20 }, { 2, 64 << 20 }, false },
        { { 60, 1 << 20 }, { 2, 19 << 20 }, true }, { { 1, 8192 }, { 1, 8192 }, false },
    };
    char hash[PASSWORD_HASH_MAX];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        password_dummy(&row[i].of, hash);
        CHECK(password_stale(hash, &row[i].now) == row[i].stale);
    }
}

/* A machine: what a pass over one MiB takes, and how much memory it has. */
struct machine { usec_t per_mib; size_t room; };
static enum code would_take(void *arg, const struct password_cost *cost, usec_t *ret, struct err *reterr) {
    const struct machine *m = arg;
    if (cost->memory > m->room)
        return err_set(reterr, E_MEMORY, "no memory");
    *ret = (usec_t)cost->ops * (usec_t)(cost->memory >> 20) * m->per_mib;
    return OK;
}

TEST(tuning_finds_100_to_200_ms_on_any_machine) {
    struct err e;
    for (usec_t per_mib = 20; per_mib < 5300; per_mib += 7) {      /* 64 MiB twice: 2.5 ms to 678 ms; 19 MiB twice at the last: 201 ms */
        struct machine m = { per_mib, SIZE_MAX };
        struct password_cost c;
        usec_t t = 0;
        CHECK_OK(tune(would_take, &m, 100000, 200000, PASSWORD_MEMORY_MOST, &c, &e), &e);
        CHECK_OK(would_take(&m, &c, &t, &e), &e);
        CHECK(c.ops >= 2 && c.memory >= PASSWORD_MEMORY_LEAST && c.memory <= PASSWORD_MEMORY_MOST);
        CHECK((t >= 100000 || c.ops == OPS_MOST) && (t <= 200000 || (c.ops == 2 && c.memory == PASSWORD_MEMORY_LEAST)));
    }
}

TEST(tuning_keeps_the_floor_where_it_is_slow_or_small) {
    struct err e;
    struct password_cost c = { 0, 0 };
    struct machine slow = { 100000, SIZE_MAX }, small_one = { 800, 24u << 20 }, none = { 800, 1u << 20 };
    CHECK_OK(tune(would_take, &slow, 100000, 200000, PASSWORD_MEMORY_MOST, &c, &e), &e);
    CHECK(c.ops == 2 && c.memory == PASSWORD_MEMORY_LEAST);
    CHECK_OK(tune(would_take, &small_one, 100000, 200000, PASSWORD_MEMORY_MOST, &c, &e), &e);
    CHECK(c.memory == PASSWORD_MEMORY_LEAST && c.ops == 7);
    c.ops = 0;
    CHECK_CODE(tune(would_take, &none, 100000, 200000, PASSWORD_MEMORY_MOST, &c, &e), E_MEMORY, &e);
    CHECK(c.ops == 0);
    CHECK_OK(password_tune(1, 2, 0, &c, &e), &e);      /* the machine at hand; it takes longer than a microsecond */
    CHECK(c.ops == 2 && c.memory == PASSWORD_MEMORY_LEAST);
}
