/* What must hold of a set of packs, rule by rule. */
#ifndef PACKS_RESOLVE_RULE_H
#define PACKS_RESOLVE_RULE_H

#include "packs/manifest/manifest.h"

/* A pack that can be had. Its manifest is without a fault. */
struct resolve_candidate {
    const struct manifest_pack *pack;
    bool installed; /* this version is; at most one of a name */
};

/* Something that the machine has. */
struct resolve_fact {
    struct bytes name, version; /* version n 0: not known */
    bool unsure;                /* whether the machine has it is not known */
};

struct resolve_facts {
    const struct resolve_fact *programs, *runtimes, *packages;
    size_t n_programs, n_runtimes, n_packages;
    const struct bytes *tiers; /* capability tiers of the policy, the least first */
    size_t n_tiers;
    struct bytes tier;               /* the machine's; n 0: not known */
    uint64_t memory, vram;           /* bytes, at least */
    bool memory_unsure, vram_unsure; /* it may have more */
};

/* A pack that the caller wants. */
struct resolve_want {
    struct bytes name, range; /* range n 0: any version */
};

struct resolve_question {
    const struct resolve_candidate *candidates;
    size_t n_candidates;
    const struct resolve_want *wants;
    size_t n_wants;
    struct resolve_facts facts;
};

enum rule_kind {
    RULE_WANT,     /* the caller's */
    RULE_STAYS,    /* a pack that is installed stays, in some version */
    RULE_PACK,     /* requires.packs */
    RULE_PROGRAM,  /* requires.programs */
    RULE_RUNTIME,  /* requires.runtimes */
    RULE_PACKAGE,  /* requires.packages */
    RULE_NOT_PACK, /* conflicts.packs, and so on */
    RULE_NOT_PROGRAM,
    RULE_NOT_RUNTIME,
    RULE_NOT_PACKAGE,
    RULE_TIER, /* hardware */
    RULE_MEMORY,
    RULE_VRAM
};

struct rule {
    enum rule_kind kind;
    size_t owner; /* the candidate; of RULE_WANT the index of the wish, of RULE_STAYS what is installed */
    const struct manifest_need *need; /* of RULE_PACK to RULE_NOT_PACKAGE */
    bool holds, unsure;               /* of rules about the machine; unsure: whether it holds is not known */
};

/* All rules of a question, those of a candidate together and in the order of its manifest; `first[i]` to `first[i + 1]` are
 * those of candidate i, the others are before `first[0]`. */
struct rules {
    struct rule *list;
    size_t n, cap;
    size_t *first;
};
int rules_make(const struct resolve_question *question, struct rules *ret, struct err *err);
void rules_done(struct rules *rules);

/* Whether a candidate is what a rule about packs names: by its name, or by what it provides. */
bool rule_names(const struct resolve_question *question, const struct rule *rule,
                const struct resolve_candidate *candidate);
/* Appends the rule as a phrase: "pdf-ops 1.2.0 requires the program 'pdftotext' >=22: it is version 20.09". */
void rule_say(const struct resolve_question *question, const struct rule *rule, struct buf *out);

#endif
