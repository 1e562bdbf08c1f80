/* Answers of many rows: as a table for people, as JSON, JSON lines, CSV or MessagePack for programs. docs/query.md
 * describes each. Rows stream: an answer of any length takes constant memory. */
#ifndef CLI_PRINT_ROWS_H
#define CLI_PRINT_ROWS_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "cli/print/pager.h"
#include "cli/print/pick.h"
#include "cli/print/when.h"
#include "query/query.h"

enum rows_format { ROWS_TABLE, ROWS_JSON, ROWS_JSONL, ROWS_CSV, ROWS_MSGPACK };
/* By name; ERR_INVALID names all formats and the nearest. */
int rows_format(const char *name, enum rows_format *ret, struct err *err);

struct rows_column {
    char name[FIELD_NAME_MAX];
    bool is_time;  /* integers are ns since the epoch */
    bool is_bytes; /* QUERY_OTHER is bytes, not MessagePack */
    bool in_line;  /* QUERY_OTHER is a body, shown in a table on one line: name=value */
    bool is_state; /* its values have colours */
    unsigned how;  /* enum table_how in a table, besides what the name implies */
    bool is_bar;   /* a number from 0 to 1: a bar in a table, left out elsewhere */
};

struct rows_options {
    enum rows_format format;
    enum when_style style;             /* of times in a table */
    const char *schema;                /* of the JSON document: "ledger.query/1" */
    const char *list;                  /* its member that has the rows */
    struct obj *head;                  /* more members before it; may be NULL. Freed by rows_begin */
    struct pager *pager;               /* begun before the first byte; may be NULL */
    size_t n;                          /* columns; TABLE_COLUMNS_MAX at most */
    const struct rows_column *columns; /* borrowed */
};

struct rows;
/* NULL if out of memory. Prints nothing yet. */
struct rows *rows_begin(struct cli *cli, const struct rows_options *options);
/* A row: one value for each column. Borrows during the call. */
void rows_values(struct rows *rows, const struct query_value *values);
/* Appends a remark on private fields to the body of the next row, if it is shown on one line. Borrows until that row. */
void rows_remark(struct rows *rows, struct bytes remark);
/* A row that is a whole event, in JSON and MessagePack. `private_` is the map of its private fields, or empty.
 * `corrected_by`: LOG_NO_SEQ if it was not corrected. */
void rows_event(struct rows *rows, const struct log_event *event, struct bytes private_, uint64_t corrected_by);
uint64_t rows_count(const struct rows *rows);
/* Prints the rows that a table holds back. */
void rows_flush(struct rows *rows);
/* Prints the end, with more members of the JSON document (`tail` may be NULL; it is freed), and frees. Returns 0, or an exit
 * code after reporting the first error of any row. NULL is fine. */
int rows_end(struct rows *rows, struct obj *tail);

#endif
