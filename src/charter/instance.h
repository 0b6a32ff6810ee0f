/* instance.h — sejf.yaml: what belongs to one installation and not to a charter. Read and checked the same way as a
 * charter: every mistake in one run, each with its place. Secrets never stand in it, only where they are.
 * Ownership: instance_load gives, instance_free takes back; texts live as long. Immutable, so threads share it. */
#pragma once
#include "base/log.h"
#include "charter/load.h"

enum root_place { ROOT_IN_FILE, ROOT_BY_PASSPHRASE, ROOT_IN_CREDENTIAL };
enum listen_on { LISTEN_LOOPBACK, LISTEN_EVERYWHERE, LISTEN_ADDRESSES };

/* Where the process `sender` may send requests: https to that host and port, and nowhere else; for one use, so that nobody reaches by one key
 * of sejf.yaml what another one lets be reached. */
enum destination_for { FOR_SERVICES, FOR_WEBHOOKS, FOR_ASKERS };
struct destination {
    const char *host;                        /* lower case */
    int port;
    const char *ca;                          /* PEM file of the authorities that may vouch for it; NULL: the system's */
    bool private;                            /* its addresses may be of this machine or of a private network */
    enum destination_for use;
    const int64_t *tenants; size_t tenant_count;         /* of webhooks: whose may go there; none: any tenant's */
};

/* Code of one's own that is asked before a record is made or moved (`askers`): at a socket, or at an address. */
struct asker {
    const char *name;
    const char *socket, *user;               /* whole path, and who must answer there; NULL: url */
    const char *url, *host;
};

/* Somebody else's sign-in (OpenID Connect) that people of the staff may come by. */
enum secret_place { SECRET_IN_FILE, SECRET_IN_CREDENTIAL };
struct provider {
    const char *name;                        /* shown on the button */
    const char *id;                          /* in addresses: the name in small letters, digits and '-' */
    const char *issuer;                      /* exactly as the provider writes it */
    const char *client_id;
    enum secret_place secret; const char *secret_at;     /* file, or name of the credential */
    bool second_trusted;                     /* what it says about a second step counts */
};

/* The relay that takes letters (`mail`). */
enum relay_tls { RELAY_STARTTLS, RELAY_TLS, RELAY_PLAIN /* to this machine alone */ };
struct mail_relay {
    const char *host; int port;
    enum relay_tls tls;
    const char *user; enum secret_place password; const char *password_at;       /* user NULL: no sign-in */
    const char *from, *name;                 /* the address that letters come from; its name or NULL */
    const char *ca;                          /* PEM file of the authorities that may vouch for it; NULL: the system's */
    const char *dkim_domain, *dkim_selector; enum secret_place dkim_key; const char *dkim_key_at;       /* who signs letters; NULL: nobody */
    const char *bounces_listen; int bounces_port;        /* where mail that comes back is taken in, a numeric address; NULL: nowhere */
    const char *bounces_domain;              /* of the addresses that it comes to */
};

/* The provider that takes text messages (`sms`): how it is spoken to, as a description. In bodies and headers {{name}} stands for what a request brings: to ("+48…"), digits
 * ("48…"), text, id (our reference: letters and digits), sender, parts, unicode, user, password, token. What is wholly one of them and was not declared is left out. */
enum sms_meaning { SMS_ACCEPTED, SMS_TAKEN /* it had that reference already */, SMS_REFUSED /* for good, and it is not said whose fault it is */, SMS_NUMBER /* there is no such number */,
                   SMS_TEXT /* this text, not the number */, SMS_LATER, SMS_SLOW, SMS_OURS /* sign-in, funds, set-up: no message goes */, SMS_NONE /* asked: it has no message of that reference */ };
struct sms_code { const char *code; enum sms_meaning meaning; };
struct sms_call { const char *method, *path, *body; };       /* body: JSON, or NULL; path NULL: there is no such call */
#define SMS_POINTERS 4u
#define SMS_HEADERS 8u
struct sms_header { const char *name, *value; };
struct sms_shape {
    const char *name, *host; int port;       /* where it is asked, unless `address` says otherwise */
    const char *prefix;                      /* of every path */
    struct sms_header headers[SMS_HEADERS];
    struct sms_call send, ask, try;
    /* JSON pointers into an answer, where a step name=value goes to the item of a list that has it; the first that leads to something counts. */
    const char *receipt[SMS_POINTERS], *code[SMS_POINTERS], *said[SMS_POINTERS], *credit[SMS_POINTERS];
    const struct sms_code *codes; size_t code_count;
    usec_t once;                             /* so long it refuses a second message of the same reference by itself; USEC_NEVER: always; 0: it does not */
    /* Receipts, as members of a query, a form or a JSON object: our reference and the state; several in one are separated by commas. NULL: it sends none. */
    const char *told_id, *told_state;
    const char *delivered, *bounced, *dead /* there is no such number */, *stopped /* not by the phone: by us, by the operator */;      /* states, separated by spaces */
    const char *answer;                      /* what it wants to hear */
};
const struct sms_shape *sms_shape_find(const char *name);     /* of those that are shipped; NULL: none */
struct sms_provider {
    const struct sms_shape *shape;
    const char *user;                        /* NULL: none */
    bool token;                              /* the secret is a token, not a password */
    enum secret_place secret; const char *secret_at;
    enum secret_place hook; const char *hook_at;     /* the secret part of the address that receipts come to; NULL: none come */
    const char *sender;                      /* NULL: the provider's own */
};
/* A machine on which sejf may start, where a charter wants these declared (`hosts`). */
struct own_host { const char *id /* as prog/hosts.h makes it */, *name, *owner, *contract; /* owner, contract: NULL where not said */ };

struct instance {
    const char *file;                        /* as given to instance_load */
    const char *directory;                   /* where that file lies */
    const char *data;                        /* data directory; NULL: where the file lies */
    const char *host;
    const char *const *names; size_t name_count;         /* further host names */
    enum listen_on listen;
    const char *const *addresses; size_t address_count;  /* LISTEN_ADDRESSES: numeric */
    int https, plain;                        /* plain 0: no such port */
    const char *const *charters; size_t charter_count;   /* files and directories, from the file's directory */
    const char *certificate, *key;           /* both or neither; neither: self-made */
    enum root_place root; const char *root_at; /* file, or name of the credential */
    bool sandbox;
    const char *nginx;                       /* program; NULL: somebody else runs it */
    const char *user_keeper, *user_server, *user_nginx, *user_sender, *user_mailer;
    const char *log;                         /* file, or NULL: standard error */
    enum log_level log_level;
    const char *const *cors; size_t cors_count;
    const char *const *frames; size_t frame_count;
    const char *brand_name, *brand_logo, *brand_colour, *brand_text;
    const char *metrics_token;               /* file, or NULL: loopback only */
    int64_t key_openings, key_destructions;  /* caps of the keeper: by tenant and minute; by day */
    const struct provider *providers; size_t provider_count;         /* sign_in_with */
    const struct destination *destinations; size_t destination_count;    /* of all that is declared; none: no sender is started */
    bool webhooks_anywhere;                  /* webhooks go to any public host on port 443 */
    const struct asker *askers; size_t asker_count;
    const struct mail_relay *mail;           /* NULL: none, and no mailer is started */
    struct prices *prices;                   /* prices.h: of text messages; NULL: none are said */
    const struct sms_provider *sms;          /* NULL: none, text messages wait */
    const struct own_host *own; size_t own_count;            /* declared machines */
    const char *clock;                       /* time zone of the instance, or NULL: of the first charter */
};

/* E_CONFIG when findings hold an error (then *ret is untouched). Other codes: the file cannot be read. */
MUST_USE enum code instance_load(const char *path, struct findings *findings, struct instance **ret, struct err *reterr);
MUST_USE enum code instance_load_text(const char *name, const char *text, size_t len, struct findings *findings, struct instance **ret, struct err *reterr);
struct instance *instance_free(struct instance *i);
DEFINE_AUTO(struct instance, instance_free)

/* May a request for that use (enum destination_for) go to that host, in whatever case, and port? *ret: the destination, where it is a declared one. */
enum egress { EGRESS_DENIED, EGRESS_DECLARED, EGRESS_ANYWHERE /* a webhook, and its addresses are public ones */ };
enum egress egress_of(const struct destination *list, size_t count, bool webhooks_anywhere, unsigned use, const char *host, int port, const struct destination **ret);

/* The declared machine of that id; NULL: none. */
const struct own_host *instance_own(const struct instance *i, const char *id);

/* A sejf.yaml with every key, its meaning as a comment and its default, for `sejf init`. */
struct instance_wish { const char *host; int https; bool everywhere; const char *charters; };
void instance_example(const struct instance_wish *wish, struct buf *ret);
