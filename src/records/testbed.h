/* testbed.h — for the tests of this folder and of access: a service over a real store and a real keeper in a directory of its
 * own, with the charter text that the test gives. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "charter/load.h"
#include "keeper/server.h"
#include "records/records.h"
#include "store/agreement.h"
#include "store/tables.h"
#include "sys/files.h"
#include "sys/sockets.h"

struct bed {
    char directory[64], socket[96], keyring[96], root[96];
    struct keyring_options ring; pid_t pid; int stop, listen;
    struct store *store; struct keeper_client *keeper; struct charter *charter; struct service *service;
    int64_t tenant, other; struct err e;
};

/* The keeper is a child, forked before this process has threads. */
static void bed_keeper(struct bed *b) {
    int p[2];
    CHECK(pipe2(p, O_CLOEXEC) == 0);
    CHECK_OK(listen_unix(b->socket, 0600, &b->listen, &b->e), &b->e);
    b->stop = p[1];
    b->pid = fork();
    if (b->pid == 0) {
        struct keeper_config c = { .keyring = b->ring, .server_user = geteuid(), .stop_fd = p[0] };
        close(p[1]);
        enum code code = keeper_serve(&c, b->listen, &b->e);
        if (code != OK)
            fprintf(stderr, "keeper: %s\n", b->e.text);
        _exit(code == OK ? 0 : 1);
    }
    close(p[0]);
    CHECK_OK(keeper_connect(b->socket, &b->keeper, &b->e), &b->e);
}

static void bed_keeper_end(struct bed *b) {
    int status = 0;
    pid_t gone;
    b->keeper = keeper_close(b->keeper);
    close(b->stop);
    do
        gone = waitpid(b->pid, &status, 0);
    while (gone < 0 && errno == EINTR);       /* a fuzzer's alarm */
    CHECK(gone == b->pid && status == 0);
    close(b->listen);
}

static void bed_open(struct bed *b) {
    char files[128];
    snprintf(files, sizeof files, "%s/files", b->directory);
    CHECK_OK(store_open(&(struct store_options){ .directory = b->directory, .readers = 8, .queue = 8192 }, &b->store, &b->e), &b->e);
    CHECK_OK(service_open(b->charter, b->store, b->keeper, files, &b->service, &b->e), &b->e);
}

static void bed_shut(struct bed *b) {
    b->service = service_close(b->service);
    b->store = store_close(b->store);
}

static void bed_charter(struct bed *b, const char *text) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf said = BUF(1 << 20);
    enum code code = charter_load_text("test.yaml", text, strlen(text), f, &b->charter, &b->e);
    findings_print(f, &said);
    if (code != OK)
        fprintf(stderr, "%s%s\n", b->e.text, buf_str(&said));
    CHECK(code == OK);
}

/* Charters ask for an agreement before personal data; the tenants of a bed have one. */
static enum code bed_agreement(struct txn *t, void *arg, struct err *e) {
    int64_t number;
    (void)arg;
    return agreement_put(t, &(struct agreement_row){ .kind = "paper", .until = USEC_NEVER, .by = "operator" }, &number, e);
}
static void bed_agree(struct bed *b, int64_t tenant) { CHECK_OK(store_write(b->store, tenant, bed_agreement, NULL, &b->e), &b->e); }

static void bed_start(struct bed *b, const char *charter) {
    *b = (struct bed){ .directory = "/tmp/sejf-rec-XXXXXX" };
    CHECK(mkdtemp(b->directory) != NULL);
    CHECK_OK(crypto_init(&b->e), &b->e);
    bed_charter(b, charter);
    snprintf(b->keyring, sizeof b->keyring, "%s/keeper", b->directory);
    snprintf(b->root, sizeof b->root, "%s/root.key", b->directory);
    snprintf(b->socket, sizeof b->socket, "%s/socket", b->directory);
    b->ring = (struct keyring_options){ .directory = b->keyring, .root = { .kind = ROOT_FILE, .path = b->root }, .owner = uuid_new() };
    CHECK_OK(keyring_create(&b->ring, NULL, &b->e), &b->e);
    bed_keeper(b);
    bed_open(b);
    CHECK_OK(tenant_make(b->store, charter_name(b->charter), "one", false, &b->tenant, &b->e), &b->e);
    CHECK_OK(tenant_make(b->store, charter_name(b->charter), "two", false, &b->other, &b->e), &b->e);
    bed_agree(b, b->tenant);
    bed_agree(b, b->other);
}

static void bed_end(struct bed *b) {
    bed_shut(b);
    bed_keeper_end(b);
    b->charter = charter_free(b->charter);
    CHECK_OK(dir_remove(b->directory, &b->e), &b->e);
}

/* A charter's text with one passage in place of another. */
UNUSED static void bed_swap(struct buf *text, const char *from, const char *to) {
    AUTO(buf_done) struct buf b = BUF(1u << 16);
    const char *at = strstr(buf_str(text), from);
    CHECK(at != NULL);
    buf_add(&b, text->data, (size_t)(at - text->data));
    buf_text(&b, to);
    buf_text(&b, at + strlen(from));
    buf_cut(text, 0);
    buf_add(text, b.data, b.len);
}

/* The same records under another charter. */
UNUSED static void bed_under(struct bed *b, const char *charter) {
    bed_shut(b);
    b->charter = charter_free(b->charter);
    bed_charter(b, charter);
    bed_open(b);
}

UNUSED static struct caller bed_role(const struct bed *b, int64_t tenant, const char *role) {
    int person = charter_person(b->charter, role);
    CHECK(person >= 0);
    return (struct caller){ .tenant = tenant, .person = person, .token = 1, .subject_kind = -1 };
}

/* One call; the reply (or the mistakes) in *ret, which the caller frees. */
UNUSED static enum code bed_make(struct bed *b, const struct caller *who, const char *kind, json_t *input, json_t **ret) {
    struct record_request r = { .who = who, .kind = charter_kind(b->charter, kind), .input = input, .if_match = -1 };
    json_t *mistakes = NULL, *reply = NULL;
    b->e = (struct err){ 0 };
    enum code code = record_create(b->service, &r, &reply, &mistakes, &b->e);
    json_decref(input);
    *ret = code == OK ? reply : mistakes;
    return code;
}
static inline const char *text_at(const json_t *o, const char *a, const char *b) {
    const json_t *v = json_object_get(o, a);
    return json_string_value(b == NULL ? v : json_object_get(v, b));
}
static inline struct uuid id_of(const json_t *record) {
    struct uuid id = { { 0 } };
    const char *text = text_at(record, "id", NULL);
    CHECK(text != NULL && uuid_parse(text, &id));
    return id;
}
UNUSED static enum code bed_read(struct bed *b, const struct caller *who, const char *kind, const struct uuid *id, json_t **ret) {
    struct record_request r = { .who = who, .kind = charter_kind(b->charter, kind), .id = *id, .if_match = -1 };
    b->e = (struct err){ 0 };
    *ret = NULL;
    return record_read(b->service, &r, ret, &b->e);
}
UNUSED static enum code bed_change(struct bed *b, const struct caller *who, const char *kind, const struct uuid *id, int64_t match, json_t *patch, json_t **ret) {
    struct record_request r = { .who = who, .kind = charter_kind(b->charter, kind), .id = *id, .if_match = match, .input = patch };
    json_t *mistakes = NULL, *reply = NULL;
    b->e = (struct err){ 0 };
    enum code code = record_change(b->service, &r, &reply, &mistakes, &b->e);
    json_decref(patch);
    *ret = code == OK ? reply : mistakes;
    return code;
}
UNUSED static enum code bed_erase(struct bed *b, const struct caller *who, const char *kind, const struct uuid *id, json_t **ret) {
    struct record_request r = { .who = who, .kind = charter_kind(b->charter, kind), .id = *id, .if_match = -1 };
    b->e = (struct err){ 0 };
    *ret = NULL;
    return record_erase(b->service, &r, ret, &b->e);
}
