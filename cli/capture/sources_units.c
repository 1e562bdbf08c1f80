/* sources units: units of systemd for the configured sources, written or removed one by one, each with its event. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "capture/sources/unit.h"
#include "cli/capture/sources.h"
#include "cli/open/open.h"
#include "ledger/core/config.h"

enum { U_USER, U_DIR, U_PRINT, U_UNDO };
static const struct opt options[] = {
    [U_USER] = {"user", 0, NULL, "for the user's own service manager (the default)"},
    [U_DIR] = {"to", 0, "DIR", "write them here instead of ~/.config/systemd/user"},
    [U_PRINT] = {"print", 'p', NULL, "print them and write nothing"},
    [U_UNDO] = {"undo", 0, NULL, "remove the units that were written, if they are unchanged"},
    {0},
};

struct work {
    struct cli *cli;
    struct ledger *ledger;         /* NULL: with --print */
    char directory[FILE_PATH_MAX]; /* of the units */
    char program[PATH_MAX], ledger_dir[PATH_MAX], keys[FILE_PATH_MAX];
    char pass[PATH_MAX]; /* file of the keys' passphrase; empty: none */
    size_t changed;
    bool notes; /* what is done goes to standard error */
    struct obj list;
};

/* `dir`: of the units; NULL: the user's. */
static int find_places(struct work *w, const char *dir, struct err *err) {
    struct config config;
    char below[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", w->program, sizeof(w->program) - 1);
    if (n <= 0) return err_set(err, ERR_IO, "/proc/self/exe does not say where this program is");
    w->program[n] = '\0';
    if (realpath(w->cli->dir, w->ledger_dir) == NULL) return err_errno(err, errno, "%s", w->cli->dir);
    const char *pass = w->cli->passphrase_file;
    if (pass != NULL && realpath(pass, w->pass) == NULL) return err_errno(err, errno, "%s", pass);
    int rc = config_load(w->cli->dir, &config, err);
    if (rc == 0 && realpath(config.keys, below) == NULL) {
        snprintf(below, sizeof(below), "%s", w->ledger_dir); /* without keys nothing is recorded, and that is said then */
    }
    if (rc == 0) {
        snprintf(w->keys, sizeof(w->keys), "%.*s", FILE_PATH_MAX - 1, below);
    }
    if (rc == 0 && dir != NULL) {
        snprintf(w->directory, sizeof(w->directory), "%.*s", FILE_PATH_MAX - 1, dir);
    } else if (rc == 0) {
        char ours[FILE_PATH_MAX], config_dir[FILE_PATH_MAX];
        rc = cli_xdg(ours, "XDG_CONFIG_HOME", ".config", err); /* our own folder, beside systemd's */
        if (rc == 0) rc = file_parent(config_dir, ours, err);
        if (rc == 0) rc = file_join(w->directory, config_dir, "systemd/user", err);
    }
    return rc;
}

static int append(struct work *w, const char *kind, const char *name, const char *path, struct bytes text,
                  struct err *err) {
    const struct sources_event event = {.kind = kind,
                                        .name = name,
                                        .what = "unit",
                                        .path = path,
                                        .changed = text,
                                        .before = strcmp(kind, "setup.undone") == 0 ? text : (struct bytes){0},
                                        .after = strcmp(kind, "setup.undone") == 0 ? (struct bytes){0} : text};
    struct log_receipt receipt;
    return sources_event_append(w->ledger, &event, &receipt, err);
}

static void report(struct work *w, const char *file, const char *path, const char *what) {
    struct obj one = {0};
    obj_text(&one, "unit", file);
    obj_text(&one, "path", path);
    obj_text(&one, "outcome", what);
    obj_obj(&w->list, NULL, &one);
    if (w->notes) {
        cli_note(w->cli, "ledger: setup: %s %s", path, what);
    } else if (!w->cli->json) {
        out_printf(w->cli, "%s  ", what);
        out_safe(w->cli, bytes_of(path));
        out_str(w->cli, "\n");
    }
}

/* What has no event did not happen. */
static void put_back(const char *path, struct bytes text) {
    if (text.n > 0) {
        file_write_durable(path, text, 0644, NULL);
    } else {
        unlink(path);
    }
}

/* Writes one unit unless it is there already. */
static int write_unit(struct work *w, const struct sources_entry *entry, enum sources_unit unit, struct err *err) {
    const struct sources_unit_place place = {w->program, w->ledger_dir, w->keys, w->pass[0] != '\0' ? w->pass : NULL};
    char file[SOURCES_UNIT_NAME], path[FILE_PATH_MAX];
    struct buf text = {.max = SOURCES_UNIT_MAX}, there = {.max = SOURCES_UNIT_MAX};
    enum sources_unit_state state = SOURCES_UNIT_ABSENT;
    sources_unit_name(file, entry->name, unit);
    int rc = sources_unit_text(&text, entry, &place, unit, err);
    if (rc == 0 && w->ledger == NULL) {
        out_printf(w->cli, "# %s\n", file);
        out_bytes(w->cli, bytes_of_buf(&text));
        out_str(w->cli, "\n");
    } else if (rc == 0) {
        rc = file_join(path, w->directory, file, err);
        if (rc == 0) rc = sources_unit_look(path, w->ledger_dir, &state, err);
        if (rc == 0 && state != SOURCES_UNIT_ABSENT && state != SOURCES_UNIT_OURS) {
            rc = err_set(err, ERR_CONFLICT, "'%s' is %s; move it away first", path,
                         state == SOURCES_UNIT_OTHERS ? "for another ledger" : "not as 'ledger sources units' wrote it");
        }
        bool same = rc == 0 && state == SOURCES_UNIT_OURS && file_read_regular(path, &there, err) == 0 &&
                    bytes_eq(bytes_of_buf(&text), bytes_of_buf(&there));
        if (rc == 0 && !same) {
            rc = file_write_durable(path, bytes_of_buf(&text), 0644, err);
            if (rc == 0) rc = append(w, "setup.applied", entry->name, path, bytes_of_buf(&text), err);
            if (rc != 0) {
                put_back(path, bytes_of_buf(&there));
            }
            w->changed += rc == 0;
        }
        if (rc == 0) {
            report(w, file, path, same ? "unchanged" : "written");
        }
    }
    buf_done(&text);
    buf_done(&there);
    return rc;
}

static int undo_unit(struct work *w, const char *name, enum sources_unit unit, struct err *err) {
    char file[SOURCES_UNIT_NAME], path[FILE_PATH_MAX];
    struct buf text = {.max = SOURCES_UNIT_MAX};
    enum sources_unit_state state = SOURCES_UNIT_ABSENT;
    sources_unit_name(file, name, unit);
    int rc = file_join(path, w->directory, file, err);
    if (rc == 0) rc = sources_unit_look(path, w->ledger_dir, &state, err);
    if (rc == 0 && state == SOURCES_UNIT_OURS) {
        rc = file_read_regular(path, &text, err);
        if (rc == 0 && unlink(path) != 0) rc = err_errno(err, errno, "%s", path);
        if (rc == 0 && (rc = append(w, "setup.undone", name, path, bytes_of_buf(&text), err)) != 0) {
            put_back(path, bytes_of_buf(&text));
        }
        w->changed += rc == 0;
    }
    if (rc == 0 && state != SOURCES_UNIT_ABSENT) {
        report(w, file, path,
               state == SOURCES_UNIT_OURS     ? "removed"
               : state == SOURCES_UNIT_OTHERS ? "for another ledger, kept"
                                              : "changed since, kept");
    }
    buf_done(&text);
    return rc;
}

static bool is_named(const struct sources_names *names, const char *name) {
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->names[i], name) == 0) return true;
    }
    return names->n == 0;
}

/* Of a source that is no longer configured the units are removed by its name. */
static int undo(struct work *w, const struct sources_conf *conf, const struct sources_names *names, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < (names->n > 0 ? names->n : conf->n); i++) {
        const char *name = names->n > 0 ? names->names[i] : conf->entries[i].name;
        if (!sources_name_ok(bytes_of(name))) rc = err_set(err, ERR_INVALID, "'%.60s' is not a name of a source", name);
        for (int unit = 0; rc == 0 && unit < SOURCES_UNITS; unit++) {
            rc = undo_unit(w, name, (enum sources_unit)unit, err);
        }
    }
    return rc;
}

static int apply(struct work *w, const struct sources_conf *conf, const struct sources_names *names, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < names->n; i++) {
        if (sources_conf_find(conf, names->names[i]) == NULL) {
            rc = err_set(err, ERR_NOTFOUND, "there is no source '%.60s' in " SOURCES_CONF, names->names[i]);
        }
    }
    if (rc == 0 && w->ledger != NULL) rc = file_make_dirs(w->directory, err);
    for (size_t i = 0; rc == 0 && i < conf->n; i++) {
        const struct sources_entry *entry = &conf->entries[i];
        for (int unit = 0; rc == 0 && is_named(names, entry->name) && unit < SOURCES_UNITS; unit++) {
            if (sources_unit_has(entry, (enum sources_unit)unit)) rc = write_unit(w, entry, (enum sources_unit)unit, err);
        }
    }
    return rc;
}

/* What the service manager must still be told. */
static void say_next(const struct work *w, const struct sources_conf *conf, const struct sources_names *only) {
    struct buf names = {.max = 65536};
    for (size_t i = 0; i < conf->n; i++) {
        char file[SOURCES_UNIT_NAME];
        if (is_named(only, conf->entries[i].name)) {
            sources_unit_name(file, conf->entries[i].name, SOURCES_SERVICE);
            buf_printf(&names, " %s", file);
        }
    }
    cli_note(w->cli, "next: systemctl --user daemon-reload && systemctl --user enable --now%.*s", (int)names.n,
             (const char *)names.p);
    cli_note(w->cli, "to run while you are not logged in: loginctl enable-linger");
    buf_done(&names);
}

int sources_units_change(struct cli *cli, struct ledger *ledger, const struct sources_names *names, bool undoes,
                         struct err *err) {
    struct work *w = calloc(1, sizeof(*w));
    struct sources_conf conf = {0};
    if (w == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->cli = cli;
    w->ledger = ledger;
    w->notes = true;
    int rc = sources_conf_load(&conf, cli->dir, err);
    if (rc == 0) rc = find_places(w, NULL, err);
    if (rc == 0) rc = undoes ? undo(w, &conf, names, err) : apply(w, &conf, names, err);
    if (rc == 0 && !undoes) {
        say_next(w, &conf, names);
    } else if (rc == 0 && w->changed > 0) {
        cli_note(cli, "next: systemctl --user daemon-reload");
    }
    obj_done(&w->list);
    sources_conf_done(&conf);
    free(w);
    return rc;
}

static int units(struct cli *cli, const struct opt_args *args) {
    struct work *w = calloc(1, sizeof(*w));
    struct sources_conf conf = {0};
    struct err err = {0};
    struct obj obj = {0};
    const struct sources_names names = {(const char *const *)args->args, args->n_args};
    bool undoes = opt_has(args, &options[U_UNDO]), prints = opt_has(args, &options[U_PRINT]);
    if (w == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "out of memory");
    w->cli = cli;
    int exit_code = undoes && prints ? cli_usage(cli, "--undo and --print exclude each other") : sources_load(cli, &conf);
    if (exit_code == 0 && !prints) exit_code = cli_open(cli, CLI_WRITE, &w->ledger);
    if (exit_code == 0) {
        int rc = find_places(w, opt_text(args, &options[U_DIR]), &err);
        if (rc == 0) rc = undoes ? undo(w, &conf, &names, &err) : apply(w, &conf, &names, &err);
        exit_code = rc == 0 ? 0 : rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_NO) : cli_fail_input(cli, &err);
    }
    if (exit_code == 0 && cli->json && !prints) {
        obj_list(&obj, "units", &w->list);
        exit_code = cli_print(cli, &obj, true);
    } else if (exit_code == 0 && !prints && !undoes && conf.n > 0) {
        say_next(w, &conf, &names);
    } else if (exit_code == 0 && undoes && w->changed > 0) {
        cli_note(cli, "next: systemctl --user daemon-reload");
    }
    obj_done(&w->list);
    log_close(w->ledger);
    sources_conf_done(&conf);
    free(w);
    return exit_code;
}

const struct spec spec_sources_units = {
    .synopsis = "[NAME ...] [--print | --undo] [--to DIR]",
    .about =
        "Writes user units of systemd for the configured sources, or for those named: a service each, confined to what it "
        "needs and started again when it fails, and for a receiver a socket that keeps its address while the service is "
        "not running. Units that were changed by hand are never replaced or removed. Each unit that is written or "
        "removed is an event.",
    .examples = "ledger sources units --print\nledger sources units && systemctl --user daemon-reload\n"
                "ledger sources units --undo",
    .opts = options,
    .max_args = SOURCES_MAX,
    .run = units,
};
