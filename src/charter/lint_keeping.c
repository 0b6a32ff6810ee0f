/* lint_keeping.c — numbers that belong together: one long keep for a whole record (T4), erasure and backups (T10),
 * availability and recovery (T11). Percentages are millionths, so that 99.98 is exact. */
#include "charter/lint_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LONG_DAYS (3 * 365.0)                     /* a keep from here on is for books, not for contacting anybody */
#define MILLION 1000000
#define MINUTES_OF_DAY 1440.0

/* Fields by which somebody is reached, found or recognised. */
static bool is_contact(const struct field *f) {
    static const bool contact[FIELD_TYPES] = { [T_EMAIL] = true, [T_PHONE] = true, [T_ADDRESS] = true, [T_PLACE] = true, [T_FILE] = true };
    return f->level == L_SENSITIVE || (f->level == L_PERSONAL && contact[f->type]);
}

/* Among the fields of all parts that share the keep rule of p (a consent makes a part of its own). */
static const struct field *first_of(const struct kind *k, const struct part *p, bool (*wanted)(const struct field *f)) {
    fieldset fields = 0;
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i].keep.pos.line == p->keep.pos.line)
            fields |= k->parts[i].fields;
    for (size_t i = 0; i < k->field_count; i++)
        if ((fields >> i & 1) != 0 && wanted(&k->fields[i]))
            return &k->fields[i];
    return NULL;
}

static bool is_personal(const struct field *f) { return f->level != L_PLAIN; }

/* Parts that share a keep rule show it once. */
static bool seen_before(const struct kind *k, size_t part) {
    for (size_t i = 0; i < part; i++)
        if (k->parts[i].keep.pos.line == k->parts[part].keep.pos.line)
            return true;
    return false;
}

static void at_keep(struct lint *l, enum finding_level level, const char *id, const struct keep *keep, const char *text) {
    size_t width = keep->text == NULL ? 1 : text_points(keep->text);
    finding_add(l->findings, l->tree, level, id, keep->pos, (int)(width < 4096 ? width : 4096), NULL, "%s", text);
}

static void long_keep(struct lint *l, const struct kind *k, const struct part *p) {
    const struct field *contact = first_of(k, p, is_contact);
    char span[64];
    if (contact == NULL || span_days(&p->keep.span) < LONG_DAYS || p->by_law)
        return;
    struct buf text = BUF(2048);
    buf_printf(&text, "%s keeps %s for %s with the rest of the record; split `keep`: what the books need for %s, what serves contact, place or proof for days or months",
               k->name, contact->name, span_format(&p->keep.span, span, sizeof span), span);
    at_keep(l, FINDING_TRAP, "T4", &p->keep, buf_str(&text));
    l->failed = l->failed || text.failed;
    buf_done(&text);
}

/* The longest time that any backup is kept; false: none says. */
static bool longest_copy(const struct lint *l, struct span *ret) {
    static const char *const slots[] = { "database", "files", "configuration" };
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        struct span kept;
        if (sentence_span(lint_text(lint_get(l, "backups", slots[i])), "kept", &kept) && (!any || span_days(&kept) > span_days(ret))) {
            *ret = kept;
            any = true;
        }
    }
    return any;
}

/* How long, with what a late notice may add: "180 days", "180 days + 14 days after a late notice". */
static double kept_said(const struct kind *k, const struct part *p, char *ret, size_t room) {
    char kept[64], late[64];
    double days = span_days(&p->keep.span), more = k->warn.person >= 0 ? span_days(&k->warn.room) : 0;
    (void)span_format(&p->keep.span, kept, sizeof kept);
    if (more > 0)
        snprintf(ret, room, "%s + %s after a late notice", kept, span_format(&k->warn.room, late, sizeof late));
    else
        snprintf(ret, room, "%s", kept);
    return days + more;
}

static void residue(struct lint *l, const struct kind *k, const struct part *p) {
    struct span copy, undo;
    char kept[160], copies[64];
    if (first_of(k, p, is_personal) == NULL)
        return;
    double days = kept_said(k, p, kept, sizeof kept);
    struct buf text = BUF(2048);
    const struct node *line = lint_get(l, "backups", "undo");
    if (line != NULL && span_parse(lint_text(line), &undo)) {
        buf_printf(&text, "%s: %s + %s until no copy, backups of keys among them, can be opened: %.0f days", k->name, kept,
                   span_format(&undo, copies, sizeof copies), floor(days + span_days(&undo)));
        at_keep(l, FINDING_NOTE, "T10", &p->keep, buf_str(&text));
    } else if (longest_copy(l, &copy)) {
        buf_printf(&text, "%s + %s in backups = %.0f days: read together, the lines let personal data of %s live that long; say when an erasure is final in every copy, "
                   "such as `undo: 14 days` under `backups`", kept, span_format(&copy, copies, sizeof copies), floor(days + span_days(&copy)), k->name);
        at_keep(l, FINDING_TRAP, "T10", &p->keep, buf_str(&text));
    }
    l->failed = l->failed || text.failed;
    buf_done(&text);
}

static void keeping(struct lint *l) {
    const struct kind *kinds;
    size_t count = charter_kinds(l->charter, &kinds);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < kinds[i].part_count; p++)
            if (kinds[i].parts[p].keep.type == KEEP_SPAN && !seen_before(&kinds[i], p)) {
                long_keep(l, &kinds[i], &kinds[i].parts[p]);
                residue(l, &kinds[i], &kinds[i].parts[p]);
            }
}

/* "99.98 % of …" in millionths of one; false: no percentage. */
static bool share_of(const char *text, int64_t *ret) {
    size_t whole = strspn(text, "0123456789"), part = 0;
    int64_t percent = 0, fraction = 0;
    if (whole == 0 || whole > 3 || !text_int_n(text, whole, 0, 100, &percent))
        return false;
    const char *at = text + whole;
    if (*at == '.') {
        part = strspn(++at, "0123456789");
        if (part == 0 || part > 4 || !text_int_n(at, part, 0, 9999, &fraction))
            return false;
        at += part;
    }
    for (; part < 4; part++)
        fraction *= 10;
    at += strspn(at, " ");
    *ret = percent * (MILLION / 100) + fraction;
    return *at == '%' && *ret <= MILLION;
}

static double window_days(const char *text) {
    static const struct { const char *word; double days; } windows[] = { { "month", 30 }, { "quarter", 90 }, { "year", 365 } };
    for (size_t i = 0; i < ARRAY_LEN(windows); i++)
        if (phrase_in(text, windows[i].word))
            return windows[i].days;
    return 0;
}

static void available(struct lint *l) {
    const struct node *line = lint_get(l, "available", NULL), *restore = lint_get(l, "restore", NULL);
    int64_t share = 0;
    struct span within;
    if (line == NULL || !share_of(lint_text(line), &share))
        return;
    if (share == MILLION) {
        lint_trap(l, "T19", line, "nobody is available all the time; promise a share that leaves room for a restore");
        return;
    }
    double down = (double)(MILLION - share) / MILLION * MINUTES_OF_DAY, days = window_days(lint_text(line));
    double minutes = sentence_span(lint_text(restore), "within", &within) ? span_days(&within) * MINUTES_OF_DAY : 0;
    if (days == 0 && minutes > 0)
        lint_trap(l, "T11", line, "the share has no window: over 30 days it allows %.2f minutes and over a year %.2f, and one restore of %.0f minutes (line %d) is %.1f times the "
                  "former and %.0f %% of the latter; add a window, such as `%s of every calendar year`", down * 30, down * 365, minutes, node_line(restore),
                  minutes / (down * 30), 100 * minutes / (down * 365), lint_text(line));
    else if (days == 0)
        lint_trap(l, "T11", line, "the share has no window: over 30 days it allows %.2f minutes and over a year %.2f; add a window, such as `%s of every calendar year`",
                  down * 30, down * 365, lint_text(line));
    else if (minutes > down * days)
        lint_trap(l, "T11", line, "the window allows %.2f minutes, and one restore takes up to %.0f (line %d); promise a share that a restore does not break, or a faster restore",
                  down * days, minutes, node_line(restore));
}

void lint_keeping(struct lint *l) {
    keeping(l);
    available(l);
}
