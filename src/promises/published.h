/* published.h — the 185 published sentences by their id, from seeds.tbl. Pure. */
#pragma once
#include <stddef.h>

const char *published_sentence(const char *id);      /* NULL: no such id */
size_t published_count(void);
