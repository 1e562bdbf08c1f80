/* A server that an agent starts itself is started by the tap instead:
 *
 *   npx -y server  ->  /usr/bin/ledger -C /srv/box tap mcp --name files --agent codex -- npx -y server
 *
 * Its environment, its directory and everything else that the settings say of it stay. Claude Code rewrites ~/.claude.json all the time,
 * and its sign-in is in it: that file is read, and never changed. */
#include "capture/setup/mcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/edit/target.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "base/text.h"

static const struct setup_mcp {
    const char *agent;
    bool of_project;
    const char *variable; /* that moves it: as CODEX_HOME, or as XDG_CONFIG_HOME does */
    const char *below, *moved;
    enum setup_form form;
    const char *table;
    const char *why; /* it is not changed; else NULL */
} all[] = {
    {"claude-code", false, "CLAUDE_CONFIG_DIR", ".claude.json", ".claude.json", SETUP_JSON, "mcpServers",
     "Claude Code rewrites this file, and its sign-in is in it: 'claude mcp remove' and 'claude mcp add' with "
     "'ledger tap mcp' before the command"},
    {"claude-code", true, NULL, ".mcp.json", NULL, SETUP_JSON, "mcpServers", NULL},
    {"codex", false, "CODEX_HOME", ".codex/config.toml", "config.toml", SETUP_TOML, "mcp_servers", NULL},
    {"gemini-cli", false, NULL, ".gemini/settings.json", NULL, SETUP_JSONC, "mcpServers", NULL},
    {"opencode", false, "XDG_CONFIG_HOME", ".config/opencode/opencode.json", "opencode/opencode.json", SETUP_JSONC, "mcp",
     NULL},
    {"opencode", false, "XDG_CONFIG_HOME", ".config/opencode/opencode.jsonc", "opencode/opencode.jsonc", SETUP_JSONC, "mcp",
     NULL},
    {"cursor", false, NULL, ".cursor/mcp.json", NULL, SETUP_JSONC, "mcpServers", NULL},
};
#define NAME_LEN 64 /* of a server, as the tap takes it */

static enum edit_mcp_form mcp_form(enum setup_form form) {
    return form == SETUP_TOML ? EDIT_MCP_TOML : form == SETUP_JSON ? EDIT_MCP_JSON : EDIT_MCP_JSONC;
}

/* ---- the tap's words ---- */

struct words {
    struct edit_mcp_tap tap;
    char text[SETUP_COMMAND_MAX]; /* strings of JSON, each on a line: as a record has them */
};

/* Takes the lines of `text` apart. */
static int take_words(struct words *w, struct err *err) {
    char *rest = w->text, *word;
    w->tap = (struct edit_mcp_tap){.program = NULL};
    while ((word = strsep(&rest, "\n")) != NULL) {
        if (w->tap.program == NULL) {
            w->tap.program = word;
        } else if (w->tap.n < sizeof(w->tap.words) / sizeof(w->tap.words[0])) {
            w->tap.words[w->tap.n++] = word;
        } else {
            return err_set(err, ERR_LIMIT, "the command of the tap has too many words");
        }
    }
    return 0;
}

static int put_words(const struct setup_world *world, const struct setup_place *place, char ret[SETUP_COMMAND_MAX],
                     struct err *err) {
    const char *const tap[] = {"tap", "mcp", "--name", place->server, "--agent", place->agent->name, "--"};
    struct buf out = {.max = SETUP_COMMAND_MAX};
    for (size_t i = 0; world->argv[i] != NULL; i++) {
        buf_put_str(&out, i > 0 ? "\n" : "");
        json_put_str(&out, bytes_of(world->argv[i]));
    }
    for (size_t i = 0; i < sizeof(tap) / sizeof(tap[0]); i++) {
        buf_put_str(&out, "\n");
        json_put_str(&out, bytes_of(tap[i]));
    }
    buf_put_u8(&out, '\0');
    int rc = buf_check(&out, "the command of the tap", err);
    if (rc == 0) memcpy(ret, out.p, out.n);
    buf_done(&out);
    return rc;
}

/* ---- one server ---- */

struct found {
    struct words words;
    struct edit_mcp_list list;
    const struct edit_mcp_server *server; /* NULL: it is not there */
};

/* `record` NULL: the words that would be inserted now. Free with free() in any case. */
static int find(const struct setup_world *world, const struct setup_place *place, const struct setup_record *record,
                struct bytes text, struct found **ret, struct err *err) {
    struct found *f = *ret = calloc(1, sizeof(*f));
    if (f == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = 0;
    if (record != NULL) {
        memcpy(f->words.text, record->command, sizeof(f->words.text));
    } else {
        rc = put_words(world, place, f->words.text, err);
    }
    if (rc == 0) rc = take_words(&f->words, err);
    if (rc == 0) rc = edit_mcp_read(mcp_form(place->form), text, place->table, &f->list, err);
    if (rc == 0) f->server = edit_mcp_find(&f->list, place->server);
    return rc;
}

int setup_mcp_count(const struct setup_world *world, const struct setup_place *place, struct bytes text, size_t *ret_ours,
                    size_t *ret_same, struct err *err) {
    struct found *f = NULL;
    int rc = find(world, place, NULL, text, &f, err);
    enum edit_mcp_state state =
        rc == 0 && f->server != NULL ? edit_mcp_state(text, f->server, &f->words.tap) : EDIT_MCP_PLAIN;
    *ret_ours = state != EDIT_MCP_PLAIN;
    *ret_same = state == EDIT_MCP_TAPPED;
    free(f);
    return rc;
}

int setup_mcp_insert(const struct setup_world *world, const struct setup_place *place, struct setup_record *record,
                     struct err *err) {
    static const char *const forms[] = {[SETUP_JSON] = "mcp-json", [SETUP_JSONC] = "mcp-jsonc", [SETUP_TOML] = "mcp-toml"};
    struct found *f = NULL;
    bool made = false;
    int rc = find(world, place, NULL, bytes_of_buf(&record->edit.text), &f, err);
    if (rc == 0 && f->server == NULL) {
        rc = err_set(err, ERR_CONFLICT, "its settings name no server '%s' any more", place->server);
    }
    if (rc == 0) rc = edit_mcp_wrap(&record->edit, mcp_form(place->form), f->server, &f->words.tap, &made, err);
    if (rc == 0) rc = put_words(world, place, record->command, err);
    if (rc == 0 && made) snprintf(record->made[record->n_made++], sizeof(record->made[0]), "args");
    record->form = forms[place->form];
    record->hooks = 1;
    snprintf(record->agent, sizeof(record->agent), "%s", place->agent->name);
    snprintf(record->server, sizeof(record->server), "%s", place->server);
    snprintf(record->mark, sizeof(record->mark), "%s", place->table);
    free(f);
    return rc;
}

int setup_mcp_withdraw(const struct setup_world *world, const struct setup_place *place, const struct setup_record *record,
                       struct buf *text, struct err *err) {
    struct found *f = NULL;
    int rc = find(world, place, record, bytes_of_buf(text), &f, err);
    if (rc == 0 && f->server != NULL && edit_mcp_state(bytes_of_buf(text), f->server, &f->words.tap) == EDIT_MCP_TAPPED) {
        rc = edit_mcp_unwrap(text, mcp_form(place->form), place->table, f->server, &f->words.tap,
                             setup_record_made(record, "args"), err);
    }
    free(f);
    return rc;
}

/* ---- all of them ---- */

static int place_of(const struct setup_world *world, const struct setup_mcp *m, const struct setup_agent *agent,
                    struct setup_place *ret, struct err *err) {
    const char *moved = m->variable != NULL ? world->env(m->variable) : NULL;
    const char *base = m->of_project ? world->project : moved != NULL && moved[0] == '/' ? moved : world->home;
    memset(ret, 0, sizeof(*ret));
    ret->agent = agent;
    ret->form = m->form;
    ret->table = m->table;
    ret->found = true;
    snprintf(ret->below, sizeof(ret->below), "%s", base == moved ? m->moved : m->below);
    if (snprintf(ret->base, sizeof(ret->base), "%s", base) >= (int)sizeof(ret->base)) {
        return err_set(err, ERR_LIMIT, "the path of its settings is too long");
    }
    return 0;
}

/* Its own name, and the id of its record. */
static void set_server(struct setup_place *place, const char *server) {
    uint8_t digest[HASH_LEN];
    char hex[2 * 6 + 1];
    snprintf(place->server, sizeof(place->server), "%s", server);
    const struct bytes parts[] = {bytes_of(place->base), bytes_of("/"), bytes_of(place->below), bytes_of("\n"),
                                  bytes_of(server)};
    hash_parts(digest, parts, 5);
    text_hex(hex, digest, 6);
    snprintf(place->id, sizeof(place->id), "%s-mcp-%s", place->agent->name, hex);
}

static void leave(struct setup_place *place, const char *why) {
    char masked[ERR_MSG_MAX]; /* it may quote the settings */
    secret_mask_message(masked, why);
    place->form = SETUP_NONE;
    snprintf(place->why, sizeof(place->why), "%.500s", masked);
}

/* A name that the tap takes: calls have it in theirs. */
static bool is_name(const char *name) {
    size_t n = strlen(name);
    return n > 0 && n <= NAME_LEN && strstr(name, "__") == NULL && !secret_is_in(bytes_of(name)) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

static int take_server(const struct setup_mcp *m, const struct setup_place *of, const struct edit_mcp_server *server,
                       setup_mcp_each *each, void *ctx, struct err *err) {
    struct setup_place place = *of;
    set_server(&place, server->name);
    if (server->kind == EDIT_MCP_REMOTE) {
        leave(&place,
              "it is reached by its address, not started: 'ledger tap mcp --listen ADDRESS --upstream URL' records it");
    } else if (server->kind == EDIT_MCP_ODD) {
        leave(&place, "it has no command in a form that is known");
    } else if (!is_name(server->name)) {
        leave(&place, "the tap takes names of 1 to 64 letters, digits, '_', '-' and '.', without '__'");
    } else if (m->why != NULL) {
        leave(&place, m->why);
    }
    return each(ctx, &place, err);
}

struct gone {
    const struct setup_place *of;
    const struct edit_mcp_list *list;
    const char *path;
    setup_mcp_each *each;
    void *ctx;
};

/* A server of these settings that has a record, and is no longer named. */
static int take_gone(void *ctx, const struct setup_record *record, struct err *err) {
    const struct gone *g = ctx;
    if (record->server[0] == '\0' || strcmp(record->path, g->path) != 0 || edit_mcp_find(g->list, record->server) != NULL) {
        return 0;
    }
    struct setup_place place = *g->of;
    set_server(&place, record->server);
    return g->each(g->ctx, &place, err);
}

static int take_file(const struct setup_world *world, const struct setup_mcp *m, const struct setup_agent *agent,
                     struct edit_mcp_list *list, setup_mcp_each *each, void *ctx, struct err *err) {
    struct setup_place place;
    struct target target;
    struct err why = {0};
    int rc = place_of(world, m, agent, &place, err);
    if (rc != 0) return rc;
    int opened = target_open(&target, place.base, place.below, false, &why);
    list->n = 0;
    if (opened == 0 && target.exists) {
        opened = edit_mcp_read(mcp_form(m->form), bytes_of_buf(&target.text), m->table, list, &why);
        if (opened != 0) err_prefix(&why, "'%s' is broken", target.path);
    }
    if (opened == ERR_NOMEM) rc = err_set(err, opened, "%s", why.msg);
    if (rc == 0 && opened != 0) {
        leave(&place, why.msg);
        rc = each(ctx, &place, err);
    }
    for (size_t i = 0; rc == 0 && opened == 0 && i < list->n; i++) {
        rc = take_server(m, &place, &list->servers[i], each, ctx, err);
    }
    if (rc == 0 && opened == 0) {
        struct gone gone = {&place, list, target.path, each, ctx};
        rc = setup_record_each(world, take_gone, &gone, err);
    }
    target_done(&target);
    return rc;
}

int setup_mcp_places(const struct setup_world *world, const struct setup_agent *agent, setup_mcp_each *each, void *ctx,
                     struct err *err) {
    struct edit_mcp_list *list = calloc(1, sizeof(*list));
    int rc = list != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].agent, agent->name) == 0 && all[i].of_project == (world->project != NULL)) {
            rc = take_file(world, &all[i], agent, list, each, ctx, err);
        }
    }
    free(list);
    return rc;
}
