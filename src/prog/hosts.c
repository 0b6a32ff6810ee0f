/* hosts.c — see hosts.h. */
#include "prog/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rule.h"
#include "crypto/crypto.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "sys/files.h"

#define MACHINE_ID "/etc/machine-id"

enum code host_id(char ret[HOST_ID], struct err *reterr) {
    PRE(ret != NULL && reterr != NULL);
    AUTO(buf_done) struct buf text = BUF(4096);
    struct err ignored;
    uint8_t hash[HASH_SIZE];
    char name[256] = "";
    if (file_read(MACHINE_ID, &text, &ignored) != OK || strcspn(buf_str(&text), "\n") != 32) {       /* none, or "uninitialized" */
        if (gethostname(name, sizeof name - 1) != 0 || name[0] == 0)
            return err_set(reterr, E_SYSTEM, "this machine has neither an id (%s; systemd-machine-id-setup makes one) nor a host name", MACHINE_ID);
        buf_cut(&text, 0);
        buf_printf(&text, "host name %s", name);
    }
    buf_cut(&text, strcspn(buf_str(&text), "\n"));
    buf_text(&text, " sejf hosts");
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for the machine's id");
    hash_sha256(text.data, text.len, hash);
    for (size_t i = 0; i < (HOST_ID - 1) / 2; i++)
        snprintf(ret + 2 * i, 3, "%02x", hash[i]);
    return OK;
}

enum code host_check(const struct instance *i, struct charter *const *charters, size_t count, const char *id, struct err *reterr) {
    PRE(i != NULL && (count == 0 || charters != NULL) && id != NULL && reterr != NULL);
    for (size_t n = 0; n < count; n++)
        if (charter_value(charters[n], "hosts") != NULL && instance_own(i, id) == NULL && rule_on(RULE_hosts_declared))
            return err_set(reterr, E_CONFIG, "the charter %s lets sejf start on declared machines only, and this one (%s) is none of them: where it should be one, add \"- {id: %s, name: …}\" under \"hosts\" in %s",
                           charter_name(charters[n]), id, id, i->file);
    return OK;
}

enum code cmd_host(int argc, char *const *argv, struct err *reterr) {
    const char *data = NULL, *config = NULL;
    struct plain_words words;
    char id[HOST_ID];
    AUTO(place_close) struct place *p = NULL;
    const struct option options[] = { { "data", OPTION_TEXT, &data }, { "config", OPTION_TEXT, &config } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &words, reterr);
    if (code == OK)
        code = host_id(id, reterr);
    if (code == OK && data == NULL && config == NULL && getenv("SEJF_DATA") == NULL) {
        puts(id);
        return OK;
    }
    if (code == OK)
        code = place_open(data, config, &p, reterr);
    if (code != OK)
        return code;
    const struct own_host *own = instance_own(place_instance(p), id);
    if (own == NULL)
        printf("%s  not declared in %s\n", id, place_instance(p)->file);
    else
        printf("%s  %s%s%s%s%s\n", id, own->name, own->owner == NULL ? "" : ", of ", own->owner == NULL ? "" : own->owner, own->contract == NULL ? "" : ", by contract ",
               own->contract == NULL ? "" : own->contract);
    return OK;
}
