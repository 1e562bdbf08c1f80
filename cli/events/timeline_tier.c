/* How far the tool calls in a timeline can go, by the policies in the log. Only these are folded, so that a timeline need not
 * wait for other states. Corrected calls are not judged. If the policies cannot be read, the timeline has no tiers. */
#include "cli/events/timeline.h"

#include <string.h>

#include "ledger/kinds/scope.h"
#include "projections/permissions/tiers.h"

static int judge(struct timeline *t, struct state_view *view, struct tree_node *node, struct err *err) {
    struct tool_call call;
    struct tiers_answer answer;
    if (node->mark == TREE_CORRECTED) {
        t->tiers.corrected++;
        return 0;
    }
    tree_node_call(tree_text(&t->tree, node->tool), &call);
    int rc = tiers_judge(view, &call, &answer, err);
    if (rc == 0) {
        node->tier = tiers_word(answer.tier);
        t->tiers.calls++;
        t->tiers.without += node->tier == NULL ? 1 : 0;
    }
    return rc;
}

static int open_policies(const struct timeline *t, struct state_view **ret, struct err *err) {
    const struct projection *only[2] = {NULL, NULL};
    struct state_options options;
    for (size_t i = 0; projection_all[i] != NULL; i++) {
        only[0] = strcmp(projection_all[i]->name, "policies") == 0 ? projection_all[i] : only[0];
    }
    state_options_init(&options);
    options.at = t->size;
    options.projections = only;
    return state_open(t->ledger, &options, ret, err);
}

void timeline_judge(struct timeline *t) {
    struct state_view *view = NULL;
    struct err ignored = {0};
    int rc = 0;
    for (size_t i = 0; i < t->tree.n && rc == 0; i++) {
        if (t->tree.nodes[i].tool.n > 0) {
            rc = view != NULL ? 0 : open_policies(t, &view, &ignored);
            if (rc == 0) rc = judge(t, view, &t->tree.nodes[i], &ignored);
        }
    }
    t->tiers.known = rc == 0;
    state_close(view);
}
