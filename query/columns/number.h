/* Reading form NUMBERS. */
#ifndef QUERY_COLUMNS_NUMBER_H
#define QUERY_COLUMNS_NUMBER_H

#include "query/columns/columns.h"

/* Planes of c->width bytes for each of c->count values, to c->k. */
void column_number_planes(const uint8_t *planes, struct column *c);

#endif
