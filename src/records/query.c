/* query.c — reading queries. A personal field has no place in a list's query, because queries stand in addresses and logs. */
#include "records/query.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void query_done(struct query *q) {
    for (size_t i = 0; i < q->cond_count; i++)
        q->conds[i].pattern = regex_free(q->conds[i].pattern);
    q->cond_count = 0;
}

struct reading { const struct service *s; fieldset fields; struct arena *arena; struct query *q; struct err *err; bool list; };

static enum code refuse_memory(struct reading *r) { return err_set(r->err, E_MEMORY, "no memory for a query"); }

/* ---- conditions */
static const struct { const char *name; enum cond_op op; } ops[] = {
    { "is", IS }, { "eq", IS }, { "gte", AT_LEAST }, { "gt", ABOVE }, { "lte", AT_MOST }, { "lt", BELOW },
    { "word", HAS_WORD }, { "prefix", HAS_PREFIX }, { "contains", CONTAINS }, { "matches", MATCHES },
};

static bool op_find(const char *name, enum cond_op *ret) {
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        if (strcmp(ops[i].name, name) == 0) {
            *ret = ops[i].op;
            return true;
        }
    return false;
}

static bool is_range(enum cond_op op) { return op >= AT_LEAST && op <= BELOW; }
static bool has_words(const struct field *f) { return f->type == T_TEXT || f->type == T_NAME || f->type == T_ADDRESS || f->type == T_EMAIL; }

static enum code cond_text(struct reading *r, struct cond *c, const struct field *f, const struct raw *raw) {
    char path[96];
    const char *why = NULL;
    snprintf(path, sizeof path, "/%s", f->name);
    if (raw->type != RAW_TEXT || raw->len == 0)
        return err_field(r->err, E_INVALID, path, "%s asks for a text to search for", path);
    if (c->op == MATCHES) {
        c->pattern = regex_new(raw->text, raw->len, &why);
        if (c->pattern == NULL && why == NULL)
            return refuse_memory(r);
        return c->pattern != NULL ? OK : err_field(r->err, E_INVALID, path, "%s: %s", path, why);
    }
    AUTO(buf_done) struct buf b = BUF(TEXT_MAX * 16);
    bool folds = text_fold(raw->text, raw->len, &b);
    if (b.failed)
        return refuse_memory(r);
    if (!folds || b.len == 0)
        return err_field(r->err, E_INVALID, path, "%s asks for a text to search for", path);
    c->fold = arena_text_n(r->arena, b.data, b.len);
    if (c->fold == NULL)
        return refuse_memory(r);
    if (c->op == HAS_PREFIX && text_points(c->fold) < PREFIX_MIN)
        return err_field(r->err, E_INVALID, path, "%s: a prefix has at least %u characters", path, PREFIX_MIN);
    return OK;
}

static enum code cond_value(struct reading *r, struct cond *c, const struct field *f, struct raw *raw) {
    struct say why = { 0 };
    char path[96], text[256];
    snprintf(path, sizeof path, "/%s", f->name);
    raw->loose = raw->loose || r->list;
    if (!value_read(f, raw, &r->s->rules, r->arena, &c->value, &why)) {
        if (why.says == SAYS_OK)
            return refuse_memory(r);
        snprintf(text, sizeof text, "%s", says_text(why.says, LANG_EN));
        char *at = strstr(text, "%s");
        if (at != NULL)
            *at = 0;
        return err_field(r->err, E_INVALID, path, "%s %s%s", path, text, at != NULL ? why.arg : "");
    }
    if (!c->value.set)
        return err_field(r->err, E_INVALID, path, "%s asks for a value to compare with", path);
    if (is_range(c->op) && !find_by_number(f) && f->type != T_TEXT)
        return err_field(r->err, E_INVALID, path, "%s is compared as a whole only", path);
    c->fold = is_range(c->op) && !find_by_number(f) ? find_sort_text(c->value.text, r->arena) : find_fold(f, &c->value, r->arena);
    return c->fold == NULL ? refuse_memory(r) : OK;
}

static enum code cond_add(struct reading *r, int field, enum cond_op op, json_t *v) {
    const struct field *f = &r->q->k->kind->fields[field];
    struct raw raw = raw_json(v);
    char path[96];
    snprintf(path, sizeof path, "/%s", f->name);
    if (r->q->cond_count == CONDS_MAX)
        return err_set(r->err, E_INVALID, "a query has at most %d conditions", CONDS_MAX);
    if (f->type == T_FILE || f->type == T_JSON || f->type == T_PLACE)
        return err_field(r->err, E_INVALID, path, "%s cannot be searched", path);
    struct cond *c = &r->q->conds[r->q->cond_count++];
    *c = (struct cond){ .field = field, .op = op };
    if (op >= HAS_WORD && op <= CONTAINS && !has_words(f) && f->type != T_PHONE)
        return err_field(r->err, E_INVALID, path, "%s is no text: ask for its whole value", path);
    return op >= HAS_WORD ? cond_text(r, c, f, &raw) : cond_value(r, c, f, &raw);
}

static enum code unknown(struct reading *r, const char *name) {
    const struct kind *k = r->q->k->kind;
    const char *best = NULL;
    unsigned least = 3;
    bool plain = strlen(name) <= 40 && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_.")] == 0;
    for (size_t i = 0; i < k->field_count; i++) {
        unsigned d = (r->fields >> i & 1) == 0 ? least : text_distance(name, k->fields[i].name);
        if (d < least) {
            least = d;
            best = k->fields[i].name;
        }
    }
    if (best != NULL)
        return err_set(r->err, E_INVALID, "%s%s is not a field that can be asked for here; did you mean %s?", plain ? "" : "a name in the query: it", plain ? name : "", best);
    return err_set(r->err, E_INVALID, "%s is not a field that can be asked for here", plain ? name : "a name in the query");
}

static bool is_parent(struct reading *r, const char *name) {
    int parent = r->q->k->kind->parent;
    return parent >= 0 && strcmp(name, service_kind(r->s, parent)->kind->name) == 0;
}

static enum code parent_take(struct reading *r, json_t *v) {
    if (!json_is_string(v) || !uuid_parse(json_string_value(v), &r->q->parent))
        return err_set(r->err, E_INVALID, "what the records belong to is given by its id");
    r->q->has_parent = true;
    return OK;
}

/* ---- the page */
static enum code limit_take(struct reading *r, json_t *v) {
    int64_t n = json_is_integer(v) ? json_integer_value(v) : 0;
    if (json_is_string(v) && !text_int(json_string_value(v), 1, LIMIT_MAX, &n))
        n = 0;
    if (n < 1 || n > LIMIT_MAX)
        return err_set(r->err, E_INVALID, "limit is a number from 1 to %u", LIMIT_MAX);
    r->q->limit = (size_t)n;
    return OK;
}

static enum code sort_take(struct reading *r, json_t *v) {
    const char *name = json_string_value(v);
    if (name == NULL)
        return err_set(r->err, E_INVALID, "sort is the name of a field, with - before it for the other way round");
    r->q->descending = name[0] == '-';
    name += r->q->descending;
    if (strcmp(name, "created") == 0 || strcmp(name, "id") == 0)
        return OK;
    int f = kind_field(r->q->k->kind, name);
    if (f < 0 || (r->fields >> f & 1) == 0)
        return unknown(r, name);
    if ((r->q->k->sorted >> f & 1) == 0)
        return err_set(r->err, E_INVALID, "%s is not declared as sorted", name);
    r->q->source = BY_SORT;
    r->q->sort = f;
    return OK;
}

/* Kept as it came: what it says depends on the tenant. */
static enum code cursor_take(struct reading *r, json_t *v) {
    struct query *q = r->q;
    if (v == NULL || json_is_null(v))
        return OK;
    if (!json_is_string(v) || json_string_length(v) == 0 || json_string_length(v) > CURSOR_MAX)
        return err_set(r->err, E_INVALID, "the cursor is not one of this query: begin again without it");
    q->cursor_len = json_string_length(v);
    q->cursor = arena_text_n(r->arena, json_string_value(v), q->cursor_len);
    return q->cursor == NULL ? refuse_memory(r) : OK;
}

/* The shortest way to the candidates: an exact value in the index, a word, a prefix, a range of a sorted field. */
static void source_pick(struct reading *r) {
    static const struct { enum cond_op op; enum find_mode mode; } ways[] = { { IS, FIND_EXACT }, { HAS_WORD, FIND_WORD }, { HAS_PREFIX, FIND_PREFIX } };
    struct query *q = r->q;
    if (q->source == BY_SORT || q->descending)
        return;
    for (size_t w = 0; w < ARRAY_LEN(ways); w++)
        for (size_t i = 0; i < q->cond_count; i++) {
            const struct cond *c = &q->conds[i];
            if (c->op != ways[w].op || (q->k->kind->fields[c->field].found & ways[w].mode) == 0 || (q->k->found >> c->field & 1) == 0)
                continue;
            q->source = BY_TOKEN;
            q->source_field = c->field;
            q->source_mode = ways[w].mode;
            q->source_fold = c->fold;
            return;
        }
    for (size_t i = 0; i < q->cond_count && !q->has_parent; i++)
        if ((is_range(q->conds[i].op) || q->conds[i].op == IS) && (q->k->sorted >> q->conds[i].field & 1) != 0) {
            q->source = BY_SORT;
            q->sort = q->conds[i].field;
            return;
        }
}

static enum code page_take(struct reading *r, json_t *in) {
    json_t *limit = json_object_get(in, "limit"), *sort = json_object_get(in, "sort");
    enum code code = limit == NULL ? OK : limit_take(r, limit);
    if (code == OK && sort != NULL)
        code = sort_take(r, sort);
    if (code == OK)
        source_pick(r);
    return code == OK ? cursor_take(r, json_object_get(in, "cursor")) : code;
}

static struct query blank(const struct kind_info *k) { return (struct query){ .k = k, .limit = LIMIT_USUAL, .sort = -1 }; }

static enum code list_name(struct reading *r, const char *name, json_t *v) {
    char field[128];
    enum cond_op op = IS;
    const char *dot = strrchr(name, '.');
    size_t len = dot == NULL ? strlen(name) : (size_t)(dot - name);
    if (is_parent(r, name))
        return parent_take(r, v);
    if (len >= sizeof field || (dot != NULL && (!op_find(dot + 1, &op) || op >= HAS_WORD)))
        return unknown(r, name);
    memcpy(field, name, len);
    field[len] = 0;
    int f = kind_field(r->q->k->kind, field);
    if (f < 0)
        return unknown(r, name);
    if (r->q->k->kind->fields[f].level != L_PLAIN && rule_on(RULE_personal_query_refused))
        return err_set(r->err, E_INVALID, "%s is personal and may not stand in an address: search for it with POST …/%s/search", field, r->q->k->kind->name);
    if ((r->fields >> f & 1) == 0)
        return unknown(r, name);
    return cond_add(r, f, op, v);
}

enum code query_of_list(const struct service *s, const struct kind_info *k, fieldset fields, json_t *in, struct arena *arena, struct query *ret, struct err *reterr) {
    const char *name;
    json_t *v;
    *ret = blank(k);
    struct reading r = { s, fields, arena, ret, reterr, true };
    enum code code = OK;
    json_object_foreach(in, name, v)
        if (code == OK && strcmp(name, "limit") != 0 && strcmp(name, "cursor") != 0 && strcmp(name, "sort") != 0)
            code = list_name(&r, name, v);
    return code == OK ? page_take(&r, in) : code;
}

static enum code where_field(struct reading *r, int f, json_t *v) {
    const struct field *field = &r->q->k->kind->fields[f];
    const char *word;
    json_t *one;
    enum code code = OK;
    if (!json_is_object(v) || field->type == T_MONEY)
        return cond_add(r, f, IS, v);
    if (json_object_size(v) == 0)
        return err_set(r->err, E_INVALID, "a condition names how to compare: {\"%s\": {\"word\": …}}", field->name);
    json_object_foreach(v, word, one) {
        enum cond_op op;
        if (code == OK && !op_find(word, &op))
            code = err_set(r->err, E_INVALID, "a condition compares by is, gte, gt, lte, lt, word, prefix, contains or matches");
        else if (code == OK)
            code = cond_add(r, f, op, one);
    }
    return code;
}

enum code query_of_search(const struct service *s, const struct kind_info *k, fieldset fields, json_t *in, struct arena *arena, struct query *ret, struct err *reterr) {
    const char *name;
    json_t *v, *where = json_object_get(in, "where");
    *ret = blank(k);
    struct reading r = { s, fields, arena, ret, reterr, false };
    enum code code = OK;
    if (!json_is_object(in) || (where != NULL && !json_is_object(where)))
        return err_set(reterr, E_INVALID, "a search is {\"where\": {\"field\": value or {\"word\": …}}, \"limit\": …, \"cursor\": …}");
    json_object_foreach(in, name, v)
        if (code == OK && strcmp(name, "where") != 0 && strcmp(name, "limit") != 0 && strcmp(name, "cursor") != 0 && strcmp(name, "sort") != 0)
            code = err_set(reterr, E_INVALID, "a search has where, limit, cursor and sort; conditions stand in where");
    json_object_foreach(where, name, v) {
        int f = kind_field(k->kind, name);
        if (code != OK)
            break;
        if (is_parent(&r, name))
            code = parent_take(&r, v);
        else
            code = f < 0 || (fields >> f & 1) == 0 ? unknown(&r, name) : where_field(&r, f, v);
    }
    return code == OK ? page_take(&r, in) : code;
}

/* ---- does it match? */
fieldset query_fields(const struct query *q) {
    fieldset set = 0;
    for (size_t i = 0; i < q->cond_count; i++)
        set |= (fieldset)1 << q->conds[i].field;
    return set;
}

struct wanted { const char *word; size_t len; bool prefix, found; };
static bool word_meets(const char *word, size_t len, void *arg) {
    struct wanted *w = arg;
    w->found = w->prefix ? len >= w->len && memcmp(word, w->word, w->len) == 0 : len == w->len && memcmp(word, w->word, len) == 0;
    return !w->found;
}
struct all_words { const char *value; bool prefix, all; };
static bool word_wanted(const char *word, size_t len, void *arg) {
    struct all_words *a = arg;
    struct wanted w = { word, len, a->prefix, false };
    text_words(a->value, word_meets, &w);
    a->all = w.found;
    return a->all;
}

static bool range_matches(const struct cond *c, const struct field *f, const struct value *v, struct arena *arena, bool *failed) {
    int64_t order;
    if (find_by_number(f))
        order = v->number < c->value.number ? -1 : v->number > c->value.number;
    else {
        const char *text = find_sort_text(v->text, arena);
        *failed = *failed || text == NULL;
        order = text == NULL ? 0 : strcmp(text, c->fold);
    }
    switch (c->op) {
    case AT_LEAST: return order >= 0;
    case ABOVE: return order > 0;
    case AT_MOST: return order <= 0;
    default: return order < 0;
    }
}

bool cond_meets(const struct cond *c, const struct field *f, const struct value *v, struct arena *arena, struct buf *room, bool *failed) {
    if (!v->set)
        return false;
    if (is_range(c->op))
        return range_matches(c, f, v, arena, failed);
    if (c->op == MATCHES)
        return regex_matches(c->pattern, v->text, strlen(v->text), failed);
    if (c->op == IS) {
        const char *text = find_fold(f, v, arena);
        *failed = *failed || text == NULL;
        return text != NULL && strcmp(text, c->fold) == 0;
    }
    buf_cut(room, 0);
    if (!text_fold(v->text, strlen(v->text), room)) {
        *failed = true;
        return false;
    }
    if (c->op == CONTAINS)
        return memmem(buf_str(room), room->len, c->fold, strlen(c->fold)) != NULL;
    struct all_words a = { buf_str(room), c->op == HAS_PREFIX, false };
    text_words(c->fold, word_wanted, &a);
    return a.all;
}

static bool cond_matches(const struct cond *c, const struct field *f, const struct value *v, struct arena *arena, bool *failed) {
    AUTO(buf_done) struct buf room = BUF(FOLD_MAX);
    return cond_meets(c, f, v, arena, &room, failed);
}

bool query_matches(const struct query *q, const struct record *r, struct arena *arena, bool *failed) {
    if (q->has_parent && uuid_compare(&q->parent, &r->parent) != 0)
        return false;
    for (size_t i = 0; i < q->cond_count; i++) {
        int field = q->conds[i].field;
        if ((r->unread >> field & 1) == 0 && !cond_matches(&q->conds[i], &q->k->kind->fields[field], &r->values[field], arena, failed))
            return false;
    }
    return true;
}
