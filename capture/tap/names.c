/* The run's name is random: the same conversation at another time is another run. */
#include "capture/tap/names.h"

#include <stdio.h>

#include "base/crypt.h"
#include "base/text.h"
#include "ingest/input/agent_words.h"

void tap_names_run(char ret[TAP_RUN_LEN]) {
    uint8_t random[TAP_RUN_LEN / 2];
    crypt_random(random, sizeof(random));
    text_hex(ret, random, sizeof(random));
}

bool tap_names_tool(const struct tap_names *names, struct bytes tool, char ret[TAP_TOOL_LEN]) {
    int n = snprintf(ret, TAP_TOOL_LEN, "mcp__%s__%.*s", names->server, (int)tool.n, (const char *)tool.p);
    return tool.n > 0 && n > 0 && n < TAP_TOOL_LEN;
}

const char *tap_names_group(const struct tap_names *names, struct bytes tool) {
    char full[TAP_TOOL_LEN];
    const char *group = NULL, *all = NULL;
    for (size_t i = 0; names->groups != NULL && names->groups[i] != NULL; i++) {
        const char *text = names->groups[i], *equals = strchr(text, '=');
        if (equals == NULL) {
            all = text;
        } else if (bytes_eq(tool, (struct bytes){(const uint8_t *)text, (size_t)(equals - text)})) {
            group = equals + 1;
        }
    }
    if (group == NULL && tap_names_tool(names, tool, full)) group = agent_group_of(bytes_of(full));
    if (group == NULL) group = all;
    return group == NULL && names->enforces ? "exec" : group;
}
