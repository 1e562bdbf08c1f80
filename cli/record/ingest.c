/* ingest: the command line of the ingest room's sources. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "capture/find/find.h"
#include "cli/act/preview.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "ingest/ingest.h"

enum {
    N_FOLLOW,
    N_EVERY,
    N_MODELS,
    N_VERIFY,
    N_FROM,
    N_URL,
    N_TOKEN,
    N_UNIT,
    N_LISTEN,
    N_STRICT,
    N_LENIENT,
    N_RECORD,
    N_DRY_RUN,
    N_ROOT,
    N_ACTOR,
    N_SOURCES
};
static const struct opt options[] = {
    [N_FOLLOW] = {"follow", 'f', NULL,
                  "continue, until interrupted, as the file or the journal grows (jsonl, journal), or as a pipe brings "
                  "more (jsonl, hook, "
                  "kubernetes)"},
    [N_EVERY] = {"every", 0, "DURATION",
                 "look again at this interval, such as 30s, until interrupted (ollama, openai, tailscale, lm-eval, "
                 "inspect, huggingface, dpkg, "
                 "hardware)"},
    [N_MODELS] = {"models", 0, "DIR", "read the model store in this directory (ollama)"},
    [N_VERIFY] =
        {"verify", 0, NULL,
         "hash the files of the store and compare them with their names (ollama); hash the weights (weights, huggingface)"},
    [N_FROM] = {"from", 0, "FILE", "a saved response instead of the server's; may be repeated (ollama, openai, tailscale)"},
    [N_URL] = {"url", 0, "URL", "the server's address, which may also be given without this option (ollama, openai)"},
    [N_TOKEN] = {"token-file", 0, "FILE", "private file (mode 0600) with the token that the server wants (openai)"},
    [N_UNIT] = {"unit", 'u', "GLOB", "units of more services than those of model servers; may be repeated (journal)"},
    [N_LISTEN] = {"listen", 0, "ADDRESS:PORT", "receive over HTTP, until interrupted (otlp)"},
    [N_STRICT] = {"strict", 0, NULL, "stop at the first bad input (hook: any failure exits with 2)"},
    [N_LENIENT] = {"lenient", 0, NULL, "exit with 0 and print nothing whatever happens, but what is wrong (hook)"},
    [N_RECORD] = {"record", 0, "JSON", "this record instead of standard input, as the last argument of a program (hook)"},
    [N_DRY_RUN] = {"dry-run", 0, NULL, "write nothing: show the events as they would be written"},
    [N_ROOT] = {"root", 0, "DIR", "a file system root other than / (dpkg, hardware, tailscale, journal)"},
    [N_ACTOR] = {"actor", 'a', "WHO", "who caused the events (default: service:<source>)"},
    [N_SOURCES] = {"sources", 0, NULL, "list the sources and stop"},
    {0},
};

#define REPORTED_MAX 20 /* rejections reported one by one; all are counted */

/* The only variable that a signal handler writes. */
static volatile sig_atomic_t stop;

static void on_signal(int number) {
    (void)number;
    stop = 1;
}

#define ROUND_SAID_NS (3600 * CLOCK_NS_PER_S) /* how often rounds without news are reported */

struct state {
    struct cli *cli;
    struct out_progress progress;
    uint64_t rejected;
    uint64_t passed_line; /* the first record passed over, and its name */
    char passed[64];
    bool hurry;
    /* as last reported */
    bool said, failed;
    uint64_t said_at, accepted;
};

/* An agent waits for its hook, so nothing may block it: not another writer holding the lock, not a hanging disk. */
#define HURRY_S 10

static void give_up(int exit_code) {
    static const char message[] =
        "ledger: ingest: gave up after 10 s without progress; what was not committed is not recorded\n";
    ssize_t done = write(STDERR_FILENO, message, sizeof(message) - 1);
    (void)done;
    _exit(exit_code);
}

static void on_alarm(int number) {
    (void)number;
    give_up(EXIT_SYSTEM);
}

static void on_alarm_lenient(int number) {
    (void)number;
    give_up(EXIT_GOOD);
}

static void on_alarm_strict(int number) {
    (void)number;
    give_up(EXIT_USAGE); /* the agent's "do not do that" */
}

/* As in main.c, with the agent's exit code. */
static void on_bus_strict(int number) {
    static const char message[] = "ledger: ingest: the database is cut short or damaged (SIGBUS): not recorded\n";
    (void)number;
    ssize_t done = write(STDERR_FILENO, message, sizeof(message) - 1);
    (void)done;
    _exit(EXIT_USAGE);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total) {
    struct state *state = ctx;
    if (state->hurry) {
        alarm(HURRY_S);
    }
    out_progress_draw(&state->progress, done, total);
}

/* A line on standard error: text, or JSON with --json. */
static void on_rejected(void *ctx, const struct ingest_place *place, const char *reason) {
    struct state *state = ctx;
    if (++state->rejected > REPORTED_MAX || state->cli->quiet) return;
    out_progress_end(&state->progress);
    if (state->cli->json) {
        struct buf text = {.max = 65536};
        struct obj rejected = {0}, whole = {0};
        obj_text(&rejected, "file", place->file);
        obj_uint(&rejected, "line", place->line);
        obj_uint(&rejected, "offset", place->offset);
        obj_text(&rejected, "reason", reason);
        obj_obj(&whole, "rejected", &rejected);
        obj_json(&whole, JSON_LINE, &text, NULL);
        obj_done(&whole);
        out_error_json(bytes_of_buf(&text));
        buf_done(&text);
    } else if (place->line > 0) {
        out_error("ledger: ingest: %s: line %llu: %s", place->file, (unsigned long long)place->line, reason);
    } else {
        out_error("ledger: ingest: %s: %s", place->file, reason);
    }
    if (state->rejected == REPORTED_MAX) {
        cli_note(state->cli, "ledger: ingest: further rejections are counted only");
    }
}

static void on_passed(void *ctx, const struct ingest_place *place, const char *what) {
    struct state *state = ctx;
    if (state->passed_line == 0) {
        state->passed_line = place->line;
        snprintf(state->passed, sizeof(state->passed), "%s", what);
        state->passed[text_utf8_valid((const uint8_t *)state->passed, strlen(state->passed))] = '\0';
    }
}

/* Records that are passed over are reported, not dropped silently. */
static void say_passed(const struct state *state, uint64_t n) {
    if (n > 0 && state->cli->for_agent) { /* of others it is normal, and the summary has their number */
        cli_note(
            state->cli,
            "ledger: ingest: %llu record%s passed over, the first in line %llu%s%s%s: no permission, tool call or session "
            "that this source knows is in %s",
            (unsigned long long)n, n == 1 ? " was" : "s were", (unsigned long long)state->passed_line,
            state->passed[0] != '\0' ? " ('" : "", state->passed, state->passed[0] != '\0' ? "')" : "",
            n == 1 ? "it" : "them");
    }
}

static void on_preview(void *ctx, const struct ingest_place *place, const struct ingest_preview *preview) {
    struct state *state = ctx;
    struct obj obj = {0};
    obj_text(&obj, "file", place->file);
    if (place->line > 0) {
        obj_uint(&obj, "line", place->line);
    }
    preview_put(&obj, preview->draft, preview->body, preview->private_);
    obj_uint(&obj, "masked", preview->masked);
    out_progress_end(&state->progress);
    cli_print(state->cli, &obj, true);
    obj_done(&obj);
}

static void put_reasons(struct obj *obj, const struct ingest_tally *tally) {
    struct obj reasons = {0};
    for (size_t i = 0; i < tally->n_reasons; i++) {
        struct obj reason = {0};
        obj_text(&reason, "reason", tally->reasons[i].text);
        obj_uint(&reason, "count", tally->reasons[i].count);
        obj_uint(&reason, "line", tally->reasons[i].line);
        obj_uint(&reason, "offset", tally->reasons[i].offset);
        obj_obj(&reasons, NULL, &reason);
    }
    obj_list(obj, "reasons", &reasons);
}

static int print_json(struct cli *cli, const char *source, const struct ingest_result *result, bool dry_run) {
    const struct ingest_tally *t = &result->total;
    struct obj obj = {0};
    obj_text(&obj, "source", source);
    obj_bool(&obj, "dry_run", dry_run);
    obj_uint(&obj, "bytes", t->bytes);
    obj_uint(&obj, "accepted", t->accepted);
    obj_uint(&obj, "duplicate", t->duplicate);
    obj_uint(&obj, "rejected", t->rejected);
    obj_uint(&obj, "passed", t->passed);
    obj_uint(&obj, "masked", t->masked);
    obj_uint(&obj, "gaps", t->gaps);
    if (t->first_at == INGEST_NO_TIME) {
        obj_text(&obj, "first_at", NULL);
        obj_text(&obj, "last_at", NULL);
    } else {
        obj_time(&obj, "first_at", t->first_at);
        obj_time(&obj, "last_at", t->last_at);
    }
    put_reasons(&obj, t);
    obj_uint(&obj, "receipts", result->receipts);
    obj_bool(&obj, "stopped", result->stopped);
    obj_uint(&obj, "size", result->head.size);
    obj_hex(&obj, "root", result->head.root, LOG_HASH);
    return cli_print(cli, &obj, true);
}

/* `shown`: each rejection was reported already. */
static int print_text(struct cli *cli, const char *source, const struct ingest_result *result, bool dry_run, bool shown) {
    const struct ingest_tally *t = &result->total;
    char size[32];
    out_size(size, t->bytes);
    out_printf(cli, "%s: %s read, %llu %s, %llu duplicate, %llu rejected", source, size, (unsigned long long)t->accepted,
               dry_run ? "to write" : "accepted", (unsigned long long)t->duplicate, (unsigned long long)t->rejected);
    if (t->passed > 0) {
        out_printf(cli, ", %llu passed over", (unsigned long long)t->passed);
    }
    if (t->masked > 0) {
        out_printf(cli, ", %llu secret%s masked", (unsigned long long)t->masked, text_s(t->masked));
    }
    if (t->gaps > 0) {
        out_printf(cli, ", %llu gap%s", (unsigned long long)t->gaps, text_s(t->gaps));
    }
    out_str(cli, "\n");
    for (size_t i = 0; i < t->n_reasons && !shown; i++) {
        out_printf(cli, "  %llu rejected: ", (unsigned long long)t->reasons[i].count);
        out_safe(cli, bytes_of(t->reasons[i].text));
        if (t->reasons[i].line > 0) {
            out_printf(cli, " (first at line %llu)", (unsigned long long)t->reasons[i].line);
        }
        out_str(cli, "\n");
    }
    if (!dry_run) {
        out_printf(cli, "the ledger has %llu event%s, %llu receipt%s written\n", (unsigned long long)result->head.size,
                   text_s(result->head.size), (unsigned long long)result->receipts,
                   result->receipts == 1 ? " was" : "s were");
    }
    return EXIT_GOOD;
}

static void on_listening(void *ctx, const char *address) {
    struct state *state = ctx;
    struct obj obj = {0};
    struct buf text = {.max = 4096};
    out_progress_end(&state->progress);
    cli_note(state->cli, "ledger: ingest: listening on %s", address);
    if (state->cli->json) { /* the port may have been chosen freely: programs need to know it */
        obj_text(&obj, "listening", address);
        obj_json(&obj, JSON_LINE, &text, NULL);
        out_error_json(bytes_of_buf(&text));
        obj_done(&obj);
        buf_done(&text);
    }
}

static void on_waiting(void *ctx, const char *path) {
    struct state *state = ctx;
    out_progress_end(&state->progress);
    cli_note(state->cli, "ledger: ingest: waiting for '%s', which is not there yet", path);
}

/* Reports news: events, the first of several failures, recovery; and once an hour that it still runs. */
static void on_round(void *ctx, const struct ingest_result *sum, const struct err *failed) {
    struct state *state = ctx;
    uint64_t now = clock_boot_ns();
    bool changed = !state->said || state->failed != (failed != NULL) || state->accepted != sum->total.accepted;
    if (!changed && now - state->said_at < ROUND_SAID_NS) return;
    out_progress_end(&state->progress);
    if (failed != NULL) {
        cli_note(state->cli, "ledger: ingest: %s; trying again", failed->msg);
    } else {
        cli_note(state->cli, "ledger: ingest: %s%llu accepted, %llu duplicate so far",
                 state->failed ? "it works again; " : "", (unsigned long long)sum->total.accepted,
                 (unsigned long long)sum->total.duplicate);
    }
    state->said = true;
    state->said_at = now;
    state->failed = failed != NULL;
    state->accepted = sum->total.accepted;
}

static const struct ingest_source *find_source(struct cli *cli, const char *name, int *ret_exit) {
    const struct ingest_source *source = ingest_source_find(name);
    if (source == NULL) {
        struct buf names = {.max = 4096};
        for (size_t i = 0; i < ingest_source_count(); i++) {
            buf_printf(&names, "%s%s", i ? ", " : "", ingest_source_at(i)->name);
        }
        *ret_exit = cli_usage(cli,
                              "unknown source '%.60s'; known are %.*s. Output of other programs can be converted to "
                              "lines for jsonl: docs/ingest.md",
                              name, (int)names.n, (const char *)names.p);
        buf_done(&names);
    }
    return source;
}

/* Turns the command line into the source's options. `room` is for texts of repeated options, twice as many as there are options. Options that the source does not take
 * are an invalid command line. */
static int read_options(struct cli *cli, const struct opt_args *args, const struct ingest_source *source, const char **room,
                        struct ingest_options *ret) {
    struct err err = {0};
    const char *text, *every = opt_text(args, &options[N_EVERY]);
    bool url = (source->takes & INGEST_URL) != 0;
    size_t at = 0;
    *ret = (struct ingest_options){.paths = (const char *const *)args->args + 1,
                                   .n_paths = url ? 0 : args->n_args - 1,
                                   .url = url && args->n_args > 1 ? args->args[1] : opt_text(args, &options[N_URL]),
                                   .token_file = opt_text(args, &options[N_TOKEN]),
                                   .root = opt_text(args, &options[N_ROOT]),
                                   .actor = opt_text(args, &options[N_ACTOR]),
                                   .models = opt_text(args, &options[N_MODELS]),
                                   .listen = opt_text(args, &options[N_LISTEN]),
                                   .record = opt_text(args, &options[N_RECORD]),
                                   .from = room,
                                   .units = room + args->n_values,
                                   .follow = opt_has(args, &options[N_FOLLOW]),
                                   .strict = opt_has(args, &options[N_STRICT]),
                                   .verify = opt_has(args, &options[N_VERIFY]),
                                   .dry_run = opt_has(args, &options[N_DRY_RUN]),
                                   .stop = &stop};
    while ((text = opt_next(args, &options[N_FROM], &at)) != NULL) {
        room[ret->n_from++] = text;
    }
    at = 0;
    while ((text = opt_next(args, &options[N_UNIT], &at)) != NULL) {
        room[args->n_values + ret->n_units++] = text;
    }
    bool hook = (source->takes & INGEST_HOOK) != 0;
    if (opt_has(args, &options[N_LENIENT]) && (!hook || ret->strict)) {
        return cli_usage(cli, hook ? "give one of --strict and --lenient" : "--lenient is for source 'hook'");
    }
    if (url && (args->n_args > 2 || (args->n_args > 1 && opt_text(args, &options[N_URL]) != NULL))) {
        return cli_usage(cli, "source '%s' takes one address", source->name);
    }
    if (every != NULL && (text_parse_duration(bytes_of(every), &ret->every_ns) != 0 || ret->every_ns == 0)) {
        return cli_usage(cli, "--every '%.40s' is not a duration; expected 30s, 5m, 1h, 1d", every);
    }
    return ingest_check_options(source, ret, &err) != 0 ? cli_usage(cli, "%s", err.msg) : 0;
}

static void catch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static int report(struct state *state, const struct ingest_source *source, const struct ingest_result *result, bool dry_run,
                  int exit_code) {
    struct cli *cli = state->cli;
    bool silent = cli->for_agent && !cli->json && !dry_run; /* an agent would read what is printed */
    out_progress_end(&state->progress);
    if (state->rejected > REPORTED_MAX) {
        cli_note(cli, "ledger: ingest: %llu more rejection%s not shown",
                 (unsigned long long)(state->rejected - REPORTED_MAX),
                 state->rejected - REPORTED_MAX == 1 ? " was" : "s were");
    }
    const struct ingest_tally *t = &result->total;
    say_passed(state, t->passed);
    bool nothing = exit_code != 0 && t->bytes == 0 && t->accepted + t->duplicate + t->rejected == 0;
    bool shown = !cli->quiet && state->rejected <= REPORTED_MAX;
    int printed = silent      ? EXIT_GOOD
                  : cli->json ? print_json(cli, source->name, result, dry_run)
                  : nothing   ? EXIT_GOOD
                              : print_text(cli, source->name, result, dry_run, shown);
    if (exit_code != 0 || printed != 0) return exit_code != 0 ? exit_code : printed;
    return result->total.rejected > 0 ? EXIT_INPUT : EXIT_GOOD;
}

static int run_source(struct cli *cli, const struct ingest_source *source, struct ingest_options *o, bool lenient) {
    struct state state = {.cli = cli, .hurry = cli->for_agent && !o->follow};
    struct ledger *ledger = NULL;
    struct ingest_result result;
    struct err err = {0};
    memset(&result, 0, sizeof(result));
    result.total.first_at = result.total.last_at = INGEST_NO_TIME;
    if (cli->for_agent && o->strict) {
        signal(SIGBUS, on_bus_strict);
    }
    if (state.hurry) {
        signal(SIGALRM, o->strict ? on_alarm_strict : lenient ? on_alarm_lenient : on_alarm);
        alarm(HURRY_S);
    }
    int exit_code = cli_open(cli, o->dry_run ? CLI_TRY : CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    o->ctx = &state;
    o->progress = on_progress;
    o->rejected = cli->for_agent && o->strict ? NULL : on_rejected; /* the error reports it; one line is enough */
    o->passed = on_passed;
    o->listening = on_listening;
    o->waiting = on_waiting;
    o->round = on_round;
    o->preview = o->dry_run ? on_preview : NULL;
    catch_signals();
    out_progress_init(&state.progress, cli, source->name);
    if (ingest_source_run(ledger, source->name, o, &result, &err) != 0) {
        out_progress_end(&state.progress);
        exit_code = cli_fail_input(cli, &err);
    }
    exit_code = report(&state, source, &result, o->dry_run, exit_code);
    log_close(ledger);
    return exit_code;
}

static int print_sources(struct cli *cli) {
    struct obj obj = {0}, list = {0};
    for (size_t i = 0; i < ingest_source_count(); i++) {
        const struct ingest_source *source = ingest_source_at(i);
        struct obj one = {0};
        obj_text(&one, "source", source->name);
        obj_text(&one, "about", source->help);
        obj_text(&one, "example", source->example);
        obj_bool(&one, "keeps_following", (source->takes & INGEST_TAIL) != 0);
        obj_bool(&one, "looks_again", (source->takes & INGEST_EVERY) != 0);
        obj_obj(&list, NULL, &one);
        if (!cli->json) {
            out_printf(cli, "%s%s\n  %s\n  %s\n", i > 0 ? "\n" : "", source->name, source->help, source->example);
        }
    }
    obj_list(&obj, "sources", &list);
    int exit_code = cli->json ? cli_print(cli, &obj, true) : EXIT_GOOD;
    obj_done(&obj);
    return exit_code;
}

static int ingest(struct cli *cli, const struct opt_args *args) {
    struct ingest_options o;
    char hub[FILE_PATH_MAX];
    const char *hub_path = hub;
    int exit_code = 0;
    if (opt_has(args, &options[N_SOURCES])) return print_sources(cli);
    if (args->n_args == 0) {
        return cli_usage(cli, "which source? 'ledger ingest --sources' lists them");
    }
    const struct ingest_source *source = find_source(cli, args->args[0], &exit_code);
    if (source == NULL) return exit_code;
    cli->for_agent = (source->takes & INGEST_HOOK) != 0;
    const char **room = calloc(2 * args->n_values + 1, sizeof(*room));
    if (room == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "out of memory");
    exit_code = read_options(cli, args, source, room, &o);
    if (exit_code == 0 && (source->takes & INGEST_HUB) != 0 && o.n_paths == 0 && find_hub(cli_env, hub)) {
        o.paths = &hub_path;
        o.n_paths = 1;
    }
    if (exit_code == 0) exit_code = run_source(cli, source, &o, opt_has(args, &options[N_LENIENT]));
    free(room);
    return exit_code;
}

const struct spec spec_ingest = {
    .synopsis =
        "SOURCE [FILE ... | URL | --from FILE | --listen ADDRESS:PORT] [--follow] [--strict] [--dry-run] [--root DIR]",
    .about = "Records what other programs have written. Sources:\n"
             "  jsonl     events as JSON, one per line, from files, gzip files or standard input\n"
             "  dpkg      installs, upgrades and removals of packages, from dpkg's log\n"
             "  hardware  processor, memory, disks, GPUs, system and kernel, when they change\n"
             "  lm-eval   evaluations of models: results and samples of the lm-evaluation-harness\n"
             "  promptfoo  evaluations of prompts and models: results files of promptfoo\n"
             "  inspect   evaluations of models: logs of Inspect, .eval archives or JSON\n"
             "  llama-bench  speeds of models: the output of llama.cpp's llama-bench -o jsonl\n"
             "  weights   files of weights, GGUF and safetensors: what their headers claim\n"
             "  huggingface  models in the cache of Hugging Face's hub: present, pulled, removed\n"
             "  bom       where models come from, by bills of materials: CycloneDX and SPDX 3\n"
             "  hook      tool calls and permissions, from the hooks of coding agents; prints nothing,\n"
             "            and never exits with 2 (which blocks the call) except with --strict; with\n"
             "            --lenient always with 0. 'ledger setup' inserts it into agents' settings\n"
             "  ollama    models of an Ollama server, of its store on disk, or of saved responses\n"
             "  openai    a server with OpenAI's interface, such as llama.cpp, vLLM, LM Studio: build, models,\n"
             "            what is loaded; or its saved responses\n"
             "  journal   systemd's journal, as journalctl -o export writes it: services of model servers,\n"
             "            kills for memory, faults of GPUs\n"
             "  kubernetes  the audit log of an API server: who changed what, and what was refused\n"
             "  tailscale  the machines of a tailnet: joined, changed, offline, gone\n"
             "  otlp      traces, logs and metrics of OpenTelemetry, from files or received over HTTP\n"
             "Reading the same input again writes nothing. Each input ends with a receipt, the event\n"
             "ledger.imported. A bad line is rejected on its own, with a reason, and the exit code is then 3.",
    .examples = "ledger ingest jsonl events.jsonl\nmy-agent | ledger ingest jsonl -\n"
                "ledger ingest jsonl --follow /var/log/agent.jsonl\nledger ingest dpkg\nledger ingest hardware --dry-run\n"
                "ledger ingest hook <event.json\nledger ingest ollama --every 30s\n"
                "ledger ingest ollama --models ~/.ollama/models --verify\n"
                "ledger ingest openai http://127.0.0.1:8080 --every 30s\n"
                "ledger ingest journal --follow\n"
                "ledger ingest otlp traces.json\nledger ingest otlp --listen 127.0.0.1:4318",
    .opts = options,
    .max_args = CLI_MANY,
    .run = ingest,
};
