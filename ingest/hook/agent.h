/* Shared by the dialects of the source "hook". Each reads a record that read.c has recognized and returns what
 * hook_read_record does. */
#ifndef INGEST_HOOK_AGENT_H
#define INGEST_HOOK_AGENT_H

#include "ingest/hook/event.h"
#include "ingest/input/line_counter.h"

#define HOOK_WAITS_MAX   64 /* requests waiting for their answer; a new one replaces the oldest */
#define HOOK_OPTIONS_MAX 8
#define HOOK_CALLS_MAX   256 /* calls that may return; a new one replaces the oldest */
#define HOOK_NAME_LEN    (HOOK_WORD_MAX + 1)

/* A request of this input: what its answer does not repeat. Longer strings are dropped, never cut. */
struct hook_wait {
    char id[HOOK_NAME_LEN]; /* by which the answer names it; empty: free */
    enum agent_family family;
    char session[HOOK_NAME_LEN], request[HOOK_NAME_LEN], call[HOOK_NAME_LEN], tool[HOOK_NAME_LEN];
    const char *group;
    char swept_by[HOOK_NAME_LEN]; /* opencode: the request whose rejection rejects this one too */
    uint8_t digest[32];           /* of the arguments */
    uint64_t ticket;              /* of its event */
    size_t n_options;
    struct {
        char id[HOOK_NAME_LEN], kind[32];
    } options[HOOK_OPTIONS_MAX];
};

struct hook_reader {
    const struct hook_sink *sink;
    struct hook_draft draft;
    struct buf item;   /* the record */
    struct bytes text; /* the record, verbatim */
    struct line_counter *counter;
    uint32_t nth;                /* its number among equal records of the input; 0: not counted yet */
    char session[HOOK_NAME_LEN]; /* of a transcript, from its first line */
    char agent[HOOK_NAME_LEN];   /* as it named itself */
    char passed[HOOK_NAME_LEN];  /* the method of the current record, which is not recorded; else empty */
    struct hook_wait *waits;     /* HOOK_WAITS_MAX, allocated at the first request */
    size_t next_wait;
    struct hook_call {
        uint64_t hash, ticket;
    } calls[HOOK_CALLS_MAX];
    size_t next_call;
};

/* Copies a word, or nothing when it is too long. */
void hook_copy(char ret[HOOK_NAME_LEN], struct bytes word);
/* Hands the draft's event to the sink. */
int hook_give(struct hook_reader *reader, struct err *err);
/* The same for a call, which is remembered, and for its return, whose cause is the call. */
int hook_give_call(struct hook_reader *reader, struct bytes session, struct bytes call, struct err *err);
int hook_give_return(struct hook_reader *reader, struct bytes session, struct bytes call, struct err *err);
/* The same for a request; `wait` may be NULL. */
int hook_give_request(struct hook_reader *reader, struct hook_wait *wait, struct err *err);
/* The key of a fact without an id: the record's text, and its number among equal ones of this input. */
int hook_text_key(struct hook_reader *reader, const char *tag, struct err *err);
/* A place for a request; NULL when out of memory: its answer will not be understood then. */
struct hook_wait *hook_wait_new(struct hook_reader *reader, enum agent_family family, struct bytes id);
struct hook_wait *hook_wait_find(struct hook_reader *reader, enum agent_family family, struct bytes id);

int hook_tool_read(struct hook_reader *reader, struct hook_map *record, struct err *err);
int hook_tool_output(struct hook_reader *reader, struct hook_map *record, struct err *err);
int hook_codex_read(struct hook_reader *reader, struct hook_map *record, struct err *err);
int hook_opencode_read(struct hook_reader *reader, struct hook_map *record, struct err *err);
int hook_goose_read(struct hook_reader *reader, struct hook_map *record, struct err *err);
int hook_rpc_read(struct hook_reader *reader, struct hook_map *record, struct err *err);

/* Whose record it is. */
bool hook_is_codex(const struct hook_map *record);
bool hook_is_opencode(const struct hook_map *record);

/* Codex's answers: a word, or an object with one member. The answer is unknown when the value is neither. */
struct agent_answer hook_codex_answer(const struct hook_name *value, struct bytes *ret_word);

#endif
