/* service.c — order of a stop: the control socket, the streams of changes, HTTP (which lets requests end), the jobs;
 * the ledger is signed once more, so that its last entries are covered. */
#include "api/service.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "access/agreement.h"
#include "access/people.h"
#include "api/api_int.h"
#include "api/changes.h"
#include "api/control.h"
#include "api/jobs.h"
#include "api/leaks.h"
#include "api/openapi.h"
#include "api/pages.h"
#include "api/routes.h"
#include "base/jsontext.h"
#include "base/log.h"
#include "base/mem.h"
#include "messages/mail_page.h"
#include "records/link.h"
#include "messages/asking.h"
#include "messages/postman.h"
#include "messages/teller.h"
#include "promises/control.h"
#include "retention/clock.h"
#include "retention/notice.h"

#define WORKERS 48u                           /* writers sleep for their group commit: many make it a group */

const struct api_config *api_config(const struct api *a) { return &a->config; }

struct mail_brand api_brand(const struct api *a, const struct charter *c) {
    return (struct mail_brand){ a->config.brand_name != NULL ? a->config.brand_name : charter_operator(c), a->config.brand_colour, a->config.brand_text };
}

struct service *api_service(const struct api *a, const char *name) {
    for (size_t i = 0; i < a->service_count; i++)
        if (strcmp(charter_name(service_charter(a->services[i])), name) == 0)
            return a->services[i];
    return NULL;
}

size_t api_services(const struct api *a, struct service *const **ret) {
    *ret = a->services;
    return a->service_count;
}

struct pages *api_pages(const struct api *a) { return a->pages; }
struct people *api_people(const struct api *a) { return a->people; }

static const char *const *texts_copy(struct arena *arena, const char *const *list, size_t count) {
    const char **copy = arena_array(arena, count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++)
        copy[i] = arena_text(arena, list[i]);
    return copy;
}

static const char *text_copy(struct arena *arena, const char *text) { return text == NULL ? NULL : arena_text(arena, text); }

static bool config_copy(struct api *a, const struct api_config *c) {
    struct arena *arena = a->arena;
    a->config = *c;
    struct api_config *o = &a->config;
    const struct charter **charters = arena_array(arena, c->charter_count, sizeof *charters);
    if (charters == NULL)
        return false;
    memcpy(charters, c->charters, c->charter_count * sizeof *charters);
    o->charters = charters;
    o->files_directory = text_copy(arena, c->files_directory);
    o->data_directory = text_copy(arena, c->data_directory);
    o->base_url = arena_text(arena, c->base_url == NULL ? "" : c->base_url);
    o->metrics_token = text_copy(arena, c->metrics_token);
    o->log_oldest = text_copy(arena, c->log_oldest);
    o->brand_name = text_copy(arena, c->brand_name);
    o->brand_logo = text_copy(arena, c->brand_logo);
    o->brand_colour = text_copy(arena, c->brand_colour);
    o->brand_text = text_copy(arena, c->brand_text);
    o->origins = texts_copy(arena, c->origins, c->origin_count);
    o->frame_origins = texts_copy(arena, c->frame_origins, c->frame_origin_count);
    return !arena_overflowed(arena);
}

static enum code service_add(struct api *a, const struct charter *charter, struct err *reterr) {
    struct service *s = NULL;
    if (api_service(a, charter_name(charter)) != NULL)
        return err_set(reterr, E_CONFIG, "two charters are named %s; a service needs a name of its own", charter_name(charter));
    enum code code = service_open(charter, a->config.store, a->config.keeper, a->config.files_directory, &s, reterr);
    if (code != OK)
        return err_prefix(reterr, "service %s", charter_name(charter));
    service_prices_set(s, a->config.prices);
    size_t at = a->service_count;
    a->services[a->service_count++] = s;
    code = service_base_set(s, a->config.base_url, reterr);
    if (code == OK)
        code = service_recover(s, reterr);
    if (code != OK)
        return err_prefix(reterr, "service %s", charter_name(charter));
    AUTO(buf_done) struct buf text = BUF(64u << 20);
    json_t *doc = openapi_make(charter, a->config.base_url);
    json_text_add(&text, doc);
    json_decref(doc);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for the OpenAPI document of %s", charter_name(charter));
    a->openapi_len[at] = text.len;
    a->openapi[at] = TAKE(text.data);
    return OK;
}

/* What a run of the probes that was cut left behind; its people are of the accounts that all services share. */
static enum code tidy_all(struct api *a, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; i < a->service_count && code == OK; i++)
        if ((code = promises_tidy(a->services[i], a->people, reterr)) != OK)
            (void)err_prefix(reterr, "service %s", charter_name(service_charter(a->services[i])));
    return code;
}

struct api *api_close(struct api *a) {
    if (a == NULL)
        return NULL;
    watch_free(a->watch);
    pages_close(a->pages);
    a->noticer = noticer_close(a->noticer);
    a->people = people_close(a->people);
    for (size_t i = 0; i < a->service_count; i++) {
        mem_free(a->openapi[i]);
        service_close(a->services[i]);
    }
    if (a->wake_fd >= 0)
        close(a->wake_fd);
    arena_free(a->arena);
    return mem_free(a);
}

enum code api_open(const struct api_config *c, struct api **ret, struct err *reterr) {
    PRE(c->charter_count > 0 && c->store != NULL && c->keeper != NULL);
    AUTO(api_close) struct api *a = mem_new(sizeof *a);
    if (a == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the services");
    a->wake_fd = -1;
    a->began = clock_steady();
    a->arena = arena_new(64u << 20);
    if (a->arena == NULL || !config_copy(a, c) || (a->services = arena_array(a->arena, c->charter_count, sizeof *a->services)) == NULL ||
        (a->openapi = arena_array(a->arena, c->charter_count, sizeof *a->openapi)) == NULL ||
        (a->openapi_len = arena_array(a->arena, c->charter_count, sizeof *a->openapi_len)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the services");
    a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (a->wake_fd < 0)
        return err_errno(reterr, errno, "no eventfd for the server");
    enum code made = pages_open(&a->config, &a->pages, reterr);
    if (made != OK)
        return made;
    for (size_t i = 0; i < c->charter_count; i++) {
        enum code code = service_add(a, c->charters[i], reterr);
        if (code != OK)
            return code;
    }
    made = people_open(&(struct people_options){ .store = a->config.store, .keeper = a->config.keeper, .services = a->services, .service_count = a->service_count, .base_url = a->config.base_url },
                       &a->people, reterr);
    for (size_t i = 0; made == OK && a->config.asking != NULL && i < a->service_count; i++) {
        const struct ask_way way = asking_way(a->config.asking);
        service_asks(a->services[i], &way);
    }
    if (made == OK)
        made = notices_ready(a, reterr);
    if (made == OK)
        made = tidy_all(a, reterr);
    if (made == OK && !providers_show(a))
        made = err_set(reterr, E_MEMORY, "no memory for the providers of sign-in");
    if (made != OK)
        return made;
    if (store_index_was_remade(a->config.store))
        log_event(LOG_WARN, "index_made_anew", LOG_TEXT("text", "index.db was damaged: a new one was filled from the records"));
    *ret = TAKE(a);
    return OK;
}

static void serve_until(struct api *a, int stop_fd) {
    struct pollfd p[] = { { stop_fd, POLLIN, 0 }, { a->wake_fd, POLLIN, 0 } };
    while (poll(p, 2, -1) < 0 && errno == EINTR)
        ;
}

static enum code http_begin(struct api *a, int listen_fd, struct http **ret, struct err *reterr) {
    const struct route_table tables[] = {
        routes_consents,
        routes_records, routes_bulk, routes_copies, routes_changes, routes_meta, routes_register, routes_agreement, routes_hold, routes_uses, routes_certificate, routes_letters, routes_webhooks,
        routes_sms,
        routes_closing,
        routes_hook,
        routes_campaigns,
        routes_messages,
        routes_templates,
        routes_sent,
        routes_suppressions, routes_unsubscribe,
        routes_account, routes_factors, routes_members, routes_people_doc,
        routes_remainder,
        routes_subjects, routes_forms, routes_links, routes_link_packs, routes_public, routes_versions, routes_in, routes_proofs, routes_with,
        routes_notice, routes_due,
        routes_requests, routes_rights,
    };
    const struct http_options o = {
        .listen_fd = listen_fd, .tables = tables, .table_count = ARRAY_LEN(tables), .context = a, .loops = a->config.loops,
        .workers = a->config.workers == 0 ? WORKERS : a->config.workers, .queue = 2048,
        .origins = a->config.origins, .origin_count = a->config.origin_count, .problem_base = a->config.base_url, .before = leaks_refuse,
    };
    return http_start(&o, ret, reterr);
}

/* Numbers and not names: a name may be a person's. */
#define NAMED_MOST 20u
static void agreements_log(struct service *s) {
    AUTO(buf_done) struct buf numbers = BUF(1024);
    json_t *list = NULL, *one;
    size_t i, unrecorded = 0;
    struct err e;
    if (agreements_lacking(s, &list, &e) != OK) {
        log_error("agreements_unknown", &e);
        return;
    }
    json_array_foreach(list, i, one) {
        if (i < NAMED_MOST)
            buf_printf(&numbers, "%s%lld", i > 0 ? ", " : "", (long long)json_integer_value(json_object_get(one, "tenant")));
        unrecorded += strcmp(json_string_value(json_object_get(one, "state")), AGREEMENT_UNRECORDED) == 0;
    }
    if (json_array_size(list) > 0)
        log_event(LOG_WARN, "agreements_missing", LOG_TEXT("service", charter_name(service_charter(s))), LOG_INT("tenants", json_array_size(list)),
                  LOG_INT("taking_data", unrecorded), LOG_TEXT("numbers", buf_str(&numbers)));
    json_decref(list);
}

enum code api_serve(struct api *a, int listen_fd, int stop_fd, struct err *reterr) {
    struct jobs *jobs = NULL;
    struct control *control = NULL;
    struct http *http = NULL;
    struct err late;
    enum code code = watch_start(a->config.store, &a->watch, reterr);
    if (code == OK && a->config.webhooks != NULL)
        code = webhooks_start(a, reterr);
    if (code == OK && (a->config.mail != NULL || a->config.sms != NULL)) {
        const struct deliver_way none = { .send = NULL };
        code = postman_start(&(struct deliver){ a->config.store, a->config.keeper, a->config.mail == NULL ? none : *a->config.mail, clock_held, mail_belongs, a, mail_service, a, a->config.sms, mail_brand_of }, &a->postman, reterr);
    }
    if (code == OK)
        code = hearing_start(a, reterr);
    if (code == OK)
        code = jobs_start(a, &jobs, reterr);
    if (code == OK && a->config.control_fd > 0)
        code = control_start(a, a->config.control_fd, &control, reterr);
    if (code == OK)
        code = http_begin(a, listen_fd, &http, reterr);
    if (code == OK) {
        a->http = http;
        for (size_t i = 0; i < a->service_count; i++)
            agreements_log(a->services[i]);
        log_event(LOG_INFO, "serving", LOG_INT("services", a->service_count), LOG_TEXT("version", SEJF_VERSION));
        serve_until(a, stop_fd);
        log_event(LOG_INFO, "stopping");
    }
    control_stop(control);
    watch_stop(a->watch);
    a->http = NULL;
    http_stop(http);
    a->watch = watch_free(a->watch);
    jobs_stop(jobs);
    hearing_stop(a);
    if (a->config.mail != NULL && a->config.mail->stop != NULL)
        a->config.mail->stop(a->config.mail->arg);
    if (a->config.sms != NULL)
        a->config.sms->stop(a->config.sms->arg);
    a->postman = postman_stop(a->postman);
    a->teller = teller_stop(a->teller);
    if (code == OK && job_sign(a, &late) != OK)
        log_error("ledger_not_signed", &late);
    return code;
}
