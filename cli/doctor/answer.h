/* The clauses of the box or of one pack, as of one moment. Read from the states, never judged here. */
#ifndef CLI_DOCTOR_ANSWER_H
#define CLI_DOCTOR_ANSWER_H

#include "cli/view/asof.h"

#define ANSWER_CLAUSES_MAX 64

enum clause_state { CLAUSE_PASS, CLAUSE_UNKNOWN, CLAUSE_WARN, CLAUSE_FAIL, CLAUSE_LEFT_OUT, CLAUSE_STATES };
extern const char *const clause_words[CLAUSE_STATES]; /* "left out" last */

struct clause {
    struct row row; /* of the table "clauses"; owns what the others borrow */
    enum clause_state state;
    struct bytes id, reason, first, remedy, question;
    const char *grade;         /* the weakest one of the evidence; NULL: there is none, or it cannot be read */
    struct bytes messages;     /* a list; may be empty */
    uint64_t since, since_seq; /* UINT64_MAX: not known; of an event by its time, of a moment without one */
    uint64_t evidence[ROW_SEQS_MAX];
    size_t n_evidence;
};

struct answer {
    struct bytes pack; /* empty: the box; borrowed */
    enum clause_state verdict;
    struct clause clauses[ANSWER_CLAUSES_MAX];
    size_t n, count[CLAUSE_STATES];
    uint64_t at, now; /* events that count; the time that was judged by */
};

/* Opens the ledger and the view as of `at` (NULL: now), in which only what is recorded counts: the same log gives the same
 * answer, wherever it is asked. `again`: once more in one command. Returns 0 or an exit code after reporting; the caller
 * closes the view in any case. */
int answer_open(struct asof *view, struct cli *cli, const char *at, bool again);
/* "pdf-ops" of "pack/pdf-ops" too; empty for NULL. Borrowed. */
struct bytes answer_pack(const char *text);
/* From *state, a view of view->ledger; where its stored rows are damaged, from the events alone, and *state is replaced.
 * ERR_NOTFOUND: there is no verdict on that pack. Of `only` (n_only 0: all) the clauses with these ids. The caller frees it in
 * any case. */
int answer_read(struct asof *view, struct state_view **state, struct bytes pack, const struct bytes *only, size_t n_only,
                struct answer *ret, struct err *err);
void answer_done(struct answer *answer);                                        /* a zeroed one is fine */
const struct clause *answer_find(const struct answer *answer, struct bytes id); /* NULL: none */
/* Does nothing fail, and is nothing unknown? */
bool answer_is_good(const struct answer *answer);

#endif
