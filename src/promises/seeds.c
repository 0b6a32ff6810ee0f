/* seeds.c — the scanner reads comments, not YAML: a charter that does not parse still shows what it answers.
 * Places are few (185 ids), so that look-ups go through all of them. */
#include "promises/seeds.h"

#include <string.h>

#include "base/mem.h"

#define PLACES_MAX 4096
#define ID_LEN 4                                     /* "D-01" */

struct place { char id[ID_LEN + 1]; char *file, *charter, *text; int line; };
struct seed_places { struct place *list; size_t count; };

#define COURIER "courier"
#define MAIL "mail"
#define EVENTS "events"
#define MACHINES "machines"
#define BOOKINGS "bookings"
#define RULE(name) { SEED_BY_RULE, RULE_##name, NULL }
#define EVIDENCE { SEED_BY_EVIDENCE, RULE_COUNT, NULL }
#define TEXT(name) { SEED_BY_TEXT, RULE_COUNT, #name }
#define SEED(id, charter, sentence, ...) { id, charter, sentence, __VA_ARGS__ },
static const struct seed table[] = {
#include "promises/seeds.tbl"
};
#undef SEED
#undef RULE
#undef EVIDENCE
#undef TEXT

/* Row for row as `table`. */
#define SAYS(id, text) { id, text },
static const struct { const char *id, *text; } says_pl[] = {
#include "promises/seeds_pl.tbl"
}, says_hu[] = {
#include "promises/seeds_hu.tbl"
};
#undef SAYS
_Static_assert(ARRAY_LEN(says_pl) == ARRAY_LEN(table) && ARRAY_LEN(says_hu) == ARRAY_LEN(table), "each published promise speaks every language");

/* What each probe tries, by rule; NULL: none. */
#define PROBE(rule, fn, says) [RULE_##rule] = says,
static const char *const tries[RULE_COUNT] = {
#include "promises/probes.tbl"
};
#undef PROBE

size_t seeds_table(const struct seed **ret) {
    *ret = table;
    return ARRAY_LEN(table);
}

const char *seed_says(const char *id, enum lang lang) {
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].id, id) == 0)
            return lang == LANG_PL ? says_pl[i].text : lang == LANG_HU ? says_hu[i].text : table[i].sentence;
    return NULL;
}

struct seed_places *seed_places_new(void) { return mem_new(sizeof(struct seed_places)); }

struct seed_places *seed_places_free(struct seed_places *p) {
    if (p == NULL)
        return NULL;
    for (size_t i = 0; i < p->count; i++) {
        (void)mem_free(p->list[i].file);
        (void)mem_free(p->list[i].charter);
        (void)mem_free(p->list[i].text);
    }
    (void)mem_free(p->list);
    return mem_free(p);
}

static bool is_id(const char *s, size_t len) {
    return len >= ID_LEN && s[0] >= 'A' && s[0] <= 'Z' && s[1] == '-' && s[2] >= '0' && s[2] <= '9' && s[3] >= '0' && s[3] <= '9';
}

/* The comment behind the value when it is a list of ids and nothing else; NULL otherwise. */
static const char *ids_of(const char *line, size_t len, size_t *ret_len, size_t *ret_value) {
    size_t start = 0;
    while (start < len && line[start] == ' ')
        start++;
    if (start == len || line[start] == '#')
        return NULL;
    for (size_t at = len; at-- > start + 4;) {
        if (memcmp(line + at - 3, "  # ", 4) != 0)
            continue;
        const char *ids = line + at + 1;
        size_t left = len - at - 1;
        for (size_t i = 0; is_id(ids + i, left - i); i += ID_LEN + 2) {
            if (i + ID_LEN == left) {
                *ret_len = left;
                *ret_value = at - 3;
                return ids;
            }
            if (left - i < ID_LEN + 2 || memcmp(ids + i + ID_LEN, ", ", 2) != 0)
                return NULL;
        }
        return NULL;
    }
    return NULL;
}

static enum code add(struct seed_places *p, const char *id, const char *file, const char *charter, int line, const char *text, size_t len,
                     struct err *reterr) {
    if (p->count == PLACES_MAX)
        return err_set(reterr, E_CHARTER, "%s:%d: more than %d promise ids stand in the charters", file, line, PLACES_MAX);
    struct place *list = mem_grow(p->list, p->count + 1, sizeof *list);
    if (list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the promise ids of %s", file);
    p->list = list;
    while (len > 0 && (*text == ' ' || *text == '-')) {
        text++;
        len--;
    }
    struct place new = { .line = line, .file = mem_text(file), .charter = mem_text(charter), .text = mem_text_n(text, len) };
    memcpy(new.id, id, ID_LEN);
    p->list[p->count++] = new;
    if (new.file == NULL || new.charter == NULL || new.text == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the promise ids of %s", file);
    return OK;
}

/* "charter: courier" of the file, without what stands behind it. */
static void charter_name_of(const char *text, size_t len, char *ret, size_t room) {
    static const char key[] = "charter: ";
    const char *at = text, *end = text + len;
    size_t n = 0;
    while (at != NULL && (size_t)(end - at) >= sizeof key - 1 && memcmp(at, key, sizeof key - 1) != 0) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at == NULL ? NULL : at + 1;
    }
    if (at != NULL && (size_t)(end - at) >= sizeof key - 1)
        for (at += sizeof key - 1; at < end && *at != '\n' && *at != ' ' && n + 1 < room; at++)
            ret[n++] = *at;
    ret[n] = '\0';
}

/* A line as the table shows it: of a text by language the English one, which may stand on the next line. */
static void shown(const char *line, size_t len, const char *next, size_t next_len, struct buf *ret) {
    static const char flow[] = "{en: ", block[] = "en: ";
    const char *open = memmem(line, len, flow, sizeof flow - 1);
    if (open != NULL) {
        const char *text = open + sizeof flow - 1;
        size_t left = len - (size_t)(text - line), n = 0;
        while (n < left && text[n] != ',' && text[n] != '}')
            n++;
        buf_add(ret, line, (size_t)(open - line));
        buf_add(ret, text, n);
        return;
    }
    while (next_len > 0 && *next == ' ') {
        next++;
        next_len--;
    }
    buf_add(ret, line, len);
    if (len > 0 && line[len - 1] == ':' && next_len > sizeof block - 1 && memcmp(next, block, sizeof block - 1) == 0) {
        buf_char(ret, ' ');
        buf_add(ret, next + sizeof block - 1, next_len - (sizeof block - 1));
    }
}

enum code seed_places_read(struct seed_places *p, const char *file, const char *text, size_t len, struct err *reterr) {
    PRE(p != NULL && file != NULL && text != NULL && reterr != NULL);
    char charter[64];
    charter_name_of(text, len, charter, sizeof charter);
    int number = 0;
    for (const char *at = text, *end = text + len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t width = (size_t)((stop == NULL ? end : stop) - at), left = 0, value = 0;
        const char *ids = ids_of(at, width, &left, &value);
        number++;
        AUTO(buf_done) struct buf says = BUF(1u << 16);
        if (ids != NULL) {
            const char *next = stop == NULL ? end : stop + 1, *next_stop = memchr(next, '\n', (size_t)(end - next));
            shown(at, value, next, (size_t)((next_stop == NULL ? end : next_stop) - next), &says);
        }
        for (size_t i = 0; ids != NULL && i < left; i += ID_LEN + 2) {
            enum code code = says.failed ? err_set(reterr, E_MEMORY, "no memory for the promise ids of %s", file)
                                         : add(p, ids + i, file, charter, number, buf_str(&says), says.len, reterr);
            if (code != OK)
                return code;
        }
        at += width + 1;
    }
    return OK;
}

static const struct place *place_of(const struct seed_places *p, const char *id, size_t skip) {
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->list[i].id, id) == 0 && skip-- == 0)
            return &p->list[i];
    return NULL;
}

static const struct seed *row_of(const struct seed *rows, size_t count, const char *id) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].id, id) == 0)
            return &rows[i];
    return NULL;
}

static size_t row_faults(const struct seed *rows, size_t count, size_t i, const struct seed_places *p, struct buf *ret) {
    const struct seed *row = &rows[i];
    const struct place *first = place_of(p, row->id, 0), *second = place_of(p, row->id, 1);
    size_t faults = 0;
    if (row_of(rows, count, row->id) != row)
        buf_printf(ret, "%s: it has two owners in seeds.tbl; keep one row\n", row->id), faults++;
    else if (first == NULL)
        buf_printf(ret, "%s: it stands in no charter; write it behind the line of charters/%s.yaml that answers it\n", row->id, row->charter), faults++;
    else if (second != NULL)
        buf_printf(ret, "%s: it stands at %s:%d and again at %s:%d; keep it at one line\n", row->id, first->file, first->line, second->file,
                   second->line), faults++;
    else if (strcmp(first->charter, row->charter) != 0)
        buf_printf(ret, "%s: it stands at %s:%d and belongs to the charter %s\n", row->id, first->file, first->line, row->charter), faults++;
    if ((row->owner.by == SEED_BY_RULE) != (row->owner.rule < RULE_COUNT) || (row->owner.by == SEED_BY_TEXT) != (row->owner.generator != NULL))
        buf_printf(ret, "%s: it has no owner; name a rule, evidence or a text in seeds.tbl\n", row->id), faults++;
    return faults;
}

size_t seeds_faults(const struct seed *rows, size_t count, const struct seed_places *p, struct buf *ret) {
    size_t faults = 0;
    for (size_t i = 0; i < count; i++)
        faults += row_faults(rows, count, i, p, ret);
    for (size_t i = 0; i < p->count; i++)
        if (row_of(rows, count, p->list[i].id) == NULL) {
            buf_printf(ret, "%s:%d: %s is no published promise\n", p->list[i].file, p->list[i].line, p->list[i].id);
            faults++;
        }
    return faults;
}

enum standing { STANDS_KEPT, STANDS_UNPROBED, STANDS_LATER, STANDS_EVIDENCE, STANDS_TEXT, STANDINGS };
static const struct { const char *word, *means; } standing[STANDINGS] = {
    [STANDS_KEPT] = { "kept", "a rule keeps it, and `sejf prove` tries the rule with the probe" },
    [STANDS_UNPROBED] = { "obeyed", "a rule keeps it, and no probe tries the rule yet" },
    [STANDS_LATER] = { "not kept yet", "the rule has its name and nothing keeps it" },
    [STANDS_EVIDENCE] = { "evidence", "no program can keep it: a paper with an owner and a date does" },
    [STANDS_TEXT] = { "text", "it is kept by being said: the line is the text" },
};

static enum standing standing_of(const struct seed *row) {
    if (row->owner.by != SEED_BY_RULE)
        return row->owner.by == SEED_BY_EVIDENCE ? STANDS_EVIDENCE : STANDS_TEXT;
    if (rule_state(row->owner.rule) == LATER)
        return STANDS_LATER;
    return tries[row->owner.rule] != NULL ? STANDS_KEPT : STANDS_UNPROBED;
}

/* A cell of a table: a bar would end it. */
static void cell(struct buf *ret, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_char(ret, '\\');
        buf_char(ret, *text);
    }
}

static void print_row(const struct seed *row, const struct seed_places *p, struct buf *ret) {
    const struct place *place = place_of(p, row->id, 0);
    buf_printf(ret, "| %s | ", row->id);
    cell(ret, row->sentence);
    if (place == NULL)
        buf_text(ret, " | no line | ");
    else {
        const char *name = strrchr(place->file, '/');
        buf_printf(ret, " | [%s:%d](../%s#L%d) `", name == NULL ? place->file : name + 1, place->line, place->file, place->line);
        cell(ret, place->text);
        buf_text(ret, "` | ");
    }
    if (row->owner.by == SEED_BY_RULE)
        buf_printf(ret, "`%s`: %s | ", rule_name(row->owner.rule), rule_says(row->owner.rule));
    else
        buf_printf(ret, "%s%s | ", row->owner.by == SEED_BY_EVIDENCE ? "evidence" : "text: ", row->owner.generator == NULL ? "" : row->owner.generator);
    buf_printf(ret, "%s | %s |\n", row->owner.by == SEED_BY_RULE && tries[row->owner.rule] != NULL ? tries[row->owner.rule] : "",
               standing[standing_of(row)].word);
}

void seeds_print(const struct seed *rows, size_t count, const struct seed_places *p, struct buf *ret) {
    size_t number[STANDINGS] = { 0 };
    for (size_t i = 0; i < count; i++)
        number[standing_of(&rows[i])]++;
    buf_printf(ret, "# The %zu published promises\n\n", count);
    buf_text(ret, "Five services have published how they keep other people's data. This is every sentence of their pages, the charter\n"
                  "line that answers it, what keeps it, the probe that tries it, and its state. `sejf seeds` makes this page and fails\n"
                  "when a promise has no owner or does not stand in exactly one line.\n\n| state | promises | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < STANDINGS; i++)
        if (number[i] > 0)
            buf_printf(ret, "| %s | %zu | %s |\n", standing[i].word, number[i], standing[i].means);
    const char *charter = "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(charter, rows[i].charter) != 0)
            buf_printf(ret, "\n## %s\n\n| id | published | charter line | kept by | the probe | state |\n|---|---|---|---|---|---|\n", rows[i].charter);
        charter = rows[i].charter;
        print_row(&rows[i], p, ret);
    }
}
