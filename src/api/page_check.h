/* page_check.h — for unit tests: is a page's structure sound? One h1, a language, ids that stand once, a label for each input,
 * and targets for everything that points at an id. Not an HTML parser: it reads the markup that our pages write. */
#pragma once
#include "api/page_html.h"
#include "base/test.h"

/* The value of an attribute within one tag, copied; false when the tag has none. */
static bool attribute(const char *tag, const char *name, char *ret, size_t room) {
    const char *end = strchr(tag, '>');
    char want[64];
    snprintf(want, sizeof want, " %s=\"", name);
    const char *at = strstr(tag, want);
    if (at == NULL || end == NULL || at > end)
        return false;
    at += strlen(want);
    size_t len = strcspn(at, "\"");
    CHECK(len < room);
    memcpy(ret, at, len);
    ret[len] = 0;
    return true;
}

static size_t count_of(const char *html, const char *what) {
    size_t n = 0;
    for (const char *p = html; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

static bool id_stands(const char *html, const char *id, const char *page) {
    char want[256];
    snprintf(want, sizeof want, " id=\"%s\"", id);
    if (count_of(html, want) != 1)
        fprintf(stderr, "%s: id %s stands %zu times\n", page, id, count_of(html, want));
    return count_of(html, want) == 1;
}

static void check_inputs(const char *html, const char *tag, const char *page) {
    char id[256], type[64], want[300];
    for (const char *p = html; (p = strstr(p, tag)) != NULL; p++) {
        if (attribute(p, "type", type, sizeof type) && strcmp(type, "hidden") == 0)
            continue;
        CHECK(attribute(p, "id", id, sizeof id));
        snprintf(want, sizeof want, "<label for=\"%s\">", id);
        if (count_of(html, want) != 1)
            fprintf(stderr, "%s: %s has no label\n", page, id);
        CHECK(count_of(html, want) == 1);
    }
}

static void check_targets(const char *html, const char *name, const char *page) {
    char value[512], want[64];
    snprintf(want, sizeof want, " %s=\"", name);
    for (const char *p = html; (p = strstr(p, want)) != NULL; p++) {
        CHECK(attribute(p, name, value, sizeof value));
        if (strcmp(name, "href") == 0 && value[0] != '#')
            continue;
        char *rest = NULL;
        for (char *id = strtok_r(value, " #", &rest); id != NULL; id = strtok_r(NULL, " #", &rest))
            CHECK(id_stands(html, id, page));
    }
}

static void check_page(const char *html, const char *lang, const char *page) {
    char want[64];
    snprintf(want, sizeof want, "<html lang=\"%s\">", lang);
    CHECK(strstr(html, want) != NULL);
    CHECK_INT(count_of(html, "<h1"), 1);
    CHECK_INT(count_of(html, "<main"), 1);
    CHECK_INT(count_of(html, "<script"), count_of(html, PAGE_SCRIPT));       /* none but ours, and that by its whole tag */
    CHECK(count_of(html, PAGE_SCRIPT) <= 1);
    CHECK_INT(count_of(html, "javascript:"), 0);
    CHECK_INT(count_of(html, " style="), 0);
    CHECK_INT(count_of(html, " onclick="), 0);
    for (const char *p = html; (p = strstr(p, " id=\"")) != NULL; p++) {
        char id[256];
        CHECK(attribute(p, "id", id, sizeof id));
        CHECK(id_stands(html, id, page));
    }
    check_inputs(html, "<input", page);
    check_inputs(html, "<select", page);
    check_inputs(html, "<textarea", page);
    static const char *const pointers[] = { "aria-describedby", "aria-labelledby", "for", "href" };
    for (size_t i = 0; i < ARRAY_LEN(pointers); i++)
        check_targets(html, pointers[i], page);
    static const char *const pairs[] = { "div", "p", "ul", "li", "dl", "section", "form", "fieldset", "details", "span", "select", "textarea", "label" };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        char open[32], open_more[32], close[32];
        snprintf(open, sizeof open, "<%s>", pairs[i]);
        snprintf(open_more, sizeof open_more, "<%s ", pairs[i]);
        snprintf(close, sizeof close, "</%s>", pairs[i]);
        if (count_of(html, open) + count_of(html, open_more) != count_of(html, close))
            fprintf(stderr, "%s: %s is not balanced\n", page, pairs[i]);
        CHECK(count_of(html, open) + count_of(html, open_more) == count_of(html, close));
    }
}

/* With SEJF_PAGES=/directory each page is written there, to be looked at. */
static void keep_page(const char *html, const char *name) {
    const char *where = getenv("SEJF_PAGES");
    char path[512];
    if (where == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s.html", where, name);
    FILE *f = fopen(path, "we");
    if (f != NULL) {
        fputs(html, f);
        fclose(f);
    }
}
