/* err.c — invariant: text, field and hidden are always terminated. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { enum code code; const char *name, *title; int status; } table[] = {
#define CODE(name, number, status, title) { name, #name, title, status },
#include "base/codes.tbl"
#undef CODE
};

void assert_failed(const char *cond, const char *file, int line) {
    fprintf(stderr, "sejf: our own bug: %s (%s:%d)\n", cond, file, line);
    abort();
}

static void err_start(struct err *e, const char *file, int line, enum code code) {
    *e = (struct err){ .code = code, .line = line, .file = file };
}

enum code err_set_at(struct err *reterr, const char *file, int line, enum code code,
                     const char *fmt, ...) {
    va_list ap;
    err_start(reterr, file, line, code);
    va_start(ap, fmt);
    vsnprintf(reterr->text, sizeof reterr->text, fmt, ap);
    va_end(ap);
    return code;
}

enum code err_field_at(struct err *reterr, const char *file, int line, enum code code,
                       const char *path, const char *fmt, ...) {
    va_list ap;
    err_start(reterr, file, line, code);
    snprintf(reterr->field, sizeof reterr->field, "%s", path);
    va_start(ap, fmt);
    vsnprintf(reterr->text, sizeof reterr->text, fmt, ap);
    va_end(ap);
    return code;
}

enum code err_errno_at(struct err *reterr, const char *file, int line, int num,
                       const char *fmt, ...) {
    va_list ap;
    char why[128];
    enum code code = num == ENOSPC || num == EDQUOT ? E_FULL : num == ENOMEM ? E_MEMORY : E_SYSTEM;
    err_start(reterr, file, line, code);
    va_start(ap, fmt);
    vsnprintf(reterr->text, sizeof reterr->text, fmt, ap);
    va_end(ap);
    snprintf(reterr->hidden, sizeof reterr->hidden, "%s", strerror_r(num, why, sizeof why));
    return code;
}

enum code err_prefix(struct err *reterr, const char *fmt, ...) {
    va_list ap;
    char old[sizeof reterr->text];
    int n;
    memcpy(old, reterr->text, sizeof old);
    va_start(ap, fmt);
    n = vsnprintf(reterr->text, sizeof reterr->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof reterr->text - 3)
        snprintf(reterr->text + n, sizeof reterr->text - (size_t)n, ": %s", old);
    return reterr->code;
}

enum code err_hide(struct err *reterr, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reterr->hidden, sizeof reterr->hidden, fmt, ap);
    va_end(ap);
    return reterr->code;
}

static size_t code_row(enum code code) {
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].code == code)
            return i;
    assert_failed("code is in codes.tbl", __FILE__, __LINE__);
}

const char *code_name(enum code code) { return table[code_row(code)].name; }
const char *code_title(enum code code) { return table[code_row(code)].title; }
int code_status(enum code code) { return table[code_row(code)].status; }
