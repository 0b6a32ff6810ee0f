/* engine.c — closed in the reverse order of opening: nothing outlives what it stands on. */
#include "prog/engine.h"

#include <string.h>
#include <unistd.h>

#include "access/agreement.h"
#include "access/oidc.h"
#include "api/adopt.h"
#include "api/early.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "messages/deliver.h"
#include "messages/asking.h"
#include "messages/telling.h"
#include "messages/sms_way.h"
#include "prog/hosts.h"
#include "prog/reaches.h"
#include "prog/logs.h"
#include "records/locks.h"
#include "sys/fetch.h"
#include "sys/files.h"
#include "sys/mail_in.h"
#include "sys/users.h"

#define READERS 16u
#define QUEUE 4096u
#define TOKEN_FILE_MAX 512u

#define GRACE_MS 2000                         /* a usual start is over by then, and requests wait for it at the socket */

struct engine {
    struct early *early;                      /* only while it is opened */
    struct store *store;
    struct keeper_client *keeper;
    struct zone *zone;
    struct fetch_line *fetch, *sms_fetch, *hooks, *hands;
    struct telling_way telling;
    struct questioner *asking; struct fetch_line *asks; uid_t *askers;
    struct sms_client *sms;
    char *hook;                               /* the secret part of the address of receipts; locked */
    struct mail_line *mail;
    struct dkim *dkim;
    struct mail_ear *ear;
    struct deliver_way way;
    struct oidc *oidc;
    struct api *api;
    struct buf metrics;
    struct api_config config;
    const struct instance *instance;
    struct charter *const *charters;
};

struct engine *engine_close(struct engine *e) {
    if (e == NULL)
        return NULL;
    early_stop(e->early);
    api_close(e->api);
    oidc_close(e->oidc);
    sms_close(e->sms);
    secret_free(e->hook);
    fetch_line_free(e->fetch);
    fetch_line_free(e->hooks);
    fetch_line_free(e->hands);
    asking_free(e->asking);
    fetch_line_free(e->asks);
    mem_free(e->askers);
    fetch_line_free(e->sms_fetch);
    mail_line_free(e->mail);
    dkim_free(e->dkim);
    mail_ear_free(e->ear);
    store_close(e->store);
    struct err ignored;                       /* the keys made ahead were not used; if nobody takes them back they open nothing */
    uint64_t unused = 0;
    if (e->keeper != NULL && keeper_collect(e->keeper, 0, &unused, &ignored) == OK && unused > 0)
        log_event(LOG_DEBUG, "unused_keys_destroyed", LOG_INT("keys", unused));
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

/* ---- sign-in by providers, and the provider of text messages */

#define REQUESTS_MOST 8u                      /* at a time: workers are left for everybody else when a provider hangs */
#define SMS_REQUESTS_MOST 16u                 /* more than there are who deliver */
#define SECRETS_MAX (64u << 10)
#define HOOK_LEAST 16u

static enum code ask(void *arg, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr) { return fetch(arg, request, ret, reterr); }

/* Text messages: whether its host may still be reached is looked at each time. */
static enum code sms_ask(void *arg, const struct fetch_request *request, struct fetch_reply *ret, struct err *reterr) {
    const struct engine *e = arg;
    enum code code = reach_now(e->charters, e->config.charter_count, e->instance->sms->shape->host, reterr);
    if (code != OK && request->ret_left != NULL)
        *request->ret_left = false;
    return code == OK ? fetch(e->sms_fetch, request, ret, reterr) : code;
}

static void sms_ask_no_more(void *arg) { fetch_line_stop(((struct engine *)arg)->sms_fetch); }

/* The next line of what crew_secrets gave. */
static enum code secret_next(char **at, const char **ret, struct err *reterr) {
    char *end = *at == NULL ? NULL : strchr(*at, '\n');
    if (end == NULL)
        return err_set(reterr, E_CONFIG, "the secrets for other services are not whole: start sejf anew");
    *end = 0;
    *ret = *at;
    *at = end + 1;
    return OK;
}

static enum code open_oidc(struct place *p, const struct engine_given *g, struct engine *e, char **at, struct err *reterr) {
    const struct instance *i = place_instance(p);
    if (i->provider_count == 0)
        return OK;
    const char **secrets = mem_new_array(i->provider_count, sizeof *secrets);
    enum code code = secrets == NULL ? err_set(reterr, E_MEMORY, "no memory for providers") : OK;
    for (size_t n = 0; code == OK && n < i->provider_count; n++)
        code = secret_next(at, &secrets[n], reterr);
    if (code == OK)
        code = fetch_line_new(g->sender, REQUESTS_MOST, &e->fetch, reterr);
    const struct oidc_options options = { .providers = i->providers, .provider_count = i->provider_count, .secrets = secrets, .base_url = place_url(p), .fetch = ask, .arg = e->fetch };
    if (code == OK)
        code = oidc_open(&options, &e->oidc, reterr);
    mem_free(secrets);
    e->config.oidc = e->oidc;
    return code;
}

/* Who knows it may tell of messages that they arrived: it is kept as other secrets are. */
static enum code open_hook(struct engine *e, char **at, struct err *reterr) {
    const char *secret = NULL;
    enum code code = secret_next(at, &secret, reterr);
    if (code != OK)
        return code;
    size_t len = strlen(secret);
    if (len < HOOK_LEAST || len > 100 || strspn(secret, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != len)
        return err_set(reterr, E_CONFIG, "the secret of receipts (sms in sejf.yaml) is 16 to 100 letters and digits, for it stands in an address; mend: openssl rand -hex 24");
    e->hook = secret_new(len + 1);
    if (e->hook == NULL)
        return err_set(reterr, E_MEMORY, "no locked memory for a secret; mend: ulimit -l 8192, or LimitMEMLOCK=16M in the unit");
    memcpy(e->hook, secret, len + 1);
    e->config.sms_hook = e->hook;
    return OK;
}

static enum code open_sms(const struct instance *i, const struct engine_given *g, struct engine *e, char **at, struct err *reterr) {
    const char *secret = NULL;
    if (i->sms == NULL)
        return OK;
    enum code code = secret_next(at, &secret, reterr);
    if (code == OK)
        code = fetch_line_new(g->sender, SMS_REQUESTS_MOST, &e->sms_fetch, reterr);
    if (code == OK)
        code = sms_open(&(struct sms_options){ .provider = i->sms, .secret = secret, .fetch = sms_ask, .stop = sms_ask_no_more, .arg = e }, &e->sms, reterr);
    if (code == OK && i->sms->hook_at != NULL)
        code = open_hook(e, at, reterr);
    if (code == OK) {
        e->config.sms = sms_client_way(e->sms);
        e->config.sms_provider = i->sms;
    }
    return code;
}

/* The key that signs letters: read once, here. */
static enum code open_dkim(const struct instance *i, struct engine *e, char **at, struct err *reterr) {
    AUTO(buf_wipe) struct buf pem = BUF(SECRETS_MAX);
    struct rsa_key *key = NULL;
    const char *line = NULL;
    size_t len = 0;
    if (i->mail == NULL || i->mail->dkim_domain == NULL)
        return OK;
    enum code code = secret_next(at, &line, reterr);
    if (code != OK)
        return code;
    char *room = buf_more(&pem, strlen(line) + 1);
    if (room == NULL || !base64url_decode(line, strlen(line), room, strlen(line) + 1, &len))
        return err_set(reterr, E_CONFIG, "the key that signs letters is not whole: start sejf anew");
    code = rsa_read(room, len, &key, reterr);
    if (code == OK)
        code = dkim_new(i->mail->dkim_domain, i->mail->dkim_selector, key, &e->dkim, reterr);
    if (code != OK && key != NULL)
        rsa_free(key);
    return code == OK ? OK : err_prefix(reterr, "mail.dkim in sejf.yaml");
}

static enum code open_providers(struct place *p, const struct engine_given *g, struct engine *e, struct err *reterr) {
    const struct instance *i = place_instance(p);
    AUTO(buf_wipe) struct buf text = BUF(SECRETS_MAX);
    if (g->secrets < 0)
        return OK;
    enum code code = crypto_init(reterr);
    if (code == OK && lseek(g->secrets, 0, SEEK_SET) != 0)       /* an earlier server has read it */
        code = err_set(reterr, E_CONFIG, "the secrets for other services cannot be read");
    if (code == OK)
        code = file_read_fd(g->secrets, "the secrets for other services", &text, reterr);
    char *at = code == OK ? text.data : NULL;
    if (code == OK)
        code = open_dkim(i, e, &at, reterr);
    if (code != OK || g->sender < 0)
        return code;
    code = open_oidc(p, g, e, &at, reterr);
    return code == OK ? open_sms(i, g, e, &at, reterr) : code;
}

/* ---- letters */

static enum code mail_out(void *arg, const struct mail_letter *letter, mail_go_fn go, void *go_arg, bool *ret_went, struct mail_reply *ret, struct err *reterr) {
    const struct engine *e = arg;
    *ret_went = false;
    enum code code = reach_now(e->charters, e->config.charter_count, e->instance->mail->host, reterr);
    return code == OK ? mail_send(e->mail, letter, go, go_arg, ret_went, ret, reterr) : code;
}
static enum code mail_known(void *arg, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *reterr) { return mail_ask(((const struct engine *)arg)->mail, id, attempt, ret, reterr); }

static enum code mail_tries(void *arg, struct mail_reply *ret, struct err *reterr) { return mail_try(((const struct engine *)arg)->mail, ret, reterr); }

static enum code mail_reaches(void *arg, struct mail_reply *ret, struct err *reterr) { return mail_reach(arg, ret, reterr); }

static void mail_end(void *arg) { mail_line_stop(((struct engine *)arg)->mail); }

static enum code open_mail(struct place *p, const struct engine_given *g, struct engine *e, struct err *reterr) {
    const struct mail_relay *m = place_instance(p)->mail;
    if (m == NULL || g->mailer < 0)
        return OK;
    enum code code = mail_line_new(g->mailer, &e->mail, reterr);
    e->way = (struct deliver_way){ .send = mail_out, .ask = mail_known, .relay_try = mail_tries, .stop = mail_end, .arg = e, .from = m->from, .from_name = m->name, .relay = m->host,
                                    .base_url = place_url(p), .bounces = m->bounces_domain, .dkim = e->dkim };
    if (code == OK && m->bounces_domain != NULL)
        code = mail_ear_new(g->mailer, &e->ear, reterr);
    e->config.ear = e->ear;
    e->config.bounces = m->bounces_domain;
    e->config.mail_reach = mail_reaches;
    e->config.mail_arg = e->mail;
    if (code == OK)
        e->config.mail = &e->way;
    return code;
}

static enum code host_known(void *arg, const char *machine, struct err *reterr) {
    const struct engine *e = arg;
    return host_check(e->instance, e->charters, e->config.charter_count, machine, reterr);
}

/* Of the probe: would such a request leave? What no line declares is handed to the sender, too, which decides for itself. */
static enum code egress_try(void *arg, unsigned use, const char *host, int port, struct err *reterr) {
    const struct engine *e = arg;
    const struct instance *i = e->instance;
    const struct destination *ignored;
    struct fetch_line *lines[] = { e->fetch, e->hooks, e->asks, e->sms_fetch };
    AUTO(fetch_reply_done) struct fetch_reply reply = FETCH_REPLY;
    char url[300];
    if (egress_of(i->destinations, i->destination_count, i->webhooks_anywhere, use, host, port, &ignored) != EGRESS_DENIED)
        return OK;
    snprintf(url, sizeof url, "https://%.200s:%d/", host, port);
    const struct fetch_request request = { .method = "GET", .url = url, .most = 1024, .wait_ms = 10000, .use = use };
    for (size_t n = 0; n < ARRAY_LEN(lines); n++)
        if (lines[n] != NULL)
            return fetch(lines[n], &request, &reply, reterr);
    return err_set(reterr, E_FORBIDDEN, "nothing that could connect anywhere is started");
}

/* ---- webhooks */

#define HOOKS_MOST 8u                         /* requests at a time */

static enum code open_webhooks(struct place *p, const struct engine_given *g, struct engine *e, struct err *reterr) {
    const struct instance *i = place_instance(p);
    bool any = i->webhooks_anywhere;
    for (size_t d = 0; d < i->destination_count; d++)
        any = any || i->destinations[d].use == FOR_WEBHOOKS;
    if (!any || g->sender < 0)
        return OK;
    enum code code = fetch_line_new(g->sender, HOOKS_MOST, &e->hooks, reterr);
    if (code == OK)
        code = fetch_line_new(g->sender, TELLING_HANDS, &e->hands, reterr);
    e->telling = (struct telling_way){ { i->destinations, i->destination_count, i->webhooks_anywhere }, ask, e->hooks, e->hands };
    if (code == OK)
        e->config.webhooks = &e->telling;
    return code;
}

/* ---- who is asked before records are made or moved */

/* As many requests at a time as are asked of all askers with an address together: one of them that hangs takes no place of another's. */
static unsigned asks_most(const struct instance *i) {
    unsigned most = 0;
    for (size_t n = 0; n < i->asker_count; n++)
        most += i->askers[n].url != NULL ? ASKING_MOST : 0;
    return most;
}

enum code engine_askers(const struct instance *i, uid_t **ret, struct err *reterr) {
    uid_t *users = mem_new_array(i->asker_count + 1, sizeof *users);
    if (users == NULL)
        return err_set(reterr, E_MEMORY, "no memory for askers");
    for (size_t n = 0; n < i->asker_count; n++) {
        struct user user;
        struct err ignored;
        if (i->askers[n].user == NULL)
            continue;
        if (user_find(i->askers[n].user, &user, &ignored) != OK) {
            mem_free(users);
            return err_set(reterr, E_CONFIG, "askers.%s in sejf.yaml names the user %s, whom this machine does not have", i->askers[n].name, i->askers[n].user);
        }
        users[n] = user.uid;
    }
    *ret = users;
    return OK;
}

/* Each charter's askers stand in sejf.yaml: else nothing of that kind could be made. */
static enum code askers_declared(const struct instance *i, const struct charter *c, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t k = 0; k < n; k++) {
        bool found = kinds[k].ask.asker == NULL;
        for (size_t a = 0; a < i->asker_count && !found; a++)
            found = strcmp(i->askers[a].name, kinds[k].ask.asker) == 0;
        if (!found)
            return err_set(reterr, E_CONFIG, "%s asks \"%s\" before records of %s are made, and sejf.yaml declares no such asker: add `askers: {%s: {socket: /run/…, user: …}}` or a url to it",
                           charter_file(c), kinds[k].ask.asker, kinds[k].name, kinds[k].ask.asker);
    }
    return OK;
}

static enum code open_askers(struct place *p, const struct engine_given *g, struct engine *e, struct err *reterr) {
    const struct instance *i = place_instance(p);
    enum code code = OK;
    for (size_t n = 0; code == OK && n < e->config.charter_count; n++)
        code = askers_declared(i, e->config.charters[n], reterr);
    if (code != OK || i->asker_count == 0)
        return code;
    if (g->askers == NULL)
        code = engine_askers(i, &e->askers, reterr);
    if (code == OK && g->sender >= 0 && asks_most(i) > 0)
        code = fetch_line_new(g->sender, asks_most(i), &e->asks, reterr);
    if (code == OK)
        code = asking_new(&(struct asking_setup){ i->askers, g->askers != NULL ? g->askers : e->askers, i->asker_count, e->asks == NULL ? NULL : ask, e->asks }, &e->asking, reterr);
    e->config.asking = e->asking;
    return code;
}

static enum code fill(struct place *p, int control, struct engine *e, struct err *reterr) {
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
    e->instance = i;
    e->charters = charters;
    c->host_check = host_known;
    c->host_arg = e;
    c->egress_try = egress_try;
    c->files_directory = place_path(p, "files");
    c->data_directory = place_data(p);
    c->base_url = place_url(p);
    c->control_fd = control;
    c->log_oldest = place_log(p) != NULL ? place_path(p, LOGS_OLDEST) : NULL;
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
    c->prices = i->prices;
    return OK;
}

/* A charter is adopted only when nothing stored stands against it. What it needs built is built before it is written down,
 * so a cut start begins that again. */
struct rebuild { bool refit, dates; };
static enum code charters_compare(struct engine *e, struct rebuild *ret_rebuild, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < e->config.charter_count; i++) {
        AUTO(adopt_free) struct adoption *a = NULL;
        code = adopt_compare(e->store, e->config.charters[i], &a, reterr);
        if (code == OK)
            code = adopt_allowed(a, reterr);
        if (code == OK)
            ret_rebuild[i] = (struct rebuild){ adopt_needs_refit(a), adopt_needs_dates(a) };
    }
    return code;
}

/* A long step says now and then how far it is. */
#define SAY_EVERY (10 * USEC_PER_SEC)
struct teller { struct early *early; usec_t next; int64_t records, damaged; };
static void tell(void *arg, const char *service, int64_t records, int64_t damaged) {
    struct teller *t = arg;
    early_tell(t->early, service, records);
    t->records = records;
    t->damaged = damaged;
    if (clock_steady() < t->next)
        return;
    t->next = clock_steady() + SAY_EVERY;
    log_event(LOG_INFO, "refitting", LOG_TEXT("service", service), LOG_INT("records", records));
}

static enum code carry_out(struct engine *e, const struct charter *charter, struct err *reterr) {
    struct teller t = { .early = e->early, .next = clock_steady() + SAY_EVERY };
    const struct refit_watch watch = { tell, &t };
    usec_t began = clock_steady();
    enum code code = adopt_begin(e->store, charter, reterr);
    if (code == OK)
        code = service_refit(api_service(e->api, charter_name(charter)), &watch, reterr);
    if (code == OK)
        log_event(t.damaged > 0 ? LOG_WARN : LOG_INFO, "refitted", LOG_TEXT("service", charter_name(charter)), LOG_INT("records", t.records),
                  LOG_INT("damaged", t.damaged), LOG_INT("usec", clock_steady() - began));
    return code;
}

static enum code charters_adopt(struct engine *e, const struct rebuild *rebuild, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < e->config.charter_count; i++) {
        AUTO(adopt_free) struct adoption *a = NULL;
        struct service *s = api_service(e->api, charter_name(e->config.charters[i]));
        if (rebuild[i].refit)                  /* which dates them too */
            code = carry_out(e, e->config.charters[i], reterr);
        else if (rebuild[i].dates)
            code = service_rebuild_due(s, reterr);
        if (code == OK)
            code = adopt_compare(e->store, e->config.charters[i], &a, reterr);
        if (code == OK && adopt_asks_agreement(a))
            code = agreements_carry_on(s, reterr);
        if (code == OK)
            code = adopt_version(a, e->store, reterr);
        if (code == OK && (rebuild[i].refit || !adopt_is_same(a)))
            code = adopt_put(e->store, e->config.charters[i], reterr);
        if (code == OK)
            code = service_locks(s, reterr);
    }
    return code;
}

enum code engine_open(struct place *p, const struct engine_given *given, struct engine **ret, struct err *reterr) {
    AUTO(engine_close) struct engine *e = mem_new(sizeof *e);
    if (e == NULL)
        return err_set(reterr, E_MEMORY, "no memory");
    struct store_options store = { .directory = place_path(p, "store"), .readers = READERS, .queue = QUEUE };
    enum code code = fill(p, given->control, e, reterr);
    if (code == OK)
        code = open_providers(p, given, e, reterr);
    if (code == OK)
        code = open_mail(p, given, e, reterr);
    if (code == OK)
        code = open_webhooks(p, given, e, reterr);
    if (code == OK)
        code = open_askers(p, given, e, reterr);
    if (code == OK && given->http > 0)
        code = early_start(given->http, given->control, GRACE_MS, &e->early, reterr);
    if (code == OK)
        code = place_id(p, &store.owner, reterr);
    if (code == OK)
        code = store_open(&store, &e->store, reterr);
    if (code == OK)
        code = given->line >= 0 ? keeper_connect_line(given->line, &e->keeper, reterr) : keeper_connect(place_path(p, "run/keeper.sock"), &e->keeper, reterr);
    struct rebuild *rebuild = code == OK ? mem_new_array(e->config.charter_count, sizeof *rebuild) : NULL;
    if (code == OK)
        code = rebuild == NULL ? err_set(reterr, E_MEMORY, "no memory") : charters_compare(e, rebuild, reterr);
    e->config.store = e->store;
    e->config.keeper = e->keeper;
    if (code == OK)
        code = api_open(&e->config, &e->api, reterr);
    if (code == OK)
        code = charters_adopt(e, rebuild, reterr);
    mem_free(rebuild);
    e->early = early_stop(e->early);
    if (code != OK)
        return code;
    *ret = TAKE(e);
    return OK;
}
