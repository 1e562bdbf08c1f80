/* The source "jsonl": one event a line, as a JSON object. docs/ingest.md describes the form for its users. */
#ifndef INGEST_JSONL_JSONL_H
#define INGEST_JSONL_JSONL_H

#include "ingest/driver/intake.h"
#include "ingest/input/line_counter.h"
#include "ingest/input/lines.h"

/* One line, read. Everything borrows from the parser until its next call. */
struct jsonl_event {
    struct bytes kind, subject, actor, run, key, grade, cause_key; /* all but kind and subject may be empty */
    struct bytes body;                                             /* canonical map, with `at` where the line has a time */
    struct bytes private_, open;                                   /* canonical map, canonical array; may be empty bytes */
    bool has_cause, force_private;
    uint64_t cause;
    uint64_t at; /* ns, or INGEST_NO_TIME */
};

struct jsonl_parser {
    struct buf item, body;
};
void jsonl_parser_init(struct jsonl_parser *parser);
void jsonl_parser_done(struct jsonl_parser *parser);
#define JSONL_NOT_JSON "not valid JSON" /* begins the message of a syntax error */
/* ERR_INVALID names the wrong member and what is expected; ERR_LIMIT: larger than any event can be; ERR_NOMEM. */
int jsonl_parse(struct jsonl_parser *parser, struct bytes line, struct jsonl_event *ret, struct err *err);
/* The same for a line that json_to_mp has parsed: its code, its message, its item. *ret borrows from the item too. */
int jsonl_parse_item(struct jsonl_parser *parser, int parsed, const char *why, struct bytes item, struct jsonl_event *ret,
                     struct err *err);

/* An input while it is read. */
struct jsonl_input {
    struct intake *run;
    const char *path;
    const uint8_t *secret;        /* of keys, see keyed_hash.h */
    struct lines *lines;          /* owned */
    struct line_counter *counter; /* owned */
    struct jsonl_parser parser;
    uint64_t generation; /* of a followed file: how often it was rotated or cut */
    uint64_t size;       /* of the ledger, as last asked */
    uint64_t total;      /* bytes of the file, 0 when unknown */
    bool size_known;
};
#define JSONL_KEY_MAX 128
/* The key of a line that has none: "line:<32 hex digits>", keyed_hash_hex of SHA-256 of its text, then "@<generation>" when
 * that is not 0, then "#<n>" for the n-th line of this text in this input, n from 2. Past the bound of line_counter.h:
 * "+<offset>" in place of "#<n>". */
int jsonl_key(struct jsonl_input *in, const struct lines_line *line, char ret[JSONL_KEY_MAX], struct err *err);
/* Counts a line that an earlier run has read, so that later lines get the right keys. */
int jsonl_skip(struct jsonl_input *in, const struct lines_line *line, struct err *err);
/* Handles one line; 0, INTAKE_STOP, or an error. */
int jsonl_take(struct jsonl_input *in, const struct lines_line *line, struct err *err);
/* Handles all lines up to the end of the input or the stop flag, parsing some ahead (ahead.c). 0, INTAKE_STOP, or an
 * error. */
int jsonl_take_all(struct jsonl_input *in, struct err *err);
/* For jsonl_take_all: the same as jsonl_take for a line that was parsed. `parsed` NULL: it was not. */
struct jsonl_parsed {
    int code;
    const char *why;
    struct bytes item;
};
int jsonl_take_parsed(struct jsonl_input *in, const struct lines_line *line, const struct jsonl_parsed *parsed,
                      struct err *err);
bool jsonl_is_blank(struct bytes text);
/* Opens `path` in `in`, which the caller has set to zero but for run and path. */
int jsonl_input_open(struct jsonl_input *in, enum gz_form form, struct err *err);
void jsonl_input_close(struct jsonl_input *in); /* a zeroed one is fine */

/* Follows a file as it grows (follow.c). */
int jsonl_follow(struct intake *run, const char *path, struct err *err);
/* The source's function. */
int jsonl_read(struct intake *run, struct err *err);

#endif
