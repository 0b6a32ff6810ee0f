/* sound.c — does all that is stored open? Records and files of a tenant are read as a request would read them, in short views. */
#include <stdio.h>

#include "base/mem.h"
#include "records/bytes.h"
#include "records/record.h"
#include "store/tables.h"

#define AT_ONCE 64u
struct sounding { struct service *s; int64_t tenant; sound_fn fn; void *arg; struct sound *sum; };
struct some { struct uuid rows[AT_ONCE]; struct file_row files[AT_ONCE]; size_t count; };

/* Damage is told and passed over; anything else ends the sounding. */
static enum code tell(struct sounding *c, const char *what, const struct uuid *id, enum code code, const struct err *e) {
    char text[UUID_TEXT];
    if (code == OK || code == E_NOT_FOUND || code == E_GONE)
        return OK;
    if (code != E_DAMAGED)
        return code;
    c->sum->bad++;
    c->fn(c->arg, what, uuid_format(id, text), e->text);
    return OK;
}

static enum code sound_record(struct sounding *c, const struct kind_info *k, const struct uuid *id, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to open a record");
    enum code code = store_view(c->s->store, c->tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), k, id, arena, &r, reterr);
    v = view_end(v);
    if (code == OK)
        code = record_open(c->s, &r, arena, reterr);
    c->sum->records++;
    return tell(c, k->kind->name, id, code, reterr);
}

static bool take_row(const struct row *row, void *arg) {
    struct some *l = arg;
    l->rows[l->count++] = row->id;
    return l->count < AT_ONCE;
}

static enum code rows_some(struct sounding *c, const struct kind_info *k, const struct uuid *after, struct some *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    ret->count = 0;
    enum code code = store_view(c->s->store, c->tenant, &v, reterr);
    return code == OK ? rows_list_around(view_sql(v), &(struct row_range){ .kind = k->number, .after = *after }, take_row, ret, reterr) : code;
}

static enum code sound_kind(struct sounding *c, const struct kind_info *k, struct some *l, struct err *reterr) {
    struct uuid after = { { 0 } };
    enum code code = OK;
    do {
        code = rows_some(c, k, &after, l, reterr);
        if (code == E_DAMAGED)                 /* nothing names what lies there: the pages were told already */
            return tell(c, k->kind->name, &after, code, reterr);
        for (size_t i = 0; code == OK && i < l->count; i++)
            code = sound_record(c, k, &l->rows[i], reterr);
        if (l->count > 0)
            after = l->rows[l->count - 1];
    } while (code == OK && l->count == AT_ONCE);
    return code;
}

static bool begin(void *arg UNUSED) { return true; }
static bool drop(void *arg UNUSED, const void *bytes UNUSED, size_t len UNUSED) { return true; }

static enum code sound_file(struct sounding *c, const struct file_row *f, struct err *reterr) {
    struct file_place at = { .tenant = c->tenant, .kind = f->kind, .field = f->field, .record = f->record, .file = f->id, .key = f->key };
    const struct sink out = { drop, NULL };
    struct key key;
    bool ok = false;
    enum code code = keeper_open(c->s->keeper, c->tenant, &at.key, 1, &key, &ok, reterr);
    if (code == OK && ok)
        code = bytes_read(c->s, &at, &key, f->size, begin, NULL, &out, reterr);
    crypto_wipe(&key, sizeof key);
    c->sum->files++;
    return tell(c, "file", &f->id, code, reterr);
}

static bool take_file(const struct file_row *f, void *arg) {
    struct some *l = arg;
    l->files[l->count] = *f;
    l->files[l->count++].meta = NULL;          /* it ends with the row */
    return l->count < AT_ONCE;
}

static enum code files_some(struct sounding *c, const struct uuid *after, struct some *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    ret->count = 0;
    enum code code = store_view(c->s->store, c->tenant, &v, reterr);
    return code == OK ? files_after(view_sql(v), after, take_file, ret, reterr) : code;
}

static enum code sound_files(struct sounding *c, struct some *l, struct err *reterr) {
    struct uuid after = { { 0 } };
    enum code code = OK;
    do {
        code = files_some(c, &after, l, reterr);
        for (size_t i = 0; code == OK && i < l->count; i++)
            if (service_kind_by_number(c->s, l->files[i].kind) != NULL)
                code = sound_file(c, &l->files[i], reterr);
        if (l->count > 0)
            after = l->files[l->count - 1].id;
    } while (code == OK && l->count == AT_ONCE);
    return code;
}

enum code service_sound(struct service *s, int64_t tenant, sound_fn fn, void *arg, struct sound *ret, struct err *reterr) {
    PRE(s != NULL && fn != NULL && ret != NULL && reterr != NULL);
    struct sounding c = { s, tenant, fn, arg, ret };
    AUTO(mem_free) struct some *l = mem_new(sizeof *l);
    enum code code = l == NULL ? err_set(reterr, E_MEMORY, "no memory to look at what is stored") : OK;
    for (size_t i = 0; code == OK && i < s->kinds; i++)
        code = sound_kind(&c, &s->info[i], l, reterr);
    return code == OK ? sound_files(&c, l, reterr) : code;
}
