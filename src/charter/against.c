/* against.c — compares two models kind by kind and field by field. What could make a stored record unreadable, or its
 * promise weaker than the one under which it was given, is refused while there are such records. */
#include "charter/against.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/rule.h"
#include "charter/tree.h"

struct changes { struct arena *arena; struct change_item *list; size_t count, room; };

struct compare {
    struct changes *out;
    const struct charter *older, *newer;
    const struct held *held;
    const struct kind *from, *to;      /* the pair that is looked at */
    bool used, no_memory;              /* used: there are or may be records of it */
    int64_t count;                     /* of them; -1: unknown */
    int64_t concerned;                 /* by what is being said; -1: unknown */
};

struct changes *changes_free(struct changes *c) {
    if (c != NULL) {
        arena_free(c->arena);
        mem_free(c->list);
    }
    return mem_free(c);
}

size_t changes_list_all(const struct changes *c, const struct change_item **ret) {
    *ret = c->list;
    return c->count;
}

size_t changes_count(const struct changes *c, enum change_type type) {
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += c->list[i].type == type;
    return n;
}

static void PRINTF_LIKE(5, 6) note(struct compare *c, enum change_type type, struct pos pos, const char *path, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (type == CHANGE_REFUSED && c->concerned >= 0 && len > 0 && (size_t)len < sizeof text)
        snprintf(text + len, sizeof text - (size_t)len, " (%lld record%s)", (long long)c->concerned, c->concerned == 1 ? "" : "s");
    struct changes *o = c->out;
    if (o->count == o->room) {
        size_t room = o->room == 0 ? 32 : o->room * 2;
        struct change_item *list = mem_grow(o->list, room, sizeof *list);
        if (list == NULL) {
            c->no_memory = true;
            return;
        }
        o->list = list;
        o->room = room;
    }
    struct change_item item = { type, arena_text(o->arena, path), arena_text(o->arena, text), pos };
    if (item.path == NULL || item.text == NULL)
        c->no_memory = true;
    else
        o->list[o->count++] = item;
}

/* Refused while there are records; without any it simply holds from now on. */
static enum change_type narrow(const struct compare *c) { return c->used ? CHANGE_REFUSED : CHANGE_SAYS; }

/* How many records hold that field, or that option of it; every one may where it lies sealed. */
static int64_t holders(const struct compare *c, const struct field *from, const char *option) {
    if (!c->used || c->held == NULL || c->held->holding == NULL || !from->outside)
        return c->count;
    return c->held->holding(c->held->arg, c->from->name, from->name, option);
}

/* narrow() for what concerns some of the records only, or none. The caller sets concerned back to count. */
static enum change_type narrow_for(struct compare *c, int64_t concerned) {
    c->concerned = concerned;
    return concerned == 0 ? CHANGE_SAYS : narrow(c);
}

/* What has to be done with stored records; nothing where there are none. */
static enum change_type redo(const struct compare *c, enum change_type without) { return c->used ? CHANGE_INDEX : without; }

static const char *path_of(struct compare *c, const char *section, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "records.%s%s%s%s%s", c->to != NULL ? c->to->name : c->from->name, section[0] != '\0' ? "." : "", section, name[0] != '\0' ? "." : "", name);
    const char *copy = arena_text(c->out->arena, path);
    c->no_memory |= copy == NULL;
    return copy != NULL ? copy : "";
}

/* ---- fields ---- */

static const char *const type_words[FIELD_TYPES] = { "text", "email", "phone", "name", "address", "number", "money", "time", "date", "yes/no", "one of", "reference", "file", "place", "json", "counter" };
static const char *const level_words[] = { "not personal", "personal", "sensitive", "secret" };

static bool widens(const struct field *from, const struct field *to) {
    if (to->type != T_TEXT)
        return false;
    return from->type == T_NAME || from->type == T_EMAIL || from->type == T_PHONE || from->type == T_ADDRESS || from->type == T_ONE_OF;
}

static void compare_options(struct compare *c, const char *path, const struct field *from, const struct field *to) {
    bool shifted = false;
    for (size_t i = 0; i < from->option_count; i++) {
        int now = field_option(to, from->options[i]);
        shifted = shifted || now != (int)i;
        if (now >= 0)
            continue;
        int64_t n = holders(c, from, from->options[i]);
        if (narrow_for(c, n) == CHANGE_REFUSED)
            note(c, CHANGE_REFUSED, to->pos, path, "The option `%s` is gone, but stored records %shave it: keep the option", from->options[i], n < 0 || !from->outside ? "may " : "");
        else
            note(c, CHANGE_SAYS, to->pos, path, "The option `%s` is gone; no stored record has it", from->options[i]);
        c->concerned = c->count;
    }
    for (size_t i = 0; i < to->option_count; i++)
        if (field_option(from, to->options[i]) < 0)
            note(c, CHANGE_ADDS, to->pos, path, "The option `%s` is new", to->options[i]);
    if (shifted && to->sorted && c->used)
        note(c, CHANGE_INDEX, to->pos, path, "Its options have another order: stored records are sorted anew");
}

static void compare_find(struct compare *c, const char *path, const struct field *from, const struct field *to) {
    if ((to->found & ~from->found) != 0)
        note(c, redo(c, CHANGE_ADDS), to->pos, path, "It becomes findable: an index is built from the stored records");
    if ((from->found & ~to->found) != 0)
        note(c, CHANGE_SAYS, to->pos, path, "It is no longer findable that way: its index is dropped");
    if (to->sorted && !from->sorted)
        note(c, redo(c, CHANGE_ADDS), to->pos, path, "It becomes sortable: an index is built from the stored records");
}

static void compare_type(struct compare *c, const char *path, const struct field *from, const struct field *to) {
    const struct kind *a = from->type == T_REFERENCE ? charter_kind_at(c->older, from->refers) : NULL, *b = to->type == T_REFERENCE ? charter_kind_at(c->newer, to->refers) : NULL;
    if (from->type == to->type) {
        if (a != NULL && b != NULL && strcmp(a->name, b->name) != 0)
            note(c, narrow(c), to->pos, path, "It referred to `%s` and now to `%s`, but stored references stay what they are: add a second field", a->name, b->name);
        return;
    }
    if (widens(from, to))
        note(c, to->found != 0 || to->sorted ? redo(c, CHANGE_SAYS) : CHANGE_SAYS, to->pos, path, "The type `%s` becomes `%s`: every stored value fits", type_words[from->type], type_words[to->type]);
    else
        note(c, narrow(c), to->pos, path, "The type `%s` becomes `%s`, which stored values do not fit: add a second field", type_words[from->type], type_words[to->type]);
}

/* Where it lies: in the clear or sealed, in which part, under which consent. */
static void compare_lies(struct compare *c, const char *path, const struct field *from, const struct field *to) {
    const char *before = c->from->parts[from->part].name, *after = c->to->parts[to->part].name;
    if (from->outside != to->outside)
        note(c, redo(c, CHANGE_SAYS), to->pos, path, to->outside ? "It lies outside the sealed part from now on: stored records are written anew"
                                                                 : "It lies in the sealed part from now on: stored records are written anew");
    if (from->consent == NULL && to->consent != NULL)
        note(c, narrow(c), to->pos, path, "It needs the consent `%s` from now on, for which the people of stored records were not asked: add a second field", to->consent);
    else if (from->consent != NULL && (to->consent == NULL || strcmp(from->consent, to->consent) != 0))
        note(c, narrow(c), to->pos, path, "Its people gave it with the consent `%s`, which they may withdraw: keep the consent", from->consent);
    else if (strcmp(before, after) != 0 && !to->outside)
        note(c, redo(c, CHANGE_SAYS), to->pos, path, "It moves from the part `%s` to the part `%s`: stored records are sealed anew", before, after);
}

static void compare_field(struct compare *c, const struct field *from, const struct field *to) {
    const char *path = path_of(c, "holds", to->name);
    compare_type(c, path, from, to);
    if (from->type == T_ONE_OF && to->type == T_ONE_OF)
        compare_options(c, path, from, to);
    if (from->optional && !to->optional) {
        int64_t n = from->outside && c->count >= 0 ? c->count - holders(c, from, NULL) : c->count;
        if (narrow_for(c, n) == CHANGE_REFUSED)
            note(c, CHANGE_REFUSED, to->pos, path, "It was optional, and stored records may lack it: leave it optional");
        else
            note(c, CHANGE_SAYS, to->pos, path, "It was optional and is needed from now on; every stored record holds it");
        c->concerned = c->count;
    }
    if (!from->optional && to->optional)
        note(c, CHANGE_SAYS, to->pos, path, "It becomes optional");
    if (to->level < from->level)
        note(c, narrow(c), to->pos, path, "It was %s and becomes %s, but its people gave it under the stricter promise: keep the level", level_words[from->level], level_words[to->level]);
    if (to->level > from->level)
        note(c, CHANGE_SAYS, to->pos, path, "It was %s and becomes %s", level_words[from->level], level_words[to->level]);
    compare_lies(c, path, from, to);
    if (from->masked != to->masked)
        note(c, CHANGE_SAYS, to->pos, path, to->masked ? "It is masked from now on; stored values stay as they are" : "It is no longer masked");
    compare_find(c, path, from, to);
}

static void compare_fields(struct compare *c) {
    for (size_t i = 0; i < c->from->field_count; i++) {
        const struct field *f = &c->from->fields[i];
        if (kind_field(c->to, f->name) >= 0)
            continue;
        int64_t n = holders(c, f, NULL);
        if (narrow_for(c, n) == CHANGE_REFUSED)
            note(c, CHANGE_REFUSED, (struct pos){ 0, 0 }, path_of(c, "holds", f->name), "The field is gone, but stored records %shold it: keep it, as optional, until they are erased",
                 n < 0 || !f->outside ? "may " : "");
        else
            note(c, CHANGE_SAYS, (struct pos){ 0, 0 }, path_of(c, "holds", f->name), "The field is gone; no stored record holds it");
        c->concerned = c->count;
    }
    for (size_t i = 0; i < c->to->field_count; i++) {
        const struct field *f = &c->to->fields[i];
        int old = kind_field(c->from, f->name);
        if (old >= 0)
            compare_field(c, &c->from->fields[old], f);
        else if (f->optional || !c->used)
            note(c, CHANGE_ADDS, f->pos, path_of(c, "holds", f->name), "The field is new");
        else
            note(c, CHANGE_REFUSED, f->pos, path_of(c, "holds", f->name), "The field is new and every record needs it, but stored records lack it: make it optional");
    }
}

/* ---- keep rules and behaviour ---- */

static bool same_text(const char *a, const char *b) { return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0); }

/* The longest that it may be, in days: the end of a year is up to a year away. */
static double days_of(const struct keep *k) {
    return span_days(&k->span) + (k->anchor.end_of == 'y' ? 366 : k->anchor.end_of == 'm' ? 31 : k->anchor.end_of == 'd' ? 1 : 0);
}

static void compare_keep(struct compare *c, const struct part *from, const struct part *to) {
    bool longer = from->keep.type == KEEP_SPAN && (to->keep.type != KEEP_SPAN || days_of(&to->keep) > days_of(&from->keep));
    const char *path = path_of(c, "keep", "");
    if (!c->used)
        note(c, CHANGE_SAYS, to->keep.pos, path, "The part `%s` is kept `%s` instead of `%s`", to->name, to->keep.text, from->keep.text);
    else if (longer && c->to->personal)
        note(c, CHANGE_REFUSED, to->keep.pos, path, "The part `%s` would be kept `%s`, longer than the `%s` under which it was given: keep the rule, or erase the records first", to->name, to->keep.text, from->keep.text);
    else
        note(c, CHANGE_DUES, to->keep.pos, path, "The part `%s` is kept `%s` instead of `%s`: due dates of stored records are computed anew", to->name, to->keep.text, from->keep.text);
}

/* What was in a part and is in one now, by the fields that both have. */
static void compare_keeps(struct compare *c) {
    for (size_t i = 0; i < c->to->part_count; i++)
        for (size_t k = 0; k < c->from->part_count; k++) {
            const struct part *to = &c->to->parts[i], *from = &c->from->parts[k];
            bool shared = false;
            for (size_t f = 0; f < c->from->field_count; f++) {
                int now = (from->fields >> f & 1) != 0 ? kind_field(c->to, c->from->fields[f].name) : -1;
                shared = shared || (now >= 0 && c->to->fields[now].part == (int)i);
            }
            if (shared && strcmp(from->keep.text, to->keep.text) != 0)
                compare_keep(c, from, to);
        }
}

static void compare_number(struct compare *c) {
    const struct number_format *a = &c->from->number, *b = &c->to->number;
    if (a->set && !b->set)
        note(c, CHANGE_SAYS, c->to->pos, path_of(c, "number", ""), "New records get no number");
    else if (b->set && (!a->set || strcmp(a->prefix, b->prefix) != 0 || a->year != b->year || a->digits != b->digits || a->scope != b->scope || a->gapless != b->gapless
                        || strcmp(a->after_year, b->after_year) != 0))
        note(c, CHANGE_SAYS, c->to->pos, path_of(c, "number", ""), "New records are numbered in another way; stored numbers stay");
}

static bool has_limit(const struct kind *k, const char *text) {
    for (size_t i = 0; i < k->limit_count; i++)
        if (strcmp(k->limits[i].text, text) == 0)
            return true;
    return false;
}

static const char *basis_of(const struct kind *k) { return k->because != NULL && strncmp(k->because, "consent ", 8) == 0 ? k->because + 8 : NULL; }

/* The consent that whole records rest on goes with them: nobody goes on without it, and nobody is held to one that was never asked for. */
static double consent_days(const struct consent_rule *r) {
    double days = r == NULL ? 0 : span_days(&r->lasts);
    return days > 0 ? days : 1e9;
}

/* A consent of a purpose stays one, and none lasts longer than was said when it was given. */
static void compare_consents(struct compare *c) {
    for (size_t i = 0; i < c->from->consent_count; i++) {
        const struct consent_rule *was = &c->from->consents[i], *is = kind_consent_rule(c->to, was->name);
        const struct words *use = was->purpose < 0 ? NULL : &c->from->used_for[was->purpose];
        int now = use == NULL ? -1 : kind_purpose(c->to, use->in[LANG_EN]);
        const struct consent_rule *asks = kind_purpose_consent(c->to, now);
        if (now >= 0 && (asks == NULL || strcmp(asks->name, was->name) != 0))
            note(c, narrow(c), c->to->pos, path_of(c, "consents", was->name), "Its people may refuse the consent `%s`, without which it is not used for `%s`: keep the consent", was->name, use->in[LANG_EN]);
        else if (consent_days(is) > consent_days(was))
            note(c, narrow(c), c->to->pos, path_of(c, "consents", was->name), "The consent would last longer than was said when it was given: keep its end");
    }
}

static void compare_basis(struct compare *c) {
    const char *before = basis_of(c->from), *now = basis_of(c->to);
    if (same_text(before, now))
        return;
    if (before != NULL)
        note(c, narrow(c), c->to->pos, path_of(c, "because", ""), "Its people gave it with the consent `%s`, which they may withdraw: keep the ground, or make a new kind", before);
    else
        note(c, narrow(c), c->to->pos, path_of(c, "because", ""), "It rests on the consent `%s` from now on, for which the people of stored records were not asked: make a new kind", now);
}

static void compare_behaviour(struct compare *c) {
    for (size_t i = 0; i < c->to->limit_count; i++)
        if (!has_limit(c->from, c->to->limits[i].text))
            note(c, redo(c, CHANGE_SAYS), c->to->limits[i].pos, path_of(c, "limits", ""),
                 "The limit `%s` is new: stored records count, and those that break it stay as they are", c->to->limits[i].text);
    for (size_t i = 0; i < c->from->limit_count; i++)
        if (!has_limit(c->to, c->from->limits[i].text))
            note(c, c->from->limits[i].type == LIMIT_CAPACITY ? redo(c, CHANGE_SAYS) : CHANGE_SAYS, c->to->pos, path_of(c, "limits", ""), "The limit `%s` is gone", c->from->limits[i].text);
    if (c->from->move_count != c->to->move_count)
        note(c, CHANGE_SAYS, c->to->pos, path_of(c, "moves", ""), "%zu moves instead of %zu", c->to->move_count, c->from->move_count);
    if (!same_text(c->from->we_are, c->to->we_are))
        note(c, CHANGE_SAYS, c->to->pos, path_of(c, "we_are", ""), "The role is `%s` instead of `%s`: tell the tenants", c->to->we_are != NULL ? c->to->we_are : "none", c->from->we_are != NULL ? c->from->we_are : "none");
    compare_basis(c);
    compare_consents(c);
    if (!same_text(c->from->because, c->to->because))
        note(c, CHANGE_SAYS, c->to->pos, path_of(c, "because", ""), "The legal ground is `%s` instead of `%s`: tell the people", c->to->because != NULL ? c->to->because : "none", c->from->because != NULL ? c->from->because : "none");
    compare_number(c);
}

static const char *owner_name(const struct charter *c, const struct kind *k) {
    const struct person *people;
    size_t n = charter_people(c, &people);
    if (k->parent >= 0)
        return charter_kind_at(c, k->parent)->name;
    return charter_tenant(c) >= 0 && (size_t)charter_tenant(c) < n ? people[charter_tenant(c)].name : "";
}

static const char *about_name(const struct charter *c, const struct kind *k) {
    const struct person *people;
    size_t n = charter_people(c, &people);
    return k->about >= 0 && (size_t)k->about < n ? people[k->about].name : "nobody";
}

static void compare_kind(struct compare *c) {
    const char *before = owner_name(c->older, c->from), *after = owner_name(c->newer, c->to);
    if (strcmp(before, after) != 0)
        note(c, narrow(c), c->to->pos, path_of(c, "belongs_to", ""), "It belonged to `%s` and now to `%s`, but stored records stay where they are: make a new kind", before, after);
    before = about_name(c->older, c->from);
    after = about_name(c->newer, c->to);
    if (strcmp(before, after) != 0)
        note(c, narrow(c), c->to->pos, path_of(c, "about", ""), "It was about `%s` and now about `%s`, but the stored data is that of the first: make a new kind", before, after);
    compare_fields(c);
    compare_keeps(c);
    compare_behaviour(c);
}

static void count_records(struct compare *c, const char *kind) {
    c->count = c->concerned = c->held == NULL || c->held->records == NULL ? -1 : c->held->records(c->held->arg, kind);
    c->used = c->count != 0;
}

static void compare_kinds(struct compare *c) {
    const struct kind *old_kinds, *new_kinds;
    size_t old_count = charter_kinds(c->older, &old_kinds), new_count = charter_kinds(c->newer, &new_kinds);
    for (size_t i = 0; i < old_count; i++) {
        c->from = &old_kinds[i];
        c->to = NULL;
        if (charter_kind(c->newer, c->from->name) >= 0)
            continue;
        count_records(c, c->from->name);
        note(c, narrow(c), (struct pos){ 0, 0 }, path_of(c, "", ""), "%s", c->used ? "The kind is gone, but there may be records of it: keep it until they are erased" : "The kind is gone; there is no record of it");
    }
    for (size_t i = 0; i < new_count; i++) {
        int old = charter_kind(c->older, new_kinds[i].name);
        c->to = &new_kinds[i];
        c->from = old >= 0 ? &old_kinds[old] : NULL;
        if (old >= 0) {
            count_records(c, c->to->name);
            compare_kind(c);
        } else
            note(c, CHANGE_ADDS, c->to->pos, path_of(c, "", ""), "The kind is new");
    }
    c->concerned = -1;
}

static struct pos place_of(const struct charter *c, const char *key) {
    const struct node *n = node_get(tree_root(charter_tree(c)), key);
    return n != NULL ? n->key_pos : (struct pos){ 0, 0 };
}

/* ---- people who sign in ---- */

/* How many accounts have that role, in words: " (3 accounts)"; "" where nobody counts. */
static const char *members_of(const struct compare *c, const char *role, char *ret, size_t room) {
    int64_t n = c->held != NULL && c->held->members != NULL ? c->held->members(c->held->arg, role) : -1;
    ret[0] = '\0';
    if (n >= 0)
        snprintf(ret, room, " (%lld account%s)", (long long)n, n == 1 ? "" : "s");
    return ret;
}

static void compare_sign_in(struct compare *c, const char *role, int before, int now, const char *path) {
    struct sign_in_rule a = charter_sign_in(c->older, before), b = charter_sign_in(c->newer, now);
    struct pos pos = place_of(c->newer, "sign_in");
    char members[64];
    members_of(c, role, members, sizeof members);
    if (charter_signs_in(c->older, before) && !charter_signs_in(c->newer, now)) {
        note(c, CHANGE_ACCESS, pos, path, "`%s` does not sign in any more: its members lose access%s", role, members);
        return;
    }
    if (b.passkey && !a.passkey)
        note(c, CHANGE_ACCESS, pos, path, "`%s` signs in by passkey only: whoever has none needs a new invitation%s", role, members);
    else if (b.second && !a.second)
        note(c, CHANGE_ACCESS, pos, path, "`%s` needs a second step: whoever has none sets one up at the next sign-in%s", role, members);
    if (b.length > a.length)
        note(c, CHANGE_ACCESS, pos, path, "Passwords of `%s` have %d characters instead of %d: a shorter one is changed at the next sign-in%s", role, b.length, a.length, members);
}

static void compare_roles(struct compare *c) {
    const struct person *old;
    size_t count = charter_people(c->older, &old);
    for (size_t i = 0; i < count; i++) {
        char path[128], members[64];
        int now = charter_person(c->newer, old[i].name);
        snprintf(path, sizeof path, "%s.%s", now < 0 ? "people" : "sign_in", old[i].name);
        if (now < 0 && charter_signs_in(c->older, (int)i))
            note(c, CHANGE_ACCESS, (struct pos){ 0, 0 }, path, "The role is gone: its members lose access, and its tokens are refused%s", members_of(c, old[i].name, members, sizeof members));
        else if (now >= 0)
            compare_sign_in(c, old[i].name, (int)i, now, path);
    }
}

static bool has_levels(const struct charter *c, const char *kind) {
    const int *list;
    size_t count = charter_levels(c, &list);
    for (size_t i = 0; i < count; i++)
        if (list[i] == charter_kind(c, kind))
            return true;
    return false;
}

static void compare_levels(struct compare *c) {
    const int *before, *now;
    size_t old_count = charter_levels(c->older, &before), count = charter_levels(c->newer, &now);
    for (size_t i = 0; i < old_count; i++) {
        const char *name = charter_kind_at(c->older, before[i])->name;
        if (charter_kind(c->newer, name) < 0)
            note(c, CHANGE_ACCESS, (struct pos){ 0, 0 }, "access", "The kind `%s` is gone, and levels of access name its records: they mean nothing any more", name);
        else if (!has_levels(c->newer, name))
            note(c, CHANGE_ACCESS, (struct pos){ 0, 0 }, "access", "`%s` has no levels of access any more: members see and change of it whatever their role may", name);
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = charter_kind_at(c->newer, now[i])->name;
        if (!has_levels(c->older, name))
            note(c, CHANGE_ACCESS, place_of(c->newer, "access"), "access", "`%s` has levels of access: members with levels for single records only lose sight of it until they are given some", name);
    }
}

static void compare_access(struct compare *c) {
    compare_roles(c);
    compare_levels(c);
    if (charter_authorised_only(c->newer) && !charter_authorised_only(c->older))
        note(c, CHANGE_ACCESS, place_of(c->newer, "people_authorised"), "people_authorised", "Nobody signs in without an authorisation: register one for each account first");
}

/* ---- the whole ---- */

/* Do two trees say the same, comments and layout aside? */
static bool same_tree(const struct node *a, const struct node *b) {
    if (a->type != b->type || a->count != b->count || !same_text(a->text, b->text) || !same_text(a->key, b->key))
        return false;
    for (a = a->first, b = b->first; a != NULL && b != NULL; a = a->next, b = b->next)
        if (!same_tree(a, b))
            return false;
    return a == NULL && b == NULL;
}

/* Sections without records behind them: said in one line each. */
static void compare_sections(struct compare *c) {
    const struct node *old = tree_root(charter_tree(c->older)), *new = tree_root(charter_tree(c->newer));
    for (const struct node *n = new->first; n != NULL; n = n->next) {
        const struct node *was = node_get(old, n->key);
        if (strcmp(n->key, "records") == 0 || strcmp(n->key, "updated") == 0 || strcmp(n->key, "charter") == 0 || strcmp(n->key, "tenant") == 0)
            continue;
        if (was == NULL)
            note(c, CHANGE_ADDS, n->key_pos, n->key, "The section is new");
        else if (!same_tree(was, n))
            note(c, CHANGE_SAYS, n->key_pos, n->key, n->text != NULL && was->text != NULL ? "`%s` instead of `%s`" : "The section says something else", n->text, was->text);
    }
    for (const struct node *n = old->first; n != NULL; n = n->next)
        if (node_get(new, n->key) == NULL)
            note(c, CHANGE_SAYS, (struct pos){ 0, 0 }, n->key, "The section is gone: what it promised is no longer promised");
}

static void compare_head(struct compare *c) {
    const struct person *a, *b;
    charter_people(c->older, &a);
    charter_people(c->newer, &b);
    const char *tenant = a[charter_tenant(c->older)].name, *now = b[charter_tenant(c->newer)].name;
    bool dated = rule_on(RULE_charter_dated);
    int order = strcmp(charter_updated(c->newer), charter_updated(c->older));
    if (strcmp(charter_name(c->older), charter_name(c->newer)) != 0)
        note(c, CHANGE_REFUSED, place_of(c->newer, "charter"), "charter", "This is the charter of `%s`, but the records are those of `%s`: keep the name", charter_name(c->newer), charter_name(c->older));
    if (strcmp(tenant, now) != 0)
        note(c, CHANGE_REFUSED, place_of(c->newer, "tenant"), "tenant", "The tenant was `%s` and is now `%s`, but stored data is kept apart by the first: keep the tenant", tenant, now);
    if (order == 0 && dated)
        note(c, CHANGE_REFUSED, place_of(c->newer, "updated"), "updated", "The charter has changed, but its date is still %s: write the date of the change", charter_updated(c->newer));
    else if (order < 0 && dated)
        note(c, CHANGE_REFUSED, place_of(c->newer, "updated"), "updated", "The date goes back from %s to %s: write the date of the change", charter_updated(c->older), charter_updated(c->newer));
}

enum code charter_against(const struct charter *older, const struct charter *newer, const struct held *held, struct changes **ret, struct err *reterr) {
    PRE(older != NULL && newer != NULL && ret != NULL && reterr != NULL);
    AUTO(changes_free) struct changes *out = mem_new(sizeof *out);
    if (out == NULL || (out->arena = arena_new(16u << 20)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for comparing two charters");
    struct compare c = { .out = out, .older = older, .newer = newer, .held = held, .count = -1, .concerned = -1 };
    if (memcmp(charter_hash(older), charter_hash(newer), 32) != 0 && !same_tree(tree_root(charter_tree(older)), tree_root(charter_tree(newer)))) {
        compare_head(&c);
        if (changes_count(out, CHANGE_REFUSED) == 0 || strcmp(charter_name(older), charter_name(newer)) == 0) {
            compare_kinds(&c);
            compare_access(&c);
            compare_sections(&c);
        }
    }
    if (c.no_memory)
        return err_set(reterr, E_MEMORY, "no memory for comparing two charters");
    *ret = TAKE(out);
    return OK;
}

void changes_print(const struct changes *c, struct buf *ret) {
    static const char *const words[CHANGE_TYPES] = { "adds", "index", "dates", "access", "says", "refused" };
    static const enum change_type order[CHANGE_TYPES] = { CHANGE_REFUSED, CHANGE_ACCESS, CHANGE_ADDS, CHANGE_INDEX, CHANGE_DUES, CHANGE_SAYS };   /* what stands in the way comes first */
    for (int t = 0; t < CHANGE_TYPES; t++) {
        enum change_type type = order[t];
        for (size_t i = 0; i < c->count; i++)
            if (c->list[i].type == type)
                buf_printf(ret, "%-8s %s: %s\n", words[type], c->list[i].path, c->list[i].text);
    }
    if (c->count == 0)
        buf_text(ret, "Nothing changes.\n");
}
