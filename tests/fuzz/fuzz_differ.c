/* fuzz_differ.c — a charter of ours against one that was made of it by taking lines away, doubling, exchanging them or putting those of another in
 * their place; and, by chance, another one against it. Where it is a charter: each difference is told in every language, and it does not differ from
 * itself. First byte: which charter; then three for each step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "charter/against.h"
#include "charter/differ.h"

#define NAMES 5
#define LINES 1200u
static struct { char *text; size_t len; const char *line[LINES + 1]; size_t lines; struct charter *charter; } ours[NAMES];

static struct charter *load(const char *text, size_t len) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    return f != NULL && charter_load_text("fuzz.yaml", text, len, f, &c, &e) == OK ? c : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    static const char *const names[NAMES] = { "bookings", "courier", "events", "machines", "mail" };
    for (size_t i = 0; i < NAMES; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/charters/%s.yaml", SOURCE_ROOT, names[i]);
        FILE *in = fopen(path, "re");
        ours[i].text = calloc(1, 1u << 17);
        if (in == NULL || ours[i].text == NULL)
            abort();
        ours[i].len = fread(ours[i].text, 1, (1u << 17) - 1, in);
        (void)fclose(in);
        for (const char *p = ours[i].text; *p != 0 && ours[i].lines < LINES; p = strchr(p, '\n') + 1)
            ours[i].line[ours[i].lines++] = p;
        ours[i].line[ours[i].lines] = ours[i].text + ours[i].len;
        ours[i].charter = load(ours[i].text, ours[i].len);
        if (ours[i].charter == NULL)
            abort();
    }
    return 0;
}

static size_t counted(const struct charter *a, const struct charter *b, size_t *ret_uses) {
    AUTO(differences_free) struct differences *d = NULL;
    AUTO(changes_free) struct changes *c = NULL;
    AUTO(buf_done) struct buf printed = BUF(1u << 20);
    const struct difference *list;
    const struct new_use *uses;
    const struct held held = { .records = NULL };
    struct err e;
    if (charter_differ(a, b, &d, &e) != OK || charter_against(a, b, &held, &c, &e) != OK)
        __builtin_trap();
    changes_print(c, &printed);
    size_t n = differences_list(d, &list);
    for (size_t i = 0; i < n; i++) {
        bool new = list[i].before.in[0] == NULL, gone = list[i].now.in[0] == NULL, same = !new && !gone;
        for (int lang = 0; lang < LANG_COUNT; lang++) {
            const char *before = list[i].before.in[lang], *now = list[i].now.in[lang];
            if ((before == NULL) != new || (now == NULL) != gone)
                __builtin_trap();
            same = same && strcmp(before, now) == 0;
        }
        if (list[i].path == NULL || (new && gone) || same)
            __builtin_trap();
    }
    *ret_uses = differences_uses(d, &uses);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *line[2 * LINES];
    size_t length[2 * LINES], lines = 0, uses = 0;
    if (size < 4 || size > 64)
        return 0;
    const size_t which = data[0] % NAMES;
    for (; lines < ours[which].lines; lines++) {
        line[lines] = ours[which].line[lines];
        length[lines] = (size_t)(ours[which].line[lines + 1] - line[lines]);
    }
    for (size_t i = 1; i + 3 <= size && lines > 2; i += 3) {
        size_t at = ((size_t)data[i + 1] << 8 | data[i + 2]) % (lines - 1), from = data[i] >> 2;
        const char *one = line[at];
        size_t n = length[at];
        switch (data[i] & 3) {
        case 0:
            memmove(line + at, line + at + 1, (lines - at - 1) * sizeof *line);
            memmove(length + at, length + at + 1, (lines - at - 1) * sizeof *length);
            lines--;
            break;
        case 1:
            line[at] = line[at + 1];
            length[at] = length[at + 1];
            line[at + 1] = one;
            length[at + 1] = n;
            break;
        default:
            for (size_t k = 0; (data[i] & 3) == 2 && k < NAMES; k++)      /* the same place of another */
                if (k == from % NAMES && at < ours[k].lines) {
                    one = ours[k].line[at];
                    n = (size_t)(ours[k].line[at + 1] - one);
                }
            memmove(line + at + 1, line + at, (lines - at) * sizeof *line);
            memmove(length + at + 1, length + at, (lines - at) * sizeof *length);
            line[at] = one;
            length[at] = n;
            lines++;
        }
    }
    AUTO(buf_done) struct buf text = BUF(1u << 18);
    for (size_t i = 0; i < lines; i++)
        buf_add(&text, line[i], length[i]);
    AUTO(charter_free) struct charter *other = load(buf_str(&text), text.len);
    if (other == NULL)
        return 0;
    if (counted(other, other, &uses) != 0 || uses != 0)
        __builtin_trap();
    (void)counted(ours[data[1] % NAMES].charter, other, &uses);
    (void)counted(other, ours[which].charter, &uses);
    return 0;
}
