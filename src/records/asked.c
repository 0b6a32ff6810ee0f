/* asked.c — see asked.h. Invariant: a draft is written only after asked_first gave OK and left no mistake, or nobody is to be asked. */
#include "records/asked.h"

#include <string.h>

#include "base/jsontext.h"
#include "records/use.h"

#define BODY_MOST ((size_t)256 << 10)

void service_asks(struct service *s, const struct ask_way *way) { s->asks = *way; }

static void member(struct buf *b, const char *name, const char *text) {
    buf_printf(b, ",\"%s\":", name);
    json_text_quote(b, text, strlen(text));
}

/* What may leave: of the fields that the line of the charter names those that the asker's host may have. Nothing of a record that is restricted or whose use
 * was objected to. */
static fieldset may_leave(const struct draft *d, fieldset wanted) {
    const struct kind_info *k = d->rec.info;
    const struct ask_way *way = &d->s->asks;
    bool barred = d->old != NULL && (d->old->marks.restricted || d->old->marks.objected);
    return barred || way->sees == NULL ? 0 : way->sees(way->arg, d->s, k->kind->ask.asker, k->index, wanted);
}

static void fields_add(const struct draft *d, struct buf *b) {
    const struct kind_info *k = d->rec.info;
    const fieldset may = may_leave(d, k->kind->ask.fields);
    bool first = true;
    buf_text(b, ",\"fields\":{");
    for (size_t i = 0; i < k->kind->field_count; i++) {
        if ((may >> i & 1) == 0)
            continue;
        if (!first)
            buf_char(b, ',');
        first = false;
        json_text_quote(b, k->kind->fields[i].name, strlen(k->kind->fields[i].name));
        buf_char(b, ':');
        if (d->rec.values[i].set)
            value_show(&k->kind->fields[i], &d->rec.values[i], b);
        else
            buf_text(b, "null");
    }
    buf_text(b, "}}");
}

static void body_make(const struct draft *d, int field, int from, int to, enum lang lang, struct buf *b) {
    const struct kind *k = d->rec.info->kind;
    char id[UUID_TEXT];
    buf_text(b, "{\"kind\":");
    json_text_quote(b, k->name, strlen(k->name));
    member(b, "what", field < 0 ? "create" : "move");
    member(b, "id", uuid_format(&d->rec.id, id));
    if (!uuid_is_null(&d->rec.parent))
        member(b, "parent", uuid_format(&d->rec.parent, id));
    bool told = field >= 0 && may_leave(d, (fieldset)1 << field) != 0;       /* a state is a value like others */
    if (told)
        member(b, "field", k->fields[field].name);
    if (told && from >= 0)
        member(b, "from", k->fields[field].options[from]);
    if (told && to >= 0)
        member(b, "to", k->fields[field].options[to]);
    member(b, "lang", lang_code(lang));
    fields_add(d, b);
}

static enum code ask_one(struct draft *d, struct fact_source *src, int field, int from, int to, struct mistakes *m, struct err *reterr) {
    AUTO(buf_wipe) struct buf body = BUF(BODY_MOST);
    const struct ask_rule *rule = &d->rec.info->kind->ask;
    const struct ask_way *way = &d->s->asks;
    char why[ASK_WHY + 1] = "";
    facts_end(src);
    body_make(d, field, from, to, m->lang, &body);
    if (body.failed)
        return err_set(reterr, E_TOO_LARGE, "what \"%s\" is to be asked about this record is larger than a question may be (256 KiB): let its line see fewer fields (seeing)", rule->asker);
    const struct ask_question q = { d->s, d->who->tenant, rule->asker, rule->within_ms, body.data, body.len, d->who->by_form };
    enum ask_answer answer = way->ask == NULL ? ASK_SILENT : way->ask(way->arg, &q, why);
    if (answer == ASK_SILENT)
        return err_set(reterr, E_BUSY, "\"%s\", which is asked first, has not answered within %d ms, so nothing was done: try again; the operator: look whether it runs (askers in sejf.yaml)",
                       rule->asker, rule->within_ms);
    if (answer == ASK_NO)
        mistakes_add(m, "", why[0] == 0 ? SAYS_asked_no : SAYS_asked_why, why);
    return OK;
}

enum code asked_first(struct draft *d, struct fact_source *src, enum ask_what what, const struct record *old, struct mistakes *m, struct err *reterr) {
    const struct kind *k = d->rec.info->kind;
    bool due = k->ask.asker != NULL && (what == ASK_CREATE ? k->ask.create : k->ask.move) && (!d->who->by_sejf || d->confirms != NULL);
    enum code code = OK;
    if (!due || !rule_on(RULE_asked_first))
        return OK;
    if (what == ASK_CREATE)
        return ask_one(d, src, -1, -1, -1, m, reterr);
    for (size_t i = 0; code == OK && i < k->field_count && !mistakes_any(m); i++)
        if ((d->changed >> i & 1) != 0 && field_has_moves(k, (int)i) && record_option(old, (int)i) != record_option(&d->rec, (int)i))
            code = ask_one(d, src, (int)i, record_option(old, (int)i), record_option(&d->rec, (int)i), m, reterr);
    return code;
}
