/* The doctor's clauses: what is asked of the box and of each pack, and how an answer is put together. */
#ifndef PROJECTIONS_VERDICT_VERDICT_H
#define PROJECTIONS_VERDICT_VERDICT_H

#include "projections/rows/named.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"

/* In the order of weight: the heaviest of several findings is the answer. */
enum verdict_state { VERDICT_PASS, VERDICT_UNKNOWN, VERDICT_WARN, VERDICT_FAIL, VERDICT_STATES };
extern const char *const verdict_words[VERDICT_STATES];

#define VERDICT_ABOUT_MAX 200
/* For printf's "%.*s": another judge's words, which are longer than a name. */
#define VERDICT_WORDS(text) REASON_PART(text, 300)

#define VERDICT_COMMAND_MAX 2400

/* What helps: what a person does first, and the command after which the clause passes. Both may be NULL. In the command
 * {about} stands for what the finding is about, {more} for what else is known of it, {target}, {endpoint} and {of} for "
 * target=" and the like with that, or nothing where it is empty, {pack} for the pack; what is in capital letters a person
 * has to supply. */
struct verdict_help {
    const char *first, *command;
};

/* One clause that is being judged. The reason holds the words and events of the heaviest findings so far. */
struct verdict_case {
    struct state_view *view;
    struct bytes pack;           /* empty: the box */
    const struct row *installed; /* the pack's row; NULL: there is none */
    enum verdict_state state;
    struct reason reason;
    size_t found, heaviest;            /* findings in all, and those of the state */
    bool beside;                       /* nothing else was found: what there is nothing to check of counts too */
    char about[VERDICT_ABOUT_MAX];     /* what the first of the heaviest is about */
    char more[VERDICT_ABOUT_MAX];      /* and what else is to be known of it; set by who found it */
    char target[VERDICT_ABOUT_MAX];    /* of the row that is being looked at */
    const struct verdict_help *help;   /* in place of the clause's own; NULL: that */
    char command[VERDICT_COMMAND_MAX]; /* in place of the help's; empty: that */
};

struct verdict_clause {
    const char *id;
    bool of_pack;
    const char *question;
    int (*judge)(struct verdict_case *c, struct err *err);
    struct verdict_help remedy, learn; /* learn: when nothing is known */
};
extern const struct verdict_clause verdict_clauses[];
extern const size_t verdict_clause_count;

/* Of a pack: projections/verdict/pack.c. */
int verdict_pack_state(struct verdict_case *c, struct err *err);
int verdict_pack_permissions(struct verdict_case *c, struct err *err);
int verdict_pack_checks(struct verdict_case *c, struct err *err);
int verdict_pack_routes(struct verdict_case *c, struct err *err);
int verdict_pack_models(struct verdict_case *c, struct err *err);

/* ---- findings ---- */

void verdict_case_init(struct verdict_case *c);
/* One thing was looked at: `row` (may be NULL) is cited, `about` is its name. The words are kept where it is no pass, of at
 * most three. */
void verdict_found(struct verdict_case *c, enum verdict_state state, const struct row *row, struct bytes about,
                   const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Was what was found last the first of the heaviest? Then its finder may set `more`, `help` and `command`. */
bool verdict_leads(const struct verdict_case *c, enum verdict_state state);
/* The words for a clause that passes: nothing when it does not. */
void verdict_passes(struct verdict_case *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* All was looked at: says how many of the heaviest were not told. */
void verdict_counted(struct verdict_case *c);
/* The words of what helps, or NULL; and its command with what the finding is about, or nothing. Nothing when it passes. */
const char *verdict_first(const struct verdict_case *c, const struct verdict_clause *clause);
void verdict_remedy(const struct verdict_case *c, const struct verdict_clause *clause, struct buf *out);
/* The first remedy of a row's list of findings becomes the command. */
void verdict_command_of(struct verdict_case *c, const struct row *row);
/* Did somebody see to what this event tells of, after it? By doctor.remedied with the outcome ok. */
int verdict_seen_to(struct verdict_case *c, const char *check, const char *target, int64_t seq, bool *ret, struct err *err);

/* Calls `each` with every row of a table, judged, until it does not return 0. A table that the view has not makes the
 * clause unknown. */
int verdict_each(struct verdict_case *c, const char *table,
                 int (*each)(struct verdict_case *c, const struct row *row, struct err *err), struct err *err);
/* One row, judged; *ret_there false: there is none. Initialises *row in any case. A missing table makes the clause unknown,
 * and 1 comes back. */
int verdict_look(struct verdict_case *c, const char *table, const struct bytes *parts, size_t n, struct row *row,
                 bool *ret_there, struct err *err);

/* A check's status as a state; VERDICT_STATES: there is nothing to check, which is neither good nor bad. */
enum verdict_state verdict_of_status(const struct row *check);
/* Is this time within the last `days` days, or later than now? */
bool verdict_of_late(const struct verdict_case *c, int64_t at, unsigned days);

#endif
