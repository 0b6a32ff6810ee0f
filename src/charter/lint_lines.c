/* lint_lines.c — traps of single lines, and of two lines that contradict each other: T1, T3 (copies), T5, T6, T8 (dates),
 * T11, T15 (purposes), T16 (hosts), T17 (passwords). */
#include "charter/lint_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void sms_places(struct lint *l) {
    const struct node *codes = lint_get(l, "sms", "only_to"), *label = lint_get(l, "sms", "described_as");
    struct buf difference = BUF(8192);
    if (codes != NULL && label != NULL && !places_agree(lint_text(codes), lint_text(label), &difference))
        lint_trap(l, "T1", label, "the description and the list of codes differ: %s; change the one that is wrong", buf_str(&difference));
    buf_done(&difference);
}

static void copies_without_end(struct lint *l) {
    static const char *const slots[] = { "database", "files", "configuration" };
    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        const struct node *n = lint_get(l, "backups", slots[i]);
        struct span span;
        if (n != NULL && n->type == NODE_SCALAR && !sentence_span(n->text, "kept", &span))
            lint_trap(l, "T3", n, "the line does not say how long the copies are kept; add a number, such as `%s, kept 90 days`", n->text);
    }
}

/* Copies only in own data centres, and copies with somebody else. */
static void places_of_copies(struct lint *l) {
    const struct node *own = lint_get(l, "backups", "stored"), *third = lint_get(l, "backups", "encrypted");
    struct buf fold = BUF(1 << 14);
    bool is_own = own != NULL && phrase_in(lint_fold(l, lint_text(own), &fold), "own data centre~");
    bool is_third = third != NULL && phrase_in(lint_fold(l, lint_text(third), &fold), "third part~");
    buf_done(&fold);
    if (!is_own || !is_third)
        return;
    lint_trap(l, "T5", own, "the copies lie only in own data centres, and line %d has them on servers of third parties; keep the line that is true", node_line(third));
    lint_trap(l, "T5", third, "the copies lie on servers of third parties, and line %d has them only in own data centres; keep the line that is true", node_line(own));
}

static void processors_and_transfers(struct lint *l) {
    const struct node *transfers = lint_get(l, "transfers", NULL), *list = lint_get(l, "processors", NULL);
    if (transfers == NULL || !phrase_in(lint_text(transfers), "never"))
        return;
    for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        const struct node *in = node_get(n, "in");
        for (const struct node *place = in == NULL || in->type == NODE_SCALAR ? in : in->first; place != NULL; place = place == in ? NULL : place->next)
            if (!place_in_eea(lint_text(place)))
                lint_trap(l, "T5", place, "this processor works in %s, outside the EEA, and line %d says that nothing leaves it; keep the line that is true",
                          lint_text(place), node_line(transfers));
    }
}

static void honest_gaps(struct lint *l) {
    const struct node *list = lint_get(l, "not_sealed", NULL);
    for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        const struct node *what = node_get(n, "what"), *because = node_get(n, "because");
        lint_trap(l, "T6", n, "%s stands unsealed because of %s; sejf seals every field with AES-256-GCM and finds it by a keyed hash, so that the load is no reason: drop the line",
                  what == NULL ? lint_text(n) : lint_text(what), because == NULL ? "nothing that is said" : lint_text(because));
    }
}

#define PROMISED_SOON 60                      /* days */

/* From one day to the other; both were read as dates. */
static int64_t days_between(const char *from, const char *to) {
    char text[48];
    usec_t a = 0, b = 0;
    snprintf(text, sizeof text, "%.10sT00:00:00Z", from);
    bool fine = time_parse(text, &a);
    snprintf(text, sizeof text, "%.10sT00:00:00Z", to);
    return fine && time_parse(text, &b) ? (b - a) / USEC_PER_DAY : INT64_MAX;
}

/* Late promises, and a charter that nobody has looked at for a year. */
static void dates(struct lint *l) {
    const struct node *list = lint_get(l, "promised_for", NULL), *updated = lint_get(l, "updated", NULL);
    struct civil today, date;
    if (!date_parse(l->today, &today))
        return;
    for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        const struct node *by = node_get(n, "by");
        if (by != NULL && date_parse(lint_text(by), &date) && strcmp(lint_text(by), l->today) < 0)
            lint_trap(l, "T8", by, "this was promised for %s, which has passed; keep it and say so, or set a new date", lint_text(by));
        else if (by != NULL && date_parse(lint_text(by), &date) && days_between(l->today, lint_text(by)) <= PROMISED_SOON)
            finding_node(l->findings, l->tree, FINDING_NOTE, "T8", by, NULL, "this is promised for %s, in %lld days: keep it by then, or say a new date before it has passed", lint_text(by),
                         (long long)days_between(l->today, lint_text(by)));
    }
    if (updated == NULL || !date_parse(lint_text(updated), &date))
        return;
    if (date.year + 1 < today.year || (date.year + 1 == today.year && date.month * 31 + date.day < today.month * 31 + today.day))
        lint_trap(l, "T8", updated, "nobody has changed or confirmed this page for more than a year; read it through and set the date");
}

static void open_purposes(struct lint *l) {
    static const char *const open[] = { "etc", "and so on", "and the like", "other purposes", "among others", "itd", "itp", "stb", NULL };
    const struct node *records = lint_get(l, "records", NULL);
    struct buf fold = BUF(1 << 14);
    for (const struct node *kind = records == NULL ? NULL : records->first; kind != NULL; kind = kind->next) {
        const struct node *list = node_get(kind, "used_for");
        for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next)
            if (phrase_of(lint_fold(l, lint_text(n), &fold), open) != NULL)
                lint_trap(l, "T15", n, "the list of purposes does not end here; name each purpose, so that everything else can be refused");
    }
    buf_done(&fold);
}

/* "api.example" and everything below it. */
static bool host_below(const char *host, size_t len, const char *above) {
    size_t n = strlen(above);
    return n > 0 && n <= len && strncmp(host + len - n, above, n) == 0 && (n == len || host[len - n - 1] == '.');
}

static bool host_declared(const struct lint *l, const char *host, size_t len) {
    const struct node *list = lint_get(l, "processors", NULL);
    for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        const struct node *hosts = node_get(n, "hosts");
        for (const struct node *h = hosts == NULL || hosts->type == NODE_SCALAR ? hosts : hosts->first; h != NULL; h = h == hosts ? NULL : h->next)
            if (host_below(host, len, lint_text(h)))
                return true;
    }
    return false;
}

/* "from www.counter.example, www.other.example, only with consent x": the first host that no processor has. */
static void cookie_hosts(struct lint *l) {
    const struct node *cookies = lint_get(l, "cookies", NULL);
    for (const struct node *n = cookies == NULL ? NULL : cookies->first; n != NULL; n = n->next) {
        const char *at = lint_text(n);
        if (strncmp(at, "from ", 5) != 0)
            continue;
        for (at += 5; *at != '\0'; at += strspn(at, ", ")) {
            size_t len = strcspn(at, ",");
            if (len >= 5 && strncmp(at, "only ", 5) == 0)
                break;
            if (!host_declared(l, at, len)) {
                lint_trap(l, "T16", n, "%.*s gets data of visitors and belongs to no declared processor; name it under `processors` with `hosts`, or drop the line",
                          (int)(len < 200 ? len : 200), at);
                break;
            }
            at += len;
        }
    }
}

static void passwords(struct lint *l) {
    const struct node *roles = lint_get(l, "sign_in", NULL);
    for (const struct node *n = roles == NULL ? NULL : roles->first; n != NULL; n = n->next) {
        static const char of[] = "password of ";
        const char *text = lint_text(n), *length = strstr(text, of);
        int64_t letters = PASSWORD_LENGTH_LEAST;
        if (strstr(text, "changed every") != NULL)
            lint_trap(l, "T17", n, "a change of passwords by the calendar comes from a regulation of 2004 that was repealed on 6 February 2019, and CERT Polska and NIST "
                      "advise against it; sejf obeys the line, and `password of 12 characters and a second step` serves better");
        else if (length != NULL && text_int_n(length + sizeof of - 1, strspn(length + sizeof of - 1, "0123456789"), 0, 9999, &letters) && letters < PASSWORD_LENGTH_LEAST)
            lint_trap(l, "T17", n, "a password of %d characters follows the rules of 2004; sejf asks for %d in any case, so say that", (int)letters, PASSWORD_LENGTH_LEAST);
    }
}

void lint_lines(struct lint *l) {
    sms_places(l);
    copies_without_end(l);
    places_of_copies(l);
    processors_and_transfers(l);
    honest_gaps(l);
    dates(l);
    open_purposes(l);
    cookie_hosts(l);
    passwords(l);
}
