/* hosts.c — `hosts` of sejf.yaml: the machines on which this installation may start, a list of maps whose keys are rows of a table. */
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"

#define HOSTS_MAX 64u
#define ID_LEN 32u

static void read_id(struct reading *r, void *to, const struct node *n, size_t at UNUSED) {
    struct own_host *h = to;
    if (!instance_scalar(r, n))
        return;
    if (strlen(n->text) != ID_LEN || strspn(n->text, "0123456789abcdef") != ID_LEN)
        instance_complain(r, n, "bad-value", "the machine's id is wanted here: 32 characters, as `sejf host` prints them on that machine");
    else
        h->id = arena_text(r->arena, n->text);
}

#define AT(field) offsetof(struct own_host, field)
static const struct map_key keys[] = { { "id", MAP_MUST, read_id, 0 }, { "name", MAP_MUST, map_line, AT(name) }, { "owner", MAP_MAY, map_line, AT(owner) }, { "contract", MAP_MAY, map_line, AT(contract) } };
#undef AT
static const struct map_form form = { "a machine of hosts", "each machine is a map of id, name, owner and contract", NULL, keys, ARRAY_LEN(keys), NULL };

void hosts_read(struct reading *r, const struct node *n) {
    if (n->type != NODE_LIST || n->count > HOSTS_MAX) {
        instance_complain(r, n, "wrong-kind", n->type == NODE_LIST ? "at most 64 machines are read here" : "a list of machines is wanted here");
        return;
    }
    struct own_host *list = arena_array(r->arena, n->count + 1, sizeof *list);
    if (list == NULL)
        return;
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        struct own_host h = { .id = NULL };
        (void)map_read(r, &form, &h, one);
        for (size_t i = 0; h.id != NULL && i < r->to->own_count; i++)
            if (strcmp(list[i].id, h.id) == 0)
                finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", one, NULL, "hosts: two machines have the same id");
        if (h.id != NULL && h.name != NULL)
            list[r->to->own_count++] = h;
    }
    r->to->own = list;
}

const struct own_host *instance_own(const struct instance *i, const char *id) {
    for (size_t n = 0; n < i->own_count; n++)
        if (strcmp(i->own[n].id, id) == 0)
            return &i->own[n];
    return NULL;
}
