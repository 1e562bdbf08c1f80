/* The engine's side of folding: an event is prepared once, then given to each projection that takes its kind. */
#ifndef PROJECTIONS_FOLD_RUN_H
#define PROJECTIONS_FOLD_RUN_H

#include "projections/fold/upcast.h"
#include "projections/rows/projection.h"
#include "projections/rows/rows.h"

#define FOLD_FIELDS_MAX 128 /* body fields indexed by name; further ones are found by a scan */

struct fold_input; /* an event with its body at today's schema */
int fold_input_new(const struct upcast *steps, size_t n_steps, struct fold_input **ret, struct err *err);
void fold_input_free(struct fold_input *input);
/* Borrows the event until the next call. ERR_VERSION: its schema is newer. Bodies are parsed when a fold first asks. */
int fold_input_set(struct fold_input *input, const struct log_event *event, struct err *err);
/* When it happened, by the rule of fold_when. */
uint64_t fold_input_when(struct fold_input *input);

struct fold; /* fold.h */
/* Borrows all three until fold_free. */
int fold_new(const struct projection *projection, struct rows *rows, struct fold **ret, struct err *err);
void fold_free(struct fold *fold);
/* Folds one event into the rows: all of its changes or, on failure, none. */
int fold_apply(struct fold *fold, struct fold_input *input, struct err *err);

#endif
