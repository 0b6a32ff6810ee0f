/* head.c — who and what the charter is: name, title, date, clock, languages, operator, people, tenant. */
#include <string.h>

#include "base/text.h"
#include "charter/build.h"
#include "charter/spoken.h"

static const char *const builtin[] = { "support", "administrator", "security_officer", "controller", "authority" };
/* Words of the grammar, which would make a sentence ambiguous. */
static const char *const reserved[] = { "and", "or", "of", "own", "the", "everything", "nothing", "created", "changed", "id", "version", "due", "time", "tenant" };
/* What stands where the name of a service would: /v1/account, /v1/tenants. */
static const char *const addresses[] = { "account", "tenants" };

#define PEOPLE_MAX (32 - ARRAY_LEN(builtin))  /* a set of people is one word of 32 bits */

static void build_speaks(struct build *b, const struct node *speaks) {
    if (speaks == NULL || speaks->type != NODE_LIST)
        return;
    for (const struct node *n = speaks->first; n != NULL; n = n->next) {
        enum lang lang;
        if (n->type == NODE_SCALAR && lang_parse(n->text, strlen(n->text), &lang)) {
            b->c->first = b->c->speaks == 0 ? lang : b->c->first;
            b->c->speaks |= 1u << lang;
        }
    }
    if (speaks->first == NULL)
        complain(b, "empty-list", speaks, NULL, "The service speaks no language: list en, pl or hu");
}

static void build_people(struct build *b, const struct node *people) {
    struct charter *c = b->c;
    size_t declared = people != NULL && people->type == NODE_MAP ? people->count : 0;
    if (declared > PEOPLE_MAX)
        complain_key(b, "too-many", people, NULL, "A charter has at most %zu people: leave some out", PEOPLE_MAX);
    c->people = BUILD_NEW(b, struct person, declared + ARRAY_LEN(builtin));
    c->person_names = names_new(c->arena, declared + ARRAY_LEN(builtin));
    if (c->people == NULL || c->person_names == NULL) {
        b->no_memory = true;
        return;
    }
    for (const struct node *n = declared > 0 ? people->first : NULL; n != NULL && c->person_count < PEOPLE_MAX; n = n->next) {
        bool taken = false;
        for (size_t i = 0; i < ARRAY_LEN(builtin); i++)
            taken |= strcmp(n->key, builtin[i]) == 0;
        for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
            taken |= strcmp(n->key, reserved[i]) == 0;
        if (taken) {
            complain_key(b, "reserved-name", n, NULL, "`%s` has a meaning of its own in sentences: take another name", n->key);
            continue;
        }
        if (names_add(c->person_names, n->key, (int)c->person_count))
            c->people[c->person_count++] = (struct person){ .name = n->key, .says = spoken_text(n), .pos = n->key_pos };
    }
    for (size_t i = 0; i < ARRAY_LEN(builtin); i++)
        if (names_add(c->person_names, builtin[i], (int)c->person_count))
            c->people[c->person_count++] = (struct person){ .name = builtin[i], .says = "", .builtin = true };
}

static void build_tenant(struct build *b, const struct node *n) {
    const struct capture *cap = build_capture(b, n, "person");
    b->c->tenant = -1;
    if (cap == NULL)
        return;
    int person = resolve_person(b, n, cap->text, cap->at, cap->width);
    if (person >= 0 && b->c->people[person].builtin)
        complain_at(b, "tenant-builtin", n, cap->at, cap->width, NULL, "`%s` is built in and cannot be the tenant: name the customer whose data is kept apart", cap->text);
    else
        b->c->tenant = person;
}

void build_head(struct build *b) {
    struct charter *c = b->c;
    const struct node *root = tree_root(c->tree), *clock = node_get(root, "clock"), *operator = node_get(root, "operator"), *records = node_get(root, "records");
    struct err e;
    const char *text;
    c->name = (text = build_text(b, node_get(root, "charter"), "name")) != NULL ? text : "";
    c->updated = (text = build_text(b, node_get(root, "updated"), "date")) != NULL ? text : "";
    c->operator_name = (text = build_text(b, node_get(operator, "name"), "text")) != NULL ? text : "";
    c->contact = (text = build_text(b, node_get(operator, "contact"), "email")) != NULL ? text : "";
    c->authority = (text = build_text(b, node_get(operator, "authority"), "text")) != NULL ? text : "";
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        if (strcmp(c->name, addresses[i]) == 0)
            complain(b, "name-address", node_get(root, "charter"), NULL, "`%s` is an address of the API itself (/v1/%s): take another name", c->name, c->name);
    const char *zone = build_text(b, clock, "zone");
    enum code found = zone != NULL ? zone_open(zone, &c->zone, &e) : OK;
    b->no_memory |= found == E_MEMORY;
    if (found != OK && found != E_MEMORY)
        complain(b, "unknown-zone", clock, NULL, "No time zone is named `%s`: write one such as Europe/Warsaw", zone);
    if (!spoken_words(node_get(root, "title"), &c->title))
        c->title = (struct words)WORDS("", "", "");
    build_speaks(b, node_get(root, "speaks"));
    build_people(b, node_get(root, "people"));
    if (b->no_memory)
        return;
    build_tenant(b, node_get(root, "tenant"));
    for (const struct node *n = records != NULL && records->type == NODE_MAP ? records->first : NULL; n != NULL; n = n->next)
        for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
            if (strcmp(n->key, reserved[i]) == 0)
                complain_key(b, "reserved-name", n, NULL, "`%s` has a meaning of its own in sentences: take another name", n->key);
}
