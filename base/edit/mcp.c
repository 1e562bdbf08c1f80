/* Where a server's command stands, as settings write it:
 *
 *   {"mcpServers": {"files": {"command": "npx", "args": ["-y", "p"]}}}      Claude Code, Gemini CLI, Cursor
 *   {"mcp": {"files": {"type": "local", "command": ["npx", "-y", "p"]}}}    opencode; since 2.0 in {"mcp": {"servers": {..}}}
 *   [mcp_servers.files]                                                     Codex, in any form of TOML's but one inline table for all
 *   command = "npx"
 *   args = ["-y", "p"]
 *
 * With the tap, `npx` is moved behind the words that were inserted, and the rest stays where it is:
 *
 *   "command": "LEDGER", "args": ["tap", "mcp", "--", "npx", "-y", "p"] */
#include "base/edit/mcp.h"

#include <stdio.h>
#include <string.h>

#include "base/edit/json.h"
#include "base/edit/toml.h"

const struct edit_mcp_server *edit_mcp_find(const struct edit_mcp_list *list, const char *name) {
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->servers[i].name, name) == 0) return &list->servers[i];
    }
    return NULL;
}

/* Adds a server or finds the one with this name; NULL: it has no room. */
static struct edit_mcp_server *server_of(struct edit_mcp_list *list, struct bytes name) {
    for (size_t i = 0; i < list->n; i++) {
        if (bytes_is(name, list->servers[i].name)) return &list->servers[i];
    }
    if (list->n == EDIT_MCP_SERVERS_MAX || name.n == 0 || name.n > EDIT_MCP_NAME_MAX ||
        memchr(name.p, '\0', name.n) != NULL) {
        return NULL;
    }
    struct edit_mcp_server *s = &list->servers[list->n++];
    memset(s, 0, sizeof(*s));
    memcpy(s->name, name.p, name.n);
    s->kind = EDIT_MCP_ODD;
    return s;
}

static void add_word(struct edit_mcp_server *s, size_t start, size_t end) {
    if (s->n < EDIT_MCP_WORDS_MAX) {
        s->words[s->n] = (struct edit_mcp_span){start, end};
    }
    s->n++;
}

/* ---- JSON ---- */

static bool is_string(const struct edit_scan *scan, const struct edit_scan_value *value) {
    return edit_scan_is(scan, value, '"');
}

/* The elements of a list; false: it is none, or has other things than strings. */
static bool take_list(const struct edit_scan *scan, const struct edit_scan_value *list, struct edit_mcp_server *s) {
    struct edit_scan_value word;
    if (!edit_scan_is(scan, list, '[')) return false;
    for (size_t at = 0; edit_scan_next(scan, list, &at, &word);) {
        if (!is_string(scan, &word)) return false;
        add_word(s, word.start, word.end);
    }
    return true;
}

static void take_object(const struct edit_scan *scan, const struct edit_scan_value *object, struct edit_mcp_server *s) {
    static const char *const addresses[] = {"url", "httpUrl", "serverUrl"};
    struct edit_scan_value value, args;
    if (edit_scan_member(scan, object, "command", &value)) {
        bool has_args = edit_scan_member(scan, object, "args", &args);
        bool good = !has_args || take_list(scan, &args, s);
        s->command = (struct edit_mcp_span){value.start, value.end};
        s->listed = !has_args && edit_scan_is(scan, &value, '[');
        if (has_args) s->args = (struct edit_mcp_span){args.start, args.end};
        good = good && (s->listed ? take_list(scan, &value, s) && s->n > 0 : is_string(scan, &value));
        s->kind = good ? EDIT_MCP_LOCAL : EDIT_MCP_ODD;
        return;
    }
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        if (edit_scan_member(scan, object, addresses[i], &value)) s->kind = EDIT_MCP_REMOTE;
    }
}

static bool is_server(const struct edit_scan *scan, const struct edit_scan_value *object) {
    struct edit_scan_value value;
    return (edit_scan_member(scan, object, "type", &value) && is_string(scan, &value)) ||
           (edit_scan_member(scan, object, "command", &value) && !edit_scan_is(scan, &value, '{'));
}

static void take_servers(const struct edit_scan *scan, const struct edit_scan_value *all, bool nested,
                         struct edit_mcp_list *ret) {
    struct edit_scan_value one;
    for (size_t at = 0; edit_scan_is(scan, all, '{') && edit_scan_next(scan, all, &at, &one);) {
        const uint8_t *name = scan->plain.p + one.name + 1;
        const uint8_t *end = memchr(name, '"', one.start - one.name);
        struct bytes text = {name, end != NULL ? (size_t)(end - name) : 0};
        if (!edit_scan_is(scan, &one, '{')) continue;
        if (nested && bytes_is(text, "servers") && !is_server(scan, &one)) {
            take_servers(scan, &one, false, ret);
            continue;
        }
        struct edit_mcp_server *s = server_of(ret, text);
        if (s != NULL && s->command.end == 0) take_object(scan, &one, s);
    }
}

static int read_json(enum edit_json how, struct bytes text, const char *table, struct edit_mcp_list *ret, struct err *err) {
    struct edit_scan scan;
    struct edit_scan_value root, all;
    int rc = edit_scan_init(&scan, text, how, err);
    if (rc == 0 && edit_scan_root(&scan, &root) && edit_scan_member(&scan, &root, table, &all)) {
        take_servers(&scan, &all, strcmp(table, "mcp") == 0, ret);
    }
    edit_scan_done(&scan);
    return rc;
}

/* ---- TOML ---- */

#define PARTS_MAX 4

/* The parts of a name, appended; more than PARTS_MAX are counted only. */
static void split(struct bytes name, struct bytes parts[PARTS_MAX], size_t *n) {
    for (size_t at = 0; at < name.n;) {
        struct bytes part = toml_names_part(name, &at);
        if (*n < PARTS_MAX) parts[*n] = part;
        ++*n;
    }
}

static struct edit_mcp_span span_of(struct bytes text, struct bytes part) {
    size_t start = (size_t)(part.p - text.p);
    return (struct edit_mcp_span){start, start + part.n};
}

static bool is_toml_string(struct bytes value) {
    return value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'');
}

/* A member of a server. */
static void take_member(struct bytes text, struct edit_mcp_server *s, struct bytes name, struct bytes value) {
    struct bytes word;
    if (bytes_is(name, "command")) {
        s->command = span_of(text, value);
        s->kind = is_toml_string(value) && s->kind != EDIT_MCP_REMOTE ? EDIT_MCP_LOCAL : EDIT_MCP_ODD;
    } else if (bytes_is(name, "url")) {
        s->kind = EDIT_MCP_REMOTE;
    } else if (bytes_is(name, "args")) {
        s->args = span_of(text, value);
        for (size_t at = 0; edit_toml_element(value, &at, &word);) {
            struct edit_mcp_span span = span_of(text, word);
            add_word(s, span.start, span.end);
        }
    }
}

static void take_pair(struct bytes text, struct bytes table, const char *wanted, const struct edit_toml_item *item,
                      struct edit_mcp_list *ret) {
    static const char *const members[] = {"command", "args", "url"};
    struct bytes parts[PARTS_MAX], value;
    size_t n = 0;
    split(table, parts, &n);
    split(item->name, parts, &n);
    if (n < 2 || n > 3 || !bytes_is(parts[0], wanted)) return;
    bool inline_ = n == 2 && item->value.n > 0 && item->value.p[0] == '{';
    if (n == 2 && !inline_) return;
    struct edit_mcp_server *s = server_of(ret, parts[1]);
    if (s == NULL) return;
    if (!inline_) {
        s->stated = true;
        if (bytes_is(parts[2], "command")) s->key = span_of(text, item->name);
        take_member(text, s, parts[2], item->value);
        return;
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (edit_toml_member(item->value, members[i], &value)) take_member(text, s, bytes_of(members[i]), value);
    }
}

static int read_toml(struct bytes text, const char *wanted, struct edit_mcp_list *ret, struct err *err) {
    struct edit_toml_item item;
    struct bytes table = {NULL, 0};
    size_t at = 0;
    bool array = false;
    int rc;
    while ((rc = edit_toml_next(text, &at, &item, err)) == 0) {
        if (item.what == EDIT_TOML_PAIR) {
            if (!array) take_pair(text, table, wanted, &item, ret);
        } else {
            table = item.name;
            array = item.what == EDIT_TOML_ARRAY;
        }
    }
    return rc == 1 ? 0 : rc;
}

int edit_mcp_read(enum edit_mcp_form form, struct bytes text, const char *table, struct edit_mcp_list *ret,
                  struct err *err) {
    ret->n = 0;
    if (form == EDIT_MCP_TOML) return read_toml(text, table, ret, err);
    return read_json(form == EDIT_MCP_JSON ? EDIT_JSON : EDIT_JSONC, text, table, ret, err);
}

/* ---- the tap ---- */

static struct bytes word_at(struct bytes text, struct edit_mcp_span span) {
    return (struct bytes){text.p + span.start, span.end - span.start};
}

/* Is it this string? TOML's single quotes mean the same where nothing is escaped. */
static bool is_word(struct bytes raw, const char *string) {
    struct bytes wanted = bytes_of(string);
    if (bytes_eq(raw, wanted)) return true;
    return raw.n == wanted.n && raw.n >= 2 && raw.p[0] == '\'' && strchr(string, '\\') == NULL &&
           memcmp(raw.p + 1, wanted.p + 1, raw.n - 2) == 0;
}

enum edit_mcp_state edit_mcp_state(struct bytes text, const struct edit_mcp_server *s, const struct edit_mcp_tap *tap) {
    size_t first = s->listed ? 1 : 0, seen = s->n < EDIT_MCP_WORDS_MAX ? s->n : EDIT_MCP_WORDS_MAX;
    if (s->kind != EDIT_MCP_LOCAL) return EDIT_MCP_PLAIN;
    bool same =
        is_word(s->listed ? word_at(text, s->words[0]) : word_at(text, s->command), tap->program) && seen > first + tap->n;
    for (size_t i = 0; same && i < tap->n; i++) {
        same = is_word(word_at(text, s->words[first + i]), tap->words[i]);
    }
    if (same) return EDIT_MCP_TAPPED;
    for (size_t i = first; i + 1 < seen && !is_word(word_at(text, s->words[i]), "\"--\""); i++) {
        if (is_word(word_at(text, s->words[i]), "\"tap\"") && is_word(word_at(text, s->words[i + 1]), "\"mcp\"")) {
            return EDIT_MCP_OTHER;
        }
    }
    return EDIT_MCP_PLAIN;
}

static void put_words(const struct edit_mcp_tap *tap, struct buf *out) {
    for (size_t i = 0; i < tap->n; i++) {
        buf_printf(out, "%s, ", tap->words[i]);
    }
}

/* What stands between the program and the list of arguments that is made for it. */
static void put_made(const struct edit *edit, enum edit_mcp_form form, const struct edit_mcp_server *s, struct buf *out) {
    struct bytes text = bytes_of_buf(&edit->text);
    if (form != EDIT_MCP_TOML) {
        buf_put_str(out, ", \"args\": [");
        return;
    }
    if (!s->stated) {
        buf_put_str(out, ", args = [");
        return;
    }
    const uint8_t *line = bytes_find(text, '\n');
    size_t from = s->key.start, last = s->key.end;
    while (from > edit_bom(text) && text.p[from - 1] != '\n') {
        from--;
    }
    while (last > s->key.start && text.p[last - 1] != '.') {
        last--;
    }
    buf_put_str(out, line != NULL && line > text.p && line[-1] == '\r' ? "\r\n" : "\n");
    buf_put(out, text.p + from, last - from); /* its indentation, and "files." of a dotted name */
    buf_put_str(out, "args = [");
}

/* The command becomes the first argument of a list that is made. */
static int wrap_alone(struct edit *edit, enum edit_mcp_form form, const struct edit_mcp_server *s,
                      const struct edit_mcp_tap *tap, struct err *err) {
    struct buf out = {.max = EDIT_TEXT_MAX};
    buf_put_str(&out, tap->program);
    put_made(edit, form, s, &out);
    put_words(tap, &out);
    int rc = edit_insert(edit, s->command.end, bytes_of("]"), err);
    if (rc == 0) rc = edit_insert(edit, s->command.start, bytes_of_buf(&out), err);
    buf_done(&out);
    return rc;
}

/* The command is moved into the list. What is later in the text is changed first, so that places before it stay. */
static int wrap_moved(struct edit *edit, const struct edit_mcp_server *s, const struct edit_mcp_tap *tap, struct err *err) {
    struct buf out = {.max = EDIT_TEXT_MAX};
    size_t first = s->args.start + 1, n = s->command.end - s->command.start, program = strlen(tap->program);
    put_words(tap, &out);
    size_t words = out.n;
    bool ends = first < edit->text.n && (edit->text.p[first] == '\n' || edit->text.p[first] == '\r');
    buf_put_str(&out, s->n == 0 ? "" : ends ? "," : ", ");
    bool after = s->args.start > s->command.start;
    int rc = after ? 0 : edit_insert(edit, s->command.start, bytes_of(tap->program), err);
    if (rc == 0) rc = edit_insert(edit, first, bytes_of_buf(&out), err);
    if (rc == 0 && after) rc = edit_move(edit, s->command.start, n, first + words - n, err);
    if (rc == 0 && !after) rc = edit_move(edit, s->command.start + program + out.n, n, first + words, err);
    if (rc == 0 && after) rc = edit_insert(edit, s->command.start, bytes_of(tap->program), err);
    buf_done(&out);
    return rc;
}

int edit_mcp_wrap(struct edit *edit, enum edit_mcp_form form, const struct edit_mcp_server *s,
                  const struct edit_mcp_tap *tap, bool *ret_made, struct err *err) {
    *ret_made = !s->listed && s->args.end == 0;
    if (*ret_made) return wrap_alone(edit, form, s, tap, err);
    if (!s->listed) return wrap_moved(edit, s, tap, err);
    struct buf out = {.max = EDIT_TEXT_MAX};
    buf_printf(&out, "%s, ", tap->program);
    put_words(tap, &out);
    int rc = edit_insert(edit, s->command.start + 1, bytes_of_buf(&out), err);
    buf_done(&out);
    return rc;
}

/* ---- back ---- */

/* The list of arguments that was made for the tap: it is empty again, and stands where it was put. */
static void drop_made(struct buf *text, enum edit_mcp_form form, const char *table, const struct edit_mcp_server *s) {
    static const char inner[] = ", args = []";
    struct edit_toml_item item;
    struct bytes rest = {text->p + s->command.end, text->n - s->command.end};
    if (form != EDIT_MCP_TOML) {
        enum edit_json how = form == EDIT_MCP_JSON ? EDIT_JSON : EDIT_JSONC;
        const char *const flat[] = {table, s->name, "args"}, *const nested[] = {table, "servers", s->name, "args"};
        if (!edit_json_drop_member(text, how, flat, 3, NULL)) edit_json_drop_member(text, how, nested, 4, NULL);
    } else if (!s->stated && bytes_has_prefix(rest, inner)) {
        edit_cut(text, s->command.end, strlen(inner));
    }
    for (size_t at = 0; s->stated && edit_toml_next(bytes_of_buf(text), &at, &item, NULL) == 0;) {
        size_t value = item.what == EDIT_TOML_PAIR ? (size_t)(item.value.p - text->p) : 0;
        if (value != s->args.start || !bytes_is(item.value, "[]")) continue;
        bool next = bytes_has_prefix(rest, "\n") || bytes_has_prefix(rest, "\r\n");
        bool same = next && item.start == s->command.end + (rest.p[0] == '\r' ? 2 : 1);
        size_t from = same ? s->command.end : item.start, end = same ? value + item.value.n : item.end;
        edit_cut(text, from, end - from); /* a comment behind it explains the command */
        return;
    }
}

static int replace(struct buf *text, struct edit_mcp_span span, struct bytes with, struct err *err) {
    struct buf whole = {.max = EDIT_TEXT_MAX};
    buf_put(&whole, text->p, span.start);
    buf_put_bytes(&whole, with);
    buf_put(&whole, text->p + span.end, text->n - span.end);
    int rc = buf_check(&whole, "the settings", err);
    if (rc == 0) {
        buf_clear(text);
        buf_put_bytes(text, bytes_of_buf(&whole));
        rc = buf_check(text, "the settings", err);
    }
    buf_done(&whole);
    return rc;
}

/* The first k + 1 words of a list, with the comma behind them: as they were inserted, or as somebody has laid them out since. */
static struct edit_mcp_span cut_of(struct bytes text, const struct edit_mcp_server *s, struct edit_mcp_span list,
                                   size_t k) {
    struct edit_mcp_span cut = {s->words[0].start, s->words[k].end};
    bool as_inserted = cut.start == list.start + 1, comma = text.p[cut.end] == ',';
    if (s->n == k + 1) {
        return as_inserted && !comma ? cut : (struct edit_mcp_span){list.start + 1, list.end - 1};
    }
    if (!as_inserted || !comma) {
        cut.end = k + 1 < EDIT_MCP_WORDS_MAX ? s->words[k + 1].start : cut.end;
        return cut;
    }
    cut.end++;
    cut.end += text.p[cut.end] == ' ';
    return cut;
}

int edit_mcp_unwrap(struct buf *text, enum edit_mcp_form form, const char *table, const struct edit_mcp_server *s,
                    const struct edit_mcp_tap *tap, bool made, struct err *err) {
    struct buf command = {.max = EDIT_TEXT_MAX};
    struct edit_mcp_server server = *s;
    size_t k = tap->n + (s->listed ? 1 : 0); /* the old command */
    struct edit_mcp_span cut = cut_of(bytes_of_buf(text), s, s->listed ? s->command : s->args, s->listed ? k - 1 : k);
    if (s->listed) {
        edit_cut(text, cut.start, cut.end - cut.start);
        return 0;
    }
    buf_put_bytes(&command, word_at(bytes_of_buf(text), s->words[k]));
    bool after = s->args.start > s->command.start;
    if (after) edit_cut(text, cut.start, cut.end - cut.start);
    int rc = replace(text, s->command, bytes_of_buf(&command), err);
    if (rc == 0 && !after) edit_cut(text, cut.start, cut.end - cut.start);
    size_t longer = command.n - (s->command.end - s->command.start); /* or shorter: it wraps around */
    if (after) server.args.start += longer;
    server.command.end += longer;
    if (rc == 0 && made) drop_made(text, form, table, &server);
    buf_done(&command);
    return rc;
}
