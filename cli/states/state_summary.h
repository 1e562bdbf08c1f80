/* What `ledger state` shows people: which tables have rows, and how what they tell of is. */
#ifndef CLI_STATES_STATE_SUMMARY_H
#define CLI_STATES_STATE_SUMMARY_H

#include "cli/view/asof.h"

/* A line for each table with rows, and the names of the others. Returns the exit code. */
int state_summary(struct asof *view);

#endif
