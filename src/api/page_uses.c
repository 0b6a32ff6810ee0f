/* page_uses.c — what the data is used for, on the page of a private link: each use that may be objected to has its button, and all of them
 * together can be stopped for a while. */
#include <string.h>

#include "api/page_link.h"
#include "charter/labels.h"

static bool stands(const struct link_view *v, const char *purpose) {
    size_t i;
    const json_t *one;
    json_array_foreach(v->objections, i, one)
        if (strcmp(json_string_value(json_object_get(one, "purpose")) ?: "", purpose) == 0)
            return true;
    return false;
}

/* A use that came after the data was given and that the person has not agreed to: the data is not used for it. It stands with its button
 * among the new uses. */
static bool is_locked(const struct link_view *v, const char *purpose) {
    static const char mark[] = "purpose ";
    size_t i;
    const json_t *one;
    json_array_foreach(v->again, i, one) {
        const char *what = json_string_value(json_object_get(one, "what")) ?: "";
        if (json_string_value(json_object_get(one, "given")) == NULL && strncmp(what, mark, sizeof mark - 1) == 0 && strcmp(what + sizeof mark - 1, purpose) == 0)
            return true;
    }
    return false;
}

static void use_put(struct buf *ret, const struct link_view *v, const struct kind *k, int purpose) {
    const enum lang lang = v->notice.lang;
    const char *said = k->used_for[purpose].in[lang], *name = purpose_name(k, purpose);
    AUTO(buf_done) struct buf label = BUF(1u << 14);
    AUTO(buf_done) struct buf title = BUF(1u << 14);
    bool objected = stands(v, name);
    if (!objected && is_locked(v, name))
        return;
    label_title(&title, said != NULL ? said : name);
    buf_text(ret, "<p><strong>");
    buf_html(ret, buf_str(&title));
    buf_text(ret, "</strong></p>\n");
    if (objected) {
        buf_text(ret, "<p>");
        PUT_TEXT(ret, lang, LINK_OBJECTED);
        buf_text(ret, "</p>\n");
    }
    say_plain(&label, text_in(objected ? TEXT_LINK_OBJECT_END : TEXT_LINK_OBJECT, lang), SAY_ARGS(said != NULL ? said : name));
    if (objected || policy_objectable(k, purpose))
        link_fold(ret, v, objected ? "object_end" : "object", name, buf_str(&label), objected ? TEXT_LINK_OBJECT_END_WHY : TEXT_LINK_OBJECT_WHY);
}

void uses_put(struct buf *ret, const struct link_view *v) {
    const struct kind *k = charter_kind_at(v->notice.charter, v->notice.kind);
    const enum lang lang = v->notice.lang;
    if (!k->personal)
        return;
    buf_text(ret, "<section aria-labelledby=\"uses\">\n<h2 id=\"uses\">");
    PUT_TEXT(ret, lang, LINK_USES);
    buf_text(ret, "</h2>\n");
    for (size_t i = 0; i < k->used_for_count; i++)
        use_put(ret, v, k, (int)i);
    if (json_is_true(json_object_get(v->record, "restricted"))) {
        buf_text(ret, "<p role=\"status\">");
        PUT_TEXT(ret, lang, LINK_RESTRICTED);
        buf_text(ret, "</p>\n");
    } else
        link_fold(ret, v, "restrict", NULL, text_in(TEXT_LINK_RESTRICT, lang), TEXT_LINK_RESTRICT_WHY);
    buf_text(ret, "</section>\n");
}
