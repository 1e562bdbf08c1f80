/* Reading DIR/config: a handful of settings, checked one by one, unknown ones refused so that a typo does not pass. */
#include "ledger/core/config.h"

#include <string.h>

#include "base/text.h"
#include "ledger/tree/line.h"

#define CONFIG_FILE_MAX 65536

static struct bytes trim(struct bytes s) {
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r')) {
        s.n--;
    }
    return s;
}

static int set_number(struct bytes value, uint64_t min, uint64_t max, uint64_t *ret, const char *name, struct err *err) {
    uint64_t v;
    if (text_parse_u64(value, &v) != 0 || v < min || v > max) {
        return err_set(err, ERR_INVALID, "'%s' must be a whole number from %llu to %llu", name, (unsigned long long)min,
                       (unsigned long long)max);
    }
    *ret = v;
    return 0;
}

static int set(struct config *config, const char *dir, struct bytes name, struct bytes value, struct err *err) {
    char text[FILE_PATH_MAX];
    if (bytes_is(name, "map_bytes")) {
        return set_number(value, CONFIG_MAP_MIN, CONFIG_MAP_MAX, &config->map_bytes, "map_bytes", err);
    }
    if (bytes_is(name, "rotate_hours")) {
        int rc = set_number(value, 0, 24 * 366, &config->rotate_hours, "rotate_hours", err);
        if (rc == 0 && config->rotate_hours > 0 && config->rotate_hours < 24) {
            rc = err_set(err, ERR_INVALID, "'rotate_hours' must be 0 or at least 24");
        }
        return rc;
    }
    if (bytes_is(name, "keys")) {
        if (value.n == 0 || value.n >= sizeof(text) || memchr(value.p, 0, value.n) != NULL) {
            return err_set(err, ERR_INVALID, "'keys' must be a path");
        }
        memcpy(text, value.p, value.n);
        text[value.n] = '\0';
        if (text[0] == '/') {
            memcpy(config->keys, text, value.n + 1);
            return 0;
        }
        return file_join(config->keys, dir, text, err);
    }
    return err_set(err, ERR_INVALID, "'%.*s' is unknown, expected map_bytes, rotate_hours, keys", (int)name.n,
                   (const char *)name.p);
}

static int decode(struct config *config, const char *dir, struct bytes text, struct err *err) {
    struct line_reader lines;
    struct bytes line;
    line_init(&lines, text);
    while (line_next(&lines, &line)) {
        line = trim(line);
        if (line.n == 0 || line.p[0] == '#') continue;
        const uint8_t *eq = memchr(line.p, '=', line.n);
        int rc = eq == NULL ? err_set(err, ERR_INVALID, "must be 'name = value'")
                            : set(config, dir, trim((struct bytes){line.p, (size_t)(eq - line.p)}),
                                  trim((struct bytes){eq + 1, line.n - (size_t)(eq + 1 - line.p)}), err);
        if (rc != 0) {
            err_prefix(err, "line %zu", lines.number);
            return rc;
        }
    }
    return lines.rest.n == 0 ? 0 : err_set(err, ERR_INVALID, "the last line is cut off: it does not end in a line feed");
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
        if (rc == 0 && (rc = decode(&config, dir, bytes_of_buf(&text), err)) != 0) {
            err_prefix(err, "'%s'", path);
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
