/* cmd_mail.c — letters by the command line: what became of them, and a try of the relay with one to oneself. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/uuid.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "prog/relay_try.h"
#include "records/post.h"
#include "sys/files.h"
#include "wire/mime.h"

static void show_letter(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    ask_column(ask_text(o, "made"), 20);
    ask_column(ask_text(o, "state"), 8);
    printf("%s %lld, %lld tr%s", ask_text(o, "cause"), (long long)json_integer_value(json_object_get(o, "about")), (long long)json_integer_value(json_object_get(o, "tries")),
           json_integer_value(json_object_get(o, "tries")) == 1 ? "y" : "ies");
    if (json_integer_value(json_object_get(o, "doubts")) > 0)
        printf(", %lld of them in doubt", (long long)json_integer_value(json_object_get(o, "doubts")));
    if (json_integer_value(json_object_get(o, "status")) > 0 || ask_text(o, "said")[0] != 0)
        printf(": %lld %s", (long long)json_integer_value(json_object_get(o, "status")), ask_text(o, "said"));
    printf("\n");
    json_decref(o);
}

enum code cmd_mail_list(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { 0 };
    int64_t tenant = -1;
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &how.data }, { "config", OPTION_TEXT, &how.config }, { "json", OPTION_FLAG, &how.json }, { "tenant", OPTION_NUMBER, &tenant } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK && tenant < 1)
        return err_set(reterr, E_USAGE, "--tenant N says whose letters (sejf tenant list)");
    return code != OK ? code : ask_done(&how, ask_request("mail_list", NULL, tenant), show_letter, reterr);
}

/* ---- a letter to oneself */

static enum code test_message(const struct mail_relay *m, const char *to, const char *id, struct buf *ret, struct err *reterr) {
    const struct mime_letter l = { .from = m->from, .from_name = m->name, .to = to, .id = id, .lang = "en", .made = clock_now(), .subject = "A letter from sejf, to try the relay",
                                   .text = "Somebody ran `sejf mail test` on the machine of this service.\nThe relay has taken this letter and it arrived: letters of the service arrive too.\n" };
    return mime_put(&l, ret, reterr);
}

static enum code outcome_of(const struct relay_tried *t, bool json, struct err *reterr) {
    static const char *const words[] = { [SMTP_SENT] = "taken", [SMTP_REFUSED] = "refused", [SMTP_LATER] = "put off", [SMTP_RELAY] = "no relay", [SMTP_IN_DOUBT] = "no answer" };
    if (json)
        printf("{\"outcome\":\"%s\",\"status\":%d,\"tls\":\"%s\"}\n", words[t->outcome], t->status, t->tls);
    if (t->outcome != SMTP_SENT)
        return err_set(reterr, E_PEER, "the relay has not taken the letter (%s): %d %s", words[t->outcome], t->status, t->said);
    if (!json)
        printf("the relay has taken it%s%s: %d %s\n", t->tls[0] == 0 ? "" : " over ", t->tls, t->status, t->said);
    return OK;
}

/* Through the outbox of a tenant, as any other letter goes. */
static enum code test_by_outbox(const struct asking *how, int64_t tenant, const char *to, const char *file, struct err *reterr) {
    AUTO(buf_wipe) struct buf bytes = BUF(POST_FILE_MAX), text = BUF(BASE64URL_ROOM(POST_FILE_MAX));
    enum code code = file == NULL ? OK : file_read(file, &bytes, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("mail_put", NULL, tenant), *r = NULL;
    ask_put(in, "to", to);
    if (file != NULL) {
        base64url_encode(bytes.data, bytes.len, &text);
        ask_put(in, "file", buf_str(&text));
    }
    code = ask_call(how, in, NULL, &r, reterr);
    if (code == OK && how->json)
        ask_print(r);
    else if (code == OK)
        printf("letter %s waits; sejf mail list --tenant %lld says what became of it\n", ask_text(r, "letter"), (long long)tenant);
    json_decref(r);
    return code;
}

enum code cmd_mail_test(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { 0 };
    struct plain_words w;
    AUTO(place_close) struct place *p = NULL;
    AUTO(buf_wipe) struct buf to = BUF(1024), message = BUF(64u << 10);
    struct relay_tried tried;
    struct uuid id = uuid_new();
    char text[UUID_TEXT];
    int64_t tenant = -1;
    const char *file = NULL;
    const struct option options[] = { { "tenant", OPTION_NUMBER, &tenant }, { "file", OPTION_TEXT, &file }, { "data", OPTION_TEXT, &how.data }, { "config", OPTION_TEXT, &how.config }, { "json", OPTION_FLAG, &how.json } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 1, &w, reterr);
    if (code == OK && file != NULL && tenant < 1)
        code = err_set(reterr, E_USAGE, "--file goes with --tenant N: the letter of a tenant's outbox");
    if (code == OK)
        code = ask_personal(w.count > 0 ? w.at[0] : NULL, "Address that the letter goes to", &to, reterr);
    if (code == OK && tenant > 0)
        return test_by_outbox(&how, tenant, buf_str(&to), file, reterr);
    if (code == OK)
        code = place_open(how.data, how.config, &p, reterr);
    const struct mail_relay *m = code == OK ? place_instance(p)->mail : NULL;
    if (code == OK && m == NULL)
        return err_set(reterr, E_NOT_FOUND, "sejf.yaml declares no relay (mail): docs/mail.md says how");
    if (code == OK)
        code = test_message(m, buf_str(&to), uuid_format(&id, text), &message, reterr);
    const struct smtp_letter letter = { m == NULL ? "" : m->from, buf_str(&to), text, message.data, message.len };
    if (code == OK)
        code = relay_try(p, &letter, &tried, reterr);
    return code == OK ? outcome_of(&tried, how.json, reterr) : code;
}
