/* mailer_memory.h — within the process mailer: what became of the last MAILER_REMEMBERED tries of letters, by id and attempt. What is noted of a try takes the
 * place of what was noted of it before, and a try that begins anew has no past: an older end of the same number is never told. One thread's. */
#pragma once
#include "base/err.h"
#include "sys/mail.h"

#define MAILER_REMEMBERED 4096u

struct mailer_memory;
MUST_USE enum code mailer_memory_new(struct mailer_memory **ret, struct err *reterr);
struct mailer_memory *mailer_memory_free(struct mailer_memory *m);
DEFINE_AUTO(struct mailer_memory, mailer_memory_free)
void mailer_memory_put(struct mailer_memory *m, const struct uuid *id, uint32_t attempt, const struct mail_reply *reply);
void mailer_memory_forget(struct mailer_memory *m, const struct uuid *id, uint32_t attempt);
/* NULL: nothing is remembered. Valid until the next call. */
const struct mail_reply *mailer_memory_find(const struct mailer_memory *m, const struct uuid *id, uint32_t attempt);
