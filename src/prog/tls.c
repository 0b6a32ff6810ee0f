/* tls.c — invariant: certificate and key on disk fit; they are replaced key first, and the pair is checked at each start. */
#include "prog/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "prog/nginx.h"
#include "sys/files.h"

#define SELF_MADE_DAYS 397
#define RENEW_BEFORE (30 * USEC_PER_DAY)
#define CLOCK_DOUBT (31 * USEC_PER_DAY)
#define CLOCK_LEAST (INT64_C(1767225600) * USEC_PER_SEC)     /* 2026: before it, the clock is wrong */
#define PEM_MAX (1u << 20)
#define NAMES_MAX 80u

static enum code write_owned(const char *path, const void *bytes, size_t len, mode_t mode, const struct user *owner, struct err *reterr) {
    enum code code = file_write(path, bytes, len, mode, reterr);
    if (code == OK && owner != NULL && chown(path, owner->uid, owner->gid) != 0)
        return err_errno(reterr, errno, "cannot give %s to %s", path, owner->name);
    return code;
}

/* Every name and address under which it may be reached. */
static size_t names_of(const struct instance *i, const char *ret[NAMES_MAX]) {
    static const char *const local[] = { "localhost", "127.0.0.1", "::1" };
    size_t n = 0;
    ret[n++] = i->host;
    for (size_t k = 0; k < i->name_count && n < NAMES_MAX - 3; k++)
        ret[n++] = i->names[k];
    for (size_t k = 0; k < ARRAY_LEN(local); k++)
        if (strcmp(i->host, local[k]) != 0)
            ret[n++] = local[k];
    return n;
}

static enum code make_own(struct place *p, const struct user *owner, struct err *reterr) {
    const char *names[NAMES_MAX];
    size_t n = names_of(place_instance(p), names);
    AUTO(buf_done) struct buf authority = BUF(PEM_MAX);
    AUTO(buf_done) struct buf chain = BUF(PEM_MAX);
    AUTO(buf_wipe) struct buf key = BUF(PEM_MAX);
    enum code code = cert_make(names, n, clock_now(), SELF_MADE_DAYS, &authority, &chain, &key, reterr);
    if (code == OK)
        code = write_owned(place_path(p, "tls/key.pem"), key.data, key.len, 0600, owner, reterr);
    if (code == OK)
        code = write_owned(place_path(p, "tls/chain.pem"), chain.data, chain.len, 0644, owner, reterr);
    return code != OK ? code : write_owned(place_path(p, "tls/ca.pem"), authority.data, authority.len, 0644, owner, reterr);
}

static bool own_is_good(struct place *p) {
    const char *names[NAMES_MAX];
    size_t n = names_of(place_instance(p), names);
    struct cert_info info;
    struct err e;
    AUTO(buf_done) struct buf chain = BUF(PEM_MAX);
    AUTO(buf_wipe) struct buf key = BUF(PEM_MAX);
    if (file_read(place_path(p, "tls/chain.pem"), &chain, &e) != OK || file_read(place_path(p, "tls/key.pem"), &key, &e) != OK
        || !file_exists(place_path(p, "tls/ca.pem")) || cert_read(chain.data, chain.len, &info, &e) != OK
        || cert_key_fits(chain.data, chain.len, key.data, key.len, &e) != OK)
        return false;
    for (size_t k = 0; k < n; k++)
        if (!cert_covers(chain.data, chain.len, names[k]))
            return false;
    /* One from the future was made by a clock that was wrong; a clock that is wrong now makes no new one, for clients trust the old. */
    bool future = info.from > clock_now() + CLOCK_DOUBT && clock_now() > CLOCK_LEAST;
    return !future && clock_now() < info.until - RENEW_BEFORE;
}

/* The operator's key is for its owner alone, often root; nginx, as a user of its own, reads a copy that is for it alone. */
static enum code check_given(struct place *p, const struct user *owner, struct err *reterr) {
    const struct instance *i = place_instance(p);
    AUTO(buf_done) struct buf chain = BUF(PEM_MAX);
    AUTO(buf_wipe) struct buf key = BUF(PEM_MAX);
    struct cert_info info;
    char until[40];
    enum code code = file_check_secret(i->key, reterr);
    if (code == OK && (code = file_read(i->certificate, &chain, reterr)) == OK && (code = file_read(i->key, &key, reterr)) == OK
        && (code = cert_read(chain.data, chain.len, &info, reterr)) == OK)
        code = cert_key_fits(chain.data, chain.len, key.data, key.len, reterr);
    if (code != OK)
        return err_prefix(reterr, "certificate %s", i->certificate);
    if (!cert_covers(chain.data, chain.len, i->host))
        return err_set(reterr, E_CONFIG, "the certificate %s is not for the host %s of sejf.yaml: put one for that host there, or name its host in sejf.yaml", i->certificate, i->host);
    if (clock_now() >= info.until)
        return err_set(reterr, E_CONFIG, "the certificate %s ended at %s; put a new one there, then start again (or send SIGHUP)",
                       i->certificate, time_format(info.until, until, sizeof until));
    code = write_owned(place_path(p, "tls/given-key.pem"), key.data, key.len, 0600, owner, reterr);
    return code != OK ? code : write_owned(place_path(p, "tls/given-chain.pem"), chain.data, chain.len, 0644, owner, reterr);
}

/* What an earlier start made as one user becomes nginx's: key, certificate, ticket keys. */
static enum code give_all(struct place *p, const struct user *owner, struct err *reterr) {
    static const char *const names[] = { "key.pem", "chain.pem", "ca.pem", "ticket-0.key", "ticket-1.key", "ticket-2.key" };
    _Static_assert(TICKET_KEYS == 3, "each ticket key is named");
    uid_t uid = owner == NULL ? geteuid() : owner->uid;
    gid_t gid = owner == NULL ? getegid() : owner->gid;
    for (size_t n = 0; geteuid() == 0 && n < ARRAY_LEN(names); n++) {
        const char *path = place_path(p, "tls/%s", names[n]);
        if (chown(path, uid, gid) != 0 && errno != ENOENT)
            return err_errno(reterr, errno, "cannot give %s to its user", path);
    }
    return OK;
}

enum code tls_prepare(struct place *p, const struct user *owner, bool *ret_changed, struct err *reterr) {
    enum code code = give_all(p, owner, reterr);
    if (code != OK)
        return code;
    if (place_instance(p)->certificate != NULL) {
        *ret_changed = true;                 /* nginx looks for itself whether it is a new one */
        return check_given(p, owner, reterr);
    }
    *ret_changed = !own_is_good(p);
    return *ret_changed ? make_own(p, owner, reterr) : OK;
}

enum code tls_tickets(struct place *p, const struct user *owner, bool rotate, struct err *reterr) {
    uint8_t bytes[TICKET_KEY_SIZE];
    enum code code = OK;
    for (int k = TICKET_KEYS - 1; rotate && k > 0; k--)
        if (rename(place_path(p, "tls/ticket-%d.key", k - 1), place_path(p, "tls/ticket-%d.key", k)) != 0 && errno != ENOENT)
            return err_errno(reterr, errno, "cannot rotate the keys of session tickets");
    for (int k = 0; code == OK && k < TICKET_KEYS; k++) {
        const char *path = place_path(p, "tls/ticket-%d.key", k);
        if (file_exists(path))
            continue;
        crypto_random(bytes, sizeof bytes);
        code = write_owned(path, bytes, sizeof bytes, 0600, owner, reterr);
    }
    crypto_wipe(bytes, sizeof bytes);
    return code;
}

const char *tls_authority(struct place *p) {
    return place_instance(p)->certificate != NULL ? NULL : place_path(p, "tls/ca.pem");
}
