/* verify: the whole ledger, an evidence bundle, a stream, or one proof, against what the caller trusts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/call/command.h"
#include "cli/evidence/bundle.h"
#include "cli/evidence/examine.h"
#include "cli/evidence/report.h"
#include "cli/evidence/streamed.h"
#include "cli/open/trustfile.h"
#include "cli/open/trustthis.h"
#include "cli/print/say.h"
#include "export/export.h"
#include "ledger/event/event.h"

enum {
    V_KEY,
    V_POLICY,
    V_GENESIS,
    V_CHECKPOINT,
    V_AUTHORS,
    V_NO_TRUST_FILE,
    V_SINCE,
    V_DERIVED,
    V_THREADS,
    V_LEAF,
    V_PAYLOAD,
    V_PRINT,
    V_REPORT,
    V_STREAM
};
static const struct opt options[] = {
    [V_KEY] = {"key", 0, "VKEY", "trust this log key; may be repeated"},
    [V_POLICY] = {"policy", 0, "FILE", "trust this policy file (C2SP tlog-policy)"},
    [V_GENESIS] = {"genesis", 0, "LEAF", "trust the ledger whose event 0 has this leaf (hex)"},
    [V_CHECKPOINT] = {"checkpoint", 0, "FILE", "a checkpoint saved earlier; may be repeated"},
    [V_AUTHORS] = {"authors", 0, "FILE", "whose author signatures count: one verifier key per line"},
    [V_NO_TRUST_FILE] = {"no-trust-file", 0, NULL, "neither read nor write the user's trust file"},
    [V_SINCE] = {"since-verified", 0, NULL, "read only what was recorded after the trusted head"},
    [V_DERIVED] = {"derived", 0, NULL, "also replay indexes and projections, and compare"},
    [V_THREADS] = {"threads", 0, "N", "check events on N threads, at most 16 (default: one per processor)"},
    [V_LEAF] = {"leaf", 0, "FILE", "the leaf of a proof (default: PROOF's name with .leaf)"},
    [V_PAYLOAD] = {"payload", 0, "FILE", "salt and payload of a proof, to check the body too"},
    [V_PRINT] = {"print", 'p', NULL, "show the events of a bundle, if it has no fault"},
    [V_REPORT] = {"report", 0, "FILE",
                  "also write a readable page about a bundle to FILE.md or FILE.html, which must not exist"},
    [V_STREAM] = {"stream", 0, "FILE", "check what 'ledger follow' wrote; - is standard input"},
    {0},
};

#define PROOF_MAX   ((size_t)1 << 20)
#define PROOF_FIRST "c2sp.org/tlog-proof@v1"

typedef int add_fn(struct log_trust *trust, const char *value, struct err *err);

/* Reads what the caller trusts: everything named as an option, and the trust file. */
static int read_trust(const struct opt_args *args, const char *file, struct log_trust *trust, struct err *err) {
    static const struct {
        int option;
        add_fn *add;
    } sources[] = {
        {V_KEY, log_trust_key},         {V_POLICY, log_trust_policy},
        {V_GENESIS, log_trust_genesis}, {V_CHECKPOINT, log_trust_checkpoint},
        {V_AUTHORS, log_trust_authors},
    };
    int rc = 0;
    if (file) {
        rc = trustfile_check(file, err);
        if (rc == 0) rc = log_trust_file(trust, file, err);
    }
    for (size_t i = 0; rc == 0 && i < sizeof(sources) / sizeof(sources[0]); i++) {
        const struct opt *opt = &options[sources[i].option];
        size_t at = 0;
        const char *value;
        while (rc == 0 && (value = opt_next(args, opt, &at)) != NULL) {
            rc = sources[i].add(trust, value, err);
            if (rc != 0) {
                err_prefix(err, "--%s", opt->name);
            }
        }
    }
    return rc;
}

static int read_proof(const struct opt_args *args, const char *path, struct buf *proof, struct buf *leaf,
                      struct buf *payload, struct err *err) {
    char beside[FILE_PATH_MAX];
    const char *leaf_path = opt_text(args, &options[V_LEAF]), *payload_path = opt_text(args, &options[V_PAYLOAD]);
    if (!leaf_path) {
        static const char suffix[] = ".tlog-proof";
        size_t n = strlen(path), s = sizeof(suffix) - 1;
        n -= n > s && strcmp(path + n - s, suffix) == 0 ? s : 0;
        if (snprintf(beside, sizeof(beside), "%.*s.leaf", (int)n, path) >= (int)sizeof(beside)) {
            return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", FILE_PATH_MAX - 1);
        }
        leaf_path = beside;
    }
    int rc = file_read(path, proof, err);
    if (rc == 0) rc = file_read(leaf_path, leaf, err);
    if (rc == 0 && payload_path) rc = file_read(payload_path, payload, err);
    if (rc == 0 && payload_path) {
        buf_room(payload, 0); /* an empty payload was given nevertheless */
    }
    return rc;
}

static int verify_proof(struct cli *cli, const struct opt_args *args, const struct log_trust *trust,
                        struct log_report *report) {
    struct buf proof = {.max = PROOF_MAX}, leaf, payload = {.max = 2 * EVENT_PAYLOAD_MAX};
    struct err err = {0};
    buf_init(&leaf, PROOF_MAX); /* an overlong leaf is read too, so that it can be judged */
    int rc = read_proof(args, args->args[0], &proof, &leaf, &payload, &err);
    rc = rc != 0 ? rc
                 : log_verify_proof(bytes_of_buf(&proof), bytes_of_buf(&leaf), bytes_of_buf(&payload), trust, report, &err);
    int exit_code = rc == 0 ? report_print(cli, args->args[0], report) : cli_fail_input(cli, &err);
    buf_done(&payload);
    buf_done(&leaf);
    buf_done(&proof);
    return exit_code;
}

static int verify_ledger(struct cli *cli, const struct opt_args *args, const struct log_trust *trust, const char *file,
                         unsigned threads, struct log_report *report) {
    struct err err = {0};
    struct examine_options examine = {.dir = cli->dir,
                                      .trust = trust,
                                      .derived = opt_has(args, &options[V_DERIVED]),
                                      .since_verified = opt_has(args, &options[V_SINCE]),
                                      .threads = threads,
                                      .cli = cli};
    struct rivals *rivals = calloc(1, sizeof(*rivals));
    int rc = rivals ? examine_ledger(&examine, report, rivals, &err) : err_set(&err, ERR_NOMEM, "no memory for the report");
    if (rc != 0) {
        free(rivals);
        return rc == ERR_NOTFOUND ? cli_fail_input(cli, &err) : cli_fail(cli, &err);
    }
    int exit_code = report_print_rivals(cli, cli->dir, report, rivals, trust);
    free(rivals);
    if (report->place == LOG_PLACE_COPY) {
        cli_note(cli, "ledger: verify: this directory is a copy of the ledger's: its head does not go into the trust file");
    } else if (file && report->verdict == LOG_GOOD && trustthis_raise(file, report->origin, &report->head, &err) != 0) {
        cli_note(cli, "ledger: verify: the trust file does not have the new head: %s", err.msg);
    }
    return exit_code;
}

/* What to verify, by what was given. */
enum what { WHAT_LEDGER, WHAT_BUNDLE, WHAT_PROOF, WHAT_STREAM };

static bool begins_as_a_proof(const char *path) {
    char first[sizeof(PROOF_FIRST) - 1];
    FILE *file = fopen(path, "rbe");
    size_t n = file == NULL ? 0 : fread(first, 1, sizeof(first), file);
    if (file != NULL) {
        fclose(file);
    }
    return n == sizeof(first) && memcmp(first, PROOF_FIRST, n) == 0;
}

/* A pipe can be read only once: without a leaf beside it, it is not a proof. Input that looks like neither is judged as a
 * bundle, and fails. */
static enum what recognise(const struct opt_args *args) {
    struct stat st;
    if (opt_has(args, &options[V_STREAM])) return WHAT_STREAM;
    if (args->n_args == 0) return WHAT_LEDGER;
    const char *path = args->args[0];
    bool once = strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
    bool leaf = opt_has(args, &options[V_LEAF]);
    if (once) return leaf ? WHAT_PROOF : WHAT_BUNDLE;
    bool parts = leaf || opt_has(args, &options[V_PAYLOAD]);
    return begins_as_a_proof(path) || (parts && !export_looks_like(path)) ? WHAT_PROOF : WHAT_BUNDLE;
}

static bool has_any(const struct opt_args *args, const int *which, size_t n) {
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        any = any || opt_has(args, &options[which[i]]);
    }
    return any;
}

/* Refuses options that do not go with what is verified: EXIT_USAGE. */
static int check_options(struct cli *cli, const struct opt_args *args, enum what what, uint64_t *threads) {
    static const int of_ledger[] = {V_SINCE, V_DERIVED, V_THREADS}, of_proof[] = {V_LEAF, V_PAYLOAD};
    struct err err = {0};
    if (what == WHAT_STREAM && args->n_args > 0) {
        return cli_usage(cli, "--stream FILE is what is checked: '%s' is one file too many", args->args[0]);
    }
    if (what != WHAT_PROOF && has_any(args, of_proof, 2)) {
        return cli_usage(cli, "--leaf and --payload go with a proof: ledger verify FILE.tlog-proof --leaf FILE");
    }
    if (what != WHAT_LEDGER && has_any(args, of_ledger, 3)) {
        return cli_usage(cli, "--since-verified, --derived and --threads are for a whole ledger, not for a %s",
                         what == WHAT_PROOF    ? "proof"
                         : what == WHAT_STREAM ? "stream"
                                               : "bundle");
    }
    if (what != WHAT_BUNDLE && opt_has(args, &options[V_PRINT])) {
        return cli_usage(cli, "--print shows the events of a bundle: ledger verify BUNDLE --print");
    }
    if (what != WHAT_BUNDLE && opt_has(args, &options[V_REPORT])) {
        return cli_usage(cli, "--report writes a page about a bundle: ledger verify BUNDLE --report FILE.html");
    }
    if (opt_u64(args, &options[V_THREADS], threads, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    if (opt_has(args, &options[V_THREADS]) && (*threads < 1 || *threads > LOG_VERIFY_THREADS_MAX)) {
        return cli_usage(cli, "--threads is from 1 to %d", LOG_VERIFY_THREADS_MAX);
    }
    return 0;
}

static int verify(struct cli *cli, const struct opt_args *args) {
    char path[FILE_PATH_MAX];
    struct err err = {0};
    uint64_t threads = 0;
    bool use_file = !opt_has(args, &options[V_NO_TRUST_FILE]);
    enum what what = recognise(args);
    int exit_code = check_options(cli, args, what, &threads);
    if (exit_code != 0) return exit_code;
    if (use_file && trustfile_path(path, &err) != 0) return cli_fail_input(cli, &err);
    struct log_trust *trust = log_trust_new();
    struct log_report *report = calloc(1, sizeof(*report));
    if (!trust || !report) {
        exit_code = cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the report");
    } else if (read_trust(args, use_file ? path : NULL, trust, &err) != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else if (what == WHAT_STREAM) {
        exit_code = streamed_verify(cli, opt_text(args, &options[V_STREAM]), trust);
    } else if (what == WHAT_BUNDLE) {
        exit_code =
            bundle_verify(cli, args->args[0], trust, opt_has(args, &options[V_PRINT]), opt_text(args, &options[V_REPORT]));
    } else if (what == WHAT_PROOF) {
        exit_code = verify_proof(cli, args, trust, report);
    } else {
        exit_code = verify_ledger(cli, args, trust, use_file && !cli->guest ? path : NULL, (unsigned)threads, report);
    }
    free(report);
    log_trust_free(trust);
    return exit_code;
}

const struct spec spec_verify = {
    .synopsis = "[BUNDLE [--print] [--report FILE] | PROOF [--leaf FILE] [--payload FILE] | --stream FILE] [OPTIONS]",
    .about = "Reads every stored byte of the evidence and reports, one line each: integrity (bytes, chain,\n"
             "tree), seals (log key, epochs, handovers), anchoring, completeness of the tail, author\n"
             "signatures, erasures, gaps, derived data. With a BUNDLE ('ledger export') or a PROOF ('ledger\n"
             "prove') it checks that file instead; no ledger is needed. For a bundle (- is standard input)\n"
             "this includes its form, whether a match is missing, what was asked, and what of its range is not\n"
             "disclosed. With --stream it checks the lines that 'ledger follow' wrote: every event in its place,\n"
             "its content, and each checkpoint; what comes after the newest one is not yet sealed.\n\n"
             "Trust comes from the user's trust file and from the options given here, never from the ledger. A\n"
             "ledger is read in a separate process, so that a damaged database cannot prevent the verdict.\n"
             "After a good verdict its head is stored in the trust file: a ledger that is cut back or\n"
             "exchanged later is caught.\n\n"
             "Exit codes: 0 valid and anchored, 10 consistent but not anchored, 20 contradicts what was known,\n"
             "30 invalid.",
    .examples = "ledger verify\nledger verify --no-trust-file --key \"$VKEY\"\n"
                "ledger verify run.tar.zst --key \"$VKEY\" --print --report run.html\n"
                "ledger verify --stream /var/log/ledger.jsonl --key \"$VKEY\"\n"
                "ledger verify 118.tlog-proof --leaf 118.leaf --payload 118.payload --key \"$VKEY\"",
    .opts = options,
    .max_args = 1,
    .run = verify,
};
