/* What an installation or upgrade would do, before anything is written. */
#ifndef PACKS_LIFE_PLAN_H
#define PACKS_LIFE_PLAN_H

#include "packs/depot/depot.h"
#include "packs/life/peers.h"
#include "packs/tree/sign.h"

#define PLAN_LINES_MAX 4096

enum plan_action {
    PLAN_INSTALL,
    PLAN_UPGRADE,
    PLAN_RESTORE, /* it is installed, and its files are not: they are copied again */
    PLAN_NOTHING  /* it is installed, and so are its files */
};

struct plan_permission {
    const struct manifest_permission *asked;
    bool held;
    char words[192]; /* why not, or by which event */
    uint64_t seq;    /* of what decides; LOG_NO_SEQ: nothing */
};

enum plan_sort {
    PLAN_REFUSED,  /* it cannot be done */
    PLAN_CHOSEN,   /* what the resolver chose */
    PLAN_MISSING,  /* what the machine lacks */
    PLAN_UNKNOWN,  /* of what it is not known whether the machine has it */
    PLAN_UNPROVEN, /* routes */
    PLAN_CHANGED,  /* by an upgrade */
    PLAN_NOTED,
    PLAN_SORTS
};
struct plan_line {
    enum plan_sort sort;
    const char *text;
};

struct plan {
    enum plan_action action;
    bool resumes; /* the same was planned before and did not end */
    struct content *tree;
    struct manifest *manifest;
    struct finding_list found; /* of the directory */
    char digest[DEPOT_DIGEST_TEXT], tree_digest[DEPOT_DIGEST_TEXT];
    enum sign_verdict signature;
    const char *signer; /* borrowed from the keys; NULL: nobody that counts */
    char signer_key[SIGN_KEY_ID],
        claimed[SIGN_CLAIMED]; /* its key id; SIGN_UNKNOWN: "NAME+ID" of who says to have signed it */
    struct row row;            /* of the pack as it is now; absent: nothing is known of it */
    struct content *tree_before;
    struct manifest *before; /* of an upgrade, if its files can be read */
    struct plan_permission *permissions;
    size_t n_permissions;
    struct plan_line *lines; /* in the order of their sorts */
    size_t n_lines, cap, n_refused;
    struct arena arena;
};

void life_plan_init(struct plan *plan);
void life_plan_done(struct plan *plan);
/* "install", "upgrade", "restore", "nothing". */
const char *life_plan_action_name(enum plan_action action);
const char *life_plan_sort_name(enum plan_sort sort);

/* Adds a line, cut at 1 KiB. Lines past PLAN_LINES_MAX are left out, but those that refuse are counted. */
int life_plan_say(struct plan *plan, enum plan_sort sort, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
