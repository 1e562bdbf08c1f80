/* Taking entries back from settings that somebody changed meanwhile, and what keeps hooks from running. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/edit/json.h"
#include "base/edit/toml.h"
#include "capture/setup/insert.h"

/* ---- JSON ---- */

static bool was_made(void *ctx, struct bytes name) {
    const struct setup_record *record = ctx;
    char path[64];
    return record != NULL &&
           snprintf(path, sizeof(path), "hooks/%.*s", (int)name.n, (const char *)name.p) < (int)sizeof(path) &&
           setup_record_made(record, path);
}

/* Telemetry is ours while its values are. */
static void withdraw_telemetry(const struct setup_record *record, enum edit_json how, struct buf *text) {
    static const char *const names[] = {"CLAUDE_CODE_ENABLE_TELEMETRY", "OTEL_LOGS_EXPORTER", "OTEL_METRICS_EXPORTER",
                                        "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_ENDPOINT"};
    char endpoint[300];
    snprintf(endpoint, sizeof(endpoint), "\"http://%s\"", record->otlp);
    const char *const values[] = {"\"1\"", "\"otlp\"", "\"otlp\"", "\"http/protobuf\"", endpoint};
    const char *const env[] = {"env"}, *const telemetry[] = {"telemetry"};
    if (how == EDIT_JSON) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const char *const path[] = {"env", names[i]};
            edit_json_drop_member(text, how, path, 2, values[i]);
        }
        if (setup_record_made(record, "env")) {
            edit_json_drop_member(text, how, env, 1, NULL);
        }
        return;
    }
    static const char *const members[] = {"enabled", "target", "otlpEndpoint", "otlpProtocol", "logPrompts"};
    const char *const ours[] = {"true", "\"local\"", endpoint, "\"http\"", "false"};
    const char *const end[] = {"telemetry", "otlpEndpoint"};
    struct bytes value;
    bool same = edit_json_get(bytes_of_buf(text), how, end, 2, &value) && bytes_is(value, endpoint);
    for (size_t i = 0; same && i < 5; i++) {
        const char *const path[] = {"telemetry", members[i]};
        edit_json_drop_member(text, how, path, 2, ours[i]);
    }
    if (same) {
        edit_json_drop_member(text, how, telemetry, 1, NULL);
    }
}

static int withdraw_json(const struct setup_place *place, const char *own, struct setup_record *record, struct buf *text,
                         bool *ret_empty, struct err *err) {
    enum edit_json how = place->form == SETUP_JSON ? EDIT_JSON : EDIT_JSONC;
    const char *const hooks[] = {"hooks"};
    int rc = edit_json_drop(text, how, "hooks", "hooks", own, was_made, record, err);
    if (rc < 0) return rc;
    if (record != NULL) {
        for (size_t i = 0; i < record->n_made; i++) { /* lists that somebody else emptied */
            const char *const list[] = {"hooks", record->made[i] + strlen("hooks/")};
            if (strncmp(record->made[i], "hooks/", strlen("hooks/")) == 0) {
                edit_json_drop_member(text, how, list, 2, NULL);
            }
        }
        if (setup_record_made(record, "hooks")) {
            edit_json_drop_member(text, how, hooks, 1, NULL);
        }
        if (record->otlp[0] != '\0') {
            withdraw_telemetry(record, how, text);
        }
    }
    size_t braces = 0, others = 0;
    for (size_t i = 0; i < text->n; i++) {
        braces += text->p[i] == '{' || text->p[i] == '}';
        others += strchr("{} \t\r\n", text->p[i]) == NULL;
    }
    *ret_empty = braces <= 2 && others == 0;
    return 0;
}

int setup_withdraw(const struct setup_place *place, const char *own, struct setup_record *record, struct buf *text,
                   bool *ret_empty, struct err *err) {
    int rc = place->form == SETUP_TOML ? setup_withdraw_toml(own, record, text, ret_empty, err)
                                       : withdraw_json(place, own, record, text, ret_empty, err);
    return rc == 0 ? setup_check(place->form, bytes_of_buf(text), err) : rc;
}

/* ---- what silences hooks ---- */

static bool is_true(struct bytes text, enum edit_json how, const char *a, const char *b, const char *value) {
    const char *const path[] = {a, b};
    struct bytes found;
    return edit_json_get(text, how, path, b != NULL ? 2 : 1, &found) && bytes_is(found, value);
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

static bool managed_says(const struct setup_world *world, const struct setup_place *place, const char *below,
                         char why[SETUP_WHY_MAX]) {
    struct buf text = {.max = EDIT_TEXT_MAX};
    char path[FILE_PATH_MAX];
    bool silenced = false;
    if (snprintf(path, sizeof(path), "%s%s", world->root, below) < (int)sizeof(path) &&
        file_read_regular(path, &text, NULL) == 0) {
        struct bytes b = bytes_of_buf(&text);
        silenced = place->agent->form == SETUP_TOML ? toml_says(b, "", "allow_managed_hooks_only", "true")
                                                    : is_true(b, EDIT_JSONC, "allowManagedHooksOnly", NULL, "true") ||
                                                          is_true(b, EDIT_JSONC, "disableAllHooks", NULL, "true");
    }
    if (silenced) {
        snprintf(why, SETUP_WHY_MAX, "'%.400s' lets no hooks of users run", path);
    }
    buf_done(&text);
    return silenced;
}

/* Files beside the managed settings count too. */
static bool managed_dir_says(const struct setup_world *world, const struct setup_place *place, char why[SETUP_WHY_MAX]) {
    static const char below[] = "/etc/claude-code/managed-settings.d";
    char path[FILE_PATH_MAX];
    bool silenced = false;
    const struct dirent *entry;
    DIR *dir = snprintf(path, sizeof(path), "%s%s", world->root, below) < (int)sizeof(path) ? opendir(path) : NULL;
    while (dir != NULL && !silenced && (entry = readdir(dir)) != NULL) {
        char name[sizeof(below) + sizeof(entry->d_name) + 1];
        snprintf(name, sizeof(name), "%s/%s", below, entry->d_name);
        silenced = entry->d_name[0] != '.' && managed_says(world, place, name, why);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return silenced;
}

bool setup_silenced(const struct setup_world *world, const struct setup_place *place, struct bytes text,
                    char why[SETUP_WHY_MAX]) {
    switch (place->agent->form) {
    case SETUP_JSON:
        if (is_true(text, EDIT_JSON, "disableAllHooks", NULL, "true")) {
            snprintf(why, SETUP_WHY_MAX, "its settings have disableAllHooks: no hook runs");
            return true;
        }
        return managed_says(world, place, "/etc/claude-code/managed-settings.json", why) ||
               managed_dir_says(world, place, why);
    case SETUP_JSONC:
        if (is_true(text, EDIT_JSONC, "hooksConfig", "enabled", "false")) {
            snprintf(why, SETUP_WHY_MAX, "its settings have hooksConfig.enabled false: no hook runs");
            return true;
        }
        return false;
    case SETUP_TOML:
        if (place->form == SETUP_TOML && toml_says(text, "features", "hooks", "false")) {
            snprintf(why, SETUP_WHY_MAX, "its settings have [features] hooks = false: no hook runs");
            return true;
        }
        return managed_says(world, place, "/etc/codex/requirements.toml", why);
    case SETUP_NONE:
    case SETUP_PLUGIN:
        break;
    }
    return false;
}
