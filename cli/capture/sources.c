/* sources: what keeps recording into this ledger. */
#include "cli/capture/sources.h"

#include <stdio.h>

int sources_load(const struct cli *cli, struct sources_conf *conf) {
    struct err err = {0};
    int rc = file_exists(cli->dir) ? 0 : err_set(&err, ERR_NOTFOUND, "'%s': there is no ledger", cli->dir);
    if (rc == 0) rc = sources_conf_load(conf, cli->dir, &err);
    return rc == 0 ? 0 : cli_fail_input(cli, &err);
}

static int check(struct cli *cli, const struct opt_args *args) {
    struct sources_conf conf = {0};
    struct obj obj = {0};
    (void)args;
    struct err err = {0};
    int exit_code = sources_load(cli, &conf);
    for (size_t i = 0; exit_code == 0 && i < conf.n; i++) {
        if (sources_entry_check(&conf.entries[i], &err) != 0) exit_code = cli_fail_input(cli, &err);
    }
    if (exit_code == 0 && cli->json) {
        obj_uint(&obj, "sources", conf.n);
        exit_code = cli_print(cli, &obj, true);
    } else if (exit_code == 0) {
        out_printf(cli, "%zu source%s, no fault\n", conf.n, conf.n == 1 ? "" : "s");
    }
    sources_conf_done(&conf);
    return exit_code;
}

static const struct spec spec_sources_check = {
    .synopsis = "",
    .about = "Reads sources.conf in the ledger's directory and names the first fault by file, line and key; then the "
             "files of tokens that it names: each must be a private file with one.",
    .examples = "ledger sources check",
    .run = check,
};

static const struct command subs[] = {
    {"add", "configure a source", &spec_sources_add},
    {"remove", "take a source out of the configuration", &spec_sources_remove},
    {"check", "check the configuration", &spec_sources_check},
    {"run", "run the configured sources in the foreground", &spec_sources_run},
    {"units", "write user units of systemd for them", &spec_sources_units},
    {0},
};

const struct spec spec_sources = {
    .synopsis = "[add | remove | check | run | units]",
    .about =
        "Sources that keep running: receivers, pollers and followers, as sources.conf in the ledger's directory lists "
        "them. Without a subcommand: each with its state, its newest event, its rate over the last hour, how far it is "
        "behind, and its errors; also sources that have recorded without being configured.\n\n"
        "A file to follow is behind by the bytes that are not read yet, a poller by the time since its last look.",
    .examples = "ledger sources\nledger sources add traces otlp --listen 127.0.0.1:4318\n"
                "ledger sources add models ollama --every 30s\nledger sources run\n"
                "ledger sources units && systemctl --user daemon-reload",
    .max_args = 0,
    .run = sources_list,
    .subs = subs,
};
