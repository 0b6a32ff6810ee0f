/* torture_test.c — the ledger with the n-th allocation failing: an entry is whole or nowhere, and no check passes what it did not read. */
#include <fcntl.h>

#include "base/torture.h"
#include "ledger/ledger.h"
#include "ledger/signer.h"
#include "store/testbed.h"

struct scene { struct bed b; struct signer signer; struct ledger_signer driver; json_t *what; uint64_t entries; char path[96]; };

static uint64_t entries_of(struct scene *s) {
    uint8_t head[HASH_SIZE];
    uint64_t seq = 0;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(s->b.store, 1, &v, &s->b.e), &s->b.e);
    CHECK_OK(ledger_last(view_sql(v), &seq, head, &s->b.e), &s->b.e);
    return seq;
}
static enum code note(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    return ledger_note(s->b.store, 1, "record_made", "token 7", s->what, true, reterr);
}
static bool noted(void *arg, enum code code) {
    struct scene *s = arg;
    uint64_t before = s->entries;
    struct ledger_check check;
    s->entries = entries_of(s);
    return s->entries == before + (code == OK) && ledger_verify(s->b.store, NULL, &check, &s->b.e) == OK;
}
static enum code sign_heads(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    return ledger_sign(s->b.store, &s->driver, reterr);
}
static bool signed_or_not(void *arg, enum code code UNUSED) {
    struct scene *s = arg;
    struct ledger_check check;
    if (ledger_verify(s->b.store, s->signer.public, &check, &s->b.e) != OK)
        return false;
    CHECK_OK(ledger_note(s->b.store, 1, "record_made", "token 7", s->what, true, &s->b.e), &s->b.e);   /* the next to be signed */
    return true;
}
static enum code verify_all(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    struct ledger_check check;
    enum code code = ledger_verify(s->b.store, s->signer.public, &check, reterr);
    if (code == OK)
        buf_printf(outcome, "%llu %llu", (unsigned long long)check.entries, (unsigned long long)check.signed_heads);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}
static enum code export(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    int fd = open(s->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    enum code code = ledger_export(s->b.store, -1, s->signer.public, fd, reterr);
    if (code == OK)
        buf_printf(outcome, "%lld bytes", (long long)lseek(fd, 0, SEEK_CUR));
    close(fd);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}
static enum code verify_file(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    struct ledger_check check;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    enum code code = ledger_verify_file(fd, s->signer.public, &check, reterr);
    if (code == OK)
        buf_printf(outcome, "%llu %llu", (unsigned long long)check.entries, (unsigned long long)check.signed_heads);
    close(fd);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

TEST(a_ledger_without_memory_tells_no_lies) {
    struct scene s = { .what = json_pack("{s:s,s:i}", "kind", "registration", "count", 3) };
    struct err e = { 0 };
    AUTO(buf_done) struct buf size = BUF(64);
    bool fine = true;
    bed_start(&s.b);
    bed_path(&s.b, "export.ndjson", s.path, sizeof s.path);
    s.driver = signer_start(&s.signer);
    fine &= torture(&(struct torture){ .name = "ledger note", .call = note, .check = noted, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "ledger note, for good", .call = note, .check = noted, .arg = &s, .reach = TORTURE_ALL, .for_good = true });
    fine &= torture(&(struct torture){ .name = "ledger sign", .call = sign_heads, .check = signed_or_not, .arg = &s, .reach = TORTURE_ALL, .stride = 2 });
    CHECK_OK(sign_heads(&s, NULL, &e), &e);
    fine &= torture(&(struct torture){ .name = "ledger verify", .call = verify_all, .arg = &s, .stride = 5 });
    fine &= torture(&(struct torture){ .name = "ledger export", .call = export, .arg = &s, .stride = 5 });
    CHECK_OK(export(&s, &size, &e), &e);
    fine &= torture(&(struct torture){ .name = "ledger verify a file", .call = verify_file, .arg = &s, .stride = 5 });
    json_decref(s.what);
    CHECK(unlink(s.path) == 0);
    bed_end(&s.b);
    CHECK(fine);
}
