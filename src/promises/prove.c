/* prove.c — one run: two tenants are made, the probes of the charter's rules run one after the other, the results
 * go to the server, and the tenants are erased, also when a probe could not be tried. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "promises/probes.h"
#include "promises/run.h"

static const struct probe table[] = {
#define PROBE(rule, fn, tries) { RULE_##rule, fn, tries },
#include "promises/probes.tbl"
#undef PROBE
};

size_t probes_list(const struct probe **ret) {
    *ret = table;
    return ARRAY_LEN(table);
}

const struct probe *probe_of(enum rule rule) {
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].rule == rule)
            return &table[i];
    return NULL;
}

static void env_done(struct env *e) {
    for (size_t i = 0; i < e->canary_count; i++) {
        json_decref(e->canaries[i]->fields);
        json_decref(e->canaries[i]->consents);
        mem_free(e->canaries[i]);
    }
    json_decref(e->tokens[0]);
    json_decref(e->tokens[1]);
    if (e->curl != NULL)
        curl_easy_cleanup(e->curl);
    mem_free(e);
}

static enum code env_begin(struct env *e, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_begin", NULL, &got, reterr);
    if (code != OK)
        return code;
    for (size_t i = 0; i < 2; i++) {
        e->tenants[i] = json_integer_value(json_array_get(json_object_get(got, "tenants"), i));
        e->tokens[i] = json_incref(json_array_get(json_object_get(got, "tokens"), i));
    }
    json_decref(got);
    return OK;
}

static json_t *results_json(const struct probe_result *r, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        if (r[i].verdict.tried)
            json_array_append_new(list, json_pack("{s:s,s:b,s:s}", "rule", rule_name(r[i].probe->rule), "kept", r[i].verdict.kept, "detail", r[i].verdict.detail));
    return list;
}

static enum code env_end(struct env *e, const struct probe_result *r, uint64_t *ret_seq, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_end", json_pack("{s:[I,I],s:o}", "tenants", (json_int_t)e->tenants[0], (json_int_t)e->tenants[1],
                                 "results", results_json(r, ARRAY_LEN(table))), &got, reterr);
    if (code == OK)
        *ret_seq = (uint64_t)json_integer_value(json_object_get(got, "seq"));
    json_decref(got);
    return code;
}

static bool rule_wanted(const struct charter *c, const struct probe_choice *choice, enum rule rule) {
    if (choice->one || choice->all)
        return choice->all || choice->rule == rule;
    const struct line *lines;
    size_t n = charter_lines(c, &lines);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < lines[i].rule_count; k++)
            if (lines[i].rules[k] == rule)
                return true;
    return false;
}

static void probe_try(struct env *e, struct probe_result *r) {
    struct err err = { 0 };
    usec_t start = clock_steady();
    if (r->probe->run(e, &r->verdict, &err) != OK)
        (void)verdict_say(&r->verdict, false, "could not be tried: %s%s%s", err.text, err.hidden[0] != 0 ? ": " : "", err.hidden);
    r->took = clock_steady() - start;
}

enum code prove_run(const struct probe_setup *s, const struct probe_choice *choice, struct probe_result *ret, uint64_t *ret_seq, struct err *reterr) {
    struct env *e = mem_new(sizeof *e);
    if (e == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the probes");
    size_t lost = mem_lost();
    e->setup = s;
    e->curl = curl_easy_init();
    crypto_random(&e->seed, sizeof e->seed);
    e->seed >>= 16;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        ret[i] = (struct probe_result){ .probe = &table[i] };
    enum code code = e->curl == NULL ? err_set(reterr, E_MEMORY, "no memory for an HTTP client") : env_begin(e, reterr);
    if (code == OK) {
        for (size_t i = 0; i < ARRAY_LEN(table); i++)
            if (rule_wanted(s->charter, choice, table[i].rule))
                probe_try(e, &ret[i]);
        bool whole = mem_lost() == lost && !e->lost;
        for (size_t i = 0; i < ARRAY_LEN(table) && !whole; i++)
            ret[i].verdict.tried = false;      /* neither kept nor broken: a probe without memory says nothing of the service */
        code = env_end(e, ret, ret_seq, reterr);
        if (code == OK && !whole)
            code = err_set(reterr, E_MEMORY, "no memory for the probes: nothing was recorded; run them again");
    }
    env_done(e);
    return code;
}
