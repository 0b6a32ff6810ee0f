/* post.c — a letter is an entry that is sealed under a key of its own, bound to its tenant and its id. */
#include "records/post.h"

#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "base/text.h"
#include "records/entry.h"
#include "records/service.h"
#include "records/spare.h"
#include "store/tables.h"
#include "wire/mailbox.h"

#define FILE_BUF_MAX BASE64URL_ROOM(POST_FILE_MAX)

void post_ready_done(struct post_ready *r) {
    buf_wipe(&r->sealed);
    *r = (struct post_ready){ .sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD) };
}

/* Of one line, without control characters. */
static bool is_line(const char *text, size_t most) {
    size_t len = strlen(text);
    return len <= most && text_is_utf8(text, len) && strpbrk(text, "\r\n\t") == NULL;
}

static enum code post_fits(const struct post *p, struct err *reterr) {
    bool utf8;
    if (p->to == NULL || !mailbox_valid(p->to, &utf8))
        return err_field(reterr, E_FIELDS, "/to", "this is no address that a letter can be sent to");
    if (p->subject[0] == 0 || !is_line(p->subject, POST_SUBJECT_MAX) || (p->to_name != NULL && !is_line(p->to_name, POST_SUBJECT_MAX)))
        return err_set(reterr, E_INVALID, "subject and name of a letter are one line of at most %u bytes each", POST_SUBJECT_MAX);
    if (!text_is_utf8(p->text, strlen(p->text)) || (p->file != NULL && (p->file_name == NULL || p->file_type == NULL || !is_line(p->file_name, POST_SUBJECT_MAX))))
        return err_set(reterr, E_INVALID, "a letter is UTF-8, and its file has a name and a type");
    if (strlen(p->text) > POST_TEXT_MAX || (p->file != NULL && p->file_len > POST_FILE_MAX))
        return err_set(reterr, E_TOO_LARGE, "a letter holds %zu KiB of text and a file of %zu KiB at most", POST_TEXT_MAX >> 10, POST_FILE_MAX >> 10);
    return OK;
}

static json_t *entry_of(const struct post *p) {
    AUTO(buf_wipe) struct buf bytes = BUF(FILE_BUF_MAX);
    json_t *file = NULL, *entry;
    if (p->file != NULL) {
        base64url_encode(p->file, p->file_len, &bytes);
        file = bytes.failed ? NULL : json_pack("{s:s, s:s, s:s}", "name", p->file_name, "type", p->file_type, "bytes", buf_str(&bytes));
        if (file == NULL)
            return NULL;
    }
    entry = json_pack("{s:s, s:s*, s:s, s:s, s:s, s:o*}", "to", p->to, "to_name", p->to_name, "lang", lang_code(p->lang), "subject", p->subject, "text", p->text, "file", file);
    return entry;
}

enum code post_seal(struct service *s, int64_t tenant, const struct post *p, struct post_ready *ret, struct err *reterr) {
    PRE(s != NULL && p != NULL && p->cause != NULL && p->subject != NULL && p->text != NULL && ret != NULL && reterr != NULL);
    struct key key;
    key_id id = 0;
    usec_t now = clock_now();
    enum code code = post_fits(p, reterr);
    if (code == OK)
        code = spare_make(s, tenant, p->until, 1, &id, &key, reterr);
    if (code != OK)
        return code;
    struct post_ready r = { .sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD) };
    r.row = (struct letter_row){ .id = uuid_new(), .cause = p->cause, .about = p->about, .state = LETTER_WAITING, .made = now, .until = p->until, .said = "", .key = id, .whom = p->whom };
    json_t *entry = entry_of(p);
    const struct entry_place at = { POST_REGISTER, tenant, 0, r.row.id, id };
    code = entry_seal(&at, &key, entry, &r.sealed, reterr);
    json_decref(entry);
    if (code == OK) {
        r.row.blob = r.sealed.data;
        r.row.len = r.sealed.len;
        *ret = r;
    } else {
        spare_give(s, tenant, p->until, &id, &key, 1);
        buf_wipe(&r.sealed);
    }
    crypto_wipe(&key, sizeof key);
    return code;
}

enum code post_put(struct txn *t, struct post_ready *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->row.len > 0 && reterr != NULL);
    return letter_put(t, &r->row, txn_now(t), reterr);
}

enum code post_open(struct keeper_client *k, int64_t tenant, const struct letter_row *r, json_t **ret, struct err *reterr) {
    PRE(k != NULL && r != NULL && ret != NULL && reterr != NULL);
    struct key key;
    key_id id = r->key;
    bool ok = false;
    const struct entry_place at = { POST_REGISTER, tenant, 0, r->id, id };
    enum code code = r->len == 0 ? OK : keeper_open(k, tenant, &id, 1, &key, &ok, reterr);
    if (code == OK)
        code = ok ? entry_open(&at, &key, r->blob, r->len, ret, reterr) : err_set(reterr, E_GONE, "this letter was sent or given up, and its text with it");
    crypto_wipe(&key, sizeof key);
    return code;
}

enum code post_end(struct txn *t, struct letter_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    enum code code = r->key == 0 ? OK : doomed_put(t, r->key, reterr);       /* 0: a message that has no text of its own */
    r->len = 0;
    return code == OK ? letter_set(t, r, USEC_NEVER, reterr) : code;
}
