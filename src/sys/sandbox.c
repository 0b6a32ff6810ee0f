/* sandbox.c — landlock by direct system calls with our own copies of the kernel's constants: the headers of the
 * build machine may be older than the kernel that runs. */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "sys/files.h"
#include "sys/sandbox_calls.h"

#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2
#define RULESET_VERSION 1U

/* Rights over files, by the ABI that brought them. */
#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_DIR (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_DIR (1ULL << 7)
#define FS_MAKE_REG (1ULL << 8)
#define FS_MAKE_SOCK (1ULL << 9)
#define FS_ABI_1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)                /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14)             /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15)            /* ABI 5 */
#define NET_TCP 3ULL                         /* ABI 4: bind and connect */
#define NET_CONNECT 2ULL
#define SCOPE_ALL 3ULL                       /* ABI 6: abstract Unix sockets and signals */

struct ruleset { uint64_t fs, net, scoped; };
struct path_beneath { uint64_t allowed; int32_t fd; } __attribute__((packed));
struct net_port { uint64_t allowed, port; };

static struct sandbox_status in_force;

bool sandbox_built(void) {
#ifdef SEJF_SANITIZE
    return false;
#else
    return true;
#endif
}

static int landlock_abi(void) {
    long abi = syscall(CALL_CREATE_RULESET, NULL, 0, RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static uint64_t fs_known(int abi) {
    return FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static uint64_t fs_wanted(unsigned rights) {
    uint64_t fs = 0;
    if ((rights & SANDBOX_READ) != 0)
        fs |= FS_READ_FILE | FS_READ_DIR;
    if ((rights & SANDBOX_WRITE) != 0)
        fs |= FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_REFER | FS_TRUNCATE;
    if ((rights & SANDBOX_SOCKETS) != 0)
        fs |= FS_MAKE_SOCK | FS_REMOVE_FILE;
    if ((rights & SANDBOX_EXECUTE) != 0)
        fs |= FS_EXECUTE;
    return fs;
}

static enum code allow_path(int ruleset, const struct sandbox_path *p, uint64_t known, struct err *reterr) {
    struct stat st;
    AUTO(fd_close) int fd = open(p->path, O_PATH | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && p->optional)
        return OK;
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_errno(reterr, errno, "cannot open %s for the sandbox", p->path);
    uint64_t fs = fs_wanted(p->rights) & known;
    if (!S_ISDIR(st.st_mode))                /* the kernel refuses rights over directories on a file */
        fs &= FS_READ_FILE | FS_WRITE_FILE | FS_EXECUTE | FS_TRUNCATE;
    struct path_beneath rule = { fs, fd };
    if (syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
        return err_errno(reterr, errno, "landlock refused the rule for %s", p->path);
    return OK;
}

static enum code allow_ports(int ruleset, const struct sandbox *s, struct err *reterr) {
    for (size_t i = 0; i < s->port_count; i++) {
        struct net_port rule = { NET_CONNECT, s->ports[i] };
        if (syscall(CALL_ADD_RULE, ruleset, RULE_NET_PORT, &rule, 0) != 0)
            return err_errno(reterr, errno, "landlock refused the rule for port %u", (unsigned)s->ports[i]);
    }
    return OK;
}

static enum code enter_landlock(const struct sandbox *s, int abi, struct err *reterr) {
    struct ruleset r = { .fs = fs_known(abi), .net = (s->calls & CALLS_INET) != 0 ? 0 : NET_TCP, .scoped = SCOPE_ALL };
    size_t size = abi >= 6 ? sizeof r : abi >= SANDBOX_ABI_PORTS ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
    AUTO(fd_close) int fd = (int)syscall(CALL_CREATE_RULESET, &r, size, 0);
    if (fd < 0)
        return err_errno(reterr, errno, "the kernel refused a landlock ruleset");
    for (size_t i = 0; i < s->path_count; i++) {
        enum code code = allow_path(fd, &s->paths[i], r.fs, reterr);
        if (code != OK)
            return code;
    }
    enum code code = abi >= SANDBOX_ABI_PORTS && r.net != 0 ? allow_ports(fd, s, reterr) : OK;
    if (code != OK)
        return code;
    if (syscall(CALL_RESTRICT_SELF, fd, 0) != 0)
        return err_errno(reterr, errno, "landlock could not be entered");
    in_force.files = true;
    in_force.tcp = abi >= SANDBOX_ABI_PORTS && r.net != 0;
    return OK;
}

/* A number behind a name in /proc/…/status; -1 when it is not there. */
static int64_t status_number(const char *text, const char *name) {
    int64_t value = -1;
    const char *line = strstr(text, name);
    if (line == NULL)
        return -1;
    line += strlen(name);
    line += strspn(line, " \t");
    return text_int_n(line, strcspn(line, "\n"), 0, INT64_MAX, &value) ? value : -1;
}

static enum code enter_files(const struct sandbox *s, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    AUTO(buf_done) struct buf status = BUF(65536);
    in_force.built = sandbox_built();
    in_force.landlock_abi = landlock_abi();
    if (!in_force.built)
        return OK;
    enum code code = file_read("/proc/self/status", &status, reterr);
    if (code != OK)
        return code;
    if (status_number(buf_str(&status), "\nThreads:") != 1)
        return err_set(reterr, E_INTERNAL, "the sandbox of %s must be entered before threads are made", s->process);
    if (in_force.landlock_abi == 0)
        return err_set(reterr, E_SYSTEM, "this kernel has no landlock, so the sandbox of %s cannot be had; use Linux 5.13 or newer with "
                       "landlock enabled, or write \"sandbox: no\" into sejf.yaml and accept that this ring is not kept", s->process);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_errno(reterr, errno, "no_new_privs could not be set");
    in_force.no_new_privs = true;
    return enter_landlock(s, in_force.landlock_abi, reterr);
}

enum code sandbox_enter_program(const struct sandbox *s, struct err *reterr) {
    enum code code = enter_files(s, reterr);
    return code != OK || !in_force.built ? code : calls_narrow(s->calls, reterr);
}

enum code sandbox_enter(const struct sandbox *s, struct err *reterr) {
    enum code code = enter_files(s, reterr);
    if (code != OK || !in_force.built)
        return code;
    if ((code = calls_limit(s->calls, reterr)) != OK)
        return code;
    in_force.calls = true;
    return OK;
}

void sandbox_status(struct sandbox_status *ret) {
    *ret = in_force;
    ret->built = sandbox_built();
    if (!ret->calls)                         /* else the filter would refuse the question */
        ret->landlock_abi = landlock_abi();
}

bool sandbox_status_of(int pid, struct sandbox_status *ret) {
    char path[64];
    struct err e;
    AUTO(buf_done) struct buf status = BUF(65536);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (file_read(path, &status, &e) != OK)
        return false;
    *ret = (struct sandbox_status){ .built = sandbox_built(), .landlock_abi = landlock_abi() };
    ret->no_new_privs = status_number(buf_str(&status), "\nNoNewPrivs:") == 1;
    ret->calls = status_number(buf_str(&status), "\nSeccomp:") == 2;
    return true;
}
