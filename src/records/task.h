/* task.h — inside records: work that a write leaves behind because it would be too long for one: noted in the same write,
 * done right after it, and by service_recover when that was cut off. Each can be done twice. */
#pragma once
#include "records/service.h"
#include "store/rows.h"

enum task { TASK_REDATE, TASK_ERASE, TASK_FILL, TASK_UNLINK, TASK_UPLOAD, TASK_PARTS, TASKS };
/* TASK_REDATE: new due dates for the records of kind k that belong to `parent`; TASK_ERASE: they are erased; TASK_FILL: they
 * take the seats that are free; TASK_UNLINK: the file `parent` goes from the disk; TASK_UPLOAD: it goes unless a record names it
 * within a day, and `key` (of nothing else: 0), which sealed it, is destroyed; TASK_PARTS: what no law and no hold keeps of the record
 * `parent` of kind k is erased. *ret_id: of the task; or NULL. */
MUST_USE enum code task_put(struct txn *t, struct service *s, enum task what, const struct kind_info *k, const struct uuid *parent, key_id key, struct uuid *ret_id,
                            struct err *reterr);
/* TASK_ERASE or TASK_PARTS of an erasure; cause: of it, as certificates tell it. */
MUST_USE enum code task_put_erasing(struct txn *t, struct service *s, enum task what, const struct kind_info *k, const struct uuid *parent, const char *cause, struct err *reterr);
/* It is done, or not needed any more. */
MUST_USE enum code task_drop(struct txn *t, struct service *s, const struct uuid *id, struct err *reterr);
/* Does what stands noted for the tenant. counts: adds {kind: erased}; or NULL. */
MUST_USE enum code tasks_run(struct service *s, int64_t tenant, json_t *counts, struct err *reterr);
