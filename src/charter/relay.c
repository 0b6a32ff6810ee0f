/* relay.c — `mail` of sejf.yaml: the relay that takes letters, a map whose keys are rows of a table. */
#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"
#include "wire/mailbox.h"

/* "name" or "name:port" */
static void read_relay(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
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

static void read_tls(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
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

static void read_password(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
    instance_secret(r, n, &m->password, &m->password_at);
}

static void read_from(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
    bool utf8 = false;
    if (!instance_scalar(r, n))
        return;
    if (!mailbox_valid(n->text, &utf8))
        instance_complain(r, n, "bad-value", "the address that letters come from is wanted here, such as service@seats.example (its name stands in \"name\")");
    else if (utf8)                           /* every letter would need SMTPUTF8, of the relay and of each server behind it */
        instance_complain(r, n, "bad-value", "the address that letters come from is written in letters of ASCII (a domain beyond it as xn--…): many servers take no other");
    else
        m->from = arena_text(r->arena, n->text);
}

static void read_name(struct reading *r, void *to, const struct node *n, size_t at UNUSED) { ((struct mail_relay *)to)->name = instance_line(r, n, 100); }

/* "127.0.0.1:2525", "[::1]:2525": a numeric address, for nothing is looked up before we listen. */
static bool listen_of(struct reading *r, struct mail_relay *m, const char *text) {
    uint8_t address[16];
    int64_t port = 0;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !text_int(colon + 1, 1, 65535, &port))
        return false;
    size_t len = (size_t)(colon - text);
    bool six = len > 2 && text[0] == '[' && text[len - 1] == ']';
    char *host = arena_text_n(r->arena, text + six, len - 2 * six);
    if (host == NULL || inet_pton(six ? AF_INET6 : AF_INET, host, address) != 1)
        return false;
    m->bounces_listen = host;
    m->bounces_port = (int)port;
    return true;
}

static void read_listen(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    if (instance_scalar(r, n) && !listen_of(r, to, n->text))
        instance_complain(r, n, "bad-value", "a numeric address and a port are wanted here, such as 127.0.0.1:2525 or [::1]:2525");
}

static void read_domain(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct mail_relay *m = to;
    if (!instance_scalar(r, n))
        return;
    if (!instance_host(n->text))
        instance_complain(r, n, "bad-value", "the domain of the addresses that mail comes back to is wanted here, such as bounces.seats.example");
    else
        m->bounces_domain = arena_text(r->arena, n->text);
}

static const struct map_key bounces_keys[] = { { "listen", MAP_MUST, read_listen, 0 }, { "domain", MAP_MUST, read_domain, 0 } };
static const struct map_form bounces_form = { "mail.bounces", "a map of listen and domain is wanted here", NULL, bounces_keys, ARRAY_LEN(bounces_keys), NULL };

/* {listen: 127.0.0.1:2525, domain: bounces.seats.example} */
static void read_bounces(struct reading *r, void *to, const struct node *n, size_t at UNUSED) { (void)map_read(r, &bounces_form, to, n); }

#define AT(field) offsetof(struct mail_relay, field)
static const struct map_key keys[] = {
    { "relay", MAP_MUST, read_relay, 0 }, { "tls", MAP_MUST, read_tls, 0 }, { "user", MAP_MAY, map_line, AT(user) }, { "password", MAP_MAY, read_password, 0 },
    { "from", MAP_MUST, read_from, 0 }, { "name", MAP_MAY, read_name, 0 }, { "ca", MAP_MAY, map_path, AT(ca) },
    { "dkim", MAP_MAY, signing_read, 0 },
    { "bounces", MAP_MAY, read_bounces, 0 },
};
#undef AT
static const struct map_form form = { "mail", "a map of relay, tls, user, password and from is wanted here", NULL, keys, ARRAY_LEN(keys), NULL };

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
    if (m == NULL)
        return;
    *m = (struct mail_relay){ .tls = RELAY_STARTTLS };
    if (!map_read(r, &form, m, n))
        return;
    check_together(r, m, n);
    signing_check(r, m, n);
    if (m->port == 0)
        m->port = usual[m->tls];
    r->to->mail = m;
}
