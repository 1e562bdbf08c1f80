/* Inside the catalog: slips. Is an unknown name nearly a known one, and does a subject have the form of its kind? */
#ifndef LEDGER_KIND_NEAR_H
#define LEDGER_KIND_NEAR_H

#include "ledger/kind_index.h"

/* The letters of a name as a set: names that differ in few letters have nearly the same, which is quick to see. */
uint32_t kind_letters(struct bytes name);
/* The slot that an unknown name is near to: another case, a dash for '_', one slip (two from six letters on). Names of one
 * or two letters are near to nothing. NULL: none. */
const struct kind_slot *kind_near_slot(const struct kind_index *index, struct bytes name);
/* The same among the members of a list's maps. */
const struct kind_field *kind_near_member(const struct kind_field *list, struct bytes name);

/* ERR_INVALID: an unknown name of a field is nearly a known one. Custom kinds know none. */
int kind_near_check(const struct kind_index *index, struct bytes name, struct err *err);
/* The words about a kind that is neither in the catalog nor custom: ERR_NOTFOUND, or ERR_INVALID when it was to be custom.
 */
int kind_unknown(struct bytes kind, struct err *err);

/* Reads the forms of a kind's subject into its entry of the index. */
void kind_forms_read(struct kind_index *entry);
/* ERR_INVALID; `index` NULL: a custom kind. */
int kind_forms_check(const struct kind_index *index, struct bytes subject, struct err *err);

#endif
