/* stats --metrics: the metrics of the mission, computed from the log by one statement each. */
#ifndef CLI_CARE_METRICS_H
#define CLI_CARE_METRICS_H

#include "cli/log/ask.h"
#include "query/sql/sql.h"

#define METRICS_ROWS_MAX  64
#define METRICS_SLOS_MAX  32
#define METRICS_LABEL_MAX 32

enum metric_unit { METRIC_RATIO, METRIC_MS };

struct metric {
    const char *name;
    enum metric_unit unit;
    const char *label; /* what labels are; "": there are none */
    bool good;         /* the part is what is wanted */
    const char *about, *statement;
};
extern const struct metric metrics[];
extern const size_t metrics_n;

/* One figure. */
struct metric_row {
    const struct metric *metric;
    char label[METRICS_LABEL_MAX];
    double value; /* NAN: there was nothing to measure */
    uint64_t part, whole;
};

/* An objective: the share that has to be good, and what of the rest has been used up. */
struct metric_slo {
    const struct metric *metric;
    double target;
};
struct metric_budget {
    const struct metric_row *row;
    double target;
    double allowed; /* how many may be bad */
    uint64_t bad;
    double burn; /* bad / allowed; above 1 more than all of it is used up; NAN: there was nothing to measure */
    bool met;    /* something was measured, and no more than all of it is used up */
};

/* Appends the statement of a metric for this period of a log of that size. */
void metrics_statement(const struct metric *metric, const struct ask *ask, uint64_t size, struct buf *out);
/* All figures. ERR_CORRUPT or ERR_TAMPERED: events that may count cannot be read. */
int metrics_compute(struct sql *sql, const struct ask *ask, uint64_t size, struct metric_row rows[METRICS_ROWS_MAX],
                    size_t *ret_n, struct err *err);
/* "NAME=TARGET". ERR_NOTFOUND: an unknown metric, the nearest is named; ERR_INVALID: no ratio, or no target between 0 and 1. */
int metrics_slo(const char *text, struct metric_slo *ret, struct err *err);
struct metric_budget metrics_budget(const struct metric_slo *slo, const struct metric_row *row);

struct metrics_options {
    const struct ask *ask;
    const char *format; /* NULL: table, or JSON with --json */
    const struct metric_slo *slos;
    size_t slos_n;
};
/* Is that a format? 0, or an exit code after reporting. */
int metrics_format(struct cli *cli, const struct metrics_options *options);
/* Prints; returns the exit code. */
int metrics_run(struct cli *cli, struct ledger *ledger, const struct metrics_options *options);

#endif
