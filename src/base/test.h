/* test.h — unit tests: TEST(name) { CHECK(...); } beside the source; cmocka runs them.
 * Each test file includes the source that it tests, then this; main() is made here, unless TEST_NO_MAIN is
 * defined (a fuzzer, which has its own, takes the checks and the test beds). */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/macros.h"

struct test_row { const char *name; void (*run)(void **); };

/* Rows of the section stand at pointer distance whatever a sanitizer pads around them. */
#define TEST(name) \
    static void test_##name(void **state UNUSED); \
    static const struct test_row row_##name = { #name, test_##name }; \
    static const struct test_row *const ptr_##name \
        __attribute__((used, section("sejf_tests"))) = &row_##name; \
    static void test_##name(void **state UNUSED)

#define CHECK(cond) _assert_true((cond) ? 1 : 0, #cond, __FILE__, __LINE__)
#define CHECK_INT(got, want) assert_int_equal((got), (want))
#define CHECK_TEXT(got, want) assert_string_equal((got), (want))
/* For calls that return enum code: prints the text of the error when it is not the wanted one. */
#define CHECK_CODE(call, want, e) do { \
        enum code code_ = (call); \
        if (code_ != (want)) fprintf(stderr, "%s:%d: code %d: %s (%s)\n", __FILE__, __LINE__, \
                                     (int)code_, (e)->text, (e)->hidden); \
        _assert_true(code_ == (want), #call " == " #want, __FILE__, __LINE__); \
    } while (0)
#define CHECK_OK(call, e) CHECK_CODE(call, OK, e)

#ifndef TEST_NO_MAIN
extern const struct test_row *const __start_sejf_tests[], *const __stop_sejf_tests[];

__attribute__((no_sanitize("address"))) int main(void) {
    struct CMUnitTest list[256];
    size_t n = 0;
    for (const struct test_row *const *p = __start_sejf_tests; p < __stop_sejf_tests; p++) {
        if (*p == NULL)
            continue;
        if (n == ARRAY_LEN(list))
            return 2;
        list[n++] = (struct CMUnitTest){ .name = (*p)->name, .test_func = (*p)->run };
    }
    return _cmocka_run_group_tests(__FILE__, list, n, NULL, NULL);
}
#endif
