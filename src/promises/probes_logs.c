/* probes_logs.c — how old the oldest line of the log is, and whether one that is too old goes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "promises/probes.h"
#include "sys/files.h"
#include "sys/logfile.h"

#define BOUND (30 * USEC_PER_SEC)             /* the parent looks at once; a busy machine gets more */
#define ASKED SIGUSR1

/* Is that signal one that the process waits for? One that does not would end by it. */
static bool listens(int64_t pid) {
    AUTO(buf_done) struct buf status = BUF(16384);
    char path[64];
    struct err e;
    snprintf(path, sizeof path, "/proc/%lld/status", (long long)pid);
    const char *blocked = file_read_foreign(path, &status, &e) == OK ? strstr(buf_str(&status), "SigBlk:\t") : NULL;
    if (blocked == NULL || strlen(blocked) < 8 + 16)
        return false;
    unsigned low = 0;                        /* the last eight digits: signals 1 to 32 */
    for (const char *p = blocked + 8 + 8; p < blocked + 8 + 16; p++)
        low = low << 4 | (unsigned)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
    return (low >> (ASKED - 1) & 1) != 0;
}

static enum code parent_of(struct env *e, int64_t *ret, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(64), path = BUF(4096);
    buf_printf(&path, "%s/run/parent.pid", env_setup(e)->data);
    enum code code = path.failed ? err_set(reterr, E_MEMORY, "no memory for a path") : file_read(buf_str(&path), &text, reterr);
    if (code == OK && !text_int_n(buf_str(&text), strcspn(buf_str(&text), "\n"), 2, INT32_MAX, ret))
        code = err_set(reterr, E_BROKEN, "%s holds no number", buf_str(&path));
    return code == OK && !listens(*ret) ? err_set(reterr, E_BROKEN, "sejf serve is of another version: restart it") : code;
}

/* One whole line, as any process of ours writes it. */
static enum code old_line(const char *path, usec_t at, struct err *reterr) {
    char line[160], when[40];
    AUTO(fd_close) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot write into the log");
    int n = snprintf(line, sizeof line, "{\"time\":\"%s\",\"level\":\"info\",\"process\":\"prove\",\"event\":\"probe_old_line\"}\n", time_format(at, when, sizeof when));
    return write(fd, line, (size_t)n) == n ? OK : err_errno(reterr, errno, "cannot write into the log");
}

/* Asked again each second: a look that was under way may have passed the line. */
static enum code wait_gone(const char *path, int64_t parent, usec_t least, struct log_age *ret, struct err *reterr) {
    usec_t until = clock_steady() + BOUND, ask = 0;
    enum code code = OK;
    do {
        if (clock_steady() >= ask) {
            ask = clock_steady() + USEC_PER_SEC;
            if (kill((pid_t)parent, ASKED) != 0)
                return err_errno(reterr, errno, "cannot ask sejf serve to look at its log");
        }
        (void)thrd_sleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
        code = logfile_age(path, clock_now(), ret, reterr);
    } while (code == OK && ret->oldest < least && clock_steady() < until);
    return code;
}

enum code probe_purged(struct env *e, struct verdict_line *v, struct err *reterr) {
    const char *path = env_setup(e)->log;
    const struct span kept = charter_logs(env_charter(e));
    char text[64];
    int64_t parent = 0;
    struct log_age age = { .oldest = USEC_NEVER };
    usec_t now = clock_now(), least = zone_add(charter_zone(env_charter(e)), now, &kept, -1);
    if (span_days(&kept) <= 0)
        return SAY(v, true, "the charter does not say how long log lines are kept");
    if (path == NULL)
        return SAY(v, false, "log lines go to standard error, where sejf cannot purge them: name a file in sejf.yaml (log: log/sejf.log), or have the journal do it "
                   "(MaxRetentionSec of journald.conf) and show that as evidence");
    enum code code = parent_of(e, &parent, reterr);
    if (code == OK)
        code = old_line(path, least - USEC_PER_DAY, reterr);
    if (code == OK)
        code = wait_gone(path, parent, least, &age, reterr);
    if (code != OK)
        return code;
    (void)span_format(&kept, text, sizeof text);
    long long hours = age.oldest == USEC_NEVER ? 0 : (long long)((clock_now() - age.oldest) / USEC_PER_HOUR);
    return SAY(v, age.oldest >= least, "a line that was a day too old %s; the oldest line is %lld hours old, and %s are declared", age.oldest >= least ? "went" : "stands yet", hours, text);
}
