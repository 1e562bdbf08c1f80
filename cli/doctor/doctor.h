/* What the parts of `ledger doctor` share. */
#ifndef CLI_DOCTOR_DOCTOR_H
#define CLI_DOCTOR_DOCTOR_H

#include "cli/call/command.h"
#include "cli/doctor/answer.h"
#include "cli/print/when.h"
#include "cli/view/explanation.h"
#include "doctor/fix/fix.h"
#include "doctor/round/round.h"

#define DOCTOR_SCHEMA   "ledger.doctor/1"
#define DOCTOR_ONLY_MAX 32

/* What is asked. Texts are borrowed from the command line. */
struct doctor_ask {
    struct bytes pack; /* empty: the box */
    const char *at;    /* NULL: now */
    struct bytes only[DOCTOR_ONLY_MAX];
    size_t n_only;
    bool probe, all, fix;
    enum when_style style;
};

/* Refuses an --only that no clause has. Returns 0 or an exit code after reporting. */
int doctor_check_only(struct cli *cli, const struct doctor_ask *ask, const struct answer *answer);

/* cli_fail, for what goes wrong once the evidence was read: what is damaged then is derived data, which says nothing of the
 * ledger and can be mended. */
int doctor_fail(const struct cli *cli, const struct err *err);

/* What a round needs of the command: paths, the passphrase, what is known of the ledger. */
struct opening {
    struct cli *cli;
    const char *models;
    const volatile int *stop;
};
/* 0 if the keys that sign can be loaded, as far as that is seen without a passphrase. Else EXIT_SYSTEM after reporting which file
 * cannot be, why, and what helps. */
int signing_check(struct cli *cli, struct ledger *ledger);
/* Opens the ledger once for writing and closes it again, which asks for the passphrase and refuses what contradicts the trust
 * file; then runs a round. A database that cannot be opened is verified alone, so that `ret` has the report. Returns 0 or an exit code after reporting. When *stop was set, nothing was recorded. `ret` owns
 * nothing. */
int opening_round(struct opening *opening, const struct doctor_ask *ask, struct round_result *ret);
/* Opens it so, and verifies it alone. Returns 0 or an exit code after reporting. */
int opening_verify(struct opening *opening, bool all, struct round_result *ret);
/* The ledger does not verify: reports that alone, in this form, and returns its exit code. 0: it does, as far as was seen. */
int opening_refused(struct cli *cli, const struct round_result *round, const char *form);

/* The evidence cannot be read to its end: reports that alone, and returns its exit code. 0: it can. */
int opening_unreadable(struct cli *cli, struct state_view *view);

/* Prints the answer. `round` may be NULL. Returns 0 or an exit code after reporting. */
int page_print(struct asof *view, const struct answer *answer, const struct round_result *round, enum when_style style);
/* One clause of it; `asks`: with its question. `before` (may be NULL): finds what changed shortly before. */
int page_clause(struct cli *cli, const struct clause *clause, bool asks, enum when_style style, uint64_t now,
                struct explanation *before, struct err *err);
/* "json", "junit", "prometheus": 0 or an exit code after reporting. `fix` (may be NULL): what was mended before. */
int forms_print(struct asof *view, const struct answer *answer, const struct round_result *round, const struct fix *fix,
                const char *form);
/* Nothing but that the ledger does not verify, for programs that read JUnit or Prometheus; nothing in the other forms. */
void forms_refused(struct cli *cli, const char *form);
/* One clause as members of an object. */
void forms_put_clause(const struct clause *clause, struct obj *obj);

extern const struct spec doctor_diff, doctor_why;

/* --list: the clauses with their states, those that are left out with why, and the probes with their last look. */
int list_print(struct asof *view, const struct answer *answer);

/* --fix: verifies the ledger (`round` gets the report; nothing is mended in one that does not verify), mends what the doctor
 * may mend by itself, and records it. Returns 0 or an exit code after reporting. */
int mend_run(struct opening *opening, const struct doctor_ask *ask, struct round_result *round, struct fix *ret);
/* --dry-run: looks, says what there is to mend, and writes nothing. */
int mend_plan(struct cli *cli, const struct doctor_ask *ask, bool json);
/* A line for each repair, or one that says that there is none; then an empty one. */
void mend_page(struct cli *cli, const struct fix *fix);
/* The list "repairs". */
void mend_put(const struct fix *fix, struct obj *obj);

/* --watch: a round and an answer again and again, until Ctrl-C. */
int watch_run(struct cli *cli, const struct doctor_ask *ask, uint64_t every_ns);

#endif
