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
/* By its name; ERR_INVALID names all and the nearest. */
int rows_format(const char *name, enum rows_format *ret, struct err *err);

struct rows_column {
    char name[FIELD_NAME_MAX];
    bool is_time;  /* integers are ns since the epoch */
    bool is_bytes; /* QUERY_OTHER is bytes, not MessagePack */
    bool in_line;  /* QUERY_OTHER is a body, which a table shows in a line: name=value */
    bool is_state; /* its words have colours */
    unsigned how;  /* enum table_how of it in a table, beside what its name says */
    bool is_bar;   /* a number between 0 and 1, drawn as a bar in a table and left out elsewhere */
};

struct rows_options {
    enum rows_format format;
    enum when_style style;             /* of times in a table */
    const char *schema;                /* of the JSON document: "ledger.query/1" */
    const char *list;                  /* its member that has the rows */
    struct obj *head;                  /* more members in front of it; may be NULL. Done by rows_begin */
    struct pager *pager;               /* begun before the first byte; may be NULL */
    size_t n;                          /* columns; TABLE_COLUMNS_MAX at most */
    const struct rows_column *columns; /* borrowed */
};

struct rows;
/* NULL on no memory. Prints nothing yet. */
struct rows *rows_begin(struct cli *cli, const struct rows_options *options);
/* A row of the columns. Borrows during the call. */
void rows_values(struct rows *rows, const struct query_value *values);
/* What the body of the next row, in a line, ends with: a remark on its private fields. Borrows until that row. */
void rows_remark(struct rows *rows, struct bytes remark);
/* A row that is a whole event, with its private fields, a map (none: without them), in JSON and MessagePack.
 * `corrected_by`: LOG_NO_SEQ when it was not. */
void rows_event(struct rows *rows, const struct log_event *event, struct bytes private_, uint64_t corrected_by);
uint64_t rows_count(const struct rows *rows);
/* Prints what a table holds back. */
void rows_flush(struct rows *rows);
/* Prints the end, with more members of the JSON document (may be NULL; it is done), and frees. Returns 0, or an exit code
 * after reporting what went wrong in any row. NULL is fine. */
int rows_end(struct rows *rows, struct obj *tail);

#endif
