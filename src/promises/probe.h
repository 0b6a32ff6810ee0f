/* probe.h — a probe tries one rule on the running service from outside, as an attacker or a user would, and says
 * what it saw. One row of probes.tbl for each rule that is obeyed. A probe never prints a value that it made.
 * Single-threaded; everything belongs to the environment and is freed with it. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "charter/charter.h"

typedef enum code (*control_fn)(void *arg, json_t *request, json_t **ret, struct err *reterr);

struct probe_setup {
    const struct charter *charter;
    const char *url;                  /* "https://localhost:8443" */
    const char *ca;                   /* file of the certificate to trust */
    int plain_port;
    const char *data;                 /* data directory */
    const char *log;                  /* log file, or NULL */
    control_fn control; void *control_arg;
};

struct env;                           /* what the probes of one run share: tenants, tokens, canaries, HTTP client */
struct verdict_line { bool kept; bool tried; char detail[320]; };

/* A probe fills *v; an error means that it could not be tried, which counts as broken. */
typedef enum code (*probe_fn)(struct env *e, struct verdict_line *v, struct err *reterr);
struct probe { enum rule rule; probe_fn run; const char *tries; };
size_t probes_list(const struct probe **ret);
const struct probe *probe_of(enum rule rule);       /* NULL: none */

struct probe_result { const struct probe *probe; struct verdict_line verdict; usec_t took; };
/* Which probes: those of the charter's lines, every row, or the row of one rule. */
struct probe_choice { bool all; bool one; enum rule rule; };
/* Runs them, and hands the results to the server for ledger and page. ret: as many as probes_list; those not run
 * have tried == false. */
MUST_USE enum code prove_run(const struct probe_setup *s, const struct probe_choice *choice, struct probe_result *ret, uint64_t *ret_seq, struct err *reterr);
