/* A table of keys: each belongs to one gate. What a value may be is checked where it is read, with its place. */
#include "evals/gate/policy.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "base/yaml/yaml.h"
#include "ledger/kinds/check.h"
#include "ledger/kinds/scope.h"
#include "projections/council/tally.h"

const char gate_policy_default[] =
    "# The gates that 'ledger promote verify' asks unless --gates names another file. docs/promotion.md describes each.\n"
    "schema: ledger-gates/v0\n"
    "name: default\n"
    "gates:\n"
    "  evaluation: {}\n"
    "  pass_rate: {margin: 0.05, confidence: 0.95}\n"
    "  violations: {}\n"
    "  probes: {}\n"
    "  snapshot: {from_tier: T2}\n"
    "  tripcode: {from_tier: T3}\n";

const char *const gate_names[GATE_IDS] = {
    [GATE_EVALUATION] = "evaluation", [GATE_DEBATE] = "debate",     [GATE_DIFF] = "diff",
    [GATE_PASS_RATE] = "pass_rate",   [GATE_LATENCY] = "latency",   [GATE_VIOLATIONS] = "violations",
    [GATE_PROBES] = "probes",         [GATE_POLICY] = "policy",     [GATE_DISK] = "disk",
    [GATE_HEALTH] = "health",         [GATE_SNAPSHOT] = "snapshot", [GATE_TRIPCODE] = "tripcode",
};

struct reading {
    struct gate_policy *policy;
    gate_fault_fn *fault;
    void *ctx;
    bool faulty;
};

static void refuse(struct reading *r, struct yaml_place at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void refuse(struct reading *r, struct yaml_place at, const char *fmt, ...) {
    char what[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    r->faulty = true;
    r->fault(r->ctx, at.line, at.column, what);
}

static void note_yaml(void *ctx, struct yaml_place at, const char *what) {
    refuse(ctx, at, "%s", what);
}

/* ---- values ---- */

static void read_share(struct reading *r, const struct yaml_node *n, void *ret) {
    bool number = n->type == YAML_INT || n->type == YAML_FLOAT;
    if (!number || !(n->real >= 0 && n->real <= 1)) {
        refuse(r, n->at, "'%.*s' must be a number from 0 to 1", (int)n->key.n, (const char *)n->key.p);
    } else {
        *(double *)ret = n->real;
    }
}

static void read_confidence(struct reading *r, const struct yaml_node *n, void *ret) {
    bool number = n->type == YAML_INT || n->type == YAML_FLOAT;
    if (!number || !(n->real > 0.5 && n->real < 1)) {
        refuse(r, n->at, "'%.*s' must be a number above 0.5 and below 1", (int)n->key.n, (const char *)n->key.p);
    } else {
        *(double *)ret = n->real;
    }
}

static void read_count(struct reading *r, const struct yaml_node *n, void *ret) {
    if (n->type != YAML_INT || n->integer < 0) {
        refuse(r, n->at, "'%.*s' must be a whole number from 0", (int)n->key.n, (const char *)n->key.p);
    } else {
        *(uint64_t *)ret = (uint64_t)n->integer;
    }
}

static void read_voters(struct reading *r, const struct yaml_node *n, void *ret) {
    if (n->type != YAML_INT || n->integer < 1 || n->integer > DEBATE_VOTERS_MAX) {
        refuse(r, n->at, "'%.*s' must be a whole number from 1 to %d", (int)n->key.n, (const char *)n->key.p,
               DEBATE_VOTERS_MAX);
    } else {
        *(uint64_t *)ret = (uint64_t)n->integer;
    }
}

static void read_text(struct reading *r, const struct yaml_node *n, void *ret) {
    if (n->type != YAML_TEXT || n->text.n == 0 || n->text.n >= GATE_TEXT_MAX) {
        refuse(r, n->at, "'%.*s' must be a text of 1 to %d bytes", (int)n->key.n, (const char *)n->key.p,
               GATE_TEXT_MAX - 1);
    } else {
        snprintf(ret, GATE_TEXT_MAX, "%.*s", (int)n->text.n, (const char *)n->text.p);
    }
}

static void read_digest(struct reading *r, const struct yaml_node *n, void *ret) {
    if (n->type != YAML_TEXT || n->text.n >= 80 || !kind_is_digest(n->text)) {
        refuse(r, n->at, "'%.*s' must be a digest: sha256:<64 lowercase hex digits>", (int)n->key.n,
               (const char *)n->key.p);
    } else {
        snprintf(ret, 80, "%.*s", (int)n->text.n, (const char *)n->text.p);
    }
}

static void read_tier(struct reading *r, const struct yaml_node *n, void *ret) {
    bool tier = n->type == YAML_TEXT && n->text.n == 2 && n->text.p[0] == 'T' && n->text.p[1] >= '0' && n->text.p[1] <= '3';
    if (!tier) {
        refuse(r, n->at, "'%.*s' must be T0, T1, T2 or T3", (int)n->key.n, (const char *)n->key.p);
    } else {
        *(int *)ret = n->text.p[1] - '0';
    }
}

static const struct key {
    enum gate_id gate;
    const char *name;
    void (*read)(struct reading *r, const struct yaml_node *n, void *ret);
    size_t at;
    bool required;
} keys[] = {
    {GATE_DEBATE, "voters", read_voters, offsetof(struct gate_policy, voters), false},
    {GATE_PASS_RATE, "margin", read_share, offsetof(struct gate_policy, margin), false},
    {GATE_PASS_RATE, "confidence", read_confidence, offsetof(struct gate_policy, confidence), false},
    {GATE_PROBES, "at_least", read_count, offsetof(struct gate_policy, probes), false},
    {GATE_POLICY, "name", read_text, offsetof(struct gate_policy, policy), true},
    {GATE_POLICY, "digest", read_digest, offsetof(struct gate_policy, policy_digest), true},
    {GATE_DISK, "free_bytes", read_count, offsetof(struct gate_policy, free_bytes), true},
    {GATE_HEALTH, "seconds", read_count, offsetof(struct gate_policy, health_s), true},
    {GATE_SNAPSHOT, "from_tier", read_tier, offsetof(struct gate_policy, snapshot_tier), false},
    {GATE_TRIPCODE, "from_tier", read_tier, offsetof(struct gate_policy, tripcode_tier), false},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* ---- the file ---- */

static void read_gate(struct reading *r, const struct yaml_node *gate, enum gate_id id) {
    if (gate->type != YAML_MAP) {
        refuse(r, gate->at, "gate '%s' must be a map of its keys; {} for none", gate_names[id]);
        return;
    }
    r->policy->asked[id] = true;
    for (const struct yaml_node *n = gate->first; n != NULL; n = n->next) {
        size_t i = 0;
        while (i < KEYS && (keys[i].gate != id || !bytes_is(n->key, keys[i].name))) {
            i++;
        }
        if (i == KEYS) {
            refuse(r, n->key_at, "gate '%s' has no key '%.*s'", gate_names[id], (int)(n->key.n < 60 ? n->key.n : 60),
                   (const char *)n->key.p);
        } else {
            keys[i].read(r, n, (char *)r->policy + keys[i].at);
        }
    }
    for (size_t i = 0; i < KEYS; i++) {
        if (keys[i].gate == id && keys[i].required && yaml_get(gate, keys[i].name) == NULL) {
            refuse(r, gate->at, "gate '%s' needs the key '%s'", gate_names[id], keys[i].name);
        }
    }
}

static void read_gates(struct reading *r, const struct yaml_node *gates) {
    for (const struct yaml_node *n = gates->first; n != NULL; n = n->next) {
        size_t id = 0;
        while (id < GATE_IDS && !bytes_is(n->key, gate_names[id])) {
            id++;
        }
        if (id == GATE_IDS) {
            refuse(r, n->key_at,
                   "unknown gate '%.*s'; known gates: evaluation, debate, diff, pass_rate, latency, violations, probes, "
                   "policy, disk, "
                   "health, snapshot, tripcode",
                   (int)(n->key.n < 60 ? n->key.n : 60), (const char *)n->key.p);
        } else {
            read_gate(r, n, (enum gate_id)id);
        }
    }
}

static void read_root(struct reading *r, const struct yaml_node *root) {
    const struct yaml_node *schema = yaml_get(root, "schema"), *name = yaml_get(root, "name"),
                           *gates = yaml_get(root, "gates");
    if (root->type != YAML_MAP) {
        refuse(r, root->at, "a file of gates is a map with schema, name and gates");
        return;
    }
    for (const struct yaml_node *n = root->first; n != NULL; n = n->next) {
        if (n != schema && n != name && n != gates) {
            refuse(r, n->key_at, "unknown key '%.*s'; expected schema, name or gates", (int)(n->key.n < 60 ? n->key.n : 60),
                   (const char *)n->key.p);
        }
    }
    if (schema == NULL || !bytes_is(schema->text, "ledger-gates/v0")) {
        refuse(r, schema != NULL ? schema->at : root->at, "'schema' must be ledger-gates/v0");
    }
    if (name == NULL) {
        refuse(r, root->at, "'name' is missing");
    } else {
        read_text(r, name, r->policy->name);
    }
    if (gates == NULL || gates->type != YAML_MAP) {
        refuse(r, gates != NULL ? gates->at : root->at, "'gates' must be a map of gates");
    } else {
        read_gates(r, gates);
    }
}

int gate_policy_read(struct bytes text, gate_fault_fn *fault, void *ctx, struct gate_policy *ret, struct err *err) {
    struct gate_policy policy = {.voters = 1, .margin = 0.05, .confidence = 0.95, .snapshot_tier = 2, .tripcode_tier = 3};
    struct reading r = {&policy, fault, ctx, false};
    struct yaml *yaml = NULL;
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &text, 1);
    memcpy(policy.digest, "sha256:", 7);
    text_hex(policy.digest + 7, digest, HASH_LEN);
    policy.asked[GATE_EVALUATION] = true;
    int rc = yaml_read(text, note_yaml, &r, &yaml, err);
    if (rc == 0) {
        read_root(&r, yaml_root(yaml));
    }
    yaml_free(yaml);
    if (rc == 0 && r.faulty) rc = err_set(err, ERR_INVALID, "the file of gates has faults");
    if (rc == 0) {
        *ret = policy;
    }
    return rc;
}
