/* probes_agreement.c — a tenant of the probes loses its agreement: nothing personal may come in by any door, and what is there stays in
 * reach. It gets it back, whatever happened. Tenants that take personal data without one break the rule as surely. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promises/probes.h"

struct doors { struct env *e; const struct canary *c; json_t *input, *patch; char kind[256], record[320], import[272], form[256]; struct buf row; };

static void doors_done(struct doors *d) {
    json_decref(d->input);
    json_decref(d->patch);
    buf_done(&d->row);
}
DEFINE_AUTO_VALUE(struct doors, doors_done)

/* A personal field that a record can be changed in alone. */
static const struct field *personal_field(const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].level > L_PLAIN && k->fields[i].consent == NULL && k->fields[i].type != T_FILE && k->fields[i].type != T_REFERENCE)
            return &k->fields[i];
    return NULL;
}

/* Everything that is sent when the gate is shut, and what it hangs on, made while it is open. */
static enum code doors_ready(struct doors *d, struct err *reterr) {
    int kind = env_personal_kind(d->e), form = -1;
    if (kind < 0)
        return err_set(reterr, E_BROKEN, "the charter holds no personal kind to try this on");
    const struct kind *k = charter_kind_at(env_charter(d->e), kind), *public = probe_form(d->e, &form);
    const struct field *f = personal_field(k);
    enum code code = canary_make(d->e, 0, kind, false, &d->c, reterr);
    if (code == OK)
        code = canary_input(d->e, 0, kind, false, &d->input, reterr);
    if (code == OK && public != NULL && public->personal)
        code = probe_form_path(d->e, public, d->form, sizeof d->form, reterr);
    if (code != OK)
        return code;
    snprintf(d->kind, sizeof d->kind, "/v1/%s/%s", env_service(d->e), k->name);
    snprintf(d->record, sizeof d->record, "%s/%s", d->kind, d->c->id);
    snprintf(d->import, sizeof d->import, "%s/import", d->kind);
    if (f != NULL)
        d->patch = json_pack("{s:{s:o}}", "fields", f->name, canary_value(d->e, f));
    char *row = json_dumps(json_object_get(d->input, "fields"), JSON_COMPACT);
    buf_printf(&d->row, "%s\n", row == NULL ? "" : row);
    free(row);
    return row == NULL || d->row.failed ? err_set(reterr, E_MEMORY, "no memory for a probe") : OK;
}

static enum code gate(struct env *e, bool open, int64_t *ret_lacking, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_agreement", json_pack("{s:I, s:b}", "tenant", (json_int_t)env_tenant(e, 0), "open", open), &got, reterr);
    if (code == OK)
        *ret_lacking = json_integer_value(json_object_get(got, "lacking"));
    json_decref(got);
    return code;
}

/* Says what is wrong, or leaves *v as it is. */
static enum code doors_try(struct doors *d, struct verdict_line *v, bool *ret_fine, struct err *reterr) {
    const struct { const char *what; struct call call; int want; bool tried; } rows[] = {
        { "a new record", { .method = "POST", .path = d->kind, .body = d->input }, 403, true },
        { "a changed value", { .method = "PATCH", .path = d->record, .body = d->patch }, 403, d->patch != NULL },
        { "an import", { .method = "POST", .path = d->import, .text = buf_str(&d->row), .type = "application/x-ndjson" }, 403, true },
        { "a public form", { .method = "GET", .path = d->form, .role = "" }, 403, d->form[0] != 0 },
        { "reading", { .method = "GET", .path = d->record }, 200, true },
    };
    *ret_fine = true;
    for (size_t i = 0; *ret_fine && i < ARRAY_LEN(rows); i++) {
        AUTO(answer_done) struct answer a = { 0 };
        if (!rows[i].tried)
            continue;
        enum code code = env_call(d->e, &rows[i].call, &a, reterr);
        if (code != OK)
            return code;
        if (a.status != rows[i].want) {
            *ret_fine = false;
            (void)SAY(v, false, "without an agreement %s answered %d instead of %d", rows[i].what, a.status, rows[i].want);
        }
    }
    return OK;
}

enum code probe_agreement(struct env *e, struct verdict_line *v, struct err *reterr) {
    AUTO(doors_done) struct doors d = { .e = e, .row = BUF(1u << 20) };
    AUTO(answer_done) struct answer after = { 0 };
    int64_t lacking = 0;
    bool fine = false;
    struct err late;
    if (!charter_agreement_first(env_charter(e)))
        return SAY(v, true, "the charter asks for no agreement");
    enum code code = doors_ready(&d, reterr);
    if (code == OK)
        code = gate(e, false, &lacking, reterr);
    if (code != OK)
        return code;
    code = doors_try(&d, v, &fine, reterr);
    enum code opened = gate(e, true, &lacking, &late);
    if (code == OK && opened != OK) {
        *reterr = late;
        code = opened;
    }
    if (code != OK || !fine)
        return code;
    code = env_call(e, &(struct call){ .method = "POST", .path = d.kind, .body = d.input }, &after, reterr);
    if (code != OK)
        return code;
    if (after.status != 201)
        return SAY(v, false, "with an agreement a new record answered %d", after.status);
    if (lacking > 0)
        return SAY(v, false, "%lld tenants held records before agreements were asked for, and theirs is not recorded yet: sejf tenant list names them", (long long)lacking);
    return SAY(v, true, "without an agreement a new record, a changed value, an import and a form are refused, and reading goes on; with one it is taken");
}
