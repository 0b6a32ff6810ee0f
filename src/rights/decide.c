/* decide.c — what is granted is done here, by the functions that anybody's changes go through, and only then put on record. Each of them may
 * be repeated: a request that was cut between doing and recording is decided again and finds less to do. Recipients (Art. 19) are read from the
 * ledger before anything goes, since an erasure cuts what leads there. */
#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "records/looks.h"
#include "records/service.h"
#include "rights/objection.h"
#include "rights/restriction.h"
#include "rights/rights_erase.h"
#include "rights/subject.h"
#include "rights/tell.h"

#define SUBJECT_ROOM ((size_t)64 << 20)
#define LOOKED_AT 200u                        /* records whose readers are looked for */
#define RECIPIENTS_MAX 200u

struct deciding {
    struct request_work *w; const struct request_by *by; json_t *what;     /* of the caller */
    struct arena *arena; struct subject subject;
    json_t *done, *recipients, *mistakes;
};

/* ---- recipients */

static bool recipient_known(const json_t *list, const char *who) {
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)(uintptr_t)list, i, one)
        if (strcmp(json_string_value(json_object_get(one, "who")), who) == 0)
            return true;
    return false;
}

static void recipient_add(struct deciding *x, const char *who, const char *what, const char *how) {
    if (json_array_size(x->recipients) >= RECIPIENTS_MAX || recipient_known(x->recipients, who))
        return;
    json_array_append_new(x->recipients, json_pack("{s:I, s:s, s:s, s:s, s:n}", "number", (json_int_t)json_array_size(x->recipients) + 1, "who", who, "what", what, "how", how, "told"));
}

/* Processors that the charter names, but for those who see nothing that can be read. */
static void processors_add(struct deciding *x) {
    const struct charter *c = service_charter(x->w->desk->service);
    for (int i = 0; i < 64; i++) {
        char path[64];
        snprintf(path, sizeof path, "processors.%d.name", i);
        const char *name = charter_value(c, path);
        if (name == NULL)
            return;
        snprintf(path, sizeof path, "processors.%d.sees", i);
        const char *sees = charter_text(c, path, LANG_EN);
        if (sees == NULL || strncmp(sees, "nothing", 7) != 0)
            recipient_add(x, name, sees == NULL ? "" : sees, "processor");
    }
}

/* Who took a copy of a record, or read it through a window for the operator's staff. */
static enum code readers_add(struct deciding *x, const struct subject_record *r, struct err *reterr) {
    const struct request_desk *d = x->w->desk;
    const struct looks_query q = { .of_record = true, .kind = r->kind, .id = r->id, .before = INT64_MAX, .limit = 200 };
    json_t *page = NULL, *one;
    size_t i;
    enum code code = looks_list(d->service, d->tenant, &q, &page, reterr);
    json_array_foreach(json_object_get(page, "items"), i, one) {
        const char *how = json_string_value(json_object_get(one, "how")), *who = json_string_value(json_object_get(one, "who")), *account = json_string_value(json_object_get(one, "account"));
        bool exported = how != NULL && strcmp(how, "export") == 0, window = json_object_get(one, "window") != NULL;
        const char *name = account == NULL ? who : arena_printf(x->arena, "account %s", account);
        if ((exported || window) && name != NULL)
            recipient_add(x, name, json_string_value(json_object_get(one, "kind")) ?: "", exported ? "copy" : "window");
    }
    json_decref(page);
    return code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED ? OK : code;
}

static enum code recipients_find(struct deciding *x, struct err *reterr) {
    enum code code = OK;
    if (!rule_on(RULE_right_rectification))
        return OK;
    processors_add(x);
    for (size_t i = 0; code == OK && i < x->subject.count && i < LOOKED_AT; i++)
        code = readers_add(x, &x->subject.list[i], reterr);
    return code;
}

/* ---- what is granted */

static bool is_subjects(const struct deciding *x, int kind, const struct uuid *id) {
    for (size_t i = 0; i < x->subject.count; i++)
        if (x->subject.list[i].kind == kind && uuid_compare(&x->subject.list[i].id, id) == 0)
            return true;
    return false;
}

static enum code record_named(const struct deciding *x, const char *text, int *ret_kind, struct uuid *ret_id, struct err *reterr) {
    if (!request_record(x->w->desk, text, ret_kind, ret_id) || !is_subjects(x, *ret_kind, ret_id))
        return err_field(reterr, E_FIELDS, "/record", "a record is named by \"kind/id\", and is one of this person's (GET …/requests/{number} lists them)");
    return OK;
}

static enum code change(struct deciding *x, int kind, const struct uuid *id, json_t *fields, json_t *consents, struct err *reterr) {
    const struct record_request r = { .who = x->by->caller, .kind = kind, .id = *id, .input = fields, .consents = consents, .if_match = -1, .lang = LANG_EN };
    json_t *made = NULL;
    enum code code = record_change(x->w->desk->service, &r, &made, &x->mistakes, reterr);
    json_decref(made);
    return code;
}

/* [{record, fields}]: which fields were set, never to what: the records say that. */
static enum code rectify(struct deciding *x, struct err *reterr) {
    json_t *list = json_object_get(x->what, "changes"), *one, *said = json_array();
    size_t i;
    enum code code = json_array_size(list) == 0 ? err_field(reterr, E_FIELDS, "/changes", "what is corrected: [{\"record\": \"kind/id\", \"fields\": {…}}]") : OK;
    json_array_foreach(list, i, one) {
        json_t *fields = json_object_get(one, "fields"), *value, *names = json_array();
        const char *name;
        struct uuid id;
        int kind = -1;
        if (code == OK)
            code = record_named(x, json_string_value(json_object_get(one, "record")), &kind, &id, reterr);
        if (code == OK && json_object_size(fields) == 0)
            code = err_field(reterr, E_FIELDS, "/fields", "the fields of a correction are missing");
        if (code == OK)
            code = change(x, kind, &id, fields, NULL, reterr);
        json_object_foreach(fields, name, value)
            json_array_append_new(names, json_string(name));
        json_array_append_new(said, json_pack("{s:O?, s:o}", "record", json_object_get(one, "record"), "fields", names));
    }
    json_object_set_new(x->done, "changed", said);
    return code;
}

static enum code erase(struct deciding *x, struct err *reterr) {
    json_t *only = json_object_get(x->what, "records"), *one, *erased = NULL;
    struct subject_record *list = x->subject.list;
    size_t count = x->subject.count, i;
    enum code code = OK;
    if (only != NULL) {
        list = arena_get(x->arena, (json_array_size(only) + 1) * sizeof *list);
        count = 0;
        if (list == NULL)
            return request_memory(reterr);
        json_array_foreach(only, i, one) {
            if (code == OK)
                code = record_named(x, json_string_value(one), &list[count].kind, &list[count].id, reterr);
            count++;
        }
    }
    if (code == OK)
        code = rights_erase(x->w->desk->service, x->by->caller, list, count, &erased, reterr);
    if (code == OK)
        json_object_update(x->done, erased);
    json_decref(erased);
    return code;
}

/* Does the kind, one of its fields or one of its purposes rest on the consent of that name? */
static bool rests_on(const struct kind *k, const char *consent) {
    bool rests = kind_consent_rule(k, consent) != NULL || (k->because != NULL && strncmp(k->because, "consent ", 8) == 0 && strcmp(k->because + 8, consent) == 0);
    for (size_t f = 0; f < k->field_count && !rests; f++)
        rests = k->fields[f].consent != NULL && strcmp(k->fields[f].consent, consent) == 0;
    return rests;
}

static bool consent_known(const struct charter *c, const char *consent) {
    const struct kind *kinds;
    size_t count = charter_kinds(c, &kinds);
    for (size_t i = 0; i < count; i++)
        if (rests_on(&kinds[i], consent))
            return true;
    return false;
}

/* The consent that was named, in every record of the person that has it. One that the charter knows nothing of is a slip of the pen: nobody
 * may be answered that it was taken back. */
static enum code withdraw(struct deciding *x, struct err *reterr) {
    const char *consent = json_string_value(json_object_get(x->what, "consent")) ?: json_string_value(json_object_get(x->w->entry, "consent"));
    const struct charter *c = service_charter(x->w->desk->service);
    enum code code = consent == NULL ? err_field(reterr, E_FIELDS, "/consent", "which consent is withdrawn") :
        consent_known(c, consent) ? OK : err_field(reterr, E_FIELDS, "/consent", "the charter has no consent of that name");
    json_int_t records = 0;
    for (size_t i = 0; code == OK && i < x->subject.count; i++) {
        if (!rests_on(charter_kind_at(c, x->subject.list[i].kind), consent))
            continue;
        json_t *given = json_pack("{s:b}", consent, 0), *fields = json_object();
        code = change(x, x->subject.list[i].kind, &x->subject.list[i].id, fields, given, reterr);
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
        json_decref(given);
        json_decref(fields);
        records++;
    }
    json_object_set_new(x->done, "consent", json_string(consent == NULL ? "" : consent));
    json_object_set_new(x->done, "records", json_integer(records));
    return code;
}

static enum code restrict_all(struct deciding *x, struct err *reterr) {
    enum code code = OK;
    json_int_t records = 0;
    for (size_t i = 0; code == OK && i < x->subject.count; i++) {
        code = restriction_set(x->w->desk->service, x->by->caller, x->subject.list[i].kind, &x->subject.list[i].id, x->w->row.number, reterr);
        records += code == OK;
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
    }
    json_object_set_new(x->done, "records", json_integer(records));
    return code;
}

/* To the use for that purpose, in every kind that has it. */
static enum code object(struct deciding *x, struct err *reterr) {
    const char *purpose = json_string_value(json_object_get(x->what, "purpose")) ?: json_string_value(json_object_get(x->w->entry, "purpose"));
    enum code code = purpose == NULL ? err_field(reterr, E_FIELDS, "/purpose", "to which use the person objects, as the charter names it") : OK;
    json_int_t records = 0;
    for (size_t i = 0; code == OK && i < x->subject.count; i++) {
        if (kind_purpose(charter_kind_at(service_charter(x->w->desk->service), x->subject.list[i].kind), purpose) < 0)
            continue;
        code = objection_make(x->w->desk->service, x->by->caller, x->subject.list[i].kind, &x->subject.list[i].id, purpose, NULL, reterr);
        records += code == OK;
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
    }
    if (code == OK && records == 0 && x->subject.count > 0)
        return err_field(reterr, E_FIELDS, "/purpose", "no record of this person is used for a purpose of that name");
    json_object_set_new(x->done, "purpose", json_string(purpose == NULL ? "" : purpose));
    json_object_set_new(x->done, "records", json_integer(records));
    return code;
}

static enum code nothing(struct deciding *x, struct err *reterr) {
    (void)x;
    (void)reterr;
    return OK;
}

static const struct { enum code (*run)(struct deciding *x, struct err *reterr); bool tells; } deeds[REQUEST_TYPES] = {
    [REQUEST_ACCESS] = { nothing, false }, [REQUEST_RECTIFICATION] = { rectify, true }, [REQUEST_ERASURE] = { erase, true }, [REQUEST_RESTRICTION] = { restrict_all, true },
    [REQUEST_PORTABILITY] = { nothing, false }, [REQUEST_OBJECTION] = { object, false }, [REQUEST_WITHDRAWAL] = { withdraw, false }, [REQUEST_AUTOMATED] = { nothing, false },
};

/* ---- the decision */

static enum code decide(struct deciding *x, struct err *reterr) {
    struct request_work *w = x->w;
    enum code code = request_may(w, EVENT_DECIDED, reterr);
    if (code == OK && x->by->caller == NULL)
        code = err_set(reterr, E_FORBIDDEN, "a request is decided by somebody who may change the records");
    if (code == OK)
        code = request_subject(w, x->arena, &x->subject, reterr);
    if (code == OK && deeds[w->row.type].tells)
        code = recipients_find(x, reterr);
    if (code == OK)
        code = request_text(json_string_value(json_object_get(x->what, "note")), "/note", false, REQUEST_TEXT, x->done, "note", reterr);
    return code == OK ? deeds[w->row.type].run(x, reterr) : code;
}

enum code request_decide(const struct request_desk *d, int64_t number, json_t *what, const struct request_by *by, json_t **ret_mistakes, struct err *reterr) {
    PRE(d != NULL && by != NULL && ret_mistakes != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    AUTO(arena_free) struct arena *arena = arena_new(SUBJECT_ROOM);
    struct deciding x = { .w = &w, .by = by, .what = what, .arena = arena, .done = json_object(), .recipients = json_array() };
    size_t lost = mem_lost();
    enum code code = arena == NULL ? request_memory(reterr) : request_open(d, number, &w, reterr);
    if (code == OK)
        code = decide(&x, reterr);
    if (code == OK) {
        bool stayed = json_array_size(json_object_get(x.done, "stayed")) > 0;
        json_object_set_new(w.entry, "decision", json_pack("{s:s, s:s?, s:s, s:o, s:O}", "granted", stayed ? "in part" : "whole", "name", by->name, "who", by->who,
                                                           "at", request_time(clock_now()), "done", x.done));
        json_object_set(w.entry, "recipients", x.recipients);
        code = mem_lost() != lost ? request_memory(reterr) : request_next_step(&w, EVENT_DECIDED, by, NULL, reterr);
    }
    json_decref(x.done);
    json_decref(x.recipients);
    if (code == OK)
        json_decref(x.mistakes);
    else
        *ret_mistakes = x.mistakes;
    return code;
}
