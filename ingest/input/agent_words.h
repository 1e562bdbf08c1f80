/* Translates the agents' words into the catalog's: answers to requests, and permission groups. An unknown word means
 * "unknown", and is kept verbatim. */
#ifndef INGEST_INPUT_AGENT_WORDS_H
#define INGEST_INPUT_AGENT_WORDS_H

#include "base/bytes.h"

struct agent_answer {
    const char *decision;   /* never NULL: "unknown" at least */
    const char *lifetime;   /* NULL: the word does not say */
    const char *decided_by; /* never NULL: "unknown" at least */
};

enum agent_family { AGENT_CLAUDE, AGENT_CODEX, AGENT_OPENCODE, AGENT_ACP };

struct agent_answer agent_answer_of(enum agent_family family, struct bytes word);
/* The permission group that a tool needs, or NULL. `tool` is its name in any of the agents, or its ACP kind. */
const char *agent_group_of(struct bytes tool);
/* The tier that follows from the group alone, or NULL: only reading implies one. */
const char *agent_tier_of(const char *group);

#endif
