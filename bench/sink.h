/* sink.h — for programs that measure: a relay that takes everything and answers each burst of commands after a while, and a mailer before it, each a
 * process of its own, as in the program. Ownership: sink_start gives, sink_stop takes back. */
#pragma once
#include <stdatomic.h>
#include <sys/types.h>

#include "base/time.h"

struct sink_sum { _Atomic int64_t letters, connections, bytes; _Atomic bool ready; };
struct sunk { int line /* to the mailer, for mail_line_new */; pid_t sink, mailer; };
/* sum: memory that is shared with children. Returns when the mailer serves; false: errno says why not. */
bool sink_start(struct sunk *ret, usec_t delay, struct sink_sum *sum);
void sink_stop(struct sunk *k);
