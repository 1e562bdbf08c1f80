/* route: which model or program serves which kind of work. list and show are those of every entity; here are the steps that
 * a person takes, and the decision for one piece of work (projections/decide/route.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cli/act/body.h"
#include "cli/act/decided.h"
#include "cli/act/submit.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"
#include "cli/states/entities.h"
#include "ledger/event/event.h"
#include "packs/depot/depot.h"
#include "packs/life/installed.h"
#include "packs/life/program.h"
#include "projections/decide/route.h"
#include "projections/ready/pack.h"
#include "projections/ready/routes.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

/* ---- declare ---- */

enum {
    D_ROLE,
    D_MODEL,
    D_DIGEST,
    D_RUNTIME,
    D_PROGRAM,
    D_PROGRAM_DIGEST,
    D_CONFIG_DIGEST,
    D_CONFIG,
    D_SUITE,
    D_SUITE_DIGEST,
    D_FALLBACK,
    D_PACK,
    D_PACK_VERSION,
    D_REQUIRED,
    D_SUBMIT
};
static const struct opt declare_options[] = {
    [D_ROLE] = {"role", 0, "ROLE", "what serves it: model or tool"},
    [D_MODEL] = {"model", 'm', "MODEL", "name of the model that serves it"},
    [D_DIGEST] = {"digest", 0, "DIGEST", "digest of its weights"},
    [D_RUNTIME] = {"runtime", 0, "RUNTIME", "runtime that has it: ollama, ollama@HOST:PORT, openai@..."},
    [D_PROGRAM] = {"program", 'p', "FILE", "the program that serves it, whose digest is taken now"},
    [D_PROGRAM_DIGEST] = {"program-digest", 0, "DIGEST", "digest of the program, instead of the file's"},
    [D_CONFIG_DIGEST] = {"config-digest", 0, "DIGEST", "digest of its configuration"},
    [D_CONFIG] = {"config", 0, "FILE", "the same, taken of a file"},
    [D_SUITE] = {"suite", 0, "SUITE", "suite of tasks that proves it"},
    [D_SUITE_DIGEST] = {"suite-digest", 0, "DIGEST", "digest of that suite"},
    [D_FALLBACK] = {"fallback", 0, "NAME", "route or model to fall back on"},
    [D_PACK] = {"pack", 0, "PACK", "which pack it belongs to"},
    [D_PACK_VERSION] = {"pack-version", 0, "VERSION", "that pack's version"},
    [D_REQUIRED] = {"required", 0, NULL, "its pack is not ready without it"},
    SUBMIT_OPTIONS,
    {0},
};

static const char *subject_of(const char *name, char room[FILE_PATH_MAX]) {
    static const char noun[] = "route/";
    snprintf(room, FILE_PATH_MAX, "%s%s", strncmp(name, noun, sizeof(noun) - 1) == 0 ? "" : noun, name);
    return room;
}

/* The digest of an absolute path's regular file: a program is run by the path that was declared. */
static int program_digest(const char *path, char ret[BODY_DIGEST_MAX], struct err *err) {
    struct stat st;
    if (path[0] != '/') {
        return err_set(err, ERR_INVALID, "program '%.200s' is not an absolute path", path);
    }
    if (stat(path, &st) != 0) {
        return err_set(err, ERR_INVALID, "program '%.200s' cannot be read: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "program '%.200s' is not a regular file", path);
    return body_file_digest(path, ret, err);
}

static int put_program(struct body *body, const struct opt_args *args, struct err *err) {
    const char *path = opt_text(args, &declare_options[D_PROGRAM]);
    const char *given = opt_text(args, &declare_options[D_PROGRAM_DIGEST]);
    char digest[BODY_DIGEST_MAX];
    int rc = submit_put(body, "program", path, err);
    if (rc == 0 && path != NULL && given == NULL) {
        rc = program_digest(path, digest, err);
        given = digest;
    }
    return rc == 0 ? submit_put(body, "program_digest", given, err) : rc;
}

static int put_config(struct body *body, const struct opt_args *args, struct err *err) {
    const char *path = opt_text(args, &declare_options[D_CONFIG]);
    const char *given = opt_text(args, &declare_options[D_CONFIG_DIGEST]);
    char digest[BODY_DIGEST_MAX];
    int rc = path != NULL ? body_file_digest(path, digest, err) : 0;
    return rc == 0 ? submit_put(body, "config_digest", path != NULL ? digest : given, err) : rc;
}

static bool names_server(const struct opt_args *args, bool *ret_model) {
    bool tool = opt_has(args, &declare_options[D_PROGRAM]) || opt_has(args, &declare_options[D_PROGRAM_DIGEST]);
    *ret_model = opt_has(args, &declare_options[D_MODEL]) || opt_has(args, &declare_options[D_DIGEST]);
    return tool;
}

static int put_declaration(struct body *body, const struct opt_args *args, struct err *err) {
    static const struct {
        int option;
        const char *field;
    } fields[] = {{D_MODEL, "model"},
                  {D_DIGEST, "digest"},
                  {D_RUNTIME, "runtime"},
                  {D_SUITE, "suite"},
                  {D_SUITE_DIGEST, "suite_digest"},
                  {D_FALLBACK, "fallback"},
                  {D_PACK, "pack"},
                  {D_PACK_VERSION, "pack_version"}};
    const char *role = opt_text(args, &declare_options[D_ROLE]);
    bool model, tool = names_server(args, &model);
    int rc = submit_put(body, "role", role != NULL ? role : tool && !model ? "tool" : model && !tool ? "model" : NULL, err);
    for (size_t i = 0; rc == 0 && i < sizeof(fields) / sizeof(fields[0]); i++) {
        rc = submit_put(body, fields[i].field, opt_text(args, &declare_options[fields[i].option]), err);
    }
    if (rc == 0) rc = put_program(body, args, err);
    if (rc == 0) rc = put_config(body, args, err);
    if (rc == 0 && opt_has(args, &declare_options[D_REQUIRED])) rc = body_word(body, "required:=true", err);
    return rc;
}

static int submit_route(struct cli *cli, const struct opt_args *args, const struct opt *options, const char *kind,
                        struct body *body, int rc, const struct err *err) {
    char room[FILE_PATH_MAX];
    const struct submit what = {
        .kind = kind, .subject = subject_of(args->args[0], room), .grade = "declared", .note_field = "note"};
    if (rc == 0) return submit_step(cli, args, options, &what, body);
    body_free(body);
    return cli_fail_input(cli, err);
}

/* ---- whose it is ---- */

struct owner {
    struct bytes route;
    bool known; /* it was declared */
    char pack[256];
    uint64_t seq;
};

static bool lists_route(const struct row *pack, struct bytes route) {
    struct list list;
    struct bytes item, name;
    bool found = false;
    list_open(&list, row_list(pack, PACK_ROUTES));
    while (!found && list_next(&list, &item)) {
        found = list_name(item, "name", &name) && bytes_eq(name, route);
    }
    return found;
}

/* A pack's route is what the manifest of the installed files says. */
static int find_owner(void *ctx, struct state_view *view, struct err *err) {
    struct owner *o = ctx;
    struct row route, pack;
    row_init(&pack, NULL);
    o->pack[0] = '\0';
    int rc = look_stored(view, "routes", &o->route, 1, &route, NULL, err);
    struct bytes name = rc == 0 ? row_text(&route, ROUTE_PACK) : (struct bytes){0};
    o->known = rc == 0 && row_has(&route, ROUTE_DECLARED_SEQ) && !row_is(&route, ROUTE_STEP, "removed");
    if (o->known && name.n > 0) rc = look_stored(view, "packs", &name, 1, &pack, NULL, err);
    bool there = row_has(&pack, PACK_STEP) && !row_is(&pack, PACK_STEP, "removed") && row_has(&pack, PACK_TREE_DIGEST);
    if (rc == 0 && there && lists_route(&pack, o->route)) {
        snprintf(o->pack, sizeof(o->pack), "%.*s", REASON_PART(name, sizeof(o->pack) - 1));
        o->seq = (uint64_t)row_int(&pack, PACK_VERSION_SEQ);
    }
    row_done(&pack);
    row_done(&route);
    return rc;
}

/* EXIT_GOOD: nobody else's, and *ret_known whether it was declared. */
static int check_owner(struct cli *cli, const struct opt_args *args, bool *ret_known) {
    struct ledger *ledger = NULL;
    struct state_options options;
    struct err err = {0};
    char room[FILE_PATH_MAX];
    struct owner owner = {.route = bytes_of(subject_of(args->args[0], room) + strlen("route/"))};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    state_options_init(&options);
    options.no_write = true;
    int rc = state_ask(ledger, &options, find_owner, &owner, &err);
    log_close(ledger);
    if (rc != 0) return cli_fail(cli, &err);
    *ret_known = owner.known;
    if (owner.pack[0] == '\0') return EXIT_GOOD;
    return cli_refuse(
        cli, EXIT_NO, ERR_CONFLICT,
        "refused: route '%.200s' belongs to pack '%s', installed by event %llu: 'ledger pack upgrade' changes "
        "it, 'ledger route park' sets it aside",
        args->args[0], owner.pack, (unsigned long long)owner.seq);
}

static int declare(struct cli *cli, const struct opt_args *args) {
    bool known = false, model, tool = names_server(args, &model);
    const char *fallback = opt_text(args, &declare_options[D_FALLBACK]), *name = args->args[0];
    struct err err = {0};
    if (opt_has(args, &declare_options[D_CONFIG]) && opt_has(args, &declare_options[D_CONFIG_DIGEST])) {
        return cli_usage(cli, "give --config or --config-digest, not both");
    }
    if (fallback != NULL && strcmp(fallback, name) == 0) {
        return cli_usage(cli, "route '%.200s' cannot be its own fallback", name);
    }
    if (tool && model) return cli_usage(cli, "a route is served by a model or by a program, not by both");
    int refused = check_owner(cli, args, &known);
    if (refused != EXIT_GOOD) return refused;
    if (!tool && !model && !known) return cli_usage(cli, "give --model or --program: what serves route '%.200s'", name);
    struct body *body = body_new(kind_find(bytes_of("route.declared")));
    int rc = body != NULL ? put_declaration(body, args, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    return submit_route(cli, args, &declare_options[D_SUBMIT], "route.declared", body, rc, &err);
}

/* ---- park, unpark, remove ---- */

enum { P_REASON, P_SUBMIT };
static const struct opt park_options[] = {
    [P_REASON] = {"reason", 0, "WORD", "why, in a short word"},
    SUBMIT_OPTIONS,
    {0},
};

static int submit_change(struct cli *cli, const struct opt_args *args, const char *kind, const char *word) {
    struct body *body = body_new(kind_find(bytes_of(kind)));
    struct err err = {0};
    int rc = body != NULL ? 0 : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "reason", opt_text(args, &park_options[P_REASON]), &err);
    if (rc == 0 && word != NULL) rc = body_word(body, word, &err);
    return submit_route(cli, args, &park_options[P_SUBMIT], kind, body, rc, &err);
}

static int park(struct cli *cli, const struct opt_args *args) {
    return submit_change(cli, args, "route.parked", NULL);
}

static int unpark(struct cli *cli, const struct opt_args *args) {
    return submit_change(cli, args, "route.parked", "parked:=false");
}

static int remove_route(struct cli *cli, const struct opt_args *args) {
    bool known;
    int refused = check_owner(cli, args, &known);
    return refused != EXIT_GOOD ? refused : submit_change(cli, args, "route.removed", NULL);
}

/* ---- decide ---- */

enum { C_DEMO, C_RUN, C_ACTOR, C_DRY_RUN };
static const struct opt decide_options[] = {
    [C_DEMO] = {"demo", 0, NULL, "also choose what nobody proved; the decision says so"},
    [C_RUN] = {"run", 'r', "RUN", "the run that the work belongs to"},
    [C_ACTOR] = {"actor", 'a', "WHO", "who decides (default: user:<login name>)"},
    [C_DRY_RUN] = {"dry-run", 0, NULL, "write nothing: only show the choice"},
    {0},
};

struct measured {
    char route[256], digest[BODY_DIGEST_MAX];
    struct err err;
};

struct deciding {
    struct route_asked asked;
    struct route_choice choice;
    struct measured found[ROUTE_CANDIDATES_MAX];
    struct route_measured measured[ROUTE_CANDIDATES_MAX];
};

static int decide_body(void *ctx, struct state_view *view, struct buf *body, struct err *err) {
    struct deciding *d = ctx;
    int rc = decide_route(view, &d->asked, &d->choice, err);
    return rc == 0 ? route_body(&d->choice, body, err) : rc;
}

/* Where the files of the pack are that a route belongs to. */
struct whose {
    struct ledger *ledger;
    struct bytes route;
    char dir[FILE_PATH_MAX]; /* "": it is no installed pack's */
};

static int find_pack(void *ctx, struct state_view *view, struct err *err) {
    struct whose *w = ctx;
    struct row route, pack;
    uint8_t digest[HASH_LEN];
    w->dir[0] = '\0';
    row_init(&pack, NULL);
    int rc = look_stored(view, "routes", &w->route, 1, &route, NULL, err);
    const struct bytes name = rc == 0 ? row_text(&route, ROUTE_PACK) : (struct bytes){0};
    if (name.n > 0) rc = look_stored(view, "packs", &name, 1, &pack, NULL, err);
    if (rc == 0 && name.n > 0 && installed_is(&pack) && installed_digest(&pack, digest)) {
        rc = depot_path(log_dir(w->ledger), digest, w->dir, err);
    }
    row_done(&pack);
    row_done(&route);
    return rc;
}

/* A path that is not absolute is that of a file of the route's pack. */
static bool measure_program(struct ledger *ledger, const struct route_candidate *c, struct measured *ret) {
    struct whose whose = {.ledger = ledger, .route = bytes_of(c->name)};
    struct state_options options;
    if (c->program[0] == '/') return program_digest(c->program, ret->digest, &ret->err) == 0;
    state_options_init(&options);
    int rc = state_ask(ledger, &options, find_pack, &whose, &ret->err);
    if (rc == 0 && whose.dir[0] == '\0') return program_digest(c->program, ret->digest, &ret->err) == 0;
    struct program *program = rc == 0 ? calloc(1, sizeof(*program)) : NULL;
    if (rc == 0 && program == NULL) rc = err_set(&ret->err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = program_find(bytes_of(c->program), whose.dir, program, &ret->err);
    if (rc == 0) {
        memcpy(ret->digest, "sha256:", sizeof("sha256:"));
        text_hex(ret->digest + strlen(ret->digest), program->digest, HASH_LEN);
    }
    free(program);
    return rc == 0;
}

/* The programs of the candidates, as they are now. */
static void measure_programs(struct ledger *ledger, struct deciding *d) {
    size_t n = 0;
    for (size_t i = 0; i < d->choice.n; i++) {
        const struct route_candidate *c = &d->choice.candidate[i];
        struct measured *found = &d->found[n];
        if (!c->tool || c->program[0] == '\0') continue;
        snprintf(found->route, sizeof(found->route), "%s", c->name);
        bool known = measure_program(ledger, c, found);
        d->measured[n++] = (struct route_measured){found->route, known ? found->digest : NULL, found->err.msg, NULL};
    }
    d->asked.measured = d->measured;
    d->asked.n_measured = n;
}

static void put_seqs(struct buf *out, const char *words, const uint64_t *seqs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s%llu", i == 0 ? words : ", ", (unsigned long long)seqs[i]);
    }
}

static int print_people(struct cli *cli, const struct deciding *d, const struct log_receipt *receipt) {
    struct fact_table table = {.cli = cli};
    const struct route_choice *c = &d->choice;
    struct buf line = {.max = 8192};
    for (size_t i = 0; i < c->n; i++) {
        const struct route_candidate *one = &c->candidate[i];
        const struct fact facts[] = {
            fact_text("CANDIDATE", "name", one->name),
            fact_text("STATE", "state", one->state),
            fact_text("SERVED BY", "by", one->tool ? one->program : one->model),
            fact_text("ANSWER", "bar",
                      i == c->chosen           ? "chosen"
                      : one->bar != ROUTE_FREE ? route_bars[one->bar]
                                               : "next"),
            fact_text("WHY", "why", one->why),
        };
        fact_row(&table, facts, sizeof(facts) / sizeof(facts[0]));
    }
    int exit_code = fact_end(&table, NULL, NULL);
    out_str(cli, "\n");
    buf_printf(&line, "%s: %s (%s)", c->decision,
               c->chosen != SIZE_MAX ? c->candidate[c->chosen].name : "nothing may serve it", c->reason);
    put_seqs(&line, "; rests on ", c->evidence, c->n_evidence);
    if (receipt != NULL) buf_printf(&line, "; recorded as %llu", (unsigned long long)receipt->seq);
    out_safe(cli, bytes_of_buf(&line));
    out_str(cli, "\n");
    buf_done(&line);
    return exit_code;
}

static int print_json(struct cli *cli, const struct deciding *d, const struct buf *body, const struct log_receipt *receipt,
                      const struct log_head *head) {
    struct obj whole = {0}, put = {0};
    obj_text(&whole, "schema", "ledger.route_choice/1");
    obj_str(&whole, "route", d->asked.route);
    obj_raw(&whole, "choice", bytes_of_buf(body));
    if (receipt != NULL) {
        receipt_put(&put, receipt, head);
        obj_obj(&whole, "receipt", &put);
    } else {
        obj_text(&whole, "receipt", NULL);
    }
    return cli_print(cli, &whole, false);
}

static int decide_in(struct cli *cli, const struct opt_args *args, struct ledger *ledger, struct deciding *d) {
    struct buf body = {.max = 4 * EVENT_BODY_MAX};
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct log_draft draft;
    struct err err = {0};
    char actor[CLI_ACTOR_MAX], room[FILE_PATH_MAX];
    const char *run = opt_text(args, &decide_options[C_RUN]);
    bool dry = opt_has(args, &decide_options[C_DRY_RUN]);
    log_draft_init(&draft);
    draft.kind = bytes_of("route.decided");
    draft.subject = bytes_of(subject_of(args->args[0], room));
    draft.run = bytes_of(run != NULL ? run : "");
    draft.actor = bytes_of(cli_actor(opt_text(args, &decide_options[C_ACTOR]), actor));
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("measured");
    int rc = decided_ask(ledger, decide_body, d, &body, &err);
    if (rc == 0) measure_programs(ledger, d);
    buf_clear(&body);
    if (rc == 0 && dry) rc = decided_ask(ledger, decide_body, d, &body, &err);
    if (rc == 0 && !dry) rc = decided_append(ledger, &draft, false, decide_body, d, &body, &receipt, &head, &err);
    int exit_code = rc != 0     ? cli_fail(cli, &err)
                    : cli->json ? print_json(cli, d, &body, dry ? NULL : &receipt, &head)
                                : print_people(cli, d, dry ? NULL : &receipt);
    buf_done(&body);
    return exit_code != 0 ? exit_code : d->choice.chosen == SIZE_MAX ? EXIT_NO : EXIT_GOOD;
}

static int decide(struct cli *cli, const struct opt_args *args) {
    struct deciding *d = calloc(1, sizeof(*d));
    struct ledger *ledger = NULL;
    struct err err = {0};
    char room[FILE_PATH_MAX];
    if (d == NULL) {
        err_set(&err, ERR_NOMEM, "no memory for the decision");
        return cli_fail(cli, &err);
    }
    d->asked = (struct route_asked){.route = bytes_of(subject_of(args->args[0], room) + strlen("route/")),
                                    .demo = opt_has(args, &decide_options[C_DEMO])};
    int exit_code = cli_open(cli, opt_has(args, &decide_options[C_DRY_RUN]) ? CLI_READ : CLI_WRITE, &ledger);
    if (exit_code == 0) exit_code = decide_in(cli, args, ledger, d);
    log_close(ledger);
    free(d);
    return exit_code;
}

/* ---- the table ---- */

static const struct spec spec_declare = {
    .synopsis = "NAME [--model MODEL | --program FILE] [--suite SUITE] [--fallback NAME] [OPTIONS]",
    .about = "Declares a route, or changes what was declared: what is left out stays as it was. A route is\n"
             "served by a model or by a program, and proven by an evaluation of just that: the digest of the\n"
             "weights or of the program is part of the proof. Prints the event's receipt.",
    .examples = "ledger route declare summarise --model llama3.2:3b --suite news --fallback extract\n"
                "ledger route declare text --program /usr/bin/pdftotext --suite pages",
    .opts = declare_options,
    .min_args = 1,
    .max_args = 1,
    .run = declare,
};
static const struct spec spec_decide = {
    .synopsis = "NAME [--demo] [--run RUN] [--dry-run]",
    .about = "Decides which route serves a piece of work, and records that as route.decided: the route itself,\n"
             "or the first of its fallbacks that nothing bars. A candidate is barred when it is removed,\n"
             "undeclared, parked or offline, when files of its pack were changed, when its program cannot be\n"
             "read, when the limits of the machine's tier forbid it, when it can never be loaded here, or\n"
             "when no evaluation proves it as it is now. Programs are measured now. Shows the candidates, the\n"
             "choice, the reason and the events it rests on. Exit code 1 if nothing may serve it; that is\n"
             "recorded too.",
    .examples = "ledger route decide summarise --run 4f1c\nledger route decide text --dry-run --json",
    .opts = decide_options,
    .min_args = 1,
    .max_args = 1,
    .run = decide,
};
static const struct spec spec_park = {
    .synopsis = "NAME [--reason WORD] [--note TEXT] [OPTIONS]",
    .about = "Sets a route aside: it gets no work until it is unparked. Exit code 1 if it is parked already.",
    .examples = "ledger route park summarise --reason maintenance",
    .opts = park_options,
    .min_args = 1,
    .max_args = 1,
    .run = park,
};
static const struct spec spec_unpark = {
    .synopsis = "NAME [--reason WORD] [--note TEXT] [OPTIONS]",
    .about = "Takes a parked route up again. Exit code 1 if it is not parked.",
    .examples = "ledger route unpark summarise",
    .opts = park_options,
    .min_args = 1,
    .max_args = 1,
    .run = unpark,
};
static const struct spec spec_remove = {
    .synopsis = "NAME [--reason WORD] [OPTIONS]",
    .about = "Records that a route no longer exists. Exit code 1 if it does not exist.",
    .examples = "ledger route remove summarise --reason replaced",
    .opts = park_options,
    .min_args = 1,
    .max_args = 1,
    .run = remove_route,
};

static const struct command route[] = {
    {"declare", "declare a route, or change what was declared", &spec_declare},
    {"decide", "decide which route serves a piece of work, and record it", &spec_decide},
    {"park", "set a route aside", &spec_park},
    {"unpark", "take a parked route up again", &spec_unpark},
    {"remove", "record that a route no longer exists", &spec_remove},
    {"list", "list routes and whether they are proven", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {0},
};

const struct spec spec_route = {
    .synopsis = "declare | decide | park | unpark | remove | list | show",
    .about = "A route says which model or program serves which kind of work. It is ready when an evaluation\n"
             "proves it as it is now: pack version, configuration, suite, and the weights or the program.",
    .examples = "ledger route list --state 'declared*'\nledger route show summarise --at 2026-11-20\n"
                "ledger route decide summarise",
    .subs = route,
};
