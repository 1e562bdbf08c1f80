/* Inside the room: cases. */
#ifndef EVALS_SUITE_CASES_H
#define EVALS_SUITE_CASES_H

#include "evals/suite/read.h"

/* Reads the list of the suite's file. */
int cases_read(struct reading *r, const struct yaml_node *list, struct err *err);
/* Reads a file that has a case a line, as JSON; empty lines do not count. */
int cases_read_lines(struct reading *r, int fd, struct err *err);
/* Ids that are there twice. */
int cases_check_ids(struct reading *r, struct err *err);

#endif
