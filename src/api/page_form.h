/* page_form.h — a public form as a page, and the page that thanks for it. Pure: everything is borrowed. */
#pragma once
#include "api/page_field.h"
#include "api/page_notice.h"

#define FORM_TOKEN ".token"                   /* names with a dot are never names of fields */
#define FORM_TRAP ".url"
#define FORM_CONSENT ".consent."              /* and the consent's name */

struct form_view {
    struct notice_view notice;                /* charter, kind, language, tenant, parent */
    const char *action;                       /* path and query */
    const char *token;                        /* of the guard */
    typed_fn typed; void *typed_arg;          /* what was typed before a mistake; NULL: nothing */
    const json_t *mistakes;                   /* [{path, text}] or NULL */
    const char *trouble;                      /* a sentence above the form, or NULL */
    bool conflict;                            /* the mistakes say what is taken already */
    const json_t *choices;                    /* {field: [{id, title}]} */
};
void form_title(struct buf *ret, const struct form_view *v);     /* plain text: of the page */
void form_put(struct buf *ret, const struct form_view *v);       /* inside <main> */

/* The consent that the whole kind rests on ("because: consent newsletter"); NULL: none. */
const char *kind_consent(const struct kind *k);
/* What was typed, as the API takes it: fields and consents. New references. */
void form_values(const struct charter *c, const struct kind *k, typed_fn typed, void *arg, json_t **ret_fields, json_t **ret_consents);

/* The consent that the kind rests on was not ticked: that, and every needed field that is empty, as mistakes; NULL: it was, or none
 * is asked. Records may be made without it (a tenant imports consents that it took elsewhere), but not by a form. */
json_t *form_unticked(const struct form_view *v);
/* The API's mistakes as sentences for whoever fills in the form: [{path, text}]. New reference. */
json_t *form_mistakes(const struct form_view *v, const json_t *mistakes);

struct done_view {
    struct notice_view notice;
    const json_t *record;                     /* as the API shows it */
    const char *link;                         /* the private link's path, or NULL */
    const char *base_url;                     /* before it, for copying */
    const char *again;                        /* path of the form */
};
void done_put(struct buf *ret, const struct done_view *v);
/* Does the record wait for a place? */
bool record_waits(const struct kind *k, const json_t *fields);

/* Parts that the private link shows too: a mistake's text for a field (NULL: none), and a consent's box. */
const char *mistake_of(const json_t *mistakes, const char *name);
/* shown: fields that stand on the page, which the summary links to. */
void mistakes_summary(struct buf *ret, enum text heading, const struct notice_view *v, fieldset shown, const json_t *mistakes, const char *trouble, const char *prefix);
/* What the consent is for: its own purpose, or all that need no consent of their own. */
void purposes_said(struct buf *ret, const struct kind *k, const char *consent, enum lang lang);
void consent_put(struct buf *ret, const struct notice_view *v, const char *consent, bool basis, bool ticked, const char *mistake, const char *prefix);
/* The state of a record in words; false: the kind has none. */
bool state_said(struct buf *ret, const struct kind *k, const json_t *fields, enum lang lang);
