/* dues.c — each part with the date that stands for it in the store. A hold says so beside the date: it goes on beyond it. */
#include "records/dues.h"

#include "base/mem.h"
#include "records/held.h"

static json_t *time_json(usec_t t) {
    char text[32];
    return t == USEC_NEVER ? json_null() : json_string(time_format(t, text, sizeof text));
}

enum code dues_tell(struct sql *q, const struct record *r, fieldset seen, usec_t now, json_t **ret, struct err *reterr) {
    uint64_t person = 0;
    const struct kind *k = r->info->kind;
    const size_t lost = mem_lost();
    enum code code = held_parts(q, r, now, HELD_BY_PERSON, &person, reterr);
    if (code != OK)
        return code;
    const uint64_t law = held_by_law(r, now);
    json_t *list = json_array();
    for (size_t p = 0; p < k->part_count; p++) {
        if (!record_uses_part(r, (int)p) || (k->parts[p].fields & seen) == 0)
            continue;
        json_t *fields = json_array();
        for (size_t f = 0; f < k->field_count; f++)
            if ((k->parts[p].fields & seen) >> f & 1)
                json_array_append_new(fields, json_string(k->fields[f].name));
        json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:s*, s:s*}", "fields", fields, "due", time_json(held_due(r, p)), "why", k->parts[p].keep.text, "held",
                                              (person >> p & 1) != 0 ? "person" : (law >> p & 1) != 0 ? "law" : NULL, "law", (law >> p & 1) != 0 ? k->parts[p].law.in[LANG_EN] : NULL));
    }
    if (mem_lost() != lost) {
        json_decref(list);
        return err_set(reterr, E_MEMORY, "no memory for due dates");
    }
    *ret = list;
    return OK;
}
