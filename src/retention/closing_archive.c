/* closing_archive.c — the archive of a tenant that closes, made as it is read: nothing of it lies on the server, so nothing of it has to be erased.
 * Pieces are as large as a page of records. */
#include <stdio.h>
#include <string.h>

#include "base/lang.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/service.h"
#include "records/use.h"
#include "retention/closing.h"
#include "store/closing.h"
#include "store/tables.h"

#define LEDGER_PAGE 500u
#define TEXT_MAX_BYTES ((size_t)16 << 20)
#define STATEMENT "closing"

static const struct words readme = WORDS(
    "Everything that was held for you\n\n"
    "records/KIND.csv     the records of a kind, for a spreadsheet\nrecords/KIND.ndjson  the same as JSON, a record a line\n"
    "files/               files of records; files.ndjson says of which, and what they were called\n"
    "staff.json           the people who had access\nledger.ndjson        what was done, entry by entry, without the data itself\n"
    "manifest.txt         the SHA-256 of each file: `sha256sum -c manifest.txt` checks them\nmanifest.sig         the signature of the manifest (Ed25519), in hexadecimal\n",
    "Wszystko, co dla Państwa przechowywano\n\n"
    "records/RODZAJ.csv     rekordy jednego rodzaju, do arkusza\nrecords/RODZAJ.ndjson  to samo jako JSON, jeden rekord w wierszu\n"
    "files/                 pliki należące do rekordów; files.ndjson mówi, do których, i jak się nazywały\n"
    "staff.json             osoby, które miały dostęp\nledger.ndjson          co zrobiono, wpis po wpisie, bez samych danych\n"
    "manifest.txt           skróty SHA-256 plików: sprawdza je `sha256sum -c manifest.txt`\nmanifest.sig           podpis spisu (Ed25519), szesnastkowo\n",
    "Minden, amit Önöknek tároltunk\n\n"
    "records/FAJTA.csv     egy fajta rekordjai, táblázatkezelőhöz\nrecords/FAJTA.ndjson  ugyanaz JSON formában, soronként egy rekord\n"
    "files/                a rekordok fájljai; hogy melyikéi és mi volt a nevük, azt a files.ndjson mondja meg\n"
    "staff.json            akiknek hozzáférésük volt\nledger.ndjson         ami történt, bejegyzésenként, maguk az adatok nélkül\n"
    "manifest.txt          a fájlok SHA-256 lenyomata: a `sha256sum -c manifest.txt` ellenőrzi\nmanifest.sig          a jegyzék aláírása (Ed25519), tizenhatos számrendszerben\n");

struct archive { struct service *s; struct caller sejf; struct pack *pack; enum code code; struct err *err; struct buf list; };

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for an archive"); }

static bool piece(void *arg, const void *bytes, size_t len) {
    struct archive *a = arg;
    if (a->code == OK)
        a->code = pack_write(a->pack, bytes, len, a->err);
    return a->code == OK;
}

/* ---- records */

static enum code kind_put(struct archive *a, const struct kind_info *k, enum stream_format format, struct err *reterr) {
    char name[160];
    struct err late;
    snprintf(name, sizeof name, "records/%.100s.%s", k->kind->name, format == FORMAT_CSV ? "csv" : "ndjson");
    enum code code = pack_begin(a->pack, name, -1, reterr);
    if (code == OK)
        code = records_export(a->s, &a->sejf, k->index, format, NULL, NULL, &(struct sink){ piece, a }, &late);
    if (a->code != OK)
        return a->code;
    if (code != OK)
        *reterr = late;
    return code == OK ? pack_close(a->pack, reterr) : code;
}

/* ---- files */

struct file_ids { struct { struct uuid id, record; int32_t kind, field; } list[64]; size_t count; };
static bool file_take(const struct file_row *f, void *arg) {
    struct file_ids *ids = arg;
    ids->list[ids->count].id = f->id;
    ids->list[ids->count].record = f->record;
    ids->list[ids->count].kind = f->kind;
    ids->list[ids->count++].field = f->field;
    return ids->count < ARRAY_LEN(ids->list);
}

struct file_begin { struct archive *a; char name[64]; };
static bool file_piece(void *arg, const void *bytes, size_t len) { return piece(((struct file_begin *)arg)->a, bytes, len); }
static bool file_open(void *arg, const struct file_info *info) {
    struct file_begin *b = arg;
    if (b->a->code == OK)
        b->a->code = pack_begin(b->a->pack, b->name, info->size, b->a->err);
    return b->a->code == OK;
}

static enum code file_put_one(struct archive *a, const struct file_ids *ids, size_t i, struct err *reterr) {
    char id[UUID_TEXT], record[UUID_TEXT];
    struct file_begin b = { .a = a };
    struct file_info info;
    struct err late;
    const struct kind_info *k = service_kind_by_number(a->s, ids->list[i].kind);
    snprintf(b.name, sizeof b.name, "files/%s", uuid_format(&ids->list[i].id, id));
    if (k == NULL)
        return OK;
    enum code code = file_fetch(a->s, &a->sejf, &ids->list[i].id, &info, file_open, &(struct sink){ file_piece, &b }, &late);
    if (a->code != OK)
        return a->code;
    if (code == E_NOT_FOUND || code == E_GONE)
        return OK;                             /* erased meanwhile */
    if (code != OK) {
        *reterr = late;
        return code;
    }
    json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "file", b.name, "kind", k->kind->name, "record", uuid_format(&ids->list[i].record, record), "name", info.name, "type", info.type,
                             "size", (json_int_t)info.size);
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    json_decref(line);
    buf_text(&a->list, text == NULL ? "" : text);
    buf_char(&a->list, '\n');
    bool fine = text != NULL && !a->list.failed;
    free(text);
    return fine ? pack_close(a->pack, reterr) : no_memory(reterr);
}

static enum code files_put(struct archive *a, struct err *reterr) {
    struct uuid after = { { 0 } };
    struct file_ids ids;
    enum code code;
    do {
        struct view *v = NULL;
        ids.count = 0;
        code = store_view(a->s->store, a->sejf.tenant, &v, reterr);
        if (code == OK)
            code = files_after(view_sql(v), &after, file_take, &ids, reterr);
        view_end(v);
        for (size_t i = 0; code == OK && i < ids.count; i++)
            code = file_put_one(a, &ids, i, reterr);
        if (ids.count > 0)
            after = ids.list[ids.count - 1].id;
    } while (code == OK && ids.count == ARRAY_LEN(ids.list));
    return code == OK ? pack_add(a->pack, "files.ndjson", a->list.data, a->list.len, reterr) : code;
}

/* ---- the ledger */

struct entries { struct buf text; uint64_t last; size_t count; };
static bool entry_take(const struct ledger_row *r, void *arg) {
    struct entries *e = arg;
    buf_text(&e->text, r->entry);
    buf_char(&e->text, '\n');
    e->last = r->seq;
    return ++e->count < LEDGER_PAGE && !e->text.failed;
}

static enum code ledger_put_all(struct archive *a, struct err *reterr) {
    struct entries e = { .text = BUF(TEXT_MAX_BYTES) };
    enum code code = pack_begin(a->pack, "ledger.ndjson", -1, reterr);
    do {
        struct view *v = NULL;
        e.count = 0;
        buf_cut(&e.text, 0);
        if (code == OK)
            code = store_view(a->s->store, a->sejf.tenant, &v, reterr);
        if (code == OK)
            code = ledger_list(view_sql(v), e.last, entry_take, &e, reterr);
        view_end(v);
        if (code == OK)
            code = e.text.failed ? no_memory(reterr) : pack_write(a->pack, e.text.data, e.text.len, reterr);
    } while (code == OK && e.count == LEDGER_PAGE);
    buf_done(&e.text);
    return code == OK ? pack_close(a->pack, reterr) : code;
}

/* ---- the whole */

static enum code texts_put(struct archive *a, const json_t *people, struct err *reterr) {
    static const char *const names[LANG_COUNT] = { "README.txt", "CZYTAJ.txt", "OLVASS.txt" };
    char *staff = json_dumps(people, JSON_INDENT(2) | JSON_ENCODE_ANY);
    enum code code = staff == NULL ? no_memory(reterr) : pack_add(a->pack, "staff.json", staff, strlen(staff), reterr);
    if (staff != NULL)
        explicit_bzero(staff, strlen(staff));
    free(staff);
    for (size_t i = 0; code == OK && i < LANG_COUNT; i++)
        if (i == LANG_EN || (charter_speaks(a->s->charter) >> i & 1) != 0)
            code = pack_add(a->pack, names[i], readme.in[i], strlen(readme.in[i]), reterr);
    return code;
}

static enum code manifest_put(struct archive *a, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(TEXT_MAX_BYTES), hex = BUF(1024);
    uint8_t digest[HASH_SIZE], sig[SIGNATURE_SIZE];
    pack_manifest(a->pack, &text);
    if (text.failed)
        return no_memory(reterr);
    hash_sha256(text.data, text.len, digest);
    enum code code = pack_add(a->pack, "manifest.txt", text.data, text.len, reterr);
    if (code == OK)
        code = keeper_attest(a->s->keeper, STATEMENT, digest, sig, reterr);
    if (code != OK)
        return code;
    hex_encode(sig, sizeof sig, &hex);
    buf_char(&hex, '\n');
    return hex.failed ? no_memory(reterr) : pack_add(a->pack, "manifest.sig", hex.data, hex.len, reterr);
}

static enum code asked_for(struct service *s, int64_t tenant, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    AUTO(view_end) struct view *v = NULL;
    struct closing_row r;
    enum code code = arena == NULL ? no_memory(reterr) : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = closing_get(view_sql(v), &r, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && r.state != CLOSING_ASKED))
        return err_set(reterr, E_CONFLICT, "the archive of everything is for an account that closes: POST …/closing first");
    return code;
}

enum code closing_archive(struct service *s, const struct caller *who, const json_t *people, const struct sink *out, struct err *reterr) {
    PRE(s != NULL && who != NULL && people != NULL && out != NULL && reterr != NULL);
    AUTO(pack_free) struct pack *pack = NULL;
    char text[CALLER_TEXT];
    struct archive a = { .s = s, .sejf = { .tenant = who->tenant, .person = charter_tenant(s->charter), .by_sejf = true, .subject_kind = -1 }, .err = reterr, .list = BUF(TEXT_MAX_BYTES) };
    enum code code = use_owner(s, who) ? asked_for(s, who->tenant, reterr) : err_set(reterr, E_FORBIDDEN, "the archive of everything is for the tenant's own role");
    if (code == OK)
        code = ledger_note(s->store, who->tenant, "closing_archived", caller_text(who, text, sizeof text), json_null(), true, reterr);
    if (code == OK)
        code = pack_new(out->write, out->arg, clock_now(), &pack, reterr);
    a.pack = pack;
    if (code == OK)
        code = texts_put(&a, people, reterr);
    for (size_t i = 0; code == OK && i < s->kinds; i++) {
        code = kind_put(&a, service_kind(s, (int)i), FORMAT_CSV, reterr);
        if (code == OK)
            code = kind_put(&a, service_kind(s, (int)i), FORMAT_NDJSON, reterr);
    }
    if (code == OK)
        code = files_put(&a, reterr);
    if (code == OK)
        code = ledger_put_all(&a, reterr);
    if (code == OK)
        code = manifest_put(&a, reterr);
    if (code == OK)
        code = pack_end(pack, reterr);
    buf_wipe(&a.list);
    return code;
}
