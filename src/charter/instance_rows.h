/* instance_rows.h — for the tests of sejf.yaml: texts that hold one mistake each. */
#pragma once
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "charter/instance.h"

UNUSED static enum code load(const char *text, struct findings *f, struct instance **ret) {
    struct err e;
    return instance_load_text("/etc/sejf/sejf.yaml", text, strlen(text), f, ret, &e);
}

struct mistake { const char *text, *id; };
/* Each is refused with that finding alone, which knows its place. */
UNUSED static void refuses_each(const struct mistake *row, size_t count) {
    for (size_t n = 0; n < count; n++) {
        AUTO(findings_free) struct findings *f = findings_new();
        struct instance *i = NULL;
        const struct finding *list;
        if (load(row[n].text, f, &i) != E_CONFIG || findings_list(f, &list) != 1 || strcmp(list[0].id, row[n].id) != 0)
            fprintf(stderr, "row %zu: %s", n, row[n].text);
        CHECK(i == NULL && findings_list(f, &list) == 1);
        CHECK_TEXT(list[0].id, row[n].id);
        CHECK(list[0].pos.line >= 1 && list[0].pos.column >= 1);
    }
}
