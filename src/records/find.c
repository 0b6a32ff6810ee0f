/* find.c — folding and tokens. */
#include "records/find.h"

#include <string.h>

#include "base/text.h"

#define WORDS_MAX 256u                        /* of one value: further ones are not in the index, though a scan finds them */

const char *find_fold(const struct field *f, const struct value *v, struct arena *arena) {
    if (f->type == T_EMAIL) {
        char *low = arena_text(arena, v->text);
        for (char *p = low; p != NULL && *p != 0; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p + 32);
        return low;
    }
    if (f->type != T_TEXT && f->type != T_NAME && f->type != T_ADDRESS)
        return v->text;
    AUTO(buf_done) struct buf b = BUF(TEXT_MAX * 16);
    if (!text_fold(v->text, strlen(v->text), &b))
        return NULL;
    return arena_text_n(arena, b.data == NULL ? "" : b.data, b.len);
}

size_t find_points(const char *text, size_t len, size_t n) {
    size_t at = 0;
    for (; at < len; at++)
        if (((unsigned char)text[at] & 0xc0) != 0x80 && n-- == 0)
            break;
    return at;
}

#define HASHED_MAX (TEXT_MAX * 16u + 1024u)
static void put_int(struct buf *b, int64_t v) {
    uint8_t be[8];
    for (int i = 7; i >= 0; i--, v >>= 8)
        be[i] = (uint8_t)v;
    piece_add(b, be, sizeof be);
}
static void put_text(struct buf *b, const char *text) { piece_add(b, text, strlen(text)); }

/* Everything but the value: the same for all tokens of one field and way. */
static void head(const struct service *s, const struct kind_info *k, int64_t tenant, const char *field, uint8_t mode, struct buf *ret) {
    put_int(ret, tenant);
    put_text(ret, charter_name(s->charter));
    put_text(ret, k->kind->name);
    put_text(ret, field);
    piece_add(ret, &mode, 1);
}

bool find_token(const struct service *s, const struct index_keys *keys, const struct kind_info *k, int64_t tenant, int field, enum find_mode mode,
                const char *fold, size_t len, bool before, struct token *ret) {
    AUTO(buf_wipe) struct buf b = BUF(HASHED_MAX);
    head(s, k, tenant, k->kind->fields[field].name, (uint8_t)mode, &b);
    piece_add(&b, fold, len);
    if (b.failed)
        return false;
    return token_make(&keys->find, before && keys->has_before ? &keys->index_before : &keys->index, buf_str(&b), b.len, ret);
}

bool find_claim(const struct service *s, const struct index_keys *keys, const struct kind_info *k, int64_t tenant, const char *rule,
                const struct buf *pieces, struct token *ret, struct token *ret_before) {
    AUTO(buf_wipe) struct buf b = BUF(HASHED_MAX);
    head(s, k, tenant, rule, 0, &b);
    piece_add(&b, pieces->data, pieces->len);
    if (b.failed)
        return false;
    return token_make(&keys->find, &keys->index, buf_str(&b), b.len, ret) &&
           (!keys->has_before || token_make(&keys->find, &keys->index_before, buf_str(&b), b.len, ret_before));
}

/* ---- tokens of a record */
struct maker {
    const struct service *s; const struct index_keys *keys; const struct record *r; struct arena *arena; struct token_list *to;
    int field; enum find_mode mode; struct buf text; size_t head_len; size_t words; bool failed;
};

static void add(struct maker *m, const char *fold, size_t len) {
    struct token_list *t = m->to;
    struct token one;
    if (m->failed)
        return;
    buf_cut(&m->text, m->head_len);
    piece_add(&m->text, fold, len);
    m->failed = m->text.failed || !token_make(&m->keys->find, &m->keys->index, buf_str(&m->text), m->text.len, &one);
    if (m->failed)
        return;
    for (size_t i = 0; i < t->count; i++)
        if (memcmp(&t->list[i], &one, sizeof one) == 0)
            return;                            /* the same word twice */
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 16 : t->room * 2;
        struct token *list = arena_array(m->arena, room, sizeof *list);
        if (list == NULL) {
            m->failed = true;
            return;
        }
        if (t->count > 0)
            memcpy(list, t->list, t->count * sizeof *list);
        t->list = list;
        t->room = room;
    }
    t->list[t->count++] = one;
}

static bool add_word(const char *word, size_t len, void *arg) {
    struct maker *m = arg;
    if (++m->words > WORDS_MAX || m->failed)
        return false;
    if (m->mode == FIND_WORD) {
        add(m, word, len);
        return true;
    }
    size_t last = 0;
    for (size_t n = PREFIX_MIN; n <= PREFIX_MAX; n++) {
        size_t bytes = find_points(word, len, n);
        if (bytes == last)
            break;                             /* the word has fewer characters */
        last = bytes;
        if (find_points(word, len, n - 1) < bytes)
            add(m, word, bytes);
    }
    return true;
}

static void add_field(struct maker *m, int field) {
    const struct field *f = &m->r->info->kind->fields[field];
    const char *fold = find_fold(f, &m->r->values[field], m->arena);
    static const enum find_mode modes[] = { FIND_EXACT, FIND_WORD, FIND_PREFIX };
    m->failed = m->failed || fold == NULL;
    m->field = field;
    for (size_t i = 0; !m->failed && i < ARRAY_LEN(modes); i++) {
        if ((f->found & modes[i]) == 0)
            continue;
        m->mode = modes[i];
        m->words = 0;
        buf_cut(&m->text, 0);
        head(m->s, m->r->info, m->r->tenant, f->name, (uint8_t)modes[i], &m->text);
        m->head_len = m->text.len;
        if (modes[i] == FIND_EXACT)
            add(m, fold, strlen(fold));
        else
            text_words(fold, add_word, m);
    }
}

enum code find_tokens(const struct service *s, const struct index_keys *keys, const struct record *r, fieldset fields,
                      struct arena *arena, struct token_list *ret, struct err *reterr) {
    struct maker m = { .s = s, .keys = keys, .r = r, .arena = arena, .to = ret, .text = BUF(HASHED_MAX) };
    fields &= r->info->found;
    for (size_t i = 0; i < r->info->kind->field_count; i++)
        if ((fields >> i & 1) != 0 && r->values[i].set)
            add_field(&m, (int)i);
    buf_wipe(&m.text);
    return m.failed ? err_set(reterr, E_MEMORY, "no memory for what a record is found by") : OK;
}

/* ---- sorted values */
bool find_by_number(const struct field *f) {
    return f->type == T_TIME || f->type == T_DATE || f->type == T_NUMBER || f->type == T_COUNTER || f->type == T_YESNO || f->type == T_ONE_OF;
}

const char *find_sort_text(const char *text, struct arena *arena) {
    AUTO(buf_done) struct buf b = BUF(TEXT_MAX * 16);
    if (!text_fold(text, strlen(text), &b))
        return NULL;
    size_t len = b.len;
    if (len > SORT_TEXT)
        for (len = SORT_TEXT; len > 0 && ((unsigned char)b.data[len] & 0xc0) == 0x80; len--)
            ;
    return arena_text_n(arena, len == 0 ? "" : b.data, len);
}

enum code find_sorted(const struct record *r, struct arena *arena, struct sorted_value **ret, size_t *ret_count, struct err *reterr) {
    struct sorted_value *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < r->info->kind->field_count; i++) {
        const struct field *f = &r->info->kind->fields[i];
        if ((r->info->sorted >> i & 1) == 0 || !r->values[i].set)
            continue;
        if (list == NULL && (list = arena_array(arena, r->info->kind->field_count, sizeof *list)) == NULL)
            return err_set(reterr, E_MEMORY, "no memory for sorted values");
        list[n] = (struct sorted_value){ .field = r->info->fields[i], .number = r->values[i].number };
        if (!find_by_number(f) && (list[n].text = find_sort_text(r->values[i].text, arena)) == NULL)
            return err_set(reterr, E_MEMORY, "no memory for sorted values");
        n++;
    }
    *ret = list;
    *ret_count = n;
    return OK;
}
