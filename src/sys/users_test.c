/* users_test.c — names, and that there is no way back (where the test runs as root). */
#include "sys/users.c"
#include "base/test.h"

#include <stdlib.h>
#include <sys/wait.h>

TEST(finds_by_name) {
    struct user u = { .uid = 77 };
    struct err e;
    CHECK_CODE(user_find("no-such-user-here", &u, &e), E_NOT_FOUND, &e);
    CHECK_INT(u.uid, 77);
    CHECK_OK(user_find("root", &u, &e), &e);
    CHECK_INT(u.uid, 0);
    CHECK_TEXT(u.name, "root");
}

TEST(dropping_is_for_good) {
    struct user nobody;
    struct err e;
    CHECK_OK(user_find("nobody", &nobody, &e), &e);
    pid_t pid = fork();
    if (pid == 0) {
        struct err inner;
        enum code code = user_drop(&nobody, &inner);
        if (geteuid() != nobody.uid)
            _exit(code == OK ? 1 : 0);       /* an ordinary user may not: refused is right */
        _exit(code == OK && setuid(0) != 0 && setgid(0) != 0 && getgid() == nobody.gid ? 0 : 2);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
