/* How many calls of tools have no tier. */
#ifndef CLI_LOG_TIER_COUNT_H
#define CLI_LOG_TIER_COUNT_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "query/sql/sql.h"

struct tier_count {
    bool known;
    uint64_t calls, without; /* that count; */
    uint64_t corrected;      /* and that do not, because they were corrected */
};

/* In a statement: the seqs of events that were corrected. */
#define TIER_CORRECTED "(SELECT CAST(substr(subject, 7) AS INTEGER) FROM events WHERE kind = 'ledger.corrected')"

/* Is tier a part of one of its words? NULL is fine. */
bool tier_count_mentioned(const char *text);
/* Runs a statement that gives the numbers in a row; of the whole log with NULL. What fails is left unknown. */
void tier_count_ask(struct sql *sql, struct buf *statement, struct tier_count *ret);
/* "3 of 40 tool calls have no tier; 1 more was corrected and does not count", on standard error. */
void tier_count_say(const struct cli *cli, const struct tier_count *count);
/* tool_calls, without_tier and corrected_calls. */
void tier_count_put(const struct tier_count *count, struct obj *obj);

#endif
