/* Columns: the indexed fields of one segment of events, collected in memory, encoded into one record, and read from it. The
 * room index decides where records are kept and when they are trusted.
 *
 * Sees: projections, ledger, base, condition. Begin with format.h, which defines every byte; then columns.h.
 *
 *   format   the bytes of a record
 *   columns  what is collected, encoded and read (the contract)
 *   collect  events in, by field
 *   encode   a segment's record, and comparing one with the events
 *   number   columns of numbers
 *   pages    columns of hashes, for fields of many values
 *   read     a record's directory, classes and columns
 *   data     what collector and encoder share
 *
 * Words. A "segment" is a run of events, at most 65,536; a "form" is how a column is stored: a dictionary, numbers or
 * hashes; "classes" group events by kind, so that most columns need no bit for each event. */
#ifndef QUERY_COLUMNS_ROOM_H
#define QUERY_COLUMNS_ROOM_H

#endif
