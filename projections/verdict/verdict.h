/* The doctor's clauses: what is asked of the box and of each pack, and how an answer is built. */
#ifndef PROJECTIONS_VERDICT_VERDICT_H
#define PROJECTIONS_VERDICT_VERDICT_H

#include "projections/ready/readiness.h"
#include "projections/rows/named.h"
#include "projections/verdict/messages.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"

/* By severity: the most severe finding gives the answer. */
enum verdict_state { VERDICT_PASS, VERDICT_UNKNOWN, VERDICT_WARN, VERDICT_FAIL, VERDICT_STATES };
extern const char *const verdict_words[VERDICT_STATES];

#define VERDICT_ABOUT_MAX   200
#define VERDICT_COMMAND_MAX 2400
#define VERDICT_SAID_MAX    8192

/* A message with its arguments (messages.h), for the calls below: SAY(HARDWARE_KNOWN), and with arguments
 * SAY_WITH(IMPORTS_WHOLE, message_int("n", 2)). SAY(NONE) says nothing. */
struct verdict_said {
    enum message_key key;
    const struct message_arg *args;
    size_t n;
};
#define SAY(key)                                                                                                           \
    (struct verdict_said) {                                                                                                \
        MESSAGE_##key, NULL, 0                                                                                             \
    }
#define SAY_ARGS(...)      ((const struct message_arg[]){__VA_ARGS__})
#define SAY_WITH(key, ...) SAY_KEY(MESSAGE_##key, __VA_ARGS__)
#define SAY_KEY(key, ...)                                                                                                  \
    (struct verdict_said) {                                                                                                \
        key, SAY_ARGS(__VA_ARGS__), sizeof(SAY_ARGS(__VA_ARGS__)) / sizeof(struct message_arg)                             \
    }

/* What helps: what a person does first (MESSAGE_NONE: nothing), and the command after which the clause passes, or NULL. In the
 * command {about} stands for the subject of the finding, {more} for what else is known of it; {target}, {endpoint} and {of} for "
 * target=" and so on with {more}, or nothing when it is empty; {pack} for the pack. Words in capital letters are for a
 * person to supply. */
struct verdict_help {
    enum message_key first;
    const char *command;
};

/* One clause being judged. The reason holds the words and events of the most severe findings so far, and `said` the same
 * words as messages. */
struct verdict_case {
    struct state_view *view;
    struct bytes pack;           /* empty: the box */
    const struct row *installed; /* the pack's row; NULL: none */
    enum verdict_state state;
    struct reason reason;
    uint8_t said[VERDICT_SAID_MAX]; /* n_said maps (message_put), one after the other */
    size_t said_bytes;
    uint32_t n_said;
    bool left_out;                     /* it does not apply: the reason says why, and there is no state */
    size_t found, heaviest;            /* findings in all, and those of the current state */
    size_t there, loaded;              /* models that are; counted for the words alone */
    const struct models_room *room;    /* for models, read once; NULL: not yet */
    bool beside;                       /* there were no other findings: checks that do not apply count too */
    char about[VERDICT_ABOUT_MAX];     /* subject of the first of the most severe findings */
    char more[VERDICT_ABOUT_MAX];      /* what else is known of it; set by its finder */
    char target[VERDICT_ABOUT_MAX];    /* of the row being read */
    struct verdict_help own_help;      /* room for it, if it is not static */
    const struct verdict_help *help;   /* instead of the clause's own; NULL: the clause's */
    char command[VERDICT_COMMAND_MAX]; /* instead of the help's; empty: the help's */
};

struct verdict_clause {
    const char *id;
    bool of_pack;
    enum message_key question;
    int (*judge)(struct verdict_case *c, struct err *err);
    struct verdict_help remedy, learn; /* learn: when the answer is unknown */
};
extern const struct verdict_clause verdict_clauses[];
extern const size_t verdict_clause_count;

/* The judges of models and their servers: projections/verdict/runtimes.c, models.c. */
int verdict_runtimes(struct verdict_case *c, struct err *err);
int verdict_models(struct verdict_case *c, struct err *err);
/* Is it one of the checks that they read? Files of an Ollama store that are no weights of a model are not. */
int verdict_is_of_models(struct verdict_case *c, const struct row *check, bool *ret, struct err *err);

/* The judges for packs: projections/verdict/pack.c. */
int verdict_pack_state(struct verdict_case *c, struct err *err);
int verdict_pack_permissions(struct verdict_case *c, struct err *err);
int verdict_pack_checks(struct verdict_case *c, struct err *err);
int verdict_pack_routes(struct verdict_case *c, struct err *err);
int verdict_pack_models(struct verdict_case *c, struct err *err);

/* ---- findings ---- */

void verdict_case_init(struct verdict_case *c);
/* Records one finding: `row` (may be NULL) is cited, `about` is its name. What is said of at most three findings is kept,
 * and nothing of a pass. */
void verdict_found(struct verdict_case *c, enum verdict_state state, const struct row *row, struct bytes about,
                   struct verdict_said said);
/* The same, in the words of the first finding of another judge: the message of its rule, with the facts that it names. */
void verdict_found_rule(struct verdict_case *c, enum verdict_state state, const struct row *row, struct bytes about,
                        const struct readiness *found);
/* Is the last finding the first of the most severe? Then its finder may set `more`, `help` and `command`. */
bool verdict_leads(const struct verdict_case *c, enum verdict_state state);
/* Says what there is to say of a clause that passes; does nothing when it does not. */
void verdict_passes(struct verdict_case *c, struct verdict_said said);
/* The same: how many findings there were, as {n}, or that there was none. */
void verdict_passes_of(struct verdict_case *c, enum message_key some, enum message_key none);
/* The clause does not apply here, for this reason: it is no part of the verdict. */
void verdict_leave_out(struct verdict_case *c, struct verdict_said said);
/* Everything was read: adds how many of the most severe findings are not described. */
void verdict_counted(struct verdict_case *c);
/* What a person does first, or NULL; and the command with its parts filled in, or nothing. Nothing when the clause
 * passes. */
const char *verdict_first(const struct verdict_case *c, const struct verdict_clause *clause);
void verdict_remedy(const struct verdict_case *c, const struct verdict_clause *clause, struct buf *out);
/* Makes the first remedy of a row's list of findings the command. */
void verdict_command_of(struct verdict_case *c, const struct row *row);
/* Was this event seen to after it? By a doctor.remedied with the outcome ok. */
int verdict_seen_to(struct verdict_case *c, const char *check, const char *target, int64_t seq, bool *ret, struct err *err);

/* Calls `each` with every row of a table, judged, until it returns non-zero. A table that the view lacks makes the clause
 * unknown. */
typedef int verdict_each_row(struct verdict_case *c, const struct row *row, struct err *err);
int verdict_each(struct verdict_case *c, const char *table, verdict_each_row *each, struct err *err);
/* The same, where what `each` finds of a row depends on nothing but the row, the view and the time: not on the case, nor on
 * other rows' findings. Where only the state is asked for, just the rows are read for which something has changed. */
int verdict_each_apart(struct verdict_case *c, const char *table, verdict_each_row *each, struct err *err);
/* The same for the rows whose key begins with these parts. */
int verdict_each_of(struct verdict_case *c, const char *table, const struct bytes *parts, size_t n,
                    int (*each)(struct verdict_case *c, void *ctx, const struct row *row, struct err *err), void *ctx,
                    struct err *err);
/* One row, judged; *ret_there false: there is none. Always initialises *row. A missing table makes the clause unknown, and
 * returns 1. */
int verdict_look(struct verdict_case *c, const char *table, const struct bytes *parts, size_t n, struct row *row,
                 bool *ret_there, struct err *err);

/* A check's status as a state; VERDICT_STATES: the check does not apply. */
enum verdict_state verdict_of_status(const struct row *check);
/* Is this time within the last `days` days, or in the future? */
bool verdict_of_late(const struct verdict_case *c, int64_t at, unsigned days);

#endif
