/* pages.h — the pages for people: public forms, private links, the public page of promises, and what they load. The state
 * that they share (guard of forms, colours, logo) is made once by pages_open; handlers reach it through api_pages. */
#pragma once
#include "api/http.h"
#include "api/service.h"

struct pages;
/* Reads the logo file; a missing or unknown one is left out. */
MUST_USE enum code pages_open(const struct api_config *c, struct pages **ret, struct err *reterr);
struct pages *pages_close(struct pages *p);
DEFINE_AUTO(struct pages, pages_close)

extern const struct route_table routes_forms;     /* page_forms.c */
extern const struct route_table routes_rights;    /* page_requests.c: the form for requests under people's rights */
extern const struct route_table routes_links;     /* page_links.c */
extern const struct route_table routes_link_packs;   /* page_pack.c */
extern const struct route_table routes_in;        /* page_in.c: /account: signing in, links, signing out */
extern const struct route_table routes_proofs;    /* page_proofs.c: /account/…: what a person changes of its own account */
extern const struct route_table routes_with;      /* page_with.c: signing in by a provider */
/* The buttons of providers on the page of signing in; false: no memory. */
MUST_USE bool providers_show(struct api *a);
extern const struct route_table routes_public;    /* page_public.c: index, promises, static files */
extern const struct route_table routes_unsubscribe;      /* page_unsubscribe.c: the address of List-Unsubscribe */
extern const struct route_table routes_versions;  /* page_versions.c: what each version of a charter changed */
