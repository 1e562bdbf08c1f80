/* Checks an SQL expression from the user before it becomes part of a statement. */
#ifndef CLI_LOG_EXPRESSION_H
#define CLI_LOG_EXPRESSION_H

#include "base/bytes.h"
#include "base/err.h"

/* Is it safe between "(" and "\n)"? It closes exactly the brackets, quotes and comments it opens, and has neither ';' nor a
 * parameter. ERR_INVALID names the byte. Call this before embedding an expression. */
int expression_check(struct bytes sql, struct err *err);

#endif
