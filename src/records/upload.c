/* upload.c — files of records: put, fetched, erased. The bytes are durable before the record names them. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "records/agreed.h"
#include "records/bytes.h"
#include "records/change.h"
#include "records/reads.h"
#include "records/spare.h"
#include "records/task.h"
#include "store/tables.h"

#define NAME_BYTES 255u
#define TYPE_BYTES 127u

/* The last part of the path, without what could end a line or a header; "file" when nothing is left. */
static const char *plain_name(const char *name, struct arena *arena) {
    AUTO(buf_done) struct buf b = BUF(4096);
    const char *slash = name == NULL ? NULL : strrchr(name, '/'), *back = name == NULL ? NULL : strrchr(name, '\\');
    const char *at = slash != NULL && (back == NULL || slash > back) ? slash + 1 : back != NULL ? back + 1 : name;
    if (at == NULL || strlen(at) > 4 * NAME_BYTES || !text_clean(at, strlen(at), &b) || b.len == 0)
        return "file";
    for (size_t i = 0; i < b.len; i++)
        if ((unsigned char)b.data[i] < 0x20 || b.data[i] == '"')
            b.data[i] = '_';
    size_t len = b.len;
    for (; len > NAME_BYTES || (len < b.len && ((unsigned char)b.data[len] & 0xc0) == 0x80); len--)
        continue;
    return arena_text_n(arena, b.data, len);
}

static const char *plain_type(const char *type) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+/";
    const char *slash = type == NULL ? NULL : strchr(type, '/');
    bool good = slash != NULL && strlen(type) <= TYPE_BYTES && type[strspn(type, allowed)] == 0 && slash != type && slash[1] != 0 && strchr(slash + 1, '/') == NULL;
    return good ? type : "application/octet-stream";
}

/* The record and the caller's right to the field; *ret_due: of its part. */
static enum code field_allowed(struct service *s, const struct caller *who, const struct kind_info *k, const struct uuid *id, int field, usec_t *ret_due, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct record r = { .tenant = who->tenant };
    struct verdict sees, may;
    struct sql *q;
    AUTO(facts_end) struct fact_source src = { .s = s, .who = who, .record = &r, .arena = arena, .now = clock_now() };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a file");
    enum code code = facts_sql(&src, &q, reterr);
    if (code == OK)
        code = record_load(q, k, id, arena, &r, reterr);
    if (code != OK)
        return read_absent(s, who, k->index, code, reterr);
    struct facts f = facts_of(&src, src.now);
    code = policy_sees(who, &f, &sees, reterr);
    if (code == OK)
        code = policy_changes(who, &f, V_CHANGE, &may, reterr);
    if (code == OK && sees.barred == NULL && !sees.any && !may.any)
        return err_set(reterr, E_NOT_FOUND, "there is no such record");
    if (code == OK && sees.barred == NULL)
        code = policy_uses(who, &f, &sees.barred, reterr);
    if (code == OK && sees.barred != NULL)
        return read_barred(&sees, reterr);
    if (code == OK && ((may.fields >> field & 1) == 0 || !policy_scope(s->charter, who, k->index, V_CHANGE)))
        return err_set(reterr, E_FORBIDDEN, "%s is not yours to set", k->kind->fields[field].name);
    if (code == OK)
        code = facts_due(&src, src.now, reterr);
    if (code == OK && r.parts[k->kind->fields[field].part].due <= src.now)
        return err_set(reterr, E_CONFLICT, "%s is not kept any more: its time is over, and the file would be erased at once", k->kind->fields[field].name);
    if (code == OK)
        *ret_due = r.parts[k->kind->fields[field].part].due;
    return code;
}

struct upload {
    struct service *s; const struct caller *who; const struct kind_info *k; int field; struct arena *arena;
    struct file_place at; struct key key; usec_t due; struct file_row row; struct buf meta; struct input in; struct uuid task; bool used;
};

/* {"id":…,"name":…,"size":…,"type":…}: as it stands in the record. */
static enum code value_make(struct upload *u, const char *name, const char *type, int64_t size, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(4096), meta = BUF(4096);
    char id[UUID_TEXT];
    buf_printf(&b, "{\"id\":\"%s\",\"name\":", uuid_format(&u->at.file, id));
    canon_text(&b, name, strlen(name));
    buf_printf(&b, ",\"size\":%lld,\"type\":", (long long)size);
    canon_text(&b, type, strlen(type));
    buf_char(&b, '}');
    buf_text(&meta, "{\"name\":");
    canon_text(&meta, name, strlen(name));
    buf_text(&meta, ",\"type\":");
    canon_text(&meta, type, strlen(type));
    buf_char(&meta, '}');
    char *json = b.failed || meta.failed ? NULL : arena_text_n(u->arena, b.data, b.len);
    if (json == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a file");
    u->in.given = (fieldset)1 << u->field;
    u->in.values[u->field] = (struct value){ .set = true, .json = json, .len = b.len, .text = json };
    enum code code = bytes_meta_seal(&u->at, &u->key, meta.data, &u->meta, reterr);
    u->row = (struct file_row){ .id = u->at.file, .record = u->at.record, .kind = u->at.kind, .field = u->at.field, .key = u->at.key, .size = size,
                                .made = clock_now(), .meta = u->meta.data, .meta_len = u->meta.len };
    return code;
}

static enum code upload_run(struct upload *u, const char *name, const char *type, const struct source *in, json_t **ret, struct err *reterr) {
    struct record_request r = { .who = u->who, .kind = u->k->index, .id = u->at.record, .if_match = -1 };
    struct change_job job = { .s = u->s, .r = &r, .file_input = &u->in, .file = &u->row, .file_task = u->task, .ret_kept = &u->used };
    AUTO(record_text_done) struct record_text record = RECORD_TEXT;
    json_t *mistakes = NULL;
    int64_t size = 0;
    enum code code = bytes_write(u->s, &u->at, &u->key, in, &size, reterr);
    if (code == OK)
        code = value_make(u, name, type, size, reterr);
    if (code == OK)
        code = change_run(&job, &record, &mistakes, reterr);
    if (code == OK)
        *ret = value_json(&u->k->kind->fields[u->field], &u->in.values[u->field]);
    json_decref(mistakes);
    return code == OK && *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a reply") : code;
}

/* What is on the disk without a record to name it goes after a day, should this be cut off. */
static enum code upload_note(struct txn *t, void *arg, struct err *reterr) {
    struct upload *u = arg;
    return task_put(t, u->s, TASK_UPLOAD, u->k, &u->at.file, u->at.key, &u->task, reterr);
}
static enum code upload_forget(struct txn *t, void *arg, struct err *reterr) {
    struct upload *u = arg;
    return task_drop(t, u->s, &u->task, reterr);
}

enum code file_store(struct service *s, const struct caller *who, int kind, const struct uuid *record, int field,
                     const char *name, const char *type, const struct source *in, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && record != NULL && in != NULL && ret != NULL && reterr != NULL);
    const struct kind_info *k = service_kind(s, kind);
    if (field < 0 || (size_t)field >= k->kind->field_count || k->kind->fields[field].type != T_FILE)
        return err_set(reterr, E_INVALID, "there is no file field of that name");
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct upload u = { .s = s, .who = who, .k = k, .field = field, .arena = arena, .meta = BUF(8192),
                        .at = { .tenant = who->tenant, .kind = k->number, .field = k->fields[field], .record = *record, .file = uuid_new() } };
    const char *plain = arena == NULL ? NULL : plain_name(name, arena);
    enum code code = plain == NULL ? err_set(reterr, E_MEMORY, "no memory for a file") : field_allowed(s, who, k, record, field, &u.due, reterr);
    if (code == OK)
        code = agreed_first(s, who->tenant, k->kind, reterr);
    if (code == OK)
        code = spare_make(s, who->tenant, u.due, 1, &u.at.key, &u.key, reterr);
    if (code != OK)
        return code;
    code = store_write(s->store, who->tenant, upload_note, &u, reterr);
    if (code == OK)
        code = upload_run(&u, plain, plain_type(type), in, ret, reterr);
    if (!u.used) {
        struct err late;
        file_unlink(s, &u.at.file);            /* its bytes stay on the disk, so their key goes and seals nothing else */
        if (keeper_destroy(s->keeper, who->tenant, &u.at.key, 1, &late) == OK)
            (void)!store_write(s->store, who->tenant, upload_forget, &u, &late);  /* else the upkeep does both */
    }
    crypto_wipe(&u.key, sizeof u.key);
    buf_done(&u.meta);
    return code;
}

/* ---- out */
struct found_file { struct file_row row; const struct kind_info *k; int field; struct file_place at; struct key key; struct file_info info; };

static int field_by_number(const struct kind_info *k, int32_t number) {
    for (size_t i = 0; i < k->kind->field_count; i++)
        if (k->fields[i] == number)
            return (int)i;
    return -1;
}

static enum code file_find(struct service *s, const struct caller *who, const struct uuid *file, struct arena *arena, struct found_file *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = file_get(view_sql(v), file, &ret->row, arena, reterr);
    if (code != OK)
        return code;
    ret->k = service_kind_by_number(s, ret->row.kind);
    ret->field = ret->k == NULL ? -1 : field_by_number(ret->k, ret->row.field);
    ret->at = (struct file_place){ .tenant = who->tenant, .kind = ret->row.kind, .field = ret->row.field, .record = ret->row.record, .file = *file, .key = ret->row.key };
    return ret->field < 0 ? err_set(reterr, E_NOT_FOUND, "there is no such file") : OK;
}

static enum code file_seen(struct service *s, const struct caller *who, struct found_file *f, struct arena *arena, struct err *reterr) {
    struct record r = { .tenant = who->tenant };
    struct verdict sees;
    struct sql *q;
    AUTO(facts_end) struct fact_source src = { .s = s, .who = who, .record = &r, .arena = arena, .now = clock_now() };
    enum code code = facts_sql(&src, &q, reterr);
    if (code == OK)
        code = record_find(q, f->k, &f->row.record, arena, &r, reterr);
    if (code == E_GONE)
        return err_set(reterr, E_NOT_FOUND, "there is no such file");
    if (code != OK)
        return code;                           /* there is no record then to ask facts of */
    struct facts facts = facts_of(&src, src.now);
    code = policy_sees(who, &facts, &sees, reterr);
    if (code == OK && (!sees.any || (sees.fields >> f->field & 1) == 0 || !policy_scope(s->charter, who, f->k->index, V_READ)))
        code = err_set(reterr, E_NOT_FOUND, "there is no such file");
    facts_end(&src);                           /* a note may open a view of its own */
    return code == OK ? reads_note_one(s, who, READ_FILE, &r, (fieldset)1 << f->field, reterr) : code;
}

static enum code file_unlock(struct service *s, struct found_file *f, struct arena *arena, struct err *reterr) {
    AUTO(buf_wipe) struct buf meta = BUF(8192);
    struct slice name, type;
    bool ok = false;
    enum code code = keeper_open(s->keeper, f->at.tenant, &f->at.key, 1, &f->key, &ok, reterr);
    if (code == OK && !ok)
        return err_set(reterr, E_NOT_FOUND, "there is no such file");
    if (code == OK)
        code = bytes_meta_open(&f->at, &f->key, f->row.meta, f->row.meta_len, &meta, reterr);
    if (code != OK)
        return code;
    char *name_text = canon_get(buf_str(&meta), meta.len, "name", &name) ? canon_string(arena, name) : NULL;
    char *type_text = canon_get(buf_str(&meta), meta.len, "type", &type) ? canon_string(arena, type) : NULL;
    if (name_text == NULL || type_text == NULL)
        return arena_overflowed(arena) ? err_set(reterr, E_MEMORY, "no memory for the name of a file") : err_set(reterr, E_DAMAGED, "the name of a stored file is damaged");
    f->info.size = f->row.size;
    snprintf(f->info.name, sizeof f->info.name, "%s", name_text);
    snprintf(f->info.type, sizeof f->info.type, "%s", type_text);
    return OK;
}

struct beginning { bool (*begin)(void *, const struct file_info *); void *arg; const struct file_info *info; };
static bool begin_now(void *arg) {
    const struct beginning *b = arg;
    return b->begin(b->arg, b->info);
}

enum code file_fetch(struct service *s, const struct caller *who, const struct uuid *file, struct file_info *ret,
                     bool (*begin)(void *arg, const struct file_info *info), const struct sink *out, struct err *reterr) {
    PRE(s != NULL && who != NULL && file != NULL && ret != NULL && begin != NULL && out != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct found_file f = { .field = -1 };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a file");
    enum code code = file_find(s, who, file, arena, &f, reterr);
    if (code == OK)
        code = file_seen(s, who, &f, arena, reterr);
    if (code == OK)
        code = policy_purpose(s->charter, who, f.k->index, NULL, reterr);
    if (code == OK)
        code = file_unlock(s, &f, arena, reterr);
    if (code == OK) {
        struct beginning b = { begin, out->arg, &f.info };
        *ret = f.info;
        code = bytes_read(s, &f.at, &f.key, f.row.size, begin_now, &b, out, reterr);
    }
    crypto_wipe(&f.key, sizeof f.key);
    return code;
}

enum code file_erase(struct service *s, const struct caller *who, const struct uuid *file, struct err *reterr) {
    PRE(s != NULL && who != NULL && file != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct found_file f = { .field = -1 };
    struct input in = { 0 };
    AUTO(record_text_done) struct record_text record = RECORD_TEXT;
    json_t *mistakes = NULL;
    usec_t due;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a file");
    enum code code = file_find(s, who, file, arena, &f, reterr);
    if (code == OK)
        code = field_allowed(s, who, f.k, &f.row.record, f.field, &due, reterr);
    if (code != OK)
        return code;
    struct record_request r = { .who = who, .kind = f.k->index, .id = f.row.record, .if_match = -1 };
    in.given = (fieldset)1 << f.field;
    code = change_run(&(struct change_job){ .s = s, .r = &r, .file_input = &in }, &record, &mistakes, reterr);
    json_decref(mistakes);
    return code;
}
