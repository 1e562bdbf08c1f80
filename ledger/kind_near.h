/* Inside the catalog: slips. Is an unknown name nearly a known one, and does a subject have the form of its kind? */
#ifndef LEDGER_KIND_NEAR_H
#define LEDGER_KIND_NEAR_H

#include "base/secret.h"
#include "ledger/kind_index.h"

/* The letters of a name as a set: names that differ in few letters have nearly the same, which is quick to see. */
uint32_t kind_letters(struct bytes name);
/* The slot that an unknown name is near to: another case, a dash for '_', one slip (two from six letters on). Names of one
 * or two letters are near to nothing. NULL: none. */
const struct kind_slot *kind_near_slot(const struct kind_index *index, struct bytes name);
/* The same among the members of a list's maps. */
const struct kind_field *kind_near_member(const struct kind_field *list, struct bytes name);

/* ERR_INVALID: an unknown name of a field is nearly a known one, or its kind takes no unknown ones. Custom kinds know none.
 */
int kind_near_check(const struct kind_index *index, struct bytes name, struct err *err);
/* The words about fields that are refused; ERR_INVALID. A name holds a secret; is in both inputs; decides, and is given as
 * a private one; is compared as text, and holds a secret. */
int kind_name_secret(const char *what, const struct secret_hit *hit, struct err *err);
int kind_name_twice(struct bytes name, struct err *err);
int kind_not_private(const struct kind_index *index, struct bytes name, struct err *err);
int kind_not_exact(const struct kind_index *index, struct bytes name, struct err *err);
/* The words about a kind that is neither in the catalog nor custom: ERR_NOTFOUND, or ERR_INVALID when it was to be custom.
 */
int kind_unknown(struct bytes kind, struct err *err);

/* Reads the forms of a kind's subject into its entry of the index. */
void kind_forms_read(struct kind_index *entry);
/* ERR_INVALID; `index` NULL: a custom kind. */
int kind_forms_check(const struct kind_index *index, struct bytes subject, struct err *err);

#endif
