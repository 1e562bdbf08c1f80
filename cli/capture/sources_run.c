/* sources run: the configured sources in the foreground, each in a child; or one of them in this process, for a service manager
 * that starts it again itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "capture/find/find.h"
#include "capture/sources/place.h"
#include "capture/sources/serve.h"
#include "capture/sources/supervise.h"
#include "cli/call/stop.h"
#include "cli/capture/sources.h"
#include "cli/open/open.h"
#include "cli/open/unlock.h"

enum { R_NO_RESTART };
static const struct opt options[] = {
    [R_NO_RESTART] = {"no-restart", 0, NULL, "run the one source in this process, and end with it: for service managers"},
    {0},
};

struct running {
    struct cli *cli;
    const char *name;   /* of the source, for its lines */
    const char *notify; /* the service manager's socket */
};

static void say_of(void *ctx, const char *name, const char *words) {
    const struct running *r = ctx;
    if (!r->cli->quiet) {
        out_error("ledger: sources: %s: %s", name, words);
    }
}

static void say(void *ctx, const char *words) {
    const struct running *r = ctx;
    say_of(ctx, r->name, words);
}

/* The unit that this process belongs to, by its control group. */
static void find_unit(char ret[SOURCES_ADDRESS]) {
    struct buf text = {.max = 65536};
    if (cli_env("INVOCATION_ID") != NULL && file_read("/proc/self/cgroup", &text, NULL) == 0) {
        buf_put_u8(&text, 0);
        char *end = (char *)text.p + strcspn((char *)text.p, "\n");
        *end = '\0';
        const char *last = strrchr((char *)text.p, '/');
        const char *dot = last != NULL ? strrchr(last, '.') : NULL;
        if (dot != NULL && strcmp(dot, ".service") == 0) {
            snprintf(ret, SOURCES_ADDRESS, "%.*s", SOURCES_ADDRESS - 1, last + 1);
        }
    }
    buf_done(&text);
}

/* Records with this process until SIGTERM. `lock` is open. */
static int record(struct running *r, const struct sources_entry *entry, const struct sources_status *begin, int lock) {
    struct cli *cli = r->cli;
    struct ledger *ledger = NULL;
    struct err err = {0};
    char hub[FILE_PATH_MAX];
    struct sources_serve serve = {
        .dir = cli->dir, .entry = entry, .status = *begin, .stop = stop_catch(), .notify = r->notify, .ctx = r, .say = say};
    r->name = entry->name;
    serve.hub = find_hub(cli_env, hub) ? hub : NULL;
    find_unit(serve.status.unit);
    if (sources_place_take(lock, SOURCES_RECORDS, entry->name, &err) != 0) return cli_fail(cli, &err);
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    serve.ledger = ledger;
    int rc = sources_serve(&serve, &err);
    log_close(ledger);
    if (rc == 0) return EXIT_GOOD;
    struct err why = err;
    err_set(&err, rc, "%s: %s", entry->name, why.msg);
    return rc == ERR_NOTFOUND ? cli_fail(cli, &err) : cli_fail_input(cli, &err);
}

static int run_child(void *ctx, const struct sources_entry *entry, const struct sources_status *begin) {
    struct running r = *(struct running *)ctx;
    struct err err = {0};
    int lock = -1;
    r.notify = NULL; /* the parent speaks for all */
    if (sources_place_open(r.cli->dir, entry->name, &lock, &err) != 0) return cli_fail(r.cli, &err);
    return record(&r, entry, begin, lock);
}

static int run_one(struct running *r, const struct sources_conf *conf, const struct opt_args *args) {
    struct sources_status begin = {.phase = SOURCES_STARTING, .pid = (uint64_t)getpid()};
    struct err err = {0};
    int lock = -1;
    const struct sources_entry *entry = args->n_args == 1 ? sources_conf_find(conf, args->args[0]) : NULL;
    if (args->n_args != 1) return cli_usage(r->cli, "--no-restart takes the name of one source");
    if (entry == NULL) {
        err_set(&err, ERR_NOTFOUND, "there is no source '%.60s' in " SOURCES_CONF, args->args[0]);
        return cli_fail_input(r->cli, &err);
    }
    int rc = sources_place_open(r->cli->dir, entry->name, &lock, &err);
    if (rc == 0) rc = sources_place_take(lock, SOURCES_KEEPS, entry->name, &err);
    return rc == 0 ? record(r, entry, &begin, lock) : cli_fail(r->cli, &err);
}

/* Is there a ledger that can be written to? Asked in a child, because a child cannot use what its parent has opened. */
static int try_ledger(struct cli *cli) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct ledger *ledger = NULL;
        int exit_code = cli_open(cli, CLI_WRITE, &ledger);
        log_close(ledger);
        _exit(exit_code);
    }
    while (pid > 0 && waitpid(pid, &status, 0) != pid) {
    }
    return pid < 0 || !WIFEXITED(status) ? EXIT_SYSTEM : WEXITSTATUS(status);
}

static int run_all(struct running *r, struct sources_conf *conf, const struct opt_args *args) {
    struct err err = {0};
    struct sources_supervise supervise = {.dir = r->cli->dir,
                                          .conf = conf,
                                          .names = (const char *const *)args->args,
                                          .n_names = args->n_args,
                                          .notify = r->notify,
                                          .hup_ends = isatty(STDIN_FILENO) == 1,
                                          .ctx = r,
                                          .run = run_child,
                                          .say = say_of};
    if (conf->n == 0) {
        return cli_refuse(r->cli, EXIT_NO, ERR_NOTFOUND,
                          "no source is configured; for example 'ledger sources add traces otlp --listen 127.0.0.1:4318'");
    }
    /* A passphrase is read once, and each child has it. */
    if (unlock_ledger(r->cli, false, &err) != 0) return cli_fail_input(r->cli, &err);
    int exit_code = try_ledger(r->cli);
    if (exit_code != 0) return exit_code;
    int rc = sources_supervise(&supervise, &err);
    return rc == 0 ? EXIT_GOOD : rc == ERR_NOTFOUND ? cli_fail_input(r->cli, &err) : cli_fail(r->cli, &err);
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct sources_conf conf = {0};
    struct running r = {.cli = cli, .name = "", .notify = cli_env("NOTIFY_SOCKET")};
    int exit_code = sources_load(cli, &conf);
    if (exit_code == 0) {
        exit_code = opt_has(args, &options[R_NO_RESTART]) ? run_one(&r, &conf, args) : run_all(&r, &conf, args);
    }
    sources_conf_done(&conf);
    return exit_code;
}

const struct spec spec_sources_run = {
    .synopsis = "[NAME ...] [--no-restart]",
    .about =
        "Runs the sources of sources.conf, or those named, in the foreground until SIGTERM or Ctrl-C: each in a process of "
        "its own, which is started again when it ends, after half a second, then after twice as long each time, at most "
        "five minutes. Each continues where it was, without loss or repetition. SIGHUP reads the file again.\n\n"
        "Another process that runs one of them already is named, and nothing is started (exit code 4).",
    .examples = "ledger sources run\nledger sources run traces models",
    .opts = options,
    .max_args = SOURCES_MAX,
    .run = run,
};
