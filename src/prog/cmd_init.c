/* cmd_init.c — a data directory from nothing. Its keyring is made last: until then each step leaves what is there already, so that a
 * second init mends a cut one; from then on init refuses. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "prog/commands.h"
#include "prog/crew.h"
#include "prog/hosts.h"
#include "prog/keys.h"
#include "prog/options.h"
#include "prog/place.h"
#include "prog/tls.h"
#include "sys/files.h"

#define CHARTER_MAX (8u << 20)

struct wish { const char *data, *host; int64_t port; bool everywhere; struct option_list charters; };

static enum code read_wish(int argc, char *const *argv, struct wish *w, struct err *reterr) {
    struct plain_words words;
    *w = (struct wish){ .port = 8443 };
    const struct option options[] = { { "data", OPTION_TEXT, &w->data }, { "host", OPTION_TEXT, &w->host }, { "port", OPTION_NUMBER, &w->port },
                                      { "everywhere", OPTION_FLAG, &w->everywhere }, { "charter", OPTION_LIST, &w->charters } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &words, reterr);
    if (code == OK && w->data == NULL)
        return err_set(reterr, E_USAGE, "--data says where the data directory is made");
    if (code == OK && (w->port < 1 || w->port > 65535))
        return err_set(reterr, E_USAGE, "--port takes a number from 1 to 65535");
    return code;
}

/* What may lie in a directory that becomes a data directory: nothing, or what a cut init, the operator or a file system put there. */
static int is_foreign(const struct dirent *e) {
    static const char *const known[] = { ".", "..", "lost+found", "sejf.yaml", "version", "lock", "id", "charters", "keeper", "store", "files", "run", "log",
                                         "tls", "nginx" };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(e->d_name, known[i]) == 0)
            return 0;
    return 1;
}

static enum code check_directory(const char *data, struct err *reterr) {
    AUTO(buf_done) struct buf epoch = BUF(8192);
    struct dirent **list = NULL;
    buf_printf(&epoch, "%s/keeper/epoch", data);
    if (epoch.failed)
        return err_set(reterr, E_USAGE, "the path %.60s… is too long", data);
    if (file_exists(buf_str(&epoch)))
        return err_set(reterr, E_CONFLICT, "%s is a data directory already, with keys of its own: nothing was changed. Its settings stand in %s/sejf.yaml, its "
                       "charters in %s/charters; `sejf serve --data %s` starts it", data, data, data, data);
    int n = scandir(data, &list, is_foreign, NULL);
    if (n < 0)
        return errno == ENOENT ? OK : err_errno(reterr, errno, "cannot list %s", data);
    enum code code = n == 0 ? OK : err_set(reterr, E_CONFLICT, "%s holds other things (%s): nothing was changed. Give --data an empty directory, or one "
                                           "that does not exist yet", data, list[0]->d_name);
    while (n > 0)
        free(list[--n]);
    free(list);
    return code;
}

static enum code make_yaml(const struct wish *w, struct err *reterr) {
    AUTO(buf_done) struct buf path = BUF(8192);
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    char host[HOST_ID], name[256] = "";
    struct err ignored;
    const struct instance_wish wish = { .host = w->host, .https = (int)w->port, .everywhere = w->everywhere };
    enum code code = mkdir(w->data, 0711) != 0 && errno != EEXIST ? err_errno(reterr, errno, "cannot make %s", w->data) : OK;
    buf_printf(&path, "%s/sejf.yaml", w->data);
    if (code != OK || file_exists(buf_str(&path)))
        return code;
    instance_example(&wish, &text);
    if (host_id(host, &ignored) == OK && gethostname(name, sizeof name - 1) == 0)
        buf_printf(&text, "\n# This machine, for charters that want declared ones.\nhosts: [{id: %s, name: \"%s\"}]\n", host, name[0] == 0 || strpbrk(name, "\"\\") != NULL ? "first" : name);
    return path.failed || text.failed ? err_set(reterr, E_MEMORY, "no memory for sejf.yaml")
                                      : file_create(buf_str(&path), text.data, text.len, 0644, reterr);
}

/* A charter with mistakes is refused here, not when people wait. */
static enum code copy_charter(struct place *p, const char *from, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(buf_done) struct buf text = BUF(CHARTER_MAX);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for %s", from);
    enum code code = charter_load(from, f, &c, reterr);
    if (code == E_CHARTER) {
        (void)place_print_findings(f);
        return err_set(reterr, E_CHARTER, "%s has mistakes (above): mend them, then run this again", from);
    }
    if (code == OK)
        code = file_read(from, &text, reterr);
    if (code != OK)
        return code;
    const char *to = place_path(p, "charters/%s.yaml", charter_name(c));
    return file_exists(to) ? OK : file_create(to, buf_str(&text), text.len, 0644, reterr);
}

static enum code fill_place(struct place *p, const struct crew *crew, const struct wish *w, struct err *reterr) {
    bool changed, made;
    AUTO(fd_close) int lock = -1;
    enum code code = place_check_version(p, reterr);
    if (code == E_NOT_FOUND)
        code = place_write_version(p, reterr);
    if (code == OK)
        code = place_lock(p, 0, &lock, reterr);
    if (code != OK)
        return code;
    code = crew_directories(p, crew, reterr);
    for (size_t i = 0; code == OK && i < w->charters.count; i++)
        code = copy_charter(p, w->charters.items[i], reterr);
    if (code == OK)
        code = tls_prepare(p, crew_user(crew, NGINX), &changed, reterr);
    return code != OK ? code : keys_make(p, crew, &made, reterr);
}

enum code cmd_init(int argc, char *const *argv, struct err *reterr) {
    struct wish w;
    struct crew crew;
    AUTO(place_close) struct place *p = NULL;
    enum code code = read_wish(argc, argv, &w, reterr);
    if (code == OK)
        code = check_directory(w.data, reterr);
    if (code == OK)
        code = make_yaml(&w, reterr);
    if (code == OK)
        code = place_open(w.data, NULL, &p, reterr);
    if (code != OK)
        return code;
    crew_find(p, &crew);
    code = crew_allowed(&crew, reterr);
    if (code == OK)
        code = fill_place(p, &crew, &w, reterr);
    if (code != OK)
        return code;
    printf("%s is ready; `sejf serve --data %s` starts it, its settings stand in %s.\n", place_data(p), w.data, place_instance(p)->file);
    if (place_instance(p)->root == ROOT_IN_FILE)
        printf("The root key is %s. Keep a copy of it elsewhere: without it nothing here can be opened, and a thief of this disk has it.\n",
               place_instance(p)->root_at);
    return OK;
}
