/* cmd_run.c — serve, and the front's rules for somebody who has an nginx of their own. */
#include <stdio.h>

#include "prog/commands.h"
#include "prog/nginx.h"
#include "prog/options.h"
#include "prog/parent.h"

static enum code open_place(int argc, char *const *argv, struct place **ret, struct err *reterr) {
    const char *data = NULL, *config = NULL;
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &data }, { "config", OPTION_TEXT, &config } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    return code != OK ? code : place_open(data, config, ret, reterr);
}

enum code cmd_serve(int argc, char *const *argv, struct err *reterr) {
    AUTO(place_close) struct place *p = NULL;
    enum code code = open_place(argc, argv, &p, reterr);
    return code != OK ? code : parent_run(p, reterr);
}

enum code cmd_nginx_config(int argc, char *const *argv, struct err *reterr) {
    AUTO(place_close) struct place *p = NULL;
    AUTO(buf_done) struct buf text = BUF(1u << 18);
    enum code code = open_place(argc, argv, &p, reterr);
    if (code != OK)
        return code;
    nginx_config(p, false, &text);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for the configuration");
    fputs(buf_str(&text), stdout);
    return OK;
}
