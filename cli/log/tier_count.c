/* All commands report it in the same words. */
#include "cli/log/tier_count.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/print/say.h"

bool tier_count_mentioned(const char *text) {
    return text != NULL && strcasestr(text, "tier") != NULL;
}

static int read_counts(void *ctx, const struct sql_row *row, struct err *err) {
    struct tier_count *count = ctx;
    (void)err;
    count->calls = row->values[0].type == QUERY_INT ? (uint64_t)row->values[0].int_ : 0;
    count->without = row->values[1].type == QUERY_INT ? (uint64_t)row->values[1].int_ : 0;
    count->corrected = row->values[2].type == QUERY_INT ? (uint64_t)row->values[2].int_ : 0;
    return 0;
}

void tier_count_ask(struct sql *sql, struct buf *statement, struct tier_count *ret) {
    struct bytes all =
        bytes_of("SELECT sum(calls), sum(CASE WHEN judged_tier IS NULL THEN calls ELSE 0 END), (SELECT count(*) FROM "
                 "events WHERE kind = 'run.tool_called' AND seq IN " TIER_CORRECTED ") FROM tools");
    struct err ignored = {0};
    ret->known = (statement == NULL || statement->fail == 0) &&
                 sql_run(sql, statement != NULL ? bytes_of_buf(statement) : all, NULL, read_counts, ret, &ignored) >= 0;
}

void tier_count_say(const struct cli *cli, const struct tier_count *count) {
    char corrected[96] = "";
    if (count->corrected > 0) {
        snprintf(corrected, sizeof(corrected), "%s%llu%s %s corrected and %s not count", count->calls > 0 ? "; " : "",
                 (unsigned long long)count->corrected,
                 count->calls > 0        ? " more"
                 : count->corrected == 1 ? " tool call"
                                         : " tool calls",
                 count->corrected == 1 ? "was" : "were", count->corrected == 1 ? "does" : "do");
    }
    if (count->known && count->calls > 0) {
        cli_note(cli, "ledger: %s: %llu of %llu tool call%s %s no tier%s", cli->command, (unsigned long long)count->without,
                 (unsigned long long)count->calls, text_s(count->calls), text_has(count->without, count->calls), corrected);
    } else if (count->known && count->corrected > 0) {
        cli_note(cli, "ledger: %s: %s", cli->command, corrected);
    }
}

void tier_count_put(const struct tier_count *count, struct obj *obj) {
    if (count->known) {
        obj_uint(obj, "tool_calls", count->calls);
        obj_uint(obj, "without_tier", count->without);
        obj_uint(obj, "corrected_calls", count->corrected);
    }
}
