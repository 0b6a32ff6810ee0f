/* service.h — the services that one `server` process runs, and its main loop: HTTP, the control socket,
 * the jobs. Everything in struct api is made at start and shared by threads without a lock. */
#pragma once
#include "access/access.h"
#include "records/records.h"

struct oidc; struct mail_ear; struct mail_reply;
struct api_config {
    const struct charter *const *charters; size_t charter_count;    /* one service each, by charter_name; the caller's */
    struct store *store;                     /* the caller's, open */
    struct keeper_client *keeper;            /* the caller's, connected */
    const char *files_directory;
    const char *data_directory;              /* for probes */
    const char *base_url;                    /* "https://localhost:8443": links and problem types */
    int control_fd;                          /* listening Unix socket of the command line; stays the caller's; 0: none */
    const char *log_oldest;                  /* file that says how old the oldest line of the log is; NULL: none */
    const char *metrics_token;               /* of the operator; NULL: /metrics from loopback only */
    const char *const *origins; size_t origin_count;                /* CORS: may call the API from a browser */
    const char *const *frame_origins; size_t frame_origin_count;    /* may show forms in a frame */
    const char *brand_name, *brand_logo, *brand_colour, *brand_text;/* pages: a name, a file (served at /static/logo), colours; NULL: the charter's operator, none, "#1f4e79", "#ffffff" */
    struct oidc *oidc;                       /* access/oidc.h: sign-in by providers; the caller's; NULL: there is none */
    const struct deliver_way *mail;          /* messages/deliver.h: how letters leave; the caller's; NULL: they wait */
    const struct sms_way *sms;               /* messages/sms_way.h: how text messages leave; the caller's; NULL: they wait */
    const struct sms_provider *sms_provider; /* charter/instance.h: how its receipts are read; NULL: there is none */
    const char *sms_hook;                    /* the secret part of the address of its receipts; NULL: none are taken */
    enum code (*mail_reach)(void *arg, struct mail_reply *ret, struct err *reterr); void *mail_arg; /* what the mailer can reach that it must not (sys/mail.h); NULL: there is none */
    enum code (*host_check)(void *arg, const char *machine, struct err *reterr); void *host_arg; /* may sejf start there? For the probe; NULL: it cannot be asked */
    enum code (*egress_try)(void *host_arg, unsigned use, const char *host, int port, struct err *reterr);       /* for the probe: E_FORBIDDEN where nothing would leave */
    const struct prices *prices;             /* charter/prices.h: what text messages cost; the caller's; NULL: nobody says */
    struct questioner *asking;               /* messages/asking.h: who is asked before records are made or moved; the caller's; NULL: nobody */
    const struct telling_way *webhooks;      /* messages/telling.h: how changes are told to other programs; the caller's; NULL: sejf.yaml lets them go nowhere */
    struct mail_ear *ear; const char *bounces;   /* sys/mail_in.h: how mail comes in, and the domain that it comes to; the caller's; NULL: none comes */
    const struct zone *zone;                 /* of the instance: when the night is; NULL: of the first charter */
    unsigned loops, workers;                 /* 0: chosen */
};

struct api;
/* Opens every service and finishes what a crash cut (service_recover). */
MUST_USE enum code api_open(const struct api_config *c, struct api **ret, struct err *reterr);
struct api *api_close(struct api *a);
DEFINE_AUTO(struct api, api_close)
/* Serves until stop_fd is readable (or a control call says stop); then ends in order. */
MUST_USE enum code api_serve(struct api *a, int listen_fd, int stop_fd, struct err *reterr);

const struct api_config *api_config(const struct api *a);
struct service *api_service(const struct api *a, const char *name);              /* NULL: no such service */
size_t api_services(const struct api *a, struct service *const **ret);
struct pages *api_pages(const struct api *a);             /* pages.h: what forms and pages share */
struct people *api_people(const struct api *a);           /* people.h: accounts and sessions, of all services */
