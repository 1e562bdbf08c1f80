/* A declared file of gates: which are asked, and what each requires.
 *
 *   schema: ledger-gates/v0        YAML or JSON
 *   name: default
 *   gates: {GATE: {KEY: VALUE, ...}, ...}
 *
 * Unknown gates and keys are refused with their places. A gate that is not named is not asked, except evaluation, and debate where
 * there was one. */
#ifndef EVALS_GATE_POLICY_H
#define EVALS_GATE_POLICY_H

#include "base/bytes.h"

enum gate_id {
    GATE_EVALUATION, /* the evaluations speak for the candidate: a full pass, and no suite failed last */
    GATE_DEBATE,     /* its voters accepted it, and there were at least so many; asked too if there was a debate */
    GATE_DIFF,       /* the newest trial has a report or diff */
    GATE_PASS_RATE,  /* lower bound of the paired difference to what is live > -margin */
    GATE_LATENCY,    /* where the rates are equal within the margin: a lower median */
    GATE_VIOLATIONS, /* no more than what is live */
    GATE_PROBES,     /* each answers as before, and there are at_least of them */
    GATE_POLICY,     /* this policy is declared, with this digest */
    GATE_DISK,       /* free_bytes at least */
    GATE_HEALTH,     /* the doctor's verdict of the box is pass, for seconds at least */
    GATE_SNAPSHOT,   /* from from_tier on: what is written is held by a snapshot */
    GATE_TRIPCODE,   /* from from_tier on: a controller issued a code for this promotion and digest */
    GATE_IDS
};
extern const char *const gate_names[GATE_IDS];

#define GATE_TEXT_MAX 128

struct gate_policy {
    char name[GATE_TEXT_MAX], digest[80]; /* digest: sha256 of the file */
    bool asked[GATE_IDS];
    double margin, confidence;
    uint64_t voters, probes, free_bytes, health_s;
    char policy[GATE_TEXT_MAX], policy_digest[80];
    int snapshot_tier, tripcode_tier;
};

typedef void gate_fault_fn(void *ctx, unsigned line, unsigned column, const char *what);
/* ERR_INVALID when `fault` was called. */
int gate_policy_read(struct bytes text, gate_fault_fn *fault, void *ctx, struct gate_policy *ret, struct err *err);
/* The text of share/policy/gates.yaml. */
extern const char gate_policy_default[];

#endif
