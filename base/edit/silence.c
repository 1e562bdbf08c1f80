/* One row for each setting that silences hooks. A file is read only if it is named here, and nothing of it is kept. */
#include "base/edit/silence.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/edit/json.h"
#include "base/edit/toml.h"
#include "base/file.h"

enum place {
    OWN,     /* the settings that have the hooks */
    BESIDE,  /* a file in the same directory; `file` is its name */
    MANAGED, /* `file` is its path below the root */
    DROP_INS /* each file of such a directory */
};
static const struct rule {
    const char *agent;
    enum place where;
    const char *file;
    bool toml;
    const char *a, *b, *value; /* a.b, or a alone */
    const char *says;          /* of OWN and BESIDE */
} rules[] = {
    {"claude-code", OWN, NULL, false, "disableAllHooks", NULL, "true", "its settings have disableAllHooks: no hook runs"},
    {"claude-code", MANAGED, "/etc/claude-code/managed-settings.json", false, "allowManagedHooksOnly", NULL, "true", NULL},
    {"claude-code", MANAGED, "/etc/claude-code/managed-settings.json", false, "disableAllHooks", NULL, "true", NULL},
    {"claude-code", DROP_INS, "/etc/claude-code/managed-settings.d", false, "allowManagedHooksOnly", NULL, "true", NULL},
    {"claude-code", DROP_INS, "/etc/claude-code/managed-settings.d", false, "disableAllHooks", NULL, "true", NULL},
    {"gemini-cli", OWN, NULL, false, "hooksConfig", "enabled", "false",
     "its settings have hooksConfig.enabled false: no hook runs"},
    {"codex", OWN, NULL, true, "features", "hooks", "false", "its settings have [features] hooks = false: no hook runs"},
    {"codex", BESIDE, "config.toml", true, "features", "hooks", "false",
     "config.toml has [features] hooks = false: no hook runs"},
    {"codex", MANAGED, "/etc/codex/requirements.toml", true, "allow_managed_hooks_only", NULL, "true", NULL},
};

static bool json_says(struct bytes text, const struct rule *r) {
    const char *const path[] = {r->a, r->b};
    struct bytes found;
    return edit_json_get(text, EDIT_JSONC, path, r->b != NULL ? 2 : 1, &found) && bytes_is(found, r->value);
}

static bool toml_says(struct bytes text, const char *table, const char *key, const char *value) {
    struct edit_toml_item item;
    struct bytes inner;
    char in[EDIT_TOML_KEY_MAX] = "", dotted[2 * EDIT_TOML_KEY_MAX];
    snprintf(dotted, sizeof(dotted), "%s%s%s", table, table[0] != '\0' ? "." : "", key);
    for (size_t at = 0; edit_toml_next(text, &at, &item, NULL) == 0;) {
        if (item.what != EDIT_TOML_PAIR) {
            memcpy(in, item.key, sizeof(in));
        } else if (bytes_is(item.value, value) && ((strcmp(in, table) == 0 && strcmp(item.key, key) == 0) ||
                                                   (in[0] == '\0' && strcmp(item.key, dotted) == 0))) {
            return true;
        } else if (in[0] == '\0' && strcmp(item.key, table) == 0 && edit_toml_member(item.value, key, &inner) &&
                   bytes_is(inner, value)) {
            return true;
        }
    }
    return false;
}

static bool says(struct bytes text, const struct rule *r) {
    if (!r->toml) return json_says(text, r);
    return r->b != NULL ? toml_says(text, r->a, r->b, r->value) : toml_says(text, "", r->a, r->value);
}

static bool file_says(const char *path, const struct rule *r, char why[EDIT_SILENCE_MAX]) {
    struct buf text = {.max = EDIT_TEXT_MAX};
    bool silenced = file_read_regular(path, &text, NULL) == 0 && says(bytes_of_buf(&text), r);
    if (silenced) {
        snprintf(why, EDIT_SILENCE_MAX, "'%.400s' lets no hooks of users run", path);
    }
    buf_done(&text);
    return silenced;
}

static bool dir_says(const char *path, const struct rule *r, char why[EDIT_SILENCE_MAX]) {
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool silenced = false;
    while (dir != NULL && !silenced && (entry = readdir(dir)) != NULL) {
        char file[FILE_PATH_MAX];
        silenced = entry->d_name[0] != '.' && file_join(file, path, entry->d_name, NULL) == 0 && file_says(file, r, why);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return silenced;
}

static bool holds(const struct rule *r, const char *path, struct bytes text, const char *root, char why[EDIT_SILENCE_MAX]) {
    char file[2 * FILE_PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    bool is_toml = strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".toml") == 0;
    bool silenced = false;
    switch (r->where) {
    case OWN:
        silenced = is_toml == r->toml && says(text, r);
        break;
    case BESIDE:
        if (strcmp(name, r->file) == 0) return false;
        snprintf(file, sizeof(file), "%.*s%s", (int)(name - path), path, r->file);
        silenced = file_says(file, r, why);
        break;
    case MANAGED:
    case DROP_INS:
        snprintf(file, sizeof(file), "%s%s", root, r->file);
        return r->where == MANAGED ? file_says(file, r, why) : dir_says(file, r, why);
    }
    if (silenced) {
        snprintf(why, EDIT_SILENCE_MAX, "%s", r->says);
    }
    return silenced;
}

/* goose skips plugins that its settings list, which are in another directory than these. */
static bool is_disabled(const char *path, char why[EDIT_SILENCE_MAX]) {
    static const char below[] = "/.agents/plugins/ledger/hooks/hooks.json";
    static const char *const key[] = {"disabledPlugins"};
    char file[2 * FILE_PATH_MAX];
    size_t n = strlen(path), end = sizeof(below) - 1;
    struct buf text = {.max = EDIT_TEXT_MAX};
    struct bytes list;
    if (n < end || strcmp(path + n - end, below) != 0) return false;
    snprintf(file, sizeof(file), "%.*s/.config/goose/settings.json", (int)(n - end), path);
    bool silenced = file_read_regular(file, &text, NULL) == 0 &&
                    edit_json_get(bytes_of_buf(&text), EDIT_JSON, key, 1, &list) && list.p[0] == '[' &&
                    edit_find(list, 0, "\"ledger\"") != SIZE_MAX;
    if (silenced) {
        snprintf(why, EDIT_SILENCE_MAX, "'%.400s' has ledger in disabledPlugins: no hook of it runs", file);
    }
    buf_done(&text);
    return silenced;
}

bool edit_silenced(const char *agent, const char *path, struct bytes text, const char *root, char why[EDIT_SILENCE_MAX]) {
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (strcmp(rules[i].agent, agent) == 0 && holds(&rules[i], path, text, root, why)) return true;
    }
    return strcmp(agent, "goose") == 0 && is_disabled(path, why);
}
