/* signing.c — `mail.dkim` of sejf.yaml: who signs the letters that leave. */
#include <string.h>
#include <strings.h>

#include "charter/instance_read.h"

struct key { const char *name; void (*read)(struct reading *r, struct mail_relay *m, const struct node *n); };

static void read_domain(struct reading *r, struct mail_relay *m, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (!instance_host(n->text) || strchr(n->text, '.') == NULL || n->text[strlen(n->text) - 1] == '.')
        instance_complain(r, n, "bad-value", "the domain that signs is wanted here, such as seats.example: that of the address in \"from\", or one above it");
    else
        m->dkim_domain = arena_text(r->arena, n->text);
}

static void read_selector(struct reading *r, struct mail_relay *m, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    size_t len = strlen(n->text);
    if (len == 0 || len > 63 || strspn(n->text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len || n->text[0] == '-' || n->text[len - 1] == '-')
        instance_complain(r, n, "bad-value", "the name of this key is wanted here, of small letters, digits and -, such as s2026; a new key gets another one");
    else
        m->dkim_selector = arena_text(r->arena, n->text);
}

static void read_key(struct reading *r, struct mail_relay *m, const struct node *n) { instance_secret(r, n, &m->dkim_key, &m->dkim_key_at); }

static const struct key keys[] = { { "domain", read_domain }, { "selector", read_selector }, { "key", read_key } };

static const struct key *key_find(struct reading *r, const struct node *n) {
    const char *words[ARRAY_LEN(keys)];
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].name, n->key) == 0)
            return &keys[i];
        words[i] = keys[i].name;
    }
    finding_key(r->findings, r->tree, FINDING_ERROR, "unknown-key", n, nearest(n->key, words, ARRAY_LEN(words)), "mail.dkim has no key \"%s\"", n->key);
    return NULL;
}

void signing_read(struct reading *r, struct mail_relay *m, const struct node *n) {
    if (n->type != NODE_MAP) {
        instance_complain(r, n, "wrong-kind", "a map of domain, selector and key is wanted here: {domain: seats.example, selector: s2026, key: file secret/dkim.pem}");
        return;
    }
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        const struct key *k = key_find(r, one);
        if (k != NULL)
            k->read(r, m, one);
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (node_get(n, keys[i].name) == NULL)
            finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", n, NULL, "mail.dkim needs %s; `sejf dkim make` makes a key", keys[i].name);
}

/* Whoever looks at what a domain says of its mail (DMARC) takes another domain's signature for none. */
void signing_check(struct reading *r, const struct mail_relay *m, const struct node *n) {
    const char *of = m->from == NULL ? NULL : strrchr(m->from, '@');
    const struct node *dkim = node_get(n, "dkim"), *domain = dkim == NULL ? NULL : node_get(dkim, "domain");
    if (of == NULL || domain == NULL || m->dkim_domain == NULL)
        return;
    size_t from = strlen(++of), signs = strlen(m->dkim_domain);
    bool covers = from >= signs && strcasecmp(of + from - signs, m->dkim_domain) == 0 && (from == signs || of[from - signs - 1] == '.');
    if (!covers)
        finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", domain, NULL,
                     "mail.dkim: letters come from %s, so that domain signs them, or one above it; another one's signature counts for nothing (DMARC, RFC 7489)", of);
}
