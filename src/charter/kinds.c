/* kinds.c — kinds of records and their fields. A kind that could not be read keeps its place, so indexes stay right. */
#include <string.h>

#include "base/text.h"
#include "charter/build.h"
#include "charter/spoken.h"

static const struct { const char *word; enum field_type type; unsigned find; bool sort; } types[] = {
    { "text",    T_TEXT,    FIND_EXACT | FIND_WORD | FIND_PREFIX, true },
    { "email",   T_EMAIL,   FIND_EXACT | FIND_WORD | FIND_PREFIX, false },
    { "phone",   T_PHONE,   FIND_EXACT | FIND_PREFIX, false },
    { "name",    T_NAME,    FIND_EXACT | FIND_WORD | FIND_PREFIX, true },
    { "address", T_ADDRESS, FIND_EXACT | FIND_WORD | FIND_PREFIX, false },
    { "number",  T_NUMBER,  FIND_EXACT, true },
    { "money",   T_MONEY,   FIND_EXACT, true },
    { "time",    T_TIME,    FIND_EXACT, true },
    { "date",    T_DATE,    FIND_EXACT, true },
    { "yes/no",  T_YESNO,   FIND_EXACT, true },
    { "file",    T_FILE,    0, false },
    { "place",   T_PLACE,   0, false },
    { "json",    T_JSON,    0, false },
    { "counter", T_COUNTER, 0, true },
};
static const struct { enum field_type type; unsigned find; bool sort; } others[] = {
    { T_ONE_OF, FIND_EXACT, true }, { T_REFERENCE, FIND_EXACT, false },
};
static const char *const modes[] = { "exactly", "word", "prefix" };     /* by bit of enum find_mode */
static const char *const said_modes[] = { "exactly", "by word", "by prefix" };

static unsigned modes_of(enum field_type type, bool *ret_sort) {
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].type == type) {
            *ret_sort = types[i].sort;
            return types[i].find;
        }
    *ret_sort = others[type == T_REFERENCE].sort;
    return others[type == T_REFERENCE].find;
}

static void build_options(struct build *b, const struct node *n, const struct capture *c, struct field *f) {
    size_t room = 1, state = 0, count = 0;
    int at, width;
    for (const char *p = c->text; *p != '\0'; p++)
        room += *p == '|';
    const char **list = BUILD_NEW(b, const char *, room);
    if (list == NULL)
        return;
    if (room > 64) {
        complain_at(b, "too-many", n, c->at, c->width, NULL, "A field has at most 64 options: make it a record that is referred to");
        return;
    }
    for (const char *name; count < room && (name = capture_next(c, b->c->arena, &state, &at, &width)) != NULL;) {
        for (size_t i = 0; i < count; i++)
            if (strcmp(list[i], name) == 0)
                complain_at(b, "named-twice", n, at, width, NULL, "The option `%s` stands here twice: once is enough", name);
        list[count++] = name;
    }
    f->options = list;
    f->option_count = count;
}

/* Words that may stand once: a second one is more likely a mistake than an emphasis. */
static void refuse_repeats(struct build *b, const struct node *n) {
    const struct said *s = build_said(b, n);
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(s->list[i].name, s->list[j].name) == 0) {
                complain(b, "named-twice", n, NULL, "The same thing is said twice of this field: once is enough");
                return;
            }
}

static void check_found(struct build *b, const struct node *n, const struct field *f) {
    bool sort;
    unsigned can = modes_of(f->type, &sort);
    const char *type = build_text(b, n, "type");
    if (type == NULL)
        type = f->type == T_ONE_OF ? "one of" : "reference";
    for (unsigned i = 0; i < 3; i++)
        if ((f->found & ~can & (1u << i)) != 0)
            complain(b, "found-type", n, NULL, "A field of type `%s` cannot be found %s: %s", type, said_modes[i], can != 0 ? "only texts are found by word or prefix; write `found exactly`" : "leave it out");
    if (f->sorted && !sort)
        complain(b, "sorted-type", n, NULL, "A field of type `%s` cannot be sorted: leave `sorted` out", type);
    if (f->sorted && f->level != L_PLAIN)
        complain(b, "sorted-personal", n, NULL, "A sorted field lies outside the sealed part, so it may not be %s: leave `sorted` out, a search sorts within the tenant", f->level == L_PERSONAL ? "personal" : "sensitive or secret");
    if (f->level == L_SECRET && f->found != 0)
        complain(b, "found-secret", n, NULL, "A secret field is not findable: leave `found` out");
    if (f->level != L_PLAIN && f->found != 0 && (f->type == T_YESNO || f->type == T_ONE_OF))
        complain(b, "found-few-values", n, NULL, "A personal field with few values would be known from its index alone: leave `found exactly` out, or make the field not personal");
    if (f->masked && f->type != T_EMAIL)
        complain(b, "masked-type", n, NULL, "Only a field of type `email` is masked when written: leave `masked` out");
    if (f->masked && f->found != 0)
        complain(b, "masked-found", n, NULL, "A masked value is not kept, so it cannot be found: leave `masked` or `found` out");
}

static void build_field(struct build *b, const struct node *n, struct field *f) {
    static const struct { const char *word; enum field_level level; } levels[] = { { "personal", L_PERSONAL }, { "sensitive", L_SENSITIVE }, { "secret", L_SECRET } };
    const char *type = build_text(b, n, "type"), *level = build_text(b, n, "level"), *refers = build_text(b, n, "reference");
    const struct capture *options = build_capture(b, n, "options");
    *f = (struct field){ .name = n->key, .refers = -1, .pos = n->key_pos, .consent = build_text(b, n, "consent"),
                         .optional = build_has(b, n, "optional"), .sorted = build_has(b, n, "sorted"), .masked = build_has(b, n, "masked") };
    for (size_t i = 0; level != NULL && i < ARRAY_LEN(levels); i++)
        if (strcmp(levels[i].word, level) == 0)
            f->level = levels[i].level;
    for (size_t i = 0; type != NULL && i < ARRAY_LEN(types); i++)
        if (strcmp(types[i].word, type) == 0)
            f->type = types[i].type;
    for (unsigned i = 0; i < ARRAY_LEN(modes); i++)
        f->found |= build_has(b, n, modes[i]) ? 1u << i : 0;
    if (options != NULL) {
        f->type = T_ONE_OF;
        build_options(b, n, options, f);
    }
    if (refers != NULL) {
        const struct capture *c = build_capture(b, n, "reference");
        f->type = T_REFERENCE;
        f->refers = resolve_kind(b, n, refers, c->at, c->width);
    }
    refuse_repeats(b, n);
    check_found(b, n, f);
    if (f->consent != NULL && !f->optional)
        complain(b, "consent-needed", n, NULL, "A field that needs a consent may be missing: write `optional` too");
}

static void build_fields(struct build *b, int kind) {
    static const char *const taken[] = { "created", "changed", "id", "version", "due", "time", "own", "everything", "nothing", "and", "or", "of" };
    struct kind *k = &b->c->kinds[kind];
    struct kind_work *w = &b->work[kind];
    const struct node *holds = node_get(w->node, "holds");
    size_t count = holds != NULL && holds->type == NODE_MAP ? holds->count : 0;
    if (count > FIELDS_MAX) {
        complain_key(b, "too-many", holds, NULL, "A kind holds at most %d fields: divide it", FIELDS_MAX);
        count = FIELDS_MAX;
    }
    if (holds != NULL && holds->type == NODE_MAP && count == 0)
        complain_key(b, "empty-map", holds, NULL, "`%s` holds no field: name at least one", k->name);
    k->fields = BUILD_NEW(b, struct field, count);
    w->field_nodes = BUILD_NEW(b, const struct node *, count);
    w->fields = names_new(b->c->arena, count);
    if (k->fields == NULL || w->field_nodes == NULL || w->fields == NULL) {
        b->no_memory = true;
        return;
    }
    const struct node *n = count > 0 ? holds->first : NULL;
    for (; n != NULL && k->field_count < count; n = n->next) {
        for (size_t i = 0; i < ARRAY_LEN(taken); i++)
            if (strcmp(n->key, taken[i]) == 0)
                complain_key(b, "reserved-name", n, NULL, "`%s` has a meaning of its own in sentences: take another name", n->key);
        if (!names_add(w->fields, n->key, (int)k->field_count))
            continue;
        w->field_nodes[k->field_count] = n;
        build_field(b, n, &k->fields[k->field_count]);
        k->personal |= k->fields[k->field_count].level != L_PLAIN;
        k->field_count++;
    }
}

void build_kinds(struct build *b) {
    struct charter *c = b->c;
    const struct node *records = node_get(tree_root(c->tree), "records");
    size_t count = records != NULL && records->type == NODE_MAP ? records->count : 0;
    if (count > KINDS_MAX) {
        complain_key(b, "too-many", records, NULL, "A charter has at most %d kinds of records", KINDS_MAX);
        count = KINDS_MAX;
    }
    c->kinds = BUILD_NEW(b, struct kind, count);
    b->work = BUILD_NEW(b, struct kind_work, count);
    b->needed = BUILD_NEW(b, fieldset, count);
    c->kind_names = names_new(c->arena, count);
    if (c->kinds == NULL || b->work == NULL || b->needed == NULL || c->kind_names == NULL) {
        b->no_memory = true;
        return;
    }
    for (const struct node *n = count > 0 ? records->first : NULL; n != NULL && c->kind_count < count; n = n->next)
        if (names_add(c->kind_names, n->key, (int)c->kind_count)) {
            c->kinds[c->kind_count] = (struct kind){ .name = n->key, .parent = -1, .about = -1, .warn.person = -1, .pos = n->key_pos };
            b->work[c->kind_count++].node = n;
        }
    for (size_t i = 0; i < c->kind_count && !b->no_memory; i++)
        build_fields(b, (int)i);
}

/* ---- whom a kind belongs to, whom it is about ---- */

static void build_owner(struct build *b, struct kind *k, const struct node *n) {
    const struct capture *cap = build_capture(b, n, "owner");
    if (cap == NULL)
        return;
    int person = names_get(b->c->person_names, cap->text), kind = names_get(b->c->kind_names, cap->text);
    if (person >= 0 && (person == b->c->tenant || b->c->tenant < 0))
        return;                               /* parent stays -1: the tenant's own. A wrong tenant was told of already */
    if (kind >= 0) {
        k->parent = kind;
        return;
    }
    const char *tenant = b->c->tenant >= 0 ? b->c->people[b->c->tenant].name : NULL;
    const char *better = tenant != NULL ? nearest(cap->text, &tenant, 1) : NULL;
    complain_at(b, "unknown-owner", n, cap->at, cap->width, better != NULL ? better : names_nearest(b->c->kind_names, cap->text),
                "`%s` is neither the tenant%s%s nor a kind of record: name one of them", cap->text, tenant != NULL ? " " : "", tenant != NULL ? tenant : "");
}

static void build_purposes(struct build *b, struct kind *k, const struct node *n) {
    if (n == NULL || n->type != NODE_LIST)
        return;
    struct words *list = BUILD_NEW(b, struct words, n->count);
    if (list == NULL)
        return;
    for (const struct node *i = n->first; i != NULL; i = i->next)
        k->used_for_count += spoken_words(i, &list[k->used_for_count]);
    k->used_for = list;
    if (n->first == NULL)
        complain(b, "empty-list", n, NULL, "No purpose stands here: say what the record is used for");
}

/* One ground: a sentence, or a map in which the law or the interest stands by language. */
static void build_because(struct build *b, struct kind *k, const struct node *n) {
    static const char *const spoken[] = { "law", "interest" };
    if (n != NULL && n->type == NODE_MAP && n->count > 1)
        complain_key(b, "one-ground", n->first->next, NULL, "A record rests on one ground: keep `%s`, or make two kinds of record", n->first->key);
    for (size_t i = 0; n != NULL && i < ARRAY_LEN(spoken); i++) {
        const struct node *text = node_get(n, spoken[i]);
        if (text == NULL || !spoken_words(text, &k->ground))
            continue;
        k->because = arena_printf(b->c->arena, "%s %s", spoken[i], spoken_text(text));
        b->no_memory |= k->because == NULL;
    }
    if (n == NULL || n->type != NODE_SCALAR || build_said(b, n)->form == FORM_NONE)
        return;
    k->because = n->text;
    const char *text = build_text(b, n, "text");
    if (text != NULL)
        k->ground = (struct words)WORDS(text, text, text);
}

/* "FV/2026/000001": what stands before the year, between year and digits, and how many digits. */
static void build_number(struct build *b, struct kind *k, const struct node *n) {
    const struct capture *format = build_capture(b, n, "format"), *scope = build_capture(b, n, "scope");
    if (format == NULL || scope == NULL)
        return;
    const char *text = format->text;
    size_t len = strlen(text), digits = 1;
    while (digits < len && text[len - digits - 1] == '0')
        digits++;
    size_t head = len - digits, year = SIZE_MAX;
    for (size_t i = 0; i + 4 <= head; i++)
        if (strncmp(text + i, "20", 2) == 0 && strspn(text + i, "0123456789") == 4)
            year = i;
    if (digits > 12)
        complain_at(b, "number-digits", n, format->at, format->width, NULL, "A number has at most 12 digits: leave some zeros out");
    k->number = (struct number_format){ .prefix = arena_text_n(b->c->arena, text, year == SIZE_MAX ? head : year), .year = year != SIZE_MAX, .digits = (int)digits,
                                        .after_year = arena_text_n(b->c->arena, year == SIZE_MAX ? "" : text + year + 4, year == SIZE_MAX ? 0 : head - year - 4),
                                        .scope = PER_TENANT, .gapless = build_has(b, n, "gapless"), .set = true };
    b->no_memory |= k->number.prefix == NULL || k->number.after_year == NULL;
    int person = names_get(b->c->person_names, scope->text), kind = names_get(b->c->kind_names, scope->text);
    if (kind >= 0 && kind == k->parent)
        k->number.scope = PER_PARENT;
    else if (person < 0 || (person != b->c->tenant && b->c->tenant >= 0))
        complain_at(b, "number-scope", n, scope->at, scope->width, NULL, "Numbers run per tenant or per record that this one belongs to: write `per %s`",
                    k->parent >= 0 ? b->c->kinds[k->parent].name : b->c->tenant >= 0 ? b->c->people[b->c->tenant].name : "tenant");
}

void build_kind_keys(struct build *b) {
    struct charter *c = b->c;
    for (size_t i = 0; i < c->kind_count; i++) {
        struct kind *k = &c->kinds[i];
        const struct node *node = b->work[i].node, *about = node_get(node, "about"), *we_are = node_get(node, "we_are"), *because = node_get(node, "because");
        const struct capture *cap = build_capture(b, about, "person");
        build_owner(b, k, node_get(node, "belongs_to"));
        if (cap != NULL)
            k->about = resolve_person(b, about, cap->text, cap->at, cap->width);
        if (build_said(b, we_are)->form != FORM_NONE)
            k->we_are = we_are->text;
        build_because(b, k, because);
        k->kind_of_data = build_text(b, node_get(node, "kind_of_data"), "special");
        build_purposes(b, k, node_get(node, "used_for"));
        build_number(b, k, node_get(node, "number"));
    }
}
