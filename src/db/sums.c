/* sums.c — invariant: every page that reaches a database file through this layer carries its sum.
 * A page of zeros is one that was never written (a hole left when the file grew): SQLite judges it.
 *
 * Writes to a WAL that follow one another are held and go out as one: a commit of a hundred pages would else be
 * two hundred calls. What is held goes out before anything could miss it: with the frame that ends a transaction (a
 * WAL without sync has no other sign), before every sync, truncation and question for the size, and before a read
 * that meets it. Other connections read from a WAL only what a finished transaction wrote. Pages of the database file
 * itself go out at once: a checkpoint makes them count without another call that could fail.
 */
#include "db/sums.h"

#include <endian.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

#define HOLD_MAX 0x1ffff                     /* the most that SQLite writes to a file at once */
#define FRAME_HEADER 24                      /* of a page in the WAL; its bytes 4 to 7 are not zero in the last of a transaction */

struct file {
    sqlite3_file base;
    bool is_db, ends;                /* ends: the page that comes is the last of its transaction */
    uint32_t page;                   /* size of a page; 0 until the header was seen */
    uint8_t *held;                   /* HOLD_MAX bytes, once something was written */
    int held_len;
    sqlite3_int64 held_at;
    sqlite3_file *real;              /* stands behind this struct */
};

_Atomic size_t sums_fail_at, sums_sync_fails, sums_sync_pass;
static sqlite3_vfs *under;
static sqlite3_vfs shim;

static _Thread_local int64_t bad_page;
int64_t sums_bad_page(void) {
    int64_t page = bad_page;
    bad_page = 0;
    return page;
}

static bool fails(void) {
    size_t left = atomic_load_explicit(&sums_fail_at, memory_order_relaxed);
    if (left == 0)
        return false;
    if (left > 1)
        atomic_store_explicit(&sums_fail_at, left - 1, memory_order_relaxed);
    return left == 1;
}

static bool count_down(_Atomic size_t *left) {
    size_t n = atomic_load_explicit(left, memory_order_relaxed);
    if (n > 0)
        atomic_store_explicit(left, n - 1, memory_order_relaxed);
    return n > 0;
}

static struct file *own(sqlite3_file *f) { return (struct file *)f; }
static sqlite3_file *real_of(sqlite3_file *f) { return own(f)->real; }

static uint64_t word(const uint8_t *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return le64toh(w);
}

/* Each step is a bijection of its lane, so that one changed word always changes the sum. */
static uint64_t mix(uint64_t lane, uint64_t w) {
    lane = (lane ^ w) * UINT64_C(0x9fb21c651e98df25);
    return lane ^ lane >> 29;
}

uint64_t sums_of(const void *bytes, size_t len, uint64_t seed) {
    const uint8_t *p = bytes;
    uint64_t lane[4] = { seed, seed + 1, seed + 2, seed + 3 };
    uint64_t sum = UINT64_C(0x7365666a73756d73);
    for (; len >= 32; p += 32, len -= 32)
        for (int i = 0; i < 4; i++)
            lane[i] = mix(lane[i], word(p + 8 * i));
    for (; len > 0; ) {
        uint8_t rest[8] = { 0 };
        size_t n = len < 8 ? len : 8;
        memcpy(rest, p, n);
        lane[0] = mix(lane[0], word(rest) + n);
        p += n;
        len -= n;
    }
    for (int i = 0; i < 4; i++)
        sum = mix(sum, lane[i]);
    return sum;
}

static bool all_zero(const uint8_t *p, size_t len) { return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0; }

/* From the header in the first page: magic, page size at 16, reserved bytes at 20. A file without our reserved
 * bytes was not made here or has lost its header. */
static int learn(struct file *f, const uint8_t *head) {
    if (all_zero(head, 100))
        return SQLITE_OK;
    if (memcmp(head, "SQLite format 3", 16) != 0)
        return SQLITE_OK;                                     /* SQLite says so itself */
    uint32_t size = (uint32_t)head[16] << 8 | head[17];
    f->page = size == 1 ? 65536 : size;
    bad_page = 1;
    return head[20] == SUMS_RESERVE ? SQLITE_OK : SQLITE_IOERR_DATA;
}

static uint64_t page_sum(const struct file *f, const uint8_t *page, sqlite3_int64 offset) {
    return sums_of(page, f->page - SUMS_RESERVE, (uint64_t)offset / f->page + 1);
}

/* SQLite calls only ENOSPC "full"; a quota and a limit on file sizes are the same to whoever waits for the write. */
static int real_write(struct file *f, const void *bytes, int len, sqlite3_int64 offset) {
    int num = 0, rc = f->real->pMethods->xWrite(f->real, bytes, len, offset);
    if (rc != SQLITE_IOERR_WRITE)
        return rc;
    (void)f->real->pMethods->xFileControl(f->real, SQLITE_FCNTL_LAST_ERRNO, &num);
    return num == EFBIG || num == EDQUOT || num == ENOSPC ? SQLITE_FULL : rc;
}

/* What is held goes out; on failure it is dropped, and the failure ends the transaction that wrote it. */
static int held_out(struct file *f) {
    int len = f->held_len;
    f->held_len = 0;
    return len > 0 ? real_write(f, f->held, len, f->held_at) : SQLITE_OK;
}

static bool held_meets(const struct file *f, int len, sqlite3_int64 offset) {
    return f->held_len > 0 && offset < f->held_at + f->held_len && offset + len > f->held_at;
}

/* Where `len` bytes for `offset` may be put, behind what is held; NULL with *ret_rc when that could not go out. */
static uint8_t *held_room(struct file *f, int len, sqlite3_int64 offset, int *ret_rc) {
    *ret_rc = SQLITE_OK;
    if (f->held_len > 0 && (offset != f->held_at + f->held_len || f->held_len + len > HOLD_MAX))
        *ret_rc = held_out(f);
    if (f->held == NULL && *ret_rc == SQLITE_OK && (f->held = sqlite3_malloc64(HOLD_MAX)) == NULL)
        *ret_rc = SQLITE_IOERR_NOMEM;
    if (*ret_rc != SQLITE_OK)
        return NULL;
    if (f->held_len == 0)
        f->held_at = offset;
    uint8_t *at = f->held + f->held_len;
    f->held_len += len;
    return at;
}

static int file_read(sqlite3_file *file, void *ret, int len, sqlite3_int64 offset) {
    struct file *f = own(file);
    int rc = held_meets(f, len, offset) ? held_out(f) : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = f->real->pMethods->xRead(f->real, ret, len, offset);
    if (rc != SQLITE_OK || !f->is_db)
        return rc;
    if (offset == 0 && len >= 100 && (rc = learn(f, ret)) != SQLITE_OK)
        return rc;
    if (f->page < 512 || (uint32_t)len != f->page || offset % f->page != 0)
        return SQLITE_OK;
    const uint8_t *page = ret;
    if (word(page + f->page - SUMS_RESERVE) == page_sum(f, page, offset) || all_zero(page, f->page))
        return SQLITE_OK;
    bad_page = offset / f->page + 1;
    return SQLITE_IOERR_DATA;
}

static int wal_write(struct file *f, const void *bytes, int len, sqlite3_int64 offset) {
    int rc = SQLITE_OK;
    const uint8_t *head = bytes;
    if (len == FRAME_HEADER)
        f->ends = (head[4] | head[5] | head[6] | head[7]) != 0;
    uint8_t *to = held_room(f, len, offset, &rc);
    if (to == NULL)
        return rc;
    memcpy(to, bytes, (size_t)len);
    if (len == FRAME_HEADER || (len >= 512 && !f->ends))
        return SQLITE_OK;
    f->ends = false;
    return held_out(f);
}

static int db_write(struct file *f, const void *bytes, int len, sqlite3_int64 offset) {
    int rc = offset == 0 && len >= 512 ? learn(f, bytes) : SQLITE_OK;
    if (rc != SQLITE_OK)
        return rc;
    uint8_t *to = held_room(f, len, offset, &rc);
    if (to == NULL)
        return rc;
    memcpy(to, bytes, (size_t)len);
    if (f->page >= 512 && (uint32_t)len == f->page) {
        uint64_t sum = htole64(page_sum(f, to, offset));
        memcpy(to + len - SUMS_RESERVE, &sum, sizeof sum);
    }
    return held_out(f);
}

static int file_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset) {
    struct file *f = own(file);
    if (fails())
        return SQLITE_FULL;
    if (len > HOLD_MAX)
        return SQLITE_IOERR_WRITE;                             /* larger than any page */
    return f->is_db ? db_write(f, bytes, len, offset) : wal_write(f, bytes, len, offset);
}

static int file_close(sqlite3_file *file) {
    struct file *f = own(file);
    int rc = held_out(f), closed = f->real->pMethods->xClose(f->real);
    sqlite3_free(f->held);
    f->held = NULL;
    return rc != SQLITE_OK ? rc : closed;
}

static int file_sync(sqlite3_file *f, int flags) {
    int rc = fails() ? SQLITE_IOERR_FSYNC : held_out(own(f));
    if (rc == SQLITE_OK)
        rc = real_of(f)->pMethods->xSync(real_of(f), flags);
    return count_down(&sums_sync_pass) || !count_down(&sums_sync_fails) ? rc : SQLITE_IOERR_FSYNC;
}

/* A WAL that was cut must stay cut: what a power failure brought back of it would be taken for commits. */
static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    int rc = held_out(own(f));
    if (rc == SQLITE_OK)
        rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
    return rc == SQLITE_OK && !own(f)->is_db ? file_sync(f, SQLITE_SYNC_NORMAL) : rc;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *ret) {
    int rc = held_out(own(f));
    return rc == SQLITE_OK ? real_of(f)->pMethods->xFileSize(real_of(f), ret) : rc;
}

/* What passes through unchanged. */
static int file_lock(sqlite3_file *f, int level) { return real_of(f)->pMethods->xLock(real_of(f), level); }
static int file_unlock(sqlite3_file *f, int level) { return real_of(f)->pMethods->xUnlock(real_of(f), level); }
static int file_reserved(sqlite3_file *f, int *ret) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret); }
static int file_control(sqlite3_file *f, int op, void *arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); }
static int file_sector(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int file_traits(sqlite3_file *f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }
static int shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret) {
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, ret);
}
static int shm_lock(sqlite3_file *f, int at, int n, int flags) { return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags); }
static void shm_barrier(sqlite3_file *f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
static int shm_unmap(sqlite3_file *f, int remove) { return real_of(f)->pMethods->xShmUnmap(real_of(f), remove); }

/* Version 2: with shared memory for the WAL, without memory-mapped reading, which would pass the sums by. */
static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate,
    .xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved, .xFileControl = file_control, .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits, .xShmMap = shm_map, .xShmLock = shm_lock, .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs UNUSED, const char *name, sqlite3_file *file, int flags, int *ret_flags) {
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return under->xOpen(under, name, file, flags, ret_flags);
    struct file *f = own(file);
    *f = (struct file){ .is_db = (flags & SQLITE_OPEN_MAIN_DB) != 0, .real = (sqlite3_file *)(f + 1) };
    int rc = under->xOpen(under, name, f->real, flags, ret_flags);
    if (f->real->pMethods != NULL)
        f->base.pMethods = &methods;
    return rc;
}

int sums_register(void) {
    under = sqlite3_vfs_find(NULL);
    if (under == NULL)
        return SQLITE_ERROR;
    shim = *under;                       /* the rest of the calls take what they need from their own struct */
    shim.szOsFile = under->szOsFile + (int)sizeof(struct file);
    shim.zName = SUMS_VFS;
    shim.pNext = NULL;
    shim.xOpen = vfs_open;
    return sqlite3_vfs_register(&shim, 0);
}
