/* Long answers go through a pager when standard output is a terminal. */
#ifndef CLI_PRINT_PAGER_H
#define CLI_PRINT_PAGER_H

#include <sys/types.h>

#include "cli/call/cli.h"

struct pager {
    bool wanted;  /* set by whoever makes it; all else is 0 then */
    pid_t pid;    /* 0: there is none */
    int terminal; /* the terminal, while the pager has its place */
    int said;     /* what was said on standard error meanwhile; -1: that was said at once */
    int err;      /* where it goes in the end */
};

/* From here on standard output goes to $PAGER, or to less where that is unset, which ends by itself when all fits on one
 * screen. What is said on standard error is held back until the pager has ended, which would draw over it. Called before
 * the first byte of an answer; nothing happens the second time, unless it is wanted, off a terminal, with TERM=dumb, with
 * PAGER=cat, and where no pager can be started. */
void pager_begin(struct pager *pager, struct cli *cli);
/* Waits for the pager's end. A reader who leaves early has seen what he wanted: that is no failed output. Nothing happens
 * when none began. */
void pager_end(struct pager *pager, struct cli *cli);

#endif
