/* Packs: what is installed, what it needs, and whether it has that.
 *
 * Stored are the steps of a pack (installed, parked, removed) and what its newest installation asks for. Its state is
 * judged from the permissions, checks and routes as they are now, and from what is known of the machine:
 *
 *   blocked     a required permission is not held, a required check is missing or failed, or what it requires is not there
 *   demo-only   none of its required routes is proven
 *   partial     some are, or one does not answer, is set aside or on its fallback; or something optional was refused
 *   ready       all required routes are proven, and nothing is missing
 *   installed   its installation does not say what it needs
 *   incomplete  it is not installed, and an installation was planned that did not end
 *
 * A listed item that does not say whether it is required is. The rules are those of readiness_need.def and
 * readiness_pack.def. */
#ifndef PROJECTIONS_READY_PACK_H
#define PROJECTIONS_READY_PACK_H

#include "projections/fold/fold.h"
#include "projections/view/state.h"

enum { PACKS, PACK_CHECKS, PACKS_TABLES };

enum {
    PACK_NAME,
    PACK_STATE,
    PACK_REASON,
    PACK_MISSING,
    PACK_STEP,
    PACK_VERSION,
    PACK_DIGEST,
    PACK_TREE_DIGEST,
    PACK_PUBLISHER,
    PACK_SETTINGS_DIGEST,
    PACK_PERMISSIONS,
    PACK_ROUTES,
    PACK_MODELS,
    PACK_CHECK_LIST,
    PACK_SUITES,
    PACK_INSTALLED_AT,
    PACK_BY,
    PACK_VERSION_BEFORE,
    PACK_VERSION_AT,
    PACK_VERSION_SEQ,
    PACK_REMOVED_SEQ,
    PACK_WHY,
    PACK_CUT,
    PACK_SIGNATURE,
    PACK_SIGNER,
    PACK_SIGNER_KEY,
    PACK_SIGNATURE_DIGEST,
    PACK_PLANNED_VERSION,
    PACK_PLANNED_TREE_DIGEST,
    PACK_PLANNED_AT,
    PACK_PLANNED_SEQ,
    PACK_REQUIRES,
    PACK_PROVIDES,
    PACK_BASE
};
enum {
    CHECK_PACK,
    CHECK_NAME,
    CHECK_VERDICT,
    CHECK_REQUIRED,
    CHECK_VERSION,
    CHECK_EXIT_CODE,
    CHECK_DURATION_MS,
    CHECK_AT,
    CHECK_SEQ,
    CHECK_N
};

/* Are the files of an installed pack not those that were installed, and how? False where files cannot be seen. */
bool pack_is_changed(struct state_view *view, const struct row *pack, char ret[STATE_FILES_WORDS]);
/* The table's judge (pack_judge.c). */
int pack_judge(struct state_view *view, struct row *row, struct err *err);

#endif
