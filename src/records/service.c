/* service.c — a charter beside its store and keeper, with the stable numbers of everything that is stored by number. */
#include "records/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "records/agreed.h"
#include "records/doors.h"
#include "records/keys.h"
#include "records/locks.h"
#include "records/pool.h"
#include "records/reads.h"
#include "records/walks.h"
#include "records/spare.h"
#include "store/tables.h"

#define SERVICE_MAX ((size_t)256 << 20)

struct naming { struct service *s; const struct kind *kind; struct err *err; };

static enum code number_of(struct naming *n, char type, const char *name, int32_t *ret) {
    return name_number(n->s->store, charter_name(n->s->charter), type, name, ret, n->err);
}

static enum code number_under(struct naming *n, char type, const char *inner, int32_t *ret) {
    char name[512];
    int len = snprintf(name, sizeof name, "%s.%s", n->kind->name, inner);
    if (len < 0 || (size_t)len >= sizeof name)
        return err_set(n->err, E_CHARTER, "the name %s.%s is too long to be stored", n->kind->name, inner);
    return number_of(n, type, name, ret);
}

/* A limit goes by what it is about, not by its wording: a changed number of seats keeps its counts. */
static void limit_name(const struct kind *k, const struct limit *l, const char *what, char *ret, size_t room) {
    fieldset set = l->type == LIMIT_UNIQUE ? l->unique : l->overlap;
    int n = l->type == LIMIT_CAPACITY
        ? snprintf(ret, room, "%s %s %s", what, k->fields[l->state_field].name, k->fields[l->state_field].options[l->full_option])
        : snprintf(ret, room, "%s%s", l->type == LIMIT_UNIQUE ? "unique" : "overlap", l->per_parent ? " parent" : "");
    for (size_t i = 0; l->type != LIMIT_CAPACITY && i < k->field_count && n > 0 && (size_t)n < room; i++)
        if ((set >> i & 1) != 0)
            n += snprintf(ret + n, room - (size_t)n, " %s", k->fields[i].name);
}

static enum code numbers(struct naming *n, struct kind_info *k) {
    char name[400];
    const struct kind *kind = k->kind;
    enum code code = number_of(n, 'k', kind->name, &k->number);
    for (size_t i = 0; code == OK && i < kind->field_count; i++)
        code = number_under(n, 'f', kind->fields[i].name, &k->fields[i]);
    for (size_t i = 0; code == OK && i < kind->part_count; i++)
        code = number_under(n, 'p', kind->parts[i].name, &k->parts[i]);
    for (size_t i = 0; code == OK && i < kind->limit_count; i++) {
        limit_name(kind, &kind->limits[i], "capacity", name, sizeof name);
        code = number_under(n, 'r', name, &k->limits[i]);
        limit_name(kind, &kind->limits[i], "waiting", name, sizeof name);
        if (code == OK && kind->limits[i].type == LIMIT_CAPACITY)
            code = number_under(n, 'r', name, &k->waits[i]);
    }
    if (code == OK && kind->number.set)
        code = number_under(n, 'r', "number", &k->numbering);
    return code;
}

static void order_by_name(struct kind_info *k) {
    for (size_t i = 0; i < k->kind->field_count; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(k->kind->fields[k->by_name[at - 1]].name, k->kind->fields[i].name) > 0; at--)
            k->by_name[at] = k->by_name[at - 1];
        k->by_name[at] = (uint8_t)i;
    }
}

static const char *label_of(struct service *s, const char *name) { return arena_printf(s->arena, "\"%s\":", name); }

/* Names of a charter need no escape. */
static void labels_of(struct service *s, struct kind_info *k) {
    for (size_t i = 0; i < k->kind->field_count; i++)
        k->labels[i] = label_of(s, k->kind->fields[i].name);
    if (k->kind->parent >= 0)
        k->parent_label = label_of(s, charter_kind_at(s->charter, k->kind->parent)->name);
}

static void consent_add(struct kind_info *k, const char *name) {
    for (size_t i = 0; i < k->consent_count; i++)
        if (strcmp(k->consents[i], name) == 0)
            return;
    if (k->consent_count < CONSENTS_MAX)
        k->consents[k->consent_count++] = name;
}

/* Behind the others, so that theirs keep their places. */
static void uses_of(struct service *s, struct kind_info *k) {
    for (size_t i = 0; i < k->kind->consent_count; i++) {
        const struct consent_rule *r = &k->kind->consents[i];
        if (r->purpose < 0 || k->consent_count == CONSENTS_MAX)
            continue;
        k->use_names[k->consent_count] = arena_printf(s->arena, "purpose %s", k->kind->used_for[r->purpose].in[LANG_EN]);
        k->consents[k->consent_count++] = r->name;
        k->use_count++;
    }
}

static void what_it_has(struct kind_info *k) {
    const struct kind *kind = k->kind;
    static const char word[] = "consent ";
    for (size_t i = 0; i < kind->field_count; i++) {
        const struct field *f = &kind->fields[i];
        if (f->sorted && f->level == L_PLAIN)
            k->sorted |= (fieldset)1 << i;
        if (f->found != 0)
            k->found |= (fieldset)1 << i;
        if (field_has_moves(kind, (int)i))
            k->states |= (fieldset)1 << i;
        k->has_files = k->has_files || f->type == T_FILE;
        if (f->consent != NULL)
            consent_add(k, f->consent);
    }
    for (size_t i = 0; i < kind->limit_count; i++)
        if (kind->limits[i].type == LIMIT_CAPACITY)
            k->counted |= (fieldset)1 << kind->limits[i].state_field;
    k->found &= ~k->counted;
    k->sorted &= ~k->counted;
    if (kind->because != NULL && strncmp(kind->because, word, sizeof word - 1) == 0) {
        k->agreed = kind->because + sizeof word - 1;
        consent_add(k, k->agreed);
    }
    for (size_t i = 0; i < kind->part_count; i++)
        k->due_by_parent = k->due_by_parent || kind->parts[i].keep.anchor.type == A_PARENT_FIELD;
    order_by_name(k);
}

static bool children_of(struct service *s, struct kind_info *k) {
    size_t n = 0;
    for (size_t i = 0; i < s->kinds; i++)
        n += s->info[i].kind->parent == k->index;
    int *list = arena_array(s->arena, n, sizeof *list);
    if (list == NULL)
        return false;
    k->children = list;
    for (size_t i = 0; i < s->kinds; i++)
        if (s->info[i].kind->parent == k->index) {
            list[k->child_count++] = (int)i;
            k->takes_forms = k->takes_forms || s->info[i].kind->form != NULL;
        }
    return true;
}

static enum code kinds_fill(struct service *s, struct err *reterr) {
    const struct kind *kinds;
    s->kinds = charter_kinds(s->charter, &kinds);
    s->info = arena_array(s->arena, s->kinds, sizeof *s->info);
    if (s->info == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a service");
    for (size_t i = 0; i < s->kinds; i++) {
        struct kind_info *k = &s->info[i];
        struct naming n = { s, &kinds[i], reterr };
        k->kind = &kinds[i];
        k->index = (int)i;
        k->parts = arena_array(s->arena, kinds[i].part_count, sizeof *k->parts);
        k->limits = arena_array(s->arena, kinds[i].limit_count, sizeof *k->limits);
        k->waits = arena_array(s->arena, kinds[i].limit_count, sizeof *k->waits);
        if (k->parts == NULL || k->limits == NULL || k->waits == NULL)
            break;
        enum code code = numbers(&n, k);
        if (code != OK)
            return code;
        what_it_has(k);
        uses_of(s, k);
        k->zone = charter_zone(s->charter);
        labels_of(s, k);
    }
    for (size_t i = 0; !arena_overflowed(s->arena) && i < s->kinds; i++)
        if (!children_of(s, &s->info[i]))
            break;
    return arena_overflowed(s->arena) ? err_set(reterr, E_MEMORY, "no memory for a service") : OK;
}

enum code service_open(const struct charter *charter, struct store *store, struct keeper_client *keeper,
                       const char *files_directory, struct service **ret, struct err *reterr) {
    PRE(charter != NULL && store != NULL && keeper != NULL && files_directory != NULL && ret != NULL && reterr != NULL);
    AUTO(service_close) struct service *s = mem_new(sizeof *s);
    if (s == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a service");
    s->charter = charter;
    s->store = store;
    s->keeper = keeper;
    s->files = mem_text(files_directory);
    s->arena = arena_new(SERVICE_MAX);
    s->spares = spares_new();
    s->key_memory = key_memory_new();
    s->agreed = agreed_new();
    s->locks = locks_new();
    s->rules.country = charter_value(charter, "operator.country");
    if (s->files == NULL || s->arena == NULL || s->spares == NULL || s->key_memory == NULL || s->agreed == NULL || s->locks == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a service");
    enum code code = name_number(store, charter_name(charter), 'k', "$task", &s->task_kind, reterr);
    if (code == OK)
        code = kinds_fill(s, reterr);
    if (code == OK && ((s->reads = reads_new(s)) == NULL || (s->walks = walks_new()) == NULL || (s->pool = pool_new(0)) == NULL))
        code = err_set(reterr, E_MEMORY, "no memory for a service");
    if (code == OK)
        code = doors_ready(s, reterr);
    if (code == OK)
        code = locks_base(s, reterr);
    if (code == OK)
        code = service_locks(s, reterr);
    if (code != OK)
        return err_prefix(reterr, "opening the service %s", charter_name(charter));
    *ret = TAKE(s);
    return OK;
}

struct service *service_close(struct service *s) {
    if (s == NULL)
        return NULL;
    reads_free(s->reads);
    walks_free(s->walks);
    pool_free(s->pool);
    agreed_free(s->agreed);
    locks_free(s->locks);
    key_memory_free(s->key_memory);
    spares_free(s->spares);
    arena_free(s->arena);
    mem_free(s->files);
    mem_free(s->base);
    return mem_free(s);
}

const struct charter *service_charter(const struct service *s) { return s->charter; }
const struct prices *service_prices(const struct service *s) { return s->prices; }
void service_prices_set(struct service *s, const struct prices *prices) { s->prices = prices; }
struct store *service_store(const struct service *s) { return s->store; }
struct keeper_client *service_keeper(const struct service *s) { return s->keeper; }

const struct kind_info *service_kind(const struct service *s, int kind) {
    PRE(kind >= 0 && (size_t)kind < s->kinds);
    return &s->info[kind];
}

const struct kind_info *service_kind_by_number(const struct service *s, int32_t number) {
    for (size_t i = 0; i < s->kinds; i++)
        if (s->info[i].number == number)
            return &s->info[i];
    return NULL;
}
