/* asks.h — how code of the operator's own is asked before a record is made or moved: a slot that is filled from above (messages/asking.h), for this folder
 * reaches nobody. Thread-safe. */
#pragma once
#include "charter/charter.h"

#define ASK_WHY 120u                         /* bytes of a reason; one line */
struct service;
enum ask_answer { ASK_SILENT /* none in time, or none that is one */, ASK_YES, ASK_NO };
/* body: {kind, what, id, parent?, field?, from?, to?, lang, fields}, without what the asker may not see. */
struct ask_question { struct service *service; int64_t tenant; const char *asker; int within_ms; const char *body; size_t len; bool by_form; };
struct ask_way {
    enum ask_answer (*ask)(void *arg, const struct ask_question *q, char ret_why[ASK_WHY + 1]);
    fieldset (*sees)(void *arg, const struct service *s, const char *asker, int kind, fieldset wanted);      /* of them, those that may leave to it */
    void *arg;
};
/* Before the first request. Without it nobody answers. */
void service_asks(struct service *s, const struct ask_way *way);
