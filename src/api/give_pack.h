/* give_pack.h — an access pack of the service's, with what only this folder can say in it: the notice that Article 13 asks for (page_notice.h)
 * and the tenant's name. For routes, private links and the control socket. Blocks; thread-safe. */
#pragma once
#include "access/people.h"
#include "api/call.h"
#include "rights/access_pack.h"

#define PACK_TYPE "application/zip"
struct give {
    struct service *service; const struct caller *who; int64_t tenant;
    struct people *people;                     /* where the person's account with the tenant is looked for; NULL: nowhere */
    enum pack_purpose purpose; enum lang lang; const struct subject *about;
    const struct buf *letter;                  /* that goes with it; NULL: none */
    enum code (*holds)(void *arg, const key_id *keys, size_t count, struct err *reterr); void *holds_arg;      /* as in access_pack.h; NULL: nobody keeps it */
};
MUST_USE enum code give_pack(const struct give *g, const struct sink *out, struct packed *ret, struct err *reterr);
/* The same as the reply of a ROUTE_STREAM, as a file of that name; replies in every case. */
void give_pack_reply(struct http_req *req, const struct give *g);
/* The body of a call that asks for a person: {email?, phone?}, and for a pack {purpose?, language?}. False: replied. routes_subjects.c */
struct subject_ask { struct subject_wish wish; enum pack_purpose purpose; enum lang lang; };
MUST_USE bool subject_ask_read(struct call *c, json_t *body, bool pack, struct subject_ask *ret);
/* Handlers of archives that lie on the server (routes_packs.c), which stand in the tables of routes_subjects.c and page_pack.c. */
void packs_list_route(struct http_req *req);
void packs_make(struct http_req *req);
void packs_read(struct http_req *req);
void packs_drop_route(struct http_req *req);
void packs_file(struct http_req *req);
void packs_take(struct http_req *req);
/* "access" where it says nothing. False: neither purpose. */
MUST_USE bool give_purpose(const char *text, enum pack_purpose *ret);
