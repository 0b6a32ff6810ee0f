/* render.h — templates of says.tbl become sentences: what a line captured, in the grammar of a language.
 *
 *   {x}        as written, dates in words        {x:q}  in quotation marks, names by their labels     {x:qs} {x:qso}  a list in quotation marks, with and / or
 *   {x:p}      a person          {x:po} people with or         {x:w}  words of a fixed list, translated
 *   {x:pace}   "every 3 hours"   {x:n} {x:in} {x:for} {x:after} {x:every} {x:to}   a duration in the case that is needed
 *   {x:anchor} a field, or what created and changed are called
 *   [ … ]      said only where everything that it names was said; {?x} names without printing, {!x} where it was not said
 *   @          the Hungarian article for what follows
 * x is a capture of the line, `child.capture`, a child of a map, `up.x` of the map above, or one of: kind, key, role, tenant,
 * keys and * (children), gaps (there are children), clear (fields outside the sealed part), grants, type_words, erased, kept, from, to.
 * Inside this folder. Pure. */
#pragma once
#include "charter/build.h"

void render(const struct charter *c, const struct node *n, const char *template, enum lang lang, struct buf *ret);
/* "a, b and c" of quoted names. */
struct list { const char *item[128]; size_t count; };
void render_list(const struct list *l, bool quoted, bool or, enum lang lang, struct buf *ret);
void render_quoted(const char *text, enum lang lang, struct buf *ret);
/* duration.c: "3 hours" in the wanted case: n, in, for, after, every, to. Text that is no duration is copied. */
void render_duration(const char *text, const char *how, enum lang lang, struct buf *ret);
void render_pace(const char *text, enum lang lang, struct buf *ret);
