/* Tiers of tool calls. The table of states `tools` has the tier of each tool, as judged by the current policies; a condition
 * on tiers is a query on that table. Calls without a tier match no condition such as '>=T2', so every answer that uses tiers
 * states their number. A corrected call counts in no state, so it has no tier and matches none; it is counted separately. */
#include "cli/call/opt.h"
#include "cli/events/answer.h"

#include <string.h>

#include "cli/log/expression.h"

#define TOOL "(coalesce(agent, ''), coalesce(server, ''), tool)"
#define LIVE "seq NOT IN " TIER_CORRECTED

static int add(struct answer *a, const char *text, struct err *err) {
    static const char *const ops[] = {">=", "<=", ">", "<", "="};
    const char *op = "=", *tier = text;
    buf_put_str(&a->tier, a->tier.n > 0 ? " OR " : "");
    if (strcmp(text, "unknown") == 0) {
        buf_put_str(&a->tier, "judged_tier IS NULL");
        return 0;
    }
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (strncmp(text, ops[i], strlen(ops[i])) == 0) {
            op = ops[i];
            tier = text + strlen(op);
            break;
        }
    }
    if (strlen(tier) != 2 || tier[0] != 'T' || tier[1] < '0' || tier[1] > '3') {
        return err_set(err, ERR_INVALID, "--tier '%.40s' is not a tier; expected: T0, T1, T2, T3, '>=T2', '<T2', unknown",
                       text);
    }
    buf_printf(&a->tier, "judged_tier %s '%s'", op, tier);
    return 0;
}

int answer_tier_read(struct answer *a, const struct opt_args *args, const struct opt *tier, const struct opt *fields,
                     const struct opt *by, struct err *err) {
    const char *text;
    size_t at = 0;
    int rc = 0;
    a->of_tiers = tier_count_mentioned(a->where) || tier_count_mentioned(a->statement);
    while (rc == 0 && (text = opt_next(args, tier, &at)) != NULL) {
        rc = add(a, text, err);
    }
    for (at = 0; (text = opt_next(args, fields, &at)) != NULL;) {
        a->of_tiers = a->of_tiers || tier_count_mentioned(text);
    }
    for (at = 0; (text = opt_next(args, by, &at)) != NULL;) {
        a->of_tiers = a->of_tiers || tier_count_mentioned(text);
    }
    if (a->tier.n > 0) {
        a->of_tiers = true;
        a->where = a->where != NULL ? a->where : "1";
    }
    return rc;
}

void answer_tier_put(const struct answer *a, struct buf *out) {
    if (a->tier.n > 0) {
        buf_put_str(out, " AND " LIVE " AND " TOOL " IN (SELECT agent, server, tool FROM tools WHERE ");
        buf_put_bytes(out, bytes_of_buf(&a->tier));
        buf_put_str(out, ")");
    }
}

/* For --sql it is not known which calls are meant: then those of the whole log are counted. */
void answer_tier_count(struct answer *a) {
    struct buf sql = {.max = (size_t)4 << 20};
    struct err ignored = {0};
    bool good = a->where == NULL || expression_check(bytes_of(a->where), &ignored) == 0;
    if (!a->of_tiers || a->follow || !good || answer_sql_open(a, &ignored) != 0) return;
    if (a->statement != NULL) {
        tier_count_ask(a->sql, NULL, &a->tiers);
        return;
    }
    buf_put_str(&sql, "SELECT count(CASE WHEN " LIVE " THEN 1 END), count(CASE WHEN seq IN " TIER_CORRECTED " OR " TOOL
                      " IN (SELECT agent, server, tool FROM tools WHERE judged_tier IS NOT NULL) THEN NULL ELSE 1 END), "
                      "count(CASE WHEN " LIVE " THEN NULL ELSE 1 END) FROM events WHERE kind = 'run.tool_called' AND (");
    buf_put_str(&sql, a->where != NULL ? a->where : "1");
    buf_put_str(&sql, "\n) AND ");
    ask_sql(&a->ask, &sql);
    tier_count_ask(a->sql, &sql, &a->tiers);
    buf_done(&sql);
}
