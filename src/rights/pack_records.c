/* pack_records.c — records of a person as JSON and as a table, batch after batch: a batch is read in one view, opened with one question to
 * the keeper, traced, written and forgotten. */
#include <stdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "charter/labels.h"
#include "records/csv.h"
#include "records/facts.h"
#include "records/reads.h"
#include "rights/pack_inside.h"
#include "store/tables.h"

#define AT_ONCE 64u                           /* records of a batch */
#define ROUNDS_MOST 8
#define KEYS_MOST 4096u                       /* that a batch is asked about at once: parts and files */

struct run run_of(const struct subject_record *list, size_t count, int kind) {
    size_t bounds[2];
    for (int side = 0; side < 2; side++) {     /* the first of the kind, and the first behind it */
        size_t low = 0, high = count;
        while (low < high) {
            size_t mid = low + (high - low) / 2;
            if (list[mid].kind < kind + side)
                low = mid + 1;
            else
                high = mid;
        }
        bounds[side] = low;
    }
    return (struct run){ bounds[0] < bounds[1] ? list + bounds[0] : NULL, bounds[1] - bounds[0] };
}

fieldset pack_portable(const struct kind *k) {
    fieldset set = 0;
    bool given = k->because != NULL && (strncmp(k->because, "contract ", 9) == 0 || strncmp(k->because, "consent ", 8) == 0);
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        bool typed = k->form != NULL ? (kind_asks(k) >> i & 1) != 0 : f->level != L_PLAIN;
        if (f->consent != NULL || (given && typed))
            set |= (fieldset)1 << i;
    }
    return set;
}

/* ---- a batch */

struct batch { struct packing *p; const struct kind_info *k; struct arena *arena; struct record *records[AT_ONCE]; fieldset sees[AT_ONCE]; size_t count; };

static enum code batch_load(struct batch *b, const struct subject_record *from, size_t count, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(b->p->s->store, b->p->tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct record *r = arena_get(b->arena, sizeof *r);
        if (r == NULL)
            return err_set(reterr, E_MEMORY, "no memory for an access pack");
        r->tenant = b->p->tenant;
        code = record_load(view_sql(v), b->k, &from[i].id, b->arena, r, reterr);
        if (code == OK)
            b->records[b->count++] = r;
        else if (code == E_DAMAGED) {
            b->p->done.damaged++;
            code = view_again(view_sql(v), reterr);
        } else if (code == E_NOT_FOUND || code == E_GONE)
            code = OK;                         /* erased since it was found */
    }
    return code;
}

struct keeping { key_id keys[KEYS_MOST]; size_t count; };
static bool file_key(const struct file_row *f, void *arg) {
    struct keeping *k = arg;
    if (k->count < KEYS_MOST)
        k->keys[k->count++] = f->key;
    return k->count < KEYS_MOST;
}

/* Keys of the parts and of the files of the batch. */
static enum code batch_keys(const struct batch *b, struct keeping *k, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(b->p->s->store, b->p->tenant, &v, reterr);
    k->count = 0;
    for (size_t i = 0; code == OK && i < b->count; i++) {
        for (size_t part = 0; part < b->k->kind->part_count && k->count < KEYS_MOST; part++)
            if (b->records[i]->parts[part].has)
                k->keys[k->count++] = b->records[i]->parts[part].key;
        code = files_of(view_sql(v), b->k->number, &b->records[i]->id, file_key, k, reterr);
    }
    return code == OK && k->count == KEYS_MOST ? err_set(reterr, E_TOO_LARGE, "records with so many files cannot be packed: export them one by one") : code;
}

/* Rows, and for an archive that is kept: whoever keeps it is told of their keys before any of them is opened, and what was loaded is loaded
 * again after that. A key that was doomed before is gone then, and one that is doomed later ends the archive. */
static enum code batch_ready(struct batch *b, const struct subject_record *from, size_t count, struct err *reterr) {
    const struct pack_job *job = b->p->job;
    enum code code = batch_load(b, from, count, reterr);
    if (job->holds == NULL || code != OK)
        return code;
    struct keeping *told = arena_get(b->arena, sizeof *told), *now = arena_get(b->arena, sizeof *now);
    if (told == NULL || now == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an access pack");
    for (int round = 0; code == OK && round < ROUNDS_MOST; round++) {
        code = batch_keys(b, now, reterr);
        if (code == OK && now->count == told->count && memcmp(now->keys, told->keys, now->count * sizeof *now->keys) == 0)
            return OK;
        if (code == OK)
            code = job->holds(job->holds_arg, now->keys, now->count, reterr);
        struct keeping *swap = told;
        told = now;
        now = swap;
        b->count = 0;
        if (code == OK)
            code = batch_load(b, from, count, reterr);
    }
    return code == OK ? err_set(reterr, E_BUSY, "these records change faster than they are packed: try again in a moment") : code;
}

static enum code batch_trace(const struct batch *b, fieldset fields, struct err *reterr) {
    int64_t born[AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->records[i]->damage == NULL)
            born[n++] = b->records[i]->born;
    return reads_note(b->p->s, b->p->job->who, b->k, READ_EXPORT, born, n, fields, reterr);
}

static enum code sees_of(const struct batch *b, const struct caller *who, struct record *r, struct verdict *ret, struct err *reterr) {
    AUTO(facts_end) struct fact_source src = { .s = b->p->s, .who = who, .record = r, .arena = b->arena, .now = b->p->job->now };
    struct facts f = facts_of(&src, src.now);
    return policy_sees(who, &f, ret, reterr);
}

/* Who came by a private link gets what it may see by it: the link shows no more of who holds it. */
static enum code batch_sift(struct batch *b, struct err *reterr) {
    size_t kept = 0;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < b->count; i++) {
        struct verdict sees = { .fields = kind_all(b->k->kind), .any = true };
        if (b->p->job->only_seen)
            code = sees_of(b, b->p->job->who, b->records[i], &sees, reterr);
        if (code != OK || !sees.any)
            continue;
        b->records[kept] = b->records[i];
        b->sees[kept++] = sees.fields;
    }
    b->count = kept;
    return code;
}

typedef enum code (*each_fn)(struct batch *b, void *arg, struct err *reterr);
static enum code each_batch(struct packing *p, const struct kind_info *k, const struct run *run, each_fn fn, void *arg, struct err *reterr) {
    enum code code = OK;
    for (size_t at = 0; code == OK && at < run->count; at += AT_ONCE) {
        AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
        struct batch b = { .p = p, .k = k, .arena = arena };
        code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for an access pack") : batch_ready(&b, run->first + at, run->count - at < AT_ONCE ? run->count - at : AT_ONCE, reterr);
        if (code == OK)
            code = batch_sift(&b, reterr);
        if (code == OK)
            code = records_open(p->s, b.records, b.count, arena, reterr);
        if (code == OK)
            code = fn(&b, arg, reterr);
    }
    return code;
}

/* ---- JSON */

struct writing { fieldset fields; bool first, plain /* portability: names without labels */; };

static void names_of(struct buf *b, const struct kind *k, fieldset fields) {
    bool first = true;
    buf_char(b, '[');
    for (size_t i = 0; i < k->field_count; i++) {
        if ((fields >> i & 1) == 0)
            continue;
        if (!first)
            buf_char(b, ',');
        json_text_quote(b, k->fields[i].name, strlen(k->fields[i].name));
        first = false;
    }
    buf_char(b, ']');
}

/* The date of each part that has something in it: {"fields": […], "until": time or null}. */
static void kept_put(struct buf *b, const struct record *r, fieldset fields) {
    char text[40];
    bool first = true;
    buf_text(b, ",\"kept\":[");
    for (size_t i = 0; i < r->info->kind->part_count; i++) {
        fieldset of = 0;
        for (size_t f = 0; f < r->info->kind->field_count; f++)
            if (r->info->kind->fields[f].part == (int)i && r->values[f].set && (fields >> f & 1) != 0)
                of |= (fieldset)1 << f;
        if (of == 0)
            continue;
        buf_text(b, first ? "{\"fields\":" : ",{\"fields\":");
        names_of(b, r->info->kind, of);
        if (r->parts[i].due == USEC_NEVER || r->parts[i].due == 0)
            buf_text(b, ",\"until\":null}");
        else
            buf_printf(b, ",\"until\":\"%s\"}", time_format(r->parts[i].due, text, sizeof text));
        first = false;
    }
    buf_text(b, "]}");
}

static void record_put(struct packing *p, const struct record *r, fieldset fields, struct writing *w) {
    char id[UUID_TEXT];
    buf_text(&p->text, w->first ? "\n" : ",\n");
    w->first = false;
    if (r->damage != NULL) {
        buf_printf(&p->text, "{\"id\":\"%s\",\"damaged\":true}", uuid_format(&r->id, id));
        p->done.damaged++;
        return;
    }
    record_show(r, fields, &p->text);
    if (!w->plain && p->text.len > 0 && !p->text.failed) {
        buf_cut(&p->text, p->text.len - 1);    /* its closing bracket */
        kept_put(&p->text, r, fields);
    }
    p->done.records++;
}

static enum code json_batch(struct batch *b, void *arg, struct err *reterr) {
    struct writing *w = arg;
    enum code code = batch_trace(b, w->fields, reterr);      /* of what a link does not show a little more is told than was read */
    for (size_t i = 0; code == OK && i < b->count; i++) {
        record_put(b->p, b->records[i], w->fields & b->sees[i], w);
        code = packing_flush(b->p, reterr);
    }
    return code;
}

static void labels_put(struct buf *b, const struct kind *k, fieldset fields, enum lang lang) {
    buf_text(b, ",\"labels\":{");
    for (size_t i = 0, n = 0; i < k->field_count; i++) {
        if ((fields >> i & 1) == 0)
            continue;
        if (n++ > 0)
            buf_char(b, ',');
        json_text_quote(b, k->fields[i].name, strlen(k->fields[i].name));
        buf_char(b, ':');
        json_text_quote(b, k->fields[i].label.in[lang], strlen(k->fields[i].label.in[lang]));
    }
    buf_char(b, '}');
}

static enum code kind_json(struct packing *p, const struct kind_info *k, const struct run *run, struct writing *w, struct err *reterr) {
    char name[160];
    snprintf(name, sizeof name, "records/%s.json", k->kind->name);
    enum code code = pack_begin(p->pack, name, -1, reterr);
    buf_text(&p->text, "{\"kind\":");
    json_text_quote(&p->text, k->kind->name, strlen(k->kind->name));
    if (!w->plain) {
        buf_text(&p->text, ",\"label\":");
        json_text_quote(&p->text, k->kind->label.in[p->job->lang], strlen(k->kind->label.in[p->job->lang]));
        labels_put(&p->text, k->kind, w->fields, p->job->lang);
    }
    buf_text(&p->text, ",\"records\":[");
    w->first = true;
    if (code == OK)
        code = each_batch(p, k, run, json_batch, w, reterr);
    buf_text(&p->text, "\n]}\n");
    if (code == OK)
        code = packing_flush(p, reterr);
    return code == OK ? pack_close(p->pack, reterr) : code;
}

/* ---- a table */

static void cell(struct buf *b, const char *text, bool guard) {
    if (b->len > 0 && b->data[b->len - 1] != '\n')
        buf_char(b, ',');
    csv_put(b, text, strlen(text), guard);
}

static void head_put(struct packing *p, const struct kind *k, const struct writing *w) {
    static const char *const outside[] = { "id", "created", "due" };
    buf_text(&p->text, outside[0]);
    for (size_t i = 1; i < ARRAY_LEN(outside); i++)
        cell(&p->text, outside[i], false);
    for (size_t i = 0; i < k->field_count; i++) {
        AUTO(buf_done) struct buf name = BUF(4096);
        if ((w->fields >> i & 1) == 0)
            continue;
        if (w->plain)
            buf_text(&name, k->fields[i].name);
        else {
            label_title(&name, k->fields[i].label.in[p->job->lang]);
            buf_printf(&name, " (%s)", k->fields[i].name);
        }
        cell(&p->text, buf_str(&name), false);
    }
    buf_text(&p->text, "\r\n");
}

static void table_row(struct packing *p, const struct record *r, fieldset fields, const struct writing *w) {
    const struct kind *k = r->info->kind;
    char text[UUID_TEXT + 8];
    buf_text(&p->text, uuid_format(&r->id, text));
    cell(&p->text, time_format(r->created, text, sizeof text), false);
    cell(&p->text, r->due == USEC_NEVER ? "" : time_format(r->due, text, sizeof text), false);
    for (size_t i = 0; i < k->field_count; i++) {
        bool guard = k->fields[i].type == T_TEXT || k->fields[i].type == T_NAME || k->fields[i].type == T_ADDRESS || k->fields[i].type == T_EMAIL || k->fields[i].type == T_JSON;
        if ((w->fields >> i & 1) != 0)
            cell(&p->text, (fields >> i & 1) != 0 && r->values[i].set ? r->values[i].text : "", guard);
    }
    buf_text(&p->text, "\r\n");
}

static enum code csv_batch(struct batch *b, void *arg, struct err *reterr) {
    const struct writing *w = arg;
    for (size_t i = 0; i < b->count; i++)
        if (b->records[i]->damage == NULL)
            table_row(b->p, b->records[i], w->fields & b->sees[i], w);
    return packing_flush(b->p, reterr);
}

static enum code kind_csv(struct packing *p, const struct kind_info *k, const struct run *run, struct writing *w, struct err *reterr) {
    char name[160];
    snprintf(name, sizeof name, "records/%s.csv", k->kind->name);
    enum code code = pack_begin(p->pack, name, -1, reterr);
    buf_text(&p->text, w->plain ? "" : "\xef\xbb\xbf");       /* so that spreadsheets of people read its letters */
    head_put(p, k->kind, w);
    if (code == OK)
        code = each_batch(p, k, run, csv_batch, w, reterr);
    if (code == OK)
        code = packing_flush(p, reterr);
    return code == OK ? pack_close(p->pack, reterr) : code;
}

/* ---- its schema */

static json_t *field_schema(const struct field *f, enum lang lang) {
    static const struct { const char *type, *format; } of[FIELD_TYPES] = {
        [T_EMAIL] = { "string", "email" }, [T_NUMBER] = { "number", NULL }, [T_MONEY] = { "object", NULL }, [T_TIME] = { "string", "date-time" },
        [T_DATE] = { "string", "date" }, [T_YESNO] = { "boolean", NULL }, [T_REFERENCE] = { "string", "uuid" }, [T_FILE] = { "object", NULL },
        [T_PLACE] = { "object", NULL }, [T_JSON] = { NULL, NULL }, [T_COUNTER] = { "integer", NULL },
    };
    bool plain = of[f->type].type == NULL && f->type != T_JSON;
    json_t *schema = json_pack("{s:s, s:s*, s:s*}", "title", f->label.in[lang], "type", plain ? "string" : of[f->type].type, "format", of[f->type].format);
    if (f->type == T_ONE_OF) {
        json_t *options = json_array();
        for (size_t i = 0; i < f->option_count; i++)
            json_array_append_new(options, json_pack("{s:s, s:s}", "const", f->options[i], "title", f->option_labels[i].in[lang]));
        json_object_set_new(schema, "oneOf", options);
    }
    return schema;
}

static enum code kind_schema(struct packing *p, const struct kind_info *k, const struct writing *w, struct err *reterr) {
    char name[160];
    size_t lost = mem_lost();
    json_t *fields = json_object();
    for (size_t i = 0; i < k->kind->field_count; i++)
        if ((w->fields >> i & 1) != 0)
            json_object_set_new(fields, k->kind->fields[i].name, field_schema(&k->kind->fields[i], p->job->lang));
    json_t *record = json_pack("{s:s, s:[s,s], s:{s:{s:s,s:s}, s:{s:s,s:s}, s:{s:s,s:o}}}", "type", "object", "required", "id", "fields", "properties", "id", "type", "string", "format", "uuid",
                               "created", "type", "string", "format", "date-time", "fields", "type", "object", "properties", fields);
    json_t *schema = json_pack("{s:s, s:s, s:s, s:[s,s], s:{s:{s:s}, s:{s:s, s:o}}}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title", k->kind->label.in[p->job->lang], "type",
                               "object", "required", "kind", "records", "properties", "kind", "const", k->kind->name, "records", "type", "array", "items", record);
    if (mem_lost() != lost) {
        json_decref(schema);
        schema = NULL;
    }
    snprintf(name, sizeof name, "schema/%s.json", k->kind->name);
    return packing_json(p, name, schema, reterr);
}

/* ---- files */

struct copying { struct packing *p; const struct kind_info *k; int field; const struct uuid *record; enum code code; struct err *err; bool begun; };

static bool file_begin(void *arg, const struct file_info *info) {
    struct copying *c = arg;
    AUTO(buf_done) struct buf name = BUF(512);
    char id[UUID_TEXT];
    size_t len = strlen(info->name);
    const char *end = len > 60 ? info->name + len - 60 : info->name;      /* its last part says what it is */
    buf_printf(&name, "files/%s/%s-%s-", c->k->kind->name, uuid_format(c->record, id), c->k->kind->fields[c->field].name);
    for (; *end != 0; end++) {
        bool plain = (*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z') || (*end >= '0' && *end <= '9') || *end == '-' || (*end == '.' && end[1] != '.');
        buf_char(&name, plain ? *end : '_');
    }
    c->code = pack_begin(c->p->pack, buf_str(&name), info->size, c->err);
    c->begun = c->code == OK;
    return c->begun;
}

static bool file_piece(void *arg, const void *bytes, size_t len) {
    struct copying *c = arg;
    if (c->code == OK)
        c->code = pack_write(c->p->pack, bytes, len, c->err);
    return c->code == OK;
}

static enum code file_copy(struct batch *b, const struct record *r, int field, struct err *reterr) {
    const struct caller sejf = { .tenant = b->p->tenant, .person = charter_tenant(b->p->s->charter), .by_sejf = true, .subject_kind = -1 };
    struct copying c = { .p = b->p, .k = b->k, .field = field, .record = &r->id, .err = reterr };
    struct file_info info;
    struct slice text;
    struct err e;
    struct uuid id;
    if (!canon_get(r->values[field].json, r->values[field].len, "id", &text) || text.len != UUID_TEXT + 1)
        return OK;
    const char *plain = arena_text_n(b->arena, text.at + 1, UUID_TEXT - 1);
    if (plain == NULL || !uuid_parse(plain, &id))
        return plain == NULL ? err_set(reterr, E_MEMORY, "no memory for an access pack") : OK;
    enum code code = file_fetch(b->p->s, &sejf, &id, &info, file_begin, &(struct sink){ file_piece, &c }, &e);
    if (c.code != OK)
        return c.code;                         /* the archive's own trouble, which stands in *reterr */
    if (!c.begun && (code == E_NOT_FOUND || code == E_DAMAGED)) {
        b->p->done.damaged++;                  /* one that cannot be read is counted, and its record names it */
        return OK;
    }
    if (code != OK) {
        *reterr = e;
        return code;
    }
    b->p->done.files++;
    return pack_close(b->p->pack, reterr);
}

static enum code files_batch(struct batch *b, void *arg, struct err *reterr) {
    const struct writing *w = arg;
    enum code code = OK;
    for (size_t i = 0; i < b->count; i++)
        for (size_t f = 0; code == OK && b->records[i]->damage == NULL && f < b->k->kind->field_count; f++)
            if ((w->fields & b->sees[i]) >> f & 1 && b->k->kind->fields[f].type == T_FILE && b->records[i]->values[f].set)
                code = file_copy(b, b->records[i], (int)f, reterr);
    return code;
}

static bool has_files(const struct kind *k, fieldset fields) {
    for (size_t f = 0; f < k->field_count; f++)
        if ((fields >> f & 1) != 0 && k->fields[f].type == T_FILE)
            return true;
    return false;
}

enum code packing_kind(struct packing *p, const struct kind_info *k, struct err *reterr) {
    const struct run run = run_of(p->job->about->list, p->job->about->count, k->index);
    bool plain = p->job->purpose == PACK_PORTABILITY;
    struct writing w = { .fields = plain ? pack_portable(k->kind) : kind_all(k->kind), .plain = plain };
    if (run.count == 0 || w.fields == 0)
        return OK;
    enum code code = kind_json(p, k, &run, &w, reterr);
    if (code == OK && plain && !rule_on(RULE_right_portability))
        return OK;
    if (code == OK)
        code = kind_csv(p, k, &run, &w, reterr);
    if (code == OK)
        code = kind_schema(p, k, &w, reterr);
    return code == OK && has_files(k->kind, w.fields) ? each_batch(p, k, &run, files_batch, &w, reterr) : code;
}

/* ---- records of somebody else */

/* The person, as its private link would have it come: it owns its own records. */
struct eyes { struct caller who; struct own_record owned[64]; };
static struct eyes eyes_of(const struct packing *p, int about) {
    struct eyes e = { .who = { .tenant = p->tenant, .person = about, .subject_kind = -1, .by_link = true } };
    for (size_t i = 0; about >= 0 && i < p->job->about->count && e.who.owned_count < ARRAY_LEN(e.owned); i++) {
        const struct subject_record *r = &p->job->about->list[i];
        if (service_kind(p->s, r->kind)->kind->about != about)
            continue;
        if (e.who.subject_kind < 0) {
            e.who.subject_kind = r->kind;
            e.who.subject = r->id;
        } else
            e.owned[e.who.owned_count++] = (struct own_record){ r->kind, r->id };
    }
    return e;
}

/* In a list sorted by kind, then id. */
static bool is_own(const struct subject *about, int kind, const struct uuid *id) {
    const struct run run = run_of(about->list, about->count, kind);
    size_t low = 0, high = run.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = uuid_compare(&run.first[mid].id, id);
        if (order == 0)
            return true;
        low = order < 0 ? mid + 1 : low;
        high = order < 0 ? high : mid;
    }
    return false;
}

/* Fields that name the person: its address, its number, a reference to a record of its own. */
static fieldset naming(const struct packing *p, const struct record *r) {
    const struct subject *about = p->job->about;
    fieldset set = 0;
    for (size_t i = 0; i < r->info->kind->field_count; i++) {
        const struct field *f = &r->info->kind->fields[i];
        const char *is = f->type == T_EMAIL ? about->email : f->type == T_PHONE ? about->phone : NULL;
        struct uuid id;
        if (!r->values[i].set)
            continue;
        if ((is != NULL && strcasecmp(is, r->values[i].text) == 0) || (f->type == T_REFERENCE && f->refers >= 0 && uuid_parse(r->values[i].text, &id) && is_own(about, f->refers, &id)))
            set |= (fieldset)1 << i;
    }
    return set;
}

/* In every role that the person has in its own records; what is personal there is somebody else's, though work may show it. */
static enum code seen_by_person(const struct batch *b, struct record *r, fieldset *ret, struct err *reterr) {
    const struct person *people;
    int count = (int)charter_people(b->p->s->charter, &people);
    fieldset plain = 0;
    enum code code = OK;
    for (size_t i = 0; i < b->k->kind->field_count; i++)
        if (b->k->kind->fields[i].level == L_PLAIN)
            plain |= (fieldset)1 << i;
    for (int about = 0; code == OK && about < count; about++) {
        struct eyes e = eyes_of(b->p, about);
        struct verdict sees = { 0 };
        e.who.owned = e.owned;
        if (e.who.subject_kind < 0)
            continue;
        code = sees_of(b, &e.who, r, &sees, reterr);
        *ret |= sees.any ? sees.fields & plain : 0;
    }
    return code;
}

static enum code others_batch(struct batch *b, void *arg, struct err *reterr) {
    struct writing *w = arg;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < b->count; i++) {
        struct record *r = b->records[i];
        fieldset fields = naming(b->p, r);
        if (r->damage != NULL) {
            b->p->done.damaged++;
            continue;
        }
        code = seen_by_person(b, r, &fields, reterr);
        if (code == OK)
            code = reads_note(b->p->s, b->p->job->who, b->k, READ_EXPORT, &r->born, 1, fields, reterr);
        if (code != OK)
            return code;
        buf_text(&b->p->text, w->first ? "\n{\"id\":\"" : ",\n{\"id\":\"");
        w->first = false;
        char id[UUID_TEXT], text[40];
        buf_printf(&b->p->text, "%s\",\"created\":\"%s\",\"fields\":{", uuid_format(&r->id, id), time_format(r->created, text, sizeof text));
        for (size_t f = 0, n = 0; f < b->k->kind->field_count; f++)
            if ((fields >> f & 1) != 0 && r->values[f].set) {
                buf_text(&b->p->text, n++ > 0 ? "," : "");
                buf_text(&b->p->text, b->k->labels[f]);
                value_show(&b->k->kind->fields[f], &r->values[f], &b->p->text);
            }
        buf_text(&b->p->text, "}}");
        b->p->done.others++;
        code = packing_flush(b->p, reterr);
    }
    return code;
}

enum code packing_others(struct packing *p, const struct kind_info *k, struct err *reterr) {
    const struct run run = run_of(p->job->about->named, p->job->about->named_count, k->index);
    struct writing w = { .first = true };
    char name[160];
    if (run.count == 0)
        return OK;
    snprintf(name, sizeof name, "others/%s.json", k->kind->name);
    enum code code = pack_begin(p->pack, name, -1, reterr);
    buf_printf(&p->text, "{\"kind\":\"%s\",\"records\":[", k->kind->name);
    if (code == OK)
        code = each_batch(p, k, &run, others_batch, &w, reterr);
    buf_text(&p->text, "\n]}\n");
    if (code == OK)
        code = packing_flush(p, reterr);
    return code == OK ? pack_close(p->pack, reterr) : code;
}
