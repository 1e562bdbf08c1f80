/* One text with four places to fill. Its comments say what an author looks up first; docs/packs.md has the rest. */
#include "packs/manifest/fresh.h"

#include "packs/manifest/value.h"

#define ROUTE_ROOM 58 /* a name has at most 64 bytes */

static const char head[] = "# yaml-language-server: $schema=/usr/local/share/ledger/schemas/foundry-pack-v0.json\n"
                           "schema: foundry-pack/v0\n";

/* The name of its route, twice. */
#define BODY                                                                                                               \
    "\n"                                                                                                                   \
    "# What the pack may do, once a person has granted it.\n"                                                              \
    "permissions:\n"                                                                                                       \
    "  - group: filesystem.read\n"                                                                                         \
    "    scope: inbox/**\n"                                                                                                \
    "    tier: T0\n"                                                                                                       \
    "    required: true\n"                                                                                                 \
    "    reason: reads the text whose words are counted\n"                                                                 \
    "  - group: exec\n"                                                                                                    \
    "    scope: wc\n"                                                                                                      \
    "    tier: T0\n"                                                                                                       \
    "    required: true\n"                                                                                                 \
    "    reason: counts the words\n"                                                                                       \
    "\n"                                                                                                                   \
    "# Who does the work: a program, or a model (role: model). Names of routes are shared by all packs of a box.\n"        \
    "routes:\n"                                                                                                            \
    "  - name: \"%.*s\"\n"                                                                                                 \
    "    role: tool\n"                                                                                                     \
    "    program: wc\n"                                                                                                    \
    "    arguments: [-w, \"${document}\"]\n"                                                                               \
    "    required: true\n"                                                                                                 \
    "\n"                                                                                                                   \
    "# Whether what it needs is there and works.\n"                                                                        \
    "checks:\n"                                                                                                            \
    "  - name: wc\n"                                                                                                       \
    "    program: wc\n"                                                                                                    \
    "    arguments: [--version]\n"                                                                                         \
    "    timeout: 5s\n"                                                                                                    \
    "    required: true\n"                                                                                                 \
    "\n"                                                                                                                   \
    "# What a run is given, what it does, and what is kept of it.\n"                                                       \
    "inputs:\n"                                                                                                            \
    "  - name: document\n"                                                                                                 \
    "    type: file\n"                                                                                                     \
    "    media_type: text/plain\n"                                                                                         \
    "    size_max: 10MiB\n"                                                                                                \
    "    required: true\n"                                                                                                 \
    "\n"                                                                                                                   \
    "steps:\n"                                                                                                             \
    "  - id: count-words\n"                                                                                                \
    "    route: \"%.*s\"\n"                                                                                                \
    "    inputs: [document]\n"                                                                                             \
    "    outputs: [words]\n"                                                                                               \
    "    stdout: words\n"                                                                                                  \
    "    limits: {time: 10s, memory: 64MiB, processes: 4, output: 1MiB}\n"                                                 \
    "\n"                                                                                                                   \
    "artifacts:\n"                                                                                                         \
    "  - name: words\n"                                                                                                    \
    "    media_type: text/plain\n"                                                                                         \
    "    required: true\n"

static int check(enum field_type type, const char *what, struct bytes text, struct err *err) {
    const char *fault = value_fault(type, text);
    return fault == NULL ? 0 : err_set(err, ERR_INVALID, "%s: '%.*s' %s", what, (int)text.n, (const char *)text.p, fault);
}

int fresh_manifest(struct bytes name, struct bytes publisher, struct buf *out, struct err *err) {
    struct buf route = {.max = 128};
    int rc = check(FIELD_NAME, "the name", name, err);
    if (rc == 0) rc = check(FIELD_KEYNAME, "the publisher", publisher, err);
    if (rc != 0) return rc;
    buf_put_str(out, head);
    buf_printf(out, "name: \"%.*s\"\nversion: 0.1.0\nsummary: Counts the words of a text\npublisher: \"", (int)name.n,
               (const char *)name.p);
    for (size_t i = 0; i < publisher.n; i++) { /* of what needs an escape, a key's name may have '"' and '\\' */
        if (publisher.p[i] == '"' || publisher.p[i] == '\\') buf_put_u8(out, '\\');
        buf_put_u8(out, publisher.p[i]);
    }
    buf_put_str(out, "\"\n");
    buf_put_bytes(&route, (struct bytes){name.p, name.n < ROUTE_ROOM ? name.n : ROUTE_ROOM});
    buf_put_str(&route, "-count");
    buf_printf(out, BODY, (int)route.n, (const char *)route.p, (int)route.n, (const char *)route.p);
    rc = buf_check(&route, "the name of the route", err);
    buf_done(&route);
    if (rc != 0) return rc;
    return buf_check(out, "the manifest", err);
}
