/* Events that could not be read: each range is reported once, however many walks over the log meet it. */
#ifndef CLI_LOG_DAMAGE_H
#define CLI_LOG_DAMAGE_H

#include "base/obj.h"
#include "cli/call/cli.h"

struct damage {
    struct cli *cli;
    uint64_t n;
    bool cut_off;    /* the answer is incomplete for another reason */
    struct buf said; /* messages, NUL-terminated */
};

void damage_init(struct damage *damage, struct cli *cli);
void damage_done(struct damage *damage);
/* Reports it on standard error; false: it was reported before. The context is a struct damage. */
bool damage_note(void *damage, const struct err *err);
/* The result of a read, which failed because of `why`: damage is noted and becomes 0; another failure is copied to `err`. */
int damage_pass(struct damage *damage, int rc, const struct err *why, struct err *err);
/* The members "complete" and "unreadable" of a JSON document. */
void damage_put(const struct damage *damage, struct obj *obj);

#endif
