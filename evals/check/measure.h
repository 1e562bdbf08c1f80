/* How near a text is to an expected one, as a number from 0 to 1. Both texts must be valid UTF-8. */
#ifndef EVALS_CHECK_MEASURE_H
#define EVALS_CHECK_MEASURE_H

#include "base/bytes.h"

#define MEASURE_CELLS_MAX ((uint64_t)1 << 27) /* product of both lengths, without what both begin and end with */
#define MEASURE_WORDS_MAX ((size_t)4 << 20)   /* bytes of either text */

/* Levenshtein's distance (insert, delete, replace, each 1) in Unicode characters, divided by the length of the longer text; 0
 * for two empty ones. No normalisation. ERR_LIMIT past MEASURE_CELLS_MAX, whose message states both lengths. */
int measure_edit_distance(struct bytes a, struct bytes b, double *ret, struct err *err);

/* F1 of the multisets of words, as SQuAD's evaluation has it: ASCII letters in lower case, ASCII punctuation removed (so that
 * "don't" is one word, and "a-b" is "ab"), split at ASCII white space, the words a, an and the removed. Where either
 * text has no words: 1 if both have none, otherwise 0. ERR_LIMIT past MEASURE_WORDS_MAX. */
int measure_token_f1(struct bytes a, struct bytes b, double *ret, struct err *err);

#endif
