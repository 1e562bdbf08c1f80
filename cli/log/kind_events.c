/* With the index they are found at once; without it the log is read, as for any query. */
#include "cli/log/kind_events.h"

#include "query/query.h"

int kind_events(struct ledger *ledger, const char *kind, uint64_t from, struct damage *damage,
                int (*each)(void *ctx, const struct log_event *event, struct err *err), void *ctx, struct err *err) {
    struct query_value value = {.type = QUERY_TEXT, .text = bytes_of(kind)};
    struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &value, .n_values = 1};
    struct query_cursor *cursor = NULL;
    struct query query;
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.from = from;
    int rc = query_open(ledger, &query, &cursor, err);
    while (rc == 0) {
        const struct log_event *event = NULL;
        struct err why = {0};
        rc = query_next(cursor, &why);
        if (rc == 0) rc = query_event(cursor, &event, &why);
        if (err_is_damage(rc)) {
            rc = 0;
            if (damage != NULL) {
                damage_note(damage, &why);
            }
        } else if (rc < 0) {
            *err = why;
        } else if (rc == 0) {
            rc = each(ctx, event, err);
        }
    }
    query_close(cursor);
    return rc < 0 ? rc : 0;
}
