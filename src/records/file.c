/* file.c — where files stand, and how their rows follow the record's fields. */
#include "records/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "records/task.h"
#include "store/tables.h"

bool file_path(const struct service *s, const struct uuid *id, char *ret, size_t room) {
    char text[UUID_TEXT];
    uuid_format(id, text);
    int n = snprintf(ret, room, "%s/%.2s/%s", s->files, text + 34, text);       /* the last digits are random */
    return n > 0 && (size_t)n < room;
}

#define PATH_ROOM 4096
void file_unlink(const struct service *s, const struct uuid *id) {
    char path[PATH_ROOM];
    if (file_path(s, id, path, sizeof path))
        (void)unlink(path);
}

static bool file_of(const struct value *v, struct uuid *ret) {
    struct slice id;
    char text[UUID_TEXT];
    if (!v->set || !canon_get(v->json, v->len, "id", &id) || id.len != UUID_TEXT + 1)
        return false;
    memcpy(text, id.at + 1, UUID_TEXT - 1);
    text[UUID_TEXT - 1] = 0;
    return uuid_parse(text, ret);
}

static enum code file_goes(struct txn *t, struct draft *d, const struct uuid *id, struct err *reterr) {
    struct file_row row;
    enum code code = file_get(txn_sql(t), id, &row, d->arena, reterr);
    if (code == E_NOT_FOUND)
        return OK;
    if (code == OK)
        code = file_delete(t, id, reterr);
    if (code == OK) {
        d->doomed[d->doomed_count++] = row.key;          /* parts_write dooms it */
        d->more = true;
        code = task_put(t, d->s, TASK_UNLINK, d->rec.info, id, 0, NULL, reterr);
    }
    return code;
}

enum code files_write(struct txn *t, struct draft *d, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && d->old != NULL && i < d->rec.info->kind->field_count; i++) {
        struct uuid id;
        if (d->rec.info->kind->fields[i].type == T_FILE && (d->changed >> i & 1) != 0 && file_of(&d->old->values[i], &id))
            code = file_goes(t, d, &id, reterr);
    }
    if (code == OK && d->file != NULL)
        code = file_put(t, d->file, reterr);
    if (code == OK && d->file != NULL)
        code = task_drop(t, d->s, &d->file_task, reterr);
    return code;
}
