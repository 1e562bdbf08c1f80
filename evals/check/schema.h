/* JSON Schema, a named subset of draft 2020-12: type, properties, required, additionalProperties, items, enum, const, minimum,
 * maximum, minLength, maxLength, pattern; and true and false where a schema is expected. Each means what the
 * draft says; any other keyword is refused, so that nothing counts as checked that was not. */
#ifndef EVALS_CHECK_SCHEMA_H
#define EVALS_CHECK_SCHEMA_H

#include "evals/check/node.h"

#define SCHEMA_PATTERNS_MAX 64
#define SCHEMA_WHY_MAX      200

/* ERR_INVALID: what is wrong, and the JSON Pointer of the place in the schema. */
int schema_check(const struct node *schema, struct err *err);

/* Whether the value is valid under a schema that schema_check accepts; `ret_why`, untouched where it is: which keyword of which
 * place of the value is the first that is not. ERR_LIMIT: it cannot be told within NODE_STEPS_MAX or a limit of a pattern. */
int schema_holds(const struct node *schema, const struct node *v, bool *ret, char ret_why[SCHEMA_WHY_MAX], struct err *err);

#endif
