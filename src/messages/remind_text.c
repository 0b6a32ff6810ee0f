/* remind_text.c — see remind_text.h. */
#include "messages/remind_text.h"

#include <stdio.h>
#include <string.h>

static usec_t at_minute(const struct zone *zone, struct civil c, int minute) {
    c.hour = minute / 60;
    c.minute = minute % 60;
    c.second = c.usec = 0;
    return zone_instant(zone, &c);
}

static int minute_of(const struct civil *c) { return c->hour * 60 + c->minute; }

usec_t remind_about(const char *cause, int64_t about) { return strcmp(cause, REMIND_CAUSE) == 0 ? about : 0; }

usec_t remind_due(const struct remind *r, bool date, const struct zone *zone, usec_t anchor) {
    static const struct span day = { .days = 1 };
    usec_t due = zone_add(zone, anchor, &r->before, -1);
    struct civil c = zone_civil(zone, due);
    int minute = minute_of(&c);
    if (date)
        return at_minute(zone, c, r->from);
    if (minute >= r->from && minute < r->until)
        return due;
    if (minute < r->from)
        c = zone_civil(zone, zone_add(zone, due, &day, -1));
    return at_minute(zone, c, r->until - 60);
}

bool remind_due_for(const struct remind *r, bool date, const struct zone *zone, usec_t anchor, usec_t created, usec_t *ret) {
    usec_t due = remind_due(r, date, zone, anchor), plain = date ? due : zone_add(zone, anchor, &r->before, -1), morning = 0;
    if (created > due && created > plain)
        return false;
    if (created > due)                       /* then the plain instant is at night */
        due = !remind_hour(r, zone, plain, &morning) && morning < anchor ? morning : created;
    *ret = due;
    return true;
}

bool remind_hour(const struct remind *r, const struct zone *zone, usec_t now, usec_t *ret_again) {
    static const struct span day = { .days = 1 };
    struct civil c = zone_civil(zone, now);
    int minute = minute_of(&c);
    if (minute >= r->from && minute < r->until)
        return true;
    if (minute >= r->until)
        c = zone_civil(zone, zone_add(zone, now, &day, 1));
    *ret_again = at_minute(zone, c, r->from);
    return false;
}

void remind_when(const struct zone *zone, bool date, usec_t anchor, enum lang lang, struct buf *ret) {
    static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" };
    struct civil c = zone_civil(zone, anchor);
    if (lang == LANG_PL)
        buf_printf(ret, "%d.%02d.%d", c.day, c.month, c.year);
    else if (lang == LANG_HU)
        buf_printf(ret, "%d.%02d.%02d.", c.year, c.month, c.day);
    else
        buf_printf(ret, "%d %s %d", c.day, months[c.month - 1], c.year);
    if (!date)
        buf_printf(ret, "%s%d:%02d", lang == LANG_PL ? ", godz. " : lang == LANG_HU ? " " : ", ", c.hour, c.minute);
}

bool remind_tells(const struct kind *k, size_t field) {
    enum field_type t = k->fields[field].type;
    return k->remind.only && (k->remind.fields >> field & 1) != 0 && t != T_PHONE && t != T_EMAIL && (int)field != k->remind.anchor;
}

/* "Ne feledje" is Hungarian in the letters of the alphabet that 160 of go into a message, which "Emlékeztető" is not. */
void remind_text(const struct kind *k, enum lang lang, struct buf *ret_subject, struct buf *ret_text) {
    static const char *const subject[] = { [LANG_EN] = "Reminder", [LANG_PL] = "Przypomnienie", [LANG_HU] = "Emlékeztető" };
    static const char *const begins[] = { [LANG_EN] = "Reminder: {{when}}", [LANG_PL] = "Przypomnienie: {{when}}", [LANG_HU] = "Ne feledje: {{when}}" };
    buf_text(ret_subject, subject[lang]);
    buf_text(ret_text, begins[lang]);
    for (size_t i = 0; i < k->field_count; i++)
        if (remind_tells(k, i))
            buf_printf(ret_text, ", {{%s}}", k->fields[i].name);
}
