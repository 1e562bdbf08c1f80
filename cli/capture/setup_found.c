/* A thing is recorded if a section of sources.conf has its source and its place, however that is written. What setup adds is one
 * section, and the event that says so; what it takes out is a section that is as it wrote it. */
#include "cli/capture/setup_found.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/http/listen.h"
#include "base/text.h"
#include "capture/find/find.h"
#include "cli/capture/newest.h"
#include "cli/capture/setup_receiver.h"
#include "cli/capture/setup_section.h"
#include "cli/capture/sources_state.h"
#include "cli/print/table.h"
#include "cli/print/when.h"

#define SAID_MAX (FILE_PATH_MAX + 512)

struct finding {
    const struct setup_finds *o;
    struct find_list list;
    struct sources_conf conf;
    struct table *table;
    struct obj *json;
    bool failed;
};

static bool is_one_of(const struct find_thing *thing, const char *name) {
    size_t n = strlen(thing->name);
    return strcmp(name, thing->name) == 0 || (strncmp(name, thing->name, n) == 0 && name[n] == '-' && name[n + 1] != '\0' &&
                                              strspn(name + n + 1, "0123456789") == strlen(name + n + 1));
}

bool setup_found_knows(const char *name) {
    for (size_t i = 0; i < find_count(); i++) {
        if (is_one_of(find_at(i), name)) return true;
    }
    return false;
}

/* Telemetry has a receiver, which goes by that name: setup_receiver.h adds it. */
static bool is_receiver(const struct find_thing *thing) {
    return thing != NULL && thing->form == FIND_TELEMETRY;
}

/* By its own name, or that of its kind. */
static bool is_named(const struct setup_finds *o, const char *name, const struct find_thing *thing) {
    for (size_t i = 0; i < o->args->n_args; i++) {
        if (strcmp(o->args->args[i], name) == 0 || (thing != NULL && strcmp(o->args->args[i], thing->name) == 0))
            return true;
    }
    return false;
}

/* ---- what is recorded already ---- */

/* HOST:PORT of a URL, with the name of this machine as an address. */
static void place_of(const char *url, char ret[FILE_PATH_MAX]) {
    const char *host = strstr(url, "://") != NULL ? strstr(url, "://") + 3 : url;
    bool named = strncmp(host, "localhost", 9) == 0 && (host[9] == ':' || host[9] == '/' || host[9] == '\0');
    snprintf(ret, FILE_PATH_MAX, "%s%.*s", named ? "127.0.0.1" : "", (int)strcspn(host + (named ? 9 : 0), "/?"),
             host + (named ? 9 : 0));
}

static bool is_recorded_by(const struct find_found *f, const struct sources_entry *e) {
    char a[FILE_PATH_MAX], b[FILE_PATH_MAX];
    if (strcmp(e->source->name, f->thing->source) != 0) return false;
    if (f->key == NULL) return true;
    if (strcmp(f->key, "listen") == 0) return e->listen != NULL && httpd_listen_same(e->listen, f->place);
    if (strcmp(f->key, "path") == 0) {
        for (size_t i = 0; i < e->n_paths; i++) {
            if (strcmp(e->paths[i], f->place) == 0) return true;
        }
        return e->n_paths == 0; /* the default one */
    }
    place_of(e->url != NULL ? e->url : "http://127.0.0.1:11434", a);
    place_of(f->place, b);
    return e->models == NULL && strcmp(a, b) == 0;
}

static const struct sources_entry *find_entry(const struct finding *w, const struct find_found *f) {
    for (size_t i = 0; i < w->conf.n; i++) {
        if (is_recorded_by(f, &w->conf.entries[i])) return &w->conf.entries[i];
    }
    return NULL;
}

/* Of a server its own newest event, where it can be told from that of others of its source. False: there is none. */
static bool last_event(const struct finding *w, const struct find_found *f, uint64_t *ret_time) {
    char subject[2 * FILE_PATH_MAX], place[FILE_PATH_MAX];
    struct newest newest = {.seq = LOG_NO_SEQ};
    bool server = strcmp(f->thing->source, "openai") == 0;
    if (w->o->ledger == NULL) return false;
    place_of(f->place, place);
    snprintf(subject, sizeof(subject), "runtime/%s@%s",
             strcmp(f->thing->name, "lm-studio") == 0 ? "lm_studio" : f->thing->name, place);
    (void)newest_find(w->o->ledger, server ? QUERY_SUBJECT : QUERY_SOURCE, server ? subject : f->thing->source, &newest,
                      NULL);
    *ret_time = newest.time;
    return newest.seq != LOG_NO_SEQ;
}

/* ---- the answer ---- */

static void say_found(const struct find_found *f, char ret[SAID_MAX]) {
    bool answer = strcmp(f->by, "answer") == 0, process = strcmp(f->by, "process") == 0;
    bool variable = strcmp(f->by, "variable") == 0, program = strcmp(f->by, "program") == 0;
    char pid[32] = "";
    if (f->pid > 0) {
        snprintf(pid, sizeof(pid), answer ? " (PID %d)" : " %d", (int)f->pid);
    }
    snprintf(ret, SAID_MAX, "%s%s%s",
             answer     ? "answers at "
             : process  ? "process"
             : program  ? "program"
             : variable ? "variable "
                        : "",
             process || program ? pid
             : variable         ? f->thing->variable
                                : f->where,
             answer ? pid : "");
}

static void say_next(const struct find_found *f, const struct sources_entry *e, const char *state, char ret[SAID_MAX]) {
    const char *note = f->note;
    if (e != NULL) {
        bool still = strcmp(state, "stopped") == 0 || strcmp(state, "added now") == 0;
        snprintf(ret, SAID_MAX, "%s%s", still ? "ledger sources run " : "", still ? e->name : "");
    } else if (f->can) {
        snprintf(ret, SAID_MAX, "ledger setup --apply %s%s%s", f->name, note[0] != '\0' ? "; " : "", note);
    } else {
        snprintf(ret, SAID_MAX, "%s%s%s", f->command, f->command[0] != '\0' && note[0] != '\0' ? "; " : "", note);
    }
}

static void put(struct finding *w, const struct find_found *f, const struct sources_entry *e, const char *state) {
    char found[SAID_MAX], next[SAID_MAX];
    struct buf lines = {.max = 2 * FILE_PATH_MAX};
    uint64_t time = 0;
    bool heard = last_event(w, f, &time);
    say_found(f, found);
    say_next(f, e, state, next);
    if (w->json != NULL) {
        struct obj one = {0};
        obj_text(&one, "name", f->name);
        obj_text(&one, "what", f->thing->what);
        obj_text(&one, "by", f->by);
        obj_text(&one, "where", f->where[0] != '\0' ? f->where : NULL);
        obj_uint(&one, "pid", f->pid > 0 ? (uint64_t)f->pid : UINT64_MAX);
        obj_text(&one, "source", f->thing->source);
        obj_text(&one, "section", e != NULL ? e->name : NULL);
        obj_text(&one, "state", state);
        obj_bool(&one, "changed", strcmp(state, "added now") == 0);
        if (heard) {
            obj_time(&one, "last_event", time);
        } else {
            obj_text(&one, "last_event", NULL);
        }
        find_lines(f, &lines);
        buf_put_u8(&lines, '\0');
        obj_text(&one, "settings", f->can && e == NULL && buf_check(&lines, "", NULL) == 0 ? (const char *)lines.p : NULL);
        obj_text(&one, "command", next[0] != '\0' && e == NULL && !f->can ? f->command : NULL);
        obj_text(&one, "note", f->note[0] != '\0' ? f->note : NULL);
        obj_obj(w->json, NULL, &one);
        buf_done(&lines);
        return;
    }
    struct buf when = {.max = 64};
    if (heard) {
        when_text(&when, time, WHEN_RELATIVE, clock_wall_ns());
    } else {
        buf_put_str(&when, "never");
    }
    table_text(w->table, f->name);
    table_text(w->table, found);
    table_text(w->table, state);
    table_cell(w->table, bytes_of_buf(&when));
    table_text(w->table, next);
    buf_done(&when);
}

static const char *state_of(const struct finding *w, const struct sources_entry *e) {
    struct sources_state state;
    if (e == NULL) return "not recorded";
    sources_state_find(w->o->cli->dir, e->name, &state);
    return state.state;
}

/* ---- changes ---- */

/* A name for its section that no other has. */
static void name_section(const struct finding *w, const struct find_found *f, char ret[FIND_NAME_MAX + 1]) {
    snprintf(ret, FIND_NAME_MAX + 1, "%s", f->name);
    for (unsigned i = 2; i < SOURCES_MAX && sources_conf_find(&w->conf, ret) != NULL; i++) {
        snprintf(ret, FIND_NAME_MAX + 1, "%.40s-%u", f->name, i);
    }
}

static int load(struct finding *w) {
    struct err err = {0};
    sources_conf_done(&w->conf);
    int rc = sources_conf_load(&w->conf, w->o->cli->dir, &err);
    return rc == 0 ? 0 : cli_fail_input(w->o->cli, &err);
}

/* One thing. *ret_state says how it is then. Returns 0, or an exit code after reporting. */
static int connect_one(struct finding *w, const struct find_found *f, const char **ret_state) {
    const struct setup_sections sections = {w->o->cli, w->o->ledger, w->o->actor, false};
    struct buf lines = {.max = 2 * FILE_PATH_MAX};
    struct err err = {0};
    char name[FIND_NAME_MAX + 1];
    if (!f->can) {
        w->failed = true;
        *ret_state = "cannot be connected";
        return 0;
    }
    name_section(w, f, name);
    find_lines(f, &lines);
    int rc = buf_check(&lines, "section", &err);
    if (rc == 0) rc = setup_section_add(&sections, name, bytes_of_buf(&lines), &err);
    buf_done(&lines);
    if (rc != 0) return rc == ERR_CONFLICT ? cli_fail_as(w->o->cli, &err, EXIT_NO) : cli_fail_input(w->o->cli, &err);
    *ret_state = "added now";
    return load(w);
}

static int take(struct finding *w, const struct find_found *f) {
    const struct sources_entry *e = find_entry(w, f);
    const char *state = state_of(w, e);
    bool all = w->o->args->n_args == 0, named = is_named(w->o, f->name, f->thing), applies = w->o->does == SETUP_APPLIES;
    if (!named && !all) return 0;
    bool wanted = applies && ((named && !is_receiver(f->thing)) || (all && f->sure));
    int code = wanted && e == NULL ? connect_one(w, f, &state) : 0;
    if (code != 0) return code;
    e = find_entry(w, f);
    put(w, f, e, state);
    return 0;
}

/* What was named and is nowhere. */
static void say_absent(struct finding *w) {
    for (size_t i = 0; i < w->o->args->n_args; i++) {
        const char *name = w->o->args->args[i];
        bool there = !setup_found_knows(name) || is_receiver(find_thing(name)); /* an agent's */
        for (size_t k = 0; k < w->list.n && !there; k++) {
            there = strcmp(w->list.found[k].name, name) == 0 || strcmp(w->list.found[k].thing->name, name) == 0;
        }
        if (there) continue;
        cli_note(w->o->cli, "ledger: setup: '%s' is not on this box; 'ledger sources add' configures a source in any case",
                 name);
        w->failed = w->failed || w->o->does == SETUP_APPLIES;
    }
}

/* How the sections are kept running. */
static int keep_running(struct finding *w, bool added) {
    const char *names[SOURCES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < w->list.n; i++) {
        const struct find_found *f = &w->list.found[i];
        const struct sources_entry *e = find_entry(w, f);
        bool asked = w->o->args->n_args == 0 || is_named(w->o, f->name, f->thing),
             ours = asked && e != NULL && setup_section_look(e, false) != SETUP_SECTION_OTHERS;
        if (ours && n < SOURCES_MAX) {
            names[n++] = e->name;
        }
    }
    const struct setup_sections sections = {w->o->cli, w->o->ledger, w->o->actor, false};
    if (w->o->units) return setup_section_units(&sections, names, n, false);
    if (added) {
        setup_say_start(w->o->cli, "sources are added to sources.conf", "");
    }
    return 0;
}

static int look_or_apply(struct finding *w) {
    const struct setup_finds *o = w->o;
    const struct find_world world = {cli_env, o->home, o->root};
    struct err err = {0};
    int rc = find_all(&world, &w->list, &err), code = rc != 0 ? cli_fail(o->cli, &err) : 0;
    if (code == 0) say_absent(w);
    size_t before = w->conf.n;
    for (size_t i = 0; code == 0 && i < w->list.n; i++) {
        code = take(w, &w->list.found[i]);
    }
    return code == 0 && o->does == SETUP_APPLIES ? keep_running(w, w->conf.n > before) : code;
}

/* Sections that setup added: those named, or all but the receiver, which goes with the last agent. */
static int undo(struct finding *w) {
    const struct setup_finds *o = w->o;
    const struct setup_sections sections = {o->cli, o->ledger, o->actor, false};
    char names[SOURCES_MAX][SOURCES_NAME_MAX + 1];
    const char *removed[SOURCES_MAX];
    size_t n = 0, n_removed = 0;
    struct err err = {0};
    for (size_t i = 0; i < w->conf.n; i++) {
        const struct sources_entry *e = &w->conf.entries[i];
        bool ours = setup_section_look(e, false) != SETUP_SECTION_OTHERS;
        bool receiver = setup_section_look(e, true) != SETUP_SECTION_OTHERS;
        if (!ours || (o->args->n_args == 0 ? receiver : !is_named(o, e->name, NULL))) continue;
        if (setup_section_look(e, false) == SETUP_SECTION_CHANGED) {
            cli_note(o->cli, "ledger: setup: the source '%s' in sources.conf was changed since, and stays", e->name);
            w->failed = w->failed || o->args->n_args > 0;
            continue;
        }
        snprintf(names[n++], sizeof(names[0]), "%s", e->name);
    }
    int code = 0;
    for (size_t i = 0; code == 0 && i < n; i++) {
        int rc = setup_section_drop(&sections, names[i], &err);
        code = rc != 0 ? cli_fail_input(o->cli, &err) : 0;
        if (code != 0) break;
        removed[n_removed++] = names[i];
        cli_note(o->cli, "ledger: setup: the source '%s' is removed from sources.conf", names[i]);
        if (w->json != NULL) {
            struct obj one = {0};
            obj_text(&one, "name", names[i]);
            obj_text(&one, "state", "removed");
            obj_bool(&one, "changed", true);
            obj_obj(w->json, NULL, &one);
        }
    }
    return code == 0 ? setup_section_units(&sections, removed, n_removed, true) : code;
}

int setup_found(const struct setup_finds *finds, struct obj *json) {
    static const struct table_column columns[] = {{"NAME", TABLE_KEEP, 0},
                                                  {"FOUND", TABLE_TAIL, 0},
                                                  {"STATE", TABLE_WHOLE, 0},
                                                  {"LAST EVENT", TABLE_KEEP, 0},
                                                  {"TO RECORD IT", TABLE_WRAP, 0}};
    struct finding *w = calloc(1, sizeof(*w));
    if (w == NULL) return cli_refuse(finds->cli, EXIT_SYSTEM, ERR_NOMEM, "out of memory");
    w->o = finds;
    w->json = json;
    int code = load(w);
    if (code == 0 && finds->does == SETUP_UNDOES) {
        code = undo(w);
    } else if (code == 0) {
        w->table = json == NULL ? table_new(finds->cli, columns, 5) : NULL;
        code = look_or_apply(w);
        int printed = json == NULL ? table_end(w->table) : 0;
        code = code != 0 ? code : printed;
    }
    code = code == 0 && w->failed ? EXIT_NO : code;
    sources_conf_done(&w->conf);
    find_list_done(&w->list);
    free(w);
    return code;
}
