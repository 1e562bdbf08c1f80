/* The source llama-bench: what llama.cpp's llama-bench writes with -o json or -o jsonl.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with llamabench.h, which draws a row.
 *
 *   llamabench  files, rows out of them, and their drafts
 *   row         one row: what is wrong with it, and the body of its event
 *
 * Words. A "row" is one measurement: a model, a setting, and how fast it read or wrote. */
#ifndef INGEST_LLAMABENCH_ROOM_H
#define INGEST_LLAMABENCH_ROOM_H

#endif
