/* ask.c — invariant: a personal word of the command line is gone from it once it was taken. */
#include "prog/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/files.h"

#define LINE_MOST 1024u                      /* of a name or an address */
#define DOCUMENT_MOST (12u << 20)

json_t *ask_request(const char *verb, const char *service, int64_t tenant) {
    json_t *o = json_pack("{s:s}", "do", verb);
    ask_put(o, "service", service);
    if (tenant >= 0)
        json_object_set_new(o, "tenant", json_integer(tenant));
    return o;
}

void ask_put(json_t *o, const char *name, const char *value) {
    if (value != NULL)
        json_object_set_new(o, name, json_string(value));
}

static void show_raw(const char *line, size_t len, void *arg) {
    (void)arg;
    printf("%.*s\n", (int)len, line);
}

enum code ask_call(const struct asking *a, json_t *in, line_fn show, json_t **ret, struct err *reterr) {
    AUTO(place_close) struct place *p = NULL;
    AUTO(session_close) struct session *s = NULL;
    enum code code = place_open(a->data, a->config, &p, reterr);
    if (code == OK)
        code = session_open(p, &s, reterr);
    if (code != OK) {
        json_decref(in);
        return code;
    }
    return session_call(s, in, NULL, show != NULL && a->json ? show_raw : show, NULL, ret, reterr);
}

enum code ask_done(const struct asking *a, json_t *in, line_fn show, struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(a, in, show, &r, reterr);
    json_decref(r);
    return code;
}

static enum code document_put(int fd, const char *text, struct err *reterr) {
    AUTO(buf_wipe) struct buf bytes = BUF(DOCUMENT_MOST);
    size_t len = 0, room = strlen(text);
    char *at = buf_more(&bytes, room + 1);
    if (at == NULL || !base64url_decode(text, room, at, room + 1, &len))
        return err_set(reterr, at == NULL ? E_MEMORY : E_PEER, at == NULL ? "no memory for a document" : "the answer holds no document");
    if (ftruncate(fd, 0) != 0)
        return err_errno(reterr, errno, "cannot write the document");
    return fd_put(fd, at, len, reterr);
}

enum code ask_document(const struct asking *a, json_t *in, const char *out, struct err *reterr) {
    json_t *r = NULL;
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    AUTO(fd_close) int fd = out == NULL ? -1 : open(out, flags | O_EXCL, 0600);
    bool fresh = fd >= 0;
    if (out != NULL && fd < 0 && errno == EEXIST)
        fd = open(out, flags, 0600);           /* what stands there stays until there is another */
    if (fd < 0) {
        json_decref(in);
        return out == NULL ? err_set(reterr, E_USAGE, "--out names the file to write") : err_errno(reterr, errno, "cannot make %s", out);
    }
    enum code code = ask_call(a, in, NULL, &r, reterr);
    if (code == OK)
        code = document_put(fd, ask_text(r, "pdf"), reterr);
    if (code != OK && fresh)
        (void)unlink(out);
    json_decref(r);
    return code;
}

enum code ask_number(const char *word, const char *seen, int64_t *ret, struct err *reterr) {
    return text_int(word, 1, INT64_MAX, ret) ? OK : err_set(reterr, E_USAGE, "\"%s\" is not a number; `%s` shows them", word, seen);
}

/* Byte by byte: what stands behind the line is the next question's. */
static enum code read_line(const char *prompt, struct buf *ret, struct err *reterr) {
    char c = 0;
    ssize_t n;
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "%s: ", prompt);
    for (;;) {
        n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || c == '\n')
            break;
        if (c != '\r')
            buf_char(ret, c);
    }
    if (n < 0)
        return err_errno(reterr, errno, "cannot read standard input");
    if (ret->failed)
        return err_set(reterr, E_USAGE, "%s: a line of standard input is too long", prompt);
    return ret->len > 0 ? OK : err_set(reterr, E_USAGE, "%s: standard input has no line for it", prompt);
}

enum code ask_personal(const char *given, const char *prompt, struct buf *ret, struct err *reterr) {
    *ret = BUF(LINE_MOST);
    if (given == NULL || strcmp(given, "-") == 0)
        return read_line(prompt, ret, reterr);
    buf_text(ret, given);
    explicit_bzero((char *)(uintptr_t)given, strlen(given));
    return ret->failed ? err_set(reterr, E_USAGE, "%s: that is too long", prompt) : OK;
}

void ask_print(json_t *r) {
    json_object_del(r, "ok");
    json_dumpf(r, stdout, JSON_COMPACT);
    putchar('\n');
}

const char *ask_text(const json_t *o, const char *name) { return json_string_value(json_object_get(o, name)) ?: ""; }

void ask_column(const char *text, size_t width) {
    size_t wide = text_points(text);
    printf("%s%*s", text, (int)(wide < width ? width - wide : 0) + 2, "");
}
