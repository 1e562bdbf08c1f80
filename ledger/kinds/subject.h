/* Inside the catalog: what of an event's subject its body says again. Both must say the same, because some readers look
 * here and some there. */
#ifndef LEDGER_KINDS_SUBJECT_H
#define LEDGER_KINDS_SUBJECT_H

#include "base/mp.h"
#include "ledger/kinds/index.h"

/* Which part of this subject the field says again; false: none. A field that the catalog does not know may do so where
 * permissions are decided: the holder's family, "holder", "who", "subject". */
bool kind_restated(const struct kind_index *index, struct bytes subject, struct bytes field, struct bytes *ret_part);
/* The text names what a part of a subject of that family names. A runtime's name may continue with '@' and where it is, a
 * package's with ':' and its architecture; of a tool, agent, server or service "hash-" and hex digits, "unknown" and
 * "unnamed" stand for a name that no header may hold. */
bool kind_names_same(struct bytes family, struct bytes part, struct bytes text);
/* ERR_INVALID: the text that is at `value`, in this field, names another one than the subject does. What does not parse
 * is left to the walk that comes after. */
int kind_agree(const struct kind_index *index, struct bytes subject, struct bytes field, const struct mp_reader *value,
               struct err *err);

#endif
