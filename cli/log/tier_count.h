/* How many tool calls have no tier. */
#ifndef CLI_LOG_TIER_COUNT_H
#define CLI_LOG_TIER_COUNT_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "query/sql/sql.h"

struct tier_count {
    bool known;
    uint64_t calls, without; /* calls that count */
    uint64_t corrected;      /* calls that do not, because they were corrected */
};

/* For SQL: selects the sequence numbers of corrected events. */
#define TIER_CORRECTED "(SELECT CAST(substr(subject, 7) AS INTEGER) FROM events WHERE kind = 'ledger.corrected')"

/* Does a word of the text contain "tier"? NULL is fine. */
bool tier_count_mentioned(const char *text);
/* Runs a statement that returns the numbers in one row; NULL: for the whole log. On failure they stay unknown. */
void tier_count_ask(struct sql *sql, struct buf *statement, struct tier_count *ret);
/* "3 of 40 tool calls have no tier; 1 more was corrected and does not count", on standard error. */
void tier_count_say(const struct cli *cli, const struct tier_count *count);
/* tool_calls, without_tier and corrected_calls. */
void tier_count_put(const struct tier_count *count, struct obj *obj);

#endif
