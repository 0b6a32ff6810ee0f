/* templates.c — see templates.h. What was opened last is remembered by the bytes it was opened from, for a campaign has one text and many letters: a row
 * that says something else is opened anew. */
#include "messages/templates.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "messages/remind.h"
#include "messages/remind_text.h"
#include "messages/right.h"
#include "messages/values.h"
#include "records/entry.h"
#include "records/draft.h"
#include "records/spare.h"
#include "store/template.h"

#define REGISTER "template"
#define NAME_MOST 60u
#define LISTED 100u
#define SEALED_MAX (ENTRY_TEXT_MAX + SEAL_OVERHEAD)

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a template"); }

/* ---- reading one against the charter */

int template_kind(const struct service *s) {
    const struct message_rule mail = charter_messages(s->charter, false), sms = charter_messages(s->charter, true);
    int found = -1;
    for (size_t i = 0; i < s->kinds; i++) {
        const struct kind *k = s->info[i].kind;
        bool by_mail = mail.said && k->about == mail.person && kind_address_field(k, false) >= 0, by_sms = sms.said && k->about == sms.person && kind_address_field(k, true) >= 0;
        if (k->about < 0 || (!by_mail && !by_sms))
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

static enum code checked(const struct service *s, const struct caller *who, int kind, json_t *texts, const json_t *more, struct template **ret, json_t **ret_mistakes, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    const struct template_name *names = NULL;
    enum code code = arena == NULL ? no_memory(reterr) : value_names(s, who, kind, more, arena, &names, reterr);
    return code == OK ? template_read(texts, names, ret, ret_mistakes, reterr) : code;
}

/* ---- what is sealed: {kind, values, texts} */

static enum code row_open(struct service *s, int64_t tenant, const struct template_row *r, json_t **ret, struct err *reterr) {
    struct key key;
    key_id id = r->key;
    bool ok = false;
    const struct entry_place at = { .name = REGISTER, .tenant = tenant, .key = id };
    enum code code = keeper_open(s->keeper, tenant, &id, 1, &key, &ok, reterr);
    if (code == OK)
        code = ok ? entry_open(&at, &key, r->blob, r->len, ret, reterr) : err_set(reterr, E_GONE, "the key of this template was destroyed");
    crypto_wipe(&key, sizeof key);
    return code;
}

static enum code text_row(struct service *s, int64_t tenant, const char *name, int64_t number, struct template_row *ret, struct arena *arena, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code != OK)
        return code;
    return name != NULL ? template_named(view_sql(v), name, ret, arena, reterr) : template_get(view_sql(v), number, ret, arena, reterr);
}

/* ---- those opened last */

#define SLOTS 32u
struct text_slot { struct template *template; json_t *takes; /* names of further values */ int kind; unsigned users; bool kept; uint8_t charter[HASH_SIZE]; int64_t tenant; uint64_t key; char *blob; size_t len; };
static struct { pthread_mutex_t lock; struct text_slot *slots[SLOTS]; unsigned next; } opened = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void slot_free(struct text_slot *k) {
    template_free(k->template);
    json_decref(k->takes);
    mem_free(k->blob);
    mem_free(k);
}

static bool slot_take(const struct service *s, int64_t tenant, const struct template_row *r, struct text_ready *ret) {
    bool found = false;
    pthread_mutex_lock(&opened.lock);
    for (size_t i = 0; i < SLOTS && !found; i++) {
        struct text_slot *k = opened.slots[i];
        found = k != NULL && k->tenant == tenant && k->key == r->key && k->len == r->len && memcmp(k->blob, r->blob, r->len) == 0 && memcmp(k->charter, charter_hash(s->charter), HASH_SIZE) == 0;
        if (found) {
            k->users++;
            *ret = (struct text_ready){ k->template, k->kind, k };
        }
    }
    pthread_mutex_unlock(&opened.lock);
    return found;
}

/* Takes the template; r NULL: nobody else has it. */
static enum code slot_new(const struct service *s, int64_t tenant, const struct template_row *r, struct template *t, json_t *takes, int kind, struct text_ready *ret, struct err *reterr) {
    struct text_slot *k = mem_new(sizeof *k), *gone = NULL;
    if (k == NULL) {
        template_free(t);
        return no_memory(reterr);
    }
    *k = (struct text_slot){ .template = t, .takes = json_incref(takes), .kind = kind, .users = 1, .tenant = tenant, .key = r == NULL ? 0 : r->key, .len = r == NULL ? 0 : r->len };
    memcpy(k->charter, charter_hash(s->charter), HASH_SIZE);
    k->blob = r == NULL ? NULL : mem_text_n(r->blob, r->len);
    if (k->blob != NULL) {
        pthread_mutex_lock(&opened.lock);
        gone = opened.slots[opened.next];
        opened.slots[opened.next] = k;
        opened.next = (opened.next + 1) % SLOTS;
        k->kept = true;
        if (gone != NULL && gone->users > 0) {
            gone->kept = false;
            gone = NULL;
        }
        pthread_mutex_unlock(&opened.lock);
    }
    if (gone != NULL)
        slot_free(gone);
    *ret = (struct text_ready){ t, kind, k };
    return OK;
}

void text_ready_free(struct text_ready *r) {
    struct text_slot *k = r->slot;
    if (k == NULL)
        return;
    pthread_mutex_lock(&opened.lock);
    bool last = --k->users == 0 && !k->kept;
    pthread_mutex_unlock(&opened.lock);
    if (last)
        slot_free(k);
    *r = (struct text_ready){ 0 };
}

static enum code entry_ready(struct service *s, int64_t tenant, const struct template_row *r, json_t *entry, struct text_ready *ret, struct err *reterr) {
    const char *kind_name = json_string_value(json_object_get(entry, "kind"));
    int kind = kind_name == NULL ? -1 : charter_kind(s->charter, kind_name);
    struct template *t = NULL;
    json_t *mistakes = NULL;
    if (kind < 0)
        return err_set(reterr, E_GONE, "this template is for records that the charter has no more");
    enum code code = checked(s, NULL, kind, json_object_get(entry, "texts"), json_object_get(entry, "values"), &t, &mistakes, reterr);
    json_decref(mistakes);
    if (code == E_FIELDS)
        return err_set(reterr, E_GONE, "this template names a field that the charter has no more, or that its person does not see any more: put it anew");
    return code == OK ? slot_new(s, tenant, r, t, json_object_get(entry, "values"), kind, ret, reterr) : code;
}

static json_t *reminder_texts(const struct kind *k) {
    json_t *texts = json_object();
    bool fine = texts != NULL;
    for (int i = 0; i < LANG_COUNT; i++) {
        AUTO(buf_done) struct buf subject = BUF(200), text = BUF(4000);
        remind_text(k, (enum lang)i, &subject, &text);
        fine = fine && !subject.failed && !text.failed && json_object_set_new(texts, lang_code((enum lang)i), json_pack("{s:s, s:s}", "subject", buf_str(&subject), "text", buf_str(&text))) == 0;
    }
    if (fine)
        return texts;
    json_decref(texts);
    return NULL;
}

static enum code reminder_open(struct service *s, int64_t number, struct text_ready *ret, struct err *reterr) {
    const struct kind_info *info = number < -INT32_MAX ? NULL : service_kind_by_number(s, (int32_t)-number);
    struct template *t = NULL;
    json_t *mistakes = NULL;
    if (info == NULL)
        return err_set(reterr, E_GONE, "these reminders are of records that the charter has no more");
    json_t *texts = reminder_texts(info->kind), *more = json_pack("[s]", REMIND_WHEN);
    enum code code = texts == NULL || more == NULL ? no_memory(reterr) : checked(s, NULL, info->index, texts, more, &t, &mistakes, reterr);
    if (code == OK)
        code = slot_new(s, 0, NULL, t, more, info->index, ret, reterr);
    json_decref(mistakes);
    json_decref(texts);
    json_decref(more);
    return code == E_FIELDS ? err_set(reterr, E_GONE, "a reminder names what its person does not see") : code;
}

enum code text_open(struct service *s, int64_t tenant, int64_t number, struct text_ready *ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    if (number < 0)
        return reminder_open(s, number, ret, reterr);
    AUTO(arena_free) struct arena *arena = arena_new(2 * SEALED_MAX);
    struct template_row r;
    json_t *entry = NULL;
    enum code code = arena == NULL ? no_memory(reterr) : text_row(s, tenant, NULL, number, &r, arena, reterr);
    if (code == E_NOT_FOUND)
        return err_set(reterr, E_GONE, "there is no template of that number");
    if (code != OK || slot_take(s, tenant, &r, ret))
        return code;
    code = row_open(s, tenant, &r, &entry, reterr);
    if (code == OK)
        code = entry_ready(s, tenant, &r, entry, ret, reterr);
    json_decref(entry);
    return code;
}

/* "/en/text" is "/text": there is one language. */
static void mistakes_cut(json_t *mistakes) {
    size_t i;
    json_t *one;
    json_array_foreach(mistakes, i, one) {
        const char *path = json_string_value(json_object_get(one, "path"));
        if (path != NULL && strncmp(path, "/en", 3) == 0)
            json_object_set_new(one, "path", json_string(path + 3));
    }
}

enum code text_own(struct service *s, const struct caller *who, int kind, const char *subject, const char *text, const json_t *values, struct text_ready *ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(s != NULL && text != NULL && ret != NULL && ret_mistakes != NULL && reterr != NULL);
    json_t *texts = json_pack("{s:{s:s*, s:s}}", "en", "subject", subject, "text", text), *names = json_array(), *all = json_incref((json_t *)(uintptr_t)values), *value;
    const char *name;
    struct template *t = NULL;
    bool fine = texts != NULL && names != NULL;
    json_object_foreach(all, name, value)
        fine = fine && json_array_append_new(names, json_string(name)) == 0;
    json_decref(all);
    enum code code = fine ? checked(s, who, kind, texts, names, &t, ret_mistakes, reterr) : no_memory(reterr);
    if (code == E_FIELDS && *ret_mistakes != NULL)
        mistakes_cut(*ret_mistakes);
    if (code == OK)
        code = slot_new(s, 0, NULL, t, names, kind, ret, reterr);
    json_decref(texts);
    json_decref(names);
    return code;
}

bool text_takes(const struct text_ready *r, const char *value) {
    PRE(r != NULL && r->slot != NULL && value != NULL);
    for (size_t i = 0; i < json_array_size(r->slot->takes); i++) {
        const char *name = json_string_value(json_array_get(r->slot->takes, i));
        if (name != NULL && strcmp(name, value) == 0)
            return true;
    }
    return false;
}

enum code template_stands(struct service *s, int64_t tenant, int64_t number, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * SEALED_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct template_row r, now;
    enum code code = arena == NULL ? no_memory(reterr) : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = template_get(view_sql(v), number, &r, arena, reterr);
    if (code == OK && r.ended != 0)
        code = template_named(view_sql(v), r.name, &now, arena, reterr);
    return code == E_NOT_FOUND ? err_set(reterr, E_GONE, "there is no template of that number in use") : code;
}

enum code template_find(struct service *s, int64_t tenant, const char *name, int64_t *ret_number, int *ret_kind, bool *ret_sms, struct err *reterr) {
    PRE(s != NULL && name != NULL && ret_number != NULL && ret_kind != NULL && ret_sms != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(2 * SEALED_MAX);
    AUTO(text_ready_free) struct text_ready ready = { 0 };
    struct template_row r;
    enum code code = arena == NULL ? no_memory(reterr) : text_row(s, tenant, name, 0, &r, arena, reterr);
    if (code == E_NOT_FOUND)
        return err_set(reterr, E_NOT_FOUND, "there is no template \"%.60s\": GET …/templates lists those that there are", name);
    if (code == OK)
        code = text_open(s, tenant, r.number, &ready, reterr);
    if (code == OK) {
        *ret_number = r.number;
        *ret_kind = ready.kind;
        *ret_sms = !template_has_subject(ready.template);
    }
    return code;
}

/* ---- putting one */

static bool name_fine(const char *name) {
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return n > 0 && n <= NAME_MOST && name[n] == 0 && name[0] >= 'a' && name[0] <= 'z';
}

/* The body without `kind` and `values` is its texts. */
static enum code body_read(const struct service *s, json_t *body, int *ret_kind, json_t **ret_entry, struct err *reterr) {
    const json_t *kind = json_object_get(body, "kind"), *values = json_object_get(body, "values");
    *ret_kind = kind == NULL ? template_kind(s) : json_is_string(kind) ? charter_kind(s->charter, json_string_value(kind)) : -1;
    if (*ret_kind < 0)
        return err_field(reterr, E_FIELDS, "/kind", kind == NULL ? "kind says to whose people this is written, for the charter lets none be written to, or several" : "there is no kind of that name in the charter");
    if (service_kind(s, *ret_kind)->kind->about < 0)
        return err_field(reterr, E_FIELDS, "/kind", "a %s is about nobody, so nobody is written to about it", service_kind(s, *ret_kind)->kind->name);
    if (values != NULL && !json_is_array(values))
        return err_field(reterr, E_FIELDS, "/values", "values are the names of what comes with each message: [\"code\"]");
    json_t *texts = json_copy(body), *entry = json_pack("{s:s, s:O*, s:o}", "kind", service_kind(s, *ret_kind)->kind->name, "values", values, "texts", texts);
    if (entry == NULL)
        return no_memory(reterr);
    json_object_del(texts, "kind");
    json_object_del(texts, "values");
    *ret_entry = entry;
    return OK;
}

/* ---- who may */

static enum code kind_right(struct service *s, const struct caller *who, int kind, enum message_verb verb, struct err *reterr) {
    const struct message_deed d = { .verb = verb, .reach = verb == MESSAGES_SEND ? REACH_ALL : REACH_KIND, .kind = kind };
    return message_right(s, who, &d, NULL, reterr);
}

/* To the people of which records the sealed one is written; one that the charter has no more is anybody's who has to do with messages. */
static enum code entry_right(struct service *s, const struct caller *who, const json_t *entry, enum message_verb verb, struct err *reterr) {
    const char *name = json_string_value(json_object_get(entry, "kind"));
    const int kind = name == NULL ? -1 : charter_kind(s->charter, name);
    const struct message_deed any = { .verb = verb, .reach = REACH_ANY };
    return kind < 0 ? message_right(s, who, &any, NULL, reterr) : kind_right(s, who, kind, verb, reterr);
}

/* The one in use of that name, where there is one, may be written anew, or taken out. */
static enum code named_right(struct service *s, const struct caller *who, const char *name, bool *ret_stands, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(2 * SEALED_MAX);
    struct template_row r;
    json_t *entry = NULL;
    enum code code = arena == NULL ? no_memory(reterr) : text_row(s, who->tenant, name, 0, &r, arena, reterr);
    *ret_stands = code == OK;
    if (code == E_NOT_FOUND)
        return OK;
    if (code == OK)
        code = row_open(s, who->tenant, &r, &entry, reterr);
    if (code == OK || code == E_GONE)          /* whose key is destroyed, nobody knows whom it was for */
        code = entry_right(s, who, entry, MESSAGES_SEND, reterr);
    json_decref(entry);
    return code;
}

struct putting { struct template_row row; int64_t number; int version; const char *kind; bool ends; };

static enum code put_write(struct txn *t, void *arg, struct err *reterr) {
    struct putting *p = arg;
    enum code code = p->ends ? template_end(t, p->row.name, reterr) : template_add(t, &p->row, &p->number, &p->version, reterr);
    if (code != OK)
        return code;
    json_t *what = p->ends ? json_pack("{s:s}", "name", p->row.name) : json_pack("{s:s, s:i, s:s}", "name", p->row.name, "version", p->version, "kind", p->kind);
    p->row.made = txn_now(t);
    code = ledger_append(t, p->ends ? "template_ended" : "template_put", p->row.whose, what, reterr);
    json_decref(what);
    return code;
}

static json_t *languages(const json_t *texts) {
    json_t *list = json_array();
    bool fine = list != NULL;
    for (int i = 0; i < LANG_COUNT; i++)
        if (json_object_get(texts, lang_code((enum lang)i)) != NULL)
            fine = fine && json_array_append_new(list, json_string(lang_code((enum lang)i))) == 0;
    if (fine)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *row_json(const struct template_row *r, const json_t *entry) {
    char made[32];
    const json_t *texts = json_object_get(entry, "texts");
    return json_pack("{s:s, s:i, s:I, s:O?, s:O*, s:o, s:s, s:s}", "name", r->name, "version", r->version, "number", (json_int_t)r->number, "kind", json_object_get(entry, "kind"), "values", json_object_get(entry, "values"),
                     "languages", languages(texts), "made", time_format(r->made, made, sizeof made), "whose", r->whose);
}

static enum code entry_put(struct service *s, const struct caller *who, const char *name, const json_t *entry, json_t **ret, struct err *reterr) {
    AUTO(buf_done) struct buf sealed = BUF(SEALED_MAX);
    char by[CALLER_TEXT];
    struct key key;
    key_id id = 0;
    struct putting p = { .kind = json_string_value(json_object_get(entry, "kind")) };
    enum code code = spare_make(s, who->tenant, USEC_NEVER, 1, &id, &key, reterr);
    if (code != OK)
        return code;
    const struct entry_place at = { .name = REGISTER, .tenant = who->tenant, .key = id };
    code = entry_seal(&at, &key, entry, &sealed, reterr);
    p.row = (struct template_row){ .name = name, .whose = caller_text(who, by, sizeof by), .key = id, .blob = sealed.data, .len = sealed.len };
    bool stored = code == OK;
    if (code == OK)
        code = store_write(s->store, who->tenant, put_write, &p, reterr);
    if (code != OK && (!stored || spare_sure(code)))
        spare_give(s, who->tenant, USEC_NEVER, &id, &key, 1);
    crypto_wipe(&key, sizeof key);
    p.row.version = p.version;
    p.row.number = p.number;
    if (code == OK && (*ret = row_json(&p.row, entry)) == NULL)
        code = no_memory(reterr);
    return code;
}

enum code template_put(struct service *s, const struct caller *who, const char *name, json_t *body, json_t **ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(s != NULL && who != NULL && name != NULL && ret != NULL && ret_mistakes != NULL && reterr != NULL);
    json_t *entry = NULL;
    struct template *t = NULL;
    bool stands = false;
    int kind = -1;
    if (!name_fine(name))
        return err_set(reterr, E_INVALID, "a template is named by small letters, digits, _ and -, %u at most, beginning with a letter", NAME_MOST);
    enum code code = body_read(s, body, &kind, &entry, reterr);
    if (code == OK)
        code = kind_right(s, who, kind, MESSAGES_SEND, reterr);
    if (code == OK)
        code = named_right(s, who, name, &stands, reterr);
    if (code == OK)
        code = checked(s, who, kind, json_object_get(entry, "texts"), json_object_get(entry, "values"), &t, ret_mistakes, reterr);
    if (code == OK && strcmp(name, REMIND_TEMPLATE) == 0)
        code = remind_fits(s, kind, t, json_object_get(entry, "values"), ret_mistakes, reterr);
    template_free(t);
    if (code == OK)
        code = entry_put(s, who, name, entry, ret, reterr);
    json_decref(entry);
    return code;
}

enum code template_over(struct service *s, const struct caller *who, const char *name, struct err *reterr) {
    PRE(s != NULL && who != NULL && name != NULL && reterr != NULL);
    char by[CALLER_TEXT];
    struct putting p = { .row = { .name = name, .whose = caller_text(who, by, sizeof by) }, .ends = true };
    const struct message_deed any = { .verb = MESSAGES_SEND };
    bool stands = false;
    enum code code = message_right(s, who, &any, NULL, reterr);      /* whoever may not write one learns of none */
    if (code == OK)
        code = named_right(s, who, name, &stands, reterr);
    return code == OK ? store_write(s->store, who->tenant, put_write, &p, reterr) : code;
}

/* ---- telling */

struct listing { struct arena *arena; struct template_row rows[LISTED + 1]; size_t count; bool failed; };

static bool keep(const struct template_row *r, void *arg) {
    struct listing *l = arg;
    struct template_row *to = &l->rows[l->count];
    *to = *r;
    to->name = arena_text(l->arena, r->name);
    to->whose = arena_text(l->arena, r->whose);
    to->blob = arena_text_n(l->arena, r->len > 0 ? r->blob : "", r->len);
    l->failed = l->failed || to->name == NULL || to->whose == NULL || to->blob == NULL;
    return ++l->count <= LISTED && !l->failed;
}

static enum code row_told(struct service *s, const struct caller *who, const struct template_row *r, bool texts, json_t **ret, struct err *reterr) {
    json_t *entry = NULL;
    enum code code = row_open(s, who->tenant, r, &entry, reterr);
    if (code != OK)
        return code;
    code = entry_right(s, who, entry, MESSAGES_READ, reterr);
    json_t *told = code == OK ? row_json(r, entry) : NULL;
    if (code == OK && (told == NULL || (texts && json_object_update(told, json_object_get(entry, "texts")) != 0)))
        code = no_memory(reterr);
    json_decref(entry);
    if (code == OK)
        *ret = told;
    else
        json_decref(told);
    return code;
}

enum code templates_told(struct service *s, const struct caller *who, const char *after, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && after != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)(LISTED + 2) * SEALED_MAX);
    struct listing *l = arena == NULL ? NULL : arena_get(arena, sizeof *l);
    struct view *v = NULL;
    json_t *items = json_array();
    const struct message_deed any = { .verb = MESSAGES_READ };
    enum code code = l == NULL || items == NULL ? no_memory(reterr) : message_right(s, who, &any, NULL, reterr);
    if (code == OK)
        code = store_view(s->store, who->tenant, &v, reterr);
    if (l != NULL)
        l->arena = arena;
    if (code == OK)
        code = template_list(view_sql(v), after, keep, l, reterr);
    v = view_end(v);                           /* the keeper is asked without a view open */
    if (code == OK && l->failed)
        code = no_memory(reterr);
    for (size_t i = 0; code == OK && i < l->count && i < LISTED; i++) {
        json_t *one = NULL;
        code = row_told(s, who, &l->rows[i], false, &one, reterr);
        if (code == OK && json_array_append_new(items, one) != 0)
            code = no_memory(reterr);
        else if (code == E_FORBIDDEN || code == E_NOT_FOUND)
            code = OK;                         /* of records that are not this caller's to read */
    }
    if (code == OK && (*ret = json_pack("{s:O, s:o}", "items", items, "next", l->count > LISTED ? json_string(l->rows[LISTED - 1].name) : json_null())) == NULL)
        code = no_memory(reterr);
    json_decref(items);
    return code;
}

enum code template_told(struct service *s, const struct caller *who, const char *name, int64_t version, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && name != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * SEALED_MAX);
    struct template_row r;
    struct view *v = NULL;
    const struct message_deed any = { .verb = MESSAGES_READ };
    enum code code = arena == NULL ? no_memory(reterr) : message_right(s, who, &any, NULL, reterr);
    if (code == OK)
        code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK)
        code = version == 0 ? template_named(view_sql(v), name, &r, arena, reterr) : template_version(view_sql(v), name, (int)version, &r, arena, reterr);
    v = view_end(v);
    return code == OK ? row_told(s, who, &r, true, ret, reterr) : code;
}
