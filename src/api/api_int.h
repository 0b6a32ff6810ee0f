/* api_int.h — struct api, for the files that serve, watch and look after it. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "api/http.h"
#include "api/service.h"

struct watch;                                 /* changes.h */
struct jobs;                                  /* jobs.h */
struct noticer;                               /* retention/notice.h */
struct teller;                                /* messages/teller.h */
struct provider_button;                       /* page_account.h */

struct mail_brand;
struct mail_brand api_brand(const struct api *a, const struct charter *c);      /* messages/mail_page.h: how mail of this instance looks */

struct api {
    struct api_config config;
    struct arena *arena;                      /* the texts of config */
    struct service **services; size_t service_count;
    char **openapi; size_t *openapi_len;      /* beside services */
    struct watch *watch;
    struct pages *pages;                      /* pages.h */
    struct people *people;                    /* people.h; NULL: nobody signs in */
    struct noticer *noticer;                  /* retention/notice.h: tells before records are erased */
    const struct provider_button *providers; size_t provider_count;   /* page_account.h: other ways to sign in, in the order of sejf.yaml */
    struct postman *postman;                  /* messages/postman.h; while it serves; NULL: letters wait */
    struct teller *teller;                    /* messages/teller.h; while it serves; NULL: nobody is told */
    struct hearing *hearing;                  /* turns_heard.c; while it serves; NULL: no mail comes in */
    struct http *_Atomic http;                /* while it serves */
    int wake_fd;                              /* eventfd: a control call says stop */
    usec_t began;
    _Atomic uint64_t damaged;                 /* times that a record was asked for and could not be read */
};
