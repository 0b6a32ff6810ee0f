/* users.c — invariant: after user_drop returned OK no id of the process is another's. */
#include "sys/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

enum code user_find(const char *name, struct user *ret, struct err *reterr) {
    struct passwd entry, *found = NULL;
    char room[4096];
    int num = getpwnam_r(name, &entry, room, sizeof room, &found);
    if (num != 0 && num != ENOENT)
        return err_errno(reterr, num, "cannot look the user %s up", name);
    if (found == NULL)
        return err_set(reterr, E_NOT_FOUND, "the system has no user %s", name);
    *ret = (struct user){ .uid = entry.pw_uid, .gid = entry.pw_gid };
    snprintf(ret->name, sizeof ret->name, "%s", name);
    return OK;
}

enum code user_drop(const struct user *user, struct err *reterr) {
    PRE(user != NULL && reterr != NULL);
    uid_t before = getuid();
    if (before == user->uid && geteuid() == user->uid)
        return OK;
    if (setgroups(0, NULL) != 0)
        return err_errno(reterr, errno, "cannot drop the groups for the user %s", user->name);
    if (setresgid(user->gid, user->gid, user->gid) != 0 || setresuid(user->uid, user->uid, user->uid) != 0)
        return err_errno(reterr, errno, "cannot become the user %s", user->name);
    if (before != user->uid && setuid(before) == 0)
        return err_set(reterr, E_SYSTEM, "the user %s could become another again", user->name);
    return OK;
}
