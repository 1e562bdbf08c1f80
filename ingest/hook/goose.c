/* goose's store of answers, tool_permissions.json: for each tool and digest of its arguments the answers given; the last one
 * counts. goose removes expired answers when it reads the file.
 *
 *   {"permissions":{"<tool>:<digest>":[{"tool_name","allowed","context_hash","readable_context"?,"timestamp","expiry"?}]},
 *    "version":1} */
#include <string.h>

#include "base/clock.h"
#include "ingest/hook/agent.h"

static int put_answer(struct hook_reader *r, struct bytes name, struct bytes raw, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map m;
    struct bytes tool = {NULL, 0};
    bool allowed;
    int rc = hook_map_open(&m, raw, "an answer in 'permissions'", err);
    if (rc != 0) return rc;
    struct agent_answer answer = {"unknown", NULL, "unknown"};
    if (hook_map_flag(&m, "allowed", &allowed)) {
        answer.decision = allowed ? "allow" : "deny";
    }
    hook_begin(d, "permission.decided");
    hook_agent(d, bytes_of("goose"));
    hook_map_word(&m, "tool_name", &tool);
    hook_subject(d, "tool", tool);
    hook_tool(d, tool);
    hook_at_units(d, &m, "timestamp", CLOCK_NS_PER_S);
    const struct hook_name *expiry = hook_map_see(&m, "expiry");
    if (expiry == NULL) {
        answer.lifetime = hook_map_see(&m, "allowed") != NULL ? "permanent" : NULL; /* as long as it is there */
        hook_map_drop(&m, "expiry");
    } else if (expiry->item.type == MP_UINT && expiry->item.uint <= MP_INT_MAX / CLOCK_NS_PER_S) {
        answer.lifetime = "until";
        mp_map_uint(&d->fields, "expires", expiry->item.uint * CLOCK_NS_PER_S);
        hook_map_drop(&m, "expiry");
    }
    hook_answer(d, &answer, (struct bytes){NULL, 0});
    hook_left(d, &m);
    /* the whole answer: found again in a later version of the file, it is the same event */
    hook_key(d, (struct bytes[]){bytes_of("goose"), name, raw}, 3);
    return hook_give(r, err);
}

int hook_goose_read(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct mp_reader tools;
    struct mp_item head, name, list;
    struct bytes raw;
    uint32_t n = 0;
    mp_reader_init(&tools, hook_map_see(m, "permissions")->raw);
    int rc = mp_next(&tools, &head, err);
    for (uint32_t i = 0; rc == 0 && i < head.count; i++) {
        rc = mp_next(&tools, &name, err);
        if (rc == 0) rc = mp_next(&tools, &list, err);
        if (rc == 0 && list.type != MP_ARRAY) {
            return err_set(err, ERR_INVALID,
                           "'permissions' holds something that is not an array; expected: goose's tool_permissions.json");
        }
        for (uint32_t k = 0; rc == 0 && k < list.count; k++, n++) {
            rc = mp_skip(&tools, 1, &raw, err);
            if (rc == 0) rc = put_answer(r, name.data, raw, err);
        }
    }
    return rc == 0 && n == 0 ? 1 : rc;
}
