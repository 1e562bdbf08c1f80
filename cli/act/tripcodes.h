/* --tripcode FILE|-: codes come from a file or standard input alone, because arguments show in the list of processes. */
#ifndef CLI_ACT_TRIPCODES_H
#define CLI_ACT_TRIPCODES_H

#include <stddef.h>

#include "base/err.h"
#include "projections/recovery/recovery.h"

#define TRIPCODES_MAX 32

struct tripcodes {
    char text[TRIPCODES_MAX][TRIPCODE_ID_LEN + 1];
    const char *list[TRIPCODES_MAX]; /* point into text */
    size_t n;
};

/* Each line is a code, or what `ledger tripcode issue` printed, whose member `tripcode` is one; empty lines are nothing.
 * ERR_INVALID: a line is neither, there are none, or too many. */
int tripcodes_read(const char *path, struct tripcodes *ret, struct err *err);

#endif
