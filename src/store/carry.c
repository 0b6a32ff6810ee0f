/* carry.c — the thread that carries the WALs into their files, beside the writer, so that no write waits for it.
 * It goes over each long WAL twice: the second time only what was written during the first is left. What is left
 * then, the commit thread carries itself between two groups, and begins its WAL anew with the next write.
 * Should this thread fall behind, SQLite carries at a multiple of the length (WAL_MOST) within a commit. */
#include "store/inner.h"

enum { RECORDS, INDEX };
#define READERS_MS 5                          /* of a WAL twice too long: readers that come without a pause are waited for */

struct carrier {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    bool want[2], stopping;
    _Atomic bool carried[2];                 /* for the commit thread: the rest is short */
    struct db *db[2];
};

static void carry(struct carrier *c, int which) {
    struct err ignored;                      /* what could not be carried stays in the WAL, and is asked for again */
    if (db_backfill(c->db[which], 0, &ignored) == OK && db_backfill(c->db[which], 0, &ignored) == OK)
        atomic_store(&c->carried[which], true);
}

static void *carry_main(void *arg) {
    struct carrier *c = arg;
    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        int which = c->want[RECORDS] ? RECORDS : c->want[INDEX] ? INDEX : -1;
        if (which < 0) {
            pthread_cond_wait(&c->asked, &c->lock);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        carry(c, which);
        pthread_mutex_lock(&c->lock);
        c->want[which] = false;
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

enum code carry_start(struct store *s, struct err *reterr) {
    struct carrier *c = mem_new(sizeof *c);
    if (c == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the store");
    c->store = s;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->asked, NULL);
    const char *const paths[] = { s->records_path, s->index_path };
    enum code code = OK;
    for (int i = RECORDS; i <= INDEX && code == OK; i++)
        code = db_open(&(struct db_options){ .path = paths[i], .sync = DB_SYNC_FULL, .cache_kib = 64, .wal_pages = -1 }, &c->db[i], reterr);
    if (code == OK && pthread_create(&c->thread, NULL, carry_main, c) != 0)
        code = err_set(reterr, E_SYSTEM, "the store's second thread cannot be started");
    if (code != OK) {
        c->db[RECORDS] = db_close(c->db[RECORDS]);
        c->db[INDEX] = db_close(c->db[INDEX]);
        (void)mem_free(c);
        return code;
    }
    s->carrier = c;
    s->wal_pages[RECORDS] = WAL_RECORDS;
    s->wal_pages[INDEX] = WAL_INDEX;
    return OK;
}

void carry_stop(struct store *s) {
    struct carrier *c = s->carrier;
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->asked);
    pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->thread, NULL);
    c->db[RECORDS] = db_close(c->db[RECORDS]);
    c->db[INDEX] = db_close(c->db[INDEX]);
    pthread_cond_destroy(&c->asked);
    pthread_mutex_destroy(&c->lock);
    s->carrier = mem_free(c);
}

/* By the commit thread, after a group. */
void carry_ask(struct store *s) {
    struct carrier *c = s->carrier;
    struct db *const dbs[] = { s->writer.sql.records, s->writer.sql.index };
    struct err ignored;
    for (int i = RECORDS; i <= INDEX; i++) {
        if (db_wal_pages(dbs[i]) < s->wal_pages[i])
            continue;
        int patience = db_wal_pages(dbs[i]) > 2 * s->wal_pages[i] ? READERS_MS : 0;
        if (atomic_exchange(&c->carried[i], false) && db_backfill(dbs[i], patience, &ignored) == OK)
            continue;
        if (pthread_mutex_trylock(&c->lock) == 0) {       /* held: it is about to look anyway, or next time */
            if (!c->want[i]) {
                c->want[i] = true;
                pthread_cond_signal(&c->asked);
            }
            pthread_mutex_unlock(&c->lock);
        }
    }
}
