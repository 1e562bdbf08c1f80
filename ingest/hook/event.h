/* One event in the making: begun with its kind, filled in any order, handed to the sink at the end. */
#ifndef INGEST_HOOK_EVENT_H
#define INGEST_HOOK_EVENT_H

#include "base/mp_map.h"
#include "ingest/hook/hook.h"
#include "ingest/hook/map.h"
#include "ingest/input/agent_words.h"

#define HOOK_KEY_PARTS 6

enum hook_content { HOOK_ARGUMENTS, HOOK_RESULT };

struct hook_draft {
    const char *kind;
    struct mp_map fields;
    struct buf body, text; /* the finished map; a value as text, to be digested */
    char subject[256], run[256], actor[256], key[64];
    size_t room; /* for private content; of what does not fit only the digest is kept */
    struct bytes left_out[8];
    uint32_t n_left_out;
    uint8_t arguments_digest[32]; /* zero: it has none */
    uint64_t at, cause;
    const uint8_t *secret; /* of hashes in headers, see keyed_hash.h */
};

void hook_draft_init(struct hook_draft *draft);
void hook_draft_done(struct hook_draft *draft);

void hook_begin(struct hook_draft *draft, const char *kind);
/* "family/name"; an empty name becomes "unknown", one with a secret in it a hash. */
void hook_subject(struct hook_draft *draft, const char *family, struct bytes name);
/* The session is the event's run too. Nothing for empty texts. */
void hook_session(struct hook_draft *draft, struct bytes session);
void hook_run(struct hook_draft *draft, struct bytes run); /* the run alone */
void hook_agent(struct hook_draft *draft, struct bytes agent);
/* A field that not every kind has: put where the catalog has it. Nothing for an empty text. */
void hook_known(struct hook_draft *draft, const char *name, struct bytes text);
/* The tool, with the server, group and tier that its name implies. Nothing for an empty text. */
void hook_tool(struct hook_draft *draft, struct bytes tool);
void hook_group(struct hook_draft *draft, const char *group); /* with its tier; NULL: nothing */
/* Digest and size, open, and the value itself, private, when it fits. The digest is of a text's own bytes, of anything else
 * written as compact JSON with sorted names. */
void hook_content(struct hook_draft *draft, enum hook_content which, struct bytes raw);
/* The digest alone, as an earlier request has it; all zero: nothing. */
void hook_arguments_digest(struct hook_draft *draft, const uint8_t digest[32]);
void hook_answer(struct hook_draft *draft, const struct agent_answer *answer, struct bytes word);
/* An array of words. */
void hook_words(struct hook_draft *draft, const char *name, const struct bytes *words, uint32_t n);
/* A text of any length, as a private field `name`, when the object has one under `from`. */
void hook_private(struct hook_draft *draft, const char *name, struct hook_map *map, const char *from);
/* The object's members that were not taken. */
void hook_left(struct hook_draft *draft, const struct hook_map *map);
/* RFC 3339; any other text becomes at_text. */
void hook_at_text(struct hook_draft *draft, struct bytes text);
/* Whole seconds or milliseconds since 1970, when present and in range. */
void hook_at_units(struct hook_draft *draft, struct hook_map *map, const char *name, uint64_t ns_each);
/* The key, from what identifies the fact. */
void hook_key(struct hook_draft *draft, const struct bytes *parts, size_t n);
/* Writes the map and hands the event over. */
int hook_end(struct hook_draft *draft, const struct hook_sink *sink, struct err *err);

#endif
