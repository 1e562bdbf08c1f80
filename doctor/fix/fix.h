/* What the doctor mends by itself. First everything is looked at, then it is mended, then recorded:
 *
 *   keys      a key file of ours that others can access    its mode becomes 0600
 *   readers   readers whose processes are gone             their places are cleared
 *   states    a projection that is stale or stopped, or has rows that cannot be read    it is rebuilt
 *   index     events that no index covers, or derived data that cannot be opened    it is built; derived data is made anew
 *
 * A link is never followed, a file of somebody else never changed; no event and no other evidence is touched. */
#ifndef DOCTOR_FIX_FIX_H
#define DOCTOR_FIX_FIX_H

#include "base/file.h"
#include "ledger/log.h"

#define FIX_MAX 64 /* repairs at once; the others are found the next time */
#define FIX_WHY 1024

enum fix_what { FIX_KEYS, FIX_READERS, FIX_STATES, FIX_INDEX };
enum fix_outcome { FIX_PLANNED, FIX_OK, FIX_ERROR, FIX_REFUSED };
extern const char *const fix_outcome_words[];

struct fix_repair {
    enum fix_what what;
    const char *clause, *check, *remedy; /* names: of what it is for, and its own */
    char target[256];                    /* file, database or projection; empty: the index */
    char path[FILE_PATH_MAX];            /* of a key file */
    size_t at;                           /* of a projection, in projection_all; of a database, enum log_database */
    uint64_t n;                          /* dead readers; events that are not indexed */
    enum fix_outcome outcome;
    char why[FIX_WHY]; /* unless it was mended */
};

struct fix {
    struct fix_repair list[FIX_MAX];
    size_t n;
    bool recorded; /* what was carried out is in the log */
};

struct fix_options {
    const struct bytes *clauses; /* only for these; n_clauses 0: for all */
    size_t n_clauses;
    const char *actor;
    const volatile int *stop; /* may be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *progress_ctx;
};

/* What there is to mend. Changes nothing. Open the ledger with keep_readers: else there are no dead ones. */
int fix_look(struct ledger *ledger, const struct fix_options *options, struct fix *ret, struct err *err);
/* Mends that, and records each repair that was carried out or refused as doctor.remedied. What fails is an outcome; ERR_*:
 * it could not be recorded, or was stopped, and then the rest stays as it was. */
int fix_carry_out(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err);
/* Was everything mended that there was? */
bool fix_is_done(const struct fix *fix);

/* ---- for the other files of this room ---- */

/* NULL: there is no more room, or the clause is not asked for. */
struct fix_repair *fix_add(struct fix *fix, const struct fix_options *options, enum fix_what what, struct bytes target);
void fix_end(struct fix_repair *repair, enum fix_outcome outcome, const char *why);

int fix_keys_look(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err);
void fix_keys_mend(struct fix_repair *repair);
int fix_states_look(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err);
/* All of them at once, and one by one where that fails. ERR_BUSY: stopped. */
int fix_states_mend(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err);

#endif
