/* cmd_keys.c — the keyring is touched by the keeper's user alone: what works on its files starts this program anew as that
 * user (crew_run) and does its work there. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "prog/commands.h"
#include "prog/keys.h"
#include "prog/options.h"
#include "prog/session.h"
#include "sys/files.h"

enum code keys_options(struct place *p, int secret, struct keyring_options *ret, struct err *reterr) {
    static const enum root_kind kinds[] = { [ROOT_IN_FILE] = ROOT_FILE, [ROOT_BY_PASSPHRASE] = ROOT_PASSPHRASE, [ROOT_IN_CREDENTIAL] = ROOT_CREDENTIAL };
    const struct instance *i = place_instance(p);
    *ret = (struct keyring_options){ .directory = place_path(p, "keeper"), .root = { .kind = kinds[i->root], .path = i->root_at, .fd = secret },
                                     .unwraps_per_minute = (uint64_t)i->key_openings, .destructions_per_day = (uint64_t)i->key_destructions };
    if (secret >= 0 && lseek(secret, 0, SEEK_SET) != 0)      /* an earlier keeper has read it */
        return err_set(reterr, E_KEY, "the passphrase cannot be read again: end sejf and start it anew");
    return place_id(p, &ret->owner, reterr);
}

struct key_args { struct place *place; bool json; int64_t secret, next; const char *credential; };

static enum code key_args(int argc, char *const *argv, struct key_args *ret, struct err *reterr) {
    const char *data = NULL, *config = NULL;
    struct plain_words w;
    *ret = (struct key_args){ .secret = -1, .next = -1 };
    const struct option options[] = { { "data", OPTION_TEXT, &data }, { "config", OPTION_TEXT, &config }, { "json", OPTION_FLAG, &ret->json },
                                      { "secret", OPTION_NUMBER, &ret->secret }, { "next", OPTION_NUMBER, &ret->next },
                                      { "credential", OPTION_TEXT, &ret->credential } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK)
        code = place_open(data, config, &ret->place, reterr);
    return code != OK ? code : place_check_version(ret->place, reterr);
}

/* ---- as the keeper's user */

enum code cmd_keeper_init(int argc, char *const *argv, struct err *reterr) {
    struct key_args a;
    struct keyring_options o;
    enum code code = key_args(argc, argv, &a, reterr);
    AUTO(place_close) UNUSED struct place *p = a.place;
    if (code == OK)
        code = keys_options(p, (int)a.secret, &o, reterr);
    return code != OK ? code : keyring_create(&o, NULL, reterr);
}

enum code cmd_keeper_rotate(int argc, char *const *argv, struct err *reterr) {
    struct key_args a;
    struct keyring_options o;
    enum code code = key_args(argc, argv, &a, reterr);
    AUTO(place_close) UNUSED struct place *p = a.place;
    if (code == OK)
        code = keys_options(p, (int)a.secret, &o, reterr);
    if (code != OK)
        return code;
    struct root_source to = o.root;
    if (a.next >= 0 || a.credential != NULL)
        to.fd = (int)a.next;
    if (a.credential != NULL)
        to.path = a.credential;
    return keyring_rotate(&o, &to, NULL, reterr);
}

/* ---- as whoever asked */

/* The words of an internal command, with the passphrases that it needs. */
static enum code run_as_keeper(struct place *p, const struct crew *c, const char *command, bool next, const char *credential, struct err *reterr) {
    const char *words[8] = { command };
    size_t n = 1;
    AUTO(fd_close) int secret = -1;
    AUTO(fd_close) int then = -1;
    enum code code = crew_secret(p, next ? "Passphrase until now: " : "Passphrase of the root key: ", NULL, &secret, reterr);
    if (code == OK && (next || credential != NULL))
        code = crew_secret(p, "Passphrase from now on: ", credential, &then, reterr);
    if (code != OK)
        return code;
    const int fds[] = { secret, then };
    size_t fd_count = secret < 0 ? 0 : then < 0 ? 1 : 2;
    static const char *const named[] = { "--secret", "3", "--next", "4" };
    for (size_t i = 0; i < 2 * fd_count; i++)
        words[n++] = named[i];
    if (credential != NULL) {
        words[n++] = "--credential";
        words[n++] = credential;
    }
    return crew_run(p, c, KEEPER, words, n, fds, fd_count, reterr);
}

enum code keys_make(struct place *p, const struct crew *c, bool *ret_made, struct err *reterr) {
    struct uuid id;
    enum code code = place_id(p, &id, reterr);         /* by us: the keeper's user may not write there */
    *ret_made = !file_exists(place_path(p, "keeper/keyring.db"));
    return code != OK || !*ret_made ? code : run_as_keeper(p, c, "keeper-init", false, NULL, reterr);
}

enum code cmd_key_init(int argc, char *const *argv, struct err *reterr) {
    struct key_args a;
    struct crew crew;
    bool made = false;
    AUTO(fd_close) int lock = -1;
    enum code code = key_args(argc, argv, &a, reterr);
    AUTO(place_close) UNUSED struct place *p = a.place;
    if (code == OK)
        code = place_lock(p, 0, &lock, reterr);
    if (code != OK)
        return code;
    crew_find(p, &crew);
    code = crew_directories(p, &crew, reterr);
    if (code == OK)
        code = keys_make(p, &crew, &made, reterr);
    if (code == OK && !made)
        return err_set(reterr, E_CONFLICT, "%s has a keyring already, and nothing was changed: a new one could not open anything that is stored. `sejf key rotate` renews its root key", place_data(p));
    return code;
}

enum code cmd_key_rotate(int argc, char *const *argv, struct err *reterr) {
    struct key_args a;
    struct crew crew;
    AUTO(fd_close) int lock = -1;
    enum code code = key_args(argc, argv, &a, reterr);
    AUTO(place_close) UNUSED struct place *p = a.place;
    if (code == OK)
        code = place_lock(p, 0, &lock, reterr);
    if (code != OK)
        return code;
    enum root_place root = place_instance(p)->root;
    if ((root == ROOT_IN_CREDENTIAL) != (a.credential != NULL))
        return err_set(reterr, E_USAGE, root == ROOT_IN_CREDENTIAL ? "--credential names the credential that comes next; afterwards it stands in sejf.yaml"
                                                                   : "--credential goes with root_key: credential only");
    crew_find(p, &crew);
    code = run_as_keeper(p, &crew, "keeper-rotate", root == ROOT_BY_PASSPHRASE, a.credential, reterr);
    if (code == OK)
        printf("There is a new root key and a new epoch key.%s\n", a.credential == NULL ? "" : " Write its name into sejf.yaml now (root_key: credential …).");
    return code;
}

/* ---- by the server, or a keeper of our own */

static enum code ask(int argc, char *const *argv, const char *verb, struct key_args *a, json_t **ret, struct err *reterr) {
    enum code code = key_args(argc, argv, a, reterr);
    AUTO(session_close) struct session *s = NULL;
    if (code == OK)
        code = session_open(a->place, &s, reterr);
    return code != OK ? code : session_call(s, json_pack("{s:s}", "do", verb), NULL, NULL, NULL, ret, reterr);
}

static long long number(const json_t *o, const char *name) { return (long long)json_integer_value(json_object_get(o, name)); }
static const char *text(const json_t *o, const char *name) {
    const char *t = json_string_value(json_object_get(o, name));
    return t == NULL ? "" : t;
}

enum code cmd_key_status(int argc, char *const *argv, struct err *reterr) {
    struct key_args a;
    json_t *r = NULL;
    enum code code = ask(argc, argv, "key_status", &a, &r, reterr);
    AUTO(place_close) UNUSED struct place *p = a.place;
    if (code != OK)
        return code;
    if (a.json)
        json_dumpf(r, stdout, JSON_COMPACT);
    else
        printf("epoch %lld, %lld buckets, %lld keys\n%lld destroyed and not final yet\n"
               "%lld destroyed today, at most %lld (key_destructions), and %lld more by sejf key allow\n"
               "%lld opened in this minute, at most %lld for each tenant (key_openings)\nlast renewal: %s\nroot key from: %s\n"
               "epoch slots overwritten in place: %s (file system %s)", number(r, "epoch"), number(r, "buckets"), number(r, "keys"), number(r, "pending"),
               number(r, "destroyed_today"), number(r, "destroyed_most"), number(r, "allowed_today"), number(r, "opened_minute"), number(r, "opened_most"), text(r, "renewed")[0] == 0 ? "none yet" : text(r, "renewed"), text(r, "root"),
               json_is_true(json_object_get(r, "in_place")) ? "yes" : "no", text(r, "filesystem"));
    printf("\n");
    json_decref(r);
    return OK;
}

/* Straight to the keeper, which looks at who asks. */
enum code cmd_key_allow(int argc, char *const *argv, struct err *reterr) {
    const char *data = NULL, *config = NULL;
    int64_t number = 0;
    struct plain_words w;
    AUTO(place_close) struct place *p = NULL;
    AUTO(keeper_close) struct keeper_client *k = NULL;
    const struct option options[] = { { "data", OPTION_TEXT, &data }, { "config", OPTION_TEXT, &config } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 1, 1, &w, reterr);
    if (code == OK && !text_int(w.at[0], 1, INT64_C(1000000000), &number))
        return err_set(reterr, E_USAGE, "\"%s\" is not a number of keys from 1 to 1000000000", w.at[0]);
    if (code == OK)
        code = place_open(data, config, &p, reterr);
    if (code == OK)
        code = keeper_connect(place_path(p, "run/keeper.sock"), &k, reterr);
    if (code == E_PEER)
        return err_prefix(reterr, "sejf serve must be running");
    if (code == OK)
        code = keeper_allow(k, (uint64_t)number, reterr);
    if (code == OK)
        printf("%lld more keys may be destroyed today.\n", (long long)number);
    return code;
}

enum code cmd_renew(int argc, char *const *argv, struct err *reterr) {
    struct key_args a;
    json_t *r = NULL;
    enum code code = ask(argc, argv, "renew", &a, &r, reterr);
    AUTO(place_close) UNUSED struct place *p = a.place;
    if (code != OK)
        return code;
    if (a.json)
        json_dumpf(r, stdout, JSON_COMPACT);
    else if (number(r, "buckets") == 0)
        printf("Nothing was destroyed since the last renewal.");
    else {
        if (number(r, "unused") > 0)
            printf("%lld keys that were made ahead and never used were destroyed, too.\n", number(r, "unused"));
        printf("Final now: %lld buckets have new keys, %lld keys were wrapped anew, epoch %lld, %lld ms.", number(r, "buckets"), number(r, "keys"),
               number(r, "epoch"), number(r, "took") / 1000);
    }
    if (!a.json && number(r, "certificates") > 0)
        printf("\nCertificates made: %lld (sejf certificate list).", number(r, "certificates"));
    printf("\n");
    json_decref(r);
    return OK;
}

/* A verb whose answer is said with one number of it, or none. */
static enum code ask_and_say(int argc, char *const *argv, const char *verb, const char *member, const char *says, struct err *reterr) {
    struct key_args a;
    json_t *r = NULL;
    enum code code = ask(argc, argv, verb, &a, &r, reterr);
    AUTO(place_close) UNUSED struct place *p = a.place;
    if (code == OK)
        printf("%s", says);
    if (code == OK && member != NULL)
        printf(" %lld", number(r, member));
    if (code == OK)
        printf(".\n");
    json_decref(r);
    return code;
}

enum code cmd_index_renew(int argc, char *const *argv, struct err *reterr) {
    return ask_and_say(argc, argv, "index_renew", "generation", "The index is under a new key, number", reterr);
}

enum code cmd_index_rebuild(int argc, char *const *argv, struct err *reterr) {
    return ask_and_say(argc, argv, "rebuild_index", NULL, "The index was made anew from the records", reterr);
}
