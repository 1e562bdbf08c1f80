/* Each form's entries. A hook's command is one line for a shell, the same in all of them:
 *
 *   /usr/bin/ledger -C /srv/box ingest hook --lenient --actor agent:codex
 *
 * It prints nothing and exits with 0 whatever happens. Entries go last, since Codex numbers hooks by their place. */
#include "capture/setup/insert.h"

#include <stdio.h>
#include <string.h>

#include "base/edit/hooks.h"
#include "base/edit/toml.h"
#include "base/json.h"
#include "base/text.h"

#define TIMEOUT_S 5

void setup_mark(const struct setup_agent *agent, char ret[SETUP_MARK_MAX]) {
    snprintf(ret, SETUP_MARK_MAX, " ingest hook --lenient --actor agent:%s", agent->name);
}

static enum edit_json json_form(enum setup_form form) {
    return form == SETUP_JSON ? EDIT_JSON : EDIT_JSONC;
}

static enum edit_hooks hooks_form(enum setup_form form) {
    return form == SETUP_TOML ? EDIT_HOOKS_TOML : form == SETUP_JSON ? EDIT_HOOKS_JSON : EDIT_HOOKS_JSONC;
}

/* The command as a string of JSON, which is one of TOML too; ends with NUL. */
static void put_command(const struct setup_world *world, const struct setup_place *place, struct buf *out) {
    struct buf command = {.max = 4 * FILE_PATH_MAX};
    char mark[SETUP_MARK_MAX];
    setup_mark(place->agent, mark);
    buf_printf(&command, "%s%s", world->prefix, mark);
    json_put_str(out, bytes_of_buf(&command));
    buf_put_u8(out, '\0');
    buf_done(&command);
}

int setup_own(const struct setup_world *world, const struct setup_place *place, const struct setup_record *record,
              struct buf *ret, struct err *err) {
    struct buf command = {.max = 8 * FILE_PATH_MAX};
    char mark[SETUP_MARK_MAX];
    setup_mark(place->agent, mark);
    put_command(world, place, &command);
    struct bytes all = record != NULL ? bytes_of_buf(&record->edit.inserted) : bytes_of_buf(&command);
    size_t end = edit_find(all, 0, mark), start = end;
    while (end != SIZE_MAX && start > 0 && (all.p[start - 1] != '"' || (start > 1 && all.p[start - 2] == '\\'))) {
        start--;
    }
    if (end != SIZE_MAX) {
        struct bytes whole = {all.p + start, end + strlen(mark) - start};
        size_t dir = edit_find(whole, 0, " -C ");
        dir = dir != SIZE_MAX ? dir : 0;
        buf_put(ret, whole.p + dir, whole.n - dir);
    } else {
        buf_put_str(ret, mark); /* a plugin has no such command */
    }
    buf_put_u8(ret, '\0');
    buf_done(&command);
    return buf_check(ret, "the command of a hook", err);
}

int setup_check(enum setup_form form, struct bytes text, struct err *err) {
    return form == SETUP_TOML                          ? edit_toml_check(text, err)
           : form == SETUP_JSON || form == SETUP_JSONC ? edit_json_check(text, json_form(form), err)
                                                       : 0;
}

/* ---- a plugin ---- */

/* What the file has in any version of it. */
static void plugin_mark(const struct setup_agent *agent, char ret[SETUP_MARK_MAX]) {
    if (agent->own != NULL) {
        setup_mark(agent, ret);
    } else {
        snprintf(ret, SETUP_MARK_MAX, "\"agent:%s\"", agent->name);
    }
}

/* goose reads a decision from standard output, and waits: nothing is printed, and a hook that fails is passed over. */
static void put_hooks(const struct setup_world *world, const struct setup_place *place, struct buf *out) {
    struct buf command = {.max = 8 * FILE_PATH_MAX};
    put_command(world, place, &command);
    buf_put_str(out, "{\n  \"hooks\": {\n");
    for (size_t i = 0; place->agent->events[i] != NULL; i++) {
        buf_printf(out, "    \"%s\": [{\"hooks\": [{\"type\": \"command\", \"command\": %s, \"timeout\": %d}]}]%s\n",
                   place->agent->events[i], (const char *)command.p, TIMEOUT_S,
                   place->agent->events[i + 1] != NULL ? "," : "");
    }
    buf_put_str(out, "  }\n}\n");
    buf_done(&command);
}

static void put_plugin(const struct setup_world *world, const struct setup_place *place, struct buf *out) {
    if (place->agent->own != NULL) {
        put_hooks(world, place, out);
        return;
    }
    buf_put_str(out, "// Written by 'ledger setup --apply opencode'; 'ledger setup --undo opencode' removes it.\n"
                     "import { spawn } from \"node:child_process\"\n\nconst command = [");
    for (size_t i = 0; world->argv[i] != NULL; i++) {
        json_put_str(out, bytes_of(world->argv[i]));
        buf_put_str(out, ", ");
    }
    buf_put_str(
        out,
        "\"ingest\", \"hook\", \"--lenient\", \"--actor\", \"agent:opencode\"]\n\n"
        "// Never throws and never waits: opencode's work does not depend on it.\n"
        "const record = (what) => {\n"
        "  try {\n"
        "    const child = spawn(command[0], command.slice(1), { stdio: [\"pipe\", \"ignore\", \"ignore\"] })\n"
        "    child.on(\"error\", () => {})\n"
        "    child.stdin.on(\"error\", () => {})\n"
        "    child.stdin.end(JSON.stringify(what) + \"\\n\")\n"
        "    child.unref()\n"
        "  } catch {}\n"
        "}\n\n"
        "export const Ledger = async () => ({\n"
        "  event: async ({ event }) => {\n"
        "    if (event?.type?.startsWith(\"permission.\")) record(event)\n"
        "  },\n"
        "  \"tool.execute.before\": async (input, output) => record({ type: \"tool.execute.before\", input, output }),\n"
        "  \"tool.execute.after\": async (input, output) => record({ type: \"tool.execute.after\", input, output }),\n"
        "})\n");
}

int setup_count(const struct setup_world *world, const struct setup_place *place, struct bytes text, size_t *ret_ours,
                size_t *ret_same, struct err *err) {
    struct buf command = {.max = 8 * FILE_PATH_MAX};
    char mark[SETUP_MARK_MAX];
    int rc = 0;
    setup_mark(place->agent, mark);
    if (place->form == SETUP_PLUGIN) {
        put_plugin(world, place, &command);
        plugin_mark(place->agent, mark);
        *ret_ours = edit_find(text, 0, mark) != SIZE_MAX;
        *ret_same = bytes_eq(text, bytes_of_buf(&command));
    } else {
        put_command(world, place, &command);
        rc = edit_hooks_count(hooks_form(place->form), text, mark, (const char *)command.p, ret_ours, ret_same, err);
    }
    buf_done(&command);
    return rc;
}

/* ---- insertion ---- */

static void add_note(char note[SETUP_WHY_MAX], const char *what) {
    size_t n = strlen(note);
    snprintf(note + n, SETUP_WHY_MAX - n, "%s%s", n > 0 ? "; " : "", what);
}

static void made(struct setup_record *record, const char *path) {
    if (record->n_made < SETUP_MADE_MAX) {
        snprintf(record->made[record->n_made++], sizeof(record->made[0]), "%s", path);
    }
}

static int insert_json_hooks(const struct setup_place *place, struct setup_record *record, const char *command,
                             struct err *err) {
    const struct setup_agent *agent = place->agent;
    unsigned timeout = TIMEOUT_S * 1000 / agent->timeout_unit;
    int rc = 0;
    for (size_t i = 0; rc == 0 && agent->events[i] != NULL; i++) {
        const char *path[] = {"hooks", agent->events[i]};
        struct buf entry = {.max = 16 * FILE_PATH_MAX};
        char name[64];
        size_t existed = 2;
        bool waits = agent->form == SETUP_JSONC || strcmp(agent->events[i], "SessionEnd") == 0;
        buf_printf(&entry, "{\"matcher\":\"*\",\"hooks\":[{\"type\":\"command\",\"command\":%s,\"timeout\":%u%s}]}",
                   command, timeout, waits ? "" : ",\"async\":true");
        buf_put_u8(&entry, '\0');
        rc = buf_check(&entry, "a hook", err);
        if (rc == 0) {
            rc = edit_json_put(&record->edit, json_form(place->form), path, 2, true, (const char *)entry.p, &existed, err);
        }
        buf_done(&entry);
        snprintf(name, sizeof(name), "hooks/%s", agent->events[i]);
        if (rc == 0 && existed < 1) made(record, "hooks");
        if (rc == 0 && existed < 2) made(record, name);
    }
    return rc;
}

struct member {
    const char *key, *value;
};
static const struct member claude_env[] = {{"CLAUDE_CODE_ENABLE_TELEMETRY", "\"1\""},
                                           {"OTEL_LOGS_EXPORTER", "\"otlp\""},
                                           {"OTEL_METRICS_EXPORTER", "\"otlp\""},
                                           {"OTEL_EXPORTER_OTLP_PROTOCOL", "\"http/protobuf\""},
                                           {"OTEL_EXPORTER_OTLP_ENDPOINT", NULL}};
#define CLAUDE_ENV (sizeof(claude_env) / sizeof(claude_env[0]))

/* The value of a member of env; of the endpoint, by the address. */
static const char *env_value(size_t i, const char *otlp, char room[300]) {
    if (claude_env[i].value != NULL) return claude_env[i].value;
    snprintf(room, 300, "\"http://%s\"", otlp);
    return room;
}

static int insert_env(const struct setup_world *world, struct setup_record *record, char note[SETUP_WHY_MAX],
                      struct err *err) {
    static const char *const owns[] = {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                                       "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                                       "OTEL_LOGS_EXPORTER",
                                       "OTEL_METRICS_EXPORTER",
                                       "CLAUDE_CODE_ENABLE_TELEMETRY",
                                       "OTEL_EXPORTER_OTLP_PROTOCOL",
                                       "OTEL_EXPORTER_OTLP_ENDPOINT"};
    struct bytes found;
    int rc = 0;
    for (size_t i = 0; i < sizeof(owns) / sizeof(owns[0]); i++) {
        const char *path[] = {"env", owns[i]};
        if (world->env(owns[i]) != NULL || edit_json_get(bytes_of_buf(&record->edit.text), EDIT_JSON, path, 2, &found)) {
            snprintf(note, SETUP_WHY_MAX, "its telemetry is configured already (%s) and stays as it is", owns[i]);
            return 0;
        }
    }
    for (size_t i = 0; rc == 0 && i < CLAUDE_ENV; i++) {
        const char *path[] = {"env", claude_env[i].key};
        char room[300];
        size_t existed = 1;
        rc = edit_json_put(&record->edit, EDIT_JSON, path, 2, false, env_value(i, world->otlp, room), &existed, err);
        if (rc == 0 && existed < 1) made(record, "env");
    }
    snprintf(record->otlp, sizeof(record->otlp), "%s", world->otlp);
    return rc;
}

static void gemini_telemetry(const char *otlp, char ret[512]) {
    snprintf(ret, 512,
             "{\"enabled\":true,\"target\":\"local\",\"otlpEndpoint\":\"http://%s\",\"otlpProtocol\":\"http\","
             "\"logPrompts\":false}",
             otlp);
}

static int insert_json(const struct setup_world *world, const struct setup_place *place, struct setup_record *record,
                       const char *command, char note[SETUP_WHY_MAX], struct err *err) {
    static const char *const telemetry[] = {"telemetry"};
    char value[512];
    size_t existed;
    int rc = insert_json_hooks(place, record, command, err);
    if (rc != 0 || world->otlp == NULL) return rc;
    if (place->agent->form == SETUP_JSON) return insert_env(world, record, note, err);
    if (place->agent->form == SETUP_TOML) {
        snprintf(note, SETUP_WHY_MAX, "its hooks are in hooks.json, and telemetry is not inserted beside them");
        return 0;
    }
    gemini_telemetry(world->otlp, value);
    rc = edit_json_put(&record->edit, EDIT_JSONC, telemetry, 1, false, value, &existed, err);
    if (rc == 1) {
        snprintf(note, SETUP_WHY_MAX, "its telemetry is configured already and stays as it is");
        return 0;
    }
    snprintf(record->otlp, sizeof(record->otlp), "%s", world->otlp);
    return rc;
}

/* What is there already: something that tables of ours cannot be added to, and a table of telemetry. */
static int look_toml(struct bytes text, const struct setup_agent *agent, bool *ret_otel, struct err *err) {
    struct edit_toml_item item;
    char table[EDIT_TOML_KEY_MAX] = "", name[64];
    size_t at = 0;
    int rc;
    *ret_otel = false;
    while ((rc = edit_toml_next(text, &at, &item, err)) == 0) {
        bool pair = item.what == EDIT_TOML_PAIR;
        bool root = pair && table[0] == '\0';
        *ret_otel = *ret_otel || (strncmp(item.key, "otel", 4) == 0 && (root || !pair) && strchr(".", item.key[4]) != NULL);
        bool taken = root && strncmp(item.key, "hooks", 5) == 0 && strchr(".", item.key[5]) != NULL;
        for (size_t i = 0; agent->events[i] != NULL; i++) {
            snprintf(name, sizeof(name), "hooks.%s", agent->events[i]);
            taken = taken || (item.what == EDIT_TOML_TABLE && strcmp(item.key, name) == 0) ||
                    (pair && strcmp(table, "hooks") == 0 && strcmp(item.key, agent->events[i]) == 0);
        }
        if (taken) {
            return err_set(err, ERR_CONFLICT,
                           "'%s' is written in a form that tables cannot be added to ([[hooks.NAME]] can)", item.key);
        }
        if (!pair) {
            memcpy(table, item.key, sizeof(table));
        }
    }
    return rc == 1 ? 0 : rc;
}

/* Where a key of the document itself can go: after the last of them, else at the beginning; false: there is a notify already. */
static bool find_root(struct bytes text, size_t *ret_at) {
    struct edit_toml_item item;
    *ret_at = edit_bom(text);
    for (size_t at = 0; edit_toml_next(text, &at, &item, NULL) == 0 && item.what == EDIT_TOML_PAIR; *ret_at = at) {
        if (strcmp(item.key, "notify") == 0) return false;
    }
    return true;
}

/* The program that Codex tells of the end of a turn: there is one, and the user's own stays. */
static int insert_notify(const struct setup_world *world, const struct setup_place *place, struct setup_record *record,
                         const char *eol, char note[SETUP_WHY_MAX], struct err *err) {
    static const char *const words[] = {"ingest", "hook", "--lenient", "--actor"};
    const struct buf *text = &record->edit.text;
    struct buf line = {.max = EDIT_TEXT_MAX};
    char actor[96];
    size_t at;
    if (!find_root(bytes_of_buf(text), &at)) {
        add_note(note, "its notify is another program's and stays as it is");
        return 0;
    }
    snprintf(actor, sizeof(actor), "agent:%s", place->agent->name);
    buf_printf(&line, "%s" SETUP_NOTIFY "[",
               at > 0 && text->p[at - 1] != '\n' && at > edit_bom(bytes_of_buf(text)) ? eol : "");
    for (size_t i = 0; world->argv[i] != NULL; i++) {
        json_put_str(&line, bytes_of(world->argv[i]));
        buf_put_str(&line, ", ");
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        buf_printf(&line, "\"%s\", ", words[i]);
    }
    buf_printf(&line, "\"%s\", \"--record\"]%s", actor, eol);
    int rc = buf_check(&line, "what is inserted", err);
    if (rc == 0) rc = edit_insert(&record->edit, at, bytes_of_buf(&line), err);
    buf_done(&line);
    return rc;
}

static int append_toml(struct setup_record *record, const char *eol, struct buf *block, struct err *err) {
    struct buf out = {.max = EDIT_TEXT_MAX};
    const struct buf *text = &record->edit.text;
    if (text->n > 0 && text->p[text->n - 1] != '\n') {
        buf_put_str(&out, eol);
    }
    if (text->n > 0) {
        buf_put_str(&out, eol);
    }
    for (size_t i = 0; i < block->n; i++) {
        if (block->p[i] == '\n') {
            buf_put_str(&out, eol);
        } else {
            buf_put_u8(&out, block->p[i]);
        }
    }
    int rc = edit_insert(&record->edit, text->n, bytes_of_buf(&out), err);
    buf_done(&out);
    buf_clear(block);
    return rc;
}

static int insert_toml(const struct setup_world *world, const struct setup_place *place, struct setup_record *record,
                       const char *command, char note[SETUP_WHY_MAX], struct err *err) {
    struct buf block = {.max = 16 * FILE_PATH_MAX};
    struct bytes text = bytes_of_buf(&record->edit.text);
    const uint8_t *line = bytes_find(text, '\n');
    const char *eol = line != NULL && line > text.p && line[-1] == '\r' ? "\r\n" : "\n";
    bool otel = false;
    int rc = look_toml(text, place->agent, &otel, err);
    if (rc == 0) rc = insert_notify(world, place, record, eol, note, err);
    if (rc == 0 && world->otlp != NULL && otel) {
        add_note(note, "its telemetry is configured already ([otel]) and stays as it is");
    } else if (rc == 0 && world->otlp != NULL) {
        buf_printf(&block, "[otel]\nexporter = " SETUP_EXPORTER "\ntrace_exporter = " SETUP_EXPORTER "\n", world->otlp,
                   "logs", world->otlp, "traces");
        snprintf(record->otlp, sizeof(record->otlp), "%s", world->otlp);
        rc = append_toml(record, eol, &block, err);
    }
    for (size_t i = 0; rc == 0 && place->agent->events[i] != NULL; i++) {
        const char *event = place->agent->events[i];
        buf_printf(&block, "[[hooks.%s]]\n[[hooks.%s.hooks]]\ntype = \"command\"\ncommand = %s\ntimeout = %d\n%s", event,
                   event, command, strcmp(event, "SessionEnd") == 0 ? 3 : TIMEOUT_S,
                   strcmp(event, "SessionEnd") == 0 ? "" : "async = true\n");
        rc = append_toml(record, eol, &block, err);
    }
    buf_done(&block);
    return rc;
}

/* By what the hooks are found again, in the text with them. */
static int describe(const struct setup_world *world, const struct setup_place *place, const char *command,
                    struct setup_record *record, struct err *err) {
    static const char *const forms[] = {
        [SETUP_JSON] = "json", [SETUP_JSONC] = "jsonc", [SETUP_TOML] = "toml", [SETUP_PLUGIN] = "file"};
    bool file = place->form == SETUP_PLUGIN;
    size_t ours;
    record->form = forms[place->form];
    snprintf(record->agent, sizeof(record->agent), "%s", place->agent->name);
    if (file) {
        plugin_mark(place->agent, record->mark);
    } else {
        setup_mark(place->agent, record->mark);
    }
    if (snprintf(record->command, sizeof(record->command), "%s", file ? "" : command) >= (int)sizeof(record->command)) {
        return err_set(err, ERR_LIMIT, "the command of a hook is too long");
    }
    return setup_count(world, place, bytes_of_buf(&record->edit.text), &ours, &record->hooks, err);
}

int setup_insert(const struct setup_world *world, const struct setup_place *place, struct setup_record *record,
                 char note[SETUP_WHY_MAX], struct err *err) {
    struct buf command = {.max = 8 * FILE_PATH_MAX}, plugin = {.max = EDIT_TEXT_MAX};
    int rc;
    note[0] = '\0';
    put_command(world, place, &command);
    if (place->form == SETUP_PLUGIN) {
        put_plugin(world, place, &plugin);
        rc = buf_check(&plugin, "the plugin", err);
        if (rc == 0) rc = edit_insert(&record->edit, 0, bytes_of_buf(&plugin), err);
    } else if (place->form == SETUP_TOML) {
        rc = insert_toml(world, place, record, (const char *)command.p, note, err);
    } else {
        rc = insert_json(world, place, record, (const char *)command.p, note, err);
    }
    if (rc == 0) rc = setup_check(place->form, bytes_of_buf(&record->edit.text), err);
    if (rc == 0) rc = describe(world, place, (const char *)command.p, record, err);
    buf_done(&command);
    buf_done(&plugin);
    return rc;
}
