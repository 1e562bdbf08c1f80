/* Reading DIR/config: a handful of settings, checked one by one, unknown ones refused so that a typo does not pass. */
#include "ledger/core/config.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/tree/line.h"

#define CONFIG_FILE_MAX 65536

const char *const config_methods[CONFIG_METHODS] = {"btrfs", "zfs", "lvm"};

static int set_number(struct bytes value, uint64_t min, uint64_t max, uint64_t *ret, const char *name, struct err *err) {
    uint64_t v;
    if (text_parse_u64(value, &v) != 0 || v < min || v > max) {
        return err_set(err, ERR_INVALID, "'%s' must be a whole number from %llu to %llu", name, (unsigned long long)min,
                       (unsigned long long)max);
    }
    *ret = v;
    return 0;
}

static int set_text(struct bytes value, char *ret, size_t size, const char *name, struct err *err) {
    if (value.n == 0 || value.n >= size || memchr(value.p, 0, value.n) != NULL) {
        return err_set(err, ERR_INVALID, "'%s' must be a text of 1 to %zu bytes", name, size - 1);
    }
    memcpy(ret, value.p, value.n);
    ret[value.n] = '\0';
    return 0;
}

/* Relative paths are below the ledger's directory. */
static int set_path(struct bytes value, const char *dir, char ret[FILE_PATH_MAX], const char *name, struct err *err) {
    char text[FILE_PATH_MAX];
    if (value.n == 0 || value.n >= sizeof(text) || memchr(value.p, 0, value.n) != NULL) {
        return err_set(err, ERR_INVALID, "'%s' must be a path", name);
    }
    int rc = set_text(value, text, sizeof(text), name, err);
    if (rc == 0 && text[0] == '/') {
        memcpy(ret, text, value.n + 1);
        return 0;
    }
    return rc == 0 ? file_join(ret, dir, text, err) : rc;
}

static int set_hours(struct bytes value, uint64_t *ret, struct err *err) {
    int rc = set_number(value, 0, 24 * 366, ret, "rotate_hours", err);
    if (rc == 0 && *ret > 0 && *ret < 24) {
        rc = err_set(err, ERR_INVALID, "'rotate_hours' must be 0 or at least 24");
    }
    return rc;
}

/* Of models and steps. ERR_NOTFOUND: it is none of those. */
static int set_step(struct config *config, const char *dir, struct bytes name, struct bytes value, struct err *err) {
    const struct {
        const char *name;
        uint64_t *number;
        char *text;
        size_t size;
    } settings[] = {{"step_user", NULL, config->step_user, sizeof(config->step_user)},
                    {"model_url", NULL, config->model_url, sizeof(config->model_url)},
                    {"model", NULL, config->model, sizeof(config->model)},
                    {"model_tokens", &config->model_tokens, NULL, 0},
                    {"model_cost", &config->model_cost, NULL, 0},
                    {"model_prompt_price", &config->model_prompt_price, NULL, 0},
                    {"model_answer_price", &config->model_answer_price, NULL, 0}};
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (!bytes_is(name, settings[i].name)) continue;
        return settings[i].number != NULL ? set_number(value, 0, INT64_MAX, settings[i].number, settings[i].name, err)
                                          : set_text(value, settings[i].text, settings[i].size, settings[i].name, err);
    }
    if (bytes_is(name, "model_key")) return set_path(value, dir, config->model_key, "model_key", err);
    if (!bytes_is(name, "model_protocol")) return ERR_NOTFOUND;
    config->model_openai = bytes_is(value, "openai");
    return config->model_openai || bytes_is(value, "ollama")
               ? 0
               : err_set(err, ERR_INVALID, "'model_protocol' must be ollama or openai");
}

static int put_text(struct config_command *c, size_t *at, struct bytes text) {
    bool fits = text.n > 0 && text.n < sizeof(c->text) - *at && memchr(text.p, 0, text.n) == NULL;
    if (!fits) return -1;
    memcpy(c->text + *at, text.p, text.n);
    *at += text.n;
    c->text[(*at)++] = '\0';
    c->n++;
    return 0;
}

static bool has_text(const struct config_command *c, const char *text) {
    const char *at = c->text;
    for (size_t i = 0; i < c->n; i++, at += strlen(at) + 1) {
        if (strstr(at, text) != NULL) return true;
    }
    return false;
}

/* What takes a snapshot must be told what to hold: else it could be of anything. */
static int set_command(struct bytes value, bool takes, struct config_command *ret, const char *name, struct err *err) {
    struct config_command c = {.n = 0};
    struct buf mp = {.max = 2 * CONFIG_COMMAND_MAX};
    struct mp_reader r;
    struct mp_item list, item;
    size_t at = 0;
    int rc = value.n <= CONFIG_COMMAND_MAX && json_to_mp(value, &mp, NULL) == 0 ? 0 : -1;
    mp_reader_init(&r, bytes_of_buf(&mp));
    if (rc == 0) rc = mp_take(&r, MP_ARRAY, &list) ? 0 : -1;
    for (uint32_t i = 0; rc == 0 && i < list.count; i++) {
        rc = mp_take(&r, MP_STR, &item) ? put_text(&c, &at, item.data) : -1;
    }
    buf_done(&mp);
    if (rc != 0 || c.n == 0 || c.text[0] != '/') {
        return err_set(err, ERR_INVALID,
                       "'%s' must be a JSON list of texts of at most %d bytes, the first an absolute path: "
                       "[\"/sbin/zfs\", \"snapshot\", \"${source}@${name}\"]",
                       name, CONFIG_COMMAND_MAX);
    }
    if (!has_text(&c, "${name}") || (takes && !has_text(&c, "${path}") && !has_text(&c, "${source}"))) {
        return err_set(err, ERR_INVALID, "'%s' must contain ${name}%s", name, takes ? ", and ${path} or ${source}" : "");
    }
    *ret = c;
    return 0;
}

/* ERR_NOTFOUND: it is none of snapshots. */
static int set_snapshot(struct config *config, struct bytes name, struct bytes value, struct err *err) {
    for (size_t i = 0; i < 2 * CONFIG_METHODS; i++) {
        char known[64];
        bool takes = i < CONFIG_METHODS;
        size_t m = i % CONFIG_METHODS;
        snprintf(known, sizeof(known), "snapshot_%s%s", config_methods[m], takes ? "" : "_check");
        if (bytes_is(name, known)) {
            return set_command(value, takes, takes ? &config->take[m] : &config->check[m], known, err);
        }
    }
    return ERR_NOTFOUND;
}

static int set(struct config *config, const char *dir, struct bytes name, struct bytes value, struct err *err) {
    if (bytes_is(name, "map_bytes")) {
        return set_number(value, CONFIG_MAP_MIN, CONFIG_MAP_MAX, &config->map_bytes, "map_bytes", err);
    }
    if (bytes_is(name, "rotate_hours")) return set_hours(value, &config->rotate_hours, err);
    if (bytes_is(name, "keys")) return set_path(value, dir, config->keys, "keys", err);
    int rc = set_step(config, dir, name, value, err);
    if (rc == ERR_NOTFOUND) rc = set_snapshot(config, name, value, err);
    return rc != ERR_NOTFOUND
               ? rc
               : err_set(err, ERR_INVALID,
                         "'%.*s' is unknown, expected map_bytes, rotate_hours, keys, step_user, model, model_url, "
                         "model_protocol, model_key, model_tokens, model_cost, model_prompt_price, model_answer_price, "
                         "snapshot_METHOD, snapshot_METHOD_check (METHOD: btrfs, zfs, lvm)",
                         (int)name.n, (const char *)name.p);
}

static int decode(struct config *config, const char *dir, struct bytes text, struct err *err) {
    struct line_reader lines;
    struct bytes line;
    line_init(&lines, text);
    while (line_next(&lines, &line)) {
        line = text_trim(line);
        if (line.n == 0 || line.p[0] == '#') continue;
        const uint8_t *eq = memchr(line.p, '=', line.n);
        int rc = eq == NULL ? err_set(err, ERR_INVALID, "must be 'name = value'")
                            : set(config, dir, text_trim((struct bytes){line.p, (size_t)(eq - line.p)}),
                                  text_trim((struct bytes){eq + 1, line.n - (size_t)(eq + 1 - line.p)}), err);
        if (rc != 0) {
            err_prefix(err, "line %zu", lines.number);
            return rc;
        }
    }
    return lines.rest.n == 0 ? 0 : err_set(err, ERR_INVALID, "the last line is cut off: it does not end in a line feed");
}

/* What holds of several settings. */
static int check_together(const struct config *config, struct err *err) {
    bool priced = config->model_prompt_price > 0 && config->model_answer_price > 0;
    return config->model_cost == 0 || priced
               ? 0
               : err_set(err, ERR_INVALID,
                         "'model_cost' needs model_prompt_price and model_answer_price, both above 0: without them no call "
                         "has a cost");
}

int config_load(const char *dir, struct config *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct config config = {.map_bytes = CONFIG_MAP_DEFAULT, .rotate_hours = 24};
    struct buf text = {.max = CONFIG_FILE_MAX};
    int rc = file_join(path, dir, "config", err);
    if (rc == 0) rc = file_join(config.keys, dir, "keys", err);
    if (rc != 0) return rc;
    if (file_exists(path)) {
        rc = file_read_regular(path, &text, err);
        if (rc == 0) {
            rc = decode(&config, dir, bytes_of_buf(&text), err);
            if (rc == 0) rc = check_together(&config, err);
            if (rc != 0) err_prefix(err, "'%s'", path);
        }
    }
    buf_done(&text);
    if (rc == 0) {
        *ret = config;
    }
    return rc;
}

int config_encode(struct buf *out, uint64_t map_bytes) {
    return buf_printf(out,
                      "# Settings of this ledger. map_bytes is the quota of the evidence database.\nmap_bytes = %llu\n",
                      (unsigned long long)map_bytes);
}
