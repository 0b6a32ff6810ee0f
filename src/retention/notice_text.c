/* notice_text.c — see notice_text.h. */
#include "retention/notice_text.h"

#include <string.h>

#include "base/mem.h"
#include "base/say.h"
#include "charter/explain.h"
#include "charter/labels.h"

enum said {
#define SAID(id, en, pl, hu) SAID_##id,
#include "retention/texts_notice.tbl"
#undef SAID
};
static const struct words texts[] = {
#define SAID(id, en, pl, hu) [SAID_##id] = WORDS(en, pl, hu),
#include "retention/texts_notice.tbl"
#undef SAID
};
static const struct noun records_noun = NOUN("record", "records", "rekord", "rekordy", "rekordów", "rekord");

/* ---- groups ---- */

static bool same_group(const struct told *a, const struct told *b) {
    return a->kind == b->kind && a->rule == b->rule && a->day == b->day && uuid_compare(&a->parent, &b->parent) == 0;
}

static const char *day_text(int64_t day, char *buf, size_t room) {
    const struct civil c = { .year = (int)(day / 10000), .month = (int)(day / 100 % 100), .day = (int)(day % 100) };
    return date_format(&c, buf, room);
}

/* Is that rule one of several of the kind? Then the group says which. */
static bool has_rules(const struct kind *k) {
    for (size_t i = 1; i < k->part_count; i++)
        if (k->parts[i].keep.pos.line != k->parts[0].keep.pos.line)
            return true;
    return false;
}

static bool group_add(json_t *list, const struct kind *k, const struct told *t, int64_t records) {
    char day[40], parent[UUID_TEXT];
    json_t *g = json_pack("{s:s, s:s, s:I}", "kind", k->name, "due", day_text(t->day, day, sizeof day), "records", (json_int_t)records);
    bool ok = g != NULL;
    if (ok && has_rules(k))
        ok = json_object_set_new(g, "part", json_string(k->parts[t->rule].name)) == 0;
    if (ok && !uuid_is_null(&t->parent))
        ok = json_object_set_new(g, "parent", json_string(uuid_format(&t->parent, parent))) == 0;
    return json_array_append_new(list, g) == 0 && ok;
}

/* What does not fit goes by kind. */
static bool more_add(json_t *list, const struct kind *k, int64_t records) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *g = json_array_get(list, i), *n = json_object_get(g, "records");
        if (json_is_true(json_object_get(g, "more")) && strcmp(json_string_value(json_object_get(g, "kind")), k->name) == 0)
            return json_integer_set(n, json_integer_value(n) + records) == 0;
    }
    return json_array_append_new(list, json_pack("{s:s, s:I, s:b}", "kind", k->name, "records", (json_int_t)records, "more", 1)) == 0;
}

enum code notice_groups(struct service *s, const struct found *f, json_t **ret, struct err *reterr) {
    PRE(s != NULL && f != NULL && ret != NULL && reterr != NULL);
    json_t *list = json_array();
    bool ok = list != NULL;
    size_t groups = 0;
    for (size_t i = 0, n; i < f->count && ok; i += n) {
        int64_t records = 1;
        for (n = 1; i + n < f->count && same_group(&f->list[i], &f->list[i + n]); n++)
            records += uuid_compare(&f->list[i + n].what.id, &f->list[i + n - 1].what.id) != 0;
        const struct kind *k = charter_kind_at(service_charter(s), f->list[i].kind);
        ok = groups++ < GROUPS_MOST ? group_add(list, k, &f->list[i], records) : more_add(list, k, records);
    }
    if (!ok) {
        json_decref(list);
        return err_set(reterr, E_MEMORY, "no memory for a notice");
    }
    *ret = list;
    return OK;
}

/* ---- titles ---- */

/* What a record of the kind is called: its first plain text. */
static int title_field(const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].level == L_PLAIN && k->fields[i].type == T_TEXT && k->fields[i].consent == NULL)
            return (int)i;
    return -1;
}

struct parents { struct record *list[GROUPS_MOST]; size_t count; };

static enum code parent_load(struct service *s, struct sql *q, int kind, const char *id, struct arena *arena, struct parents *p, struct err *reterr) {
    struct uuid uuid;
    if (kind < 0 || !uuid_parse(id, &uuid) || p->count == ARRAY_LEN(p->list))
        return OK;
    for (size_t i = 0; i < p->count; i++)
        if (uuid_compare(&p->list[i]->id, &uuid) == 0)
            return OK;
    struct record *r = arena_get(arena, sizeof *r);
    if (r == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a notice");
    enum code code = record_load(q, service_kind(s, kind), &uuid, arena, r, reterr);
    if (code == OK)
        p->list[p->count++] = r;
    return code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED ? OK : code;      /* without a title then */
}

static enum code parents_load(struct service *s, int64_t tenant, const json_t *groups, struct arena *arena, struct parents *p, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    for (size_t i = 0; i < json_array_size(groups) && code == OK; i++) {
        const json_t *g = json_array_get(groups, i);
        const char *parent = json_string_value(json_object_get(g, "parent"));
        int kind = charter_kind(s->charter, json_string_value(json_object_get(g, "kind")));
        if (parent != NULL && kind >= 0)
            code = parent_load(s, view_sql(v), charter_kind_at(s->charter, kind)->parent, parent, arena, p, reterr);
    }
    return code;
}

enum code notice_titles(struct service *s, int64_t tenant, const json_t *groups, json_t **ret, struct err *reterr) {
    PRE(s != NULL && groups != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(mem_free) struct parents *p = mem_new(sizeof *p);
    json_t *titles = json_object();
    enum code code = arena == NULL || p == NULL || titles == NULL ? err_set(reterr, E_MEMORY, "no memory for a notice") : parents_load(s, tenant, groups, arena, p, reterr);
    if (code == OK && p->count > 0)
        code = records_open(s, p->list, p->count, arena, reterr);
    for (size_t i = 0; code == OK && i < p->count; i++) {
        const struct record *r = p->list[i];
        char id[UUID_TEXT];
        int field = title_field(r->info->kind);
        const char *title = field >= 0 && r->values[field].set ? r->values[field].text : NULL;
        if (json_object_set_new(titles, uuid_format(&r->id, id), json_pack("{s:s*, s:s*}", "title", title, "number", r->number)) != 0)
            code = err_set(reterr, E_MEMORY, "no memory for a notice");
    }
    if (code == OK)
        *ret = titles;
    else
        json_decref(titles);
    return code;
}

/* ---- the letter ---- */

#define PUT(l, ret, id, ...) say_plain((ret), texts[SAID_##id].in[(l)->lang], SAY_ARGS(__VA_ARGS__))
#define LINE_MAX_SAID 4000u

/* What people wrote stays on its line. */
static void put_line(struct buf *ret, const char *text, size_t most) {
    size_t n = strnlen(text, most);
    while (n > 0 && text[n] != 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        buf_char(ret, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
}

static void date_said(struct buf *ret, enum lang lang, const char *date) {
    struct civil c;
    if (date != NULL && date_parse(date, &c))
        say_date(ret, lang, &c);
}

static void first_said(const struct notice_letter *l, struct buf *ret) {
    struct civil c = zone_civil(charter_zone(l->s->charter), l->first);
    say_date(ret, l->lang, &c);
}

void notice_subject(const struct notice_letter *l, struct buf *ret) {
    AUTO(buf_done) struct buf first = BUF(200), title = BUF(LINE_MAX_SAID);
    first_said(l, &first);
    put_line(&title, charter_title(l->s->charter)->in[l->lang], 120);
    PUT(l, ret, SUBJECT, buf_str(&title), buf_str(&first));
}

/* "Event: Pottery (no. 12)". */
static void parent_said(const struct notice_letter *l, const struct kind *k, const char *id, struct buf *ret) {
    const json_t *t = json_object_get(l->titles, id);
    const char *title = json_string_value(json_object_get(t, "title")), *number = json_string_value(json_object_get(t, "number"));
    label_title(ret, k->label.in[l->lang]);
    if (title != NULL) {
        buf_text(ret, ": ");
        put_line(ret, title, 300);
    }
    if (number != NULL) {
        buf_text(ret, title != NULL ? " (" : ": ");
        PUT(l, ret, NUMBER, number);
        buf_text(ret, title != NULL ? ")" : "");
    }
    buf_char(ret, '\n');
}

static size_t part_of(const struct kind *k, const char *name) {
    size_t i = 0;
    while (i < k->part_count && (name == NULL || strcmp(k->parts[i].name, name) != 0))
        i++;
    return i;
}

/* Fields of all parts that share that part's rule. */
static void fields_said(const struct notice_letter *l, const struct kind *k, size_t part, struct buf *ret) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].part >= 0 && k->parts[k->fields[i].part].keep.pos.line == k->parts[part].keep.pos.line) {
            buf_text(ret, ret->len == 0 ? "" : ", ");
            buf_text(ret, k->fields[i].label.in[l->lang]);
        }
}

static void group_said(const struct notice_letter *l, const json_t *g, struct buf *ret) {
    const struct kind *k = charter_kind_at(l->s->charter, charter_kind(l->s->charter, json_string_value(json_object_get(g, "kind"))));
    AUTO(buf_done) struct buf day = BUF(200), count = BUF(200), fields = BUF(LINE_MAX_SAID);
    const char *part = json_string_value(json_object_get(g, "part"));
    say_count(&count, l->lang, json_integer_value(json_object_get(g, "records")), &records_noun);
    date_said(&day, l->lang, json_string_value(json_object_get(g, "due")));
    if (part_of(k, part) < k->part_count)
        fields_said(l, k, part_of(k, part), &fields);
    if (json_is_true(json_object_get(g, "more")))
        PUT(l, ret, MORE, k->label.in[l->lang], buf_str(&count));
    else if (fields.len > 0)
        PUT(l, ret, ROW_FIELDS, buf_str(&day), k->label.in[l->lang], buf_str(&count), buf_str(&fields));
    else
        PUT(l, ret, ROW, buf_str(&day), k->label.in[l->lang], buf_str(&count));
    buf_char(ret, '\n');
}

static const struct kind *group_kind(const struct notice_letter *l, const json_t *g) {
    int kind = charter_kind(l->s->charter, json_string_value(json_object_get(g, "kind")));
    return kind < 0 ? NULL : charter_kind_at(l->s->charter, kind);
}

static void groups_said(const struct notice_letter *l, struct buf *ret) {
    const char *before = "";
    for (size_t i = 0; i < json_array_size(l->groups); i++) {
        const json_t *g = json_array_get(l->groups, i);
        const struct kind *k = group_kind(l, g);
        const char *parent = json_string_value(json_object_get(g, "parent"));
        if (k == NULL)
            continue;                          /* of a kind that the charter has no more */
        if (parent != NULL && k->parent >= 0 && strcmp(parent, before) != 0) {
            if (i > 0)
                buf_char(ret, '\n');
            parent_said(l, charter_kind_at(l->s->charter, k->parent), parent, ret);
            before = parent;
        }
        group_said(l, g, ret);
    }
    buf_char(ret, '\n');
}

/* The line of the charter that a keep rule stands in, said back: the nearest above. */
static void rule_said(const struct notice_letter *l, const struct keep *keep, struct buf *ret) {
    const struct line *lines, *best = NULL;
    for (size_t i = 0, n = charter_lines(l->s->charter, &lines); i < n; i++)
        if (lines[i].pos.line <= keep->pos.line && strstr(lines[i].path, ".keep") != NULL && (best == NULL || lines[i].pos.line > best->pos.line))
            best = &lines[i];
    if (best != NULL)
        explain_line(l->s->charter, best, l->lang, ret);
    else
        buf_printf(ret, "%s.", keep->text);
}

static void rules_said(const struct notice_letter *l, struct buf *ret) {
    int seen[64];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(l->groups) && count < ARRAY_LEN(seen); i++) {
        const json_t *g = json_array_get(l->groups, i);
        const struct kind *k = group_kind(l, g);
        size_t part = k == NULL ? 0 : part_of(k, json_string_value(json_object_get(g, "part"))), j = 0;
        if (k == NULL || k->part_count == 0)
            continue;
        const struct keep *keep = &k->parts[part < k->part_count ? part : 0].keep;
        while (j < count && seen[j] != keep->pos.line)
            j++;
        if (j < count)
            continue;
        seen[count++] = keep->pos.line;
        buf_text(ret, ret->len == 0 ? "" : " ");
        rule_said(l, keep, ret);
    }
}

/* The longest that any kind told of asks for, and its room. */
static struct warn warn_of(const struct notice_letter *l) {
    struct warn w = { .person = -1 };
    for (size_t i = 0; i < json_array_size(l->groups); i++) {
        const struct kind *k = group_kind(l, json_array_get(l->groups, i));
        if (k != NULL && k->warn.person >= 0 && (w.person < 0 || span_days(&k->warn.before) > span_days(&w.before)))
            w = k->warn;
    }
    return w;
}

static void late_said(const struct notice_letter *l, struct buf *ret) {
    struct warn w = warn_of(l);
    AUTO(buf_done) struct buf before = BUF(200), room = BUF(200);
    if (w.person < 0 || zone_add(charter_zone(l->s->charter), l->made, &w.before, 1) <= l->first)
        return;
    say_span(&before, l->lang, &w.before);
    say_span(&room, l->lang, &w.room);
    if (room.len > 0)
        PUT(l, ret, LATE_ROOM, buf_str(&before), buf_str(&room));
    else
        PUT(l, ret, LATE, buf_str(&before));
    buf_text(ret, "\n\n");
}

static void final_said(const struct notice_letter *l, struct buf *ret) {
    struct span undo;
    const char *text = charter_value(l->s->charter, "backups.undo");
    AUTO(buf_done) struct buf span = BUF(200);
    PUT(l, ret, FINAL, NULL);
    if (text != NULL && span_parse(text, &undo)) {
        say_span(&span, l->lang, &undo);
        buf_char(ret, ' ');
        PUT(l, ret, UNDO, buf_str(&span));
    }
    buf_text(ret, "\n\n");
}

static void head_said(const struct notice_letter *l, struct buf *ret) {
    const struct charter *c = l->s->charter;
    const struct person *people;
    charter_people(c, &people);
    if (l->to_name != NULL && l->to_name[0] != 0)
        PUT(l, ret, HELLO, l->to_name);
    else
        PUT(l, ret, HELLO_NOBODY, NULL);
    buf_text(ret, "\n\n");
    PUT(l, ret, WHAT, NULL);
    buf_text(ret, "\n\n");
    PUT(l, ret, SERVICE, charter_title(c)->in[l->lang]);
    buf_char(ret, '\n');
    label_title(ret, people[charter_tenant(c)].label.in[l->lang]);
    buf_text(ret, ": ");
    put_line(ret, l->tenant_name, 300);
    buf_text(ret, "\n\n");
}

void notice_text(const struct notice_letter *l, struct buf *ret) {
    PRE(l != NULL && l->s != NULL && ret != NULL);
    const struct person *people;
    AUTO(buf_done) struct buf why = BUF(LINE_MAX_SAID * 4);
    charter_people(l->s->charter, &people);
    head_said(l, ret);
    groups_said(l, ret);
    late_said(l, ret);
    rules_said(l, &why);
    PUT(l, ret, WHY, buf_str(&why));
    buf_text(ret, "\n\n");
    final_said(l, ret);
    PUT(l, ret, DO, NULL);
    buf_printf(ret, "\n%s/account/due/%lld?lang=%s\n\n", l->base_url, (long long)l->tenant, lang_code(l->lang));
    if (l->instead) {
        PUT(l, ret, INSTEAD, people[l->person].label.in[l->lang]);
        buf_text(ret, "\n\n");
    }
    buf_text(ret, charter_operator(l->s->charter));
    buf_char(ret, '\n');
}
