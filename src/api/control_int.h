/* control_int.h — one control call, shared by the files of the control socket. */
#pragma once
#include "api/service.h"

struct control_req {
    struct api *api;
    struct store *store;
    struct service *service;                  /* NULL: none was named */
    int64_t tenant;                           /* of verbs that need one */
    json_t *in;                               /* borrowed */
    const struct source *body;
    const struct sink *out;
    json_t *reply;                            /* members of the last line */
    bool reader_gone;
};
bool control_say(struct control_req *c, const json_t *line);
const char *control_text(const struct control_req *c, const char *name);
