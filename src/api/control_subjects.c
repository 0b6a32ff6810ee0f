/* control_subjects.c — a person across kinds and its archive, by the command line. The address comes over the socket, and stands in no list
 * of processes. */
#include <string.h>

#include "api/api_int.h"
#include "api/control_int.h"
#include "api/give_pack.h"
#include "base/text.h"
#include "ledger/ledger.h"

#define PIECE 32768u

static struct caller operator_of(struct control_req *c) {
    return (struct caller){ .tenant = c->tenant, .person = charter_tenant(service_charter(c->service)), .by_sejf = true, .subject_kind = -1 };
}

static enum code find(struct control_req *c, struct arena *arena, struct subject *ret, struct err *reterr) {
    const struct subject_wish w = { .email = control_text(c, "email"), .phone = control_text(c, "phone") };
    return arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a search for a person") : subject_find(c->service, c->tenant, &w, arena, ret, reterr);
}

/* A line of each record: {kind, id, created, own}. */
static void list_say(struct control_req *c, const struct subject_record *list, size_t count, bool own) {
    for (size_t i = 0; i < count && !c->reader_gone; i++) {
        char id[UUID_TEXT];
        (void)!control_say_new(c, json_pack("{s:s, s:s, s:o, s:b}", "kind", charter_kind_at(service_charter(c->service), list[i].kind)->name, "id", uuid_format(&list[i].id, id),
                                            "created", control_time(list[i].created), "own", (int)own));
    }
}

enum code do_subject_find(struct control_req *c, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 30);
    struct subject s;
    enum code code = find(c, arena, &s, reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:I, s:I}", "records", (json_int_t)s.count, "others", (json_int_t)s.named_count);
    code = ledger_note(c->store, c->tenant, "subject_searched", "operator", what, true, reterr);
    json_decref(what);
    if (code != OK)
        return code;
    list_say(c, s.list, s.count, true);
    list_say(c, s.named, s.named_count, false);
    control_set(c, "count", json_integer((json_int_t)s.count));
    control_set(c, "others", json_integer((json_int_t)s.named_count));
    control_set(c, "doubtful", json_integer((json_int_t)s.doubtful));
    control_set(c, "damaged", json_integer((json_int_t)s.damaged));
    return OK;
}

/* Bytes as lines {"bytes": base64url}. */
static bool pieces_say(void *arg, const void *bytes, size_t len) {
    struct control_req *c = arg;
    const char *p = bytes;
    for (; len > 0 && !c->reader_gone; ) {
        AUTO(buf_wipe) struct buf text = BUF(2 * PIECE);
        size_t n = len < PIECE ? len : PIECE;
        base64url_encode(p, n, &text);
        if (text.failed || !control_say_new(c, json_pack("{s:s}", "bytes", buf_str(&text))))
            return false;
        p += n;
        len -= n;
    }
    return !c->reader_gone;
}

enum code do_subject_pack(struct control_req *c, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)1 << 30);
    const char *lang = control_text(c, "lang"), *purpose = control_text(c, "purpose");
    const struct caller who = operator_of(c);
    struct subject s;
    struct packed done;
    struct give g = { .service = c->service, .who = &who, .people = api_people(c->api), .tenant = c->tenant, .about = &s, .lang = lang_accept(NULL, charter_speaks(service_charter(c->service)), LANG_EN) };
    if (!give_purpose(purpose, &g.purpose) || (lang != NULL && !lang_parse(lang, strlen(lang), &g.lang)))
        return err_set(reterr, E_INVALID, "purpose is access or portability, lang is en, pl or hu");
    enum code code = find(c, arena, &s, reterr);
    if (code == OK)
        code = give_pack(&g, &(struct sink){ pieces_say, c }, &done, reterr);
    if (code != OK)
        return code;
    control_set(c, "records", json_integer((json_int_t)done.records));
    control_set(c, "others", json_integer((json_int_t)done.others));
    control_set(c, "files", json_integer((json_int_t)done.files));
    control_set(c, "damaged", json_integer((json_int_t)done.damaged));
    return OK;
}
