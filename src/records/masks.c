/* masks.c — see masks.h. */
#include "records/masks.h"

#include "base/text.h"
#include "records/canon.h"

static enum code mask(const struct service *s, struct value *v, struct arena *arena, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(4096), json = BUF(8192);
    if (charter_masks(s->charter).without_domain)
        text_mask_name(v->text, &b);
    else
        text_mask(v->text, &b);
    canon_text(&json, buf_str(&b), b.len);
    char *text = b.failed || json.failed ? NULL : arena_text_n(arena, b.data, b.len), *copy = json.failed ? NULL : arena_text_n(arena, buf_str(&json), json.len);
    if (text == NULL || copy == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a mask");
    *v = (struct value){ .set = true, .text = text, .json = copy, .len = json.len };
    return OK;
}

/* Switched off: the field says no. What says nothing, or is not there, masks. */
static enum code switched_off(struct fact_source *src, bool *ret, struct err *reterr) {
    const struct kind *k = src->record->info->kind;
    struct record *parent = NULL;
    *ret = false;
    if (!charter_masks(src->s->charter).chosen || !rule_on(RULE_mask_switch) || k->parent < 0)
        return OK;
    enum code code = facts_parent(src, &parent, reterr);
    if (code != OK || parent == NULL)
        return code;
    const int f = kind_mask_switch(parent->info->kind);
    *ret = f >= 0 && parent->values[f].set && parent->values[f].number == 0;
    return OK;
}

enum code masks_apply(struct fact_source *src, struct input *in, struct err *reterr) {
    PRE(src != NULL && src->record != NULL && in != NULL && reterr != NULL);
    const struct kind *k = src->record->info->kind;
    bool off = false, asked = false;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < k->field_count && rule_on(RULE_masked_when_written); i++) {
        if (!k->fields[i].masked || (in->given >> i & 1) == 0 || !in->values[i].set)
            continue;
        if (!asked)
            code = switched_off(src, &off, reterr);
        asked = true;
        if (code == OK && !off)
            code = mask(src->s, &in->values[i], src->arena, reterr);
    }
    return code;
}
