/* What others may know of policies beyond their rows. */
#ifndef PROJECTIONS_POLICIES_H
#define PROJECTIONS_POLICIES_H

/* Columns of the table "policies". */
enum policies_column {
    POLICIES_NAME,
    POLICIES_STATE,
    POLICIES_VERSION,
    POLICIES_DEFAULT,
    POLICIES_N_RULES,
    POLICIES_RULES,
    POLICIES_SCOPE,
    POLICIES_DIGEST,
    POLICIES_BY,
    POLICIES_DECLARED_SEQ,
    POLICIES_BASE
};

#endif
