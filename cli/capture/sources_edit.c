/* sources add, sources remove: one section of sources.conf, and the event that says so. The ledger is opened first: what cannot be
 * recorded is not changed. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/find/find.h"
#include "capture/sources/edit.h"
#include "cli/capture/sources.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"

enum { A_LISTEN, A_EVERY, A_FOLLOW, A_MODELS, A_VERIFY, A_ROOT, A_TOKEN, A_UNIT, A_ACTOR, A_DRY_RUN };
static const struct opt add_options[] = {
    [A_LISTEN] = {"listen", 0, "ADDRESS:PORT", "receive over HTTP, on this machine's loopback (otlp)"},
    [A_EVERY] = {"every", 0, "DURATION",
                 "look again at this interval, such as 30s, 5m, 1h (ollama, openai, tailscale, lm-eval, inspect, "
                 "huggingface, dpkg, hardware)"},
    [A_FOLLOW] = {"follow", 'f', NULL, "continue as the file or the journal grows (jsonl, journal)"},
    [A_MODELS] = {"models", 0, "DIR", "read the model store in this directory (ollama)"},
    [A_VERIFY] = {"verify", 0, NULL, "hash the files of models and compare them with their names (ollama, huggingface)"},
    [A_ROOT] = {"root", 0, "DIR", "a file system root other than / (dpkg, hardware, tailscale, journal)"},
    [A_TOKEN] = {"token-file", 0, "FILE", "the secret that the server wants, in a file that only you can access (openai)"},
    [A_UNIT] = {"unit", 'u', "GLOB", "also record the units of services with such names; may be repeated (journal)"},
    [A_ACTOR] = {"actor", 'a', "WHO", "who caused the events (default: service:<source>)"},
    [A_DRY_RUN] = {"dry-run", 0, NULL, "write nothing: check, and print the section"},
    {0},
};

/* A path as it means the same from every directory; links stay. */
static int put_path(struct buf *out, const char *key, const char *path, struct err *err) {
    char cwd[PATH_MAX];
    if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL) {
        return err_set(err, ERR_IO, "the working directory has no name");
    }
    if (path[0] == '/') {
        buf_printf(out, "%s = %s\n", key, path);
    } else {
        buf_printf(out, "%s = %s/%s\n", key, cwd, path);
    }
    return 0;
}

static void put(struct buf *out, const char *key, const char *value) {
    if (value != NULL) {
        buf_printf(out, "%s = %s\n", key, value);
    }
}

static int put_lines(struct buf *out, const struct opt_args *args, struct err *err) {
    const struct ingest_source *source = ingest_source_find(args->args[1]);
    bool url = source != NULL && (source->takes & INGEST_URL) != 0;
    const char *models = opt_text(args, &add_options[A_MODELS]), *root = opt_text(args, &add_options[A_ROOT]);
    const char *token = opt_text(args, &add_options[A_TOKEN]), *unit;
    char hub[FILE_PATH_MAX];
    size_t at = 0;
    int rc = 0;
    put(out, "source", args->args[1]);
    for (size_t i = 2; rc == 0 && i < args->n_args; i++) {
        if (strcmp(args->args[i], "-") == 0) {
            bool journal = source != NULL && strcmp(source->name, "journal") == 0;
            rc = err_set(err, ERR_INVALID, "a source that is kept running has no standard input; expected %s",
                         url       ? "the address of a server"
                         : journal ? "--follow alone, which follows this machine's journal"
                                   : "a file");
        } else if (url) {
            put(out, "url", args->args[i]);
        } else {
            rc = put_path(out, "path", args->args[i], err);
        }
    }
    if (source != NULL && (source->takes & INGEST_HUB) != 0 && args->n_args == 2 && find_hub(cli_env, hub)) {
        rc = put_path(out, "path", hub, err); /* a service has other variables than this shell */
    }
    put(out, "listen", opt_text(args, &add_options[A_LISTEN]));
    put(out, "every", opt_text(args, &add_options[A_EVERY]));
    put(out, "follow", opt_has(args, &add_options[A_FOLLOW]) ? "true" : NULL);
    put(out, "verify", opt_has(args, &add_options[A_VERIFY]) ? "true" : NULL);
    if (rc == 0 && models != NULL) rc = put_path(out, "models", models, err);
    if (rc == 0 && root != NULL) rc = put_path(out, "root", root, err);
    if (rc == 0 && token != NULL) rc = put_path(out, "token-file", token, err);
    while ((unit = opt_next(args, &add_options[A_UNIT], &at)) != NULL) {
        put(out, "unit", unit);
    }
    put(out, "actor", opt_text(args, &add_options[A_ACTOR]));
    return rc == 0 ? buf_check(out, "section", err) : rc;
}

/* A value with a line end would be a setting of its own. */
static bool has_line_end(const struct opt_args *args) {
    for (size_t i = 0; i < args->n_args; i++) {
        if (strpbrk(args->args[i], "\n\r") != NULL) return true;
    }
    for (size_t i = 0; i < args->n_values; i++) {
        if (args->values[i].text != NULL && strpbrk(args->values[i].text, "\n\r") != NULL) return true;
    }
    return false;
}

static int apply(struct cli *cli, struct ledger *ledger, struct sources_edit *edit, const char *kind, const char *name) {
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct err err = {0};
    int rc = sources_edit_apply(ledger, edit, &(struct sources_event){.kind = kind, .name = name}, &receipt, &err);
    if (rc == 0) rc = log_head(ledger, &head, &err);
    return rc == 0 ? receipt_print(cli, &receipt, &head) : cli_fail(cli, &err);
}

static int edit_exit(const struct cli *cli, const struct err *err) {
    return err->code == ERR_NOTFOUND || err->code == ERR_CONFLICT ? cli_fail_as(cli, err, EXIT_NO)
                                                                  : cli_fail_input(cli, err);
}

static int add(struct cli *cli, const struct opt_args *args) {
    struct sources_edit edit;
    struct ledger *ledger = NULL;
    struct err err = {0};
    struct buf lines = {.max = SOURCES_TEXT_MAX};
    const char *name = args->args[0];
    if (!sources_name_ok(bytes_of(name))) {
        return cli_usage(cli, "'%.60s' is not a name of a source; expected at most %d of a-z, 0-9, '.', '_' and '-'", name,
                         SOURCES_NAME_MAX);
    }
    if (has_line_end(args)) return cli_usage(cli, "a value has a line end");
    bool dry = opt_has(args, &add_options[A_DRY_RUN]);
    int exit_code = cli_open(cli, dry ? CLI_READ : CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = put_lines(&lines, args, &err);
    if (rc == 0) rc = sources_edit_add(&edit, cli->dir, name, bytes_of_buf(&lines), &err);
    bool made = rc == 0, fit = made && sources_edit_check(&edit, name, &err) == 0;
    if (!made) {
        exit_code = edit_exit(cli, &err);
    } else if (!fit) {
        exit_code = cli_fail_input(cli, &err);
        sources_edit_done(&edit);
    } else {
        if (dry) {
            out_bytes(cli, edit.section);
        } else {
            exit_code = apply(cli, ledger, &edit, "setup.applied", name);
        }
        sources_edit_done(&edit);
    }
    buf_done(&lines);
    log_close(ledger);
    return exit_code;
}

static int remove_source(struct cli *cli, const struct opt_args *args) {
    struct sources_edit edit;
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    if (sources_edit_remove(&edit, cli->dir, args->args[0], &err) != 0) {
        exit_code = edit_exit(cli, &err);
    } else {
        exit_code = apply(cli, ledger, &edit, "setup.undone", args->args[0]);
        sources_edit_done(&edit);
    }
    log_close(ledger);
    return exit_code;
}

const struct spec spec_sources_add = {
    .synopsis = "NAME SOURCE [FILE ... | URL] [--listen ADDRESS:PORT | --every DURATION | --follow] [--models DIR] "
                "[--token-file FILE] "
                "[--unit GLOB]... [--actor WHO]",
    .about =
        "Adds a section to sources.conf in the ledger's directory (mode 0600) and records that. SOURCE is one of 'ledger "
        "ingest --sources'; it must listen, look again, or follow. A process that runs already ('ledger sources run') "
        "reads the file again on SIGHUP.",
    .examples = "ledger sources add traces otlp --listen 127.0.0.1:4318\n"
                "ledger sources add models ollama http://127.0.0.1:11434 --every 30s\n"
                "ledger sources add agent jsonl /var/log/agent.jsonl --follow\n"
                "ledger sources add server openai http://127.0.0.1:8080 --token-file server.token --every 1m",
    .opts = add_options,
    .min_args = 2,
    .max_args = CLI_MANY,
    .run = add,
};

const struct spec spec_sources_remove = {
    .synopsis = "NAME",
    .about = "Removes the section from sources.conf and records that. What the source has recorded stays.",
    .examples = "ledger sources remove traces",
    .min_args = 1,
    .max_args = 1,
    .run = remove_source,
};
