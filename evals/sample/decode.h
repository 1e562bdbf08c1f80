/* The body of eval.sampled or eval.sample_failed as a sample. */
#ifndef EVALS_SAMPLE_DECODE_H
#define EVALS_SAMPLE_DECODE_H

#include "evals/sample/sample.h"

/* Texts borrow from the event. False: it names no sample, or its body was erased. Values of the wrong type are as if they were absent. */
bool sample_decode(const struct log_event *event, struct sample *ret);

#endif
