/* JSON has its hooks two lists deep: {"hooks": {"PreToolUse": [{"hooks": [{"command": ..}]}]}}; TOML in tables whose names begin with
 * "hooks.". */
#include "base/edit/hooks.h"

#include <string.h>

#include "base/edit/toml.h"

static int count_toml(struct bytes text, const char *mark, const char *whole, size_t *ret_ours, size_t *ret_whole,
                      struct err *err) {
    struct edit_toml_item item;
    size_t at = 0;
    bool hook = false;
    int rc;
    *ret_ours = *ret_whole = 0;
    while ((rc = edit_toml_next(text, &at, &item, err)) == 0) {
        if (item.what != EDIT_TOML_PAIR) {
            hook = item.what == EDIT_TOML_ARRAY && strncmp(item.key, "hooks.", 6) == 0;
        } else if (hook && strcmp(item.key, "command") == 0) {
            *ret_ours += edit_find(item.value, 0, mark) != SIZE_MAX;
            *ret_whole += bytes_is(item.value, whole);
        }
    }
    return rc == 1 ? 0 : rc;
}

int edit_hooks_count(enum edit_hooks form, struct bytes text, const char *mark, const char *whole, size_t *ret_ours,
                     size_t *ret_whole, struct err *err) {
    enum edit_json how = form == EDIT_HOOKS_JSON ? EDIT_JSON : EDIT_JSONC;
    if (form == EDIT_HOOKS_TOML) return count_toml(text, mark, whole, ret_ours, ret_whole, err);
    int rc = edit_json_check(text, how, err);
    return rc == 0 ? edit_json_count(text, how, "hooks", "hooks", mark, whole, ret_ours, ret_whole, err) : rc;
}
