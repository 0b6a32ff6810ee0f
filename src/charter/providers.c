/* providers.c — `sign_in_with` of sejf.yaml: a list of maps, whose keys are rows of a table. What a provider names (its issuer, its
 * further hosts) becomes the destinations of the sender, and nothing else does. */
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"

#define PROVIDERS_MAX 16u
#define HOSTS_MAX 8u
#define ISSUER_MAX 512u
#define ID_MAX 40u

/* One provider while it is read. */
struct entry { struct provider provider; const char *ca; bool private; struct destination to[HOSTS_MAX + 1]; size_t to_count; };

/* "Company Sp. z o.o." → "company-sp-z-o-o"; NULL when nothing is left. */
static const char *id_of(struct reading *r, const char *name) {
    char id[ID_MAX + 1];
    size_t len = 0;
    for (const char *p = name; *p != 0 && len < ID_MAX; p++) {
        bool upper = *p >= 'A' && *p <= 'Z', plain = upper || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        if (plain)
            id[len++] = upper ? (char)(*p - 'A' + 'a') : *p;
        else if (len > 0 && id[len - 1] != '-')
            id[len++] = '-';
    }
    while (len > 0 && id[len - 1] == '-')
        len--;
    return len == 0 ? NULL : arena_text_n(r->arena, id, len);
}

static void read_name(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    map_line(r, e, n, offsetof(struct entry, provider.name));
    if (e->provider.name != NULL && (e->provider.id = id_of(r, e->provider.name)) == NULL)
        instance_complain(r, n, "bad-value", "a name with at least one letter of a to z or a digit is wanted here: addresses are made of those");
}

static const char *lower(struct reading *r, const char *text, size_t len) {
    char *copy = arena_text_n(r->arena, text, len);
    for (char *p = copy; p != NULL && *p != 0; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    return copy;
}

bool destination_of(struct reading *r, const char *text, size_t len, struct destination *ret) {
    int64_t port = 443;
    const char *colon = memchr(text, ':', len);
    size_t host_len = colon == NULL ? len : (size_t)(colon - text);
    if (colon != NULL && !text_int_n(colon + 1, len - host_len - 1, 1, 65535, &port))
        return false;
    const char *host = lower(r, text, host_len);
    if (host == NULL || !instance_host(host) || host[host_len - 1] == '.')
        return false;
    *ret = (struct destination){ .host = host, .port = (int)port };
    return true;
}

/* OpenID Connect Discovery 1.0: https, a host, perhaps a port and a path; no query, no fragment. It is compared byte by byte. */
static void read_issuer(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    static const char start[] = "https://";
    if (!instance_scalar(r, n))
        return;
    const char *host = n->text + strlen(start);
    bool fits = strncmp(n->text, start, strlen(start)) == 0 && strlen(n->text) <= ISSUER_MAX && instance_text(n->text) && strpbrk(n->text, " ?#@\\\"<>") == NULL;
    if (!fits || !destination_of(r, host, strcspn(host, "/"), &e->to[0])) {
        instance_complain(r, n, "bad-value", "the provider's issuer is wanted here, such as https://login.company.example, exactly as the provider writes it");
        return;
    }
    e->to_count = e->to_count == 0 ? 1 : e->to_count;
    e->provider.issuer = arena_text(r->arena, n->text);
}

static void read_secret(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    instance_secret(r, n, &e->provider.secret, &e->provider.secret_at);
}

static void read_host(struct reading *r, struct entry *e, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (e->to_count == 0)
        e->to_count = 1;                     /* the first place is the issuer's */
    if (e->to_count > HOSTS_MAX)
        instance_complain(r, n, "wrong-kind", "at most 8 hosts are read here");
    else if (!destination_of(r, n->text, strlen(n->text), &e->to[e->to_count]))
        instance_complain(r, n, "bad-value", "a host name, or name:port, is wanted here");
    else
        e->to_count++;
}

static void read_hosts(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    if (n->type == NODE_SCALAR) {
        read_host(r, e, n);
        return;
    }
    if (n->type == NODE_MAP)
        instance_complain(r, n, "wrong-kind", "a list of host names is wanted here");
    for (const struct node *one = n->type == NODE_LIST ? n->first : NULL; one != NULL; one = one->next)
        read_host(r, e, one);
}

static void read_second(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct entry *e = to;
    if (!instance_scalar(r, n))
        return;
    e->provider.second_trusted = strcmp(n->text, "trusted") == 0;
    if (!e->provider.second_trusted && strcmp(n->text, "own") != 0)
        instance_complain(r, n, "bad-value", "\"trusted\" (what the provider says about a second step counts) or \"own\" (it is asked here) is wanted here");
}

#define AT(field) offsetof(struct entry, field)
static const struct map_key keys[] = {
    { "name", MAP_MUST, read_name, 0 }, { "issuer", MAP_MUST, read_issuer, 0 }, { "client_id", MAP_MUST, map_line, AT(provider.client_id) }, { "client_secret", MAP_MUST, read_secret, 0 },
    { "hosts", MAP_MAY, read_hosts, 0 }, { "ca", MAP_MAY, map_path, AT(ca) }, { "private", MAP_MAY, map_yes_no, AT(private) }, { "second_step", MAP_MAY, read_second, 0 },
};
#undef AT
static const struct map_form form = { "a provider of sign_in_with", "each provider is a map of name, issuer, client_id and client_secret", NULL, keys, ARRAY_LEN(keys), NULL };

void destination_add(struct reading *r, const struct destination *d, const struct node *n) {
    const struct destination *list = r->to->destinations;
    size_t count = r->to->destination_count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].host, d->host) != 0 || list[i].port != d->port || list[i].use != d->use)
            continue;
        bool same_ca = (list[i].ca == NULL) == (d->ca == NULL) && (d->ca == NULL || strcmp(list[i].ca, d->ca) == 0);
        if (!same_ca || list[i].private != d->private)
            finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", n, NULL, "%s is named twice, with different \"ca\" or \"private\"", d->host);
        return;
    }
    struct destination *more = arena_array(r->arena, count + 1, sizeof *more);
    if (more == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        more[i] = list[i];
    more[count] = *d;
    r->to->destinations = more;
    r->to->destination_count = count + 1;
}

static void keep_entry(struct reading *r, const struct entry *e, const struct node *n, struct provider *providers) {
    for (size_t i = 0; i < r->to->provider_count; i++)
        if (strcmp(providers[i].id, e->provider.id) == 0 || strcmp(providers[i].issuer, e->provider.issuer) == 0)
            finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", n, NULL,
                         "sign_in_with: two providers have the same %s", strcmp(providers[i].id, e->provider.id) == 0 ? "name" : "issuer");
    providers[r->to->provider_count++] = e->provider;
    for (size_t i = 0; i < e->to_count; i++) {
        struct destination d = e->to[i];
        d.ca = e->ca;
        d.private = e->private;
        destination_add(r, &d, n);
    }
}

void providers_read(struct reading *r, const struct node *n) {
    if (n->type != NODE_LIST || n->count > PROVIDERS_MAX) {
        instance_complain(r, n, "wrong-kind", n->type == NODE_LIST ? "at most 16 providers are read here" : "a list of providers is wanted here");
        return;
    }
    struct provider *providers = arena_array(r->arena, n->count + 1, sizeof *providers);
    if (providers == NULL)
        return;
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        struct entry e = { .to_count = 0 };
        (void)map_read(r, &form, &e, one);
        const struct provider *p = &e.provider;
        if (p->id != NULL && p->issuer != NULL && p->client_id != NULL && p->secret_at != NULL)     /* else it was complained of */
            keep_entry(r, &e, one, providers);
    }
    r->to->providers = providers;
}
