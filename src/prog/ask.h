/* ask.h — what commands share that are one call of the control socket: the request, the call, a personal text that is read without
 * leaving it where others look. Not thread-safe. */
#pragma once
#include "base/buf.h"
#include "prog/session.h"

struct asking { const char *data, *config; bool json; };     /* --data, --config, --json; texts are argv's */

/* {"do": verb, "service": …, "tenant": …}: service NULL and tenant below 0 are left out. New reference. */
json_t *ask_request(const char *verb, const char *service, int64_t tenant);
void ask_put(json_t *o, const char *name, const char *value);            /* NULL: left out */
/* Takes `in` over. Lines before the last go to `show`, or as they came where a->json. */
MUST_USE enum code ask_call(const struct asking *a, json_t *in, line_fn show, json_t **ret, struct err *reterr);
/* The same where the last line is not wanted. */
MUST_USE enum code ask_done(const struct asking *a, json_t *in, line_fn show, struct err *reterr);
/* The document of the reply's "pdf" (base64url), into a file for its owner alone, since documents hold names. The call may turn us into the server's
 * user: the file is made before; it goes where nothing comes. out NULL: --out is missing. Takes `in` over. */
MUST_USE enum code ask_document(const struct asking *a, json_t *in, const char *out, struct err *reterr);
/* `seen`: the command that lists the numbers. */
MUST_USE enum code ask_number(const char *word, const char *seen, int64_t *ret, struct err *reterr);

/* A name or an address. `given` is a word of the command line: it is taken, and wiped there, since every user of the machine may
 * read the words of a process. "-" or NULL: the next line of standard input, asked for with `prompt` on a terminal. */
MUST_USE enum code ask_personal(const char *given, const char *prompt, struct buf *ret, struct err *reterr);

/* The last line as JSON, without its "ok". */
void ask_print(json_t *r);
/* Members of a line, "" where they are not there. */
const char *ask_text(const json_t *o, const char *name);
/* Text with blanks up to `width` characters behind it, and two more. */
void ask_column(const char *text, size_t width);
/* The agreements of a tenant, as agreement_tell has them; cmd_agreement.c. */
void ask_agreement(const json_t *told);
