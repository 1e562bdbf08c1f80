/* Inside the catalog: which parts of an event's subject its body repeats. Both must agree, because some readers look at one
 * and some at the other. */
#ifndef LEDGER_KINDS_SUBJECT_H
#define LEDGER_KINDS_SUBJECT_H

#include "base/mp.h"
#include "ledger/kinds/index.h"

/* Which part of this subject the field repeats; false: none. Where permissions are decided, a field that the catalog does
 * not know may also repeat it: one named after the holder's family, "holder", "who" or "subject". */
bool kind_restated(const struct kind_index *index, struct bytes subject, struct bytes field, struct bytes *ret_part);
/* Whether the text names the same thing as this part of a subject of that family. In the subject, a runtime's name may
 * continue with '@' and its location, a package's with ':' and its architecture. For a tool, agent, server or service,
 * "hash-" with hex digits, "unknown" and "unnamed" replace a name that no header may hold. */
bool kind_names_same(struct bytes family, struct bytes part, struct bytes text);
/* ERR_INVALID: the text at `value`, in this field, names something other than the subject. What does not parse is left to
 * the later walk. */
int kind_agree(const struct kind_index *index, struct bytes subject, struct bytes field, const struct mp_reader *value,
               struct err *err);

#endif
