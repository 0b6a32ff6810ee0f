/* rotate.c — a new root key, and at once a new epoch key under it: what the old root key opens is noise then. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper/inside.h"
#include "sys/files.h"

/* A key file that replaces one at the same path is made beside it; keyring_open finishes what is cut. */
static enum code next_file(const struct root_source *from, const struct root_source *to, struct buf *next, struct err *reterr) {
    if (to->kind != ROOT_FILE)
        return OK;
    bool same = from->kind == ROOT_FILE && strcmp(from->path, to->path) == 0;
    if (!same)
        return file_exists(to->path) ? OK : root_file_make(to->path, reterr);
    buf_printf(next, "%s.next", to->path);
    if (next->failed)
        return err_set(reterr, E_MEMORY, "no memory for the path of the root key");
    return root_file_make(buf_str(next), reterr);
}

static enum code in_place(const char *next, const char *path, struct err *reterr) {
    AUTO(buf_done) struct buf parent = BUF(4096);
    const char *slash = strrchr(path, '/');
    buf_add(&parent, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
    if (slash == NULL)
        buf_char(&parent, '.');
    if (parent.failed)
        return err_set(reterr, E_MEMORY, "no memory for the path of the root key");
    if (rename(next, path) != 0)
        return err_errno(reterr, errno, "cannot put %s in place of %s; the next start does it", next, path);
    return dir_sync(buf_str(&parent), reterr);
}

/* A new epoch alone would not make final what was destroyed: its buckets keep their keys. */
static enum code renew_first(struct keyring *k, struct err *reterr) {
    struct renewal r;
    bool done = false;
    enum code code = OK;
    keyring_renew_begin(k);
    while (code == OK && !done)
        code = keyring_renew_step(k, &done, &r, reterr);
    return code;
}

enum code keyring_rotate(const struct keyring_options *o, const struct root_source *to, const struct root_cost *cost, struct err *reterr) {
    PRE(o != NULL && to != NULL && reterr != NULL);
    AUTO(keyring_close) struct keyring *k = NULL;
    AUTO(buf_done) struct buf next = BUF(4096);
    struct root_cost fresh = cost != NULL ? *cost : (struct root_cost){ .passes = ROOT_PASSES, .memory = ROOT_MEMORY };
    struct key root;
    crypto_random(fresh.salt, sizeof fresh.salt);
    enum code code = keyring_open(o, &k, reterr);
    if (code == OK)
        code = next_file(&o->root, to, &next, reterr);
    if (code == OK)
        code = renew_first(k, reterr);
    if (code != OK)
        return code;
    struct root_source from = *to;
    if (next.len > 0)
        from.path = buf_str(&next);
    code = root_load(&from, &fresh, &root, reterr);
    if (code != OK)
        return code;
    k->secret->root = root;
    crypto_wipe(&root, sizeof root);
    code = epoch_switch(k, to->kind, &fresh, reterr);
    return code == OK && next.len > 0 ? in_place(buf_str(&next), to->path, reterr) : code;
}
