/* The passphrase comes first, so that a wrong one is reported as wrong input and never as a tampered ledger. */
#include "cli/open/open.h"

#include "cli/open/setback.h"
#include "cli/open/unlock.h"
#include "ledger/core/lead.h"
#include "query/query.h"

static void say_waiting(void *ctx, const char *text) {
    cli_note(ctx, "%s", text);
}

void cli_patience(struct cli *cli, struct log_open_options *ret) {
    ret->wait_ns = cli->wait_ns;
    ret->waiting = say_waiting;
    ret->waiting_ctx = cli;
}

int cli_open(struct cli *cli, enum cli_open mode, struct ledger **ret) {
    struct err err = {0};
    bool exposed = mode == CLI_EXPOSED, write = mode == CLI_WRITE || exposed, keys = write || mode == CLI_KEYS;
    if (keys && cli->guest) return cli_refuse(cli, EXIT_SYSTEM, ERR_BUSY, "a guest writes nothing");
    if (keys) {
        int rc = unlock_ledger(cli, exposed, &err);
        if (rc != 0) return cli_fail_input(cli, &err);
    }
    struct log_open_options options = {.passphrase = pass_bytes(&cli->pass),
                                       .read_only = !keys,
                                       .exposed_keys = exposed,
                                       .keep_readers = exposed,
                                       .no_private = cli->guest,
                                       .leaves_derived = cli->guest};
    cli_patience(cli, &options);
    int rc = log_open(cli->dir, &options, ret, &err);
    if (rc == ERR_NOTFOUND && mode == CLI_TRY) {
        cli_note(cli, "ledger: %s: %s: checks that need a ledger are skipped", cli->command, err.msg);
        *ret = NULL;
        return 0;
    }
    if (rc == ERR_NOTFOUND) return cli_fail_input(cli, &err);
    if (rc == 0 && write) {
        rc = setback_refuse(*ret, &err);
        if (rc == 0) rc = query_index_follow(*ret, &err); /* appending builds the index afterwards */
        if (rc != 0) {
            log_close(*ret);
            *ret = NULL;
        }
    }
    if (rc == 0 && !write && mode != CLI_AGAIN) {
        setback_warn(cli, *ret, mode != CLI_TRUST);
    }
    return rc == 0 ? 0 : cli_fail(cli, &err);
}

void cli_note_lead(const struct cli *cli, struct ledger *ledger) {
    struct lead lead = {0};
    char words[96];
    if (lead_now(ledger, &lead, NULL) == 0 && lead.ns > 0) {
        lead_words(&lead, words, sizeof(words));
        cli_note(cli,
                 "ledger: %s: %s: events from there on without a time of their own match no condition on time; "
                 "'--since %llu' lists them",
                 cli->command, words, (unsigned long long)lead.seq);
    }
}
