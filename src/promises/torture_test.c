/* torture_test.c — the list of promises, its report and its page with the n-th allocation failing. */
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/torture.h"
#include "charter/explain.h"
#include "charter/load.h"
#include "promises/probe.h"
#include "promises/report.h"
#include "promises/view.h"
#include "records/testcharters.h"

#define NOW INT64_C(1795341600000000)          /* 2026-11-22T10:00:00Z */

struct scene { struct charter *charter; struct proof proofs[RULE_COUNT]; struct probe_result results[RULE_COUNT]; size_t proof_count, result_count; struct promises *promises; };

static enum code list(void *arg, struct buf *outcome, struct err *reterr) {
    const struct scene *s = arg;
    struct promises *p = NULL;
    enum code code = promises_list(s->charter, s->proofs, s->proof_count, "2026-11-22", &p, reterr);
    for (int state = 0; code == OK && state < PROMISE_STATES; state++)
        buf_printf(outcome, "%zu ", promises_count(p, (enum promise_state)state));
    promises_free(p);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

static enum code taken(json_t *doc, struct buf *outcome, struct err *reterr) {
    json_text_add(outcome, doc);
    json_decref(doc);
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the document") : OK;
}
static enum code report(void *arg, struct buf *outcome, struct err *reterr) {
    const struct scene *s = arg;
    return taken(report_json(s->charter, s->promises, s->results, s->result_count), outcome, reterr);
}
static enum code report_lines(void *arg, struct buf *outcome, struct err *reterr) {
    const struct scene *s = arg;
    report_text(s->charter, s->promises, s->results, s->result_count, outcome);
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the report") : OK;
}

static bool said(const struct charter *c, const struct line *line, enum lang lang, struct buf *ret) {
    explain_line(c, line, lang, ret);
    return ret->len > 0;
}
static struct view_page page_of(const struct scene *s) {
    return (struct view_page){ .charter = s->charter, .promises = s->promises, .lang = LANG_PL, .now = NOW, .sentence = said };
}
static enum code page_json(void *arg, struct buf *outcome, struct err *reterr) {
    struct view_page v = page_of(arg);
    return taken(view_json(&v), outcome, reterr);
}
/* Whoever sends it asks whether a piece of it was lost. */
static enum code page_html(void *arg, struct buf *outcome, struct err *reterr) {
    struct view_page v = page_of(arg);
    size_t lost = mem_lost();
    view_html(&v, outcome);
    return outcome->failed || mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for the page") : OK;
}

static void scene_start(struct scene *s) {
    AUTO(findings_free) struct findings *f = findings_new();
    const struct probe *probes;
    struct err e;
    *s = (struct scene){ .charter = NULL };
    CHECK_OK(charter_load_text("events.yaml", events_charter, strlen(events_charter), f, &s->charter, &e), &e);
    size_t n = probes_list(&probes);
    for (size_t i = 0; i < n && i < RULE_COUNT; i++) {
        s->results[s->result_count++] = (struct probe_result){ .probe = &probes[i], .took = 3000, .verdict = { .kept = i % 3 != 0, .tried = true, .detail = "tried \"so\"" } };
        s->proofs[s->proof_count++] = (struct proof){ .rule = rule_name(probes[i].rule), .kept = i % 3 != 0, .at = NOW - USEC_PER_HOUR, .detail = "held <so>" };
    }
    CHECK_OK(promises_list(s->charter, s->proofs, s->proof_count, "2026-11-22", &s->promises, &e), &e);
}

TEST(what_is_told_of_promises_is_whole_or_refused) {
    static struct scene s;
    static const struct { const char *name; enum code (*call)(void *, struct buf *, struct err *); long stride; } calls[] = {
        { "list of promises", list, 1 }, { "report as JSON", report, 7 }, { "report", report_lines, 1 }, { "page as JSON", page_json, 17 }, { "page", page_html, 5 },
    };
    bool fine = true;
    scene_start(&s);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        fine &= torture(&(struct torture){ .name = calls[i].name, .call = calls[i].call, .arg = &s, .stride = calls[i].stride });
    promises_free(s.promises);
    charter_free(s.charter);
    CHECK(fine);
}
