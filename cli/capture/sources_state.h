/* How a configured source fares. */
#ifndef CLI_CAPTURE_SOURCES_STATE_H
#define CLI_CAPTURE_SOURCES_STATE_H

#include <sys/types.h>

#include "capture/sources/status.h"

struct sources_state {
    const char *state; /* static */
    pid_t pid, keeper; /* that records, that starts it again; 0: none; -1: it cannot be seen from here */
    struct sources_status status;
    char error[SOURCES_WORDS_MAX];
};
/* `dir` is the ledger's. */
void sources_state_find(const char *dir, const char *name, struct sources_state *ret);

#endif
