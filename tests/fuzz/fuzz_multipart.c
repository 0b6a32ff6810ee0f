/* fuzz_multipart.c — any bytes as a form, cut into pieces of a size that the first byte chooses: the parts are the same as
 * when it comes whole, and the parser always ends. */
#include "fuzz_feed.h"
#include "api/multipart.h"

/* A sum over all that the parser gives out; *ret_code: how it ended. */
static uint64_t parse(const uint8_t *data, size_t size, size_t step, enum code *ret_code) {
    struct feed d = { data, size, step };
    AUTO(multipart_free) struct multipart *m = NULL;
    struct form_part part;
    struct err e;
    bool more = true;
    uint64_t sum = 14695981039346656037u;
    char piece[512];
    ssize_t n;
    enum code code = multipart_new("multipart/form-data; boundary=b", &(struct source){ feed_read, &d }, &m, &e);
    while (code == OK && (code = multipart_next(m, &part, &more, &e)) == OK && more) {
        for (const char *p = part.name; *p != 0; p++)
            sum = (sum ^ (uint8_t)*p) * 1099511628211u;
        while ((n = multipart_read(m, piece, sizeof piece)) > 0)
            for (ssize_t i = 0; i < n; i++)
                sum = (sum ^ (uint8_t)piece[i]) * 1099511628211u;
    }
    *ret_code = code;
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum code whole, dripped;
    if (size < 2 || size > 1u << 16)
        return 0;
    uint64_t a = parse(data + 1, size - 1, SIZE_MAX, &whole), b = parse(data + 1, size - 1, (size_t)data[0] + 1, &dripped);
    if (whole != dripped || (whole == OK && a != b))
        __builtin_trap();
    return 0;
}
