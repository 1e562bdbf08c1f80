/* What `ledger state` shows people: which tables have rows, and in what states these are. */
#ifndef CLI_STATES_STATE_SUMMARY_H
#define CLI_STATES_STATE_SUMMARY_H

#include "cli/view/asof.h"

/* Prints a line for each table with rows, and the names of the other tables. Returns the exit code. */
int state_summary(struct asof *view);

#endif
