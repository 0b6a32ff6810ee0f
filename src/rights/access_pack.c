/* access_pack.c — the letter first, then what is told of, then the records, and at the end what proves them whole. */
#include "rights/access_pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/draft.h"
#include "records/looks.h"
#include "rights/pack_inside.h"

#define FLUSH_AT ((size_t)256 << 10)
#define LOOKED_MOST 1000u                     /* records of which is told who looked; what is looked at for it is bounded besides */

const char *pack_purpose_name(enum pack_purpose purpose) {
    static const char *const names[PACK_PURPOSES] = { "access", "portability" };
    return names[purpose];
}

enum code packing_flush(struct packing *p, struct err *reterr) {
    if (p->text.failed)
        return err_set(reterr, E_MEMORY, "no memory for an access pack");
    if (p->text.len == 0)
        return OK;
    enum code code = pack_write(p->pack, p->text.data, p->text.len, reterr);
    explicit_bzero(p->text.data, p->text.len);
    buf_cut(&p->text, 0);
    return code;
}

enum code packing_json(struct packing *p, const char *name, json_t *tree, struct err *reterr) {
    char *text = tree == NULL ? NULL : json_dumps(tree, JSON_INDENT(1));
    json_decref(tree);
    if (text == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an access pack");
    enum code code = pack_add(p->pack, name, text, strlen(text), reterr);
    explicit_bzero(text, strlen(text));
    free(text);
    return code;
}

/* ---- what it is about */

static json_t *counts_of(const struct packing *p, const struct subject_record *list, size_t count) {
    json_t *counts = json_object();
    for (size_t i = 0; i < p->s->kinds; i++) {
        const struct run run = run_of(list, count, (int)i);
        if (run.count > 0)
            json_object_set_new(counts, service_kind(p->s, (int)i)->kind->name, json_integer((json_int_t)run.count));
    }
    return counts;
}

static enum code about_add(struct packing *p, struct err *reterr) {
    char made[40];
    const struct subject *about = p->job->about;
    json_t *told = json_pack("{s:s, s:s, s:s, s:I, s:s*, s:s*, s:s, s:o, s:o}", "purpose", pack_purpose_name(p->job->purpose), "service", charter_name(p->s->charter), "operator",
                             charter_operator(p->s->charter), "tenant", (json_int_t)p->tenant, "tenant_name", p->job->tenant_name, "contact", charter_contact(p->s->charter), "made",
                             time_format(p->job->now, made, sizeof made), "records", counts_of(p, about->list, about->count), "others", counts_of(p, about->named, about->named_count));
    return packing_json(p, "pack.json", told, reterr);
}

/* ---- the notice of each kind, and of each kind with somebody else's records that name the person */

static const char *page_title(enum lang lang) {
    static const char *const titles[LANG_COUNT] = { "Why we hold your data", "Dlaczego przechowujemy Twoje dane", "Miért kezeljük az Ön adatait" };
    return titles[lang];
}

static enum code notice_add(struct packing *p, struct err *reterr) {
    const struct pack_job *job = p->job;
    if (job->notice == NULL)
        return OK;
    AUTO(buf_done) struct buf b = BUF((size_t)16 << 20);
    buf_printf(&b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
               "<style>body{font:16px/1.5 sans-serif;max-width:42em;margin:2em auto;padding:0 1em;color:#111}h2{font-size:1.2em}section{border-top:1px solid #999;margin-top:2em}</style>\n"
               "</head>\n<body>\n<h1>%s</h1>\n", lang_code(job->lang), page_title(job->lang), page_title(job->lang));
    for (size_t i = 0; i < p->s->kinds; i++) {
        const struct kind *k = service_kind(p->s, (int)i)->kind;
        if (run_of(job->about->list, job->about->count, (int)i).count + run_of(job->about->named, job->about->named_count, (int)i).count == 0)
            continue;
        buf_text(&b, "<h2>");
        buf_html(&b, k->label.in[job->lang]);
        buf_text(&b, "</h2>\n");
        job->notice(job->arg, (int)i, job->lang, &b);
    }
    buf_text(&b, "</body>\n</html>\n");
    if (b.failed)
        return err_set(reterr, E_MEMORY, "no memory for an access pack");
    return pack_add(p->pack, "about.html", b.data, b.len, reterr);
}

/* ---- who looked */

static enum code looked_add(struct packing *p, struct err *reterr) {
    struct looks_left left = LOOKS_LEFT;
    const struct subject *about = p->job->about;
    json_t *all = json_array();
    bool cut = about->count > LOOKED_MOST;
    size_t lost = mem_lost();
    enum code code = all == NULL ? err_set(reterr, E_MEMORY, "no memory for an access pack") : OK;
    for (size_t i = 0; code == OK && i < about->count && i < LOOKED_MOST; i++) {
        const struct subject_record *r = &about->list[i];
        json_t *reads = NULL;
        char id[UUID_TEXT];
        bool more = false;
        code = looks_of_person(p->s, p->tenant, r->kind, &r->id, &left, &reads, &more, reterr);
        if (code == OK)
            json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:b}", "kind", service_kind(p->s, r->kind)->kind->name, "id", uuid_format(&r->id, id), "reads", reads, "more", (int)more));
        code = code == E_NOT_FOUND || code == E_GONE || code == E_DAMAGED ? OK : code;
    }
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for an access pack");
    if (code == OK)
        return packing_json(p, "who_looked.json", json_pack("{s:o, s:b}", "records", all, "more", (int)cut), reterr);
    json_decref(all);
    return code;
}

/* ---- an account of the person's, where the tenant knows one */

static enum code account_add(struct packing *p, struct err *reterr) {
    json_t *copy = p->job->account == NULL ? NULL : json_deep_copy(p->job->account);
    return p->job->account == NULL ? OK : packing_json(p, "account.json", copy, reterr);
}

/* ---- what proves it */

static void hex_of(const uint8_t *bytes, size_t len, char *ret) {
    for (size_t i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static enum code signature_add(struct packing *p, struct err *reterr) {
    AUTO(buf_done) struct buf manifest = BUF(PIECE_MAX);
    uint8_t digest[HASH_SIZE], signature[SIGNATURE_SIZE], public[PUBLIC_SIZE];
    char made[40], hash[2 * HASH_SIZE + 1], signed_by[2 * SIGNATURE_SIZE + 1], key[2 * PUBLIC_SIZE + 1];
    time_format(p->job->now, made, sizeof made);
    pack_heading(charter_name(p->s->charter), pack_purpose_name(p->job->purpose), made, &manifest);
    pack_manifest(p->pack, &manifest);
    if (manifest.failed)
        return err_set(reterr, E_MEMORY, "no memory for an access pack");
    hash_sha256(buf_str(&manifest), manifest.len, digest);
    enum code code = keeper_attest(p->s->keeper, SIGNED_WHAT, digest, signature, reterr);
    if (code == OK)
        code = keeper_public(p->s->keeper, public, reterr);
    if (code == OK)
        code = pack_add(p->pack, MANIFEST_NAME, buf_str(&manifest), manifest.len, reterr);
    if (code != OK)
        return code;
    hex_of(digest, sizeof digest, hash);
    hex_of(signature, sizeof signature, signed_by);
    hex_of(public, sizeof public, key);
    return packing_json(p, SIGNATURE_NAME, json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "sejf_pack", 1, "purpose", pack_purpose_name(p->job->purpose), "service", charter_name(p->s->charter),
                                                     "made", made, "manifest_sha256", hash, "signature", signed_by, "public_key", key,
                                                     "check", "sejf pack verify FILE --public HEX; the service shows its key: sejf ledger key"), reterr);
}

/* ---- all of it */

static enum code cover_add(struct packing *p, struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF((size_t)8 << 20);
    enum code code = cover_make(p, &b, reterr);
    return code == OK ? pack_add(p->pack, "cover.pdf", b.data, b.len, reterr) : code;
}

static enum code letter_add(struct packing *p, struct err *reterr) {
    const struct buf *letter = p->job->letter;
    return letter == NULL ? OK : pack_add(p->pack, LETTER_NAME, letter->data, letter->len, reterr);
}

static enum code kinds_add(struct packing *p, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < p->s->kinds; i++)
        code = packing_kind(p, service_kind(p->s, (int)i), reterr);
    for (size_t i = 0; code == OK && p->job->purpose == PACK_ACCESS && !p->job->only_seen && i < p->s->kinds; i++)
        code = packing_others(p, service_kind(p->s, (int)i), reterr);
    return code;
}

static enum code note(const struct packing *p, struct err *reterr) {
    char who[CALLER_TEXT];
    json_t *what = json_pack("{s:s, s:o, s:I, s:I}", "purpose", pack_purpose_name(p->job->purpose), "records", counts_of(p, p->job->about->list, p->job->about->count), "files",
                             (json_int_t)p->done.files, "others", (json_int_t)p->done.others);
    enum code code = ledger_note(p->s->store, p->tenant, "subject_packed", caller_text(p->job->who, who, sizeof who), what, true, reterr);
    json_decref(what);
    return code;
}

enum code access_pack_write(struct service *s, int64_t tenant, const struct pack_job *job, const struct sink *out, struct packed *ret, struct err *reterr) {
    PRE(s != NULL && job != NULL && job->about != NULL && job->who != NULL && out != NULL && ret != NULL && reterr != NULL);
    AUTO(pack_free) struct pack *pack = NULL;
    struct packing p = { .s = s, .tenant = tenant, .job = job, .text = BUF(PIECE_MAX) };
    static const struct { enum code (*add)(struct packing *p, struct err *reterr); bool access /* of no other pack */, whole /* nothing for who came by a link */; } steps[] = {
        { cover_add, false, false }, { letter_add, false, false }, { about_add, false, false }, { notice_add, true, false }, { kinds_add, false, false }, { packing_choices, true, false },
        { packing_messages, true, true }, { account_add, true, true }, { looked_add, true, false }, { signature_add, false, false },
    };
    enum code code = pack_new(out->write, out->arg, job->now, &pack, reterr);
    p.pack = pack;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(steps); i++)
        if ((!steps[i].access || job->purpose == PACK_ACCESS) && (!steps[i].whole || !job->only_seen))
            code = steps[i].add(&p, reterr);
    if (code == OK)
        code = note(&p, reterr);               /* before its last byte: what is told nowhere is never whole */
    if (code == OK)
        code = pack_end(pack, reterr);
    buf_wipe(&p.text);
    if (code == OK)
        *ret = p.done;
    return code;
}
