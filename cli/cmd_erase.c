/* erase: content goes for good; the event that says so, and every hash, stay. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/obj.h"
#include "cli/out.h"
#include "cli/receipt.h"

#define FIELDS_MAX      256
#define WAIT_DEFAULT_NS (10 * CLOCK_NS_PER_S) /* for processes that have the old files open */

enum { E_BODY, E_PRIVATE, E_ALL_PRIVATE, E_ARTIFACT, E_REASON, E_NOTE, E_ACTOR, E_FINISH };
static const struct opt options[] = {
    [E_BODY] = {"body", 0, NULL, "erase the bodies of these events"},
    [E_PRIVATE] = {"private", 0, "FIELDS", "erase these private fields, with commas between"},
    [E_ALL_PRIVATE] = {"all-private", 0, NULL, "erase all private fields of these events"},
    [E_ARTIFACT] = {"artifact", 0, "ID", "erase a stored file"},
    [E_REASON] = {"reason", 0, "WORD", "why, in a word that everybody may read: request, retention, mistake"},
    [E_NOTE] = {"note", 0, "TEXT", "why, in more words; kept private"},
    [E_ACTOR] = {"actor", 0, "WHO", "who erases it; default user:<login name>"},
    [E_FINISH] = {"finish", 0, NULL, "only remove what earlier erasures could not remove yet"},
    {0},
};

struct wish {
    struct ledger_erase_options o;
    uint64_t *seqs;
    char *names; /* what `field` points into */
    const char *field[FIELDS_MAX];
};

static int take_fields(const struct opt_args *args, struct wish *w, struct err *err) {
    const char *text = opt_text(args, &options[E_PRIVATE]);
    size_t n = 0;
    w->names = strdup(text);
    if (w->names == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    for (char *at = w->names; at != NULL;) {
        char *end = strchr(at, ',');
        if (end != NULL) {
            *end++ = '\0';
        }
        if (*at == '\0') {
            return err_set(err, ERR_INVALID, "--private has an empty name; it takes names with commas between");
        }
        if (n == FIELDS_MAX) {
            return err_set(err, ERR_INVALID, "--private takes at most %d names with commas between", FIELDS_MAX);
        }
        for (size_t i = 0; i < n; i++) {
            if (strcmp(w->field[i], at) == 0) {
                return err_set(err, ERR_INVALID, "--private names '%.60s' twice", at);
            }
        }
        w->field[n++] = at;
        at = end;
    }
    w->o.fields = w->field;
    w->o.n_fields = n;
    return 0;
}

static int take_seqs(const struct opt_args *args, struct wish *w, struct err *err) {
    w->seqs = calloc(args->n_args + 1, sizeof(*w->seqs));
    if (w->seqs == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < args->n_args; i++) {
        if (text_parse_u64(bytes_of(args->args[i]), &w->seqs[i]) != 0 || w->seqs[i] >= INT64_MAX) {
            return err_set(err, ERR_INVALID, "'%.100s' is not a sequence number (expected a decimal number)",
                           args->args[i]);
        }
    }
    w->o.seqs = w->seqs;
    w->o.n_seqs = args->n_args;
    return 0;
}

static int take_wish(const struct opt_args *args, struct wish *w, struct err *err) {
    bool body = opt_has(args, &options[E_BODY]), all = opt_has(args, &options[E_ALL_PRIVATE]);
    bool some = opt_has(args, &options[E_PRIVATE]);
    w->o.artifact = opt_text(args, &options[E_ARTIFACT]);
    w->o.reason = opt_text(args, &options[E_REASON]);
    w->o.note = opt_text(args, &options[E_NOTE]);
    int wishes = (body ? 1 : 0) + (all ? 1 : 0) + (some ? 1 : 0) + (w->o.artifact != NULL ? 1 : 0);
    if (opt_has(args, &options[E_FINISH])) {
        return wishes == 0 && args->n_args == 0 ? 0 : err_set(err, ERR_INVALID, "--finish erases nothing else");
    }
    if (wishes != 1) {
        return err_set(err, ERR_INVALID, "one of --body, --private, --all-private and --artifact is needed");
    }
    if (w->o.reason == NULL) {
        return err_set(err, ERR_INVALID, "--reason is needed: request, retention, mistake or another word");
    }
    if ((w->o.artifact != NULL) == (args->n_args > 0)) {
        return err_set(err, ERR_INVALID, w->o.artifact != NULL ? "--artifact takes no events" : "which events is missing");
    }
    w->o.what = body ? LEDGER_ERASE_BODY : w->o.artifact != NULL ? LEDGER_ERASE_ARTIFACT : LEDGER_ERASE_PRIVATE;
    int rc = some ? take_fields(args, w, err) : 0;
    return rc != 0 ? rc : take_seqs(args, w, err);
}

/* "sha256:<hex>" and "<hex>" are names of artifacts too. */
static void full_id(struct wish *w, char id[LEDGER_ARTIFACT_ID + 32]) {
    if (w->o.artifact != NULL && strncmp(w->o.artifact, "sha256:", 7) == 0 && strlen(w->o.artifact) == 71) {
        memcpy(id, "artifact:", 9);
        memcpy(id + 9, w->o.artifact, 72);
        w->o.artifact = id;
    }
}

/* receipt NULL: nothing new was erased. */
static int print(struct cli *cli, const struct ledger_receipt *receipt, const struct ledger_head *head, bool gone,
                 uint64_t pid) {
    if (!cli->json) {
        out_printf(cli, "erased; event %llu says so%s\n", (unsigned long long)receipt->seq,
                   gone ? "" : " (old files are still there)");
        return EXIT_GOOD;
    }
    struct obj obj;
    obj_init(&obj);
    if (receipt != NULL) {
        receipt_put(&obj, receipt, head);
    }
    obj_bool(&obj, "finished", gone);
    obj_uint(&obj, "held_by", gone || pid == 0 ? LEDGER_NO_SEQ : pid);
    int exit_code = obj_print(cli, &obj, true);
    obj_done(&obj);
    return exit_code;
}

static int erase_it(struct cli *cli, struct ledger *ledger, const struct wish *w, bool finish) {
    struct ledger_receipt receipt = {0};
    struct ledger_head head = {0};
    struct err err = {0}, later = {0};
    uint64_t pid = 0;
    int exit_code = EXIT_GOOD;
    int rc = finish ? 0 : ledger_erase(ledger, &w->o, &receipt, &err);
    rc = rc != 0 || finish ? rc : ledger_head(ledger, &head, &err);
    if (rc != 0) {
        return cli_fail_lookup(cli, &err);
    }
    rc = ledger_erase_finish(ledger, cli->wait_ns != 0 ? cli->wait_ns : WAIT_DEFAULT_NS, &pid, &later);
    if (!finish || cli->json) {
        exit_code = print(cli, finish ? NULL : &receipt, &head, rc == 0, pid);
    }
    if (rc != 0) {
        if (rc == ERR_TAMPERED) { /* a database that was set back */
            return cli_fail(cli, &later);
        }
        err_prefix(&later, "what was erased cannot be read any more, but old files still hold it ('ledger erase --finish' "
                           "removes them)");
        return cli_fail(cli, &later);
    }
    return exit_code;
}

static int erase(struct cli *cli, const struct opt_args *args) {
    struct wish w = {.field = {NULL}};
    struct ledger *ledger = NULL;
    struct err err = {0};
    char actor[128], id[LEDGER_ARTIFACT_ID + 32];
    const char *who = opt_text(args, &options[E_ACTOR]);
    cli_actor(actor);
    w.o.actor = who != NULL ? who : actor;
    int rc = take_wish(args, &w, &err);
    full_id(&w, id);
    int exit_code = rc == ERR_INVALID ? cli_usage(cli, "%s", err.msg) : rc != 0 ? cli_fail(cli, &err) : 0;
    exit_code = exit_code != 0 ? exit_code : cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code == 0) {
        exit_code = erase_it(cli, ledger, &w, opt_has(args, &options[E_FINISH]));
    }
    ledger_close(ledger);
    free(w.seqs);
    free(w.names);
    return exit_code;
}

const struct spec spec_erase = {
    .synopsis = "SEQ... --body | --private FIELDS | --all-private | --artifact ID | --finish",
    .about = "Erases bodies, private fields or a stored file for good, and records that in a ledger.erased\n"
             "event. Headers and commitments stay, so every hash and signature still holds. Then the database\n"
             "is copied without it and the old files are overwritten: that needs as much room again. Backups\n"
             "and bundles made before still have it. Exit code 1 when there is no such thing (any more), 4\n"
             "when another process keeps the old files open: end it, and say 'ledger erase --finish'.",
    .examples = "ledger erase 118 --private prompt,output --reason request\n"
                "ledger erase 118 119 --body --reason mistake --note 'the wrong customer'\n"
                "ledger erase --artifact artifact:sha256:2c26...ae --reason retention",
    .opts = options,
    .max_args = CLI_MANY,
    .run = erase,
};
