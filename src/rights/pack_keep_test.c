/* pack_keep_test.c — an archive that lies on the server is sealed, there whole or not at all, taken once by its link, and ends with
 * whatever it holds. */
#include "rights/pack_keep.c"

#include <dirent.h>
#include <sys/stat.h>

#include "rights/testshop.h"

struct wished { struct bed *b; const struct subject *about; const struct caller *who; size_t fail_after; enum code fail_with; bool meddle; struct uuid victim; };

static bool cut_off(void *arg, const void *bytes, size_t len) {
    (void)arg;
    (void)bytes;
    (void)len;
    return false;
}

static enum code write_pack(void *arg, const struct sink *out, pack_holds_fn holds_fn, void *holds_arg, struct packed *ret, struct err *e) {
    struct wished *w = arg;
    const struct pack_job job = { .about = w->about, .who = w->who, .tenant_name = "Kwiaciarnia", .now = clock_now(), .holds = holds_fn, .holds_arg = holds_arg };
    const struct sink broken = { cut_off, NULL };
    enum code code = access_pack_write(w->b->service, w->b->tenant, &job, w->fail_with != OK ? &broken : out, ret, e);
    if (code == OK && w->meddle) {             /* between the last byte and the row that says it is ready */
        struct bed *b = w->b;
        json_t *got = NULL;
        struct caller owner = bed_role(b, b->tenant, "owner");
        CHECK_OK(bed_erase(b, &owner, "question", &w->victim, &got), &b->e);
        json_decref(got);
    }
    return w->fail_with != OK && code != OK ? err_set(e, w->fail_with, "as the test wants it") : code;
}

struct taken { struct buf bytes; int64_t size; };
static bool take(void *arg, const void *bytes, size_t len) {
    buf_add(&((struct taken *)arg)->bytes, bytes, len);
    return true;
}
static bool begin(void *arg, int64_t size, const char *purpose) {
    ((struct taken *)arg)->size = size;
    CHECK_TEXT(purpose, "access");
    return true;
}
static enum code fetched(struct bed *b, int64_t tenant, int64_t number, const char *secret, const struct caller *who, struct taken *t) {
    const struct pack_fetch f = { .tenant = tenant, .number = number, .secret = secret, .who = who, .begin = begin };
    *t = (struct taken){ .bytes = BUF((size_t)64 << 20) };
    return pack_fetch(b->service, &f, &(struct sink){ take, t }, &b->e);
}

/* Files below the directory of files. */
static size_t files_there(struct bed *b) {
    char path[512], inner[1024];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/files", b->directory);
    DIR *d = opendir(path);
    struct dirent *e, *f;
    while (d != NULL && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        DIR *sub = opendir(inner);
        while (sub != NULL && (f = readdir(sub)) != NULL)
            n += f->d_name[0] != '.';
        if (sub != NULL)
            closedir(sub);
    }
    if (d != NULL)
        closedir(d);
    return n;
}

static const char *state_now(struct bed *b, int64_t number, char ret[32]) {
    json_t *told = NULL;
    CHECK_OK(pack_told(b->service, b->tenant, number, &told, &b->e), &b->e);
    snprintf(ret, 32, "%s", text_at(told, "state", NULL));
    json_decref(told);
    return ret;
}

struct scene { struct bed b; struct placed at; struct subject about; struct arena *arena; struct caller owner; struct pack_keep k; struct wished w; };
static void scene_start(struct scene *s) {
    *s = (struct scene){ .arena = arena_new(REQUEST_MAX) };
    bed_start(&s->b, shop);
    s->at = place(&s->b);
    s->owner = bed_role(&s->b, s->b.tenant, "owner");
    CHECK_OK(subject_find(s->b.service, s->b.tenant, &(struct subject_wish){ .email = "ewa@people.example" }, s->arena, &s->about, &s->b.e), &s->b.e);
    s->w = (struct wished){ .b = &s->b, .about = &s->about, .who = &s->owner };
    s->k = (struct pack_keep){ .purpose = "access", .who = &s->owner, .write = write_pack, .arg = &s->w };
}
static void scene_end(struct scene *s) {
    bed_end(&s->b);
    arena_free(s->arena);
}

TEST(it_lies_sealed_and_is_taken_once_by_its_link) {
    struct scene s;
    struct taken t;
    int64_t number = 0;
    char secret[PACK_SECRET], wrong[PACK_SECRET], word[32];
    scene_start(&s);
    CHECK_OK(pack_keep(s.b.service, s.b.tenant, &s.k, &number, secret, &s.b.e), &s.b.e);
    CHECK(number == 1 && strlen(secret) == 43 && files_there(&s.b) == 1);
    CHECK_TEXT(state_now(&s.b, 1, word), "ready");
    for (int i = 0; i < 2; i++) {              /* the tenant as often as it likes */
        CHECK_OK(fetched(&s.b, s.b.tenant, 1, NULL, &s.owner, &t), &s.b.e);
        CHECK(t.size == (int64_t)t.bytes.len && t.bytes.len > 10000 && memcmp(t.bytes.data, "PK", 2) == 0);
        buf_wipe(&t.bytes);
    }
    memcpy(wrong, secret, sizeof wrong);
    wrong[0] = wrong[0] == 'A' ? 'B' : 'A';
    CHECK_CODE(fetched(&s.b, s.b.tenant, 1, wrong, NULL, &t), E_NOT_FOUND, &s.b.e);
    CHECK_CODE(fetched(&s.b, s.b.other, 1, secret, NULL, &t), E_NOT_FOUND, &s.b.e);
    CHECK_CODE(fetched(&s.b, s.b.tenant, 2, secret, NULL, &t), E_NOT_FOUND, &s.b.e);
    CHECK_OK(fetched(&s.b, s.b.tenant, 1, secret, NULL, &t), &s.b.e);
    CHECK(t.size == (int64_t)t.bytes.len);
    buf_wipe(&t.bytes);
    CHECK_CODE(fetched(&s.b, s.b.tenant, 1, secret, NULL, &t), E_NOT_FOUND, &s.b.e);
    CHECK_TEXT(state_now(&s.b, 1, word), "taken");
    CHECK_OK(packs_upkeep(s.b.service, s.b.tenant, clock_now(), &s.b.e), &s.b.e);
    CHECK(files_there(&s.b) == 1);
    CHECK_OK(packs_upkeep(s.b.service, s.b.tenant, clock_now() + PACK_LIFE + USEC_PER_MINUTE, &s.b.e), &s.b.e);
    CHECK(files_there(&s.b) == 0);
    CHECK_CODE(fetched(&s.b, s.b.tenant, 1, NULL, &s.owner, &t), E_NOT_FOUND, &s.b.e);
    scene_end(&s);
}

/* An erasure, a correction and a withdrawn consent each destroy a key, and with it the copy of what it sealed. */
TEST(it_ends_with_whatever_it_holds) {
    struct scene s;
    struct taken t;
    json_t *got = NULL, *list = NULL;
    char secret[PACK_SECRET], word[32];
    int64_t number = 0;
    scene_start(&s);
    CHECK_OK(pack_keep(s.b.service, s.b.tenant, &s.k, &number, secret, &s.b.e), &s.b.e);
    CHECK_OK(pack_keep(s.b.service, s.b.tenant, &s.k, &number, secret, &s.b.e), &s.b.e);
    CHECK_OK(bed_erase(&s.b, &s.owner, "order", &s.at.others, &got), &s.b.e);      /* somebody else's */
    json_decref(got);
    CHECK_TEXT(state_now(&s.b, 1, word), "ready");
    CHECK_OK(bed_change(&s.b, &s.owner, "order", &s.at.order, -1, json_pack("{s:s}", "name", "Ewa Sokół"), &got), &s.b.e);
    json_decref(got);
    CHECK_TEXT(state_now(&s.b, 1, word), "over");
    CHECK_TEXT(state_now(&s.b, 2, word), "over");
    CHECK_CODE(fetched(&s.b, s.b.tenant, 2, NULL, &s.owner, &t), E_GONE, &s.b.e);
    CHECK_CODE(fetched(&s.b, s.b.tenant, 2, secret, NULL, &t), E_NOT_FOUND, &s.b.e);
    CHECK_OK(pack_keep(s.b.service, s.b.tenant, &s.k, &number, secret, &s.b.e), &s.b.e);
    CHECK_OK(bed_erase(&s.b, &s.owner, "question", &s.at.question, &got), &s.b.e);
    json_decref(got);
    CHECK_TEXT(state_now(&s.b, 3, word), "over");
    CHECK_OK(packs_told(s.b.service, s.b.tenant, INT64_MAX, &list, &s.b.e), &s.b.e);
    CHECK(json_array_size(json_object_get(list, "items")) == 3 && json_is_null(json_object_get(list, "next")));
    json_decref(list);
    CHECK_OK(packs_upkeep(s.b.service, s.b.tenant, clock_now(), &s.b.e), &s.b.e);
    CHECK_INT(files_there(&s.b), 0);
    scene_end(&s);
}

TEST(it_is_there_whole_or_not_at_all) {
    struct scene s;
    char secret[PACK_SECRET];
    int64_t number = 0;
    json_t *list = NULL;
    scene_start(&s);
    s.w.fail_with = E_BUSY;
    CHECK_CODE(pack_keep(s.b.service, s.b.tenant, &s.k, &number, secret, &s.b.e), E_BUSY, &s.b.e);
    s.w.fail_with = OK;
    s.w.meddle = true;
    s.w.victim = s.at.question;
    CHECK_CODE(pack_keep(s.b.service, s.b.tenant, &s.k, &number, secret, &s.b.e), E_CONFLICT, &s.b.e);
    CHECK(number == 0 && files_there(&s.b) == 0);
    CHECK_OK(packs_told(s.b.service, s.b.tenant, INT64_MAX, &list, &s.b.e), &s.b.e);
    CHECK(json_array_size(json_object_get(list, "items")) == 0);
    json_decref(list);
    scene_end(&s);
}

/* A server that was killed leaves a row that says "making", and perhaps bytes. */
TEST(what_a_cut_has_left_goes) {
    struct scene s;
    scene_start(&s);
    struct making m = { .s = s.b.service, .tenant = s.b.tenant, .row = { .purpose = "access", .file = uuid_new() } };
    struct key key;
    CHECK_OK(spare_make(s.b.service, s.b.tenant, clock_now(), 1, &m.row.key, &key, &s.b.e), &s.b.e);
    CHECK_OK(store_write(s.b.store, s.b.tenant, write_put, &m, &s.b.e), &s.b.e);
    CHECK_OK(packs_upkeep(s.b.service, s.b.tenant, clock_now(), &s.b.e), &s.b.e);
    char word[32];
    CHECK_TEXT(state_now(&s.b, 1, word), "making");
    CHECK_CODE(pack_drop(s.b.service, s.b.tenant, 1, &s.owner, &s.b.e), E_CONFLICT, &s.b.e);
    CHECK_OK(packs_upkeep(s.b.service, s.b.tenant, clock_now() + MAKING_MOST + USEC_PER_MINUTE, &s.b.e), &s.b.e);
    json_t *told = NULL;
    CHECK_CODE(pack_told(s.b.service, s.b.tenant, 1, &told, &s.b.e), E_NOT_FOUND, &s.b.e);
    scene_end(&s);
}
