/* setup: the agents on this box as a table, and --apply and --undo of what connects them. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http/listen.h"
#include "base/text.h"
#include "capture/find/find.h"
#include "capture/setup/stack.h"
#include "cli/call/command.h"
#include "cli/capture/newest.h"
#include "cli/capture/setup_found.h"
#include "cli/capture/setup_receiver.h"
#include "cli/capture/setup_servers.h"
#include "cli/open/open.h"
#include "cli/print/table.h"
#include "cli/print/when.h"

enum { S_APPLY, S_UNDO, S_UNITS, S_OTLP, S_PROJECT, S_ROOT, S_ACTOR };
static const struct opt options[] = {
    [S_APPLY] =
        {"apply", 0, NULL,
         "connect these, or everything that was found for certain: hooks in agents' settings,sections in sources.conf"},
    [S_UNDO] = {"undo", 0, NULL, "remove what --apply inserted"},
    [S_UNITS] = {"units", 0, NULL, "with --apply: also write user units of systemd for the sources"},
    [S_OTLP] = {"otlp", 0, "ADDRESS:PORT", "also send their telemetry to a receiver here, and add that to sources.conf"},
    [S_PROJECT] = {"project", 0, "DIR", "the local settings of this project instead of the user's (claude-code)"},
    [S_ROOT] = {"root", 0, "DIR", "look for managed settings, processes and services below this directory instead of /"},
    [S_ACTOR] = {"actor", 'a', "WHO", "who changes them (default: user:<login name>)"},
    {0},
};

#define WORDS_MAX 6

struct setup {
    struct cli *cli;
    struct setup_world world;
    char program[FILE_PATH_MAX], dir[FILE_PATH_MAX], project[FILE_PATH_MAX], pass[FILE_PATH_MAX];
    char actor[CLI_ACTOR_MAX];
    const char *argv[WORDS_MAX + 1];
    struct buf prefix;
    const struct opt_args *args;
    struct ledger *ledger;                /* NULL: there is none */
    struct obj agents, servers, receiver; /* with --json */
    struct setup_servers mcp;
    struct table *table;
    char address[HTTPD_ADDRESS_MAX]; /* of a receiver that is named without one */
    bool failed, otlp;               /* otlp: it is named */
};

/* ---- what comes from outside ---- */

static int find_self(struct setup *s, struct err *err) {
    ssize_t n = readlink("/proc/self/exe", s->program, sizeof(s->program) - 1);
    size_t words = 0;
    if (n <= 0) return err_set(err, ERR_IO, "the path of this program is not known: /proc is needed");
    s->program[n] = '\0';
    if (access(s->program, X_OK) != 0) {
        return err_set(err, ERR_IO, "this program's file '%s' was replaced or removed; start it again", s->program);
    }
    s->argv[words++] = s->program;
    if (s->cli->dir_option != NULL || cli_env("LEDGER_DIR") != NULL || cli_env("XDG_STATE_HOME") != NULL) {
        s->argv[words++] = "-C";
        s->argv[words++] = s->dir;
    }
    if (s->cli->passphrase_file != NULL) {
        if (realpath(s->cli->passphrase_file, s->pass) == NULL) {
            return err_errno(err, ERR_NOTFOUND, "--passphrase-file '%s'", s->cli->passphrase_file);
        }
        s->argv[words++] = "--passphrase-file";
        s->argv[words++] = s->pass;
    }
    s->prefix = (struct buf){.max = 8 * FILE_PATH_MAX};
    for (size_t i = 0; i < words; i++) {
        buf_put_str(&s->prefix, i > 0 ? " " : "");
        cli_word(bytes_of(s->argv[i]), &s->prefix);
    }
    buf_put_u8(&s->prefix, '\0');
    return buf_check(&s->prefix, "the command of a hook", err);
}

/* An address of this machine's loopback, as receivers take it, that can stand in a URL, in quotes, as it is. */
static bool is_address(const char *text) {
    size_t n = strlen(text);
    return n > 0 && n < 200 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]") == n &&
           strchr(text, ':') != NULL && strncmp(text, HTTPD_UNIX, strlen(HTTPD_UNIX)) != 0 && httpd_listen_is_here(text);
}

/* Returns 0, or an exit code after reporting. */
static int look_around(struct setup *s) {
    const struct opt_args *args = s->args;
    const char *project = opt_text(args, &options[S_PROJECT]), *root = opt_text(args, &options[S_ROOT]);
    struct err err = {0};
    s->world = (struct setup_world){.env = cli_env,
                                    .home = cli_env("HOME"),
                                    .root = root != NULL ? root : "",
                                    .otlp = opt_text(args, &options[S_OTLP]),
                                    .dir = s->dir,
                                    .argv = s->argv};
    if (opt_has(args, &options[S_APPLY]) && opt_has(args, &options[S_UNDO])) {
        return cli_usage(s->cli, "give one of --apply and --undo");
    }
    if (opt_has(args, &options[S_UNITS]) && !opt_has(args, &options[S_APPLY])) {
        return cli_usage(s->cli, "--units goes with --apply; --undo removes the units too");
    }
    if (s->world.otlp != NULL && (!is_address(s->world.otlp) || !opt_has(args, &options[S_APPLY]))) {
        return cli_usage(s->cli, "--otlp takes ADDRESS:PORT of a receiver on this machine's loopback, such as "
                                 "127.0.0.1:4318, and goes with --apply");
    }
    if (s->world.home == NULL || s->world.home[0] != '/') {
        return cli_usage(s->cli, "HOME is not set to a directory: whose settings?");
    }
    if (project != NULL && realpath(project, s->project) == NULL) {
        return cli_refuse(s->cli, EXIT_INPUT, ERR_NOTFOUND, "--project '%s' is not a directory", project);
    }
    s->world.project = project != NULL ? s->project : NULL;
    for (size_t i = 0; i < args->n_args; i++) {
        bool otlp = strcmp(args->args[i], "otlp") == 0;
        s->otlp = s->otlp || otlp;
        if (!otlp && setup_agent_find(args->args[i]) == NULL && !setup_servers_is_name(args->args[i]) &&
            !setup_found_knows(args->args[i])) {
            struct buf names = {.max = 2048};
            for (size_t k = 0; k < setup_agent_count(); k++) {
                buf_printf(&names, "%s%s", k > 0 ? ", " : "", setup_agent_at(k)->name);
            }
            for (size_t k = 0; k < find_count(); k++) {
                buf_printf(&names, ", %s", find_at(k)->name);
            }
            int code = cli_usage(s->cli, "nothing here is called '%.60s'; known are %.*s, [AGENT:]mcp[:SERVER] and otlp",
                                 args->args[i], (int)names.n, (const char *)names.p);
            buf_done(&names);
            return code;
        }
    }
    if (s->otlp && s->world.otlp == NULL && opt_has(args, &options[S_APPLY])) {
        find_receiver(cli_env, s->address);
        s->world.otlp = s->address;
    }
    if (realpath(s->cli->dir, s->dir) == NULL) {
        snprintf(s->dir, sizeof(s->dir), "%s", s->cli->dir);
    }
    int rc = find_self(s, &err);
    s->world.prefix = (const char *)s->prefix.p;
    return rc == 0 ? 0 : cli_fail(s->cli, &err);
}

static bool is_asked(const struct setup *s, const struct setup_agent *agent) {
    for (size_t i = 0; i < s->args->n_args; i++) {
        if (strcmp(s->args->args[i], agent->name) == 0) return true;
    }
    return s->args->n_args == 0;
}

/* ---- the answer ---- */

/* When the newest event of this agent was sealed; false: there is none, or it cannot be found. */
static bool last_event(const struct setup *s, const struct setup_agent *agent, uint64_t *ret_time) {
    char actor[96];
    struct newest newest = {.seq = LOG_NO_SEQ};
    snprintf(actor, sizeof(actor), "agent:%s", agent->name);
    if (s->ledger == NULL || newest_find(s->ledger, QUERY_ACTOR, actor, &newest, NULL) != 0) return false;
    if (newest.seq != LOG_NO_SEQ) {
        *ret_time = newest.time;
    }
    return newest.seq != LOG_NO_SEQ;
}

static const char *done_word(const struct setup *s, const struct setup_finding *f) {
    if (!f->changed) return setup_state_name(f->state);
    if (opt_has(s->args, &options[S_APPLY])) return "connected now";
    return f->exact ? "undone, as before" : "undone, other changes stay";
}

static void put(struct setup *s, const struct setup_agent *agent, const struct setup_finding *f) {
    uint64_t time = UINT64_MAX;
    bool heard = last_event(s, agent, &time);
    if (s->cli->json) {
        struct obj one = {0};
        obj_text(&one, "name", agent->name);
        obj_text(&one, "title", agent->title);
        obj_text(&one, "state", setup_state_name(f->state));
        obj_bool(&one, "changed", f->changed);
        if (f->changed && opt_has(s->args, &options[S_UNDO])) {
            obj_bool(&one, "exact", f->exact);
        }
        obj_text(&one, "settings", f->path[0] != '\0' ? f->path : NULL);
        obj_bool(&one, "settings_exist", f->exists);
        obj_uint(&one, "bytes", f->bytes);
        if (heard) {
            obj_time(&one, "last_event", time);
        } else {
            obj_text(&one, "last_event", NULL);
        }
        obj_text(&one, "note", f->why[0] != '\0' ? f->why : NULL);
        obj_obj(&s->agents, NULL, &one);
        return;
    }
    if (f->state == SETUP_ABSENT && s->args->n_args == 0) return; /* the table has what is there */
    struct buf when = {.max = 64};
    if (heard) {
        when_text(&when, time, WHEN_RELATIVE, clock_wall_ns());
    } else {
        buf_put_str(&when, "never");
    }
    table_text(s->table, agent->name);
    table_text(s->table, done_word(s, f));
    table_cell(s->table, bytes_of_buf(&when));
    buf_done(&when);
    table_text(s->table, f->path);
    table_text(s->table, f->why);
}

/* One agent. Returns an exit code after reporting. */
static int take_agent(struct setup *s, const struct setup_agent *agent) {
    bool apply = opt_has(s->args, &options[S_APPLY]), undo = opt_has(s->args, &options[S_UNDO]);
    char room[CLI_ACTOR_MAX];
    const char *actor = cli_actor(opt_text(s->args, &options[S_ACTOR]), room);
    struct setup_place place;
    struct setup_finding f = {0};
    struct err err = {0};
    int rc = setup_place_find(&s->world, agent, &place, &err);
    if (rc == 0 && apply) rc = setup_stack_apply(&s->world, &place, s->ledger, actor, &f, &err);
    if (rc == 0 && undo) rc = setup_servers_undo_newest(&s->mcp, agent, &err);
    if (rc == 0 && undo) rc = setup_stack_undo(&s->world, &place, s->ledger, actor, &f, &err);
    if (rc == 0 && !apply && !undo) rc = setup_look(&s->world, &place, &f, &err);
    if (rc != 0) {
        err_prefix(&err, "%s", agent->name);
        return cli_fail(s->cli, &err);
    }
    bool wanted = s->args->n_args > 0 && apply && f.state != SETUP_CONNECTED;
    s->failed = s->failed || wanted || ((apply || undo) && (f.state == SETUP_REFUSED || f.state == SETUP_FOREIGN));
    put(s, agent, &f);
    if (apply && f.changed && agent->form == SETUP_TOML) {
        cli_note(s->cli, "ledger: setup: Codex runs new hooks only after you trusted them: type /hooks in it");
    }
    if (apply && f.state == SETUP_FOREIGN) {
        cli_note(s->cli,
                 "ledger: setup: %s is connected to another ledger or by another program: first 'ledger setup --undo %s' "
                 "with that",
                 agent->name, agent->name);
    }
    return 0;
}

static bool names_agents(const struct setup *s) {
    bool any = s->args->n_args == 0;
    for (size_t i = 0; i < s->args->n_args; i++) {
        any = any || setup_agent_find(s->args->args[i]) != NULL;
    }
    return any;
}

/* What is neither an agent nor one of the servers of agents nor the receiver of their telemetry. */
static bool is_other(const char *name) {
    return setup_agent_find(name) == NULL && !setup_servers_is_name(name) && strcmp(name, "otlp") != 0;
}

static bool names_others(const struct setup *s) {
    bool any = s->args->n_args == 0 && s->world.project == NULL;
    for (size_t i = 0; i < s->args->n_args; i++) {
        any = any || is_other(s->args->args[i]);
    }
    return any;
}

static int find_servers(struct setup *s) {
    struct err err = {0};
    s->mcp = (struct setup_servers){.cli = s->cli,
                                    .world = &s->world,
                                    .ledger = s->ledger,
                                    .actor = cli_actor(opt_text(s->args, &options[S_ACTOR]), s->actor),
                                    .args = s->args,
                                    .what = opt_has(s->args, &options[S_APPLY])  ? SETUP_SERVERS_APPLY
                                            : opt_has(s->args, &options[S_UNDO]) ? SETUP_SERVERS_UNDO
                                                                                 : SETUP_SERVERS_LOOK};
    return setup_servers_find(&s->mcp, &err) == 0 ? 0 : cli_fail(s->cli, &err);
}

static int take_agents(struct setup *s) {
    static const struct table_column columns[] = {{"AGENT", TABLE_KEEP, 0},
                                                  {"STATE", TABLE_WHOLE, 0},
                                                  {"LAST EVENT", TABLE_KEEP, 0},
                                                  {"SETTINGS", TABLE_TAIL, 0},
                                                  {"NOTE", TABLE_WRAP, 0}};
    int code = find_servers(s);
    s->table = s->cli->json || code != 0 || !names_agents(s) ? NULL : table_new(s->cli, columns, 5);
    for (size_t i = 0; code == 0 && i < setup_agent_count(); i++) {
        const struct setup_agent *agent = setup_agent_at(i);
        if (is_asked(s, agent) && (s->world.project == NULL || strcmp(agent->name, "claude-code") == 0)) {
            code = take_agent(s, agent);
        }
    }
    int printed = table_end(s->table);
    if (code == 0 && printed == 0) {
        int servers = setup_servers_finish(&s->mcp, s->cli->json ? &s->servers : NULL);
        s->failed = s->failed || servers == EXIT_NO;
        code = servers == EXIT_NO ? 0 : servers;
    }
    if (code != 0) return code;
    return printed != 0 ? printed : s->failed ? EXIT_NO : EXIT_GOOD;
}

/* Its telemetry is not moved by this call. */
static bool keeps_address(void *ctx, const char *agent) {
    const struct setup *s = ctx;
    const struct setup_agent *known = setup_agent_find(agent);
    return known == NULL || !is_asked(s, known);
}

static struct setup_receiver receiver_of(struct setup *s) {
    return (struct setup_receiver){.cli = s->cli,
                                   .world = &s->world,
                                   .ledger = s->ledger,
                                   .address = s->world.otlp,
                                   .actor = cli_actor(opt_text(s->args, &options[S_ACTOR]), s->actor),
                                   .units = opt_has(s->args, &options[S_UNITS]),
                                   .named = s->otlp};
}

static int put_receiver(struct setup *s, const char *name, const char *state, const char *address) {
    static const struct table_column columns[] = {
        {"RECEIVER", TABLE_KEEP, 0}, {"STATE", TABLE_WHOLE, 0}, {"ADDRESS", TABLE_KEEP, 0}};
    if (s->cli->json) {
        obj_text(&s->receiver, "name", name);
        obj_text(&s->receiver, "state", state);
        obj_text(&s->receiver, "address", address[0] != '\0' ? address : NULL);
        return 0;
    }
    if (s->args->n_args != 1) out_str(s->cli, "\n");
    struct table *table = table_new(s->cli, columns, 3);
    table_text(table, name);
    table_text(table, state);
    table_text(table, address);
    return table_end(table);
}

/* `code`: what agents came to, which stays unless the receiver fails. */
static int take_receiver(struct setup *s, int code) {
    const struct setup_receiver receiver = receiver_of(s);
    bool undo = opt_has(s->args, &options[S_UNDO]);
    char name[256], before[256], after[256];
    setup_receiver_find(&receiver, name, before);
    int failed = s->world.otlp != NULL ? setup_receiver_add(&receiver) : undo ? setup_receiver_drop(&receiver) : 0;
    if (s->otlp && (failed == 0 || failed == EXIT_NO)) {
        bool there = setup_receiver_find(&receiver, name, after);
        const char *state = strcmp(before, after) == 0 ? setup_state_name(there ? SETUP_CONNECTED : SETUP_READY)
                            : there                    ? "connected now"
                                                       : "undone, as before";
        int printed = put_receiver(s, name, state, after);
        failed = printed != 0 ? printed : failed;
    }
    return failed != 0 ? failed : code;
}

/* What is no agent, of which a project has none. `code`: what agents came to, which stays unless this fails. */
static int take_found(struct setup *s, int code) {
    bool apply = opt_has(s->args, &options[S_APPLY]), undo = opt_has(s->args, &options[S_UNDO]);
    char room[CLI_ACTOR_MAX];
    const struct setup_finds finds = {.cli = s->cli,
                                      .ledger = s->ledger,
                                      .home = s->world.home,
                                      .root = s->world.root,
                                      .actor = cli_actor(opt_text(s->args, &options[S_ACTOR]), room),
                                      .args = s->args,
                                      .does = apply  ? SETUP_APPLIES
                                              : undo ? SETUP_UNDOES
                                                     : SETUP_LOOKS,
                                      .units = opt_has(s->args, &options[S_UNITS])};
    struct obj found = {0}, whole = {0};
    int failed = 0;
    if (names_others(s)) {
        if (names_agents(s) && finds.does != SETUP_UNDOES && !s->cli->json) out_str(s->cli, "\n");
        failed = setup_found(&finds, s->cli->json ? &found : NULL);
    }
    if (s->cli->json && (failed == 0 || failed == EXIT_NO)) {
        obj_list(&whole, "agents", &s->agents);
        obj_list(&whole, "servers", &s->servers);
        if (s->otlp) {
            obj_obj(&whole, "receiver", &s->receiver);
        }
        obj_list(&whole, "found", &found);
        int printed = cli_print(s->cli, &whole, false);
        failed = printed != 0 ? printed : failed;
    }
    obj_done(&found);
    obj_done(&whole);
    return failed != 0 ? failed : code;
}

static int setup(struct cli *cli, const struct opt_args *args) {
    struct setup s = {.cli = cli, .args = args};
    struct err err = {0};
    bool changes = opt_has(args, &options[S_APPLY]) || opt_has(args, &options[S_UNDO]);
    int code = look_around(&s), lock = -1;
    if (code == 0) code = cli_open(cli, changes ? CLI_WRITE : CLI_TRY, &s.ledger);
    if (code == 0 && changes) {
        lock = setup_lock(&s.world, &err);
        code = lock < 0 ? cli_fail(cli, &err) : 0;
    }
    if (code == 0 && !changes) {
        setup_sweep(&s.world);
    }
    if (code == 0 && s.world.otlp != NULL) {
        const struct setup_receiver receiver = receiver_of(&s);
        code = setup_receiver_check(&receiver, keeps_address, &s);
    }
    bool begun = code == 0;
    if (begun) code = take_agents(&s);
    if (begun && (code == EXIT_GOOD || code == EXIT_NO)) code = take_receiver(&s, code);
    if (begun && (code == EXIT_GOOD || code == EXIT_NO)) code = take_found(&s, code);
    if (lock >= 0) {
        close(lock);
    }
    log_close(s.ledger);
    buf_done(&s.prefix);
    obj_done(&s.agents);
    obj_done(&s.servers);
    obj_done(&s.receiver);
    setup_servers_done(&s.mcp);
    return code;
}

const struct spec spec_setup = {
    .synopsis = "[--apply | --undo] [NAME...] [--units] [--otlp ADDRESS:PORT] [--project DIR] [--actor WHO]",
    .about = "Shows which agents are on this box, whether they are connected to this ledger, and when they were\n"
             "last heard of; and what else can be recorded: servers of models that answer on loopback, results,\n"
             "telemetry, services. Names limit it.\n\n"
             "--apply inserts hooks into settings of agents, as text: comments, order and layout stay. They run this\n"
             "program with 'ingest hook --lenient', which never stops an agent's work. No copy of the settings\n"
             "is kept. Links, settings of other users, broken and read-only settings are reported and left\n"
             "alone. Of everything else it adds a section to sources.conf: without names, of what is certain. Twice\n"
             "is once. --units also writes user units of systemd for these sources.\n\n"
             "--otlp ADDRESS:PORT also lets them send their telemetry there, as protobuf, and adds a receiver to\n"
             "sources.conf, which 'ledger sources run' runs.\n\n"
             "[AGENT:]mcp[:SERVER] names MCP servers of agents: --apply puts 'ledger tap mcp' before their commands. otlp\n"
             "names the receiver of telemetry.\n\n"
             "--undo removes what was inserted: byte for byte, if nothing else was changed since; else only\n"
             "these entries. Sections go, with their units, if they are as they were written. docs/capture.md has the "
             "details.\n\n"
             "Exit code 1 if an agent, or something that was named, could not be connected or disconnected; the\n"
             "reason is in its row.",
    .examples =
        "ledger setup\nledger setup --apply claude-code\nledger setup --apply --otlp 127.0.0.1:4318\nledger setup --undo",
    .opts = options,
    .max_args = CLI_MANY,
    .run = setup,
};
