/* The judge of the table permissions. */
#ifndef PROJECTIONS_PERMISSIONS_JUDGE_H
#define PROJECTIONS_PERMISSIONS_JUDGE_H

#include "projections/view/state.h"

/* Fills in what the row says as of the view: its state, and the decision of another scope that applies instead. */
int permissions_judge(struct state_view *view, struct row *row, struct err *err);

#endif
