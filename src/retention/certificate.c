/* certificate.c — how certificates are made. A destruction whose keys are not final makes the keeper refuse all of its group: the group is
 * halved until what is final has its certificate and what is not, or cannot be read any more, waits alone. */
#include "retention/certificate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "base/text.h"
#include "retention/certificate_text.h"
#include "store/destruction.h"
#include "store/tables.h"

struct item { int64_t number; usec_t at; char *cause, *by, *counts; uint64_t *keys; size_t key_count; };
struct items { struct item *list; size_t count, room, keys; usec_t until /* later ones are not final */, now; int64_t after, last /* numbers: looked at before, and now */; bool failed, more; };

static void items_done(struct items *l) {
    for (size_t i = 0; i < l->count; i++) {
        (void)mem_free(l->list[i].cause);
        (void)mem_free(l->list[i].by);
        (void)mem_free(l->list[i].counts);
        (void)mem_free(l->list[i].keys);
    }
    (void)mem_free(l->list);
}
DEFINE_AUTO_VALUE(struct items, items_done)

/* ---- what waits */

static bool items_grow(struct items *l) {
    if (l->count < l->room)
        return true;
    size_t room = l->room == 0 ? 64 : l->room * 2;
    struct item *list = mem_new_array(room, sizeof *list);
    if (list == NULL)
        return false;
    if (l->count > 0)
        memcpy(list, l->list, l->count * sizeof *list);
    (void)mem_free(l->list);
    l->list = list;
    l->room = room;
    return true;
}

/* What lies ahead of the clock was written by one that was wrong: the keeper knows whether it is final. */
static bool item_take(const struct destruction_row *r, void *arg) {
    struct items *l = arg;
    if (r->number <= l->after)
        return true;
    if (r->at > l->until && r->at <= l->now)
        return true;
    if (l->keys >= CERTIFICATE_KEYS) {
        l->more = true;
        return false;
    }
    if (!items_grow(l)) {
        l->failed = true;
        return false;
    }
    struct item *i = &l->list[l->count++];
    *i = (struct item){ .number = r->number, .at = r->at, .cause = mem_text(r->cause), .by = mem_text(r->by), .counts = mem_text(r->counts),
                        .keys = mem_new_array(r->key_count + 1, sizeof *i->keys), .key_count = r->key_count };
    l->failed = i->cause == NULL || i->by == NULL || i->counts == NULL || i->keys == NULL;
    if (!l->failed && r->key_count > 0)
        memcpy(i->keys, r->keys, r->key_count * sizeof *i->keys);
    l->keys += r->key_count;
    l->last = r->number;
    return !l->failed;
}

static enum code items_read(struct store *s, int64_t tenant, struct items *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = destructions_open(view_sql(v), item_take, ret, reterr);
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for a certificate") : code;
}

static int same_group(const struct item *a, const struct item *b) {
    int d = strcmp(a->cause, b->cause);
    return d != 0 ? d : strcmp(a->by, b->by);
}
static int by_group(const void *a, const void *b) {
    const struct item *x = a, *y = b;
    int d = same_group(x, y);
    return d != 0 ? d : x->number < y->number ? -1 : x->number > y->number;
}

/* ---- one certificate */

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* All keys of the items, ascending, each once. *ret: mem_free. */
static enum code keys_of(const struct item *list, size_t count, uint64_t **ret, size_t *ret_count, struct err *reterr) {
    size_t all = 0, n = 0;
    for (size_t i = 0; i < count; i++)
        all += list[i].key_count;
    uint64_t *keys = mem_new_array(all + 1, sizeof *keys);
    if (keys == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the keys of a certificate");
    for (size_t i = 0; i < count; i++) {
        memcpy(keys + n, list[i].keys, list[i].key_count * sizeof *keys);
        n += list[i].key_count;
    }
    qsort(keys, all, sizeof *keys, by_number);
    n = 0;
    for (size_t i = 0; i < all; i++)
        if (n == 0 || keys[i] != keys[n - 1])
            keys[n++] = keys[i];
    *ret = keys;
    *ret_count = n;
    return OK;
}

/* {"registration": 12, …} of all items. *ret: a new reference. E_DAMAGED: of one nobody can say any more what it was. */
static enum code counts_of(const struct item *list, size_t count, json_t **ret, struct err *reterr) {
    size_t lost = mem_lost();
    json_t *sum = json_object(), *one;
    const char *name;
    int64_t number = 0;
    bool fine = sum != NULL;
    for (size_t i = 0; fine && i < count; i++) {
        json_t *o = json_loads(list[i].counts, JSON_REJECT_DUPLICATES, NULL);
        number = list[i].number;
        fine = json_is_object(o);
        json_object_foreach(o, name, one)
            fine = fine && json_is_integer(one) && json_object_set_new(sum, name, json_integer(json_integer_value(json_object_get(sum, name)) + json_integer_value(one))) == 0;
        json_decref(o);
    }
    if (fine) {
        *ret = sum;
        return OK;
    }
    bool memory = sum == NULL || mem_lost() != lost;
    json_decref(sum);
    return memory ? err_set(reterr, E_MEMORY, "no memory for a certificate")
                  : err_set(reterr, E_DAMAGED, "what destruction %lld counted is damaged: it has no certificate until that is mended", (long long)number);
}

struct making {
    struct store *store; struct keeper_client *keeper; const char *service; int64_t tenant;
    struct keeper_status keyring;
    size_t made;
    enum code fault; struct err first;       /* of a destruction that cannot be read: the others do not wait for it */
    bool again;                              /* another epoch began meanwhile, or another process wrote: look anew */
};

struct position { int64_t number; uint64_t seq; uint8_t head[HASH_SIZE]; };
static enum code position_of(const struct making *m, struct position *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(m->store, m->tenant, &v, reterr);
    if (code == OK)
        code = certificate_next(view_sql(v), &ret->number, reterr);
    return code == OK ? ledger_last(view_sql(v), &ret->seq, ret->head, reterr) : code;
}

static enum code body_of(const struct making *m, const struct item *list, size_t count, const struct position *p, const uint64_t *keys, size_t key_count, json_t **ret,
                         struct err *reterr) {
    char made[40], from[40], until[40], renewed[40];
    usec_t first = list[0].at, last = first;
    for (size_t i = 0; i < count; i++) {
        first = list[i].at < first ? list[i].at : first;
        last = list[i].at > last ? list[i].at : last;
    }
    const struct certificate_parts parts = {
        .service = m->service, .tenant = m->tenant, .number = p->number, .made = time_format(clock_now(), made, sizeof made), .cause = list[0].cause, .by = list[0].by,
        .from = time_format(first, from, sizeof from), .until = time_format(last, until, sizeof until), .destructions = count, .keys = keys, .key_count = key_count,
        .epoch = m->keyring.epoch, .renewed = time_format(m->keyring.renewed, renewed, sizeof renewed), .seq = p->seq, .head = p->head };
    json_t *counts = NULL;
    enum code code = counts_of(list, count, &counts, reterr);
    return code == OK ? certificate_body(&parts, counts, ret, reterr) : code;
}

struct writing { const struct item *list; size_t count; int64_t number; const char *text; json_t *what; };
static enum code certificate_write(struct txn *t, void *arg, struct err *reterr) {
    const struct writing *w = arg;
    int64_t next = 0;
    enum code code = certificate_next(txn_sql(t), &next, reterr);
    if (code == OK && next != w->number)
        return err_set(reterr, E_CONFLICT, "certificate %lld was made meanwhile", (long long)w->number);
    if (code == OK)
        code = certificate_put(t, w->number, w->text, reterr);
    for (size_t i = 0; code == OK && i < w->count; i++)
        code = destruction_told(t, w->list[i].number, w->number, reterr);
    return code == OK ? ledger_append(t, "certificate_made", "sejf", w->what, reterr) : code;
}

static enum code keep(struct making *m, const struct item *list, size_t count, const struct position *p, const char *text, const char *hash, size_t keys, struct err *reterr) {
    struct writing w = { list, count, p->number, text, json_pack("{s:I,s:s,s:I}", "number", (json_int_t)p->number, "hash", hash, "keys", (json_int_t)keys) };
    enum code code = w.what == NULL ? err_set(reterr, E_MEMORY, "no memory for a certificate") : store_write(m->store, m->tenant, certificate_write, &w, reterr);
    json_decref(w.what);
    m->again = m->again || code == E_CONFLICT;
    m->made += code == OK;
    return code == E_CONFLICT ? OK : code;
}

/* E_CONFLICT: something of it is not final. */
static enum code make_one(struct making *m, const struct item *list, size_t count, struct err *reterr) {
    AUTO(mem_free) uint64_t *keys = NULL;
    AUTO(buf_done) struct buf text = BUF(CERTIFICATE_MOST), hash = BUF(80);
    struct position p = { .number = 0 };
    uint8_t digest[HASH_SIZE], public[PUBLIC_SIZE], sig[SIGNATURE_SIZE];
    size_t key_count = 0;
    json_t *body = NULL;
    enum code code = keys_of(list, count, &keys, &key_count, reterr);
    if (code == OK)
        code = position_of(m, &p, reterr);
    if (code == OK)
        code = body_of(m, list, count, &p, keys, key_count, &body, reterr);
    if (code == OK)
        code = certificate_digest(body, digest, reterr);
    if (code == OK)
        code = keeper_certify(m->keeper, m->tenant, m->keyring.epoch, keys, key_count, digest, sig, reterr);
    if (code == OK)
        code = keeper_public(m->keeper, public, reterr);
    if (code == OK)
        code = certificate_whole(body, digest, public, sig, &text, reterr);
    json_decref(body);
    hex_encode(digest, sizeof digest, &hash);
    return code == OK ? keep(m, list, count, &p, buf_str(&text), buf_str(&hash), key_count, reterr) : code;
}

/* Did the keeper refuse because a renewal came between? */
static enum code epoch_look(struct making *m, struct err *reterr) {
    struct keeper_status now;
    enum code code = keeper_status(m->keeper, &now, reterr);
    m->again = m->again || (code == OK && now.epoch != m->keyring.epoch);
    return code;
}

static enum code make_group(struct making *m, const struct item *list, size_t count, struct err *reterr) {
    if (m->again || count == 0)
        return OK;
    enum code code = make_one(m, list, count, reterr);
    if (code == E_DAMAGED && count == 1 && m->fault == OK) {
        m->fault = code;
        m->first = *reterr;
    }
    if (code == E_DAMAGED)
        code = OK;
    else if (code == E_CONFLICT)
        code = epoch_look(m, reterr);
    else
        return code;
    if (code != OK || m->again || count == 1)
        return code;
    code = make_group(m, list, count / 2, reterr);
    return code == OK ? make_group(m, list + count / 2, count - count / 2, reterr) : code;
}

static enum code make_all(struct making *m, struct items *l, struct err *reterr) {
    enum code code = OK;
    if (l->count > 0)
        qsort(l->list, l->count, sizeof *l->list, by_group);
    for (size_t from = 0, to; code == OK && from < l->count; from = to) {
        for (to = from + 1; to < l->count && same_group(&l->list[from], &l->list[to]) == 0; to++)
            continue;
        code = make_group(m, l->list + from, to - from, reterr);
    }
    return code;
}

enum code certificates_make(struct store *s, struct keeper_client *k, const char *service, int64_t tenant, size_t *ret_made, struct err *reterr) {
    PRE(s != NULL && k != NULL && service != NULL && ret_made != NULL && reterr != NULL);
    struct making m = { .store = s, .keeper = k, .service = service, .tenant = tenant };
    enum code code = OK;
    size_t before;
    int64_t after = 0;
    bool more = rule_on(RULE_erasure_certified);
    for (int tries = 0; code == OK && more && tries < 3; tries += m.again && m.made == before) {
        AUTO(items_done) struct items l = { .now = clock_now(), .after = after };
        before = m.made;
        m.again = false;
        code = keeper_status(k, &m.keyring, reterr);
        l.until = m.keyring.renewed;
        if (code == OK)
            code = items_read(s, tenant, &l, reterr);
        if (code == OK)
            code = make_all(&m, &l, reterr);
        more = m.again || l.more;
        after = m.again ? after : l.last;      /* whatever could not be final: those behind it do not wait */
    }
    if (code != OK)
        return code;
    *ret_made = m.made;
    if (m.fault != OK)
        *reterr = m.first;
    return m.fault;
}
