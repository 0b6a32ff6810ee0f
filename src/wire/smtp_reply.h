/* smtp_reply.h — one reply of a mail server, byte by byte (RFC 5321, 4.2, and the codes of RFC 2034). Bounded, whatever comes: of a long reply its beginning and its
 * end are kept, for servers say what matters in either. Zeroed, it is ready for the next one. Pure; not thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define SMTP_SAID 300u                       /* of what a relay says, as told */
#define SMTP_REPLY_MAX (64u << 10)           /* a longer reply is none */
#define SMTP_LINE_KEPT 512u                  /* of a line; what is longer is passed over */
#define SMTP_SAID_KEPT 1024u

struct smtp_reply {
    int code;                                /* 250; 0: no line was whole yet */
    char enhanced[12];                       /* of the first line: "5.1.1" or "" */
    const char *text;                        /* of the line that was heard last; good until the next byte */
    size_t lines, bytes;
    char line[SMTP_LINE_KEPT]; size_t line_len; bool line_cut;
    char said[SMTP_SAID_KEPT]; size_t said_len;
};
enum smtp_heard { SMTP_HEARS_ON, SMTP_HEARD_LINE /* and more follow */, SMTP_HEARD_REPLY /* the last line */, SMTP_HEARD_NONSENSE /* this is no SMTP */, SMTP_HEARD_ENDLESS };
enum smtp_heard smtp_reply_hear(struct smtp_reply *r, char c);
/* Its words, in one line: whole ones, and " ... " where some were left out. Not masked, not printable. */
void smtp_reply_said(const struct smtp_reply *r, char ret[SMTP_SAID]);
