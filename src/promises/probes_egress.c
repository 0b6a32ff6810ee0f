/* probes_egress.c — what may be connected to, and what may leave the EEA. Nothing is sent to anybody: the hosts asked about do not exist. */
#include <stdio.h>
#include <string.h>

#include "charter/findings.h"
#include "charter/load.h"
#include "promises/env.h"
#include "promises/probes.h"
#include "sys/files.h"

/* ---- egress_declared */

static enum code would_leave(struct env *e, const char *host, int port, int use, bool *ret, struct err *reterr) {
    json_t *reply = NULL;
    enum code code = env_control(e, "egress_try", json_pack("{s:s, s:i, s:i}", "host", host, "port", port, "use", use), &reply, reterr);
    if (code == OK)
        *ret = json_is_true(json_object_get(reply, "may"));
    json_decref(reply);
    return code;
}

/* Port 444: what lets webhooks go to any public host lets them go to port 443. */
enum code probe_egress(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const char *const uses[] = { "signing in and text messages", "webhooks", "questions" };
    char host[64], id[UUID_TEXT];
    struct uuid any = uuid_new();
    snprintf(host, sizeof host, "%s.invalid", uuid_format(&any, id));
    for (int use = 0; use < (int)ARRAY_LEN(uses); use++) {
        bool may = true;
        enum code code = would_leave(e, host, 444, use, &may, reterr);
        if (code != OK)
            return code;
        if (may)
            return SAY(v, false, "a request for %s would leave to a host that sejf.yaml does not declare", uses[use]);
    }
    return SAY(v, true, "a request to a host that sejf.yaml does not declare leaves for none of %zu uses", ARRAY_LEN(uses));
}

/* ---- transfers_denied */

#define OUTSIDE "transfers.probe.example"
#define TEXT_MOST ((size_t)1 << 20)

static bool line_is(const char *line, const char *key) { return strncmp(line, key, strlen(key)) == 0; }

/* The charter as it stands, with another line about transfers and a processor that works in the United States. */
static void changed(const char *text, const char *transfers, const char *entry, struct buf *ret) {
    static const char processor[] = "  - name: Probe\n    for: a probe\n    sees: nothing\n    in: US\n    hosts: [" OUTSIDE "]\n";
    bool listed = false;
    for (const char *line = text; *line != 0;) {
        size_t len = strcspn(line, "\n") + (strchr(line, '\n') != NULL);
        if (!line_is(line, "transfers:"))
            buf_add(ret, line, len);
        if (line_is(line, "processors:")) {
            buf_printf(ret, "%s%s", processor, entry);
            listed = true;
        }
        line += len;
    }
    if (ret->len > 0 && ret->data[ret->len - 1] != '\n')
        buf_char(ret, '\n');
    if (!listed)
        buf_printf(ret, "processors:\n%s%s", processor, entry);
    buf_printf(ret, "transfers: %s\n", transfers);
}

enum outcome { REFUSED, DENIED, LEFT };
static enum code with(const char *text, const char *transfers, const char *entry, enum outcome *ret, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(TEXT_MOST);
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    const struct finding *list;
    changed(text, transfers, entry, &b);
    if (f == NULL || b.failed)
        return err_set(reterr, E_MEMORY, "no memory for a charter");
    enum code code = charter_load_text("probe.yaml", buf_str(&b), b.len, f, &c, reterr);
    if (code == OK) {
        *ret = charter_reach(c, OUTSIDE, clock_now()) == REACH_OUTSIDE ? DENIED : LEFT;
        return OK;
    }
    size_t n = findings_list(f, &list);
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].id, "transfer-never") == 0 || strcmp(list[i].id, "transfer-missing") == 0 || strcmp(list[i].id, "two-lines-contradict") == 0) {
            *ret = REFUSED;
            return OK;
        }
    return code;
}

#define AGREED "    agreement: 2020-01-01 to 2099-12-31\n"
#define AGREED_ONCE "    agreement: 2020-01-01 to 2020-12-31\n"
enum code probe_transfers(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct { const char *transfers, *entry; enum outcome want; const char *what; } rows[] = {
        { "never outside the EEA", AGREED, REFUSED, "where nothing may leave the EEA" },
        { "only with an entry in the register", AGREED, REFUSED, "without an entry" },
        { "only with an entry in the register", AGREED "    transfer: until 2020-12-31, on standard contractual clauses\n", DENIED, "with an entry that has ended" },
        { "only with an entry in the register", AGREED_ONCE "    transfer: until 2020-12-31, on standard contractual clauses\n", DENIED, "with an entry and an agreement that have ended" },
        { "only with an entry in the register", AGREED "    transfer: until 2099-12-31, on standard contractual clauses\n", LEFT, "with an entry that lasts" },
    };
    AUTO(buf_done) struct buf text = BUF(TEXT_MOST);
    if (charter_value(env_charter(e), "transfers") == NULL)
        return SAY(v, true, "this charter says nothing of transfers");
    enum code code = file_read(charter_file(env_charter(e)), &text, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(rows); i++) {
        enum outcome got = LEFT;
        code = with(buf_str(&text), rows[i].transfers, rows[i].entry, &got, reterr);
        if (code == OK && got != rows[i].want)
            return SAY(v, false, "what goes to a processor outside the EEA %s %s", rows[i].what, got == LEFT ? "leaves" : "does not leave");
    }
    return code != OK ? code : SAY(v, true, "a processor outside the EEA is refused without an entry in the register, gets nothing when its entry has ended, and something while it lasts");
}
