/* page_notice.h — what Article 13 of the GDPR asks a form to say, made from the charter: who, why, how long with the actual
 * date, who sees it, rights, authority, contact. Pure; everything is borrowed. */
#pragma once
#include <jansson.h>

#include "api/page_html.h"
#include "policy/policy.h"

struct notice_view {
    const struct charter *charter;
    const char *service;
    int kind;
    enum lang lang;
    const char *tenant;               /* its name */
    const json_t *parent;             /* the record that the new one will belong to, as the API shows it; NULL: none */
    const json_t *fields;             /* what is known of the record itself: {name: value}; NULL: nothing yet */
    usec_t created, now;              /* created: of the record, or now for one that is not sent yet */
    bool sent;                        /* the record exists: no "if you send it today" */
};
/* Two sentences above the button. */
void notice_brief(struct buf *ret, const struct notice_view *v);
/* The whole notice, as a section with its heading (h2) and id "notice". */
void notice_put(struct buf *ret, const struct notice_view *v);
/* "180 days" and what they are counted from; false: the rule has no span. */
MUST_USE bool notice_span_said(struct buf *ret_span, struct buf *ret_anchor, const struct notice_view *v, const struct keep *keep);
/* The day until which the part is held: false where there is none yet. */
MUST_USE bool notice_due(const struct notice_view *v, const struct keep *keep, struct civil *ret);
