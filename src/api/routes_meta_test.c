#include "api/routes_meta.c"
#include "base/test.h"

TEST(metrics_are_openmetrics) {
    AUTO(buf_done) struct buf b = BUF(1 << 20);
    struct http_status s = { .requests = 10, .by_status = { 0, 0, 7, 0, 2, 1 }, .took_buckets = { 4, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3 }, .took_sum = 2500000, .refused = 1 };
    metrics_http(&b, &s);
    CHECK(strstr(buf_str(&b), "sejf_requests_total{status=\"2xx\"} 7\n") != NULL);
    CHECK(strstr(buf_str(&b), "sejf_request_seconds_bucket{le=\"0.0001\"} 4\n") != NULL);
    CHECK(strstr(buf_str(&b), "sejf_request_seconds_bucket{le=\"0.0004\"} 7\n") != NULL);
    CHECK(strstr(buf_str(&b), "sejf_request_seconds_bucket{le=\"+Inf\"} 10\n") != NULL);
    CHECK(strstr(buf_str(&b), "sejf_request_seconds_sum 2.500000\nsejf_request_seconds_count 10\n") != NULL);
    CHECK(strstr(buf_str(&b), "sejf_requests_refused_total 1\n") != NULL);
    /* Every family is typed before its first sample, and named once. */
    for (const char *line = buf_str(&b); line != NULL && *line != 0; line = strchr(line, '\n') + 1) {
        if (strncmp(line, "# TYPE ", 7) != 0)
            continue;
        char family[128];
        snprintf(family, sizeof family, "# TYPE %.*s ", (int)strcspn(line + 7, " "), line + 7);
        const char *first = strstr(buf_str(&b), family);
        CHECK(first == line && strstr(first + 1, family) == NULL);
    }
}
