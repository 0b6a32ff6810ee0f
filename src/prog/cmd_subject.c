/* cmd_subject.c — a person across kinds, its archive, and whether an archive is whole. The person's address comes from standard input: words
 * of a command line stand in process lists and shell histories. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "rights/access_pack.h"
#include "sys/files.h"

struct subject_ask { struct asking how; const char *email, *phone, *lang, *out, *public; bool portability; int64_t tenant; struct plain_words words; };

static enum code read_subject(int argc, char *const *argv, size_t words, struct subject_ask *a, struct err *reterr) {
    *a = (struct subject_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "email", OPTION_TEXT, &a->email },
        { "phone", OPTION_TEXT, &a->phone }, { "lang", OPTION_TEXT, &a->lang }, { "out", OPTION_TEXT, &a->out }, { "portability", OPTION_FLAG, &a->portability },
        { "public", OPTION_TEXT, &a->public },
    };
    return options_read(argc, argv, options, ARRAY_LEN(options), words, words, &a->words, reterr);
}

/* SERVICE TENANT and whom it is about: an e-mail address unless --phone is given; with both, both. */
static enum code whom(struct subject_ask *a, const char *verb, json_t **ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf email = BUF(1), phone = BUF(1);
    enum code code = ask_number(a->words.at[1], "sejf tenant list", &a->tenant, reterr);
    if (code == OK && (a->email != NULL || a->phone == NULL))
        code = ask_personal(a->email, "E-mail address of the person", &email, reterr);
    if (code == OK && a->phone != NULL)
        code = ask_personal(a->phone, "Telephone number of the person", &phone, reterr);
    if (code != OK)
        return code;
    *ret = ask_request(verb, a->words.at[0], a->tenant);
    ask_put(*ret, "email", email.len > 0 ? buf_str(&email) : NULL);
    ask_put(*ret, "phone", phone.len > 0 ? buf_str(&phone) : NULL);
    return OK;
}

static void show_record(const char *line, size_t len, void *arg) {
    json_t *r = json_loadb(line, len, 0, NULL);
    (void)arg;
    ask_column(ask_text(r, "kind"), 20);
    ask_column(ask_text(r, "id"), 36);
    printf("%s%s\n", ask_text(r, "created"), json_is_true(json_object_get(r, "own")) ? "" : "  somebody else's, names the person");
    json_decref(r);
}

static long long count_of(const json_t *r, const char *name) { return (long long)json_integer_value(json_object_get(r, name)); }

enum code cmd_subject_find(int argc, char *const *argv, struct err *reterr) {
    struct subject_ask a;
    json_t *in = NULL, *r = NULL;
    enum code code = read_subject(argc, argv, 2, &a, reterr);
    if (code == OK)
        code = whom(&a, "subject_find", &in, reterr);
    if (code == OK)
        code = ask_call(&a.how, in, show_record, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        printf("%lld of the person, %lld of somebody else, %lld left out (the same telephone, another address), %lld that cannot be read\n", count_of(r, "count"), count_of(r, "others"),
               count_of(r, "doubtful"), count_of(r, "damaged"));
    json_decref(r);
    return code;
}

/* ---- the archive */

struct saving { int fd; enum code code; struct err err; };

static void save_piece(const char *line, size_t len, void *arg) {
    struct saving *s = arg;
    uint8_t bytes[65536];
    size_t n = 0;
    json_t *r = s->code == OK ? json_loadb(line, len, 0, NULL) : NULL;
    const char *text = json_string_value(json_object_get(r, "bytes"));
    if (s->code == OK && (text == NULL || !base64url_decode(text, strlen(text), bytes, sizeof bytes, &n)))
        s->code = err_set(&s->err, E_PEER, "the server's answer is no archive");
    if (s->code == OK)
        s->code = fd_put(s->fd, bytes, n, &s->err);
    json_decref(r);
}

static enum code pack_call(const struct subject_ask *a, json_t *in, struct saving *s, json_t **ret, struct err *reterr) {
    AUTO(place_close) struct place *p = NULL;
    AUTO(session_close) struct session *session = NULL;
    enum code code = place_open(a->how.data, a->how.config, &p, reterr);
    if (code == OK)
        code = session_open(p, &session, reterr);
    if (code != OK) {
        json_decref(in);
        return code;
    }
    code = session_call(session, in, NULL, save_piece, s, ret, reterr);
    if (code == OK && s->code != OK) {
        code = s->code;
        *reterr = s->err;
    }
    if (code == OK && fsync(s->fd) != 0)
        code = err_errno(reterr, errno, "cannot write %s", a->out);
    return code;
}

/* A file that is there stays; one that was cut off goes. */
static enum code pack_save(const struct subject_ask *a, json_t *in, json_t **ret, struct err *reterr) {
    struct saving s = { .fd = open(a->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) };
    if (s.fd < 0) {
        json_decref(in);
        return err_errno(reterr, errno, "cannot make %s", a->out);
    }
    enum code code = pack_call(a, in, &s, ret, reterr);
    if (close(s.fd) != 0 && code == OK)
        code = err_errno(reterr, errno, "cannot write %s", a->out);
    if (code != OK)
        (void)unlink(a->out);
    return code;
}

enum code cmd_subject_pack(int argc, char *const *argv, struct err *reterr) {
    struct subject_ask a;
    json_t *in = NULL, *r = NULL;
    enum code code = read_subject(argc, argv, 2, &a, reterr);
    if (code == OK && a.out == NULL)
        code = err_set(reterr, E_USAGE, "--out FILE says where the archive goes");
    if (code == OK)
        code = whom(&a, "subject_pack", &in, reterr);
    if (code != OK)
        return code;
    ask_put(in, "purpose", a.portability ? "portability" : "access");
    ask_put(in, "lang", a.lang);
    code = pack_save(&a, in, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        printf("%s: %lld records, %lld files, %lld records of somebody else, %lld that cannot be read\n", a.out, count_of(r, "records"), count_of(r, "files"), count_of(r, "others"),
               count_of(r, "damaged"));
    json_decref(r);
    return code;
}

enum code cmd_pack_verify(int argc, char *const *argv, struct err *reterr) {
    struct subject_ask a;
    struct pack_check check;
    uint8_t public[PUBLIC_SIZE];
    char made[40];
    enum code code = read_subject(argc, argv, 1, &a, reterr);
    if (code != OK)
        return code;
    if (a.public != NULL && !hex_decode(a.public, strlen(a.public), public, sizeof public))
        return err_set(reterr, E_USAGE, "--public takes the 64 hexadecimal digits of the service's key");
    AUTO(fd_close) int fd = open(a.words.at[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", a.words.at[0]);
    code = access_pack_verify(fd, a.public != NULL ? public : NULL, &check, reterr);
    if (code != OK)
        return code;
    time_format(check.made, made, sizeof made);
    if (a.how.json)
        printf("{\"files\":%llu,\"service\":\"%s\",\"purpose\":\"%s\",\"made\":\"%s\",\"public_key\":\"%s\"}\n", (unsigned long long)check.files, check.service, check.purpose, made, check.key);
    else
        printf("The archive is whole: %llu files, of the service %s, for %s, made %s.\n%s %s\n", (unsigned long long)check.files, check.service, check.purpose, made,
               a.public != NULL ? "Signed with the key that you gave:" : "Signed with this key; ask the service whether it is its own:", check.key);
    return OK;
}
