/* memory admit, memory reject: a decision about the content that the memory has now, by its digest. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/act/submit.h"
#include "cli/memory/memory.h"
#include "cli/open/open.h"
#include "cli/print/say.h"
#include "ledger/kinds/check.h"
#include "projections/council/council.h"
#include "projections/view/look.h"

enum { A_EXPIRES, A_SUPERSEDES, A_SUBMIT };
static const struct opt admit_options[] = {
    [A_EXPIRES] = {"expires", 0, "TIME", "when it is due to be forgotten: RFC 3339 with a zone, or ns since 1970"},
    [A_SUPERSEDES] = {"supersedes", 0, "ID", "the memory that it replaces"},
    SUBMIT_OPTIONS,
    {0},
};

enum { R_REASON, R_SUBMIT };
static const struct opt reject_options[] = {
    [R_REASON] = {"reason", 0, "WORD", "duplicate, unproven, private, conflict (default: unproven)"},
    SUBMIT_OPTIONS,
    {0},
};

struct known {
    const char *supersedes; /* an id; NULL: none */
    bool superseded_there;
    char subject[MEMORY_TEXT + 16], digest[MEMORY_TEXT], policy[MEMORY_TEXT], scope[MEMORY_TEXT];
    bool there;
};

static void copy(const struct row *row, size_t column, char ret[MEMORY_TEXT]) {
    struct bytes text = row_text(row, column);
    snprintf(ret, MEMORY_TEXT, "%.*s", (int)(text.n < MEMORY_TEXT ? text.n : 0), text.n > 0 ? (const char *)text.p : "");
}

static int look(void *ctx, struct state_view *view, struct err *err) {
    struct known *k = ctx;
    const struct bytes id = bytes_of(k->subject + 7);
    struct row row;
    int rc = look_stored(view, "memories", &id, 1, &row, &k->there, err);
    if (rc == 0 && k->there) {
        copy(&row, MEMORIES_DIGEST, k->digest);
        copy(&row, MEMORIES_POLICY, k->policy);
        copy(&row, MEMORIES_SCOPE, k->scope);
    }
    row_done(&row);
    if (rc == 0 && k->supersedes != NULL) {
        const struct bytes other = bytes_of(k->supersedes);
        rc = look_stored(view, "memories", &other, 1, &row, &k->superseded_there, err);
        row_done(&row);
    }
    return rc;
}

static int find(struct cli *cli, const char *id, const char *supersedes, struct known *ret) {
    struct ledger *ledger = NULL;
    struct state_options options;
    struct err err = {0};
    memset(ret, 0, sizeof(*ret));
    if (supersedes != NULL) ret->supersedes = supersedes + (strncmp(supersedes, "memory/", 7) == 0 ? 7 : 0);
    if (memory_subject(id, ret->subject, &err) != 0) return cli_usage(cli, "%s", err.msg);
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = state_options_present(ledger, &options, &err);
    options.no_write = true;
    if (rc == 0) rc = state_ask(ledger, &options, look, ret, &err);
    log_close(ledger);
    if (rc != 0) return cli_fail(cli, &err);
    if (!ret->there) return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "there is no memory '%.60s'", ret->subject + 7);
    if (ret->supersedes == NULL) return EXIT_GOOD;
    if (strcmp(ret->supersedes, ret->subject + 7) == 0) {
        return cli_usage(cli, "--supersedes names '%.60s' itself; expected the id of another memory", ret->supersedes);
    }
    if (ret->superseded_there) return EXIT_GOOD;
    return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "--supersedes is '%.60s', and there is no such memory", ret->supersedes);
}

/* A time that cannot be read is refused with the other fields. */
static int check_expires(struct cli *cli, const char *text) {
    uint64_t end = 0;
    if (text == NULL || !kind_time_parse(bytes_of(text), &end) || end > clock_wall_ns()) return EXIT_GOOD;
    return cli_usage(cli, "--expires is '%.60s', which is over; expected a time to come", text);
}

static const char *or_null(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static int decide(struct cli *cli, const struct opt_args *args, const char *kind, const struct opt *submit) {
    bool admits = submit == &admit_options[A_SUBMIT];
    const char *reason = admits ? NULL : opt_text(args, &reject_options[R_REASON]);
    struct known k;
    struct err err = {0};
    int exit_code = admits ? check_expires(cli, opt_text(args, &admit_options[A_EXPIRES])) : EXIT_GOOD;
    if (exit_code == 0) {
        exit_code = find(cli, args->args[0], admits ? opt_text(args, &admit_options[A_SUPERSEDES]) : NULL, &k);
    }
    if (exit_code != 0) return exit_code;
    struct body *body = body_new(kind_find(bytes_of(kind)));
    int rc = body != NULL ? submit_put(body, "digest", or_null(k.digest), &err)
                          : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "decided_by", "user", &err);
    if (rc == 0 && admits) {
        rc = submit_put(body, "scope", or_null(k.scope), &err);
        if (rc == 0) rc = submit_put(body, "policy", or_null(k.policy), &err);
        if (rc == 0) rc = submit_put(body, "expires", opt_text(args, &admit_options[A_EXPIRES]), &err);
        if (rc == 0) rc = submit_put(body, "supersedes", k.supersedes, &err);
    } else if (rc == 0) {
        rc = submit_put(body, "reason", reason != NULL ? reason : "unproven", &err);
    }
    const struct submit what = {
        .kind = kind, .subject = k.subject, .grade = "declared", .name = "memory", .value = k.subject + 7};
    if (rc == 0) return submit_step(cli, args, submit, &what, body);
    body_free(body);
    return cli_fail_input(cli, &err);
}

static int admit(struct cli *cli, const struct opt_args *args) {
    return decide(cli, args, "memory.admitted", &admit_options[A_SUBMIT]);
}

static int reject(struct cli *cli, const struct opt_args *args) {
    return decide(cli, args, "memory.rejected", &reject_options[R_SUBMIT]);
}

const struct spec memory_admit = {
    .synopsis = "ID [--expires TIME] [--supersedes ID] [OPTIONS]",
    .about = "Admits a memory. Exit code 1, with the events behind it, unless it was sanitised and validated and, if\n"
             "its proposal asks for it, accepted by a debate.",
    .examples = "ledger memory admit 4f1c20ab93d1 --expires 2027-01-01T00:00:00Z",
    .opts = admit_options,
    .min_args = 1,
    .max_args = 1,
    .run = admit,
};

const struct spec memory_reject = {
    .synopsis = "ID [--reason WORD] [OPTIONS]",
    .about = "Rejects a memory that is not admitted. Exit code 1 if it is: then it is revoked.",
    .examples = "ledger memory reject 4f1c20ab93d1 --reason duplicate",
    .opts = reject_options,
    .min_args = 1,
    .max_args = 1,
    .run = reject,
};
