/* Taking entries back from settings that somebody changed meanwhile. */
#include <stdio.h>
#include <string.h>

#include "base/edit/json.h"
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
