/* engine.c — closed in the reverse order of opening: nothing outlives what it stands on. */
#include "prog/engine.h"

#include <string.h>

#include "api/adopt.h"
#include "base/mem.h"
#include "sys/files.h"

#define READERS 16u
#define QUEUE 4096u
#define TOKEN_FILE_MAX 512u

struct engine {
    struct store *store;
    struct keeper_client *keeper;
    struct zone *zone;
    struct api *api;
    struct buf metrics;
    struct api_config config;
};

struct engine *engine_close(struct engine *e) {
    if (e == NULL)
        return NULL;
    api_close(e->api);
    store_close(e->store);
    keeper_close(e->keeper);
    zone_free(e->zone);
    buf_wipe(&e->metrics);
    return mem_free(e);
}

struct api *engine_api(struct engine *e) { return e->api; }

static enum code read_metrics_token(const struct instance *i, struct engine *e, struct err *reterr) {
    e->metrics = BUF(TOKEN_FILE_MAX);
    if (i->metrics_token == NULL)
        return OK;
    enum code code = file_check_secret(i->metrics_token, reterr);
    if (code == OK)
        code = file_read(i->metrics_token, &e->metrics, reterr);
    if (code != OK)
        return code;
    buf_cut(&e->metrics, strcspn(buf_str(&e->metrics), "\r\n"));
    return e->metrics.len >= 16 ? OK : err_set(reterr, E_CONFIG, "%s holds fewer than 16 characters; mend: openssl rand -hex 32 > %s",
                                               i->metrics_token, i->metrics_token);
}

static enum code fill(struct place *p, const char *control, struct engine *e, struct err *reterr) {
    const struct instance *i = place_instance(p);
    struct charter *const *charters;
    enum code code = place_charters(p, &charters, &e->config.charter_count, reterr);
    if (code == OK)
        code = read_metrics_token(i, e, reterr);
    if (code == OK && i->clock != NULL)
        code = zone_open(i->clock, &e->zone, reterr);
    if (code != OK)
        return code;
    struct api_config *c = &e->config;
    c->charters = (const struct charter *const *)charters;
    c->files_directory = place_path(p, "files");
    c->data_directory = place_data(p);
    c->base_url = place_url(p);
    c->control_path = control;
    c->metrics_token = e->metrics.len > 0 ? buf_str(&e->metrics) : NULL;
    c->origins = i->cors;
    c->origin_count = i->cors_count;
    c->frame_origins = i->frames;
    c->frame_origin_count = i->frame_count;
    c->brand_name = i->brand_name;
    c->brand_logo = i->brand_logo;
    c->brand_colour = i->brand_colour;
    c->brand_text = i->brand_text;
    c->zone = e->zone;
    return OK;
}

/* A charter is adopted only when nothing stored stands against it. What it needs built is built before it is written down,
 * so a cut start begins that again. */
struct rebuild { bool index, dates; };
static enum code adopt_begin(struct engine *e, struct rebuild *ret_rebuild, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < e->config.charter_count; i++) {
        AUTO(adopt_free) struct adoption *a = NULL;
        code = adopt_compare(e->store, e->config.charters[i], &a, reterr);
        if (code == OK)
            code = adopt_allowed(a, reterr);
        if (code == OK)
            ret_rebuild[i] = (struct rebuild){ adopt_needs_index(a), adopt_needs_dates(a) };
    }
    return code;
}

static enum code adopt_end(struct engine *e, const struct rebuild *rebuild, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < e->config.charter_count; i++) {
        AUTO(adopt_free) struct adoption *a = NULL;
        struct service *s = api_service(e->api, charter_name(e->config.charters[i]));
        if (rebuild[i].index)
            code = service_rebuild_index(s, reterr);
        if (code == OK && rebuild[i].dates)
            code = service_rebuild_due(s, reterr);
        if (code == OK)
            code = adopt_compare(e->store, e->config.charters[i], &a, reterr);
        if (code == OK && !adopt_is_same(a))
            code = adopt_put(e->store, e->config.charters[i], reterr);
    }
    return code;
}

enum code engine_open(struct place *p, const char *control, struct engine **ret, struct err *reterr) {
    AUTO(engine_close) struct engine *e = mem_new(sizeof *e);
    if (e == NULL)
        return err_set(reterr, E_MEMORY, "no memory");
    const struct store_options store = { .directory = place_path(p, "store"), .readers = READERS, .queue = QUEUE };
    enum code code = fill(p, control, e, reterr);
    if (code == OK)
        code = store_open(&store, &e->store, reterr);
    if (code == OK)
        code = keeper_connect(place_path(p, "run/keeper.sock"), &e->keeper, reterr);
    struct rebuild *rebuild = code == OK ? mem_new_array(e->config.charter_count, sizeof *rebuild) : NULL;
    if (code == OK)
        code = rebuild == NULL ? err_set(reterr, E_MEMORY, "no memory") : adopt_begin(e, rebuild, reterr);
    e->config.store = e->store;
    e->config.keeper = e->keeper;
    if (code == OK)
        code = api_open(&e->config, &e->api, reterr);
    if (code == OK)
        code = adopt_end(e, rebuild, reterr);
    mem_free(rebuild);
    if (code != OK)
        return code;
    *ret = TAKE(e);
    return OK;
}
