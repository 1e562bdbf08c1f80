/* Words of other judges, in the reader's language. A message may quote a reason, or has facts in words: these were put
 * together elsewhere, in English, and are recorded so. What they are made of is known: they are taken apart again. */
#ifndef CLI_VIEW_PHRASE_H
#define CLI_VIEW_PHRASE_H

#include "base/bytes.h"
#include "projections/verdict/messages.h"

/* Appends the text with each part that is recognised translated; parts are separated by "; ". What is not recognised stays as
 * it is, and without a translation the text stays the same. */
void phrase_put(struct bytes english, struct buf *out);
/* The same for the arguments of a message that are words and not names: their text then borrows from `room`. */
void phrase_args(struct message_arg *args, size_t n, struct buf *room);

#endif
