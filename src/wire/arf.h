/* arf.h — a report of feedback (RFC 5965): somebody pressed "this is spam". Pure; thread-safe. */
#pragma once
#include "base/buf.h"

struct arf { bool is /* a report of feedback at all */, complaint /* of the person */; char type[32] /* "abuse" */; };
/* from: appended: the address that the reported message came from, as its envelope said it (Original-Mail-From, else Return-Path of the message beside). "": it is not said. */
void arf_read(const char *message, size_t len, struct arf *ret, struct buf *ret_from);
