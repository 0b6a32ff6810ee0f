/* webhook_read.c — a definition of a webhook, as a tenant gives it: read strictly, with all its mistakes. */
#include <string.h>

#include "messages/webhook.h"

#define LABEL_MOST 200u

bool webhook_wants(const fieldset *kinds, int kind) { return kind >= 0 && kind < KINDS_MAX && (kinds[kind / 64] >> (kind % 64) & 1) != 0; }

struct reading { const struct charter *c; struct webhook_wish w; json_t *mistakes; bool lost; };

static void mistake(struct reading *r, const char *path, const char *text) {
    if (r->mistakes == NULL || json_array_append_new(r->mistakes, json_pack("{s:s, s:s}", "path", path, "text", text)) != 0)
        r->lost = true;
}

static bool is_line(const char *text, size_t most) {
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return text[0] != 0 && strlen(text) <= most;
}

static void read_url(struct reading *r, const json_t *v) {
    const char *text = json_string_value(v);
    if (text != NULL && strlen(text) == json_string_length(v) && weburl_read(text, &r->w.to))
        r->w.url = text;
    else
        mistake(r, "/url", "an address is wanted here, such as https://hooks.company.example/sejf: https, a host, perhaps a port, at most 1000 characters, no user and no fragment");
}

static void read_kinds(struct reading *r, const json_t *v) {
    size_t n = json_array_size(v);
    bool fine = n > 0 && n <= KINDS_MAX;
    for (size_t i = 0; i < n && fine; i++) {
        const char *name = json_string_value(json_array_get(v, i));
        int kind = name == NULL ? -1 : charter_kind(r->c, name);
        fine = kind >= 0;
        if (fine)
            r->w.kinds[kind / 64] |= (fieldset)1 << (kind % 64);
    }
    r->w.kind_count = fine ? n : 0;
    if (!fine)
        mistake(r, "/kinds", "a list of kinds of the charter is wanted here, at least one");
}

static void read_label(struct reading *r, const json_t *v) {
    const char *text = json_string_value(v);
    if (text != NULL && is_line(text, LABEL_MOST))
        r->w.label = text;
    else
        mistake(r, "/label", "a line of 1 to 200 bytes is wanted here");
}

static void read_purpose(struct reading *r, const json_t *v) {
    const char *text = json_string_value(v);
    if (text != NULL && is_line(text, LABEL_MOST))
        r->w.purpose = text;
    else
        mistake(r, "/purpose", "a purpose is wanted here, as used_for of the kinds names it");
}

static void read_after(struct reading *r, const json_t *v) {
    if (json_is_integer(v) && json_integer_value(v) >= 0)
        r->w.after = json_integer_value(v);
    else
        mistake(r, "/after", "a change number is wanted here: what changed after it is told; 0: everything that there is");
}

static void read_state(struct reading *r, const json_t *v) {
    const char *text = json_string_value(v);
    if (text != NULL && (strcmp(text, "on") == 0 || strcmp(text, "paused") == 0))
        r->w.state = text[0] == 'o' ? WEBHOOK_ON : WEBHOOK_PAUSED;
    else
        mistake(r, "/state", "\"on\" or \"paused\" is wanted here");
}

static const struct member { const char *name; void (*read)(struct reading *r, const json_t *v); bool when_made, when_changed, needed; } members[] = {
    { "url", read_url, true, true, true }, { "kinds", read_kinds, true, true, true }, { "label", read_label, true, true, false }, { "purpose", read_purpose, true, true, false },
    { "after", read_after, true, false, false }, { "state", read_state, false, true, false },
};

static void read_member(struct reading *r, const char *name, const json_t *v, bool part) {
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(members[i].name, name) == 0 && (part ? members[i].when_changed : members[i].when_made)) {
            members[i].read(r, v);
            return;
        }
    mistake(r, "", part ? "of a webhook url, kinds, label, purpose and state can be changed, and nothing else" : "a webhook has url, kinds, label, purpose and after, and nothing else");
}

enum code webhook_read(const struct charter *c, const json_t *in, bool part, struct webhook_wish *ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(c != NULL && in != NULL && ret != NULL && ret_mistakes != NULL && reterr != NULL);
    struct reading r = { .c = c, .w = { .after = -1, .state = -1 }, .mistakes = json_array() };
    const char *name;
    json_t *v, *object = json_is_object(in) ? json_copy((json_t *)(uintptr_t)in) : NULL;
    if (object == NULL)
        mistake(&r, "", "a JSON object is wanted here");
    json_object_foreach(object, name, v)
        if (json_array_size(r.mistakes) < 20)
            read_member(&r, name, v, part);
    for (size_t i = 0; i < ARRAY_LEN(members) && !part && object != NULL; i++)
        if (members[i].needed && json_object_get(object, members[i].name) == NULL)
            mistake(&r, members[i].name[0] == 'u' ? "/url" : "/kinds", "this is missing");
    json_decref(object);
    if (r.lost || json_array_size(r.mistakes) > 0) {
        if (!r.lost)
            *ret_mistakes = json_incref(r.mistakes);
        json_decref(r.mistakes);
        return r.lost ? err_set(reterr, E_MEMORY, "no memory for a webhook") : err_set(reterr, E_FIELDS, "this is no definition of a webhook");
    }
    json_decref(r.mistakes);
    *ret = r.w;
    return OK;
}
