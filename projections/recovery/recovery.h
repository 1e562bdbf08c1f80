/* Tables of the projection recovery, and the rules that its fold shares with the guards (projections/decide/step.h). */
#ifndef PROJECTIONS_RECOVERY_RECOVERY_H
#define PROJECTIONS_RECOVERY_RECOVERY_H

#include "projections/fold/fold.h"

enum { SNAPSHOTS, TRIPCODES, GUARDS, GUARD_POLICIES, GUARD_BASE, RECOVERY_TABLES };

/* Columns of the table "snapshots". */
enum {
    SNAPSHOT_ID,
    SNAPSHOT_STATE, /* taken, checked, damaged, missing */
    SNAPSHOT_METHOD,
    SNAPSHOT_GRADE,
    SNAPSHOT_DIGEST,
    SNAPSHOT_BYTES,
    SNAPSHOT_ENTRIES,
    SNAPSHOT_PATHS,
    SNAPSHOT_EXPIRES,
    SNAPSHOT_TAKEN_AT,
    SNAPSHOT_TAKEN_SEQ,
    SNAPSHOT_CHECKED_AT,
    SNAPSHOT_BY,
    SNAPSHOT_BASE
};

/* Columns of the table "tripcodes". */
enum {
    TRIPCODE_ID,
    TRIPCODE_STATE, /* issued, refused, used, obeyed, ended */
    TRIPCODE_CODE,
    TRIPCODE_DIGEST,
    TRIPCODE_TARGET,
    TRIPCODE_CONTROLLER, /* its verifier key; null: no controller's */
    TRIPCODE_EXPIRES,
    TRIPCODE_ISSUED_AT,
    TRIPCODE_ISSUED_SEQ,
    TRIPCODE_USED_SEQ,
    TRIPCODE_STEP_SEQ,
    TRIPCODE_REFUSALS,
    TRIPCODE_BASE
};

/* Columns of the table "guards": a row each for T2, T3 and LOCKDOWN. */
enum {
    GUARD_NAME,
    GUARD_STATE, /* stepped; on, off */
    GUARD_SEQ,
    GUARD_AT,
    GUARD_TRIPCODE,
    GUARD_BASE_COLUMN
};

/* Columns of the table "guard_policies". */
enum {
    GUARD_POLICY,
    GUARD_POLICY_STATE, /* in_force, withdrawn */
    GUARD_CONTROLLERS,
    GUARD_MAX_AGE_MS,
    GUARD_COOLDOWN_MS,
    GUARD_DECLARED_SEQ,
    GUARD_POLICY_BASE
};

/* Columns of the table "guard_base": what the fold must find again. */
enum { BASE_OF, BASE_GENESIS, BASE_ORIGIN, BASE_POLICIES, BASE_COLUMNS };

#define GUARD_T2         "T2"
#define GUARD_T3         "T3"
#define GUARD_LOCKDOWN   "LOCKDOWN"
#define GUARD_DIAGNOSTIC "DIAGNOSTIC"

#define SNAPSHOT_MAX_AGE_MS INT64_C(3600000)      /* unless a policy says otherwise */
#define TRIPCODE_LIFE_NS    INT64_C(600000000000) /* at most: ten minutes */
#define TRIPCODE_ID_LEN     32                    /* hex digits: 128 bits */
#define GUARD_POLICIES_MAX  64                    /* policies that say something of guards */
#define CONTROLLERS_MAX     64                    /* of one policy */

/* A step as the event says it. */
struct guarded_step {
    int tier;              /* scope_tier; TIER_UNKNOWN: not guarded */
    struct bytes digest;   /* of what is executed or promoted */
    struct bytes tripcode; /* empty: none */
    struct bytes writes;   /* list; empty: none */
};

/* Whether a step of this status has ended, and does no more harm. Of a word that is not known it is not said. */
bool recovery_step_is_over(struct bytes status);
/* Whether the event is what a confined step says of itself through its socket: whoever runs it has recorded what it is, so this
 * moves no guard, or a step could use up another's snapshot. */
bool recovery_step_is_claimed(struct bytes source, struct bytes grade);

/* Rows by the fold's names; *ret NULL: there is none. */
int recovery_guard(struct fold *fold, const char *name, bool make, struct row **ret, struct err *err);

/* tripcodes.c */
int tripcode_fold(struct fold *fold, struct bytes step, struct err *err);
/* A step of T3 with the code that it names; a step without a valid one is a violation in the row of T3. */
int tripcode_step(struct fold *fold, const struct guarded_step *step, struct row *guard, struct err *err);

/* controllers.c */
int controllers_declared(struct fold *fold, struct err *err);
/* The ledger's own names, which authors sign. */
int controllers_ledger(struct fold *fold, struct err *err);
/* Whether the event is signed by a controller of a policy in force. *ret_vkey: which, borrowed until the next row is read;
 * empty: none. */
int controllers_signed(struct fold *fold, struct buf *ret_vkey, struct err *err);
/* Whether a policy in force names the verifier key. */
int controllers_name(struct fold *fold, struct bytes vkey, bool *ret, struct err *err);
/* The longest time between two steps of T3 that a policy in force asks for, ns. */
int controllers_cooldown(struct fold *fold, int64_t *ret_ns, struct err *err);

#endif
