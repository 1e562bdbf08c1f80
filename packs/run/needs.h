/* Which permissions a step uses on a route, and what each means for its confinement. */
#ifndef PACKS_RUN_NEEDS_H
#define PACKS_RUN_NEEDS_H

#include "packs/run/given.h"

#define NEEDS_MAX 32

enum need_what {
    NEED_PROGRAM, /* its own program: nothing more to give */
    NEED_INPUT,   /* a file that the run was given */
    NEED_MODEL,
    NEED_EXECUTE, /* another program that it may execute */
    NEED_READ,    /* a path of the host, bound read-only */
    NEED_WRITE,   /* bound writable */
    NEED_EGRESS
};

struct need {
    enum need_what what;
    struct bytes group, scope, tier; /* borrowed from the manifest, or from what was given */
    bool pattern;                    /* it names more than one thing: a use is of all of them */
};
struct needs {
    struct need list[NEEDS_MAX];
    size_t n;
};

/* `model`: the name of the model that was chosen, for a route to one. ERR_INVALID: what the step wants cannot be given. */
int needs_read(const struct manifest_pack *pack, const struct manifest_step *step, const struct manifest_route *route,
               struct bytes model, const struct given_list *given, struct needs *ret, struct err *err);
/* Adds that a call goes to this "host:port". */
int needs_egress(const struct manifest_pack *pack, struct bytes scope, struct needs *needs, struct err *err);
/* The highest tier of them, 0 to 3. */
int needs_tier(const struct needs *needs);
/* Its use is recorded when the step begins. Of a pattern of hosts it is not: the connections are recorded, each as a use of its
 * host, so how often it is used is not known before, and a grant that holds once does not permit it. */
bool needs_counts(const struct need *need);
/* The tier of the pack's own request that covers it; T0 when none does. */
struct bytes needs_tier_of(const struct manifest_pack *pack, const char *group, struct bytes scope);
/* The path that a scope of the groups filesystem.* and secrets.read binds: a literal one, or the directory of DIR/star or
 * DIR/star-star, *ret_tree then. ERR_INVALID: it can only be compared, not bound. */
int needs_path(struct bytes scope, char ret[FILE_PATH_MAX], bool *ret_tree, struct err *err);

#endif
