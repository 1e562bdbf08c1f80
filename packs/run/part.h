/* What the events of a run have in common. */
#ifndef PACKS_RUN_PART_H
#define PACKS_RUN_PART_H

#include "packs/run/tool.h"

#define PART_MAX ((size_t)512 << 10) /* bytes of a body */

extern const struct journal_event part_fact; /* about the run, written whatever the states say */

void part_init(struct mp_map *body, struct mp_map *private_);
void part_done(struct mp_map *body, struct mp_map *private_);
void part_ms(struct mp_map *map, const char *name, double ms);
/* Text that may be anything, cut in the middle of a character too: what is not UTF-8 is escaped. An empty one puts nothing. */
void part_text(struct mp_map *map, const char *name, const char *text);
/* The same as an item of a list. */
void part_item(struct buf *out, const char *text);
/* A list of sequence numbers; none puts nothing. */
void part_seqs(struct mp_map *map, const char *name, const uint64_t *seqs, size_t n);
/* "none", "proxy", "host". */
const char *part_network(const struct running *run, bool proxy);
/* step, index, span, status. */
void part_step(const struct running *run, size_t index, const char *span, const char *status, struct mp_map *body);
/* tool, call, session. */
void part_call(const struct running *run, const struct tool *tool, const char *span, struct mp_map *body);
/* permission.used. */
struct part_use {
    struct bytes group, scope, tier;
    bool whole;         /* of all that the scope covers */
    uint64_t count;     /* 0: one */
    const char *target; /* NULL: none */
};
int part_use(struct running *run, const struct part_use *use, const struct journal_event *event, struct err *err);
/* run.artifact. */
int part_artifact(struct running *run, const struct place_copy *copy, const char *role, struct bytes name, const char *path,
                  struct bytes tool, struct bytes media_type, bool stored, uint64_t cause, size_t after, struct err *err);
/* As the pack names it for an artifact; empty. */
struct bytes part_media_type(const struct running *run, struct bytes name);
/* run.step, at its end, with what the caller has put into the maps. `no` (may be NULL): whose evidence it has. */
int part_end(struct running *run, size_t index, const char *span, uint64_t cause, const struct step_end *end,
             const struct decision *no, struct mp_map *body, struct mp_map *private_, struct err *err);

#endif
