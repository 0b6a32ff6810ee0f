/* lists.h — for programs that measure campaigns: a list with so many people in a bed, and whoever asked for a campaign to them. */
#pragma once
#include "messages/campaign.h"
#include "records/testbed.h"

static struct uuid made(struct bed *b, const struct caller *who, const char *kind, json_t *fields) {
    json_t *one = NULL;
    CHECK_OK(bed_make(b, who, kind, fields, &one), &b->e);
    struct uuid id = id_of(one);
    json_decref(one);
    return id;
}

/* Rows of an import, as they are asked for. */
struct lines { int at, count; const char *list; };
static ssize_t line_read(void *arg, void *ret, size_t room) {
    struct lines *l = arg;
    size_t n = 0;
    while (l->at < l->count && n + 256 < room)
        n += (size_t)snprintf((char *)ret + n, room - n, "{\"list\":\"%s\",\"email\":\"person%d@people.example\"}\n", l->list, l->at++);
    return (ssize_t)n;
}
static bool line_drop(void *arg, const void *bytes, size_t len) { (void)arg; (void)bytes; (void)len; return true; }
static void list_fill(struct bed *b, const struct caller *who, const struct uuid *list, int people) {
    char id[UUID_TEXT];
    struct lines l = { 0, people, uuid_format(list, id) };
    CHECK_OK(records_import(b->service, who, charter_kind(b->charter, "subscription"), FORMAT_NDJSON, NULL, &(struct source){ line_read, &l }, &(struct sink){ line_drop, NULL }, &b->e), &b->e);
}

/* As it stood when it asked; arg: a const struct caller. */
static enum code asker(void *arg, struct service *s, int64_t tenant, int64_t token, const struct uuid *account, struct caller *ret, struct arena *arena, struct err *e) {
    (void)s;
    (void)tenant;
    (void)token;
    (void)account;
    (void)arena;
    (void)e;
    *ret = *(const struct caller *)arg;
    return OK;
}
