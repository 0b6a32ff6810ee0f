/* change.h — inside records: a record that is there becomes another: by merge patch, by a file, by a withdrawn consent. */
#pragma once
#include "records/use.h"

struct change_job {
    struct service *s;
    const struct record_request *r;
    const struct input *file_input;            /* instead of r->input: one file field, set or cleared */
    const struct caller *confirms;             /* whose address confirms the record: who changes it is sejf then; or NULL */
    const struct file_row *file; struct uuid file_task;
    bool *ret_kept;                            /* may the change stand, whatever is answered? NULL: nobody asks */
};
MUST_USE enum code change_run(const struct change_job *job, struct record_text *ret, json_t **ret_mistakes, struct err *reterr);
