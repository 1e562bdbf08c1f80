/* A server is named as it is printed: codex:mcp:files. `mcp` means all of them, `codex:mcp` those of one agent, `mcp:files` those of
 * that name. A server's command is changed only by such a name, never by --apply alone.
 *
 * Several changes of one file are undone in the opposite order, by which each gives the bytes back that it found. */
#include "cli/capture/setup_servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "capture/setup/mcp.h"
#include "capture/setup/stack.h"
#include "cli/capture/newest.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/print/when.h"

struct setup_server {
    struct setup_place place;
    struct setup_finding finding;
    bool named, done; /* named: by its own name, not by one that means several */
};

/* ---- names ---- */

/* Splits [AGENT:]mcp[:SERVER]; false: it is none. */
static bool split(const char *name, struct bytes *ret_agent, const char **ret_server) {
    const char *mcp = strncmp(name, "mcp", 3) == 0 ? name : strstr(name, ":mcp");
    *ret_agent = (struct bytes){(const uint8_t *)name, mcp != NULL ? (size_t)(mcp - name) : 0};
    if (mcp == NULL) return false;
    mcp += *mcp == ':' ? 4 : 3;
    *ret_server = *mcp == ':' ? mcp + 1 : NULL;
    return *mcp == '\0' || (*mcp == ':' && mcp[1] != '\0');
}

bool setup_servers_is_name(const char *name) {
    struct bytes agent;
    const char *server;
    bool known = split(name, &agent, &server), found = agent.n == 0;
    for (size_t i = 0; known && !found && i < setup_agent_count(); i++) {
        found = bytes_is(agent, setup_agent_at(i)->name);
    }
    return known && found;
}

/* Is it asked for? */
static bool is_asked(const struct setup_servers *s, const struct setup_place *place, bool *ret_named) {
    bool asked = s->args->n_args == 0 && s->what != SETUP_SERVERS_APPLY;
    *ret_named = false;
    for (size_t i = 0; i < s->args->n_args; i++) {
        struct bytes agent;
        const char *server;
        if (!split(s->args->args[i], &agent, &server)) continue;
        bool matches =
            (agent.n == 0 || bytes_is(agent, place->agent->name)) && (server == NULL || strcmp(server, place->server) == 0);
        asked = asked || matches;
        *ret_named = *ret_named || (matches && server != NULL);
    }
    return asked;
}

static int take_place(void *ctx, const struct setup_place *place, struct err *err) {
    struct setup_servers *s = ctx;
    bool named;
    if (!is_asked(s, place, &named)) return 0;
    int rc = array_room(&s->ones, s->n + 1, &s->cap, sizeof(*s->ones), err);
    if (rc != 0) return rc;
    struct setup_server *one = &s->ones[s->n++];
    memset(one, 0, sizeof(*one));
    one->place = *place;
    one->named = named;
    return 0;
}

int setup_servers_find(struct setup_servers *s, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < setup_agent_count(); i++) {
        rc = setup_mcp_places(s->world, setup_agent_at(i), take_place, s, err);
    }
    return rc;
}

void setup_servers_done(struct setup_servers *s) {
    free(s->ones);
    s->ones = NULL;
    s->n = 0;
}

/* ---- changes ---- */

static int take(struct setup_servers *s, struct setup_server *one, struct err *err) {
    one->done = true;
    switch (s->what) {
    case SETUP_SERVERS_APPLY:
        return setup_stack_apply(s->world, &one->place, s->ledger, s->actor, &one->finding, err);
    case SETUP_SERVERS_UNDO:
        return setup_stack_undo(s->world, &one->place, s->ledger, s->actor, &one->finding, err);
    case SETUP_SERVERS_LOOK:
        break;
    }
    return setup_look(s->world, &one->place, &one->finding, err);
}

/* `agent` NULL: of all. */
static int undo_newest(struct setup_servers *s, const struct setup_agent *agent, struct err *err) {
    bool found = true;
    int rc = 0;
    while (rc == 0 && found) {
        found = false;
        for (size_t i = 0; rc == 0 && !found && i < s->n; i++) {
            struct setup_server *one = &s->ones[i];
            found = !one->done && (agent == NULL || one->place.agent == agent) && setup_is_on_top(s->world, &one->place);
            if (found) rc = take(s, one, err);
        }
    }
    return rc;
}

int setup_servers_undo_newest(struct setup_servers *s, const struct setup_agent *agent, struct err *err) {
    return s->what == SETUP_SERVERS_UNDO ? undo_newest(s, agent, err) : 0;
}

/* ---- the answer ---- */

/* When the tap's newest event of this server was sealed; false: there is none, or it cannot be found. */
static bool last_event(const struct setup_servers *s, const struct setup_place *place, uint64_t *ret_time) {
    char actor[96];
    struct newest newest = {.seq = LOG_NO_SEQ};
    snprintf(actor, sizeof(actor), "agent:%s", place->agent->name);
    const struct query_value values[2] = {{.type = QUERY_TEXT, .text = bytes_of(actor)},
                                          {.type = QUERY_TEXT, .text = bytes_of(place->server)}};
    const struct query_term terms[2] = {
        {.field = QUERY_ACTOR, .op = QUERY_EQ, .values = &values[0], .n_values = 1},
        {.field = query_field_find(bytes_of("server")), .op = QUERY_EQ, .values = &values[1], .n_values = 1}};
    if (s->ledger == NULL || place->server[0] == '\0' || newest_of(s->ledger, terms, 2, &newest, NULL) != 0) return false;
    *ret_time = newest.time;
    return newest.seq != LOG_NO_SEQ;
}

/* Settings that cannot be read may name servers. */
static enum setup_state state_of(const struct setup_server *one) {
    return one->place.server[0] == '\0' ? SETUP_REFUSED : one->finding.state;
}

static const char *state_word(const struct setup_servers *s, const struct setup_server *one) {
    const struct setup_finding *f = &one->finding;
    if (!f->changed) return setup_state_name(state_of(one));
    if (s->what == SETUP_SERVERS_APPLY) return "connected now";
    return f->exact ? "undone, as before" : "undone, other changes stay";
}

static void put_json(const struct setup_servers *s, const struct setup_server *one, const char *name, struct obj *json) {
    const struct setup_finding *f = &one->finding;
    struct obj row = {0};
    uint64_t time;
    obj_text(&row, "name", name);
    obj_text(&row, "agent", one->place.agent->name);
    obj_text(&row, "server", one->place.server);
    obj_text(&row, "state", setup_state_name(state_of(one)));
    obj_bool(&row, "changed", f->changed);
    if (f->changed && s->what == SETUP_SERVERS_UNDO) {
        obj_bool(&row, "exact", f->exact);
    }
    obj_text(&row, "settings", f->path);
    if (last_event(s, &one->place, &time)) {
        obj_time(&row, "last_event", time);
    } else {
        obj_text(&row, "last_event", NULL);
    }
    obj_text(&row, "note", f->why[0] != '\0' ? f->why : NULL);
    obj_obj(json, NULL, &row);
}

static void put(const struct setup_servers *s, const struct setup_server *one, struct table *table, struct obj *json) {
    const struct setup_finding *f = &one->finding;
    char name[SETUP_NAME_MAX];
    struct buf when = {.max = 64};
    uint64_t time;
    setup_place_name(&one->place, name);
    if (json != NULL) {
        put_json(s, one, name, json);
        return;
    }
    if (last_event(s, &one->place, &time)) {
        when_text(&when, time, WHEN_RELATIVE, clock_wall_ns());
    } else {
        buf_put_str(&when, "never");
    }
    table_text(table, name);
    table_text(table, state_word(s, one));
    table_cell(table, bytes_of_buf(&when));
    table_text(table, f->path);
    table_text(table, f->why);
    buf_done(&when);
}

/* Whether what was asked for could not be done. */
static bool is_failure(const struct setup_servers *s, const struct setup_server *one) {
    if (s->what == SETUP_SERVERS_LOOK) return false;
    if (one->place.server[0] == '\0') return s->args->n_args > 0;
    if (one->finding.state == SETUP_REFUSED) return true;
    return one->named && s->what == SETUP_SERVERS_APPLY && one->finding.state != SETUP_CONNECTED;
}

/* Without names, --undo says only what it did. */
static bool is_shown(const struct setup_servers *s, const struct setup_server *one) {
    return s->args->n_args > 0 || s->what != SETUP_SERVERS_UNDO || one->finding.changed || is_failure(s, one);
}

/* A name of servers that means none. */
static int say_none(const struct setup_servers *s) {
    for (size_t i = 0; i < s->args->n_args; i++) {
        struct bytes agent;
        const char *server;
        bool any = false;
        if (!split(s->args->args[i], &agent, &server)) continue;
        for (size_t k = 0; k < s->n; k++) {
            const struct setup_place *place = &s->ones[k].place;
            any = any || ((agent.n == 0 || bytes_is(agent, place->agent->name)) &&
                          (server == NULL || strcmp(server, place->server) == 0));
        }
        if (!any) {
            return cli_refuse(s->cli, EXIT_NO, ERR_NOTFOUND,
                              "'%.200s': the settings of agents here name no such MCP server; 'ledger setup' lists them",
                              s->args->args[i]);
        }
    }
    return 0;
}

int setup_servers_finish(struct setup_servers *s, struct obj *json) {
    static const struct table_column columns[] = {{"MCP SERVER", TABLE_KEEP, 0},
                                                  {"STATE", TABLE_WHOLE, 0},
                                                  {"LAST EVENT", TABLE_KEEP, 0},
                                                  {"SETTINGS", TABLE_TAIL, 0},
                                                  {"NOTE", TABLE_WRAP, 0}};
    struct err err = {0};
    bool failed = false, some = false, spaced = s->args->n_args == 0;
    int rc = s->what == SETUP_SERVERS_UNDO ? undo_newest(s, NULL, &err) : 0;
    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        if (!s->ones[i].done) rc = take(s, &s->ones[i], &err);
        failed = failed || (rc == 0 && is_failure(s, &s->ones[i]));
        some = some || (rc == 0 && is_shown(s, &s->ones[i]));
    }
    if (rc != 0) return cli_fail(s->cli, &err);
    for (size_t i = 0; i < s->args->n_args; i++) {
        spaced = spaced || setup_agent_find(s->args->args[i]) != NULL;
    }
    if (some && json == NULL && spaced) out_str(s->cli, "\n");
    struct table *table = some && json == NULL ? table_new(s->cli, columns, 5) : NULL;
    for (size_t i = 0; i < s->n; i++) {
        if (is_shown(s, &s->ones[i])) put(s, &s->ones[i], table, json);
    }
    int code = table_end(table);
    if (code == 0 && s->what != SETUP_SERVERS_UNDO) code = say_none(s);
    return code != 0 ? code : failed ? EXIT_NO : EXIT_GOOD;
}
