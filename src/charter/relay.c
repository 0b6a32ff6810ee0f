/* relay.c — `mail` of sejf.yaml: the relay that takes letters, a map whose keys are rows of a table. */
#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"
#include "wire/mailbox.h"

struct key { const char *name; bool needed; void (*read)(struct reading *r, struct mail_relay *m, const struct node *n); };

/* "name" or "name:port" */
static void read_relay(struct reading *r, struct mail_relay *m, const struct node *n) {
    int64_t port = 0;
    if (!instance_scalar(r, n))
        return;
    size_t len = strcspn(n->text, ":");
    char *host = arena_text_n(r->arena, n->text, len);
    if (host == NULL || !instance_host(host) || host[len - 1] == '.' || (n->text[len] == ':' && !text_int(n->text + len + 1, 1, 65535, &port))) {
        instance_complain(r, n, "bad-value", "the relay is wanted here, such as relay.company.example or relay.company.example:587");
        return;
    }
    m->host = host;
    m->port = (int)port;
}

static void read_tls(struct reading *r, struct mail_relay *m, const struct node *n) {
    static const char *const words[] = { [RELAY_STARTTLS] = "starttls", [RELAY_TLS] = "tls", [RELAY_PLAIN] = "none" };
    if (!instance_scalar(r, n))
        return;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(n->text, words[i]) == 0) {
            m->tls = (enum relay_tls)i;
            return;
        }
    instance_complain(r, n, "bad-value", "\"starttls\" (usual on port 587), \"tls\" (usual on port 465) or \"none\" (a relay on this machine only) is wanted here");
}

static void read_user(struct reading *r, struct mail_relay *m, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (!instance_text(n->text) || strlen(n->text) > 200)
        instance_complain(r, n, "bad-text", "at most 200 characters without control characters are read here");
    else
        m->user = arena_text(r->arena, n->text);
}

static void read_password(struct reading *r, struct mail_relay *m, const struct node *n) { instance_secret(r, n, &m->password, &m->password_at); }

static void read_from(struct reading *r, struct mail_relay *m, const struct node *n) {
    bool utf8;
    if (!instance_scalar(r, n))
        return;
    if (!mailbox_valid(n->text, &utf8))
        instance_complain(r, n, "bad-value", "the address that letters come from is wanted here, such as service@seats.example (its name stands in \"name\")");
    else
        m->from = arena_text(r->arena, n->text);
}

static void read_name(struct reading *r, struct mail_relay *m, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (!instance_text(n->text) || strlen(n->text) > 100)
        instance_complain(r, n, "bad-text", "at most 100 characters without control characters are read here");
    else
        m->name = arena_text(r->arena, n->text);
}

static void read_ca(struct reading *r, struct mail_relay *m, const struct node *n) {
    if (instance_scalar(r, n))
        m->ca = instance_path(r, n);
}

/* "127.0.0.1:2525", "[::1]:2525": a numeric address, for nothing is looked up before we listen. */
static bool read_listen(struct reading *r, struct mail_relay *m, const struct node *n) {
    uint8_t address[16];
    int64_t port = 0;
    const char *colon = strrchr(n->text, ':');
    if (colon == NULL || !text_int(colon + 1, 1, 65535, &port))
        return false;
    size_t len = (size_t)(colon - n->text);
    bool six = len > 2 && n->text[0] == '[' && n->text[len - 1] == ']';
    char *host = arena_text_n(r->arena, n->text + six, len - 2 * six);
    if (host == NULL || inet_pton(six ? AF_INET6 : AF_INET, host, address) != 1)
        return false;
    m->bounces_listen = host;
    m->bounces_port = (int)port;
    return true;
}

/* {listen: 127.0.0.1:2525, domain: bounces.seats.example} */
static void read_bounces(struct reading *r, struct mail_relay *m, const struct node *n) {
    if (n->type != NODE_MAP) {
        instance_complain(r, n, "wrong-kind", "a map of listen and domain is wanted here");
        return;
    }
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        bool listen = strcmp(one->key, "listen") == 0, domain = strcmp(one->key, "domain") == 0;
        if (!listen && !domain)
            finding_key(r->findings, r->tree, FINDING_ERROR, "unknown-key", one, NULL, "mail.bounces has no key \"%s\": it has listen and domain", one->key);
        else if (!instance_scalar(r, one))
            continue;
        else if (domain && !instance_host(one->text))
            instance_complain(r, one, "bad-value", "the domain of the addresses that mail comes back to is wanted here, such as bounces.seats.example");
        else if (domain)
            m->bounces_domain = arena_text(r->arena, one->text);
        else if (!read_listen(r, m, one))
            instance_complain(r, one, "bad-value", "a numeric address and a port are wanted here, such as 127.0.0.1:2525 or [::1]:2525");
    }
    if (node_get(n, "listen") == NULL || node_get(n, "domain") == NULL)
        finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", n, NULL, "mail.bounces needs listen and domain");
}

static const struct key keys[] = {
    { "relay", true, read_relay }, { "tls", true, read_tls }, { "user", false, read_user }, { "password", false, read_password },
    { "from", true, read_from }, { "name", false, read_name }, { "ca", false, read_ca },
    { "dkim", false, signing_read },
    { "bounces", false, read_bounces },
};

static const struct key *key_find(struct reading *r, const struct node *n) {
    const char *words[ARRAY_LEN(keys)];
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].name, n->key) == 0)
            return &keys[i];
        words[i] = keys[i].name;
    }
    finding_key(r->findings, r->tree, FINDING_ERROR, "unknown-key", n, nearest(n->key, words, ARRAY_LEN(words)), "mail has no key \"%s\"", n->key);
    return NULL;
}

/* "127.relay.example" is a name like any other. */
static bool is_here(const char *host) {
    uint8_t address[4];
    return strcmp(host, "localhost") == 0 || (inet_pton(AF_INET, host, address) == 1 && address[0] == 127);
}

static void check_together(struct reading *r, const struct mail_relay *m, const struct node *n) {
    const struct node *user = node_get(n, "user"), *password = node_get(n, "password"), *ca = node_get(n, "ca");
    if ((user == NULL) != (password == NULL))
        finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", user != NULL ? user : password, NULL, "mail: user and password go together; the other one is missing");
    if (m->tls != RELAY_PLAIN)
        return;
    if (m->host != NULL && !is_here(m->host))
        finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", node_get(n, "tls"), NULL,
                     "mail: tls: none is for a relay on this machine alone (localhost); letters go over no network in the clear");
    if (user != NULL || ca != NULL)
        finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", user != NULL ? user : ca, NULL,
                     "mail: without TLS there is neither a password nor a certificate to look at");
}

void relay_read(struct reading *r, const struct node *n) {
    static const int usual[] = { [RELAY_STARTTLS] = 587, [RELAY_TLS] = 465, [RELAY_PLAIN] = 25 };
    struct mail_relay *m = arena_array(r->arena, 1, sizeof *m);
    if (n->type != NODE_MAP) {
        instance_complain(r, n, "wrong-kind", "a map of relay, tls, user, password and from is wanted here");
        return;
    }
    if (m == NULL)
        return;
    *m = (struct mail_relay){ .tls = RELAY_STARTTLS };
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        const struct key *k = key_find(r, one);
        if (k != NULL)
            k->read(r, m, one);
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (keys[i].needed && node_get(n, keys[i].name) == NULL)
            finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", n, NULL, "mail needs %s", keys[i].name);
    check_together(r, m, n);
    signing_check(r, m, n);
    if (m->port == 0)
        m->port = usual[m->tls];
    r->to->mail = m;
}
