/* report.c — the order is that of the charter, so that a line is found again by its number. */
#include "promises/report.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"

static const char *const marks[PROMISE_STATES] = {
    [PROMISE_KEPT] = "kept", [PROMISE_BROKEN] = "BROKEN", [PROMISE_LATER] = "not kept yet", [PROMISE_UNPROVED] = "not proved yet",
    [PROMISE_EVIDENCE_NEEDED] = "evidence needed", [PROMISE_EVIDENCED] = "evidenced", [PROMISE_EXPIRED] = "EVIDENCE EXPIRED", [PROMISE_DATED] = "due later", [PROMISE_OVERDUE] = "OVERDUE", [PROMISE_TEXT] = "said",
};

static void ids_add(const struct line *l, struct buf *ret) {
    for (size_t i = 0; i < l->id_count; i++)
        buf_printf(ret, "%s%s", i == 0 ? "  (" : ", ", l->ids[i]);
    if (l->id_count > 0)
        buf_char(ret, ')');
}

static void promise_text(const struct promise *p, struct buf *ret) {
    char when[40];
    buf_printf(ret, "%4d  %-16s  %s: %.100s", p->line->pos.line, marks[p->state], p->line->path, p->line->text == NULL ? "" : p->line->text);
    ids_add(p->line, ret);
    if (p->proved != 0)
        buf_printf(ret, "\n%26sproved %s: %s", "", time_format(p->proved / USEC_PER_SEC * USEC_PER_SEC, when, sizeof when), p->detail);
    if (p->until != NULL)
        buf_printf(ret, "\n%26s%s %s", "", p->state == PROMISE_DATED || p->state == PROMISE_OVERDUE ? "promised by" : "until", p->until);
    buf_char(ret, '\n');
}

static void counts_text(const struct promises *p, struct buf *ret) {
    bool first = true;
    for (int s = 0; s < PROMISE_STATES; s++) {
        size_t n = promises_count(p, (enum promise_state)s);
        if (n == 0)
            continue;
        buf_printf(ret, "%s%zu %s", first ? "" : ", ", n, promise_state_name((enum promise_state)s));
        first = false;
    }
    buf_char(ret, '\n');
}

void report_text(const struct charter *c, const struct promises *p, const struct probe_result *results, size_t count, struct buf *ret) {
    const struct promise *list;
    size_t n = promises_all(p, &list), tried = 0, kept = 0;
    buf_printf(ret, "%s\nline  state             promise\n", charter_name(c));
    for (size_t i = 0; i < n; i++)
        promise_text(&list[i], ret);
    for (size_t i = 0; i < count; i++) {
        tried += results[i].verdict.tried;
        kept += results[i].verdict.tried && results[i].verdict.kept;
        if (results[i].verdict.tried && !results[i].verdict.kept)
            buf_printf(ret, "BROKEN %s: %s\n", rule_name(results[i].probe->rule), results[i].verdict.detail);
    }
    if (count > 0)
        buf_printf(ret, "%s: %zu of %zu rules hold now; ", charter_name(c), kept, tried);
    counts_text(p, ret);
}

static json_t *promise_json(const struct promise *p) {
    char when[40];
    json_t *ids = json_array(), *o = json_object();
    for (size_t i = 0; i < p->line->id_count; i++)
        json_array_append_new(ids, json_string(p->line->ids[i]));
    json_object_set_new(o, "path", json_string(p->line->path));
    json_object_set_new(o, "text", json_string(p->line->text == NULL ? "" : p->line->text));
    json_object_set_new(o, "line", json_integer(p->line->pos.line));
    json_object_set_new(o, "ids", ids);
    json_object_set_new(o, "state", json_string(promise_state_name(p->state)));
    json_t *rules = json_array();
    for (size_t i = 0; i < p->line->rule_count; i++)
        json_array_append_new(rules, json_string(rule_name(p->line->rules[i])));
    json_object_set_new(o, "rules", rules);
    if (p->proved != 0)
        json_object_set_new(o, "proved", json_string(time_format(p->proved / USEC_PER_SEC * USEC_PER_SEC, when, sizeof when)));
    if (p->detail[0] != 0)
        json_object_set_new(o, "detail", json_string(p->detail));
    if (p->until != NULL)
        json_object_set_new(o, "until", json_string(p->until));
    if (p->sentence != NULL)
        json_object_set_new(o, "published", json_string(p->sentence));
    return o;
}

static json_t *results_json(const struct probe_result *results, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct probe_result *r = &results[i];
        if (r->verdict.tried)
            json_array_append_new(list, json_pack("{s:s,s:b,s:s,s:s,s:I}", "rule", rule_name(r->probe->rule), "kept", r->verdict.kept, "detail",
                                                  r->verdict.detail, "tries", r->probe->tries, "milliseconds", (json_int_t)(r->took / 1000)));
    }
    return list;
}

json_t *report_json(const struct charter *c, const struct promises *p, const struct probe_result *results, size_t count) {
    const struct promise *list;
    size_t n = promises_all(p, &list), lost = mem_lost();
    json_t *promises = json_array(), *counts = json_object();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(promises, promise_json(&list[i]));
    for (int s = 0; s < PROMISE_STATES; s++)
        json_object_set_new(counts, promise_state_name((enum promise_state)s), json_integer((json_int_t)promises_count(p, (enum promise_state)s)));
    json_t *report = json_pack("{s:s,s:o,s:o,s:o}", "service", charter_name(c), "promises", promises, "rules", results_json(results, count), "counts", counts);
    if (mem_lost() == lost)
        return report;
    json_decref(report);
    return NULL;
}
