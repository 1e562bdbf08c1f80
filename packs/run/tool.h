/* A step that is a program: what it is given, how it is run, and what it made. */
#ifndef PACKS_RUN_TOOL_H
#define PACKS_RUN_TOOL_H

#include "packs/life/program.h"
#include "packs/run/hear.h"
#include "packs/run/needs.h"
#include "packs/run/running.h"
#include "packs/run/words.h"

#define TOOL_WORKSPACE "/workspace" /* where relative scopes are, inside */
#define TOOL_BINDS_MAX 200
#define TOOL_MASKS_MAX 16

struct tool {
    struct running *run;
    const struct manifest_step *step;
    const struct manifest_route *route;
    size_t index; /* of the step */
    struct program program;
    struct words argv, environment;
    struct work_bind binds[TOOL_BINDS_MAX];
    size_t binds_n;
    const char *masked[TOOL_MASKS_MAX + 1], *masked_files[TOOL_MASKS_MAX + 1]; /* what is not shown of them */
    size_t masks_n;
    struct work_program programs[WORK_PROGRAMS_MAX];
    size_t programs_n;
    const char *egress[NEEDS_MAX + 1];
    size_t egress_n;
    int executable;                /* the program's file, as it was hashed; -1: none */
    int out, input, output, error; /* descriptors; -1: none */
    struct work_result result;
    struct hear hear;             /* what it reported */
    struct place_copy printed[2]; /* standard output and error */
    /* Not zeroed: half a megabyte, of which a step uses little. */
    char inside[TOOL_BINDS_MAX][FILE_PATH_MAX / 8]; /* the paths of binds */
    char mask[TOOL_MASKS_MAX][FILE_PATH_MAX];
    struct program others[WORK_PROGRAMS_MAX]; /* that it may execute */
};

/* Opens and measures everything that the step is given; runs nothing. ERR_NOTFOUND, ERR_INVALID: it cannot run. Done with
 * tool_done, also after a failure. */
int tool_prepare(struct tool *tool, struct running *run, size_t index, const struct manifest_route *route,
                 const struct needs *needs, const char *span, struct err *err);
void tool_done(struct tool *tool);
/* SHA-256 over the arguments, each with a NUL after it. */
void tool_digest(const struct tool *tool, uint8_t ret[HASH_LEN], uint64_t *ret_bytes);
/* Runs it to its end. `report` may be NULL. */
int tool_execute(struct tool *tool, work_line_fn *report, void *report_ctx, struct err *err);
/* Takes what it made out of its directory: each output is a regular file of its own name, and all of them together have at most
 * as many bytes as the step may write, holes included. ERR_INVALID, ERR_LIMIT, ERR_NOTFOUND: one is not, and `err` says which;
 * the others are taken all the same. ERR_BUSY: the run was stopped meanwhile. */
int tool_collect(struct tool *tool, struct err *err);

#endif
