/* Asking: query DIRECTORY RUN shows the events of a run, counts all events by kind, and asks in SQL. */
#include <ledger/query.h>
#include <ledger/read.h>
#include <ledger/record.h>
#include <stdio.h>
#include <string.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

static int show_count(void *ctx, const struct ledger_value *values, size_t n, uint64_t count) {
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        printf("%.*s ", (int)values[i].text.n, (const char *)values[i].text.p);
    }
    printf("%llu\n", (unsigned long long)count);
    return 0;
}

static int show_events(struct ledger *ledger, const char *run, struct ledger_error *error) {
    struct ledger_query_options options = LEDGER_QUERY_OPTIONS_INIT;
    struct ledger_value value;
    struct ledger_term term;
    struct ledger_query *query = NULL;
    const struct ledger_event *event;
    memset(&value, 0, sizeof(value));
    value.type = LEDGER_TEXT;
    value.text.p = (const uint8_t *)run;
    value.text.n = strlen(run);
    term.field = "run";
    term.op = LEDGER_OP_EQ;
    term.values = &value;
    term.n_values = 1;
    options.terms = &term;
    options.n_terms = 1;
    int rc = ledger_query_open(ledger, &options, &query, error);
    while (rc == 0 && (rc = ledger_query_next(query, &event, error)) == 0) {
        printf("event %llu\n", (unsigned long long)ledger_event_seq(event));
    }
    ledger_query_close(query);
    return rc == LEDGER_END ? 0 : rc;
}

int main(int argc, char **argv) {
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger_open_options open = LEDGER_OPEN_OPTIONS_INIT;
    struct ledger_sql_options limits = LEDGER_SQL_OPTIONS_INIT;
    const char *const by[] = {"kind"};
    struct ledger *ledger = NULL;
    struct ledger_sql *sql = NULL;
    char *lines = NULL;
    open.read_only = 1;
    limits.rows = 100;
    if (argc != 3) return 2;
    int rc = ledger_open(argv[1], &open, &ledger, &error);
    rc = rc != 0 ? rc : show_events(ledger, argv[2], &error);
    rc = rc != 0 ? rc : ledger_query_count(ledger, NULL, by, 1, show_count, NULL, &error);
    rc = rc != 0 ? rc : ledger_sql_open(ledger, &limits, &sql, &error);
    rc = rc != 0 ? rc : ledger_sql_json(sql, "SELECT seq, kind FROM events ORDER BY seq LIMIT 2", &lines, NULL, &error);
    if (rc == 0) {
        printf("%s", lines);
    }
    ledger_free(lines);
    ledger_sql_close(sql);
    ledger_close(ledger);
    return rc == 0 ? 0 : failed(&error);
}
