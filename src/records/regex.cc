/* regex.cc — the one C++ file: RE2 for C. Nothing is thrown across: RE2 reports by value, and want of memory, the one thing
 * that it throws, is caught here. */
#include "records/regex.h"

#include <new>
#include <re2/re2.h>

struct regex { RE2 re; regex(const char *text, size_t len, const RE2::Options &o) : re(re2::StringPiece(text, len), o) {} };

extern "C" struct regex *regex_new(const char *text, size_t len, const char **ret_why) {
    if (len == 0 || len > REGEX_MAX) {
        *ret_why = "a pattern has 1 to 512 bytes";
        return nullptr;
    }
    RE2::Options o(RE2::Quiet);
    o.set_max_mem(REGEX_MEMORY);
    struct regex *p = nullptr;
    try {
        p = new regex(text, len, o);
    } catch (const std::bad_alloc &) {
        *ret_why = nullptr;
        return nullptr;
    }
    if (!p->re.ok()) {
        *ret_why = p->re.error_code() == RE2::ErrorPatternTooLarge ? "the pattern is too large" : "the pattern is not a regular expression (RE2 syntax)";
        delete p;
        return nullptr;
    }
    return p;
}

extern "C" struct regex *regex_free(struct regex *p) {
    delete p;
    return nullptr;
}

extern "C" bool regex_matches(const struct regex *p, const char *text, size_t len, bool *failed) {
    try {
        return p->re.Match(re2::StringPiece(text, len), 0, len, RE2::UNANCHORED, nullptr, 0);
    } catch (const std::bad_alloc &) {
        *failed = true;
        return false;
    }
}
