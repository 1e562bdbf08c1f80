/* Evaluations by name, with their samples, for the commands that look into them. */
#ifndef CLI_EVALS_EVALUATION_H
#define CLI_EVALS_EVALUATION_H

#include "cli/view/asof.h"
#include "evals/sample/samples.h"

/* Finds a row of evals by its id or a prefix of it, with "eval/" before it or not, and judges it. The caller has initialised
 * `ret`. ERR_NOTFOUND. */
int evaluation_find(struct asof *view, const char *name, struct row *ret, struct err *err);

/* Appends "eval/e18: finished, verdict pass, does not count (partial eval: ...), of sha256:...", for people. */
void evaluation_head(struct asof *view, const struct row *row, struct buf *out);
/* Its id, state, verdict, counts, reason, missing, suite, suite_digest, model, digest, route and pack. */
void evaluation_put(const struct asof *view, const struct row *row, struct obj *out);

/* Appends what a sample is called: the case's id, "/filter" and "#repeat" where it has one. */
void evaluation_sample_name(const struct sample *sample, struct buf *out);
/* Is it one of table, json, jsonl, csv, junit (NULL: the default)? Returns 0, or EXIT_USAGE after reporting. */
int evaluation_format(const struct cli *cli, const char *format);
/* --by: task (NULL: the default) or tag, which only tables and JSON documents have. Returns 0, or EXIT_USAGE after reporting. */
int evaluation_by(const struct cli *cli, const char *by, const char *format, bool *ret_by_tag);
/* The share of --confidence; *ret is unchanged if it was not given. ERR_INVALID. */
int evaluation_confidence(const char *text, double *ret, struct err *err);
/* null for what is not finite. */
void evaluation_put_real(struct obj *obj, const char *key, double v);
extern const char *const evaluation_outcomes[]; /* by enum sample_outcome: "pass", "fail", "limit", "error" */

#endif
