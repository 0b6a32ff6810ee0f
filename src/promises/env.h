/* env.h — inside the probes: calls over HTTPS with a role's token, canary records, searches in files. */
#pragma once
#include "base/uuid.h"
#include "promises/probe.h"
#include "promises/scan.h"

struct answer { int status; struct buf body; struct buf head; json_t *json; };     /* json NULL: not JSON */
void answer_done(struct answer *a);
DEFINE_AUTO_VALUE(struct answer, answer_done)

/* side 0 or 1: which probe tenant. role NULL: the tenant's own role; "" : no token at all. path after the URL. */
struct call { const char *method, *path; int side; const char *role; const char *token /* instead of a role's */; json_t *body /* borrowed */;
              const char *text; const char *type; const char *headers[4]; bool keep_origin;
              const char *from /* an address of this machine to call from, where that can be; NULL: any */; };
MUST_USE enum code env_call(struct env *e, const struct call *c, struct answer *ret, struct err *reterr);
MUST_USE enum code env_control(struct env *e, const char *verb, json_t *in /* stolen */, json_t **ret, struct err *reterr);
const struct probe_setup *env_setup(const struct env *e);
const struct charter *env_charter(const struct env *e);
const char *env_service(const struct env *e);
int64_t env_tenant(const struct env *e, int side);
const char *env_token(const struct env *e, int side, const char *role);    /* NULL: no such role */
const char *env_own_role(const struct env *e);

/* A record that a probe made: its id and the values that were written, by field. */
struct canary { int kind; char id[UUID_TEXT]; json_t *fields; json_t *consents; };
/* Makes a record of the kind with a value of its own for every field (also optional ones), and before it what it
 * belongs to and refers to. Parents are shared within a side unless fresh. The canary belongs to the environment. */
MUST_USE enum code canary_make(struct env *e, int side, int kind, bool fresh_parent, const struct canary **ret, struct err *reterr);
/* Only builds the input: {fields…, consents}. New reference. */
MUST_USE enum code canary_input(struct env *e, int side, int kind, bool fresh_parent, json_t **ret, struct err *reterr);
/* POST of that input as the tenant; *ret_status tells. */
MUST_USE enum code canary_post(struct env *e, int side, int kind, json_t *input, struct answer *ret, struct err *reterr);
/* A value that nobody has used: fits the field's type. New reference. */
json_t *canary_value(struct env *e, const struct field *f);
/* The kind that serves best for personal probes: personal, with a findable field; -1: none. */
int env_personal_kind(const struct env *e);

/* The ending of a counted word: "1 kind", "2 kinds". */
#define ENDS(n) ((n) == 1 ? "" : "s")
#define SAY(v, ok, ...) verdict_say((v), (ok), __VA_ARGS__)
enum code verdict_say(struct verdict_line *v, bool kept, const char *fmt, ...) PRINTF_LIKE(3, 4);
