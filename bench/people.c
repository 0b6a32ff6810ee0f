/* people.c — requests and what must come back. Values lie in random order: nothing of person n grows with n. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "load.h"
#include "mix.h"

#define ID_LEN 36u
#define WORDS 22                              /* of a note */

struct people {
    const struct plan *plan;
    struct buf head;                          /* header fields that every request has */
    char *ids;                                /* ID_LEN bytes for each person */
    uint64_t state;
    int64_t made;
};

static const char *const given[] = { "Anna", "Bela", "Celina", "Dorota", "Edit", "Ferenc", "Gabor", "Hanna", "Ilona", "Jan", "Kinga", "Lena", "Marek", "Nina", "Olga", "Piotr" };
static const char *const family[] = { "Sowa", "Wilk", "Kis", "Nagy", "Lis", "Bielik", "Varga", "Orban", "Zielony", "Krol", "Szabo", "Toth", "Mazur", "Pawlak", "Horvat", "Molnar" };
static const char *const words[] = { "asks", "for", "a", "seat", "near", "the", "door", "comes", "with", "two", "children", "prefers", "mornings", "called", "about", "invoice",
                                     "needs", "ramp", "arrives", "late", "by", "train", "wants", "vegetarian", "meal", "speaks", "Polish", "Hungarian", "and", "some", "English", "only" };

static void email_of(int64_t n, char ret[64]) {
    uint64_t x = mix((uint64_t)n);
    snprintf(ret, 64, "%c%c.%016llx@people.example", (char)('a' + x % 26), (char)('a' + x / 26 % 26), (unsigned long long)x);
}

struct person { const char *given, *family; char email[64], note[512]; unsigned long long phone; };

static void person_of(int64_t n, struct person *ret) {
    uint64_t x = mix((uint64_t)n ^ UINT64_C(0x5bd1e995));
    char *at = ret->note;
    email_of(n, ret->email);
    ret->given = given[x % 16];
    ret->family = family[x / 16 % 16];
    ret->phone = (x >> 8) % 10000000;
    for (int i = 0; i < WORDS; i++) {
        x = mix(x);
        at += snprintf(at, 16, "%s%s", i == 0 ? "" : " ", words[x % 32]);
    }
}

static void person_json(int64_t n, struct buf *b) {
    struct person p;
    person_of(n, &p);
    buf_printf(b, "{\"fields\":{\"name\":\"%s %s\",\"email\":\"%s\",\"phone\":\"+4850%07llu\",\"note\":\"%s\"}}", p.given, p.family, p.email, p.phone, p.note);
}

bool people_csv(FILE *to, int64_t first, int64_t count) {
    fputs("name,email,phone,note\r\n", to);
    for (int64_t n = first; n < first + count; n++) {
        struct person p;
        person_of(n, &p);
        fprintf(to, "%s %s,%s,+4850%07llu,%s\r\n", p.given, p.family, p.email, p.phone, p.note);
    }
    return fflush(to) == 0 && ferror(to) == 0;
}

void people_made(struct people *people, int64_t count) { people->made = count; }

static bool ids_read(struct people *p) {
    struct stat st;
    size_t need = (size_t)p->plan->records * ID_LEN;
    int fd = open(p->plan->ids_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || (uint64_t)st.st_size < need) {
        fprintf(stderr, "load: %s does not hold the ids of %lld records\n", p->plan->ids_path, (long long)p->plan->records);
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    size_t have = 0;
    for (ssize_t n; have < need && (n = read(fd, p->ids + have, need - have)) > 0;)
        have += (size_t)n;
    (void)close(fd);
    return have == need;
}

static void ids_write(const struct people *p) {
    int fd = open(p->plan->ids_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    size_t size = (size_t)p->made * ID_LEN, done = 0;
    if (fd < 0 || lseek(fd, (off_t)p->plan->first * (off_t)ID_LEN, SEEK_SET) < 0)
        fprintf(stderr, "load: %s cannot be written\n", p->plan->ids_path);
    else
        for (ssize_t n; done < size && (n = write(fd, p->ids + done, size - done)) > 0;)
            done += (size_t)n;
    if (fd >= 0)
        (void)close(fd);
}

struct people *people_free(struct people *p) {
    if (p == NULL)
        return NULL;
    if (p->plan->job == JOB_CREATE && p->plan->ids_path != NULL)
        ids_write(p);
    buf_done(&p->head);
    (void)mem_free(p->ids);
    return mem_free(p);
}

struct people *people_new(const struct plan *plan) {
    struct people *p = mem_new(sizeof *p);
    int64_t ids = plan->job == JOB_CREATE ? plan->requests : plan->job == JOB_GET ? plan->records : 1;
    if (p == NULL || (p->ids = mem_new_array((size_t)ids, ID_LEN)) == NULL)
        return mem_free(p);
    p->plan = plan;
    p->state = plan->seed;
    p->head = BUF(8192);
    buf_printf(&p->head, "Host: localhost\r\nX-Real-IP: 127.0.0.1\r\nAuthorization: Bearer %s\r\n", plan->token);
    if (plan->job == JOB_GET && !ids_read(p)) {
        (void)mem_free(p->ids);
        buf_done(&p->head);
        return mem_free(p);
    }
    return p;
}

static void request(struct people *p, struct line *l, const char *method, const char *more, const struct buf *body) {
    buf_printf(&l->out, "%s %s%s HTTP/1.1\r\n%s", method, p->plan->path, more, buf_str(&p->head));
    if (body != NULL)
        buf_printf(&l->out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", body->len, buf_str(body));
    else
        buf_text(&l->out, "\r\n");
}

void people_ask(struct people *p, struct line *l, int64_t nth) {
    AUTO(buf_done) struct buf b = BUF(65536);
    char email[64], more[CURSOR_MAX + 64];
    p->state = mix(p->state);
    l->person = p->plan->job == JOB_CREATE ? p->plan->first + nth : (int64_t)(p->state % (uint64_t)p->plan->records);
    switch (p->plan->job) {
    case JOB_CREATE:
        person_json(l->person, &b);
        request(p, l, "POST", "", &b);
        break;
    case JOB_GET:
        snprintf(more, sizeof more, "/%.*s", (int)ID_LEN, p->ids + (size_t)l->person * ID_LEN);
        request(p, l, "GET", more, NULL);
        break;
    case JOB_FIND:
        email_of(l->person, email);
        buf_printf(&b, "{\"where\":{\"email\":\"%s\"}}", email);
        request(p, l, "POST", "/search", &b);
        break;
    case JOB_LIST:
        snprintf(more, sizeof more, "?limit=%u%s%s", PAGE_SIZE, l->cursor[0] == 0 ? "" : "&cursor=", l->cursor);
        request(p, l, "GET", more, NULL);
        break;
    }
}

/* The text of the first member of that name; false where it is absent or no text. */
static bool member(const char *body, size_t len, const char *name, const char **ret, size_t *ret_len) {
    char key[32];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = memmem(body, len, key, strlen(key));
    if (at == NULL)
        return false;
    at += strlen(key);
    const char *end = memchr(at, '"', (size_t)(body + len - at));
    *ret = at;
    *ret_len = end == NULL ? 0 : (size_t)(end - at);
    return end != NULL;
}

static bool list_check(struct line *l, const char *body, size_t len) {
    const char *next;
    size_t n;
    l->cursor[0] = 0;
    if (memmem(body, len, "\"items\":[{", 10) == NULL)
        return false;
    if (++l->page % PAGES != 0 && member(body, len, "next", &next, &n) && n < CURSOR_MAX) {
        memcpy(l->cursor, next, n);
        l->cursor[n] = 0;
    }
    return true;
}

bool people_check(struct people *p, struct line *l, int status, const char *body, size_t len) {
    char email[64];
    const char *id;
    size_t n;
    if (status != (p->plan->job == JOB_CREATE ? 201 : 200))
        return false;
    if (p->plan->job == JOB_LIST)
        return list_check(l, body, len);
    email_of(l->person, email);
    if (memmem(body, len, email, strlen(email)) == NULL)
        return false;
    if (p->plan->job != JOB_CREATE)
        return true;
    if (!member(body, len, "id", &id, &n) || n != ID_LEN)
        return false;
    memcpy(p->ids + (size_t)(l->person - p->plan->first) * ID_LEN, id, ID_LEN);
    return true;
}
