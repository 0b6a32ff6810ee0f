/* file.h — inside records: files of records, sealed beside the databases. */
#pragma once
#include "records/draft.h"

/* files_directory/<first two hex digits>/<uuid>; false: the path is too long. */
MUST_USE bool file_path(const struct service *s, const struct uuid *id, char *ret, size_t room);
void file_unlink(const struct service *s, const struct uuid *id);
/* Inside the write of a draft: the row of its new file; files whose fields were cleared or took another go, with their keys. */
MUST_USE enum code files_write(struct txn *t, struct draft *d, struct err *reterr);
