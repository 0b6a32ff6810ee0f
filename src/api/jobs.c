/* jobs.c — a table of jobs with their paces. A job that fails is tried again at its next turn; the log is told at once, and at growing
 * intervals while it goes on. */
#include "api/jobs.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "access/people.h"
#include "access/window.h"
#include "api/api_int.h"
#include "base/log.h"
#include "base/mem.h"
#include "ledger/ledger.h"
#include "retention/certificate.h"
#include "retention/clock.h"
#include "store/gone.h"
#include "store/rows.h"
#include "store/tables.h"

#define NIGHT_HOUR 3
#define TURNS_MAX 40
#define TRIM_KEEP ((size_t)1 << 20)             /* at the top of the heap */
#define INDEX_DAYS 30
#define UNUSED_AFTER USEC_PER_DAY             /* keys made ahead that nobody took for so long go with the next renewal */
#define JUMP (2 * USEC_PER_MINUTE)            /* of the wall clock against the steady one: above, the ledger tells of it */
#define CLOCK_MARK "clock_seen"               /* the same for the wall clock, so that one which went back meanwhile shows at the start */
#define INDEX_MARK "index_renewed"            /* row of the proofs of service "": when the index key was last renewed */

/* Renewals exclude one another, whoever asks. */
static pthread_mutex_t renewing = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t certifying = PTHREAD_MUTEX_INITIALIZER;

#define TELL_FIRST USEC_PER_MINUTE            /* a failure that goes on is told again after this, then after twice that … */
#define TELL_MOST (6 * USEC_PER_HOUR)

/* A job that goes on failing for the same reason: when it is told of again, by the steady clock. */
struct telling { enum code code; usec_t again, gap; int64_t failed; };
struct jobs {
    struct api *api;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    usec_t next[TURNS_MAX];                   /* beside table[]; wall clock */
    struct telling telling[TURNS_MAX];
    int64_t signed_writes;
    uint64_t certified;                       /* epoch of which all certificates are made */
    usec_t wall, steady, marked;              /* both clocks as the last look saw them; the mark that is stored */
    bool compared;                            /* with what the keeper has signed, once after the start */
};

usec_t night_after(const struct zone *zone, usec_t last) {
    struct civil c = zone_civil(zone, last);
    c.hour = NIGHT_HOUR;
    c.minute = c.second = c.usec = 0;
    usec_t night = zone_instant(zone, &c);
    if (night > last)
        return night;
    struct span day = { .days = 1 };
    return zone_add(zone, night, &day, 1);
}

usec_t renewal_due(const struct zone *zone, usec_t last, usec_t now) {
    return last > now ? now : night_after(zone, last > 0 ? last : now);
}

static const struct zone *zone_of(const struct api *a) {
    return a->config.zone != NULL ? a->config.zone : charter_zone(a->config.charters[0]);
}

#define DOUBT_PACE (10 * USEC_PER_MINUTE)
bool turn_waits(const struct api *a, usec_t now, usec_t *ret_next) {
    const bool held = clock_held(a->config.store);
    if (held)
        *ret_next = now + DOUBT_PACE;
    return held;
}

/* ---- the ledger's signature */

static enum code signer_head(void *arg, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr) {
    return keeper_head(arg, chain, ret_seq, ret_head, reterr);
}

static enum code signer_sign(void *arg, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                             const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    return keeper_sign_head(arg, chain, from_seq, digests, count, head, ret_sig, reterr);
}

static enum code signer_chain_after(void *arg, int64_t after, int64_t *ret, struct err *reterr) { return keeper_chain_after(arg, after, ret, reterr); }

static struct ledger_signer signer_of(const struct api *a) {
    return (struct ledger_signer){ .head = signer_head, .chain_after = signer_chain_after, .sign = signer_sign, .arg = a->config.keeper };
}

enum code job_sign(struct api *a, struct err *reterr) {
    struct ledger_signer signer = signer_of(a);
    return ledger_sign(a->config.store, &signer, reterr);
}

enum code job_ledger_compare(struct api *a, struct ledger_check *ret, struct err *reterr) {
    struct ledger_signer signer = signer_of(a);
    return ledger_compare(a->config.store, &signer, ret, reterr);
}

/* ---- erasure made final */

enum code job_renew(struct api *a, struct renewal *ret, uint64_t *ret_unused, struct err *reterr) {
    pthread_mutex_lock(&renewing);
    enum code code = keeper_collect(a->config.keeper, UNUSED_AFTER, ret_unused, reterr);
    if (code == OK && index_purge_all(a->config.store, reterr) != OK)
        log_error("index_not_purged", reterr);  /* entries under a key of their own; the keys of what was erased do not wait for them */
    if (code == OK)
        code = keeper_renew(a->config.keeper, ret, reterr);
    if (code == OK && ret->buckets > 0) {
        json_t *what = json_pack("{s:I, s:I, s:I, s:I}", "buckets", (json_int_t)ret->buckets, "epoch", (json_int_t)ret->epoch, "keys", (json_int_t)ret->keys,
                                 "unused", (json_int_t)*ret_unused);
        code = ledger_note(a->config.store, 0, "keys_renewed", "sejf", what, true, reterr);
        json_decref(what);
    }
    if (code == OK)
        code = store_checkpoint(a->config.store, reterr);
    pthread_mutex_unlock(&renewing);
    return code;
}

/* ---- and certified */

static enum code certify_tenant(struct api *a, int64_t tenant, size_t *ret_made, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct tenant_row row;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for certificates");
    enum code code = tenant_get(a->config.store, tenant, &row, arena, reterr);
    if (code == OK)
        code = certificates_make(a->config.store, a->config.keeper, row.service, tenant, ret_made, reterr);
    return code == E_NOT_FOUND ? OK : code;   /* a probe's tenant that went meanwhile */
}

enum code job_certify(struct api *a, size_t *ret_made, struct err *reterr) {
    AUTO(mem_free) int64_t *tenants = NULL;
    size_t count = 0, made = 0;
    enum code first = OK;
    pthread_mutex_lock(&certifying);
    enum code code = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct err one;
        size_t n = 0;
        enum code got = certify_tenant(a, tenants[i], &n, &one);
        made += n;
        if (got != OK && first == OK) {        /* the others do not wait for it */
            first = got;
            *reterr = one;
            (void)err_prefix(reterr, "tenant %lld", (long long)tenants[i]);
        }
    }
    pthread_mutex_unlock(&certifying);
    *ret_made = made;
    return code == OK ? first : code;
}

/* ---- the index key */

static enum code index_keys_of(void *arg, int64_t tenant, struct key *ret_before, struct key *ret_now,
                               uint32_t *ret_generation, struct err *reterr) {
    struct api *a = arg;
    struct index_keys keys;
    enum code code = keeper_index_keys(a->config.keeper, tenant, &keys, reterr);
    if (code == OK && !keys.has_before)
        code = err_set(reterr, E_INTERNAL, "there is no earlier index key to renew from");
    if (code == OK) {
        *ret_before = keys.index_before;
        *ret_now = keys.index;
        *ret_generation = keys.generation;
    }
    crypto_wipe(&keys, sizeof keys);
    return code;
}

/* Is a renewal under way, cut by a stop? */
static enum code index_pending(struct api *a, bool *ret, struct err *reterr) {
    struct index_keys keys;
    enum code code = keeper_index_keys(a->config.keeper, 0, &keys, reterr);
    if (code == OK)
        *ret = keys.has_before;
    crypto_wipe(&keys, sizeof keys);
    return code;
}

static enum code index_finish(struct api *a, struct err *reterr) {
    struct proof_row mark = { .service = "", .rule = INDEX_MARK, .state = 1, .detail = "", .at = clock_now() };
    enum code code = index_renew(a->config.store, index_keys_of, a, reterr);
    if (code == OK)
        code = keeper_index_settled(a->config.keeper, reterr);
    if (code == OK)
        code = proof_put(a->config.store, &mark, reterr);
    return code;
}

enum code job_index_renew(struct api *a, uint32_t *ret_generation, struct err *reterr) {
    bool pending = false;
    pthread_mutex_lock(&renewing);
    enum code code = index_pending(a, &pending, reterr);
    if (code == OK && !pending)
        code = keeper_index_renew(a->config.keeper, ret_generation, reterr);
    if (code == OK)
        code = index_finish(a, reterr);
    pthread_mutex_unlock(&renewing);
    return code;
}

struct seen_mark { const char *name; usec_t at; };
static bool mark_find(const struct proof_row *r, void *arg) {
    struct seen_mark *m = arg;
    if (strcmp(r->rule, m->name) == 0)
        m->at = r->at;
    return true;
}

static enum code mark_put(struct jobs *j, const char *name, usec_t at, struct err *reterr) {
    struct proof_row row = { .service = "", .rule = name, .state = 1, .detail = "", .at = at };
    return proof_put(j->api->config.store, &row, reterr);
}

/* ---- the table */

static enum code turn_sign(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct store_status s;
    *ret_next = now + USEC_PER_SEC;
    store_status(j->api->config.store, &s);
    if (!j->compared) {
        struct ledger_check check = { 0 };
        j->compared = true;
        enum code code = job_ledger_compare(j->api, &check, reterr);
        if (code != OK)
            return code;
    }
    if (s.writes == j->signed_writes)
        return OK;
    enum code code = job_sign(j->api, reterr);
    if (code == OK)
        j->signed_writes = s.writes;
    return code;
}

/* Nothing that is kept until a date goes sooner because of this: who reads the ledger has to know that dates beside this entry are in doubt. */
static enum code clock_told(struct jobs *j, usec_t from, usec_t to, struct err *reterr) {
    char a[40], b[40];
    json_t *what = json_pack("{s:s, s:s, s:I}", "from", time_format(from, a, sizeof a), "to", time_format(to, b, sizeof b), "seconds", (json_int_t)((to - from) / USEC_PER_SEC));
    log_event(LOG_WARN, "clock_jumped", LOG_TEXT("from", a), LOG_TEXT("to", b));
    enum code code = ledger_note(j->api->config.store, 0, "clock_jumped", "sejf", what, true, reterr);
    json_decref(what);
    return code;
}

/* Each second: the wall clock must have moved as the steady one has. At the start: not behind where it was seen last; ahead it may be,
 * for nobody knows how long the machine was off. */
static enum code clock_look(struct jobs *j, usec_t now, struct err *reterr) {
    usec_t steady = clock_steady(), expected = j->wall + (steady - j->steady);
    struct seen_mark seen = { CLOCK_MARK, 0 };
    enum code code = OK;
    bool held = false, first = j->wall == 0, jumped = !first && (now - expected > JUMP || expected - now > JUMP);
    if (jumped)
        memset(j->next, 0, sizeof j->next);   /* no job waits for a time that the clock has left again */
    if (first)
        code = proofs_list(j->api->config.store, "", mark_find, &seen, reterr);
    if (code == OK && first && seen.at > now + JUMP) {
        jumped = true;
        expected = seen.at;
    }
    if (code == OK && first)
        code = clock_start(j->api->config.store, now, seen.at, &held, reterr);
    if (code == OK && jumped)
        code = clock_told(j, expected, now, reterr);
    if (code == OK && jumped && expected > now)
        code = job_mail_sooner(j->api, now, reterr);
    if (code == OK && !first && (now - expected > CLOCK_OFF || expected - now > CLOCK_OFF)) {
        code = clock_hold(j->api->config.store, expected, now, reterr);
        held = true;
    }
    if (code == OK && (first || jumped || now - j->marked >= 10 * USEC_PER_MINUTE)) {
        code = mark_put(j, CLOCK_MARK, now, reterr);
        j->marked = now;
    }
    if (code != OK)
        return code;                          /* told at the next look */
    if (held)
        log_event(LOG_WARN, "clock_suspicious", LOG_TEXT("mend", "nothing that is due is erased until somebody has looked: sejf clock show, sejf clock confirm"));
    j->wall = now;
    j->steady = steady;
    return OK;
}

/* Erasures are refused from here on, and keys of what has ended wait: a person has to know. */
static enum code cap_look(struct jobs *j, struct err *reterr) {
    struct keeper_status s;
    enum code code = keeper_status(j->api->config.keeper, &s, reterr);
    if (code == OK && s.destroyed_today >= s.destroyed_most + s.allowed_today)
        return err_set(reterr, E_TOO_MANY, "%llu keys were destroyed today, as many as are allowed (key_destructions in sejf.yaml): erasures are refused and keys of "
                       "corrected values wait, until somebody has looked and runs \"sejf key allow NUMBER\"", (unsigned long long)s.destroyed_today);
    return code;
}

/* Replies of idempotency keys expire, seats that came free are given on, keys of what has ended are destroyed. */
static enum code turn_upkeep(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct api *a = j->api;
    enum code code = OK;
    *ret_next = now + 10 * USEC_PER_MINUTE;
    for (size_t i = 0; i < a->service_count && code == OK; i++)
        code = service_recover(a->services[i], reterr);
    return code == OK ? cap_look(j, reterr) : code;
}

/* Where nothing was erased since the last renewal, there is nothing to make final. One that was missed while the
 * server was down is made up for at once. */
static enum code turn_night(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct keeper_status s;
    struct renewal r = { 0 };
    uint64_t unused = 0;
    *ret_next = now + USEC_PER_MINUTE;        /* after a failure */
    enum code code = keeper_status(j->api->config.keeper, &s, reterr);
    if (code != OK)
        return code;
    const struct zone *zone = zone_of(j->api);
    if (s.pending > 0 && renewal_due(zone, s.renewed, now) <= now)
        code = job_renew(j->api, &r, &unused, reterr);
    if (code == OK) {
        *ret_next = night_after(zone, now);
        if (r.buckets > 0)
            log_event(LOG_INFO, "keys_renewed", LOG_INT("buckets", r.buckets), LOG_INT("usec", r.took), LOG_INT("unused", unused));
    }
    return code;
}

/* What the index has missed (its disk was full, its file was damaged) it gets as soon as it can take it. */
static enum code turn_follow(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct api *a = j->api;
    struct store *s = a->config.store;
    enum code code = OK;
    *ret_next = now + USEC_PER_SEC;
    if (!store_index_trails(s))
        return OK;
    if (store_index_damaged(s)) {
        log_event(LOG_ERROR, "index_damaged", LOG_TEXT("text", "index.db is made anew from the records; searches go over the records meanwhile"));
        code = store_index_remake(s, reterr);
    }
    uint64_t gaps = store_index_gaps(s);
    for (size_t i = 0; i < a->service_count && code == OK; i++)
        code = service_catch_up(a->services[i], reterr);
    if (code != OK)
        return code;
    store_index_settled(s, gaps);
    log_event(LOG_INFO, "index_caught_up", LOG_INT("gaps", gaps));
    return OK;
}

static enum code turn_index(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    bool pending = false;
    struct seen_mark last = { INDEX_MARK, 0 };
    uint32_t generation = 0;
    *ret_next = now + USEC_PER_HOUR;
    enum code code = index_pending(j->api, &pending, reterr);
    if (code == OK)
        code = proofs_list(j->api->config.store, "", mark_find, &last, reterr);
    if (code == OK && last.at == 0 && !pending)
        return mark_put(j, INDEX_MARK, now, reterr);               /* the month begins now */
    if (code == OK && (pending || last.at > now || now - last.at >= INDEX_DAYS * USEC_PER_DAY)) {
        code = job_index_renew(j->api, &generation, reterr);
        if (code == OK)
            log_event(LOG_INFO, "index_key_renewed", LOG_INT("generation", generation));
    }
    return code;
}

/* Sessions, links and invitations whose time is over. */
static enum code turn_people(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + USEC_PER_MINUTE;
    return people_upkeep(j->api->people, reterr);
}

/* What large answers took goes back to the system: the allocator would keep it for each thread. */
static enum code turn_trim(struct jobs *j UNUSED, usec_t now, usec_t *ret_next, struct err *reterr UNUSED) {
    *ret_next = now + 30 * USEC_PER_SEC;
    (void)malloc_trim(TRIM_KEEP);
    return OK;
}

/* Windows for the operator's staff that are over; that they show nothing any more does not wait for this. */
static enum code turn_windows(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + 30 * USEC_PER_SEC;
    return windows_end(j->api->config.store, now, reterr);
}

/* Deadlines of requests under people's rights. */
static enum code turn_requests(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + USEC_PER_MINUTE;
    return requests_look(j->api, now, reterr);
}

/* After each renewal, whoever asked for it, and once after the start: one that was cut between the two is made good. */
static enum code turn_certify(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct keeper_status s;
    size_t made = 0;
    *ret_next = now + 10 * USEC_PER_SEC;
    enum code code = keeper_status(j->api->config.keeper, &s, reterr);
    if (code != OK || s.epoch == j->certified)
        return code;
    code = job_certify(j->api, &made, reterr);
    if (code == OK)
        j->certified = s.epoch;
    if (code == E_DAMAGED)
        *ret_next = now + 10 * USEC_PER_MINUTE;   /* it does not mend itself, and all tenants are looked through each time */
    if (made > 0)
        log_event(LOG_INFO, "certificates_made", LOG_INT("count", made));
    return code;
}

static enum code turn_clock(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + 10 * USEC_PER_MINUTE;
    return clock_stand(j->api->config.store, now, reterr);
}

static enum code turn_confirm(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_unconfirmed(j->api, now, ret_next, reterr); }

static enum code turn_close(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_closing(j->api, now, ret_next, reterr); }
static enum code turn_hold(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_holds(j->api, now, ret_next, reterr); }
static enum code turn_due(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_retire(j->api, now, ret_next, reterr); }
static enum code turn_webhooks(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return job_webhooks(j->api, now, ret_next, reterr); }
static enum code turn_webhooks_forget(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return job_webhooks_forget(j->api, now, ret_next, reterr); }
static enum code turn_mail(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return job_mail(j->api, now, ret_next, reterr); }
static enum code turn_mail_over(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return job_mail_over(j->api, now, ret_next, reterr); }
static enum code turn_mail_forget(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return job_mail_forget(j->api, now, ret_next, reterr); }

static enum code turn_packs(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + 10 * USEC_PER_MINUTE;
    return job_packs(j->api, now, reterr);
}
static enum code turn_reminders(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_remind(j->api, now, ret_next, reterr); }
static enum code turn_campaign(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_campaigns(j->api, now, ret_next, reterr); }
static enum code turn_campaigns_forget(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return job_campaigns_forget(j->api, now, ret_next, reterr); }
static enum code turn_told(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_notice(j->api, now, ret_next, reterr); }

static enum code turn_spend(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_sms(j->api, now, ret_next, reterr); }
static enum code turn_spend_forget(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_sms_forget(j->api, now, ret_next, reterr); }
static enum code turn_paused_now(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_paused(j->api, now, ret_next, reterr); }
static enum code turn_suppressed_now(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr) { return turn_suppressed(j->api, now, ret_next, reterr); }

static const struct { const char *name; enum code (*turn)(struct jobs *j, usec_t now, usec_t *ret_next, struct err *reterr); } table[] = {
    { "confirm", turn_confirm }, { "sign", turn_sign }, { "retire", turn_due }, { "follow", turn_follow }, { "upkeep", turn_upkeep }, { "night", turn_night }, { "index", turn_index }, { "trim", turn_trim },
    { "closing", turn_close }, { "holds", turn_hold },
    { "requests", turn_requests },
    { "notice", turn_told },
    { "people", turn_people }, { "windows", turn_windows }, { "certify", turn_certify }, { "clock", turn_clock },
    { "webhooks", turn_webhooks }, { "webhooks_forget", turn_webhooks_forget },
    { "mail", turn_mail }, { "mail_over", turn_mail_over }, { "mail_forget", turn_mail_forget },
    { "packs", turn_packs },
    { "remind", turn_reminders },
    { "sms", turn_spend }, { "sms_forget", turn_spend_forget },
    { "paused", turn_paused_now }, { "suppressed", turn_suppressed_now },
    { "campaigns", turn_campaign }, { "campaigns_forget", turn_campaigns_forget },
};
_Static_assert(ARRAY_LEN(table) <= TURNS_MAX, "a turn for each job");

/* Sleeps a second by the steady clock, so that a wall clock that jumps is noticed within one. */
static bool jobs_sleep(struct jobs *j) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&j->lock);
    int num = 0;
    while (!j->stop && num != ETIMEDOUT)
        num = pthread_cond_clockwait(&j->wake, &j->lock, CLOCK_MONOTONIC, &until);
    bool go_on = !j->stop;
    pthread_mutex_unlock(&j->lock);
    return go_on;
}

/* Is this turn's failure to be told? At once when it is a new one, then at growing intervals. */
static bool tell(struct telling *t, enum code code, usec_t steady) {
    if (code != t->code)
        *t = (struct telling){ .code = code, .gap = TELL_FIRST / 2 };
    t->failed += code != OK;
    if (code == OK || steady < t->again)
        return false;
    t->gap = t->gap * 2 < TELL_MOST ? t->gap * 2 : TELL_MOST;
    t->again = steady + t->gap;
    return true;
}

static void turn(struct jobs *j, size_t i, usec_t now) {
    struct err e = { 0 };
    struct telling *t = &j->telling[i];
    int64_t failed = t->failed;
    enum code code = table[i].turn(j, now, &j->next[i], &e);
    if (code == OK && failed > 0)
        log_event(LOG_INFO, "job_works_again", LOG_TEXT("job", table[i].name), LOG_INT("failed", failed));
    if (!tell(t, code, clock_steady()))
        return;
    if (t->failed > 1)
        (void)err_prefix(&e, "job %s, failing %lld times in a row", table[i].name, (long long)t->failed);
    else
        (void)err_prefix(&e, "job %s", table[i].name);
    log_error("job_failed", &e);
}

static void *jobs_thread(void *arg) {
    struct jobs *j = arg;
    do {
        usec_t now = clock_now();
        struct err e;
        if (clock_look(j, now, &e) != OK)
            log_error("clock_not_noted", &e);
        for (size_t i = 0; j->wall != 0 && i < ARRAY_LEN(table); i++)     /* nothing is due by a clock that nobody has looked at */
            if (now >= j->next[i])
                turn(j, i, now);
    } while (jobs_sleep(j));
    return NULL;
}

enum code jobs_start(struct api *a, struct jobs **ret, struct err *reterr) {
    struct jobs *j = mem_new(sizeof *j);
    if (j == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the jobs");
    j->api = a;
    j->signed_writes = -1;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->wake, NULL);
    struct err e;
    if (clock_look(j, clock_now(), &e) != OK)      /* before anybody is answered: who confirms the clock right after the start speaks of this one */
        log_error("clock_not_noted", &e);
    int num = pthread_create(&j->thread, NULL, jobs_thread, j);
    if (num != 0) {
        mem_free(j);
        return err_errno(reterr, num, "no thread for the jobs");
    }
    *ret = j;
    return OK;
}

struct jobs *jobs_stop(struct jobs *j) {
    if (j == NULL)
        return NULL;
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->thread, NULL);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    return mem_free(j);
}
