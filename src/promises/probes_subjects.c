/* probes_subjects.c — a person whom nobody else resembles gets records of every kind that knows a person by an address; another person and
 * another tenant have some, too. What the service then says, and packs, must be all of the first and nothing of the others. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "promises/probes.h"
#include "rights/access_pack.h"

#define KINDS_TRIED 8u

struct person_of_probe {
    char email[128], phone[32];
    const struct canary *own[KINDS_TRIED], *strange[KINDS_TRIED], *far[KINDS_TRIED]; size_t count;     /* the same kinds; strange: another's; far: of another tenant */
};

static const struct field *address_of(const struct kind *k, enum field_type type) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == type && !k->fields[i].masked)
            return &k->fields[i];
    return NULL;
}

static enum code made_for(struct env *e, int side, int kind, const struct person_of_probe *p, const struct canary **ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const struct field *email = address_of(k, T_EMAIL), *phone = address_of(k, T_PHONE);
    json_t *input = NULL;
    enum code code = canary_input(e, side, kind, false, &input, reterr);
    if (code == OK && p != NULL && email != NULL)
        json_object_set_new(json_object_get(input, "fields"), email->name, json_string(p->email));
    if (code == OK && p != NULL && phone != NULL)
        json_object_set_new(json_object_get(input, "fields"), phone->name, json_string(p->phone));
    if (code == OK)
        code = canary_of(e, side, kind, input, ret, reterr);
    json_decref(input);
    return code;
}

static enum code person_make(struct env *e, struct person_of_probe *p, struct err *reterr) {
    static const struct field email = { .type = T_EMAIL }, phone = { .type = T_PHONE };
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds);
    json_t *a = canary_value(e, &email), *b = canary_value(e, &phone);
    enum code code = a == NULL || b == NULL ? err_set(reterr, E_MEMORY, "no memory for a probe") : OK;
    *p = (struct person_of_probe){ .count = 0 };
    snprintf(p->email, sizeof p->email, "%s", json_string_value(a) ?: "");
    snprintf(p->phone, sizeof p->phone, "%s", json_string_value(b) ?: "");
    json_decref(a);
    json_decref(b);
    for (size_t i = 0; code == OK && i < n && p->count < KINDS_TRIED; i++) {
        if (kinds[i].about < 0 || (address_of(&kinds[i], T_EMAIL) == NULL && address_of(&kinds[i], T_PHONE) == NULL))
            continue;
        code = made_for(e, 0, (int)i, p, &p->own[p->count], reterr);
        if (code == OK)
            code = made_for(e, 0, (int)i, NULL, &p->strange[p->count], reterr);
        if (code == OK)
            code = made_for(e, 1, (int)i, p, &p->far[p->count], reterr);
        p->count++;
    }
    return code == OK && p->count == 0 ? err_set(reterr, E_BROKEN, "the charter knows nobody by an e-mail address or a telephone number") : code;
}

static enum code asked(struct env *e, const struct person_of_probe *p, const char *call, const char *purpose, struct answer *ret, struct err *reterr) {
    char path[128];
    json_t *body = json_pack("{s:s, s:s, s:s*}", "email", p->email, "phone", p->phone, "purpose", purpose);
    snprintf(path, sizeof path, "/v1/tenants/%lld/%s", (long long)env_tenant(e, 0), call);
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a probe") : env_call(e, &(struct call){ .method = "POST", .path = path, .body = body }, ret, reterr);
    json_decref(body);
    return code == OK && ret->status != 200 ? err_set(reterr, E_BROKEN, "%s answered %d", call, ret->status) : code;
}

/* ---- an archive in memory, read as anybody would */

static enum code archive_of(const struct buf *bytes, int *ret_fd, struct err *reterr) {
    int fd = memfd_create("sejf-pack", MFD_CLOEXEC);
    size_t at = 0;
    while (fd >= 0 && at < bytes->len) {
        ssize_t n = write(fd, bytes->data + at, bytes->len - at);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    *ret_fd = fd;
    return fd < 0 || at < bytes->len ? err_set(reterr, E_MEMORY, "no memory for an archive") : OK;
}

/* A file of the archive: empty where it is not there. */
static enum code file_of(int fd, const char *dir, const char *kind, const char *end, struct buf *ret, struct err *reterr) {
    char name[192];
    snprintf(name, sizeof name, "%s/%s.%s", dir, kind, end);
    buf_cut(ret, 0);
    return access_pack_file(fd, name, ret, reterr);
}

/* Every text that the canary was written with. *ret: the first field that is not there; NULL: none. */
static const char *missing(const struct canary *c, fieldset fields, const struct kind *k, const char *text) {
    if (strstr(text, c->id) == NULL)
        return "id";
    for (size_t i = 0; i < k->field_count; i++) {
        const char *value = json_string_value(json_object_get(c->fields, k->fields[i].name));
        bool plain = k->fields[i].type == T_TEXT || k->fields[i].type == T_NAME || k->fields[i].type == T_EMAIL || k->fields[i].type == T_PHONE || k->fields[i].type == T_ADDRESS;
        if ((fields >> i & 1) != 0 && plain && value != NULL && strstr(text, value) == NULL)
            return k->fields[i].name;
    }
    return NULL;
}

static bool says_nothing_of(const struct canary *c, const char *text) { return strstr(text, c->id) == NULL; }

enum code probe_person(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct person_of_probe p;
    struct pack_check check;
    int fd = -1;
    AUTO(answer_done) struct answer found = { 0 }, packed = { 0 };
    AUTO(buf_done) struct buf text = BUF((size_t)16 << 20);
    enum code code = person_make(e, &p, reterr);
    if (code == OK)
        code = asked(e, &p, "subjects", NULL, &found, reterr);
    for (size_t i = 0; code == OK && i < p.count; i++) {
        const char *kind = charter_kind_at(env_charter(e), p.own[i]->kind)->name;
        if (strstr(buf_str(&found.body), p.own[i]->id) == NULL)
            return SAY(v, false, "a %s of the person was not found", kind);
        if (!says_nothing_of(p.strange[i], buf_str(&found.body)) || !says_nothing_of(p.far[i], buf_str(&found.body)))
            return SAY(v, false, "a %s of somebody else was found", kind);
    }
    if (code == OK)
        code = asked(e, &p, "subjects/pack", NULL, &packed, reterr);
    if (code == OK)
        code = archive_of(&packed.body, &fd, reterr);
    if (code == OK && access_pack_verify(fd, NULL, &check, reterr) != OK)
        code = SAY(v, false, "the archive does not verify: %s", reterr->text);
    for (size_t i = 0; code == OK && v->detail[0] == 0 && i < p.count; i++) {
        const struct kind *k = charter_kind_at(env_charter(e), p.own[i]->kind);
        code = file_of(fd, "records", k->name, "json", &text, reterr);
        const char *lost = missing(p.own[i], kind_all(k), k, buf_str(&text));
        if (code == OK && lost != NULL)
            code = SAY(v, false, "%s of a %s is not in the archive", lost, k->name);
        else if (code == OK && (!says_nothing_of(p.strange[i], buf_str(&text)) || !says_nothing_of(p.far[i], buf_str(&text))))
            code = SAY(v, false, "the archive holds a %s of somebody else", k->name);
    }
    if (fd >= 0)
        close(fd);
    return code != OK || v->detail[0] != 0 ? code : SAY(v, true, "%zu kind%s: all of the person was found and packed, and nothing of another or of another tenant; the archive of %llu file%s is signed",
                                                        p.count, ENDS(p.count), (unsigned long long)check.files, ENDS(check.files));
}

/* One kind in the archive: as JSON, as a table, with its schema; and nothing where the person gave nothing that may leave. */
static enum code portable_look(struct env *e, int fd, const struct canary *c, struct buf *text, struct verdict_line *v, size_t *ret_kinds, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    fieldset fields = pack_portable(k);
    static const struct { const char *dir, *end; } forms[] = { { "records", "json" }, { "records", "csv" }, { "schema", "json" } };
    enum code code = OK;
    *ret_kinds += fields != 0;
    for (size_t i = 0; code == OK && v->detail[0] == 0 && i < ARRAY_LEN(forms); i++) {
        code = file_of(fd, forms[i].dir, k->name, forms[i].end, text, reterr);
        if (code == OK && (text->len > 0) != (fields != 0))
            return SAY(v, false, "%s/%s.%s is %s", forms[i].dir, k->name, forms[i].end, fields != 0 ? "missing" : "there, and may not be");
        const char *lost = i == 2 || fields == 0 ? NULL : missing(c, fields, k, buf_str(text));
        if (code == OK && lost != NULL)
            return SAY(v, false, "%s of a %s is not in %s.%s", lost, k->name, k->name, forms[i].end);
        for (size_t f = 0; code == OK && f < k->field_count; f++) {
            const char *value = json_string_value(json_object_get(c->fields, k->fields[f].name));
            if ((fields >> f & 1) == 0 && k->fields[f].type == T_TEXT && value != NULL && strstr(buf_str(text), value) != NULL)
                return SAY(v, false, "%s of a %s leaves, though the person did not give it", k->fields[f].name, k->name);
        }
    }
    return code;
}

enum code probe_portability(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct person_of_probe p;
    struct pack_check check;
    size_t kinds = 0;
    int fd = -1;
    AUTO(answer_done) struct answer packed = { 0 };
    AUTO(buf_done) struct buf text = BUF((size_t)16 << 20);
    enum code code = person_make(e, &p, reterr);
    if (code == OK)
        code = asked(e, &p, "subjects/pack", "portability", &packed, reterr);
    if (code == OK)
        code = archive_of(&packed.body, &fd, reterr);
    if (code == OK && access_pack_verify(fd, NULL, &check, reterr) != OK)
        code = SAY(v, false, "the archive does not verify: %s", reterr->text);
    for (size_t i = 0; code == OK && v->detail[0] == 0 && i < p.count; i++)
        code = portable_look(e, fd, p.own[i], &text, v, &kinds, reterr);
    if (fd >= 0)
        close(fd);
    return code != OK || v->detail[0] != 0 ? code : SAY(v, true, "what the person gave left as JSON and CSV with a schema, signed (kinds: %zu); nothing else did (kinds: %zu)", kinds, p.count - kinds);
}
