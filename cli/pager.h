/* Long answers go through a pager when standard output is a terminal. */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include <sys/types.h>

#include "cli/cli.h"

struct pager {
    pid_t pid;    /* 0: there is none */
    int terminal; /* the terminal, while the pager has its place */
};

/* From here on standard output goes to $PAGER, or to less where that is unset, which ends by itself when all fits on one
 * screen. Nothing happens unless it is wanted, off a terminal, with TERM=dumb, with PAGER=cat, and where no pager can be
 * started. */
void pager_begin(struct pager *pager, const struct cli *cli, bool wanted);
/* Waits for the pager's end. A reader who leaves early has seen what he wanted: that is no failed output. */
void pager_end(struct pager *pager, struct cli *cli);

#endif
