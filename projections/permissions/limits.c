/* An argument is compared as text: a text as it is, anything else as compact JSON, and of a list each of its elements.
 *
 *   arguments  NAME=GLOB   the rule is for calls in which each NAME matches its GLOB
 *   denied     NAME=GLOB   forbidden, if any element matches
 *   allowed    NAME=GLOB   for each NAME that is listed, all elements match one of its GLOBs, and there is one
 *   roots      GLOB        what names a path, by its own name or by its form, is within one of them, without a fault
 *
 * Some tools match names without case (base/name/fold.h), others do not, so an argument that is the NAME of a rule in other letters is one
 * that cannot be judged: the rule applies, and forbids the call. */
#include "projections/permissions/limits.h"

#include <stdio.h>

#include "base/glob.h"
#include "base/json.h"
#include "base/name/fold.h"
#include "ledger/kinds/scope.h"
#include "projections/permissions/policies.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define VALUE_MAX ((size_t)1 << 20)

/* ---- values as text ---- */

typedef bool value_fn(void *ctx, struct bytes text);

static bool each_scalar(struct bytes raw, value_fn *take, void *ctx) {
    struct mp_item item;
    struct buf text = {.max = VALUE_MAX};
    bool all = false; /* what cannot be compared is not allowed, and not free of what is denied */
    if (mp_scalar(raw, &item) == 0 && item.type == MP_STR) return take(ctx, item.data);
    if (json_from_mp(raw, JSON_LINE, &text, NULL) == 0) all = take(ctx, bytes_of_buf(&text));
    buf_done(&text);
    return all;
}

/* True: `take` was true for each element. *ret_n: how many there are. */
static bool each_value(struct bytes raw, value_fn *take, void *ctx, size_t *ret_n) {
    struct mp_reader r;
    struct mp_item head;
    struct bytes item;
    mp_reader_init(&r, raw);
    *ret_n = 0;
    if (raw.n == 0) return true;
    if (mp_next(&r, &head, NULL) != 0 || head.type != MP_ARRAY) {
        *ret_n = 1;
        return each_scalar(raw, take, ctx);
    }
    for (uint32_t i = 0; i < head.count; i++) {
        if (mp_skip(&r, 1, &item, NULL) != 0) return false;
        ++*ret_n;
        if (!each_scalar(item, take, ctx)) return false;
    }
    return true;
}

static struct bytes argument(struct bytes arguments, struct bytes name) {
    struct mp_reader r;
    struct mp_item head, key;
    struct bytes raw;
    mp_reader_init(&r, arguments);
    if (arguments.n == 0 || !mp_take(&r, MP_MAP, &head)) return (struct bytes){0};
    for (uint32_t i = 0; i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &key) || mp_skip(&r, 1, &raw, NULL) != 0) break;
        if (bytes_eq(key.data, name)) return raw;
    }
    return (struct bytes){0};
}

/* ---- NAME=GLOB ---- */

struct pair {
    struct bytes name, glob;
};

static bool pair_of(struct bytes raw, struct pair *ret) {
    struct mp_item item;
    if (mp_scalar(raw, &item) != 0 || item.type != MP_STR) return false;
    const uint8_t *equals = bytes_find(item.data, '=');
    if (equals == NULL) return false;
    size_t n = (size_t)(equals - item.data.p);
    ret->name = (struct bytes){item.data.p, n};
    ret->glob = (struct bytes){equals + 1, item.data.n - n - 1};
    return true;
}

static struct bytes list_of(struct bytes rule, const char *name) {
    struct bytes raw = {0};
    return mp_map_get(rule, name, &raw) == 0 ? raw : (struct bytes){0};
}

static bool misses(void *ctx, struct bytes text) {
    const struct pair *pair = ctx;
    return !glob_match(pair->glob, text);
}

/* Whether any element of the argument matches. */
static bool pair_meets(const struct pair *pair, struct bytes arguments) {
    struct pair copy = *pair;
    size_t n;
    return !each_value(argument(arguments, pair->name), misses, &copy, &n);
}

/* An argument in other letters than the name of a pair; false: there is none. */
static bool find_misspelt(struct bytes pairs, struct bytes arguments, struct bytes *ret) {
    struct mp_reader r;
    struct mp_item head, key;
    struct list list;
    struct bytes raw;
    struct pair pair;
    mp_reader_init(&r, arguments);
    if (pairs.n == 0 || arguments.n == 0 || !mp_take(&r, MP_MAP, &head)) return false;
    for (uint32_t i = 0; i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &key) || mp_skip(&r, 1, NULL, NULL) != 0) return false;
        list_open(&list, pairs);
        while (list_next(&list, &raw)) {
            if (!pair_of(raw, &pair) || bytes_eq(pair.name, key.data) || !fold_same(pair.name, key.data)) continue;
            *ret = key.data;
            return true;
        }
    }
    return false;
}

/* The same for all pairs of a rule. */
static bool is_misspelt(struct bytes rule, struct bytes arguments, struct bytes *ret) {
    return find_misspelt(list_of(rule, "arguments"), arguments, ret) ||
           find_misspelt(list_of(rule, "denied"), arguments, ret) ||
           find_misspelt(list_of(rule, "allowed"), arguments, ret);
}

bool limits_fits(struct bytes rule, struct bytes arguments) {
    struct list list;
    struct bytes raw;
    struct pair pair;
    bool fits = true;
    if (is_misspelt(rule, arguments, &raw)) return true;
    list_open(&list, list_of(rule, "arguments"));
    while (fits && list_next(&list, &raw)) {
        fits = pair_of(raw, &pair) && pair_meets(&pair, arguments);
    }
    return fits;
}

struct allowing {
    struct bytes list, name;
};

/* Does one of the patterns for that name match? */
static bool is_allowed(void *ctx, struct bytes text) {
    const struct allowing *a = ctx;
    struct list list;
    struct bytes raw;
    struct pair pair;
    list_open(&list, a->list);
    while (list_next(&list, &raw)) {
        if (pair_of(raw, &pair) && bytes_eq(pair.name, a->name) && glob_match(pair.glob, text)) return true;
    }
    return false;
}

/* ---- paths ---- */

static bool names_path(struct bytes name, struct bytes text) {
    static const char *const names[] = {"path", "paths",     "file", "files", "file_path", "filePath",    "filename",
                                        "dir",  "directory", "cwd",  "root",  "source",    "destination", "target"};
    bool path = bytes_has_prefix(text, "/") || bytes_has_prefix(text, "~") || bytes_has_prefix(text, "./") ||
                bytes_has_prefix(text, "../") || bytes_has_prefix(text, "file:");
    for (size_t i = 0; !path && i < sizeof(names) / sizeof(names[0]); i++) {
        path = fold_same(name, bytes_of(names[i]));
    }
    return path;
}

struct bytes limits_path(struct bytes arguments) {
    struct mp_reader r;
    struct mp_item head, key, value;
    struct bytes raw, path = {0};
    mp_reader_init(&r, arguments);
    if (arguments.n == 0 || !mp_take(&r, MP_MAP, &head)) return path;
    for (uint32_t i = 0; i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &key) || mp_skip(&r, 1, &raw, NULL) != 0 || mp_scalar(raw, &value) != 0) {
            return (struct bytes){0};
        }
        bool text = value.type == MP_STR;
        if (!names_path(key.data, text ? value.data : (struct bytes){0})) continue;
        if (!text || path.n > 0 || value.data.n == 0) return (struct bytes){0};
        path = value.data;
    }
    bool good = path.n > 0 && path.p[0] == '/' && scope_use_fault(bytes_of("filesystem.write"), path) == NULL;
    return good ? path : (struct bytes){0};
}

struct rooting {
    struct bytes roots, name;
};

static bool is_rooted(void *ctx, struct bytes text) {
    const struct rooting *r = ctx;
    struct list list;
    struct bytes raw;
    struct mp_item item;
    if (!names_path(r->name, text)) return true;
    if (text.n == 0 || scope_fault(bytes_of("filesystem.write"), text) != NULL) return false;
    list_open(&list, r->roots);
    while (list_next(&list, &raw)) {
        bool good = mp_scalar(raw, &item) == 0 && item.type == MP_STR;
        bool absolute = text.p[0] == '/';
        if (good && absolute == bytes_has_prefix(item.data, "/") && glob_match(item.data, text)) return true;
    }
    return false;
}

static bool all_rooted(struct bytes roots, struct bytes arguments, struct bytes *ret_name) {
    struct mp_reader r;
    struct mp_item head, key;
    struct bytes raw;
    size_t n;
    mp_reader_init(&r, arguments);
    if (roots.n == 0 || arguments.n == 0 || !mp_take(&r, MP_MAP, &head)) return true;
    for (uint32_t i = 0; i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &key) || mp_skip(&r, 1, &raw, NULL) != 0) return false;
        struct rooting rooting = {roots, key.data};
        if (!each_value(raw, is_rooted, &rooting, &n)) {
            *ret_name = key.data;
            return false;
        }
    }
    return true;
}

const char *limits_forbid(struct bytes rule, struct bytes arguments, char room[LIMITS_WHY_MAX]) {
    const struct bytes denied = list_of(rule, "denied"), allowed = list_of(rule, "allowed");
    struct bytes raw, name = {0};
    struct pair pair;
    struct list list;
    size_t n;
    if (is_misspelt(rule, arguments, &name)) {
        (void)snprintf(room, LIMITS_WHY_MAX, "argument '%.*s' is one of the rule's in other letters",
                       REASON_PART(name, 60));
        return room;
    }
    list_open(&list, denied);
    while (list_next(&list, &raw)) {
        if (!pair_of(raw, &pair) || !pair_meets(&pair, arguments)) continue;
        (void)snprintf(room, LIMITS_WHY_MAX, "argument '%.*s' has a denied value", REASON_PART(pair.name, 60));
        return room;
    }
    list_open(&list, allowed);
    while (list_next(&list, &raw)) {
        if (!pair_of(raw, &pair)) continue;
        struct allowing allowing = {allowed, pair.name};
        if (each_value(argument(arguments, pair.name), is_allowed, &allowing, &n) && n > 0) continue;
        (void)snprintf(room, LIMITS_WHY_MAX, "argument '%.*s' has no allowed value", REASON_PART(pair.name, 60));
        return room;
    }
    if (!all_rooted(list_of(rule, "roots"), arguments, &name)) {
        (void)snprintf(room, LIMITS_WHY_MAX, "argument '%.*s' names a path outside the rule's roots",
                       REASON_PART(name, 60));
        return room;
    }
    return NULL;
}

/* ---- the rule that applies ---- */

/* The first rule of the list that matches; false: none does. *ret_raw is its map. */
static bool find_rule(struct bytes rules, const struct limits_call *call, struct bytes *ret_raw, uint32_t *ret_number) {
    struct list list;
    struct bytes raw;
    struct tool_rules one;
    struct tool_rule rule;
    struct buf single = {.max = TOOL_RULES_BYTES_MAX + 16};
    uint32_t number = 0, ignored;
    bool found = false;
    list_open(&list, rules);
    while (!found && list_next(&list, &raw)) {
        number++;
        buf_clear(&single);
        mp_put_array(&single, 1);
        buf_put_bytes(&single, raw);
        tool_rules_open(&one, bytes_of_buf(&single));
        found = tool_rules_next(&one, &rule, &ignored) && tool_rule_fits(&rule, &call->call) &&
                limits_fits(raw, call->arguments);
    }
    buf_done(&single);
    *ret_raw = raw;
    *ret_number = number;
    return found;
}

static void answer(const struct row *row, struct bytes rule, uint32_t number, const struct limits_call *call,
                   struct limits_answer *ret) {
    char room[LIMITS_WHY_MAX];
    struct bytes policy = row_text(row, POLICIES_NAME), name = mp_get_text(rule, "name");
    *ret = (struct limits_answer){.seq = (uint64_t)row_int(row, POLICIES_DECLARED_SEQ),
                                  .calls_a_minute = mp_get_uint(rule, "calls_a_minute", 0),
                                  .cooldown_ms = mp_get_uint(rule, "cooldown_ms", 0)};
    if (name.n > 0) {
        (void)snprintf(ret->rule, sizeof(ret->rule), "policy '%.*s', '%.*s'", REASON_PART(policy, 80), REASON_NAME(name));
    } else {
        (void)snprintf(ret->rule, sizeof(ret->rule), "policy '%.*s', rule %u", REASON_PART(policy, 80), number);
    }
    const char *why = limits_forbid(rule, call->arguments, room);
    ret->forbidden = why != NULL;
    if (why != NULL) (void)snprintf(ret->why, sizeof(ret->why), "%.120s, by %.120s", why, ret->rule);
}

int limits_judge(struct state_view *view, const struct limits_call *asked, struct limits_answer *ret, struct err *err) {
    struct limits_answer newest = {.seq = LOG_NO_SEQ};
    struct limits_call call = *asked;
    struct state_rows *rows = NULL;
    const struct row *row;
    struct bytes rule;
    uint32_t number;
    call.call.server = call.call.server.n > 0 ? call.call.server : tool_rule_server(call.call.tool);
    int rc = look_rows(view, "policies", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        bool newer = newest.seq == LOG_NO_SEQ || (uint64_t)row_int(row, POLICIES_DECLARED_SEQ) > newest.seq;
        if (newer && find_rule(row_list(row, POLICIES_RULES), &call, &rule, &number)) {
            answer(row, rule, number, &call, &newest);
        }
    }
    state_rows_close(rows);
    if (rc < 0) return rc;
    *ret = newest;
    return 0;
}
