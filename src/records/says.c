/* says.c — made from says.tbl. */
#include "records/says.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static const struct words texts[SAYS_COUNT] = {
    [SAYS_OK] = WORDS("", "", ""),
#define SAY(name, en, pl, hu) [SAYS_##name] = WORDS(en, pl, hu),
#include "records/says.tbl"
#undef SAY
};

const char *says_text(enum says says, enum lang lang) { return texts[says].in[lang]; }

void mistakes_add(struct mistakes *m, const char *path, enum says says, const char *arg) {
    AUTO(buf_done) struct buf b = BUF(1024);
    const char *text = says_text(says, m->lang), *at = strstr(text, "%s");
    if (m->list == NULL)
        m->list = json_array();
    if (m->list != NULL && json_array_size(m->list) >= MISTAKES_MAX)
        return;
    if (at != NULL) {
        buf_add(&b, text, (size_t)(at - text));
        buf_text(&b, arg == NULL ? "" : arg);
        text = at + 2;
    }
    buf_text(&b, text);
    m->lost |= b.failed || json_array_append_new(m->list, json_pack("{s:s, s:s}", "path", path, "text", buf_str(&b))) != 0;
}

void mistakes_add_say(struct mistakes *m, const char *path, const struct say *say) { mistakes_add(m, path, say->says, say->arg); }

bool mistakes_any(const struct mistakes *m) { return m->lost || json_array_size(m->list) > 0; }

bool mistakes_have(const struct mistakes *m, const char *path) {
    size_t i;
    json_t *one;
    json_array_foreach(m->list, i, one) {
        const char *at = json_string_value(json_object_get(one, "path"));
        if (at != NULL && strcmp(at, path) == 0)
            return true;
    }
    return false;
}

enum code mistakes_take(struct mistakes *m, json_t **ret_list, struct err *reterr) {
    if (m->lost)
        return err_set(reterr, E_MEMORY, "no memory to tell what is not valid");
    json_t *first = json_array_get(m->list, 0);
    const char *path = json_string_value(json_object_get(first, "path")), *text = json_string_value(json_object_get(first, "text"));
    enum code code = json_array_size(m->list) == 1
        ? err_field(reterr, E_FIELDS, path == NULL ? "" : path, "%s %s", path == NULL ? "" : path, text == NULL ? "is not valid" : text)
        : err_field(reterr, E_FIELDS, path == NULL ? "" : path, "%zu fields are not valid", json_array_size(m->list));
    if (ret_list != NULL)
        *ret_list = TAKE(m->list);
    return code;
}

void mistakes_done(struct mistakes *m) {
    json_decref(m->list);
    m->list = NULL;
    m->lost = false;
}
