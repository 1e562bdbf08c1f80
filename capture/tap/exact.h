/* What a server could read otherwise than the tap did. Some decoders match names without case, and by Unicode's folding ("paramſ",
 * the Kelvin sign), or end a text at its NUL: a message that holds such a name is not judged, but refused. */
#ifndef CAPTURE_TAP_EXACT_H
#define CAPTURE_TAP_EXACT_H

#include "base/rpc/message.h"
#include "capture/tap/side.h"

/* NULL: every reader reads the same message. Otherwise why not, words that hold nothing of the message. */
const char *tap_exact_fault(struct bytes mp, const struct rpc_message *message, enum tap_side side);
/* Whether it is an object that nobody reads as a message: no member is, or reads as, 'jsonrpc', 'id', 'method', 'params' or 'result'. */
bool tap_exact_is_foreign(struct bytes mp);

#endif
