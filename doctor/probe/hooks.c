/* The probe "hooks": is what setup inserted still in the settings of agents, its hooks and the tap before their servers? It reads setup's records in the ledger's
 * directory (capture/setup/record.c), which say of each file how its hooks are recognised, and then these files. They are
 * parsed: what stands in a comment does not count. An agent may be connected in several files; the worst of them is what is said of it.
 *
 * The digest is that of the changes that were looked at: an agent that was disconnected and connected again is news. An agent that is
 * connected by the log, and has no record, is "unrecorded": otherwise an old observation would pass for a new one. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/edit/hooks.h"
#include "base/edit/mcp.h"
#include "base/edit/silence.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "doctor/probe/source.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#define CHECK       "agent-hook"
#define RECORDS_MAX 256
#define RECORD_MAX  ((size_t)16 << 20)
#define NAMES_MAX   256
#define NAME_MAX_   160

/* The worst first. */
enum status {
    MISSING,
    MISSING_PROJECT,
    UNTAPPED,
    UNTAPPED_PROJECT,
    SILENCED,
    BROKEN,
    DENIED,
    ERROR,
    PARTIAL,
    ELSEWHERE,
    OTHER_TAP,
    WELL,
    STATUSES
};
static const char *const status_words[STATUSES] = {"missing",  "missing_project", "untapped",  "untapped_project",
                                                   "silenced", "broken",          "denied",    "error",
                                                   "partial",  "elsewhere",       "other_tap", "ok"};

struct seen {
    char name[NAME_MAX_]; /* of what setup connected: an agent, or "codex:mcp:files" */
    enum status status;
    char path[FILE_PATH_MAX], detail[ERR_MSG_MAX]; /* of the worst */
    struct buf changes;                            /* nonces of its records */
};

struct looking {
    struct seen seen[NAMES_MAX];
    size_t n;
};

static struct seen *seen_of(struct looking *l, struct bytes name, bool make) {
    for (size_t i = 0; i < l->n; i++) {
        if (bytes_is(name, l->seen[i].name)) return &l->seen[i];
    }
    if (!make || l->n == NAMES_MAX || name.n == 0 || name.n >= NAME_MAX_) return NULL;
    struct seen *s = &l->seen[l->n++];
    memset(s, 0, sizeof(*s));
    snprintf(s->name, sizeof(s->name), "%.*s", (int)name.n, (const char *)name.p);
    s->status = STATUSES;
    s->changes.max = RECORDS_MAX * 64;
    return s;
}

static void say(struct seen *s, enum status status, const char *path, const char *detail) {
    if (status >= s->status) return;
    s->status = status;
    snprintf(s->path, sizeof(s->path), "%s", path);
    snprintf(s->detail, sizeof(s->detail), "%s", detail);
}

/* ---- one file of settings ---- */

/* A text as a string; false: it has a NUL, or does not fit. */
static bool string_of(struct bytes map, const char *name, char *ret, size_t cap) {
    struct bytes text = mp_get_text(map, name);
    return memchr(text.p != NULL ? text.p : (const uint8_t *)"", '\0', text.n) == NULL &&
           snprintf(ret, cap, "%.*s", (int)text.n, (const char *)text.p) < (int)cap;
}

/* Does the server run behind the tap? The record has the tap's words, a line each. One that is not named any more is not started. */
static enum status weigh_server(struct bytes record, struct bytes text, char *words, const char *table, struct err *err) {
    struct bytes form = mp_get_text(record, "form");
    enum edit_mcp_form how = bytes_is(form, "mcp-toml")   ? EDIT_MCP_TOML
                             : bytes_is(form, "mcp-json") ? EDIT_MCP_JSON
                                                          : EDIT_MCP_JSONC;
    struct edit_mcp_list *list = calloc(1, sizeof(*list));
    struct edit_mcp_tap tap = {.program = strsep(&words, "\n")};
    char name[EDIT_MCP_NAME_MAX + 1];
    while (words != NULL && tap.n < sizeof(tap.words) / sizeof(tap.words[0])) {
        tap.words[tap.n++] = strsep(&words, "\n");
    }
    enum status status = ERROR;
    if (list != NULL && string_of(record, "server", name, sizeof(name))) {
        status = edit_mcp_read(how, text, table, list, err) == 0 ? WELL : BROKEN;
        const struct edit_mcp_server *server = status == WELL ? edit_mcp_find(list, name) : NULL;
        enum edit_mcp_state state = server != NULL ? edit_mcp_state(text, server, &tap) : EDIT_MCP_TAPPED;
        status = state == EDIT_MCP_PLAIN ? UNTAPPED : state == EDIT_MCP_OTHER ? OTHER_TAP : status;
    }
    free(list);
    return status;
}

/* What the settings are, by the record. */
static enum status weigh(struct bytes record, struct bytes text, struct err *err) {
    struct bytes form = mp_get_text(record, "form");
    char mark[256], command[4 * FILE_PATH_MAX];
    size_t ours = 0, same = 0;
    uint64_t wanted = mp_get_uint(record, "hooks", 0);
    if (!string_of(record, "mark", mark, sizeof(mark)) || !string_of(record, "command", command, sizeof(command)) ||
        mark[0] == '\0' || wanted == 0) {
        err_set(err, ERR_VERSION, "its record does not say how its hooks are recognised; undo and apply it again");
        return ERROR;
    }
    if (bytes_has_prefix(form, "mcp-")) return weigh_server(record, text, command, mark, err);
    if (bytes_is(form, "file")) {
        uint8_t digest[HASH_LEN], after[HASH_LEN];
        hash_parts(digest, &text, 1);
        if (text_unhex(after, HASH_LEN, mp_get_text(record, "after")) == 0 && memcmp(digest, after, HASH_LEN) == 0) {
            return WELL;
        }
        return edit_find(text, 0, mark) != SIZE_MAX ? ELSEWHERE : MISSING;
    }
    enum edit_hooks how = bytes_is(form, "toml")   ? EDIT_HOOKS_TOML
                          : bytes_is(form, "json") ? EDIT_HOOKS_JSON
                                                   : EDIT_HOOKS_JSONC;
    if (edit_hooks_count(how, text, mark, command, &ours, &same, err) != 0) return BROKEN;
    return same >= wanted ? WELL : same > 0 ? PARTIAL : ours > 0 ? ELSEWHERE : MISSING;
}

/* Of a project, since its settings are connected by another command. */
static bool is_of_project(const char *path) {
    static const char *const ends[] = {"/.claude/settings.local.json", "/.mcp.json"};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i]);
        if (n >= end && strcmp(path + n - end, ends[i]) == 0) return true;
    }
    return false;
}

static enum status of_project(enum status status) {
    return status == MISSING ? MISSING_PROJECT : status == UNTAPPED ? UNTAPPED_PROJECT : status;
}

static void look_at(struct seen *s, const struct probe_box *box, struct bytes record) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = EDIT_TEXT_MAX};
    struct err why = {0};
    enum status status;
    if (!string_of(record, "path", path, sizeof(path)) || path[0] != '/') {
        say(s, ERROR, "", "its record names no file");
        return;
    }
    if (access(path, F_OK) != 0) {
        status = errno == ENOENT || errno == ENOTDIR ? MISSING : errno == EACCES ? DENIED : ERROR;
        err_errno(&why, errno, "'%s'", path);
    } else if (access(path, R_OK) != 0 && errno == EACCES) {
        status = DENIED;
        err_errno(&why, EACCES, "'%s'", path);
    } else if (file_read_regular(path, &text, &why) != 0) {
        status = ERROR;
    } else {
        char silenced[EDIT_SILENCE_MAX];
        status = weigh(record, bytes_of_buf(&text), &why);
        if (status == WELL && edit_silenced(s->name, path, bytes_of_buf(&text), box->root, silenced)) {
            status = SILENCED;
            err_set(&why, ERR_CONFLICT, "%s", silenced);
        }
    }
    say(s, is_of_project(path) ? of_project(status) : status, path, why.msg);
    buf_done(&text);
}

/* ---- records ---- */

static int is_record(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* A record that cannot be read is said of the agent in its file's name: NAME-HASH.json. */
static void take_record(struct looking *l, const struct probe_box *box, const char *path, const char *name) {
    struct buf text = {.max = RECORD_MAX}, map = {.max = 2 * RECORD_MAX};
    struct err why = {0};
    const char *dash = strrchr(name, '-');
    struct bytes agent = {(const uint8_t *)name, dash != NULL ? (size_t)(dash - name) : 0};
    int rc = file_read_regular(path, &text, &why);
    if (rc == 0) rc = json_to_mp(bytes_of_buf(&text), &map, &why);
    struct bytes record = bytes_of_buf(&map);
    if (rc == 0 && mp_get_text(record, "agent").n > 0) agent = mp_get_text(record, "agent");
    struct bytes server = rc == 0 ? mp_get_text(record, "server") : (struct bytes){NULL, 0};
    char of_server[NAME_MAX_];
    if (server.n > 0) {
        snprintf(of_server, sizeof(of_server), "%.*s:mcp:%.*s", (int)agent.n, (const char *)agent.p, (int)server.n,
                 (const char *)server.p);
        agent = bytes_of(of_server);
    }
    struct seen *s = seen_of(l, agent, true);
    if (s != NULL && rc != 0) {
        say(s, ERROR, path, why.msg);
    } else if (s != NULL) {
        buf_put_bytes(&s->changes, mp_get_text(record, "nonce"));
        look_at(s, box, record);
    }
    buf_done(&text);
    buf_done(&map);
}

static int take_records(struct looking *l, const struct probe_box *box, struct err *err) {
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    struct dirent **names = NULL;
    int rc = file_join(dir, box->dir, "setup", err), n = rc == 0 ? scandir(dir, &names, is_record, alphasort) : 0;
    if (n < 0 && errno != ENOENT) return err_errno(err, errno, "'%s'", dir);
    if (n > RECORDS_MAX) rc = err_set(err, ERR_LIMIT, "'%s' has more than %d records", dir, RECORDS_MAX);
    for (int i = 0; i < n; i++) {
        if (rc == 0) rc = file_join(path, dir, names[i]->d_name, err);
        if (rc == 0) take_record(l, box, path, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return rc;
}

/* ---- what is said ---- */

static void put(const struct seen *s, struct probe_out *out) {
    struct probe_check check = PROBE_CHECK(CHECK, status_words[s->status]);
    struct bytes changes = bytes_of_buf(&s->changes);
    uint8_t digest[HASH_LEN];
    char text[8 + 2 * HASH_LEN] = "sha256:";
    hash_parts(digest, &changes, 1);
    text_hex(text + 7, digest, HASH_LEN);
    check.target = s->name;
    check.digest = text;
    check.path = s->path;
    check.detail = s->detail;
    probe_say(out, &check);
}

/* What the log says is connected, and of which there is no record. */
static int put_unrecorded(struct looking *l, const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct ledger *ledger = NULL;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = source_view(box, &ledger, &view, err);
    if (rc == 0) rc = look_rows(view, "setups", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = look_next(rows, &row, err)) == 0) {
        struct probe_check check = PROBE_CHECK(CHECK, "unrecorded");
        struct bytes name = named_text(row, "name");
        char target[PROBE_TEXT_MAX + 1];
        if (named_text(row, "agent").n == 0 || name.n > PROBE_TEXT_MAX || !named_is(row, "state", "applied")) continue;
        if (seen_of(l, name, false) != NULL) continue;
        snprintf(target, sizeof(target), "%.*s", (int)name.n, (const char *)name.p);
        check.target = target;
        probe_say(out, &check);
    }
    state_rows_close(rows);
    state_close(view);
    log_close(ledger);
    return rc < 0 ? rc : 0;
}

int probe_hooks(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct looking *l = calloc(1, sizeof(*l));
    if (l == NULL) return err_set(err, ERR_NOMEM, "no memory to look at settings");
    int rc = take_records(l, box, err);
    for (size_t i = 0; rc == 0 && i < l->n; i++) {
        put(&l->seen[i], out);
    }
    if (rc == 0) rc = put_unrecorded(l, box, out, err);
    for (size_t i = 0; i < l->n; i++) {
        buf_done(&l->seen[i].changes);
    }
    free(l);
    return rc;
}
