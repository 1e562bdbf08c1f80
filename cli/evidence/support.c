/* support: a report without names, for a stranger who investigates a fault. */
#include "cli/evidence/support.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "export/support/support.h"

enum { S_OUTPUT, S_DAYS, S_DRY_RUN, S_PLAIN, S_RECIPIENT, S_NOTE };
static const struct opt options[] = {
    [S_OUTPUT] = {"output", 'o', "FILE", "write the report to FILE, which must not exist; - for standard output"},
    [S_DAYS] = {"days", 0, "N", "events of the N days before the newest one (default: 7)"},
    [S_DRY_RUN] = {"dry-run", 'n', NULL, "only show what it would contain: nothing is written or recorded"},
    [S_PLAIN] = {"plain", 0, NULL, "write a tar archive without compression"},
    [S_RECIPIENT] = {"recipient", 0, "WHO", "for whom it is; a private field of the event that records it"},
    [S_NOTE] = {"note", 0, "TEXT", "why; private too"},
    {0},
};

struct report {
    struct ledger *ledger;
    const char *recipient, *note; /* may be NULL */
    struct support_options options;
    struct support_counts counts;
    uint8_t digest[LOG_HASH];
    uint64_t bytes;
    struct log_receipt receipt;
};

static int write_report(void *ctx, int fd, struct err *err) {
    struct report *r = ctx;
    return support_write(r->ledger, &r->options, fd, &r->counts, r->digest, &r->bytes, err);
}

static int record_report(void *ctx, const char *path, struct err *err) {
    struct report *r = ctx;
    char actor[128];
    struct support_record record = {.counts = &r->counts,
                                    .digest = r->digest,
                                    .bytes = r->bytes,
                                    .days = r->options.days,
                                    .to.actor = cli_actor(NULL, actor),
                                    .to.path = path,
                                    .to.recipient = r->recipient,
                                    .to.note = r->note};
    return support_record(r->ledger, &record, &r->receipt, err);
}

static void put_counts(struct obj *obj, const struct report *r) {
    const struct support_counts *c = &r->counts;
    obj_uint(obj, "size", c->head.size);
    obj_uint(obj, "days", r->options.days);
    obj_uint(obj, "from", c->from);
    obj_uint(obj, "to", c->to);
    obj_uint(obj, "events", c->events);
    obj_uint(obj, "pseudonyms", c->pseudonyms);
    obj_uint(obj, "left_out", c->left_out);
    obj_uint(obj, "with_private_fields", c->private_);
    obj_uint(obj, "rows", c->rows);
    obj_uint(obj, "secrets", c->secrets);
}

static int dry_run(struct cli *cli, struct report *r) {
    struct buf account = {.max = 1 << 16};
    struct err err = {0};
    int exit_code;
    if (support_plan(r->ledger, &r->options, &account, &r->counts, &err) != 0) {
        exit_code = cli_fail(cli, &err);
    } else if (cli->json) {
        struct obj obj = {0};
        put_counts(&obj, r);
        exit_code = cli_print(cli, &obj, false);
    } else {
        out_bytes(cli, bytes_of_buf(&account));
        exit_code = cli_end(cli, EXIT_GOOD);
    }
    buf_done(&account);
    if (exit_code == EXIT_GOOD && r->counts.secrets > 0) {
        exit_code = cli_refuse(cli, EXIT_INPUT, ERR_INVALID, "%s: it would not be written", r->counts.secret);
    }
    return exit_code;
}

static int write_it(struct cli *cli, struct report *r, const char *path) {
    struct handover how = {write_report, record_report, r};
    int exit_code = hand_over(cli, &how, "a report", path);
    if (exit_code != 0 || out_is_stdout(path)) return exit_code;
    struct handover_done done = {path, r->bytes, r->receipt.seq, r->digest};
    if (cli->json) {
        struct obj obj = {0};
        handover_put(&obj, &done);
        put_counts(&obj, r);
        exit_code = cli_print(cli, &obj, false);
        return exit_code;
    }
    out_printf(cli, "%llu event%s of the last %llu day%s, %llu row%s of states; %llu value%s replaced, %llu left out\n",
               (unsigned long long)r->counts.events, text_s(r->counts.events), (unsigned long long)r->options.days,
               text_s(r->options.days), (unsigned long long)r->counts.rows, text_s(r->counts.rows),
               (unsigned long long)r->counts.pseudonyms, text_s(r->counts.pseudonyms),
               (unsigned long long)r->counts.left_out);
    handover_say(cli, &done);
    out_str(cli, "read it before you send it: LEFT_OUT.md in it says what still shows\n");
    return cli_end(cli, EXIT_GOOD);
}

/* The user and the machine: texts that must not be in the report. */
struct self {
    char host[256], actor[128], system[256];
    const char *identities[4];
};

static void know_self(struct self *self, struct support_options *o) {
    struct utsname u;
    const struct passwd *user = getpwuid(getuid()); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    const char *colon;
    memset(self, 0, sizeof(*self));
    if (gethostname(self->host, sizeof(self->host) - 1) == 0) {
        self->identities[o->n_identities++] = self->host;
    }
    cli_actor(NULL, self->actor);
    colon = strchr(self->actor, ':');
    self->identities[o->n_identities++] = colon ? colon + 1 : self->actor;
    if (user && user->pw_name) {
        self->identities[o->n_identities++] = user->pw_name;
    }
    if (uname(&u) == 0) {
        snprintf(self->system, sizeof(self->system), "%s %s %s", u.sysname, u.release, u.machine);
    }
    o->identities = self->identities;
    o->system = self->system;
}

int support_hand_over(struct cli *cli, struct ledger *ledger, const char *path, const char *note,
                      uint8_t ret_digest[LOG_HASH], struct handover_done *ret) {
    struct report r = {.ledger = ledger, .note = note, .options = {.days = SUPPORT_DAYS}};
    struct handover how = {write_report, record_report, &r};
    struct self self;
    know_self(&self, &r.options);
    int exit_code = hand_over(cli, &how, "a report", path);
    if (exit_code == 0) {
        memcpy(ret_digest, r.digest, LOG_HASH);
        *ret = (struct handover_done){path, r.bytes, r.receipt.seq, ret_digest};
    }
    return exit_code;
}

static int run_support(struct cli *cli, const struct opt_args *args) {
    const char *path = opt_text(args, &options[S_OUTPUT]);
    bool dry = opt_has(args, &options[S_DRY_RUN]);
    struct report r = {.recipient = opt_text(args, &options[S_RECIPIENT]),
                       .note = opt_text(args, &options[S_NOTE]),
                       .options = {.days = SUPPORT_DAYS, .plain = opt_has(args, &options[S_PLAIN])}};
    struct self self;
    struct out_progress progress;
    struct err err = {0};
    if (opt_u64(args, &options[S_DAYS], &r.options.days, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    if (r.options.days < 1 || r.options.days > SUPPORT_DAYS_MAX) {
        return cli_usage(cli, "--days is from 1 to %d", SUPPORT_DAYS_MAX);
    }
    if (path == NULL && !dry) {
        return cli_usage(cli, "where to? -o FILE writes the report, --dry-run says what would be in it");
    }
    know_self(&self, &r.options);
    int exit_code = cli_open(cli, dry ? CLI_READ : CLI_WRITE, &r.ledger);
    if (exit_code != 0) return exit_code;
    out_progress_init(&progress, cli, "reporting");
    r.options.stop = stop_catch();
    r.options.progress = out_progress_draw;
    r.options.progress_ctx = &progress;
    exit_code = dry ? dry_run(cli, &r) : write_it(cli, &r, path);
    out_progress_end(&progress);
    log_close(r.ledger);
    return exit_code;
}

const struct spec spec_support = {
    .synopsis = "-o FILE [--days N] [OPTIONS]",
    .about = "Writes a report with which a stranger can help to diagnose a problem: versions, sizes, counts by\n"
             "kind and day, the condition of the projections, states, what the doctor says, and headers and\n"
             "open fields of the last days. People, hosts, addresses, paths, origins and runs are replaced by\n"
             "pseudonyms that mean nothing outside the report; private fields are not read. LEFT_OUT.md in it\n"
             "says what was left out and what can still be recognized.\n\n"
             "Nothing is written if the content looks like a secret, or if FILE exists. The report is recorded\n"
             "as an event. It proves nothing: use 'ledger export' for that.",
    .examples = "ledger support --dry-run\nledger support -o report.tar.zst --days 2",
    .opts = options,
    .run = run_support,
};
