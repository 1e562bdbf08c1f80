/* What a view notes for a walk while judges look at it. All do nothing without one. */
#ifndef PROJECTIONS_WATCH_H
#define PROJECTIONS_WATCH_H

#include "projections/row.h"

struct walk_nodes;

/* A stored row was looked at; `there`: it is. `judged`: its judge is asked as well, which has a node of its own. */
void watch_row(struct walk_nodes *nodes, size_t table, struct bytes key, bool judged);
/* The rows whose keys begin so were gone through: which there are. */
void watch_range(struct walk_nodes *nodes, size_t table, struct bytes prefix);
/* Any of the table's rows may have been looked at; SIZE_MAX: there is no such table. */
void watch_table(struct walk_nodes *nodes, size_t table);
/* The time was compared with this moment. */
void watch_time(struct walk_nodes *nodes, int64_t moment);
/* Work was done that takes as long as looking at so many rows. */
void watch_work(struct walk_nodes *nodes, size_t rows);
/* The condition of projections was looked at. */
void watch_status(struct walk_nodes *nodes);
/* The judge of a row begins; gives who was at work before, for watch_end. */
size_t watch_begin(struct walk_nodes *nodes, size_t table, struct bytes key);
/* It has ended; row NULL: it failed. */
void watch_end(struct walk_nodes *nodes, size_t before, const struct row *row);

#endif
