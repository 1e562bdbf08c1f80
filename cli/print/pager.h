/* Long answers go through a pager if standard output is a terminal. */
#ifndef CLI_PRINT_PAGER_H
#define CLI_PRINT_PAGER_H

#include <sys/types.h>

#include "cli/call/cli.h"

struct pager {
    bool wanted;  /* set by the caller; everything else begins with 0 */
    pid_t pid;    /* 0: no pager */
    int terminal; /* the real standard output while the pager runs */
    int said;     /* collects standard error meanwhile; -1: not collected */
    int err;      /* the real standard error */
};

/* From here on standard output goes to $PAGER, by default less, which exits at once if everything fits on one screen.
 * Standard error is held back until the pager has ended, since it would overwrite it. Called before the first byte of an
 * answer. Does nothing if called again, if not wanted, off a terminal, with TERM=dumb or PAGER=cat, or if no pager can be
 * started. */
void pager_begin(struct pager *pager, struct cli *cli);
/* Waits for the pager to end. A reader who quits early is not a failed output. Does nothing if no pager runs. */
void pager_end(struct pager *pager, struct cli *cli);

#endif
