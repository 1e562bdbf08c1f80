/* Facts of an answer, described once: lines or cells of a table for people, members of an object in JSON. */
#ifndef CLI_PRINT_FACT_H
#define CLI_PRINT_FACT_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "cli/print/table.h"

enum fact_form { FACT_TEXT, FACT_COUNT, FACT_SIZE, FACT_HASH, FACT_TIME };

struct fact {
    const char *label;  /* of its line or column; NULL: only in JSON */
    const char *member; /* of the object; NULL: only for people */
    enum fact_form form;
    struct bytes text;   /* p NULL: null */
    uint64_t n;          /* UINT64_MAX: null; bytes of FACT_SIZE, ns of FACT_TIME */
    const uint8_t *hash; /* LOG_HASH bytes */
    const char *said;    /* what people read instead; "": no line; NULL: the value */
};

/* All texts are borrowed. */
struct fact fact_text(const char *label, const char *member, const char *text);
struct fact fact_str(const char *label, const char *member, struct bytes text);
struct fact fact_count(const char *label, const char *member, uint64_t n);
struct fact fact_size(const char *label, const char *member, uint64_t bytes);
struct fact fact_hash(const char *label, const char *member, const uint8_t *hash);
struct fact fact_time(const char *label, const char *member, uint64_t ns);
/* The same, with other words for people. */
struct fact fact_said(struct fact fact, const char *said);

/* Lines: the label, padded to `width`, a blank, the value. */
void fact_lines(struct cli *cli, const struct fact *facts, size_t n, int width);
void fact_put(struct obj *obj, const struct fact *facts, size_t n);
/* The whole answer: lines, or one object (`line`: see cli_print). Returns 0 or an exit code after reporting. */
int fact_print(struct cli *cli, const struct fact *facts, size_t n, int width, bool line);

#define FACT_COLUMNS_MAX 16

/* Rows that all have the same facts: a table, or a list of objects. A zeroed one with `cli` is empty. */
struct fact_table {
    struct cli *cli;
    struct table *table; /* begins with the first row */
    struct table_column columns[FACT_COLUMNS_MAX];
    struct obj list;
};

void fact_row(struct fact_table *table, const struct fact *facts, size_t n);
/* Ends the table; in JSON prints `whole` with the list as its last member, unless it is NULL. Returns 0 or an exit code
 * after reporting. Both are done afterwards. */
int fact_end(struct fact_table *table, struct obj *whole, const char *member);

#endif
