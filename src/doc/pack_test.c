/* pack_test.c — an archive that other programs open, made in constant memory; and what fails while it is made. */
#include "doc/pack.c"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "base/torture.h"

#define MADE (1795341600 * USEC_PER_SEC)

struct place { int fd; size_t most, got; };
static bool to_file(void *arg, const void *bytes, size_t len) {
    struct place *p = arg;
    p->got += len;
    return p->got <= p->most && (p->fd < 0 || write(p->fd, bytes, len) == (ssize_t)len);
}

/* Python's own reader tests every checksum; NULL argument: end. */
static int ran(const char *program, const char *a, const char *b, const char *c, const char *d) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(null, 1);
        execlp(program, program, a, b, c, d, (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void filled(struct pack *p, struct err *e) {
    char block[4096];
    memset(block, 'x', sizeof block);
    CHECK_OK(pack_add(p, "cover.txt", "hello\n", 6, e), e);
    CHECK_OK(pack_add(p, "records/empty.json", NULL, 0, e), e);
    CHECK_OK(pack_begin(p, "records/visit.csv", -1, e), e);
    for (int i = 0; i < 1000; i++)
        CHECK_OK(pack_write(p, block, sizeof block, e), e);
    CHECK_OK(pack_close(p, e), e);
    CHECK_OK(pack_begin(p, "files/known", 4096, e), e);
    CHECK_OK(pack_write(p, block, sizeof block, e), e);
    CHECK_OK(pack_close(p, e), e);
}

static const char manifest[] =
    "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  cover.txt\n"
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  records/empty.json\n";

TEST(what_is_packed_opens_elsewhere) {
    char path[] = "/tmp/sejf-pack-XXXXXX";
    struct place at = { .fd = mkostemp(path, O_CLOEXEC), .most = SIZE_MAX };
    AUTO(pack_free) struct pack *p = NULL;
    AUTO(buf_done) struct buf says = BUF(4096);
    struct err e;
    CHECK(at.fd >= 0);
    CHECK_OK(pack_new(to_file, &at, MADE, &p, &e), &e);
    filled(p, &e);
    pack_manifest(p, &says);
    CHECK(strncmp(buf_str(&says), manifest, strlen(manifest)) == 0);
    CHECK_OK(pack_end(p, &e), &e);
    CHECK(close(at.fd) == 0 && at.got < 100000);            /* 4 MB of one letter */
    CHECK_INT(ran("python3", "-c", "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\n"
                  "assert z.testzip() is None\nassert z.namelist()==['cover.txt','records/empty.json','records/visit.csv','files/known'],z.namelist()\n"
                  "assert z.read('cover.txt')==b'hello\\n' and len(z.read('records/visit.csv'))==4096000 and z.getinfo('cover.txt').external_attr>>16&0o777==0o644", path, NULL), 0);
    CHECK(unlink(path) == 0);
}

TEST(the_first_failure_is_kept) {
    static const char *const bad[] = { "", "/etc/passwd", "a/../b", "a//b", "a/", "ż", "a b", "a\nb" };
    struct err e = { 0 }, other;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct place at = { .fd = -1, .most = SIZE_MAX };
        AUTO(pack_free) struct pack *p = NULL;
        CHECK_OK(pack_new(to_file, &at, MADE, &p, &e), &e);
        CHECK_CODE(pack_add(p, bad[i], "x", 1, &e), E_INVALID, &e);
        CHECK_CODE(pack_add(p, "good", "x", 1, &other), E_INVALID, &other);
        CHECK_CODE(pack_end(p, &other), E_INVALID, &other);
    }
    static const struct { int64_t size; size_t put; } lies[] = { { 3, 2 }, { 3, 4 } };
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        struct place at = { .fd = -1, .most = SIZE_MAX };
        AUTO(pack_free) struct pack *p = NULL;
        CHECK_OK(pack_new(to_file, &at, MADE, &p, &e), &e);
        CHECK_OK(pack_begin(p, "a", lies[i].size, &e), &e);
        (void)!pack_write(p, "abcd", lies[i].put, &e);
        CHECK_CODE(pack_close(p, &e), E_DAMAGED, &e);
    }
    struct place at = { .fd = -1, .most = 1000 };            /* a reader that goes */
    AUTO(pack_free) struct pack *p = NULL;
    unsigned char noise[65536];
    crypto_random(noise, sizeof noise);
    CHECK_OK(pack_new(to_file, &at, MADE, &p, &e), &e);
    CHECK_OK(pack_begin(p, "a", -1, &e), &e);
    enum code code = OK;
    for (int i = 0; i < 10 && code == OK; i++)
        code = pack_write(p, noise, sizeof noise, &e);
    CHECK_CODE(code, E_PEER, &e);
    CHECK_CODE(pack_close(p, &e), E_PEER, &e);
    CHECK_CODE(pack_end(p, &e), E_PEER, &e);
}

/* Beyond this libarchive ends the process where it finds no memory for the name of a file. */
static enum code begun(void *arg, struct buf *outcome, struct err *reterr) {
    struct place at = { .fd = -1, .most = SIZE_MAX };
    AUTO(pack_free) struct pack *p = NULL;
    (void)arg;
    enum code code = pack_new(to_file, &at, MADE, &p, reterr);
    if (code == OK)
        buf_text(outcome, "begun");
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

TEST(an_archive_begins_or_says_why_not) { CHECK(torture(&(struct torture){ .name = "pack", .call = begun })); }
