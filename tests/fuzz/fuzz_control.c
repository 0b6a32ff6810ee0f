/* fuzz_control.c — any bytes as what a peer says on the control socket: a line of JSON, then what follows it. The answer is lines of JSON,
 * the last of which says whether it went well. "$tenant" stands for the number of the tenant. */
#include "fuzz_bed.h"
#include "fuzz_feed.h"

#include <sys/eventfd.h>

#include "api/control_socket.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
static struct api api;

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    static const struct charter *charters[1];
    static struct service *services[1];
    fuzz_bed_start();
    log_init("fuzz", LOG_ERROR, -1);
    charters[0] = bed.charter;
    services[0] = bed.service;
    api = (struct api){ .config = { .charters = charters, .charter_count = 1, .store = bed.store, .keeper = bed.keeper, .files_directory = bed.directory,
                                    .data_directory = bed.directory, .base_url = "https://localhost:8443" },
                        .services = services, .service_count = 1, .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    return 0;
}

static void answer_fine(const struct buf *answer) {
    const char *at = buf_str(answer), *end;
    json_t *line = NULL;
    for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        json_decref(line);
        line = json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK, NULL);
        if (!json_is_object(line))
            __builtin_trap();
    }
    if (*at != 0 || !json_is_boolean(json_object_get(line, "ok")))
        __builtin_trap();
    const json_t *code = json_object_get(line, "code");
    if (json_is_false(json_object_get(line, "ok")) && !json_is_integer(code))
        __builtin_trap();
    json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(buf_done) struct buf answer = BUF(64u << 20);
    struct incoming in = { .fd = -1, .line = BUF(LINE_MAX_BYTES) };
    struct err e;
    json_t *json = NULL;
    const uint8_t *end = size == 0 || size > 1u << 14 ? NULL : memchr(data, '\n', size);
    if (end == NULL)
        return 0;
    buf_add(&in.line, data, size);
    in.at = (size_t)(end - data) + 1;
    if (json_read(in.line.data, in.at - 1, &json, &e) != OK)
        json = json_object();
    const char *tenant = json_string_value(json_object_get(json, "tenant"));
    if (tenant != NULL && strcmp(tenant, "$tenant") == 0)
        json_object_set_new(json, "tenant", json_integer(bed.tenant));
    /* What closes the tenant would leave nothing to try. */
    if (strcmp(json_string_value(json_object_get(json, "do")) ?: "", "tenant_close") != 0)
        control_call(&api, json, &(struct source){ incoming_read, &in }, &(struct sink){ feed_keep, &answer });
    if (answer.len > 0)
        answer_fine(&answer);
    json_decref(json);
    buf_wipe(&in.line);
    return 0;
}
