/* cmd_prove.c — probes run here, as a client of the running installation; what they found goes to its ledger and page. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "prog/rings.h"
#include "prog/session.h"
#include "prog/tls.h"
#include "promises/report.h"

struct ask { const char *data, *config; bool json, all; struct option_list rules; struct plain_words words; };

static enum code read_ask(int argc, char *const *argv, struct ask *a, struct err *reterr) {
    *a = (struct ask){ .json = false };
    const struct option options[] = { { "data", OPTION_TEXT, &a->data }, { "config", OPTION_TEXT, &a->config }, { "json", OPTION_FLAG, &a->json },
                                      { "all", OPTION_FLAG, &a->all }, { "rule", OPTION_LIST, &a->rules } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 1, &a->words, reterr);
    enum rule rule;
    for (size_t i = 0; code == OK && i < a->rules.count; i++)
        if (!rule_find(a->rules.items[i], &rule))
            return err_set(reterr, E_USAGE, "there is no rule \"%s\"; `sejf rules` lists them", a->rules.items[i]);
    return code;
}

/* The probes' way to the control socket: `request` stays theirs. */
static enum code ask_control(void *arg, json_t *request, json_t **ret, struct err *reterr) {
    return session_call(arg, json_incref(request), NULL, NULL, NULL, ret, reterr);
}

/* Runs what was chosen; results of several runs (one for each --rule) are put together. */
static enum code run_probes(const struct ask *a, const struct probe_setup *setup, struct probe_result *results, size_t count, struct err *reterr) {
    uint64_t seq;
    struct probe_choice choice = { .all = a->all };
    if (a->rules.count == 0)
        return prove_run(setup, &choice, results, &seq, reterr);
    struct probe_result *one = mem_new_array(count, sizeof *one);
    enum code code = one == NULL ? err_set(reterr, E_MEMORY, "no memory for the results") : OK;
    for (size_t r = 0; code == OK && r < a->rules.count; r++) {
        choice = (struct probe_choice){ .one = true };
        (void)!rule_find(a->rules.items[r], &choice.rule);           /* known: read_ask has looked */
        code = prove_run(setup, &choice, one, &seq, reterr);
        for (size_t i = 0; code == OK && i < count; i++)
            if (one[i].verdict.tried || results[i].probe == NULL)
                results[i] = one[i];
    }
    mem_free(one);
    return code;
}

static enum code print_report(const struct ask *a, struct place *p, const struct charter *c, const struct probe_result *results, size_t count, bool *ret_broken, struct err *reterr) {
    struct proof *proofs = mem_new_array(count, sizeof *proofs);
    AUTO(promises_free) struct promises *promises = NULL;
    AUTO(buf_done) struct buf text = BUF(4u << 20);
    char today[16];
    size_t n = 0;
    if (proofs == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the report");
    for (size_t i = 0; i < count; i++)
        if (results[i].verdict.tried)
            proofs[n++] = (struct proof){ rule_name(results[i].probe->rule), results[i].verdict.kept, clock_now(), results[i].verdict.detail };
    struct civil day = zone_civil(charter_zone(c), clock_now());
    enum code code = promises_list(c, proofs, n, date_format(&day, today, sizeof today), &promises, reterr);
    for (size_t i = 0; i < n; i++)
        *ret_broken = *ret_broken || !proofs[i].kept;
    if (code == OK && a->json) {
        json_t *report = report_json(c, promises, results, count);   /* NULL: no memory, which the exit tells */
        json_object_set_new(report, "rings", rings_json(p));
        json_dumpf(report, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(report);
    } else if (code == OK) {
        report_text(c, promises, results, count, &text);
        fputs(buf_str(&text), stdout);
    }
    if (code == OK)
        *ret_broken = *ret_broken || promises_count(promises, PROMISE_BROKEN) > 0;
    mem_free(proofs);
    return code;
}

static enum code prove_one(const struct ask *a, struct place *p, struct session *s, const struct charter *c, bool *ret_broken, struct err *reterr) {
    const struct probe *table;
    size_t count = probes_list(&table);
    const struct probe_setup setup = { .charter = c, .url = place_url(p), .ca = tls_authority(p), .plain_port = place_instance(p)->plain,
        .data = place_data(p), .log = place_log(p), .control = ask_control, .control_arg = s };
    struct probe_result *results = mem_new_array(count, sizeof *results);
    if (results == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the results");
    enum code code = run_probes(a, &setup, results, count, reterr);
    if (code == OK)
        code = print_report(a, p, c, results, count, ret_broken, reterr);
    mem_free(results);
    return code;
}

enum code cmd_prove(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    bool broken = false;
    struct charter *const *charters;
    size_t n;
    AUTO(place_close) struct place *p = NULL;
    AUTO(session_close) struct session *s = NULL;
    enum code code = read_ask(argc, argv, &a, reterr);
    if (code == OK)
        code = place_open(a.data, a.config, &p, reterr);
    if (code == OK)
        code = place_charters(p, &charters, &n, reterr);
    if (code == OK && a.words.count == 1 && place_charter(p, a.words.at[0], reterr) == NULL)
        code = reterr->code;
    if (code == OK)
        code = session_open(p, &s, reterr);
    if (code == OK && !session_running(s))
        return err_set(reterr, E_PEER, "probes try the running service, and none runs; start it with `sejf serve --data %s`", place_data(p));
    if (code == OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(reterr, E_INTERNAL, "the HTTP client cannot be used");
    for (size_t i = 0; code == OK && i < n; i++)
        if (a.words.count == 0 || strcmp(charter_name(charters[i]), a.words.at[0]) == 0)
            code = prove_one(&a, p, s, charters[i], &broken, reterr);
    if (code == OK && !a.json) {
        AUTO(buf_done) struct buf rings = BUF(4096);
        rings_text(p, &rings);
        fputs(buf_str(&rings), stdout);
    }
    if (code == OK && broken) {
        *reterr = (struct err){ .code = E_BROKEN };
        code = E_BROKEN;                     /* the report has said which */
    }
    return code;
}
