/* masks.c — how addresses are masked, and who switches it: the switch is a field of what the masked records belong to. */
#include <string.h>

#include "charter/build.h"

static bool any_masked(const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].masked)
            return true;
    return false;
}

int kind_mask_switch(const struct kind *k) {
    int f = kind_field(k, "masked");
    return f >= 0 && k->fields[f].type == T_YESNO ? f : -1;
}

/* Every record of that kind is masked or not by what it belongs to. */
static void build_switch(struct build *b, const struct node *n, const struct kind *k) {
    const struct charter *c = b->c;
    int at = k->parent < 0 ? -1 : kind_mask_switch(&c->kinds[k->parent]);
    const struct capture *who = build_capture(b, n, "person");
    if (k->parent < 0)
        complain_at(b, "mask-switch", n, 0, 0, NULL, "A `%s` has a masked field and belongs to nothing whose masking could be switched: say what it belongs to, or leave `chosen` out", k->name);
    else if (at < 0)
        complain_at(b, "mask-switch", n, 0, 0, NULL, "`%s` needs a field `masked: yes/no, optional`, which is the switch: add it, or leave `chosen` out", c->kinds[k->parent].name);
    else
        need_outside(b, n, k->parent, at, who == NULL ? 0 : who->at, who == NULL ? 0 : who->width, "masking depends on it");
}

void build_masks(struct build *b) {
    const struct node *map = node_get(tree_root(b->c->tree), "masks"), *email = node_get(map, "email"), *chosen = node_get(map, "chosen");
    const struct capture *who = chosen == NULL ? NULL : build_capture(b, chosen, "person");
    build_log(b);
    b->c->masks = (struct mask_rule){ .without_domain = email != NULL && build_has(b, email, "domain"), .chosen = who != NULL };
    if (who == NULL)
        return;
    if (b->c->tenant >= 0 && names_get(b->c->person_names, build_name(b, who)) != b->c->tenant)
        complain_at(b, "mask-chooser", chosen, who->at, who->width, NULL, "The switch is a field that the tenant changes: write `by %s for each sending account, …`", b->c->people[b->c->tenant].name);
    for (size_t i = 0; i < b->c->kind_count; i++)
        if (any_masked(&b->c->kinds[i]))
            build_switch(b, chosen, &b->c->kinds[i]);
}

struct mask_rule charter_masks(const struct charter *c) { return c->masks; }
