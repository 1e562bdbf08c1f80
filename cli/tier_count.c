/* Said in one way by all commands. */
#include "cli/tier_count.h"

#include <string.h>

#include "base/text.h"

bool tier_count_mentioned(const char *text) {
    return text != NULL && strcasestr(text, "tier") != NULL;
}

static int take(void *ctx, const struct sql_row *row, struct err *err) {
    struct tier_count *count = ctx;
    (void)err;
    count->calls = row->values[0].type == QUERY_INT ? (uint64_t)row->values[0].int_ : 0;
    count->without = row->values[1].type == QUERY_INT ? (uint64_t)row->values[1].int_ : 0;
    return 0;
}

void tier_count_ask(struct sql *sql, struct buf *statement, struct tier_count *ret) {
    struct bytes all = bytes_of("SELECT sum(calls), sum(CASE WHEN judged_tier IS NULL THEN calls ELSE 0 END) FROM tools");
    struct err ignored = {0};
    ret->known = (statement == NULL || statement->fail == 0) &&
                 sql_run(sql, statement != NULL ? bytes_of_buf(statement) : all, NULL, take, ret, &ignored) >= 0;
}

void tier_count_say(const struct cli *cli, const struct tier_count *count) {
    if (count->known && count->calls > 0) {
        cli_note(cli, "ledger: %s: %llu of %llu tool call%s %s no tier", cli->command, (unsigned long long)count->without,
                 (unsigned long long)count->calls, text_s(count->calls), count->without == 1 ? "has" : "have");
    }
}

void tier_count_put(const struct tier_count *count, struct obj *obj) {
    if (count->known) {
        obj_uint(obj, "tool_calls", count->calls);
        obj_uint(obj, "without_tier", count->without);
    }
}
