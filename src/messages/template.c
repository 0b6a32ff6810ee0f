/* template.c — see template.h. */
#include "messages/template.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "messages/markup.h"

struct template { struct { struct markup *subject, *text; } in[LANG_COUNT]; };

/* ---- reading */

struct reading { struct template *out; struct markup_name *names, *subject_names; size_t count, subject_count; json_t *mistakes; char path[64]; };

static void mistake_add(struct reading *r, const char *path, const char *text) {
    (void)json_array_append_new(r->mistakes, json_pack("{s:s, s:s}", "path", path, "text", text));      /* lost ones are seen by mem_lost */
}

static void mistake_at(void *arg, int line, int column, const char *text) {
    struct reading *r = arg;
    char said[360];
    snprintf(said, sizeof said, "line %d, column %d: %s", line, column, text);
    if (json_array_size(r->mistakes) < 100)
        mistake_add(r, r->path, said);
}

static enum code one_read(struct reading *r, enum lang lang, const char *member, const json_t *value, bool subject, struct markup **ret, struct err *reterr) {
    const char *text = json_string_value(value);
    size_t most = subject ? TEMPLATE_SUBJECT_MAX : TEMPLATE_TEXT_MAX;
    char said[80];
    snprintf(r->path, sizeof r->path, "/%s/%s", lang_code(lang), member);
    if (text == NULL) {
        mistake_add(r, r->path, "this is a text");
        return OK;
    }
    if (strlen(text) != json_string_length(value) || json_string_length(value) > most) {
        snprintf(said, sizeof said, "this has at most %zu bytes, and none of them is zero", most);
        mistake_add(r, r->path, said);
        return OK;
    }
    const struct markup_rules rules = { subject ? r->subject_names : r->names, subject ? r->subject_count : r->count, subject };
    enum code code = markup_read(text, &rules, mistake_at, r, ret, reterr);
    return code == E_FIELDS ? OK : code;
}

static enum code lang_read(struct reading *r, const char *key, json_t *value, struct err *reterr) {
    enum lang lang;
    const char *name;
    json_t *member;
    enum code code = OK;
    char path[96];
    snprintf(path, sizeof path, "/%.20s", key);
    if (strlen(key) != 2 || !lang_parse(key, 2, &lang) || strcmp(key, lang_code(lang)) != 0) {
        mistake_add(r, path, "a language is one of en, pl, hu");
        return OK;
    }
    if (!json_is_object(value) || json_object_get(value, "text") == NULL) {
        mistake_add(r, path, "a language has a text, and a subject where it is mail: {\"subject\": \"…\", \"text\": \"…\"}");
        return OK;
    }
    json_object_foreach(value, name, member) {
        if (code != OK)
            break;
        if (strcmp(name, "text") == 0) {
            code = one_read(r, lang, "text", member, false, &r->out->in[lang].text, reterr);
        } else if (strcmp(name, "subject") == 0) {
            code = one_read(r, lang, "subject", member, true, &r->out->in[lang].subject, reterr);
        } else {
            snprintf(path, sizeof path, "/%s/%.40s", key, name);
            mistake_add(r, path, "a language has subject and text, and nothing else");
        }
    }
    return code;
}

/* A subject in one language and none in another would go out empty. */
static void subjects_check(struct reading *r, json_t *source) {
    const char *key;
    json_t *value;
    size_t with = 0, all = json_object_size(source);
    json_object_foreach(source, key, value)
        with += json_object_get(value, "subject") != NULL;
    json_object_foreach(source, key, value)
        if (with > 0 && with < all && json_is_object(value) && json_object_get(value, "subject") == NULL) {
            char path[40];
            snprintf(path, sizeof path, "/%.20s/subject", key);
            mistake_add(r, path, "other languages have a subject, and this one none");
        }
}

static enum code names_take(struct reading *r, const struct template_name *names, struct err *reterr) {
    size_t n = 0;
    while (names[n].name != NULL)
        n++;
    r->names = mem_new_array(n + 1, sizeof *r->names);
    r->subject_names = mem_new_array(n + 1, sizeof *r->subject_names);
    if (r->names == NULL || r->subject_names == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a template");
    for (size_t i = 0; i < n; i++) {
        r->names[r->count++] = (struct markup_name){ names[i].name, names[i].address };
        if (!names[i].not_in_subject && !names[i].address)
            r->subject_names[r->subject_count++] = (struct markup_name){ names[i].name, false };
    }
    return OK;
}

static enum code all_read(struct reading *r, json_t *source, struct err *reterr) {
    const char *key;
    json_t *value;
    enum code code = OK;
    if (!json_is_object(source) || json_object_size(source) == 0) {
        mistake_add(r, "", "a template is texts by language: {\"pl\": {\"subject\": \"…\", \"text\": \"…\"}, \"en\": {…}}");
        return OK;
    }
    json_object_foreach(source, key, value) {
        if (code == OK)
            code = lang_read(r, key, value, reterr);
    }
    subjects_check(r, source);
    return code;
}

enum code template_read(json_t *source, const struct template_name *names, struct template **ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(names != NULL && ret != NULL && ret_mistakes != NULL && reterr != NULL);
    size_t lost = mem_lost();
    AUTO(template_free) struct template *t = mem_new(sizeof *t);
    struct reading r = { .out = t, .mistakes = json_array() };
    enum code code = t == NULL || r.mistakes == NULL ? err_set(reterr, E_MEMORY, "no memory for a template") : names_take(&r, names, reterr);
    if (code == OK)
        code = all_read(&r, source, reterr);
    mem_free(r.names);
    mem_free(r.subject_names);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for a template");
    if (code == OK && json_array_size(r.mistakes) > 0) {
        *ret_mistakes = TAKE(r.mistakes);
        return err_set(reterr, E_FIELDS, "a template has mistakes");
    }
    json_decref(r.mistakes);
    if (code == OK)
        *ret = TAKE(t);
    return code;
}

struct template *template_free(struct template *t) {
    for (size_t i = 0; t != NULL && i < LANG_COUNT; i++) {
        markup_free(t->in[i].subject);
        markup_free(t->in[i].text);
    }
    return mem_free(t);
}

/* ---- rendering */

bool template_uses(const struct template *t, const char *name) {
    for (size_t i = 0; i < LANG_COUNT; i++)
        if ((t->in[i].subject != NULL && markup_uses(t->in[i].subject, name)) || (t->in[i].text != NULL && markup_uses(t->in[i].text, name)))
            return true;
    return false;
}

bool template_has_subject(const struct template *t) { return t->in[template_lang(t, LANG_EN)].subject != NULL; }

enum lang template_lang(const struct template *t, enum lang lang) {
    if (t->in[lang].text != NULL)
        return lang;
    for (size_t i = 0; i < LANG_COUNT; i++)          /* English is the first */
        if (t->in[i].text != NULL)
            return (enum lang)i;
    return lang;
}

static const char *value_get(void *arg, const char *name) { return json_string_value(json_object_get(arg, name)); }

/* As many bytes of whole characters as a subject has room for. */
static size_t subject_len(const struct buf *b) {
    size_t n = b->len < TEMPLATE_SUBJECT_MAX ? b->len : TEMPLATE_SUBJECT_MAX;
    while (n > 0 && n < b->len && ((unsigned char)b->data[n] & 0xc0) == 0x80)
        n--;
    return n;
}

enum code template_render(const struct template *t, enum lang lang, json_t *values, bool sms, struct buf *ret_subject, struct buf *ret_text, struct buf *ret_html, struct err *reterr) {
    PRE(t != NULL && ret_text != NULL && reterr != NULL && (sms || (ret_subject != NULL && ret_html != NULL)));
    size_t lost = mem_lost();
    enum lang in = template_lang(t, lang);
    const struct markup_values v = { value_get, values };
    AUTO(buf_wipe) struct buf subject = BUF(200000);
    markup_put(t->in[in].text, sms ? MARKUP_SMS : MARKUP_TEXT, &v, ret_text);
    if (!sms)
        markup_put(t->in[in].text, MARKUP_HTML, &v, ret_html);
    if (!sms && t->in[in].subject != NULL) {
        markup_put(t->in[in].subject, MARKUP_LINE, &v, &subject);
        buf_add(ret_subject, buf_str(&subject), subject_len(&subject));
    }
    if (mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for a message");
    bool failed = ret_text->failed || subject.failed || (!sms && (ret_html->failed || ret_subject->failed));
    return failed ? err_set(reterr, E_TOO_LARGE, "a message becomes too long with its values") : OK;
}
