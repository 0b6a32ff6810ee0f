/* probes_untracked.c — a mail loads nothing from elsewhere, so nobody learns from it who reads it and when, and a link of it leads where it was written to. */
#include <stdio.h>
#include <string.h>

#include "promises/probe_mail.h"

#define PAGE "https://page.example/a?b=c"
#define NAME "probe-untracked"
#define LOOK "/preview"                      /* where the links of a look lead, which is nowhere */

static enum code ask(struct env *e, const char *method, const char *path, json_t *body, struct answer *ret, struct err *reterr) {
    char url[160];
    snprintf(url, sizeof url, "/v1/%s/templates/%s%s", env_service(e), NAME, path);
    answer_done(ret);
    return env_call(e, &(struct call){ .method = method, .path = url, .body = body }, ret, reterr);
}

static enum code put(struct env *e, const char *kind, const char *text, struct answer *ret, struct err *reterr) {
    json_t *body = json_pack("{s:s, s:{s:s, s:s}}", "kind", kind, lang_code(charter_first_lang(env_charter(e))), "subject", "A trial", "text", text);
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a probe") : ask(e, "PUT", "", body, ret, reterr);
    json_decref(body);
    return code;
}

/* What would be fetched when the mail is opened, whatever is written before or behind it; NULL: nothing. */
static const char *loads(const char *html) {
    static const char *const signs[] = { "<img", "<link", "<script", "<iframe", "<object", "<embed", "<video", "<audio", "<source", "<svg", "url(", "@import", " src=\"", " srcset=\"", " background=\"" };
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (strcasestr(html, signs[i]) != NULL)
            return signs[i];
    return NULL;
}

/* Does each link lead to the page that was written, or to this service's own look? How many there are. */
static bool links_stand(const char *html, int *ret_count) {
    bool stand = true;
    *ret_count = 0;
    for (const char *at = html; (at = strstr(at, "href=\"")) != NULL; (*ret_count)++) {
        at += strlen("href=\"");
        const char *end = strchr(at, '"');
        const size_t len = end == NULL ? 0 : (size_t)(end - at);
        const bool page = len == strlen(PAGE) && strncmp(at, PAGE, len) == 0, own = len > strlen(LOOK) && strncmp(end - strlen(LOOK), LOOK, strlen(LOOK)) == 0;
        stand = stand && (page || own);
    }
    return stand;
}

static enum code look(struct env *e, const char *kind, struct verdict_line *v, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    int count = 0;
    enum code code = put(e, kind, "<img src=\"https://page.example/p.gif\"> <script>\n\n[The page](" PAGE ") and [nothing more]({{unsubscribe}})", &a, reterr);
    if (code == OK && a.status != 200)
        return err_set(reterr, E_BROKEN, "a text was answered %d", a.status);
    json_t *body = json_object();
    if (code == OK)
        code = ask(e, "POST", "/preview", body, &a, reterr);
    json_decref(body);
    const char *html = json_string_value(json_object_get(a.json, "html"));
    if (code != OK || html == NULL)
        return code != OK ? code : err_set(reterr, E_BROKEN, "the look of a text was answered %d", a.status);
    const char *found = loads(html);
    if (found != NULL)
        return SAY(v, false, "a mail would load something from elsewhere: it holds %s", found);
    if (!links_stand(html, &count) || count != 2)
        return SAY(v, false, "a link of a mail does not lead where it was written to");
    return SAY(v, true, "an image is refused, and what a text holds of tags is text; none of %d links is rewritten, and nothing would be loaded", count);
}

enum code probe_untracked(struct env *e, struct verdict_line *v, struct err *reterr) {
    const int kind = mail_kind(e, false);
    const char *name = kind < 0 ? NULL : charter_kind_at(env_charter(e), kind)->name;
    AUTO(answer_done) struct answer a = { 0 };
    if (name == NULL)
        return err_set(reterr, E_BROKEN, "no record can be written to by mail to try this on");
    enum code code = put(e, name, "Hello ![a pixel](https://page.example/p.gif)", &a, reterr);
    if (code == OK && a.status != 422)
        return SAY(v, false, "a text with an image from elsewhere was answered %d", a.status);
    if (code == OK)
        code = look(e, name, v, reterr);
    if (code == OK)
        code = ask(e, "DELETE", "", NULL, &a, reterr);
    return code;
}
