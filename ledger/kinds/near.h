/* Inside the catalog: slips. Is an unknown name nearly a known one, and does a subject have the form of its kind? */
#ifndef LEDGER_KINDS_NEAR_H
#define LEDGER_KINDS_NEAR_H

#include "base/secret/secret.h"
#include "ledger/kinds/index.h"

/* The slot that an unknown name is near to (slip.h); NULL: none. */
const struct kind_slot *kind_near_slot(const struct kind_index *index, struct bytes name);
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

/* ERR_INVALID, naming both: the subject is a run and the event belongs to another one. A run within a run has that one's
 * name, a '-' and its own. */
int kind_run_check(const struct kind_index *index, struct bytes subject, struct bytes run, struct err *err);
/* Does the subject have a form that the kind accepts? Each part is there; the last one may hold slashes. ERR_INVALID names
 * the accepted form, and what was probably meant. `index` NULL: a custom kind, which takes any. */
int kind_forms_check(const struct kind_index *index, struct bytes subject, struct err *err);

#endif
