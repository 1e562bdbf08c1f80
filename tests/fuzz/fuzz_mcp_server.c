/* Arbitrary bytes as a line of a client of `ledger mcp`: whatever is answered is one line of JSON, and what is asked are words that
 * no text of the client made into options. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "serve/mcp/method.h"
#include "serve/tools/tools.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static int ask_tool(void *ctx, size_t tool, struct bytes arguments, struct guest_words *ret, struct err *err) {
    (void)ctx;
    return tools_command(tool, arguments, ret, err);
}

static int ask_resource(void *ctx, struct bytes uri, struct guest_words *ret, struct err *err) {
    (void)ctx;
    return guest_option(ret, "uri", uri, err);
}

static const char *const flags[] = {"--no-probe", "--derived", "--last=20", "--"};

/* Before "--" each word but the command's name is an option of ours. */
static void check_words(const struct guest_words *words) {
    bool over = false;
    for (size_t i = 1; i < words->n && !over; i++) {
        const char *w = words->word[i];
        bool known = false;
        for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
            known = known || strcmp(w, flags[k]) == 0;
        }
        want(known || (strncmp(w, "--", 2) == 0 && strchr(w, '=') != NULL));
        over = strcmp(w, "--") == 0;
    }
    want(words->word[words->n] == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct mcp_tool tools[TOOLS_MAX];
    static struct buf room;
    static size_t n_tools;
    struct buf message = {.max = (size_t)4 << 20}, out = {.max = (size_t)1 << 20}, again = {.max = (size_t)4 << 20};
    struct mcp_ask ask;
    struct bytes id;
    if (n_tools == 0) n_tools = tools_all(tools, &room);
    const struct mcp_server server = {.version = "1",
                                      .instructions = "x",
                                      .tools = tools,
                                      .n_tools = n_tools,
                                      .tool = ask_tool,
                                      .resource = ask_resource};
    want(n_tools == 7);
    want(mcp_take(&server, (struct bytes){data, size}, &message, &out, &ask, &id, NULL) == 0);
    if (out.n > 0) {
        want(out.p[out.n - 1] == '\n' && bytes_find((struct bytes){out.p, out.n - 1}, '\n') == NULL);
        want(json_to_mp((struct bytes){out.p, out.n - 1}, &again, NULL) == 0);
    }
    if (ask.asks == MCP_ASKS_TOOL) check_words(&ask.words);
    guest_words_done(&ask.words);
    buf_done(&again);
    buf_done(&out);
    buf_done(&message);
    return 0;
}
