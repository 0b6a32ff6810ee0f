/* pause.h — a thread that is about to sleep until others have done something says so, so that whoever counts busy threads
 * can wake another in its place. A thread nobody listens to says it to nobody. Each call concerns the calling thread alone. */
#pragma once
#include "base/macros.h"

typedef void (*pause_fn)(void *arg, bool begins);
void pause_listen(pause_fn fn, void *arg);           /* NULL: nobody any more */
void pause_begin(void);
void pause_end(void);
