/* A link that leads to what is live, and what it leads to. What is live is never changed in place: a version lies beside it, and
 * the link is exchanged in one step.
 *
 *   DIR/NAME ──> DIR/<hex of the digest>        before, during and after a switch it leads to one whole version
 *
 * A switch makes a second link under a temporary name and exchanges the two (renameat2), so that what is taken away can be
 * looked at: had somebody else moved the link meanwhile, or put something else in its place, it is exchanged back. The temporary
 * link has one name for each NAME. A process that is killed between the two exchanges leaves there what it took away: link_recover
 * looks at that, and puts it back if it was not what had to be replaced. */
#ifndef EVALS_GATE_LINK_H
#define EVALS_GATE_LINK_H

#include "base/file.h"

/* Where a link leads, as it is written. ERR_NOTFOUND: there is none. ERR_CONFLICT: something else has that name. */
int link_read(const char *link, char ret[FILE_PATH_MAX], struct err *err);
/* The path of what it leads to: `to` itself, or below the link's directory. */
int link_resolve(const char *link, const char *to, char ret[FILE_PATH_MAX], struct err *err);
/* Whether it can be switched at all: it is a link or nothing is there, and the temporary name beside it is as long as a name may be
 * and free. ERR_CONFLICT, in words. */
int link_ready(const char *link, struct err *err);
/* After a process was killed in link_switch from `from` to `to`: removes what it left, and undoes what it could not undo itself.
 * ERR_CONFLICT: what it left is not a link, and the link leads elsewhere. */
int link_recover(const char *link, const char *from, const char *to, struct err *err);
/* Lets the link lead to `to`. `from`: where it has to lead before; empty: there has to be none; NULL: wherever. Afterwards the
 * directory is synced. ERR_CONFLICT: it leads elsewhere, and still does. Any other failure leaves it leading to one or the other. */
int link_switch(const char *link, const char *from, const char *to, struct err *err);

#endif
