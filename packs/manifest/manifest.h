/* A manifest as it was read: one struct for each shape of fields.def, a member for each key. Absent texts have p NULL,
 * absent numbers are 0, absent lists are empty, absent maps NULL. Everything is borrowed from the manifest and lives until
 * manifest_free; every text is followed by a NUL. */
#ifndef PACKS_MANIFEST_MANIFEST_H
#define PACKS_MANIFEST_MANIFEST_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/yaml/yaml.h"

#define MANIFEST_SCHEMA        "foundry-pack/v0"
#define MANIFEST_TEXT_MAX      4096 /* bytes of one value */
#define MANIFEST_ITEMS_MAX     1000 /* of one list */
#define MANIFEST_FALLBACKS_MAX 16   /* one after the other */

/* The items of a list: `n` of what the member's name says. */
#define MANIFEST_LIST(type)                                                                                                \
    struct {                                                                                                               \
        const type *items;                                                                                                 \
        size_t n;                                                                                                          \
    }

struct manifest_number {
    bool given;
    double value;
};
struct manifest_integer {
    bool given;
    int64_t value;
};

/* Each begins with the map that it was read from, which has the places. */
struct manifest_permission {
    const struct yaml_node *node;
    struct bytes group, scope, tier, reason;
    bool required;
};
enum manifest_role { MANIFEST_TOOL, MANIFEST_MODEL };
struct manifest_route {
    const struct yaml_node *node;
    struct bytes name, role, program, model, digest, family, task, fallback;
    MANIFEST_LIST(struct bytes) arguments;
    uint64_t context_min;
    bool required;
};
struct manifest_expect {
    const struct yaml_node *node;
    struct manifest_integer exit_code;
    uint64_t status;
    struct bytes output;
};
struct manifest_check {
    const struct yaml_node *node;
    struct bytes name, program, url;
    MANIFEST_LIST(struct bytes) arguments;
    const struct manifest_expect *expect;
    uint64_t timeout; /* ns */
    bool required;
};
struct manifest_threshold {
    const struct yaml_node *node;
    struct bytes metric;
    struct manifest_number min, max;
};
struct manifest_eval {
    const struct yaml_node *node;
    struct bytes route, suite;
    MANIFEST_LIST(struct manifest_threshold) thresholds;
    uint64_t fresh_for; /* ns */
};
struct manifest_need {
    const struct yaml_node *node;
    struct bytes name, version, reason;
};
struct manifest_needs {
    const struct yaml_node *node;
    MANIFEST_LIST(struct manifest_need) packs, programs, runtimes, packages;
};
struct manifest_hardware {
    const struct yaml_node *node;
    struct bytes tier;
    uint64_t memory, vram; /* bytes */
};
struct manifest_input {
    const struct yaml_node *node;
    struct bytes name, type, media_type, help;
    uint64_t size_max; /* bytes */
    bool required;
};
struct manifest_limits {
    const struct yaml_node *node;
    uint64_t time, cpu_time;                  /* ns */
    uint64_t memory, processes, output, file; /* bytes, but for processes */
};
struct manifest_step {
    const struct yaml_node *node;
    struct bytes id, route, stdin, stdout, prompt, when;
    MANIFEST_LIST(struct bytes) inputs, outputs, arguments, uses, needs;
    const struct manifest_limits *limits;
};
struct manifest_artifact {
    const struct yaml_node *node;
    struct bytes name, media_type;
    bool required;
};
struct manifest_pack {
    const struct yaml_node *node;
    struct bytes schema, name, version, summary, publisher, license;
    MANIFEST_LIST(struct manifest_permission) permissions;
    MANIFEST_LIST(struct manifest_route) routes;
    MANIFEST_LIST(struct manifest_check) checks;
    MANIFEST_LIST(struct manifest_eval) evals;
    const struct manifest_needs *requires, *conflicts;
    const struct manifest_hardware *hardware;
    MANIFEST_LIST(struct bytes) provides;
    MANIFEST_LIST(struct manifest_input) inputs;
    MANIFEST_LIST(struct manifest_step) steps;
    MANIFEST_LIST(struct manifest_artifact) artifacts;
};

struct manifest {
    struct manifest_pack pack;
    size_t *order;            /* the steps in an order in which they can run, as indices into pack.steps */
    uint8_t digest[HASH_LEN]; /* of the file's bytes */
    char file[16];            /* "pack.yaml" */
    struct yaml *yaml;        /* the nodes */
    struct arena arena;       /* the rest */
};
void manifest_free(struct manifest *manifest); /* NULL is fine */

/* The route of this name; NULL when there is none. */
const struct manifest_route *manifest_route(const struct manifest_pack *pack, struct bytes name);
const struct manifest_step *manifest_step(const struct manifest_pack *pack, struct bytes id);
enum manifest_role manifest_role(const struct manifest_route *route);
/* The step that makes this output, or the input of the pack that has this name; NULL when there is none. */
const struct manifest_step *manifest_maker(const struct manifest_pack *pack, struct bytes name);
const struct manifest_input *manifest_input(const struct manifest_pack *pack, struct bytes name);

/* Of `when`: what is asked of which input or step. An absent text asks nothing. ERR_INVALID for what it cannot be. */
enum manifest_condition {
    MANIFEST_ALWAYS,
    MANIFEST_GIVEN, /* of an input */
    MANIFEST_MISSING,
    MANIFEST_SUCCEEDED, /* of a step */
    MANIFEST_FAILED,
    MANIFEST_SKIPPED
};
struct manifest_when {
    enum manifest_condition condition;
    struct bytes name; /* borrowed from the text */
};
int manifest_when(struct bytes text, struct manifest_when *ret);

/* Takes the next piece of an argument off *rest: plain text, and the NAME of a ${NAME} that follows it (p NULL: none does).
 * "$${" is a plain "${". 0, 1 at the end, ERR_INVALID for a "${" without a name and "}". */
int manifest_piece(struct bytes *rest, struct bytes *ret_text, struct bytes *ret_name);

#endif
