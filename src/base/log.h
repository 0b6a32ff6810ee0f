/* log.h — JSON lines to stderr or a file: time, level, process, event, and named values.
 * Only what is listed is written: values are numbers or short texts of our own; a text of a user
 * must go through LOG_MASKED. Thread-safe; a line is never torn. Ranks 0 to 4 log debug only. */
#pragma once
#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
struct log_value { const char *name; enum { LOG_T_TEXT, LOG_T_INT, LOG_T_MASKED } type; const char *text; int64_t number; };
#define LOG_TEXT(n, v) { (n), LOG_T_TEXT, (v), 0 }
#define LOG_INT(n, v) { (n), LOG_T_INT, NULL, (int64_t)(v) }
#define LOG_MASKED(n, v) { (n), LOG_T_MASKED, (v), 0 }

/* process: "server"; fd: where to, -1 for stderr. */
void log_init(const char *process, enum log_level least, int fd);
/* log_event(LOG_INFO, "token_made", LOG_INT("tenant", 3), LOG_TEXT("role", role)); */
#define log_event(level, event, ...) \
    log_values((level), (event), (const struct log_value[]){ __VA_ARGS__ }, \
               sizeof((const struct log_value[]){ __VA_ARGS__ }) / sizeof(struct log_value))
/* From now on lines of this thread below "warning" are held, and written with others at once: by log_flush (before the thread
 * sleeps for long), a line of another thread, a warning, or when there are many. */
void log_gather(void);
void log_flush(void);
void log_values(enum log_level level, const char *event, const struct log_value *values, size_t count);
/* One line for a failure that is handled here. */
void log_error(const char *event, const struct err *e);
