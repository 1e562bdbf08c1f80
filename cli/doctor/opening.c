/* The round as the command runs it. The first opening, for writing, is the one that may ask for a passphrase and that refuses
 * a ledger which contradicts the trust file; the children and the round open it by themselves, with that passphrase. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/doctor/doctor.h"
#include "cli/evidence/examine.h"
#include "cli/evidence/report.h"
#include "cli/open/open.h"
#include "cli/open/trustfile.h"
#include "cli/open/trustthis.h"
#include "cli/print/words.h"
#include "packs/life/installed.h"
#include "query/query.h"

#define WHOLE_MAX (UINT64_C(1) << 20) /* events that are always read again: half a second */

static int open_again(void *ctx, bool append, struct ledger **ret, struct err *err) {
    const struct opening *opening = ctx;
    struct log_open_options options = {.passphrase = pass_bytes(&opening->cli->pass),
                                       .read_only = !append,
                                       .exposed_keys = append,
                                       .keep_readers = true,
                                       .no_private = opening->cli->guest,
                                       .leaves_derived = opening->cli->guest};
    cli_patience(opening->cli, &options);
    int rc = log_open(opening->cli->dir, &options, ret, err);
    if (rc == 0 && append) rc = query_index_follow(*ret, err);
    return rc;
}

static bool pack_files(void *ctx, const struct row *pack, uint64_t now, struct probe_files *ret) {
    const struct opening *opening = ctx;
    struct installed_found found;
    if (!installed_look_at(opening->cli->dir, pack, now, &found)) return false;
    ret->status = found.status;
    snprintf(ret->digest, sizeof(ret->digest), "%s", found.digest);
    snprintf(ret->words, sizeof(ret->words), "%s", found.words);
    return true;
}

struct verifying {
    struct opening *opening;
    bool whole;
};

/* As `ledger verify` does, and with what it adds to the trust file. */
static int verify(void *ctx, struct log_report *ret, struct err *err) {
    const struct verifying *v = ctx;
    char path[FILE_PATH_MAX];
    struct log_trust *trust = log_trust_new();
    struct rivals *rivals = calloc(1, sizeof(*rivals));
    struct examine_options examine = {.dir = v->opening->cli->dir,
                                      .trust = trust,
                                      .since_verified = !v->whole,
                                      .stop = v->opening->stop,
                                      .cli = v->opening->cli};
    int rc = trust == NULL || rivals == NULL ? err_set(err, ERR_NOMEM, "no memory for the report") : 0;
    if (rc == 0) rc = trustfile_path(path, err);
    if (rc == 0) rc = trustfile_check(path, err);
    if (rc == 0) rc = log_trust_file(trust, path, err);
    if (rc == 0) rc = examine_ledger(&examine, ret, rivals, err);
    if (rc == 0 && ret->verdict == LOG_GOOD && ret->place != LOG_PLACE_COPY) {
        struct err why = {0};
        if (trustthis_raise(path, ret->origin, &ret->head, &why) != 0) {
            cli_note(v->opening->cli, "ledger: doctor: the trust file does not have the new head: %s", why.msg);
        }
    }
    free(rivals);
    log_trust_free(trust);
    return rc;
}

/* Does the report alone say all that there is to say? */
static bool is_refused(const struct round_result *round) {
    return round->verified && round->report.verdict >= LOG_CONTRADICTS;
}

static int verify_into(struct opening *opening, bool whole, struct round_result *ret) {
    struct verifying verifying = {opening, whole};
    struct err err = {0};
    int rc = verify(&verifying, &ret->report, &err);
    ret->verified = rc == 0;
    return rc == 0 ? 0 : cli_fail(opening->cli, &err);
}

/* What was seen cannot be recorded; what is known can still be judged. */
static void say_no_probe(struct cli *cli) {
    cli_note(cli, "ledger: doctor: 'ledger doctor --no-probe' writes nothing: it judges what is known");
}

/* Before it is opened for writing: that would report a database that cannot be opened, or a key that cannot be loaded, in fewer
 * words, and a damaged one without a report. */
static int look_first(struct opening *opening, struct round_result *ret) {
    struct log_open_options options = {.read_only = true, .keep_readers = true};
    struct ledger *ledger = NULL;
    cli_patience(opening->cli, &options);
    int rc = log_open(opening->cli->dir, &options, &ledger, NULL);
    if (err_is_damage(rc)) return verify_into(opening, true, ret);
    int exit_code = rc == 0 ? signing_check(opening->cli, ledger) : 0; /* other failures: as the next opening says */
    log_close(ledger);
    return exit_code;
}

/* Opens it for writing once; *ret_size: of the log. */
static int open_first(struct opening *opening, struct round_result *ret, uint64_t *ret_size) {
    struct ledger *ledger = NULL;
    struct log_head head = {0};
    struct err err = {0};
    int exit_code = look_first(opening, ret);
    if (exit_code != 0 || is_refused(ret)) return exit_code;
    exit_code = cli_open(opening->cli, CLI_EXPOSED, &ledger);
    if (exit_code == EXIT_SYSTEM) say_no_probe(opening->cli);
    if (exit_code != 0) return exit_code;
    int rc = log_head(ledger, &head, &err);
    log_close(ledger);
    *ret_size = head.size;
    return rc == 0 ? 0 : cli_fail(opening->cli, &err);
}

int opening_round(struct opening *opening, const struct doctor_ask *ask, struct round_result *ret) {
    char actor[CLI_ACTOR_MAX];
    uint64_t size = 0;
    struct err err = {0};
    struct out_progress progress;
    int exit_code = open_first(opening, ret, &size);
    if (exit_code != 0 || is_refused(ret)) return exit_code;
    const struct probe_box box = {.dir = opening->cli->dir,
                                  .root = "/",
                                  .now = clock_wall_ns(),
                                  .models = opening->models,
                                  .open = open_again,
                                  .pack_files = pack_files,
                                  .ctx = opening};
    struct verifying verifying = {opening, ask->all || size <= WHOLE_MAX};
    const struct round_options options = {.box = &box,
                                          .clauses = ask->only,
                                          .n_clauses = ask->n_only,
                                          .all = ask->all,
                                          .actor = cli_actor(NULL, actor),
                                          .verify = verify,
                                          .ctx = &verifying,
                                          .stop = opening->stop,
                                          .progress = out_progress_draw,
                                          .progress_ctx = &progress};
    out_progress_init(&progress, opening->cli, "looking");
    int rc = round_run(&options, ret, &err);
    out_progress_end(&progress);
    if (rc == 0) return 0;
    exit_code = doctor_fail(opening->cli, &err);
    if (exit_code == EXIT_SYSTEM) say_no_probe(opening->cli);
    return exit_code;
}

int opening_verify(struct opening *opening, bool all, struct round_result *ret) {
    uint64_t size = 0;
    int exit_code = open_first(opening, ret, &size);
    return exit_code != 0 || is_refused(ret) ? exit_code : verify_into(opening, all || size <= WHOLE_MAX, ret);
}

int opening_refused(struct cli *cli, const struct round_result *round, const char *form) {
    if (!is_refused(round)) return 0;
    if (form != NULL && strcmp(form, "json") != 0) {
        cli_refuse(cli, (int)round->report.verdict, round->report.verdict == LOG_INVALID ? ERR_TAMPERED : ERR_ROLLBACK,
                   "the ledger does not verify: 'ledger verify' says how");
        return (int)round->report.verdict;
    }
    if (!cli->json) {
        bool invalid = round->report.verdict == LOG_INVALID;
        out_str(cli, invalid ? words("the ledger does not verify, so nothing else is judged; 'ledger verify' says:")
                             : words("the ledger contradicts what is known of it, so nothing else is judged; 'ledger "
                                     "verify' says:"));
        out_str(cli, "\n\n");
    }
    return report_print(cli, cli->dir, &round->report);
}

int opening_unreadable(struct cli *cli, struct state_view *view) {
    struct err err = {0};
    if (state_whole(view, &err) == 0) return 0;
    return cli_refuse(cli, EXIT_INVALID, ERR_TAMPERED, "%s", err.msg);
}
