/* Debates and memories, in one projection: a memory that needs a debate goes by what the votes said, not by what an event says of
 * them. */
#include "projections/council/council.h"

#include "base/text.h"

static const struct state_column debate_columns[] = {
    [DEBATES_ID] = {"debate", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id"},
    [DEBATES_STATE] =
        {"state", CELL_TEXT, COLUMN_MAIN,
         "open; accepted, rejected; retained: what is in use stays; undecided; error: a rule was broken; unknown"},
    [DEBATES_TARGET] = {"target", CELL_TEXT, COLUMN_MAIN, "what it decides on"},
    [DEBATES_TOPIC] = {"topic", CELL_TEXT, COLUMN_MAIN, "short name of the question"},
    [DEBATES_DIGEST] = {"digest", CELL_TEXT, 0, "digest of what it decides on"},
    [DEBATES_VOTERS] = {"voters", CELL_LIST, 0, "its voters and their keys; null: nothing rests on it"},
    [DEBATES_JUDGE] = {"judge", CELL_TEXT, 0, "the voter whose vote decides a tie"},
    [DEBATES_ROUND] = {"round", CELL_INT, COLUMN_MAIN, "the round that waits for votes, or that decided"},
    [DEBATES_SAYS] = {"says", CELL_TEXT, COLUMN_MAIN, "what its votes say so far"},
    [DEBATES_WAITING] = {"waiting", CELL_LIST, COLUMN_MAIN, "voters whose votes are missing in this round"},
    [DEBATES_FOR] = {"votes_for", CELL_INT, 0, "votes for it in this round"},
    [DEBATES_AGAINST] = {"votes_against", CELL_INT, 0, "votes against it in this round"},
    [DEBATES_FAULT] = {"fault", CELL_TEXT, 0, "the rule that was broken"},
    [DEBATES_FAULT_SEQ] = {"fault_seq", CELL_INT, COLUMN_SEQ, "the event that broke it"},
    [DEBATES_OPENED_SEQ] = {"opened_seq", CELL_INT, COLUMN_SEQ, "the event that opened it"},
    [DEBATES_CONCLUDED_SEQ] = {"concluded_seq", CELL_INT, COLUMN_SEQ, "the event that concluded it"},
    [DEBATES_BY] = {"by", CELL_TEXT, 0, "who opened it"},
    FOLD_COLUMNS,
};

static const struct state_column vote_columns[] = {
    [VOTES_DEBATE] = {"debate", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which debate"},
    [VOTES_ROUND] = {"round", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which round"},
    [VOTES_PARTICIPANT] = {"participant", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which voter"},
    [VOTES_VOTE] = {"vote", CELL_TEXT, COLUMN_MAIN, "for, against, neither"},
    [VOTES_SCORE] = {"score", CELL_REAL, COLUMN_MAIN, "the weighted sum of its scores, from 0 to 1"},
    [VOTES_POLICY] = {"policy_score", CELL_REAL, COLUMN_MAIN, "how well it matches the policy"},
    [VOTES_SIMPLICITY] = {"simplicity_score", CELL_REAL, COLUMN_MAIN, "how simple it is"},
    [VOTES_PREDICTED_PASS] = {"predicted_pass", CELL_REAL, COLUMN_MAIN, "how likely it passes"},
    [VOTES_MODEL] = {"model", CELL_TEXT, 0, "which model voted"},
    [VOTES_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
};

static const struct state_column about_columns[] = {
    [ABOUT_WHAT] = {"about", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "a target, or a digest"},
    [ABOUT_DEBATE] = {"debate", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which debate"},
    [ABOUT_TARGET] = {"target", CELL_TEXT, COLUMN_MAIN, "what it decides on: promotion/ID or memory/ID"},
    [ABOUT_OPENED_SEQ] = {"opened_seq", CELL_INT, COLUMN_SEQ, "the event that opened it"},
};

static const struct state_column memory_columns[] = {
    [MEMORIES_ID] = {"memory", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id"},
    [MEMORIES_STATE] =
        {"state", CELL_TEXT, COLUMN_MAIN,
         "candidate, sanitised, debated, validated, quarantined, admitted, rejected, revoked; unknown: it was "
         "never proposed"},
    [MEMORIES_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of the content"},
    [MEMORIES_SCOPE] = {"scope", CELL_TEXT, COLUMN_MAIN, "who can see it"},
    [MEMORIES_AGENT] = {"agent", CELL_TEXT, 0, "who proposed it"},
    [MEMORIES_MODEL] = {"model", CELL_TEXT, COLUMN_MAIN, "model that wrote it"},
    [MEMORIES_TOOLS] = {"tools", CELL_LIST, 0, "programs that it came through, in order"},
    [MEMORIES_DATA_DIGEST] = {"data_digest", CELL_TEXT, 0, "digest of the data it was drawn from"},
    [MEMORIES_POLICY] = {"policy", CELL_TEXT, COLUMN_MAIN, "policy that it is judged by"},
    [MEMORIES_POLICY_DIGEST] = {"policy_digest", CELL_TEXT, 0, "digest of that policy"},
    [MEMORIES_NEEDS_DEBATE] = {"needs_debate", CELL_BOOL, 0, "it is admitted only after a debate accepted it"},
    [MEMORIES_DEBATE] = {"debate", CELL_TEXT, 0, "the debate that accepted it"},
    [MEMORIES_DEBATED_SEQ] = {"debated_seq", CELL_INT, COLUMN_SEQ, "the event that concluded that debate"},
    [MEMORIES_MASKED] = {"masked", CELL_INT, 0, "how many places were masked in it"},
    [MEMORIES_FINDINGS] = {"findings", CELL_LIST, 0, "number of places, by what was found there"},
    [MEMORIES_CHECKS] = {"checks", CELL_LIST, 0, "what was looked for"},
    [MEMORIES_REASON] = {"reason", CELL_TEXT, COLUMN_MAIN, "why it was rejected or revoked"},
    [MEMORIES_PROPOSED_AT] = {"proposed_at", CELL_INT, COLUMN_TIME, "when it was proposed"},
    [MEMORIES_PROPOSED_SEQ] = {"proposed_seq", CELL_INT, COLUMN_SEQ, "the event that proposed it"},
    [MEMORIES_SANITISED_SEQ] = {"sanitised_seq", CELL_INT, COLUMN_SEQ, "the event that recorded what was masked"},
    [MEMORIES_VALIDATED_SEQ] = {"validated_seq", CELL_INT, COLUMN_SEQ, "the event that validated it"},
    [MEMORIES_ADMITTED_SEQ] = {"admitted_seq", CELL_INT, COLUMN_SEQ, "the event that admitted it"},
    [MEMORIES_EXPIRES] = {"expires", CELL_INT, COLUMN_TIME, "when it is due to be forgotten"},
    [MEMORIES_RECALLS] = {"recalls", CELL_INT, COLUMN_MAIN | COLUMN_WORK, "how often a model was given it"},
    [MEMORIES_RECALLED_SEQ] = {"recalled_seq", CELL_INT, COLUMN_SEQ | COLUMN_WORK, "the newest of these events"},
    [MEMORIES_BY] = {"by", CELL_TEXT, 0, "who recorded its proposal"},
    [MEMORIES_AGAIN] = {"again", CELL_BOOL, 0, "this content had been revoked, and was proposed all the same"},
    FOLD_COLUMNS,
};

static const struct state_column reach_columns[] = {
    [REACH_MEMORY] = {"memory", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which memory"},
    [REACH_WHO] = {"who", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "run/ID or agent/NAME that was given it"},
    [REACH_DIGEST] = {"digest", CELL_TEXT, 0, "digest of what was given last"},
    [REACH_RECALLS] = {"recalls", CELL_INT, COLUMN_MAIN, "how often"},
    [REACH_FIRST_SEQ] = {"first_seq", CELL_INT, COLUMN_SEQ, "the first of these events"},
    [REACH_LAST_SEQ] = {"last_seq", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the newest of them"},
    [REACH_AGENT] = {"agent", CELL_TEXT, 0, "who asked for it last"},
};

static const struct state_column revoked_columns[] = {
    [REVOKED_DIGEST] = {"digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of the content"},
    [REVOKED_MEMORY] = {"memory", CELL_TEXT, COLUMN_MAIN, "the memory that had it, and was revoked last"},
    [REVOKED_REASON] = {"reason", CELL_TEXT, COLUMN_MAIN, "why that was revoked"},
    [REVOKED_SEQ] = {"seq", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the event that revoked it"},
};

static const struct state_column base_columns[] = {
    [COUNCIL_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "ledger"},
    [COUNCIL_GENESIS] = {"genesis", CELL_TEXT, COLUMN_MAIN, "leaf of event 0"},
    [COUNCIL_ORIGIN] = {"origin", CELL_TEXT, COLUMN_MAIN, "the log's name, which authors sign"},
};

void council_move(struct fold *fold, struct row *row, size_t base, size_t state_column, const char *state) {
    uint64_t before[ROW_SEQS_MAX];
    size_t n = row_seqs(row, base + FOLD_EVIDENCE, before, ROW_SEQS_MAX);
    fold_state(fold, row, base, state_column, state);
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX; i++) {
        row_cite(row, base + FOLD_EVIDENCE, before[i]);
    }
}

void council_introduce(struct fold *fold, struct row *row, size_t base, size_t state_column) {
    if (!row_has(row, state_column)) {
        row_set_str(row, state_column, "unknown");
        fold_since(fold, row, base);
    }
}

/* What authors sign names the ledger. */
static int fold_ledger(struct fold *fold, struct err *err) {
    const struct bytes key = bytes_of("ledger");
    struct bytes origin;
    char hex[2 * LOG_HASH + 1];
    struct row *row;
    int rc = fold_row(fold, COUNCIL_BASE, &key, 1, &row, err);
    if (rc != 0) return rc;
    if (fold_event(fold)->seq == 0) {
        text_hex(hex, fold_event(fold)->leaf, LOG_HASH);
        row_set_str(row, COUNCIL_GENESIS, hex);
    }
    if (fold_text(fold, "origin", &origin)) {
        row_set_text(row, COUNCIL_ORIGIN, origin);
    }
    return 0;
}

static int fold_council(struct fold *fold, struct err *err) {
    struct bytes kind = fold_event(fold)->kind;
    return bytes_has_prefix(kind, "ledger.")   ? fold_ledger(fold, err)
           : bytes_has_prefix(kind, "debate.") ? debates_fold(fold, err)
                                               : memories_fold(fold, err);
}

static const struct state_table tables[] = {
    [DEBATES] = {"debates", "debate", "A row is a debate: who votes, what the votes say, and how it ended.", debate_columns,
                 DEBATES_BASE + FOLD_N, NULL},
    [DEBATE_VOTES] = {"debate_votes", "debate-vote", "A row is a vote that counts in a debate.", vote_columns,
                      VOTES_COLUMNS, NULL},
    [MEMORIES] = {"memories", "memory", "A row is a memory: where it came from, and how far it got.", memory_columns,
                  MEMORIES_BASE + FOLD_N, NULL},
    [MEMORY_REACH] = {"memory_reach", "memory-reach", "A row is a run or an agent that was given a memory.", reach_columns,
                      REACH_COLUMNS, NULL},
    [COUNCIL_BASE] = {"council_base", "council-base", "A row is what the fold of debates must find again.", base_columns,
                      COUNCIL_COLUMNS, NULL},
    [DEBATES_ABOUT] = {"debates_about", "debate-about", "A row is a debate of voters about a target, or about a digest.",
                       about_columns, ABOUT_COLUMNS, NULL},
    [MEMORY_REVOKED] = {"memory_revoked", "revoked-content", "A row is content that was revoked as a memory.",
                        revoked_columns, REVOKED_COLUMNS, NULL},
};
static const char *const kinds[] = {"debate.*", "memory.*", "ledger.created", "ledger.restored", NULL};

const struct projection projection_council = {"council", 6, tables, COUNCIL_TABLES, kinds, fold_council};
