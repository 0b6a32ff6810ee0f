/* instance.c — a table of keys; the reader, the defaults and the commented example are made from it.
 * Invariant: a struct instance that is given out holds only values that passed their check. */
#include "charter/instance.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "charter/instance_read.h"
#include "charter/prices.h"

#define LIST_MAX 64u

struct owner { struct instance instance; struct arena *arena; };      /* instance first: instance_free finds its owner */

struct setting {
    const char *key;
    void (*read)(struct reading *r, const struct setting *s, const struct node *n);
    size_t at;                               /* offset of what it sets */
    const char *example;                     /* shown by init; NULL: commented out with `hint` */
    const char *hint;
    const char *says;
};

void instance_complain(struct reading *r, const struct node *n, const char *id, const char *what) {
    finding_node(r->findings, r->tree, FINDING_ERROR, id, n, NULL, "%s: %s", n->key == NULL ? n->parent->key : n->key, what);
}

bool instance_scalar(struct reading *r, const struct node *n) {
    if (n->type == NODE_SCALAR && n->text[0] != 0)
        return true;
    instance_complain(r, n, "wrong-kind", "one value is wanted here");
    return false;
}

static void *slot(struct reading *r, const struct setting *s) { return (char *)r->to + s->at; }

bool instance_text(const char *t) {
    for (const unsigned char *p = (const unsigned char *)t; *p != 0; p++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return text_is_utf8(t, strlen(t));
}

/* Absolute, or from the directory of the file. No line breaks, quotes or `;`: paths go into nginx's configuration. */
const char *instance_path(struct reading *r, const struct node *n) {
    if (!instance_text(n->text) || strpbrk(n->text, "\"'\\;{}$") != NULL) {
        instance_complain(r, n, "bad-path", "a path here holds no quotes, braces, ';', '$' or control characters");
        return NULL;
    }
    return n->text[0] == '/' ? arena_text(r->arena, n->text) : arena_printf(r->arena, "%s/%s", r->to->directory, n->text);
}

static void read_path(struct reading *r, const struct setting *s, const struct node *n) {
    if (instance_scalar(r, n))
        *(const char **)slot(r, s) = instance_path(r, n);
}

static void read_text(struct reading *r, const struct setting *s, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (!instance_text(n->text))
        instance_complain(r, n, "bad-text", "control characters are not read here");
    else
        *(const char **)slot(r, s) = arena_text(r->arena, n->text);
}

static void read_port(struct reading *r, const struct setting *s, const struct node *n) {
    int64_t port = 0;
    if (!instance_scalar(r, n))
        return;
    if (strcmp(n->text, "none") == 0 && s->at == offsetof(struct instance, plain))
        *(int *)slot(r, s) = 0;
    else if (!text_int(n->text, 1, 65535, &port))
        instance_complain(r, n, "not-a-port", "a port is a number from 1 to 65535");
    else
        *(int *)slot(r, s) = (int)port;
}

static void read_count(struct reading *r, const struct setting *s, const struct node *n) {
    int64_t count = 0;
    if (!instance_scalar(r, n))
        return;
    if (!text_int(n->text, 1, INT64_C(1000000000), &count))
        instance_complain(r, n, "not-a-count", "a number from 1 to 1000000000 is wanted here, in digits alone");
    else
        *(int64_t *)slot(r, s) = count;
}

static void read_yes_no(struct reading *r, const struct setting *s, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (strcmp(n->text, "yes") != 0 && strcmp(n->text, "no") != 0)
        instance_complain(r, n, "not-yes-or-no", "yes or no is wanted here");
    else
        *(bool *)slot(r, s) = n->text[0] == 'y';
}

/* ---- values that a table of words or a form of their own decides */
bool instance_host(const char *t) {
    size_t len = strlen(t);
    return len > 0 && len <= 253 && strspn(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len
        && t[0] != '.' && t[0] != '-' && t[len - 1] != '-' && strstr(t, "..") == NULL;
}

static bool is_address(const char *t) {
    struct in6_addr room;
    return inet_pton(AF_INET, t, &room) == 1 || inet_pton(AF_INET6, t, &room) == 1;
}

/* "https://name[:port]", and http for a machine's own development pages. */
static bool is_origin(const char *t) {
    static const char *const starts[] = { "https://", "http://localhost", "http://127.0.0.1" };
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        size_t n = strlen(starts[i]);
        if (strncmp(t, starts[i], n) == 0)
            return (i > 0 || t[n] != 0) && strlen(t) < 300
                && strspn(t + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") == strlen(t + n);
    }
    return false;
}

static bool is_colour(const char *t) { return t[0] == '#' && strlen(t) == 7 && strspn(t + 1, "0123456789abcdefABCDEF") == 6; }
static bool is_user(const char *t) {
    return strlen(t) <= 32 && t[0] != '-' && strspn(t, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(t);
}

static void read_checked(struct reading *r, const struct setting *s, const struct node *n, bool (*is)(const char *), const char *want) {
    if (!instance_scalar(r, n))
        return;
    if (!is(n->text))
        instance_complain(r, n, "bad-value", want);
    else
        *(const char **)slot(r, s) = arena_text(r->arena, n->text);
}

static void read_host(struct reading *r, const struct setting *s, const struct node *n) {
    read_checked(r, s, n, instance_host, "a host name of letters, digits, '-' and '.' is wanted here");
}
static void read_colour(struct reading *r, const struct setting *s, const struct node *n) {
    read_checked(r, s, n, is_colour, "a colour such as \"#1f4e79\" is wanted here (in quotes)");
}
static void read_user(struct reading *r, const struct setting *s, const struct node *n) {
    read_checked(r, s, n, is_user, "a user name of small letters, digits, '-' and '_' is wanted here");
}

struct list { const char *const *items; size_t count; };
typedef const char *(*item_fn)(struct reading *r, const struct node *n);

/* A list, or one value alone. Items that do not pass are left out; their finding refuses the file anyway. */
static struct list read_list(struct reading *r, const struct node *n, item_fn item) {
    struct list l = { NULL, 0 };
    const char **items = arena_array(r->arena, LIST_MAX, sizeof *items);
    if (items == NULL)
        return l;
    if (n->type == NODE_MAP || (n->type == NODE_LIST && n->count > LIST_MAX)) {
        instance_complain(r, n, "wrong-kind", n->type == NODE_MAP ? "a list is wanted here" : "at most 64 items are read here");
        return l;
    }
    const struct node *one = n->type == NODE_LIST ? n->first : n;
    for (; one != NULL; one = n->type == NODE_LIST ? one->next : NULL) {
        const char *text = instance_scalar(r, one) ? item(r, one) : NULL;
        if (text != NULL)
            items[l.count++] = text;
    }
    l.items = items;
    return l;
}

static const char *item_checked(struct reading *r, const struct node *n, bool (*is)(const char *), const char *want) {
    if (is(n->text))
        return arena_text(r->arena, n->text);
    instance_complain(r, n, "bad-value", want);
    return NULL;
}
static const char *item_host(struct reading *r, const struct node *n) {
    return item_checked(r, n, instance_host, "a host name of letters, digits, '-' and '.' is wanted here");
}
static const char *item_address(struct reading *r, const struct node *n) {
    return item_checked(r, n, is_address, "loopback, everywhere, or numeric addresses are wanted here (\"::1\" in quotes)");
}
static const char *item_origin(struct reading *r, const struct node *n) {
    return item_checked(r, n, is_origin, "an origin such as https://www.example is wanted here, without a path");
}

static void read_names(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    struct list l = read_list(r, n, item_host);
    r->to->names = l.items;
    r->to->name_count = l.count;
}
static void read_charters(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    struct list l = read_list(r, n, instance_path);
    r->to->charters = l.items;
    r->to->charter_count = l.count;
}
static void read_cors(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    struct list l = read_list(r, n, item_origin);
    r->to->cors = l.items;
    r->to->cors_count = l.count;
}
static void read_frames(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    struct list l = read_list(r, n, item_origin);
    r->to->frames = l.items;
    r->to->frame_count = l.count;
}

static void read_listen(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    if (n->type == NODE_SCALAR && strcmp(n->text, "loopback") == 0) {
        r->to->listen = LISTEN_LOOPBACK;
    } else if (n->type == NODE_SCALAR && strcmp(n->text, "everywhere") == 0) {
        r->to->listen = LISTEN_EVERYWHERE;
    } else {
        struct list l = read_list(r, n, item_address);
        r->to->listen = LISTEN_ADDRESSES;
        r->to->addresses = l.items;
        r->to->address_count = l.count;
    }
}

static void read_engine(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    if (instance_scalar(r, n) && strcmp(n->text, "sqlite") != 0)
        instance_complain(r, n, "bad-value", "sqlite is the only engine of this version");
}

/* "file PATH", "passphrase", "credential NAME" */
static void read_root(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    static const struct { const char *word; enum root_place root; bool more; } forms[] = {
        { "file ", ROOT_IN_FILE, true }, { "passphrase", ROOT_BY_PASSPHRASE, false }, { "credential ", ROOT_IN_CREDENTIAL, true },
    };
    if (!instance_scalar(r, n))
        return;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t len = strlen(forms[i].word);
        const char *rest = n->text + len;
        if (strncmp(n->text, forms[i].word, len) != 0 || (forms[i].more ? *rest == 0 : *rest != 0))
            continue;
        if (!instance_text(rest) || (forms[i].root == ROOT_IN_CREDENTIAL && !instance_host(rest)))
            break;
        r->to->root = forms[i].root;
        r->to->root_at = !forms[i].more ? NULL : rest[0] == '/' || forms[i].root == ROOT_IN_CREDENTIAL ? arena_text(r->arena, rest)
                                               : arena_printf(r->arena, "%s/%s", r->to->directory, rest);
        return;
    }
    instance_complain(r, n, "bad-value", "\"file PATH\", \"passphrase\" or \"credential NAME\" is wanted here");
}

void instance_secret(struct reading *r, const struct node *n, enum secret_place *ret, const char **ret_at) {
    static const struct { const char *word; enum secret_place place; } forms[] = { { "file ", SECRET_IN_FILE }, { "credential ", SECRET_IN_CREDENTIAL } };
    if (!instance_scalar(r, n))
        return;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t len = strlen(forms[i].word);
        const char *rest = n->text + len;
        if (strncmp(n->text, forms[i].word, len) != 0 || *rest == 0 || !instance_text(rest) || (forms[i].place == SECRET_IN_CREDENTIAL && !instance_host(rest)))
            continue;
        *ret = forms[i].place;
        *ret_at = rest[0] == '/' || forms[i].place == SECRET_IN_CREDENTIAL ? arena_text(r->arena, rest)
                                : arena_printf(r->arena, "%s/%s", r->to->directory, rest);
        return;
    }
    instance_complain(r, n, "bad-value", "\"file PATH\" or \"credential NAME\" is wanted here; the secret itself never stands in this file");
}

static void read_nginx(struct reading *r, const struct setting *s, const struct node *n) {
    if (n->type == NODE_SCALAR && strcmp(n->text, "none") == 0)
        r->to->nginx = NULL;
    else
        read_path(r, s, n);
}

static void read_log(struct reading *r, const struct setting *s, const struct node *n) {
    if (n->type == NODE_SCALAR && strcmp(n->text, "stderr") == 0)
        r->to->log = NULL;
    else
        read_path(r, s, n);
}

static void read_level(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    static const struct { const char *word; enum log_level level; } words[] = {
        { "debug", LOG_DEBUG }, { "info", LOG_INFO }, { "warning", LOG_WARN }, { "error", LOG_ERROR },
    };
    if (!instance_scalar(r, n))
        return;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(n->text, words[i].word) == 0) {
            r->to->log_level = words[i].level;
            return;
        }
    instance_complain(r, n, "bad-value", "debug, info, warning or error is wanted here");
}

static void read_clock(struct reading *r, const struct setting *s, const struct node *n) {
    struct zone *zone = NULL;
    struct err e;
    if (!instance_scalar(r, n))
        return;
    if (zone_open(n->text, &zone, &e) != OK)
        instance_complain(r, n, "bad-value", "a time zone such as Europe/Warsaw is wanted here");
    else
        *(const char **)slot(r, s) = arena_text(r->arena, n->text);
    (void)zone_free(zone);
}

static void read_webhooks(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    webhooks_read(r, n);
}

static void read_askers(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    askers_read(r, n);
}

static void read_sign_in_with(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    providers_read(r, n);
}

static void read_mail(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    relay_read(r, n);
}

static void read_sms(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    sms_read(r, n);
}

static void read_hosts(struct reading *r, const struct setting *s, const struct node *n) {
    (void)s;
    hosts_read(r, n);
}

#define AT(field) offsetof(struct instance, field)
static const struct setting settings[] = {
    { "host", read_host, AT(host), "localhost", NULL, "The name under which people reach this instance; links are made with it." },
    { "names", read_names, AT(names), NULL, "[www.seats.example]", "Further names it answers to. Any other name is refused." },
    { "listen", read_listen, AT(listen), "loopback", NULL, "loopback, everywhere, or a list of numeric addresses." },
    { "https", read_port, AT(https), "8443", NULL, "The port of everything." },
    { "plain", read_port, AT(plain), NULL, "8444", "This port answers 308 to https and nothing else; https + 1 unless said otherwise, or none." },
    { "data", read_path, AT(data), NULL, "/var/lib/sejf", "The data directory; where this file lies unless said otherwise." },
    { "charters", read_charters, AT(charters), "charters", NULL, "Files, or directories of *.yaml, that each declare a service." },
    { "certificate", read_path, AT(certificate), NULL, "/etc/sejf/fullchain.pem", "PEM: certificate, then its issuers. Without it sejf makes its own." },
    { "key", read_path, AT(key), NULL, "/etc/sejf/key.pem", "Its private key, for the owner alone (mode 0600)." },
    { "engine", read_engine, 0, "sqlite", NULL, "Where records are stored." },
    { "root_key", read_root, AT(root), "file keeper/root.key", NULL,
      "Where the root key comes from: \"file PATH\" (a thief of that disk has it), \"passphrase\" (asked at start), \"credential NAME\" (systemd)." },
    { "key_openings", read_count, AT(key_openings), "2000000", NULL,
      "Keys that the keeper opens for one tenant in a minute; above it requests are answered with 429 until the next." },
    { "key_destructions", read_count, AT(key_destructions), "1000000", NULL,
      "Keys that the keeper destroys in a day (UTC); above it erasing waits until somebody has looked and runs sejf key allow NUMBER." },
    { "sandbox", read_yes_no, AT(sandbox), "yes", NULL, "yes: landlock and seccomp, or sejf does not start. no: that ring is shown as not kept." },
    { "nginx", read_nginx, AT(nginx), "/usr/sbin/nginx", NULL, "The program that sejf runs as its front; none when you run your own (sejf nginx-config)." },
    { "keeper_user", read_user, AT(user_keeper), NULL, "sejf-keeper", "When started by root, each process has a user of its own." },
    { "server_user", read_user, AT(user_server), NULL, "sejf-server", NULL },
    { "nginx_user", read_user, AT(user_nginx), NULL, "sejf-nginx", NULL },
    { "sender_user", read_user, AT(user_sender), NULL, "sejf-sender", NULL },
    { "mailer_user", read_user, AT(user_mailer), NULL, "sejf-mailer", NULL },
    { "webhooks", read_webhooks, 0, NULL, "[hooks.company.example, {host: \"erp.company.example:8443\", private: yes, tenants: [3], ca: erp.pem}]",
      "Hosts that tenants may be told of changes at, or: any public host. docs/webhooks.md." },
    { "askers", read_askers, 0, NULL, "{stock: {socket: /run/stock/ask.sock, user: stock}, rules: {url: \"https://rules.company.example/ask\"}}",
      "Code of your own that is asked before records are made or moved, by the names that charters use. docs/webhooks.md." },
    { "clock", read_clock, AT(clock), NULL, "Europe/Warsaw", "When the night is; the clock of the first charter unless said otherwise." },
    { "log", read_log, AT(log), "log/sejf.log", NULL, "stderr, or a file. JSON lines without personal values." },
    { "log_level", read_level, AT(log_level), "info", NULL, "debug, info, warning or error." },
    { "cors", read_cors, AT(cors), NULL, "[https://app.seats.example]", "Origins whose pages may call the API from a browser." },
    { "frames", read_frames, AT(frames), NULL, "[https://www.seats.example]", "Origins whose pages may show the public forms in a frame." },
    { "brand_name", read_text, AT(brand_name), NULL, "Seats", "Shown on public pages; the operator's name of the charter unless said otherwise." },
    { "brand_logo", read_path, AT(brand_logo), NULL, "logo.svg", "An SVG or PNG file for public pages." },
    { "brand_colour", read_colour, AT(brand_colour), NULL, "\"#1f4e79\"", "Colour of headings and buttons, and of the text on it." },
    { "brand_text", read_colour, AT(brand_text), NULL, "\"#ffffff\"", NULL },
    { "metrics_token", read_path, AT(metrics_token), NULL, "metrics.token", "A file with the token that /metrics asks for; without it /metrics answers this machine only." },
    { "sign_in_with", read_sign_in_with, 0, NULL, "[{name: Company, issuer: \"https://login.company.example\", client_id: sejf, client_secret: file secret/company}]",
      "OpenID Connect providers by which the staff may sign in; docs/install.md says which keys a provider has." },
    { "mail", read_mail, 0, NULL, "{relay: relay.company.example, tls: starttls, user: seats, password: file secret/relay, from: service@seats.example, name: Seats}",
      "The relay that takes letters; without it they wait. docs/mail.md says which keys it has." },
    { "sms", read_sms, 0, NULL, "{provider: smsapi, token: file secret/sms, sender: Seats}",
      "The provider that takes text messages; without it they wait. docs/text-messages.md says which keys it has." },
    { "hosts", read_hosts, 0, NULL, "[{id: 0123456789abcdef0123456789abcdef, name: poz-1}]",
      "The machines on which sejf may start, where a charter says \"hosts: only declared ones\"; `sejf host` prints a machine's id. owner and contract may stand beside." },
};
#undef AT

static const struct setting *setting_find(const char *key) {
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (strcmp(settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

static void unknown_key(struct reading *r, const struct node *n) {
    const char *words[ARRAY_LEN(settings)];
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        words[i] = settings[i].key;
    finding_key(r->findings, r->tree, FINDING_ERROR, "unknown-key", n, nearest(n->key, words, ARRAY_LEN(words)),
                "sejf.yaml has no key \"%s\"", n->key);
}

/* What no key can know alone. */
static void check_together(struct reading *r) {
    const struct node *root = tree_root(r->tree), *https = node_get(root, "https"), *plain = node_get(root, "plain");
    const struct node *certificate = node_get(root, "certificate"), *key = node_get(root, "key"), *log = node_get(root, "log");
    if (plain == NULL)
        r->to->plain = r->to->https < 65535 ? r->to->https + 1 : 0;
    if (r->to->plain == r->to->https)
        instance_complain(r, plain != NULL ? plain : https, "two-lines-contradict", "https and plain need ports of their own");
    if ((certificate == NULL) != (key == NULL))
        instance_complain(r, certificate != NULL ? certificate : key, "missing-key", "certificate and key go together; the other one is missing");
    if (r->to->listen == LISTEN_ADDRESSES && r->to->address_count == 0 && node_get(root, "listen")->count == 0
        && node_get(root, "listen")->type == NODE_LIST)
        instance_complain(r, node_get(root, "listen"), "missing-value", "at least one address is wanted here");
    if (node_get(root, "charters") != NULL && node_get(root, "charters")->type == NODE_LIST && node_get(root, "charters")->count == 0)
        instance_complain(r, node_get(root, "charters"), "missing-value", "at least one charter is wanted here");
    if (log != NULL && r->to->log != NULL && strstr(r->to->log, "/../") != NULL)
        instance_complain(r, log, "bad-path", "the log file's path may not go up with \"..\"");
}

static void defaults_set(struct instance *i, struct arena *a, const char *name) {
    static const char *const charters[] = { "charters" };
    const char *slash = strrchr(name, '/');
    *i = (struct instance){
        .file = arena_text(a, name), .directory = slash == NULL ? "." : slash == name ? "/" : arena_text_n(a, name, (size_t)(slash - name)),
        .host = "localhost", .listen = LISTEN_LOOPBACK, .https = 8443, .plain = 8444, .root = ROOT_IN_FILE, .sandbox = true,
        .key_openings = 2000000, .key_destructions = 1000000, .nginx = "/usr/sbin/nginx", .user_keeper = "sejf-keeper", .user_server = "sejf-server", .user_nginx = "sejf-nginx", .user_sender = "sejf-sender", .user_mailer = "sejf-mailer",
        .log_level = LOG_INFO,
    };
    const char **list = arena_array(a, 1, sizeof *list);
    if (i->directory == NULL || list == NULL)
        return;
    list[0] = arena_printf(a, "%s/%s", i->directory, charters[0]);
    i->charters = list;
    i->charter_count = 1;
    i->root_at = arena_printf(a, "%s/keeper/root.key", i->directory);
}

static enum code read_tree(const char *name, const struct tree *tree, struct findings *findings, struct instance **ret, struct err *reterr) {
    size_t lost = mem_lost();
    struct owner *o = mem_new(sizeof *o);
    struct arena *arena = arena_new(1u << 20);
    if (o == NULL || arena == NULL) {
        mem_free(o);
        arena_free(arena);
        return err_set(reterr, E_MEMORY, "no memory for %s", name);
    }
    o->arena = arena;
    AUTO(instance_free) struct instance *i = &o->instance;
    defaults_set(i, arena, name);
    struct reading r = { .to = i, .arena = arena, .findings = findings, .tree = tree };
    for (const struct node *n = tree_root(tree)->first; n != NULL; n = n->next) {
        const struct setting *s = setting_find(n->key);
        if (s == NULL)
            unknown_key(&r, n);
        else
            s->read(&r, s, n);
    }
    check_together(&r);
    if (arena_overflowed(arena) || mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for %s", name);
    if (findings_count(findings, FINDING_ERROR) > 0)
        return err_set(reterr, E_CONFIG, "%s has mistakes", name);
    *ret = TAKE(i);
    return OK;
}

static enum code config_error(enum code code, const char *name, struct err *reterr) {
    return code == E_CHARTER ? err_set(reterr, E_CONFIG, "%s has mistakes", name) : code;
}

enum code instance_load(const char *path, struct findings *findings, struct instance **ret, struct err *reterr) {
    AUTO(tree_free) struct tree *tree = NULL;
    enum code code = tree_load(path, findings, &tree, reterr);
    return code != OK ? config_error(code, path, reterr) : read_tree(path, tree, findings, ret, reterr);
}

enum code instance_load_text(const char *name, const char *text, size_t len, struct findings *findings, struct instance **ret, struct err *reterr) {
    AUTO(tree_free) struct tree *tree = NULL;
    enum code code = tree_parse(name, text, len, findings, &tree, reterr);
    return code != OK ? config_error(code, name, reterr) : read_tree(name, tree, findings, ret, reterr);
}

struct instance *instance_free(struct instance *i) {
    if (i != NULL) {
        struct owner *o = (struct owner *)(void *)i;
        prices_free(i->prices);
        arena_free(o->arena);
        mem_free(o);
    }
    return NULL;
}

static const char *wished(const struct instance_wish *w, const struct setting *s, char port[16]) {
    if (s->at == offsetof(struct instance, host) && w->host != NULL)
        return w->host;
    if (s->at == offsetof(struct instance, listen))
        return w->everywhere ? "everywhere" : "loopback";
    if (s->at == offsetof(struct instance, charters) && w->charters != NULL)
        return w->charters;
    if (s->at != offsetof(struct instance, https) || w->https == 0)
        return s->example;
    snprintf(port, 16, "%d", w->https);
    return port;
}

void instance_example(const struct instance_wish *wish, struct buf *ret) {
    char port[16];
    buf_text(ret, "# sejf.yaml: what belongs to this installation. What a service holds and promises stands in its charter.\n"
                  "# Lines behind a # show what else may be said; `sejf check sejf.yaml` looks at this file without starting anything.\n");
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const struct setting *s = &settings[i];
        const char *value = wished(wish, s, port);
        if (s->says != NULL)
            buf_printf(ret, "\n# %s\n", s->says);
        if (value != NULL)
            buf_printf(ret, "%s: %s\n", s->key, value);
        else
            buf_printf(ret, "#%s: %s\n", s->key, s->hint);
    }
}
