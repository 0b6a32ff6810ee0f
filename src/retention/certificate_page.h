/* certificate_page.h — a certificate of erasure as people read it: one PDF in their language, made from the signed text and from nothing else. The
 * page proves nothing by itself, and says so. Thread-safe. */
#pragma once
#include "base/lang.h"
#include "charter/charter.h"
#include "retention/certificate.h"

struct certificate_look { const struct charter *charter; const char *tenant_name; enum lang lang; };
/* Appended to ret. E_DAMAGED: the text was altered; no page is made of it. */
MUST_USE enum code certificate_page(const char *text, size_t len, const struct certificate_look *look, struct buf *ret, struct err *reterr);
