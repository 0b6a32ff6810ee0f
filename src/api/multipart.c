/* multipart.c — a window over the source. Invariant: what stands before `at` is gone; `have` bytes from there
 * are in the window; at most WINDOW. A delimiter is CRLF "--" boundary; the first one may stand without CRLF, so the
 * window begins with one of ours. */
#include "api/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define WINDOW (64u * 1024)
#define HEADERS_ROOM 8192u
#define BOUNDARY_MAX 70u                      /* RFC 2046, 5.1.1 */

struct multipart {
    struct source in;
    char delimiter[BOUNDARY_MAX + 5]; size_t delimiter_len;
    char window[WINDOW]; size_t at, have;
    bool source_over, in_part, over, broken;
    unsigned parts;
};

struct multipart *multipart_free(struct multipart *m) {
    if (m != NULL)
        explicit_bzero(m->window, sizeof m->window);
    return mem_free(m);
}

/* What stands behind name=, quoted or not, with the backslash escapes of browsers. False: too long, no end quote. */
static bool param_value(const char *v, char *ret, size_t room) {
    bool quoted = *v == '"';
    size_t len = 0;
    for (v += quoted; *v != 0 && (quoted ? *v != '"' : strchr("; \t", *v) == NULL); v++) {
        if (quoted && *v == '\\' && (v[1] == '"' || v[1] == '\\'))
            v++;
        if (len + 1 >= room)
            return false;
        ret[len++] = *v;
    }
    ret[len] = 0;
    return !quoted || *v == '"';
}

/* The next ';' that stands outside quotes, or NULL. */
static const char *param_end(const char *p) {
    for (; *p != 0 && *p != ';'; p++)
        if (*p == '"') {
            for (p++; *p != 0 && *p != '"'; p++)
                p += *p == '\\' && p[1] != 0;
            if (*p == 0)
                return NULL;
        }
    return *p == ';' ? p : NULL;
}

/* The value of a parameter of a header: name="value" or name=value. */
static bool param(const char *header, const char *name, char *ret, size_t room) {
    size_t n = strlen(name);
    for (const char *p = param_end(header); p != NULL; p = param_end(p)) {
        p++;
        p += strspn(p, " \t");
        if (strncasecmp(p, name, n) == 0 && p[n] == '=')
            return param_value(p + n + 1, ret, room);
    }
    return false;
}

enum code multipart_new(const char *content_type, const struct source *in, struct multipart **ret, struct err *reterr) {
    static const char type[] = "multipart/form-data";
    char boundary[BOUNDARY_MAX + 1];
    if (content_type == NULL || strncasecmp(content_type, type, sizeof type - 1) != 0 || strchr("; \t", content_type[sizeof type - 1]) == NULL)
        return err_set(reterr, E_MEDIA, "the Content-Type must be %s", type);
    if (!param(content_type, "boundary", boundary, sizeof boundary) || boundary[0] == 0)
        return err_set(reterr, E_MEDIA, "the Content-Type %s needs a boundary of at most %u characters", type, BOUNDARY_MAX);
    struct multipart *m = mem_new(sizeof *m);
    if (m == NULL)
        return err_set(reterr, E_MEMORY, "no memory to read the form");
    m->in = *in;
    m->delimiter_len = (size_t)snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%s", boundary);
    m->window[0] = '\r';
    m->window[1] = '\n';
    m->have = 2;
    m->in_part = true;                        /* the preamble is a part that nobody reads */
    *ret = m;
    return OK;
}

/* At least `need` bytes in the window, unless the source is over. */
static bool fill(struct multipart *m, size_t need) {
    while (m->have < need && !m->source_over) {
        if (m->at > 0) {
            memmove(m->window, m->window + m->at, m->have);
            m->at = 0;
        }
        ssize_t n = m->in.read(m->in.arg, m->window + m->have, WINDOW - m->have);
        if (n < 0)
            m->broken = true;
        if (n <= 0)
            m->source_over = true;
        else
            m->have += (size_t)n;
    }
    return m->have >= need;
}

ssize_t multipart_read(struct multipart *m, void *ret, size_t room) {
    if (m->broken)
        return -1;
    if (!m->in_part || room == 0)
        return 0;
    fill(m, m->delimiter_len + 1);
    const char *from = m->window + m->at;
    const char *found = memmem(from, m->have, m->delimiter, m->delimiter_len);
    size_t n = found != NULL ? (size_t)(found - from) : m->have >= m->delimiter_len ? m->have - (m->delimiter_len - 1) : 0;
    if (found == NULL && n == 0) {            /* no delimiter will come any more */
        m->broken = true;
        return -1;
    }
    if (n == 0) {
        m->in_part = false;
        return 0;
    }
    n = n < room ? n : room;
    memcpy(ret, from, n);
    m->at += n;
    m->have -= n;
    return (ssize_t)n;
}

/* The bytes up to and with the empty line, as one text; NULL: too long, cut off or not text. */
static const char *headers_take(struct multipart *m, char ret[HEADERS_ROOM]) {
    for (size_t need = 4; need <= HEADERS_ROOM; need++) {
        if (!fill(m, need))
            return NULL;
        const char *from = m->window + m->at, *end = memmem(from, m->have < HEADERS_ROOM ? m->have : HEADERS_ROOM, "\r\n\r\n", 4);
        if (end == NULL) {
            need = m->have;                   /* nothing in what is there: more must come */
            continue;
        }
        size_t n = (size_t)(end - from) + 4;
        if (n >= HEADERS_ROOM || !text_is_utf8(from, n))
            return NULL;
        memcpy(ret, from, n);
        ret[n] = 0;
        m->at += n;
        m->have -= n;
        return ret;
    }
    return NULL;
}

/* "\r\nName: value\r\n…" to the value of a header, cut in place for one line. */
static bool header_line(const char *headers, const char *name, char *ret, size_t room) {
    size_t n = strlen(name);
    for (const char *p = headers; p != NULL && *p != 0; p = strstr(p, "\r\n"), p = p == NULL ? NULL : p + 2) {
        if (strncasecmp(p, name, n) != 0 || p[n] != ':')
            continue;
        p += n + 1;
        p += strspn(p, " \t");
        size_t len = strcspn(p, "\r\n");
        if (len >= room)
            return false;
        memcpy(ret, p, len);
        ret[len] = 0;
        return true;
    }
    return false;
}

/* Only the last piece of a path: some browsers send one. */
static void filename_clean(char *name) {
    char *cut = name;
    for (char *p = name; *p != 0; p++)
        if (*p == '/' || *p == '\\')
            cut = p + 1;
    memmove(name, cut, strlen(cut) + 1);
}

static bool part_of(const char *headers, struct form_part *ret) {
    char line[1024];
    struct form_part p = { .is_file = false };
    if (!header_line(headers, "Content-Disposition", line, sizeof line) || strncasecmp(line, "form-data", 9) != 0 ||
        !param(line, "name", p.name, sizeof p.name))
        return false;
    p.is_file = param(line, "filename", p.filename, sizeof p.filename);
    filename_clean(p.filename);
    if (!header_line(headers, "Content-Type", p.type, sizeof p.type))
        p.type[0] = 0;
    *ret = p;
    return true;
}

static enum code malformed(struct multipart *m, struct err *reterr) {
    m->broken = true;
    return err_set(reterr, E_INVALID, "the multipart body is malformed or ends too early");
}

enum code multipart_next(struct multipart *m, struct form_part *ret, bool *ret_more, struct err *reterr) {
    char rest[4096], headers[HEADERS_ROOM];
    ssize_t n;
    while ((n = multipart_read(m, rest, sizeof rest)) > 0)
        ;
    if (m->over) {
        *ret_more = false;
        return OK;
    }
    if (n < 0)
        return malformed(m, reterr);
    if (!fill(m, m->delimiter_len + 2))
        return malformed(m, reterr);
    const char *after = m->window + m->at + m->delimiter_len;
    bool last = memcmp(after, "--", 2) == 0;
    if (last) {
        m->over = true;
        *ret_more = false;
        return OK;
    }
    if (memcmp(after, "\r\n", 2) != 0 || ++m->parts > PARTS_MAX)
        return malformed(m, reterr);
    m->at += m->delimiter_len;                /* the line break stays: the headers begin with it */
    m->have -= m->delimiter_len;
    if (headers_take(m, headers) == NULL || !part_of(headers + 2, ret))
        return malformed(m, reterr);
    m->in_part = true;
    *ret_more = true;
    return OK;
}
