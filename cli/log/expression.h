/* An expression in SQL that a user gives, before it becomes part of a statement of ours. */
#ifndef CLI_LOG_EXPRESSION_H
#define CLI_LOG_EXPRESSION_H

#include "base/bytes.h"
#include "base/err.h"

/* Whether it stays what it is between "(" and "\n)": it closes every bracket, quote and comment that it opens and no
 * other, and has neither ';' nor a parameter. ERR_INVALID, with the byte. Whoever embeds an expression asks this first. */
int expression_check(struct bytes sql, struct err *err);

#endif
