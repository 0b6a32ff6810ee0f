/* destinations.c — `webhooks` and `askers` of sejf.yaml: where changes may be told, and who is asked. */
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"
#include "wire/weburl.h"

#define ASKERS_MAX 16u

/* ---- one place of a list, or one asker: a map whose keys are rows of a table */

struct place { struct destination d; struct asker a; };
struct key { const char *name; void (*read)(struct reading *r, struct place *p, const struct node *n); bool place, asker; };

static void read_host(struct reading *r, struct place *p, const struct node *n) {
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

static void read_url(struct reading *r, struct place *p, const struct node *n) {
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

static void read_socket(struct reading *r, struct place *p, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (n->text[0] != '/' || strlen(n->text) >= 108)
        instance_complain(r, n, "bad-path", "the whole path of a socket is wanted here, of at most 107 bytes, such as /run/stock/ask.sock");
    else
        p->a.socket = instance_path(r, n);
}

static void read_user(struct reading *r, struct place *p, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (strlen(n->text) > 32 || strspn(n->text, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(n->text))
        instance_complain(r, n, "bad-value", "a user name of small letters, digits, '-' and '_' is wanted here");
    else
        p->a.user = arena_text(r->arena, n->text);
}

static void read_ca(struct reading *r, struct place *p, const struct node *n) {
    if (instance_scalar(r, n))
        p->d.ca = instance_path(r, n);
}

static void read_private(struct reading *r, struct place *p, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    p->d.private = strcmp(n->text, "yes") == 0;
    if (!p->d.private && strcmp(n->text, "no") != 0)
        instance_complain(r, n, "not-yes-or-no", "yes or no is wanted here");
}

static const struct key keys[] = {
    { "host", read_host, true, false }, { "url", read_url, false, true }, { "socket", read_socket, false, true }, { "user", read_user, false, true },
    { "ca", read_ca, true, true }, { "private", read_private, true, true },
};

static void read_key(struct reading *r, struct place *p, const struct node *n, bool asker, const char *whose) {
    const char *words[ARRAY_LEN(keys)];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (!(asker ? keys[i].asker : keys[i].place))
            continue;
        if (strcmp(keys[i].name, n->key) == 0) {
            keys[i].read(r, p, n);
            return;
        }
        words[count++] = keys[i].name;
    }
    finding_key(r->findings, r->tree, FINDING_ERROR, "unknown-key", n, nearest(n->key, words, count), "%s has no key \"%s\"", whose, n->key);
}

/* ---- webhooks: `any public host`, a host, or a list of hosts and maps */

static void read_place(struct reading *r, const struct node *n) {
    struct place p = { .d = { .use = FOR_WEBHOOKS } };
    if (n->type == NODE_LIST) {
        instance_complain(r, n, "wrong-kind", "a host, or a map of host, ca and private, is wanted here");
        return;
    }
    if (n->type == NODE_SCALAR)
        read_host(r, &p, n);
    for (const struct node *one = n->type == NODE_MAP ? n->first : NULL; one != NULL; one = one->next)
        read_key(r, &p, one, false, "a place of webhooks");
    if (n->type == NODE_MAP && node_get(n, "host") == NULL)
        finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", n, NULL, "webhooks: a place needs host");
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
    if (n->type != NODE_MAP) {
        instance_complain(r, n, "wrong-kind", "a map of socket and user, or of url, is wanted here");
        return;
    }
    for (const struct node *one = n->first; one != NULL; one = one->next)
        read_key(r, &p, one, true, "an asker");
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
