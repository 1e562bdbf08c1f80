/* Inside the room: a suite as it was written. One struct for each shape of fields.def, a member for each key; absent texts
 * have p NULL, absent amounts are 0, absent lists are empty, absent maps NULL. Borrowed from the nodes. */
#ifndef EVALS_SUITE_FORM_H
#define EVALS_SUITE_FORM_H

#include "packs/manifest/fields.h"
#include "packs/manifest/manifest.h"

#define SUITE_CHECK_WORDS "equals|contains|regex|json|schema|number|edit_distance|token_f1|exit|judge"
#define SUITE_METRIC_WORDS                                                                                                 \
    "pass_rate_lower|latency_p50_ms|latency_p95_ms|latency_p99_ms|cost|regression_lower|violations|probes_changed"

struct form_scale {
    const struct yaml_node *node;
    struct manifest_number lowest, highest;
};
struct form_expectation {
    const struct yaml_node *node;
    struct bytes check, output, text, pointer;
    bool not, trim, ignore_case;
    const struct yaml_node *value;
    struct manifest_number number, tolerance, relative, at_least, at_most;
    const struct form_scale *scale;
};
struct form_message {
    const struct yaml_node *node;
    struct bytes role, text;
};
struct form_file {
    const struct yaml_node *node;
    struct bytes path, name;
};
struct form_case {
    const struct yaml_node *node;
    struct bytes id, text, system;
    struct manifest_number weight;
    struct manifest_integer seed;
    uint64_t repeats, timeout; /* timeout: ns */
    bool probe;
    MANIFEST_LIST(struct bytes) tags, arguments;
    MANIFEST_LIST(struct form_message) messages;
    MANIFEST_LIST(struct form_file) files;
    MANIFEST_LIST(struct form_expectation) expect;
};
struct form_defaults {
    const struct yaml_node *node;
    MANIFEST_LIST(struct bytes) tags;
    struct manifest_number weight;
    struct manifest_integer seed;
    uint64_t repeats, timeout;
    struct bytes system;
};
struct form_threshold {
    const struct yaml_node *node;
    struct bytes metric, baseline;
    struct manifest_number at_least, at_most, confidence;
};
struct form_judge {
    const struct yaml_node *node;
    struct bytes protocol, url, model, key_file;
};
struct form_prices {
    const struct yaml_node *node;
    struct manifest_number prompt, completion;
};
struct form_suite {
    const struct yaml_node *node;
    struct bytes schema, name, version, description;
    const struct yaml_node *settings, *cases;
    uint64_t max_tokens, fresh_for; /* fresh_for: ns */
    const struct form_prices *prices;
    const struct form_judge *judge;
    const struct form_defaults *defaults;
    MANIFEST_LIST(struct form_threshold) thresholds;
};

/* The shape of the whole, and of one case. */
const struct shape *form_root(void);
const struct shape *form_case(void);

#endif
