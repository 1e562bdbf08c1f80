/* Error messages for statements, with suggestions. */
#ifndef QUERY_SQL_WORDS_H
#define QUERY_SQL_WORDS_H

#include "base/bytes.h"

/* SQLite's message with the place and the nearest name: "at byte 8: no such column: modle; did you mean 'model'?" `at`
 * below 0: the place is unknown. */
int sql_words_invalid(struct bytes statement, int at, const char *message, struct err *err);
/* "256 MiB" */
void sql_words_bytes(char ret[32], uint64_t n);
/* "1.5 s" */
void sql_words_ns(char ret[32], uint64_t ns);

#endif
