/* The doctor's clauses: what is asked of the box and of each pack, and how an answer is put together. */
#ifndef PROJECTIONS_DOCTOR_H
#define PROJECTIONS_DOCTOR_H

#include "projections/reason.h"
#include "projections/state.h"

/* In the order of weight: the heaviest of several findings is the answer. */
enum doctor_state { DOCTOR_PASS, DOCTOR_UNKNOWN, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_STATES };
extern const char *const doctor_words[DOCTOR_STATES];

#define DOCTOR_ABOUT_MAX 200
/* For printf's "%.*s": another judge's words, which are longer than a name. */
#define DOCTOR_WORDS(text) (int)reason_fits((text), 300), (text).n > 0 ? (const char *)(text).p : ""

/* One clause that is being judged. The reason holds the words and events of the heaviest findings so far. */
struct doctor_case {
    struct state_view *view;
    struct bytes pack;           /* empty: the box */
    const struct row *installed; /* the pack's row; NULL: there is none */
    enum doctor_state state;
    struct reason reason;
    size_t found, heaviest;       /* findings in all, and those of the state */
    char about[DOCTOR_ABOUT_MAX]; /* what the first of the heaviest is about */
    char more[DOCTOR_ABOUT_MAX];  /* and what else is to be known of it; set by who found it */
    const char *remedy;           /* in place of the clause's own; NULL: that */
};

struct doctor_clause {
    const char *id;
    bool of_pack;
    const char *question;
    int (*judge)(struct doctor_case *c, struct err *err);
    const char *remedy; /* a command; '%' stands for what the finding is about, '$' for more of it, '&' for the pack */
    const char *learn;  /* the same, when nothing is known */
};
extern const struct doctor_clause doctor_clauses[];
extern const size_t doctor_clause_count;

/* Of a pack: doctor_pack.c. */
int doctor_pack_state(struct doctor_case *c, struct err *err);
int doctor_pack_permissions(struct doctor_case *c, struct err *err);
int doctor_pack_checks(struct doctor_case *c, struct err *err);
int doctor_pack_routes(struct doctor_case *c, struct err *err);
int doctor_pack_models(struct doctor_case *c, struct err *err);

/* ---- findings ---- */

void doctor_case_init(struct doctor_case *c);
/* One thing was looked at: `row` (may be NULL) is cited, `about` is its name. The words are kept where it is no pass, of at
 * most three. */
void doctor_found(struct doctor_case *c, enum doctor_state state, const struct row *row, struct bytes about,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Was what was found last the first of the heaviest? Then its finder may set `more` and `remedy`. */
bool doctor_leads(const struct doctor_case *c, enum doctor_state state);
/* The words for a clause that passes: nothing when it does not. */
void doctor_passes(struct doctor_case *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* All was looked at: says how many of the heaviest were not told. */
void doctor_counted(struct doctor_case *c);
/* Appends the remedy of the case, with what it is about. Nothing when it passes. */
void doctor_remedy(const struct doctor_case *c, const struct doctor_clause *clause, struct buf *out);

/* Calls `each` with every row of a table, judged. A table that the view has not makes the clause unknown. */
int doctor_each(struct doctor_case *c, const char *table, void (*each)(struct doctor_case *c, const struct row *row),
                struct err *err);
/* One row, judged; *ret_there false: there is none. Initialises *row in any case. A missing table makes the clause unknown,
 * and 1 comes back. */
int doctor_look(struct doctor_case *c, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err);

/* A check's status as a state; DOCTOR_STATES: no word that is known. */
enum doctor_state doctor_of_status(const struct row *check);
/* Is this time within the last `days` days, or later than now? */
bool doctor_of_late(const struct doctor_case *c, int64_t at, unsigned days);

/* Columns by name; one that is not there gives the neutral value. */
struct bytes doctor_text(const struct row *row, const char *column);
int64_t doctor_int(const struct row *row, const char *column);
bool doctor_bool(const struct row *row, const char *column);
bool doctor_is(const struct row *row, const char *column, const char *word);

#endif
