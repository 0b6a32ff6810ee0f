/* turns_mail.c — letters that are to be tried, and those that are long over. */
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/mem.h"
#include "messages/postman.h"
#include "store/tables.h"

#define KEPT_DAYS 400                        /* of a letter that needs no more, without address and text */

enum code job_mail(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + USEC_PER_SEC;
    return a->postman == NULL ? OK : postman_look(a->postman, now, ret_next, reterr);
}

static enum code forget(struct txn *t, void *arg, struct err *reterr) { return letters_forget(t, *(const usec_t *)arg, reterr); }

enum code job_mail_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    usec_t before = now - KEPT_DAYS * USEC_PER_DAY;
    int64_t *tenants = NULL;
    size_t count = 0;
    *ret_next = now + USEC_PER_DAY;
    enum code code = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = store_write(a->config.store, tenants[i], forget, &before, reterr);
    mem_free(tenants);
    return code;
}
