/* Splits lines into records: JSON objects, one per line as agents write them, but also several per line, spread over many
 * lines, or in an array. A record that breaks off ends where the next one begins. */
#ifndef INGEST_INPUT_RECORDS_H
#define INGEST_INPUT_RECORDS_H

#include "ingest/input/lines.h"

#define RECORD_MAX        LINES_LINE_MAX
#define RECORD_VALUES_MAX 131072 /* a tree of JSON values takes up to 130 bytes for each of them */

struct record {
    struct bytes text;     /* as far as it goes; borrowed until the next call */
    uint64_t line, offset; /* where it begins */
    bool cut;              /* it breaks off */
    const char *fault;     /* what is wrong with it beyond its text; NULL: nothing */
};

struct records {
    struct lines_line line; /* the current one */
    size_t at;              /* how far it was scanned */
    struct buf held;        /* the record's earlier lines */
    uint64_t from_line, from_offset;
    size_t from;       /* where in the line the record begins, when nothing is held */
    unsigned depth;    /* of open brackets; 0: between records */
    uint64_t is_array; /* a bit per level, the innermost lowest */
    uint32_t values;
    uint8_t last;                   /* the last byte in the record that is neither blank nor in a string */
    unsigned arrays, arrays_before; /* open ones around the records, and when the line began */
    bool in_text, escaped, dropping;
};

void records_init(struct records *split);
void records_done(struct records *split);
/* Hands a line over; it is borrowed until records_next has returned 1. */
void records_line(struct records *split, const struct lines_line *line);
/* 0 with a record, or with a piece of the line that is not one; 1 when the line has no more. */
int records_next(struct records *split, struct record *ret);
/* At the end of the input: 0 with the record that is still open, 1 when none is. */
int records_end(struct records *split, struct record *ret);

#endif
