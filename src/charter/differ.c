/* differ.c — two charters, sentence by sentence. A line is the same where it says the same in the same place; places in lists do not count,
 * so that an item put in front changes nothing behind it. */
#include "charter/differ.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "charter/explain.h"

#define TEXTS_MAX ((size_t)16 << 20)
struct differences { struct arena *arena; struct difference *list; struct new_use *uses; size_t count, room, use_count, use_room; };

struct said { const char *path; struct words words; bool listed /* an item of a list */, met /* the other charter says it, too */; };
struct side { const struct charter *charter; struct said *list; size_t count; };
struct differing { struct differences *out; struct side older, newer; bool no_memory; };

struct differences *differences_free(struct differences *d) {
    if (d != NULL) {
        arena_free(d->arena);
        mem_free(d->list);
        mem_free(d->uses);
    }
    return mem_free(d);
}

size_t differences_list(const struct differences *d, const struct difference **ret) {
    *ret = d->list;
    return d->count;
}

size_t differences_uses(const struct differences *d, const struct new_use **ret) {
    *ret = d->uses;
    return d->use_count;
}

/* ---- what is said */

/* Names and dates of the charter itself are on every page; they promise nothing. */
static bool passed_over(const char *path) {
    static const char *const heads[] = { "charter", "updated", "title", "speaks", "labels" };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        size_t len = strlen(heads[i]);
        if (strncmp(path, heads[i], len) == 0 && (path[len] == '\0' || path[len] == '.'))
            return true;
    }
    return strstr(path, ".labels") != NULL;
}

/* "processors.0.name" -> "processors.#.name" */
static const char *placeless(struct arena *arena, const char *path, bool *ret_listed) {
    char *copy = arena_text(arena, path);
    *ret_listed = false;
    for (char *p = copy; p != NULL && *p != '\0';) {
        size_t digits = strspn(p, "0123456789"), len = strcspn(p, ".");
        if (digits > 0 && digits == len) {
            *p = '#';
            memmove(p + 1, p + len, strlen(p + len) + 1);
            len = 1;
            *ret_listed = true;
        }
        p += len;
        p += *p == '.';
    }
    return copy;
}

static void say(struct differing *d, struct side *side) {
    const struct line *lines;
    size_t n = charter_lines(side->charter, &lines);
    side->list = arena_array(d->out->arena, n + 1, sizeof *side->list);
    for (size_t i = 0; side->list != NULL && i < n; i++) {
        struct said *s = &side->list[side->count];
        if (passed_over(lines[i].path))
            continue;
        s->path = placeless(d->out->arena, lines[i].path, &s->listed);
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf text = BUF(16384);
            explain_line(side->charter, &lines[i], (enum lang)l, &text);
            s->words.in[l] = arena_text(d->out->arena, buf_str(&text));
        }
        side->count++;
    }
}

static bool same_words(const struct words *a, const struct words *b) {
    for (int l = 0; l < LANG_COUNT; l++)
        if (strcmp(a->in[l], b->in[l]) != 0)
            return false;
    return true;
}

/* Each sentence meets one of the other side at most. */
static void meet(struct differing *d) {
    for (size_t i = 0; i < d->newer.count; i++)
        for (size_t k = 0; k < d->older.count && !d->newer.list[i].met; k++) {
            struct said *a = &d->newer.list[i], *b = &d->older.list[k];
            a->met = !b->met && strcmp(a->path, b->path) == 0 && same_words(&a->words, &b->words);
            b->met = b->met || a->met;
        }
}

static struct difference *add(struct differing *d, const char *path) {
    struct differences *o = d->out;
    if (o->count == o->room) {
        size_t room = o->room == 0 ? 32 : o->room * 2;
        struct difference *list = mem_grow(o->list, room, sizeof *list);
        if (list == NULL) {
            d->no_memory = true;
            return NULL;
        }
        o->list = list;
        o->room = room;
    }
    o->list[o->count] = (struct difference){ .type = DIFFER_SAYS, .path = path };
    return &o->list[o->count++];
}

/* What stood in its place; items of lists have none. */
static struct said *before(struct differing *d, const struct said *now) {
    for (size_t i = 0; i < d->older.count && !now->listed; i++)
        if (!d->older.list[i].met && strcmp(d->older.list[i].path, now->path) == 0)
            return &d->older.list[i];
    return NULL;
}

static void list_all(struct differing *d) {
    for (size_t i = 0; i < d->newer.count; i++) {
        const struct said *now = &d->newer.list[i];
        struct said *old = now->met ? NULL : before(d, now);
        struct difference *o = now->met ? NULL : add(d, now->path);
        if (o != NULL)
            o->now = now->words;
        if (o != NULL && old != NULL) {
            o->before = old->words;
            old->met = true;
        }
    }
    for (size_t i = 0; i < d->older.count; i++) {
        struct difference *o = d->older.list[i].met ? NULL : add(d, d->older.list[i].path);
        if (o != NULL)
            o->before = d->older.list[i].words;
    }
}

/* ---- new uses of what is held already */

static void use(struct differing *d, enum use_type type, const char *kind, const char *name, const char *field) {
    struct differences *o = d->out;
    for (size_t i = 0; i < o->use_count; i++)
        if (o->uses[i].type == type && strcmp(o->uses[i].kind, kind) == 0 && strcmp(o->uses[i].name, name) == 0 && (field == NULL || strcmp(o->uses[i].field, field) == 0))
            return;
    if (o->use_count == o->use_room) {
        size_t room = o->use_room == 0 ? 16 : o->use_room * 2;
        struct new_use *uses = mem_grow(o->uses, room, sizeof *uses);
        if (uses == NULL) {
            d->no_memory = true;
            return;
        }
        o->uses = uses;
        o->use_room = room;
    }
    o->uses[o->use_count++] = (struct new_use){ type, arena_text(o->arena, kind), arena_text(o->arena, name), field == NULL ? NULL : arena_text(o->arena, field) };
}

/* A purpose that is worded anew in any language is a new one: whether it means the same is not for a program to say, and who reads for it
 * may name it in each of them. */
static bool purpose_there(const struct kind *from, const struct words *purpose) {
    for (size_t i = 0; i < from->used_for_count; i++)
        if (same_words(&from->used_for[i], purpose))
            return true;
    return false;
}

static void purposes(struct differing *d, const struct kind *from, const struct kind *to) {
    for (size_t i = 0; i < to->used_for_count; i++)
        if (!purpose_there(from, &to->used_for[i]))
            use(d, USE_PURPOSE, to->name, to->used_for[i].in[LANG_EN], NULL);
}

/* Fields of a kind that some line lets a person see, whenever and by whichever way. The person's own record is no disclosure. */
static fieldset seen_by(const struct charter *c, int person, int kind) {
    const struct grant *grants;
    fieldset fields = 0;
    for (size_t i = 0, n = charter_sees(c, &grants); i < n; i++)
        if (grants[i].person == person && grants[i].kind == kind && grants[i].understood && !grants[i].nothing_personal)
            fields |= grants[i].fields;
    return fields;
}

static void persons(struct differing *d, int from, int to) {
    const struct kind *old = charter_kind_at(d->older.charter, from), *now = charter_kind_at(d->newer.charter, to);
    const struct person *people;
    for (size_t p = 0, n = charter_people(d->newer.charter, &people); p < n; p++) {
        int was = charter_person(d->older.charter, people[p].name);
        fieldset sees = (int)p == now->about ? 0 : seen_by(d->newer.charter, (int)p, to), saw = was < 0 ? 0 : seen_by(d->older.charter, was, from);
        for (size_t f = 0; f < now->field_count; f++) {
            int before_it = kind_field(old, now->fields[f].name);
            if ((sees >> f & 1) != 0 && now->fields[f].level != L_PLAIN && before_it >= 0 && (saw >> before_it & 1) == 0)
                use(d, USE_PERSON, now->name, people[p].name, now->fields[f].name);
        }
    }
}

static const char *processor_says(const struct charter *c, size_t place, const char *key, enum lang lang) {
    char path[64];
    snprintf(path, sizeof path, "processors.%zu.%s", place, key);
    const char *text = charter_text(c, path, lang);
    return text == NULL ? "" : text;
}

/* The same one, for the same, that sees the same in the same country? */
static bool same_processor(const struct differing *d, size_t was, size_t now) {
    static const char *const keys[] = { "name", "for", "sees", "in" };
    bool same = true;
    for (size_t i = 0; same && i < ARRAY_LEN(keys); i++)
        for (int l = 0; same && l < LANG_COUNT; l++)
            same = strcmp(processor_says(d->older.charter, was, keys[i], (enum lang)l), processor_says(d->newer.charter, now, keys[i], (enum lang)l)) == 0;
    return same;
}

static bool processor_there(const struct differing *d, size_t now) {
    for (size_t i = 0; *processor_says(d->older.charter, i, "name", LANG_EN) != '\0'; i++)
        if (same_processor(d, i, now))
            return true;
    return false;
}

static void processors(struct differing *d, const struct kind *k) {
    char path[64];
    for (size_t i = 0;; i++) {
        snprintf(path, sizeof path, "processors.%zu.name", i);
        const char *name = charter_text(d->newer.charter, path, LANG_EN);
        if (name == NULL)
            return;
        if (!processor_there(d, i))
            use(d, USE_PROCESSOR, k->name, name, NULL);
    }
}

static void uses(struct differing *d) {
    const struct kind *kinds;
    for (size_t i = 0, n = charter_kinds(d->newer.charter, &kinds); i < n; i++) {
        int from = charter_kind(d->older.charter, kinds[i].name);
        if (from < 0 || !charter_kind_at(d->older.charter, from)->personal)
            continue;
        purposes(d, charter_kind_at(d->older.charter, from), &kinds[i]);
        persons(d, from, (int)i);
        processors(d, &kinds[i]);
    }
}

/* Lines that bring a new use are marked: purposes and processors that are new, and who sees more. */
static void mark(struct differing *d) {
    for (size_t i = 0; i < d->out->count; i++) {
        struct difference *o = &d->out->list[i];
        bool purpose = strstr(o->path, ".used_for") != NULL, sees = strncmp(o->path, "who_sees", 8) == 0, processor = strncmp(o->path, "processors", 10) == 0;
        for (size_t u = 0; u < d->out->use_count && o->now.in[LANG_EN] != NULL; u++)
            if (d->out->uses[u].type == USE_PURPOSE ? purpose : d->out->uses[u].type == USE_PERSON ? sees && strstr(o->path, d->out->uses[u].name) != NULL : processor)
                o->type = DIFFER_USES;
    }
}

enum code charter_differ(const struct charter *older, const struct charter *newer, struct differences **ret, struct err *reterr) {
    PRE(older != NULL && newer != NULL && ret != NULL && reterr != NULL);
    AUTO(differences_free) struct differences *out = mem_new(sizeof *out);
    size_t lost = mem_lost();
    if (out != NULL)
        out->arena = arena_new(TEXTS_MAX);
    if (out == NULL || out->arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to compare charters");
    struct differing d = { .out = out, .older = { .charter = older }, .newer = { .charter = newer } };
    say(&d, &d.older);
    say(&d, &d.newer);
    if (!arena_overflowed(out->arena) && mem_lost() == lost) {
        meet(&d);
        list_all(&d);
        uses(&d);
        mark(&d);
    }
    if (d.no_memory || arena_overflowed(out->arena) || mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory to compare charters");
    *ret = TAKE(out);
    return OK;
}
