/* A grant is given in one spelling and need not be given in the other. A refusal counts in both: whoever denies a directory
 * means all of it, and does not know from where a pack is run. */
#include "packs/run/spelling.h"

#include <stdio.h>
#include <string.h>

#include "ledger/kinds/scope.h"
#include "projections/view/reason.h"

/* False: there is none. */
static bool respell(const struct decide_use *use, const char *workspace, struct buf *out) {
    struct bytes scope = use->scope, dir = bytes_of(workspace);
    dir.n -= dir.n > 0 && dir.p[dir.n - 1] == '/';
    if (scope.n == 0) return false;
    if (scope.p[0] != '/') {
        buf_put_bytes(out, dir);
        buf_put_str(out, "/");
        buf_put_bytes(out, scope);
    } else if (scope.n > dir.n + 1 && memcmp(scope.p, dir.p, dir.n) == 0 && scope.p[dir.n] == '/') {
        buf_put_bytes(out, (struct bytes){scope.p + dir.n + 1, scope.n - dir.n - 1});
    } else if (scope_covers(use->group, scope, bytes_of(workspace))) {
        buf_put_str(out, "**"); /* all of the workspace */
    }
    return out->n > 0;
}

int spelling_judge(struct state_view *view, struct bytes who, const struct decide_use *use, const char *workspace,
                   struct decision *ret, struct err *err) {
    struct buf text = {.max = 2 * SCOPE_MAX};
    struct decide_use other = *use;
    struct permitted as_written, as_other;
    if (!respell(use, workspace, &text)) {
        buf_done(&text);
        return 0;
    }
    other.scope = bytes_of_buf(&text);
    int rc = buf_check(&text, "a path", err);
    if (rc == 0) rc = permitted_ask(view, who, use, &as_written, err);
    if (rc == 0) rc = permitted_ask(view, who, &other, &as_other, err);
    /* The newest refusal; one that covers all of it is named apart, and may be older. */
    bool newest = rc == 0 && as_other.ground == GROUND_REFUSES;
    int64_t seq = newest ? as_other.seq : rc == 0 ? as_other.refused_seq : -1;
    if (rc == 0 && as_written.decision.yes && seq > as_written.seq) {
        decide_cite(ret, (uint64_t)seq);
        decide_no(ret, "%.*s may not %.*s '%.*s', which is '%.*s' here: '%s' was %s", REASON_NAME(who),
                  REASON_NAME(use->group), REASON_NAME(use->scope), REASON_PATH(other.scope),
                  newest ? as_other.scope : as_other.refused_scope, newest ? as_other.words : as_other.refused);
    }
    buf_done(&text);
    return rc;
}
