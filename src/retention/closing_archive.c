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
#include "retention/closing_cover.h"
#include "store/closing.h"
#include "store/tables.h"

#define LEDGER_PAGE 500u
#define TEXT_MAX_BYTES ((size_t)16 << 20)
#define STATEMENT "closing"                    /* what the keeper signs, and the purpose in signature.json */
#define COVER_MOST ((size_t)1 << 22)

static const struct words readme = WORDS(
    "Everything that was held for you\n\n"
    "records/KIND.csv     the records of a kind, for a spreadsheet\nrecords/KIND.ndjson  the same as JSON, a record a line\n"
    "files/               files of records; files.ndjson says of which, and what they were called\n"
    "staff.json           the people who had access\nledger.ndjson        what was done, entry by entry, without the data itself\n"
    "manifest.txt         the SHA-256 of each file: `sha256sum -c manifest.txt` checks them\nsignature.json       the signature of the manifest: `sejf pack verify FILE` checks both\n",
    "Wszystko, co dla Państwa przechowywano\n\n"
    "records/RODZAJ.csv     rekordy jednego rodzaju, do arkusza\nrecords/RODZAJ.ndjson  to samo jako JSON, jeden rekord w wierszu\n"
    "files/                 pliki należące do rekordów; files.ndjson mówi, do których, i jak się nazywały\n"
    "staff.json             osoby, które miały dostęp\nledger.ndjson          co zrobiono, wpis po wpisie, bez samych danych\n"
    "manifest.txt           skróty SHA-256 plików: sprawdza je `sha256sum -c manifest.txt`\nsignature.json         podpis spisu: jedno i drugie sprawdza `sejf pack verify PLIK`\n",
    "Minden, amit Önöknek tároltunk\n\n"
    "records/FAJTA.csv     egy fajta rekordjai, táblázatkezelőhöz\nrecords/FAJTA.ndjson  ugyanaz JSON formában, soronként egy rekord\n"
    "files/                a rekordok fájljai; hogy melyikéi és mi volt a nevük, azt a files.ndjson mondja meg\n"
    "staff.json            akiknek hozzáférésük volt\nledger.ndjson         ami történt, bejegyzésenként, maguk az adatok nélkül\n"
    "manifest.txt          a fájlok SHA-256 lenyomata: a `sha256sum -c manifest.txt` ellenőrzi\nsignature.json        a jegyzék aláírása: mindkettőt a `sejf pack verify FÁJL` ellenőrzi\n");

struct archive { struct service *s; struct caller sejf; struct pack *pack; enum code code; struct err *err; struct buf list; uint64_t lines; size_t files; };

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for an archive"); }

static bool piece(void *arg, const void *bytes, size_t len) {
    struct archive *a = arg;
    for (const char *p = bytes, *end = p + len; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        a->lines++;
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
    a->files++;
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

/* As of an archive about a person (rights/access_pack.c): `sejf pack verify` reads both. */
static enum code manifest_put(struct archive *a, usec_t now, const uint8_t public[PUBLIC_SIZE], struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(TEXT_MAX_BYTES), hash = BUF(80), signed_by = BUF(160), key = BUF(80);
    uint8_t digest[HASH_SIZE], sig[SIGNATURE_SIZE];
    char made[32];
    time_format(now, made, sizeof made);
    pack_heading(charter_name(a->s->charter), STATEMENT, made, &text);
    pack_manifest(a->pack, &text);
    if (text.failed)
        return no_memory(reterr);
    hash_sha256(text.data, text.len, digest);
    enum code code = pack_add(a->pack, "manifest.txt", text.data, text.len, reterr);
    if (code == OK)
        code = keeper_attest(a->s->keeper, STATEMENT, digest, sig, reterr);
    if (code != OK)
        return code;
    hex_encode(digest, sizeof digest, &hash);
    hex_encode(sig, sizeof sig, &signed_by);
    hex_encode(public, PUBLIC_SIZE, &key);
    json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "sejf_pack", 1, "purpose", STATEMENT, "service", charter_name(a->s->charter), "made", made,
                          "manifest_sha256", buf_str(&hash), "signature", buf_str(&signed_by), "public_key", buf_str(&key));
    char *told = o == NULL ? NULL : json_dumps(o, JSON_INDENT(2));
    json_decref(o);
    code = told == NULL ? no_memory(reterr) : pack_add(a->pack, "signature.json", told, strlen(told), reterr);
    free(told);
    return code;
}

/* One in each language that the charter speaks. */
static enum code covers_put(struct archive *a, const struct closing_cover *c, struct err *reterr) {
    enum code code = OK;
    for (int l = 0; code == OK && l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf pdf = BUF(COVER_MOST);
        struct closing_cover one = *c;
        char name[32];
        one.lang = (enum lang)l;
        if (l != LANG_EN && (charter_speaks(a->s->charter) >> l & 1) == 0)
            continue;
        snprintf(name, sizeof name, "cover-%s.pdf", lang_code(one.lang));
        code = closing_cover(&one, &pdf, reterr);
        if (code == OK)
            code = pack_add(a->pack, name, pdf.data, pdf.len, reterr);
    }
    return code;
}

static enum code asked_for(struct service *s, int64_t tenant, usec_t *ret_goes, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    AUTO(view_end) struct view *v = NULL;
    struct closing_row r;
    enum code code = arena == NULL ? no_memory(reterr) : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = closing_get(view_sql(v), &r, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && r.state != CLOSING_ASKED))
        return err_set(reterr, E_CONFLICT, "the archive of everything is for an account that closes: POST …/closing first");
    if (code == OK)
        *ret_goes = r.goes;
    return code;
}

enum code closing_archive(struct service *s, const struct caller *who, const json_t *people, const struct sink *out, struct err *reterr) {
    PRE(s != NULL && who != NULL && people != NULL && out != NULL && reterr != NULL);
    AUTO(pack_free) struct pack *pack = NULL;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    char text[CALLER_TEXT];
    uint8_t public[PUBLIC_SIZE];
    AUTO(mem_free) uint64_t *records = mem_new_array(s->kinds + 1, sizeof *records);
    struct tenant_row row = { .name = "" };
    struct closing_cover cover = { .charter = s->charter, .now = clock_now(), .records = records, .public = public };
    struct archive a = { .s = s, .sejf = { .tenant = who->tenant, .person = charter_tenant(s->charter), .by_sejf = true, .subject_kind = -1 }, .err = reterr, .list = BUF(TEXT_MAX_BYTES) };
    enum code code = use_owner(s, who) ? asked_for(s, who->tenant, &cover.goes, reterr) : err_set(reterr, E_FORBIDDEN, "the archive of everything is for the tenant's own role");
    if (code == OK)
        code = arena == NULL || records == NULL ? no_memory(reterr) : tenant_get(s->store, who->tenant, &row, arena, reterr);
    if (code == OK)
        code = keeper_public(s->keeper, public, reterr);
    if (code == OK)
        code = ledger_note(s->store, who->tenant, "closing_archived", caller_text(who, text, sizeof text), json_null(), true, reterr);
    if (code == OK)
        code = pack_new(out->write, out->arg, cover.now, &pack, reterr);
    a.pack = pack;
    if (code == OK)
        code = texts_put(&a, people, reterr);
    for (size_t i = 0; code == OK && i < s->kinds; i++) {
        code = kind_put(&a, service_kind(s, (int)i), FORMAT_CSV, reterr);
        a.lines = 0;
        if (code == OK)
            code = kind_put(&a, service_kind(s, (int)i), FORMAT_NDJSON, reterr);
        records[i] = a.lines;
    }
    if (code == OK)
        code = files_put(&a, reterr);
    if (code == OK)
        code = ledger_put_all(&a, reterr);
    cover.tenant_name = row.name;
    cover.files = a.files;
    if (code == OK)
        code = covers_put(&a, &cover, reterr);
    if (code == OK)
        code = manifest_put(&a, cover.now, public, reterr);
    if (code == OK)
        code = pack_end(pack, reterr);
    buf_wipe(&a.list);
    return code;
}
