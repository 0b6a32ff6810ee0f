/* import.c — tables and lines become records: read and checked by the caller's thread, written by another, batch by batch.
 *
 * A mapping names the field of each foreign header: {"E-mail": "email"}; "" or null leaves a column out;
 * {"Status": {"field": "state", "values": {"on": "subscribed"}}} has other words for values too (a word that is not listed
 * stays); "=event": "<id>", or "*": {"event": "<id>"}, gives every row the same value. With a mapping, columns that it does
 * not name and that are no fields are passed over; without one they are a mistake of the whole import. id, consents, and what an export adds (number, version, created, updated, due) are
 * known. */
#include <stdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "records/agreed.h"
#include "records/batch.h"
#include "records/copies.h"
#include "records/csv.h"
#include "records/input.h"
#include "records/use.h"

enum column_type { TO_FIELD, TO_ID, TO_CONSENTS, TO_NOTHING };
struct column { enum column_type type; const char *field; json_t *values; };       /* values: other words, borrowed; or NULL */
#define FIXED_MAX 16
struct import {
    struct service *s; const struct caller *who; const struct kind_info *k; enum stream_format format; json_t *mapping;
    const struct sink *out; struct csv *in;
    struct column columns[CSV_COLUMNS_MAX]; size_t column_count;
    struct column fixed[FIXED_MAX]; const char *fixed_values[FIXED_MAX]; size_t fixed_count;
    struct batch *batch;
    uint64_t made, refused, done, told;
    uint64_t refused_line;
    /* the thread that writes, and the one batch that is with it */
    pthread_t thread; pthread_mutex_t lock; pthread_cond_t wake; struct batch *given, *back; bool stop, running, gone, lost;
};

/* ---- the report */
#define SAY_MAX (1u << 20)
static bool say(struct import *m, json_t *line) {
    AUTO(buf_done) struct buf text = BUF(SAY_MAX);
    json_text_add(&text, line);
    buf_char(&text, '\n');
    json_decref(line);
    m->lost = m->lost || text.failed;
    m->gone = m->gone || (!text.failed && !m->out->write(m->out->arg, buf_str(&text), text.len));
    return !m->gone && !text.failed;
}

#define TELL_EVERY 10000u
static enum code report(struct import *m, struct batch *b, struct err *reterr) {
    size_t i;
    json_t *row;
    m->made += b->made;
    json_array_foreach(b->refused, i, row) {
        uint64_t line = (uint64_t)json_integer_value(json_object_get(row, "line"));
        m->refused += line != m->refused_line;             /* a row with several mistakes is one */
        m->refused_line = line;
        (void)say(m, json_incref(row));
    }
    m->done = m->made + m->refused;
    if (m->done - m->told >= TELL_EVERY) {
        (void)say(m, json_pack("{s:I}", "done", (json_int_t)m->done));
        m->told = m->done;
    }
    if (b->code != OK)
        *reterr = b->err;
    return b->code;
}

/* ---- the thread that writes */
static void *writer_main(void *arg) {
    struct import *m = arg;
    pthread_mutex_lock(&m->lock);
    for (;;) {
        while (m->given == NULL && !m->stop)
            pthread_cond_wait(&m->wake, &m->lock);
        struct batch *b = m->given;
        if (b == NULL)
            break;
        m->given = NULL;
        pthread_mutex_unlock(&m->lock);
        batch_write(b);
        pthread_mutex_lock(&m->lock);
        m->back = b;
        pthread_cond_broadcast(&m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

static struct batch *writer_take(struct import *m) {
    pthread_mutex_lock(&m->lock);
    while (m->back == NULL)
        pthread_cond_wait(&m->wake, &m->lock);
    struct batch *b = m->back;
    m->back = NULL;
    pthread_mutex_unlock(&m->lock);
    return b;
}

static void writer_give(struct import *m, struct batch *b) {
    pthread_mutex_lock(&m->lock);
    m->given = b;
    pthread_cond_broadcast(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

static enum code told(const struct import *m, struct err *reterr) {
    if (m->gone)
        return err_set(reterr, E_PEER, "the one who imports has gone");
    return m->lost ? err_set(reterr, E_MEMORY, "no memory for the report of an import") : OK;
}

/* The batch before is back, this one goes. m->running: one is with the writer. */
static enum code hand_over(struct import *m, struct err *reterr) {
    enum code code = OK;
    if (m->running) {
        AUTO(batch_free) struct batch *before = writer_take(m);
        m->running = false;
        code = report(m, before, reterr);
    }
    if (code == OK && m->batch != NULL) {
        facts_end(&m->batch->facts);           /* a view belongs to the thread that opened it */
        writer_give(m, m->batch);
        m->batch = NULL;
        m->running = true;
    }
    return code == OK ? told(m, reterr) : code;
}

static enum code batch_ready(struct import *m, struct err *reterr) {
    enum code code = OK;
    if (m->batch != NULL && m->batch->count == BATCH_ROWS)
        code = hand_over(m, reterr);
    if (code == OK && m->batch == NULL)        /* an agreement that ends stops a long import, too */
        code = agreed_first(m->s, m->who->tenant, m->k->kind, reterr);
    if (code == OK && m->batch == NULL && (m->batch = batch_new(m->s, m->who, m->k, LANG_EN)) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for an import");
    return code;
}

/* ---- rows */
static const char *const known[] = { "number", "version", "created", "updated", "due" };

static bool same_header(const char *a, const char *b) {
    for (; *a != 0 && *b != 0; a++, b++) {
        char x = *a == ' ' || *a == '-' ? '_' : *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        if (x != *b)
            return false;
    }
    return *a == *b;
}

static bool own_name(const struct import *m, const char *header, struct column *ret) {
    const struct kind *k = m->k->kind;
    for (size_t i = 0; i < k->field_count; i++)
        if (same_header(header, k->fields[i].name)) {
            *ret = (struct column){ .type = TO_FIELD, .field = k->fields[i].name };
            return true;
        }
    if (k->parent >= 0 && same_header(header, service_kind(m->s, k->parent)->kind->name)) {
        *ret = (struct column){ .type = TO_FIELD, .field = service_kind(m->s, k->parent)->kind->name };
        return true;
    }
    if (same_header(header, "id") || same_header(header, "consents")) {
        *ret = (struct column){ .type = header[0] == 'i' || header[0] == 'I' ? TO_ID : TO_CONSENTS };
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (same_header(header, known[i])) {
            *ret = (struct column){ .type = TO_NOTHING };
            return true;
        }
    return false;
}

static enum code no_field(const struct import *m, const char *name, struct err *reterr) {
    return err_set(reterr, E_INVALID, "the mapping names %s, which is no field of %s", input_name_shown(name) ? name : "something", m->k->kind->name);
}

/* The place of a foreign name. */
static enum code place_of(const struct import *m, const char *header, struct column *ret, struct err *reterr) {
    json_t *told = header[0] == '=' || strcmp(header, "*") == 0 ? NULL : json_object_get(m->mapping, header);
    const char *to = json_string_value(json_is_object(told) ? json_object_get(told, "field") : told);
    if (json_is_null(told) || (to != NULL && to[0] == 0)) {
        *ret = (struct column){ .type = TO_NOTHING };
        return OK;
    }
    if (own_name(m, to == NULL ? header : to, ret)) {
        ret->values = json_is_object(told) ? json_object_get(told, "values") : NULL;
        return OK;
    }
    if (to != NULL)
        return no_field(m, to, reterr);
    *ret = (struct column){ .type = TO_NOTHING };
    return m->mapping != NULL ? OK : err_set(reterr, E_INVALID, "a column of the first line is no field of %s (columns are named like fields; a mapping says what foreign headers "
                                                                "mean, and passes the others over)", m->k->kind->name);
}

static bool words_only(json_t *o) {
    const char *name;
    json_t *v;
    bool fine = o == NULL || json_is_object(o);
    json_object_foreach(o, name, v)
        fine = fine && json_is_string(v);
    return fine;
}

/* The shape of the mapping, so that a slip in it refuses the import and not each row. */
static enum code mapping_check(json_t *mapping, struct err *reterr) {
    const char *name;
    json_t *v;
    bool fine = mapping == NULL || json_is_object(mapping);
    json_object_foreach(mapping, name, v) {
        bool object = json_is_object(v), all = strcmp(name, "*") == 0;
        fine = fine && (all ? object && words_only(v)
                            : json_is_string(v) || (json_is_null(v) && name[0] != '=') ||
                                  (object && json_is_string(json_object_get(v, "field")) && words_only(json_object_get(v, "values"))));
    }
    return fine ? OK : err_set(reterr, E_INVALID, "the mapping must be a JSON object of {\"foreign header\": \"field\"}; instead of \"field\" may stand null (leave it out) or "
                                                  "{\"field\": \"…\", \"values\": {\"foreign\": \"ours\"}}, and \"*\": {\"field\": \"value\"} gives every row a value");
}

static enum code fixed_add(struct import *m, const char *name, const char *value, struct err *reterr) {
    struct column *to = &m->fixed[m->fixed_count];
    if (m->fixed_count == FIXED_MAX)
        return err_set(reterr, E_INVALID, "the mapping sets more than %d fields for every row", FIXED_MAX);
    if (!own_name(m, name, to) || (to->type != TO_FIELD && to->type != TO_CONSENTS))
        return no_field(m, name, reterr);
    m->fixed_values[m->fixed_count++] = value;
    return OK;
}

static enum code fixed_read(struct import *m, struct err *reterr) {
    const char *name;
    json_t *v;
    enum code code = OK;
    json_object_foreach(m->mapping, name, v)
        if (code == OK && name[0] == '=' && json_is_string(v))
            code = fixed_add(m, name + 1, json_string_value(v), reterr);
    json_object_foreach(json_object_get(m->mapping, "*"), name, v)
        if (code == OK)
            code = fixed_add(m, name, json_string_value(v), reterr);
    return code;
}

/* "2024-11-17 10:29:00.25 +0000 UTC", as other programs print a time, becomes "2024-11-17T10:29:00.25+00:00". */
#define FOREIGN_TIME_MAX 48
static bool foreign_time(const char *text, size_t len, char ret[FOREIGN_TIME_MAX]) {
    size_t zone, i;
    if (len < 25 || len >= FOREIGN_TIME_MAX - 2 || text[10] != ' ')
        return false;
    zone = 11 + strcspn(text + 11, " ");
    if (zone + 6 > len || (text[zone + 1] != '+' && text[zone + 1] != '-'))
        return false;
    for (i = zone + 2; i < zone + 6; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    if (text[i] != 0 && text[i] != ' ')        /* the name of the zone may follow: the offset has said all */
        return false;
    snprintf(ret, FOREIGN_TIME_MAX, "%.10sT%.*s%.3s:%.2s", text, (int)(zone - 11), text + 11, text + zone + 1, text + zone + 4);
    return true;
}

/* Other words of the mapping, and times as other programs write them. */
static void translate(const struct import *m, const struct column *to, struct raw *raw, char time[FOREIGN_TIME_MAX]) {
    if (raw->type != RAW_TEXT)
        return;
    const char *ours = to->values == NULL ? NULL : json_string_value(json_object_getn(to->values, raw->text, raw->len));
    if (ours != NULL)
        *raw = raw_cell(ours, strlen(ours), false);
    int f = to->type == TO_FIELD ? kind_field(m->k->kind, to->field) : -1;
    if (f >= 0 && m->k->kind->fields[f].type == T_TIME && foreign_time(raw->text, raw->len, time))
        *raw = raw_cell(time, strlen(time), false);
}

struct coming { struct input in; struct mistakes mistakes; struct record_request request; json_t *consents; };

static enum code take(struct import *m, struct coming *row, const struct column *to, const struct raw *given, struct err *reterr) {
    char time[FOREIGN_TIME_MAX];
    struct raw raw = *given;
    translate(m, to, &raw, time);
    if (to->type == TO_FIELD)
        return input_take(m->s, m->k, to->field, &raw, m->batch->arena, &row->mistakes, &row->in, reterr);
    if (to->type == TO_ID && raw.type == RAW_TEXT && (!use_knows(m->s, m->who, m->k->index) || !uuid_parse(raw.text, &row->request.id)))
        mistakes_add(&row->mistakes, "/id", SAYS_reference, NULL);
    return OK;
}

/* "diet newsletter": names with anything between them. */
static void consent_words(struct import *m, struct coming *row, const char *text) {
    while (*text != 0) {
        size_t n = strcspn(text, " ,;");
        int c = -1;
        for (size_t i = 0; i < m->k->consent_count; i++)
            if (strlen(m->k->consents[i]) == n && strncmp(m->k->consents[i], text, n) == 0)
                c = (int)i;
        if (c >= 0)
            row->in.consent_named[c] = row->in.consent_given[c] = true;
        else if (n > 0)
            mistakes_add(&row->mistakes, "/consents", SAYS_no_consent, NULL);
        text += n + strspn(text + n, " ,;");
    }
}

static enum code row_end(struct import *m, struct coming *row, uint64_t line, enum code code, struct err *reterr) {
    for (size_t i = 0; code == OK && i < m->fixed_count; i++) {
        struct raw raw = raw_cell(m->fixed_values[i], strlen(m->fixed_values[i]), false);
        if (m->fixed[i].type == TO_CONSENTS)
            consent_words(m, row, m->fixed_values[i]);
        else
            code = take(m, row, &m->fixed[i], &raw, reterr);
    }
    if (code == OK)
        code = batch_add(m->batch, line, &row->request, &row->in, &row->mistakes, reterr);
    mistakes_done(&row->mistakes);
    return code;
}

static struct coming row_begin(const struct import *m) {
    return (struct coming){ .request = { .who = m->who, .kind = m->k->index, .if_match = -1 } };
}

static enum code refuse_row(struct import *m, uint64_t line, enum says says, const char *arg, struct err *reterr) {
    struct mistakes one = { 0 };
    mistakes_add(&one, "", says, arg);
    return batch_refuse(m->batch, line, &one, reterr);
}

static enum code row_csv(struct import *m, const struct cell *cells, size_t count, uint64_t line, struct err *reterr) {
    struct coming row = row_begin(m);
    bool comma = csv_delimiter(m->in) == ';';
    enum code code = OK;
    if (count > 0 && copy_is_mark(cells[0].text, cells[0].len))
        return OK;                             /* the mark of an export of ours */
    if (count != m->column_count)
        return refuse_row(m, line, SAYS_columns, NULL, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct cell c = cells[i];
        csv_unguard(&c);
        struct raw raw = raw_cell(c.text, c.len, comma);
        if (m->columns[i].type == TO_CONSENTS)
            consent_words(m, &row, c.text);
        else if (m->columns[i].type != TO_NOTHING)
            code = take(m, &row, &m->columns[i], &raw, reterr);
    }
    return row_end(m, &row, line, code, reterr);
}

static enum code member(struct import *m, struct coming *row, const char *name, json_t *v, struct err *reterr) {
    struct column to;
    struct raw raw = raw_json(v);
    struct err e;
    if (place_of(m, name, &to, &e) != OK)      /* a mistake of this row */
        return input_take(m->s, m->k, name, &raw, m->batch->arena, &row->mistakes, &row->in, reterr);
    if (to.type != TO_CONSENTS)
        return to.type == TO_NOTHING ? OK : take(m, row, &to, &raw, reterr);
    const char *given;
    json_t *one;
    size_t i;
    json_object_foreach(v, given, one)
        if (json_is_true(one))
            consent_words(m, row, given);
    json_array_foreach(v, i, one)
        if (json_is_string(one))
            consent_words(m, row, json_string_value(one));
    if (json_is_string(v))
        consent_words(m, row, json_string_value(v));
    return OK;
}

/* {fields…}, or {fields: {…}, id, consents} as an export has it. */
static enum code row_json(struct import *m, const char *text, size_t len, uint64_t line, struct err *reterr) {
    if (copy_is_mark(text, len))
        return OK;                             /* the mark of an export of ours */
    struct coming row = row_begin(m);
    const char *name;
    json_t *v, *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *inner = json_object_get(o, "fields");
    enum code code = OK;
    if (!json_is_object(o)) {
        json_decref(o);
        return refuse_row(m, line, SAYS_not_json, NULL, reterr);
    }
    if (!json_is_object(inner) || kind_field(m->k->kind, "fields") >= 0)
        inner = NULL;
    json_object_foreach(o, name, v)
        if (code == OK && v != inner && (inner == NULL || strcmp(name, "tenant") != 0))
            code = member(m, &row, name, v, reterr);
    json_object_foreach(inner, name, v)
        if (code == OK)
            code = member(m, &row, name, v, reterr);
    code = row_end(m, &row, line, code, reterr);
    json_decref(o);
    return code;
}

/* ---- the whole */
static enum code header_read(struct import *m, struct err *reterr) {
    const struct cell *cells;
    size_t count;
    uint64_t line;
    enum code code = fixed_read(m, reterr);
    if (code != OK || m->format == FORMAT_NDJSON)
        return code;
    code = csv_row(m->in, &cells, &count, &line, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        AUTO(buf_done) struct buf b = BUF(4096);
        size_t lost = mem_lost();
        if (!text_clean(cells[i].text, cells[i].len, &b))
            return mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for a table") : err_set(reterr, E_INVALID, "the first line is not UTF-8 text");
        code = place_of(m, buf_str(&b), &m->columns[i], reterr);
    }
    m->column_count = count;
    return code == OK && count == 0 ? err_set(reterr, E_INVALID, "the table is empty: its first line names the columns") : code;
}

static enum code next_row(struct import *m, bool *ret_end, struct err *reterr) {
    const struct cell *cells;
    const char *text = NULL;
    size_t count = 0;
    uint64_t line = 0;
    char limit[24];
    bool csv = m->format == FORMAT_CSV;
    enum code code = csv ? csv_row(m->in, &cells, &count, &line, reterr) : csv_line(m->in, &text, &count, &line, reterr);
    if (code == E_TOO_LARGE) {
        snprintf(limit, sizeof limit, "%zu", CSV_ROW_MAX);
        return refuse_row(m, line, SAYS_row_large, limit, reterr);
    }
    *ret_end = code == OK && (csv ? count == 0 : text == NULL);
    if (code != OK || *ret_end)
        return code;
    return csv ? row_csv(m, cells, count, line, reterr) : row_json(m, text, count, line, reterr);
}

static enum code run(struct import *m, struct err *reterr) {
    bool end = false;
    enum code code = header_read(m, reterr);
    while (code == OK && !end) {
        code = batch_ready(m, reterr);
        if (code == OK)
            code = next_row(m, &end, reterr);
        if (code == OK && m->batch != NULL && json_array_size(m->batch->refused) >= BATCH_ROWS)
            code = hand_over(m, reterr);       /* mistakes are told as they come, however few good rows stand between them */
    }
    if (code == OK)
        code = hand_over(m, reterr);
    if (m->running) {                          /* the last batch, also after a failure: it may have been written */
        struct err late;
        AUTO(batch_free) struct batch *last = writer_take(m);
        enum code told = report(m, last, &late);
        m->running = false;
        if (code == OK && told != OK) {
            *reterr = late;
            code = told;
        }
    }
    return code;
}

static bool writer_start(struct import *m) {
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->wake, NULL);
    return pthread_create(&m->thread, NULL, writer_main, m) == 0;
}

static void writer_end(struct import *m, bool started) {
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_cond_broadcast(&m->wake);
    pthread_mutex_unlock(&m->lock);
    if (started)
        (void)pthread_join(m->thread, NULL);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
}

enum code records_import(struct service *s, const struct caller *who, int kind, enum stream_format format, json_t *mapping,
                         const struct source *in, const struct sink *out, struct err *reterr) {
    PRE(s != NULL && who != NULL && in != NULL && out != NULL && reterr != NULL);
    struct verdict may = policy_kind(s->charter, who, kind, V_IMPORT);
    if (!may.any)
        return use_refused(s, who, kind, &may, reterr);
    enum code shaped = mapping_check(mapping, reterr);
    if (shaped == OK)
        shaped = agreed_first(s, who->tenant, service_kind(s, kind)->kind, reterr);
    if (shaped != OK)
        return shaped;
    struct import *m = mem_new(sizeof *m);
    AUTO(csv_free) struct csv *reader = csv_new(in);
    if (m == NULL || reader == NULL) {
        mem_free(m);
        return err_set(reterr, E_MEMORY, "no memory for an import");
    }
    *m = (struct import){ .s = s, .who = who, .k = service_kind(s, kind), .format = format, .mapping = mapping, .out = out, .in = reader };
    bool started = writer_start(m);
    enum code code = started ? run(m, reterr) : err_set(reterr, E_BUSY, "the thread of an import cannot be started now; try again");
    writer_end(m, started);
    batch_free(m->batch);
    if (code == OK)
        code = told(m, reterr);
    if (code == OK && !say(m, json_pack("{s:I, s:I}", "made", (json_int_t)m->made, "refused", (json_int_t)m->refused)))
        code = told(m, reterr);
    mem_free(m);
    return code;
}
