/* What other files may use of policies besides their rows. */
#ifndef PROJECTIONS_PERMISSIONS_POLICIES_H
#define PROJECTIONS_PERMISSIONS_POLICIES_H

#include <stddef.h>

#define POLICIES_RULES_MAX ((size_t)8 << 20) /* size of the rules of all policies; a declaration past it is not taken */

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
    POLICIES_TIERS,
    POLICIES_BASE
};

#endif
