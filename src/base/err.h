/* err.h — results as values: an enum code, and the detail in a struct err that the caller owns.
 * A struct err owns nothing: it holds bounded text inline, so it is copied and dropped freely.
 * `text` may reach a user and never holds a personal value; `hidden` is for the log of the
 * operator and never holds one either. Thread rule: a struct err belongs to one thread. */
#pragma once
#include "base/macros.h"

enum code {
#define CODE(name, number, status, title) name = number,
#include "base/codes.tbl"
#undef CODE
};

struct err {
    enum code code;
    int line;                 /* where in our source it was first set */
    const char *file;
    char field[96];           /* JSON pointer of the input that is wrong, or "" */
    char text[416];           /* what, where, how to mend */
    char hidden[256];         /* cause for the operator (errno text, SQLite text) */
};

/* Fills *reterr and returns code, so that `return err_set(...)` reads as one step. */
#define err_set(reterr, code, ...) err_set_at((reterr), __FILE__, __LINE__, (code), __VA_ARGS__)
enum code err_set_at(struct err *reterr, const char *file, int line, enum code code,
                     const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The same with the path of the field that is wrong ("/fields/email"). */
#define err_field(reterr, code, path, ...) \
    err_field_at((reterr), __FILE__, __LINE__, (code), (path), __VA_ARGS__)
enum code err_field_at(struct err *reterr, const char *file, int line, enum code code,
                       const char *path, const char *fmt, ...) PRINTF_LIKE(6, 7);
/* The same with the system's reason for errno value `num` in the hidden part; ENOSPC and EDQUOT
 * turn the code into E_FULL, ENOMEM into E_MEMORY. */
#define err_errno(reterr, num, ...) err_errno_at((reterr), __FILE__, __LINE__, (num), __VA_ARGS__)
enum code err_errno_at(struct err *reterr, const char *file, int line, int num,
                       const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Puts context before the text that is already there: "importing line 7: ...". Returns its code. */
enum code err_prefix(struct err *reterr, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Adds the operator's detail. Returns its code. */
enum code err_hide(struct err *reterr, const char *fmt, ...) PRINTF_LIKE(2, 3);

#if defined __clang_analyzer__ || defined SEJF_ANALYZER
/* What an analyzer, which reads one file at a time, cannot know: these give back the code that they set, and never OK. */
static inline enum code err_failed(enum code code) { return code == OK ? E_INTERNAL : code; }
#undef err_set
#undef err_field
#undef err_errno
#define err_set(reterr, code, ...) ((void)err_set_at((reterr), __FILE__, __LINE__, (code), __VA_ARGS__), err_failed(code))
#define err_field(reterr, code, path, ...) ((void)err_field_at((reterr), __FILE__, __LINE__, (code), (path), __VA_ARGS__), err_failed(code))
#define err_errno(reterr, num, ...) err_failed(err_errno_at((reterr), __FILE__, __LINE__, (num), __VA_ARGS__))
#endif

const char *code_name(enum code code);       /* "E_INVALID" */
const char *code_title(enum code code);
int code_status(enum code code);             /* HTTP status */
