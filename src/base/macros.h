/* macros.h — the few macros that every file uses: attributes, assertions, owners.
 * PRE states a condition that only our own bug can break; it stays on in release. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

NORETURN void assert_failed(const char *cond, const char *file, int line);
#define PRE(cond) ((cond) ? (void)0 : assert_failed(#cond, __FILE__, __LINE__))
#define POST(cond) PRE(cond)

/* An owner: AUTO(x_free) struct x *p = NULL; is freed when it goes out of scope.
 * DEFINE_AUTO stands once, after the declaration of x_free, in the header of x. */
#define DEFINE_AUTO(type, fn) \
    static inline void auto_##fn(type **p) { if (*p != NULL) (void)fn(*p); }
/* The same for a value that is emptied in place: fn takes a pointer to it. */
#define DEFINE_AUTO_VALUE(type, fn) \
    static inline void auto_##fn(type *p) { fn(p); }
#define AUTO(fn) __attribute__((cleanup(auto_##fn)))

/* Hands an owned pointer on: return TAKE(p); */
#define TAKE(p) ({ __typeof__(p) take_ = (p); (p) = NULL; take_; })
