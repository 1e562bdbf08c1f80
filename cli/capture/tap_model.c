/* tap model: the command line of capture/proxy/. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "capture/proxy/proxy.h"
#include "cli/call/stop.h"
#include "cli/capture/tap.h"
#include "cli/open/open.h"
#include "cli/print/summary.h"

enum { N_LISTEN, N_UPSTREAM, N_CONTENT, N_TOKEN_FILE, N_HOST, N_ORIGIN, N_RUN, N_RUNTIME, N_ACTOR };
static const struct opt options[] = {
    [N_LISTEN] = {"listen", 0, "ADDRESS:PORT", "where clients connect, or unix:PATH; port 0: any that is free"},
    [N_UPSTREAM] = {"upstream", 0, "URL", "the one server that requests are passed to"},
    [N_CONTENT] = {"content", 0, NULL, "record prompts and answers too, as private fields"},
    [N_TOKEN_FILE] = {"token-file", 0, "FILE", "clients need this bearer token; required beyond this machine"},
    [N_HOST] = {"host", 0, "NAME:PORT", "a further name that clients use for this proxy; may be repeated"},
    [N_ORIGIN] = {"origin", 0, "ORIGIN", "a web page's origin that may use it; may be repeated"},
    [N_RUN] = {"run", 0, "RUN", "record all calls in this run (default: a call's trace, or a run each)"},
    [N_RUNTIME] = {"runtime", 0, "NAME", "the server's name in events (default: by the path of a request)"},
    [N_ACTOR] = {"actor", 'a', "WHO", "who caused the events (default: service:proxy)"},
    {0},
};

#define RUN_MAX 63

static void on_listening(void *ctx, const char *address) {
    tap_say_listening(ctx, "model", address);
}

static int report(struct cli *cli, const struct proxy_result *result) {
    struct obj obj = {0};
    if (!cli->json) {
        out_printf(cli, "%llu call%s of a model, %llu other request%s, %llu refused; %llu event%s written",
                   (unsigned long long)result->calls, text_s(result->calls), (unsigned long long)result->others,
                   text_s(result->others), (unsigned long long)result->refused, (unsigned long long)result->written,
                   text_s(result->written));
        if (result->lost > 0) out_printf(cli, ", %llu not recorded", (unsigned long long)result->lost);
        out_str(cli, "\n");
        return EXIT_GOOD;
    }
    obj_uint(&obj, "calls", result->calls);
    obj_uint(&obj, "others", result->others);
    obj_uint(&obj, "refused", result->refused);
    obj_uint(&obj, "written", result->written);
    obj_uint(&obj, "lost", result->lost);
    int exit_code = cli_print(cli, &obj, true);
    obj_done(&obj);
    return exit_code;
}

/* It becomes a part of subjects, which cannot be erased. */
static bool is_run(const char *run) {
    size_t n = strlen(run);
    return n > 0 && n <= RUN_MAX && strspn(run, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == n;
}

static int tap(struct cli *cli, const struct opt_args *args) {
    const char *origins[TAP_NAMES_MAX], *hosts[TAP_NAMES_MAX];
    struct proxy_options o = {.serve = {.listen = opt_text(args, &options[N_LISTEN]),
                                        .upstream = opt_text(args, &options[N_UPSTREAM]),
                                        .token_file = opt_text(args, &options[N_TOKEN_FILE]),
                                        .origins = origins,
                                        .n_origins = tap_list(args, &options[N_ORIGIN], origins),
                                        .hosts = hosts,
                                        .n_hosts = tap_list(args, &options[N_HOST], hosts),
                                        .ctx = cli,
                                        .listening = on_listening},
                              .actor = opt_text(args, &options[N_ACTOR]),
                              .run = opt_text(args, &options[N_RUN]),
                              .runtime = opt_text(args, &options[N_RUNTIME]),
                              .content = opt_has(args, &options[N_CONTENT])};
    struct ledger *ledger = NULL;
    struct proxy_result result = {0};
    struct err err = {0};
    if (o.serve.listen == NULL || o.serve.upstream == NULL) {
        return cli_usage(cli, "--listen ADDRESS:PORT and --upstream URL are needed");
    }
    if (o.run != NULL && !is_run(o.run)) {
        return cli_usage(cli, "--run '%.60s' is not a run's name; expected 1 to %d letters, digits or '-_.:'", o.run,
                         RUN_MAX);
    }
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    o.serve.stop = stop_catch();
    exit_code = proxy_run(ledger, &o, &result, &err) != 0 ? cli_fail_input(cli, &err) : report(cli, &result);
    log_close(ledger);
    return exit_code;
}

const struct spec tap_model = {
    .synopsis = "--listen ADDRESS:PORT --upstream URL [--content] [--token-file FILE] [--run RUN]",
    .about = "Passes the traffic between clients and a server of models (Ollama, llama.cpp, LM Studio, vLLM and\n"
             "others that speak OpenAI's protocol) and records each call of a model: name, tokens as the server\n"
             "states them, times, how it ended. Prompts and answers are recorded by their digests alone, except\n"
             "with --content. Point clients at the proxy's address instead of the server's.\n"
             "It accepts clients of this machine, and no web pages. Keys and cookies in requests are passed on\n"
             "and never recorded. Ctrl-C ends it: calls that are under way have five seconds to end.",
    .examples = "ledger tap model --listen 127.0.0.1:11435 --upstream http://127.0.0.1:11434\n"
                "OLLAMA_HOST=127.0.0.1:11435 ollama run llama3.2\n"
                "ledger tap model --listen unix:/run/user/1000/models.sock --upstream http://127.0.0.1:8080 --content",
    .opts = options,
    .run = tap,
};
