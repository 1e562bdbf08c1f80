/* Tables of the projection council. */
#ifndef PROJECTIONS_COUNCIL_COUNCIL_H
#define PROJECTIONS_COUNCIL_COUNCIL_H

#include "projections/fold/fold.h"

enum { DEBATES, DEBATE_VOTES, MEMORIES, MEMORY_REACH, COUNCIL_BASE, DEBATES_ABOUT, MEMORY_REVOKED, COUNCIL_TABLES };

/* Columns of the table "debates". */
enum {
    DEBATES_ID,
    DEBATES_STATE, /* open, accepted, rejected, retained, undecided, error; unknown: it was never opened */
    DEBATES_TARGET,
    DEBATES_TOPIC,
    DEBATES_DIGEST,
    DEBATES_VOTERS,
    DEBATES_JUDGE,
    DEBATES_ROUND,
    DEBATES_SAYS,
    DEBATES_WAITING,
    DEBATES_FOR,
    DEBATES_AGAINST,
    DEBATES_FAULT,
    DEBATES_FAULT_SEQ,
    DEBATES_OPENED_SEQ,
    DEBATES_CONCLUDED_SEQ,
    DEBATES_BY,
    DEBATES_BASE
};

/* Columns of the table "debate_votes". */
enum {
    VOTES_DEBATE,
    VOTES_ROUND,
    VOTES_PARTICIPANT,
    VOTES_VOTE, /* for, against, neither */
    VOTES_SCORE,
    VOTES_POLICY,
    VOTES_SIMPLICITY,
    VOTES_PREDICTED_PASS,
    VOTES_MODEL,
    VOTES_SEQ,
    VOTES_COLUMNS
};

/* Columns of the table "debates_about": debates of voters by their target, and by their digest. */
enum { ABOUT_WHAT, ABOUT_DEBATE, ABOUT_TARGET, ABOUT_OPENED_SEQ, ABOUT_COLUMNS };

/* Columns of the table "memories". */
enum {
    MEMORIES_ID,
    MEMORIES_STATE, /* candidate, sanitised, debated, validated, quarantined, admitted, rejected, revoked; unknown */
    MEMORIES_DIGEST,
    MEMORIES_SCOPE,
    MEMORIES_AGENT,
    MEMORIES_MODEL,
    MEMORIES_TOOLS,
    MEMORIES_DATA_DIGEST,
    MEMORIES_POLICY,
    MEMORIES_POLICY_DIGEST,
    MEMORIES_NEEDS_DEBATE,
    MEMORIES_DEBATE,
    MEMORIES_DEBATED_SEQ,
    MEMORIES_MASKED,
    MEMORIES_FINDINGS,
    MEMORIES_CHECKS,
    MEMORIES_REASON,
    MEMORIES_PROPOSED_AT,
    MEMORIES_PROPOSED_SEQ,
    MEMORIES_SANITISED_SEQ,
    MEMORIES_VALIDATED_SEQ,
    MEMORIES_ADMITTED_SEQ,
    MEMORIES_EXPIRES,
    MEMORIES_RECALLS,
    MEMORIES_RECALLED_SEQ,
    MEMORIES_BY,
    MEMORIES_AGAIN, /* of content that was revoked before */
    MEMORIES_BASE
};

/* Columns of the table "memory_reach". */
enum { REACH_MEMORY, REACH_WHO, REACH_DIGEST, REACH_RECALLS, REACH_FIRST_SEQ, REACH_LAST_SEQ, REACH_AGENT, REACH_COLUMNS };

/* Columns of the table "memory_revoked": content that was revoked, by its digest. */
enum { REVOKED_DIGEST, REVOKED_MEMORY, REVOKED_REASON, REVOKED_SEQ, REVOKED_COLUMNS };

/* Columns of the table "council_base". */
enum { COUNCIL_OF, COUNCIL_GENESIS, COUNCIL_ORIGIN, COUNCIL_COLUMNS };

/* Sets a state and keeps the evidence there is. */
void council_move(struct fold *fold, struct row *row, size_t base, size_t state_column, const char *state);
/* A row that an event touches for the first time, and that nothing introduced, is unknown. */
void council_introduce(struct fold *fold, struct row *row, size_t base, size_t state_column);

/* debates.c */
int debates_fold(struct fold *fold, struct err *err);
/* memories.c */
int memories_fold(struct fold *fold, struct err *err);
/* A debate about the memory, with content of this digest, was accepted. */
int memories_debated(struct fold *fold, struct bytes memory, struct bytes debate, struct bytes digest, struct err *err);

#endif
