/* Answers to what a pack asks for: from a file, or from a person at a terminal.
 *
 *   grants:
 *     - {group: filesystem.read, decision: grant}
 *     - {group: network.egress, scope: 'example.org:443', tier: T1, lifetime: until, until: 2027-01-01T00:00:00Z, decision: grant}
 *     - {group: exec, decision: deny}
 *
 * An answer is for each permission of its group that the pack asks for, with this scope if it names one, up to this tier if it
 * names one. What is granted is what was asked, never more. The first answer that fits counts; one that never can, because an
 * earlier one that says the opposite fits all that it fits, is a mistake. */
#ifndef PACKS_LIFE_GRANTS_H
#define PACKS_LIFE_GRANTS_H

#include "base/arena.h"
#include "packs/manifest/finding.h"
#include "packs/manifest/manifest.h"

#define GRANTS_MAX 1000

struct grant {
    struct bytes group, scope, tier, lifetime; /* scope, tier empty: any; lifetime empty: permanent */
    uint64_t until;                            /* ns; 0: none */
    bool deny;
    struct yaml_place at; /* of a file; else 0 */
};
/* Zeroed, with arena.max set, is empty. */
struct grants {
    struct grant *list;
    size_t n, cap;
    struct arena arena;
};

/* Reads a file of grants; what is wrong is put into `found`. ERR_INVALID when something is. */
int grants_read(struct bytes text, const char *file, struct grants *ret, struct finding_list *found, struct err *err);
/* Adds an answer; its texts are copied. */
int grants_add(struct grants *grants, const struct grant *grant, struct err *err);
/* Whether an answer is for this permission. */
bool grants_fits(const struct grant *grant, const struct manifest_permission *asked);
/* The answer for a permission; NULL: none. */
const struct grant *grants_find(const struct grants *grants, const struct manifest_permission *asked);
/* What is wrong with the answer for that permission, in words; NULL: nothing. */
const char *grants_fault(const struct grant *grant, const struct manifest_permission *asked);
void grants_done(struct grants *grants);

#endif
