/* export.c — every record that the caller may see, page by page, so that neither memory nor a view grows with it. */
#include <stdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "ledger/ledger.h"
#include "records/copies.h"
#include "records/csv.h"
#include "records/page.h"
#include "records/reads.h"
#include "records/use.h"

#define EXPORT_PAGE 500u
#define LINE_MAX ((size_t)64 << 20)       /* of a page, as it is written; its values are bounded by PAGE_BYTES and one record more */
struct exporting { struct service *s; const struct damage_watch *watch; uint64_t damaged; const struct kind_info *k; const struct sink *out; enum stream_format format; fieldset fields, shown; struct buf line; uint64_t count; int64_t born[EXPORT_PAGE]; size_t seen; const struct copy_taken *copy; enum code code; struct err *err; };

static bool send(struct exporting *e) {
    bool fine = !e->line.failed && (e->line.len == 0 || e->out->write(e->out->arg, e->line.data, e->line.len));
    if (!fine)
        e->code = e->line.failed ? err_set(e->err, E_MEMORY, "no memory for an export") : err_set(e->err, E_PEER, "the reader of an export has gone");
    buf_cut(&e->line, 0);
    return fine;
}

/* ---- NDJSON */
static void line_json(struct exporting *e, const struct page_item *item) {
    if (item->record->damage != NULL)
        damage_show(e->watch, item->record, item->hidden, &e->line);
    else
        record_show(item->record, item->fields, &e->line);
    buf_char(&e->line, '\n');
}

/* ---- CSV */
static void put(struct buf *b, const char *text, bool guard) {
    if (b->len > 0 && b->data[b->len - 1] != '\n')
        buf_char(b, ',');
    csv_put(b, text, strlen(text), guard);
}

static void put_time(struct buf *b, usec_t t) {
    char text[32];
    put(b, t == USEC_NEVER ? "" : time_format(t, text, sizeof text), false);
}

static bool guarded(enum field_type t) { return t == T_TEXT || t == T_NAME || t == T_ADDRESS || t == T_EMAIL || t == T_JSON; }

static void line_header(struct exporting *e) {
    const struct kind *k = e->k->kind;
    put(&e->line, "id", false);
    if (k->number.set)
        put(&e->line, "number", false);
    put(&e->line, "created", false);
    put(&e->line, "updated", false);
    put(&e->line, "due", false);
    if (k->parent >= 0)
        put(&e->line, service_kind(e->s, k->parent)->kind->name, false);
    for (size_t i = 0; i < k->field_count; i++)
        if ((e->fields >> i & 1) != 0)
            put(&e->line, k->fields[i].name, false);
    if (e->k->consent_count > 0)
        put(&e->line, "consents", false);
    buf_text(&e->line, "\r\n");
}

static void put_consents(struct exporting *e, const struct record *r, fieldset fields) {
    AUTO(buf_done) struct buf b = BUF(4096);
    for (size_t n = 0; n < e->k->consent_count; n++) {
        bool given = e->k->agreed != NULL && strcmp(e->k->agreed, e->k->consents[n]) == 0 && r->agreed != 0;
        given = given || (e->k->use_names[n] != NULL && (r->uses >> n & 1) != 0);
        for (size_t i = 0; i < e->k->kind->part_count; i++)
            given = given || ((e->k->kind->parts[i].fields & fields) != 0 && e->k->kind->parts[i].consent != NULL && strcmp(e->k->kind->parts[i].consent, e->k->consents[n]) == 0 && r->parts[i].given != 0);
        if (given)
            buf_printf(&b, "%s%s", b.len > 0 ? " " : "", e->k->consents[n]);
    }
    put(&e->line, buf_str(&b), false);
}

static void line_csv(struct exporting *e, const struct record *r, fieldset fields) {
    const struct kind *k = e->k->kind;
    char id[UUID_TEXT];
    put(&e->line, uuid_format(&r->id, id), false);
    if (k->number.set)
        put(&e->line, r->number == NULL ? "" : r->number, true);
    put_time(&e->line, r->created);
    put_time(&e->line, r->updated);
    put_time(&e->line, r->due);
    if (k->parent >= 0)
        put(&e->line, uuid_format(&r->parent, id), false);
    for (size_t i = 0; i < k->field_count; i++)
        if ((e->fields >> i & 1) != 0)
            put(&e->line, (fields >> i & 1) != 0 && r->values[i].set ? r->values[i].text : "", guarded(k->fields[i].type));
    if (e->k->consent_count > 0)
        put_consents(e, r, fields);
    buf_text(&e->line, "\r\n");
}

/* Its id, if that may be told, and the word in a column that is never empty otherwise: no program takes it for a record without values. */
static void line_damaged(struct exporting *e, const struct page_item *item) {
    const struct kind *k = e->k->kind;
    char id[UUID_TEXT];
    size_t behind = 2 + (k->parent >= 0) + (e->k->consent_count > 0);      /* updated and due are always there */
    for (size_t i = 0; i < k->field_count; i++)
        behind += (e->fields >> i & 1) != 0;
    buf_text(&e->line, item->hidden ? "" : uuid_format(&item->record->id, id));
    buf_text(&e->line, k->number.set ? ",,damaged" : ",damaged");
    while (behind-- > 0)
        buf_char(&e->line, ',');
    buf_text(&e->line, "\r\n");
    damage_tell(e->watch, e->k, &item->record->id, item->record->damage);
}

static bool one(const struct page_item *item, void *arg) {
    struct exporting *e = arg;
    bool damaged = item->record->damage != NULL;
    if (e->format != FORMAT_CSV)
        line_json(e, item);
    else if (damaged)
        line_damaged(e, item);
    else
        line_csv(e, item->record, item->fields);
    e->damaged += damaged;
    e->count++;
    if (!damaged) {
        e->born[e->seen++] = item->record->born;
        e->shown |= item->fields;
    }
    return e->code == OK && !e->line.failed;
}

/* A page goes out once its trace is kept. */
static enum code page_out(struct exporting *e, const struct caller *who, struct err *reterr) {
    enum code code = reads_note(e->s, who, e->k, READ_EXPORT, e->born, e->seen, e->shown, reterr);
    e->seen = 0;
    e->shown = 0;
    if (code == OK && !send(e))
        code = e->code;
    return code;
}

static enum code pages(struct exporting *e, const struct caller *who, json_t *query, struct err *reterr) {
    AUTO(buf_done) struct buf next = BUF(4096);
    enum code code = OK;
    json_t *where = json_object_get(query, "where"), *sort = json_object_get(query, "sort");
    for (bool more = true; more && code == OK;) {
        AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
        AUTO(query_done) struct query q = { 0 };
        json_t *in = json_pack("{s:i, s:O*, s:O*, s:s*}", "limit", (int)EXPORT_PAGE, "where", where, "sort", sort, "cursor", next.len > 0 ? buf_str(&next) : NULL);
        struct page_work w = { .s = e->s, .who = who, .q = &q, .item = one, .arg = e };
        code = arena == NULL || in == NULL ? err_set(reterr, E_MEMORY, "no memory for an export") : query_of_search(e->s, e->k, e->fields, in, arena, &q, reterr);
        buf_cut(&next, 0);
        if (code == OK)
            code = page_run(&w, &next, reterr);
        if (code == OK)
            code = page_out(e, who, reterr);
        json_decref(in);
        more = next.len > 0;
    }
    return code;
}

static enum code note(struct exporting *e, const struct caller *who, struct err *reterr) {
    char text[48];
    json_t *what = json_pack("{s:s, s:I, s:s}", "kind", e->k->kind->name, "count", (json_int_t)(e->count - e->damaged), "format", e->format == FORMAT_CSV ? "csv" : "ndjson");
    if (e->copy != NULL)
        json_object_set_new(what, "copy", json_integer(e->copy->number));
    if (e->damaged > 0)
        json_object_set_new(what, "damaged", json_integer((json_int_t)e->damaged));
    enum code code = ledger_note(e->s->store, who->tenant, "records_exported", caller_text(who, text, sizeof text), what, true, reterr);
    json_decref(what);
    return code;
}

/* A slip in "where" must not become an export of everything. */
static bool members_known(json_t *query) {
    const char *name;
    json_t *v;
    json_object_foreach(query, name, v)
        if (strcmp(name, "where") != 0 && strcmp(name, "sort") != 0)
            return false;
    return true;
}

/* In NDJSON the first line; in CSV the last row, since programs take the first for the names of columns. */
static void line_mark(struct exporting *e) {
    if (e->copy == NULL || e->copy->mark == NULL)
        return;
    if (e->format != FORMAT_CSV) {
        buf_text(&e->line, e->copy->mark);
        buf_char(&e->line, '\n');
        return;
    }
    const struct kind *k = e->k->kind;
    size_t behind = 3 + (size_t)k->number.set + (k->parent >= 0) + (e->k->consent_count > 0);      /* created, updated and due are always there */
    for (size_t i = 0; i < k->field_count; i++)
        behind += (e->fields >> i & 1) != 0;
    put(&e->line, e->copy->mark, false);
    while (behind-- > 0)
        buf_char(&e->line, ',');
    buf_text(&e->line, "\r\n");
}

enum code records_export(struct service *s, const struct caller *who, int kind, enum stream_format format, json_t *query,
                         const struct damage_watch *watch, const struct sink *out, struct err *reterr) {
    return records_copy(s, who, kind, format, query, NULL, NULL, watch, out, reterr);
}

enum code records_copy(struct service *s, const struct caller *who, int kind, enum stream_format format, json_t *query, const struct copy_taken *copy, uint64_t *ret_count,
                       const struct damage_watch *watch, const struct sink *out, struct err *reterr) {
    PRE(s != NULL && who != NULL && out != NULL && reterr != NULL);
    struct verdict may = policy_kind(s->charter, who, kind, V_EXPORT);
    struct exporting e = { .s = s, .watch = watch, .k = service_kind(s, kind), .out = out, .format = format, .fields = may.fields, .line = BUF(LINE_MAX), .err = reterr, .copy = copy };
    struct err left;
    if (!may.any)
        return use_refused(s, who, kind, &may, reterr);
    enum code code = policy_purpose(s->charter, who, kind, NULL, reterr);
    if (code != OK)
        return code;
    if (!members_known(query))
        return err_set(reterr, E_INVALID, "an export has format, where and sort; conditions stand in where");
    if (format == FORMAT_CSV)
        line_header(&e);
    else
        line_mark(&e);
    code = pages(&e, who, query, reterr);
    if (code == OK && format == FORMAT_CSV)
        line_mark(&e);
    if (code == OK && !send(&e))
        code = e.code;
    if (ret_count != NULL)
        *ret_count = e.count - e.damaged;
    buf_wipe(&e.line);
    enum code noted = e.count > 0 || code == OK ? note(&e, who, &left) : OK;        /* also when the reader has gone: it has what it has */
    if (code == OK && noted != OK)
        *reterr = left;
    return code == OK ? noted : code;
}
