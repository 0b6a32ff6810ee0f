/* probes_remind.c — a reminder carries the number and the time, and what its line names, and nothing else. */
#include <stdio.h>
#include <string.h>

#include "promises/probes.h"

/* A kind whose line of `remind` says what alone stands in the text; -1. */
static int minimal_kind(const struct env *e) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds);
    for (size_t i = 0; i < n; i++)
        if (kinds[i].remind.said && kinds[i].remind.only && kinds[i].remind.anchor >= 0)
            return (int)i;
    return -1;
}

/* A field that a text of that kind could name, and that the line does not let a reminder hold; NULL: none. */
static const char *more_than_it_may(const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if ((int)i != k->remind.anchor && (k->remind.fields >> i & 1) == 0 && k->fields[i].consent == NULL && (k->fields[i].type == T_TEXT || k->fields[i].type == T_NAME || k->fields[i].type == T_EMAIL))
            return k->fields[i].name;
    return NULL;
}

static enum code put(struct env *e, const char *kind, const char *text, int *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    char path[128];
    json_t *body = json_pack("{s:s, s:[s], s:{s:s}}", "kind", kind, "values", "when", lang_code(charter_first_lang(env_charter(e))), "text", text);
    snprintf(path, sizeof path, "/v1/%s/templates/reminder", env_service(e));
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a probe") : env_call(e, &(struct call){ .method = "PUT", .path = path, .body = body }, &a, reterr);
    json_decref(body);
    *ret = a.status;
    return code;
}

enum code probe_remind(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = minimal_kind(e), named = 0, linked = 0, timed = 0;
    const struct kind *k = kind < 0 ? NULL : charter_kind_at(env_charter(e), kind);
    const char *more = k == NULL ? NULL : more_than_it_may(k);
    char text[200];
    if (more == NULL)
        return kind < 0 ? SAY(v, true, "no reminder of the charter is held to the number and the time") : err_set(reterr, E_BROKEN, "the records that are reminded of hold nothing more that a text could name");
    snprintf(text, sizeof text, "{{when}}: {{%s}}", more);
    enum code code = put(e, k->name, text, &named, reterr);
    if (code == OK)
        code = put(e, k->name, "{{when}}: {{link}}", &linked, reterr);
    if (code == OK)
        code = put(e, k->name, "{{when}}", &timed, reterr);
    if (code != OK)
        return code;
    if (timed != 200)
        return err_set(reterr, E_BROKEN, "a text of reminders with the time alone was answered %d", timed);
    return named == 422 && linked == 422 ? SAY(v, true, "a text of reminders that names more, or links to the record, is refused; one with the time alone is taken")
                                         : SAY(v, false, "a text of reminders that names more was answered %d, and one with a link %d", named, linked);
}
