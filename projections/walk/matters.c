/* By name: a name means the same in every table. */
#include "projections/walk/matters.h"

#include <string.h>

bool matters_accumulates(const struct state_table *table) {
    static const char *const names[] = {"runs",        "evals",   "eval_routes", "eval_models", "eval_loose",
                                        "eval_scores", "imports", "gaps",        "clauses",     "live_versions"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(table->name, names[i]) == 0) return true;
    }
    return false;
}

bool matters_table(const struct state_table *table) {
    static const char *const also[] = {"hardware_faults", "tools"};
    bool shows = projection_state(table) != SIZE_MAX && !matters_accumulates(table) && strcmp(table->name, "epochs") != 0;
    for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++) {
        shows = shows || strcmp(table->name, also[i]) == 0;
    }
    return shows;
}

static bool is_of_the_entity(const struct state_column *column) {
    static const char *const others[] = {
        /* counters */
        "moved", "passed", "failed", "errors", "samples", "violations", "count", "missing", "accepted", "duplicate",
        "rejected", "masked", "runs", "steps", "events", "model_calls", "tool_calls", "tokens_in", "tokens_out", "denied",
        "artifacts", "late", "warned", "unknown", "calls", "answers", "uncalled", "requests",
        /* measurements */
        "cost", "duration_ms", "latency_ms", "load_ms", "value", "step_ns", "tokens_per_second", "stddev", "stderr",
        /* how it came about */
        "by", "source", "session", "request", "call", "turn", "step", "detail", "violation", "status", "given", "name",
        "eval", "digest_before", "value_before", "version_before", "failed_action", "failed_version", "exit_code",
        "decision", "differs", "told_tier", "groups",
        /* the basis of a judgement of other entities */
        "proven_by", "clauses", "scored", "results"};
    if (column->flags & (COLUMN_KEY | COLUMN_TIME | COLUMN_SEQ | COLUMN_EVIDENCE | COLUMN_WORK)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(column->name, others[i]) == 0) return false;
    }
    return column->type != CELL_SEQS;
}

bool matters_column(const struct state_table *table, size_t column) {
    size_t state = projection_state(table);
    bool how_often = state == SIZE_MAX && strcmp(table->columns[column].name, "count") == 0; /* the only thing to report */
    bool score = strncmp(table->name, "eval_", 5) == 0 && strcmp(table->columns[column].name, "value") == 0;
    return column == state || how_often || score || is_of_the_entity(&table->columns[column]);
}
