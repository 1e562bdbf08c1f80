/* The catalog checks the members and their types; this file checks what they mean. */
#include "ledger/kinds/tool_rule.h"

#include "base/glob.h"
#include "base/secret/secret.h"
#include "ledger/kinds/scope.h"

static const char field[] = "field 'tool_rules'";

static bool take_text(struct bytes map, const char *name, struct bytes *ret) {
    struct bytes raw;
    struct mp_item item;
    bool text = mp_map_get(map, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR;
    if (text) {
        *ret = item.data;
    }
    return text;
}

void tool_rules_open(struct tool_rules *rules, struct bytes list) {
    struct mp_item head;
    *rules = (struct tool_rules){.left = 0};
    mp_reader_init(&rules->reader, list);
    if (list.n > 0 && mp_next(&rules->reader, &head, NULL) == 0 && head.type == MP_ARRAY) {
        rules->left = head.count;
    }
}

static bool read_rule(struct bytes map, struct tool_rule *ret) {
    struct bytes tier = {0}, raw;
    *ret = (struct tool_rule){.arguments = mp_map_get(map, "arguments", &raw) == 0};
    take_text(map, "name", &ret->name);
    take_text(map, "tool", &ret->tool);
    take_text(map, "server", &ret->server);
    take_text(map, "agent", &ret->agent);
    take_text(map, "group", &ret->group);
    take_text(map, "tier", &tier);
    ret->tier = scope_tier(tier);
    return ret->tier != TIER_UNKNOWN;
}

bool tool_rules_next(struct tool_rules *rules, struct tool_rule *ret, uint32_t *ret_number) {
    struct bytes raw;
    while (rules->left > 0 && mp_skip(&rules->reader, 1, &raw, NULL) == 0) {
        rules->left--;
        rules->at++;
        if (read_rule(raw, ret)) {
            *ret_number = rules->at;
            return true;
        }
    }
    return false;
}

static bool fits(struct bytes pattern, struct bytes text) {
    return pattern.p == NULL || glob_match(pattern, text);
}

struct bytes tool_rule_server(struct bytes tool) {
    static const char prefix[] = "mcp__";
    const size_t n = sizeof(prefix) - 1;
    const uint8_t *end = bytes_has_prefix(tool, prefix) ? memmem(tool.p + n, tool.n - n, "__", 2) : NULL;
    return end == NULL ? bytes_of("") : (struct bytes){tool.p + n, (size_t)(end - tool.p) - n};
}

bool tool_rule_fits(const struct tool_rule *rule, const struct tool_call *call) {
    return fits(rule->tool, call->tool) && fits(rule->server, call->server) && fits(rule->agent, call->agent) &&
           (rule->group.p == NULL || bytes_eq(rule->group, call->group));
}

/* ---- what a rule may say ---- */

/* NAME=GLOB */
static const char *argument_fault(struct bytes text) {
    const uint8_t *equals = text.n > 0 ? memchr(text.p, '=', text.n) : NULL;
    return equals == NULL || equals == text.p ? "is not NAME=GLOB" : NULL;
}

static const char *root_fault(struct bytes text) {
    return text.n == 0 ? "is empty" : scope_fault(bytes_of("filesystem.write"), text);
}

static int check_texts(struct bytes map, uint32_t number, const char *name, const char *(*fault_of)(struct bytes text),
                       struct err *err) {
    struct bytes raw;
    struct mp_reader r;
    struct mp_item item;
    if (mp_map_get(map, name, &raw) != 0) return 0;
    mp_reader_init(&r, raw);
    int rc = mp_next(&r, &item, err);
    for (uint32_t left = item.count; rc == 0 && left > 0; left--) {
        rc = mp_next(&r, &item, err);
        const char *fault = rc != 0 ? NULL : item.data.n > TOOL_RULE_TEXT_MAX ? "is too long" : fault_of(item.data);
        if (fault != NULL) {
            rc = err_set(err, ERR_INVALID, "%s, rule %u: '%s' of '%s' %s", field, number, SECRET_SHOWN(item.data), name,
                         fault);
        }
    }
    return rc;
}

static int check_number(struct bytes map, uint32_t number, const char *name, struct err *err) {
    struct bytes raw;
    struct mp_item item;
    bool there = mp_map_get(map, name, &raw) == 0 && mp_scalar(raw, &item) == 0;
    if (there && (item.type != MP_UINT || item.uint == 0)) {
        return err_set(err, ERR_INVALID, "%s, rule %u: '%s' is not 1 or more", field, number, name);
    }
    return 0;
}

static int check_rule(struct bytes map, uint32_t number, struct err *err) {
    struct tool_rule rule;
    read_rule(map, &rule);
    const struct bytes texts[] = {rule.name, rule.tool, rule.server, rule.agent};
    if (rule.tool.p == NULL && rule.server.p == NULL && rule.agent.p == NULL && rule.group.p == NULL) {
        return err_set(err, ERR_INVALID, "%s, rule %u names no tool, server, agent or group; '*' is all", field, number);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].n > TOOL_RULE_TEXT_MAX) {
            return err_set(err, ERR_INVALID, "%s, rule %u: a pattern is longer than %d bytes", field, number,
                           TOOL_RULE_TEXT_MAX);
        }
    }
    int rc = check_texts(map, number, "arguments", argument_fault, err);
    if (rc == 0) rc = check_texts(map, number, "allowed", argument_fault, err);
    if (rc == 0) rc = check_texts(map, number, "denied", argument_fault, err);
    if (rc == 0) rc = check_texts(map, number, "roots", root_fault, err);
    if (rc == 0) rc = check_number(map, number, "calls_a_minute", err);
    if (rc == 0) rc = check_number(map, number, "cooldown_ms", err);
    return rc;
}

int tool_rule_check(struct bytes kind, struct bytes body, struct bytes private_, struct err *err) {
    struct bytes list, raw, version;
    struct mp_reader r;
    struct mp_item head;
    if (!bytes_is(kind, "policy.declared")) return 0;
    if (private_.n > 0 && mp_map_get(private_, "tool_rules", &raw) == 0) {
        return err_set(
            err, ERR_INVALID,
            "%s would become private, because it holds a path below a home directory, and could not be applied:  "
            "write it as a pattern",
            field);
    }
    bool rules = mp_map_get(body, "tool_rules", &list) == 0, judges = rules || mp_map_get(body, "default", &raw) == 0;
    if (judges && !take_text(body, "version", &version)) {
        return err_set(err, ERR_INVALID, "field 'version' is missing: a policy that judges tools names its version");
    }
    if (!rules) return 0;
    if (list.n > TOOL_RULES_BYTES_MAX) {
        return err_set(err, ERR_INVALID, "%s has %zu bytes; expected: at most %zu in one policy", field, list.n,
                       TOOL_RULES_BYTES_MAX);
    }
    mp_reader_init(&r, list);
    int rc = mp_next(&r, &head, err);
    if (rc == 0 && (head.type != MP_ARRAY || head.count > TOOL_RULES_MAX)) {
        return err_set(err, ERR_INVALID, "%s is not a list of at most %d rules", field, TOOL_RULES_MAX);
    }
    for (uint32_t i = 1; rc == 0 && i <= head.count; i++) {
        rc = mp_skip(&r, 1, &raw, err);
        if (rc == 0) rc = check_rule(raw, i, err);
    }
    return rc;
}
