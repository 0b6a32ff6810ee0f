/* pause.c */
#include "base/pause.h"

static _Thread_local struct { pause_fn fn; void *arg; } listener;

void pause_listen(pause_fn fn, void *arg) {
    listener.fn = fn;
    listener.arg = arg;
}

static void say(bool begins) {
    if (listener.fn != NULL)
        listener.fn(listener.arg, begins);
}

void pause_begin(void) { say(true); }
void pause_end(void) { say(false); }
