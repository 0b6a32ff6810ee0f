/* export_test.c — a file goes out and is checked offline; then every line and every byte of it is harmed. */
#include "ledger/export.c"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ledger/signer.h"
#include "store/testbed.h"

static char *text;
static size_t text_len;

/* The exported bytes of a small honest ledger. */
static void exported(struct signer *s, bool with_key) {
    struct bed b;
    bed_start(&b);
    struct ledger_signer signer = signer_start(s);
    for (int i = 0; i < 3; i++)
        CHECK_OK(ledger_note(b.store, 0, "started", "sejf", json_null(), true, &b.e), &b.e);
    json_t *what = json_pack("{s:s}", "tail", ",\"head\":\"00\",\"seq\":9}");       /* looks like the end of a line */
    CHECK_OK(ledger_note(b.store, 12, "record_made", "token 1", what, true, &b.e), &b.e);
    json_decref(what);
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    CHECK_OK(ledger_note(b.store, 12, "record_erased", "token 1", json_null(), true, &b.e), &b.e);
    int fd = memfd_create("ledger", MFD_CLOEXEC);
    CHECK_OK(ledger_export(b.store, -1, with_key ? s->public : NULL, fd, &b.e), &b.e);
    text_len = (size_t)lseek(fd, 0, SEEK_END);
    text = mem_new(text_len + 1);
    CHECK(pread(fd, text, text_len, 0) == (ssize_t)text_len);
    close(fd);
    bed_end(&b);
}

static enum code check_text(const char *bytes, size_t len, const uint8_t *public, struct ledger_check *ret, struct err *e) {
    int fd = memfd_create("ledger", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
    enum code code = ledger_verify_file(fd, public, ret, e);
    close(fd);
    return code;
}

TEST(an_honest_file_verifies) {
    struct signer s;
    struct err e;
    struct ledger_check check;
    exported(&s, true);
    CHECK_OK(check_text(text, text_len, NULL, &check, &e), &e);
    CHECK(check.entries == 5 && check.chains == 2 && check.signed_heads == 2 && check.bad_chain == -1);
    CHECK_OK(check_text(text, text_len, s.public, &check, &e), &e);
    s.public[0] ^= 1;
    CHECK_CODE(check_text(text, text_len, s.public, &check, &e), E_DAMAGED, &e);
    CHECK(check.bad_chain == 0 && check.bad_seq == 3 && strstr(e.text, "signature") != NULL);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        json_t *j = json_loadb(line, (size_t)(end - line), 0, NULL);        /* each line is JSON for other tools */
        CHECK(json_is_object(j));
        json_decref(j);
    }
    text = mem_free(text);
}

TEST(every_flipped_bit_shows) {
    struct signer s;
    struct err e;
    struct ledger_check check;
    exported(&s, true);
    size_t first = (size_t)(strchr(text, '\n') - text);
    for (size_t i = 0; i < text_len; i++) {
        text[i] ^= 1;
        enum code code = check_text(text, text_len, s.public, &check, &e);
        /* the key in the file is not what is believed here, and the time of a signature is for people */
        bool free_byte = (i > 22 && i < first - 2) || code == OK;
        const char *line = text + i;
        while (line > text && line[-1] != '\n')
            line--;
        CHECK(code == E_DAMAGED || (free_byte && (i < first || strncmp(strchr(line, ','), ",\"at\":\"", 7) == 0)));
        text[i] ^= 1;
    }
    text = mem_free(text);
}

TEST(every_missing_or_doubled_line_shows) {
    struct signer s;
    struct err e;
    struct ledger_check check;
    exported(&s, true);
    char *copy = mem_new(2 * text_len);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        size_t before = (size_t)(line - text), len = (size_t)(end + 1 - line), after = text_len - before - len;
        memcpy(copy, text, before);
        memcpy(copy + before, end + 1, after);
        CHECK_CODE(check_text(copy, before + after, NULL, &check, &e), E_DAMAGED, &e);
        memcpy(copy + before, line, len);
        memcpy(copy + before + len, line, len + after);
        CHECK(check_text(copy, text_len + len, NULL, &check, &e) == E_DAMAGED || memmem(line, len, "\"signature\"", 11) != NULL);
        CHECK_CODE(check_text(text, before + len / 2, NULL, &check, &e), E_DAMAGED, &e);
    }
    CHECK_CODE(check_text("", 0, NULL, &check, &e), E_DAMAGED, &e);
    CHECK(strstr(e.text, "empty") != NULL);
    (void)mem_free(copy);
    text = mem_free(text);
}

TEST(one_chain_and_no_key) {
    struct bed b;
    struct ledger_check check;
    bed_start(&b);
    for (int64_t chain = 0; chain < 3; chain++)
        CHECK_OK(ledger_note(b.store, chain, "started", "sejf", json_null(), true, &b.e), &b.e);
    int fd = memfd_create("ledger", MFD_CLOEXEC);
    CHECK_OK(ledger_export(b.store, 1, NULL, fd, &b.e), &b.e);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK_OK(ledger_verify_file(fd, NULL, &check, &b.e), &b.e);
    CHECK(check.entries == 1 && check.chains == 1);
    close(fd);
    CHECK_CODE(ledger_export(b.store, -1, NULL, -1, &b.e), E_SYSTEM, &b.e);
    CHECK_CODE(ledger_verify_file(-1, NULL, &check, &b.e), E_SYSTEM, &b.e);
    bed_end(&b);
}

/* The script of docs/data.md, as a stranger would run it. */
static int script_says(const char *script, size_t script_len, const char *bytes, size_t len) {
    int code = memfd_create("script", 0), data = memfd_create("data", 0), status;
    char path[64], file[64];
    CHECK(write(code, script, script_len) == (ssize_t)script_len && write(data, bytes, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", code);
    snprintf(file, sizeof file, "/proc/self/fd/%d", data);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, 1);
        (void)dup2(null, 2);
        execlp("python3", "python3", path, file, (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    close(code);
    close(data);
    return WEXITSTATUS(status);
}

TEST(the_script_of_the_documentation_tells_right_from_wrong) {
    struct signer s;
    char *page = mem_new(65536);
    FILE *f = fopen(LEDGER_DOCS "/data.md", "re");
    CHECK(f != NULL && fread(page, 1, 65535, f) > 0);
    (void)fclose(f);
    char *script = strstr(page, "```python\n") + 10, *end = strstr(script, "```");
    size_t len = (size_t)(end - script);
    exported(&s, true);
    CHECK_INT(script_says(script, len, text, text_len), 0);
    CHECK_INT(script_says(script, len, text, text_len - 20), 1);
    char *entry = strstr(text, "started");
    *entry = 'S';
    CHECK_INT(script_says(script, len, text, text_len), 1);
    text = mem_free(text);
    (void)mem_free(page);
}
