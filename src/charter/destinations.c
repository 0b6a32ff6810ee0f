/* destinations.c — `webhooks` and `askers` of sejf.yaml: where changes may be told, and who is asked. */
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"
#include "wire/weburl.h"

#define ASKERS_MAX 16u
#define TENANTS_MAX 64u

/* ---- one place of a list, or one asker */

struct place { struct destination d; struct asker a; };

static void read_host(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct place *p = to;
    char url[300];
    struct buf text = buf_over(url, sizeof url);
    struct weburl u;
    if (!instance_scalar(r, n))
        return;
    buf_printf(&text, "https://%s/", n->text);
    if (text.failed || strpbrk(n->text, "/?") != NULL || !weburl_read(url, &u)) {
        instance_complain(r, n, "bad-value", "a host name, or name:port, is wanted here");
        return;
    }
    p->d.host = arena_text(r->arena, u.host);
    p->d.port = u.port;
}

static void read_url(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct place *p = to;
    struct weburl u;
    if (!instance_scalar(r, n))
        return;
    if (!weburl_read(n->text, &u)) {
        instance_complain(r, n, "bad-value", "an address such as https://rules.company.example/ask is wanted here");
        return;
    }
    p->a.url = arena_text(r->arena, n->text);
    p->a.host = p->d.host = arena_text(r->arena, u.host);
    p->d.port = u.port;
}

static void read_socket(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct place *p = to;
    if (!instance_scalar(r, n))
        return;
    if (n->text[0] != '/' || strlen(n->text) >= 108)
        instance_complain(r, n, "bad-path", "the whole path of a socket is wanted here, of at most 107 bytes, such as /run/stock/ask.sock");
    else
        p->a.socket = instance_path(r, n);
}

static void read_user(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct place *p = to;
    if (!instance_scalar(r, n))
        return;
    if (strlen(n->text) > 32 || strspn(n->text, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(n->text))
        instance_complain(r, n, "bad-value", "a user name of small letters, digits, '-' and '_' is wanted here");
    else
        p->a.user = arena_text(r->arena, n->text);
}

static bool read_tenant(struct reading *r, const struct node *n, int64_t *ret) {
    if (!instance_scalar(r, n))
        return false;
    if (!text_int(n->text, 1, INT64_MAX, ret)) {
        instance_complain(r, n, "bad-value", "the number of a tenant is wanted here (sejf tenant list), or any");
        return false;
    }
    return true;
}

/* A list of numbers, one number, or `any`. */
static void read_tenants(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct place *p = to;
    size_t count = n->type == NODE_LIST ? n->count : 1;
    if (n->type == NODE_SCALAR && strcmp(n->text, "any") == 0)
        return;
    if (n->type == NODE_MAP || count == 0 || count > TENANTS_MAX) {
        instance_complain(r, n, "wrong-kind", "numbers of 1 to 64 tenants are wanted here, or any");
        return;
    }
    int64_t *list = arena_array(r->arena, count, sizeof *list);
    for (const struct node *one = n->type == NODE_LIST ? n->first : n; list != NULL && one != NULL && p->d.tenant_count < count; one = n->type == NODE_LIST ? one->next : NULL)
        if (read_tenant(r, one, &list[p->d.tenant_count]))
            p->d.tenant_count++;
    p->d.tenants = list;
}

#define AT(field) offsetof(struct place, field)
static const struct map_key place_keys[] = { { "host", MAP_MUST, read_host, 0 }, { "ca", MAP_MAY, map_path, AT(d.ca) }, { "private", MAP_MAY, map_yes_no, AT(d.private) },
                                             { "tenants", MAP_MAY, read_tenants, 0 } };
static const struct map_key asker_keys[] = {
    { "url", MAP_MAY, read_url, 0 }, { "socket", MAP_MAY, read_socket, 0 }, { "user", MAP_MAY, read_user, 0 },
    { "ca", MAP_MAY, map_path, AT(d.ca) }, { "private", MAP_MAY, map_yes_no, AT(d.private) },
};
#undef AT
static const struct map_form place_form = { "a place of webhooks", "a host, or a map of host, ca, private and tenants, is wanted here", NULL, place_keys, ARRAY_LEN(place_keys), NULL };
static const struct map_form asker_form = { "an asker", "a map of socket and user, or of url, is wanted here", NULL, asker_keys, ARRAY_LEN(asker_keys), NULL };

/* ---- webhooks: `any public host`, a host, or a list of hosts and maps */

static void read_place(struct reading *r, const struct node *n) {
    struct place p = { .d = { .use = FOR_WEBHOOKS } };
    if (n->type == NODE_SCALAR)
        read_host(r, &p, n, 0);
    else if (!map_read(r, &place_form, &p, n))
        return;
    if (p.d.private && p.d.host != NULL && node_get(n, "tenants") == NULL)
        finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", n, NULL,
                     "webhooks: whose webhooks may go to a host inside is to be said: tenants: [3] (sejf tenant list), or tenants: any");
    for (size_t i = 0; p.d.host != NULL && i < r->to->destination_count; i++)
        if (r->to->destinations[i].use == FOR_WEBHOOKS && r->to->destinations[i].port == p.d.port && strcmp(r->to->destinations[i].host, p.d.host) == 0) {
            finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", n, NULL, "webhooks: %s is named twice; name it once, with all its tenants", p.d.host);
            return;
        }
    if (p.d.host != NULL)
        destination_add(r, &p.d, n);
}

void webhooks_read(struct reading *r, const struct node *n) {
    if (n->type == NODE_SCALAR && strcmp(n->text, "any public host") == 0) {
        r->to->webhooks_anywhere = true;
        return;
    }
    if (n->type != NODE_LIST)
        read_place(r, n);
    for (const struct node *one = n->type == NODE_LIST ? n->first : NULL; one != NULL; one = one->next)
        read_place(r, one);
}

/* ---- askers: a map of names */

static void read_asker(struct reading *r, const struct node *n, struct asker *list) {
    struct place p = { .d = { .use = FOR_ASKERS }, .a = { .name = arena_text(r->arena, n->key) } };
    if (!map_read(r, &asker_form, &p, n))
        return;
    bool socket = node_get(n, "socket") != NULL, url = node_get(n, "url") != NULL;
    if (socket == url)
        finding_node(r->findings, r->tree, FINDING_ERROR, url ? "two-lines-contradict" : "missing-key", n, NULL, "askers.%s: either socket (with user) or url is wanted", n->key);
    else if (socket != (node_get(n, "user") != NULL))
        finding_node(r->findings, r->tree, FINDING_ERROR, socket ? "missing-key" : "two-lines-contradict", n, NULL,
                     socket ? "askers.%s: user says who must answer at that socket" : "askers.%s: user is for a socket", n->key);
    else if (socket && (node_get(n, "ca") != NULL || node_get(n, "private") != NULL))
        finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", n, NULL, "askers.%s: ca and private are for a url", n->key);
    if (url && p.d.host != NULL)
        destination_add(r, &p.d, n);
    list[r->to->asker_count++] = p.a;
}

void askers_read(struct reading *r, const struct node *n) {
    if (n->type != NODE_MAP || n->count > ASKERS_MAX) {
        instance_complain(r, n, "wrong-kind", n->type == NODE_MAP ? "at most 16 askers are read here" : "a map of names is wanted here, each with socket and user, or url");
        return;
    }
    struct asker *list = arena_array(r->arena, n->count + 1, sizeof *list);
    for (const struct node *one = n->first; list != NULL && one != NULL; one = one->next)
        read_asker(r, one, list);
    r->to->askers = list;
}
