/* An exported file: written next to its place, recorded as an event, and only then given its name. */
#ifndef LIB_HANDOVER_HANDOVER_H
#define LIB_HANDOVER_HANDOVER_H

#include <sys/types.h>

#include "base/err.h"

struct handover {
    /* Writes everything to the descriptor of a file. */
    int (*write)(void *ctx, int fd, struct err *err);
    /* Records what was written; `path` is "-" when it goes to a descriptor. */
    int (*record)(void *ctx, const char *path, struct err *err);
    void *ctx;
};

/* To a new file. A failure leaves no file. *ret_named: the failure is about the file and its place rather than its
 * content; then ERR_CONFLICT means that a file of that name exists. */
int handover_to_path(const struct handover *how, const char *path, mode_t mode, bool *ret_named, struct err *err);
/* Copied to the descriptor once it is complete and recorded; `what` names the destination in messages. */
int handover_to_fd(const struct handover *how, int fd, const char *what, struct err *err);

#endif
