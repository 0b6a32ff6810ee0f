/* logs.c — see logs.h. The age is told in a file that is overwritten in place, since the server's sandbox knows it and no other. */
#include "prog/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rule.h"
#include "sys/files.h"
#include "sys/logfile.h"

#define OLDEST_SIZE 24                       /* bytes: a number, blanks, a line break */

bool logs_before(struct charter *const *charters, size_t count, usec_t now, usec_t *ret) {
    bool said = false;
    for (size_t i = 0; i < count; i++) {
        struct span kept = charter_logs(charters[i]);
        usec_t from = zone_add(charter_zone(charters[i]), now, &kept, -1) + LOGS_PACE;
        if (span_days(&kept) <= 0)
            continue;
        *ret = said && *ret > from ? *ret : from < now ? from : now;
        said = true;
    }
    return said;
}

static void oldest_tell(struct place *p, usec_t oldest) {
    char text[OLDEST_SIZE + 1];
    AUTO(fd_close) int fd = open(place_path(p, LOGS_OLDEST), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    snprintf(text, sizeof text, "%*lld\n", OLDEST_SIZE - 1, (long long)(oldest == USEC_NEVER ? clock_now() : oldest));
    if (fd < 0 || pwrite(fd, text, OLDEST_SIZE, 0) != OLDEST_SIZE)
        log_event(LOG_WARN, "log_age_not_told");
}

enum code logs_prepare(struct place *p, struct err *reterr) {
    if (place_log(p) == NULL)
        return OK;
    enum code code = dir_make(place_path(p, "run/log"), 0755, reterr);
    AUTO(fd_close) int fd = code != OK ? -1 : open(place_path(p, LOGS_OLDEST), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (code == OK && fd < 0)
        return err_errno(reterr, errno, "cannot make %s", place_path(p, LOGS_OLDEST));
    return code;
}

void logs_look(struct place *p) {
    struct charter *const *charters;
    struct log_age age = { .oldest = USEC_NEVER };
    struct err e;
    size_t count;
    usec_t now = clock_now(), before = 0;
    const char *path = place_log(p);
    if (path == NULL)
        return;
    enum code code = place_charters(p, &charters, &count, &e);
    if (code == OK && logs_before(charters, count, now, &before) && rule_on(RULE_logs_purged))
        code = logfile_purge(path, before, now, &age, &e);
    else if (code == OK)
        code = logfile_age(path, now, &age, &e);
    if (code != OK) {
        log_error("log_not_purged", &e);
        return;
    }
    oldest_tell(p, age.oldest);
    if (age.lines > 0)
        log_event(LOG_INFO, "log_purged", LOG_INT("lines", age.lines));
}
