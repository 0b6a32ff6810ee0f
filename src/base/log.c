/* log.c — a line that does not fit is cut at a value, never inside one. */
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"

static struct { const char *process; enum log_level least; int fd; } out = { "sejf", LOG_INFO, 2 };
#define HELD_MAX 32768u
static struct { pthread_mutex_t lock; size_t len; char text[HELD_MAX]; } held = { .lock = PTHREAD_MUTEX_INITIALIZER };
static _Thread_local bool gathers;
static const char *const level_names[] = { "debug", "info", "warning", "error" };

void log_init(const char *process, enum log_level least, int fd) {
    out.process = process;
    out.least = least;
    out.fd = fd < 0 ? 2 : fd;
}

static void write_out(const char *text, size_t len) {
    ssize_t n = write(out.fd, text, len);
    (void)n;                                /* a log that cannot be written harms nobody else */
}

static void held_out(void) {
    if (held.len > 0)
        write_out(held.text, held.len);
    held.len = 0;
}

void log_gather(void) { gathers = true; }

void log_flush(void) {
    pthread_mutex_lock(&held.lock);
    held_out();
    pthread_mutex_unlock(&held.lock);
}

static void put(enum log_level level, const char *line, size_t len) {
    pthread_mutex_lock(&held.lock);
    if (held.len + len > HELD_MAX)
        held_out();
    bool holds = gathers && level < LOG_WARN;
    if (holds || held.len > 0) {
        memcpy(held.text + held.len, line, len);
        held.len += len;
        if (!holds)
            held_out();
    } else {
        write_out(line, len);
    }
    pthread_mutex_unlock(&held.lock);
}

static void json_text(struct buf *b, const char *text) {
    buf_char(b, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++) {
        if (*p == '"' || *p == '\\')
            buf_printf(b, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f)
            buf_printf(b, "\\u%04x", *p);
        else
            buf_char(b, (char)*p);
    }
    buf_char(b, '"');
}

/* Without printf: a line of the access log is written for every request. */
static void number_add(struct buf *b, int64_t number) {
    char digits[24], *p = digits + sizeof digits;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do
        *--p = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

static void value_add(struct buf *b, const struct log_value *v) {
    buf_text(b, ",\"");
    buf_text(b, v->name);
    buf_text(b, "\":");
    if (v->type == LOG_T_INT) {
        number_add(b, v->number);
    } else if (v->type == LOG_T_TEXT) {
        json_text(b, v->text == NULL ? "" : v->text);
    } else {
        AUTO(buf_done) struct buf masked = BUF(512);
        text_mask(v->text == NULL ? "" : v->text, &masked);
        json_text(b, buf_str(&masked));
    }
}

void log_values(enum log_level level, const char *event, const struct log_value *values, size_t count) {
    if (level < out.least)
        return;
    AUTO(buf_done) struct buf line = BUF(8192);
    char when[40];
    buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"event\":\"%s\"",
               time_format(clock_now(), when, sizeof when), level_names[level], out.process, event);
    for (size_t i = 0; i < count; i++) {
        size_t mark = line.len;
        if (values[i].name == NULL)
            continue;
        value_add(&line, &values[i]);
        if (line.failed) {
            line.failed = false;
            buf_cut(&line, mark);
            break;
        }
    }
    buf_text(&line, "}\n");
    put(level, buf_str(&line), line.len);
}

void log_error(const char *event, const struct err *e) {
    log_event(LOG_ERROR, event, LOG_TEXT("code", code_name(e->code)), LOG_TEXT("text", e->text),
              LOG_TEXT("cause", e->hidden), LOG_TEXT("at", e->file == NULL ? "" : e->file),
              LOG_INT("line", e->line));
}
