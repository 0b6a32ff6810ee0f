/* signing.c — `mail.dkim` of sejf.yaml: who signs the letters that leave. */
#include <string.h>
#include <strings.h>

#include "charter/instance_read.h"

static void read_domain(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
    if (!instance_scalar(r, n))
        return;
    if (!instance_host(n->text) || strchr(n->text, '.') == NULL || n->text[strlen(n->text) - 1] == '.')
        instance_complain(r, n, "bad-value", "the domain that signs is wanted here, such as seats.example: that of the address in \"from\", or one above it");
    else
        m->dkim_domain = arena_text(r->arena, n->text);
}

static void read_selector(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
    if (!instance_scalar(r, n))
        return;
    size_t len = strlen(n->text);
    if (len == 0 || len > 63 || strspn(n->text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len || n->text[0] == '-' || n->text[len - 1] == '-')
        instance_complain(r, n, "bad-value", "the name of this key is wanted here, of small letters, digits and -, such as s2026; a new key gets another one");
    else
        m->dkim_selector = arena_text(r->arena, n->text);
}

static void read_key(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
    instance_secret(r, n, &m->dkim_key, &m->dkim_key_at);
}

static const struct map_key keys[] = { { "domain", MAP_MUST, read_domain, 0 }, { "selector", MAP_MUST, read_selector, 0 }, { "key", MAP_MUST, read_key, 0 } };
static const struct map_form form = { "mail.dkim", "a map of domain, selector and key is wanted here: {domain: seats.example, selector: s2026, key: file secret/dkim.pem}",
                                      "; `sejf dkim make` makes a key", keys, ARRAY_LEN(keys), NULL };

void signing_read(struct reading *r, void *mail_relay, const struct node *n, size_t at UNUSED) { (void)map_read(r, &form, mail_relay, n); }

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
