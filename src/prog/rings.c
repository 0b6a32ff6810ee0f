/* rings.c — one row for each ring; a row that cannot be told counts as not kept. */
#include "prog/rings.h"

#include <stdio.h>
#include <sys/stat.h>

#include "prog/crew.h"
#include "sys/sandbox.h"

struct ring { const char *name; bool kept; char detail[320]; };

/* "keeper, server, nginx and sender": our own processes that are needed, and nginx where it counts. */
static void members_list(struct place *p, bool nginx, char *ret, size_t room) {
    enum member last = KEEPER;
    struct buf b = buf_over(ret, room);
    for (int m = 0; m < MEMBERS; m++)
        if (member_needed(p, (enum member)m) && (nginx || m != NGINX))
            last = (enum member)m;
    for (int m = 0; m < MEMBERS; m++)
        if (member_needed(p, (enum member)m) && (nginx || m != NGINX))
            buf_printf(&b, "%s%s", m == KEEPER ? "" : m == (int)last ? " and " : ", ", member_name((enum member)m));
}

static void ring_users(struct place *p, struct ring *r) {
    struct crew crew;
    crew_find(p, &crew);
    char list[128];
    r->kept = crew.apart;
    members_list(p, true, list, sizeof list);
    if (crew.apart)
        snprintf(r->detail, sizeof r->detail, "%s have a user each", list);
    else
        snprintf(r->detail, sizeof r->detail, "one user for all processes: %s", crew.why);
}

static void ring_sandbox(struct place *p, struct ring *r) {
    struct sandbox_status s;
    char list[128];
    sandbox_status(&s);
    members_list(p, false, list, sizeof list);
    r->kept = place_instance(p)->sandbox && s.built && s.landlock_abi > 0;
    if (r->kept)
        snprintf(r->detail, sizeof r->detail, "landlock %d, seccomp and no_new_privs hold %s", s.landlock_abi, list);
    else
        snprintf(r->detail, sizeof r->detail, "%s", !place_instance(p)->sandbox ? "switched off in sejf.yaml" : !s.built ? "not in this build" : "this kernel has no landlock");
}

bool rings_out(struct place *p, struct rings_out *ret) {
    struct sandbox_status s;
    bool sender = member_needed(p, SENDER), mailer = member_needed(p, MAILER), on = place_instance(p)->sandbox;
    const char *who = sender && mailer ? "sender and the dialer of the mailer" : sender ? "sender" : "the dialer of the mailer";
    sandbox_status(&s);
    ret->kept = on && s.built && s.landlock_abi >= SANDBOX_ABI_PORTS;
    if (ret->kept)
        snprintf(ret->text, sizeof ret->text, "%s may connect by TCP to the ports of their destinations and of name servers alone; not limited to hosts, nor by UDP (docs/mail.md has a rule of nftables)", who);
    else
        snprintf(ret->text, sizeof ret->text, "%s may connect to any port of any host: %s", who,
                 !on ? "the sandbox is switched off in sejf.yaml" : !s.built ? "no sandbox in this build" : "this kernel's landlock knows no ports (Linux 6.7 does)");
    return sender || mailer;
}

static void ring_out(struct place *p, struct ring *r) {
    struct rings_out out;
    bool any = rings_out(p, &out);
    r->kept = !any || out.kept;
    snprintf(r->detail, sizeof r->detail, "%s", any ? out.text : "no process connects to others");
}

static void ring_firewall(struct place *p, struct ring *r) {
    (void)p;
    snprintf(r->detail, sizeof r->detail, "sejf sets no firewall rules yet");
}

static void ring_root(struct place *p, struct ring *r) {
    const struct instance *i = place_instance(p);
    struct stat a, b;
    bool beside = i->root == ROOT_IN_FILE && (stat(i->root_at, &a) != 0 || stat(place_data(p), &b) != 0 || a.st_dev == b.st_dev);
    r->kept = !beside;
    snprintf(r->detail, sizeof r->detail, "%s", beside ? "the root key is a file on the disk of the data: a thief of that disk has it" : "the root key is not on the disk of the data");
}

static const struct { const char *name; void (*look)(struct place *, struct ring *); } rows[] = {
    { "users apart", ring_users }, { "sandbox", ring_sandbox }, { "ports out", ring_out }, { "firewall", ring_firewall }, { "root key elsewhere", ring_root },
};

void rings_text(struct place *p, struct buf *ret) {
    buf_text(ret, "rings of this installation\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ring r = { .name = rows[i].name };
        rows[i].look(p, &r);
        buf_printf(ret, "      %-16s  %s: %s\n", r.kept ? "kept" : "not kept yet", r.name, r.detail);
    }
}

json_t *rings_json(struct place *p) {
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ring r = { .name = rows[i].name };
        rows[i].look(p, &r);
        json_array_append_new(list, json_pack("{s:s,s:b,s:s}", "ring", r.name, "kept", r.kept, "detail", r.detail));
    }
    return list;
}
