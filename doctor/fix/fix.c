/* Each kind of repair is a row here: the clause and the check that it is for, and the name of the remedy. */
#include "doctor/fix/fix.h"

#include <stdio.h>
#include <string.h>

#include "base/mp_map.h"
#include "doctor/probe/event.h"
#include "doctor/probe/keep.h"
#include "ledger/derived/derived.h"
#include "query/query.h"

#define BODY_MAX ((size_t)16 << 10)

const char *const fix_outcome_words[] = {
    [FIX_PLANNED] = "planned", [FIX_OK] = "ok", [FIX_ERROR] = "error", [FIX_REFUSED] = "refused"};

static const struct {
    const char *clause, *check, *remedy;
} kinds[] = {[FIX_KEYS] = {"keys", "ledger-keys", "mode-0600"},
             [FIX_READERS] = {"readers", "ledger-readers", "clear-readers"},
             [FIX_STATES] = {"states", "states", "rebuild"},
             [FIX_INDEX] = {"index", "ledger-index", "build-index"}};

static bool is_asked_for(const struct fix_options *options, const char *clause) {
    for (size_t i = 0; i < options->n_clauses; i++) {
        if (bytes_is(options->clauses[i], clause)) return true;
    }
    return options->n_clauses == 0;
}

struct fix_repair *fix_add(struct fix *fix, const struct fix_options *options, enum fix_what what, struct bytes target) {
    if (fix->n == FIX_MAX || !is_asked_for(options, kinds[what].clause)) return NULL;
    struct fix_repair *repair = &fix->list[fix->n++];
    *repair = (struct fix_repair){
        .what = what, .clause = kinds[what].clause, .check = kinds[what].check, .remedy = kinds[what].remedy};
    bytes_copy(repair->target,
               (struct bytes){target.p, target.n < sizeof(repair->target) ? target.n : sizeof(repair->target) - 1});
    return repair;
}

void fix_end(struct fix_repair *repair, enum fix_outcome outcome, const char *why) {
    repair->outcome = outcome;
    snprintf(repair->why, sizeof(repair->why), "%s", why);
}

/* ---- looking ---- */

static int look_at_readers(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err) {
    static const char *const names[] = {[LOG_EVIDENCE] = "evidence", [LOG_DERIVED_DATA] = "derived"};
    struct log_readers readers = {0};
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        rc = keep_readers(ledger, (enum log_database)i, &readers, err);
        struct fix_repair *repair =
            rc == 0 && readers.dead > 0 ? fix_add(fix, options, FIX_READERS, bytes_of(names[i])) : NULL;
        if (repair != NULL) {
            repair->at = (size_t)i;
            repair->n = readers.dead;
        }
    }
    return rc;
}

static int look_at_index(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err) {
    struct keep_index index;
    int rc = keep_index(ledger, &index, err);
    if (rc != 0) return rc;
    bool ill = strcmp(index.status, "ok") != 0;
    struct fix_repair *repair = ill ? fix_add(fix, options, FIX_INDEX, bytes_of("")) : NULL;
    if (repair != NULL) {
        repair->n = index.events - (index.covered < index.events ? index.covered : index.events);
        repair->at = strcmp(index.status, "damaged") == 0;
    }
    return 0;
}

/* Only at what is asked for: keys can be mended whatever became of derived data. */
int fix_look(struct ledger *ledger, const struct fix_options *options, struct fix *ret, struct err *err) {
    static const struct {
        enum fix_what what;
        int (*look)(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err);
    } looks[] = {{FIX_READERS, look_at_readers},
                 {FIX_KEYS, fix_keys_look},
                 {FIX_STATES, fix_states_look},
                 {FIX_INDEX, look_at_index}};
    int rc = 0;
    *ret = (struct fix){.n = 0};
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]) && rc == 0; i++) {
        rc = is_asked_for(options, kinds[looks[i].what].clause) ? looks[i].look(ledger, options, ret, err) : 0;
    }
    return rc;
}

/* ---- mending ---- */

/* Somebody else may have cleared them meanwhile: then they are cleared as well. */
static void mend_readers(struct ledger *ledger, struct fix_repair *repair) {
    struct err why = {0};
    uint64_t dead = 0;
    int rc = log_readers_clear(ledger, (enum log_database)repair->at, &dead, &why);
    fix_end(repair, rc == 0 ? FIX_OK : FIX_ERROR, why.msg);
}

static void mend_index(struct ledger *ledger, const struct fix_options *options, struct fix_repair *repair) {
    const struct query_index_progress progress = {options->progress, options->progress_ctx};
    struct err why = {0};
    int rc = repair->at != 0 ? query_index_drop(ledger, &why) : 0;
    if (keep_is_broken(rc)) rc = derived_renew(ledger, &why);
    if (rc == 0) rc = query_index_build(ledger, &progress, &why);
    fix_end(repair, rc == 0 ? FIX_OK : FIX_ERROR, why.msg);
}

/* ---- recording ---- */

static int record(struct log_batch *batch, const struct fix_options *options, const struct fix_repair *repair,
                  struct err *err) {
    struct buf bytes = {.max = BODY_MAX}, own = {.max = BODY_MAX};
    struct mp_map body, private_;
    char subject[64];
    mp_map_init(&body, BODY_MAX);
    mp_map_init(&private_, BODY_MAX);
    mp_map_text(&body, "check", bytes_of(repair->check));
    mp_map_text(&body, "target", bytes_of(repair->target));
    mp_map_text(&body, "remedy", bytes_of(repair->remedy));
    mp_map_text(&body, "tier", bytes_of("T1"));
    mp_map_text(&body, "outcome", bytes_of(fix_outcome_words[repair->outcome]));
    mp_map_uint(&body, "exit_code", repair->outcome != FIX_OK);
    mp_map_text(&private_, "output", bytes_of(repair->why));
    int rc = mp_map_write(&body, &bytes, err);
    if (rc == 0 && repair->why[0] != '\0') rc = mp_map_write(&private_, &own, err);
    snprintf(subject, sizeof(subject), "check/%s", repair->check);
    const struct probe_event event = {.kind = "doctor.remedied",
                                      .subject = subject,
                                      .actor = options->actor,
                                      .body = bytes_of_buf(&bytes),
                                      .private_ = bytes_of_buf(&own)};
    if (rc == 0) rc = probe_event_add(batch, &event, err);
    mp_map_done(&private_);
    mp_map_done(&body);
    buf_done(&own);
    buf_done(&bytes);
    return rc;
}

static int record_all(struct ledger *ledger, const struct fix_options *options, const struct fix *fix, struct err *err) {
    struct log_batch *batch = NULL;
    int rc = log_batch_new(ledger, &batch, err);
    for (size_t i = 0; i < fix->n && rc == 0; i++) {
        rc = fix->list[i].outcome != FIX_PLANNED ? record(batch, options, &fix->list[i], err) : 0;
    }
    if (rc == 0 && log_batch_count(batch) > 0) rc = log_batch_commit(batch, NULL, NULL, NULL, err);
    log_batch_free(batch);
    return rc;
}

int fix_carry_out(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err) {
    struct err why = {0};
    bool stopped = false;
    for (size_t i = 0; i < fix->n; i++) {
        if (fix->list[i].what == FIX_READERS) mend_readers(ledger, &fix->list[i]);
        if (fix->list[i].what == FIX_KEYS) fix_keys_mend(&fix->list[i]);
    }
    stopped = fix_states_mend(ledger, options, fix, &why) != 0;
    for (size_t i = 0; i < fix->n && !stopped; i++) {
        if (fix->list[i].what == FIX_INDEX) mend_index(ledger, options, &fix->list[i]);
    }
    int rc = record_all(ledger, options, fix, err); /* also what was done before it was stopped */
    fix->recorded = rc == 0;
    return rc == 0 && stopped ? err_set(err, ERR_BUSY, "%s", why.msg) : rc;
}

bool fix_is_done(const struct fix *fix) {
    for (size_t i = 0; i < fix->n; i++) {
        if (fix->list[i].outcome != FIX_OK) return false;
    }
    return true;
}
