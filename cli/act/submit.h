/* One step of a command that has a verb for it (`permit grant`), from its words to its receipt. */
#ifndef CLI_ACT_SUBMIT_H
#define CLI_ACT_SUBMIT_H

#include "cli/act/body.h"
#include "cli/call/cli.h"
#include "cli/call/opt.h"
#include "ledger/log.h"

/* Options of every such command, at the end of its table, in this order. */
enum { SUBMIT_ACTOR, SUBMIT_NOTE, SUBMIT_KEY, SUBMIT_SIGN_AS, SUBMIT_PASS_FD, SUBMIT_PASS_FILE, SUBMIT_DRY_RUN, SUBMIT_N };
/* clang-format off */
#define SUBMIT_OPTIONS                                                                                                    \
    {"actor", 'a', "WHO", "who decides (default: user:<login name>)"},                                                    \
    {"note", 0, "TEXT", "why; kept private"},                                                                             \
    {"key", 'k', "KEY", "idempotency key: the same step with it is written once"},                                        \
    {"sign-as", 0, "KEYFILE", "sign the event with your own key ('ledger key new')"},                                     \
    {"key-passphrase-fd", 0, "N", "passphrase of KEYFILE from descriptor N"},                                             \
    {"key-passphrase-file", 0, "FILE", "passphrase of KEYFILE from a file"},                                              \
    {"dry-run", 0, NULL, "write nothing: check, and show the event as it would be written"}
/* clang-format on */

struct submit {
    const char *kind, *subject, *run; /* run may be NULL */
    const char *grade;                /* NULL: reported */
    const char *key;                  /* NULL: --key, else one is made */
    const char *name, *value;         /* a member before the receipt's; may be NULL */
    const char *note_field;           /* what --note is in this kind; NULL: "note" */
};

/* Writes the event with this body, which it frees, if the step is legal in the states as they are inside the transaction.
 * `options` points to SUBMIT_ACTOR in the command's table. Prints the receipt, or with --dry-run the event. Returns the
 * exit code: 1 if the step is refused. */
int submit_step(struct cli *cli, const struct opt_args *args, const struct opt *options, const struct submit *what,
                struct body *body);
/* Adds "NAME=VALUE" to the body when there is a value. */
int submit_put(struct body *body, const char *name, const char *value, struct err *err);
/* The same for a list of texts. */
int submit_put_list(struct body *body, const char *name, const char *const *values, size_t n, struct err *err);

#endif
