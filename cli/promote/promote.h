/* The subcommands of `ledger promote`, and what they share. */
#ifndef CLI_PROMOTE_PROMOTE_H
#define CLI_PROMOTE_PROMOTE_H

#include "cli/call/command.h"
#include "ledger/log.h"
#include "projections/ready/promotions.h"
#include "projections/rows/row.h"

extern const struct spec promote_plan, promote_simulate, promote_verify, promote_apply, promote_abort, promote_rollback,
    promote_status, promote_history, promote_list, promote_debate_spec, promote_vote;

#define PROMOTE_TEXT 257

/* What the states say of one promotion. Texts are empty where there is nothing. */
struct promote_known {
    bool there, linked, under_way;
    enum promotions_end end; /* what its link has to lead to; set by promote_known alone */
    char id[PROMOTE_TEXT], state[16], of[2 * PROMOTE_TEXT], digest[PROMOTE_TEXT], before[PROMOTE_TEXT],
        unapplied[PROMOTE_TEXT], applied[PROMOTE_TEXT], version[PROMOTE_TEXT], tier[16], gate[16];
    struct promotions_gates gates;                 /* that were asked last about it. Set by promote_known alone */
    uint64_t planned_seq, gate_seq, simulated_seq; /* UINT64_MAX: there is none */
};
/* Of "ID" or "promotion/ID". */
int promote_known(struct ledger *ledger, const char *id, struct promote_known *ret, struct err *err);
/* The same from its row. */
void promote_take(const struct row *row, struct promote_known *ret);
/* What is live now of "route/summarise", the event that made it so and its promotion; the digest is empty if nobody said. */
struct promote_live {
    char digest[PROMOTE_TEXT], by[PROMOTE_TEXT];
    uint64_t seq;
};
int promote_live(struct ledger *ledger, const char *of, struct promote_live *ret, struct err *err);
/* The id alone, and the subject "promotion/ID". ERR_INVALID: it is empty or too long. */
int promote_subject(const char *id, char ret[PROMOTE_TEXT + 16], struct err *err);
/* Text of a digest, "sha256:...". */
bool promote_is_digest(const char *text);
/* Completes what was decided and not applied, before another step. Returns 0, or the exit code after reporting. */
int promote_complete(struct cli *cli, const char *id, const char *actor);
/* The newest debate about the target "promotion/ID"; its id stays empty if there is none. */
struct promote_debate {
    char target[PROMOTE_TEXT + 16], id[PROMOTE_TEXT];
};
int promote_find_debate(struct ledger *ledger, struct promote_debate *ret, struct err *err);
/* 0, or reports that there is no such promotion, EXIT_NO. */
int promote_must_be(struct cli *cli, const struct promote_known *known);

#endif
