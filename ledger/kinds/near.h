/* Inside the catalog: slips. Is an unknown name nearly a known one, and does a subject have the form of its kind? */
#ifndef LEDGER_KINDS_NEAR_H
#define LEDGER_KINDS_NEAR_H

#include "base/secret/secret.h"
#include "ledger/kinds/index.h"

/* The slot whose name an unknown name is near (slip.h); NULL: none. */
const struct kind_slot *kind_near_slot(const struct kind_index *index, struct bytes name);
/* ERR_INVALID: the name of an unknown field is nearly a known one, or the kind accepts no unknown fields. Custom kinds
 * accept any. */
int kind_near_check(const struct kind_index *index, struct bytes name, struct err *err);
/* Messages about refused fields; ERR_INVALID. The name holds a secret; is in both inputs; decides but was given as private;
 * is compared as text but holds a secret. */
int kind_name_secret(const char *what, const struct secret_hit *hit, struct err *err);
int kind_name_twice(struct bytes name, struct err *err);
int kind_not_private(const struct kind_index *index, struct bytes name, struct err *err);
int kind_not_exact(const struct kind_index *index, struct bytes name, struct err *err);
/* The message about a kind that is neither in the catalog nor custom: ERR_NOTFOUND, or ERR_INVALID when it was meant to be
 * custom. */
int kind_unknown(struct bytes kind, struct err *err);

/* ERR_INVALID, naming both: the subject is a run and the event belongs to another one. A nested run is named after the
 * outer one: that name, a '-' and its own name. */
int kind_run_check(const struct kind_index *index, struct bytes subject, struct bytes run, struct err *err);
/* Does the subject have a form that the kind accepts? Every part must be present; the last one may contain slashes.
 * ERR_INVALID names the accepted form and the subject that was probably meant. `index` NULL: a custom kind, which accepts
 * any. */
int kind_forms_check(const struct kind_index *index, struct bytes subject, struct err *err);

#endif
